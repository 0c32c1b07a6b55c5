"""Programs of matrix products: a mean squared error, and the log-likelihood of a small network."""

import numpy as np

from ..workload import Goal, Workload, compiled, everywhere


def mse(w, X, y):
    a = X @ w
    b = y - a
    c = b**2
    return np.mean(c)


def mse_by_hand(w, X, y):
    a = X @ w
    b = y - a
    a_bar = (-2 / b.size) * b
    return X.T @ a_bar


@compiled
def mse_loops(w, X, y):
    n, d = X.shape
    total = 0.0
    for i in range(n):
        a = 0.0
        for j in range(d):
            a += X[i, j] * w[j]
        total += (y[i] - a) ** 2
    return total / n


@compiled
def mse_by_hand_loops(w, X, y):
    """One walk over X: each row is used while it is at hand."""
    n, d = X.shape
    w_bar = np.zeros(d)
    scale = -2 / n
    for i in range(n):
        a = 0.0
        for j in range(d):
            a += X[i, j] * w[j]
        a_bar = scale * (y[i] - a)
        for j in range(d):
            w_bar[j] += a_bar * X[i, j]
    return w_bar


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def nll(W, b, v, X, t):
    h = sigmoid(X @ W + b)
    s = (2 * t - 1) * (h @ v)
    return -np.sum(np.log(sigmoid(s)))


def nll_by_hand(W, b, v, X, t):
    h = sigmoid(X @ W + b)
    k = 2 * t - 1
    p = sigmoid(k * (h @ v))
    u_bar = (p - 1) * k
    z_bar = np.outer(u_bar, v) * (h * (1 - h))
    return X.T @ z_bar, z_bar.sum(axis=0), h.T @ u_bar


@compiled
def nll_loops(W, b, v, X, t):
    """The product by BLAS, the rest in one walk over it."""
    z = X @ W
    total = 0.0
    for i in range(z.shape[0]):
        u = 0.0
        for j in range(z.shape[1]):
            u += v[j] / (1 + np.exp(-(z[i, j] + b[j])))
        total += np.log(1 + np.exp(-(2 * t[i] - 1) * u))
    return total


@compiled
def nll_by_hand_loops(W, b, v, X, t):
    """Products by BLAS; between them one walk over the hidden layer, which becomes its own adjoint."""
    z = X @ W
    n, m = z.shape
    b_bar, v_bar = np.zeros(m), np.zeros(m)
    for i in range(n):
        u = 0.0
        for j in range(m):
            h = 1 / (1 + np.exp(-(z[i, j] + b[j])))
            u += h * v[j]
            z[i, j] = h
        k = 2 * t[i] - 1
        u_bar = k * (1 / (1 + np.exp(-k * u)) - 1)
        for j in range(m):
            h = z[i, j]
            v_bar[j] += u_bar * h
            z_bar = u_bar * v[j] * (h * (1 - h))
            b_bar[j] += z_bar
            z[i, j] = z_bar
    return X.T @ z, b_bar, v_bar


def mse_data(n, d):
    """Weights, data, targets."""
    rng = np.random.default_rng(0)
    return rng.random(d), rng.random((n, d)), rng.random(n)


def network_data(n, d, hidden):
    """The parameters of a network, points, labels."""
    rng = np.random.default_rng(0)
    W, b, v = rng.standard_normal((d, hidden)), rng.standard_normal(hidden), rng.standard_normal(hidden)
    X = rng.standard_normal((n, d))
    return W, b, v, X, (X[:, 0] * X[:, 1] > 0).astype(float)


WORKLOADS = [
    Workload(
        "mean squared error",
        mse,
        mse_loops,
        mse_by_hand,
        mse_by_hand_loops,
        {"N=1000, d=10": lambda: mse_data(1000, 10), "N=100000, d=100": lambda: mse_data(100_000, 100)},
        lambda: mse_data(30, 4),
        **everywhere(mse),
        steps=False,
        goals=(
            Goal(0.8, "by hand, NumPy", "N=1000, d=10"),
            Goal(0.6, "by hand, NumPy", "N=100000, d=100"),
        ),
    ),
    Workload(
        "network log-likelihood",
        nll,
        nll_loops,
        nll_by_hand,
        nll_by_hand_loops,
        {
            "2-3-1, N=1000": lambda: network_data(1000, 2, 3),
            "64-128-1, N=10000": lambda: network_data(10_000, 64, 128),
        },
        lambda: network_data(40, 2, 3),
        argnums=(0, 1, 2),
        **everywhere(nll),
        steps=False,
        goals=(
            Goal(0.9, "by hand, NumPy", "2-3-1, N=1000"),
            Goal(0.8, "by hand, NumPy", "64-128-1, N=10000"),
        ),
    ),
]
