"""Writes into arrays: elements, slices, masks, repeated indices, out=, methods that work in place."""

from __future__ import annotations

import math

import numpy as np
import pytest

from .check import program, programs, run

V = np.array([0.52, 1.37, 0.91, 1.18, 0.66])
W = np.array([1.1, 0.4, 0.8, 0.7, 1.3])
M = np.array([[0.7, 1.4, 0.9, 1.1], [1.3, 0.6, 0.8, 1.25], [0.55, 1.05, 1.45, 0.95]])
MASK = np.array([True, False, True, True, False])
REPEATED = np.array([0, 2, 2, 1, 2])


@program(V, 0.7, complex_step=True)
def an_element(v, x):
    v[1] = x * v[0]
    v[-1] = v[1] ** 2
    return np.sum(v * v) * x


@program(M, 0.7, 1, 2)
@program(M, 0.7, -1, 0)
def an_element_of_a_matrix_at_variable_places(m, x, i, j):
    m[i, j] = m[j, i] * x
    m[i, j] += m[0, 0]
    return np.sum(m**2) * m[i, j]


@program(V, 3, complex_step=True)
def an_element_overwritten_by_a_constant(v, n):
    s = 0.0
    for i in range(n):
        s = s + v[i] ** 2 * v[i + 1]
        v[i + 1] = 1.5
    return s + np.sum(v**3)


@program(V, 4)
def the_same_element_again_and_again(v, n):
    for i in range(n):
        v[2] = math.sin(v[2]) * v[i] + v[2]
    return v[2] ** 2


@program(V)
def neighbours_in_a_loop(v):
    for i in range(1, len(v)):
        v[i] = v[i] * v[i - 1] + 0.3
    return np.sum(v * v)


@program(V)
def neighbours_from_the_other_end(v):
    for i in range(len(v) - 2, -1, -1):
        v[i] = v[i + 1] ** 2 + v[i]
    return np.sum(v)


@program(V, 3, complex_step=True)
def augmented_elements(v, n):
    for i in range(n):
        v[i] += v[i + 1] ** 2
        v[i + 1] *= v[i]
        v[i] -= 0.3 * v[-1]
        v[i + 2] /= v[i] + 2
    return np.sum(v**2)


@program(V, 3)
def augmented_by_powers_and_remainders(v, n):
    for i in range(n):
        v[i] **= 2
        v[i + 1] **= v[i]
        v[i] %= 0.21
        v[i] //= 7
    return np.sum(v * v)


@program(V, W, complex_step=True)
def a_slice(v, w):
    v[1:-1] = w[2:] * v[:-2]
    v[:2] = w[0]
    return np.sum(v**2 * w)


@program(V * 0.5, 3, complex_step=True)
def overlapping_slices(v, n):
    """NumPy copies where the two sides overlap."""
    for _ in range(n):
        v[1:] = v[:-1] * 0.9
        v[:-1] += v[1:] ** 2
        v[1:-1] *= v[2:] + v[:-2]
    return np.sum(v)


@program(V, W, complex_step=True)
def slices_with_steps(v, w):
    v[::-2] *= w[::-2]
    v[::2] = v[::2] ** 2 + w[0]
    v[-2::-1] += w[1:]
    v[3:0:-2] -= w[:2] * v[0]
    return np.sum(v * v)


@program(V, 1, 4)
@program(V, 4, 1)
@program(V, 0, 99)
def slices_whose_bounds_are_arguments(v, start, stop):
    v[start:stop] = v[start:stop] ** 2
    v[:start] *= 2
    return np.sum(v**2)


@program(M, V[:4], complex_step=True)
def rows_columns_and_everything(m, v):
    m[0] = v * m[1]
    m[:, 1] *= m[:, 0]
    m[1:, ::2] = m[:-1, 1::2] * 0.5
    m[..., 3] = v[:3]
    w = np.zeros_like(v)
    w[:] = v * 2
    w[...] = w * m[2]
    return np.sum(m**2) + np.sum(w * v)


@program(M, V[:4], 0.7, complex_step=True)
def values_that_are_broadcast(m, v, x):
    m[1:] = v
    m[0, :] = x
    m[:, 1:3] += m[:, :1]
    m[:, 0] *= x
    m[-1] -= v**2
    return np.sum(m * m)


