"""Names for the functions that a function calls, the same wherever one is called."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from ..ir import Callee, Eqn, Function, Statement, map_regions, walk
from ..names import NUMBERED
from ..rules.callees import CALL, callee_of, calling
from .signature import inputs_of

__all__ = ["calls_itself", "named_apart"]


def calls_itself(function: Function) -> bool:
    """Whether one of its calls is of its own name."""
    return any(
        isinstance(s, Eqn) and s.primitive.name == CALL and callee_of(s).name == function.name
        for s in walk(function.body)
    )


def named_apart(function: Function, reserved: Iterable[str] = ()) -> Function:
    """The function and those it calls, each under a name that nothing else has."""
    if not function.callees:
        return function
    taken = {function.name, *reserved, *_used(function)}
    for each in function.callees.values():
        taken.update(_used(each))
    named: dict[Callee, Callee] = {}
    for callee in function.callees:
        name, count = callee.name, 1
        while name in taken:
            count += 1
            name = NUMBERED.format(callee.name, count)
        taken.add(name)
        named[callee] = replace(callee, name=name)
    functions = {
        named[callee]: replace(each, name=named[callee].name, body=_calling(each.body, named))
        for callee, each in function.callees.items()
    }
    return replace(function, body=_calling(function.body, named), callees=functions)


def _used(function: Function) -> Iterator[str]:
    """The names of its parameters, and of what its equations refer to, other calls aside."""
    yield from (each.name for each in inputs_of(function))
    for statement in walk(function.body):
        if isinstance(statement, Eqn) and statement.primitive.name != CALL:
            yield from statement.primitive.refers


def _calling(body: tuple[Statement, ...], named: dict[Callee, Callee]) -> tuple[Statement, ...]:
    def changed(statement: Statement) -> Statement:
        if isinstance(statement, Eqn):
            if statement.primitive.name != CALL:
                return statement
            return replace(statement, primitive=calling(named[callee_of(statement)]))
        return map_regions(statement, lambda inner: map(changed, inner))

    return tuple(map(changed, body))
