"""Indices that the source writes out, masks of matrices and other forms that Numba does not know."""

import re

import numpy as np
import pytest

from transform import grad, hvp, tangent

X = np.array([0.3, -0.7, 1.2, 0.9])
A = np.array([[0.5, -1.5, 0.25], [2.0, -0.75, 1.25]])


def picked(x):
    return np.sum(np.array([1.0, 2.0, 3.0]) * x[[-1, 0, 3]] ** 2)


def picked_bar(x):
    return np.array([4 * x[0], 0.0, 0.0, 8 * x[3]])


def picked_at(x, k):
    return np.prod(x[[0, k]])


def rows(A):
    return np.sum(A[[1, 0, 1]] * np.array([[1.0], [2.0], [4.0]]))


def columns(A):
    return np.sum(A[:, [2, 0]] * np.array([1.0, 3.0]))


def pairs(A):
    return np.sum(A[[0, 1, 0], [2, 0, 2]] ** 2)


def in_a_row(A):
    return np.sum(A[1, [0, 2]] ** 2)


def stored(x):
    y = x * x
    y[[0, -1]] = 3.0 * x[:2]
    return np.sum(y)


def stored_twice(x):
    y = x * x
    y[[0, 0]] = x[1:3] ** 3
    return np.sum(y)


def stored_twice_from_both_ends(x):
    y = x * x
    y[[3, -1, 1]] = x[:3] ** 3
    return np.sum(y)


def rows_stored(A):
    B = A * A
    B[[1, 0]] = A[0]
    return np.sum(B)


def columns_stored(A):
    B = A * A
    B[:, [0, 2]] = 5.0 * A[:, :2]
    return np.sum(B)


def added_at(x):
    y = x * x
    np.add.at(y, [1, 1, -1], x[:3])
    return np.sum(y * y)


def added_at_bar(x):
    y = x * x
    y[1] += x[0] + x[1]
    y[3] += x[2]
    bar = 4 * x * y
    bar += [2 * y[1], 2 * y[1], 2 * y[3], 0.0]
    return bar


def stored_by_an_array(x):
    y = x * x
    y[np.array([2, 0, 2])] = x[:3] ** 3
    return np.sum(y)


def masked(A):
    B = A * A
    B[A > 0.0] = 7.0
    return np.sum(B)


def masked_with(A):
    B = A * A
    B[A > 0.0] = A[A > 0.0] ** 3
    return np.sum(B)


def masked_times(A):
    B = A * A
    B[A < 1.0] *= 0.5
    return np.sum(B)


def clipped(x):
    return np.sum(np.clip(x, -0.5, 1.0) * np.array([1.0, 2.0, 3.0, 4.0]))


def clipped_from_below(x):
    return np.sum(np.clip(x, 0.5, None) ** 2)


def clipped_number(x):
    return np.clip(x[1], -1.0, 1.0) * np.clip(x[2], x[0], x[3])


def steps(x):
    return np.sum(np.heaviside(x, 0.5) * x * x)


def ties(x):
    return np.sum(np.maximum(x, 0.3) * np.abs(x))


def determinant(A):
    return np.linalg.det(A[:, :2])


def adjugate(A):
    return np.array([[A[1, 1], -A[1, 0], 0.0], [-A[0, 1], A[0, 0], 0.0]])


def comprehended(x):
    return np.array([x[len(x) - 1] * u for u in x]).sum()


def collected(x):
    history = [x[0]]
    for k in range(len(x)):
        history.append(0.5 * history[-1] + x[k])
    return np.array(history).sum()


def first_above(x, limit):
    for u in x:
        if u > limit:
            return u
    return 0.0


def found(x):
    return first_above(x, 1.0) * x[0] if x[1] < 0.0 else x[1]


