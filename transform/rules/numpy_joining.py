"""NumPy's functions that join, split and rearrange arrays, in terms of the primitives of joining.py."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import LengthNeeded, UnsupportedError
from ..types import rank
from .build import Builder, Value, op
from .creation import as_array, only_default, option_dtype
from .index import getitem
from .numpy_shape import expanded
from .registry import PRIMITIVES, function, method
from .shape import dim, normal_axes, normal_axis, sizes_of, static_int, template

__all__: list[str] = []


def _arrays(b: Builder, things: Any) -> list[Value]:
    """The arrays of a sequence; the rows of an array that is given in its place."""
    if isinstance(things, Value):
        count = dim(things, 0) if things.is_array else None
        if not isinstance(count, int):
            raise LengthNeeded("how many arrays are joined must be known", "Pass a list or tuple of arrays.")
        return [getitem(b, things, k) for k in range(count)]
    arrays = [as_array(b, thing) for thing in things]
    if not arrays:
        raise UnsupportedError("there is nothing to join")
    return arrays


def _join(b: Builder, name: str, arrays: Sequence[Value], axis: int, dtype: Any = None) -> Value:
    natural = np.result_type(*(x.type.dtype for x in arrays))
    wanted = option_dtype(dtype, natural)
    if (natural.kind in "fc" and wanted.kind not in "fc") or natural.kind == "c" != wanted.kind:
        raise UnsupportedError(
            f"joining {natural} arrays as {wanted} loses their values", "Leave dtype= out."
        )
    return b.apply(PRIMITIVES[name], arrays, {"axis": axis, "dtype": wanted})


@function(np.concatenate)
def _concatenate(
    b: Builder,
    arrays: Any,
    /,
    axis: Any = 0,
    out: Any = None,
    *,
    dtype: Any = None,
    casting: Any = "same_kind",
) -> Value:
    only_default("np.concatenate", out=out)
    parts = _arrays(b, arrays)
    if axis is None:
        parts, axis = [op.ravel(x) if rank(x.type) != 1 else x for x in parts], 0
    return _join(b, "concatenate", parts, normal_axis(axis, rank(parts[0].type)), dtype)


@function(np.stack)
def _stack(
    b: Builder, arrays: Any, axis: Any = 0, out: Any = None, *, dtype: Any = None, casting: Any = "same_kind"
) -> Value:
    only_default("np.stack", out=out)
    parts = _arrays(b, arrays)
    return _join(b, "stack", parts, normal_axis(axis, rank(parts[0].type) + 1), dtype)


@function(np.vstack)
def _vstack(b: Builder, tup: Any, *, dtype: Any = None, casting: Any = "same_kind") -> Value:
    parts = _arrays(b, tup)
    if all(rank(x.type) == 1 for x in parts):
        return _join(b, "stack", parts, 0, dtype)
    return _join(b, "concatenate", [expanded(x, tuple(range(2 - rank(x.type)))) for x in parts], 0, dtype)


@function(np.hstack)
def _hstack(b: Builder, tup: Any, *, dtype: Any = None, casting: Any = "same_kind") -> Value:
    parts = [expanded(x, (0,)) if rank(x.type) == 0 else x for x in _arrays(b, tup)]
    return _join(b, "concatenate", parts, 0 if rank(parts[0].type) == 1 else 1, dtype)


@function(np.column_stack)
def _column_stack(b: Builder, tup: Any) -> Value:
    parts = [expanded(x, (0,)) if rank(x.type) == 0 else x for x in _arrays(b, tup)]
    if all(rank(x.type) == 1 for x in parts):
        return _join(b, "stack", parts, 1)
    return _join(b, "concatenate", [expanded(x, (1,)) if rank(x.type) == 1 else x for x in parts], 1)


@function(np.dstack)
def _dstack(b: Builder, tup: Any) -> Value:
    places = {0: (0, 1, 2), 1: (0, 2), 2: (2,)}
    parts = [expanded(x, places.get(rank(x.type), ())) for x in _arrays(b, tup)]
    return _join(b, "concatenate", parts, 2)


@function(np.append)
def _append(b: Builder, arr: Any, values: Any, axis: Any = None) -> Value:
    return _concatenate(b, (arr, values), axis=axis)


@function(np.split, np.array_split)
def _split(b: Builder, ary: Any, indices_or_sections: Any, axis: Any = 0) -> list[Value]:
    x = as_array(b, ary)
    place = normal_axis(axis, rank(x.type))
    lead = tuple(slice(None) for _ in range(place))
    if isinstance(indices_or_sections, (list, tuple)):
        ends = [*indices_or_sections, None]
        starts = [None, *indices_or_sections]
        return [getitem(b, x, (*lead, slice(i, j))) for i, j in zip(starts, ends, strict=True)]
    sections, size = static_int(indices_or_sections), b.dims.resolve(sizes_of(x.type)[place])
    if sections is None or not isinstance(size, int) or size % sections:
        raise LengthNeeded(
            "np.split into equal parts needs a length known while transforming, a multiple of their number",
            "Give the indices at which to split.",
        )
    step = size // sections
    return [getitem(b, x, (*lead, slice(k * step, (k + 1) * step))) for k in range(sections)]


@function(np.vsplit)
def _vsplit(b: Builder, ary: Any, indices_or_sections: Any) -> list[Value]:
    return _split(b, ary, indices_or_sections, 0)


@function(np.hsplit)
def _hsplit(b: Builder, ary: Any, indices_or_sections: Any) -> list[Value]:
    return _split(b, ary, indices_or_sections, 1 if rank(as_array(b, ary).type) > 1 else 0)


# NumPy 2.1 and later.
@function(*(getattr(np, name) for name in ("unstack",) if hasattr(np, name)))
def _unstack(b: Builder, x: Any, /, *, axis: Any = 0) -> tuple[Value, ...]:
    x = as_array(b, x)
    place = normal_axis(axis, rank(x.type))
    count = dim(x, place)
    if not isinstance(count, int):
        raise LengthNeeded("np.unstack needs a length known while transforming")
    return tuple(getitem(b, x, (*(slice(None) for _ in range(place)), k)) for k in range(count))


@function(np.flip)
def _flip(b: Builder, m: Any, axis: Any = None) -> Value:
    x = as_array(b, m)
    axes = normal_axes(axis, rank(x.type))
    return op.flip(x, axis=tuple(sorted(axes))) if axes else x


@function(np.flipud)
def _flipud(b: Builder, m: Any) -> Value:
    return _flip(b, m, 0)


@function(np.fliplr)
def _fliplr(b: Builder, m: Any) -> Value:
    return _flip(b, m, 1)


@function(np.roll)
def _roll(b: Builder, a: Any, shift: Any, axis: Any = None) -> Value:
    x = as_array(b, a)
    if isinstance(shift, (tuple, list)) or isinstance(axis, (tuple, list)):
        axes = axis if isinstance(axis, (tuple, list)) else (axis,) * len(shift)
        shifts = shift if isinstance(shift, (tuple, list)) else (shift,) * len(axes)
        for each, along in zip(shifts, axes, strict=True):
            x = _roll(b, x, each, along)
        return x
    along = None if axis is None or rank(x.type) == 1 else normal_axis(axis, rank(x.type))
    entries, operands, _ = template((shift,), 1)
    return b.apply(PRIMITIVES["roll"], (x, *operands), {"shift": entries[0], "axis": along})


@function(np.tile)
def _tile(b: Builder, A: Any, reps: Any) -> Value:
    x = as_array(b, A)
    counts = [static_int(rep) for rep in (reps if isinstance(reps, (tuple, list)) else (reps,))]
    if any(count is None for count in counts):
        raise LengthNeeded(
            "np.tile needs counts known while transforming", "Use np.broadcast_to and reshape."
        )
    return op.tile(x, reps=(*(1,) * (rank(x.type) - len(counts)), *counts))


@function(np.repeat)
def _repeat(b: Builder, a: Any, repeats: Any, axis: Any = None) -> Value:
    x = as_array(b, a)
    if isinstance(repeats, (list, tuple)) or (isinstance(repeats, Value) and repeats.is_array):
        raise UnsupportedError(
            "np.repeat with a count for each element is not understood", "Index with np.repeat's indices."
        )
    if axis is None:
        x, axis = (op.ravel(x) if rank(x.type) != 1 else x), 0
    entries, operands, lengths = template((repeats,), 1)
    params = {"repeats": entries[0], "axis": normal_axis(axis, rank(x.type)), "length": lengths[0]}
    return b.apply(PRIMITIVES["repeat"], (x, *operands), params)


@method("repeat")
def _repeat_method(b: Builder, x: Value, repeats: Any, axis: Any = None) -> Value:
    return _repeat(b, x, repeats, axis)


@function(np.pad)
def _pad(b: Builder, array: Any, pad_width: Any, mode: Any = "constant", **options: Any) -> Value:
    x, value = as_array(b, array), options.pop("constant_values", 0)
    if mode != "constant" or options or isinstance(value, (Value, tuple, list)):
        raise UnsupportedError("np.pad is understood with mode='constant' and one static constant_values")
    if not x.is_array:
        raise UnsupportedError("a number cannot be padded")
    return b.apply(PRIMITIVES["pad"], (x,), {"widths": _widths(pad_width, rank(x.type)), "value": value})


def _widths(pad_width: Any, ndim: int) -> tuple[tuple[int, int], ...]:
    try:
        pairs = np.broadcast_to(np.asarray(pad_width), (ndim, 2))
        return tuple((int(before), int(after)) for before, after in pairs)
    except (TypeError, ValueError):
        raise LengthNeeded("np.pad needs widths known while transforming, a pair for each axis") from None


@function(np.diag)
def _diag(b: Builder, v: Any, k: Any = 0) -> Value:
    x = as_array(b, v)
    if rank(x.type) == 1:
        return op.diag(x, k=_offset(k))
    if rank(x.type) != 2:
        raise UnsupportedError("np.diag takes arrays of rank 1 or 2")
    return op.diagonal(x, k=_offset(k), axes=(0, 1))


@function(np.diagflat)
def _diagflat(b: Builder, v: Any, k: Any = 0) -> Value:
    x = as_array(b, v)
    return op.diag(x if rank(x.type) == 1 else op.ravel(x), k=_offset(k))


@function(np.diagonal, method="diagonal")
def _diagonal(b: Builder, a: Any, offset: Any = 0, axis1: Any = 0, axis2: Any = 1) -> Value:
    x = as_array(b, a)
    axes = (normal_axis(axis1, rank(x.type)), normal_axis(axis2, rank(x.type)))
    return op.diagonal(x, k=_offset(offset), axes=axes)


@function(np.tril)
def _tril(b: Builder, m: Any, k: Any = 0) -> Value:
    return _triangle("tril", as_array(b, m), k)


@function(np.triu)
def _triu(b: Builder, m: Any, k: Any = 0) -> Value:
    return _triangle("triu", as_array(b, m), k)


def _triangle(name: str, x: Value, k: Any) -> Value:
    if rank(x.type) < 2:
        raise UnsupportedError(f"np.{name} takes arrays of rank 2 or more")
    return x.builder.apply(PRIMITIVES[name], (x,), {"k": _offset(k)})


def _offset(k: Any) -> int:
    known = static_int(k)
    if known is None:
        raise UnsupportedError("which diagonal is meant must be known while transforming")
    return known
