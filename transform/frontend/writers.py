"""NumPy's functions and methods that write to an argument: `out=`, `np.copyto`, `np.add.at`, `a.fill`."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..errors import UnsupportedError
from ..rules.build import Value, op
from ..rules.creation import arange
from ..rules.index import getitem
from ..rules.numpy_shape import broadcast_to
from ..rules.registry import FUNCTIONS
from ..rules.shape import dim, sizes_of
from ..types import Array, rank
from .arguments import as_array, prepared
from .calls import special
from .lowering import Lowering
from .operators import binary
from .scope import Raised
from .writes import increment, may_name_twice, require_same_kind, write, write_whole

__all__ = ["ARRAY_METHODS", "call_with_out"]

ARRAY_METHODS: dict[str, Callable[..., None]] = {}
"""The methods of arrays that change the array: handler(low, array, *args, **kwargs)."""


def _method(name: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    def register(handler: Callable[..., None]) -> Callable[..., None]:
        ARRAY_METHODS[name] = handler
        return handler

    return register


def _require_array(array: Any, function: str) -> Value:
    if isinstance(array, Value) and isinstance(array.type, Array):
        return array
    raise Raised(TypeError(f"{function} writes to an array, not to a {type(array).__name__}"))


# out=.


def call_with_out(
    low: Lowering, call: Callable[..., Any], called: str, args: Sequence[Any], kwargs: dict[str, Any]
) -> Any:
    """A function that is given the array for its result; `call` computes the result itself."""
    kwargs = dict(kwargs)
    out, where = kwargs.pop("out"), kwargs.pop("where", True)
    if isinstance(out, tuple):
        if len(out) != 1:
            raise UnsupportedError(f"{called} with several results and out=", "Assign its results to names.")
        (out,) = out
    if out is None:
        return call(args, kwargs if where is True else {**kwargs, "where": where})
    array = _require_array(out, called)
    if where is not True:
        _where(low, call, called, args, kwargs, array, low.live(where))
        return out
    result = call(args, kwargs)
    if not isinstance(result, Value):
        result = low.builder.value(result)
    require_same_kind(result.type, array.type, called)
    write_whole(low, array, result, fresh=True)
    return out


def _where(
    low: Lowering,
    call: Callable[..., Any],
    called: str,
    args: Sequence[Any],
    kwargs: dict[str, Any],
    array: Value,
    where: Any,
) -> None:
    """`where=` beside `out=`: only what the mask chooses is computed, so that nothing else contributes."""
    if not isinstance(where, Value) or rank(where.type) != rank(array.type) or where.type.dtype.kind != "b":
        raise UnsupportedError(
            f"where= of {called} is understood as an array of bools in the shape of out=",
            "Use np.where(condition, result, other).",
        )
    shape = tuple(dim(low.live(array), k) for k in range(rank(array.type)))

    def chosen(thing: Any) -> Any:
        value = as_array(low, thing)
        if not isinstance(value.type, Array):
            return value
        same = rank(value.type) == len(shape) and all(
            map(low.builder.dims.same, value.type.dims, sizes_of(where.type))
        )
        return getitem(low.builder, value if same else broadcast_to(value, shape), where)

    result = call([chosen(each) for each in args], kwargs)
    require_same_kind(result.type, array.type, called)
    write(low, array, where, result)


# Copies into an array.


@special(np.copyto)
def _copyto(low: Lowering, dst: Any, src: Any, casting: str = "same_kind", where: Any = True) -> None:
    array, value = _require_array(dst, "np.copyto"), low.live(src)
    if isinstance(value, Value) and casting != "unsafe":
        require_same_kind(value.type, array.type, "np.copyto")
    if where is True:
        write(low, array, Ellipsis, value)
    else:
        _put_where(low, array, where, value, "np.copyto")


def _put_where(low: Lowering, array: Value, mask: Any, value: Any, function: str) -> None:
    mask, value = low.live(mask), as_array(low, value)
    if not isinstance(mask, Value) or rank(mask.type) != rank(array.type) or mask.type.dtype.kind != "b":
        raise UnsupportedError(f"{function} is understood with a mask of bools in the shape of the array")
    if isinstance(value.type, Array):
        if rank(value.type) != rank(array.type) or not all(
            map(low.builder.dims.same, value.type.dims, sizes_of(array.type))
        ):
            raise UnsupportedError(
                f"{function} is understood with a number, or with values in the shape of the array"
            )
        value = getitem(low.builder, value, mask)
    write(low, array, mask, value)


@special(np.putmask)
def _putmask(low: Lowering, a: Any, mask: Any, values: Any) -> None:
    _put_where(low, _require_array(a, "np.putmask"), mask, values, "np.putmask")


@special(np.place)
def _place(low: Lowering, arr: Any, mask: Any, vals: Any) -> None:
    array, value = _require_array(arr, "np.place"), as_array(low, vals)
    if isinstance(value.type, Array) and value.type.dims != (1,):
        raise UnsupportedError("np.place is understood with one value", "Write a[mask] = values.")
    if isinstance(value.type, Array):
        value = getitem(low.builder, value, 0)
    _put_where(low, array, mask, value, "np.place")


@special(np.put)
def _put(low: Lowering, a: Any, ind: Any, v: Any, mode: str = "raise") -> None:
    array, value, places = _require_array(a, "np.put"), as_array(low, v), as_array(low, ind)
    same = isinstance(value.type, Array) and value.type.dims == getattr(places.type, "dims", ())
    if rank(array.type) != 1 or mode != "raise" or not (rank(value.type) == 0 or same):
        raise UnsupportedError(
            "np.put is understood for arrays of rank 1, and as many values as indices", "Write a[index] = v."
        )
    write(low, array, ind, value)


_method("put")(_put)


@special(np.fill_diagonal)
def _fill_diagonal(low: Lowering, a: Any, val: Any, wrap: bool = False) -> None:
    array = _require_array(a, "np.fill_diagonal")
    sizes = low.live(array).type.dims
    if len(sizes) != 2 or wrap:
        raise UnsupportedError("np.fill_diagonal is understood for arrays of rank 2, without wrap")
    lengths = [dim(low.live(array), k) for k in range(2)]
    if all(isinstance(length, int) for length in lengths):
        shorter = min(lengths)
    else:
        shorter = lengths[0] if low.builder.dims.same(*sizes) else op.min2(*lengths)
    steps = arange(low.builder, shorter)
    write(low, array, (steps, steps), val, distinct=True)


@_method("fill")
def _fill(low: Lowering, array: Value, value: Any) -> None:
    write(low, array, Ellipsis, value)


@_method("sort")
def _sort(low: Lowering, array: Value, axis: Any = -1, kind: Any = None, order: Any = None) -> None:
    if order is not None:
        raise UnsupportedError("a.sort() with order= is not understood")
    write_whole(low, array, FUNCTIONS[np.sort](low.builder, low.live(array), axis), fresh=True)


# Unbuffered operations.


def _at(ufunc: np.ufunc, sign: str) -> None:
    @special(ufunc.at)
    def handler(low: Lowering, a: Any, indices: Any, b: Any) -> None:
        array = _require_array(a, f"np.{ufunc.__name__}.at")
        value = as_array(low, b)
        require_same_kind(value.type, array.type, f"np.{ufunc.__name__}.at")
        increment(low, array, indices, -value if sign == "-" else value, repeated=True)


_at(np.add, "+")
_at(np.subtract, "-")


@special(np.multiply.at)
def _multiply_at(low: Lowering, a: Any, indices: Any, b: Any) -> None:
    array = _require_array(a, "np.multiply.at")
    if may_name_twice(low, array, indices):
        raise UnsupportedError(
            "np.multiply.at with indices that may name an element twice", "Multiply in a loop."
        )
    left = getitem(low.builder, low.live(array), prepared(low, indices))
    result = binary(low, ast.Mult(), left, b)
    require_same_kind(result.type, array.type, "np.multiply.at")
    write(low, array, indices, result)
