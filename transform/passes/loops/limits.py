"""What an index is surely not smaller and not larger than, by the loops and the sums that it comes from.

for i in range(1, n):
    for j in range(i):         j + 1 >= 1,    j + 1 <= i,    j + 1 <= n - 1
        t = x[j + 1]
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...ir import Atom, Eqn, For, Function, Lit, Slot, Var, walk
from ...types import Dim, Scalar, rank
from .indices import plus

__all__ = ["Limits", "Sum", "indices_of", "is_counted"]

Sum = tuple[Any, int]
"""A base, None or a Var or the symbol of a length, plus a number."""
DEPTH = 8


class Limits:
    """What is known about the ints of a function."""

    def __init__(self, function: Function) -> None:
        statements = list(walk(function.body))
        self.made = {s.target: s for s in statements if isinstance(s, Eqn)}
        self.loops = {s.body.params[0]: s for s in statements if isinstance(s, For)}

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
        if eqn is not None and eqn.primitive.name == ("max2" if lower else "min2"):
            yield from ((operand, 0) for operand in eqn.operands)
        elif eqn is not None:
            found = plus(eqn)
            yield from [found] if found is not None else []


def is_counted(low: Sum) -> bool:
    """Whether a sum is not negative: a length is not."""
    base, offset = low
    return offset >= 0 and not isinstance(base, Var)


def indices_of(eqn: Eqn, depth: int) -> Iterator[tuple[int, Atom]]:
    """The indices among the entries of an index, by axis."""
    index = eqn.params["index"]
    axes = sum(_depth(entry, eqn) for entry in index)
    axis = 0
    for entry in index:
        if entry is Ellipsis:
            axis += depth - axes
        elif isinstance(entry, Slot):
            atom = eqn.operands[entry.position]
            if atom.type.dtype.kind != "b":
                yield axis, atom
        elif type(entry) is int:
            yield axis, Lit(entry)
        axis += _depth(entry, eqn)


def _depth(entry: Any, eqn: Eqn) -> int:
    if entry is None or entry is Ellipsis:
        return 0
    if isinstance(entry, Slot) and eqn.operands[entry.position].type.dtype.kind == "b":
        return rank(eqn.operands[entry.position].type)
    return 1
