"""Numerical kernels: grids, linear algebra, equations, integrators, as loops over elements and slices."""

from __future__ import annotations

import math

import numpy as np
import pytest

from .check import program, programs, run

RNG = np.random.default_rng(7)
U = RNG.uniform(0.4, 1.2, 8)
G = RNG.uniform(0.4, 1.2, (5, 6))
BOX = RNG.uniform(0.4, 1.2, (4, 5, 4))
B = RNG.uniform(0.4, 1.2, 4)
SPD = RNG.uniform(-0.4, 0.4, (4, 4))
SPD = SPD @ SPD.T + np.diag([2.0, 2.5, 3.0, 2.2])


@program(U, 0.1, 4, complex_step=True)
def stencil_1d_linear(u, k, n):
    for _ in range(n):
        u[1:-1] = u[1:-1] + k * (u[2:] - 2 * u[1:-1] + u[:-2])
    return np.sum(u * u)


@program(U, 4, 0.1, complex_step=True)
def stencil_1d_nonlinear(u, nt, dt):
    for _ in range(nt):
        u[1:-1] = u[1:-1] - dt * u[1:-1] * (u[2:] - u[:-2])
    return np.sum(u * u)


@program(U, 3, 0.1, complex_step=True)
def stencil_1d_element_by_element(u, nt, dt):
    new = np.empty_like(u)
    for _ in range(nt):
        new[0], new[-1] = u[0], u[-1]
        for i in range(1, len(u) - 1):
            new[i] = u[i] - dt * u[i] * (u[i + 1] - u[i - 1])
        u[:] = new
    return np.sum(u * u)


@program(G, 0.1, 4, complex_step=True)
def stencil_2d_linear(u, k, n):
    for _ in range(n):
        lap = u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2] - 4 * u[1:-1, 1:-1]
        u[1:-1, 1:-1] += k * lap
    return np.sum(u**2)


@program(G, 3, complex_step=True)
def stencil_2d_nonlinear(u, n):
    for _ in range(n):
        u[1:-1, 1:-1] *= 1 - 0.1 * (u[2:, 1:-1] - u[:-2, 1:-1]) * u[1:-1, 2:]
        u[0] = u[1] * u[-1]
        u[:, -1] = 0.5 * u[:, -2]
    return np.sum(u**2)


@program(BOX, 3, complex_step=True)
def stencil_3d(u, n):
    for _ in range(n):
        c = u[1:-1, 1:-1, 1:-1]
        u[1:-1, 1:-1, 1:-1] = c + 0.05 * c * (
            u[2:, 1:-1, 1:-1] + u[:-2, 1:-1, 1:-1] + u[1:-1, 2:, 1:-1] - 3 * u[1:-1, 1:-1, :-2]
        )
    return np.sum(u**2)


@program(U, U[::-1].copy(), 0.2, 4, complex_step=True)
def wave_equation_with_two_arrays(u, v, c, n):
    """In-place steps of several arrays: where dataflow tools are wrong from the third step on."""
    for _ in range(n):
        v[1:-1] += c * (u[2:] - 2 * u[1:-1] + u[:-2])
        u += 0.5 * v * u
        v[0] = u[1]
    return np.sum(u * v)


@program(G, G[:, ::-1].copy(), 3, complex_step=True)
def coupled_fields_2d(a, b, n):
    for _ in range(n):
        r = a[1:-1, 1:-1] * b[1:-1, 1:-1] ** 2
        a[1:-1, 1:-1] += 0.1 * (a[:-2, 1:-1] + a[2:, 1:-1] - 2 * a[1:-1, 1:-1]) - 0.2 * r
        b[1:-1, 1:-1] += 0.05 * (b[1:-1, :-2] - b[1:-1, 2:]) + 0.2 * r
    return np.sum(a * b)


@program(U, 3)
def heat_with_boundary_branches(u, n):
    for _ in range(n):
        old = u.copy()
        for i in range(len(u)):
            if i == 0:
                u[i] = old[i] + 0.1 * (old[i + 1] - old[i])
            elif i == len(u) - 1:
                u[i] = old[i] * old[i - 1]
            else:
                u[i] = old[i] + 0.1 * (old[i + 1] - 2 * old[i] + old[i - 1])
    return np.sum(u**2)


@program(G, 3, complex_step=True)
def gauss_seidel_2d(A, T):
    n, m = A.shape
    for t in range(T):
        for i in range(1, n - 1):
            for j in range(1, m - 1):
                A[i, j] = (A[i - 1, j] + A[i, j - 1] + A[i, j] + A[i + 1, j] + A[i, j + 1]) / 5
    return np.sum(A * A)


