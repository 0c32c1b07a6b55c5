"""Programs that once went wrong, each in the pass that it is about."""

from __future__ import annotations

import numpy as np
from numpy.testing import assert_allclose

from transform import grad, hvp, value_and_grad

V = np.array([0.5, -0.25, 1.0])
M = np.array([[0.5, -1.0, 0.25], [2.0, 0.1, -0.3]])


def test_tangent_of_a_branch_that_leaves_an_array_alone():
    def function(v, s):
        w = v if s > 0 else v * v
        return w.sum()

    product = hvp(function, argnums=0)
    assert_allclose(product(V, 1.0, M[0]), [0, 0, 0])
    assert_allclose(product(V, -1.0, M[0]), 2 * M[0])


def test_a_gradient_is_no_view_of_a_broadcast():
    def function(t):
        return (t.transpose(1, 0, 2).sum(axis=(0, 2)) * 0.1).sum()

    t_bar = grad(function)(np.ones((2, 1, 3)))
    assert t_bar.flags.writeable
    t_bar += 1
    assert_allclose(t_bar, np.full((2, 1, 3), 1.1))


def test_broadcasting_that_only_the_run_shows_beside_an_axis_of_one():
    def function(r, c):
        part = r[:, 1:2]  # of length 1, but the types do not tell
        return np.sum(part * r) + np.sum(c * part)

    r, c = V[None, :], np.array([[0.3], [0.7]])
    r_bar, c_bar = grad(function, argnums=(0, 1))(r, c)
    assert_allclose(r_bar, [[r[0, 1], V.sum() + r[0, 1] + c.sum(), r[0, 1]]])
    assert_allclose(c_bar, np.full((2, 1), r[0, 1]))


def test_spelled_constants_are_gathered_once():
    def function(v):
        return np.sum(v * 0.5**2 * 0.5**3 * 2)

    assert_allclose(grad(function)(V), [2 / 32] * 3)
    assert_allclose(hvp(function)(V, V), [0, 0, 0])


def test_a_product_of_literals_does_not_rewrite_itself_for_ever():
    def weighted(u, v, gain=0.5):
        return (0.0 + u + v) * gain**2

    def function(u, r):
        a = weighted(u, -r)
        return np.sum(a**2) + 2 * np.max(a)

    u, r = M, V
    a = (u - r) / 4
    seed = 2 * a + 2 * (a == a.max())
    _, (u_bar, r_bar) = value_and_grad(function, argnums=(0, 1))(u, r)
    assert_allclose(u_bar, seed / 4)
    assert_allclose(r_bar, -seed.sum(axis=0) / 4)
    assert_allclose(hvp(function)(u, r, M), M / 8)


def test_the_shape_of_a_dead_array_is_read_off_one_of_the_same_dtype():
    def function(r):
        z = r + 0.5j
        return np.linalg.norm((z * np.conj(z)).real + 1.7) + z.real.sum()

    modulus = V**2 + 0.25 + 1.7
    assert_allclose(grad(function)(V), 2 * V * modulus / np.linalg.norm(modulus) + 1)
