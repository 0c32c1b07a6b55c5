"""Random straight-line programs have right derivatives; `make fuzz N=2000 SEED=1` runs many more."""

from __future__ import annotations

import random

from hypothesis import HealthCheck, given, settings

from .__main__ import smaller
from .checks import check, outcome
from .programs import Program, programs, written


@settings(
    max_examples=70,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(programs())
def test_derivatives_of_random_programs(program: Program) -> None:
    check(program)


def test_programs_are_worth_checking() -> None:
    """They are varied, and most of what they compute is smooth enough to be compared."""
    made = [written(random.Random(k).choice) for k in range(200)]
    assert len({program.function_text for program in made}) > 190
    assert sum(len(program.lines) for program in made) > 4 * len(made)


def test_a_failing_program_is_made_small() -> None:
    program = Program(("x",), ("a = x * 2", "b = eval('x') * a", "c = 3 * x", "return b"), {"x": 1.5})
    found, error = outcome(program)
    assert found == "refused"
    assert smaller(program, found, type(error)).lines == ("a = x * 2", "b = eval('x') * a", "return b")
