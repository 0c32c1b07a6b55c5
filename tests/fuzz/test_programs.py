"""Random programs have right derivatives; `make fuzz N=2000 SEED=1` runs many more."""

from __future__ import annotations

import ast
import collections
import random

import pytest
from hypothesis import HealthCheck, given, settings

from .checks import check
from .programs import PRELUDE, Program, programs, written
from .runner import Summary, examined, made, run, shrunk
from .structured import structured

SEED = "slice"


@settings(
    max_examples=50,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(programs())
def test_derivatives_of_straight_line_programs(program: Program) -> None:
    check(program)


@pytest.mark.parametrize("k", range(24))
def test_derivatives_of_programs_with_loops_and_stores(k: int) -> None:
    """What is refused is counted by `make fuzz`; a wrong number or a foreign exception is a defect."""
    found = examined(structured(random.Random(f"{SEED}-{k}")))
    assert found.outcome in ("right", "rough", "refused"), f"{found.message}\n{found.program!r}"


@pytest.mark.parametrize("k", range(4))
def test_the_numba_flavour_agrees(k: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """`make fuzz BACKEND=numba` checks as many as there is time for."""
    monkeypatch.setenv("BACKEND", "numba")
    found = examined(made("any", "flavours", k))
    assert found.outcome in ("right", "refused"), f"{found.message}\n{found.program!r}"


def test_straight_line_programs_are_worth_checking() -> None:
    """They are varied, and most of what they compute is smooth enough to be compared."""
    drawn = [written(random.Random(k).choice) for k in range(200)]
    assert len({program.text for program in drawn}) > 190
    assert sum(program.text.count("\n") for program in drawn) > 5 * len(drawn)


def test_structured_programs_are_worth_checking() -> None:
    """They have all that people write, often enough, and values that are numbers at each point."""
    drawn = [structured(random.Random(k)) for k in range(100)]
    assert len({program.text for program in drawn}) == 100
    counts = collections.Counter(found for program in drawn for found in constructs(program.text))
    common = {
        "For",
        "While",
        "If",
        "AugAssign",
        "store",
        "nested loop",
        "early return",
        "ListComp",
        "GeneratorExp",
    }
    rare = {"Break", "Continue", "IfExp", "Lambda", "for else"}
    assert not {each for each in common if counts[each] < 10}
    assert not {each for each in rare if counts[each] < 1}


def constructs(text: str) -> set[str]:
    """The kinds of statements and expressions in a program, and some of their combinations."""
    nodes = list(ast.walk(ast.parse(text)))
    loops = [node for node in nodes if isinstance(node, (ast.For, ast.While))]
    found = {type(node).__name__ for node in nodes}
    if any(isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store) for node in nodes):
        found.add("store")
    if any(
        isinstance(inner, (ast.For, ast.While))
        for loop in loops
        for inner in ast.walk(loop)
        if inner is not loop
    ):
        found.add("nested loop")
    if any(loop.orelse for loop in loops):
        found.add("for else")
    if sum(isinstance(node, ast.Return) for node in nodes) > 1:
        found.add("early return")
    return found


def test_a_program_is_the_same_for_the_same_seed() -> None:
    assert repr(made("loops", 1, 5)) == repr(made("loops", 1, 5))


def test_a_failing_program_is_made_small() -> None:
    text = (
        "def program(x, y):\n    a = x * 2\n    if y > 0:\n        b = eval('a') * 3\n    else:\n"
        "        b = y\n    c = 3 * x\n    return b * a + c\n"
    )
    found = examined(Program(PRELUDE, text, {"x": 1.5, "y": 0.7}))
    assert found.outcome == "refused"
    small = shrunk(found)
    assert small.reason == found.reason
    assert "eval" in small.program.text
    assert small.program.text.count("\n") <= 3


def test_the_run_prints_counts() -> None:
    *_, summary = run(4, 1, "lines")
    assert isinstance(summary, Summary)
    assert sum(summary.counts.values()) == 4
