"""Reductions along axes: sums, means, products, extremes, variances, counts.

Conventions where a derivative does not exist: the largest (smallest) elements that tie share it
equally; the standard deviation of equal numbers has derivative 0. A product is differentiated without
a division, so its first and all higher derivatives are right where elements are zero.
"""

from __future__ import annotations

import builtins
import functools
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ..errors import UnsupportedError
from ..ir import Primitive
from ..types import Array, Dims, Size, Type, is_complex, is_inexact, rank
from .build import Builder, Call, Value, op
from .creation import as_array
from .elementwise import not_zero
from .families import constant, keep_axes, linear, result_type, total
from .registry import function, primitive

__all__ = [
    "Axis",
    "canonical_axis",
    "count",
    "directional",
    "indicator",
    "infer_reduction",
    "options",
    "reduced_dims",
    "refuse",
    "static",
]

Axis = int | tuple[int, ...] | None
Params = Mapping[str, Any]


# --- arguments -------------------------------------------------------------------------------------

_REMEDIES = {
    "out": "Assign the result to a name instead.",
    "where": "Choose the elements first: np.where(mask, x, 0) for a sum, or x[mask].",
    "initial": "Combine the result with the initial value afterwards.",
    "mean": "Leave it out: the mean is computed again.",
}


def refuse(called: str, **given: Any) -> None:
    """Raise for options that are not understood, unless they are left at None."""
    for name, value in given.items():
        if value is not None and value is not np._NoValue:
            remedy = _REMEDIES.get(name, f"Leave out {name}=.")
            raise UnsupportedError(f"{called} with {name}= is not supported", remedy)


def static(called: str, **given: Any) -> None:
    """Raise for options that must be known while the function is transformed and are not."""
    for name, value in given.items():
        parts = value if isinstance(value, (tuple, list)) else (value,)
        if any(isinstance(part, Value) for part in parts):
            raise UnsupportedError(
                f"{called}: {name}= is known only at run time", f"Give {name}= as a constant of the program."
            )


def canonical_axis(called: str, axis: Any, x: Value) -> Axis:
    """None for all axes, else one non-negative int or a sorted tuple of several (or none)."""
    static(called, axis=axis)
    n = rank(x.type)
    if axis is None or (n == 0 and axis in (0, -1)):
        return None
    try:
        axes = tuple(sorted(normalize_axis_tuple(axis, n)))
    except (TypeError, ValueError, IndexError) as error:
        raise UnsupportedError(
            f"{called}: axis {axis!r} does not fit an array of rank {n}: {error}"
        ) from None
    if len(axes) == n > 0:
        return None
    return axes[0] if len(axes) == 1 else axes


def as_dtype(called: str, x: Value, dtype: Any) -> Value:
    """The argument in the dtype that a call asks for, if it does."""
    static(called, dtype=dtype)
    if dtype is None or np.dtype(dtype) == x.type.dtype:
        return x
    wanted: np.dtype[Any] = np.dtype(dtype)
    return (op.astype if wanted.kind in "fc" else op.cast)(x, dtype=wanted)


def real(called: str, x: Value) -> None:
    """Raise if x is complex."""
    if is_complex(x.type):
        raise UnsupportedError(
            f"{called} of complex numbers is not supported", "Apply it to x.real and x.imag."
        )


# --- type rules and code ---------------------------------------------------------------------------


def dims_of(type_: Type) -> tuple[Size, ...]:
    return type_.dims if isinstance(type_, Array) else ()


def axes_of(axis: Axis, n: int) -> tuple[int, ...]:
    """A canonical axis as a tuple."""
    if axis is None:
        return tuple(range(n))
    return (axis,) if isinstance(axis, int) else axis


def reduced_dims(dims: tuple[Size, ...], axis: Axis, keepdims: bool) -> tuple[Size, ...]:
    """The shape after a reduction."""
    axes = axes_of(axis, len(dims))
    if keepdims:
        return tuple(1 if k in axes else size for k, size in enumerate(dims))
    return tuple(size for k, size in enumerate(dims) if k not in axes)


@functools.cache
def _dtype_from(reduction: Callable[..., Any], dtype: np.dtype[Any]) -> np.dtype[Any]:
    # NumPy knows best what it makes of small ints, bools and half floats.
    return np.asarray(reduction(np.ones(1, dtype))).dtype


