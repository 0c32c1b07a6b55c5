"""Tapes as arrays with a place for each trip: the same numbers, and lists where trips cannot be counted."""

import copy
import math

import numpy as np
import pytest

from benchmarks.workloads import FAMILIES
from tests.support.sweeps import looped
from transform import adjoint, grad, verify
from transform.emit import emit
from transform.passes.loops.tapes import indexed

V = np.linspace(0.3, 1.2, 7)
M = np.outer(V, V[:5] + 0.2) + np.eye(7, 5)


def product(x):
    p = 1.0
    for i in range(len(x)):
        p = p * x[i]
    return p


def walked(x, n):
    s = 0.0
    for _ in range(n):
        x = math.sin(x) + 0.3
        s += x * x
    return s


def from_to_by(x, start, stop):
    p = 1.0
    for i in range(start, stop):
        p = p * math.sin(x + i)
    return p


def from_one(x):
    p = 1.0
    for i in range(1, len(x)):
        p = p * math.sin(x[i] + x[i - 1])
    return p


def by_two(x):
    p = 1.0
    for i in range(1, len(x), 2):
        p = p * math.sin(x[i])
    return p


def downwards(x):
    p = 1.0
    for i in range(len(x) - 1, -1, -1):
        p = p * math.sin(x[i])
    return p


def downwards_to(x, start, stop):
    p = 1.0
    for i in range(start, stop, -1):
        p = p * math.sin(x[i])
    return p


def downwards_by_three(x):
    p = 1.0
    for i in range(len(x) - 1, 0, -3):
        p = p * math.sin(x[i])
    return p


def rectangle(A):
    p = 1.0
    for i in range(A.shape[0]):
        for j in range(A.shape[1]):
            p = p * math.sin(A[i, j]) + 1
    return p


def below(A, n):
    p = 1.0
    for i in range(n):
        for j in range(i):
            p = p * math.sin(A[i, j]) + 1
    return p


def below_and_on(A, n):
    p = 1.0
    for i in range(n):
        for j in range(i + 1):
            for k in range(3):
                p = p * math.sin(A[i, j] + k) + 1
    return p


def above(A, n):
    p = 1.0
    for i in range(n):
        for j in range(i + 1, n):
            p = p * math.sin(A[i, j]) + 1
    return p


def above_from_below(A, n):
    p = 1.0
    for i in range(n - 1, -1, -1):
        for j in range(n - 1, i, -1):
            p = p * math.sin(A[i, j]) + 1
    return p


def above_twice(A, n):
    p = 1.0
    for i in range(n):
        for j in range(2 * i + 1):
            p = p * math.sin(A[i, j % n]) + 1
    return p


def in_blocks(x, n):
    p = 1.0
    for b in range(n):
        for i in range(2 * b, 2 * b + 2):
            p = p * math.sin(x[i]) + 1
    return p


def rows(u, n):
    for _ in range(n):
        u[1:-1] = u[1:-1] - 0.1 * u[1:-1] * (u[2:] - u[:-2])
    return np.sum(u * u)


def whole_rows(u, n):
    for _ in range(n):
        u = np.sin(u) * u
    return np.sum(u)


def flags(x, n):
    y = 0.9
    for _ in range(n):
        if x > y:
            x = 0.7 * x
        else:
            x = 1.3 * x
        y = 0.8 * y + 0.3 * x
    return x + y


def numbers(x, places):
    p, k = 1.0, 0
    for i in range(len(places)):
        k = (k + places[i]) % len(x)
        p = p * math.sin(x[k]) + x[k]
    return p


def complex_numbers(z, n):
    for _ in range(n):
        z = z * z * (0.5 + 0.2j) + 0.1
    return abs(z) ** 2


COUNTED = [
    (product, (V,)),
    (product, (V[:0],)),
    (product, (V.astype(np.float32),)),
    *((walked, (0.4, n)) for n in (5, 1, 0, -3)),
    *((from_to_by, (0.4, *ends)) for ends in ((-3, 4), (2, 6), (5, 1), (0, 0))),
    (from_one, (V,)),
    (from_one, (V[:1],)),
    (from_one, (V[:0],)),
    (by_two, (V,)),
    (by_two, (V[:6],)),
    (by_two, (V[:0],)),
    (downwards, (V,)),
    *((downwards_to, (V, *ends)) for ends in ((6, 1), (4, -1), (1, 4))),
    (downwards_by_three, (V,)),
    (downwards_by_three, (V[:5],)),
    (rectangle, (M,)),
    (rectangle, (M[:0],)),
    (rectangle, (M[:, :0],)),
    *((below, (M, n)) for n in (5, 1, 0, -2)),
    *((below_and_on, (M, n)) for n in (5, 1, 0)),
    *((above, (M, n)) for n in (5, 1, 0, -2)),
    *((above_from_below, (M, n)) for n in (5, 1, 0)),
    (above_twice, (M, 5)),
    (in_blocks, (V, 3)),
    (in_blocks, (V, 0)),
    *((rows, (V, n)) for n in (4, 1, 0)),
    (rows, (V[:2], 3)),
    *((whole_rows, (V, n)) for n in (4, 1, 0)),
    (whole_rows, (V[:0], 3)),
    *((flags, (0.5, n)) for n in (6, 0)),
    (numbers, (V, np.array([2, 1, 6, 3, 3]))),
    (complex_numbers, (0.4 + 0.3j, 4)),
]


