"""Rows of a matrix that are read by their indices: their adjoints are added up."""

import numpy as np
import pytest

from transform import grad
from transform.runtime import add_rows

RNG = np.random.default_rng(4)
A = RNG.standard_normal((7, 3))


def embedded(A, index, W):
    return np.sum(A[index] * W)


def chosen(index, n):
    """The matrix that takes rows to those with the indices."""
    return np.eye(n)[index]


@pytest.mark.parametrize("count", [0, 1, 5, 199, 200, 1000])
@pytest.mark.parametrize("lowest", [0, -7])
def test_adjoints_of_rows_are_added_up(count, lowest):
    index = RNG.integers(lowest, 7, count)
    W = RNG.standard_normal((count, 3))
    derivative = grad(embedded)
    np.testing.assert_allclose(derivative(A, index, W), chosen(index, 7).T @ W, atol=1e-13)
    if count > 1:
        assert "    add_rows(A_bar, index, " in derivative.source


@pytest.mark.parametrize("columns", [0, 1, 3, 250])
def test_the_sums_are_those_of_numpy(columns):
    index, rows = RNG.integers(0, 9, 230), RNG.standard_normal((230, columns))
    got, want = (np.asfortranarray(np.ones((9, columns))) for _ in range(2))
    add_rows(got[::-1], index, rows)
    np.add.at(want[::-1], index, rows)
    np.testing.assert_array_equal(got, want)


def test_one_row_for_all():
    got = np.zeros((4, 2))
    add_rows(got, np.arange(300) % 4, np.array([[1.0, 2.0]]))
    np.testing.assert_array_equal(got, [[75.0, 150.0]] * 4)


def test_an_index_out_of_bounds():
    with pytest.raises(IndexError):
        add_rows(np.zeros((3, 2)), np.full(300, 3), np.ones((300, 2)))


def test_vectors_and_other_places_are_added_to_by_numpy():
    derivative = grad(lambda x, index: np.sum(x[index] ** 2))
    derivative(A[:, 0], np.array([0, 1, 0]))
    assert "np.add.at(x_bar, index, " in derivative.source
    of_columns = grad(lambda A, index: np.sum(A[:, index] ** 2))
    index = np.array([0, 1, 0])
    np.testing.assert_allclose(of_columns(A, index), 2 * A * [2, 1, 0])
    assert "np.add.at(" in of_columns.source
