"""A number that a loop carries before it has one is 0 meanwhile: Numba's variables have one type.

result = None                              result = 0.0
while going:                               while going:
    if u > limit:               --->           if u > limit:
        result = u                                 result = u

Nothing reads it there: what may read it without a value raises before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ...ir import Eqn, For, Function, If, Lit, Region, Statement, While, walk
from ...types import Scalar

__all__ = ["with_zeros"]


def with_zeros(function: Function) -> Function:
    """The function with zeros for the numbers that loops carry and that have no value yet."""
    unbound = {
        statement.target: Lit(statement.target.type.dtype.type(0).item())
        for statement in walk(function.body)
        if isinstance(statement, Eqn)
        and statement.primitive.name == "undefined"
        and isinstance(statement.target.type, Scalar)
    }
    return replace(function, body=_block(function.body, unbound, False)) if unbound else function


def _block(body: Sequence[Statement], unbound: Any, carried: bool) -> tuple[Statement, ...]:
    """The statements of a body; `carried` where a loop carries what its branches result in."""

    def region(old: Region, carried: bool) -> Region:
        results = tuple(unbound.get(each, each) for each in old.results) if carried else old.results
        return Region(old.params, _block(old.body, unbound, carried), results)

    done: list[Statement] = []
    for statement in body:
        match statement:
            case If(then=then, orelse=orelse):
                statement = replace(statement, then=region(then, carried), orelse=region(orelse, carried))
            case For() | While():
                init = tuple(unbound.get(each, each) for each in statement.init)
                statement = replace(statement, init=init, body=region(statement.body, True))
        done.append(statement)
    return tuple(done)
