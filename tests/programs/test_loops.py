"""Counted loops: ranges and sequences of every kind, what is carried from one iteration to the next."""

from __future__ import annotations

import math

import numpy as np
import pytest

from .check import program, programs, run

V = np.array([0.52, 1.37, 0.91, 1.18])
W = np.array([1.1, 0.4, 0.8, 0.7])
M = np.array([[0.7, 1.4, 0.9, 1.1], [1.3, 0.6, 0.8, 1.25], [0.55, 1.05, 1.45, 0.95]])


@program(0.1, 9, step=1e-4, rtol=1e-6)
@program(0.3, 1)
@program(0.3, 0)
def walk(x, n):
    s = 0.1 * x
    for i in range(n):
        if x > 0.5:
            x = 3.7 * x * (1 - x)
        else:
            x = math.sin(x) + 0.3
        s = s + x * x
    return s


@program(1.1, 5, complex_step=True)
@program(1.1, 0, complex_step=True)
def powers_by_repeated_products(x, n):
    y = x
    for _ in range(n):
        y = y * x
    return y


@program(0.9, 2, 7)
@program(0.9, 7, 2)
def range_with_start_and_stop(x, start, stop):
    y = x
    for k in range(start, stop):
        y = y + x**k / k
    return y


@program(0.9, 10, 3)
@program(0.9, 9, 3)
@program(0.9, 1, 3)
def range_with_a_step(x, n, step):
    y = x
    for k in range(1, n, step):
        y = y * x + k
    return y


@program(0.9, 6)
@program(0.9, 0)
def range_that_counts_down(x, n):
    y = x
    for k in range(n - 1, -1, -1):
        y = y * x + k
    for k in range(n, 1, -2):
        y = y + x**k
    return y


@program(V)
@program(V[:1])
def range_of_a_length(v):
    s = 0.0
    for i in range(len(v)):
        s = s + v[i] ** 2 * i + v[i]
    return s


@program(1.3, 3.4)
@program(1.3, 0.4)
def range_whose_bound_is_computed_from_floats(x, y):
    n = int(y * 2)
    s = x
    for k in range(n):
        s = s * x + y
    return s


@program(V, M)
def bounds_from_data_in_an_array(v, m, counts=np.array([3, 0, 2])):
    s = 0.0
    for i in range(len(counts)):
        for j in range(counts[i]):
            s = s + m[i, j] * v[j] ** 2
    return s


@program(V)
def lower_triangle(v):
    s = 0.0
    n = len(v)
    for i in range(n):
        for j in range(i):
            s = s + v[i] * v[j] ** 2 * (i - j)
    return s


@program(V)
def upper_triangle(v):
    s = 0.0
    n = v.shape[0]
    for i in range(n):
        for j in range(i + 1, n):
            for k in range(j, n):
                s = s + v[i] * v[j] * v[k]
    return s


@program(0.7, 3)
def counters_that_grow_with_outer_counters(x, n):
    y = x
    for i in range(n):
        for j in range(i, 2 * i + 1):
            for _ in range(j - i + 1):
                y = math.sin(y) + 0.2 * x
    return y


@program(0.7, 3, 0)
@program(0.7, 0, 3)
def inner_or_outer_loops_of_zero_trips(x, n, m):
    y = x
    for i in range(n):
        y = y * x
        for j in range(m):
            y = y + x * j
    return y * y


@program(V, complex_step=True)
def elements_of_a_vector(v):
    s = 1.0
    for a in v:
        s = s * a + a**2
    return s


@program(M)
def rows_and_columns_of_a_matrix(m):
    s = 0.0
    for row in m:
        s = s + np.sum(row**2) * row[0]
    for column in m.T:
        s = s * np.prod(column)
    return s


@program(M)
def elements_of_rows(m):
    s = 0.0
    for row in m:
        for a in row:
            s = s + a * s * 0.1 + a**3
    return s


@program(1.3, 0.7)
def a_tuple_of_numbers_and_values(x, y):
    s = x
    for a in (1.5, x, y, 2):
        s = s * a + y
    for a, b in ((x, y), (y, 2.0), (3, x)):
        s = s + a * b**2
    return s


@program([1.3, 0.7, 0.4])
@program((1.3, 0.7))
def a_sequence_of_floats_as_argument(xs):
    s = 1.0
    for x in xs:
        s = s * x + x**2
    return s / len(xs)


@program(V, 0.3)
def enumerate_with_and_without_start(v, x):
    s = 0.0
    for i, a in enumerate(v):
        s = s + a * x**i
    for i, a in enumerate(v, start=1):
        s = s * a / i
    return s


@program(V, W, [0.3, 0.2, 0.6, 0.1])
def zip_of_arrays_and_a_list(v, w, xs):
    s = 0.0
    for a, b in zip(v, w):
        s = s + a * b**2
    for a, x in zip(v, xs, strict=True):
        s = s + a**2 * x
    return s


