"""Matrices that are read twice, block by block: as long as nothing needs all rows at once."""

from __future__ import annotations

import re

import numpy as np
import pytest

import transform

RNG = np.random.default_rng(5)
X, Y, y, c = RNG.normal(size=(12000, 5)), RNG.random((12000, 3)), RNG.normal(size=12000), RNG.random(12000)
w, W, A = RNG.normal(size=5), RNG.normal(size=(5, 3)), RNG.normal(size=(5, 2))
LOOP = re.compile(r"for start in range\(0, \w+, \w+\):")


def gradient(fn, *args, argnums=0):
    """The gradient by the Numba flavour, and whether it goes block by block."""
    derivative = transform.grad(fn, argnums, backend="numba")
    return derivative(*args), len(LOOP.findall(derivative.source)) == 1


def squared(w, X, y):
    return np.mean((X @ w - y) ** 2)


def logistic(w, X, y):
    return np.sum(np.log(1 + np.exp(-y * (X @ w)))) + 0.5 * np.sum(w**2)


@pytest.mark.parametrize("n", [2, 5524, 5525, 5526, 11050, 12000])
def test_any_number_of_rows(n):
    got, in_blocks = gradient(squared, w, X[:n], y[:n])
    assert in_blocks
    np.testing.assert_allclose(got, 2 / n * X[:n].T @ (X[:n] @ w - y[:n]), rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("n", [0, 2, 300, 12000])
def test_what_does_not_depend_on_the_rows_is_added_afterwards(n):
    got, in_blocks = gradient(logistic, w, X[:n], y[:n])
    assert in_blocks
    want = X[:n].T @ (-y[:n] / (1 + np.exp(y[:n] * (X[:n] @ w)))) + w
    np.testing.assert_allclose(got, want, rtol=1e-11)


def test_the_text_reads_each_matrix_once():
    derivative = transform.grad(squared, backend="numba")
    derivative(w, X, y)
    body = derivative.source.split("# reverse sweep\n")[1].split("return")[0]
    first, loop = re.sub(r"\n +#.*", "", body).split("    w_bar =")
    assert set(first.splitlines()) == {
        "    rows = 64 + 32768 // (1 + n)",
        "    q = 2 * L_bar / n_2",
    }
    assert loop == (
        " np.zeros(n)\n"
        "    for start in range(0, n_2, rows):\n"
        "        stop = start + rows\n"
        "        X_block = X[start:stop]\n"
        "        y_block = y[start:stop]\n"
        "        p = X_block @ w\n"
        "        d_bar = np.empty(p.shape[0])\n"
        "        for i in range(p.shape[0]):\n"
        "            d_bar[i] = q * (p[i] - y_block[i])\n"
        "        w_bar_block = X_block.T @ d_bar\n"
        "        for i in range(n):\n"
        "            w_bar[i] += w_bar_block[i]\n"
        "    "
    )


def test_a_sum_and_its_derivative_share_the_loop():
    derivative = transform.value_and_grad(squared, backend="numba")
    value, slope = derivative(w, X, y)
    r = X @ w - y
    assert len(LOOP.findall(derivative.source)) == 1
    np.testing.assert_allclose(value, r @ r / 12000)
    np.testing.assert_allclose(slope, 2 / 12000 * X.T @ r)


def softmax(W, X, Y):
    Z = X @ W
    Z = Z - np.max(Z, axis=1, keepdims=True)
    return -np.sum(Y * (Z - np.log(np.sum(np.exp(Z), axis=1, keepdims=True))))


def test_sums_along_a_row():
    got, in_blocks = gradient(softmax, W, X, Y)
    assert in_blocks
    P = np.exp(X @ W)
    P = P / P.sum(1)[:, None]
    np.testing.assert_allclose(got, X.T @ (P * Y.sum(1)[:, None] - Y), rtol=1e-10)


def layers(p, X, Y):
    H = np.tanh(X @ p[0] + p[1])
    return np.sum((H @ p[2] - Y) ** 2)


def test_a_network_shares_one_loop():
    V = RNG.normal(size=(3, 3))
    (W_bar, b_bar, V_bar), in_blocks = gradient(layers, (W, w[:3], V), X, Y)
    assert in_blocks
    H = np.tanh(X @ W + w[:3])
    E = 2 * (H @ V - Y)
    Z = E @ V.T * (1 - H**2)
    np.testing.assert_allclose(V_bar, H.T @ E, rtol=1e-10)
    np.testing.assert_allclose(b_bar, Z.sum(0), rtol=1e-10)
    np.testing.assert_allclose(W_bar, X.T @ Z, rtol=1e-10)


def test_other_layouts_and_precisions():
    want = 2 / 6000 * X[::2].T @ (X[::2] @ w - y[::2])
    for given in (X[::2], np.asfortranarray(X[::2])):
        np.testing.assert_allclose(gradient(squared, w, given, y[::2])[0], want)
    single, in_blocks = gradient(squared, *(each.astype("f4") for each in (w, X[::2], y[::2])))
    assert in_blocks
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, want, rtol=2e-4)


def standardised(w, X, y):
    r = X @ w - y
    r = r - np.mean(r)
    return np.sum(r**2)


def of_the_matrix(X, w, y):
    return np.sum((X @ w - y) ** 2)


def picked(w, X, places):
    return np.sum((X @ w)[places] ** 2)


def rooted(w, X, y):
    return np.sqrt(np.sum((X @ w - y) ** 2))


def stored(w, X, y):
    z = X @ w
    z[0] = 0.0
    return np.sum((z - y) ** 2)


PLACES = np.array([3, 3, 11999, 0])
R = X @ w - y
D = R - R.mean()


@pytest.mark.parametrize(
    "fn, args, want",
    [
        (standardised, (w, X, y), 2 * X.T @ D),
        (of_the_matrix, (X, w, y), 2 * np.outer(R, w)),
        (picked, (w, X, PLACES), 2 * X[PLACES].T @ (X[PLACES] @ w)),
        (rooted, (w, X, y), X.T @ R / np.sqrt(R @ R)),
        (stored, (w, X, y), 2 * X[1:].T @ R[1:]),
    ],
)
def test_what_needs_all_rows_at_once_stays_whole(fn, args, want):
    got, in_blocks = gradient(fn, *args)
    assert not in_blocks
    np.testing.assert_allclose(got, want, rtol=1e-10, atol=1e-10)
