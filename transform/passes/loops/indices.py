"""Sums of an index and numbers as one sum: `(i + 1) + 1` is `i + 2`, so that equal places look equal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ...ir import Atom, Eqn, Function, Lit, Statement, Var, map_regions
from ...rules.registry import PRIMITIVES

__all__ = ["folded", "plus"]

Sum = tuple[Atom, int]


def folded(function: Function) -> Function:
    """The function with sums of an int and numbers folded."""
    sums: dict[Var, Sum] = {}
    return replace(function, body=tuple(_block(function.body, sums)))


def plus(eqn: Eqn) -> Sum | None:
    """A value and the number that an equation adds to it; None for any other equation."""
    match eqn.primitive.name, eqn.operands:
        case "add", (Var() as x, Lit(value=int(by))):
            return x, by
        case "add", (Lit(value=int(by)), Var() as x):
            return x, by
        case "sub", (Var() as x, Lit(value=int(by))):
            return x, -by
    return None


def _block(body: Sequence[Statement], sums: dict[Var, Sum]) -> Iterator[Statement]:
    for statement in body:
        if not isinstance(statement, Eqn):
            yield map_regions(statement, lambda region: _block(region, sums))
            continue
        found = plus(statement) if statement.target.type.dtype.kind == "i" else None
        if found is not None:
            base, offset = found
            first, more = sums.get(base, (base, 0))  # type: ignore[arg-type]
            sums[statement.target] = first, offset + more
            if first is not base and offset + more >= 0:
                operands = (first, Lit(offset + more))
                statement = replace(statement, primitive=PRIMITIVES["add"], operands=operands)
        yield statement
