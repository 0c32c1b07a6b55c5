"""Loops, and what control does in them: the equations compute what the function computes."""

import math

import numpy as np
import pytest

from transform.emit.ssa import ssa as text_of

from .lowering import assert_lowers, lowered

V = np.array([1.0, 2.0, 3.0, 4.0])


def text(function, *args):
    return text_of(lowered(function, *args).function)


# How loops run.


def ranges(x, n):
    s = 0.0
    for i in reversed(range(1, n)):
        s = s * x + i
    for i in range(n, 0, -2):
        s = s + x * i
    for i in range(n):
        for j in range(i, n):
            s = s + x * i * j
    return s


def items(v, w):
    s = 0.0
    for k, (a, b) in enumerate(zip(v, w, strict=False), start=1):
        s += k * a * b
    for a in reversed(v):
        s = s * 0.5 + a
    for k, c in zip(range(3), [0.1, 0.2, 0.3], strict=False):
        s += c * v[k]
    return s


def last_index(x, n):
    for i in range(n):
        x = x + i
    return x * i


def counter(v):
    k, s = 0, 0.0
    while k < len(v) and v[k] < 3.5:
        s += v[k]
        k += 1
    return s * k


def walrus(x):
    s = 0.0
    while (y := x * x) < 50:
        s += y
        x = x * 1.5
    return s + y


def no_trips(x, n):
    s = 1.0
    for i in range(0):
        s = s * x * i
    for i in range(n - n):
        s = s * x * i
    while x > 100:
        x = x / 2
    return s + x


# How control leaves them.


def jumps(x, n):
    s = 0.0
    for i in range(n):
        if i % 2 == 0:
            continue
        if x * i > 5:
            break
        t = x * i
        s = s + t
    return s, i


def returned(x, n):
    for i in range(n):
        if x > 3:
            if i == 2:
                return x
            x = x - 1
        x = x * 1.2
    return x * 2


def returned_from_two(x, n):
    s = 0.0
    for i in range(n):
        for j in range(i):
            if x * j > 3:
                return s + x
            s = s + x * j
        if s > 10:
            break
        x = x * 1.1
    else:
        s = s * 2
    return s


def sought(v, limit):
    for a in v:
        if a > limit:
            found = a
            break
    else:
        found = 0.0
    return found * 2


def many_exits(x, n):
    s = 0.0
    for i in range(n):
        if x * i > 9:
            continue
        if x * i > 8:
            if s > 20:
                break
            s = s - 1
        if s > 30:
            return s
        s = s + x * i
    return s * x


def always_left(v):
    for a in v:
        return a * 2
    return 0.0


def raises_in_a_loop(x, n):
    for i in range(n):
        if x * i > 100:
            raise ValueError("too large")
        x = x + i
    return x


# What they carry.


def pair(x, n):
    state = (x, 0.0)
    for _ in range(n):
        state = (state[0] * 0.9, state[1] + state[0])
    return state[1]


def swapped(x, n):
    u, v = x * 2, x * 3
    for _ in range(n):
        u, v = v, u * 0.5 + v
    return u - v


def in_a_dict(x, n):
    d = {"a": x, "b": 0.0}
    for _ in range(n):
        d["b"] += d["a"]
        d["a"] = d["a"] * 0.5
    return d["b"]


def in_a_list(x, n):
    xs = [x, 0.0]
    for k in range(n):
        xs[1] = xs[1] + xs[0] * k
    return xs[1]


class Body:
    def __init__(self, x):
        self.x, self.v = x, 0.0

    def step(self, h):
        self.v = self.v - h * self.x
        self.x = self.x + h * self.v


def in_an_object(x, n):
    body = Body(x)
    for _ in range(n):
        body.step(0.1)
    return body.x * body.v


def nonlocal_in_a_loop(x, n):
    c = 0.0

    def bump(y):
        nonlocal c
        c += y
        return c

    for _ in range(n):
        x = x + bump(x) * 0.1
    return c * x


def grown_to_float(x, n):
    s = 0
    for k in range(n):
        s = s + x * k
    return s


def one_before(v):
    s = 0.0
    for i in range(len(v)):
        if i > 0:
            s = s + before * v[i]  # noqa: F821
        before = v[i]
    return s


def none_at_first(v):
    before, s = None, 0.0
    for a in v:
        if before is not None:
            s = s + before * a
        before = a
    return s


def mode_at_first(v, n):
    mode, s = "add", 0.0
    for i in range(n):
        s = s + v[i] if mode == "add" else s - v[i]
        mode = "subtract"
    return s


def chosen_functions(x, y):
    f = math.sin if x > y else math.cos
    g = math.exp if x > 1 else None
    s = 0.0
    for i in range(6):
        s += f(x * i)
    return s + (g(x) if g is not None else y)


# Lists.


def grown(x, n):
    xs = [x]
    for i in range(n):
        xs.append(xs[-1] * 0.5 + i)
    return sum(xs) / len(xs)


def extended(x, n):
    xs = [x]
    for k in range(n):
        xs.extend([x * k, x**2])
        xs += [xs[-1] * xs[0], 1.0]
    return sum(xs) * xs[3]


