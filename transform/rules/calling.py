"""How calls of NumPy's ufuncs and of math's functions become equations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import UnsupportedError
from ..types import FLOAT, INT, Array, Dims, Scalar, Type, is_complex
from .build import Builder, Value
from .creation import as_array
from .families import infer_elementwise
from .registry import PRIMITIVES, function

__all__ = [
    "infer_function",
    "infer_operator",
    "math_function",
    "math_operands",
    "refuse_options",
    "spelling",
    "strong",
    "ufunc",
]

Params = Mapping[str, Any]
Infer = Callable[[Dims, Sequence[Type], Params], Type]

_DEFAULTS: Mapping[str, Any] = {
    "out": None,
    "where": True,
    "casting": "same_kind",
    "order": "K",
    "dtype": None,
    "subok": True,
    "signature": None,
    "sig": None,
}
_REMEDIES = {
    "out": "Assign the result to a name instead.",
    "where": "Use np.where(condition, result, other).",
    "dtype": "Convert the operands or the result with .astype(...).",
}


def infer_function(numpy: str = "", math: str = "", math_result: Scalar = FLOAT) -> Infer:
    """The type rule of a function that NumPy, or math, or both have.

    NumPy's gives NumPy numbers and arrays, math's a Python number, whatever kind of number it is given.
    """
    by_numpy = infer_elementwise(getattr(np, numpy)) if numpy else None

    def infer(dims: Dims, types: Sequence[Type], params: Params) -> Type:
        if by_numpy is not None and (not math or params.get("lib") != "math"):
            return by_numpy(dims, types, {"lib": "np"})
        for type_ in types:
            if isinstance(type_, Array) or is_complex(type_):
                kind = "arrays" if isinstance(type_, Array) else "complex numbers"
                other = f"Use np.{numpy}." if numpy else "Use the function of scipy.special."
                raise UnsupportedError(f"math.{math} does not take {kind}", other)
        return math_result

    return infer


def infer_operator(numpy: np.ufunc) -> Infer:
    """The type rule of an arithmetic operator: among Python numbers True counts as 1."""
    by_numpy = infer_elementwise(numpy)

    def infer(dims: Dims, types: Sequence[Type], params: Params) -> Type:
        result = by_numpy(dims, types, params)
        return INT if isinstance(result, Scalar) and result.weak and result.dtype.kind == "b" else result

    return infer


def spelling(numpy: str, math: str, operands: int = 1) -> Callable[[Sequence[Type], Params], str]:
    """The code of such a function: `np.arcsin({0})` or `math.asin({0})`."""
    holes = ", ".join(f"{{{k}}}" for k in range(operands))

    def code(types: Sequence[Type], params: Params) -> str:
        in_math = math and (not numpy or params["lib"] == "math")
        return f"math.{math}({holes})" if in_math else f"np.{numpy}({holes})"

    return code


def refuse_options(name: str, options: Mapping[str, Any]) -> None:
    """Refuse a ufunc's keyword argument that would change what is computed."""
    for key, given in options.items():
        if key not in _DEFAULTS:
            raise UnsupportedError(f"{name} has no argument {key!r}")
        default = _DEFAULTS[key]
        if given is not default and not (isinstance(given, str) and given == default):
            raise UnsupportedError(
                f"{key}= of {name} is not supported", _REMEDIES.get(key, f"Leave {key}= out.")
            )


def strong(b: Builder, values: Sequence[Value]) -> list[Value]:
    """The operands of a ufunc that is written as an operator.

    Among Python numbers alone the operator would give a Python number; NumPy's function gives its own.
    """
    if all(isinstance(value.type, Scalar) and value.type.weak for value in values):
        first = values[0]
        values = [b.apply(PRIMITIVES["astype"], [first], {"dtype": first.type.dtype}), *values[1:]]
    return list(values)


def ufunc(made: np.ufunc, primitive: str, as_operator: bool = False) -> None:
    """Register calls of a ufunc as equations of a primitive."""
    name = f"np.{made.__name__}"

    @function(made)
    def adapter(b: Builder, *things: Any, **options: Any) -> Value:
        refuse_options(name, options)
        things, outs = things[: made.nin], things[made.nin :]
        for out in outs[: made.nout]:
            refuse_options(name, {"out": out})
        if len(things) != made.nin or len(outs) > made.nout:
            raise UnsupportedError(f"{name} takes {made.nin} arguments, not {len(things) + len(outs)}")
        values = [as_array(b, thing) for thing in things]
        rule = PRIMITIVES[primitive]
        if as_operator:
            values = strong(b, values)
        return b.apply(rule, values, {"lib": "np"} if rule.spelled else {})


def math_operands(name: str, things: Sequence[Any], count: int) -> None:
    """Refuse a call of a function of math that Python would refuse."""
    if len(things) != count:
        raise UnsupportedError(f"{name} takes {count} arguments, not {len(things)}")
    if any(not isinstance(thing, Value) and isinstance(thing, (list, tuple, str)) for thing in things):
        raise UnsupportedError(f"{name} takes numbers")


def math_function(made: Callable[..., Any], primitive: str, count: int = 1) -> None:
    """Register calls of a function of math as equations of a primitive."""
    name = f"math.{made.__name__}"

    @function(made)
    def adapter(b: Builder, *things: Any) -> Value:
        math_operands(name, things, count)
        rule = PRIMITIVES[primitive]
        return b.apply(rule, things, {"lib": "math"} if rule.spelled else {})
