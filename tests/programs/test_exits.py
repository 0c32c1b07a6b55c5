"""Ways out of loops: break, continue, else, return; the loop variable after the loop."""

from __future__ import annotations

import numpy as np
import pytest

from transform import grad

from .check import program, programs, run

V = np.array([0.52, 1.37, 0.91, 1.18])
M = np.array([[0.7, 1.4, 0.9, 1.1], [1.3, 0.6, 0.8, 1.25], [0.55, 1.05, 1.45, 0.95]])


@program(0.7, 8)
@program(2.7, 8)
@program(0.1, 8)
def break_on_data(x, n):
    y = x
    for k in range(n):
        y = y * 1.5 + x
        if y > 6:
            break
        y = y + 0.1 * k
    return y**2


@program(np.array([0.5, -1.3, 0.8, -0.2, 1.1]))
def continue_on_data(v):
    s = 1.0
    for a in v:
        if a < 0:
            continue
        s = s * a + a**2
    return s


@program(V, 1.0)
@program(V, 9.0)
def else_of_a_loop_with_break(v, limit):
    s = 0.0
    for a in v:
        if a > limit:
            s = s + a**3
            break
        s = s + a
    else:
        s = s * 2
    return s * limit


@program(V, 1.0)
def bound_before_a_break_only(v, limit):
    for a in v:
        if a > limit:
            found = a
            break
    return found**2


def test_a_name_that_is_not_bound_raises_what_python_raises():
    with pytest.raises(UnboundLocalError, match="found"):
        grad(bound_before_a_break_only)(V, 9.0)


@program(V, 1.0)
@program(V, 9.0)
def return_inside_a_loop(v, limit):
    s = 0.0
    for i in range(len(v)):
        s = s + v[i] ** 2
        if v[i] > limit:
            return s * v[i]
    return s


@program(M, 1.2)
@program(M, 9.0)
@program(M, 0.1)
def return_inside_nested_loops(m, limit):
    s = 0.0
    for i in range(m.shape[0]):
        for j in range(m.shape[1]):
            s = s + m[i, j] ** 2 * (j + 1)
            if m[i, j] > limit:
                return s * i + m[i, j]
        s = s * 0.5
    return s


@program(M)
def break_of_the_inner_loop_only(m):
    s = 0.0
    for row in m:
        for a in row:
            if a > 1.2:
                break
            s = s + a * row[0]
        s = s * 1.5
    return s


@program(M)
def a_flag_that_ends_the_outer_loop(m):
    s = 0.0
    done = False
    for row in m:
        for a in row:
            if a > 1.41:
                done = True
                break
            s = s + a**2
        if done:
            break
        s = s * 2
    return s


@program(np.array([0.5, -1.3, 0.8, 3.2, 1.1]), 5)
@program(np.array([0.5, -1.3, 0.8, 0.2, 1.1]), 5)
def break_continue_and_else_together(v, n):
    s = 1.0
    for i in range(n):
        if v[i] < 0:
            continue
        if v[i] > 2:
            s = s * 7
            break
        s = s * v[i] + i
    else:
        s = s**2
    return s


@program(0.9, 5)
def the_loop_variable_after_the_loop(x, n):
    y = x
    for k in range(1, n):
        y = y * x
    return y * k + x**k


@program(V, 1.0)
def the_element_after_a_break(v, limit):
    for i, a in enumerate(v):
        if a > limit:
            break
    return a**2 * (i + 1) + v[0] * limit


@program(0.9, 0)
@program(0.9, 3)
def a_loop_variable_set_before(x, n):
    k = 7
    for k in range(n):
        x = x * x
    return x * (k + 1)


@program(0.9, 4)
def the_loop_variable_is_changed_inside(x, n):
    y = x
    for k in range(n):
        k = k * 2 + 1
        y = y + x**k
    return y


def first_large(v, limit):
    for k, a in enumerate(v):
        if a > limit:
            return a * a, k
        if a > 2 * limit - 1:
            break
    return 0.5 * limit, 0


@program(V, 0.6)
@program(V, 1.2)
@program(V, 9.0)
def a_loop_left_in_two_ways(v, limit):
    return first_large(v, limit)[0] * first_large(v * v, limit)[0]


def _damped(x, out):
    for p in range(len(out)):
        if p > 1:
            return out
        out[p] = x * out[p]
    return out


@program(V, 0.7)
@program(np.array([0.4, 1.3, -0.6, 0.9, 2.0, -1.1]), 0.7)
def a_view_returned_from_a_loop_or_after_it(v, x):
    every_other = v[::2]
    return _damped(x, every_other).sum() + np.sum(every_other * v[0])


@pytest.mark.parametrize(**programs(globals()))
def test_program(name, k):
    run(globals(), name, k)
