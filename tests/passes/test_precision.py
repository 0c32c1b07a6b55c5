"""A derivative has the dtype of what it belongs to, whatever promotion does on the way."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

from transform import grad, hvp, jvp, value_and_grad

SINGLE = np.float32
V = np.array([0.5, -0.25, 1.0], SINGLE)
G = SINGLE(0.5)


def spread(v):
    return np.sum(v)  # the seed, Python's 1.0, becomes an array


def shifted(g, v):
    return ((np.sin(v) + g) * 0.1).sum()  # the sum of a constant array is a product with its size


def mixed(s, v):
    return np.mean(s * v) + ((np.zeros(3) + s) * 0.1).sum()


def magnitude(g):
    return math.fabs(g) * g


def unused(g, v):
    return v[0] * 2


def filled(g, v):
    return np.sum(np.full_like(v, g)) / v.size


def modulus(s, v):
    z = 1j * s
    return v[0] + np.real(np.conj(z) * z)  # NumPy's conj makes a double of a Python number


CASES = [
    (spread, (V,), ([1, 1, 1],)),
    (shifted, (G, V), (0.3, 0.1 * np.cos(V))),
    (mixed, (0.5, V), (np.mean(V) + 0.3, [0.5 / 3] * 3)),
    (magnitude, (G,), (1.0,)),
    (magnitude, (-G,), (1.0,)),
    (unused, (G, V), (0.0, [2, 0, 0])),
    (modulus, (0.5, V), (1.0, [1, 0, 0])),
    (filled, (G, V), (1.0, [0, 0, 0])),
]


@pytest.mark.parametrize("function, arguments, expected", CASES)
def test_gradients_have_the_dtype_of_their_arguments(function, arguments, expected):
    bars = grad(function, argnums=tuple(range(len(arguments))))(*arguments)
    for bar, argument, want in zip(bars, arguments, expected, strict=True):
        assert np.asarray(bar).dtype == np.asarray(argument).dtype
        assert_allclose(bar, want, rtol=1e-6)


@pytest.mark.parametrize("function, arguments, expected", CASES)
def test_values_have_the_dtype_that_the_function_gives_them(function, arguments, expected):
    value, _ = value_and_grad(function, argnums=tuple(range(len(arguments))))(*arguments)
    assert np.asarray(value).dtype == np.asarray(function(*arguments)).dtype


@pytest.mark.parametrize("function, arguments, expected", CASES)
def test_tangents_have_the_dtype_of_their_results(function, arguments, expected):
    dots = tuple(argument / 2 for argument in arguments)
    value, value_dot = jvp(function, arguments, dots)
    assert np.asarray(value_dot).dtype == np.asarray(value).dtype
    assert_allclose(value_dot, sum(np.sum(w * d) for w, d in zip(expected, dots, strict=True)), rtol=1e-6)


def test_a_tangent_keeps_the_precision_of_terms_that_do_not_move():
    def function(c, v):
        both = c - v  # single; the weights make their sum double
        return np.mean(np.sin(both)) + np.sum((c + v) * np.arange(3))

    curved = hvp(function, argnums=(0, 1))(0.4, V, 1.0, 0 * V)
    sine = np.sin(0.4 - V.astype(float)) / 3
    assert np.asarray(curved[0]).dtype == np.float64
    assert curved[1].dtype == SINGLE
    assert_allclose(curved[0], -np.sum(sine), rtol=1e-6)
    assert_allclose(curved[1], sine, rtol=1e-6)


def test_seeds_take_the_precision_of_what_they_belong_to():
    _, v_dot = jvp(lambda v: 2 * v, (V,), (np.ones(3),))
    assert v_dot.dtype == SINGLE


def test_an_unused_complex_argument_has_a_complex_zero():
    value, (z_bar, x_bar) = value_and_grad(lambda z, x: x * 2, argnums=(0, 1))(1j, 3.0)
    assert (value, z_bar, x_bar) == (6.0, 0j, 2.0)
    assert type(z_bar) is complex


def test_a_carried_tangent_of_a_python_number_leaves_the_precision_to_the_others():
    def function(v):
        a = math.exp(np.sum(v))
        while a > 0.5:
            a = 0.6 * a
        return a**2

    dot = np.array([1, 2, -1], SINGLE)
    curved = hvp(function)(V, dot)
    assert curved.dtype == SINGLE
    assert_allclose(curved, 4 * function(V) * np.sum(dot) * np.ones(3), rtol=1e-5)
