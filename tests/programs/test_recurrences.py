"""Recurrences: filters, dynamic programming, recurrent networks, transforms, trees, scatter and gather."""

from __future__ import annotations

import math

import numpy as np
import pytest

from .check import program, programs, run

RNG = np.random.default_rng(11)
X = RNG.normal(size=7)
P = RNG.uniform(0.2, 0.8, (5, 3))
A = np.array([[0.5, 0.3, 0.2], [0.2, 0.6, 0.2], [0.1, 0.3, 0.6]])
W = RNG.normal(size=(3, 3)) * 0.5
XS = [RNG.normal(size=2) for _ in range(4)]


@program(X, 0.1, 0.2, 0.7)
def garch(returns, omega, alpha, beta):
    n = len(returns)
    h = np.empty(n)
    h[0] = omega / (1 - alpha - beta)
    for t in range(1, n):
        h[t] = omega + alpha * returns[t - 1] ** 2 + beta * h[t - 1]
    return 0.5 * np.sum(np.log(h) + returns**2 / h)


@program(X, 0.6, 0.3, complex_step=True)
def arma(x, phi, theta):
    e = np.zeros_like(x)
    for t in range(1, len(x)):
        e[t] = x[t] - phi * x[t - 1] - theta * e[t - 1]
    return np.sum(e[1:] ** 2)


@program(X, 0.4, complex_step=True)
def exponential_smoothing_in_place(x, a):
    for t in range(1, len(x)):
        x[t] = a * x[t] + (1 - a) * x[t - 1]
    return x


@program(X, np.array([0.2, 0.5, 0.3]), np.array([1.0, -0.4]))
def recursive_filter(x, b, a):
    y = np.zeros(len(x))
    for n in range(len(x)):
        for k in range(len(b)):
            if n - k >= 0:
                y[n] += b[k] * x[n - k]
        for k in range(1, len(a)):
            if n - k >= 0:
                y[n] -= a[k] * y[n - k]
    return np.sum(y**2)


@program(X, 0.9, 0.2, 0.5)
def kalman_scalar(z, f, q, r):
    x, p, loss = 0.0, 1.0, 0.0
    for measured in z:
        x, p = f * x, f * p * f + q
        s = p + r
        k = p / s
        y = measured - x
        loss += 0.5 * (math.log(s) + y * y / s)
        x, p = x + k * y, (1 - k) * p
    return loss


@program(RNG.normal(size=(4, 2)), np.array([[0.9, 0.1], [-0.1, 0.8]]), np.eye(2) * 0.2)
def kalman_filling_arrays(z, F, Q):
    n = len(z)
    means, covariances = np.zeros((n, 2)), np.zeros((n, 2, 2))
    x, S = np.zeros(2), np.eye(2)
    for t in range(n):
        x, S = F @ x, F @ S @ F.T + Q
        K = S @ np.linalg.inv(S + 0.5 * np.eye(2))
        x = x + K @ (z[t] - x)
        S = S - K @ S
        means[t], covariances[t] = x, S
    return np.sum(means**2) + np.sum(covariances[1:] * covariances[:-1])


@program(XS, W, RNG.normal(size=(3, 2)))
def rnn_over_a_list(xs, W, V):
    h = np.zeros(3)
    for x in xs:
        h = np.tanh(W @ h + V @ x)
    return np.sum(h**2)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


@program(np.array(XS), RNG.normal(size=(8, 4)) * 0.5)
def lstm(xs, W):
    h, c = np.zeros(2), np.zeros(2)
    outputs = []
    for x in xs:
        z = W @ np.concatenate([x, h])
        i, f, o, g = sigmoid(z[:2]), sigmoid(z[2:4]), sigmoid(z[4:6]), np.tanh(z[6:])
        c = f * c + i * g
        h = o * np.tanh(c)
        outputs.append(h)
    return sum(np.sum(h**2) for h in outputs)


@program(X[:4], X[3:] * 0.7, 0.5)
def soft_dtw(x, y, gamma):
    n, m = len(x), len(y)
    R = np.full((n + 1, m + 1), 1e3)
    R[0, 0] = 0.0
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            a, b, c = R[i - 1, j - 1], R[i - 1, j], R[i, j - 1]
            low = min(a, b, c)
            z = math.exp((low - a) / gamma) + math.exp((low - b) / gamma) + math.exp((low - c) / gamma)
            R[i, j] = (x[i - 1] - y[j - 1]) ** 2 + low - gamma * math.log(z)
    return R[n, m]


@program(A, P, np.array([0.5, 0.3, 0.2]))
def forward_algorithm(T, E, start):
    alpha = start * E[0]
    loglik = 0.0
    for t in range(1, len(E)):
        alpha = (alpha @ T) * E[t]
        s = alpha.sum()
        loglik += np.log(s)
        alpha /= s
    return loglik


