"""Norms, inverses, linear systems, determinants: matrices, and batches of them.

Conventions where a derivative does not exist: that of a norm at 0 is 0. The determinant is
differentiated by its cofactors, so its gradient is right for a singular matrix too; second derivatives
of a determinant, and everything about inverses, need a regular matrix. As np.linalg.cholesky reads its
argument below the diagonal only, so is the derivative zero above.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import UnsupportedError
from ..runtime import cofactors, matrix_cofactors
from ..types import Array, Dims, Scalar, Type, is_complex, promote, rank, unknown_dim
from .build import Builder, Call, Value, op
from .creation import as_array
from .elementwise import not_zero
from .families import constant, keep_axes, result_type
from .products import swap
from .reductions import canonical_axis, dims_of, directional, options, reduced_dims, static
from .registry import function, primitive
from .shape import dtype_text

__all__: list[str] = []

Params = Mapping[str, Any]

# --- norms -------------------------------------------------------------------------------------------


def infer_norm(dims: Dims, types: Sequence[Type], params: Params) -> Type:
    (x,) = types
    shape = reduced_dims(dims_of(x), params["axis"], params["keepdims"])
    return result_type(np.linalg.norm(np.ones(1, x.dtype)).dtype, shape)


def _norm_code(types: Sequence[Type], params: Params) -> str:
    shown = [repr(params["ord"])] if "ord" in params else []
    given = ", ".join([*shown, *filter(None, [options(params, "axis", "keepdims")])])
    return f"np.linalg.norm({{0}}, {given})" if given else "np.linalg.norm({0})"


directional(
    "norm",  # Euclid's and Frobenius' norm: y_dot = sum(x * x_dot) / y
    infer_norm,
    _norm_code,
    direction=lambda y, x, axis, keepdims: op.conj(x) if is_complex(x.type) else x,
    # Where y is 0, so is x: any divisor but 0 makes the derivative 0.
    scale=lambda v, y, d, x, axis, keepdims: v / not_zero(y),
    stem="r",
)
directional(
    "p_norm",  # sum(|x| ** p) ** (1 / p): the derivative is sign(x) * (|x| / y) ** (p - 1)
    infer_norm,
    _norm_code,
    direction=lambda y, x, axis, keepdims, ord: op.sign(x) * (op.abs(x) / not_zero(y)) ** (ord - 1),
    scale=lambda v, y, d, x, axis, keepdims, ord: v,
    stem="r",
)


@function(np.linalg.norm)
def _norm(b: Builder, x: Any, ord: Any = None, axis: Any = None, keepdims: Any = False) -> Value:
    static("np.linalg.norm", ord=ord, axis=axis, keepdims=keepdims)
    x, keepdims = as_array(b, x), bool(keepdims)
    n = rank(x.type)
    if ord is None:
        return _euclidean(x, canonical_axis("np.linalg.norm", axis, x), keepdims)
    axes = tuple(range(n)) if axis is None else tuple(axis) if isinstance(axis, (tuple, list)) else (axis,)
    if len(axes) == 1:
        return vector_norm(x, ord, canonical_axis("np.linalg.norm", axes, x), keepdims)
    if len(axes) == 2:
        canonical_axis("np.linalg.norm", axes, x)
        return matrix_norm(x, ord, axes[0] % n, axes[1] % n, keepdims)
    raise UnsupportedError(
        f"np.linalg.norm with ord={ord!r} of an array of rank {n} needs one axis or two", "Give axis=."
    )


@function(np.linalg.vector_norm)
def _vector_norm(b: Builder, x: Any, *, axis: Any = None, keepdims: Any = False, ord: Any = 2) -> Value:
    static("np.linalg.vector_norm", ord=ord, axis=axis, keepdims=keepdims)
    x = as_array(b, x)
    return vector_norm(x, ord, canonical_axis("np.linalg.vector_norm", axis, x), bool(keepdims))


@function(np.linalg.matrix_norm)
def _matrix_norm(b: Builder, x: Any, *, keepdims: Any = False, ord: Any = "fro") -> Value:
    static("np.linalg.matrix_norm", ord=ord, keepdims=keepdims)
    x = as_array(b, x)
    n = rank(x.type)
    if n < 2:
        raise UnsupportedError("np.linalg.matrix_norm needs a matrix", "Use np.linalg.vector_norm.")
    return matrix_norm(x, ord, n - 2, n - 1, bool(keepdims))


def _euclidean(x: Value, axis: Any, keepdims: bool) -> Value:
    if isinstance(axis, tuple) and len(axis) != 2:
        # NumPy's norm takes one axis, two, or all.
        raise UnsupportedError("np.linalg.norm takes one axis or two", "Reshape the array first.")
    return op.norm(x, axis=axis, keepdims=keepdims)


def vector_norm(x: Value, ord: Any, axis: Any, keepdims: bool) -> Value:
    """The norm of vectors along an axis."""
    if isinstance(ord, str) or not isinstance(ord, (int, float, np.number)):
        raise UnsupportedError(f"vectors have no norm of order {ord!r}", "Use a number, np.inf or -np.inf.")
    kept = {"axis": axis, "keepdims": keepdims}
    if ord == 2:
        return _euclidean(x, axis, keepdims)
    if ord == 0:
        return op.sum(op.cast(op.ne(x, 0), dtype=_real(x)), **kept)
    size = op.abs(x)
    if math.isinf(ord):
        return op.max(size, **kept) if ord > 0 else op.min(size, **kept)
    if ord == 1:
        return op.sum(size, **kept)
    if is_complex(x.type) or isinstance(axis, tuple) or (axis is None and rank(x.type) > 1):
        raise UnsupportedError(
            f"the norm of order {ord!r} takes real vectors along one axis",
            "Write (np.abs(x) ** p).sum() ** (1 / p).",
        )
    return op.p_norm(x, ord=ord if isinstance(ord, int) else float(ord), **kept)


def _real(x: Value) -> np.dtype[Any]:
    return np.linalg.norm(np.ones(1, x.type.dtype)).dtype


def matrix_norm(x: Value, ord: Any, rows: int, columns: int, keepdims: bool) -> Value:
    """The norm of matrices whose rows are counted by one axis and whose columns by another."""
    if ord in ("fro", "f"):
        axes = tuple(sorted((rows, columns)))
        return op.norm(x, axis=None if rank(x.type) == 2 else axes, keepdims=keepdims)
    if ord not in (1, -1, np.inf, -np.inf):
        raise UnsupportedError(
            f"the matrix norm of order {ord!r} has no derivative rule",
            "Use 'fro', 1, -1, np.inf or -np.inf; it needs the singular values otherwise.",
        )
    first, second = (rows, columns) if abs(ord) == 1 else (columns, rows)
    sums = op.sum(op.abs(x), axis=first, keepdims=True)
    extreme = op.max if ord > 0 else op.min
    axes = tuple(sorted((first, second)))
    return extreme(sums, axis=None if rank(x.type) == 2 else axes, keepdims=keepdims)


# --- inverses and linear systems ---------------------------------------------------------------------


def square(dims: Dims, type_: Type, called: str) -> None:
    """Raise unless the type is that of a matrix, or a batch, that may be square."""
    shape = dims_of(type_)
    if len(shape) < 2:
        raise UnsupportedError(f"np.linalg.{called} needs a square matrix, not an array of rank {len(shape)}")
    dims.equate(shape[-2], shape[-1])


def _float_dtype(types: Sequence[Type]) -> np.dtype[Any]:
    dtype, _ = promote(types)
    return dtype if dtype.kind in "fc" else np.dtype(np.float64)


def infer_inv(dims: Dims, types: Sequence[Type], params: Params) -> Type:
    square(dims, types[0], "inv")
    return Array(_float_dtype(types), dims_of(types[0]))


primitive(
    "inv",
    infer_inv,
    "np.linalg.inv({0})",
    lambda call, dots: -(call.result @ dots[0] @ call.result),
    lambda call, y_bar, k: -(swap(call.result) @ y_bar @ swap(call.result)),
    stem="inverse",
)


def infer_solve(dims: Dims, types: Sequence[Type], params: Params) -> Type:
    square(dims, types[0], "solve")
    A, b = map(dims_of, types)
    if len(b) == 1:
        return Array(_float_dtype(types), (dims.equate(A[-1], b[0]),))
    dims.equate(A[-1], b[-2])
    return Array(_float_dtype(types), (*dims.broadcast_shapes((A[:-2], b[:-2])), A[-1], b[-1]))


def _solve_tangent(call: Call, dots: Sequence[Value | None]) -> Value:
    """A x = b, so A x_dot = b_dot - A_dot x."""
    (A, _), (A_dot, b_dot), x = call.operands, dots, call.result
    if A_dot is None:
        return op.solve(A, b_dot)
    moved = A_dot @ x
    return -op.solve(A, moved) if b_dot is None else op.solve(A, b_dot - moved)


def _solve_adjoint(call: Call, x_bar: Value, k: int) -> Value:
    """b_bar solves A.T b_bar = x_bar, and A_bar = -b_bar x.T."""
    (A, _), x = call.operands, call.result
    b_bar = op.solve(swap(A), x_bar)
    if k == 1:
        return b_bar
    return -op.outer(b_bar, x) if rank(x.type) == 1 else -(b_bar @ swap(x))


primitive("solve", infer_solve, "np.linalg.solve({0}, {1})", _solve_tangent, _solve_adjoint, stem="x")


@function(np.linalg.inv)
def _inv(b: Builder, a: Any) -> Value:
    return op.inv(as_array(b, a))


@function(np.linalg.solve)
def _solve(builder: Builder, a: Any, b: Any) -> Value:
    A, right = as_array(builder, a), as_array(builder, b)
    if rank(right.type) == 0:
        raise UnsupportedError("np.linalg.solve needs a right-hand side that is an array")
    if rank(right.type) == 1 and rank(A.type) > 2:
        # One vector for a batch of matrices: as a matrix of one column it is like any other batch.
        column = op.solve(A, op.expand_dims(right, axis=1))
        return op.squeeze(column, axis=rank(column.type) - 1)
    return op.solve(A, right)


# --- Cholesky's factor ---------------------------------------------------------------------------------


def lower_half(x: Value) -> Value:
    """Ones below the diagonal, halves on it, zeros above: x + x.T has each element of a symmetric x once."""
    n = op.dim(x, axis=rank(x.type) - 1)
    return op.lower_half(n, dtype=x.type.dtype)


def _lower_half_code(types: Sequence[Type], params: Params) -> str:
    text = "np.tri({0}) - 0.5 * np.eye({0})"
    return text if params["dtype"] == np.float64 else f"({text}).astype({dtype_text(params['dtype'])})"


def _infer_lower_half(dims: Dims, types: Sequence[Type], params: Params) -> Type:
    (n,) = types
    size = n.size if isinstance(n, Scalar) and n.size is not None else unknown_dim()
    return Array(params["dtype"], (size, size))


constant("lower_half", _infer_lower_half, _lower_half_code, stem="half")


def _cholesky_tangent(call: Call, dots: Sequence[Value | None]) -> Value:
    """L_dot = L * (the lower half of inv(L) A_dot inv(L).T), A_dot being read below the diagonal only."""
    L, (A_dot,), half = call.result, dots, lower_half(call.result)
    below = half * A_dot
    P = op.solve(L, below + swap(below))
    return L @ (half * swap(op.solve(L, swap(P))))


def _cholesky_adjoint(call: Call, L_bar: Value, k: int) -> Value:
    """S = inv(L).T (the lower half of L.T L_bar) inv(L), all of it moved below the diagonal."""
    L, half = call.result, lower_half(call.result)
    P = op.solve(swap(L), half * (swap(L) @ L_bar))
    S = op.solve(swap(L), swap(P))
    return half * (S + swap(S))


primitive("cholesky", infer_inv, "np.linalg.cholesky({0})", _cholesky_tangent, _cholesky_adjoint, stem="L")


@function(np.linalg.cholesky)
def _cholesky(b: Builder, a: Any, *, upper: Any = False) -> Value:
    static("np.linalg.cholesky", upper=upper)
    A = as_array(b, a)
    if upper or is_complex(A.type):
        raise UnsupportedError(
            "np.linalg.cholesky is supported for real matrices, with the factor below the diagonal"
        )
    return op.cholesky(A)


# --- determinants ------------------------------------------------------------------------------------


def infer_det(dims: Dims, types: Sequence[Type], params: Params) -> Type:
    square(dims, types[0], "det")
    return result_type(_float_dtype(types), dims_of(types[0])[:-2])


def of_matrices(y: Value, A: Value) -> Value:
    """A number for each matrix of a batch, so that it broadcasts against the batch."""
    n = rank(A.type)
    return keep_axes(y, A, {"axis": None if n == 2 else (n - 2, n - 1), "keepdims": False})


def along(A_bar: Value, A_dot: Value) -> Value:
    """The sum of the products of the elements of two matrices, or of each pair of a batch."""
    n = rank(A_bar.type)
    return op.sum(A_bar * A_dot, axis=None if n == 2 else (n - 2, n - 1), keepdims=False)


primitive(
    "det",
    infer_det,
    "np.linalg.det({0})",
    lambda call, dots: along(op.cofactors(*call.operands), dots[0]),
    lambda call, y_bar, k: of_matrices(y_bar, call.operands[0]) * op.cofactors(*call.operands),
    stem="det",
)


# With C = det(A) * R and R = inv(A).T: C_dot = sum(C * A_dot) * R - R @ A_dot.T @ C, a map from A_dot that
# is its own transpose.


def _cofactors_along(call: Call, A_dot: Value) -> Value:
    (A,), C = call.operands, call.result
    R = swap(op.inv(A))
    return of_matrices(along(C, A_dot), A) * R - R @ swap(A_dot) @ C


primitive(
    "cofactors",
    infer_inv,
    "cofactors({0})",
    lambda call, dots: _cofactors_along(call, dots[0]),
    lambda call, C_bar, k: _cofactors_along(call, C_bar),
    stem="C",
    refers={"cofactors": cofactors},
)
constant(
    "matrix_cofactors", infer_inv, "matrix_cofactors({0})", refers={"matrix_cofactors": matrix_cofactors}
)
constant("det_sign", infer_det, "np.linalg.slogdet({0})[0]", stem="sign")
primitive(
    "log_det",
    infer_det,
    "np.linalg.slogdet({0})[1]",
    lambda call, dots: along(swap(op.inv(*call.operands)), dots[0]),
    lambda call, y_bar, k: of_matrices(y_bar, call.operands[0]) * swap(op.inv(*call.operands)),
    stem="logdet",
)


@function(np.linalg.det)
def _det(b: Builder, a: Any) -> Value:
    return op.det(as_array(b, a))


_SlogdetResult: Any = type(np.linalg.slogdet(np.ones((1, 1))))


@function(np.linalg.slogdet)
def _slogdet(b: Builder, a: Any) -> Any:
    A = as_array(b, a)
    if is_complex(A.type):
        raise UnsupportedError("np.linalg.slogdet of complex matrices is not supported", "Use np.linalg.det.")
    return _SlogdetResult(op.det_sign(A), op.log_det(A))
