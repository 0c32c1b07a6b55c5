"""Python's syntax, one small program a construct."""

from __future__ import annotations

import functools
import itertools
import math
import operator
from math import cos, sin

import numpy as np
import pytest

from .check import program, programs, run


@program(1.3, 0.7)
@program(-0.3, 0.45)
def chained_assignment(x, y):
    a = b = c = x * y
    a += x
    b *= y
    return a * b + c


@program(1.3, 0.7)
def annotated_assignment(x: float, y: float):
    a: float = x * y
    b: float
    b = a**2
    return b


@program((1.0, 2.0, 3.0, 4.0))
@program([1.0, 2.0, 3.0, 4.0])
def starred_unpacking(x):
    a, *b, c = x
    return a * b[0] + b[1] * c


@program(1.0, 2.0, 3.0)
def nested_unpacking(x, y, z):
    (a, b), *rest = (x, y), z, x
    first, *_ = rest
    return a * b * first


@program(1.3, 0.7)
def swap(x, y):
    x, y = y, x
    x, y = y * x, x
    return x - y**2


@program(1.37)
def walrus(x):
    return (a := x**2) + sin(a) + (b := a * x) * b


@program(1.37)
def walrus_in_a_comprehension(x):
    total = [last := x * k for k in range(3)]
    return sum(total) * last


@program(1.3, 0.7)
def every_operator(x, y):
    return x + y - x * y / (x + 1) + x**y + x % y + x // y


@program(1.3, 0.7)
@program(0.7, 1.3)
def unary_operators(x, y):
    return +x - -y + (not (x > y)) * x


@program(1.3, 0.7)
@program(0.3, 0.7)
def chained_comparison(x, y):
    return (0 < x < y) * x + (x < y <= 1) * y + (x == x != y) * x * y


@program(1.3, 0.7)
@program(-0.3, 0.45)
def and_or(x, y):
    return (x and y) * 2 + (x or y) + (0.0 or x) * (y and 3.0)


@program(1.3, 0.7)
@program(-0.3, 0.45)
def ternary(x, y):
    return (x**2 if x > y else y**3 * x) + (x if x > 0 and y > 0 else y)


@program(0.5)
@program(1.5)
@program(2.5)
@program(-1.0)
def chain_of_ternaries(x):
    return x if x < 0 else x**2 if x < 1 else x**3 if x < 2 else x**4


@program(np.array([1.0, 2.0]))
@program(np.array([-1.0, 2.0]))
def ternary_of_arrays(x):
    return np.sum(x**2) if x[0] > 0 else np.sum(x**3)


@program(1.2)
def texts(x):
    """A docstring."""
    message = f"{x:.3f} and {x!r} {x}" + "%s" % "done"
    assert x > -100, f"bad {x} {message}"
    return x * len("a" + "b".upper())


@program(1.3, 0.7)
def lists_and_dicts(x, y):
    items = [x, y]
    items.append(x * y)
    items += [x + y]
    items.extend((x, 2.0))
    table = {"a": x, "b": [y, x]}
    table["c"] = x * y
    return sum(items) * table["c"] + table["b"][0] * table.get("z", 3.0) + len(items)


@program(1.1)
def comprehensions(x):
    matrix = [[x * i + j for j in range(3)] for i in range(3) if i != 1]
    table = {k: v * 2 for k, v in zip("ab", (x, x**2), strict=True)}
    rows = sum(sum(row) ** 2 for row in matrix)
    return rows + table["a"] * table["b"] + sum(v ** (i + 1) for i, v in enumerate([x, x * 2]))


@program(1.37)
def powers(x):
    return x**0 + x**1 + x**2 + x**-1 + x**0.5 + 2**x + x**3.0 + pow(x, 2) + pow(2.0, x)


@program(1.37)
def numbers(x):
    return 0.1e1 * x + 1_000 * x + 0xFF * x - (-2) ** 2 * x - -2.5 * x + (-x) ** 2 - x**-2 + 2**-x - 2**2 * x