@program(V, 0.7)
@program(V, 1.7)
def masks(v, x):
    v[v > 1] = x
    v[v < 0.6] *= 2
    v[MASK] += v[0] * x
    return np.sum(v**2)


@program(V, W)
def masks_of_vectors(v, w):
    small = v < 1
    v[small] = w[small] ** 2
    v[~small] -= w[~small] * v[0]
    m = v > 0.5
    v[m & (w < 1)] *= 1.5
    return np.sum(v * w)


@program(M)
def masks_of_matrices_and_rows(m):
    m[m > 1.2] = 1.2
    m[m[:, 0] > 0.6] *= 2
    m[:, m[0] > 1.5] += m[0, 0]
    return np.sum(m**3)


@program(V, W)
def integer_arrays(v, w):
    v[np.array([3, 0])] = w[:2]
    v[[1, 4]] *= w[2:4]
    v[REPEATED[:2]] -= w[0]
    return np.sum(v**2 * w)


@program(V, W, complex_step=True)
def repeated_indices_keep_the_last_value(v, w):
    v[REPEATED] = w * v
    return np.sum(v**2)


@program(V, W, complex_step=True)
def repeated_indices_are_added_once(v, w):
    """a[k] += b reads before it writes: the last of the repeated values counts."""
    v[REPEATED] += w**2
    v[REPEATED] *= w
    return np.sum(v**2)


@program(V, W)
def np_add_at_adds_every_time(v, w):
    np.add.at(v, REPEATED, w**2)
    np.add.at(v, 0, w[0] * v[1])
    np.subtract.at(v, REPEATED, w)
    return np.sum(v**2)


@program(M, V)
def pairs_of_integer_arrays(m, v):
    i, j = np.array([0, 2, 0]), np.array([1, 3, 1])
    m[i, j] = v[:3]
    m[np.arange(3), np.arange(3)] += v[2:]
    m[1, REPEATED[:4]] *= 2
    np.add.at(m, (i, j), v[:3] ** 2)
    return np.sum(m**2)


@program(M, V)
def the_diagonal(m, v):
    np.fill_diagonal(m, 0.5)
    m[np.diag_indices(3)] += v[:3] ** 2
    return np.sum(m**2)


@program(V, W, complex_step=True)
def arrays_updated_as_a_whole(v, w):
    v += w
    v *= v
    v -= 2 * w[0]
    v /= w
    v **= 2
    return np.sum(v * w)


@program(V, W, 4)
def whole_arrays_in_a_loop(v, w, n):
    for i in range(n):
        v *= w
        w += np.sin(v) * 0.1 * i
    return np.sum(v * w)


@program(V, W)
def out_arguments(v, w):
    t = np.empty_like(v)
    np.multiply(v, w, out=t)
    np.exp(t, out=t)
    np.add(t, v, t)
    u = np.subtract(t, w, out=v)
    return np.sum(t * w) + np.sum(u**2) + np.sum(v)


@program(V, W, 3)
def out_arguments_in_a_loop(v, w, n):
    t = np.zeros(5)
    for _ in range(n):
        np.multiply(v, w, out=t)
        np.sin(t, out=v)
        np.add(v, t, out=w)
    return np.sum(t * v * w)


@program(M, V[:4])
def out_arguments_of_products_and_slices(m, v):
    r = np.zeros(4)
    np.dot(m, v, out=r[:3])
    np.matmul(m.T, r[:3], out=v)
    np.maximum(v, 2.5, out=v)
    np.sum(m, axis=0, out=r)
    return np.sum(r * v)


@program(V)
def clipped_in_place(v):
    np.clip(v, 0.6, 1.2, out=v)
    w = v * 2
    np.sqrt(w, out=w)
    np.copyto(v[:2], w[3:] * v[0])
    return np.sum(v**2 * w)


@program(V, 0.7)
def fill(v, x):
    w = v.copy()
    w.fill(x * v[0])
    v[1:3].fill(2.0)
    return np.sum(w * v**2)


@program(V, W)
def sort_in_place(v, w):
    v.sort()
    u = np.sort(w)
    u[:2].sort()
    return np.sum(v * u * np.array([1, 2, 3, 4, 5]))


@program(M)
def sort_rows_and_columns_in_place(m):
    m.sort()
    s = np.sum(m * np.arange(4))
    m.sort(axis=0)
    m[:, 0].sort()
    return s * np.sum(m[0] ** 2)


