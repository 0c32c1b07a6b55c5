"""Functions whose derivative is zero wherever it exists: rounding, tests, functions of integers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import UnsupportedError
from ..types import BOOL, FLOAT, INT, Array, Dims, Scalar, Type, is_complex, is_inexact
from .build import Builder, Value, op
from .calling import Infer, infer_function, math_function, math_operands, refuse_options, spelling, ufunc
from .creation import as_array
from .elementwise import not_zero
from .families import constant, result_type, shapes
from .registry import PRIMITIVES, function

__all__: list[str] = []

Params = Mapping[str, Any]
_BOOL = np.dtype(np.bool_)


def _elementwise(name: str, infer: Infer, code: Any, **fields: Any) -> None:
    constant(name, infer, code, elementwise=True, **fields)


# Rounding: NumPy's keeps the dtype, math's gives ints.

for _name in ("floor", "ceil", "trunc"):
    _elementwise(_name, infer_function(_name, _name, INT), spelling(_name, _name), spelled=True)
    ufunc(getattr(np, _name), _name)
    math_function(getattr(math, _name), _name)

_elementwise(
    "rint",
    infer_function("rint", "rint", INT),
    lambda types, params: "round({0})" if params["lib"] == "math" else "np.rint({0})",
    spelled=True,
)
ufunc(np.rint, "rint")


def _infer_round(dims: Dims, types: Sequence[Type], params: Params) -> Type:
    (x,) = types
    return INT if params["digits"] is None else x


def _round_code(types: Sequence[Type], params: Params) -> str:
    digits = params["digits"]
    if isinstance(types[0], Array):
        return f"{{0}}.round({digits or ''})"
    return "round({0})" if digits is None else f"round({{0}}, {digits})"


_elementwise("round", _infer_round, _round_code)


@function(round)
def _round(b: Builder, number: Any, ndigits: Any = None) -> Any:
    number = b.value(number)
    if number.is_array:
        raise UnsupportedError("Python's round does not take arrays", "Use np.round.")
    if isinstance(ndigits, Value):
        raise UnsupportedError("round takes a constant number of digits")
    return b.apply(PRIMITIVES["round"], [number], {"digits": ndigits})


@function(np.round, np.around, method="round")
def _np_round(b: Builder, a: Any, decimals: Any = 0, out: Any = None) -> Value:
    refuse_options("np.round", {"out": out})
    if isinstance(decimals, Value):
        raise UnsupportedError("np.round takes a constant number of decimals")
    x = as_array(b, a)
    if x.type.dtype.kind == "b":
        raise UnsupportedError("np.round of bools", "Convert them to numbers first.")
    if isinstance(x.type, Scalar) and x.type.weak:
        x = b.apply(PRIMITIVES["astype"], [x], {"dtype": x.type.dtype})
    return b.apply(PRIMITIVES["round"], [x], {"digits": int(decimals)})


def _sign_code(types: Sequence[Type], params: Params) -> str:
    if params["lib"] != "math":
        return "np.sign({0})"
    # Python has no sign function. NumPy's numbers compare to NumPy's bools: with them, no Python number.
    weak = isinstance(types[0], Scalar) and types[0].weak
    return "float({0} > 0) - ({0} < 0)" if weak else "float({0} > 0) - float({0} < 0)"


_elementwise("sign", infer_function("sign", "sign"), _sign_code, spelled=True)


@function(np.sign)
def _np_sign(b: Builder, x: Any, **options: Any) -> Value:
    refuse_options("np.sign", options)
    x = as_array(b, x)
    if is_complex(x.type):
        # A complex sign is a direction, which moves with x.
        return op.div(x, not_zero(op.absolute(x)))
    return b.apply(PRIMITIVES["sign"], [x], {"lib": "np"})


_elementwise("heaviside", infer_function("heaviside"), spelling("heaviside", "", 2))


@function(np.heaviside)
def _heaviside(b: Builder, x1: Any, x2: Any, **options: Any) -> Value:
    refuse_options("np.heaviside", options)
    x, middle = as_array(b, x1), as_array(b, x2)
    if isinstance(x2, Value) and is_inexact(middle.type):
        # The value at 0 may be active.
        step = op.heaviside(x, 0.0)
        return b.apply(PRIMITIVES["where"], [x.eq(0), middle, step], {"lib": "np"})
    return op.heaviside(x, middle)


# Tests and other functions that NumPy alone, or NumPy and math have.

for _name in ("isnan", "isinf", "isfinite"):
    _elementwise(_name, infer_function(_name, _name, BOOL), spelling(_name, _name), spelled=True)
    ufunc(getattr(np, _name), _name)
    math_function(getattr(math, _name), _name)

for _name in ("signbit", "spacing", "bitwise_count", "logical_not"):
    _elementwise(_name, infer_function(_name), spelling(_name, ""))
    ufunc(getattr(np, _name), _name)

for _name in ("nextafter", "logical_and", "logical_or", "logical_xor", "gcd", "lcm"):
    _elementwise(_name, infer_function(_name), spelling(_name, "", 2))
    ufunc(getattr(np, _name), _name)


def _infer_test(dims: Dims, types: Sequence[Type], params: Params) -> Type:
    return result_type(_BOOL, shapes(dims, types))


def _infer_bool(dims: Dims, types: Sequence[Type], params: Params) -> Type:
    return BOOL


def _call(name: str) -> Callable[[Sequence[Type], Params], str]:
    """The code of a call with the operands, and the params as keyword arguments."""

    def code(types: Sequence[Type], params: Params) -> str:
        holes = [f"{{{k}}}" for k in range(len(types))]
        return f"{name}({', '.join([*holes, *(f'{key}={value!r}' for key, value in params.items())])})"

    return code


def _numpy_test(made: Callable[..., Any], operands: int, infer: Infer, *known: str) -> None:
    """Register a test of NumPy's that is no ufunc, with the options it may be given."""
    name = made.__name__
    constant(name, infer, _call(f"np.{name}"), elementwise=infer is _infer_test)

    @function(made)
    def adapter(b: Builder, *things: Any, **options: Any) -> Value:
        given = dict(zip(known, things[operands:], strict=False)) | options
        if len(things) < operands or not set(given) <= set(known):
            raise UnsupportedError(f"these arguments of np.{name} are not supported")
        if any(isinstance(value, Value) for value in given.values()):
            raise UnsupportedError(f"the options of np.{name} must be constants")
        return b.apply(PRIMITIVES[name], [as_array(b, thing) for thing in things[:operands]], given)


