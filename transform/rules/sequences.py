"""Functions of math that take sequences, and fused multiply-add."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import UnsupportedError
from ..types import FLOAT, Array, Dims, Type, is_complex
from .build import Builder, Call, Value, op
from .families import total
from .registry import FUNCTIONS, PRIMITIVES, function, primitive

__all__: list[str] = []

Params = Mapping[str, Any]


def _infer_fsum(dims: Dims, types: Sequence[Type], params: Params) -> Type:
    if any(is_complex(type_) for type_ in types):
        raise UnsupportedError("math.fsum does not take complex numbers", "Use sum.")
    if any(isinstance(type_, Array) and (len(type_.dims) != 1 or len(types) > 1) for type_ in types):
        raise UnsupportedError("math.fsum takes a sequence of numbers", "Use np.sum.")
    return FLOAT


def _fsum_code(types: Sequence[Type], params: Params) -> str:
    if any(isinstance(type_, Array) for type_ in types):
        return "math.fsum({0})"
    return f"math.fsum([{', '.join(f'{{{k}}}' for k in range(len(types)))}])"


def _fsum_tangent(call: Call, dots: Sequence[Value | None]) -> Value:
    terms = [dot for dot in dots if dot is not None]
    if terms[0].is_array:
        return op.sum(terms[0], axis=None, keepdims=False)
    return total(terms)


primitive("fsum", _infer_fsum, _fsum_code, _fsum_tangent, lambda call, y_bar, k: y_bar, stem="s")


def _numbers(name: str, things: Any, instead: str) -> list[Any]:
    if isinstance(things, Value) or not isinstance(things, (list, tuple, range)):
        raise UnsupportedError(f"{name} takes a list or tuple of numbers here", f"Use {instead} for arrays.")
    return list(things)


@function(math.fsum)
def _fsum(b: Builder, seq: Any) -> Any:
    if isinstance(seq, Value) and seq.is_array:
        return b.apply(PRIMITIVES["fsum"], [seq], {})
    numbers = _numbers("math.fsum", seq, "np.sum")
    return b.apply(PRIMITIVES["fsum"], numbers, {}) if numbers else 0.0


@function(math.prod)
def _prod(b: Builder, iterable: Any, *, start: Any = 1) -> Any:
    product = b.value(start)
    for factor in _numbers("math.prod", iterable, "np.prod"):
        product = factor if _is_one(product) else product * factor
    return product


def _is_one(product: Any) -> bool:
    return isinstance(product, Value) and getattr(product.atom, "value", None) == 1


@function(math.dist)
def _dist(b: Builder, p: Any, q: Any) -> Any:
    ps, qs = (_numbers("math.dist", point, "np.linalg.norm(p - q)") for point in (p, q))
    if len(ps) != len(qs):
        raise UnsupportedError("the points of math.dist differ in their number of coordinates")
    differences = [b.value(x) - y for x, y in zip(ps, qs, strict=True)]
    return FUNCTIONS[math.hypot](b, *differences)


def _sumprod(b: Builder, p: Any, q: Any) -> Any:
    ps, qs = (_numbers("math.sumprod", factors, "np.dot") for factors in (p, q))
    if len(ps) != len(qs):
        raise UnsupportedError("the operands of math.sumprod differ in length")
    products = [b.value(x) * y for x, y in zip(ps, qs, strict=True)]
    return total(products) if products else 0


def _fma(b: Builder, x: Any, y: Any, z: Any) -> Value:
    return op.add(b.value(x) * y, z)


# Newer Pythons have these: 3.12 and 3.13.
for _name, _adapter in (("sumprod", _sumprod), ("fma", _fma)):
    if hasattr(math, _name):
        function(getattr(math, _name))(_adapter)
