"""Loops of a reverse sweep that run upwards, where the order of the iterations does not matter.

    for k in reversed(range(j)):                    for k in range(j):
        L_bar[j, k] -= s_bar * L[i, k]     --->         L_bar[j, k] -= s_bar * L[i, k]
        L_bar[i, k] -= s_bar * L[j, k]                  L_bar[i, k] -= s_bar * L[j, k]

The text is that of the primal's loop, and a compiler does several iterations at once. It does not matter
where iterations only add to what they share (the sums are rounded differently), or where each has elements
of its own: along some axis its index is the loop's, or the loop's plus a number.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any

from ...ir import (
    Atom,
    Eqn,
    For,
    Function,
    If,
    Lit,
    Region,
    Statement,
    Sweep,
    Var,
    While,
    atoms_of,
    has_effect,
    map_regions,
)
from ...types import Array, Scalar
from ..memory import defined_in
from .limits import Limits, Sum, indices_of

__all__ = ["are_apart", "upwards"]


def upwards(function: Function) -> Function:
    """The function with loops upwards where that gives the same."""
    return replace(function, body=tuple(_block(function.body, Limits(function))))


def _block(body: Sequence[Statement], limits: Limits) -> Iterator[Statement]:
    for statement in body:
        inner = map_regions(statement, functools.partial(_block, limits=limits))
        if isinstance(inner, For) and _runs_down(inner) and _in_any_order(inner, limits):
            inner = replace(inner, reverse=False)
        yield inner


def _runs_down(loop: For) -> bool:
    """What the forward sweep computes is left as the program has it."""
    upwards = isinstance(loop.step, Lit) and loop.step.value > 0
    return loop.reverse and upwards and loop.sweep is not Sweep.FORWARD


def _in_any_order(loop: For, limits: Limits) -> bool:
    """Whether iterations give the same in any order, but for rounding."""
    if has_effect(loop):
        return False
    uses = _Uses(loop)
    return uses.are_known and all(_commute(each, loop, limits) for each in uses.accesses)


def are_apart(loop: For, limits: Limits) -> bool:
    """Whether each iteration writes to elements of its own, which no other one reads, and to nothing else."""
    if has_effect(loop):
        return False
    uses = _Uses(loop)
    numbers = any(isinstance(each.type, Scalar) for each in uses.versions)
    return uses.are_known and not numbers and all(_are_own(each, loop, limits) for each in uses.accesses)


def _are_own(accesses: Sequence[_Access], loop: For, limits: Limits) -> bool:
    if all(access.kind == "getitem" for access in accesses):
        return True
    axes = set[int]().union(*(access.places for access in accesses))
    return any(_apart(accesses, axis, loop, limits, shares=False) for axis in axes)


@dataclass(frozen=True)
class _Access:
    """A read of an element, a store to one ("getitem", "store"), or something added to it ("index_add")."""

    kind: str
    places: dict[int, Atom]
    """The index by axis, where there is one."""


class _Uses:
    """What a loop's body does with each value that it carries; `are_known` if it is nothing else.

    After `own` each array that is written to is carried and has its buffer for itself.
    """

    def __init__(self, loop: For) -> None:
        params, results = loop.body.params[1:], loop.body.results
        changed = [k for k, result in enumerate(results) if result is not params[k]]
        self.versions: dict[Atom, int] = {params[k]: k for k in changed}
        """What each name of a carried value, as it is then, is a newer version of."""
        self.accesses: list[list[_Access]] = [[] for _ in params]
        self.are_known = self.block(loop.body.body) and all(
            self.versions.get(results[k]) == k for k in changed
        )

    def block(self, body: Sequence[Statement]) -> bool:
        return all(map(self.statement, body))

    def statement(self, statement: Statement) -> bool:
        match statement:
            case Eqn():
                return self.equation(statement)
            case If(targets, condition, then, orelse):
                known = condition not in self.versions and self.block(then.body) and self.block(orelse.body)
                return known and self.hand_on(then.results, orelse.results, targets)
            case For(init=init, body=body, targets=targets):
                bounds = atoms_of(statement)[:3]
                return self.versions.keys().isdisjoint(bounds) and self.region(
                    body, body.params[1:], init, targets
                )
            case While(targets, init, condition, body):
                (tested,) = condition.results
                known = self.hand_on(init, init, condition.params) and self.block(condition.body)
                return known and tested not in self.versions and self.region(body, body.params, init, targets)

    def region(
        self, body: Region, params: Sequence[Var], init: Sequence[Atom], targets: Sequence[Var]
    ) -> bool:
        """The body of a loop in the loop."""
        known = self.hand_on(init, init, params) and self.block(body.body)
        return known and self.hand_on(init, body.results, targets)

    def hand_on(self, one: Sequence[Atom], other: Sequence[Atom], targets: Sequence[Var]) -> bool:
        """Let targets be what both are; False where that is not the same carried value, if any."""
        for a, b, target in zip(one, other, targets, strict=True):
            if self.versions.get(a) != self.versions.get(b):
                return False
            if a in self.versions:
                self.versions[target] = self.versions[a]
        return True

    def equation(self, eqn: Eqn) -> bool:
        shapes = eqn.primitive.shape_only
        used = [k for k, each in enumerate(eqn.operands) if each in self.versions and k not in shapes]
        if not used:
            return True
        name, first = eqn.primitive.name, eqn.operands[used[0]]
        if len(used) > 1:
            return False
        if isinstance(first.type, Scalar):
            self.versions[eqn.target] = self.versions[first]
            return name == "add" or (name == "sub" and used == [0])
        if name not in ("getitem", "store", "index_add") or used != [0] or not isinstance(first.type, Array):
            return False
        if name != "getitem":
            self.versions[eqn.target] = self.versions[first]
        elif not isinstance(eqn.target.type, Scalar):
            return False
        places = {} if "prefix" in eqn.params else dict(indices_of(eqn, len(first.type.dims)))
        self.accesses[self.versions[first]].append(_Access(name, places))
        return True


def _commute(accesses: Sequence[_Access], loop: For, limits: Limits) -> bool:
    """Whether what iterations do with an array may be done in any order."""
    if len({access.kind for access in accesses} - {"store"}) <= 1 and not _stores(accesses):
        return True
    axes = set[int]().union(*(access.places for access in accesses))
    return any(_apart(accesses, axis, loop, limits) for axis in axes)


def _stores(accesses: Sequence[_Access]) -> bool:
    return any(access.kind == "store" for access in accesses)


def _apart(accesses: Sequence[_Access], axis: int, loop: For, limits: Limits, shares: bool = True) -> bool:
    """Whether along an axis each iteration has elements of its own.

    There may be others that all only read, or, where it `shares` them, only add to, if none of them is any
    iteration's own.
    """
    index = loop.body.params[0]
    own: set[Sum] = set()
    shared: list[_Access] = []
    for access in accesses:
        place = limits.sum(access.places[axis]) if axis in access.places else None
        if place is not None and place[0] is index:
            own.add(place)
        else:
            shared.append(access)
    if len(own) != 1 or not all(map(limits.is_counted, own)):
        return False
    kinds = {access.kind for access in shared}
    if kinds and kinds != {"getitem"} and not (shares and kinds == {"index_add"}):
        return False
    (place,) = own
    inside = defined_in([loop.body])
    return all(
        axis in each.places and _differ(limits.sum(each.places[axis]), place, inside, limits)
        for each in shared
    )


def _differ(a: Sum, b: Sum, inside: Set[Any], limits: Limits) -> bool:
    """Whether two indices are never the same element, in whichever iterations: -1 is the last element."""
    if not (limits.is_counted(a) and limits.is_counted(b)):
        return False
    after_a, after_b = (a[0], a[1] + 1), (b[0], b[1] + 1)
    return limits.is_at_most(after_a, b, inside) or limits.is_at_most(after_b, a, inside)
