"""Closures: what nested functions see, change and keep."""

from __future__ import annotations

import functools
import math

import numpy as np
import pytest

from .check import program, programs, run

V = np.array([0.52, 1.37, 0.91, 1.18])


@program(0.7, 1.3)
def a_nested_function_with_a_branch(x, y):
    def f(t):
        if t > y:
            return t * x
        return t + y**2

    return f(x) * f(2 * x)


@program(0.7, 4)
def a_nested_function_with_a_loop(x, n):
    def f(t):
        s = x
        for k in range(n):
            s = s * t + k
        return s

    return f(x) + f(0.5)


@program(V)
def nonlocal_in_a_loop(v):
    total, count = 0.0, 0

    def add(a):
        nonlocal total, count
        total = total + a * a
        count += 1

    for a in v:
        add(a)
    return total * count


@program(V)
def nonlocal_in_a_branch(v):
    best = v[0]

    def offer(a):
        nonlocal best
        if a > best:
            best = a

    for i in range(1, len(v)):
        offer(v[i])
    return best**2 * v[0]


@program(0.7)
def nonlocal_two_levels_up(x):
    s = x

    def outer(t):
        def inner(u):
            nonlocal s
            s = s * u + t

        inner(t)
        inner(2 * t)

    outer(x)
    outer(0.5)
    return s


@program(0.7)
def a_counter_made_by_a_factory(x):
    def counter(start):
        state = start

        def step(by):
            nonlocal state
            state = state * by + 0.1
            return state

        return step

    a, b = counter(x), counter(2.0)
    return a(x) + a(2 * x) * b(x) + b(1.5)


@program(0.7)
def closures_made_in_a_loop_see_the_last_value(x):
    functions = []
    for k in range(1, 4):
        factor = x * k

        def f(t):
            return t * factor + k

        functions.append(f)
    return sum(f(x) for f in functions)


@program(0.7)
def closures_made_in_a_loop_that_keep_their_value(x):
    functions = []
    for k in range(1, 4):
        functions.append(lambda t, k=k, factor=x * k: t * factor + k)
        functions.append(functools.partial(lambda a, t: a * t * t, x * k))
    s = 0.0
    for f in functions:
        s = s * 0.5 + f(x)
    return s


@program(0.7, 4)
def a_closure_made_and_called_in_a_counted_loop(x, n):
    y = x
    for k in range(n):

        def step(t):
            return t * y + k

        y = step(x) * 0.5
    return y * x


@program(0.7)
def a_closure_sees_a_later_assignment(x):
    a = x

    def f(t):
        return a * t

    first = f(x)
    a = x**2
    return first + f(3.0)


@program(0.7, 4)
def a_closure_sees_the_variable_of_a_counted_loop(x, n):
    s = x

    def update(k):
        return s * x + k

    for k in range(n):
        s = update(k)
    return s


@program(V, 0.7)
def a_closure_writes_into_an_array(v, x):
    def put(i, value):
        v[i] = value * v[i - 1]

    for i in range(1, 4):
        put(i, x)
    put(0, v[-1])
    return np.sum(v**2)


@program(V, 0.7)
def a_closure_sees_writes_into_an_array(v, x):
    def norm():
        return np.sum(v**2)

    before = norm()
    v[1] *= x
    v[2:] += 0.5
    return norm() * before


@program(0.7, 3)
def a_closure_appends_to_a_list(x, n):
    trace = []

    def step(t):
        trace.append(t * x)
        return math.sin(t)

    y = x
    for _ in range(n):
        y = step(y)
    return sum(trace) * y


@program(0.7, 4)
def a_recursive_nested_function(x, n):
    def horner(k):
        if k == 0:
            return x
        return horner(k - 1) * x + k

    return horner(4) * x


@program(0.7, 1.3)
def composition(x, y):
    def compose(*functions):
        def composed(t):
            for f in functions:
                t = f(t)
            return t

        return composed

    f = compose(math.sin, lambda t: t * y, lambda t: t**2 if t > 0 else t)
    return f(x) + f(y)


@program(0.7, 3)
def a_function_chosen_by_a_condition_on_an_integer(x, n):
    if n > 2:

        def f(t):
            return t * x

    else:

        def f(t):
            return t + x

    return f(x) ** 2


@program(0.7, 1.3)
def a_lambda_with_a_ternary_in_map_and_reduce(x, y):
    clipped = list(map(lambda t: t if t > 1 else t * t, (x, y, x * y)))
    return functools.reduce(lambda a, b: a * b + x, clipped, 1.0)


@program(V, 0.5)
def a_key_function_of_sorted_on_constants(v, x):
    order = sorted(range(4), key=lambda i: -((i * 7) % 4))
    s = x
    for i in order:
        s = s * 0.7 + v[i] ** 2
    return s


@pytest.mark.parametrize(**programs(globals()))
def test_program(name, k):
    run(globals(), name, k)
