"""NumPy's idioms: arithmetic with broadcasting, reading by index, reductions, products, joining."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from transform import grad

from .check import program, programs, run

V = np.array([0.52, 1.37, 0.91, 1.18])
M = np.array([[0.7, 1.4, 0.9, 1.1], [1.3, 0.6, 0.8, 1.25], [0.55, 1.05, 1.45, 0.95]])
T3 = np.stack([M, M[::-1] * 1.1])
SQUARE = M.T @ M + np.eye(4)
REPEATED = np.array([0, 2, 2, 1])
MASK = np.array([True, False, True, True])


@program(V, M, 0.7)
def arithmetic(v, m, s):
    powers = v**m, 2.0**m, v**s, (-v) // 0.3
    return powers, m * v + m / v - v / m, -s * v + s / v, (m - v) @ v, -m


@program(V, M)
def attributes(v, m):
    n, d = m.shape
    return m.T / n, m.size * v.sum(), m.ndim * v.mean(), v.dot(v) * len(m), np.sum(m[: n // 2]) * d


@program(V, M)
def methods(v, m):
    shapes = m.reshape(4, 3), m.reshape((2, -1)), m.ravel(), m.flatten(), m.transpose(1, 0)
    return shapes, m.swapaxes(0, 1), v.copy(), v.astype(float) * 2, v.clip(0.7, 1.2), v.cumsum(), m.trace()


@program(V, M)
def basic_indices(v, m):
    vectors = v[0], v[-1], v[1:3], v[::-1], v[::2], v[-3:-1]
    return (
        vectors,
        v[None, :],
        v[:, np.newaxis],
        m[0],
        m[:, 1],
        m[..., 0],
        m[None],
        m[:, None, 1:],
        m[0, 1],
        m[-1, -2],
        m[1:, ::2],
        m[0][1],
    )


@program(V, M)
def advanced_indices(v, m):
    vectors = v[REPEATED], v[MASK], v[[True, False, True, False]], v[v > 0.9].sum()
    grid = m[np.array([0, 2])[:, None], REPEATED]
    return vectors, m[:, REPEATED], m[:, MASK], m[[0, 0, 1]], m[[0, 1], [1, 1]], grid, m[m[:, 0] > 0.6]


@program(M)
def reductions(m):
    sums = m.sum(0), m.sum(axis=1, keepdims=True), m.mean(axis=(0, 1)), m.prod(axis=0), m.prod()
    extremes = m.max(), m.max(axis=0), m.min(1), np.max(m, axis=-1, keepdims=True)
    return sums, extremes, m.var(), m.var(axis=0, ddof=1), m.std(axis=1), m.std(ddof=1)


@program(V, M, SQUARE)
def products(v, m, s):
    pairs = m @ m.T, m.dot(s), np.matmul(m, s), np.outer(v, v), np.inner(m, v), np.vdot(v, v), v @ v
    return pairs, np.linalg.inv(s), np.linalg.solve(s, v), np.linalg.solve(s, m.T), np.linalg.det(s)


@program(T3, V)
def three_axes(t, v):
    return t @ v, t * v, t.sum(axis=(0, 2)), t[..., 1], t.transpose(2, 0, 1), t @ t.swapaxes(1, 2), t.T


@program(V, M)
def norms(v, m):
    return np.linalg.norm(v), np.linalg.norm(m), np.linalg.norm(m, axis=1), m / np.linalg.norm(m, axis=0)


@program(V, M)
def joining(v, m):
    rows = np.concatenate([v, v * 2]), np.stack([v, v**2], axis=1), np.vstack([v, v]), np.hstack([v, v])
    made = np.array([v[0], v[1] ** 2, 3.0]), np.array([[v[0], 1], [v[1], v[2]]]), np.full(3, v[0])
    return (
        rows,
        made,
        np.zeros_like(v) + v,
        np.eye(4) @ v,
        np.linspace(v[0], v[1], 3),
        np.squeeze(m[:, :1], 1),
    )


@program(V, 0.7)
def choices(v, s):
    a = (
        np.where(v > 1, v, v**2)
        + np.maximum(v, s * 1.4)
        + np.minimum(s, v)
        + np.abs(v - 1)
        + np.clip(v, s, 1)
    )
    return a + (v > 1) * v + ((v > 1) & (v < 1.3)) * v + ~(v > 1) * v + np.sign(v - 1) * v


@program(V)
def masks_that_add_up(v):
    """The sum of two bools is a bool: no factor may be drawn out of them."""
    both = (v > 1) * v + (v > 0.5) * v
    return np.sum(both) + np.sum(np.any(v > 1) * v + np.all(v > 0) * v) + np.sum(v * (v > 1) + v * (v > 0.5))


@program(1.5, 2.0)
def conditions_that_add_up(x, y):
    return (x > 0) * x * y + (y > 0) * x * y


@program(V, np.array([100, 120, 3, 4], np.int8))
def small_integers_as_factors(v, k):
    return k * v + k * v + np.sum(v * (k * np.float64(2))) + np.sum(-(v * k)), np.int8(100) * (k * v)


@program(np.ones((1, 3)) * 0.7, np.ones((3, 1)) * 0.4)
def lengths_of_one(a, b):
    return np.sum(a * b), a.T @ b.T, a + b.T, a + b


@program(np.zeros((0, 3)), np.float64(1.5))
def lengths_of_zero(a, s):
    return np.sum(a) * s + s**2


@program(np.array(1.3))
@program(np.float64(1.3))
@program(1.3)
def numbers_of_every_kind(x):
    return x**2 + np.sin(x) * np.sum(x)


@program(V)
def unpacked(v):
    a, b, c, d = v
    return a * b**2 + c * d + sum(v**2)


@program(M)
def unpacked_columns(m):
    a, b, c, d = m.T
    return np.sum(a * b**2 + c * d)


@program(V)
def complex_on_the_way(v):
    z = v + 1j * v**2
    return np.abs(z).sum(), z.real, z.imag, np.angle(z), (z * z).real, np.exp(1j * v).real, np.conj(z).imag


@program(np.array([1 + 2j, 0.5 - 1j]))
def complex_argument(z):
    return np.sum(np.abs(z) ** 2), z.real, np.imag(z)


@program(2.0, 3.0)
def numbers_broadcast_as_arrays(x, y):
    a, b = np.broadcast_arrays(x, y)
    return (a * b).sum() + a.reshape(1)[0] ** 2


@pytest.mark.parametrize(**programs(globals()))
def test_program(name, k):
    run(globals(), name, k)


def squares(A, x):
    return np.sum((A @ x) ** 2)


def test_a_new_shape_of_the_same_pattern_needs_no_new_code():
    gradient = grad(squares, (0, 1))
    made = gradient.specialize(np.ones((3, 4)), np.ones(4))
    for n, d in ((5, 2), (0, 3), (7, 7)):
        A, x = np.ones((n, d)), np.ones(d)
        assert gradient.specialize(A, x) is made
        A_bar, x_bar = gradient(A, x)
        assert_allclose(A_bar, 2 * np.outer(A @ x, x))
        assert_allclose(x_bar, 2 * A.T @ A @ x)


def test_neither_arguments_nor_seeds_nor_results_share_memory():
    def identity(x):
        return x

    from transform import jvp, vjp

    x, seed = np.ones(3), np.ones(3)
    y, pullback = vjp(identity, x)
    y[0] = 5
    (bar,) = pullback(seed)
    bar[0] = 5
    value, value_dot = jvp(identity, (x,), (seed,))
    value[0] = value_dot[0] = 5
    assert_array_equal(x, np.ones(3))
    assert_array_equal(seed, np.ones(3))