@program(SPD, B, 1.1, 4)
def sor(A, b, omega, sweeps):
    x = np.zeros_like(b)
    n = len(b)
    for _ in range(sweeps):
        for i in range(n):
            s = 0.0
            for j in range(n):
                if j != i:
                    s += A[i, j] * x[j]
            x[i] = (1 - omega) * x[i] + omega * (b[i] - s) / A[i, i]
    return x @ b


@program(SPD, B, 4)
@program(SPD, B, 5)
def jacobi_with_swapped_buffers(A, b, n):
    x, y = np.zeros(4), np.zeros(4)
    for _ in range(n):
        for i in range(4):
            y[i] = (b[i] - A[i] @ x + A[i, i] * x[i]) / A[i, i]
        x, y = y, x
    return np.sum(x**2)


@program(SPD)
def cholesky(A):
    n = A.shape[0]
    L = np.zeros((n, n))
    for j in range(n):
        s = A[j, j]
        for k in range(j):
            s -= L[j, k] ** 2
        L[j, j] = math.sqrt(s)
        for i in range(j + 1, n):
            s = A[i, j]
            for k in range(j):
                s -= L[i, k] * L[j, k]
            L[i, j] = s / L[j, j]
    return np.sum(L * L[::-1])


@program(SPD, complex_step=True)
def lu_in_place(A):
    n = len(A)
    for k in range(n):
        for i in range(k + 1, n):
            A[i, k] /= A[k, k]
            A[i, k + 1 :] -= A[i, k] * A[k, k + 1 :]
    return np.sum(A**2)


@program(RNG.normal(size=(4, 4)), B)
def elimination_with_pivots(A, b):
    n = len(b)
    for k in range(n - 1):
        p = k + np.argmax(np.abs(A[k:, k]))
        if p != k:
            A[[k, p]] = A[[p, k]]
            b[k], b[p] = b[p], b[k]
        for i in range(k + 1, n):
            f = A[i, k] / A[k, k]
            A[i, k:] -= f * A[k, k:]
            b[i] -= f * b[k]
    x = np.empty(n)
    for i in range(n - 1, -1, -1):
        x[i] = (b[i] - A[i, i + 1 :] @ x[i + 1 :]) / A[i, i]
    return np.sum(np.sin(x))


@program(SPD)
def gram_schmidt(A):
    n = A.shape[1]
    Q, R = np.zeros_like(A), np.zeros((n, n))
    for j in range(n):
        v = A[:, j].copy()
        for i in range(j):
            R[i, j] = Q[:, i] @ v
            v -= R[i, j] * Q[:, i]
        R[j, j] = np.sqrt(v @ v)
        Q[:, j] = v / R[j, j]
    return np.sum(R**2 * R.T) + np.sum(Q * A) + Q[0, 1]


@program(SPD)
def householder_qr(A):
    n = A.shape[0]
    for k in range(n - 1):
        x = A[k:, k].copy()
        x[0] += math.sqrt(np.sum(x**2))
        x /= np.sqrt(np.sum(x**2))
        A[k:, k:] -= 2 * np.outer(x, x @ A[k:, k:])
    return np.prod(np.diag(A)) + np.sum(A[0] ** 3)


@program(SPD, B, complex_step=True)
def triangular_solves(L, b):
    n = len(b)
    x = b.copy()
    for i in range(n):
        for j in range(i):
            x[i] -= L[i, j] * x[j]
        x[i] /= L[i, i]
    for i in reversed(range(n)):
        x[i] = (x[i] - L[i + 1 :, i] @ x[i + 1 :]) / L[i, i]
    return np.sum(x**2)


@program(U[:3], U + 3, U[3:6], U)
def thomas_algorithm(a, b, c, d):
    n = 4
    cp, dp = np.zeros(n), np.zeros(n)
    cp[0], dp[0] = c[0] / b[0], d[0] / b[0]
    for i in range(1, n):
        m = b[i] - a[i - 1] * cp[i - 1]
        if i < n - 1:
            cp[i] = c[i] / m
        dp[i] = (d[i] - a[i - 1] * dp[i - 1]) / m
    x = np.empty(n)
    x[-1] = dp[-1]
    for i in range(n - 2, -1, -1):
        x[i] = dp[i] - cp[i] * x[i + 1]
    return np.sum(x**2)


@program(np.arange(5) * 0.9, U[:5])
def spline_second_derivatives(x, y):
    n = len(x)
    y2, u = np.zeros(n), np.zeros(n)
    for i in range(1, n - 1):
        sig = (x[i] - x[i - 1]) / (x[i + 1] - x[i - 1])
        p = sig * y2[i - 1] + 2.0
        y2[i] = (sig - 1.0) / p
        u[i] = (y[i + 1] - y[i]) / (x[i + 1] - x[i]) - (y[i] - y[i - 1]) / (x[i] - x[i - 1])
        u[i] = (6.0 * u[i] / (x[i + 1] - x[i - 1]) - sig * u[i - 1]) / p
    for k in range(n - 2, -1, -1):
        y2[k] = y2[k] * y2[k + 1] + u[k]
    return np.sum(y2 * y)


