"""Families of rules: what is stated once for all elementwise, all linear, all constant primitives.

A partial or an adjoint is a formula over values; the family turns it into tangent and adjoint rules.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..ir import Primitive
from ..types import (
    COMPLEX,
    Array,
    Dims,
    Scalar,
    Size,
    Type,
    dtype_of,
    is_complex,
    promote,
    rank,
    ufunc_dtype,
)
from .build import Call, Value, op
from .registry import primitive

__all__ = ["constant", "elementwise", "fit", "linear", "multilinear", "result_type", "weighted"]

Params = Mapping[str, Any]
Formula = Callable[..., Any]


def result_type(dtype: np.dtype, dims: tuple[Size, ...], weak: bool = False) -> Type:
    """An Array, or the Scalar that NumPy returns for rank 0."""
    return Array(dtype, dims) if dims else Scalar(dtype, weak)


def shapes(dims: Dims, types: Sequence[Type]) -> tuple[Size, ...]:
    """The broadcast shape of operands."""
    return dims.broadcast_shapes(type_.dims for type_ in types if isinstance(type_, Array))


def infer_elementwise(ufunc: np.ufunc | None = None, python: np.dtype | None = None) -> Callable[..., Type]:
    """The type rule of an elementwise function.

    `ufunc` gives the dtype of NumPy's version (None: plain promotion); `python` is the dtype where all
    operands are Python numbers and the result is one too.
    """

    def infer(dims: Dims, types: Sequence[Type], params: Params) -> Type:
        shape = shapes(dims, types)
        dtype, weak = promote(types)
        if weak and params.get("lib") != "np" and not shape:
            return Scalar(python if python is not None else dtype, weak=True)
        if ufunc is not None:
            dtype = ufunc_dtype(ufunc, tuple(dtype_of(type_) for type_ in types))
        return result_type(dtype, shape)

    return infer


def infer_arithmetic(infer: Callable[..., Type]) -> Callable[..., Type]:
    """The type rule of Python's binary operators, where it differs from that of NumPy's functions.

    Python's complex does not know that np.float64, a float to it, would rather compute itself.
    """

    def python(dims: Dims, types: Sequence[Type], params: Params) -> Type:
        left, right = types
        if left == COMPLEX and right == Scalar(np.dtype(np.float64)) and params.get("lib") != "np":
            return COMPLEX
        return infer(dims, types, params)

    return python


def elementwise(
    name: str,
    code: str | Callable[..., str],
    *partials: Formula,
    infer: Callable[..., Type],
    tangent: Callable[..., Any] | None = None,
    **fields: Any,
) -> Primitive:
    """Register y = f(x1, ..., xn), element by element.

    `partials[k](x1, ..., xn, y)` is the partial derivative with respect to operand k, as a formula.
    """

    def along(call: Call, dots: Sequence[Value | None]) -> Value:
        terms = [
            partials[k](*call.operands, call.result) * dot for k, dot in enumerate(dots) if dot is not None
        ]
        return total(terms)

    def against(call: Call, y_bar: Value, k: int) -> Value:
        x_bar: Value = y_bar * partials[k](*call.operands, call.result)
        return x_bar

    differentiable = bool(partials)
    return primitive(
        name,
        infer,
        code,
        (tangent or along) if differentiable else None,
        against if differentiable else None,
        elementwise=True,
        **fields,
    )


def total(terms: Sequence[Value]) -> Value:
    """The sum of one or more values."""
    result = terms[0]
    for term in terms[1:]:
        result = result + term
    return result


def multilinear(
    name: str, infer: Callable[..., Type], code: str | Callable[..., str], *adjoints: Formula, **fields: Any
) -> Primitive:
    """Register a primitive that is linear in each of its first len(adjoints) operands separately.

    The tangent is then the primitive itself with one operand replaced by its tangent, summed (product
    rule). `adjoints[k](y_bar, *operands, **params)` is the transposed map of operand k.
    """

    def along(call: Call, dots: Sequence[Value | None]) -> Value:
        def replaced(k: int, dot: Value) -> Value:
            operands = (*call.operands[:k], dot, *call.operands[k + 1 :])
            return call.builder.apply(made, operands, call.params)

        return total([replaced(k, dot) for k, dot in enumerate(dots) if dot is not None])

    def against(call: Call, y_bar: Value, k: int) -> Value:
        x_bar: Value = adjoints[k](y_bar, *call.operands, **call.params)
        return x_bar

    made = primitive(name, infer, code, along, against, **fields)
    return made


linear = multilinear
"""Register a primitive that is linear in operand 0; further operands are never active."""


def weighted(
    name: str, infer: Callable[..., Type], code: str | Callable[..., str], weight: Formula, **fields: Any
) -> Primitive:
    """Register a reduction y = f(x; axis, keepdims) with dy = sum(weight * dx) along the axis.

    `weight(y, x, **params)` gives dy/dx, of x's shape or broadcasting to it; y comes with its reduced
    axes kept, so that it broadcasts against x.
    """

    def weights(call: Call) -> Any:
        (x,) = call.operands
        return weight(keep_axes(call.result, x, call.params), x, **call.params)

    def along(call: Call, dots: Sequence[Value | None]) -> Value:
        w, x = weights(call), call.operands[0]
        product = fit(w * dots[0], x)
        return op.sum(product, axis=call.params["axis"], keepdims=call.params["keepdims"])

    def against(call: Call, y_bar: Value, k: int) -> Value:
        x_bar: Value = keep_axes(y_bar, call.operands[0], call.params) * weights(call)
        return x_bar

    return primitive(name, infer, code, along, against, **fields)


def keep_axes(y: Value, x: Value, params: Params) -> Value:
    """A reduction's result with the reduced axes of x restored as 1, so that it broadcasts against x."""
    if params["axis"] in (None, ()) or params["keepdims"] or not y.is_array:
        return y
    return op.expand_dims(y, axis=params["axis"])


