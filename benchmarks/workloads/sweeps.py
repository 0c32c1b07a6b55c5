"""Programs that go row by row: Gauss-Seidel sweeps, a triangular solve, a sparse matrix times a vector."""

import numpy as np

from ..workload import Goal, Workload, compiled

ELEMENTS = "assigns elements in place"


def gauss_seidel(A, W, sweeps):
    n, m = A.shape
    for _ in range(sweeps):
        for i in range(1, n - 1):
            for j in range(1, m - 1):
                A[i, j] = (A[i - 1, j] + A[i, j - 1] + A[i, j + 1] + A[i + 1, j]) / 4
    return np.sum(W * A)


def gauss_seidel_by_hand(A, W, sweeps):
    """A linear program: nothing of the way there is read."""
    n, m = A.shape
    A_bar = W.copy()
    for _ in range(sweeps):
        for i in reversed(range(1, n - 1)):
            for j in reversed(range(1, m - 1)):
                v_bar = A_bar[i, j] / 4
                A_bar[i, j] = 0.0
                A_bar[i - 1, j] += v_bar
                A_bar[i, j - 1] += v_bar
                A_bar[i, j + 1] += v_bar
                A_bar[i + 1, j] += v_bar
    return A_bar


@compiled
def gauss_seidel_by_hand_loops(A, W, sweeps):
    """Gathered: v is what each point passes on; in reverse it is found by sweeps of the same kind."""
    n, m = A.shape
    A_bar, v = W.copy(), np.zeros((n, m))
    for sweep in range(sweeps):
        for i in range(n - 2, 0, -1):
            for j in range(m - 2, 0, -1):
                own = v[i, j - 1] + v[i - 1, j] if sweep else W[i, j]
                v[i, j] = (own + v[i, j + 1] + v[i + 1, j]) / 4
        for i in range(1, n - 1):
            A_bar[i, 0] += v[i, 1]
            A_bar[i, m - 1] += v[i, m - 2]
        for j in range(1, m - 1):
            A_bar[0, j] += v[1, j]
            A_bar[n - 1, j] += v[n - 2, j]
    if sweeps:
        for i in range(1, n - 1):
            for j in range(1, m - 1):
                A_bar[i, j] = v[i, j - 1] + v[i - 1, j]
    return A_bar


def gauss_seidel_in_jax():
    import jax
    import jax.numpy as jnp

    def point(left, others):
        here = (others + left) / 4
        return here, here

    def row(above, rows):
        here, below = rows
        _, inner = jax.lax.scan(point, here[0], above[1:-1] + here[2:] + below[1:-1])
        here = here.at[1:-1].set(inner)
        return here, here

    def sweep(A, _):
        _, inner = jax.lax.scan(row, A[0], (A[1:-1], A[2:]))
        return A.at[1:-1].set(inner), None

    def program(A, W, sweeps):
        return jnp.sum(W * jax.lax.scan(sweep, A, length=sweeps)[0])

    return program


def solve(L, b):
    """x with L x = b, for a lower triangular L."""
    n = len(b)
    x = np.zeros(n)
    for i in range(n):
        s = b[i]
        for j in range(i):
            s -= L[i, j] * x[j]
        x[i] = s / L[i, i]
    return x


def solve_by_hand(L, b, x_bar):
    n = len(b)
    x, x_bar = solve(L, b), x_bar.copy()
    L_bar, b_bar = np.zeros((n, n)), np.zeros(n)
    for i in reversed(range(n)):
        s_bar = x_bar[i] / L[i, i]
        L_bar[i, i] = -s_bar * x[i]
        for j in range(i):
            L_bar[i, j] = -s_bar * x[j]
            x_bar[j] -= s_bar * L[i, j]
        b_bar[i] = s_bar
    return L_bar, b_bar


solve_loops = compiled(solve)


@compiled
def solve_by_hand_loops(L, b, x_bar):
    n = b.shape[0]
    x, x_bar = solve_loops(L, b), x_bar.copy()
    L_bar, b_bar = np.zeros((n, n)), np.empty(n)
    for i in range(n - 1, -1, -1):
        s_bar = x_bar[i] / L[i, i]
        for j in range(i):
            x_bar[j] -= s_bar * L[i, j]
        for j in range(i + 1):
            L_bar[i, j] = -s_bar * x[j]
        b_bar[i] = s_bar
    return L_bar, b_bar


