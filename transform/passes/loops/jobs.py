"""What can be done row by row: each equation as the work for one index of its first axis.

A *map* makes a row of its result from rows of its operands, a *fold* joins each row to its result (it sums
them up, say), a *store* writes a row. Operands that broadcast along the first axis are read whole, or at
their only row.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...ir import Atom, Eqn, Slot
from ...rules.build import Builder, Value, op
from ...rules.reductions import axes_of
from ...rules.registry import PRIMITIVES
from ...rules.stores import place_type
from ...types import Array, Dims, Size, Type, not_one, rank
from .lengths import FITS
from .views import is_plain

__all__ = ["FOLDS", "Job", "Kind", "Mode", "first_axis", "full_index", "is_cut", "is_mask", "job_of"]

Rows = Sequence[Value]
Row = Callable[[Builder, Rows], Value]


class Kind(enum.Enum):
    """What becomes of the rows."""

    MAP = "map"
    FOLD = "fold"
    STORE = "store"


class Mode(enum.Enum):
    """How an operand is read for one row of the result."""

    ROW = "row"
    ONLY = "its only row"
    EITHER = "row, or its only row"
    WHOLE = "whole"


@dataclass(frozen=True, eq=False)
class Job:
    """An equation that can be done row by row.

    `row(builder, rows)` makes the row of a map, or what a fold joins, of the operands read by their `modes`.
    """

    eqn: Eqn
    kind: Kind
    size: Size
    modes: tuple[Mode, ...]
    row: Row


_COPIES = frozenset({"astype", "cast", "copy"})


def job_of(eqn: Eqn, dims: Dims) -> Job | None:
    """The equation as a Job; None where it is not one, or where its shapes are not known well enough."""
    name = eqn.primitive.name
    if name in ("store", "index_add"):
        return _store(eqn, dims)
    if name == "getitem":
        return _picked(eqn, dims)
    if name in FOLDS and isinstance(eqn.operands[0].type, Array):
        return _reduction(eqn)
    if not isinstance(eqn.target.type, Array):
        return None
    size = dims.resolve(eqn.target.type.dims[0])
    if name == "broadcast_like":
        return _mapped(eqn, size, dims, eqn.operands, _like)
    if name == "broadcast_to":
        return _mapped(eqn, size, dims, eqn.operands[:1], _broadcast(eqn.params, eqn.operands[1:]))
    if eqn.primitive.elementwise or name in _COPIES:
        return _mapped(eqn, size, dims, eqn.operands, _applied(eqn))
    return None


def _mapped(eqn: Eqn, size: Size, dims: Dims, operands: Sequence[Atom], row: Row) -> Job | None:
    modes = [mode_of(operand, rank(eqn.target.type), size, dims) for operand in operands]
    if None in modes or (eqn.primitive.name != "broadcast_to" and not _is_sized(eqn, dims)):
        return None
    return Job(eqn, Kind.MAP, size, tuple(modes), row)  # type: ignore[arg-type]


def _is_sized(eqn: Eqn, dims: Dims) -> bool:
    """Whether each length of the result is known to be that of an operand: two of 1 or 9 may make either."""
    assert isinstance(eqn.target.type, Array)
    there = [size for each in eqn.operands if isinstance(each.type, Array) for size in each.type.dims]
    return all(
        isinstance(size, int) or any(dims.same(size, own) for own in there)
        for size in map(dims.resolve, eqn.target.type.dims)
    )


def mode_of(operand: Atom, depth: int, size: Size, dims: Dims) -> Mode | None:
    """How an operand is read for a row of a result of rank `depth`; None if that is not known."""
    if rank(operand.type) < depth:
        return Mode.WHOLE
    assert isinstance(operand.type, Array)
    own = dims.resolve(operand.type.dims[0])
    if dims.same(own, size):
        return Mode.ROW
    return Mode.ONLY if own == 1 else None


def _applied(eqn: Eqn) -> Row:
    def row(b: Builder, rows: Rows) -> Value:
        if eqn.primitive.name == "copy" and not rows[0].is_array:
            return rows[0]
        return b.apply(eqn.primitive, rows, eqn.params)

    return row


def _like(b: Builder, rows: Rows) -> Value:
    v, like = rows
    return op.broadcast_like(v, like) if like.is_array else v


def _broadcast(params: Mapping[str, Any], entries: Sequence[Atom]) -> Row:
    def row(b: Builder, rows: Rows) -> Value:
        shape, lengths = params["shape"][1:], (params.get("lengths") or ())[1:]
        if not shape:
            return rows[0]
        used = [entries[each.position - 1] for each in shape if isinstance(each, Slot)]
        slots = iter(range(1, len(used) + 1))
        renumbered = tuple(Slot(next(slots)) if isinstance(each, Slot) else each for each in shape)
        return b.apply(
            PRIMITIVES["broadcast_to"], (rows[0], *used), {**params, "shape": renumbered, "lengths": lengths}
        )

    return row


FOLDS = {
    "sum": ("add", 0),
    "prod": ("mul", 1),
    "max": ("maximum", -np.inf),
    "min": ("minimum", np.inf),
    "any": ("logical_or", False),
    "all": ("logical_and", True),
}
"""How reductions join two elements, and what they start with."""


def _reduction(eqn: Eqn) -> Job | None:
    (x,) = eqn.operands
    name = eqn.primitive.name
    if name in ("max", "min") and x.type.dtype.kind != "f":
        return None
    assert isinstance(x.type, Array)
    axes = axes_of(eqn.params["axis"], rank(x.type))
    if eqn.params.get("keepdims") or not axes:
        return None
    folded, rest = 0 in axes, tuple(axis - 1 for axis in axes if axis)
    depth = rank(x.type) - 1

    def row(b: Builder, rows: Rows) -> Value:
        if not rest or not rows[0].is_array:
            return rows[0]
        axis: Any = None if len(rest) == depth else rest[0] if len(rest) == 1 else rest
        return b.apply(eqn.primitive, rows, {**eqn.params, "axis": axis})

    return Job(eqn, Kind.FOLD if folded else Kind.MAP, x.type.dims[0], (Mode.ROW,), row)


def _store(eqn: Eqn, dims: Dims) -> Job | None:
    array, v, *dynamic = eqn.operands
    if eqn.params.get("prefix") or not isinstance(array.type, Array):
        return None
    index = full_index(eqn.params["index"], array.type, eqn.operands)
    first = first_axis(index, eqn.operands) if index is not None else None
    if index is None or first is None:
        return None
    if is_mask(index[first], eqn.operands):
        return _masked(eqn, index[first], dims)
    place = place_type(dims, [each.type for each in eqn.operands], eqn.params)
    assert isinstance(place, Array)
    size = dims.resolve(place.dims[0])
    mode = mode_of(v, rank(place), size, dims)
    if mode is None and eqn.params.get(FITS):
        # It has the length of the place, or 1: that has been compared.
        own = dims.resolve(v.type.dims[0])  # type: ignore[union-attr]
        size, mode = (own, Mode.ROW) if not_one(own) else (size, Mode.EITHER)
    lists = [each for each in index if _is_list(each, eqn.operands)]
    by_list = not isinstance(index[first], slice)
    if mode is None or (by_list and not _alike(lists, eqn.operands, size, dims)):
        return None
    others = (Mode.ROW if by_list and isinstance(each.type, Array) else Mode.WHOLE for each in dynamic)
    return Job(eqn, Kind.STORE, size, (Mode.WHOLE, mode, *others), lambda b, rows: rows[1])


def _masked(eqn: Eqn, mask: Slot, dims: Dims) -> Job | None:
    """One number, stored where a mask says so."""
    if isinstance(eqn.operands[1].type, Array):
        return None
    type_ = eqn.operands[mask.position].type
    assert isinstance(type_, Array)
    modes = [Mode.ROW if isinstance(each.type, Array) else Mode.WHOLE for each in eqn.operands[2:]]
    size = dims.resolve(type_.dims[0])
    return Job(eqn, Kind.STORE, size, (Mode.WHOLE, Mode.WHOLE, *modes), lambda b, rows: rows[1])


def _picked(eqn: Eqn, dims: Dims) -> Job | None:
    """x[places], for arrays of integers: each row is x[place]."""
    array, *dynamic = eqn.operands
    if not isinstance(array.type, Array) or not isinstance(eqn.target.type, Array):
        return None
    index = full_index(eqn.params["index"], array.type, eqn.operands)
    lists = [each for each in index or () if _is_list(each, eqn.operands)]
    size = dims.resolve(eqn.target.type.dims[0])
    first = first_axis(index, eqn.operands) if index is not None else None
    if index is None or not lists or first is None or isinstance(index[first], slice):
        return None
    if any(is_mask(each, eqn.operands) for each in index) or not _alike(lists, eqn.operands, size, dims):
        return None
    modes = tuple(Mode.ROW if isinstance(each.type, Array) else Mode.WHOLE for each in dynamic)

    def row(b: Builder, rows: Rows) -> Value:
        return b.apply(eqn.primitive, rows, {"index": index})

    return Job(eqn, Kind.MAP, size, (Mode.WHOLE, *modes), row)


def first_axis(index: Sequence[Any], operands: Sequence[Atom]) -> int | None:
    """Which entry the first axis of x[index] comes from; None where that is not understood."""
    if any(isinstance(entry, list) for entry in index):
        return None
    moving = [k for k, entry in enumerate(index) if isinstance(entry, slice) or _is_list(entry, operands)]
    if not moving:
        return None
    lists = [k for k in moving if _is_list(index[k], operands)]
    if lists:
        # Where what is not a slice does not stand together, the axes of the arrays come first.
        told = [k for k, entry in enumerate(index) if not isinstance(entry, slice)]
        masks = [k for k in lists if is_mask(index[k], operands)]
        if told != list(range(told[0], told[0] + len(told))) or (masks and len(lists) > 1):
            return None
        if lists[0] == moving[0]:
            return lists[0]
    return moving[0] if is_plain(index[moving[0]]) or len(moving) == 1 else None


def is_cut(entry: Any) -> bool:
    """Whether an entry is a slice whose elements are where only run time knows: it is taken as a view."""
    return isinstance(entry, slice) and not is_plain(entry)


def _is_list(entry: Any, operands: Sequence[Atom]) -> bool:
    return isinstance(entry, Slot) and isinstance(operands[entry.position].type, Array)


def is_mask(entry: Any, operands: Sequence[Atom]) -> bool:
    """Whether an entry is an array of booleans."""
    return _is_list(entry, operands) and operands[entry.position].type.dtype.kind == "b"


def _alike(lists: Sequence[Slot], operands: Sequence[Atom], size: Size, dims: Dims) -> bool:
    """Whether arrays of integers have one rank and the length that is run over."""
    types = [operands[each.position].type for each in lists]
    return len({rank(type_) for type_ in types}) <= 1 and all(
        isinstance(type_, Array) and dims.same(type_.dims[0], size) for type_ in types
    )


def full_index(index: tuple[Any, ...], type_: Type, operands: Sequence[Atom]) -> tuple[Any, ...] | None:
    """An index with an entry for each axis, or for several where it is a mask; None if it adds axes."""
    if any(entry is None or (isinstance(entry, Slot) and _is_flag(entry, operands)) for entry in index):
        return None
    dots = [k for k, entry in enumerate(index) if entry is Ellipsis]
    used = sum(
        rank(operands[entry.position].type) if is_mask(entry, operands) else 1
        for entry in index
        if entry is not Ellipsis
    )
    rest = [slice(None)] * (rank(type_) - used)
    return (*index[: dots[0]], *rest, *index[dots[0] + 1 :]) if dots else (*index, *rest)


def _is_flag(entry: Slot, operands: Sequence[Atom]) -> bool:
    type_ = operands[entry.position].type
    return type_.dtype.kind == "b" and not isinstance(type_, Array)