_numpy_test(np.isclose, 2, _infer_test, "rtol", "atol", "equal_nan")
_numpy_test(np.allclose, 2, _infer_bool, "rtol", "atol", "equal_nan")
_numpy_test(np.array_equal, 2, _infer_bool, "equal_nan")
_numpy_test(np.array_equiv, 2, _infer_bool)
for _test in (np.isposinf, np.isneginf, np.isreal, np.iscomplex):
    _numpy_test(_test, 1, _infer_test)


@function(np.fix)
def _fix(b: Builder, x: Any, out: Any = None) -> Value:
    refuse_options("np.fix", {"out": out})
    return b.apply(PRIMITIVES["trunc"], [as_array(b, x)], {"lib": "np"})


# Integer functions and tests of math.


def _integer_function(name: str, result: Scalar) -> None:
    """Register a function of math with any number of operands, all passive."""
    made = getattr(math, name)

    constant(f"math_{name}", infer_function(math=name, math_result=result), _call(f"math.{name}"))

    @function(made)
    def adapter(b: Builder, *things: Any, **options: Any) -> Value:
        math_operands(f"math.{name}", things, len(things))
        if any(isinstance(value, Value) for value in options.values()):
            raise UnsupportedError(f"the options of math.{name} must be constants")
        return b.apply(PRIMITIVES[f"math_{name}"], things, options)


for _name in ("gcd", "lcm", "factorial", "comb", "perm", "isqrt"):
    _integer_function(_name, INT)
for _name in ("ulp", "nextafter"):
    _integer_function(_name, FLOAT)
_integer_function("isclose", BOOL)
