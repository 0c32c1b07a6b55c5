"""Where a minus is printed: never on a mask, nor on an unsigned integer, whose sign would wrap around."""

from __future__ import annotations

import numpy as np
from numpy.testing import assert_allclose

from transform import grad


def test_a_mask_has_no_sign():
    def function(m, v):
        return np.sum(((v > 0.2) * (-m)) ** 2)

    m, v = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([0.5, -0.5])
    assert_allclose(grad(function)(m, v), 2 * m * (v > 0.2))


def test_an_unsigned_integer_has_no_sign():
    def function(x, k):
        return np.sum(k * -(x * x))

    k = np.array([1, 200, 255], np.uint8)
    x = np.array([0.5, -0.25, 1.0])
    assert_allclose(grad(function)(x, k), -2 * k.astype(float) * x)
