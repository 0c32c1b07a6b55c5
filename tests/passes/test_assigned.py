"""Elements of zeros that one iteration alone adds to: assigned where that is certain, and only there."""

import math

import numpy as np
import pytest

from transform import grad

X = np.array([0.7, -1.3, 2.1, 0.4, 1.9])
A = np.array([[0.3, 1.2, -0.4], [2.0, -0.7, 0.9]])


def waves(x):
    s = 0.0
    for i in range(len(x)):
        s += math.sin(x[i])
    return s


def of_a_matrix(A):
    s = 0.0
    for i in range(A.shape[0]):
        for j in range(A.shape[1]):
            s += math.sin(A[i, j])
    return s


def of_a_triangle(A):
    s = 0.0
    for i in range(A.shape[0]):
        for j in range(i + 1, A.shape[1]):
            s += math.sin(A[i, j])
    return s


ONCE = [(waves, X, np.cos(X)), (of_a_matrix, A, np.cos(A)), (of_a_triangle, A, np.triu(np.cos(A), 1))]


@pytest.mark.parametrize("function, point, wanted", ONCE)
def test_an_element_for_each_iteration(function, point, wanted):
    derivative = grad(function)
    np.testing.assert_allclose(derivative(point), wanted)
    assert "] = " in derivative.source
    assert "] += " not in derivative.source


def twice(x, n):
    s = 0.0
    for _ in range(n):
        for i in range(len(x)):
            s += math.sin(x[i])
    return s


def at_two_places(x, n):
    s = 0.0
    for i in range(len(x)):
        s += math.sin(x[i]) + n * x[i - 1]
    return s


def from_below_zero(x, n):
    s = 0.0
    for i in range(-n, len(x)):
        s += math.sin(x[i])
    return s


def in_one_row(x, n):
    s = 0.0
    for i in range(len(x)):
        for _ in range(n):
            s += math.sin(x[i])
    return s


def on_top(x, n):
    s = 0.0
    for i in range(len(x)):
        s += math.sin(x[i])
    return n * s + x[1] * x[1]


def from_below_the_index(x, n):
    s = 0.0
    for i in range(len(x)):
        for j in range(i - n, i):
            s += math.sin(x[j])
    return s


def halves(x, n):
    s = 0.0
    for i in range(len(x)):
        s += math.sin(x[i // n])
    return s


COS = np.cos(X)
REPEATED = [
    (twice, 2 * COS),
    (at_two_places, COS + 2),
    (from_below_zero, COS * [1, 1, 1, 2, 2]),
    (in_one_row, 2 * COS),
    (on_top, 2 * COS + 2 * X * [0, 1, 0, 0, 0]),
    (from_below_the_index, COS * [2, 2, 2, 2, 2]),
    (halves, COS * [2, 2, 1, 0, 0]),
]


@pytest.mark.parametrize("function, wanted", REPEATED)
def test_an_element_that_others_add_to(function, wanted):
    np.testing.assert_allclose(grad(function)(X, 2), wanted)


def test_an_array_as_an_index():
    def f(A, index):
        s = 0.0
        for i in range(A.shape[0]):
            s += np.sum(A[i, index]) * i
        return s

    np.testing.assert_allclose(grad(f)(A, np.array([0, 0, 2])), [[0, 0, 0], [2, 0, 1]])


def test_an_iteration_that_adds_nothing():
    def f(x):
        s = 0.0
        for i in range(len(x)):
            if x[i] > 0.5:
                s += math.sin(x[i])
        return s

    np.testing.assert_allclose(grad(f)(X), np.where(X > 0.5, np.cos(X), 0))
