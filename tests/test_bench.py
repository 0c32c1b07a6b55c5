"""What the benchmark compares is right: the adjoints that it has by hand, and the programs that it writes."""

import re
from math import cos, sin

import numpy as np
import pytest

from benchmarks import exemplars as e
from benchmarks import workloads as w
from benchmarks.measure import code_lines
from tests.support.differences import slope

EXEMPLARS = e.exemplars()


def copied(arguments):
    return tuple(each.copy() if isinstance(each, np.ndarray) else each for each in arguments)


def check_adjoint(primal, bars, arguments, argnums, seeds=(1.0,), step=1e-2):
    """The adjoints of the arguments against differences of the primal, along random directions."""
    rng = np.random.default_rng(5)
    for k, bar in zip(argnums, bars, strict=True):
        direction = rng.standard_normal(np.shape(arguments[k]))
        directions = [direction if j == k else None for j in range(len(arguments))]

        def seeded(*moved):
            return np.dot(np.atleast_1d(primal(*copied(moved))), seeds)

        expected = slope(seeded, arguments, directions, step)
        assert np.sum(bar * direction) == pytest.approx(expected, rel=1e-7, abs=1e-9)


@pytest.mark.parametrize(
    ("primal", "by_hand", "arguments", "active"),
    [
        (w.loss, w.loss_by_hand, (1.7,), 1),
        (w.mse, w.mse_by_hand, w.mse_data(30, 4), 1),
        (w.network, w.network_by_hand, w.network_data(40), 3),
    ],
)
def test_adjoints_by_hand(primal, by_hand, arguments, active):
    bars = by_hand(*arguments)
    check_adjoint(primal, bars if active > 1 else (bars,), arguments, range(active))


# Differences along a thousand chaotic steps, or a hundred of an unstable scheme, say nothing.
SHORTER = {e.walk: (0.3, 5), e.burgers: (np.sin(np.arange(9.0)), 5, 0.1)}


@pytest.mark.parametrize("name", EXEMPLARS)
def test_exemplars_by_hand(name):
    exemplar = EXEMPLARS[name]
    arguments = SHORTER.get(exemplar.primal, exemplar.arguments)
    given = copied(arguments)
    bars = exemplar.by_hand(*given, *exemplar.seeds)
    np.testing.assert_equal(given, arguments)
    one = isinstance(exemplar.argnums, int)
    argnums, bars = ((exemplar.argnums,), (bars,)) if one else (exemplar.argnums, bars)
    check_adjoint(exemplar.primal, bars, arguments, argnums, exemplar.seeds, step=1e-3)


def test_a_thousand_chaotic_steps():
    """By the tangent: no point nearby shows the slope of such a path."""
    x, x_dot, s_dot = 0.3, 1.0, 0.0
    for _ in range(1000):
        if x > 0.5:
            x, x_dot = 3.7 * x * (1 - x), 3.7 * (1 - 2 * x) * x_dot
        else:
            x, x_dot = sin(x) + 0.3, cos(x) * x_dot
        s_dot += 2 * x * x_dot
    assert e.walk_by_hand(0.3, 1000) == pytest.approx(s_dot, rel=1e-9)


def test_helpers_nested_and_in_a_row_do_the_same():
    scope = {}
    exec(w.helpers(8), scope)
    assert scope["nested"](0.3) == scope["flat"](0.3)


def test_long_functions_have_the_length_asked_for():
    scope = {}
    text = w.long_function("f", 500)
    exec(text, scope)
    assert text.count(" = ") == 499
    assert np.isfinite(scope["f"](0.7))


def test_functions_with_loops_have_the_size_asked_for():
    scope = {}
    deep, long = w.nested_function("deep", 12), w.looping_function("long", 400)
    exec(deep, scope)
    exec(long, scope)
    assert max(map(len, re.findall("^ *", deep, re.M))) == 4 * 13
    assert code_lines(long) == 403
    assert 0 < scope["deep"](0.7, 2) < 1
    assert 0 < scope["long"](0.7, np.ones(4)) < 3


PRINTED = '''\
import math


def f(x):
    """What it is
    for."""
    # how
    return math.sin(x)  # why
'''


def test_lines_that_hold_code():
    assert code_lines(PRINTED) == 2
