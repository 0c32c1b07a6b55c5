"""What is measured: primals as a user writes them, and the adjoints that a careful person writes by hand."""

from math import log

import numpy as np


def loss(x):
    a = x**2
    b = 5 * a
    c = log(a)
    g = b * c
    L = -g
    return L


def loss_by_hand(x):
    a = x**2
    b = 5 * a
    a_bar = -5 * log(a) - b / a
    return a_bar * (2 * x)


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


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def network(W, b, v, X, t):
    h = sigmoid(X @ W + b)
    s = (2 * t - 1) * (h @ v)
    return -np.sum(np.log(sigmoid(s)))


def network_by_hand(W, b, v, X, t):
    h = sigmoid(X @ W + b)
    k = 2 * t - 1
    p = sigmoid(k * (h @ v))
    u_bar = -1 / p * (p * (1 - p)) * k
    z_bar = np.outer(u_bar, v) * (h * (1 - h))
    return X.T @ z_bar, z_bar.sum(axis=0), h.T @ u_bar


def weighted(a, b, c):
    return np.sum(a * b * c)


def mse_data(n, d):
    """Weights, data, targets."""
    rng = np.random.default_rng(0)
    return rng.random(d), rng.random((n, d)), rng.random(n)


def network_data(n):
    """The parameters of a 2-3-1 network, points, labels."""
    rng = np.random.default_rng(0)
    W, b, v = rng.standard_normal((2, 3)), rng.standard_normal(3), rng.standard_normal(3)
    X = rng.standard_normal((n, 2))
    return W, b, v, X, (X[:, 0] * X[:, 1] > 0).astype(float)


def long_function(name, statements):
    """The source of a straight-line scalar function: cheap to run, every statement active."""
    forms = (
        "sin({0}) * {1}",
        "{0} * {1} + 0.5",
        "exp(-{0} * {0})",
        "{0} / (1.5 + {1} ** 2)",
        "{0} - 0.25 * {1}",
    )
    body = [
        f"    v{k} = " + forms[k % len(forms)].format(f"v{k - 1}", f"v{max(k - 3, 0)}")
        for k in range(1, statements)
    ]
    head = ["from math import exp, sin", "", "", f"def {name}(v0):"]
    return "\n".join([*head, *body, f"    return v{statements - 1}", ""])
