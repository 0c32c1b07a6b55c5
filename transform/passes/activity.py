"""Which values carry a derivative: those that depend on the inputs asked for and reach a result."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence

from ..ir import Atom, Eqn, For, Function, If, Region, Statement, Var, While
from ..types import is_inexact

__all__ = ["active", "carried", "varied"]


def active(function: Function, wrt: Collection[int]) -> frozenset[Var]:
    """Varied and useful: depends on `params[k]`, k in wrt, and is read on the way to a result.

    a = x ** 2; b = a > 1; c = 3 * y; return a * c      wrt x: {x, a, a * c}
    """
    reached: set[Var] = {result for result in function.results if isinstance(result, Var)}
    _until_stable(_mark_useful, function.body, reached)
    return varied(function, wrt) & reached


def varied(function: Function, wrt: Collection[int]) -> frozenset[Var]:
    """The values that depend differentiably on `params[k]`, k in wrt."""
    moving = {function.params[k] for k in wrt if is_inexact(function.params[k].type)}
    _until_stable(_mark_varied, function.body, moving)
    return frozenset(moving)


def _until_stable(
    mark: Callable[[Sequence[Statement], set[Var]], None], body: Sequence[Statement], found: set[Var]
) -> None:
    """Mark until nothing new is found: what an iteration hands on to the next may need another look.

    The whole body each time, not each loop by itself: nested loops would multiply.
    """
    before = -1
    while len(found) != before:
        before = len(found)
        mark(body, found)


def _mark_varied(body: Sequence[Statement], moving: set[Var]) -> None:
    for statement in body:
        match statement:
            case Eqn(primitive=primitive):
                if not primitive.constant and not moving.isdisjoint(_read(statement)):
                    moving.update(target for target in statement.targets if is_inexact(target.type))
            case If(targets, _, then, orelse):
                for region in (then, orelse):
                    _mark_varied(region.body, moving)
                    _pass_on(region.results, targets, moving)
            case For() | While():
                _mark_varied_loop(statement, moving)


def _mark_varied_loop(loop: For | While, moving: set[Var]) -> None:
    """What is carried varies if its first value does, or the value that an iteration hands on."""
    params = carried(loop)
    _pass_on(loop.init, params, moving)
    _mark_varied(loop.body.body, moving)
    _pass_on(loop.body.results, params, moving)
    _pass_on(params, loop.targets, moving)


def _pass_on(sources: Sequence[Atom], targets: Sequence[Var], moving: set[Var]) -> None:
    for source, target in zip(sources, targets, strict=True):
        if source in moving and is_inexact(target.type):
            moving.add(target)


def _mark_useful(body: Sequence[Statement], reached: set[Var]) -> None:
    for statement in reversed(body):
        match statement:
            case Eqn(primitive=primitive):
                if not primitive.constant and not reached.isdisjoint(statement.targets):
                    reached.update(_read(statement))
            case If(targets, _, then, orelse):
                for region in (then, orelse):
                    _mark_results(targets, region, reached)
                    _mark_useful(region.body, reached)
            case For() | While():
                _mark_useful_loop(statement, reached)


def _mark_useful_loop(loop: For | While, reached: set[Var]) -> None:
    params = carried(loop)
    _mark_results(loop.targets, loop.body, reached)
    _mark_results(params, loop.body, reached)
    _mark_useful(loop.body.body, reached)
    for param, target, init in zip(params, loop.targets, loop.init, strict=True):
        if isinstance(init, Var) and (param in reached or target in reached):
            reached.add(init)


def _mark_results(targets: Sequence[Var], region: Region, reached: set[Var]) -> None:
    for target, result in zip(targets, region.results, strict=True):
        if target in reached and isinstance(result, Var):
            reached.add(result)


def _read(eqn: Eqn) -> Iterator[Var]:
    """The operands of which more than the shape is read."""
    for k, atom in enumerate(eqn.operands):
        if isinstance(atom, Var) and k not in eqn.primitive.shape_only:
            yield atom


def carried(loop: For | While) -> tuple[Var, ...]:
    """The params of a loop's body that hold the values it carries."""
    return loop.body.params[1:] if isinstance(loop, For) else loop.body.params
