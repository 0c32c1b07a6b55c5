"""Exemplars: what emitted adjoints should look like, written by hand, line by line as on a blackboard.

Loops record what the way back reads, and no more.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from math import cos, exp, log, sin
from typing import Any

import numpy as np


def loss(x):
    a = x**2
    b = 5 * a
    c = log(a)
    g = b * c
    L = -g
    return L


def loss_by_hand(x, L_bar=1.0):
    a = x**2
    b = 5 * a
    c = log(a)
    g_bar = -L_bar
    b_bar = g_bar * c
    c_bar = g_bar * b
    a_bar = c_bar / a
    a_bar = a_bar + b_bar * 5
    x_bar = a_bar * (2 * x)
    return x_bar


def pair(x1, x2):
    y1 = x1 * x2 + sin(x1)
    y2 = exp(x1 - x2)
    return y1, y2


def pair_by_hand(x1, x2, y1_bar, y2_bar):
    y2 = exp(x1 - x2)
    d_bar = y2_bar * y2
    x1_bar = d_bar
    x2_bar = -d_bar
    x1_bar = x1_bar + y1_bar * (x2 + cos(x1))
    x2_bar = x2_bar + y1_bar * x1
    return x1_bar, x2_bar


def mse(w, X, y):
    a = X @ w
    b = y - a
    c = b**2
    return np.mean(c)


def mse_by_hand(w, X, y, L_bar=1.0):
    a = X @ w
    b = y - a
    b_bar = (2 * L_bar / b.size) * b
    a_bar = -b_bar
    w_bar = X.T @ a_bar
    return w_bar


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def nll(W, b, v, X, t):
    h = sigmoid(X @ W + b)
    s = (2 * t - 1) * (h @ v)
    return -np.sum(np.log(sigmoid(s)))


def nll_by_hand(W, b, v, X, t, L_bar=1.0):
    h = sigmoid(X @ W + b)
    k = 2 * t - 1
    s = k * (h @ v)
    p = sigmoid(s)
    p_bar = -L_bar / p
    s_bar = p_bar * (p * (1 - p))
    u_bar = s_bar * k
    h_bar = np.outer(u_bar, v)
    v_bar = h.T @ u_bar
    z_bar = h_bar * (h * (1 - h))
    W_bar = X.T @ z_bar
    b_bar = np.sum(z_bar, axis=0)
    return W_bar, b_bar, v_bar


def walk(x, n):
    s = 0.0
    for _ in range(n):
        if x > 0.5:
            x = 3.7 * x * (1 - x)
        else:
            x = math.sin(x) + 0.3
        s = s + x * x
    return s


def walk_by_hand(x, n, s_bar=1.0):
    """The values of x decide the branches again, on the way back."""
    x_tape = []
    for _ in range(n):
        x_tape.append(x)
        if x > 0.5:
            x = 3.7 * x * (1 - x)
        else:
            x = math.sin(x) + 0.3
    x_bar = 0.0
    for _ in range(n):
        x_bar = x_bar + s_bar * (2 * x)
        x = x_tape.pop()
        if x > 0.5:
            x_bar = x_bar * (3.7 * (1 - x) - 3.7 * x)
        else:
            x_bar = x_bar * math.cos(x)
    return x_bar


def root(a):
    x = a
    while abs(x * x - a) > 1e-12 * a:
        x = 0.5 * (x + a / x)
    return x


def root_by_hand(a, x_bar=1.0):
    """There were as many steps as there are records."""
    x_tape = []
    x = a
    while abs(x * x - a) > 1e-12 * a:
        x_tape.append(x)
        x = 0.5 * (x + a / x)
    a_bar = 0.0
    while x_tape:
        x = x_tape.pop()
        t_bar = 0.5 * x_bar
        a_bar = a_bar + t_bar / x
        x_bar = t_bar - t_bar * a / (x * x)
    a_bar = a_bar + x_bar
    return a_bar


def smooth(A, T):
    n = A.shape[0]
    for _ in range(T):
        for i in range(1, n - 1):
            A[i] = (A[i - 1] + A[i] + A[i + 1]) / 3
    return np.sum(A * A)


def smooth_by_hand(A, T, L_bar=1.0):
    """Linear stores: nothing is recorded."""
    A = A.copy()
    n = A.shape[0]
    for _ in range(T):
        for i in range(1, n - 1):
            A[i] = (A[i - 1] + A[i] + A[i + 1]) / 3
    A_bar = 2 * L_bar * A
    for _ in range(T):
        for i in reversed(range(1, n - 1)):
            v_bar = A_bar[i] / 3
            A_bar[i] = v_bar
            A_bar[i - 1] += v_bar
            A_bar[i + 1] += v_bar
    return A_bar


def burgers(u, nt, dt):
    for _ in range(nt):
        u[1:-1] = u[1:-1] - dt * u[1:-1] * (u[2:] - u[:-2])
    return np.sum(u * u)


def burgers_by_hand(u, nt, dt, L_bar=1.0):
    """The overwritten slice is recorded."""
    u = u.copy()
    u_tape = []
    for _ in range(nt):
        u_tape.append(u[1:-1].copy())
        u[1:-1] = u[1:-1] - dt * u[1:-1] * (u[2:] - u[:-2])
    u_bar = 2 * L_bar * u
    for _ in range(nt):
        u[1:-1] = u_tape.pop()
        v_bar = u_bar[1:-1].copy()
        d_bar = -dt * u[1:-1] * v_bar
        u_bar[1:-1] = v_bar * (1 - dt * (u[2:] - u[:-2]))
        u_bar[2:] += d_bar
        u_bar[:-2] -= d_bar
    return u_bar


def garch(alpha, beta, r):
    variance = np.mean(r**2)
    omega = (1 - alpha - beta) * variance
    h = np.empty(len(r))
    h[0] = variance
    for t in range(1, len(r)):
        h[t] = omega + alpha * r[t - 1] ** 2 + beta * h[t - 1]
    return np.mean(np.log(h) + r**2 / h) / 2


def garch_by_hand(alpha, beta, r, L_bar=1.0):
    """A linear recursion: what it has filled is still there on the way back."""
    p = r**2
    variance = np.mean(p)
    omega = (1 - alpha - beta) * variance
    h = np.empty(len(r))
    h[0] = variance
    for t in range(1, len(r)):
        h[t] = omega + alpha * r[t - 1] ** 2 + beta * h[t - 1]
    h_bar = 0.5 * L_bar / r.size * (1 / h - p / h**2)
    omega_bar = alpha_bar = beta_bar = 0.0
    for t in reversed(range(1, len(r))):
        v_bar = h_bar[t]
        omega_bar = omega_bar + v_bar
        alpha_bar = alpha_bar + v_bar * r[t - 1] ** 2
        beta_bar = beta_bar + v_bar * h[t - 1]
        h_bar[t - 1] += v_bar * beta
    s_bar = omega_bar * variance
    alpha_bar = alpha_bar - s_bar
    beta_bar = beta_bar - s_bar
    return alpha_bar, beta_bar


def gauss(r, sigma):
    z = r / sigma
    return np.exp(-0.5 * z * z) / sigma


def field(x, y, sigma):
    return gauss(x - y, sigma) - gauss(x + y, 2 * sigma)


def gauss_forward(r, sigma):
    """The value, and what the way back reads."""
    z = r / sigma
    g = np.exp(-0.5 * z * z) / sigma
    return g, (z, sigma, g)


def gauss_reverse(residuals, g_bar):
    z, sigma, g = residuals
    t_bar = g_bar * g
    z_bar = -z * t_bar
    r_bar = z_bar / sigma
    sigma_bar = -(t_bar + z_bar * z) / sigma
    return r_bar, sigma_bar


def field_by_hand(x, y, sigma, f_bar=1.0):
    """A helper has an adjoint of its own, in two halves."""
    _, near = gauss_forward(x - y, sigma)
    _, far = gauss_forward(x + y, 2 * sigma)
    d_bar, sigma_bar = gauss_reverse(near, f_bar)
    s_bar, t_bar = gauss_reverse(far, -f_bar)
    x_bar = d_bar + s_bar
    y_bar = s_bar - d_bar
    sigma_bar = sigma_bar + 2 * t_bar
    return x_bar, y_bar, sigma_bar


@dataclass(frozen=True)
class Exemplar:
    """A primal, its adjoint by hand with the helpers of that, and where the two are compared."""

    primal: Callable[..., Any]
    by_hand: Callable[..., Any]
    arguments: tuple[Any, ...]
    argnums: tuple[int, ...] | int = 0
    seeds: tuple[float, ...] = (1.0,)
    helpers: tuple[Callable[..., Any], ...] = ()


def exemplars() -> dict[str, Exemplar]:
    """Every exemplar by the name that the table has for it."""
    rng = np.random.default_rng(0)
    w, X, y = rng.random(10), rng.random((1000, 10)), rng.random(1000)
    W, b, v = rng.standard_normal((10, 3)), rng.standard_normal(3), rng.standard_normal(3)
    t = (X[:, 0] > X[:, 1]).astype(float)
    return {
        "`loss`": Exemplar(loss, loss_by_hand, (1.7,)),
        "`pair`": Exemplar(pair, pair_by_hand, (0.4, -0.7), (0, 1), (0.3, 1.7)),
        "`mse`, N=1000": Exemplar(mse, mse_by_hand, (w, X, y)),
        "`nll`, N=1000": Exemplar(nll, nll_by_hand, (W, b, v, X, t), (0, 1, 2)),
        "`walk`, 1000 steps": Exemplar(walk, walk_by_hand, (0.3, 1000)),
        "`root`": Exemplar(root, root_by_hand, (2.6,)),
        "`smooth`, 10 sweeps, N=100": Exemplar(smooth, smooth_by_hand, (rng.random(100), 10)),
        "`burgers`, 100 steps, N=1000": Exemplar(burgers, burgers_by_hand, (rng.random(1000), 100, 0.01)),
        "`garch`, N=1000": Exemplar(garch, garch_by_hand, (0.1, 0.8, rng.standard_normal(1000)), (0, 1)),
        "`field`": Exemplar(
            field, field_by_hand, (1.3, 0.4, 0.9), (0, 1, 2), helpers=(gauss_forward, gauss_reverse)
        ),
    }
