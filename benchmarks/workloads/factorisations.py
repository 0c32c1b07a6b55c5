"""Cholesky, LU and Gram-Schmidt as they are taught: as loops."""

import math

import numpy as np

from ..workload import Goal, Workload, compiled

ELEMENTS = "assigns elements in place"


def cholesky(A):
    n = len(A)
    L = np.zeros((n, n))
    for j in range(n):
        for i in range(j, n):
            s = A[i, j]
            for k in range(j):
                s -= L[i, k] * L[j, k]
            if i == j:
                L[i, j] = math.sqrt(s)
            else:
                L[i, j] = s / L[j, j]
    return L


cholesky_loops = compiled(cholesky)


def cholesky_by_hand(A, L_bar):
    n = len(A)
    L, L_bar = cholesky(A), L_bar.copy()
    A_bar = np.zeros((n, n))
    for j in reversed(range(n)):
        for i in reversed(range(j, n)):
            if i == j:
                s_bar = 0.5 * L_bar[i, j] / L[i, j]
            else:
                s_bar = L_bar[i, j] / L[j, j]
                L_bar[j, j] -= s_bar * L[i, j]
            for k in range(j):
                L_bar[i, k] -= s_bar * L[j, k]
                L_bar[j, k] -= s_bar * L[i, k]
            A_bar[i, j] = s_bar
    return A_bar


@compiled
def cholesky_by_hand_loops(A, L_bar):
    n = A.shape[0]
    L, L_bar = cholesky_loops(A), L_bar.copy()
    A_bar = np.zeros((n, n))
    for j in range(n - 1, -1, -1):
        for i in range(n - 1, j, -1):
            s_bar = L_bar[i, j] / L[j, j]
            L_bar[j, j] -= s_bar * L[i, j]
            for k in range(j):
                L_bar[i, k] -= s_bar * L[j, k]
                L_bar[j, k] -= s_bar * L[i, k]
            A_bar[i, j] = s_bar
        s_bar = 0.5 * L_bar[j, j] / L[j, j]
        for k in range(j):
            L_bar[j, k] -= 2 * s_bar * L[j, k]
        A_bar[j, j] = s_bar
    return A_bar


def cholesky_in_jax():
    import jax
    import jax.numpy as jnp

    def program(A):
        rows = jnp.arange(len(A))

        def column(L, j):
            s = A[:, j] - L @ L[j]
            return L.at[:, j].set(jnp.where(rows >= j, s / jnp.sqrt(s[j]), 0.0)), None

        return jax.lax.scan(column, jnp.zeros_like(A), rows)[0]

    return program


def lu(A):
    """In place: the lower triangle becomes L without its ones, the upper U."""
    n = len(A)
    for k in range(n):
        for i in range(k + 1, n):
            A[i, k] /= A[k, k]
            for j in range(k + 1, n):
                A[i, j] -= A[i, k] * A[k, j]
    return A


def lu_by_hand(A, F_bar):
    """Every factor that is read is final: nothing is recorded."""
    n = len(A)
    F, A_bar = lu(A.copy()), F_bar.copy()
    for k in reversed(range(n)):
        for i in range(k + 1, n):
            m = F[i, k]
            m_bar = A_bar[i, k]
            for j in range(k + 1, n):
                v_bar = A_bar[i, j]
                m_bar -= v_bar * F[k, j]
                A_bar[k, j] -= v_bar * m
            m_bar = m_bar / F[k, k]
            A_bar[i, k] = m_bar
            A_bar[k, k] -= m_bar * m
    return A_bar


lu_loops = compiled(lu)


@compiled
def lu_by_hand_loops(A, F_bar):
    n = A.shape[0]
    F, A_bar = lu_loops(A.copy()), F_bar.copy()
    for k in range(n - 1, -1, -1):
        for i in range(k + 1, n):
            m = F[i, k]
            m_bar = A_bar[i, k]
            for j in range(k + 1, n):
                m_bar -= A_bar[i, j] * F[k, j]
            for j in range(k + 1, n):
                A_bar[k, j] -= A_bar[i, j] * m
            m_bar /= F[k, k]
            A_bar[i, k] = m_bar
            A_bar[k, k] -= m_bar * m
    return A_bar


def lu_in_jax():
    import jax
    import jax.numpy as jnp

    def program(A):
        rows = jnp.arange(len(A))

        def eliminate(A, k):
            below = rows > k
            m = jnp.where(below, A[:, k] / A[k, k], 0.0)
            right = jnp.where(below, A[k], 0.0)
            A = A - jnp.outer(m, right)
            return A.at[:, k].set(jnp.where(below, m, A[:, k])), None

        return jax.lax.scan(eliminate, A, rows)[0]

    return program


def gram_schmidt(A):
    """The columns made orthonormal, one after the other."""
    m, n = A.shape
    Q = np.zeros((m, n))
    for j in range(n):
        for i in range(m):
            Q[i, j] = A[i, j]
        for k in range(j):
            r = 0.0
            for i in range(m):
                r += Q[i, k] * Q[i, j]
            for i in range(m):
                Q[i, j] -= r * Q[i, k]
        s = 0.0
        for i in range(m):
            s += Q[i, j] ** 2
        length = math.sqrt(s)
        for i in range(m):
            Q[i, j] /= length
    return Q


