"""Sums of products over named axes: einsum, tensordot, and products of stacks of matrices.

np.einsum("ij,jk->ik", A, B)    --->    np.sum(A[:, None, :] * B.T[None, :, :], axis=2)
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Sequence
from string import ascii_letters

from ...ir import Eqn
from ...rules.build import Value, op
from ...types import Array, rank

__all__ = ["CONTRACTIONS"]


def contracted(operands: Sequence[Value], inputs: Sequence[str], output: str) -> Value:
    """The product of the operands, summed over the letters that are not in the output."""
    summed = "".join(
        dict.fromkeys(letter for letters in inputs for letter in letters if letter not in output)
    )
    order = output + summed
    product: Value = functools.reduce(
        operator.mul, (_aligned(x, letters, order) for x, letters in zip(operands, inputs, strict=True))
    )
    if not summed:
        return product
    axes = tuple(range(len(output), len(order)))
    axis = None if not output else axes if len(axes) > 1 else axes[0]
    return op.sum(product, axis=axis, keepdims=False)


def _aligned(x: Value, letters: str, order: str) -> Value:
    """An array with an axis for each letter of the order, of length 1 where it has none."""
    if not isinstance(x.type, Array):
        return x
    there = [letter for letter in order if letter in letters]
    axes = tuple(map(letters.index, there))
    if axes != tuple(range(len(axes))):
        x = op.transpose(x, axes=axes)
    new = tuple(k for k, letter in enumerate(order) if letter not in letters)
    return op.expand_dims(x, axis=new) if new else x


def _einsum(eqn: Eqn, operands: Sequence[Value]) -> Value | None:
    inputs, output = eqn.params["letters"]
    return contracted(operands, inputs, output)


def _tensordot(eqn: Eqn, operands: Sequence[Value]) -> Value | None:
    a, b = operands
    over_a, over_b = eqn.params["axes"]
    left = list(ascii_letters[: rank(a.type)])
    right = list(ascii_letters[rank(a.type) : rank(a.type) + rank(b.type)])
    for i, j in zip(over_a, over_b, strict=True):
        right[j] = left[i]
    kept = [letter for k, letter in enumerate(left) if k not in over_a]
    kept += [letter for k, letter in enumerate(right) if k not in over_b]
    return contracted(operands, ["".join(left), "".join(right)], "".join(kept))


def _stacks(eqn: Eqn, operands: Sequence[Value]) -> Value | None:
    """Products of matrices one by one; NumPy's own for two matrices."""
    a, b = operands
    m, n = rank(a.type), rank(b.type)
    if max(m, n) <= 2 or min(m, n) < 2:
        return None
    stack = ascii_letters[3 : 3 + max(m, n) - 2]
    left = stack[len(stack) - (m - 2) :] + "ac" if m > 2 else "ac"
    right = stack[len(stack) - (n - 2) :] + "cb" if n > 2 else "cb"
    return contracted(operands, [left, right], stack + "ab")


CONTRACTIONS: dict[str, Callable[[Eqn, Sequence[Value]], Value | None]] = {
    "einsum": _einsum,
    "tensordot": _tensordot,
    "matmul": _stacks,
}
