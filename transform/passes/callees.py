"""The functions that a function calls: those that are missing are derived, those that nothing calls go.

    y = g(x)               --->     y, y_dot = g_tangent(x, x_dot)
                                    x_bar = g_adjoint(x, y_bar)

A derivative calls derivatives of what its primal calls. They are made one after the other, each once, so
recursion needs nothing of its own. An adjoint runs the forward sweep of its function again: a call is a
checkpoint, and what is recorded for it are the arguments (joint reversal; Griewank and Walther, Evaluating
Derivatives, 2nd ed., section 12.2).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from ..ir import About, Callee, Eqn, Function, Statement, walk
from ..rules.callees import CALL, callee_of
from ..types import is_inexact
from .own import own

__all__ = ["completed", "is_recursive"]

Derive = Callable[[Function, Callee], Function]


def completed(function: Function, derive: Derive) -> Function:
    """The function with all that it calls, what others call before them; `derive` makes what is not known."""
    table = dict(function.callees)
    order: dict[Callee, Function] = {}
    visiting: set[Callee] = set()

    def function_of(callee: Callee) -> Function:
        if callee not in table:
            table[callee] = _signed(derive(_chosen(function_of(callee.of), callee), callee), callee, table)
        return table[callee]

    def visit(callee: Callee) -> None:
        if callee in order or callee in visiting:
            return
        visiting.add(callee)
        body = function_of(callee).body
        for inner in _called(body):
            visit(inner)
        # What a primal returns must not be what it was given: its callers take it for their own.
        order[callee] = table[callee] if callee.mode else own(table[callee])

    for callee in _called(function.body):
        visit(callee)
    return replace(function, callees=order) if order or function.callees else function


def is_recursive(function: Function) -> bool:
    """Whether a function that it calls calls itself, directly or through others."""
    open_: set[Callee] = set()
    done: set[Callee] = set()

    def cycle(callee: Callee) -> bool:
        if callee in done or callee in open_:
            return callee in open_
        open_.add(callee)
        found = any(map(cycle, _called(function.callees[callee].body)))
        open_.remove(callee)
        done.add(callee)
        return found

    return any(map(cycle, function.callees))


def _called(body: tuple[Statement, ...]) -> Iterator[Callee]:
    for statement in walk(body):
        if isinstance(statement, Eqn) and statement.primitive.name == CALL:
            yield callee_of(statement)


def _chosen(primal: Function, callee: Callee) -> Function:
    """The primal with the results that have adjoints."""
    if callee.mode == "tangent":
        return primal
    return replace(primal, results=tuple(primal.results[k] for k in callee.results))


def _signed(derived: Function, callee: Callee, table: Mapping[Callee, Function]) -> Function:
    """A derivative as others call it: leaves in, leaves out, with its banner."""
    primal = table[callee.of]
    results = derived.results
    if callee.mode == "tangent":
        count = len(primal.results)
        dots = (dot for dot, y in zip(results[count:], primal.results, strict=True) if is_inexact(y.type))
        results = (*results[:count], *dots)
    given = derived.params[len(primal.params) :]
    place = f"{primal.origin.file}:{primal.origin.line}" if primal.origin is not None else ""
    inactive = tuple(param.name for k, param in enumerate(primal.params) if k not in callee.wrt)
    about = About(callee.mode, primal.name, place, given, inactive)
    return replace(
        derived, name=callee.name, inputs=(), output=None, results=results, about=about, callees={}
    )
