"""Gradients have the precisions of their arguments, where single, double and Python's numbers meet."""

import math

import numpy as np
import pytest

from transform import grad

SINGLE = np.array([0.5, -1.5, 2.0], np.float32)


def largest_of_a_list(U, f):
    xs = list(f)
    return np.sum(U * max([xs[0] for u in range(3)]))


def numbers_summed_into_a_single_array(U, f):
    a = np.sum(U.tolist())
    f[0] = np.array([a for u in f]).sum()
    return f[0] * f[1]


def a_list_summed_into_a_single_array(xs, f):
    f[0] = np.array([np.sum(xs) for u in f]).sum()
    return f[0] * f[1]


def a_root_that_a_loop_adds_to(n, f):
    for _ in range(2):
        n = math.sqrt(f[2] * f[2])
    for _ in range(3):
        n += np.dot(f, f)
    return n


def precisions(value):
    if isinstance(value, list):
        return [precisions(each) for each in value]
    return np.asarray(value).dtype.name


@pytest.mark.parametrize(
    ("function", "first", "want"),
    [
        (largest_of_a_list, SINGLE, ([0.5, 0.5, 0.5], [1, 0, 0])),
        (numbers_summed_into_a_single_array, [0.25, 0.5], ([-4.5, -4.5], [0, 3 * 0.75, 0])),
        (a_list_summed_into_a_single_array, [0.25, 0.5], ([-4.5, -4.5], [0, 3 * 0.75, 0])),
        (a_root_that_a_loop_adds_to, 0.5, (0.0, [3, -9, 13])),
    ],
)
def test_gradient_has_the_precision_of_its_argument(function, first, want):
    if function is numbers_summed_into_a_single_array:
        first = np.array(first)
    got = grad(function, (0, 1))(first, SINGLE)
    for value, argument, expected in zip(got, (first, SINGLE), want, strict=True):
        assert precisions(value) == precisions(argument)
        np.testing.assert_allclose(value, expected, rtol=1e-6)
