"""Loops whose iterations threads may share: the outermost of which no iteration needs another one.

    for i in range(n - 2):                          for i in numba.prange(n - 2):
        x_bar[i + 1] = s_bar * (u[i] - v[i])  --->      x_bar[i + 1] = s_bar * (u[i] - v[i])

Each iteration writes to rows of its own. A loop that adds to places that only run time knows, x_bar[k[i]],
or to a number, stays as it is: two threads would add to the same one at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ...ir import For, Function, Lit, Statement, map_regions
from .direction import are_apart
from .limits import Limits

__all__ = ["may_be_shared", "shared_by_threads"]


def shared_by_threads(function: Function) -> Function:
    """The function with parallel loops."""
    return replace(function, body=tuple(_block(function.body, Limits(function))))


def _block(body: Sequence[Statement], limits: Limits) -> Iterator[Statement]:
    for statement in body:
        if isinstance(statement, For) and may_be_shared(statement, limits):
            yield replace(statement, parallel=True)
        else:
            yield map_regions(statement, lambda inner: _block(inner, limits))


def may_be_shared(loop: For, limits: Limits) -> bool:
    """Whether no iteration needs another one, in a loop that counts by one: Numba shares no others."""
    by_one = isinstance(loop.step, Lit) and loop.step.value == 1 and not loop.reverse
    return by_one and are_apart(loop, limits)
