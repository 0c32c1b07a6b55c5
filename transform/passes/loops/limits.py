"""What an index is surely not smaller and not larger than, by the loops and the sums that it comes from.

for i in range(1, n):
    for j in range(i):         j + 1 >= 1,    j + 1 <= i,    j + 1 <= n - 1
        t = x[j + 1]
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from typing import Any

from ...ir import Atom, Eqn, For, Function, Lit, Slot, Var, While, walk
from ...rules.index import numbers
from ...rules.lengths import least
from ...types import Dim, Scalar, Size
from ..memory import carried
from .indices import plus

__all__ = ["Limits", "Sum", "indices_of"]

Sum = tuple[Any, int]
"""A base, None or a Var or the symbol of a length, plus a number."""
DEPTH = 8


class Limits:
    """What is known about the ints of a function."""

    def __init__(self, function: Function) -> None:
        statements = list(walk(function.body))
        self.made = {s.target: s for s in statements if isinstance(s, Eqn)}
        self.loops = {s.body.params[0]: s for s in statements if isinstance(s, For)}
        self.versions: dict[Var, Atom] = {}
        """An older version of what a store or a loop has changed."""
        for each in statements:
            if isinstance(each, Eqn) and each.primitive.consumes:
                self.versions[each.target] = each.operands[0]
            elif isinstance(each, (For, While)):
                self.versions.update(zip(carried(each), each.init, strict=True))
                self.versions.update(zip(each.targets, each.init, strict=True))

    def older(self, array: Var, axis: int, inside: Set[Any]) -> Var | None:
        """A version of an array that is not defined inside, as long as this one; None if there is none."""
        version: Any = array
        while version in inside:
            version = self.versions.get(version)
            if version is None or version.type.dims[axis] != array.type.dims[axis]:  # type: ignore[union-attr]
                return None
        return version  # type: ignore[no-any-return]

    def sum(self, index: Atom) -> Sum:
        """An index as a base and a number."""
        offset = 0
        while (eqn := self.made.get(index)) is not None and eqn.primitive.name in ("add", "sub"):  # type: ignore[arg-type]
            found = plus(eqn)
            if found is None:
                break
            index, more = found
            offset += more
        return (None, index.value + offset) if isinstance(index, Lit) else (index, offset)

    def bounds(self, given: Sum, lower: bool, depth: int = DEPTH) -> Iterator[Sum]:
        """Sums that are surely not larger (lower) or not smaller than the given one."""
        base, offset = given
        if isinstance(base, Lit):
            yield None, base.value + offset
            return
        yield given
        if not isinstance(base, Var) or depth == 0:
            return
        size = base.type.size if isinstance(base.type, Scalar) else None
        if isinstance(size, int):
            yield None, size + offset
        elif isinstance(size, Dim):
            yield size.symbol, size.offset + offset
        for new, more in self.steps(base, lower):
            yield from self.bounds((new, offset + more), lower, depth - 1)

    def steps(self, var: Var, lower: bool) -> Iterator[tuple[Atom, int]]:
        """What a value is surely not smaller (lower) or not larger than, by what it is computed from."""
        if var in self.loops:
            loop = self.loops[var]
            if isinstance(loop.step, Lit):
                rising = loop.step.value > 0
                yield (loop.start, 0) if lower == rising else (loop.stop, -1 if rising else 1)
            return
        eqn = self.made.get(var)
        if eqn is not None and eqn.primitive.name == "row_or_only":
            # It is read where a loop over both has an index: its length is not 0 there.
            yield (Lit(0), 0) if lower else (eqn.operands[1], -1)
        elif eqn is not None and eqn.primitive.name == ("max2" if lower else "min2"):
            yield from ((operand, 0) for operand in eqn.operands)
        elif eqn is not None:
            found = plus(eqn)
            yield from [found] if found is not None else []

    def is_at_most(self, a: Sum, b: Sum, varying: Set[Any] = frozenset()) -> bool:
        """Whether a sum is surely not larger than another; `varying` ones have other values in each."""
        least = [(base, offset) for base, offset in self.bounds(b, True) if base not in varying]
        return any(
            base == low and offset <= more
            for base, offset in self.bounds(a, False)
            if base not in varying
            for low, more in least
        )

    def is_counted(self, given: Sum) -> bool:
        """Whether a sum is surely not negative: a length is not."""
        return any(offset >= 0 and not isinstance(base, Var) for base, offset in self.bounds(given, True))

    def is_below(self, given: Sum, size: Size) -> bool:
        """Whether a sum is surely less than a length."""
        return any(_is_below(high, size) for high in self.bounds(given, False))


def _is_below(high: Sum, size: Size) -> bool:
    base, offset = high
    if base is None:
        return offset < least(size)
    known = isinstance(size, Dim) and not isinstance(base, Var) and base == size.symbol
    return bool(known) and offset < size.offset  # type: ignore[union-attr]


def indices_of(eqn: Eqn) -> Iterator[tuple[int, Atom]]:
    """The indices among the entries of an index into the array itself, by axis."""
    index = eqn.params["index"]
    if prefix := eqn.params.get("prefix"):
        name, inner = prefix[0]
        index = inner["index"] if name == "getitem" else ()
    for axis, entry in numbers([each.type for each in eqn.operands], index):
        yield axis, eqn.operands[entry.position] if isinstance(entry, Slot) else Lit(entry)
