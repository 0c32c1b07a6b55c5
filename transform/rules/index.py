"""Reading elements of arrays: `x[index]` for every kind of index, and its adjoint, adding into them.

An index is a template: a tuple of ints, slices, None, Ellipsis, lists of ints, and Slots for the
operands that are known only at run time (ints, arrays of ints, masks, bounds of slices).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NoReturn

import numpy as np

from ..errors import UnsupportedError
from ..ir import Lit, Slot
from ..types import Array, Dims, Size, Type, is_complex, promote, rank, unknown_dim
from .build import Builder, Call, Value, op
from .creation import arange, as_array
from .families import linear, result_type
from .lengths import derived, slice_length
from .registry import PRIMITIVES, function, primitive
from .shape import dim, normal_axis, sizes_of

__all__ = [
    "INDEX_AT",
    "getitem",
    "index_shape",
    "index_template",
    "may_repeat",
    "numbers",
    "scatter",
    "slices",
]

Params = Mapping[str, Any]
Entry = Any

INDEX_AT = {"getitem": 1, "store": 2, "index_add": 2}
"""Where among the operands of these primitives those of the index begin."""


# Templates.


def map_slots(entry: Entry, new: Callable[[Slot], Any]) -> Entry:
    """An index entry with each Slot replaced."""
    if isinstance(entry, Slot):
        return new(entry)
    if isinstance(entry, (tuple, list)):
        return type(entry)(map_slots(each, new) for each in entry)
    if isinstance(entry, slice):
        return slice(*(map_slots(bound, new) for bound in (entry.start, entry.stop, entry.step)))
    return entry


def shifted(index: Entry, by: int) -> Entry:
    """The template for the same operands `by` positions further on."""
    return map_slots(index, lambda slot: Slot(slot.position + by))


def entry_text(entry: Entry) -> str:
    """An entry as it stands between the brackets of `x[...]`."""
    if isinstance(entry, Slot):
        return f"{{{entry.position}}}"
    if entry is Ellipsis:
        return "..."
    if isinstance(entry, list):
        return f"[{', '.join(map(entry_text, entry))}]"
    if isinstance(entry, slice):
        start, stop, step = ("" if part is None else entry_text(part) for part in bounds(entry))
        return f"{start}:{stop}:{step}" if step else f"{start}:{stop}"
    return repr(entry)


def bounds(entry: slice) -> tuple[Any, Any, Any]:
    return entry.start, entry.stop, entry.step


def index_text(index: tuple[Entry, ...]) -> str:
    """An index as it stands between the brackets."""
    return ", ".join(map(entry_text, index)) if index else "()"


# Shapes of results: NumPy's rules for basic and advanced indices.


def _is_list(entry: Entry, types: Sequence[Type]) -> bool:
    """Whether an entry stands for an array of integers or a mask, which makes the index an advanced one."""
    return isinstance(entry, list) or (isinstance(entry, Slot) and isinstance(types[entry.position], Array))


def _is_mask(entry: Entry, types: Sequence[Type]) -> bool:
    if isinstance(entry, list):
        return bool(entry) and all(isinstance(each, bool) for each in entry)
    return isinstance(entry, Slot) and types[entry.position].dtype.kind == "b"


def _depth(entry: Entry, types: Sequence[Type]) -> int:
    """How many dims of the array an entry uses up."""
    if entry is None or entry is Ellipsis:
        return 0
    return rank(types[entry.position]) if _is_mask(entry, types) and isinstance(entry, Slot) else 1


def _aligned(ndim: int, types: Sequence[Type], index: tuple[Entry, ...]) -> Iterator[tuple[int, Entry, int]]:
    """Each entry with its position in the index and the first dim that it applies to; all dims covered.

    The full slices that an Ellipsis stands for follow it, with position -1.
    """
    used = sum(_depth(entry, types) for entry in index)
    if used > ndim:
        raise UnsupportedError(f"{used} indices for an array of rank {ndim}")
    if sum(entry is Ellipsis for entry in index) > 1:
        raise UnsupportedError("an index can have one '...' only")
    if not any(entry is Ellipsis for entry in index):
        index = (*index, Ellipsis)
    axis = 0
    for k, entry in enumerate(index):
        yield k, entry, axis
        axis += _depth(entry, types)
        if entry is Ellipsis:
            for _ in range(ndim - used):
                yield -1, slice(None), axis
                axis += 1


def index_shape(
    dims: Dims, types: Sequence[Type], index: tuple[Entry, ...], lengths: Any = ()
) -> tuple[Size, ...]:
    """The shape of x[index]; `types` are those of x and of the operands that the template refers to."""
    sizes = sizes_of(types[0])
    advanced = any(_is_list(entry, types) for entry in index)
    shape: list[Size] = []
    shapes: list[tuple[Size, ...]] = []
    place, joined = None, False  # where the advanced dims go; whether the entry before was advanced
    for k, entry, axis in _aligned(len(sizes), types, index):
        length = lengths[k] if lengths and 0 <= k < len(lengths) else None
        if entry is None or isinstance(entry, slice) or entry is Ellipsis:
            joined = False
            if entry is None:
                shape.append(1)
            elif entry is not Ellipsis:
                shape.append(_slice_size(dims, sizes[axis], entry, types, length))
        elif advanced:
            # Advanced entries that are not neighbours put their dims first.
            place = len(shape) if place is None else place if joined else 0
            joined = True
            shapes.append(_advanced_shape(dims, sizes[axis:], entry, types, length))
    if place is not None:
        shape[place:place] = dims.broadcast_shapes(shapes)
    return tuple(shape)


def numbers(types: Sequence[Type], index: tuple[Entry, ...]) -> Iterator[tuple[int, int | Slot]]:
    """The entries of an index that are ints or arrays of ints, with the axes that they index."""
    for _, entry, axis in _aligned(rank(types[0]), types, index):
        if type(entry) is int or (isinstance(entry, Slot) and types[entry.position].dtype.kind != "b"):
            yield axis, entry


def slices(types: Sequence[Type], params: Params) -> Iterator[tuple[Size, slice]]:
    """The slices in the index of an equation with these params, each with the length of what it cuts."""
    sizes = sizes_of(types[0])
    for _, entry, axis in _aligned(len(sizes), types, params["index"]):
        if isinstance(entry, slice):
            yield sizes[axis], entry


def _slice_size(dims: Dims, size: Size, entry: slice, types: Sequence[Type], length: Size | None) -> Size:
    if length is not None:
        return dims.resolve(length)
    known = _known_length(dims, size, entry, types)
    return unknown_dim() if known is None else known


def _known_length(dims: Dims, size: Size, entry: slice, types: Sequence[Type]) -> Size | None:
    limits: list[Any] = [types[part.position] if isinstance(part, Slot) else part for part in bounds(entry)]
    return slice_length(dims, size, *limits)


def _advanced_shape(
    dims: Dims, sizes: Sequence[Size], entry: Entry, types: Sequence[Type], length: Size | None
) -> tuple[Size, ...]:
    if isinstance(entry, list):
        return (sum(entry) if _is_mask(entry, types) else len(entry),)
    if not isinstance(entry, Slot):
        return ()
    if not _is_mask(entry, types):
        return sizes_of(types[entry.position])
    for given, wanted in zip(sizes_of(types[entry.position]), sizes, strict=False):
        dims.equate(given, wanted)
    return (unknown_dim() if length is None else length,)


def _infer_getitem(dims: Dims, types: Sequence[Type], params: Params) -> Type:
    return result_type(types[0].dtype, index_shape(dims, types, params["index"], params.get("lengths", ())))


# Reading, and adding in place.


def _getitem_code(types: Sequence[Type], params: Params) -> str:
    return f"{{0}}[{index_text(params['index'])}]"


def _getitem_tangent(call: Call, dots: Sequence[Value | None]) -> Value:
    return call.builder.apply(PRIMITIVES["getitem"], (dots[0], *call.operands[1:]), call.params)


def scatter(call: Call, y_bar: Value, onto: Value | None) -> Value:
    """The adjoint of `y = x[index]`: y_bar added into `onto`, or into zeros in the shape of x, at the index.

    `onto` is consumed; see passes/own.py for who may.
    """
    x, *dynamic = call.operands
    if is_complex(y_bar.type) and not is_complex(x.type):
        y_bar = op.real(y_bar)
    if onto is None:
        onto = op.zeros_like(
            x, dtype=promote((x.type, y_bar.type))[0] if is_complex(y_bar.type) else x.type.dtype
        )
    params = {**call.params, "index": shifted(call.params["index"], 1)}
    return call.builder.apply(PRIMITIVES["index_add"], (onto, y_bar, *dynamic), params)


primitive(
    "getitem",
    _infer_getitem,
    _getitem_code,
    _getitem_tangent,
    lambda call, y_bar, k: scatter(call, y_bar, None),
    stem="e",
    view=True,
)


def may_repeat(index: tuple[Entry, ...], types: Sequence[Type]) -> bool:
    """Whether an element may be named twice: then `x[index] += v` would add only once."""
    for entry in index:
        if isinstance(entry, list) and not _is_mask(entry, types):
            fixed = [each for each in entry if isinstance(each, int)]
            if len(fixed) < len(entry) or min(fixed, default=0) < 0 <= max(fixed, default=0):
                return True
            if len(set(fixed)) < len(fixed):
                return True
        elif _is_list(entry, types) and not _is_mask(entry, types):
            return True
    return False


def _index_add_code(types: Sequence[Type], params: Params) -> str:
    from .stores import place_text, view_text

    index = params["index"]
    if params.get("distinct") or not may_repeat(index, types):
        return f"{place_text(types, params)} += {{1}}"
    text = index_text(index)
    if any(isinstance(entry, slice) for entry in index):
        text = f"np.s_[{text}]"
    elif len(index) > 1:
        text = f"({text})"
    return f"np.add.at({view_text(types, params)}, {text}, {{1}})"


def _index_add_tangent(call: Call, dots: Sequence[Value | None]) -> Value:
    (onto, _, *dynamic), (onto_dot, v_dot, *_) = call.operands, dots
    if v_dot is None:
        return onto_dot  # type: ignore[return-value]
    start = op.zeros_like(onto) if onto_dot is None else onto_dot
    return call.builder.apply(PRIMITIVES["index_add"], (start, v_dot, *dynamic), call.params)


def _index_add_adjoint(call: Call, y_bar: Value, k: int) -> Value:
    from .stores import read_place

    return y_bar if k == 0 else read_place(y_bar, call.operands[2:], call.params)


primitive(
    "index_add",
    lambda dims, types, params: types[0],
    _index_add_code,
    _index_add_tangent,
    _index_add_adjoint,
    consumes=True,
)


# What the source writes: x[...] on an array.


class _Template:
    """An index taken apart into static entries and run-time operands."""

    def __init__(self, b: Builder, x: Value) -> None:
        self.b, self.x = b, x
        self.operands: list[Value] = []

    def slot(self, value: Value) -> Slot:
        self.operands.append(value)
        return Slot(len(self.operands))

    def entry(self, thing: Any) -> Entry:
        """An entry of the index as data."""
        if thing is None or thing is Ellipsis:
            return thing
        if isinstance(thing, slice):
            return slice(*(None if part is None else self.integer(part) for part in bounds(thing)))
        if isinstance(thing, (list, tuple, range)):
            return self.list(list(thing))
        if isinstance(thing, Value) and thing.is_array:
            if thing.type.dtype.kind not in "biu":
                _refuse(f"arrays of {thing.type.dtype} cannot be used as indices")
            return self.slot(thing)
        return self.integer(thing)

    def list(self, things: list[Any]) -> Entry:
        if things and all(isinstance(thing, (bool, np.bool_)) for thing in things):
            return [bool(thing) for thing in things]
        if any(
            isinstance(thing, (list, tuple)) or (isinstance(thing, Value) and thing.is_array)
            for thing in things
        ):
            return self.slot(as_array(self.b, things))
        return [self.integer(thing) for thing in things]

    def integer(self, thing: Any) -> Any:
        """An int, static or not; NumPy's ints count."""
        if isinstance(thing, Value) and isinstance(thing.atom, Lit):
            thing = thing.atom.value
        if isinstance(thing, Value):
            if thing.is_array or thing.type.dtype.kind not in "iu":
                _refuse(f"a value of type {thing.type} cannot be used as an index here")
            return self.slot(thing)
        if isinstance(thing, (bool, np.bool_)) or not isinstance(thing, (int, np.integer)):
            _refuse(f"{thing!r} cannot be used as an index")
        return int(thing)

    def lengths(self, index: tuple[Entry, ...]) -> tuple[Size | None, ...]:
        """Names for the lengths that only run-time values decide, equal for equal masks and bounds."""
        types = [self.x.type, *(operand.type for operand in self.operands)]
        sizes = sizes_of(self.x.type)
        known: list[Size | None] = [None] * len(index)
        for k, entry, axis in _aligned(len(sizes), types, index):
            if isinstance(entry, slice) and _known_length(self.b.dims, sizes[axis], entry, types) is None:
                parts = (self.operands[p.position - 1] if isinstance(p, Slot) else p for p in bounds(entry))
                known[k] = derived("slice", self.b.dims.resolve(sizes[axis]), *parts)
            elif isinstance(entry, Slot) and _is_mask(entry, types):
                known[k] = derived("count", self.operands[entry.position - 1])
        return tuple(known) if any(length is not None for length in known) else ()


