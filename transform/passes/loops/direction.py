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
from collections.abc import Iterator, Sequence
from dataclasses import replace

from ...ir import For, Function, Lit, Statement, Sweep, has_effect, map_regions
from ...types import Scalar
from ..memory import defined_in
from .limits import Limits, Sum
from .uses import Access, Uses, differ

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
    uses = Uses(loop, _changed(loop))
    return uses.are_known and all(_commute(each, loop, limits) for each in uses.accesses.values())


def _changed(loop: For) -> list[int]:
    """Which of the values that a loop carries are others after an iteration."""
    params = loop.body.params[1:]
    return [k for k, result in enumerate(loop.body.results) if result is not params[k]]


def are_apart(loop: For, limits: Limits) -> bool:
    """Whether each iteration writes to elements of its own, which no other one reads, and to nothing else."""
    if has_effect(loop):
        return False
    uses = Uses(loop, _changed(loop))
    numbers = any(isinstance(each.type, Scalar) for each in uses.versions)
    accesses = uses.accesses.values()
    return uses.are_known and not numbers and all(_are_own(each, loop, limits) for each in accesses)


def _are_own(accesses: Sequence[Access], loop: For, limits: Limits) -> bool:
    if all(access.kind == "getitem" for access in accesses):
        return True
    axes = set[int]().union(*(access.places for access in accesses))
    return any(_apart(accesses, axis, loop, limits, shares=False) for axis in axes)


def _commute(accesses: Sequence[Access], loop: For, limits: Limits) -> bool:
    """Whether what iterations do with an array may be done in any order."""
    if len({access.kind for access in accesses} - {"store"}) <= 1 and not _stores(accesses):
        return True
    axes = set[int]().union(*(access.places for access in accesses))
    return any(_apart(accesses, axis, loop, limits) for axis in axes)


def _stores(accesses: Sequence[Access]) -> bool:
    return any(access.kind == "store" for access in accesses)


def _apart(accesses: Sequence[Access], axis: int, loop: For, limits: Limits, shares: bool = True) -> bool:
    """Whether along an axis each iteration has elements of its own.

    There may be others that all only read, or, where it `shares` them, only add to, if none of them is any
    iteration's own.
    """
    index = loop.body.params[0]
    own: set[Sum] = set()
    shared: list[Access] = []
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
        axis in each.places and differ(limits.sum(each.places[axis]), place, limits, inside)
        for each in shared
    )
