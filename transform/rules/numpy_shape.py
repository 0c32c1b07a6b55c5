"""NumPy's functions, methods and attributes about shapes, in terms of the primitives of shape.py."""

from __future__ import annotations

import copy
import math
from typing import Any

import numpy as np

from ..errors import LengthNeeded, UnsupportedError
from ..types import Scalar, dtype_of, rank
from .build import Builder, Value, op
from .creation import as_array, converted, only_default
from .registry import PRIMITIVES, attribute, function, method
from .shape import (
    as_shape,
    dim,
    dim_values,
    normal_axes,
    normal_axis,
    shape_source,
    sizes_of,
    static_int,
    template,
)

__all__ = ["broadcast_to", "element_count", "expanded"]


# What an array is.


@attribute("shape")
@function(np.shape)
def _shape(b: Builder, a: Any) -> tuple[Any, ...]:
    return dim_values(as_array(b, a))


@attribute("ndim")
@function(np.ndim)
def _ndim(b: Builder, a: Any) -> int:
    return rank(as_array(b, a).type)


@function(np.size)
def _size(b: Builder, a: Any, axis: Any = None) -> Any:
    x = as_array(b, a)
    if axis is None:
        return element_count(x)
    count: Any = 1
    for k in normal_axes(axis, rank(x.type)):
        count = dim(x, k) if isinstance(count, int) and count == 1 else count * dim(x, k)
    return count


@attribute("size")
def _size_attribute(b: Builder, x: Value) -> Any:
    return element_count(x)


def element_count(x: Value) -> Any:
    """How many elements x has: an int where it is known."""
    sizes = [x.builder.dims.resolve(size) for size in sizes_of(x.type)]
    if all(isinstance(size, int) for size in sizes):
        return math.prod(size for size in sizes if isinstance(size, int))
    return op.size(x)


@function(len)
def _len(b: Builder, x: Any) -> Any:
    if not isinstance(x, Value):
        return len(x)
    if not x.is_array:
        raise UnsupportedError("a number has no len()")
    return dim(x, 0)


@attribute("dtype")
def _dtype(b: Builder, x: Value) -> np.dtype:
    return x.type.dtype


@attribute("itemsize")
def _itemsize(b: Builder, x: Value) -> int:
    return x.type.dtype.itemsize


@attribute("nbytes")
def _nbytes(b: Builder, x: Value) -> Any:
    return element_count(x) * x.type.dtype.itemsize


@attribute("flat")
def _flat(b: Builder, x: Value) -> Any:
    raise UnsupportedError("x.flat is an iterator, which is not understood", "Write x.ravel().")


@function(np.isscalar)
def _isscalar(b: Builder, element: Any) -> bool:
    return not element.is_array if isinstance(element, Value) else np.isscalar(element)


@function(np.iscomplexobj)
def _iscomplexobj(b: Builder, x: Any) -> bool:
    return as_array(b, x).type.dtype.kind == "c"


@function(np.isrealobj)
def _isrealobj(b: Builder, x: Any) -> bool:
    return as_array(b, x).type.dtype.kind != "c"


@function(np.result_type)
def _result_type(b: Builder, *arrays_and_dtypes: Any) -> np.dtype:
    def example(thing: Any) -> Any:
        if not isinstance(thing, Value):
            return thing
        of = dtype_of(thing.type)
        return of(0) if isinstance(of, type) else of

    return np.result_type(*map(example, arrays_and_dtypes))


@function(np.issubdtype)
def _issubdtype(b: Builder, arg1: Any, arg2: Any) -> bool:
    return np.issubdtype(arg1, arg2)


@function(np.can_cast)
def _can_cast(b: Builder, from_: Any, to: Any, casting: Any = "safe") -> bool:
    return np.can_cast(from_.type.dtype if isinstance(from_, Value) else from_, to, casting)


# Other shapes for the same elements.


@method("reshape")
def _reshape_method(b: Builder, x: Value, *shape: Any, order: Any = "C", copy: Any = None) -> Value:
    if len(shape) == 1:
        return _reshape(b, x, shape[0], order, copy=copy)
    return _reshape(b, x, shape, order, copy=copy)


@function(np.reshape)
def _reshape(b: Builder, a: Any, shape: Any, order: Any = "C", *, copy: Any = None) -> Value:
    _row_major(order)
    x, shape = as_array(b, a), as_shape(shape)
    source = shape_source(b, shape)
    if source is not None:
        reshaped = op.reshape_like(x, source)
    else:
        entries, operands, lengths = template(shape, 1)
        reshaped = b.apply(PRIMITIVES["reshape"], (x, *operands), {"shape": entries, "lengths": lengths})
    return op.copy(reshaped) if copy else reshaped


def _row_major(order: Any) -> None:
    if order not in ("C", "K", None):
        raise UnsupportedError(f"order={order!r} is not understood", "Leave order= out, or transpose.")


@function(np.ravel, method="ravel")
def _ravel(b: Builder, a: Any, order: Any = "C") -> Value:
    _row_major(order)
    x = as_array(b, a)
    return x if rank(x.type) == 1 else op.ravel(x)