def _refuse(reason: str) -> NoReturn:
    raise UnsupportedError(reason, "Index with integers, slices, arrays of integers or boolean masks.")


def index_template(
    b: Builder, x: Value, index: Any
) -> tuple[tuple[Entry, ...], list[Value], tuple[Size | None, ...]]:
    """An index of x as a template, the operands that it refers to from Slot(1) on, and lengths: see getitem.

    `index` is Python data: ints, slices, lists, tuples, which may hold Values.
    """
    made = _Template(b, x)
    entries = tuple(made.entry(thing) for thing in (index if isinstance(index, tuple) else (index,)))
    return entries, made.operands, made.lengths(entries) if x.is_array else ()


def getitem(b: Builder, x: Value, index: Any) -> Value:
    """What `x[index]` means."""
    entries, operands, lengths = index_template(b, x, index)
    if (simple := _without_reading(x, entries)) is not None:
        return simple
    if not x.is_array:
        _refuse("a number cannot be indexed")
    types = [x.type, *(operand.type for operand in operands)]
    if not index_shape(b.dims, types, entries):
        # With an Ellipsis NumPy gives a 0-d array in place of the number.
        entries = tuple(entry for entry in entries if entry is not Ellipsis)
    params: dict[str, Any] = {"index": entries}
    if any(length is not None for length in lengths):
        params["lengths"] = lengths
    return b.apply(PRIMITIVES["getitem"], (x, *operands), params)