def constant(
    name: str, infer: Callable[..., Type], code: str | Callable[..., str], **fields: Any
) -> Primitive:
    """Register a primitive whose derivative is zero wherever it exists, or which has no real operand."""
    return primitive(name, infer, code, constant=True, **fields)


def fit(bar: Value, like: Value) -> Value:
    """An adjoint in the shape and kind (real or complex) of the value it belongs to.

    Broadcasting is undone by sums over the axes that the types show to be broadcast; where the types
    cannot decide, a helper looks at run time. A compact adjoint is broadcast.
    """
    if is_complex(bar.type) and not is_complex(like.type):
        bar = op.real(bar)
    lead = rank(bar.type) - rank(like.type)
    if lead > 0:
        bar = op.sum(bar, axis=_axes(range(lead), like), keepdims=False)
    if not isinstance(like.type, Array):
        return bar
    dims, wanted = bar.builder.dims, like.type.dims
    if lead >= 0 and isinstance(bar.type, Array):
        given = bar.type.dims
        surplus = tuple(
            k
            for k, (g, w) in enumerate(zip(given, wanted, strict=True))
            if dims.resolve(w) == 1 != dims.resolve(g)
        )
        if surplus:
            bar = op.sum(bar, axis=surplus if len(surplus) > 1 else surplus[0], keepdims=True)
            given = tuple(1 if k in surplus else g for k, g in enumerate(given))
        doubtful = [g for g, w in zip(given, wanted, strict=True) if not _conforms(dims, g, w)]
        if not doubtful:
            return bar
        compact = [dims.resolve(g) == 1 for g in doubtful]
        if not all(compact):
            # Some axes may have to be summed; those in which the adjoint is compact are filled before.
            return op.unbroadcast(bar + op.zeros_like(like) if any(compact) else bar, like)
    return op.broadcast_like(bar, like)


def _axes(axes: Sequence[int], like: Value) -> int | tuple[int, ...] | None:
    if not like.is_array:
        return None
    return tuple(axes) if len(axes) > 1 else axes[0]


def _conforms(dims: Dims, given: Size, wanted: Size) -> bool:
    # The given length is the broadcast of the wanted one with others: if the latter is not 1, they agree.
    given, wanted = dims.resolve(given), dims.resolve(wanted)
    if dims.same(given, wanted):
        return True
    return given != 1 and (wanted != 1 if isinstance(wanted, int) else wanted.not_one)