def infer_reduction(reduction: Callable[..., Any]) -> Callable[..., Type]:
    """The type rule of a reduction; its dtype is what `reduction` makes of an array."""

    def infer(dims: Dims, types: Sequence[Type], params: Params) -> Type:
        shape = reduced_dims(dims_of(types[0]), params["axis"], params["keepdims"])
        return result_type(_dtype_from(reduction, types[0].dtype), shape)

    return infer


_DEFAULTS: Params = {"axis": None, "keepdims": False, "ddof": 0}


def options(params: Params, *names: str) -> str:
    """The options that differ from their defaults, as they are written in a call."""
    return ", ".join(f"{name}={params[name]!r}" for name in names if params[name] != _DEFAULTS[name])


def reduction_code(name: str, *names: str, method: bool = True) -> Callable[..., str]:
    """`x.sum(axis=0)` for arrays, `np.sum(x)` for numbers and where there is no method."""

    def code(types: Sequence[Type], params: Params) -> str:
        given = options(params, "axis", *names, "keepdims")
        if method and isinstance(types[0], Array):
            return f"{{0}}.{name}({given})"
        return f"np.{name}({{0}}, {given})" if given else f"np.{name}({{0}})"

    return code


# --- families --------------------------------------------------------------------------------------


def directional(
    name: str,
    infer: Callable[..., Type],
    code: str | Callable[..., str],
    direction: Callable[..., Value],
    scale: Callable[..., Any],
    **fields: Any,
) -> Primitive:
    """Register a reduction with dy = scale(sum(direction * dx)), the sum being along the reduced axes.

    `direction(y, x, **params)` has the shape of x; y comes with its reduced axes kept. `scale(v, y,
    direction, x, **params)` is linear in v, which has the shape of the result y. So what does not vary
    along the reduced axes is computed on the small array.
    """

    def towards(call: Call) -> Value:
        (x,) = call.operands
        return direction(keep_axes(call.result, x, call.params), x, **call.params)

    def along(call: Call, dots: Sequence[Value | None]) -> Value:
        (x,), (x_dot,) = call.operands, dots
        d = towards(call)
        y_dot = op.sum(d * x_dot, axis=call.params["axis"], keepdims=call.params["keepdims"])
        if is_complex(y_dot.type) and not is_complex(call.result.type):
            y_dot = op.real(y_dot)
        return scale(y_dot, call.result, d, x, **call.params)  # type: ignore[no-any-return]

    def against(call: Call, y_bar: Value, k: int) -> Value:
        (x,) = call.operands
        d = towards(call)
        return keep_axes(scale(y_bar, call.result, d, x, **call.params), x, call.params) * d

    return primitive(name, infer, code, along, against, **fields)


def count(x: Value, axis: Axis) -> Any:
    """How many elements are reduced to one."""
    if not x.is_array or axis == ():
        return 1
    if axis is None:
        return op.size(x)
    sizes = [op.dim(x, axis=k) for k in axes_of(axis, rank(x.type))]
    return functools.reduce(operator.mul, sizes)


def indicator(condition: Value, like: Value) -> Value:
    """A condition as ones and zeros that do not widen the dtype of `like` (bool / int is a float64)."""
    if like.type.dtype == np.float64:
        return condition
    return op.astype(condition, dtype=like.type.dtype)


# --- primitives ------------------------------------------------------------------------------------

linear(
    "sum",
    infer_reduction(np.sum),
    reduction_code("sum"),
    lambda y_bar, x, **along: keep_axes(y_bar, x, along),
    stem="s",
)
linear(
    "mean",
    infer_reduction(np.mean),
    reduction_code("mean"),
    lambda y_bar, x, **along: keep_axes(y_bar / count(x, along["axis"]), x, along),
    stem="m",
)
_EXTREMES: dict[str, Callable[..., Any]] = {"max": np.max, "min": np.min}
for _name, _reduction in _EXTREMES.items():
    directional(
        _name,
        infer_reduction(_reduction),
        reduction_code(_name),
        direction=lambda y, x, axis, keepdims: indicator(op.eq(x, y), x),
        scale=lambda v, y, ties, x, axis, keepdims: v / op.sum(ties, axis=axis, keepdims=keepdims),
        stem="m",
    )


def deviation(x: Value, axis: Axis) -> Value:
    """The deviations of x from its mean along the axis."""
    return x - op.mean(x, axis=axis, keepdims=axis is not None)


