"""What the benchmark compares is right: the adjoints that it has by hand, and the programs that it writes."""

import json
import re
from dataclasses import replace
from math import cos, sin
from types import FunctionType

import numpy as np
import pytest
from rich.console import Console

from benchmarks import exemplars as e
from benchmarks import programs, report
from benchmarks.contestants import DERIVATIVES, Absent, disagreement
from benchmarks.measure import code_lines, interleave
from benchmarks.runner import Entry, Outcome, measured
from benchmarks.workload import copied, leaves
from benchmarks.workloads import FAMILIES
from tests.support.differences import mixed, slope
from transform.errors import TransformError

EXEMPLARS = e.exemplars()
SLOW_TO_COMPILE = "[23]-D stencil, nonlinear|3-D stencil|LSTM"
WORKLOADS = {each.name: each for workloads in FAMILIES.values() for each in workloads}


def check_adjoint(primal, bars, arguments, argnums, seeds=(1.0,), step=1e-2):
    """The adjoints of the arguments against differences of the primal, along random directions."""
    for k, bar in zip(argnums, bars, strict=True):
        direction, directions = directed(arguments, k)

        def seeded(*moved):
            return np.dot(np.ravel(primal(*copied(moved))), seeds)

        expected = slope(seeded, arguments, directions, step)
        assert np.sum(bar * direction) == pytest.approx(expected, rel=1e-7, abs=1e-9)


def directed(arguments, k):
    """A direction for argument k, and directions for all of them."""
    direction = np.random.default_rng(5).standard_normal(np.shape(arguments[k]))
    return direction, [direction if j == k else None for j in range(len(arguments))]


def actives(workload):
    return (workload.argnums,) if isinstance(workload.argnums, int) else workload.argnums


@pytest.mark.parametrize("name", WORKLOADS)
def test_derivatives_by_hand(name):
    workload = WORKLOADS[name]
    arguments, argnums = workload.tiny(), actives(workload)
    point, given = workload.point(arguments), copied(arguments)
    result = workload.by_hand(*given)
    np.testing.assert_equal(given, arguments, "the derivative writes into its arguments")
    if workload.kind == "jacobian":
        for k, row in enumerate(result):
            unit = np.eye(len(result))[k]
            check_adjoint(workload.primal, row, point, argnums, unit)
        return
    bars = result if isinstance(result, tuple) else (result,)
    if workload.kind == "hvp":
        ((k, product),) = zip(argnums, bars, strict=True)
        direction, directions = directed(point, k)
        vectors = [arguments[-1] if j == k else None for j in range(len(point))]
        expected = mixed(workload.primal, point, vectors, directions)
        assert np.sum(product * direction) == pytest.approx(expected, rel=1e-6)
        return
    seeds = np.ravel(arguments[-1]) if workload.kind == "vjp" else (1.0,)
    check_adjoint(workload.primal, bars, point, argnums, seeds, step=1e-3)


def interpreted(function):
    """What Numba would compile, and what that calls, as Python runs it."""
    function = getattr(function, "py_func", function)
    scope = {
        name: interpreted(value) if hasattr(value, "py_func") else value
        for name, value in function.__globals__.items()
        if value is not function and name in function.__code__.co_names
    }
    return FunctionType(function.__code__, {"__builtins__": __builtins__, **scope}, function.__name__)


@pytest.mark.parametrize("name", WORKLOADS)
def test_primals_for_numba(name):
    workload = WORKLOADS[name]
    point = workload.point(workload.tiny())
    loops = interpreted(workload.loops)
    assert disagreement(loops(*copied(point)), workload.primal(*copied(point))) < 1e-12


