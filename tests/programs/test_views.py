"""Views: writes through rows, slices and transposes reach the array, reads through views see later writes."""

from __future__ import annotations

import numpy as np
import pytest

from .check import program, programs, run

V = np.array([0.52, 1.37, 0.91, 1.18, 0.66, 0.84])
M = np.array([[0.7, 1.4, 0.9, 1.1], [1.3, 0.6, 0.8, 1.25], [0.55, 1.05, 1.45, 0.95]])
T = np.stack([M, M[::-1] * 1.1])


@program(M, V, complex_step=True)
def writes_through_a_row(m, v):
    row = m[1]
    row[0] = v[0]
    row[1:3] *= v[1:3]
    row += 0.5
    return np.sum(m**2)


@program(M, V, complex_step=True)
def writes_through_rows_of_a_loop(m, v):
    for row in m:
        row[0] = row[1] * v[0]
        row *= v[:4]
    return np.sum(m**2)


@program(M, 3)
def writes_through_a_row_chosen_in_a_loop(m, n):
    for i in range(1, n):
        row, above = m[i], m[i - 1]
        for j in range(1, 4):
            row[j] = row[j - 1] * above[j] + row[j]
    return np.sum(m * m)


@program(V, complex_step=True)
def writes_through_a_slice(v):
    inner = v[1:-1]
    inner[0] = v[0] ** 2
    inner[1:] *= inner[:-1]
    inner -= v[0]
    return np.sum(v**2)


@program(V, 4)
def writes_through_a_slice_in_a_loop(v, n):
    left, inner, right = v[:-2], v[1:-1], v[2:]
    for _ in range(n):
        inner[:] = inner - 0.2 * inner * (right - left)
    return np.sum(v**2)


@program(V, complex_step=True)
def writes_through_a_reversed_view(v):
    backwards = v[::-1]
    backwards[0] = v[0] * v[1]
    backwards[::2] += v[:3] ** 2
    backwards[1:] *= 0.5
    return np.sum(v * np.arange(6))


@program(M, complex_step=True)
def writes_through_a_transpose(m):
    t = m.T
    t[0, 1] = m[2, 2] ** 2
    t[1] *= m[:, 0]
    t[2:, 0] += t[:2, 1]
    return np.sum(m**2)


@program(M, V)
def writes_through_a_reshape_of_a_contiguous_array(m, v):
    m = m.copy()
    flat = m.reshape(-1)
    flat[2] = v[0]
    flat[4:8] *= v[:4]
    w = np.zeros(6)
    w.reshape(2, 3)[1] = v[:3] ** 2
    pairs = w.reshape((3, 2))
    pairs[:, 0] += v[3:]
    return np.sum(m**2) + np.sum(w**2 * v)


@program(M, V)
def writes_through_ravel_of_a_contiguous_array(m, v):
    a = np.zeros((3, 4))
    a[:] = m
    flat = a.ravel()
    flat[3:7] = v[:4] ** 2
    return np.sum(a * m)


@program(M)
def flatten_is_a_copy(m):
    flat = m.flatten()
    flat[2] = m[0, 0] ** 2
    flat[4:8] *= 2
    m[0, 2] *= 3
    return np.sum(m**2) + np.sum(flat**2)


@program(V, complex_step=True)
def reads_through_a_view_see_later_writes(v):
    tail = v[3:]
    before = np.sum(tail**2)
    v[4] = v[0] * v[1]
    v[3:5] *= 2
    return np.sum(tail**3) * before


@program(V, complex_step=True)
def a_copy_does_not_see_later_writes(v):
    tail = v[3:].copy()
    inner = np.array(v[1:-1])
    v[2:5] = 0.3 * v[0]
    inner[0] *= v[0]
    return np.sum(tail**2) + np.sum(inner**3) + np.sum(v**2)


@program(V, complex_step=True)
def views_of_views(v):
    a = v[1:]
    b = a[::2]
    c = b[1:]
    c[0] = v[0] * b[0]
    b *= 2
    a[1] = c[0] ** 2
    return np.sum(v**2)


