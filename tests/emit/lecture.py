"""Primals whose derivatives are golden text."""

from math import exp, log, sin

import numpy as np


def loss(x):
    a = x**2
    b = 5 * a
    c = log(a)
    g = b * c
    L = -g
    return L  # noqa: RET504


def pair(x1, x2):
    y1 = x1 * x2 + sin(x1)
    y2 = exp(x1 - x2)
    return y1, y2


def mse(w, X, y):
    a = X @ w
    b = y - a
    c = b**2
    return np.mean(c)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def nll(W, b, v, X, t):
    h = sigmoid(X @ W + b)
    s = (2 * t - 1) * (h @ v)
    return -np.sum(np.log(sigmoid(s)))


def chosen(x):
    y = x * x if x > 1.0 else sin(x)
    return y * x if y > 0 and x < 3 else y


def picked(x):
    return x[0] * x[1] + np.sum(x[2:] ** 2)


def net(params, x):
    for W, b in params["layers"]:
        x = np.tanh(x @ W + b)
    return np.sum(x**2) * params["scale"]


__all__ = ["chosen", "loss", "mse", "net", "nll", "pair", "picked"]
