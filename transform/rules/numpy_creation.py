"""NumPy's functions that make arrays, in terms of the primitives of creation.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import UnsupportedError
from ..ir import Lit
from ..types import Scalar, rank
from .build import Builder, Value, op
from .creation import arange, as_array, converted, example, only_default, option_dtype
from .lengths import derived
from .numpy_shape import broadcast_to, expanded
from .registry import PRIMITIVES, function
from .shape import as_shape, dim, normal_axis, shape_source, static_int, template

__all__: list[str] = []

_INT64 = np.dtype(np.int64)


# In a given shape.


def _filled(name: str) -> Any:
    def adapter(
        b: Builder, shape: Any, dtype: Any = None, order: Any = "C", *, device: Any = None, like: Any = None
    ) -> Value:
        only_default(f"np.{name}", order=order, device=device, like=like)
        return filled(b, name, as_shape(shape), option_dtype(dtype))

    return adapter


def filled(b: Builder, name: str, shape: tuple[Any, ...], dtype: np.dtype) -> Value:
    """An array of zeros, ones or whatever (empty) of this shape."""
    if not shape:
        return b.value(dtype.type(name == "ones"))
    source = shape_source(b, shape)
    if source is not None:
        return b.apply(PRIMITIVES[f"{name}_like"], (source,), {"dtype": dtype})
    entries, operands, lengths = template(shape, 0)
    return b.apply(PRIMITIVES[name], operands, {"shape": entries, "lengths": lengths, "dtype": dtype})


def _filled_like(name: str) -> Any:
    def adapter(
        b: Builder,
        a: Any,
        dtype: Any = None,
        order: Any = "K",
        subok: Any = True,
        shape: Any = None,
        **other: Any,
    ) -> Value:
        only_default(f"np.{name}_like", order=order, subok=subok, **other)
        x = as_array(b, a)
        wanted = option_dtype(dtype, x.type.dtype)
        if shape is not None:
            return filled(b, name, as_shape(shape), wanted)
        if not x.is_array:
            return b.value(wanted.type(name == "ones"))
        return b.apply(PRIMITIVES[f"{name}_like"], (x,), {"dtype": wanted})

    return adapter


function(np.zeros)(_filled("zeros"))
function(np.ones)(_filled("ones"))
function(np.empty)(_filled("empty"))
function(np.zeros_like)(_filled_like("zeros"))
function(np.ones_like)(_filled_like("ones"))
function(np.empty_like)(_filled_like("empty"))


@function(np.full)
def _full(
    b: Builder,
    shape: Any,
    fill_value: Any,
    dtype: Any = None,
    order: Any = "C",
    *,
    device: Any = None,
    like: Any = None,
) -> Value:
    only_default("np.full", order=order, device=device, like=like)
    value, shape = as_array(b, fill_value), as_shape(shape)
    wanted = option_dtype(dtype, value.type.dtype)
    if _loses(value, wanted):
        value = converted(value, wanted)
    if not shape:
        return converted(value, wanted)
    source = shape_source(b, shape)
    if source is not None and not value.is_array and _plain_fill(value, source) == wanted:
        return op.broadcast_like(value, source)
    entries, operands, lengths = template(shape, 1)
    params = {"shape": entries, "lengths": lengths, "dtype": wanted}
    return b.apply(PRIMITIVES["full"], (value, *operands), params)


def _loses(value: Value, wanted: np.dtype) -> bool:
    given = value.type.dtype.kind
    return (given in "fc" and wanted.kind not in "fc") or (given == "c" and wanted.kind != "c")


def _plain_fill(value: Value, like: Value) -> np.dtype:
    """The dtype of broadcast_like(value, like)."""
    return PRIMITIVES["broadcast_like"].infer(like.builder.dims, (value.type, like.type), {}).dtype


@function(np.full_like)
def _full_like(
    b: Builder,
    a: Any,
    fill_value: Any,
    dtype: Any = None,
    order: Any = "K",
    subok: Any = True,
    shape: Any = None,
    *,
    device: Any = None,
) -> Value:
    only_default("np.full_like", order=order, subok=subok, device=device)
    x = as_array(b, a)
    shape = tuple(dim(x, k) for k in range(rank(x.type))) if shape is None else shape
    return _full(b, shape, fill_value, option_dtype(dtype, x.type.dtype))


@function(np.eye)
def _eye(
    b: Builder,
    N: Any,
    M: Any = None,
    k: Any = 0,
    dtype: Any = float,
    order: Any = "C",
    *,
    device: Any = None,
    like: Any = None,
) -> Value:
    only_default("np.eye", order=order, device=device, like=like)
    offset = static_int(k)
    if offset is None:
        raise UnsupportedError("np.eye needs a k known while transforming")
    entries, operands, lengths = template((N,) if M is None else (N, M), 0)
    params = {"shape": entries, "lengths": lengths, "k": offset, "dtype": option_dtype(dtype)}
    return b.apply(PRIMITIVES["eye"], operands, params)


@function(np.identity)
def _identity(b: Builder, n: Any, dtype: Any = None, *, like: Any = None) -> Value:
    only_default("np.identity", like=like)
    return _eye(b, n, dtype=option_dtype(dtype))


# Counted steps.


@function(np.arange)
def _arange(
    b: Builder, *args: Any, dtype: Any = None, device: Any = None, like: Any = None, **named: Any
) -> Value:
    only_default("np.arange", device=device, like=like)
    limits = _arange_limits(args, named)
    if len(limits) == 1 and (dtype is None or option_dtype(dtype) == _INT64) and _is_int(limits[0]):
        return arange(b, limits[0])
    values = [b.value(limit) for limit in limits]
    if any(value.is_array for value in values):
        raise UnsupportedError("np.arange takes numbers, not arrays")
    natural = np.arange(*(example(value.type) for value in values)).dtype
    wanted = option_dtype(dtype, natural)
    if natural.kind == "f" and wanted.kind != "f":
        raise UnsupportedError("np.arange of floats cannot give integers reliably", "Use integer arguments.")
    static = [value.atom.value for value in values if isinstance(value.atom, Lit)]
    known = len(static) == len(values)
    length = len(np.arange(*static)) if known else derived("arange", *values)
    return b.apply(PRIMITIVES["arange"], values, {"dtype": wanted, "length": length})


def _arange_limits(args: tuple[Any, ...], named: dict[str, Any]) -> list[Any]:
    """stop, or start and stop, or start, stop and step, however they were passed."""
    names = ("start", "stop", "step")
    if len(args) == 1 and "stop" not in named and "start" not in named:
        args = (0, *args) if named.get("step") is not None else args
        if len(args) == 1:
            return list(args)
    given = {**dict(zip(names, args, strict=False)), **named}
    if given.get("stop") is None:
        given = {"start": 0, "stop": given.get("start"), "step": given.get("step")}
    limits = [given.get("start", 0), given["stop"], given.get("step")]
    return limits if limits[2] is not None else limits[:2]


def _is_int(thing: Any) -> bool:
    if isinstance(thing, Value):
        return not thing.is_array and thing.type.dtype == _INT64
    return isinstance(thing, int) and not isinstance(thing, bool)


@function(np.linspace)
def _linspace(
    b: Builder,
    start: Any,
    stop: Any,
    num: Any = 50,
    endpoint: Any = True,
    retstep: Any = False,
    dtype: Any = None,
    axis: Any = 0,
    *,
    device: Any = None,
) -> Any:
    only_default("np.linspace", device=device)
    first, last = as_array(b, start), as_array(b, stop)
    entries, operands, lengths = template((num,), 2)
    length = entries[0] if lengths[0] is None else lengths[0]
    params = {"num": entries[0], "endpoint": bool(endpoint), "length": length}
    if first.is_array or last.is_array:
        if normal_axis(axis, max(rank(first.type), rank(last.type)) + 1) != 0 or retstep or dtype is not None:
            raise UnsupportedError(
                "np.linspace between arrays is understood with axis=0, without dtype and retstep"
            )
        natural = np.linspace(example(first.type), example(last.type), 1).dtype
        real = np.dtype(natural.type(0).real.dtype)
        t = b.apply(PRIMITIVES["linspace"], (0.0, 1.0, *operands), {**params, "dtype": real})
        width = last - first
        return first + expanded(t, tuple(range(1, rank(width.type) + 1))) * width
    wanted = option_dtype(dtype, np.linspace(example(first.type), example(last.type), 1).dtype)
    if wanted.kind not in "fc":
        raise UnsupportedError("np.linspace with an integer dtype rounds its values", "Leave dtype= out.")
    y = b.apply(PRIMITIVES["linspace"], (first, last, *operands), {**params, "dtype": wanted})
    if not retstep:
        return y
    known = static_int(num)
    if known is None or known < 2:
        raise UnsupportedError("np.linspace with retstep needs a num known while transforming, 2 or more")
    return y, (last - first) / (known - 1 if endpoint else known)


@function(np.logspace)
def _logspace(
    b: Builder,
    start: Any,
    stop: Any,
    num: Any = 50,
    endpoint: Any = True,
    base: Any = 10.0,
    dtype: Any = None,
    axis: Any = 0,
) -> Value:
    only_default("np.logspace", dtype=dtype)
    exponents: Value = _linspace(b, start, stop, num, endpoint, axis=axis)
    return b.value(base) ** exponents


# Arrays of what is at hand.


@function(np.array)
def _array(
    b: Builder,
    object: Any,
    dtype: Any = None,
    *,
    copy: Any = True,
    order: Any = "K",
    subok: Any = False,
    ndmin: Any = 0,
    ndmax: Any = 0,
    like: Any = None,
) -> Value:
    only_default("np.array", order=order, subok=subok, like=like)
    made = _asarray(b, object, dtype)
    if copy and made is object and made.is_array:
        made = op.copy(made)
    least = static_int(ndmin) or 0
    return expanded(made, tuple(range(least - rank(made.type))))


@function(np.asarray, np.asanyarray)
def _asarray(
    b: Builder,
    a: Any,
    dtype: Any = None,
    order: Any = None,
    *,
    device: Any = None,
    copy: Any = None,
    like: Any = None,
) -> Value:
    only_default("np.asarray", order=order, device=device, like=like)
    x = as_array(b, a)
    if dtype is None and not (isinstance(x.type, Scalar) and x.type.weak):
        made = x
    else:
        made = converted(x, option_dtype(dtype, x.type.dtype))
    return op.copy(made) if copy and made is a and made.is_array else made


@function(np.ascontiguousarray)
def _ascontiguousarray(b: Builder, a: Any, dtype: Any = None, *, like: Any = None) -> Value:
    made = _asarray(b, a, dtype, like=like)
    return made if made.is_array else expanded(made, (0,))


@function(np.asarray_chkfinite)
def _asarray_chkfinite(b: Builder, a: Any, dtype: Any = None, order: Any = None) -> Value:
    return _asarray(b, a, dtype, order)


@function(np.meshgrid)
def _meshgrid(
    b: Builder, *xi: Any, copy: Any = True, sparse: Any = False, indexing: Any = "xy"
) -> list[Value]:
    if indexing not in ("xy", "ij"):
        raise UnsupportedError("np.meshgrid takes indexing='xy' or 'ij'")
    arrays = [expanded(x, (0,) if rank(x.type) == 0 else ()) for x in (as_array(b, each) for each in xi)]
    if any(rank(x.type) != 1 for x in arrays):
        raise UnsupportedError("np.meshgrid takes arrays of rank 1")
    places = list(range(len(arrays)))
    if indexing == "xy" and len(arrays) > 1:
        places[:2] = [1, 0]
    open_grid = [
        expanded(x, tuple(k for k in range(len(arrays)) if k != place))
        for x, place in zip(arrays, places, strict=True)
    ]
    if sparse:
        return [op.copy(x) for x in open_grid] if copy else open_grid
    shape = [dim(arrays[places.index(k)], 0) for k in range(len(arrays))]
    full = [broadcast_to(x, tuple(shape)) for x in open_grid]
    return [op.copy(x) for x in full] if copy else full