def _without_reading(x: Value, entries: tuple[Entry, ...]) -> Value | None:
    """An index that leaves the elements where they are: none at all, new axes, or reversed ones."""
    for entry in entries:
        if not (entry is None or entry is Ellipsis or (isinstance(entry, slice) and entry in _WHOLE)):
            return None
    aligned = [entry for _, entry, _ in _aligned(rank(x.type), [x.type], entries) if entry is not Ellipsis]
    old = [entry for entry in aligned if entry is not None]
    reverse = tuple(k for k, entry in enumerate(old) if entry == slice(None, None, -1))
    new = tuple(k for k, entry in enumerate(aligned) if entry is None)
    if reverse:
        x = op.flip(x, axis=reverse)
    return op.expand_dims(x, axis=new if len(new) > 1 else new[0]) if new else x


_WHOLE = (slice(None), slice(None, None, -1), slice(None, None, 1), slice(0, None), slice(0, None, 1))


@function(np.take, method="take")
def _take(b: Builder, x: Any, indices: Any, axis: Any = None, out: Any = None, mode: str = "raise") -> Value:
    if out is not None or mode != "raise":
        raise UnsupportedError("np.take is understood without out= and with mode='raise'")
    x = as_array(b, x)
    if axis is None:
        x, axis = (op.ravel(x) if rank(x.type) > 1 else x), 0
    lead = normal_axis(axis, rank(x.type))
    return getitem(b, x, (*(slice(None) for _ in range(lead)), indices))


