"""Functions that return nothing and fill their array arguments: those arrays are the results."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from transform import TransformError, adjoint, grad, jvp, tangent, vjp

from .check import program, programs, run

U = np.array([0.52, 1.37, 0.91, 1.18, 0.66])
W = np.array([1.1, 0.4, 0.8, 0.7, 1.3])
M = np.array([[0.7, 1.4, 0.9], [1.3, 0.6, 0.8], [0.55, 1.05, 1.45]])


@program(U, 0.3)
def one_element(u, x):
    u[1] = x * u[0]


@program(U, W, 0.3, complex_step=True)
def an_output_that_is_overwritten(x, out, k):
    out[:] = k * x**2


@program(U, W, complex_step=True)
def an_output_that_is_added_to(x, out):
    for i in range(1, len(x)):
        out[i] += x[i] * x[i - 1]


@program(U, 4, 0.1, complex_step=True)
def steps_of_a_stencil(u, n, dt):
    for _ in range(n):
        u[1:-1] = u[1:-1] - dt * u[1:-1] * (u[2:] - u[:-2])


@program(U, W, 3)
def two_arrays_that_step_together(u, v, n):
    for _ in range(n):
        v[1:] += 0.3 * (u[:-1] - u[1:])
        u += 0.5 * v * u


@program(M, np.zeros((3, 3)), complex_step=True)
def a_factorisation_into_another_array(A, L):
    n = A.shape[0]
    for j in range(n):
        L[j, j] = A[j, j]
        for k in range(j):
            L[j, j] += L[j, k] ** 2
        for i in range(j + 1, n):
            L[i, j] = A[i, j] / L[j, j]


@program(M + np.eye(3), complex_step=True)
def elimination_in_place(A):
    n = len(A)
    for k in range(n):
        for i in range(k + 1, n):
            A[i, k] /= A[k, k]
            A[i, k + 1 :] -= A[i, k] * A[k, k + 1 :]


@program(U, 2)
@program(U, 9)
def an_early_return_without_a_value(u, n):
    if n > len(u):
        u *= 0.5
        return
    for i in range(n):
        if u[i] > 5:
            return
        u[i] = u[i + 1] ** 2
    u[-1] = u[0] * 3


@program(M)
def writes_through_rows_and_transposes(m):
    for row in m:
        row[1:] *= row[0]
    m.T[0] += m[1]


@program(U, W)
def helpers_that_fill(u, out):
    def fill(target, source):
        target[1:] = source[:-1] * source[1:]

    fill(out, u)
    fill(u, out)


@program(U, W)
def an_argument_that_is_only_read_is_no_result(x, out):
    y = x
    x = x * 2
    out += x * y


@program({"u": U, "k": 0.3}, 3)
def an_array_in_a_dict(state, n):
    for _ in range(n):
        state["u"][1:] *= state["k"] * state["u"][:-1]


@program(U)
def an_out_argument_of_a_ufunc(u):
    np.sin(u, out=u)
    np.multiply(u, u[::-1].copy(), out=u)


def workspace(x, work, out):
    """The middle array is scratch space."""
    work[:] = x**2
    out[:] = work * np.sin(work)


@program(U, W, W * 2, results=("out",))
def results_by_name(x, work, out):
    work[:] = x**2
    out[:] = work * np.sin(work)


@program(U, W, results=("u", "v"))
def an_array_named_that_is_not_written(u, v):
    u *= v


def kernel(u, k):
    for i in range(1, len(u)):
        u[i] = k * u[i] * u[i - 1] + u[i]


def kernel_returning(u, k):
    u = u.copy()
    kernel(u, k)
    return u


def test_jvp_and_vjp():
    direction, seed = np.linspace(0.3, 1, 5), np.linspace(1, 2, 5)
    y, y_dot = jvp(kernel, (U, 0.3), (direction, 0.5))
    want, want_dot = jvp(kernel_returning, (U, 0.3), (direction, 0.5))
    assert_allclose(y, want)
    assert_allclose(y_dot, want_dot)
    y, pullback = vjp(kernel, U, 0.3)
    assert_allclose(y, want)
    u_bar, k_bar = pullback(seed)
    assert_allclose(np.sum(u_bar * direction) + k_bar * 0.5, np.sum(seed * want_dot))
    assert_array_equal(U, [0.52, 1.37, 0.91, 1.18, 0.66])


def test_results_by_name_in_jvp_and_vjp():
    arguments, directions = (U, np.zeros(5), np.zeros(5)), (W, np.zeros(5), np.zeros(5))
    z, z_dot = U**2, 2 * U * W
    y, y_dot = jvp(workspace, arguments, directions, results="out")
    assert_allclose(y, z * np.sin(z))
    assert_allclose(y_dot, (np.sin(z) + z * np.cos(z)) * z_dot)
    y, pullback = vjp(workspace, *arguments, results="out")
    assert_allclose(pullback(np.ones(5))[0], (np.sin(z) + z * np.cos(z)) * 2 * U)
    out_bar = adjoint(workspace, "x", results=("work", "out"))(*arguments, W, np.zeros(5))
    assert_allclose(out_bar, 2 * U * W)


def test_all_that_is_written_by_default():
    arguments = (U, np.zeros(5), np.zeros(5))
    result, result_dot = tangent(workspace, "x")(*arguments, W)
    assert_allclose(result[0], U**2)
    assert_allclose(result_dot[0], 2 * U * W)
    assert_allclose(result[1], U**2 * np.sin(U**2))
    x_bar = adjoint(workspace, "x")(*arguments, W, np.zeros(5))
    assert_allclose(x_bar, 2 * U * W)


def test_inside_another_function():
    def loss(u, k):
        v = u.copy()
        for _ in range(3):
            kernel(v, k)
        return np.sum(v**2)

    h = 1e-6
    expected = (loss(U, 0.3 + h) - loss(U, 0.3 - h)) / (2 * h)
    assert_allclose(grad(loss, "k")(U, 0.3), expected, rtol=1e-7)


def test_a_gradient_needs_a_number():
    with pytest.raises(TransformError, match="a gradient is that of one real number"):
        grad(kernel)(U, 0.3)


def test_a_result_that_does_not_exist():
    with pytest.raises(TransformError, match="v"):
        adjoint(kernel, results="v")(U, 0.3, W)


def test_a_function_without_any_result():
    def nothing(u):
        v = u * 2
        v[0] = 1.0

    with pytest.raises(TransformError, match=r"None|nothing"):
        adjoint(nothing)(U, W)


def scaled_by_its_diagonal(A):
    for k in range(len(A)):
        for i in range(k + 1, len(A)):
            A[i, k] *= A[k, k]
    return A


def test_a_seed_that_is_changed_in_place_is_copied_once():
    derivative = adjoint(scaled_by_its_diagonal)
    for rows in (0, 1, 3):
        seed = np.ones((rows, 3))
        A_bar = derivative(M[:rows], seed)
        assert A_bar is not seed
        assert not np.shares_memory(A_bar, seed)
        assert_array_equal(seed, 1.0)
    assert derivative.source.count("A_bar.copy()") == 1


@pytest.mark.parametrize(**programs(globals()))
def test_program(name, k):
    run(globals(), name, k)