@program(V, W)
def zip_that_ends_with_the_shorter(v, w):
    s = 0.0
    for a, b in zip(v[1:], w):
        s = s * a + b
    for a, b, c in zip(v, v[1:], v[2:]):
        s = s + a * b * c
    return s


@program(V, W)
def enumerate_of_zip(v, w):
    s = 0.0
    for i, (a, b) in enumerate(zip(v, w)):
        s = s + i * a * b + v[i] * s * 0.1
    return s


@program(V, 4)
def reversed_of_ranges_and_arrays(v, n):
    s = 0.0
    for i in reversed(range(n)):
        s = s * v[i] + i
    for a in reversed(v):
        s = s * 0.5 + a**2
    for a in v[::-1]:
        s = s * a
    return s


@program({"a": 1.3, "b": 0.7}, 0.4)
def items_keys_and_values_of_a_dict(table, x):
    s = x
    for key, value in table.items():
        s = s * value + (x if key == "a" else 2.0)
    for key in table:
        s = s + table[key] ** 2
    for value in table.values():
        s = s * value
    return s


@program(0.7, 6)
def arange_and_linspace(x, n):
    s = 0.0
    for k in np.arange(n):
        s = s + x**2 * k
    for t in np.linspace(0.0, 1.0, n):
        s = s + math.sin(x * t)
    return s


@program(0.7, 0.9)
def linspace_between_values(x, y):
    s = 0.0
    for t in np.linspace(x, y, 4):
        s = s + t**2 * x
    return s


@program(0.8, 1.1, 5)
@program(0.8, 1.1, 0)
def a_pair_of_carried_values(a, b, n):
    for _ in range(n):
        a, b = b, a * b + 0.1
    return a * b


@program(0.8, 1.1, 6)
def a_carried_tuple(x, v, n):
    state = (x, v)
    for _ in range(n):
        position, velocity = state
        state = (position + 0.1 * velocity, velocity - 0.1 * math.sin(position))
    return state[0] * state[1]


@program(0.8, 1.1, 4)
def a_carried_dict(x, v, n):
    state = {"x": x, "v": v}
    for _ in range(n):
        state["x"] = state["x"] + 0.1 * state["v"]
        state = {"x": state["x"], "v": state["v"] - state["x"] ** 2}
    return state["x"] * state["v"]


@program(V, M[:, :3] / 3, 4)
def a_carried_array(x, A, n):
    y = x[:3]
    for _ in range(n):
        y = np.tanh(A @ y) + x[1:]
    return np.sum(y * y)


@program(V, 5)
@program(V, 4)
@program(V, 0)
def swapped_buffers(v, n):
    u, w = v.copy(), np.zeros_like(v)
    for _ in range(n):
        for i in range(len(v)):
            w[i] = u[i] ** 2 * 0.3 + u[i - 1]
        u, w = w, u
    return np.sum(u * v)


@program(V, W, 4)
def three_arrays_that_rotate(a, b, n):
    c = a * b
    for _ in range(n):
        a, b, c = b, c, a * c * 0.5 + b
    return np.sum(a * b) + np.sum(c)


@program(0.6, 12)
def a_series_by_its_terms(x, n):
    term, total, sign = x, 0.0, 1
    for k in range(1, n):
        total = total + sign * term
        term = term * x * x / ((2 * k) * (2 * k + 1))
        sign = -sign
    return total


@program(V)
def an_integer_counter_on_data(v):
    count, s = 0, 0.0
    for a in v:
        if a > 0.9:
            count += 1
            s += a**2
    return s / count + count * v[0]


@program(V)
@program(V[::-1].copy())
def running_maximum_and_where_it_was(v):
    best, where = v[0], 0
    for i in range(1, len(v)):
        if v[i] > best:
            best, where = v[i], i
    return best**2 * (where + 1)


@program(0.8, 5)
def an_int_that_becomes_a_float(x, n):
    s = 0
    p = 1
    for k in range(n):
        s += p * k
        p *= x
    return s * p


@program(V, 9)
def indices_that_wrap_around(v, n):
    s = 0.0
    j = 1
    for i in range(n):
        s = s + v[i % len(v)] * v[j - 1]
        j = (j * 3) % 4
    return s


@program(0.8, 10, 0.1)
def time_that_is_added_up(x, n, dt):
    t = 0.0
    for _ in range(n):
        x = x + dt * math.cos(t * x)
        t += dt
    return x * t


@program(M)
def all_pairs_but_the_diagonal(m):
    s = 0.0
    n, d = m.shape
    for i in range(n):
        for j in range(n):
            if i != j:
                distance = 0.0
                for k in range(d):
                    distance += (m[i, k] - m[j, k]) ** 2
                s += math.sqrt(distance)
    return s


@pytest.mark.parametrize(**programs(globals()))
def test_program(name, k):
    run(globals(), name, k)