@program(V, 0.7)
def the_result_is_the_argument(v, x):
    v[1:] *= x
    v[0] = v[2]
    return v


@program(V, 6)
@program(V, 2)
def empty_filled_in_a_loop(v, n):
    a = np.empty(n)
    a[0], a[1] = v[0], v[1]
    for i in range(2, n):
        a[i] = a[i - 1] * v[2] + a[i - 2] ** 2 * 0.5
    return np.sum(a * a)


@program(V, 3)
def a_matrix_filled_element_by_element(v, n):
    a = np.empty((n, len(v)))
    for i in range(n):
        for j in range(len(v)):
            a[i, j] = v[j] ** (i + 1) * v[i]
    return np.sum(a[1] * a[2]) + a[0, -1]


@program(V, 4)
def rows_filled_from_the_row_before(v, n):
    a = np.zeros((n + 1, 5))
    a[0] = v
    for i in range(n):
        a[i + 1, 1:] = a[i, :-1] * a[i, 1:] + 0.2
        a[i + 1, 0] = np.sum(a[i]) * 0.1
    return np.sum(a[-1] ** 2) + a[2, 2]


@program(V)
def an_old_value_read_after_it_is_overwritten(v):
    first = v[0]
    middle = v[1:4].copy()
    v[0] = v[1] * first
    v[1:4] = 0.5
    return np.sum(v * first) + np.sum(middle**2) * first


@program(V, 4)
def an_old_value_is_carried_along(v, n):
    previous = v[0]
    for i in range(1, n):
        current = v[i]
        v[i] = current * previous + v[i - 1]
        previous = current
    return np.sum(v**2) * previous


@program(V, complex_step=True)
def elements_exchanged(v):
    v[0], v[1] = v[1] * 2, v[0]
    v[[2, 4]] = v[[4, 2]]
    v[1:3], v[3:] = v[3:].copy(), v[1:3] * v[0]
    return np.sum(v * np.array([1.0, 2.0, 3.0, 4.0, 5.0]) ** 2 * v[0])


@program(np.array([1.4, 0.52, 1.18, 0.3, 0.66]))
def bubble_sort(v):
    n = len(v)
    for i in range(n):
        for j in range(n - 1 - i):
            if v[j] > v[j + 1]:
                v[j], v[j + 1] = v[j + 1], v[j]
    return np.sum(v * np.arange(5)) * v[0]


@program(V, 2.2)
@program(V, 99.0)
def stores_in_a_loop_that_breaks(v, limit):
    s = 0.0
    for i in range(len(v)):
        s = s + v[i]
        v[i] = s * v[i]
        if s > limit:
            break
        v[i] += 0.2
    return np.sum(v**2) * limit


@program(V, 3)
def counts_and_flags_beside_active_stores(v, n):
    counts = np.zeros(5, dtype=int)
    seen = np.zeros(5, dtype=bool)
    for k in range(n):
        counts[REPEATED[k]] += 1
        seen[k] = v[k] > 0.9
        v[REPEATED[k]] *= counts[REPEATED[k]] + 1
    return np.sum(v * counts) + np.sum(v[seen] ** 2)


@program(np.array([0.5, -0.3, 0.8]))
def a_float_that_meets_smaller_dtypes(v):
    a = np.zeros(3, dtype=np.float64)
    k = np.array([1, 2, 3])
    a[:] = k
    a[1] = 2
    a *= v
    a[k - 1] += k * v
    a[v < 0] = 1
    return np.sum(a**2)


@program(np.array([1 + 2j, 0.5 - 1j, 0.3j]), 0.7)
def complex_arrays(z, x):
    w = np.zeros(3, dtype=complex)
    for i in range(3):
        w[i] = z[i] * x + w[i - 1] ** 2
    w[1:] *= 1j
    w[0] = x
    return np.sum(np.abs(w) ** 2)


@program(np.zeros((0, 3)), V)
def nothing_to_write(m, v):
    m[:, 1] = 2.0
    m *= v[:3]
    v[3:3] = 7.0
    v[MASK & ~MASK] = 1.0
    return np.sum(m) + np.sum(v**2)


@pytest.mark.parametrize(**programs(globals()))
def test_program(name, k):
    run(globals(), name, k)
