"""Arrays changed in place, as NumPy does it: every reference sees each write."""

import numpy as np
import pytest

from tests.frontend.lowering import assert_lowers, lowered
from transform.errors import TransformError

V = np.array([1.5, -2.0, 3.0, 0.5])
M = np.arange(12.0).reshape(3, 4)
Q = np.arange(9.0).reshape(3, 3)


def element(v, i):
    v[i] = 2.0
    v[-1] = v[0]
    return v


def element_of_matrix(m, i, j):
    m[i, j] += 1.5
    m[j, i] -= m[0, 0]
    m[i][j] *= 3
    return m


def slices(v):
    v[1:-1] = v[:-2] + v[2:]
    v[::-2] *= 3
    v[:2] = v[2:]
    return v


def overlapping(v):
    v[1:] = v[:-1]
    v[:-1] += v[1:]
    return v


def mask(v):
    v[v > 1] = 0.0
    v[v < 0] += v[v < 0]
    v[v == 0] = np.arange(2.0)
    return v


def repeated_indices(v):
    v[np.array([0, 0, 2])] += np.array([1.0, 2.0, 3.0])
    v[[1, 1]] = [5.0, 6.0]
    v[[3, 0, 3]] *= 2
    return v


def whole(v, w):
    a = np.empty(4)
    a[:] = v
    b = np.empty_like(a)
    b[...] = w
    b[:] = 2 * b[:]
    a[:] = 7
    return a, b, v


def broadcast(m, v):
    m[:] = v
    m[1:, 0] = 2
    m[:2] += v[:, None][0]
    m[:, 1:3] = v[:2]
    return m


def leading_ones(m):
    m[0, 1:3] = np.ones((1, 2))
    return m


def swaps(v, m):
    v[0], v[1] = v[1], v[0]
    m[[0, 2]] = m[[2, 0]]
    m[0], m[1] = m[1], m[0]
    return v, m


def swap_with_copy(m):
    row = m[0].copy()
    m[0] = m[1]
    m[1] = row
    return m


def swap_with_view(m):
    row = m[0]
    m[0] = m[1]
    m[1] = row
    return m, row


def chained(v, m):
    v[0] = v[1] = m[0, 0] = m[1, 1] + 1
    return v, m


def unpacked(v):
    v[0], (v[1], *rest) = 1.0, (2.0, 3.0)
    (v[2], v[3]) = v[:2]
    return v, rest


def row_views(m):
    row = m[1]
    row[2] = 100.0
    row[1:] *= 2
    row += 1
    part = m[1:][::-1]
    part[0][0] = -1
    part[:, 1] = row[0]
    return m, row, part


def transposes(m):
    t = m.T
    t[1] = 5.0
    t[2, 1:] += t[0, :-1]
    t[:, 0][1:] = 0
    t += 1
    return m, t


def new_axes(v):
    column = v[:, None]
    column[1, 0] = 9.0
    column[2:] += 1
    flat = column[:, 0]
    flat[0] = 0
    np.squeeze(column, axis=1)[3] = -1.0
    return v, column


def flips(m):
    up = np.flipud(m)
    up[0] = 1.0
    m[::-1, ::-1][0, 0] = 2.0
    np.flip(m)[1] *= 2
    return m, up


def other_axes(m):
    t = np.swapaxes(m, 0, 1)
    t[0] = 1
    moved = np.moveaxis(m, 0, 1)
    moved[1] += moved[0]
    left, right = np.split(m, [2], axis=1)
    left[:] = right
    return m


def reshaped(v):
    a = np.zeros(6)
    b = a.reshape(2, 3)
    b[0] = v[:3]
    a[5] = v[3]
    b[1, 1] = a[0]
    c = b.ravel()
    c[3] += 1
    return a, b, c


def reshaped_at_once(v):
    a = np.arange(6.0).reshape(2, 3)
    a[0] = v[:3]
    a[1, 1] += v[3]
    return a


def reshaped_argument(v):
    square = v.reshape(2, 2)
    square[1] = square[0]
    return v, square


def flat_places(m):
    m.flat[1] = 7.0
    m.flat[5:7] = 8.0
    m.flat[[0, 2]] = [1.0, 2.0]
    return m, m.flat[3], m.flat[2:4]


def diagonals(q, v):
    np.fill_diagonal(q, 2.0)
    k = np.arange(3)
    q[k, k] += v[:3]
    a = np.zeros((3, 2))
    np.fill_diagonal(a, v[:2])
    return q, a


def filled(v, m):
    m.fill(3.0)
    m[0].fill(v[1])
    return m


def copies(v):
    a = v.copy()
    b = v[[0, 1]]
    c = v[v > 0]
    d = np.array(v)
    e = v.astype(float)
    f = np.take(v, [0, 1])
    g = v + 0
    v[:] = 0
    return a, b, c, d, e, f, g


def copy_written(v):
    a = np.array(v)
    a[0] = 5.0
    b = v.astype(float)
    b += 1
    row = np.take(np.outer(v, v), 0, axis=0)
    row[0] = 3
    return v, a, b, row


def take_is_a_copy(m):
    row = np.take(m, 1, axis=0)
    row[0] = 3
    m[1, 1] = 8
    return m, row


