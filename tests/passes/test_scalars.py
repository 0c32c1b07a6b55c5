"""Small arrays that loops make in each iteration: numbers, and no loops over their elements."""

import numpy as np
import pytest

from tests.support.flavours import assert_gradients_agree
from tests.support.sweeps import assert_loops_agree
from transform import adjoint, grad, tangent

pytest.importorskip("numba")

RNG = np.random.default_rng(7)
POINTS, PLANE = RNG.normal(size=(6, 3)), RNG.normal(size=(5, 2))
TURN = RNG.normal(size=(2, 2))


def distances(x, y):
    """Rows as small arrays: differences, then their product with themselves."""
    s = 0.0
    for i in range(len(x)):
        d = x[i, :3] - y[i, :3]
        s += np.sqrt(d[0] * d[1] + np.sum(d * d))
    return s


def turned(x, T):
    """A product by hand, added up in a small array."""
    s = 0.0
    for i in range(len(x)):
        p = np.zeros(2)
        for j in range(2):
            for k in range(2):
                p[j] += T[j, k] * x[i, k]
        s += np.sin(p[0]) * p[1]
    return s


def exchanged(x):
    """Two small arrays that change places in a loop that is written out."""
    s = 0.0
    for i in range(len(x)):
        a, b = np.zeros(2), np.zeros(2)
        a[0], b[1] = x[i, 0], x[i, 1]
        for j in range(2):
            a[j] += b[j] * x[i, 0]
            b[1 - j] -= a[j] ** 2
            a, b = b, a
        s += a[0] * b[1] + b[0] * a[1]
    return s


def in_space(x, T):
    """A matrix times a point, all of it small: the loops are written out to the innermost."""
    s = 0.0
    for i in range(len(x)):
        y = T[:2, :2] @ x[i, :2]
        z = y * y + x[i, :2]
        s += z[0] * z[1] + np.max(z)
    return s


def one_after_the_other(x):
    """Running sums: the adjoint's are from the last to the first, also written out."""
    s = 0.0
    for i in range(len(x)):
        d = np.cumsum(np.sin(x[i, :3]))
        s += d[2] * d[1] + d[0] ** 3
    return s


def chosen(x, k):
    """An element that only run time knows."""
    s = 0.0
    for i in range(len(x)):
        d = np.zeros(2)
        for j in range(2):
            d[j] = x[i, j] ** 2
        s += d[k] * d[-1]
    return s


def under_conditions(x):
    s = 0.0
    for i in range(len(x)):
        d = np.zeros(2)
        for j in range(2):
            if x[i, j] > 0:
                d[j] = x[i, j] ** 2
            else:
                d[1 - j] += x[i, j] ** 3
        s += d[0] - d[1] * d[0]
    return s


def from_the_end(x):
    s = 0.0
    for i in range(len(x)):
        d = np.zeros(3)
        for j in range(2, -1, -1):
            d[j - 1] += x[i, j] * (j + 1)
        s += d[-1] * d[0] * d[1]
    return s


CASES = [
    (distances, (np.abs(POINTS), -np.abs(POINTS[::-1].copy()))),
    (turned, (PLANE, TURN)),
    (exchanged, (PLANE,)),
    (in_space, (PLANE, TURN)),
    (one_after_the_other, (POINTS,)),
    (chosen, (PLANE, 0)),
    (chosen, (PLANE, -1)),
    (under_conditions, (PLANE,)),
    (from_the_end, (POINTS,)),
]
NAMES = [
    f"{program.__name__}{arguments[1:] if len(arguments[-1:]) else ''}"[:20] for program, arguments in CASES
]


@pytest.mark.parametrize("program, arguments", CASES, ids=NAMES)
def test_both_flavours_agree(program, arguments):
    assert_gradients_agree(program, arguments)


@pytest.mark.parametrize("program, arguments", CASES, ids=NAMES)
@pytest.mark.parametrize("make", [tangent, adjoint])
def test_loops_compute_the_same(program, arguments, make):
    assert_loops_agree(make, program, arguments)


def code(program, arguments):
    derivative = grad(program, backend="numba")
    derivative(*arguments)
    return derivative.source


@pytest.mark.parametrize("program, arguments", [CASES[0], CASES[1]], ids=["distances", "turned"])
def test_small_arrays_are_numbers(program, arguments):
    """What is left is what the loops over the points hand on or record."""
    lines = [line.split("#")[0].strip() for line in code(program, arguments).splitlines()]
    arrays = [line for line in lines if "np.empty((" in line or "np.empty(3" in line or "np.empty(2" in line]
    assert not [line for line in arrays if "tape" not in line]
    assert not [line for line in lines if line.startswith("for ") and line.endswith("range(2):")]
    assert not [line for line in lines if line.startswith("for ") and line.endswith("range(3):")]


def bell(x, y):
    return np.sum(np.exp(-((x - y) ** 2)) * x**3)


def test_squares_of_floats_are_products():
    lines = [line.split("#")[0] for line in code(bell, (PLANE[:, 0], PLANE[:, 1])).splitlines()]
    powers = [line for line in lines if "**" in line]
    assert len(powers) == 1
    assert "** 3" in powers[0]
    assert_gradients_agree(bell, (PLANE[:, 0], PLANE[:, 1]))


def test_an_array_that_is_read_where_only_run_time_knows_stays():
    text = code(chosen, (PLANE, 0))
    assert "d[k]" in text