directional(
    "var",
    infer_reduction(np.var),
    reduction_code("var", "ddof"),
    direction=lambda y, x, axis, keepdims, ddof: deviation(x, axis),
    scale=lambda v, y, d, x, axis, keepdims, ddof: 2 * v / freedom(x, axis, ddof),
    stem="v",
)
directional(
    "std",
    infer_reduction(np.std),
    reduction_code("std", "ddof"),
    direction=lambda y, x, axis, keepdims, ddof: deviation(x, axis),
    # Where y is 0 all deviations are 0: any divisor but 0 makes the derivative 0.
    scale=lambda v, y, d, x, axis, keepdims, ddof: v / (freedom(x, axis, ddof) * not_zero(y)),
    stem="s",
)


def freedom(x: Value, axis: Axis, ddof: Any) -> Any:
    """The degrees of freedom, the divisor of a variance."""
    return count(x, axis) - ddof if ddof else count(x, axis)


def _prod_code(types: Sequence[Type], params: Params) -> str:
    whole = rank(types[0]) == 1
    return reduction_code("prod")(types, {**params, "axis": None} if whole else params)


def others(y: Value, x: Value, axis: int, keepdims: bool) -> Value:
    """The product of all other elements along the axis: right at zeros, where y / x is not."""
    before, after = (op.exclusive_products(x, axis=axis, reverse=reverse) for reverse in (False, True))
    return before * after


directional(
    "prod",
    infer_reduction(np.prod),
    _prod_code,
    direction=lambda y, x, axis, keepdims: others(y, x, axis, keepdims),
    scale=lambda v, y, d, x, axis, keepdims: v,
    stem="p",
)
_CONSTANT: dict[str, Callable[..., Any]] = {
    "any": np.any,
    "all": np.all,
    "argmax": np.argmax,
    "argmin": np.argmin,
}
for _name, _reduction in _CONSTANT.items():
    constant(_name, infer_reduction(_reduction), reduction_code(_name), stem="k")
constant("count_nonzero", infer_reduction(np.sum), reduction_code("count_nonzero", method=False), stem="n")


# --- what NumPy's functions and methods mean ----------------------------------------------------------


def _reduce(
    name: str, b: Builder, a: Any, axis: Any = None, keepdims: Any = False, dtype: Any = None, **params: Any
) -> Value:
    """Append the reduction `name` with its axis in canonical form."""
    called = f"np.{name}"
    keepdims = False if keepdims is np._NoValue else keepdims
    static(called, keepdims=keepdims)
    x = as_dtype(called, as_array(b, a), dtype)
    if name in ("max", "min", "argmax", "argmin", "std"):
        real(called, x)
    reduced = canonical_axis(called, axis, x)
    # The mean of a number is that number; np.sum makes it NumPy's, as every reduction does.
    if not x.is_array and is_inexact(x.type) and name in ("mean", "max", "min"):
        name = "sum"
    return getattr(op, name)(x, axis=reduced, keepdims=bool(keepdims), **params)  # type: ignore[no-any-return]


def _with_dtype(
    name: str,
    b: Builder,
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = False,
    **other: Any,
) -> Value:
    refuse(f"np.{name}", out=out, **other)
    return _reduce(name, b, a, axis, keepdims, dtype)


def _without_dtype(
    name: str, b: Builder, a: Any, axis: Any = None, out: Any = None, keepdims: Any = False, **other: Any
) -> Value:
    refuse(f"np.{name}", out=out, **other)
    if name in ("argmax", "argmin") and isinstance(axis, (tuple, list)):
        raise UnsupportedError(f"np.{name} takes one axis, not several", "Reshape the array first.")
    return _reduce(name, b, a, axis, keepdims)


def _products(
    b: Builder,
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = False,
    **other: Any,
) -> Value:
    refuse("np.prod", out=out, **other)
    static("np.prod", keepdims=keepdims)
    x = as_dtype("np.prod", as_array(b, a), dtype)
    axes = axes_of(canonical_axis("np.prod", axis, x), rank(x.type))
    if not axes:
        return _reduce("sum", b, x, axis, keepdims)
    # One axis at a time, so that the rules need not think of more.
    for k in reversed(axes):
        x = op.prod(x, axis=k, keepdims=bool(keepdims))
    return x


