"""Items of lists that are replaced: their adjoints are written once."""

import numpy as np
import pytest

from transform import grad

W = np.array([0.4, -0.3, 0.9])
X = np.array([[0.2, 1.1, -0.7], [0.5, -0.4, 0.3]])


def layered(w, x):
    h = [x[k] for k in range(len(x))]
    for _ in range(3):
        for k in range(len(x)):
            h[k] = np.tanh(h[k] * w)
    return np.sum(h[0] * h[1])


def layered_bar(w, x):
    rows = [[x[0]], [x[1]]]
    for row in rows:
        for _ in range(3):
            row.append(np.tanh(row[-1] * w))
    bars, w_bar = [rows[1][-1], rows[0][-1]], 0.0
    for row, h_bar in zip(rows, bars, strict=True):
        for before, after in zip(row[2::-1], row[:0:-1], strict=True):
            t_bar = h_bar * (1 - after**2)
            w_bar, h_bar = w_bar + t_bar * before, t_bar * w
    return w_bar


def numbers(w):
    h = [0.3 * k + 0.1 for k in range(4)]
    for _ in range(3):
        for k in range(4):
            h[k] = h[k] * h[k] * w
    return h[0] + h[1] * h[3]


def numbers_bar(w):
    # Each item is h**8 * w**7 in the end.
    a, b, c = 0.1**8, 0.4**8, 1.0**8
    return 7 * a * w**6 + 14 * b * c * w**13


def handed_on(w, x):
    h = [x[k] for k in range(len(x))]
    s = 0.0
    for k in range(len(x)):
        before = h[k]
        h[k] = before * w
        s = s + np.sum(h[k] * before)
    return s


def test_an_item_gets_its_new_adjoint_at_once():
    derivative = grad(layered)
    np.testing.assert_allclose(derivative(W, X), layered_bar(W, X), rtol=1e-12)
    loop = derivative.source.partition("for _ in reversed(range(3))")[2]
    assert "np.zeros" not in loop
    assert loop.count("h_bar[k] = ") == 1
    assert "h_bar[k] = h_bar[k]" not in loop


@pytest.mark.parametrize("w", [0.9, 1.3])
def test_items_that_are_numbers(w):
    np.testing.assert_allclose(grad(numbers)(w), numbers_bar(w), rtol=1e-12)


def test_an_item_that_is_read_before_and_after():
    np.testing.assert_allclose(grad(handed_on)(W, X), np.sum(X**2, axis=0))
    np.testing.assert_allclose(grad(handed_on, 1)(W, X), 2 * X * W)


def test_an_adjoint_of_another_shape_is_added():
    def f(w, x):
        h = [x[k] for k in range(len(x))]
        for k in range(len(x)):
            h[k] = h[k] * w
        return np.sum(h[0]) + np.sum(h[1] * h[1])

    w = np.array([0.7])
    want = np.sum(X[0]) + 2 * np.sum(X[1] ** 2) * w
    np.testing.assert_allclose(grad(f)(w, X), want)
