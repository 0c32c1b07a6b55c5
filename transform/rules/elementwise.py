"""Smooth elementwise functions: the derived partials of partials.py, and stable ones written by hand."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from .. import runtime
from ..types import Dims, Type
from .build import Builder, Call, Value, op
from .calling import Infer, infer_function, math_function, spelling, ufunc
from .creation import as_array
from .definitions import DEFINITIONS, Definition
from .families import elementwise
from .partials import PARTIALS
from .registry import PRIMITIVES, function, primitive

__all__ = ["not_zero"]


def not_zero(y: Value) -> Value:
    """A divisor: y, or 1 where y is 0."""
    return op.where(y.eq(0), 1, y)


_STABLE: Mapping[str, tuple[Callable[..., Any], ...]] = {
    # 1 - x**2 has lost its digits near 1 before the root is taken; each factor here is exact there.
    "arcsin": (lambda x, y: 1 / op.sqrt((1 - x) * (1 + x)),),
    "arccos": (lambda x, y: -1 / op.sqrt((1 - x) * (1 + x)),),
    "arctanh": (lambda x, y: 1 / ((1 - x) * (1 + x)),),
    # Two roots: exact near 1, no overflow, and on the right branch for complex x.
    "arccosh": (lambda x, y: 1 / (op.sqrt(x - 1) * op.sqrt(x + 1)),),
    # (cos(pi * x) - y) / x is 0 / 0 at 0 and inaccurate around it.
    "sinc": (lambda x, y: op.sinc_derivative(x, n=1),),
    # exp(x) / (exp(x) + exp(y)) overflows; z is never less than x. Equal infinities differ by 0.
    "logaddexp": (
        lambda x, y, z: op.exp(op.where(x.eq(z), 0, x - z)),
        lambda x, y, z: op.exp(op.where(y.eq(z), 0, y - z)),
    ),
    "logaddexp2": (
        lambda x, y, z: op.exp2(op.where(x.eq(z), 0, x - z)),
        lambda x, y, z: op.exp2(op.where(y.eq(z), 0, y - z)),
    ),
    # x**2 + y**2 overflows and underflows where these quotients do not.
    "arctan2": (
        lambda x, y, z: y / op.hypot(x, y) / op.hypot(x, y),
        lambda x, y, z: -x / op.hypot(x, y) / op.hypot(x, y),
    ),
    # The norm of the zero vector has derivative 0 by convention.
    "hypot": (lambda x, y, z: x / not_zero(z), lambda x, y, z: y / not_zero(z)),
}


def _infer(case: Definition) -> Infer:
    # np.sinc is no ufunc; its dtypes are those of sin.
    return infer_function("sin" if case.name == "sinc" else case.numpy, case.math)


for _name, _partials in (*PARTIALS.items(), *_STABLE.items()):
    _case = DEFINITIONS[_name]
    elementwise(
        _name,
        spelling(_case.numpy, _case.math, _case.operands),
        *_partials,
        infer=_infer(_case),
        spelled=bool(_case.numpy and _case.math),
    )
    if _name != "sinc" and _case.numpy:
        ufunc(getattr(np, _case.numpy), _name)
    if _case.math:
        math_function(getattr(math, _case.math), _name, _case.operands)

for _alias, _name in ((np.deg2rad, "radians"), (np.rad2deg, "degrees")):
    ufunc(_alias, _name)


@function(np.sinc)
def _sinc(b: Builder, x: Any) -> Value:
    return b.apply(PRIMITIVES["sinc"], [as_array(b, x)], {})


# The derivatives of sinc, and of the logarithm of gamma, have a formula for every order n.


def _ladder(helper: Callable[..., Any], infer: Infer) -> None:
    """Register `helper(n, x)`, the derivative of which is that of order n + 1."""
    name = helper.__name__

    def partial(call: Call) -> Value:
        return call.builder.apply(made, call.operands, {"n": call.params["n"] + 1})

    def along(call: Call, dots: Sequence[Value]) -> Value:
        return partial(call) * dots[0]

    def against(call: Call, y_bar: Value, k: int) -> Value:
        return y_bar * partial(call)

    def code(types: Sequence[Type], params: Mapping[str, Any]) -> str:
        return f"{name}({params['n']}, {{0}})"

    made = primitive(name, infer, code, along, against, elementwise=True, refers={name: helper})


def _infer_polygamma(dims: Dims, types: Sequence[Type], params: Mapping[str, Any]) -> Type:
    return infer_function(math="lgamma")(dims, types, params)


_ladder(runtime.polygamma, _infer_polygamma)
_ladder(runtime.sinc_derivative, infer_function("sin"))


# Functions of math that are compositions.


@function(math.log)
def _log(b: Builder, x: Any, base: Any = None) -> Value:
    def log(value: Any) -> Value:
        return b.apply(PRIMITIVES["log"], [value], {"lib": "math"})

    # As CPython computes it.
    return log(x) if base is None else log(x) / log(base)


@function(math.hypot)
def _hypot(b: Builder, *things: Any) -> Any:
    if not things:
        return 0.0
    if len(things) == 1:
        return b.apply(PRIMITIVES["fabs"], things, {"lib": "math"})
    length = things[0]
    for thing in things[1:]:
        length = b.apply(PRIMITIVES["hypot"], [length, thing], {"lib": "math"})
    return length
