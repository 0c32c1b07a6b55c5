"""Which arrays the names that a loop carries may be bound to, from one iteration to the next.

for k in range(n):
    v[:] = step(u)
    u, v = v, u

At the head of an iteration u and v are the two arrays, in one order or the other: a write to v is none to u,
but to what either was before the loop.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import combinations
from typing import Any

from ..ir import Atom, Var
from ..rules.build import Value
from ..types import FLOAT
from .memory import Memory

__all__ = ["Key", "Sharing"]

Key = tuple[int, Any, int]
"""A number in a place: the place, and which of its numbers."""


class Sharing:
    """What is known of the arrays that one loop carries under names, items and attributes.

    `apart`: at the head of any iteration they are different arrays.
    """

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self.apart = True
        self._outside: dict[Key, set[Atom]] = {}
        self._passed: dict[Key, set[Key]] = {}
        self._heads: dict[Atom, Key] = {}

    def starts(self, key: Key, init: Any) -> None:
        """Note what a place holds before the loop."""
        found = self._outside.setdefault(key, {Var("array", FLOAT)})  # itself, for what an iteration makes
        if isinstance(init, Value) and init.is_array:
            found |= self._may_be(init)

    def begin(self, arrays: Mapping[Key, Value]) -> None:
        """Begin an iteration in which the places hold these params."""
        self._heads = {value.first_atom: key for key, value in arrays.items()}
        starts = [self._outside[key] for key in arrays]
        if any(a & b for a, b in combinations(starts, 2)):
            self.apart = False
        self.hold(arrays)

    def hold(self, arrays: Mapping[Key, Value]) -> None:
        """Note what the values in the places may be, at the head of an iteration or after the loop."""
        for key, value in arrays.items():
            self.memory.may_be_any(value, self._sources(key))
        if self.apart and len(arrays) > 1:
            self.memory.apart(list(arrays.values()))

    def _sources(self, key: Key) -> set[Atom]:
        """The arrays outside that a name may be bound to in some iteration."""
        seen, pending = {key}, [key]
        while pending:
            for other in self._passed.get(pending.pop(), ()):
                if other not in seen:
                    seen.add(other)
                    pending.append(other)
        return {atom for each in seen for atom in self._outside.get(each, ())}

    def ends(self, ends: Mapping[Key, Any], before: Collection[Atom]) -> bool:
        """Note what the names are bound to at the end of an iteration; whether that was not known."""
        news = False
        found: dict[Key, tuple[Atom, frozenset[Atom]]] = {}
        for key, end in ends.items():
            if not isinstance(end, Value) or not end.is_array:
                continue
            first = self.memory.object(self.memory.origin(end).first_atom)
            found[key] = (first, self._may_be(end))
            self.starts(key, None)
            passed, outside = self._passed.setdefault(key, set()), self._outside[key]
            if first in self._heads:
                more: set[Any] = {self._heads[first]} - passed
                passed |= more
            else:
                more = {atom for atom in found[key][1] if atom in before} - outside
                outside |= more
            news |= bool(more)
        for (one, a), (other, b) in combinations(found.items(), 2):
            if self._may_meet(a, b):
                news |= self.apart or not {one, other} <= self._passed[one] | self._passed[other]
                self.apart = False
                self._passed[one].add(other)
                self._passed[other].add(one)
        return news

    def _may_meet(self, a: tuple[Atom, frozenset[Atom]], b: tuple[Atom, frozenset[Atom]]) -> bool:
        """Whether two places may hold one array at the end of an iteration."""
        if a[0] in self._heads and b[0] in self._heads:
            return a[0] is b[0]
        return a[0] is b[0] or bool(a[1] & b[1])

    def _may_be(self, value: Value) -> frozenset[Atom]:
        return self.memory.may_be(self.memory.object(self.memory.root(value).first_atom))