def aliases(v):
    a = np.asarray(v)
    b = np.atleast_1d(a)
    b[0] = 3.0
    c = a[:]
    c[1] = 4.0
    d = np.real(v)
    d += 1
    return v, a, b, c


def promotion(v):
    a = np.zeros(4, dtype=np.float32)
    a[:] = v
    a[0] = 1
    a += v
    b = np.array([1, 2, 3, 4])
    b[0] = v[0]
    b[1:] = v[1:]
    b[2] += 0.75
    b += 2
    c = np.zeros(4, dtype=complex)
    c[1:] = v[1:]
    c[0] = 1j
    return a, b, c


def bools(v):
    keep = np.ones(4, dtype=bool)
    keep[0] = False
    keep[1:] = v[1:] > 0
    return np.where(keep, v, 0.0)


def old_value(v):
    before = v[0]
    v[0] = 3.0
    after = v[0]
    v[0] = before * after
    return v, before


def old_values_in_one_expression(v):
    return v[0] + bump(v) + v[0]


def bump(v):
    v[0] += 1
    return v[0]


def right_side_writes(v):
    v[0] += bump(v)
    v[1:] += bump(v)
    return v


def helper_fills(v):
    a = np.empty((2, 4))
    for k in range(2):
        fill_row(a[k], v, k)
    return a


def fill_row(row, v, k):
    row[:] = v * k
    row[0] += 1


class Grid:
    def __init__(self, n):
        self.u = np.zeros(n)
        self.parts = [self.u[:2], self.u]

    def set(self, k, value):
        self.u[k] = value
        self.parts[0][1] = value + 1


def attributes(v):
    grid = Grid(4)
    grid.set(0, v[0])
    grid.u += v
    grid.parts[1][3] = 8.0
    return grid.u, grid.parts


def containers(v):
    both = {"a": v, "b": [v, v[1:]]}
    both["a"][0] = 5.0
    both["b"][1][0] += 2.0
    return both, v


def closure(v):
    a = v * 1

    def put(k, value):
        a[k] = value

    put(0, 3.0)
    put(1, a[0])
    return a


def augmented_operators(v):
    v += 1
    v -= v[0]
    v *= 2
    v /= 3
    v **= 2
    v //= 0.5
    v %= 3
    return v


def augmented_matmul(q):
    q @= q.T
    return q


def augmented_name_and_alias(v):
    w = v
    w += 1
    u = w
    u *= 2
    return v, w, u


def in_branches(v, k):
    if v[0] > 0:
        v[k] = 3.0
        w = v[1:]
    else:
        v[:2] = 1.0
        w = v[:-1]
    return v, w[0]


def one_branch_only(v):
    w = v[1:]
    if v[0] > 0:
        w[0] = 5.0
    return v, w


def nested_branches(v):
    if v[0] > 0:
        if v[1] > 0:
            v[0] = 1
        else:
            v += 1
    return v


def early_return(v):
    if v[0] > 0:
        v[1] = 2.0
        return v
    v[2] = 3.0
    return v


def conditional_alias(v):
    a, b = v * 1, v * 2
    c = a if v[0] > 0 else b
    return c + a


def conditional_alias_written(v):
    a, b = v * 1, v * 2
    c = a if v[0] > 0 else b
    c[0] = 3.0
    return c


ONE = [
    slices, overlapping, mask, repeated_indices, new_axes, reshaped, reshaped_at_once, reshaped_argument,
    copies, copy_written, aliases, promotion, bools, old_value, old_values_in_one_expression,
    right_side_writes, helper_fills, attributes, containers, closure, augmented_operators,
    augmented_name_and_alias, unpacked, one_branch_only, nested_branches, early_return, conditional_alias,
    conditional_alias_written,
]  # fmt: skip
MATRIX = [
    leading_ones, swap_with_copy, swap_with_view, row_views, transposes, flips, other_axes, flat_places,
    take_is_a_copy,
]  # fmt: skip
OTHERS = [
    (element, V, 1), (element_of_matrix, Q, 1, 2), (whole, V, -V), (broadcast, M, V), (swaps, V, M),
    (chained, V, M), (diagonals, Q, V), (filled, V, M), (augmented_matmul, Q), (in_branches, V, 2),
    (in_branches, -V, 2), (one_branch_only, -V), (nested_branches, np.abs(V)), (early_return, -V),
    (conditional_alias, -V), (conditional_alias_written, -V),
]  # fmt: skip


@pytest.mark.parametrize("function", ONE, ids=lambda f: f.__name__)
def test_vector(function):
    assert_lowers(function, V)


@pytest.mark.parametrize("function", MATRIX, ids=lambda f: f.__name__)
def test_matrix(function):
    assert_lowers(function, M)


@pytest.mark.parametrize("case", OTHERS, ids=lambda case: case[0].__name__)
def test_others(case):
    assert_lowers(*case)


def test_captured_arrays_stay():
    with pytest.raises(TransformError, match="exists outside"):
        lowered(writes_outside, V)


OUTSIDE = np.zeros(3)


def writes_outside(v):
    OUTSIDE[0] = v[0]
    return OUTSIDE