def until(x):
    k = 0
    while x < 5.0:
        x = x * x + 0.6
        k += 1
    return x * k


def left_early(x, n):
    for k in range(n):
        x = math.sin(x) * 1.1
        if x < 0.5:
            break
        if k == 2:
            continue
        x = x * x
    return x


def returned_early(x, n):
    for _ in range(n):
        x = x * x * 0.9
        if x < 0.1:
            return x * 2
    return x


def on_a_condition(x):
    p = 1.0
    for i in range(len(x)):
        if x[i] > 0.5:
            p = p * math.sin(x[i])
    return p


def nested_squares(x, n):
    for i in range(n):
        for _ in range(i * i):
            x = math.sin(x) + 0.2
    return x


def three_deep(x, n):
    for i in range(n):
        for j in range(i):
            for _ in range(j):
                x = math.sin(x) + 0.2
    return x


def less_than_none(x, n):
    for i in range(n):
        for _ in range(i - 2):
            x = math.sin(x) + 0.2
    return x


def longer_each_time(u, n):
    s = 0.0
    for k in range(n):
        v = np.sin(u[: k + 1])
        s = s + np.sum(v * v) * s + v[0]
    return s


UNCOUNTED = [
    (until, (0.9,)),
    (left_early, (0.9, 6)),
    (left_early, (0.9, 10**15)),
    (returned_early, (0.9, 10)),
    (on_a_condition, (V,)),
    *((nested_squares, (0.4, n)) for n in (4, 0)),
    *((three_deep, (0.4, n)) for n in (5, 0)),
    *((less_than_none, (0.4, n)) for n in (5, 1, 0)),
    (longer_each_time, (V, 4)),
]


def name_of(case):
    return getattr(case, "__name__", None)


def agrees(got, want):
    tolerance = 1e-6 if getattr(want, "dtype", None) == np.float32 else 1e-12
    np.testing.assert_allclose(got, want, rtol=tolerance)


@pytest.mark.filterwarnings("ignore:overflow")
@pytest.mark.parametrize(("function", "arguments"), COUNTED + UNCOUNTED, ids=name_of)
def test_a_tape_gives_back_what_was_recorded(function, arguments):
    derivative = grad(function)
    want = derivative(*copy.deepcopy(arguments))
    emitted = emit(verify.check(indexed(derivative.specialize(*arguments).function)))
    scope = dict(emitted.namespace)
    exec(emitted.definition, scope)
    for run in (scope[emitted.name], looped(derivative, *arguments)[0]):
        agrees(run(*copy.deepcopy(arguments)), want)


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (from_one, (V,)),
        (downwards_by_three, (V,)),
        (below_and_on, (M, 5)),
        (above, (M, -2)),
        (rows, (V, 4)),
        (flags, (0.5, 6)),
        (numbers, (V, np.array([2, 1, 6, 3, 3]))),
        (complex_numbers, (0.4 + 0.3j, 4)),
        (left_early, (0.9, 10**9)),
        (longer_each_time, (V, 4)),
    ],
    ids=name_of,
)
def test_what_is_compiled_gives_back_the_same(function, arguments):
    want = grad(function)(*copy.deepcopy(arguments))
    agrees(grad(function, backend="numba")(*copy.deepcopy(arguments)), want)


@pytest.mark.parametrize(("function", "arguments"), COUNTED, ids=name_of)
def test_no_list_where_the_trips_can_be_counted(function, arguments):
    text = looped(grad(function), *arguments)[1]
    assert "append(" not in text, text


@pytest.mark.parametrize("function, arguments", [(product, (V,)), (walked, (0.4, 5)), (rows, (V, 4))])
def test_the_places_of_a_tape_need_no_check(function, arguments):
    assert "raise" not in looped(grad(function), *arguments)[1]


def test_a_tape_is_as_long_as_what_is_recorded():
    assert "p_tape = np.empty(n)" in looped(grad(product), V)[1]
    assert "p_tape = np.empty((n, m))" in looped(grad(rectangle), M)[1]
    assert "p_tape = np.empty(t * (t - 1) // 2)" in looped(grad(below), M, 5)[1]
    assert "np.bool_" in looped(grad(flags), 0.5, 6)[1]


def test_rows_are_written_where_they_are_computed():
    text = looped(grad(rows), V, 4)[1]
    loop = text[text.index("for k in range(n):") : text.index("# reverse sweep")]
    assert "np.empty" not in loop
    assert loop.count("for i in range") == 2


WORKLOADS = [each for family in FAMILIES.values() for each in family if each.kind in ("grad", "vjp")]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("workload", WORKLOADS, ids=[each.name for each in WORKLOADS])
def test_the_workloads_of_the_benchmark_record_in_arrays(workload):
    arguments = workload.tiny()[: -1 if workload.kind == "vjp" else None]
    text = looped(adjoint(workload.primal, workload.argnums), *arguments)[1]
    assert "_tape = []" not in text
    assert "_tape.append" not in text
