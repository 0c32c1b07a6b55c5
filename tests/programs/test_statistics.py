"""Optimisation test functions, densities and models as people write them; functions of installed packages."""

from __future__ import annotations

import colorsys
import math
import statistics
from math import cos, e, exp, pi, sin, sqrt

import numpy as np
import pytest
import scipy.optimize
from numpy.testing import assert_allclose
from scipy.constants import convert_temperature

from transform import grad, hvp

from .check import check, program, programs, run

P = np.array([0.37, -0.81])
X = np.array([0.37, -0.81, 1.3, 0.2, -0.45])
RNG = np.random.default_rng(3)
DATA, TARGET, W = RNG.normal(size=(8, 3)), RNG.normal(size=8), RNG.normal(size=3)
LABELS, COUNTS = np.arange(8) % 3, np.arange(8)


@program(P)
def ackley(X):
    x, y = X
    a = -20 * exp(-0.2 * sqrt(0.5 * (x**2 + y**2))) - exp(0.5 * (cos(2 * pi * x) + cos(2 * pi * y)))
    return a + e + 20


@program(X)
def ackley_n(x, a=20, b=0.2, c=2 * np.pi):
    n = len(x)
    s1, s2 = np.sum(x**2), np.sum(np.cos(c * x))
    return -a * np.exp(-b * np.sqrt(s1 / n)) - np.exp(s2 / n) + a + np.exp(1)


@program([0.3, 0.4, -0.2])
def rastrigin(X, A=10):
    return A * len(X) + sum([(x**2 - A * np.cos(2 * math.pi * x)) for x in X])


@program(P)
def himmelblau(p):
    return (p[0] ** 2 + p[1] - 11) ** 2 + (p[0] + p[1] ** 2 - 7) ** 2


@program(0.3, 0.4)
def beale(x, y):
    return (1.5 - x + x * y) ** 2 + (2.25 - x + x * y**2) ** 2 + (2.625 - x + x * y**3) ** 2


@program(X)
def griewank(x):
    i = np.arange(1, x.size + 1)
    return 1 + (x**2).sum() / 4000 - np.prod(np.cos(x / np.sqrt(i)))


@program(X)
def levy(x):
    w = 1 + (x - 1) / 4
    wi = w[:-1]
    first, last = np.sin(np.pi * w[0]) ** 2, (w[-1] - 1) ** 2 * (1 + np.sin(2 * np.pi * w[-1]) ** 2)
    return first + np.sum((wi - 1) ** 2 * (1 + 10 * np.sin(np.pi * wi + 1) ** 2)) + last


@program(X)
def zakharov(x):
    s = np.sum(0.5 * np.arange(1, len(x) + 1) * x)
    return np.sum(x**2) + s**2 + s**4


@program(X)
def dixon_price(x):
    i = np.arange(2, len(x) + 1)
    return (x[0] - 1) ** 2 + np.sum(i * (2 * x[1:] ** 2 - x[:-1]) ** 2)


@program(0.3, 0.7)
def branin(x1, x2, a=1, b=5.1 / (4 * pi**2), c=5 / pi, r=6, s=10, t=1 / (8 * pi)):
    return a * (x2 - b * x1**2 + c * x1 - r) ** 2 + s * (1 - t) * cos(x1) + s


@program(0.3, 0.7)
def eggholder(x, y):
    return -(y + 47) * sin(sqrt(abs(x / 2 + (y + 47)))) - x * sin(sqrt(abs(x - (y + 47))))


@program(0.3, 1.2, 0.7)
def gaussian(x, mu, sigma):
    return -0.5 * ((x - mu) / sigma) ** 2 - math.log(sigma) - 0.5 * math.log(2 * math.pi)


@program(W, np.array([0.1, 0.0, 0.4]), DATA.T @ DATA)
def multivariate_gaussian(x, mu, S):
    d = x - mu
    k = mu.shape[0]
    return -0.5 * (d @ np.linalg.solve(S, d) + np.log(np.linalg.det(S)) + k * np.log(2 * np.pi))