def grown_in_branches(x, n):
    xs = []
    if x > 1:
        xs.append(x)
    for k in range(n):
        if k % 2:
            xs.append(x * k)
    while len(xs) > 2:
        xs.pop()
    return sum(xs)


def pairs(v):
    found = []
    for k, a in enumerate(v):
        found.append((a, k))
    s = 0.0
    for a, k in found:
        s += a * k
    return s + found[-1][0]


def table(x, n):
    c = [0.0] * n
    for i in range(n):
        c[i] = c[i - 1] + x * i
    return c[1] + c[n - 1] * c[2]


def looked_up(x, n):
    c = (x, 2 * x, 3.0)
    s = 0.0
    for i in range(n):
        for j in range(i):
            s = s + c[i] * c[j]
    return s


def stack(x, n):
    todo, s = [x], 0.0
    while todo and n > 0:
        a = todo.pop()
        if a > 0.3:
            todo.append(a / 2)
            todo.append(a / 3)
        s += a
    return s


def rebound(x, n):
    path = [x]
    for i in range(n):
        path = path + [path[-1] * 0.5 + i]
    return sum(path), path


def sliced(x, n):
    p = [x]
    for i in range(n):
        p.append(x * i)
    q = p[1:]
    for _ in range(n):
        q = [*q[:-1], x] if False else q[:-1] + [x]
    return sum(q) * q[-1]


def split(v, limit):
    low, high = [], []
    for u in v:
        (high if u > limit else low).append(u * 2)
    return sum(low) - sum(high) * 2


def lists_of_arrays(v, n):
    rows = []
    for k in range(n):
        rows.append(v * k)
    return np.array(rows).sum() + np.stack(rows)[1, 0] + np.concatenate(rows)[-1]


# Comprehensions.


def comprehended(v, n):
    chosen = [a * a for a in v if a > 1.5]
    nested = [[v[i] * j for j in range(n)] for i in range(n)]
    return sum(chosen) + sum(sum(row) for row in nested) + len(chosen)


def generated(v):
    top = max(a * 2 for a in v) + min(v[i] for i in range(len(v)))
    if any(a > 3 for a in v) and all(a > 0 for a in v):
        top = top + sum(a * a for a in v if a > 1.5)
    return top + sum(map(lambda a: a**2, v)) + sorted(v)[1]


SCALARS = {
    each.__name__: each
    for each in (
        ranges, last_index, no_trips, jumps, returned, returned_from_two, many_exits, raises_in_a_loop, pair,
        swapped, in_a_dict, in_a_list, in_an_object, nonlocal_in_a_loop, grown_to_float, grown, extended,
        grown_in_branches, table, looked_up, stack, rebound, sliced,
    )
}  # fmt: skip
OTHERS = [
    (items, V, V), (counter, V), (walrus, 1.5), (sought, V, 2.5), (sought, V, 9.0), (always_left, V),
    (one_before, V), (none_at_first, V), (mode_at_first, V, 3), (chosen_functions, 1.5, 0.3),
    (chosen_functions, 0.5, 0.7), (pairs, V), (split, V, 2.5), (lists_of_arrays, V, 3), (comprehended, V, 3),
    (generated, V),
]  # fmt: skip


@pytest.mark.parametrize("x", [1.5, 0.4, 3.2])
@pytest.mark.parametrize("name", SCALARS)
def test_numbers(name, x):
    n = 3 if name in ("looked_up",) else 5
    assert_lowers(SCALARS[name], x, n)


@pytest.mark.parametrize("case", OTHERS, ids=lambda case: case[0].__name__)
def test_arrays(case):
    function, *args = case
    assert_lowers(function, *args)


# What they look like.


def test_a_loop_stays_a_loop():
    assert text(pair, 1.5, 3) == (
        "st = x\n"
        "st_2 = 0.0\n"
        "for _ in range(n):\n"
        "    p = st * 0.9\n"
        "    st_2 = st_2 + st\n"
        "    st = p\n"
        "return st_2\n"
    ).replace("st", "state").replace("restatee", "rest")


def test_a_break_is_a_flag():
    made = text(returned, 1.5, 5)
    assert made.startswith("i = 0\ngoing = True\nwhile")
    assert made.count("going = True") <= 3
    assert made.endswith("return L\n")


def test_a_list_that_grows():
    assert text(grown, 1.5, 4).startswith("xs = []\nxs.append(x)\nfor i in range(n):\n")


def test_a_new_bound_needs_no_new_lowering():
    made = lowered(ranges, 1.5, 3).function
    assert [param.name for param in made.params] == ["x", "n"]


def known(x):
    s = 0.0
    for i in range(10):
        s = s + x * i
    f = 1
    for i in range(1, 6):
        f *= i
    return s * f


def test_what_is_known_is_computed_and_what_repeats_is_kept():
    made = text(known, 1.5)
    assert "for i in range(10):" in made
    assert "120" in made


def weights(x, n):
    w = {f"w{k}": x * k for k in range(4)}
    s = 0.0
    for k in range(n):
        s = s + w[f"w{k}"] if k % 2 else s - x
    return s


def test_a_loop_that_names_things_by_its_index_is_written_out():
    assert_lowers(weights, 1.5, 3)
