"""Writing into arrays: `A[index] = v`, also through views: `A.T[index] = v`, `A[i][1:] = v`.

A place in an array is a `prefix`, views taken one after the other, and an `index` into the last of them.
Each step of the prefix is (name of a view primitive, its params). Slots in either refer to the operands of
the equation: (A, v, *those known only at run time).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..runtime import last_of_each, surviving
from ..types import Array, Dims, Type
from .build import Call, Value, op
from .families import constant, result_type
from .index import index_shape, index_text, map_slots, shifted
from .registry import PRIMITIVES, primitive
from .shape import sizes_of

__all__ = ["VIEWS", "place_text", "place_type", "read_place", "shifted_place", "view_text"]

Params = Mapping[str, Any]
Step = tuple[str, Params]

VIEWS = frozenset({"getitem", "transpose", "expand_dims", "flip"})
"""What always gives a view that NumPy lets write to; reshape and ravel may copy, diagonal is read-only."""


def _step_text(step: Step, type_: Type) -> str:
    name, params = step
    if name == "getitem":
        return f"[{index_text(params['index'])}]"
    code = PRIMITIVES[name].code
    text: str = code if isinstance(code, str) else code([type_], params)
    return text.removeprefix("{0}")


def _step_type(dims: Dims, step: Step, type_: Type, types: Sequence[Type]) -> Type:
    name, params = step
    return PRIMITIVES[name].infer(dims, [type_, *types[1:]], params)


def view_text(types: Sequence[Type], params: Params) -> str:
    """The view that the index of a place applies to: `{0}.T`."""
    text, type_, dims = "{0}", types[0], Dims()
    for step in params.get("prefix", ()):
        text += _step_text(step, type_)
        type_ = _step_type(dims, step, type_, types)
    return text


def place_text(types: Sequence[Type], params: Params) -> str:
    """A place as the target of an assignment: `{0}.T[{2}, 1:]`."""
    return f"{view_text(types, params)}[{index_text(params['index'])}]"


def place_type(dims: Dims, types: Sequence[Type], params: Params) -> Type:
    """The type of what is read at a place."""
    type_ = types[0]
    for step in params.get("prefix", ()):
        type_ = _step_type(dims, step, type_, types)
    shape = index_shape(dims, [type_, *types[1:]], params["index"], params.get("lengths", ()))
    return result_type(type_.dtype, shape)


def shifted_place(params: Params, by: int) -> dict[str, Any]:
    """The same place for operands `by` positions further on."""
    prefix = tuple(
        (name, {**inner, "index": shifted(inner["index"], by)} if "index" in inner else inner)
        for name, inner in params.get("prefix", ())
    )
    made = {**params, "index": shifted(params["index"], by)}
    return {**made, "prefix": prefix} if prefix else made


def read_place(array: Value, dynamic: Sequence[Any], params: Params) -> Value:
    """What an array holds at a place; `dynamic` are the operands from position 2 on."""

    def step(value: Value, name: str, inner: Params) -> Value:
        if name != "getitem":
            return value.builder.apply(PRIMITIVES[name], (value,), inner)
        used: list[Any] = []

        def renumbered(slot: Any) -> Any:
            used.append(dynamic[slot.position - 2])
            return type(slot)(len(used))

        index = map_slots(inner["index"], renumbered)
        kept = {key: inner[key] for key in ("lengths",) if key in inner}
        return value.builder.apply(PRIMITIVES["getitem"], (value, *used), {"index": index, **kept})

    for name, inner in params.get("prefix", ()):
        array = step(array, name, inner)
    return step(array, "getitem", params)


def _infer_store(dims: Dims, types: Sequence[Type], params: Params) -> Type:
    return types[0]


def _store_code(types: Sequence[Type], params: Params) -> str:
    return f"{place_text(types, params)} = {{1}}"


def _store_tangent(call: Call, dots: Sequence[Value | None]) -> Value:
    (array, _, *dynamic), (array_dot, v_dot, *_) = call.operands, dots
    start = op.zeros_like(array) if array_dot is None else array_dot
    moved = call.builder.value(0.0) if v_dot is None else v_dot
    return call.builder.apply(PRIMITIVES["store"], (start, moved, *dynamic), call.params)


def _store_adjoint(call: Call, y_bar: Value, k: int) -> Value:
    dynamic = call.operands[2:]
    if k == 0:
        return call.builder.apply(PRIMITIVES["store"], (y_bar, 0.0, *dynamic), call.params)
    return read_place(y_bar, dynamic, call.params)


primitive("store", _infer_store, _store_code, _store_tangent, _store_adjoint, consumes=True)


# Which of the values written at an index are there afterwards, where an element was named more than once.


def _infer_surviving(dims: Dims, types: Sequence[Type], params: Params) -> Type:
    place = place_type(dims, types, params)
    return result_type(np.dtype(np.bool_), place.dims if isinstance(place, Array) else ())


def _surviving_code(types: Sequence[Type], params: Params) -> str:
    place = place_text(types, {**params, "index": ()}).removesuffix("[()]")
    return f"surviving({place}.shape, np.s_[{index_text(params['index'])}])"


constant(
    "surviving",
    _infer_surviving,
    _surviving_code,
    shape_only=frozenset({0}),
    refers={"surviving": surviving},
)
constant(
    "last_of_each",
    lambda dims, types, params: Array(np.dtype(np.bool_), sizes_of(types[1])),
    "last_of_each({0}, {1})",
    refers={"last_of_each": last_of_each},
)
