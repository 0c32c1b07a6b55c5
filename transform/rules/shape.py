"""Shapes: what they are, and rearranging elements without computing on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import LengthNeeded, UnsupportedError
from ..ir import Lit, Slot
from ..runtime import unbroadcast
from ..types import Array, Dims, Scalar, Size, Type, promote, rank
from .build import Value, op
from .families import constant, linear, result_type
from .lengths import product, quotient, value_length

__all__ = ["dim", "dim_values", "dtype_text", "normal_axes", "normal_axis", "shape_text", "template"]

Params = Mapping[str, Any]
_INT64 = np.dtype(np.int64)
_FLOAT64 = np.dtype(np.float64)


# Shapes given by the caller: static ints, and Slots for the ints known at run time.


def static_int(thing: Any) -> int | None:
    """The int that is known while lowering, or None for a run-time value."""
    if isinstance(thing, Value):
        if not isinstance(thing.atom, Lit):
            size = thing.type.size if isinstance(thing.type, Scalar) else None
            return size if isinstance(size, int) else None
        thing = thing.atom.value
    if isinstance(thing, (int, np.integer)) and not isinstance(thing, bool):
        return int(thing)
    raise UnsupportedError(f"{thing!r} is not an integer")


def template(
    things: Sequence[Any], first: int
) -> tuple[tuple[Any, ...], list[Value], tuple[Size | None, ...]]:
    """A shape as static data: ints, and Slots from position `first` on for the run-time ints that follow.

    The last result holds, entry by entry, what is known of the lengths of the run-time ints.
    """
    entries: list[Any] = []
    operands: list[Value] = []
    lengths: list[Size | None] = []
    for thing in things:
        known = static_int(thing)
        if known is not None:
            entries.append(known)
            lengths.append(None)
            continue
        if rank(thing.type) or thing.type.dtype.kind not in "iu":
            raise UnsupportedError(f"a shape is made of integers, not of {thing.type}")
        entries.append(Slot(first + len(operands)))
        operands.append(thing)
        lengths.append(value_length(thing))
    return tuple(entries), operands, tuple(lengths)


def template_sizes(entries: Sequence[Any], lengths: Sequence[Size | None]) -> tuple[Size, ...]:
    """The sizes that a template stands for; -1 stays."""
    return tuple(
        length if isinstance(entry, Slot) and length is not None else entry
        for entry, length in zip(entries, lengths, strict=True)
    )


def entry_text(entry: Any) -> str:
    return f"{{{entry.position}}}" if isinstance(entry, Slot) else repr(entry)


def shape_text(entries: Sequence[Any]) -> str:
    """A shape as an argument: `n`, or `(n, 3)`."""
    if len(entries) == 1:
        return entry_text(entries[0])
    return f"({', '.join(map(entry_text, entries))})"


def dtype_text(dtype: np.dtype) -> str:
    """A dtype as source."""
    return "np.bool_" if dtype.kind == "b" else f"np.{dtype.name}"


def as_shape(shape: Any) -> tuple[Any, ...]:
    """A shape argument, one int or a sequence of ints, as a tuple."""
    if isinstance(shape, Value) and shape.is_array:
        raise LengthNeeded(
            "a shape held in an array is not known while transforming", "Write a tuple of ints."
        )
    return tuple(shape) if isinstance(shape, (tuple, list)) else (shape,)


def shape_source(b: Any, shape: Sequence[Any]) -> Value | None:
    """The array whose whole shape, in order, this is, if it was read in one go: `np.zeros(x.shape)`."""
    atoms = [entry.atom for entry in shape if isinstance(entry, Value)]
    wanted = {atom for atom in atoms if not isinstance(atom, Lit)}
    found: dict[Any, int] = {}
    source = None
    if not wanted:
        return None
    for statement in reversed(b.body):
        eqn_name = getattr(getattr(statement, "primitive", None), "name", "")
        if eqn_name != "dim" or b.current(statement.target) not in wanted:
            break
        if source is not None and statement.operands[0] is not source:
            return None
        source = statement.operands[0]
        found[b.current(statement.target)] = statement.params["axis"]
    if source is None or rank(source.type) != len(shape):
        return None
    for axis, (entry, size) in enumerate(zip(shape, source.type.dims, strict=True)):
        if isinstance(entry, Value) and not isinstance(entry.atom, Lit):
            if found.get(entry.atom) != axis:
                return None
        elif static_int(entry) != b.dims.resolve(size):
            return None
    return Value(b, source)


def normal_axis(axis: Any, ndim: int) -> int:
    """A static axis, counted from 0."""
    known = static_int(axis) if axis is not None else None
    if known is None:
        raise UnsupportedError("an axis must be known while transforming", "Write the axis as a number.")
    if not -ndim <= known < ndim:
        raise UnsupportedError(f"axis {known} is out of bounds for an array of dimension {ndim}")
    return known % ndim


def normal_axes(axis: Any, ndim: int) -> tuple[int, ...]:
    """Static axes, counted from 0, each at most once; None stands for all."""
    if axis is None:
        return tuple(range(ndim))
    axes = tuple(normal_axis(each, ndim) for each in (axis if isinstance(axis, (tuple, list)) else (axis,)))
    if len(set(axes)) != len(axes):
        raise UnsupportedError("an axis is named twice")
    return axes


def sizes_of(type_: Type) -> tuple[Size, ...]:
    return type_.dims if isinstance(type_, Array) else ()


# What a shape is.


def _infer_dim(dims: Dims, types: Sequence[Type], params: Params) -> Type:
    return Scalar(_INT64, weak=True, size=dims.resolve(sizes_of(types[0])[params["axis"]]))


def _infer_size(dims: Dims, types: Sequence[Type], params: Params) -> Type:
    return Scalar(_INT64, weak=True, size=product(dims, sizes_of(types[0])))


def _dim_code(types: Sequence[Type], params: Params) -> str:
    return f"{{0}}.shape[{params['axis']}]"


def _size_code(types: Sequence[Type], params: Params) -> str:
    return "{0}.size" if isinstance(types[0], Array) else "1"


constant("dim", _infer_dim, _dim_code, stem="n", shape_only=frozenset({0}))
constant("size", _infer_size, _size_code, stem="n", shape_only=frozenset({0}))
# Which row of n is read at an index, where it is known at run time only whether one row stands for all.
constant("row_or_only", lambda dims, types, params: Scalar(_INT64, weak=True), "min({0}, {1} - 1)", stem="k")


def dim(x: Value, axis: int) -> Any:
    """The length of x along an axis: an int where it is known, else a run-time value."""
    size = x.builder.dims.resolve(sizes_of(x.type)[axis])
    return size if isinstance(size, int) else op.dim(x, axis=axis % rank(x.type))


def dim_values(x: Value) -> tuple[Any, ...]:
    """The shape of x: ints where they are known, else run-time values."""
    return tuple(dim(x, axis) for axis in range(rank(x.type)))


# In the shape of another array.


def _infer_broadcast_like(dims: Dims, types: Sequence[Type], params: Params) -> Type:
    v, like = types
    weak = isinstance(v, Scalar) and v.weak
    dtype = promote((v, like))[0] if weak else v.dtype
    return result_type(dtype, tuple(dims.resolve(size) for size in sizes_of(like)), weak)


def _broadcast_like_code(types: Sequence[Type], params: Params) -> str:
    v, like = types
    if isinstance(v, Array):
        return "np.broadcast_to({0}, {1}.shape)"
    if isinstance(like, Scalar):
        return "{0}"
    dtype = promote(types)[0] if v.weak else v.dtype
    given = "" if dtype == v.dtype else f", dtype={dtype_text(dtype)}"
    return f"np.full({{1}}.shape, {{0}}{given})"


def _infer_like(dims: Dims, types: Sequence[Type], params: Params) -> Type:
    v, like = types
    return result_type(v.dtype, tuple(dims.resolve(size) for size in sizes_of(like)))


def _reshape_like_code(types: Sequence[Type], params: Params) -> str:
    v, like = types
    if isinstance(like, Scalar):
        return "{0}.reshape(())[()]" if isinstance(v, Array) else "{0}"
    return "{0}.reshape({1}.shape)" if isinstance(v, Array) else "np.reshape({0}, {1}.shape)"


linear(
    "broadcast_like",
    _infer_broadcast_like,
    _broadcast_like_code,
    lambda y_bar, v, like: y_bar,
    view=True,
    shape_only=frozenset({1}),
)
linear(
    "unbroadcast",
    _infer_like,
    "unbroadcast({0}, {1})",
    lambda y_bar, v, like: op.broadcast_like(y_bar, v),
    shape_only=frozenset({1}),
    refers={"unbroadcast": unbroadcast},
)
linear(
    "reshape_like",
    _infer_like,
    _reshape_like_code,
    lambda y_bar, v, like: op.reshape_like(y_bar, v),
    view=True,
    shape_only=frozenset({1}),
)


# Another shape for the same elements.


def _infer_reshape(dims: Dims, types: Sequence[Type], params: Params) -> Type:
    (x, *_), lengths = types, params.get("lengths") or (None,) * len(params["shape"])
    sizes = list(template_sizes(params["shape"], lengths))
    if sizes.count(-1) > 1:
        raise UnsupportedError("reshape can leave one length open (-1), not two")
    if -1 in sizes:
        k = sizes.index(-1)
        sizes[k] = quotient(dims, sizes_of(x), sizes[:k] + sizes[k + 1 :])
    _check_count(dims, sizes_of(x), sizes)
    return result_type(x.dtype, tuple(dims.resolve(size) for size in sizes))


def _check_count(dims: Dims, given: Sequence[Size], wanted: Sequence[Size]) -> None:
    before, after = product(dims, given), product(dims, wanted)
    if isinstance(before, int) and isinstance(after, int) and before != after:
        raise UnsupportedError(f"{before} elements cannot be reshaped into {tuple(wanted)}")


def _reshape_code(types: Sequence[Type], params: Params) -> str:
    shape = params["shape"]
    if not shape:
        return "{0}.reshape(())[()]" if isinstance(types[0], Array) else "{0}"
    if not isinstance(types[0], Array):
        return f"np.reshape({{0}}, {shape_text(shape)})"
    return f"{{0}}.reshape({', '.join(map(entry_text, shape))})"


def _infer_ravel(dims: Dims, types: Sequence[Type], params: Params) -> Type:
    return Array(types[0].dtype, (product(dims, sizes_of(types[0])),))


def _on_array(text: str, name: str, extra: str = "") -> Any:
    """The method form for arrays, NumPy's function for numbers."""

    def code(types: Sequence[Type], params: Params) -> str:
        return text if isinstance(types[0], Array) else f"np.{name}({{0}}{extra})"

    return code


