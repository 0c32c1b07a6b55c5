"""np.einsum: its adjoint is an einsum again, with the operand's letters as the result's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import UnsupportedError
from ..types import Dims, Size, Type, promote, rank
from .build import Builder, Call, Value, op
from .creation import as_array
from .families import result_type, total
from .reductions import dims_of, refuse, static
from .registry import function, primitive

__all__: list[str] = []

Params = Mapping[str, Any]


def infer_einsum(dims: Dims, types: Sequence[Type], params: Params) -> Type:
    inputs, output = params["letters"]
    sizes: dict[str, Size] = {}
    for letters, type_ in zip(inputs, types, strict=True):
        for letter, size in zip(letters, dims_of(type_), strict=True):
            sizes[letter] = _agree(dims, sizes[letter], size) if letter in sizes else size
    return result_type(promote(types)[0], tuple(sizes[letter] for letter in output))


def _agree(dims: Dims, a: Size, b: Size) -> Size:
    if (dims.resolve(a) == 1) != (dims.resolve(b) == 1):
        raise UnsupportedError(
            "np.einsum: a letter stands for a length of 1 and for another", "Drop that axis."
        )
    return dims.equate(a, b)


def _code(types: Sequence[Type], params: Params) -> str:
    inputs, output = params["letters"]
    operands = ", ".join(f"{{{k}}}" for k in range(len(types)))
    optimize = f", optimize={params['optimize']!r}" if params["optimize"] else ""
    return f"np.einsum({','.join(inputs) + '->' + output!r}, {operands}{optimize})"


def _tangent(call: Call, dots: Sequence[Value | None]) -> Value:
    def replaced(k: int, dot: Value) -> Value:
        return op.einsum(*call.operands[:k], dot, *call.operands[k + 1 :], **call.params)

    return total([replaced(k, dot) for k, dot in enumerate(dots) if dot is not None])


def _adjoint(call: Call, y_bar: Value, k: int) -> Value:
    """Operand and result change places."""
    inputs, output = call.params["letters"]
    if not output:
        return y_bar * _all_but(call, k)
    letters = ((*inputs[:k], output, *inputs[k + 1 :]), inputs[k])
    operands = (*call.operands[:k], y_bar, *call.operands[k + 1 :])
    return op.einsum(*operands, letters=letters, optimize=call.params["optimize"])


def _all_but(call: Call, k: int) -> Value:
    """The other operands summed to the shape of operand k; a number, unlike einsum, keeps their precision."""
    inputs, _ = call.params["letters"]
    others = [operand for j, operand in enumerate(call.operands) if j != k]
    letters = tuple(given for j, given in enumerate(inputs) if j != k)
    if len(others) > 1:
        return op.einsum(*others, letters=(letters, inputs[k]), optimize=call.params["optimize"])
    axes = tuple(letters[0].index(letter) for letter in inputs[k])
    return _in_order(others[0], axes)


def _in_order(value: Value, axes: tuple[int, ...]) -> Value:
    if axes == tuple(range(len(axes))):
        return value
    return op.transpose(value, axes=None if axes == (1, 0) else axes)


primitive("einsum", infer_einsum, _code, _tangent, _adjoint, stem="e")


@function(np.einsum)
def _einsum(b: Builder, subscripts: Any, *operands: Any, out: Any = None, optimize: Any = False) -> Value:
    refuse("np.einsum", out=out)
    static("np.einsum", optimize=optimize)
    if not isinstance(subscripts, str) or "." in subscripts:
        raise UnsupportedError("np.einsum needs its subscripts as a string without '...'", "Name every axis.")
    values = [as_array(b, operand) for operand in operands]
    inputs, output = _parse(subscripts, values)
    summed = [_sum_own(k, inputs, output, values[k]) for k in range(len(values))]
    letters = tuple(kept for _, kept in summed)
    if len(values) > 1:
        return op.einsum(*(value for value, _ in summed), letters=(letters, output), optimize=optimize)
    return _in_order(summed[0][0], tuple(letters[0].index(letter) for letter in output))


def _parse(subscripts: str, values: Sequence[Value]) -> tuple[list[str], str]:
    left, arrow, output = subscripts.replace(" ", "").partition("->")
    inputs = left.split(",")
    if not arrow:
        # Without a result NumPy takes the letters that occur once, in alphabetical order.
        output = "".join(sorted(letter for letter in set(left) - {","} if left.count(letter) == 1))
    if [len(letters) for letters in inputs] != [rank(value.type) for value in values]:
        raise UnsupportedError(f"np.einsum: {subscripts!r} does not fit the ranks of its operands")
    if any(len(set(letters)) < len(letters) for letters in (*inputs, output)) or not set(output) <= set(left):
        raise UnsupportedError(
            f"np.einsum: {subscripts!r} repeats a letter within one array, or invents one",
            "Use np.trace or np.diagonal first.",
        )
    return inputs, output


def _sum_own(k: int, inputs: Sequence[str], output: str, x: Value) -> tuple[Value, str]:
    """Sum an operand over the letters that nothing else has, so that its adjoint need not repeat anything."""
    elsewhere = set(output).union(*inputs[:k], *inputs[k + 1 :])
    own = tuple(axis for axis, letter in enumerate(inputs[k]) if letter not in elsewhere)
    if not own:
        return x, inputs[k]
    whole = len(own) == len(inputs[k])
    axis = None if whole else own[0] if len(own) == 1 else own
    return op.sum(x, axis=axis, keepdims=False), "".join(
        letter for letter in inputs[k] if letter in elsewhere
    )
