"""Searching in arrays: positions, values that differ and counts steer what is computed."""

from __future__ import annotations

import operator

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from transform import TransformError, grad, tangent

from .check import program, programs, run

V = np.array([0.52, 1.37, 0.91, 1.18])
W = np.array([1.1, 0.4, 0.8, 0.7])
M = np.array([[0.7, 1.4, 0.9], [1.3, 0.6, 0.8]])
K = np.array([2, 0, 2, 1])


@program(V)
def nonzero_of_a_condition(v):
    (places,) = np.nonzero(v > 0.6)
    return np.sum(v[places] ** 2 * v[::-1][places])


@program(V, W, complex_step=True)
def positions_and_a_mask_choose_as_many(v, w):
    chosen = v.real > 0.6
    return np.sum(v[np.flatnonzero(chosen)] ** 2 * w[chosen])


@program(V, 0.6)
@program(V, 9.0)
@program(V, 1.3)
def where_with_one_argument(v, limit):
    return np.sum(v[np.where(v > limit)[0]] ** 3)


@program(M)
def rows_and_columns(m):
    rows, columns = np.nonzero(m > 0.75)
    m[rows, columns] *= m[rows, 0]
    return np.sum(m**2)


@program(V, 0.6)
@program(V, 9.0)
def a_loop_over_the_positions_found(v, limit):
    s = 0.0
    for i in np.flatnonzero(v > limit):
        s = s * v[i] + v[i] ** 2
    return s


@program(V)
def nonzero_as_a_method(v):
    places = (v * 1.0).nonzero()[0]
    return np.sum(v[places] ** 2) * len(places)


@program(V, np.array([0.0, 0.6, 1.0, 1.25]))
def a_table_is_searched(v, edges):
    k = np.searchsorted(edges, v) - 1
    left, right = edges[k], edges[(k + 1) % 4]
    return np.sum((v - left) * right)


@program(0.7, V)
def a_number_is_searched_from_the_right(x, v):
    table = np.sort(v)
    k = table.searchsorted(x, side="right")
    return table[k - 1] * (table[k] - x) ** 2


@program(V)
def bins(v):
    falling = np.array([2.0, 1.3, 1.0, 0.5])
    return np.sum(v ** np.digitize(v, [0.6, 1.0]) * np.digitize(v, falling, right=True))


@program(V, K)
def unique_of_integers(v, k):
    names, first, back, counts = np.unique(k, True, True, True)
    return np.sum(v[names] ** counts) + np.sum(v[first] ** 2) * v[back[0]] + len(names) * v[0]


@program(V)
def unique_of_floats(v):
    return np.sum(np.unique(v * v[::-1] + v) ** 2 * np.arange(4.0))


@program(V, K, second=False)
def unique_of_repeated_floats(v, k):
    values, counts = np.unique(v[k], return_counts=True)
    return np.sum(values**2 * counts)


@program(M)
def unique_of_a_matrix(m):
    return np.sum(np.unique(m) ** 2 * np.arange(6.0))


@program(V, K, 4)
@program(V, K, 9)
def counts_of_integers(v, k, n):
    counts = np.bincount(k, minlength=n)
    return np.sum(v * counts[:4]) * counts.max()


@program(V, K, complex_step=False)
def sums_by_group(v, k):
    sums = np.bincount(k, weights=v**2, minlength=len(v))
    means = sums[:3] / np.bincount(k)
    return np.sum(means**2) + np.prod(sums[:3]) + np.sum(sums * v)


@program(V, K, 3)
def sums_by_group_in_a_loop(v, k, n):
    for _ in range(n):
        v = v + 0.2 * np.bincount(k, v * v[::-1])[k]
    return np.sum(v)


@program(V, np.array([True, False, True, True]))
def sums_of_two_groups(v, chosen):
    no, yes = np.bincount(chosen, v)
    return no * yes**2


@program(V, K)
def an_order_of_passive_numbers(v, k):
    order = np.argsort(k, kind="stable")
    return np.sum(v[order] ** 2 * np.arange(4.0))


@program(0.7, 3)
def an_index_by_the_operator_module(x, n):
    return x ** operator.index(n) + operator.index(True) * x


def test_one_specialisation_serves_all_lengths():
    def total(v):
        return np.sum(v[np.nonzero(v > 1)[0]] ** 2)

    df = grad(total)
    for n in (4, 7, 1, 30):
        v = np.linspace(0.5, 1.5, n)
        assert_array_equal(df(v), np.where(v > 1, 2 * v, 0.0))


def test_kinds_of_results():
    def found(v, k):
        return np.unique(v), np.bincount(k, np.float32(v)), np.searchsorted(v, 0.7), np.digitize(v, [1.0])

    given = (np.float32(np.sort(V)), K)
    for got, want in zip(tangent(found)(*given, given[0])[0], found(*given), strict=True):
        assert_array_equal(got, want)
        assert np.asarray(got).dtype == np.asarray(want).dtype


def of_a_number(x):
    return np.sum(np.nonzero(x)[0]) * x


def unique_rows(x):
    return np.sum(np.unique(x * M, axis=0))


def with_a_sorter(x):
    return x * np.searchsorted(V, x, sorter=np.argsort(V))


def counts_of_floats(x):
    return x * np.bincount(x * V).sum()


def complex_weights(x):
    return np.bincount(K, weights=x * (V + 1j)).sum().real


@pytest.mark.parametrize(
    "function",
    [of_a_number, unique_rows, with_a_sorter, counts_of_floats, complex_weights],
    ids=lambda f: f.__name__,
)
def test_refused(function):
    with pytest.raises(TransformError) as caught:
        grad(function)(1.3)
    assert "defect" not in str(caught.value)


@pytest.mark.parametrize(**programs(globals()))
def test_program(name, k):
    run(globals(), name, k)