@method("flatten")
def _flatten(b: Builder, x: Value, order: Any = "C") -> Value:
    _row_major(order)
    return op.flatten(x)


def transposed(x: Value, axes: tuple[int, ...]) -> Value:
    """The array with its axes in this order; x itself where that is their order."""
    if axes == tuple(range(len(axes))):
        return x
    return op.transpose(x, axes=None if axes == tuple(range(len(axes)))[::-1] else axes)


@attribute("T")
def _t(b: Builder, x: Value) -> Value:
    return transposed(x, tuple(range(rank(x.type)))[::-1])


@method("transpose")
def _transpose_method(b: Builder, x: Value, *axes: Any) -> Value:
    return _transpose(b, x, axes[0] if len(axes) == 1 else axes or None)


@function(np.transpose, np.permute_dims)
def _transpose(b: Builder, a: Any, axes: Any = None) -> Value:
    x = as_array(b, a)
    if axes is None:
        return _t(b, x)
    order = normal_axes(axes, rank(x.type))
    if len(order) != rank(x.type):
        raise UnsupportedError(f"{len(order)} axes for an array of rank {rank(x.type)}")
    return transposed(x, order)


@function(np.swapaxes, method="swapaxes")
def _swapaxes(b: Builder, a: Any, axis1: Any, axis2: Any) -> Value:
    x = as_array(b, a)
    order = list(range(rank(x.type)))
    i, j = normal_axis(axis1, len(order)), normal_axis(axis2, len(order))
    order[i], order[j] = j, i
    return transposed(x, tuple(order))


@attribute("mT")
@function(np.matrix_transpose)
def _matrix_transpose(b: Builder, x: Any) -> Value:
    x = as_array(b, x)
    if rank(x.type) < 2:
        raise UnsupportedError("a matrix transpose needs an array of rank 2 or more")
    return _swapaxes(b, x, -1, -2)


@function(np.moveaxis)
def _moveaxis(b: Builder, a: Any, source: Any, destination: Any) -> Value:
    x = as_array(b, a)
    sources, destinations = normal_axes(source, rank(x.type)), normal_axes(destination, rank(x.type))
    if len(sources) != len(destinations):
        raise UnsupportedError("np.moveaxis takes as many sources as destinations")
    order = [k for k in range(rank(x.type)) if k not in sources]
    for place, axis in sorted(zip(destinations, sources, strict=True)):
        order.insert(place, axis)
    return transposed(x, tuple(order))


@function(np.rollaxis)
def _rollaxis(b: Builder, a: Any, axis: Any, start: Any = 0) -> Value:
    x = as_array(b, a)
    ndim = rank(x.type)
    axis, before = normal_axis(axis, ndim), static_int(start)
    if before is None or not -ndim <= before <= ndim:
        raise UnsupportedError("np.rollaxis needs a start known while transforming")
    before = before + ndim if before < 0 else before
    return _moveaxis(b, x, axis, before - 1 if axis < before else before)


@function(np.squeeze, method="squeeze")
def _squeeze(b: Builder, a: Any, axis: Any = None) -> Value:
    x = as_array(b, a)
    sizes = [b.dims.resolve(size) for size in sizes_of(x.type)]
    if axis is None:
        if any(not isinstance(size, int) and not size.not_one for size in sizes):
            raise UnsupportedError(
                "whether a dim of this array is 1 is not known, so squeeze() may give any rank",
                "Give the axis: squeeze(axis=...).",
            )
        axes = tuple(k for k, size in enumerate(sizes) if size == 1)
    else:
        axes = normal_axes(axis, len(sizes))
    if not axes:
        return x
    return op.squeeze(x, axis=axes if len(axes) > 1 else axes[0])


def expanded(x: Value, axes: tuple[int, ...]) -> Value:
    """The array with new axes at these places of the result."""
    return op.expand_dims(x, axis=axes if len(axes) > 1 else axes[0]) if axes else x


@function(np.expand_dims)
def _expand_dims(b: Builder, a: Any, axis: Any) -> Value:
    x = as_array(b, a)
    count = len(axis) if isinstance(axis, (tuple, list)) else 1
    return expanded(x, normal_axes(axis, rank(x.type) + count))


@function(np.atleast_1d)
def _atleast_1d(b: Builder, *arys: Any) -> Any:
    return _each(b, arys, lambda x: expanded(x, (0,) if rank(x.type) == 0 else ()))


@function(np.atleast_2d)
def _atleast_2d(b: Builder, *arys: Any) -> Any:
    return _each(b, arys, lambda x: expanded(x, tuple(range(2 - rank(x.type)))))


@function(np.atleast_3d)
def _atleast_3d(b: Builder, *arys: Any) -> Any:
    places = ((0, 1, 2), (0, 2), (2,))
    return _each(b, arys, lambda x: expanded(x, places[rank(x.type)] if rank(x.type) < 3 else ()))


