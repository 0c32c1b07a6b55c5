"""What is gathered for a part of an array is added to the array: fewer arrays, the same numbers."""

import numpy as np
import pytest

from transform import grad

W = np.random.default_rng(0).uniform(0.3, 1, (2, 4, 3))
X = np.linspace(0.2, 0.9, 3)


def gates(w, x, n):
    for _ in range(n):
        for k in range(len(w)):
            row = w[k]
            x = np.tanh(x * row[0] + row[1]) * np.sin(row[2] * x) + row[3, 1] * row[0, :2].sum()
    return x @ x


def one_element_twice(w, x, n):
    row = w[n]
    return np.sum(row[0] * x) ** 2 + row[0, 1] * row[-4, 1]


def used_as_a_whole(w, x, n):
    row = w[n]
    return np.sum(row[0] * x) + np.sum(row * row)


def picked(w, x, n):
    row = w[n]
    return np.sum(row[[0, 2, 0]] * x) + row[1, 2]


def overwritten_after(w, x, n):
    row, y = w[n], x.copy()
    for k in range(3):
        y = y * row[k]
        y[0] = y[1] * row[3, k]
    return np.sum(y * row[0])


@pytest.mark.parametrize(
    ("function", "n", "arrays"),
    [
        (gates, 3, 1),
        (gates, 0, 1),
        (one_element_twice, 1, 1),
        (one_element_twice, -1, 1),
        (used_as_a_whole, 1, None),
        (picked, 1, None),
        (overwritten_after, 1, None),
    ],
)
def test_additions_to_a_part_go_to_the_whole(function, n, arrays):
    derivative = grad(function, 0)
    h, got = 1e-6, derivative(W, X, n)
    for place in np.ndindex(W.shape):
        ends = []
        for sign in (1, -1):
            moved = W.copy()
            moved[place] += sign * h
            ends.append(function(moved, X.copy(), n))
        assert abs(got[place] - (ends[0] - ends[1]) / (2 * h)) < 1e-7
    if arrays is not None:
        assert derivative.source.count("np.zeros") == arrays, derivative.source
