"""Exceptions as compilers take them: their messages are made of no numbers.

raise ValueError(f"{n} is too small")         --->     raise ValueError
"""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from dataclasses import replace

from ..errors import UnsupportedError
from ..ir import Eqn, Function, Primitive, Statement, map_regions, walk

__all__ = ["only_raises", "without_messages"]


def only_raises(function: Function) -> bool:
    """Whether the function, and those it calls, do nothing but computing and raising exceptions."""
    functions = (function, *function.callees.values())
    equations = (each for one in functions for each in walk(one.body) if isinstance(each, Eqn))
    return all("raises" in each.params for each in equations if each.primitive.effect)


def without_messages(function: Function, quiet: bool = True) -> Function:
    """The function, and those it calls, with each exception that says a number replaced by one that does not.

    Raises UnsupportedError where such a text is printed, or has to be right because others are (not `quiet`).
    """
    quiet = quiet and only_raises(function)

    def body(statements: tuple[Statement, ...]) -> Iterator[Statement]:
        for statement in statements:
            if not isinstance(statement, Eqn):
                yield map_regions(statement, body)
            elif statement.primitive.effect and _is_made(statement):
                yield _silent(statement, quiet)
            else:
                yield statement

    callees = {callee: without_messages(each, quiet) for callee, each in function.callees.items()}
    return replace(function, body=tuple(body(function.body)), callees=callees)


def _is_made(eqn: Eqn) -> bool:
    """Whether an effect puts numbers into a text."""
    code = eqn.primitive.code
    if "raises" in eqn.params and isinstance(code, str) and not code.startswith("if ") and eqn.operands:
        return True
    return not isinstance(code, str) or 'f"' in code or "f'" in code or ".format(" in code or "%" in code


def _silent(eqn: Eqn, quiet: bool) -> Eqn:
    if "raises" not in eqn.params or not quiet:
        raise UnsupportedError(
            "a text that is made of numbers at run time, which Numba's code writes otherwise",
            'Use backend="python", or print the numbers themselves.',
            eqn.origin,
        )
    kind: type[BaseException] = eqn.params["raises"]
    name = kind.__name__ if kind in vars(builtins).values() else "RuntimeError"
    condition = isinstance(eqn.primitive.code, str) and eqn.primitive.code.startswith("if ")
    code = f"if {{0}}: raise {name}" if condition else f"raise {name}"
    primitive = Primitive("effect", eqn.primitive.infer, code, constant=True, effect=True)
    return replace(eqn, primitive=primitive, operands=eqn.operands[:1] if condition else ())