linear(
    "reshape",
    _infer_reshape,
    _reshape_code,
    lambda y_bar, x, *entries, **params: op.reshape_like(y_bar, x),
    view=True,
)
linear(
    "ravel",
    _infer_ravel,
    _on_array("{0}.ravel()", "ravel"),
    lambda y_bar, x: op.reshape_like(y_bar, x),
    view=True,
)
linear(
    "flatten",
    _infer_ravel,
    _on_array("{0}.flatten()", "ravel"),
    lambda y_bar, x: op.reshape_like(y_bar, x),
)


def _infer_transpose(dims: Dims, types: Sequence[Type], params: Params) -> Type:
    sizes, axes = sizes_of(types[0]), params["axes"]
    return result_type(types[0].dtype, tuple(sizes[axis] for axis in axes) if axes else sizes[::-1])


def _transpose_code(types: Sequence[Type], params: Params) -> str:
    return f"{{0}}.transpose{params['axes']}" if params["axes"] else "{0}.T"


def _transpose_back(y_bar: Value, x: Value, axes: tuple[int, ...] | None) -> Value:
    return op.transpose(y_bar, axes=None if axes is None else tuple(int(k) for k in np.argsort(axes)))


linear("transpose", _infer_transpose, _transpose_code, _transpose_back, view=True)


