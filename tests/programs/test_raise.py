"""`raise` under a run-time condition keeps its meaning: derivatives refuse what the function refuses."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

from transform import grad, hessian, jvp, value_and_grad


class Refused(ValueError):
    """An exception of the user's own."""


def checked(x, n):
    if x < 0:
        raise ValueError("x must not be negative")
    if not np.isfinite(x):
        raise Refused
    if n < 1:
        raise Refused("n is too small")
    return math.sqrt(x) * n


def nested(x):
    y = np.sum(x)
    if y > 10:
        if y > 20:
            raise ValueError(f"{y} is too big")
        z = y * y
    else:
        z = y
    return z


def refuse(x):
    raise Refused("never")


def ternary(x):
    return (x * x if x < 5 else refuse(x)) if x > 0 else 3 * x


def test_the_good_case():
    assert_allclose(grad(checked)(4.0, 2), 0.5)
    assert_allclose(value_and_grad(checked)(4.0, 2), (4.0, 0.5))
    assert_allclose(jvp(lambda x: checked(x, 2), (4.0,), (1.0,)), (4.0, 0.5))
    assert_allclose(grad(nested)(np.full(3, 5.0)), np.full(3, 30.0))
    assert_allclose(hessian(nested)(np.full(2, 7.0)), np.full((2, 2), 2.0))
    assert_allclose([grad(ternary)(x) for x in (2.0, -2.0)], [4.0, 3.0])


@pytest.mark.parametrize(
    ("derivative", "arguments", "error", "words"),
    [
        (grad(checked), (-1.0, 2), ValueError, "x must not be negative"),
        (grad(checked), (math.inf, 2), Refused, "^$"),
        (grad(checked), (1.0, 0), Refused, "n is too small"),
        (value_and_grad(checked), (-1.0, 2), ValueError, "x must not be negative"),
        (grad(nested), (np.full(3, 9.0),), ValueError, "^27.0 is too big$"),
        (hessian(nested), (np.full(3, 9.0),), ValueError, "^27.0 is too big$"),
        (grad(ternary), (6.0,), Refused, "never"),
        (grad(grad(checked)), (-1.0, 2), ValueError, "x must not be negative"),
    ],
)
def test_the_bad_case(derivative, arguments, error, words):
    with pytest.raises(error, match=words):
        derivative(*arguments)


def test_the_check_stands_in_the_generated_code():
    df = grad(checked)
    df(4.0, 2)
    assert '    if x < 0:\n        raise ValueError("x must not be negative")\n' in df.source
