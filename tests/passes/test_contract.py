"""Arrays of which a loop touches only the row that it is at are rows; what runs once is no loop."""

import re

import numpy as np

from tests.passes.test_loops import M, V
from tests.support.sweeps import looped
from transform import adjoint, tangent


def allocations(text):
    return re.findall(r"np\.(?:empty|zeros)\w*\([^\n]*\)", text)


def padded(X):
    """Each row beside its own squares."""
    wide = np.zeros((X.shape[0], 6))
    wide[:, 1:5] = X[:, 1:5] ** 2
    wide[:, 0] = X[:, 5]
    return np.sum(wide[:, :5] * X[:, 1:] + wide[:, 1:])


def kept(X):
    wide = np.zeros((X.shape[0], 6))
    wide[:, 1:5] = X[:, 1:5] ** 2
    return wide


def earlier_row(X):
    wide = np.zeros((X.shape[0], 6))
    wide[:, :2] = X[:, 2:4] ** 3
    return np.sum(wide[1:] * X[:-1])


def columns_of_one(X):
    return np.sum(X[:, :1] * np.exp(X[:, 3:4])) + np.sum(X[:, 5:])


X = np.ascontiguousarray(np.hstack([M, M])[:, :6]) * 0.3


def check(program, make, *seeds):
    derivative = make(program, (0,))
    want = derivative(X, *seeds)
    function, text = looped(derivative, X)
    np.testing.assert_allclose(function(X, *seeds), want, rtol=1e-13)
    return text


def test_rows_that_nobody_else_reads_are_not_kept():
    text = check(padded, tangent, np.cos(X))
    assert all(shape.count(",") == 0 for shape in allocations(text)), text


def test_what_is_returned_is_an_array():
    text = check(kept, tangent, np.cos(X))
    assert sum("n, 6" in shape for shape in allocations(text)) == 1


def test_what_another_row_reads_is_an_array():
    text = check(earlier_row, tangent, np.cos(X))
    assert any(", 6" in shape for shape in allocations(text)), text


def test_the_adjoint_agrees_too():
    check(padded, adjoint)
    check(earlier_row, adjoint)
    check(kept, adjoint, np.sin(X))


def test_a_loop_over_one_column_is_none():
    text = check(columns_of_one, adjoint)
    assert "range(1)" not in text
    assert len(V) == 6