def solve_in_jax():
    from jax.scipy.linalg import solve_triangular

    return lambda L, b: solve_triangular(L, b, lower=True)


def solve_in_autograd():
    from autograd.scipy.linalg import solve_triangular

    return lambda L, b: solve_triangular(L, b, lower=True)


def solve_in_torch():
    import torch

    return lambda L, b: torch.linalg.solve_triangular(L, b[:, None], upper=False)[:, 0]


def sparse_product(data, x, indices, starts):
    """A matrix in compressed rows times a vector."""
    n = len(starts) - 1
    y = np.zeros(n)
    for i in range(n):
        s = 0.0
        for k in range(starts[i], starts[i + 1]):
            s += data[k] * x[indices[k]]
        y[i] = s
    return y


def sparse_product_by_hand(data, x, indices, starts, y_bar):
    data_bar, x_bar = np.zeros(data.shape), np.zeros(x.shape)
    for i in range(len(starts) - 1):
        s_bar = y_bar[i]
        for k in range(starts[i], starts[i + 1]):
            j = indices[k]
            data_bar[k] = s_bar * x[j]
            x_bar[j] += s_bar * data[k]
    return data_bar, x_bar


def sparse_product_in_jax():
    import jax
    import jax.numpy as jnp

    def program(data, x, indices, starts):
        n = len(starts) - 1
        rows = jnp.repeat(jnp.arange(n), jnp.diff(starts), total_repeat_length=len(data))
        return jax.ops.segment_sum(data * x[indices], rows, n, indices_are_sorted=True)

    return program


def sparse_product_in_torch():
    import torch

    def program(data, x, indices, starts):
        rows = torch.repeat_interleave(torch.arange(len(starts) - 1), torch.diff(starts))
        return torch.zeros(len(starts) - 1, dtype=data.dtype).index_add(0, rows, data * x[indices])

    return program


def plate(n, m, sweeps):
    rng = np.random.default_rng(0)
    return rng.random((n, m)), rng.random((n, m)), sweeps


def triangle(n):
    rng = np.random.default_rng(0)
    L = np.tril(rng.normal(0, 1 / n, (n, n))) + 2 * np.eye(n)
    return L, rng.standard_normal(n), rng.standard_normal(n)


def sparse_matrix(n, in_a_row):
    """Rows of about so many numbers."""
    rng = np.random.default_rng(0)
    lengths = rng.integers(in_a_row // 2, in_a_row + in_a_row // 2 + 1, n)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    data, indices = rng.standard_normal(starts[-1]), rng.integers(0, n, starts[-1])
    return data, rng.standard_normal(n), indices, starts, rng.standard_normal(n)


WORKLOADS = [
    Workload(
        "Gauss-Seidel",
        gauss_seidel,
        compiled(gauss_seidel),
        gauss_seidel_by_hand,
        gauss_seidel_by_hand_loops,
        {"64 by 64, 10 sweeps": lambda: plate(64, 64, 10)},
        lambda: plate(5, 6, 3),
        jax=gauss_seidel_in_jax,
        autograd=ELEMENTS,
        torch=ELEMENTS,
        goals=(Goal(1.6, "Numba primal"),),
    ),
    Workload(
        "triangular solve",
        solve,
        solve_loops,
        solve_by_hand,
        solve_by_hand_loops,
        {"n=200": lambda: triangle(200)},
        lambda: triangle(5),
        argnums=(0, 1),
        kind="vjp",
        jax=solve_in_jax,
        autograd=solve_in_autograd,
        torch=solve_in_torch,
        goals=(Goal(1.6, "Numba primal"),),
    ),
    Workload(
        "sparse matrix times vector",
        sparse_product,
        compiled(sparse_product),
        sparse_product_by_hand,
        compiled(sparse_product_by_hand),
        {"n=1000, 10 in a row": lambda: sparse_matrix(1000, 10)},
        lambda: sparse_matrix(6, 2),
        argnums=(0, 1),
        kind="vjp",
        jax=sparse_product_in_jax,
        autograd=ELEMENTS,
        torch=sparse_product_in_torch,
    ),
]