def gram_schmidt_forward(A):
    """Q and R: what was taken off, and the lengths."""
    m, n = A.shape
    Q, R = A.copy(), np.zeros((n, n))
    for j in range(n):
        for k in range(j):
            r = 0.0
            for i in range(m):
                r += Q[i, k] * Q[i, j]
            for i in range(m):
                Q[i, j] -= r * Q[i, k]
            R[k, j] = r
        s = 0.0
        for i in range(m):
            s += Q[i, j] ** 2
        R[j, j] = math.sqrt(s)
        for i in range(m):
            Q[i, j] /= R[j, j]
    return Q, R


def gram_schmidt_by_hand(A, Q_bar):
    """What was taken off a column is put back on the way, by R."""
    m, n = A.shape
    (Q, R), Q_bar = gram_schmidt_forward(A), Q_bar.copy()
    for j in reversed(range(n)):
        length = R[j, j]
        s_bar = 0.0
        for i in range(m):
            s_bar += Q_bar[i, j] * Q[i, j]
        q = [0.0] * m
        q_bar = [0.0] * m
        for i in range(m):
            q_bar[i] = (Q_bar[i, j] - s_bar * Q[i, j]) / length
            q[i] = Q[i, j] * length
        for k in reversed(range(j)):
            r = R[k, j]
            r_bar = 0.0
            for i in range(m):
                r_bar -= q_bar[i] * Q[i, k]
            for i in range(m):
                q[i] += r * Q[i, k]
                Q_bar[i, k] += r_bar * q[i] - r * q_bar[i]
                q_bar[i] += r_bar * Q[i, k]
        for i in range(m):
            Q_bar[i, j] = q_bar[i]
    return Q_bar


gram_schmidt_forward_loops = compiled(gram_schmidt_forward)


@compiled
def gram_schmidt_by_hand_loops(A, Q_bar):
    m, n = A.shape
    Q, R = gram_schmidt_forward_loops(A)
    Q_bar, q, q_bar = Q_bar.copy(), np.empty(m), np.empty(m)
    for j in range(n - 1, -1, -1):
        length = R[j, j]
        s_bar = 0.0
        for i in range(m):
            s_bar += Q_bar[i, j] * Q[i, j]
        for i in range(m):
            q_bar[i] = (Q_bar[i, j] - s_bar * Q[i, j]) / length
            q[i] = Q[i, j] * length
        for k in range(j - 1, -1, -1):
            r = R[k, j]
            r_bar = 0.0
            for i in range(m):
                r_bar -= q_bar[i] * Q[i, k]
            for i in range(m):
                q[i] += r * Q[i, k]
                Q_bar[i, k] += r_bar * q[i] - r * q_bar[i]
                q_bar[i] += r_bar * Q[i, k]
        for i in range(m):
            Q_bar[i, j] = q_bar[i]
    return Q_bar


def gram_schmidt_in_jax():
    import jax
    import jax.numpy as jnp

    def program(A):
        columns = A.T

        def column(Q, j):
            def take_off(q, k):
                return q - jnp.where(k < j, Q[k] @ q, 0.0) * Q[k], None

            q, _ = jax.lax.scan(take_off, columns[j], jnp.arange(len(columns)))
            return Q.at[j].set(q / jnp.sqrt(q @ q)), None

        return jax.lax.scan(column, jnp.zeros_like(columns), jnp.arange(len(columns)))[0].T

    return program


def gram_schmidt_in_autograd():
    import autograd.numpy as anp

    return gram_schmidt_in(anp)


def gram_schmidt_in_torch():
    import torch

    return gram_schmidt_in(torch)


def gram_schmidt_in(np):
    """By columns, for a library that records what runs."""

    def program(A):
        columns = []
        for j in range(A.shape[1]):
            q = A[:, j]
            for p in columns:
                q = q - (p @ q) * p
            columns.append(q / np.sqrt(q @ q))
        return np.stack(columns).T

    return program


def positive_definite(n):
    rng = np.random.default_rng(0)
    B = rng.standard_normal((n, n))
    return B @ B.T + n * np.eye(n), np.tril(rng.standard_normal((n, n)))


def dominant(n):
    """Needs no pivots."""
    rng = np.random.default_rng(0)
    return rng.standard_normal((n, n)) + 2 * n * np.eye(n), rng.standard_normal((n, n))


def tall(m, n):
    rng = np.random.default_rng(0)
    return rng.standard_normal((m, n)), rng.standard_normal((m, n))


GOALS = (Goal(1.6, "Numba primal"),)

WORKLOADS = [
    Workload(
        "Cholesky",
        cholesky,
        cholesky_loops,
        cholesky_by_hand,
        cholesky_by_hand_loops,
        {"n=50": lambda: positive_definite(50)},
        lambda: positive_definite(4),
        kind="vjp",
        jax=cholesky_in_jax,
        autograd=ELEMENTS,
        torch=ELEMENTS,
        goals=GOALS,
    ),
    Workload(
        "LU",
        lu,
        lu_loops,
        lu_by_hand,
        lu_by_hand_loops,
        {"n=50": lambda: dominant(50)},
        lambda: dominant(4),
        kind="vjp",
        jax=lu_in_jax,
        autograd=ELEMENTS,
        torch=ELEMENTS,
        goals=GOALS,
    ),
    Workload(
        "Gram-Schmidt",
        gram_schmidt,
        compiled(gram_schmidt),
        gram_schmidt_by_hand,
        gram_schmidt_by_hand_loops,
        {"50 by 30": lambda: tall(50, 30)},
        lambda: tall(5, 3),
        kind="vjp",
        jax=gram_schmidt_in_jax,
        autograd=gram_schmidt_in_autograd,
        torch=gram_schmidt_in_torch,
        goals=GOALS,
    ),
]
