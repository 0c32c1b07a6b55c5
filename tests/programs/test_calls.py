"""Calls: helpers with branches and loops, recursion, methods, callables, decorators, tables of functions."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np
import pytest

from .check import program, programs, run

V = np.array([0.52, 1.37, 0.91, 1.18])
M = np.array([[0.7, 1.4, 0.9, 1.1], [1.3, 0.6, 0.8, 1.25]])


def soft_step(x):
    if x > 1:
        return 2 * x - 1
    if x < 0:
        return 0.0
    return x * x


@program(0.4, 1.3)
@program(1.4, -0.3)
def a_helper_with_early_returns(x, y):
    return soft_step(x) * y + soft_step(y) + soft_step(x * y) ** 2


def series(x, n):
    term, s = 1.0, 0.0
    for k in range(1, n):
        term = term * x / k
        s = s + term
    return s


@program(0.7, 6)
def a_helper_with_a_loop(x, n):
    return series(x, n) * series(x * x, n - 2) + series(2 * x, 3)


@program(V, 4)
def a_helper_with_a_loop_called_in_a_loop(v, n):
    s = 1.0
    for a in v:
        s = s + series(a * 0.5, n) * s * 0.1
    return s


def root(a):
    x = a
    while abs(x * x - a) > 1e-13:
        x = 0.5 * (x + a / x)
    return x


@program(V)
def a_helper_with_a_while_in_a_comprehension(v):
    return sum(root(a) * a for a in v)


def smooth(u, k):
    for i in range(1, len(u) - 1):
        u[i] += k * (u[i - 1] - 2 * u[i] + u[i + 1])


@program(V, 0.3, 3)
def a_helper_that_writes_into_its_argument(u, k, n):
    for _ in range(n):
        smooth(u, k)
    return np.sum(u**2)


@program(M, 0.3)
def a_helper_that_writes_into_rows(m, k):
    for row in m:
        smooth(row, k)
    smooth(m[:, 1], k)
    return np.sum(m**2)


def extremes(v):
    low = high = v[0]
    for a in v:
        if a < low:
            low = a
        elif a > high:
            high = a
    return low, high


@program(V)
def a_helper_with_two_results(v):
    low, high = extremes(v)
    return (high - low) ** 2 / high


def factorial(n):
    return 1 if n < 2 else n * factorial(n - 1)


def power(x, n):
    if n == 0:
        return 1.0
    if n % 2:
        return x * power(x, n - 1)
    return power(x, n // 2) ** 2


@program(1.1, 5)
@program(1.1, 0)
def recursion_on_an_integer(x, n):
    return power(x, n) * x + power(x * x, 3) / factorial(3)


def halving(x):
    if x < 1:
        return x * x
    return halving(x / 2) * x + 0.5


@program(0.7)
@program(5.3)
def recursion_on_data(x):
    return halving(x) * x


def even(x, n):
    return x if n == 0 else odd(x * x, n - 1)


def odd(x, n):
    return math.sin(x) if n == 0 else even(x + 0.5, n - 1) * x


@program(0.7, 5)
@program(0.7, 4)
def mutual_recursion(x, n):
    return even(x, n) + odd(x, n)


def tree_sum(v):
    if len(v) == 1:
        return v[0] ** 2
    half = len(v) // 2
    return tree_sum(v[:half]) * 0.5 + tree_sum(v[half:]) * v[0]


@program(V)
def recursion_over_halves_of_an_array(v):
    return tree_sum(v)


def fibonacci(x, n):
    return x if n < 2 else fibonacci(x, n - 1) + fibonacci(x * 0.5, n - 2)


@program(0.7, 5)
def recursion_with_two_calls(x, n):
    return fibonacci(x, n) ** 2


def adaptive(f, a, b, whole, depth):
    middle = 0.5 * (a + b)
    left = (middle - a) / 6 * (f(a) + 4 * f(0.5 * (a + middle)) + f(middle))
    right = (b - middle) / 6 * (f(middle) + 4 * f(0.5 * (middle + b)) + f(b))
    if depth == 0 or abs(left + right - whole) < 2e-2:
        return left + right
    return adaptive(f, a, middle, left, depth - 1) + adaptive(f, middle, b, right, depth - 1)


@program(0.3, 2.9)
def recursion_that_is_adaptive(a, b):
    def f(t):
        return math.sin(t * t) * b

    return adaptive(f, a, b, 0.1, 3)


def square(x):
    return x * x


def damped(x, k=0.5):
    return math.exp(-k * x)


TABLE = {"square": square, "damped": damped, "sine": math.sin, "tanh": np.tanh}


@program(0.7, "square")
@program(0.7, "damped")
@program(0.7, "sine")
def functions_from_a_static_dict(x, name):
    return TABLE[name](x) * x + TABLE["tanh"](x)


@program(0.7, 1.3)
@program(1.3, 0.7)
def a_function_chosen_by_data(x, y):
    f = TABLE["square" if x > y else "damped"]
    g = math.sin if x > y else math.cos
    return f(x) * g(y)


STEPS = (square, damped)


@program(0.7, 5)
def a_function_chosen_by_the_loop_index(x, n):
    for i in range(n):
        x = STEPS[i % 2](x) + 0.3
    return x


@program(V)
def functions_from_a_list_in_a_loop(v):
    s = 0.0
    for f in (square, damped, math.cos):
        for a in v:
            s = s + f(a) * a
    return s


@program(0.7, 4)
def a_function_as_argument(x, n):
    def iterate(f, x, n):
        for _ in range(n):
            x = f(x)
        return x

    return iterate(math.sin, x, n) * iterate(damped, x, n) + iterate(lambda t: damped(t, k=x), x, 2)


@dataclass
class Spring:
    k: float
    c: float

    def force(self, x, v):
        if x > 0:
            return -self.k * x - self.c * v
        return -2 * self.k * x - self.c * v

    def run(self, x, n):
        v = 0.0
        for _ in range(n):
            v = v + 0.1 * self.force(x, v)
            x = x + 0.1 * v
        return x

    def __call__(self, x):
        return self.run(x, 3) ** 2


@program(Spring(1.3, 0.2), 0.3, 5)
@program(Spring(1.3, 0.2), -0.3, 5)
def methods_that_call_methods(spring, x, n):
    return spring.run(x, n) * x


@program(Spring(1.3, 0.2), 0.3)
def an_object_that_is_called(spring, x):
    return spring(x) + spring(x * x)


class Layer:
    def __init__(self, w, f=np.tanh):
        self.w, self.f = w, f

    def __call__(self, x):
        return self.f(self.w @ x)


class Chain:
    def __init__(self, *layers):
        self.layers = list(layers)

    def __call__(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


@program(M, V)
def objects_built_and_called(m, v):
    network = Chain(Layer(m), Layer(m.T, np.sin), Layer(m))
    return np.sum(network(v) ** 2)


class Base:
    def step(self, x):
        return x * x

    def run(self, x, n):
        for _ in range(n):
            x = self.step(x)
        return x


class Derived(Base):
    def step(self, x):
        return super().step(x) * 0.5 + 0.3


@program(0.7, 3)
def a_method_that_is_overridden(x, n):
    return Derived().run(x, n) * Base().run(x, 2)


@functools.lru_cache
def weight(n):
    return 1.0 / (1 + n)


@functools.wraps(square)
def wrapped(x):
    return square(x) * 2


@program(0.7, 4)
def a_cached_helper_of_an_integer(x, n):
    s = 0.0
    for k in range(4):
        s = s + weight(k) * x**k
    return s * wrapped(x)


def doubled(f):
    @functools.wraps(f)
    def inner(*args, **kwargs):
        return 2 * f(*args, **kwargs)

    return inner


@doubled
def cube(x, *, shift=0.0):
    return (x + shift) ** 3


@program(0.7)
def a_decorator_that_matters(x):
    return cube(x) + cube(x, shift=x)


@program(0.7)
@doubled
def a_decorated_program(x):
    return x**3 if x > 0 else x


def variadic(*terms, scale=1.0, **named):
    s = 0.0
    for t in terms:
        s = s * 0.5 + t
    for name, value in named.items():
        s = s + value * len(name)
    return s * scale


@program(V, 0.4)
def stars_and_keywords(v, x):
    return variadic(*(v[0], v[3]), scale=x) + variadic(x, x**2, a=x, bb=v[1]) + variadic(*[x] * 3, **{"c": x})


def level_1(x):
    return x * x + 0.1 if x > 0 else x


def level_2(x):
    return level_1(x) * 0.9


def level_3(x):
    y = level_2(x)
    return y if y > 0.2 else level_1(x * 2)


@program(0.7, 3)
@program(0.2, 3)
def helpers_nested_in_helpers(x, n):
    for _ in range(n):
        x = level_3(x) + 0.1 * level_2(x)
    return x


@program(0.7, V)
def one_helper_with_a_scalar_and_an_array(x, v):
    return square(x) * np.sum(square(v)) + np.sum(damped_array(v, x))


def damped_array(v, k):
    if np.ndim(v) == 0:
        return math.exp(-k * v)
    return np.array([damped_array(a, k) for a in v])


def inactive_and_active(x, n, flag=False):
    s = 0
    for k in range(n):
        s += k if flag else 1
    return x * s


@program(0.7, 4)
def a_helper_whose_loop_is_passive(x, n):
    return inactive_and_active(x, n) * inactive_and_active(x, n, flag=True)


@program(0.7)
def a_helper_with_a_result_that_is_not_used(x):
    unused = series(x, 5)
    soft_step(x)
    return x**2


@pytest.mark.parametrize(**programs(globals()))
def test_program(name, k):
    run(globals(), name, k)