@program(X)
def logsumexp(x):
    m = np.max(x)
    return m + np.log(np.sum(np.exp(x - m)))


def softmax(x, axis=-1):
    shifted = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return shifted / shifted.sum(axis=axis, keepdims=True)


@program(*RNG.normal(size=(3, 2, 3, 4)))
def attention(Q, K, V):
    return softmax(Q @ K.swapaxes(-1, -2) / np.sqrt(Q.shape[-1])) @ V


@program(DATA, np.ones(3), np.zeros(3))
def layer_norm(x, gain, bias, eps=1e-5):
    mu, var = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
    return gain * (x - mu) / np.sqrt(var + eps) + bias


@program(W, DATA, TARGET, 0.1)
def ridge(w, X, y, lam):
    return np.mean((X @ w - y) ** 2) + lam * np.sum(w**2)


@program(W, DATA, (TARGET > 0) * 1.0)
def logistic(w, X, y):
    p = 1 / (1 + np.exp(-X @ w))
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))


@program(W, DATA, COUNTS)
def poisson(w, X, k):
    eta = X @ w
    return np.sum(np.exp(eta) - k * eta)


@program(DATA, LABELS)
def cross_entropy(z, labels):
    log_p = z - np.log(np.exp(z).sum(1, keepdims=True))
    return -log_p[np.arange(len(labels)), labels].mean()


@program(DATA, TARGET)
def least_squares(X, y):
    return np.linalg.solve(X.T @ X, X.T @ y)


@program(DATA, DATA[:5] + 0.3, 0.7)
def radial_basis(a, b, gamma):
    squared = np.sum(a**2, 1)[:, None] + np.sum(b**2, 1) - 2 * a @ b.T
    return np.exp(-gamma * squared), np.sqrt(((a[:, None, :] - b[None, :, :]) ** 2).sum(-1))


@program(DATA)
def covariance(x):
    centred = x - np.mean(x, axis=0)
    return centred.T @ centred / (x.shape[0] - 1), (x - x.mean(0)) / x.std(0, ddof=1)


@pytest.mark.parametrize(**programs(globals()))
def test_program(name, k):
    run(globals(), name, k)


@pytest.mark.parametrize(
    "function, arguments",
    [
        (scipy.optimize.rosen, (X,)),
        (colorsys.rgb_to_yiq, (0.2, 0.4, 0.7)),
        (colorsys.yiq_to_rgb, (0.5, 0.1, 0.05)),
        (colorsys.rgb_to_hls, (0.2, 0.4, 0.7)),
        (colorsys.hls_to_rgb, (0.2, 0.4, 0.7)),
        (colorsys.rgb_to_hsv, (0.2, 0.4, 0.7)),
        (lambda a, b, c: statistics.fmean([a, b, c]), (1.0, 2.0, 4.0)),
        (lambda x: statistics.NormalDist(0.3, 2.0).cdf(x) * statistics.NormalDist().pdf(x), (0.4,)),
        (lambda x: convert_temperature(x, "Celsius", "Fahrenheit"), (20.0,)),
    ],
)
def test_installed_functions_unmodified(function, arguments):
    check(function, *arguments)


@pytest.mark.parametrize("point", [X, np.array([0.7, -0.4]), np.ones(4), np.linspace(-1.5, 2.0, 12)])
def test_rosenbrock_against_scipys_own_derivatives(point):
    along = np.cos(np.arange(len(point)))
    expected = scipy.optimize.rosen_der(point)
    assert_allclose(grad(scipy.optimize.rosen)(point), expected, rtol=1e-13, atol=1e-12)
    expected = scipy.optimize.rosen_hess_prod(point, along)
    assert_allclose(hvp(scipy.optimize.rosen)(point, along), expected, rtol=1e-12, atol=1e-11)
