"""Stores to slices between bounds that only run time knows: loops, with NumPy's own rules for the bounds."""

import numpy as np
import pytest

from tests.passes.test_loops import V
from tests.support.flavours import assert_gradients_agree
from tests.support.sweeps import assert_loops_agree, looped
from transform import adjoint, grad, tangent

pytest.importorskip("numba")


def layers(p, x, n):
    """Weights and shifts of each layer, one behind the other in one vector."""
    for k in range(2):
        w, b = p[2 * k * n : (2 * k + 1) * n], p[(2 * k + 1) * n : (2 * k + 2) * n]
        x = np.tanh(x * w + b)
    return np.sum(x * x)


def shifted(x, lo, hi):
    y = np.zeros(x.shape)
    y[lo:hi] = 2.0
    y[lo:hi] += x[lo:hi] ** 2
    y[:lo] -= x[:lo]
    return np.sum(y * x)


def overwritten(x, n):
    y = x.copy()
    y[n:] = y[n:] * y[n:]
    y[1 : n + 1] = y[:n] * 3.0
    y[-n:] += 1.0
    return np.sum(y**2)


def downwards(x, n):
    y = np.zeros(x.shape)
    y[n::-1] = 1.5
    y[-2:] = x[-2:] * 2.0
    y[::-1] += x
    return np.sum(y * y * x)


def in_columns(A, x, j):
    B = np.zeros(A.shape)
    B[j + 1 :, j] = 3.0
    B[j, :j] += x[:j]
    B[-2:, 0] += x[0]
    return np.sum(B * A)


def unpacked(x, n):
    """The columns of a triangle, one behind the other in a vector."""
    L, start = np.diag(x[:n]), n
    for j in range(n - 1):
        L[j + 1 :, j] = x[start : start + n - 1 - j]
        start += n - 1 - j
    return np.sum(np.sin(L @ L.T))


def spread(x, lo, hi):
    """One number may stand for all four, as NumPy has it."""
    y = np.zeros(6)
    y[1:5] = x[lo:hi] ** 2
    y[2:] *= x[lo]
    return np.sum(y * y)


def spread_in_columns(A, lo, hi):
    B = np.ones((4, 3))
    B[:, 1:] = A[lo:hi, 2:4] * 3.0
    B[lo] = A[lo, lo:hi]
    return np.sum(B**3)


LONG = np.linspace(-0.7, 0.9, 12)
A = np.outer(LONG[:5], V[:5])
CASES = [
    (layers, (LONG, V[:3], 3)),
    (shifted, (V, 1, 4)),
    (shifted, (V, -4, -1)),
    (shifted, (V, 4, 2)),
    (shifted, (V, 2, 40)),
    (shifted, (V, -40, 2)),
    (shifted, (V[:0], 0, 0)),
    (overwritten, (V, 2)),
    (overwritten, (V, 5)),
    (downwards, (V, 3)),
    (downwards, (V, -2)),
    (downwards, (V[:2], 0)),
    (in_columns, (A, V[:5], 2)),
    (in_columns, (A, V[:5], 0)),
    (in_columns, (A, V[:5], 4)),
    (unpacked, (LONG, 3)),
    (unpacked, (LONG, 2)),
    (unpacked, (LONG, 1)),
    (spread, (LONG, 3, 7)),
    (spread, (LONG, 3, 4)),
    (spread_in_columns, (A, 1, 2)),
]
NAMES = [f"{program.__name__}{arguments[1:]}".replace("\n", "")[:60] for program, arguments in CASES]


@pytest.mark.parametrize("program, arguments", CASES, ids=NAMES)
def test_both_flavours_agree(program, arguments):
    assert_gradients_agree(program, arguments)


@pytest.mark.parametrize("program, arguments", CASES, ids=NAMES)
@pytest.mark.parametrize("make", [tangent, adjoint])
def test_loops_compute_the_same(program, arguments, make):
    assert_loops_agree(make, program, arguments)


def test_what_is_added_to_a_part_of_a_vector_is_added_in_a_loop():
    _, text = looped(adjoint(layers), LONG, V[:3], 3)
    assert "][i] += " in text
    assert not [
        line for line in text.splitlines() if "] += " in line and "[i" not in line and "[k" not in line
    ]


def test_what_does_not_fit_raises_as_in_python():
    with pytest.raises(ValueError, match=r"shape|length|broadcast"):
        grad(layers)(LONG, V[:4], 3)
    with pytest.raises(ValueError, match=r"shape|length|broadcast"):
        grad(layers, backend="numba")(LONG, V[:4], 3)


def test_what_a_slice_is_given_by_another_is_stored_in_a_loop():
    derivative = grad(unpacked, backend="numba")
    derivative(LONG, 3)
    code = [line.split("#")[0] for line in derivative.source.splitlines()]
    assert [line.strip() for line in code if line.startswith("    ") and "] = " in line and ":" in line] == [
        "L[j + 1:, j][i] = e_2[min(i, e_2.shape[0] - 1)]",
        "L_bar[j + 1:, j][i] = 0.0",
    ]
    assert not [line for line in code if "np.diag" in line]


@pytest.mark.parametrize("bounds", [(3, 6), (3, 3), (0, 5)])
def test_what_has_another_length_than_the_slice_raises_as_in_python(bounds):
    for backend in ("python", "numba"):
        with pytest.raises(ValueError, match=r"broadcast|shape"):
            grad(spread, backend=backend)(LONG, *bounds)