def _infer_expand_dims(dims: Dims, types: Sequence[Type], params: Params) -> Type:
    sizes, axes = list(sizes_of(types[0])), _new_axes(types[0], params)
    for axis in sorted(axes):
        sizes.insert(axis, 1)
    return result_type(types[0].dtype, tuple(sizes))


def _new_axes(type_: Type, params: Params) -> tuple[int, ...]:
    axis = params["axis"]
    count = len(axis) if isinstance(axis, tuple) else 1
    return normal_axes(axis, rank(type_) + count)


def _expand_dims_code(types: Sequence[Type], params: Params) -> str:
    axes, (x,) = _new_axes(types[0], params), types
    if isinstance(x, Scalar):
        return f"np.expand_dims({{0}}, {axes if len(axes) > 1 else axes[0]})"
    if len(axes) == 1 and axes[0] == rank(x) > 1:
        return "{0}[..., None]"
    entries = ["None" if k in axes else ":" for k in range(max(axes) + 1)]
    return f"{{0}}[{', '.join(entries)}]"


def _infer_squeeze(dims: Dims, types: Sequence[Type], params: Params) -> Type:
    sizes = sizes_of(types[0])
    axes = normal_axes(params["axis"], len(sizes))
    for axis in axes:
        dims.equate(sizes[axis], 1)
    return result_type(types[0].dtype, tuple(size for k, size in enumerate(sizes) if k not in axes))