@program(M, complex_step=True)
def a_row_of_a_transpose_of_a_slice(m):
    a = m[1:].T
    row = a[1]
    row[0] = m[0, 0] ** 2
    a[2][1] *= row[0]
    m[1:].T[3] = m[0, :2]
    return np.sum(m**2)


@program(T)
def views_of_three_axes(t):
    page = t[1]
    page[0] *= page[1]
    t[0, :, 1] = page[:, 0]
    t.transpose(2, 0, 1)[0, 0] += 0.5
    t.swapaxes(0, 2)[3, 1, 0] = t[0, 0, 0] ** 2
    return np.sum(t**2)


@program(M)
def writes_through_a_new_axis_and_squeeze(m):
    a = m[0][None, :]
    a[0, 1] = m[1, 1] ** 2
    b = np.squeeze(m[1:2], axis=0)
    b[2:] *= 2
    m[:, None, 0][2] = m[0, 1]
    return np.sum(m**2)


@program(M)
def writes_through_the_diagonal_view_of_flat_indices(m):
    m = m + 0.5
    m.reshape(-1)[::5] *= 2
    m.reshape(-1)[1:6] += m[2, 0]
    return np.sum(m**2)


@program(V, 1)
@program(V, 3)
def views_that_start_at_a_variable(v, k):
    a = v[k:]
    b = a[1:]
    b[0] = a[0] * v[0]
    k = 0
    a[k] *= 2
    return np.sum(v**2)


@program(M, 0.7)
@program(M, -0.7)
def a_view_written_in_a_branch(m, x):
    row = m[0]
    if x > 0:
        row[1] = x * row[0]
    else:
        row *= x
    return np.sum(m**2) * x


@program(M, 0.7)
@program(M, -0.7)
def one_of_two_rows_of_one_array(m, x):
    """Which row is written depends on the data, as an index does."""
    k = 0 if x > 0 else 2
    row = m[k]
    row[1] = x * row[0]
    m[k, 2] *= row[1]
    return np.sum(m**2)


@program(V)
def atleast_and_asarray_make_no_copy(v):
    a = np.asarray(v)
    b = np.atleast_1d(a)
    b[0] = v[1] ** 2
    c = np.asanyarray(b)
    c *= 2
    return np.sum(v * np.arange(6))


@program(M, V)
def rows_unpacked(m, v):
    first, second, third = m
    first[1] = second[0] * v[0]
    third += first
    return np.sum(m**2) + np.sum(second * third)


@program(M, V)
def split_parts_are_views(m, v):
    left, right = np.split(m, [2], axis=1)
    left[0] = right[1] * v[0]
    right *= 2
    return np.sum(m**2)


@program(M)
def a_view_survives_rebinding_of_the_array(m):
    row = m[0]
    m = m * 2
    row[1] = 0.5 * row[0]
    m[1] *= row
    return np.sum(m**2) + np.sum(row**3)


@program(M, 3)
def windows_in_a_loop(m, n):
    for k in range(n):
        window = m[:, k : k + 2]
        window *= window[:, ::-1]
        window[0, 0] += 0.1
    return np.sum(m**2)


@program(np.array([[-1.9, 0.4, 0.3], [0.35, 1.6, 0.2], [0.1, 0.45, 2.2]]))
@program(np.array([[1.9, 0.4, 0.3], [0.35, 1.6, 0.2], [0.1, 0.45, 2.2]]))
def a_transpose_written_to_in_a_branch_that_computes_again(a):
    shears = np.linalg.cholesky(a @ a.T).T
    rotation = a @ np.linalg.inv(shears)
    if np.linalg.det(rotation) < 0:
        shears[0] *= -1
        rotation = a @ np.linalg.inv(shears)
    return rotation * 2


@pytest.mark.parametrize(**programs(globals()))
def test_program(name, k):
    run(globals(), name, k)
