"""Containers: lists that grow and shrink, comprehensions, dicts that are built, attributes that are set."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np
import pytest

from tests.frontend.lowering import assert_lowers
from transform import value_and_grad

from .check import check, program, programs, run

V = np.array([0.52, 1.37, 0.91, 1.18])
M = np.array([[0.7, 1.4, 0.9], [1.3, 0.6, 0.8]])
MIXED = np.array([0.5, -1.2, 0.8, -0.3, 1.1])


@program(0.9, 5)
@program(0.9, 0)
def a_list_that_grows(x, n):
    xs = [x]
    for k in range(n):
        xs.append(xs[-1] * x + k)
    return sum(xs) * xs[0]


@program(0.9, 5)
def an_empty_list_that_grows_and_is_summed(x, n):
    xs = []
    for k in range(n):
        x = math.sin(x) + 0.1 * k
        xs.append(x * x)
    return sum(xs) / len(xs)


@program(0.9, 4)
def a_list_that_is_turned_into_an_array(x, n):
    xs = []
    for k in range(1, n):
        xs.append(x**k)
    a = np.array(xs)
    return np.sum(a**2) * a[0] + len(xs)


@program(V, 4)
def a_list_of_arrays_that_is_stacked(v, n):
    rows = [v]
    for _ in range(n):
        rows.append(rows[-1] * v + 0.1)
    a, b = np.stack(rows), np.array(rows)
    return np.sum(a[1:] * b[:-1]) + np.sum(np.stack(rows, axis=1)[0])


@program(V, 3)
def a_list_of_arrays_that_is_joined(v, n):
    parts = []
    for k in range(n):
        parts.append(v * (k + 1))
        v = np.sin(v)
    joined = np.concatenate(parts)
    return np.sum(joined[1:] * joined[:-1]) + np.sum(np.vstack(parts)[0] * np.hstack(parts)[:4])


@program(0.9, 3)
def extend_and_plus_equal(x, n):
    xs = [x]
    for k in range(n):
        xs.extend([x * k, x**2])
        xs += [xs[-1] * xs[0], 1.0]
    return sum(xs) * xs[3]


@program(0.9, 6)
def a_stack_with_pop(x, n):
    stack, s = [x, 2 * x], 0.0
    for k in range(n):
        top = stack.pop()
        s = s + top * x
        stack.append(top * 0.7 + k)
        if k % 2:
            stack.append(s)
    while stack:
        s = s * 0.5 + stack.pop() ** 2
    return s


@program(1.9)
def a_work_list_with_data_dependent_length(x):
    work, s = [x], 0.0
    while work:
        a = work.pop()
        if a > 0.5:
            work.append(a * 0.4)
            work.append(a * 0.6)
        else:
            s = s + a**3
    return s


@program(0.9, 4)
def items_of_a_grown_list_assigned(x, n):
    xs = [x] * n
    for k in range(1, n):
        xs[k] = xs[k - 1] * x + 0.5
        xs[k - 1] *= 2
    xs[-1] += xs[0] ** 2
    return sum(xs) * xs[1]


@program(0.9, 5)
def a_list_of_zeros_filled(x, n):
    ys = [0.0] * (n + 1)
    ys[0] = x
    for k in range(n):
        ys[k + 1] = ys[k] + 0.1 * math.cos(ys[k])
    return ys[n] * ys[2]


@program(0.9, 5)
def a_grown_list_is_iterated(x, n):
    xs = [x * (k + 1) for k in range(n)]
    s = 0.0
    for a in xs:
        s = s + a * a
    for k, a in enumerate(xs):
        s = s + k * a
    for a, b in zip(xs, xs[2:]):
        s = s + a * b
    for a in reversed(xs):
        s = s * 0.5 + a
    return s


@program(0.9, 5)
def a_grown_list_is_sliced_and_measured(x, n):
    xs = []
    for k in range(n):
        xs.append(x + k)
    tail = xs[2:]
    return sum(tail) * tail[0] + xs[len(xs) - 1] * len(tail)


@program([0.9, 0.4, 1.3])
def a_list_argument_is_left_alone(xs):
    xs.append(xs[0] * xs[1])
    xs[0] = xs[-1] ** 2
    first = xs.pop(0)
    xs.insert(0, first * 2)
    return sum(xs) * xs[2]


@program(0.9, 4)
def a_comprehension_over_a_range(x, n):
    ys = [math.sin(x * k) for k in range(n)]
    return sum(ys) * ys[1] + sum([y * y for y in ys])


@program(MIXED)
@program(-MIXED)
def a_comprehension_with_a_condition(v):
    positive = [a**2 for a in v if a > 0]
    return sum(positive) * len(positive) + v[0]


@program(MIXED, 3)
def a_generator_expression_with_a_condition(v, n):
    s = sum(a * a for a in v if a < 0.9)
    return s + sum(v[i] * v[j] for i in range(n) for j in range(i)) * s


@program(M)
def nested_comprehensions(m):
    rows = [[a * a for a in row] for row in m]
    flat = [a for row in m for a in row if a > 0.65]
    return sum(sum(row) ** 2 for row in rows) + sum(flat) * len(flat)


@program(0.9, 4)
def a_comprehension_of_arrays(x, n):
    t = np.arange(3.0)
    basis = np.array([np.cos(x * k * t) for k in range(n)])
    gram = basis @ basis.T
    return np.sum(gram**2)


@program(MIXED)
def max_min_and_any_of_comprehensions(v):
    top = max(a * a for a in v)
    low = min([a + 1 for a in v])
    extra = 2.0 if any(a > 1 for a in v) else 1.0
    more = 1.0 if all(a > -2 for a in v) else 3.0
    return top * low * extra * more


@program(MIXED)
def an_array_from_a_comprehension_with_condition(v):
    chosen = np.array([a * 2 for a in v if a > 0])
    return np.sum(chosen**2) * chosen[-1]


@program(0.9, 4)
def a_list_of_pairs_that_grows(x, n):
    path = [(x, 1.0)]
    for k in range(n):
        a, b = path[-1]
        path.append((a + 0.1 * b, b - 0.1 * a))
    return sum(a * b for a, b in path) + path[2][0]


@program(0.9, 4)
def two_lists_that_grow_together(x, n):
    xs, ys = [x], [x**2]
    for _ in range(n):
        xs.append(0.5 * (xs[-1] + ys[-1]))
        ys.append(math.sqrt(xs[-2] * ys[-1]))
    return sum(a * b for a, b in zip(xs, ys)) + xs[-1]


@program(V)
def lists_of_lists_that_grow(v):
    table = []
    for a in v:
        row = []
        for b in v:
            row.append(a * b**2)
        table.append(row)
    return sum(table[1]) * table[0][2] + np.sum(np.array(table) ** 2)


@program(MIXED)
def a_list_grown_in_a_branch(v):
    up, down = [], []
    for a in v:
        if a > 0:
            up.append(a**2)
        else:
            down.append(a)
    return sum(up) * sum(down) + len(up) * v[0]


@program(V)
def cumulative_sums_in_a_list(v):
    out, s = [], 0.0
    for a in v:
        s += a * a
        out.append(s)
    return np.array(out)


@program(0.7, 0.4)
def a_dict_built_and_updated(x, y):
    table = {}
    table["a"] = x * y
    table["b"] = table["a"] ** 2
    table.update({"c": x, "a": table["a"] + y})
    table["b"] += table["c"]
    table |= {"d": y}
    last = table.pop("d")
    s = table.setdefault("e", x) * table.get("f", 2.0)
    for key, value in table.items():
        s = s + value * len(key)
    return s * last


@program(V)
def a_dict_built_in_a_loop_over_known_keys(v):
    table = {}
    for name, k in (("a", 0), ("b", 2)):
        table[name] = v[k] ** 2
    squares = {name: value * v[1] for name, value in table.items() if name != "c"}
    return squares["a"] * squares["b"] + sum(table.values())


@program(V, 3)
def a_dict_whose_values_are_carried(v, n):
    totals = {"sum": 0.0, "product": 1.0}
    for i in range(n):
        totals["sum"] += v[i]
        totals["product"] *= v[i] + totals["sum"]
    return totals["sum"] * totals["product"]


@program(0.7)
def a_dict_with_numbers_as_keys(x):
    memo = {0: 1.0, 1: x}
    for k in range(2, 6):
        memo[k] = memo[k - 1] * x + memo[k - 2]
    return memo[5] * memo[3]


@program(0.7, 0.4)
def a_defaultdict_and_nested_dicts(x, y):
    table = defaultdict(float)
    table["a"] += x
    table["b"] += x * y
    table["a"] += table["b"]
    nested = {"inner": {"x": x}}
    nested["inner"]["y"] = nested["inner"]["x"] * y
    return table["a"] * nested["inner"]["y"]


@dataclass
class Particle:
    x: float
    v: float
    history: list = field(default_factory=list)

    def step(self, dt):
        self.v = self.v - dt * math.sin(self.x)
        self.x += dt * self.v


@program(Particle(0.7, 0.3), 0.1, 4)
@program(Particle(0.7, 0.3), 0.1, 0)
def attributes_of_an_argument_set_in_a_loop(p, dt, n):
    for _ in range(n):
        p.step(dt)
    return p.x**2 + p.v


@program(0.7, 0.1, 4)
def attributes_of_a_local_object(x, dt, n):
    p = Particle(x, x**2)
    for _ in range(n):
        p.v *= 0.9
        p.x = p.x + dt * p.v
    other = Particle(p.x, 1.0)
    other.v = p.v * other.x
    return other.v * p.x


@program(0.7, 0.1, 4)
def a_list_in_an_attribute(x, dt, n):
    p = Particle(x, 0.5)
    for _ in range(n):
        p.step(dt)
        p.history.append(p.x)
    return sum(p.history) * p.history[0]


class Accumulator:
    def __init__(self, start):
        self.total = start
        self.count = 0

    def add(self, value):
        self.total += value
        self.count += 1
        return self

    @property
    def mean(self):
        return self.total / self.count


@program(V)
def a_plain_object_that_is_updated(v):
    a = Accumulator(0.0)
    for value in v:
        a.add(value**2)
    a.add(1.0).add(v[0])
    return a.mean * a.total


@program(V, 0.5)
def an_array_in_an_attribute(v, x):
    a = Accumulator(v)
    a.total[0] = x
    a.total[1:] *= x
    a.total += 1
    return np.sum(a.total**2) + np.sum(v)


@program((V, 0.5))
def parts_of_a_tuple_argument(pair):
    v, x = pair
    v[0] = x
    v[1:] *= v[0]
    return np.sum(v**2) * pair[1] + pair[0][1]


@program({"w": V, "b": 0.5})
def parts_of_a_dict_argument(parameters):
    parameters["w"] -= 0.1 * parameters["b"]
    parameters["w"][0] *= 2
    parameters["b"] = parameters["b"] ** 2
    return np.sum(parameters["w"] ** 2) * parameters["b"]


@program([M[0], M[1] * 2])
def arrays_in_a_list_argument(arrays):
    for a in arrays:
        a *= arrays[0][1]
    arrays[1] = arrays[0] * arrays[1]
    return np.sum(arrays[1]) + arrays[0][0]


@program(V, 3)
@program(V, 1)
def the_list_of_the_last_iteration(v, n):
    while n:
        xs = []
        for a in v:
            xs.append(a * a * n)
        n -= 1
    return sum(xs)


@program(V, 3)
def the_longest_list_is_the_last(v, n):
    i = 0
    while i < n:
        i += 1
        rows = [v * i]
        for k in range(i):
            rows.append(rows[k] * v)
    return np.sum(np.array(rows))


@program(V, 3)
def a_list_bound_anew_in_an_inner_loop(v, n):
    total = i = 0.0
    while i < n:
        i += 1
        j = 0
        while j < i:
            j += 1
            xs = [v[0] * total + v[1]]
            for a in v:
                xs.append(a * v[1])
        total += 0.1 * sum(xs)
    return sum(xs) * total


@program(V)
def a_slice_of_a_whole_list_is_another_list(v):
    xs = [0.5] * len(v)
    ys = xs[:]
    ys[1] += v[0]
    xs[0] = v[1] ** 2
    return np.array(xs).mean() * sum(ys)


def copies_of_a_list_in_a_loop(v, w):
    xs = list(v)
    for a in w:
        ys = xs[:]
        xs[0] = 1.0 - a
        ys[-1] += xs[0]
    return sum(xs) * sum(ys)


def test_a_copy_of_a_list_is_another_value():
    check(copies_of_a_list_in_a_loop, V, MIXED)
    assert_lowers(copies_of_a_list_in_a_loop, V, MIXED)


@program(V)
def numbers_of_an_array_as_a_list(v):
    return sum(v.tolist())


def test_the_list_of_a_loop_without_iterations():
    with pytest.raises((UnboundLocalError, TypeError)):
        value_and_grad(the_list_of_the_last_iteration)(V, 0)


@program(V)
def a_list_rebound_after_a_break(v):
    values = []
    for u in v:
        values.append(u)
    i = 0
    while True:
        i += 1
        if i > 3:
            break
        for scale in (0.5, 0.25):
            values = [scale * u * u for u in values]
    return sum(values)


@program(V)
def a_list_extended_by_itself(v):
    values = []
    for u in v:
        values.append(u)
    values.extend(values)
    values += values
    return sum(u * u for u in values)


@pytest.mark.parametrize(**programs(globals()))
def test_program(name, k):
    run(globals(), name, k)
