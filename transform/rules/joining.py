"""Putting arrays together and moving their elements about: concatenate, stack, flip, roll, tile, diag."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import UnsupportedError
from ..ir import Slot
from ..types import Array, Dims, Size, Type, rank, shift
from .build import Call, Value, op
from .creation import arange
from .families import linear, result_type
from .lengths import derived, product, total_length
from .registry import PRIMITIVES, primitive
from .shape import dim, dtype_text, entry_text, sizes_of, template

__all__ = ["reshaped"]

Params = Mapping[str, Any]


# Joining along an axis.


def _joined_dims(dims: Dims, types: Sequence[Type]) -> list[Size]:
    """The dims that arrays of one rank agree on, where they must agree."""
    if len({rank(type_) for type_ in types}) > 1:
        raise UnsupportedError("arrays to be joined must have the same rank")
    return list(sizes_of(types[0]))


def _infer_concatenate(dims: Dims, types: Sequence[Type], params: Params) -> Type:
    sizes, axis = _joined_dims(dims, types), params["axis"]
    if not sizes:
        raise UnsupportedError("numbers cannot be concatenated", "Use np.array or np.stack.")
    for k in range(len(sizes)):
        for type_ in types[1:]:
            if k != axis:
                sizes[k] = dims.equate(sizes[k], sizes_of(type_)[k])
    sizes[axis] = total_length(dims, [sizes_of(type_)[axis] for type_ in types])
    return Array(params["dtype"], tuple(sizes))


def _infer_stack(dims: Dims, types: Sequence[Type], params: Params) -> Type:
    sizes = _joined_dims(dims, types)
    for k in range(len(sizes)):
        for type_ in types[1:]:
            sizes[k] = dims.equate(sizes[k], sizes_of(type_)[k])
    sizes.insert(params["axis"], len(types))
    return Array(params["dtype"], tuple(sizes))


def _joined_code(name: str) -> Any:
    def code(types: Sequence[Type], params: Params) -> str:
        parts = ", ".join(f"{{{k}}}" for k in range(len(types))) + ("," if len(types) == 1 else "")
        axis = f", axis={params['axis']}" if params["axis"] else ""
        natural = np.result_type(*(type_.dtype for type_ in types))
        dtype = "" if params["dtype"] == natural else f", dtype={dtype_text(params['dtype'])}"
        return f"np.{name}(({parts}){axis}{dtype})"

    return code


def _joined_tangent(name: str) -> Any:
    def tangent(call: Call, dots: Sequence[Value | None]) -> Value:
        filled = [
            op.zeros_like(x) if dot is None else dot for x, dot in zip(call.operands, dots, strict=True)
        ]
        return call.builder.apply(PRIMITIVES[name], filled, call.params)

    return tangent


def _concatenate_adjoint(call: Call, y_bar: Value, k: int) -> Value:
    """The part of y_bar that came from operand k."""
    axis = call.params["axis"]
    lengths = [dim(x, axis) for x in call.operands[: k + 1]]
    start = _sum(lengths[:k]) if k else None
    stop = None if k == len(call.operands) - 1 else _sum(lengths)
    operands = [bound for bound in (start, stop) if isinstance(bound, Value)]
    slots = {id(bound): Slot(position + 1) for position, bound in enumerate(operands)}
    entry = slice(slots.get(id(start), start), slots.get(id(stop), stop))
    index = (*(slice(None) for _ in range(axis)), entry)
    known = sizes_of(call.operands[k].type)[axis]
    params = {"index": index, "lengths": (*(None,) * axis, known)}
    return call.builder.apply(PRIMITIVES["getitem"], (y_bar, *operands), params)


def _sum(lengths: Sequence[Any]) -> Any:
    total = lengths[0]
    for length in lengths[1:]:
        total = total + length
    return total


def _stack_adjoint(call: Call, y_bar: Value, k: int) -> Value:
    return op.getitem(y_bar, index=(*(slice(None) for _ in range(call.params["axis"])), k))


primitive(
    "concatenate",
    _infer_concatenate,
    _joined_code("concatenate"),
    _joined_tangent("concatenate"),
    _concatenate_adjoint,
)
primitive("stack", _infer_stack, _joined_code("stack"), _joined_tangent("stack"), _stack_adjoint)


# Moving elements about.


def _infer_same(dims: Dims, types: Sequence[Type], params: Params) -> Type:
    return types[0]


def _flip_code(types: Sequence[Type], params: Params) -> str:
    axes = params["axis"]
    entries = ["::-1" if k in axes else ":" for k in range(max(axes) + 1)]
    return f"{{0}}[{', '.join(entries)}]"


linear("flip", _infer_same, _flip_code, lambda y_bar, x, axis: op.flip(y_bar, axis=axis), view=True)


def _roll_code(types: Sequence[Type], params: Params) -> str:
    axis = "" if params["axis"] is None else f", axis={params['axis']}"
    return f"np.roll({{0}}, {entry_text(params['shift'])}{axis})"


def _roll_back(y_bar: Value, x: Value, *shift: Value, **params: Any) -> Value:
    if shift:
        return op.roll(y_bar, -shift[0], **params)
    return op.roll(y_bar, shift=-params["shift"], axis=params["axis"])


linear("roll", _infer_same, _roll_code, _roll_back)


def _infer_tile(dims: Dims, types: Sequence[Type], params: Params) -> Type:
    sizes, reps = sizes_of(types[0]), params["reps"]
    sizes = (1,) * (len(reps) - len(sizes)) + sizes
    return Array(types[0].dtype, tuple(product(dims, pair) for pair in zip(reps, sizes, strict=True)))


def _tile_code(types: Sequence[Type], params: Params) -> str:
    reps = params["reps"]
    return f"np.tile({{0}}, {reps if len(reps) > 1 else reps[0]})"


def _tile_back(y_bar: Value, x: Value, reps: tuple[int, ...]) -> Value:
    lead = len(reps) - rank(x.type)
    sizes = [1] * lead + [dim(x, k) for k in range(rank(x.type))]
    pairs = [part for pair in zip(reps, sizes, strict=True) for part in pair]
    apart = reshaped(y_bar, pairs)
    axes = tuple(range(0, 2 * len(reps), 2))
    summed = op.sum(apart, axis=axes if len(axes) > 1 else 0, keepdims=False)
    return op.reshape_like(summed, x) if lead else summed


linear("tile", _infer_tile, _tile_code, _tile_back)


def _infer_repeat(dims: Dims, types: Sequence[Type], params: Params) -> Type:
    sizes, axis = list(sizes_of(types[0])), params["axis"]
    length = params["length"] if isinstance(params["repeats"], Slot) else params["repeats"]
    sizes[axis] = product(dims, (sizes[axis], length))
    return result_type(types[0].dtype, tuple(sizes))


def _repeat_code(types: Sequence[Type], params: Params) -> str:
    axis = f", axis={params['axis']}" if rank(types[0]) > 1 else ""
    return f"{{0}}.repeat({entry_text(params['repeats'])}{axis})"


def _repeat_back(y_bar: Value, x: Value, *count: Value, **params: Any) -> Value:
    axis = params["axis"]
    sizes = [dim(x, k) for k in range(rank(x.type))]
    sizes.insert(axis + 1, count[0] if count else params["repeats"])
    return op.sum(reshaped(y_bar, sizes), axis=axis + 1, keepdims=False)


linear("repeat", _infer_repeat, _repeat_code, _repeat_back)


def _infer_pad(dims: Dims, types: Sequence[Type], params: Params) -> Type:
    sizes = zip(sizes_of(types[0]), params["widths"], strict=True)
    return Array(types[0].dtype, tuple(total_length(dims, (size, *width)) for size, width in sizes))


def _pad_code(types: Sequence[Type], params: Params) -> str:
    widths, value = params["widths"], params["value"]
    text = widths if len(widths) > 1 else widths[0]
    return f"np.pad({{0}}, {text}{f', constant_values={value!r}' if value else ''})"


def _pad_tangent(call: Call, dots: Sequence[Value | None]) -> Value:
    return op.pad(dots[0], widths=call.params["widths"], value=0)


def _pad_adjoint(call: Call, y_bar: Value, k: int) -> Value:
    index = tuple(slice(before or None, -after or None) for before, after in call.params["widths"])
    known = sizes_of(call.operands[0].type)
    return op.getitem(y_bar, index=index, lengths=known)


primitive("pad", _infer_pad, _pad_code, _pad_tangent, _pad_adjoint)


# Diagonals and triangles.


def _infer_diag(dims: Dims, types: Sequence[Type], params: Params) -> Type:
    size = total_length(dims, (*sizes_of(types[0]), abs(params["k"])))
    return Array(types[0].dtype, (size, size))


def _infer_diagonal(dims: Dims, types: Sequence[Type], params: Params) -> Type:
    sizes, (i, j) = sizes_of(types[0]), params["axes"]
    rows, columns, offset = dims.resolve(sizes[i]), dims.resolve(sizes[j]), params["k"]
    others = tuple(size for k, size in enumerate(sizes) if k not in (i, j))
    if isinstance(rows, int) and isinstance(columns, int):
        length: Size = max(min(rows + min(offset, 0), columns - max(offset, 0)), 0)
    elif dims.same(rows, columns):
        length = shift(rows, -abs(offset))
    else:
        length = derived("diagonal", rows, columns, offset)
    return Array(types[0].dtype, (*others, length))


def _offset(name: str, params: Params) -> str:
    return f", {name}={params['k']}" if params["k"] else ""


def _diagonal_code(types: Sequence[Type], params: Params) -> str:
    axes = params["axes"]
    named = "" if axes == (0, 1) else f", axis1={axes[0]}, axis2={axes[1]}"
    return f"{{0}}.diagonal({(_offset('offset', params) + named).removeprefix(', ')})"


def _diagonal_back(y_bar: Value, x: Value, k: int, axes: tuple[int, int]) -> Value:
    dims, sizes, (i, j) = x.builder.dims, sizes_of(x.type), axes
    if len(sizes) == 2 and dims.same(*sizes) and i < j:
        return op.diag(y_bar, k=k)
    count = arange(x.builder, dim(y_bar, rank(y_bar.type) - 1))
    places = {i: count - k if k < 0 else count, j: count + k if k > 0 else count}
    index: list[Any] = [slice(None)] * (max(axes) + 1)
    index[min(axes)], index[max(axes)] = Slot(2), Slot(3)
    # NumPy puts the dim of two neighbouring integer arrays in their place, that of others first.
    place = min(axes) if max(axes) - min(axes) == 1 else 0
    order = list(range(len(sizes) - 2))
    order.insert(place, len(sizes) - 2)
    if order != sorted(order):
        y_bar = op.transpose(y_bar, axes=None if order == [1, 0] else tuple(order))
    start = op.zeros_like(x, dtype=y_bar.type.dtype)
    operands = (places[min(axes)], places[max(axes)])
    return op.index_add(start, y_bar, *operands, index=tuple(index), distinct=True)


linear(
    "diag",
    _infer_diag,
    lambda types, params: f"np.diag({{0}}{_offset('k', params)})",
    lambda y_bar, x, k: op.diagonal(y_bar, k=k, axes=(0, 1)),
)
linear("diagonal", _infer_diagonal, _diagonal_code, _diagonal_back, view=True)
for _name in ("tril", "triu"):
    linear(
        _name,
        _infer_same,
        lambda types, params, name=_name: f"np.{name}({{0}}{_offset('k', params)})",
        lambda y_bar, x, k, name=_name: getattr(op, name)(y_bar, k=k),
    )


def reshaped(x: Value, sizes: Sequence[Any]) -> Value:
    """The elements of x in a shape of static and run-time ints."""
    entries, operands, lengths = template(sizes, 1)
    return op.reshape(x, *operands, shape=entries, lengths=lengths)
