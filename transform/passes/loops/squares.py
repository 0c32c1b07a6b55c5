"""Squares as products: for the first power in a process Numba compiles a function, for a tenth of a second.

s = e ** 2     --->     s = e * e
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ...ir import Eqn, Function, Lit, Statement, Var, map_regions
from ...rules.registry import PRIMITIVES
from ...types import Scalar

__all__ = ["multiplied"]


def multiplied(function: Function) -> Function:
    """The function with products for squares of floats: they are the same to the last bit."""
    return replace(function, body=_block(function.body))


def _block(body: Sequence[Statement]) -> tuple[Statement, ...]:
    return tuple(_product(s) if isinstance(s, Eqn) else map_regions(s, _block) for s in body)


def _product(eqn: Eqn) -> Eqn:
    match eqn.primitive.name, eqn.operands:
        case "pow", (Var(type=Scalar() as type_) as x, Lit(value=int(two))) if two == 2:
            if type_.dtype.kind == "f" and type_.dtype == eqn.target.type.dtype:
                return replace(eqn, primitive=PRIMITIVES["mul"], operands=(x, x), params={})
    return eqn
