"""Loops that run once as what they do.

for j in range(1):
    t[i, j] = a * b         --->     t[i, 0] = a * b
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from ...ir import Eqn, For, Function, Lit, Statement, map_regions, substitute

__all__ = ["unrolled"]


def unrolled(function: Function) -> Function:
    """The function without loops over one index."""
    known: dict[Any, Any] = {}
    body = tuple(_block(function.body, known))
    return replace(function, body=body, results=tuple(known.get(each, each) for each in function.results))


def _block(body: Sequence[Statement], known: dict[Any, Any]) -> Iterator[Statement]:
    def new(atom: Any) -> Any:
        while atom in known:
            atom = known[atom]
        return atom

    def inside(inner: Sequence[Statement]) -> Iterator[Statement]:
        return _block(inner, known)

    for statement in body:
        if not (isinstance(statement, For) and _runs_once(statement)):
            made = substitute(map_regions(statement, inside), new)
            if isinstance(made, Eqn) and (value := _value(made)) is not None:
                known[made.target] = Lit(value)
            else:
                yield made
            continue
        index, *params = statement.body.params
        known[index] = statement.start
        known |= zip(params, statement.init, strict=True)
        yield from _block(statement.body.body, known)
        known |= zip(statement.targets, statement.body.results, strict=True)


def _value(eqn: Eqn) -> int | None:
    """The place that an index and what is added to it make, where both are known."""
    match eqn.primitive.name, eqn.operands:
        case "add", (Lit(value=int(a)), Lit(value=int(b))) if eqn.target.temporary:
            return a + b
    return None


def _runs_once(loop: For) -> bool:
    start, stop, step = loop.start, loop.stop, loop.step
    if not (isinstance(start, Lit) and isinstance(stop, Lit) and isinstance(step, Lit)):
        return False
    return len(range(start.value, stop.value, step.value)) == 1