def _each(b: Builder, arrays: tuple[Any, ...], change: Any) -> Any:
    changed = tuple(change(as_array(b, each)) for each in arrays)
    return changed[0] if len(changed) == 1 else changed


def broadcast_to(x: Value, shape: Any) -> Value:
    """The array broadcast to a shape of static and run-time ints."""
    b = x.builder
    source = shape_source(b, as_shape(shape))
    if source is not None and x.is_array:
        return op.broadcast_like(x, source)
    entries, operands, lengths = template(as_shape(shape), 1)
    return b.apply(PRIMITIVES["broadcast_to"], (x, *operands), {"shape": entries, "lengths": lengths})


@function(np.broadcast_to)
def _broadcast_to(b: Builder, array: Any, shape: Any, subok: Any = False) -> Value:
    only_default("np.broadcast_to", subok=subok)
    return broadcast_to(as_array(b, array), shape)


@function(np.broadcast_arrays)
def _broadcast_arrays(b: Builder, *args: Any, subok: Any = False) -> tuple[Value, ...]:
    only_default("np.broadcast_arrays", subok=subok)
    # Python's numbers become NumPy's.
    arrays = [converted(x, x.type.dtype) for x in (as_array(b, each) for each in args)]
    common = b.dims.broadcast_shapes(sizes_of(x.type) for x in arrays)
    shape = [_dim_of(arrays, k - len(common), size) for k, size in enumerate(common)]
    fits = [
        len(sizes_of(x.type)) == len(common) and all(map(b.dims.same, sizes_of(x.type), common))
        for x in arrays
    ]
    return tuple(x if fit else broadcast_to(x, tuple(shape)) for x, fit in zip(arrays, fits, strict=True))


def _dim_of(arrays: list[Value], axis: int, size: Any) -> Any:
    """The run-time length of a broadcast dim, counted from the end."""
    if isinstance(size, int):
        return size
    for x in arrays:
        if rank(x.type) >= -axis and x.builder.dims.same(sizes_of(x.type)[axis], size):
            return dim(x, axis)
    raise UnsupportedError(
        "which of the arrays is broadcast is not known", "Use np.broadcast_to with a shape."
    )


# Copies and conversions.


@method("astype")
def _astype(
    b: Builder,
    x: Value,
    dtype: Any,
    order: Any = "K",
    casting: Any = "unsafe",
    subok: Any = True,
    copy: Any = True,
) -> Value:
    only_default("astype", order=order, subok=subok)
    if isinstance(casting, str) and not np.can_cast(x.type.dtype, dtype, casting):  # type: ignore[arg-type]
        raise UnsupportedError(
            f"NumPy does not cast {x.type.dtype} to {np.dtype(dtype)} with casting={casting!r}"
        )
    made = converted(x, dtype)
    return op.copy(x) if made is x and copy and x.is_array else made


# NumPy 2.1 and later.
@function(*(getattr(np, name) for name in ("astype",) if hasattr(np, name)))
def _astype_function(b: Builder, x: Any, dtype: Any, /, *, copy: Any = True, device: Any = None) -> Value:
    only_default("np.astype", device=device)
    return _astype(b, as_array(b, x), dtype, copy=copy)


def _conversion(number: type[np.generic]) -> None:
    """Register what np.float32(x) and its like mean."""

    @function(number)
    def convert(b: Builder, x: Any = 0) -> Any:
        return _astype(b, as_array(b, x), number) if isinstance(x, (Value, list, tuple)) else number(x)


for _number in (
    np.float64,
    np.float32,
    np.float16,
    np.complex128,
    np.complex64,
    np.int64,
    np.int32,
    np.bool_,
):
    _conversion(_number)


@function(np.copy)
def _copy(b: Builder, a: Any, order: Any = "K", subok: Any = False) -> Value:
    only_default("np.copy", order=order, subok=subok)
    x = as_array(b, a)
    return op.copy(x) if x.is_array else x


@method("copy")
def _copy_method(b: Builder, x: Value, order: Any = "C") -> Value:
    return _copy(b, x, order)


@function(copy.copy, method="__copy__")
def _copy_copy(b: Builder, x: Any) -> Any:
    return _copy(b, x) if isinstance(x, Value) else copy.copy(x)


@method("item")
def _item(b: Builder, x: Value, *args: Any) -> Value:
    if args:
        index = args[0] if len(args) == 1 and isinstance(args[0], (tuple, list)) else args
        if len(index) != rank(x.type):
            raise UnsupportedError("x.item() is understood with one index for each axis")
        return _item(b, op.getitem(x, index=tuple(_index(each) for each in index)))
    if isinstance(x.type, Scalar) and x.type.weak:
        return x
    return op.item(x)


def _index(thing: Any) -> int:
    known = static_int(thing)
    if known is None:
        raise UnsupportedError("x.item() is understood with static indices", "Write x[i].")
    return known


@method("tolist")
def _tolist(b: Builder, x: Value) -> Value:
    if x.is_array:
        raise LengthNeeded(
            "the length of x.tolist() is not known while transforming", "Use the array itself."
        )
    return _item(b, x)