def _squeeze_code(types: Sequence[Type], params: Params) -> str:
    axes = normal_axes(params["axis"], rank(types[0]))
    if len(axes) == rank(types[0]):
        # squeeze() would leave a 0-d array.
        return "{0}.reshape(())[()]"
    return f"{{0}}.squeeze(axis={axes if len(axes) > 1 else axes[0]})"


linear(
    "expand_dims",
    _infer_expand_dims,
    _expand_dims_code,
    lambda y_bar, x, axis: op.squeeze(y_bar, axis=axis),
    view=True,
)
linear(
    "squeeze",
    _infer_squeeze,
    _squeeze_code,
    lambda y_bar, x, axis: op.expand_dims(y_bar, axis=axis),
    view=True,
)


def _infer_broadcast_to(dims: Dims, types: Sequence[Type], params: Params) -> Type:
    lengths = params.get("lengths") or (None,) * len(params["shape"])
    sizes = template_sizes(params["shape"], lengths)
    if len(sizes) < rank(types[0]):
        raise UnsupportedError(f"an array of rank {rank(types[0])} cannot be broadcast to rank {len(sizes)}")
    return result_type(types[0].dtype, tuple(dims.resolve(size) for size in sizes))


linear(
    "broadcast_to",
    _infer_broadcast_to,
    lambda types, params: f"np.broadcast_to({{0}}, {shape_text(params['shape'])})",
    lambda y_bar, x, *entries, **params: y_bar,
    view=True,
)


# Copies and dtypes.


def _infer_same(dims: Dims, types: Sequence[Type], params: Params) -> Type:
    return types[0]


def _infer_astype(dims: Dims, types: Sequence[Type], params: Params) -> Type:
    return result_type(params["dtype"], sizes_of(types[0]))


def _astype_code(types: Sequence[Type], params: Params) -> str:
    dtype = dtype_text(params["dtype"])
    return f"{{0}}.astype({dtype})" if isinstance(types[0], Array) else f"{dtype}({{0}})"


def _astype_back(y_bar: Value, x: Value, dtype: np.dtype) -> Value:
    if y_bar.type.dtype.kind == "c" != x.type.dtype.kind:
        y_bar = op.real(y_bar)
    if y_bar.type.dtype == x.type.dtype:
        return y_bar
    # A np.float64 would not take the precision of what it meets, as a Python float does.
    weak = isinstance(x.type, Scalar) and x.type.weak and x.type.dtype.kind == "f"
    return op.to_float(y_bar) if weak else op.astype(y_bar, dtype=x.type.dtype)


linear("copy", _infer_same, _on_array("{0}.copy()", "copy"), lambda y_bar, x: y_bar)
linear("astype", _infer_astype, _astype_code, _astype_back)
constant("cast", _infer_astype, _astype_code)
linear(
    "item",
    lambda dims, types, params: Scalar(np.dtype(type(np.zeros((), types[0].dtype).item())), weak=True),
    "{0}.item()",
    lambda y_bar, x: op.broadcast_like(y_bar, x),
)