def _spread(
    name: str,
    b: Builder,
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    ddof: Any = 0,
    keepdims: Any = False,
    correction: Any = None,
    **other: Any,
) -> Value:
    called = f"np.{name}"
    refuse(called, out=out, **other)
    static(called, ddof=ddof, correction=correction)
    if correction is not None and correction is not np._NoValue:
        if ddof != 0:
            raise UnsupportedError(f"{called} takes ddof= or correction=, not both")
        ddof = correction
    x = as_dtype(called, as_array(b, a), dtype)
    if name == "var" and is_complex(x.type):
        parts = (_reduce(name, b, part, axis, keepdims, ddof=ddof) for part in (op.real(x), op.imag(x)))
        return total(list(parts))
    return _reduce(name, b, x, axis, keepdims, ddof=ddof)


for _adapter, _names in (
    (_with_dtype, ("sum", "mean")),
    (_without_dtype, ("max", "min", "any", "all", "argmax", "argmin")),
    (_spread, ("var", "std")),
):
    for _name in _names:
        function(getattr(np, _name), method=_name)(functools.partial(_adapter, _name))
function(np.amax)(functools.partial(_without_dtype, "max"))
function(np.amin)(functools.partial(_without_dtype, "min"))
function(np.prod, method="prod")(_products)


@function(np.ptp)
def _ptp(b: Builder, a: Any, axis: Any = None, out: Any = None, keepdims: Any = False) -> Value:
    refuse("np.ptp", out=out)
    return _reduce("max", b, a, axis, keepdims) - _reduce("min", b, a, axis, keepdims)


@function(np.count_nonzero)
def _count_nonzero(b: Builder, a: Any, axis: Any = None, *, keepdims: Any = False) -> Value:
    return _reduce("count_nonzero", b, a, axis, keepdims)


@function(np.average)
def _average(
    b: Builder, a: Any, axis: Any = None, weights: Any = None, returned: Any = False, *, keepdims: Any = False
) -> Any:
    static("np.average", axis=axis, returned=returned)
    if returned:
        raise UnsupportedError("np.average with returned=True is not supported", "Sum the weights yourself.")
    x = as_array(b, a)
    if weights is None:
        return _reduce("mean", b, x, axis, keepdims)
    w = as_array(b, weights)
    if rank(w.type) == rank(x.type):
        scale = _reduce("sum", b, w, axis, keepdims)
    elif rank(w.type) == 1 and isinstance(axis, int):
        w = op.expand_dims(w, axis=tuple(k for k in range(rank(x.type)) if k != axis % rank(x.type)))
        scale = _reduce("sum", b, w, None, keepdims)
    else:
        raise UnsupportedError(
            "np.average: weights of another rank than the data need one axis, and rank 1",
            "Write (w * x).sum(axis) / w.sum().",
        )
    return _reduce("sum", b, x * w, axis, keepdims) / scale


@function(np.nansum)
def _nansum(b: Builder, a: Any, *args: Any, **kwargs: Any) -> Value:
    x = as_array(b, a)
    return _with_dtype("sum", b, op.where(op.isnan(x), 0, x), *args, **kwargs)


@function(builtins.sum)
def _builtin_sum(b: Builder, iterable: Any, start: Any = 0) -> Any:
    """Python's sum adds up along the first axis."""
    if isinstance(iterable, Value):
        if not iterable.is_array:
            raise UnsupportedError("sum() of a number", "Sum an array, a list or a tuple.")
        first = _reduce("sum", b, iterable, 0)
        return first if isinstance(start, int) and start == 0 else start + first
    terms = [start, *iterable]
    if isinstance(start, int) and start == 0 and len(terms) > 1 and isinstance(terms[1], Value):
        del terms[0]
    return functools.reduce(operator.add, terms)


def _builtin_extreme(name: str, b: Builder, *args: Any, key: Any = None, **default: Any) -> Any:
    """Python's max and min of an array, of several numbers, or of those in a list or tuple."""
    if key is not None:
        raise UnsupportedError(f"{name}() with key= needs values that are known while transforming")
    if len(args) == 1 and isinstance(args[0], Value):
        if rank(args[0].type) != 1:
            raise UnsupportedError(f"{name}() takes a vector, or several numbers", f"Use np.{name}.")
        return _reduce(name, b, args[0])
    numbers = args if len(args) > 1 else args[0]
    if not numbers and "default" in default:
        return default["default"]
    # One after the other, as Python compares them.
    return functools.reduce(getattr(op, f"{name}2"), map(b.value, numbers))


function(builtins.max)(functools.partial(_builtin_extreme, "max"))
function(builtins.min)(functools.partial(_builtin_extreme, "min"))
