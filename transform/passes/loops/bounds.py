"""Indices that may be out of bounds are checked: compiled code would read what is beside the array.

    for i in range(n):                          if A.shape[1] < n: raise IndexError
        for j in range(i + 1):      --->        for i in range(n):
            s += A[i, j]                            for j in range(i + 1):
                                                        s += A[i, j]

An index is surely inside where it is that of a loop over no more than the array's length, plus or minus what
the loop's own bounds leave room for. What is done in each iteration is checked before all loops around it,
and once for both sweeps.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from ...ir import Atom, Eqn, For, Function, Lit, Statement, Var, map_regions, walk
from ...rules.index import INDEX_AT
from ...types import Array, Size
from .checks import Check, check_of_all, checks_in_views
from .limits import Limits, Sum, indices_of

__all__ = ["bounded"]


def bounded(function: Function) -> Function:
    """The function with an IndexError where an index may be out of bounds."""
    return replace(function, body=tuple(_Checks(function).block(function.body, _Known())))


Fact = tuple[Sum, Size]
"""An index that is inside an axis of that length."""


@dataclass
class _Known:
    """What has been checked where a statement stands."""

    facts: set[Fact] = field(default_factory=set)
    checks: list[Check] = field(default_factory=list)
    """Those of loops, which say something of other loops."""

    def copy(self) -> _Known:
        return _Known(set(self.facts), list(self.checks))


class _Checks:
    def __init__(self, function: Function) -> None:
        self.limits = Limits(function)
        self.inside: dict[Statement, set[Fact]] = {}
        """What has been checked before a loop, or before one around it, of what its body does each time."""

    def block(self, body: Sequence[Statement], known: _Known) -> Iterator[Statement]:
        known = known.copy()
        for statement in body:
            if isinstance(statement, Eqn):
                yield from self.checks(statement, known)
                yield statement
                continue
            if isinstance(statement, For):
                yield from self.before(statement, known)
            inner = known.copy()
            inner.facts |= self.inside.get(statement, set())
            yield map_regions(statement, functools.partial(self.block, known=inner))

    def checks(self, eqn: Eqn, known: _Known) -> Iterator[Statement]:
        for axis, index in self.doubtful(eqn, known.facts):
            if isinstance(index.type, Array):
                yield check_of_all(eqn, axis, index)
            elif not self.follows(check := self.check(eqn, axis, index), known.checks):
                yield check.statement(self.limits)
        yield from checks_in_views(eqn)

    def check(self, eqn: Eqn, axis: int, index: Atom) -> Check:
        array, place = eqn.operands[0], self.limits.sum(index)
        assert isinstance(array, Var)
        return Check(eqn, array, axis, place, place)

    def before(self, loop: For, known: _Known) -> Iterator[Statement]:
        """The checks of a loop's indices, done once: what is raised too early is raised all the same."""
        made: list[Check] = []
        for home, fact, check in self.outside(loop, known.facts):
            self.inside.setdefault(home, set()).add(fact)
            if any(check.doubts(self.limits)) and not self.follows(check, [*known.checks, *made]):
                made = [each for each in made if not each.follows(check, self.limits)]
                made.append(check)
        known.checks += made
        yield from (check.statement(self.limits) for check in made)

    def follows(self, check: Check, known: Sequence[Check]) -> bool:
        return any(check.follows(each, self.limits) for each in known)

    def outside(self, loop: For, facts: set[Fact]) -> Iterator[tuple[For, Fact, Check]]:
        """What is done in each iteration of a loop, or of one in it, with the check before the loop."""
        if not isinstance(loop.step, Lit) or abs(loop.step.value) != 1 or _does_more(loop):
            return
        facts = facts | self.inside.get(loop, set())
        for statement in loop.body.body:
            found: Iterator[tuple[For, Fact, Check]] = iter(())
            if isinstance(statement, Eqn):
                found = self.accesses(statement, loop, facts)
            elif isinstance(statement, For):
                found = self.outside(statement, facts)
            for home, fact, check in found:
                before = check.before(loop, self.limits)
                if before is not None:
                    yield home, fact, before

    def accesses(self, eqn: Eqn, loop: For, facts: set[Fact]) -> Iterator[tuple[For, Fact, Check]]:
        for axis, index in self.doubtful(eqn, facts):
            if not isinstance(index.type, Array):
                check = self.check(eqn, axis, index)
                yield loop, (check.low, check.size), check

    def doubtful(self, eqn: Eqn, facts: set[Fact]) -> Iterator[tuple[int, Atom]]:
        """What an equation reads or writes, where that is not surely inside; from then on it is."""
        array = eqn.operands[0] if eqn.operands else None
        if not isinstance(array, Var) or not isinstance(array.type, Array):
            return
        if eqn.primitive.name not in INDEX_AT:
            return
        for axis, index in indices_of(eqn):
            many = isinstance(index.type, Array)
            fact = ((index, 0) if many else self.limits.sum(index), array.type.dims[axis])
            if fact not in facts and (many or any(self.check(eqn, axis, index).doubts(self.limits))):
                facts.add(fact)
                yield axis, index


def _does_more(loop: For) -> bool:
    """Whether a loop does something that must not be left out where an error is raised before it."""
    equations = (each for each in walk([loop]) if isinstance(each, Eqn) and each.primitive.effect)
    return any("raises" not in each.params for each in equations)