@program(np.log(A), np.log(P))
def viterbi_score(T, E):
    n, k = E.shape
    v = np.empty((n, k))
    v[0] = E[0]
    for t in range(1, n):
        for j in range(k):
            best = -np.inf
            for i in range(k):
                score = v[t - 1, i] + T[i, j]
                if score > best:
                    best = score
            v[t, j] = best * 0.9 + E[t, j]
    return np.max(v[-1]) ** 2


@program(np.array([1.1, 0.7, 1.9]), X)
def edit_distance_with_costs(costs, x):
    a, b = [0, 2, 1, 1], [2, 1, 0]
    d = np.zeros((len(a) + 1, len(b) + 1))
    for i in range(1, len(a) + 1):
        d[i, 0] = d[i - 1, 0] + costs[0]
    for j in range(1, len(b) + 1):
        d[0, j] = d[0, j - 1] + costs[1]
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            change = 0.0 if a[i - 1] == b[j - 1] else costs[2] * abs(x[i])
            d[i, j] = min(d[i - 1, j] + costs[0], d[i, j - 1] + costs[1], d[i - 1, j - 1] + change)
    return d[-1, -1] ** 2


@program(np.array([1.4, 2.2, 0.9]))
def knapsack(values):
    weights, capacity = [2, 3, 1], 5
    best = np.zeros(capacity + 1)
    for k in range(len(values)):
        for c in range(capacity, weights[k] - 1, -1):
            best[c] = max(best[c], best[c - weights[k]] + values[k])
    return best[-1] ** 2 + best[3]


@program(RNG.uniform(1, 3, (4, 4)))
def shortest_paths(d):
    n = len(d)
    for k in range(n):
        for i in range(n):
            for j in range(n):
                if d[i, k] + d[k, j] < d[i, j]:
                    d[i, j] = d[i, k] + d[k, j]
    return np.sum(d**2)


@program(X, complex_step=True)
def cumulative_sum_in_place(x):
    for i in range(1, len(x)):
        x[i] += x[i - 1]
    return np.sum(x**2)


@program(X + 3)
def cumulative_product_into_an_array(x):
    out = np.empty_like(x)
    p = 1.0
    for i, a in enumerate(x):
        p *= a / 3
        out[i] = p
    return np.sum(out**2)


