"""While loops: trip counts that depend on the data, in floats, ints and arrays."""

from __future__ import annotations

import math

import numpy as np
import pytest

from .check import program, programs, run

V = np.array([0.52, 1.37, 0.91, 1.18])
A = np.array([[0.4, 0.1, 0.0], [0.2, 0.5, 0.1], [0.0, 0.3, 0.3]])


@program(2.6)
@program(0.3)
def square_root_by_newton(a):
    x = a
    while abs(x * x - a) > 1e-12 * a:
        x = 0.5 * (x + a / x)
    return x


@program(0.7, 0.4)
def kepler_by_newton(M, e):
    E, step = M, 1.0
    while abs(step) > 1e-12:
        step = (E - e * math.sin(E) - M) / (1 - e * math.cos(E))
        E = E - step
    return E * math.sin(E)


@program(13.7)
@program(0.4)
def halvings(x):
    s = 0.0
    while x > 1:
        x = x / 2
        s = s + x**2
    return s + x


@program(1.3)
@program(0.3)
@program(11.0)
def while_true_with_break(x):
    s = x
    while True:
        s = s + 0.3 * x
        if s > 3:
            break
        x = x * 1.1
    return s * x


@program(1.3)
@program(0.3)
def while_true_with_return(x):
    n = 0
    while True:
        x = math.sin(x) + 0.4 * x
        n += 1
        if n > 4:
            return x * n


@program(0.7, 0.2)
@program(0.1, 0.2)
@program(1.7, 0.9)
def a_constant_where_the_loop_does_not_return(x, y):
    t = x
    while t > 0.3:
        if y < t - 0.6:
            return x * y
        t = 0.25
    return x * y**2 + t


@program(0.7, 3.0)
@program(0.7, 0.1)
def while_else(x, limit):
    while x < limit:
        x = x * 1.7 + 0.1
        if x > 2.2:
            x = x**2
            break
    else:
        x = x * limit
    return x * x


@program(0.3, 5)
def while_with_continue(x, n):
    s, k = 0.0, 0
    while k < n:
        k += 1
        x = 3.7 * x * (1 - x)
        if x < 0.5:
            continue
        s = s + x**2
    return s


@program(0.8, 6)
@program(0.8, 0)
@program(0.8, -2)
def an_integer_that_counts_down(x, n):
    y = x
    while n > 0:
        y = y * x + n
        n -= 1
    return y


@program(1.02, 13)
@program(1.02, 0)
def power_by_squaring(x, n):
    result = 1.0 * x
    while n:
        if n & 1:
            result = result * x
        x = x * x
        n >>= 1
    return result


@program(1.1, 11)
def collatz(x, n):
    while n != 1:
        if n % 2:
            n = 3 * n + 1
            x = math.sin(x) + 1
        else:
            n //= 2
            x = x * 1.1
    return x


@program(2.6, 20)
@program(2.6, 2)
def two_reasons_to_end(a, most):
    x, n = a, 0
    while abs(x * x - a) > 1e-10 and n < most:
        x = 0.5 * (x + a / x)
        n += 1
    return x * a


@program(1.2, 0.8)
def arithmetic_geometric_mean(a, b):
    while abs(a - b) > 1e-13:
        a, b = (a + b) / 2, math.sqrt(a * b)
    return a


@program(0.45, step=1e-3)
def a_series_until_its_terms_are_small(x):
    term, total, k = 1.0, 0.0, 0
    while abs(term) > 1e-15:
        total = total + term
        k += 1
        term = term * x / k
    return total


@program(0.7, 2.0)
def bisection(low, high):
    a = low * high
    while high - low > 0.05:
        middle = 0.5 * (low + high)
        if middle * middle > a:
            high = middle
        else:
            low = middle
    return low * high


@program(1.0, 2.0, 3.3)
def secant(x0, x1, a):
    f0, f1 = x0**3 - a, x1**3 - a
    while abs(f1) > 1e-12:
        x0, x1 = x1, x1 - f1 * (x1 - x0) / (f1 - f0)
        f0, f1 = f1, x1**3 - a
    return x1


@program(0.5, 2.0, 1.7)
@program(0.1, 2.0, 1.7)
def step_sizes_that_adapt(x, end, rate):
    t, h = 0.0, 0.5
    while t < end:
        step = rate * math.cos(t) * x * h
        if abs(step) > 0.3:
            h = h * 0.5
            continue
        t = t + h
        x = x + step
        h = h * 1.5
    return x * x


@program(A, V[:3])
def a_fixed_point_of_arrays(A, b):
    x = b
    change = 1.0
    while change > 1e-13:
        y = np.tanh(A @ x) + b
        change = np.max(np.abs(y - x))
        x = y
    return np.sum(x**2)


@program(V, 2.5)
@program(V, 99.0)
@program(V, -1.0)
def elements_until_a_sum_is_reached(v, limit):
    i, s = 0, 0.0
    while i < len(v) and s < limit:
        s += v[i] ** 2 + 0.3
        i += 1
    return s * i + v[0] * limit


@program(V)
def a_while_inside_a_for(v):
    s = 0.0
    for a in v:
        while a > 0.3:
            a = a * a * 0.7
            s = s + a
        s = s * 1.1
    return s


@program(7.3, 3)
def a_for_inside_a_while(x, n):
    s = 0.0
    while x > 1:
        for k in range(n):
            s = s + x**2 / (k + 1)
        x = x / n
    return s * x


@program(5.3, 0.7)
def a_while_inside_a_while(x, y):
    s = 0.0
    while x > 1:
        z = x
        while z > y:
            z = z * 0.6
            s = s + z * y
        x = x - z
    return s + x


@program(6.3)
def a_walrus_in_the_condition(x):
    s = 0.0
    while (y := x * 0.5) > 1:
        s = s + y**2
        x = y + 0.1
    return s + x * y


@program(V)
def arrays_written_until_they_settle(v):
    w = v.copy()
    change, sweeps = 1.0, 0
    while change > 1e-2 and sweeps < 50:
        change = 0.0
        for i in range(1, len(w) - 1):
            old = w[i]
            w[i] = 0.5 * (w[i - 1] + w[i + 1]) + 0.1 * v[i] ** 2
            change = max(change, abs(w[i] - old))
        sweeps += 1
    return np.sum(w**2) + sweeps


@program(0.9, 0.2)
@program(0.1, 0.2)
def conditions_that_must_be_recorded(x, y):
    """What decides about another trip is overwritten in the body and not monotone."""
    s = y
    while math.sin(5 * x) > 0 or s < 1:
        x = x * 1.3 + 0.05
        s = s + x * y
    return s * x


@program(0.9)
def a_condition_read_from_a_list(x):
    xs = [x]
    while xs[-1] < 10:
        xs.append(xs[-1] * 1.7)
    return xs[-1] * xs[0] + xs[1]


@program(0.9, 4)
def a_flag_as_condition(x, n):
    running, k = True, 0
    while running:
        x = x + math.sin(x) * 0.3
        k += 1
        running = k < n and x < 5
    return x**2


@program(2, 0.4, np.array([0.3, 0.5, -0.4]))
def a_count_beside_a_parameter_called_n(n, b, v):
    if b < 0.5:
        j = 0
        while j < n:
            j += 1
            v[...] = v * v + b
    return np.sum(v)


@pytest.mark.parametrize(**programs(globals()))
def test_program(name, k):
    run(globals(), name, k)
