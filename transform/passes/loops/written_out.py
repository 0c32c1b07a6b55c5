"""Indices that the source writes out are taken one by one: Numba takes no lists.

y = x[[0, 2], :]        --->    y = np.stack((x[0, :], x[2, :]))
x_bar[[0, 2]] += v      --->    x_bar[0] += v[0]
                                x_bar[2] += v[1]

NumPy takes them in this order, so where one is named twice, the value that is stored last stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...ir import Eqn, Slot
from ...rules.build import Value, op
from ...rules.creation import as_array
from ...rules.index import map_slots
from ...rules.shape import dim
from ...types import Array, rank

__all__ = ["read_one_by_one", "survivors", "write_one_by_one"]

_MOST = 16
"""How many elements are written out."""


class _Index:
    """The index of an equation whose operands from `first` on are the values of its Slots.

    `plain` are indices of one element, or of a slice of elements, each; `axis` is where they are joined.
    """

    def __init__(self, eqn: Eqn, operands: Sequence[Value], first: int) -> None:
        self.dynamic, self.first = operands[first:], first
        self.plain: list[tuple[Any, ...]] = []
        self.axis = 0
        index = eqn.params["index"]
        lists = [entry for entry in index if isinstance(entry, list)]
        advanced = [k for k, entry in enumerate(index) if not isinstance(entry, slice)]
        lengths = {len(entry) for entry in lists} - {1} or {1}
        if (
            lists
            and not eqn.params.get("prefix")
            and len(lengths) == 1
            and max(lengths) <= _MOST
            and advanced == [*range(advanced[0], advanced[-1] + 1)]
            and all(isinstance(entry, (list, slice)) or self.is_number(entry) for entry in index)
            and all(self.is_number(each) for entry in lists for each in entry)
        ):
            self.axis = advanced[0]
            for k in range(*lengths):
                self.plain.append(tuple(_kth(entry, k) for entry in index))

    def is_number(self, entry: Any) -> bool:
        if isinstance(entry, Slot):
            return not isinstance(self.dynamic[entry.position - self.first].type, Array)
        return type(entry) is int

    def numbered(self, index: tuple[Any, ...], first: int) -> tuple[tuple[Any, ...], list[Value]]:
        """One of the plain indices with Slots for the operands from `first` on, and these."""
        used: list[Value] = []

        def slot(old: Slot) -> Slot:
            used.append(self.dynamic[old.position - self.first])
            return Slot(first + len(used) - 1)

        return map_slots(index, slot), used


def _kth(entry: Any, k: int) -> Any:
    return entry[k if len(entry) > 1 else 0] if isinstance(entry, list) else entry


def read_one_by_one(eqn: Eqn, operands: Sequence[Value]) -> Value | None:
    """An array of elements, or of parts of an array; None where the index is no list."""
    x, index = operands[0], _Index(eqn, operands, 1)
    if not index.plain:
        return None
    parts = []
    for each in index.plain:
        template, used = index.numbered(each, 1)
        parts.append(op.getitem(x, *used, index=template))
    if isinstance(parts[0].type, Array):
        return op.stack(*parts, axis=index.axis, dtype=x.type.dtype)
    return as_array(x.builder, parts)


def write_one_by_one(eqn: Eqn, operands: Sequence[Value]) -> Value | None:
    """A store, or an addition, for each element; None where the index is no list."""
    array, value, index = operands[0], operands[1], _Index(eqn, operands, 2)
    depth = rank(array.type) - sum(not isinstance(entry, slice) for entry in eqn.params["index"]) + 1
    axis = index.axis - (depth - rank(value.type))
    if not index.plain:
        return None
    for k, each in enumerate(index.plain):
        part = _part(value, axis, k, len(index.plain))
        if part is None:
            return None
        template, used = index.numbered(each, 2)
        array = array.builder.apply(eqn.primitive, (array, part, *used), {"index": template})
    return array


def _part(value: Value, axis: int, k: int, count: int) -> Value | None:
    """The value for the k-th element; None where it is not known whether all get the same."""
    if not isinstance(value.type, Array) or axis < 0:
        return value
    length = value.type.dims[axis]
    if not isinstance(length, int) or length not in (1, count):
        return None
    entry = 0 if length == 1 else k
    return op.getitem(value, index=(*(slice(None) for _ in range(axis)), entry))


def _of_a_list(eqn: Eqn, operands: Sequence[Value]) -> Value | None:
    """Which of the values that are stored are not stored over, where the index is one list of ints."""
    array, index = operands[0], eqn.params["index"]
    if len(index) != 1 or not isinstance(index[0], list) or rank(array.type) != 1:
        return None
    places = index[0]
    if not all(type(place) is int for place in places) or len(places) > _MOST:
        return None
    n = dim(array, 0)
    stays: list[Any] = []
    for k, place in enumerate(places):
        later = places[k + 1 :]
        known: Any = place not in later
        for other in later if known else ():
            if (other < 0) == (place < 0):
                continue
            apart = n != abs(place - other) if isinstance(n, int) else op.ne(n, abs(place - other))
            if apart is False:
                known = False
                break
            known = apart if known is True else op.bitand(known, apart)
        stays.append(known)
    return as_array(array.builder, stays)


def _of_an_array(eqn: Eqn, operands: Sequence[Value]) -> Value | None:
    """The same for an array of ints."""
    array, *dynamic = operands
    if eqn.params["index"] != (Slot(1),) or rank(array.type) != 1 or eqn.params.get("prefix"):
        return None
    if rank(dynamic[0].type) != 1 or dynamic[0].type.dtype.kind not in "iu":
        return None
    return op.last_of_each(dim(array, 0), dynamic[0])


def survivors(eqn: Eqn, operands: Sequence[Value]) -> Value | None:
    """Which of the values that are stored stay, where the index of a vector is a list or an array of ints."""
    made = _of_a_list(eqn, operands)
    return _of_an_array(eqn, operands) if made is None else made
