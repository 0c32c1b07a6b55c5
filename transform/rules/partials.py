"""The partial derivatives of the elementwise functions: f(x) = y, or f(x, y) = z.

Generated from definitions.py by `python -m transform.rules.derive`: edit that, not this.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .build import op

__all__ = ["PARTIALS"]

PARTIALS: Mapping[str, tuple[Callable[..., Any], ...]] = {
    "sin": (lambda x, y: op.cos(x),),
    "cos": (lambda x, y: -op.sin(x),),
    "tan": (lambda x, y: 1 + y**2,),
    "arctan": (lambda x, y: 1 / (1 + x * x),),
    "sinh": (lambda x, y: op.cosh(x),),
    "cosh": (lambda x, y: op.sinh(x),),
    "tanh": (lambda x, y: 1 - y**2,),
    "arcsinh": (lambda x, y: 1 / op.sqrt(1 + x * x),),
    "degrees": (lambda x, y: 57.29577951308232,),
    "radians": (lambda x, y: 0.017453292519943295,),
    "exp": (lambda x, y: y,),
    "exp2": (lambda x, y: 0.6931471805599453 * y,),
    "expm1": (lambda x, y: op.exp(x),),
    "log": (lambda x, y: 1 / x,),
    "log2": (lambda x, y: 1.4426950408889634 / x,),
    "log10": (lambda x, y: 0.4342944819032518 / x,),
    "log1p": (lambda x, y: 1 / (1 + x),),
    "sqrt": (lambda x, y: 0.5 / y,),
    "cbrt": (lambda x, y: 1 / (3 * y**2),),
    "square": (lambda x, y: 2 * x,),
    "reciprocal": (lambda x, y: -(y**2),),
    "erf": (lambda x, y: 1.1283791670955126 * op.exp(-x * x),),
    "erfc": (lambda x, y: -1.1283791670955126 * op.exp(-x * x),),
    "gamma": (lambda x, y: y * op.polygamma(x, n=0),),
    "lgamma": (lambda x, y: op.polygamma(x, n=0),),
}
