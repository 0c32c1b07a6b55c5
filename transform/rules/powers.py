"""Powers: x ** y, np.power, np.float_power and math.pow.

At x = 0 the derivatives are those of the function where it has any: x ** n with n >= 1 has the derivative
n * x ** (n - 1), x ** 0 has 0, and 0 ** y is 0 for all y > 0. So no logarithm of 0 is ever taken, nor a
negative power of 0 that the mathematics does not contain.
"""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from ..errors import UnsupportedError
from ..ir import Lit
from ..types import is_complex, is_inexact
from .build import Builder, Value, op
from .calling import infer_function, infer_operator, math_function, spelling, ufunc
from .families import elementwise
from .registry import PRIMITIVES, function

__all__ = ["power"]


def base_partial(x: Value, n: Value, y: Value) -> Any:
    """The partial n * x ** (n - 1)."""
    if isinstance(n.atom, Lit):
        return _literal_power(x, n.atom.value, y)
    # x ** 0 has the derivative 0 at x = 0 too, where n * x ** (n - 1) is 0 * inf.
    if not is_inexact(n.type):
        return n * x ** op.where(n.eq(0), 0, n - 1)
    # The guard is on x: a guard on n would cut off the derivative of this with respect to n.
    return n * op.where(op.bitand(x.eq(0), n.eq(0)), 1, x) ** (n - 1)


def _literal_power(x: Value, n: Any, y: Value) -> Any:
    if n == 0 or n == 1:
        return int(n.real)
    if n == 2:
        return n * x
    if n == 0.5:
        return 0.5 / y
    if n == -1:
        return -y / x
    return n * x ** (n - 1)


def exponent_partial(x: Value, n: Value, y: Value) -> Any:
    """The partial y * log(x), and 0 at x = 0."""
    if isinstance(x.atom, Lit):
        return y * op.log(x) if x.atom.value != 0 else 0
    safe = op.where(x.eq(0), 1, x)
    if is_complex(y.type) and not is_complex(x.type):
        safe = safe + 0j  # the logarithm of a negative number is complex
    return y * op.log(safe)


elementwise("pow", "{0} ** {1}", base_partial, exponent_partial, infer=infer_operator(np.power), stem="p")
elementwise(
    "float_power",
    spelling("float_power", "", 2),
    base_partial,
    exponent_partial,
    infer=infer_function("float_power"),
)
elementwise(
    "math_pow", spelling("", "pow", 2), base_partial, exponent_partial, infer=infer_function(math="pow")
)


def power(b: Builder, x: Any, y: Any) -> Value:
    """The power x ** y, as Python and NumPy compute it."""
    x, y = b.value(x), b.value(y)
    exact = all(value.type.dtype.kind in "ib" and not value.is_array for value in (x, y))
    if exact and x.type.weak and isinstance(y.atom, Lit) and y.atom.value < 0:
        # A negative power of a Python int is a float, which the types alone do not tell.
        return op.div(1, x**-y.atom.value)
    return b.apply(PRIMITIVES["pow"], [x, y], {})


@function(pow, operator.pow)
def _pow(b: Builder, base: Any, exp: Any, mod: Any = None) -> Value:
    if mod is not None:
        raise UnsupportedError("pow(x, y, mod) has no derivative", "Write x ** y % mod.")
    return power(b, base, exp)


ufunc(np.power, "pow", as_operator=True)
ufunc(np.float_power, "float_power")
math_function(math.pow, "math_pow", 2)
