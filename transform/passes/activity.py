"""Which values carry a derivative: those that depend on the inputs asked for and reach a result."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ..errors import UnsupportedError
from ..ir import Atom, Eqn, Function, If, Region, Statement, Var, regions_of
from ..types import is_inexact

__all__ = ["active", "varied"]


def active(function: Function, wrt: Collection[int]) -> frozenset[Var]:
    """Varied and useful: depends on `params[k]`, k in wrt, and is read on the way to a result.

    a = x ** 2; b = a > 1; c = 3 * y; return a * c      wrt x: {x, a, a * c}
    """
    reached: set[Var] = {result for result in function.results if isinstance(result, Var)}
    _mark_useful(function.body, reached)
    return varied(function, wrt) & reached


def varied(function: Function, wrt: Collection[int]) -> frozenset[Var]:
    """The values that depend differentiably on `params[k]`, k in wrt."""
    moving = {function.params[k] for k in wrt if is_inexact(function.params[k].type)}
    _mark_varied(function.body, moving)
    return frozenset(moving)


def _mark_varied(body: Sequence[Statement], moving: set[Var]) -> None:
    for statement in body:
        match statement:
            case Eqn(target, primitive, operands):
                if not primitive.constant and is_inexact(target.type) and not moving.isdisjoint(operands):
                    moving.add(target)
            case If(targets, _, then, orelse):
                for region in (then, orelse):
                    _mark_varied(region.body, moving)
                    moving.update(
                        target
                        for target, result in zip(targets, region.results, strict=True)
                        if result in moving and is_inexact(target.type)
                    )
            case _:
                raise _no_loops(statement)


def _mark_useful(body: Sequence[Statement], reached: set[Var]) -> None:
    for statement in reversed(body):
        if reached.isdisjoint(statement.targets):
            continue
        match statement:
            case Eqn(primitive=primitive, operands=operands):
                if not primitive.constant:
                    reached.update(_variables(operands))
            case If(targets, _, then, orelse):
                for region in (then, orelse):
                    _mark_results(targets, region, reached)
                    _mark_useful(region.body, reached)
            case _:
                raise _no_loops(statement)


def _mark_results(targets: Sequence[Var], region: Region, reached: set[Var]) -> None:
    for target, result in zip(targets, region.results, strict=True):
        if target in reached and isinstance(result, Var):
            reached.add(result)


def _variables(atoms: Sequence[Atom]) -> list[Var]:
    return [atom for atom in atoms if isinstance(atom, Var)]


def _no_loops(statement: Statement) -> UnsupportedError:
    kind = type(statement).__name__.lower()
    return UnsupportedError(
        f"a run-time '{kind}' loop has no derivative yet ({len(regions_of(statement))} regions)",
        "Write the loop as array operations.",
        statement.origin,
    )
