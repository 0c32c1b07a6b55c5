"""A function of structures becomes an entry, which takes them apart, and a kernel of numbers and arrays.

    def f(p, n, s_bar=1.0):                def f_kernel(W, b, n, s_bar, scale):
        W, b = p["W"], p["b"]                  ...
        ...                        --->        return W_bar, b_bar
        return {"W": W_bar, "b": b_bar}
                                           def f(p, n, s_bar=1.0):
                                               W_bar, b_bar = f_kernel(p["W"], p["b"], n, s_bar, scale)
                                               return {"W": W_bar, "b": b_bar}

The kernel takes its leaves one by one, all of them required, then the values captured from outside by it or
by what it calls, so that none of them is frozen into its compiled code.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..ir import Callee, Eqn, Function, Input, Lit, Slot, Statement, Var, map_regions, walk
from ..names import KERNEL, NUMBERED, identifier
from ..rules.callees import CALL, callee_of, calling
from ..types import INT
from .promotion import cast, is_boxed_otherwise, is_single

__all__ = ["entry_of", "kernel_of"]


def kernel_of(function: Function) -> Function:
    """The function of leaves and captured values, which returns one leaf or a tuple of leaves."""
    captured = _captured(function)
    callees = {
        callee: _with_captures(replace(each, callees={}), captured[callee], captured)
        for callee, each in function.callees.items()
    }
    kernel = _with_captures(function, captured[None], captured)
    # A function that returns nothing that is computed is still called.
    results = function.results or (Lit(0),)
    return replace(
        kernel,
        name=KERNEL.format(function.name),
        output=None,
        results=results,
        callees=callees,
    )


def entry_of(function: Function, kernel: Function) -> Function:
    """The function with the signature of `function`, which calls the kernel."""
    callee = Callee(kernel.name, kernel)
    values = {var: value for each in (*function.callees.values(), function) for var, value in each.captures}
    captured = _captured(function)[None]
    arguments = (*function.params, *captured)
    targets = tuple(
        Var(getattr(atom, "name", "t"), atom.type, temporary=isinstance(atom, Lit))
        for atom in function.results
    ) or (Var("t", INT, temporary=True),)
    first, *others = targets
    given = {position: cast(function.params[position], dtype) for position, dtype in _defaults(function)}
    arguments = tuple(given[k].target if k in given else each for k, each in enumerate(arguments))
    call = Eqn(first, calling(callee), arguments, {"type": first.type}, function.origin, others=tuple(others))
    returned = {
        target: cast(target, target.type.dtype)
        for target in targets
        if is_boxed_otherwise(target.type) or is_single(target.type)
    }
    results = tuple(returned[each].target if each in returned else each for each in targets)
    return replace(
        function,
        body=(*given.values(), call, *returned.values()),
        results=results[: len(function.results)],
        captures=tuple((var, values[var]) for var in captured),
        callees={**kernel.callees, callee: replace(kernel, callees={})},
    )


def _defaults(function: Function) -> Iterator[tuple[int, np.dtype]]:
    """The seeds that are 1.0 by default and have another precision than that."""
    for each in function.inputs:
        if each.default == "1.0" and isinstance(each.tree, Slot):
            type_ = function.params[each.tree.position].type
            if is_boxed_otherwise(type_):
                yield each.tree.position, type_.dtype


def _inputs(params: Sequence[Var]) -> tuple[Input, ...]:
    """A parameter for each leaf, under a name of its own."""
    taken: set[str] = set()
    inputs = []
    for k, param in enumerate(params):
        name = hint = identifier(param.name)
        count = 1
        while name in taken:
            count += 1
            name = NUMBERED.format(hint, count)
        taken.add(name)
        inputs.append(Input(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, Slot(k)))
    return tuple(inputs)


def _captured(function: Function) -> dict[Callee | None, tuple[Var, ...]]:
    """What each function captures itself or through what it calls; under None that of the function itself."""
    functions: Mapping[Any, Function] = {None: function, **function.callees}
    captured: dict[Callee | None, dict[Var, None]] = {
        key: dict.fromkeys(var for var, _ in each.captures) for key, each in functions.items()
    }
    growing = True
    while growing:
        growing = False
        for key, each in functions.items():
            before = len(captured[key])
            for callee in _called(each.body):
                captured[key] |= captured[callee]
            growing |= len(captured[key]) > before
    return {key: tuple(variables) for key, variables in captured.items()}


def _called(body: Sequence[Statement]) -> Iterator[Callee]:
    for statement in walk(body):
        if isinstance(statement, Eqn) and statement.primitive.name == CALL:
            yield callee_of(statement)


def _with_captures(
    function: Function, own: Sequence[Var], captured: Mapping[Callee | None, Sequence[Var]]
) -> Function:
    """The function with what it captures as further params, handed on to what it calls."""

    def handing_on(statement: Statement) -> Statement:
        if isinstance(statement, Eqn):
            if statement.primitive.name != CALL:
                return statement
            more = captured[callee_of(statement)]
            return replace(statement, operands=(*statement.operands, *more))
        return map_regions(statement, _each(handing_on))

    params = (*function.params, *own)
    body = tuple(map(handing_on, function.body))
    # The text of the same code is the same wherever it stands: its machine code is found again.
    about = replace(function.about, place="")
    return replace(function, params=params, inputs=_inputs(params), body=body, captures=(), about=about)


def _each(change: Callable[[Statement], Statement]) -> Callable[[Sequence[Statement]], Iterator[Statement]]:
    return lambda body: map(change, body)
