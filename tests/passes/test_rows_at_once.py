"""What is added to a few elements of a row is added where it belongs, not to a row of zeros before."""

import numpy as np
import pytest

from tests.support.flavours import assert_gradients_agree
from transform import grad

pytest.importorskip("numba")

RNG = np.random.default_rng(5)
C, WHICH = RNG.normal(size=(4, 6)), np.array([2, 0, -1, 2, 2, 1])
X = RNG.normal(size=6)


def few_of_many(C, which, x):
    c = C[which]
    return np.sum(c[:, 0] * x + np.sin(c[:, 4] * c[:, 2]) * x**2)


def twice_the_same(C, which, x):
    c = C[which]
    return np.sum(c[:, 1] * np.exp(c[:, 1]) + c[:, 1:3].sum(axis=1) * x)


def all_of_them(C, which, x):
    c = C[which]
    return np.sum(c * c * x[:, None]) + np.sum(c[:, 3] * x)


def in_a_loop(C, which, x):
    s = 0.0
    for i in range(len(which)):
        c = C[which[i]]
        s += c[i % 3] * x[i] + np.sum(c[2:4] ** 2) + c[0]
    return s


PROGRAMS = [few_of_many, twice_the_same, all_of_them, in_a_loop]


@pytest.mark.parametrize("program", PROGRAMS)
def test_both_flavours_agree(program):
    assert_gradients_agree(program, (C, WHICH, X))


def test_there_is_no_row_of_zeros():
    derivative = grad(few_of_many, backend="numba")
    derivative(C, WHICH, X)
    lines = [line.split("#")[0].strip() for line in derivative.source.splitlines()]
    assert len([line for line in lines if line.startswith("C_bar[") and "] += " in line]) == 3
    assert [line for line in lines if "np.empty(" in line or "np.zeros(" in line] == [
        "C_bar = np.zeros(C.shape)"
    ]
