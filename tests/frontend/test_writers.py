"""NumPy's functions that write to an argument: `out=`, `np.copyto`, `np.put`, `np.add.at`."""

import numpy as np
import pytest

from tests.frontend.lowering import assert_lowers

V = np.array([1.5, -2.0, 3.0, 0.5])
M = np.arange(12.0).reshape(3, 4)


def out_of_ufunc(v, w):
    a = np.empty(4)
    b = np.add(v, w, out=a)
    np.multiply(a, 2.0, a)
    np.sin(v, out=a[1:] if False else a)
    np.exp(w[:2], out=b[:2])
    return a, b


def out_of_function(m, v):
    r = np.zeros(4)
    np.sum(m, axis=0, out=r)
    c = np.zeros(3)
    np.dot(m, v, out=c)
    np.clip(r, 1.0, 15.0, out=r)
    return r, c


def out_broadcast(v):
    a = np.zeros((2, 4))
    np.add(v, 1.0, out=a)
    return a


def out_where(v, w):
    a = np.divide(w, v, out=np.zeros(4), where=v > 0)
    np.log(v, out=a, where=v > 1)
    return a


def copied_to(v, w, m):
    np.copyto(v, w)
    np.copyto(m, v)
    np.copyto(w, 0.0, where=w < 0)
    np.copyto(v, w * 2, where=v > 0)
    return v, w, m


def put(v):
    np.put(v, [0, 2], [5.0, 6.0])
    np.putmask(v, v > 5, 1.0)
    np.place(v, v < 0, [7.0])
    return v


def unbuffered(v):
    np.add.at(v, [0, 0, 1], [1.0, 2.0, 3.0])
    np.subtract.at(v, np.array([2, 2]), 1.0)
    np.multiply.at(v, [1, 3], 2.0)
    np.add.at(v[1:], [0, 0], 1.0)
    return v


def sorted_in_place(v):
    w = v * 1.0
    w[1:].sort()
    first = w[1]
    w[::-1].sort()
    w.sort()
    return w, first, v


def sorted_along_axes(m):
    m.sort(axis=0)
    m[0].sort()
    m.T[1].sort()
    return m


def unbuffered_in_a_view(m):
    a = np.zeros((3, 4))
    np.add.at(a, (np.array([0, 0, 1]), np.array([1, 1, 2])), m[0, :3])
    np.add.at(a.T, 0, m[1, :3])
    np.subtract.at(a[1], [0, 0, 2], m[2, 1])
    return a


def diagonals_filled(m, v):
    np.fill_diagonal(m, v[0])
    np.fill_diagonal(m[:, 1:], v[:3])
    return m


WRITERS = [
    (out_of_ufunc, V, -V), (out_of_function, M, V), (out_broadcast, V), (out_where, V, -V),
    (copied_to, V, -V, M), (put, V), (unbuffered, V), (sorted_in_place, V),
    (sorted_along_axes, -M), (unbuffered_in_a_view, M), (diagonals_filled, M, V),
]  # fmt: skip


@pytest.mark.parametrize("case", WRITERS, ids=lambda case: case[0].__name__)
def test_functions_that_write(case):
    assert_lowers(*case)