@program(1.3, 0.7)
def builtin_functions(x, y):
    extremes = max(x, y) * min(x, y) + max([x, y, 0.0]) + min((x, y))
    return abs(x) + extremes + float(x) * y + sum([x, y]) + int(x) * y + round(x) * y + bool(x) * y


@program(1.3, 0.7)
def extremes_by_key(x, y):
    first = min((x, 1), (y, 0), key=lambda pair: pair[1])[0]
    return first * x + max([1, -3], key=abs) * y + max([], default=2.0, key=abs) * x


@program(1.37, rtol=1e-6)
def math_functions(x):
    a = math.sin(x) * cos(x) + math.exp(-x) + math.log(x) + math.sqrt(x) + math.erf(x) + math.tanh(x)
    b = math.atan2(x, 2.0) + math.hypot(x, 3) + math.pow(x, 3) + math.fabs(x) + math.log(x, 10) + math.log2(x)
    c = math.gamma(x) + math.lgamma(x) + math.degrees(x) + math.fmod(x, 0.7) + math.cbrt(x) + math.exp2(x)
    d = math.dist([x, 2.0], [0.0, x * x]) + math.fsum([x, x * x]) + math.prod([x, x, 2.0])
    return a + b + c + d


@program(1.3, 0.7)
def nested_functions(x, y):
    def g(a, b=2.0, *, c=3.0):
        return a * b + c * y

    def h(t):
        return g(t, c=t) ** 2

    return h(x) + g(y) + (lambda v, k=2: v**k)(x)


@program(1.2)
def nonlocal_state(x):
    total = 0.0

    def add(v):
        nonlocal total
        total += v

    add(x)
    add(x * x)
    return total * x


@program(1.2)
def closures_in_a_loop(x):
    late = [lambda v: v**k for k in range(1, 4)]
    early = [lambda v, k=k: v**k for k in range(1, 4)]
    return sum(f(x) for f in late) + sum(f(x) for f in early)


@program(1.2)
def functions_of_functions(x):
    def compose(f, g):
        return lambda v: f(g(v))

    total = sum(map(operator.neg, [x, 2 * x])) + functools.reduce(operator.mul, [x, x, x])
    pairs = sum(a * b for a, b in itertools.product([x, 2.0], [x * x]))
    return compose(sin, lambda v: v * v)(x) + total + pairs + functools.partial(pow, x)(3)


@program(1.0, 2.0)
def arguments_by_star(x, y):
    def f(a, b, c=1.0, *rest, k=2.0, **more):
        return a * b**2 + c * k + sum(rest) * len(more)

    args, named = (x, y), {"c": x}
    return f(*args, **named) + f(*[x], b=y) + f(y, *(x,), **named, z=1) + f(x, y, x, y, y, k=y, z=0)


@program(1.3, 0.7)
def augmented_assignment(x, y):
    x += y
    x -= 2 * y
    x *= y
    x /= 3 + y
    x **= 2
    y %= 0.4
    return x * y


@program(np.array([1.0, 2.0, 3.0]))
def augmented_assignment_of_an_alias(x):
    y = x
    y += 1
    return np.sum(x * y)


@program(1.2)
def statements_that_are_decided(x, n=3, mode="a", option=None):
    weight = 1.0 if option is None else option
    if n > 2 and mode in {"a", "b"}:
        y = x**2
    else:
        y = x
    for k in range(n):
        y = y * x + k * weight
    if isinstance(x, float):
        return y
    return None


@program(1.3, 0.7)
def several_results(x, y):
    return x * y, (x + y, [x**2, {"k": y}])


@program(1.2)
def slices_of_tuples(x):
    t = (x, x * 2, x * 3, 4.0)
    return sum(t[1:3]) + t[-1] * sum(t[::-1][:2]) + t[slice(0, 2)][1]


@program(1.3, 0.7)
def complex_numbers(x, y):
    z = complex(x, 2.0) * 1j + y
    return abs(z) ** 2 + z.real * z.imag + z.conjugate().imag


@pytest.mark.parametrize(**programs(globals()))
def test_program(name, k):
    run(globals(), name, k)
