"""Single rewrites of derivative code: what a gradient prints, and that it is right."""

from __future__ import annotations

import numpy as np
from numpy.testing import assert_allclose

from transform import grad

V = np.array([0.5, -0.25, 1.0])
M = np.array([[0.5, -1.0, 0.25], [2.0, 0.1, -0.3]])


def gradient(function, *arguments):
    """The gradient with respect to the first argument, and its text."""
    made = grad(function)
    return made(*arguments), made.source


def test_literals_multiply_as_they_are_written():
    v_bar, source = gradient(lambda v: np.sum((2 + v) ** 1.5 * 0.2), V)
    assert_allclose(v_bar, 0.3 * np.sqrt(2 + V))
    assert "0.3 *" in source
    assert "0.30000000000000004" not in source


def test_a_division_stays_one():
    v_bar, source = gradient(lambda v: np.sum(np.sin(v) / 3), V)
    assert_allclose(v_bar, np.cos(V) / 3)
    assert "0.333" not in source


def test_two_minuses_make_a_plus():
    v_bar, source = gradient(lambda v: np.sum(np.exp(-((1.0 - v) ** 2))), V)
    assert_allclose(v_bar, np.exp(-((1 - V) ** 2)) * 2 * (1 - V))
    assert "- -" not in source


def test_equal_terms_cancel():
    x_bar, source = gradient(lambda x, y: (x - x) * 3 + y, 2.0, 3.0)
    assert x_bar == 0.0
    assert "L_bar - L_bar" not in source


def test_equal_terms_add_up():
    v_bar, source = gradient(lambda v: np.sum(v) + np.sum(np.sin(v) * np.sin(v)), V)
    assert_allclose(v_bar, 1 + 2 * np.sin(V) * np.cos(V))
    assert "v_bar = 2 * " in source


def test_a_transposed_product_is_a_product():
    m_bar, source = gradient(lambda m: np.sum((m.T @ m) ** 2), M)
    assert_allclose(m_bar, 4 * M @ (M.T @ M))
    assert ").T" not in source


def test_zeros_are_sized_by_what_is_there():
    def function(m):
        return (m**2)[[0, 0]][:, 0].sum()

    m_bar, source = gradient(function, M)
    assert_allclose(m_bar, [[4 * M[0, 0], 0, 0], [0, 0, 0]])
    assert "[[0, 0]].shape" not in source


def test_a_matrix_product_that_is_summed_is_a_vector_times_a_matrix():
    def f(v, X, Q):
        Z = (X - v) @ Q
        return np.sum(Z**2)

    v_bar, source = gradient(f, V, M, M.T)
    assert_allclose(v_bar, -2 * np.sum((M - V) @ M.T, axis=0) @ M)
    assert ".sum(axis=0) @ " in source
    assert ").sum(axis=0)" not in source


def test_a_matrix_product_that_is_read_twice_is_summed():
    def f(x, Q):
        A = x * np.ones((2, 3))
        return np.sum((A @ Q) ** 2)

    x_bar, _ = gradient(f, V, M.T)
    assert_allclose(x_bar, 4 * (V @ M.T) @ M)


def test_a_number_scales_the_shorter_one_of_two():
    def f(A, w):
        return np.sum(w * np.sum(A**2, axis=1))

    A_bar, source = gradient(f, M, V[:2])
    assert_allclose(A_bar, 2 * V[:2, None] * M)
    assert "2 * (" not in source


def test_integers_of_numpy_do_not_scale_what_is_short():
    def f(A, w, n):
        return n * np.sum(w * np.sum(A * A, axis=1))

    big = np.int8(100)
    A_bar, _ = gradient(f, M, V[:2], big)
    assert_allclose(A_bar, 200 * V[:2, None] * M)
