"""Searching: where elements are, which there are, how many. The positions found carry no derivative.

np.unique(v)                 of floats is v[np.unique(v, return_index=True)[1]]: it has derivatives
np.bincount(k, weights=w)    is linear in w; against it, w_bar = y_bar[k]
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import UnsupportedError
from ..ir import Slot
from ..types import Array, Dims, Type, is_inexact, rank
from .build import Builder, Value, op
from .creation import as_array, converted, only_default
from .families import constant, linear, result_type
from .index import getitem
from .lengths import derived
from .registry import PRIMITIVES, function
from .shape import sizes_of

__all__ = ["nonzero"]

Params = Mapping[str, Any]
_INT64 = np.dtype(np.int64)
_FLOAT64 = np.dtype(np.float64)


def _array(b: Builder, thing: Any, name: str) -> Value:
    x = as_array(b, thing)
    if not x.is_array:
        raise UnsupportedError(f"{name} of a number", "Pass an array.")
    return x


# Where something is.


def _infer_found(dims: Dims, types: Sequence[Type], params: Params) -> Type:
    return Array(_INT64, (params["length"],))


constant("nonzero", _infer_found, lambda types, params: f"np.nonzero({{0}})[{params['axis']}]", stem="k")
constant("flatnonzero", _infer_found, "np.flatnonzero({0})", stem="k")


@function(np.nonzero, method="nonzero")
def nonzero(b: Builder, a: Any) -> tuple[Value, ...]:
    """The positions along each axis: as many as a mask would choose."""
    x = _array(b, a, "np.nonzero")
    return tuple(op.nonzero(x, axis=axis, length=derived("count", x)) for axis in range(rank(x.type)))


@function(np.flatnonzero)
def _flatnonzero(b: Builder, a: Any) -> Value:
    x = _array(b, a, "np.flatnonzero")
    return op.flatnonzero(x, length=derived("count", x))


def _infer_places(dims: Dims, types: Sequence[Type], params: Params) -> Type:
    return result_type(_INT64, sizes_of(types[params["of"]]))


def _searchsorted_code(types: Sequence[Type], params: Params) -> str:
    side = "" if params["side"] == "left" else f", side={params['side']!r}"
    return f"np.searchsorted({{0}}, {{1}}{side})"


constant("searchsorted", _infer_places, _searchsorted_code, stem="k")
constant(
    "digitize",
    _infer_places,
    lambda types, params: f"np.digitize({{0}}, {{1}}{', right=True' if params['right'] else ''})",
    stem="k",
)


@function(np.searchsorted, method="searchsorted")
def _searchsorted(b: Builder, a: Any, v: Any, side: Any = "left", sorter: Any = None) -> Value:
    only_default("np.searchsorted", sorter=sorter)
    if side not in ("left", "right"):
        raise UnsupportedError(f"np.searchsorted with side={side!r}", 'Use "left" or "right".')
    return op.searchsorted(_array(b, a, "np.searchsorted"), as_array(b, v), side=side, of=1)


@function(np.digitize)
def _digitize(b: Builder, x: Any, bins: Any, right: Any = False) -> Value:
    return op.digitize(as_array(b, x), _array(b, bins, "np.digitize"), right=bool(right), of=0)


# Which there are.


def _infer_unique(dims: Dims, types: Sequence[Type], params: Params) -> Type:
    dtype = types[0].dtype if params["part"] == "values" else _INT64
    return Array(dtype, (params["length"],))


def _unique_code(types: Sequence[Type], params: Params) -> str:
    part = params["part"]
    return "np.unique({0})" if part == "values" else f"np.unique({{0}}, return_{part}=True)[1]"


constant("unique", _infer_unique, _unique_code, stem="u")


@function(np.unique)
def _unique(
    b: Builder,
    ar: Any,
    return_index: Any = False,
    return_inverse: Any = False,
    return_counts: Any = False,
    axis: Any = None,
    *,
    equal_nan: Any = True,
    sorted: Any = True,
) -> Any:
    x = _array(b, ar, "np.unique")
    if (axis is not None and rank(x.type) > 1) or not (equal_nan and sorted):
        raise UnsupportedError("np.unique is understood without axis=, equal_nan= and sorted=")
    if rank(x.type) > 1:
        x = op.ravel(x)
        if return_inverse:
            raise UnsupportedError("np.unique with return_inverse= is understood for arrays of rank 1")
    length = derived("unique", x)

    def part(name: str, size: Any = length) -> Value:
        return op.unique(x, part=name, length=size)

    wanted = {"index": return_index, "inverse": return_inverse, "counts": return_counts}
    sizes = {"inverse": sizes_of(x.type)[0]}
    more = [part(name, sizes.get(name, length)) for name, given in wanted.items() if given]
    if is_inexact(x.type):
        values = b.apply(PRIMITIVES["getitem"], (x, part("index")), {"index": (Slot(1),), "distinct": True})
    else:
        values = part("values")
    return (values, *more) if more else values


# How many there are.


def _bincount_code(text: str) -> Callable[[Sequence[Type], Params], str]:
    count = text.count("{")

    def code(types: Sequence[Type], params: Params) -> str:
        return f"np.bincount({text}{f', minlength={{{count}}}' if len(types) > count else ''})"

    return code


constant("bincount", _infer_found, _bincount_code("{0}"), stem="n")
linear(
    "bincount_of_weights",
    lambda dims, types, params: Array(_FLOAT64, (params["length"],)),
    _bincount_code("{1}, {0}"),
    lambda y_bar, w, x, *minlength, **params: getitem(y_bar.builder, y_bar, x),
    stem="s",
)


@function(np.bincount)
def _bincount(b: Builder, x: Any, weights: Any = None, minlength: Any = 0) -> Value:
    k = _array(b, x, "np.bincount")
    if rank(k.type) != 1 or k.type.dtype.kind not in "biu":
        raise UnsupportedError("np.bincount takes an array of ints of rank 1")
    if k.type.dtype.kind == "b":
        k = converted(k, _INT64)
    more = () if minlength == 0 and not isinstance(minlength, Value) else (b.value(minlength),)
    length = derived("bincount", k, *more)
    if weights is None:
        return op.bincount(k, *more, length=length)
    w = _array(b, weights, "np.bincount with weights")
    if w.type.dtype.kind == "c":
        raise UnsupportedError("np.bincount with complex weights", "Take the real and the imaginary part.")
    if rank(w.type) != 1:
        raise UnsupportedError("np.bincount takes as many weights as ints")
    b.dims.equate(sizes_of(k.type)[0], sizes_of(w.type)[0])
    return op.bincount_of_weights(converted(w, _FLOAT64), k, *more, length=length)
