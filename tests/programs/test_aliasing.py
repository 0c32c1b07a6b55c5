"""Aliasing: several names, containers and arguments for one array."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.testing import assert_allclose

from transform import TransformError, grad

from .check import program, programs, run

V = np.array([0.52, 1.37, 0.91, 1.18])
W = np.array([1.1, 0.4, 0.8, 0.7])
M = np.array([[0.7, 1.4, 0.9, 1.1], [1.3, 0.6, 0.8, 1.25], [0.55, 1.05, 1.45, 0.95]])


@dataclass
class State:
    u: np.ndarray
    w: np.ndarray


@program(V, complex_step=True)
def a_second_name(v):
    w = v
    w[0] = v[1] ** 2
    v[1] *= w[0]
    w += v
    return np.sum(v * w)


@program(V, complex_step=True)
def a_second_name_that_is_rebound(v):
    w = v
    w[0] = 0.5
    w = w * 2
    w[1] = v[0]
    v[1] *= w[2]
    return np.sum(v * w)


@program(V, W, 3)
def a_second_name_in_a_loop(v, w, n):
    a = v
    for i in range(n):
        a[i] = a[i + 1] * w[i]
        v[i + 1] += a[i] ** 2
    return np.sum(v * a)


@program(V, complex_step=True)
def one_array_in_two_lists(v):
    xs, ys = [v, v * 2], [v]
    xs[0][1] = ys[0][0] ** 2
    ys[0][2] *= xs[1][0]
    return np.sum(v**2) + np.sum(xs[0] * ys[0])


@program(V, complex_step=True)
def one_array_twice_in_a_tuple(v):
    pair = (v, v)
    pair[0][0] *= 2
    pair[1][0] *= pair[0][1]
    a, b = pair
    a += b
    return np.sum(v**2)


@program(V, W)
def one_array_under_two_keys(v, w):
    table = {"a": v, "b": w}
    table["c"] = table["a"]
    table["c"][1] = w[0]
    table["b"] = table["a"]
    table["b"] *= 2
    return np.sum(v**2 * w) + np.sum(table["a"])


@program(V, W)
def one_array_in_two_attributes(v, w):
    state = State(v, w)
    other = State(v, v)
    state.u[0] = state.w[1] ** 2
    other.w[1] *= other.u[0]
    state.w = state.u
    state.w[2] += 1.0
    return np.sum(v * w) + np.sum(state.w**2)


def accumulate(target, source, factor):
    for i in range(1, len(target)):
        target[i] += factor * source[i - 1] ** 2


@program(V, 0.7)
def the_same_array_passed_twice(v, x):
    accumulate(v, v, x)
    return np.sum(v**2)


@program(V, W, 0.7)
def two_arrays_passed_then_one_twice(v, w, x):
    accumulate(v, w, x)
    accumulate(w, v, x)
    accumulate(w, w, 0.5)
    return np.sum(v * w)


@program(V, 0.7)
def overlapping_views_passed(v, x):
    accumulate(v[1:], v[:-1], x)
    return np.sum(v**2)


def scaled(v, x):
    v *= x
    return v


@program(V, 0.7)
def the_argument_is_returned_by_a_helper(v, x):
    w = scaled(v, x)
    w[0] = v[1]
    v[2] = w[0] * 2
    return np.sum(v * w)


def interior(v):
    return v[1:-1]


@program(V, 0.7)
def a_view_is_returned_by_a_helper(v, x):
    inner = interior(v)
    inner *= x
    inner[0] += v[0]
    v[2] *= inner[0]
    return np.sum(v**2) + inner[1]


@program(M, 0.7)
def a_view_is_the_result(m, x):
    m[1] *= x
    m[0, 1] = m[1, 1]
    return m[:2, 1:]


@program(V, 0.7)
def an_array_and_its_view_are_the_results(v, x):
    v[1] *= x
    return v, v[1:], v[::-1]


@program(V, W, 0.7)
@program(V, W, -0.7)
def a_name_for_one_of_two_arrays_that_is_read(v, w, x):
    a = v if x > 0 else w
    s = np.sum(a**2)
    return s * x + np.sum(v * w * a)


@program(V, W, 0.7)
@program(V, W, -0.7)
def copies_of_one_of_two_arrays(v, w, x):
    a = (v if x > 0 else w).copy()
    a[1] *= x
    v[0] = 2.0 * w[1]
    return np.sum(a**2) + np.sum(v * w)


@program(V, W + 0, 5)
@program(V, W + 0, 4)
def buffers_swapped_by_name(v, w, n):
    current, following = v, w
    for _ in range(n):
        following[1:-1] = current[1:-1] - 0.2 * current[1:-1] * (current[2:] - current[:-2])
        current, following = following, current
    return np.sum(current * W) + np.sum(following**2)


@program(V, 4)
def buffers_swapped_in_a_list(v, n):
    buffers = [v.copy(), np.zeros(4)]
    for _ in range(n):
        old, new = buffers
        new[0] = old[-1]
        new[1:] = old[:-1] ** 2 * 0.5 + old[1:]
        buffers = [new, old]
    return np.sum(buffers[0] * buffers[1])


@program(V, 4)
def two_rows_used_in_turn(v, n):
    rows = np.zeros((2, 4))
    rows[0] = v
    for k in range(n):
        rows[(k + 1) % 2] = rows[k % 2] * v + 0.1 * rows[(k + 1) % 2]
    return np.sum(rows[0] ** 2) + np.sum(rows[1])


@program(V, W)
def the_same_row_object_in_a_list_of_rows(v, w):
    rows = [v] * 2 + [w]
    for row in rows:
        row += w[0]
        row[1] *= 0.5
    return sum(np.sum(row**2) for row in rows)


@program(V)
def plus_is_a_copy_and_plus_equal_is_not(v):
    a = v
    b = v
    a = a + 1
    b += 1
    return np.sum(a * v) + np.sum(b * v)


@program(V)
def an_update_of_a_row_and_a_number(v):
    x = v[0]
    x += 1
    row = v[1:]
    row += 1
    return x**2 * np.sum(v**2)


def test_one_array_as_two_arguments_of_which_one_is_written():
    """The sum of the two adjoints is the derivative along the one array; or the call is refused."""

    def written(a, b):
        for i in range(1, 4):
            a[i] = b[i - 1] * a[i]
        return np.sum(a * b)

    def of_one(v):
        v = v.copy()
        return written(v, v)

    shared = V.copy()
    try:
        a_bar, b_bar = grad(written, (0, 1))(shared, shared)
    except TransformError:
        return
    finally:
        assert_allclose(shared, V)
    h = 1e-5
    expected = [(of_one(V + h * e) - of_one(V - h * e)) / (2 * h) for e in np.eye(4)]
    assert_allclose(a_bar + b_bar, expected, rtol=1e-8)


def test_overlapping_arguments_of_which_one_is_written():
    def written(a, b):
        for i in range(3):
            a[i] = b[i] * a[i]
        return np.sum(a * b)

    def of_one(v):
        v = v.copy()
        return written(v[:3], v[1:])

    shared = V.copy()
    try:
        a_bar, b_bar = grad(written, (0, 1))(shared[:3], shared[1:])
    except TransformError:
        return
    h = 1e-5
    expected = np.array([(of_one(V + h * e) - of_one(V - h * e)) / (2 * h) for e in np.eye(4)])
    assert_allclose(np.append(a_bar, 0) + np.append(0, b_bar), expected, rtol=1e-8)


@program(V, 0.4)
def a_name_rebound_while_its_first_array_is_filled(v, b):
    first = {"u": v}
    first["u"] *= 0.5
    for _ in range(3):
        v = np.clip(first["u"], -0.9, 0.9) * v + 0.2 * v
        if b >= 0:
            first["u"].fill(b * b)
    return np.sum(v**2) + np.sum(first["u"])


@pytest.mark.parametrize(**programs(globals()))
def test_program(name, k):
    run(globals(), name, k)