@function(np.take_along_axis)
def _take_along_axis(b: Builder, x: Any, indices: Any, axis: Any = -1) -> Value:
    x, indices = as_array(b, x), as_array(b, indices)
    if axis is None:
        x, axis = op.ravel(x), 0
    if rank(x.type) != rank(indices.type):
        raise UnsupportedError("np.take_along_axis takes an array and indices of the same rank")
    return op.take_along_axis(x, indices, axis=normal_axis(axis, rank(x.type)))


def _grid(x: Value, indices: Value, axis: int) -> tuple[Value, ...]:
    """The index that take_along_axis stands for: `indices` along the axis, all positions along the others."""
    ndim = rank(x.type)

    def positions(k: int) -> Value:
        others = tuple(j for j in range(ndim) if j != k)
        along = arange(x.builder, dim(x, k))
        return op.expand_dims(along, axis=others) if others else along

    return tuple(indices if k == axis else positions(k) for k in range(ndim))


def _infer_take_along_axis(dims: Dims, types: Sequence[Type], params: Params) -> Type:
    x, indices = types
    axis = params["axis"]
    sizes = [
        at if k == axis else dims.broadcast(size, at)
        for k, (size, at) in enumerate(zip(sizes_of(x), sizes_of(indices), strict=True))
    ]
    return result_type(x.dtype, tuple(sizes))


def _take_along_axis_back(y_bar: Value, x: Value, indices: Value, axis: int) -> Value:
    index = tuple(Slot(k + 2) for k in range(rank(x.type)))
    start = op.zeros_like(x, dtype=y_bar.type.dtype)
    return op.index_add(start, y_bar, *_grid(x, indices, axis), index=index)


linear(
    "take_along_axis",
    _infer_take_along_axis,
    lambda types, params: f"np.take_along_axis({{0}}, {{1}}, axis={params['axis']})",
    _take_along_axis_back,
    stem="e",
)
