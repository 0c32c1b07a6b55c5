"""Writing into arrays: a reference leads, through views, to an array, which gets a new value by a store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import LengthNeeded, UnsupportedError
from ..ir import Eqn, Var
from ..rules.build import Value, numeric, op
from ..rules.index import index_shape, index_template, map_slots, may_repeat, shifted
from ..rules.registry import PRIMITIVES
from ..rules.shape import sizes_of
from ..types import Array, Size, Type, is_complex, rank
from .arguments import as_array, prepared
from .lowering import Lowering
from .memory import is_read_only, is_reshape, view_equation
from .scope import Raised

__all__ = ["increment", "index_of", "may_name_twice", "require_same_kind", "write", "write_whole"]

Step = tuple[str, Mapping[str, Any]]
_WHOLE: Any = slice(None)


@dataclass(frozen=True, slots=True)
class _Way:
    """From an array to a view of it: the `steps` between, and the operands of their indices.

    `reshaped` is the first view on the way whose elements are in another shape, where there is one: then
    `array` is that view.
    """

    array: Value
    steps: tuple[Step, ...]
    operands: tuple[Any, ...]
    reshaped: Eqn | None = None


def _way(low: Lowering, view: Value) -> _Way:
    """The way to what a reference shows."""
    view = low.memory.latest(view)
    eqn = view_equation(low.builder, view.first_atom)
    if eqn is None:
        _check_array(low, view)
        return _Way(low.live(view), (), ())
    if is_read_only(eqn):
        raise Raised(ValueError("assignment destination is read-only"))
    if is_reshape(eqn) and not (
        rank(view.type) == rank(eqn.operands[0].type) == 1 and low.memory.is_view(eqn)
    ):
        return _Way(low.live(view), (), (), eqn)
    if eqn.primitive.name in ("real", "imag"):
        raise UnsupportedError(
            "a write to the real or the imaginary part of a complex array", "Write a + 1j * b as a whole."
        )
    before = _way(low, Value(low.builder, eqn.operands[0]))
    if is_reshape(eqn):
        return before
    step = _step(eqn, len(before.operands))
    steps = before.steps if _shows_all(step) else (*before.steps, step)
    return _Way(before.array, steps, (*before.operands, *eqn.operands[1:]), before.reshaped)


def _check_array(low: Lowering, array: Value) -> None:
    arrays = low.memory.may_be(low.memory.object(array.first_atom))
    if any(var in arrays for var, _ in low.outside.captures):
        raise UnsupportedError(
            "an array that exists outside the function is changed in place",
            "Work on a copy of it, or pass it as an argument.",
        )
    eqn = low.builder.made.get(array.first_atom)
    if isinstance(eqn, Eqn) and eqn.primitive.name in ("list_get", "last"):
        raise LengthNeeded(
            "an array in a list whose length is known only at run time is changed in place",
            "Put a changed copy in its place: xs[k] = changed.",
        )


def _step(eqn: Eqn, before: int) -> Step:
    """A view as a step on the way to a place, as rules/stores.py has it."""
    name, params = eqn.primitive.name, eqn.params
    if name == "squeeze":
        axes = params["axis"] if isinstance(params["axis"], tuple) else (params["axis"],)
        count = rank(eqn.operands[0].type)
        return "getitem", {"index": tuple(0 if k in axes else _WHOLE for k in range(count))}
    if name == "getitem":
        # The view's own index has Slot(1), ... for its operands; the store has (A, v, *before, *these).
        return name, {**params, "index": shifted(params["index"], before + 1)}
    return name, params


def _shows_all(step: Step) -> bool:
    return step[0] == "getitem" and all(entry in (_WHOLE, Ellipsis) for entry in step[1]["index"])


# Stores.


def write(low: Lowering, array: Value, index: Any, value: Any, distinct: bool = False) -> None:
    """`array[index] = value`; `distinct` where the index surely names no element twice."""
    place = _place(low, array, index)
    _store(low, "store", place, value, {"distinct": True} if distinct and place.repeats else {})


def increment(low: Lowering, array: Value, index: Any, value: Any, repeated: bool = False) -> bool:
    """`array[index] += value` in one; False where NumPy first reads the place and then writes it.

    `repeated`: what is named twice is added to twice, as by np.add.at.
    """
    place = _place(low, array, index)
    if place.repeats and not repeated:
        return False
    _store(low, "index_add", place, value, {})
    return True


@dataclass(frozen=True, slots=True)
class _Place:
    """An index into an array or a view of one, taken apart."""

    shown: Value
    entries: tuple[Any, ...]
    operands: list[Value]
    lengths: tuple[Size | None, ...]

    @property
    def types(self) -> list[Type]:
        return [self.shown.type, *(operand.type for operand in self.operands)]

    @property
    def is_basic(self) -> bool:
        """Whether the index is made of single items and slices."""
        arrays = any(isinstance(operand.type, Array) for operand in self.operands)
        return not arrays and not any(isinstance(entry, list) for entry in self.entries)

    @property
    def repeats(self) -> bool:
        """Whether an element may be named twice."""
        return may_repeat(self.entries, self.types)


def _place(low: Lowering, array: Value, index: Any) -> _Place:
    shown = low.memory.latest(array)
    return _Place(shown, *index_template(low.builder, shown, prepared(low, index)))


def may_name_twice(low: Lowering, array: Value, index: Any) -> bool:
    """Whether an index may name an element twice."""
    return _place(low, array, index).repeats


def _store(low: Lowering, primitive: str, place: _Place, value: Any, params: dict[str, Any]) -> None:
    shape = index_shape(low.builder.dims, place.types, place.entries, place.lengths)
    value = _checked(low, shape, value, place.shown.type)
    way = _way(low, place.shown)
    entries = shifted(place.entries, 1 + len(way.operands))
    steps, entries = _merged(way.steps, entries) if place.is_basic else (way.steps, entries)
    params = {"index": entries, **params}
    if place.lengths and len(steps) == len(way.steps):
        params["lengths"] = place.lengths
    if steps:
        params["prefix"] = steps
    operands = (way.array, value, *way.operands, *place.operands)
    _settle(low, way, low.builder.apply(PRIMITIVES[primitive], operands, params))


def _merged(steps: tuple[Step, ...], index: tuple[Any, ...]) -> tuple[tuple[Step, ...], tuple[Any, ...]]:
    """`A[i][j]` as `A[i, j]`: where the last view takes single items, its index is the beginning of one."""
    if not steps or steps[-1][0] != "getitem":
        return steps, index
    first = steps[-1][1]["index"]
    if any(entry is None or entry is Ellipsis or isinstance(entry, slice) for entry in first):
        return steps, index
    return steps[:-1], (*first, *index)


def _settle(low: Lowering, way: _Way, made: Value) -> None:
    """Let what was written take the place of what was there."""
    if way.reshaped is None:
        low.memory.advance(way.array, made)
        return
    eqn, memory = way.reshaped, low.memory
    base = Value(low.builder, eqn.operands[0])
    whole = low.live(base)
    if not memory.is_view(eqn):
        raise UnsupportedError(
            "whether this array is a view of another or a copy is not known, so what a write to it changes",
            "Write to the array that was reshaped, or take a copy of it first.",
        )
    if (
        isinstance(whole.atom, Var)
        and whole.atom.temporary
        and view_equation(low.builder, whole.first_atom) is None
    ):
        # np.zeros(6).reshape(2, 3): no name leads to the array that was reshaped.
        memory.detach(Value(low.builder, eqn.target))
        memory.advance(way.array, made)
        return
    write(low, base, Ellipsis, op.reshape_like(made, whole))


def write_whole(low: Lowering, array: Value, value: Any, fresh: bool = False) -> None:
    """`array[...] = value`; a `fresh` value, which nothing else refers to, takes the place of the array."""
    shown = low.memory.latest(array)
    eqn = view_equation(low.builder, shown.first_atom)
    if eqn is not None and eqn.primitive.name == "getitem":
        index = index_of(low, eqn)
        write(low, Value(low.builder, eqn.operands[0]), index, value)
    elif eqn is None and fresh and _takes_place(low, shown, value):
        _check_array(low, shown)
        low.memory.advance(low.live(shown), value)
    else:
        write(low, array, _WHOLE, value)


def index_of(low: Lowering, eqn: Eqn) -> Any:
    """The index of an equation as Python data, its operands in place."""
    return map_slots(eqn.params["index"], lambda slot: Value(low.builder, eqn.operands[slot.position]))


def _takes_place(low: Lowering, array: Value, value: Any) -> bool:
    same = low.builder.dims.same
    return (
        isinstance(value, Value)
        and isinstance(value.type, Array)
        and value.type.dtype == array.type.dtype
        and rank(value.type) == rank(array.type)
        and all(map(same, value.type.dims, sizes_of(array.type)))
        and view_equation(low.builder, value.first_atom) is None
    )


# What may be written.


def _checked(low: Lowering, shape: Sequence[Size], value: Any, type_: Type) -> Any:
    """The value of an assignment to a place of this shape; raises what NumPy raises where it does not fit."""
    value = low.live(value)
    if not numeric(value):
        if not isinstance(value, (Value, list, tuple, range)):
            raise Raised(TypeError(f"a {type(value).__name__} cannot be written into an array of numbers"))
        value = as_array(low, value)
    value = low.builder.value(value)
    if is_complex(value.type) and not is_complex(type_):
        if isinstance(value.type, Array):
            raise UnsupportedError("a complex array written into a real one", "Write its real part, x.real.")
        raise Raised(TypeError("float() argument must be a string or a real number, not 'complex'"))
    _fit(low, shape, sizes_of(value.type))
    return value


def _fit(low: Lowering, shape: Sequence[Size], given: Sequence[Size]) -> None:
    """Let a value of the shape `given` be broadcast to a place of this shape."""
    dims = low.builder.dims
    lead = max(len(given) - len(shape), 0)
    for size in given[:lead]:
        if dims.resolve(size) != 1:
            raise _misfit(given, shape)
    for size, wanted in zip(reversed(given[lead:]), reversed(shape), strict=False):
        size, wanted = dims.resolve(size), dims.resolve(wanted)
        if size == 1 or dims.same(size, wanted):
            continue
        if isinstance(size, int) and isinstance(wanted, int):
            raise _misfit(given, shape)
        if isinstance(size, int) or size.not_one:
            dims.equate(size, wanted)


def _misfit(given: Sequence[Size], shape: Sequence[Size]) -> Raised:
    shapes = ["({})".format(", ".join(map(str, each))) for each in (given, shape)]
    return Raised(
        ValueError(f"could not broadcast input array from shape {shapes[0]} into shape {shapes[1]}")
    )


def require_same_kind(result: Type, array: Type, what: str) -> None:
    """Refuse what NumPy refuses to write in place: floats into integers, complex numbers into floats."""
    if not np.can_cast(result.dtype, array.dtype, "same_kind"):
        raise Raised(
            TypeError(
                f"Cannot cast {what} output from dtype('{result.dtype}') to dtype('{array.dtype}') "
                "with casting rule 'same_kind'"
            )
        )