def fft(z):
    n = len(z)
    if n == 1:
        return z
    even, odd = fft(z[::2]), fft(z[1::2])
    t = np.exp(-2j * np.pi * np.arange(n // 2) / n) * odd
    return np.concatenate([even + t, even - t])


@program(RNG.normal(size=8))
def fft_by_recursion(x):
    return np.sum(np.abs(fft(x + 0j)) ** 2 * np.arange(8))


@program(RNG.normal(size=8))
def fft_in_place(x):
    n = len(x)
    z = x.astype(complex)
    j = 0
    for i in range(1, n):
        bit = n >> 1
        while j & bit:
            j ^= bit
            bit >>= 1
        j |= bit
        if i < j:
            z[i], z[j] = z[j], z[i]
    size = 2
    while size <= n:
        w = np.exp(-2j * np.pi / size)
        for start in range(0, n, size):
            f = 1.0 + 0j
            for k in range(start, start + size // 2):
                u, t = z[k], z[k + size // 2] * f
                z[k], z[k + size // 2] = u + t, u - t
                f = f * w
        size *= 2
    return np.sum(np.abs(z) ** 2 * np.arange(n))


@program(RNG.normal(size=8), 3)
def haar_wavelet(x, levels):
    n = len(x)
    for _ in range(levels):
        half = n // 2
        a = (x[0:n:2] + x[1:n:2]) / 1.5
        d = (x[0:n:2] - x[1:n:2]) * 0.7
        x[:half], x[half:n] = a, d
        n = half
    return np.sum(x**2 * np.arange(8))


@program(X)
def histogram_of_weights(x):
    bins = np.array([0, 2, 1, 0, 2, 2, 1])
    h = np.zeros(3)
    np.add.at(h, bins, x**2)
    for i in range(len(x)):
        h[bins[i]] += x[i] * h[0]
    return np.sum(h**2)


@program(X, np.array([0.4, 1.1, 0.8, 0.3]))
def sparse_matrix_vector(values, x):
    indptr, indices = np.array([0, 2, 3, 5, 7]), np.array([0, 3, 1, 0, 2, 1, 3])
    y = np.zeros(4)
    for i in range(4):
        for k in range(indptr[i], indptr[i + 1]):
            y[i] += values[k] * x[indices[k]]
    return np.sum(y**2)


@program(RNG.normal(size=(4, 2)))
def finite_elements_assembled(nodes):
    K = np.zeros((4, 4))
    for element in np.array([[0, 1, 2], [1, 2, 3]]):
        p = nodes[element]
        area = (p[1, 0] - p[0, 0]) * (p[2, 1] - p[0, 1]) - (p[2, 0] - p[0, 0]) * (p[1, 1] - p[0, 1])
        for a in range(3):
            for b in range(3):
                K[element[a], element[b]] += area * (p[a] @ p[b])
    return np.sum(K**2)


@program(0.3, 0.2, 6)
def mandelbrot(x, y, n):
    c = complex(x, y)
    z = 0j
    for _ in range(n):
        z = z * z + c
        if abs(z) > 2:
            break
    return abs(z)


@program(np.array([0.3 + 0.2j, -0.5 + 0.4j]), 5)
def julia_on_an_array(z, n):
    for _ in range(n):
        z[0] = z[0] ** 2 + z[1]
        z[1] *= 0.7j
    return np.sum(np.abs(z) ** 2)


@program(100.0, 95.0, 0.03, 0.2, 5, step=1e-2)
def binomial_tree(S, K, r, sigma, n):
    dt = 1.0 / n
    u = math.exp(sigma * math.sqrt(dt))
    d, p = 1 / u, (math.exp(r * dt) - 1 / u) / (u - 1 / u)
    value = np.zeros(n + 1)
    for i in range(n + 1):
        value[i] = max(K - S * u**i * d ** (n - i), 0.0)
    for step in range(n - 1, -1, -1):
        for i in range(step + 1):
            hold = math.exp(-r * dt) * (p * value[i + 1] + (1 - p) * value[i])
            value[i] = max(hold, K - S * u**i * d ** (step - i))
    return value[0]


@program(0.4, X)
def random_walk_with_branches(x, steps):
    s = 0.0
    for e in steps:
        if e > 0:
            x = x + 0.3 * e * x
        else:
            x = x * math.exp(0.2 * e)
        if x > 2:
            x = 4 - x
        s = s + x * x
    return s


@program(X, 0.05)
def gradient_descent(x, rate):
    w = np.zeros(2)
    for _ in range(4):
        g = np.zeros(2)
        for t in range(2, len(x)):
            e = w[0] * x[t - 1] + w[1] * x[t - 2] - x[t]
            g[0] += e * x[t - 1]
            g[1] += e * x[t - 2]
        w -= rate * g
    return np.sum(w**2)


@program(X, 0.9, 0.1)
def adam(x, beta, rate):
    m, v = np.zeros_like(x), np.zeros_like(x)
    for t in range(1, 4):
        g = 2 * x + np.cos(x)
        m = beta * m + (1 - beta) * g
        v = 0.99 * v + 0.01 * g**2
        x = x - rate * (m / (1 - beta**t)) / (np.sqrt(v / (1 - 0.99**t)) + 1e-2)
    return np.sum(x**2)


@program(X[:4], X[2:], complex_step=True)
def convolution(x, k):
    n, m = len(x), len(k)
    y = np.zeros(n + m - 1, dtype=x.dtype)
    for i in range(n):
        y[i : i + m] += x[i] * k
    return np.sum(y**3)


@program(RNG.normal(size=(6, 6)), RNG.normal(size=(3, 3)), complex_step=True)
def convolution_2d_and_pooling(image, kernel):
    out = np.zeros((4, 4), dtype=image.dtype)
    for i in range(4):
        for j in range(4):
            out[i, j] = np.sum(image[i : i + 3, j : j + 3] * kernel)
    pooled = 0.0
    for i in range(0, 4, 2):
        for j in range(0, 4, 2):
            pooled = pooled + out[i : i + 2, j : j + 2].sum() ** 2
    return pooled


@program(X)
def what_the_iteration_before_has_bound(v):
    s = 0.0
    for k in range(len(v)):
        if k > 0:
            s = s + x * x * v[k]  # noqa: F821
        x = v[k] * 2
    return s


@program(X)
def an_array_that_the_iteration_before_has_bound(v):
    s = 0.0
    for k in range(len(v)):
        if k > 0:
            s = s + np.sum(x * x) * v[k]  # noqa: F821
            x[0] *= x[1]  # noqa: F821
            s = s + np.sum(x * x) * v[k]  # noqa: F821
        x = v[k] * v
        x[1] = x[0] ** 2
    return s


@program(X)
def an_array_made_anew_and_read_after_the_loop(v):
    for b in v:
        z = v * 2
        z[0] += np.sum(b * z)
    return np.sum(z * z)


@pytest.mark.parametrize(**programs(globals()))
def test_program(name, k):
    run(globals(), name, k)
