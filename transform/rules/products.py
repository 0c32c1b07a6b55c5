"""Products of vectors and matrices; their adjoints are products again, chosen by rank."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import UnsupportedError
from ..types import Array, Dims, Scalar, Type, is_complex, promote, rank
from .build import Builder, Value, op
from .calling import strong
from .creation import as_array
from .families import linear, multilinear, result_type
from .reductions import canonical_axis, dims_of, refuse, static
from .registry import function
from .shape import dtype_text

__all__ = ["matmul", "swap"]

Params = Mapping[str, Any]


def swap(x: Value) -> Value:
    """The transpose of a matrix, or of each matrix of a batch."""
    n = rank(x.type)
    return op.transpose(x, axes=None if n == 2 else (*range(n - 2), n - 1, n - 2))


# --- matmul ----------------------------------------------------------------------------------------


def infer_matmul(dims: Dims, types: Sequence[Type], params: Params) -> Type:
    a, b = map(dims_of, types)
    if not a or not b:
        raise UnsupportedError("a matrix product needs arrays, not numbers", "Write x * y.")
    dims.equate(a[-1], b[-2] if len(b) > 1 else b[0])
    batch = dims.broadcast_shapes((a[:-2], b[:-2]))
    return result_type(promote(types)[0], (*batch, *a[-2:-1], *(b[-1:] if len(b) > 1 else ())))


def matmul_bar_a(y_bar: Value, a: Value, b: Value) -> Value:
    """a_bar for y = a @ b: y_bar @ b.T for matrices."""
    m, n = rank(a.type), rank(b.type)
    if n == 1:
        if m == 1:
            return y_bar * b
        return op.outer(y_bar, b) if m == 2 else op.expand_dims(y_bar, axis=m - 1) * b
    if m == 1 and n == 2:
        return op.matmul(b, y_bar)
    if m <= 2 < n:
        # One product that sums over the batch, instead of a batch of products that is summed.
        rows = (*range(n - 2), rank(y_bar.type) - 1)
        return op.tensordot(y_bar, b, axes=(rows, (*range(n - 2), n - 1)))
    return op.matmul(y_bar, swap(b))


def matmul_bar_b(y_bar: Value, a: Value, b: Value) -> Value:
    """b_bar for y = a @ b: a.T @ y_bar for matrices."""
    m, n = rank(a.type), rank(b.type)
    if m == 1:
        if n == 1:
            return a * y_bar
        if n == 2:
            return op.outer(a, y_bar)
        return op.expand_dims(a, axis=1) * op.expand_dims(y_bar, axis=n - 2)
    if n <= 2 < m:
        rows = tuple(range(m - 1))
        return op.tensordot(a, y_bar, axes=(rows, rows))
    return op.matmul(swap(a), y_bar)


multilinear("matmul", infer_matmul, "{0} @ {1}", matmul_bar_a, matmul_bar_b, stem="p")


def infer_outer(dims: Dims, types: Sequence[Type], params: Params) -> Type:
    a, b = map(dims_of, types)
    return Array(promote(types)[0], (*a, *b))


multilinear(
    "outer",
    infer_outer,
    "np.outer({0}, {1})",
    lambda y_bar, a, b: op.matmul(y_bar, b),
    lambda y_bar, a, b: op.matmul(a, y_bar),
    stem="p",
)


# --- tensordot ---------------------------------------------------------------------------------------


def free_axes(n: int, summed: Sequence[int]) -> tuple[int, ...]:
    return tuple(k for k in range(n) if k not in summed)


def infer_tensordot(dims: Dims, types: Sequence[Type], params: Params) -> Type:
    (a, b), (over_a, over_b) = map(dims_of, types), params["axes"]
    for i, j in zip(over_a, over_b, strict=True):
        dims.equate(a[i], b[j])
    kept_a = (a[k] for k in free_axes(len(a), over_a))
    kept_b = (b[k] for k in free_axes(len(b), over_b))
    return result_type(promote(types)[0], (*kept_a, *kept_b))


def _tensordot_code(types: Sequence[Type], params: Params) -> str:
    text = f"np.tensordot({{0}}, {{1}}, axes={tuple(map(_short, params['axes']))!r})"
    # NumPy returns an array of rank 0 where everything is summed.
    return text if rank(types[0]) + rank(types[1]) > 2 * len(params["axes"][0]) else f"{text}[()]"


def _short(axes: tuple[int, ...]) -> Any:
    return axes[0] if len(axes) == 1 else axes


def tensordot_bar_a(y_bar: Value, a: Value, b: Value, axes: tuple[tuple[int, ...], tuple[int, ...]]) -> Value:
    """Sum y_bar with b over the axes that b contributed to the result."""
    over_a, over_b = axes
    kept_a = free_axes(rank(a.type), over_a)
    kept_b = free_axes(rank(b.type), over_b)
    n = len(kept_a)
    # np.tensordot makes an array in double precision of a Python number.
    product = (
        op.tensordot(y_bar, b, axes=(tuple(range(n, n + len(kept_b))), kept_b))
        if rank(y_bar.type)
        else y_bar * b
    )
    # Its axes are those kept of a, then those summed in the order of b: put them in the order of a.
    came_from = [*kept_a, *(over_a[over_b.index(k)] for k in sorted(over_b))]
    return _in_order(product, came_from)


def tensordot_bar_b(y_bar: Value, a: Value, b: Value, axes: tuple[tuple[int, ...], tuple[int, ...]]) -> Value:
    """Sum a with y_bar over the axes that a contributed to the result."""
    over_a, over_b = axes
    kept_a = free_axes(rank(a.type), over_a)
    kept_b = free_axes(rank(b.type), over_b)
    product = (
        op.tensordot(a, y_bar, axes=(kept_a, tuple(range(len(kept_a))))) if rank(y_bar.type) else a * y_bar
    )
    came_from = [*(over_b[over_a.index(k)] for k in sorted(over_a)), *kept_b]
    return _in_order(product, came_from)


def _in_order(x: Value, came_from: Sequence[int]) -> Value:
    if list(came_from) == sorted(came_from):
        return x
    axes = tuple(came_from.index(k) for k in range(len(came_from)))
    return op.transpose(x, axes=None if axes == (1, 0) else axes)


multilinear("tensordot", infer_tensordot, _tensordot_code, tensordot_bar_a, tensordot_bar_b, stem="p")


# --- trace -------------------------------------------------------------------------------------------


def infer_trace(dims: Dims, types: Sequence[Type], params: Params) -> Type:
    (x,) = types
    shape = tuple(size for k, size in enumerate(dims_of(x)) if k not in (params["axis1"], params["axis2"]))
    return result_type(np.ones((1, 1), x.dtype).trace().dtype, shape)


def _trace_code(types: Sequence[Type], params: Params) -> str:
    defaults = {"offset": 0, "axis1": 0, "axis2": 1}
    given = ", ".join(f"{k}={params[k]}" for k in defaults if params[k] != defaults[k])
    return f"{{0}}.trace({given})"


def _on_diagonal_dtype(types: Sequence[Type]) -> np.dtype:
    v, like = types
    return promote((v, like))[0] if isinstance(v, Scalar) and v.weak else v.dtype


def _on_diagonal_code(types: Sequence[Type], params: Params) -> str:
    offset, axis1, axis2 = (params[k] for k in ("offset", "axis1", "axis2"))
    dtype = _on_diagonal_dtype(types)
    option = "" if dtype in (np.float64, np.complex128) else f", dtype={dtype_text(dtype)}"
    shift = f", k={offset}" if offset else ""
    eye = f"np.eye({{1}}.shape[{axis1}], {{1}}.shape[{axis2}]{shift}{option})"
    n = rank(types[1])
    if n == 2:
        return f"{{0}} * {eye}" if axis1 == 0 else f"{{0}} * {eye}.T"
    text = f"{{0}}[..., None, None] * {eye}"
    return text if (axis1, axis2) == (n - 2, n - 1) else f"np.moveaxis({text}, (-2, -1), ({axis1}, {axis2}))"


linear(
    "trace",
    infer_trace,
    _trace_code,
    lambda y_bar, x, **where: op.on_diagonal(y_bar, x, **where),
    stem="t",
)
linear(
    "on_diagonal",  # the transpose of trace: v on a diagonal of zeros in the shape of the second operand
    lambda dims, types, params: Array(_on_diagonal_dtype(types), dims_of(types[1])),
    _on_diagonal_code,
    lambda y_bar, v, like, **where: op.trace(y_bar, **where),
    shape_only=frozenset({1}),
)


# --- what NumPy's functions and methods mean ----------------------------------------------------------


@function(np.matmul, np.linalg.matmul)
def matmul(b: Builder, x1: Any, x2: Any, out: Any = None) -> Value:
    """x1 @ x2."""
    refuse("np.matmul", out=out)
    return op.matmul(as_array(b, x1), as_array(b, x2))


def times(builder: Builder, x: Value, y: Value) -> Value:
    """A product of numbers or with a number, as a NumPy function gives it."""
    x, y = strong(builder, [x, y])
    return x * y


@function(np.dot, method="dot")
def _dot(builder: Builder, a: Any, b: Any, out: Any = None) -> Value:
    refuse("np.dot", out=out)
    x, y = as_array(builder, a), as_array(builder, b)
    m, n = rank(x.type), rank(y.type)
    if m == 0 or n == 0:
        return times(builder, x, y)
    if m == 1 or n <= 2:
        return op.matmul(x, y)
    return op.tensordot(x, y, axes=((m - 1,), (n - 2,)))


@function(np.inner)
def _inner(builder: Builder, a: Any, b: Any) -> Value:
    x, y = as_array(builder, a), as_array(builder, b)
    m, n = rank(x.type), rank(y.type)
    if m == 0 or n == 0:
        return times(builder, x, y)
    if n <= 2:
        return op.matmul(x, swap(y) if n == 2 else y)
    return op.tensordot(x, y, axes=((m - 1,), (n - 1,)))


@function(np.outer)
def _outer(builder: Builder, a: Any, b: Any, out: Any = None) -> Value:
    refuse("np.outer", out=out)
    x, y = (v if rank(v.type) == 1 else op.ravel(v) for v in (as_array(builder, a), as_array(builder, b)))
    return op.outer(x, y)


@function(np.linalg.outer)
def _linalg_outer(b: Builder, x1: Any, x2: Any) -> Value:
    x, y = as_array(b, x1), as_array(b, x2)
    if rank(x.type) != 1 or rank(y.type) != 1:
        raise UnsupportedError("np.linalg.outer takes two vectors", "np.outer flattens its arguments.")
    return op.outer(x, y)


@function(np.vdot)
def _vdot(builder: Builder, a: Any, b: Any) -> Value:
    x, y = as_array(builder, a), as_array(builder, b)
    x = op.conj(x) if is_complex(x.type) else x
    if rank(x.type) == 0 and rank(y.type) == 0:
        return times(builder, x, y)
    x, y = (v if rank(v.type) == 1 else op.ravel(v) for v in (x, y))
    return op.matmul(x, y)


@function(np.vecdot, np.linalg.vecdot)
def _vecdot(b: Builder, x1: Any, x2: Any, *, axis: Any = -1) -> Value:
    x, y = as_array(b, x1), as_array(b, x2)
    x = op.conj(x) if is_complex(x.type) else x
    if axis != -1 and rank(x.type) != rank(y.type):
        raise UnsupportedError("np.vecdot along another axis than the last needs operands of one rank")
    product = x * y
    dims_x, dims_y = dims_of(x.type), dims_of(y.type)
    if not dims_x or not dims_y:
        raise UnsupportedError("np.vecdot needs arrays, not numbers", "Write x * y.")
    b.dims.equate(dims_x[axis], dims_y[axis])
    return op.sum(product, axis=canonical_axis("np.vecdot", axis, product), keepdims=False)


@function(np.tensordot, np.linalg.tensordot)
def _tensordot(builder: Builder, a: Any, b: Any, axes: Any = 2) -> Value:
    static("np.tensordot", axes=axes)
    x, y = as_array(builder, a), as_array(builder, b)
    m, n = rank(x.type), rank(y.type)
    if isinstance(axes, (int, np.integer)):
        over_x: Any = tuple(range(m - int(axes), m))
        over_y: Any = tuple(range(int(axes)))
    else:
        over_x, over_y = ((each,) if isinstance(each, (int, np.integer)) else tuple(each) for each in axes)
        static("np.tensordot", axes=(*over_x, *over_y))
    if (
        len(over_x) != len(over_y)
        or not all(-m <= k < m for k in over_x)
        or not all(-n <= k < n for k in over_y)
    ):
        raise UnsupportedError(f"np.tensordot: axes {axes!r} do not fit arrays of rank {m} and {n}")
    return op.tensordot(x, y, axes=(tuple(int(k) % m for k in over_x), tuple(int(k) % n for k in over_y)))


@function(np.trace, method="trace")
def _trace(
    b: Builder, a: Any, offset: Any = 0, axis1: Any = 0, axis2: Any = 1, dtype: Any = None, out: Any = None
) -> Value:
    refuse("np.trace", dtype=dtype, out=out)
    static("np.trace", offset=offset, axis1=axis1, axis2=axis2)
    x = as_array(b, a)
    n = rank(x.type)
    if n < 2 or not (-n <= axis1 < n and -n <= axis2 < n) or axis1 % n == axis2 % n:
        raise UnsupportedError(f"np.trace needs two different axes; the array has rank {n}")
    return op.trace(x, offset=int(offset), axis1=axis1 % n, axis2=axis2 % n)


@function(np.linalg.trace)
def _linalg_trace(b: Builder, x: Any, offset: Any = 0, dtype: Any = None) -> Any:
    return _trace(b, x, offset, -2, -1, dtype)
