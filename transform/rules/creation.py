"""Making arrays: of constants, of counted steps, of numbers and arrays at hand."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import UnsupportedError
from ..ir import Slot
from ..types import Array, Dims, Scalar, Type, rank
from .build import Builder, Call, Value, op
from .families import constant, linear, result_type
from .lengths import value_length
from .registry import PRIMITIVES, primitive
from .shape import (
    dim,
    dtype_text,
    entry_text,
    shape_text,
    sizes_of,
    static_int,
    template,
    template_sizes,
)

__all__ = ["arange", "as_array", "converted", "example", "new_array", "only_default", "option_dtype"]

Params = Mapping[str, Any]
_FLOAT64 = np.dtype(np.float64)
_INT64 = np.dtype(np.int64)


def option_dtype(dtype: Any, default: np.dtype = _FLOAT64) -> np.dtype:
    """The dtype= of a call."""
    if dtype is None:
        return default
    made: np.dtype = np.dtype(dtype)
    if made.kind not in "biufc":
        raise UnsupportedError(
            f"arrays of dtype {made} hold no numbers", "Use a float, complex, int or bool dtype."
        )
    return made


def only_default(name: str, **options: Any) -> None:
    """Refuse the options that have no meaning here rather than ignore them."""
    for option, given in options.items():
        harmless = (None, "K", "A", "C", "k", "a", "c", False) if option != "subok" else (None, False, True)
        if not any(given is value or given == value for value in harmless):
            raise UnsupportedError(
                f"{name} with {option}={given!r} is not understood", f"Leave {option}= out."
            )


# Constants in a given shape, and in the shape of another array.


def _infer_filled(dims: Dims, types: Sequence[Type], params: Params) -> Type:
    lengths = params.get("lengths") or (None,) * len(params["shape"])
    sizes = template_sizes(params["shape"], lengths)
    return result_type(params["dtype"], tuple(dims.resolve(size) for size in sizes))


def _filled_code(name: str) -> Callable[..., str]:
    def code(types: Sequence[Type], params: Params) -> str:
        return f"np.{name}({shape_text(params['shape'])}{_dtype_option(params['dtype'])})"

    return code


def _dtype_option(dtype: np.dtype, default: np.dtype = _FLOAT64) -> str:
    return "" if dtype == default else f", dtype={dtype_text(dtype)}"


def new_array(b: Builder, name: str, sizes: Sequence[Any], type_: Array) -> Value:
    """An array of this type, zeros or whatever (empty), with these lengths: ints, or values."""
    entries, operands, _ = template(sizes, 0)
    params = {"shape": entries, "lengths": type_.dims, "dtype": type_.dtype}
    return b.apply(PRIMITIVES[name], operands, params)


def _infer_filled_like(dims: Dims, types: Sequence[Type], params: Params) -> Type:
    (x,) = types
    weak = isinstance(x, Scalar) and x.weak and "dtype" not in params
    sizes = tuple(dims.resolve(size) for size in sizes_of(x))
    return result_type(params.get("dtype", x.dtype), sizes, weak)


def _filled_like_code(name: str, value: int) -> Callable[..., str]:
    def code(types: Sequence[Type], params: Params) -> str:
        dtype = params.get("dtype", types[0].dtype)
        if isinstance(types[0], Scalar):
            plain = repr(dtype.type(value).item())
            return plain if types[0].weak and "dtype" not in params else f"{dtype_text(dtype)}({plain})"
        return f"np.{name}({{0}}.shape{_dtype_option(dtype)})"

    return code


for _name, _value in (("zeros", 0), ("ones", 1), ("empty", 0)):
    constant(_name, _infer_filled, _filled_code(_name), stem="z")
    constant(
        f"{_name}_like",
        _infer_filled_like,
        _filled_like_code(_name, _value),
        stem="z",
        shape_only=frozenset({0}),
    )


def _full_code(types: Sequence[Type], params: Params) -> str:
    return f"np.full({shape_text(params['shape'])}, {{0}}{_dtype_option(params['dtype'], types[0].dtype)})"


linear("full", _infer_filled, _full_code, lambda y_bar, v, *entries, **params: y_bar, stem="z")


def _eye_code(types: Sequence[Type], params: Params) -> str:
    sizes = ", ".join(map(entry_text, params["shape"]))
    k = f", k={params['k']}" if params["k"] else ""
    return f"np.eye({sizes}{k}{_dtype_option(params['dtype'])})"


def _infer_eye(dims: Dims, types: Sequence[Type], params: Params) -> Type:
    array = _infer_filled(dims, types, params)
    sizes = sizes_of(array)
    return Array(array.dtype, sizes * 2 if len(sizes) == 1 else sizes)


constant("eye", _infer_eye, _eye_code, stem="z")


# Counted steps.


def _infer_counted(dims: Dims, types: Sequence[Type], params: Params) -> Type:
    return Array(params["dtype"], (dims.resolve(params["length"]),))


def example(type_: Type) -> Any:
    """A number of this type, for asking NumPy what it makes of it."""
    return type_.dtype.type(1).item() if isinstance(type_, Scalar) and type_.weak else type_.dtype.type(1)


def _arange_code(types: Sequence[Type], params: Params) -> str:
    natural = np.arange(*map(example, types)).dtype
    limits = ", ".join(f"{{{k}}}" for k in range(len(types)))
    return f"np.arange({limits}{_dtype_option(params['dtype'], natural)})"


def _count(b: Builder, y: Value, dtype: np.dtype) -> Value:
    """0, 1, 2, ... as long as y."""
    return arange(b, dim(y, 0), np.dtype(dtype.type(0).real.dtype))


def _arange_tangent(call: Call, dots: Sequence[Value | None]) -> Value:
    y, dtype = call.result, call.params["dtype"]
    start_dot = dots[0] if len(dots) > 1 else None
    step_dot = dots[2] if len(dots) > 2 else None
    terms = [] if start_dot is None else [op.broadcast_like(start_dot, y)]
    if step_dot is not None:
        terms.append(_count(call.builder, y, dtype) * step_dot)
    return terms[0] if len(terms) == 1 else terms[0] + terms[1] if terms else op.zeros_like(y)


def _arange_adjoint(call: Call, y_bar: Value, k: int) -> Value:
    if k == 0 and len(call.operands) > 1:
        return y_bar
    if k == 2:
        return y_bar * _count(call.builder, y_bar, call.params["dtype"])
    # The end only decides how many there are.
    return call.builder.value(0.0)


primitive("arange", _infer_counted, _arange_code, _arange_tangent, _arange_adjoint, stem="k")


def _linspace_code(types: Sequence[Type], params: Params) -> str:
    natural = np.linspace(example(types[0]), example(types[1]), 1).dtype
    endpoint = "" if params["endpoint"] else ", endpoint=False"
    dtype = _dtype_option(params["dtype"], natural)
    return f"np.linspace({{0}}, {{1}}, {entry_text(params['num'])}{endpoint}{dtype})"


def _linspace_tangent(call: Call, dots: Sequence[Value | None]) -> Value:
    ends = (0.0 if dot is None else dot for dot in dots[:2])
    return call.builder.apply(PRIMITIVES["linspace"], (*ends, *call.operands[2:]), call.params)


def _linspace_adjoint(call: Call, y_bar: Value, k: int) -> Value:
    # y = start * (1 - t) + stop * t, where t has the same steps between 0 and 1.
    params = {**call.params, "dtype": np.dtype(call.params["dtype"].type(0).real.dtype)}
    ends = (1.0, 0.0) if k == 0 else (0.0, 1.0)
    weights = call.builder.apply(PRIMITIVES["linspace"], (*ends, *call.operands[2:]), params)
    return y_bar * weights


primitive("linspace", _infer_counted, _linspace_code, _linspace_tangent, _linspace_adjoint)


def arange(b: Builder, stop: Any, dtype: np.dtype = _INT64) -> Value:
    """0, 1, ..., stop - 1 for an int, static or not."""
    known = static_int(stop)
    length = value_length(stop) if known is None else max(known, 0)
    return b.apply(PRIMITIVES["arange"], (stop,), {"dtype": dtype, "length": length})


# Arrays of numbers at hand.


def _nested(entries: Any) -> tuple[int, ...]:
    return (len(entries), *_nested(entries[0])) if isinstance(entries, list) else ()


def _infer_array(dims: Dims, types: Sequence[Type], params: Params) -> Type:
    return Array(params["dtype"], _nested(params["entries"]))


def _array_code(types: Sequence[Type], params: Params) -> str:
    def text(entry: Any) -> str:
        return f"[{', '.join(map(text, entry))}]" if isinstance(entry, list) else entry_text(entry)

    natural = np.result_type(*(type_.dtype for type_ in types))
    return f"np.array({text(params['entries'])}{_dtype_option(params['dtype'], natural)})"


def _array_tangent(call: Call, dots: Sequence[Value | None]) -> Value:
    return call.builder.apply(PRIMITIVES["array"], [0.0 if dot is None else dot for dot in dots], call.params)


def _array_adjoint(call: Call, y_bar: Value, k: int) -> Value:
    index, place = [], k
    for count in _strides(_nested(call.params["entries"])):
        index.append(place // count)
        place %= count
    return op.getitem(y_bar, index=tuple(index))


def _strides(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(math.prod(shape[k + 1 :]) for k in range(len(shape)))


primitive("array", _infer_array, _array_code, _array_tangent, _array_adjoint, stem="v")


def as_array(b: Builder, thing: Any) -> Value:
    """An array, a number, or a nested list of them, as a value: what np.asarray makes of it."""
    if isinstance(thing, Value):
        return thing
    if isinstance(thing, range):
        thing = list(thing)
    if not isinstance(thing, (list, tuple)):
        if isinstance(thing, (bool, int, float, complex, np.number, np.bool_)):
            return b.value(thing)
        raise UnsupportedError(f"{thing!r} is not an array of numbers")
    if not thing:
        return b.apply(PRIMITIVES["zeros"], (), {"shape": (0,), "dtype": _FLOAT64})
    leaves: list[Any] = []
    entries = _entries(b, thing, leaves)
    if entries is not None:
        dtype = np.result_type(*(leaf.type.dtype for leaf in leaves))
        return b.apply(PRIMITIVES["array"], leaves, {"entries": entries, "dtype": dtype})
    return _stacked(b, [as_array(b, each) for each in thing])


def _entries(b: Builder, thing: Any, leaves: list[Any]) -> Any:
    """The template of a nested list of numbers, its leaves in order; None where it holds arrays."""
    if isinstance(thing, (list, tuple, range)):
        entries = [_entries(b, each, leaves) for each in thing]
        if any(entry is None for entry in entries) or not entries:
            return None
        if len({_nested(entry) for entry in entries}) > 1:
            raise UnsupportedError("the parts of an array must have the same shape")
        return entries
    value = as_array(b, thing)
    if value.is_array:
        return None
    leaves.append(value)
    return Slot(len(leaves) - 1)


def _stacked(b: Builder, parts: list[Value]) -> Value:
    ranks = {rank(part.type) for part in parts}
    if len(ranks) > 1:
        raise UnsupportedError("the parts of an array must have the same shape")
    dtype = np.result_type(*(part.type.dtype for part in parts))
    return b.apply(PRIMITIVES["stack"], parts, {"axis": 0, "dtype": dtype})


def converted(x: Value, dtype: Any) -> Value:
    """The value with this dtype, itself where it has it."""
    wanted, given = option_dtype(dtype), x.type.dtype
    if wanted == given and not (isinstance(x.type, Scalar) and x.type.weak):
        return x
    if given.kind == "c" and wanted.kind in "fiu":
        raise UnsupportedError("a complex value as a real one loses its imaginary part", "Write x.real.")
    loses = given.kind in "fc" and wanted.kind not in "fc"
    return op.cast(x, dtype=wanted) if loses else op.astype(x, dtype=wanted)