CASES = {
    "elements": (picked, (X,), picked_bar(X)),
    "an element that run time knows": (picked_at, (X, 2), np.array([X[2], 0.0, X[0], 0.0])),
    "the same element": (picked_at, (X, 0), np.array([2 * X[0], 0.0, 0.0, 0.0])),
    "rows": (rows, (A,), np.array([[2.0] * 3, [5.0] * 3])),
    "columns": (columns, (A,), np.array([[3.0, 0.0, 1.0]] * 2)),
    "pairs": (pairs, (A,), np.array([[0.0, 0.0, 4 * A[0, 2]], [2 * A[1, 0], 0.0, 0.0]])),
    "in a row": (in_a_row, (A,), 2 * A * np.array([[0, 0, 0], [1, 0, 1]])),
    "stored": (stored, (X,), np.array([3.0, 2 * X[1] + 3.0, 2 * X[2], 0.0])),
    "stored twice": (stored_twice, (X,), np.array([0.0, 2 * X[1], 2 * X[2] + 3 * X[2] ** 2, 2 * X[3]])),
    "stored from both ends": (
        stored_twice_from_both_ends, (X,), np.array([2 * X[0], 3 * X[1] ** 2, 2 * X[2] + 3 * X[2] ** 2, 0.0])
    ),
    "rows stored": (rows_stored, (A,), np.array([[2.0] * 3, [0.0] * 3])),
    "columns stored": (columns_stored, (A,), np.array([[5.0, 2 * a + 5.0, 0.0] for a in A[:, 1]])),
    "added at": (added_at, (X,), added_at_bar(X)),
    "stored by an array": (
        stored_by_an_array, (X,), np.array([0.0, 2 * X[1] + 3 * X[1] ** 2, 3 * X[2] ** 2, 2 * X[3]])
    ),
    "masked": (masked, (A,), np.where(A > 0, 0.0, 2 * A)),
    "masked with an array": (masked_with, (A,), np.where(A > 0, 3 * A**2, 2 * A)),
    "masked times": (masked_times, (A,), np.where(A < 1, A, 2 * A)),
    "clipped": (clipped, (X,), np.array([1.0, 0.0, 0.0, 4.0])),
    "clipped from below": (clipped_from_below, (X,), np.where(X > 0.5, 2 * X, 0.0)),
    "clipped number": (clipped_number, (X,), np.array([0.0, X[3], 0.0, X[1]])),
    "steps": (steps, (X,), np.where(X > 0, 2 * X, 0.0)),
    # At 0.3 either of the two is the larger one: each has half of the derivative.
    "ties": (ties, (X,), np.array([0.3 + 0.15, -0.3, 2 * X[2], 2 * X[3]])),
    "a comprehension": (comprehended, (X,), np.array([X[3], X[3], X[3], X.sum() + X[3]])),
    "a list that grows": (collected, (X,), np.array([2 - 1 / 16 + 2 - 1 / 8, 2 - 1 / 4, 1.5, 1.0])),
    "found in a loop": (found, (X,), np.array([X[2], 0.0, X[0], 0.0])),
    "a determinant": (determinant, (A,), adjugate(A)),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("backend", ["python", "numba"])
def test_gradients(case, backend):
    function, arguments, bar = CASES[case]
    before = [np.copy(each) for each in arguments]
    np.testing.assert_allclose(grad(function, backend=backend)(*arguments), bar, rtol=1e-12, atol=1e-15)
    for now, old in zip(arguments, before, strict=True):
        np.testing.assert_array_equal(now, old)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("backend", ["python", "numba"])
def test_tangents(case, backend):
    function, (x, *others), bar = CASES[case]
    x_dot = np.cos(np.arange(x.size)).reshape(x.shape)
    value, dot = tangent(function, backend=backend)(x, *others, x_dot)
    assert value == pytest.approx(function(x, *others), rel=1e-13)
    assert dot == pytest.approx(np.sum(bar * x_dot), rel=1e-12)


@pytest.mark.parametrize("backend", ["python", "numba"])
def test_the_second_derivative_of_what_is_found_in_a_loop(backend):
    dot = np.array([1.0, 2.0, 3.0, 4.0])
    np.testing.assert_array_equal(hvp(found, backend=backend)(X, dot), [3.0, 0.0, 1.0, 0.0])


@pytest.mark.parametrize("bad", [4, -5])
def test_an_element_that_is_not_there(bad):
    derivative = grad(picked_at, backend="numba")
    derivative(X, 1)
    with pytest.raises(IndexError):
        derivative(X, bad)


def test_nan_and_infinity_pass_a_clip():
    derivative = grad(clipped_from_below, backend="numba")
    x = np.array([np.nan, np.inf, -np.inf, 1.0])
    np.testing.assert_array_equal(derivative(x), [np.nan, np.inf, 0.0, 2.0])


def test_no_list_is_left():
    derivative = grad(picked, backend="numba")
    derivative(X)
    (kernel,) = re.findall(r"def picked_adjoint_kernel.*?return", derivative.source, re.DOTALL)
    code = "\n".join(line.partition("#")[0] for line in kernel.splitlines())
    assert "[[" not in code
    assert "np.add.at" not in code