@program(SPD, B, 3)
def power_iteration(A, v, n):
    for _ in range(n):
        v = A @ v
        v = v / np.sqrt(np.sum(v**2))
    return v @ (A @ v)


@program(SPD, B)
def conjugate_gradients(A, b):
    x = np.zeros_like(b)
    r = b.copy()
    p = r.copy()
    rs = r @ r
    for _ in range(3):
        Ap = A @ p
        alpha = rs / (p @ Ap)
        x += alpha * p
        r -= alpha * Ap
        new = r @ r
        p = r + (new / rs) * p
        rs = new
    return x @ b


@program(U[:4], np.array([1.0, 0.4, 0.2, 0.1]))
def levinson(y, r):
    n = len(r)
    a, x = np.zeros(n), np.zeros(n)
    a[0] = 1.0
    e = r[0]
    x[0] = y[0] / e
    for k in range(1, n):
        k_r = np.dot(r[1 : k + 1], a[:k][::-1]) / e
        old = a.copy()
        a[1 : k + 1] = old[1 : k + 1] - k_r * old[:k][::-1]
        e *= 1 - k_r**2
        q = (y[k] - np.dot(r[1 : k + 1][::-1], x[:k])) / e
        x[: k + 1] += q * a[: k + 1][::-1]
    return np.sum(x**2) * e


@program(0.7, U, complex_step=True)
def horner(x, c):
    y = 0.0
    for a in c[::-1]:
        y = y * x + a
    return y


@program(0.4, U)
def clenshaw(x, c):
    b1, b2 = 0.0, 0.0
    for k in range(len(c) - 1, 0, -1):
        b1, b2 = 2 * x * b1 - b2 + c[k], b1
    return x * b1 - b2 + c[0]


@program(0.3, 1.9, 8)
def simpson(a, b, n):
    h = (b - a) / n
    s = math.sin(a * a) + math.sin(b * b)
    for k in range(1, n):
        s += (4 if k % 2 else 2) * math.sin((a + k * h) ** 2)
    return s * h / 3


@program(U, U[::-1] * 0.3)
def trapezoid_over_arrays(x, y):
    s = 0.0
    for i in range(len(x) - 1):
        s += 0.5 * (x[i + 1] - x[i]) * (y[i + 1] + y[i] ** 2)
    return s


@program(0.8, 0.3, 0.1, 6)
def runge_kutta_4(q, p, h, n):
    def f(q, p):
        return p, -math.sin(q) - 0.1 * p

    for _ in range(n):
        a1, b1 = f(q, p)
        a2, b2 = f(q + 0.5 * h * a1, p + 0.5 * h * b1)
        a3, b3 = f(q + 0.5 * h * a2, p + 0.5 * h * b2)
        a4, b4 = f(q + h * a3, p + h * b3)
        q += h / 6 * (a1 + 2 * a2 + 2 * a3 + a4)
        p += h / 6 * (b1 + 2 * b2 + 2 * b3 + b4)
    return q * q + p


@program(np.array([0.8, 0.3, 0.5]), 0.1, 4)
def runge_kutta_2_with_state_in_place(y, h, n):
    k = np.empty_like(y)

    def lorenz(y, out):
        out[0] = 2 * (y[1] - y[0])
        out[1] = y[0] * (1.5 - y[2]) - y[1]
        out[2] = y[0] * y[1] - 0.7 * y[2]

    for _ in range(n):
        lorenz(y, k)
        lorenz(y + 0.5 * h * k, k)
        y += h * k
    return np.sum(y**2)


@program(RNG.uniform(0.5, 1.5, (3, 2)), 0.1 * B[:3], 0.05, 4)
def leapfrog_n_body(x, m, dt, n):
    v, a = np.zeros_like(x), np.zeros_like(x)
    for step in range(n):
        a[:] = 0.0
        for i in range(3):
            for j in range(i):
                d = x[j] - x[i]
                f = d / (d @ d + 0.3) ** 1.5
                a[i] += m[j] * f
                a[j] -= m[i] * f
        v += dt * a
        x += dt * v
    return np.sum(x**2) + np.sum(v * a)


@program(U[:4], 0.1, 5)
def verlet_of_a_chain(x, dt, n):
    previous = x.copy()
    for _ in range(n):
        force = np.zeros_like(x)
        force[1:] -= x[1:] - x[:-1]
        force[:-1] += np.sin(x[1:] - x[:-1])
        previous, x = x, 2 * x - previous + dt * force
    return np.sum(x**2) + x[0] * previous[-1]


@pytest.mark.parametrize(**programs(globals()))
def test_program(name, k):
    run(globals(), name, k)
