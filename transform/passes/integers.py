"""Python's ints have no largest; where a machine int might not hold one, the operation checks it.

p = p * k         --->     p = int_mul(p, k)          where nothing bounds p
q = n // k                 q = int_floordiv(n, k)     where k may be 0
i = int(x)                 i = int(whole(x))
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from .. import runtime
from ..ir import Atom, Eqn, Function, Lit, Primitive, Statement, Var, map_regions
from ..rules.registry import PRIMITIVES
from ..types import FLOAT, INT, Dims, Type
from .ranges import Range, fits, is_int, ranges, result_range

__all__ = ["checked"]

_WHOLE = frozenset({"to_int", "floor", "ceil", "trunc", "round"})
_DIVISIONS = frozenset({"floordiv", "mod"})
_POWERS = frozenset({"pow", "lshift", "rshift"})


def checked(function: Function, is_kernel: bool = True) -> Function:
    """The function, and those it calls, with checks where ints may not fit into 64 bits."""
    of = ranges(function, is_kernel)

    def body(statements: tuple[Statement, ...]) -> Iterator[Statement]:
        for statement in statements:
            if isinstance(statement, Eqn):
                yield from _equation(statement, of)
            else:
                yield map_regions(statement, body)

    callees = {callee: checked(each, False) for callee, each in function.callees.items()}
    return replace(function, body=tuple(body(function.body)), callees=callees)


def _equation(eqn: Eqn, of: Callable[[Atom], Range]) -> Iterator[Statement]:
    name = eqn.primitive.name
    if not is_int(eqn.target):
        yield eqn
    elif name in _WHOLE and eqn.operands[0].type.dtype.kind == "f":
        guarded = Var("t", FLOAT, temporary=True)
        yield Eqn(guarded, _helper("whole", FLOAT), eqn.operands, {}, eqn.origin, eqn.sweep)
        yield replace(eqn, operands=(guarded,))
    elif name == "invert" and eqn.operands[0].type.dtype.kind == "b":
        # What is not True is False to a compiler, and -2 to Python.
        number = Var("t", INT, temporary=True)
        yield Eqn(number, PRIMITIVES["to_int"], eqn.operands, {}, eqn.origin, eqn.sweep)
        yield replace(eqn, operands=(number,))
    elif _is_safe(eqn, of) or not hasattr(runtime, f"int_{name}"):
        yield eqn
    else:
        yield replace(eqn, primitive=_helper(f"int_{name}", INT))


def _is_safe(eqn: Eqn, of: Callable[[Atom], Range]) -> bool:
    """Whether machine ints give what Python's give."""
    if not all(map(is_int, eqn.operands)) or all(isinstance(each, Lit) for each in eqn.operands):
        return True
    if eqn.primitive.name in _DIVISIONS:
        low, high = of(eqn.operands[1])
        if low <= 0 <= high:
            return False
    if eqn.primitive.name in _POWERS:
        low, high = of(eqn.operands[1])
        if low < 0 or high > 63:
            return False
    return fits(result_range(eqn, of))


@functools.cache
def _helper(name: str, result: Type) -> Primitive:
    def infer(dims: Dims, types: Sequence[Type], params: Mapping[str, Any]) -> Type:
        return result

    def code(types: Sequence[Type], params: Mapping[str, Any]) -> str:
        return f"{name}({', '.join(f'{{{k}}}' for k in range(len(types)))})"

    return Primitive(name, infer, code, refers={name: getattr(runtime, name)})
