"""Remainders, and numbers taken apart: smooth between the jumps, where their derivatives are taken."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..types import INT, Dims, Type
from .build import Builder, Value, op
from .calling import infer_function, infer_operator, math_function, refuse_options, spelling, strong, ufunc
from .creation import as_array
from .families import constant, elementwise, linear, result_type, shapes
from .registry import PRIMITIVES, function

__all__: list[str] = []

Params = Mapping[str, Any]


elementwise(
    "mod",
    "{0} % {1}",
    lambda x, y, z: 1,
    lambda x, y, z: -op.floordiv(x, y),
    infer=infer_operator(np.remainder),
    stem="r",
)
ufunc(np.remainder, "mod", as_operator=True)


@function(divmod)
def _divmod(b: Builder, x: Any, y: Any) -> tuple[Value, Value]:
    return b.apply(PRIMITIVES["floordiv"], [x, y], {}), b.apply(PRIMITIVES["mod"], [x, y], {})


@function(np.divmod)
def _np_divmod(b: Builder, *things: Any, **options: Any) -> tuple[Value, Value]:
    refuse_options("np.divmod", options)
    return _divmod(b, *strong(b, [as_array(b, thing) for thing in things]))


def _minus_quotient(x: Value, y: Value, z: Value) -> Value:
    # trunc(x / y) is one too many where x / y was rounded up to an integer: 1.0 / 0.1.
    return -op.rint((x - z) / y)


elementwise(
    "fmod",
    spelling("fmod", "fmod", 2),
    lambda x, y, z: 1,
    _minus_quotient,
    infer=infer_function("fmod", "fmod"),
    spelled=True,
)
elementwise(
    "remainder",
    spelling("", "remainder", 2),
    lambda x, y, z: 1,
    _minus_quotient,
    infer=infer_function(math="remainder"),
)
ufunc(np.fmod, "fmod")
math_function(math.fmod, "fmod", 2)
math_function(math.remainder, "remainder", 2)


# The fractional and the integral part.

elementwise(
    "frac",
    lambda types, params: f"{params['lib']}.modf({{0}})[0]",
    lambda x, y: 1,
    infer=infer_function("modf", "modf"),
    spelled=True,
)
constant(
    "integral",
    infer_function("modf", "modf"),
    lambda types, params: f"{params['lib']}.modf({{0}})[1]",
    elementwise=True,
    spelled=True,
)


def _modf(lib: str) -> Any:
    def adapter(b: Builder, x: Any, **options: Any) -> tuple[Value, Value]:
        refuse_options(f"{lib}.modf", options)
        x, params = as_array(b, x), {"lib": lib}
        return b.apply(PRIMITIVES["frac"], [x], params), b.apply(PRIMITIVES["integral"], [x], params)

    return adapter


function(np.modf)(_modf("np"))
function(math.modf)(_modf("math"))


# Mantissa and exponent: x = ldexp(mantissa, exponent), linear in the number, whose dtype it keeps.

_INT32 = np.dtype(np.int32)


def _infer_exponent(dims: Dims, types: Sequence[Type], params: Params) -> Type:
    if params["lib"] == "math":
        infer_function("frexp", "frexp")(dims, types, params)
        return INT
    return result_type(_INT32, shapes(dims, types))


constant(
    "exponent",
    _infer_exponent,
    lambda types, params: f"{params['lib']}.frexp({{0}})[1]",
    elementwise=True,
    spelled=True,
)


linear(
    "ldexp",
    infer_function("ldexp", "ldexp"),
    spelling("ldexp", "ldexp", 2),
    lambda y_bar, x, i, lib: op.ldexp(y_bar, i, lib=lib),
    elementwise=True,
    spelled=True,
)
ufunc(np.ldexp, "ldexp")
math_function(math.ldexp, "ldexp", 2)


def _frexp(lib: str) -> Any:
    def adapter(b: Builder, x: Any, **options: Any) -> tuple[Value, Value]:
        refuse_options(f"{lib}.frexp", options)
        x = as_array(b, x)
        exponent = b.apply(PRIMITIVES["exponent"], [x], {"lib": lib})
        return b.apply(PRIMITIVES["ldexp"], [x, -exponent], {"lib": lib}), exponent

    return adapter


function(np.frexp)(_frexp("np"))
function(math.frexp)(_frexp("math"))
