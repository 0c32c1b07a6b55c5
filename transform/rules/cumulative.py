"""Running sums and products, and the linear recurrence that differentiates a product.

A product of n numbers has the derivative "product of all the others". Written as y / x it is NaN at
zeros; written as the product of what comes before times the product of what comes after, it is right
everywhere. The running products obey p[i] = x[i] * p[i-1], so their derivatives obey a recurrence
z[i] = a[i] * z[i-1] + b[i], whose own derivatives are recurrences again: the family is closed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..runtime import delay, exclusive_products, recurrence
from ..types import Array, Dims, Type, promote, rank
from .build import Builder, Call, Value, op
from .creation import as_array
from .families import linear, total
from .reductions import canonical_axis, refuse
from .registry import function, primitive

__all__: list[str] = []

Params = Mapping[str, Any]


def infer_running(dims: Dims, types: Sequence[Type], params: Params) -> Type:
    """Running sums and products of bools and small ints are of type int, as NumPy has it."""
    (x,) = types
    assert isinstance(x, Array)
    return Array(np.cumsum(np.ones(1, x.dtype)).dtype, x.dims)


def infer_recurrence(dims: Dims, types: Sequence[Type], params: Params) -> Type:
    return Array(promote(types)[0], dims.broadcast_shapes(t.dims for t in types if isinstance(t, Array)))


def _helper(name: str, operands: int) -> Any:
    def code(types: Sequence[Type], params: Params) -> str:
        given = ", ".join(f"{{{k}}}" for k in range(operands))
        reverse = ", reverse=True" if params["reverse"] else ""
        return f"{name}({given}, axis={params['axis']}{reverse})"

    return code


def _running_code(name: str) -> Any:
    def code(types: Sequence[Type], params: Params) -> str:
        axis = "" if rank(types[0]) == 1 else f"axis={params['axis']}"
        if not params["reverse"]:
            return f"{{0}}.{name}({axis})"
        if not axis:
            return f"{{0}}[::-1].{name}()[::-1]"
        return f"np.flip(np.flip({{0}}, {axis}).{name}({axis}), {axis})"

    return code


linear(
    "cumsum",
    infer_running,
    _running_code("cumsum"),
    lambda y_bar, x, axis, reverse: op.cumsum(y_bar, axis=axis, reverse=not reverse),
    stem="c",
)
linear(
    "delay",  # y[i] = x[i-1], y[0] = 0; in reverse y[i] = x[i+1] and 0 at the end
    lambda dims, types, params: types[0],
    _helper("delay", 1),
    lambda y_bar, x, axis, reverse: op.delay(y_bar, axis=axis, reverse=not reverse),
    refers={"delay": delay},
)


# z[i] = a[i] * z[i-1] + b[i], or in reverse z[i] = a[i+1] * z[i+1] + b[i]; a[0] is not read in either.
# So for the same a the two are each other's transpose as maps from b to z.


def _recurrence_tangent(call: Call, dots: Sequence[Value | None]) -> Value:
    (a, _), (a_dot, b_dot) = call.operands, dots
    along, axis, reverse = call.params, call.params["axis"], call.params["reverse"]
    terms = [] if b_dot is None else [b_dot]
    if a_dot is not None:
        z = call.result
        before = op.delay(a_dot * z, axis=axis, reverse=True) if reverse else a_dot * op.delay(z, **along)
        terms.append(before)
    return op.recurrence(a, total(terms), **along)


def _recurrence_adjoint(call: Call, z_bar: Value, k: int) -> Value:
    a, z, axis, reverse = call.operands[0], call.result, call.params["axis"], call.params["reverse"]
    b_bar = op.recurrence(a, z_bar, axis=axis, reverse=not reverse)
    if k == 1:
        return b_bar
    if reverse:
        return op.delay(b_bar, axis=axis, reverse=False) * z
    return b_bar * op.delay(z, axis=axis, reverse=False)


primitive(
    "recurrence",
    infer_recurrence,
    _helper("recurrence", 2),
    _recurrence_tangent,
    _recurrence_adjoint,
    stem="z",
    refers={"recurrence": recurrence},
)


def _cumprod_tangent(call: Call, dots: Sequence[Value | None]) -> Value:
    (x,), (x_dot,), axis = call.operands, dots, call.params["axis"]
    before = op.exclusive_products(x, axis=axis, reverse=False)
    return op.recurrence(x, before * x_dot, axis=axis, reverse=False)


def _cumprod_adjoint(call: Call, y_bar: Value, k: int) -> Value:
    (x,), axis = call.operands, call.params["axis"]
    before = op.exclusive_products(x, axis=axis, reverse=False)
    return before * op.recurrence(x, y_bar, axis=axis, reverse=True)


primitive("cumprod", infer_running, _running_code("cumprod"), _cumprod_tangent, _cumprod_adjoint, stem="c")


# before[i] = x[i-1] * before[i-1], with 1 at the start; after[i] = x[i+1] * after[i+1], with 1 at the end.


def _exclusive_tangent(call: Call, dots: Sequence[Value | None]) -> Value:
    (x,), (x_dot,), y, along = call.operands, dots, call.result, call.params
    a = x if along["reverse"] else op.delay(x, **along)
    return op.recurrence(a, op.delay(x_dot * y, **along), **along)


def _exclusive_adjoint(call: Call, y_bar: Value, k: int) -> Value:
    (x,), y, axis, reverse = call.operands, call.result, call.params["axis"], call.params["reverse"]
    a = x if reverse else op.delay(x, axis=axis, reverse=False)
    later = op.recurrence(a, y_bar, axis=axis, reverse=not reverse)
    return y * op.delay(later, axis=axis, reverse=not reverse)


primitive(
    "exclusive_products",
    lambda dims, types, params: types[0],
    _helper("exclusive_products", 1),
    _exclusive_tangent,
    _exclusive_adjoint,
    refers={"exclusive_products": exclusive_products},
)


def _running(b: Builder, name: str, a: Any, axis: Any, dtype: Any, out: Any) -> Value:
    refuse(f"np.{name}", out=out, dtype=dtype)
    x = as_array(b, a)
    reduced = canonical_axis(f"np.{name}", axis, x)
    if not isinstance(reduced, int):
        # Without an axis NumPy runs over the flattened array; a number counts as one element.
        x, reduced = x if rank(x.type) == 1 else op.reshape(x, shape=(-1,)), 0
    return getattr(op, name)(x, axis=reduced, reverse=False)  # type: ignore[no-any-return]


@function(np.cumsum, method="cumsum")
def _cumsum(b: Builder, a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Value:
    return _running(b, "cumsum", a, axis, dtype, out)


@function(np.cumprod, method="cumprod")
def _cumprod(b: Builder, a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Value:
    return _running(b, "cumprod", a, axis, dtype, out)
