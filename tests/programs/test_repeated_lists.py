"""Lists repeated as often as run time says, and what they become a part of."""

from __future__ import annotations

import pytest

from transform import TransformError, grad

from .check import program, programs, run


@program(0.7, 3)
def a_list_extended_by_a_repeated_one(x, n):
    key = [x]
    key.extend((n - len(key)) * [1.5])
    return x * len(key) + sum(key) * x


@program(0.7, 3)
def a_list_extended_by_what_a_loop_has_made(x, n):
    xs = [x]
    ys = [x * k for k in range(n)]
    xs.extend(ys)
    ys.append(x)
    return sum(xs) * len(ys) * x


@program(0.7, 3)
def places_kept_by_none(x, n):
    places = [x]
    places.extend((n - len(places)) * [None])
    return x ** len(places) + x * len([None] * n) + x * len(places + ["", None] * n)


@program(0.7, 2)
def a_branch_that_extends(x, n):
    xs = [x, x]
    if x > 0:
        xs.extend([x**2] * n)
    return sum(xs) * len(xs)


def inserted(x, n):
    xs = [x]
    xs[0:0] = [1.0] * int(x * n)
    return x * len(xs)


def collected(x, n):
    kept = {1.0}
    kept.update([2.0] * int(x * n))
    return x * len(kept)


def nothing_as_often_as_data_says(x, n):
    return x * len([None] * int(x * n))


@pytest.mark.parametrize("function", [inserted, collected, nothing_as_often_as_data_says])
def test_refused(function):
    with pytest.raises(TransformError, match="run time"):
        grad(function)(0.7, 5)


@pytest.mark.parametrize(**programs(globals()))
def test_program(name, k):
    run(globals(), name, k)