@pytest.mark.parametrize("contestant", [name for name in DERIVATIVES if name != "by hand, NumPy"])
@pytest.mark.parametrize("name", WORKLOADS)
def test_contestants(name, contestant):
    workload = WORKLOADS[name]
    arguments = workload.tiny()
    slow = re.search(SLOW_TO_COMPILE, name)
    if slow and contestant == "transform numba":
        pytest.skip("Numba takes too long over its array statements; make bench compares it")
    try:
        if slow and contestant == "by hand, Numba":
            result = interpreted(workload.by_hand_loops)(*arguments)
        else:
            result = DERIVATIVES[contestant](workload, copied(arguments))()
    except Absent as reason:
        pytest.skip(str(reason))
    except TransformError as error:
        # What the Numba flavour refuses is a gap in the table, not a defect of the benchmark.
        if contestant != "transform numba":
            raise
        pytest.skip(f"refused: {error}")
    wanted = workload.by_hand(*copied(arguments))
    assert disagreement(result, wanted) < 1e-10
    assert all(each.dtype == np.float64 for each in leaves(result))


@pytest.fixture(scope="module")
def outcome():
    return measured("scalars", WORKLOADS["scalar loss"], "", (1.7,), 1e-3)


def test_a_workload_is_measured_and_reported(tmp_path, outcome):
    assert len(outcome.entries["by hand, NumPy"].times) >= 3
    assert outcome.ratio("by hand, NumPy", "by hand, NumPy") == 1
    console = Console(width=120, record=True, file=open(tmp_path / "text", "w"))  # noqa: SIM115
    report.show(console, [report.one_table(outcome), *report.summary([outcome])])
    console.file.close()
    assert "transform python" in console.export_text()
    report.write(tmp_path / "record.json", [outcome])
    (row,) = json.loads((tmp_path / "record.json").read_text())["outcomes"]
    assert row["contestants"]["by hand, NumPy"]["over by hand, NumPy"] == 1


def broken(x):
    raise ZeroDivisionError


@pytest.mark.parametrize("derivative, reason", [(lambda x: 2 * x, "wrong by"), (broken, "failed: Zero")])
def test_what_is_wrong_is_not_timed(derivative, reason):
    """It is a row of the table, and the others go on."""
    absent = dict.fromkeys(("jax", "autograd", "torch"), "not here")
    workload = replace(WORKLOADS["scalar loss"], casadi=lambda: derivative, **absent)
    entries = measured("scalars", workload, "", (1.7,), 1e-3).entries
    assert not entries["CasADi"].times
    assert entries["CasADi"].why_not.startswith(reason)
    assert entries["JAX"].why_not == "not here"
    assert entries["transform python"].times


def test_ratios_are_those_of_rounds():
    entries = {"a": Entry("a", (2.0, 4.0, 9.0)), "b": Entry("b", (1.0, 2.0, 3.0, 100.0)), "c": Entry("c")}
    outcome = Outcome("scalars", WORKLOADS["scalar loss"], "", entries)
    assert outcome.ratio("a", "b") == 2
    assert outcome.ratio("a", "c") is None
    assert report.geometric([2.0, 8.0]) == pytest.approx(4)


def test_contestants_take_turns():
    turns = []
    times = interleave([lambda: turns.append("a"), lambda: turns.append("b")], 1e-3)
    assert min(map(len, times)) >= 3
    assert turns.count("a") > 3 < turns.count("b")


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
    exec(programs.helpers(8), scope)
    assert scope["nested"](0.3) == scope["flat"](0.3)


def test_long_functions_have_the_length_asked_for():
    scope = {}
    text = programs.long_function("f", 500)
    exec(text, scope)
    assert text.count(" = ") == 499
    assert np.isfinite(scope["f"](0.7))


def test_functions_with_loops_have_the_size_asked_for():
    scope = {}
    deep, long = programs.nested_function("deep", 12), programs.looping_function("long", 400)
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


def test_the_picture_is_drawn_from_the_record(tmp_path, outcome):
    pytest.importorskip("matplotlib")
    from benchmarks.plot import draw

    for name in ("a.svg", "b.svg"):
        draw(report.record([outcome]), tmp_path / name)
    picture = (tmp_path / "a.svg").read_text()
    assert picture == (tmp_path / "b.svg").read_text()
    assert "scalar loss" in picture
    assert "transform python" in picture
