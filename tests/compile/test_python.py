"""The Python flavour: formulas of numbers, computed where they are called from."""

import math
import sys
import traceback

import numpy as np
import pytest

from transform import grad


def wave(x, y):
    return math.sin(x) * y


def quotient(x):
    x = x * x
    return 1 / x


def gap(x, y):
    return math.sqrt(x - y)


def checked(x):
    if x < 0:
        raise ValueError("negative")
    return x**2


def entered(function, *arguments):
    """The functions in Python that a call enters."""
    names = []

    def note(frame, event, arg):
        if event == "call":
            names.append(frame.f_code.co_name)

    sys.setprofile(note)
    try:
        function(*arguments)
    finally:
        sys.setprofile(None)
    return names


@pytest.mark.parametrize("function, arguments", [(wave, (0.5, 2.0)), (gap, (2.0, 0.5))])
def test_a_formula_is_computed_where_it_is_called_from(function, arguments):
    derivative = grad(function)
    first = derivative(*arguments)
    assert entered(derivative, *arguments) == ["__call__"]
    assert derivative(*arguments) == first
    assert derivative.source.startswith("import math")


@pytest.mark.parametrize("function", [checked, lambda v: np.sum(np.sin(v))])
def test_what_does_more_than_compute_a_number_is_called(function):
    derivative = grad(function)
    argument = 1.5 if function is checked else np.ones(2)
    derivative(argument)
    assert len(entered(derivative, argument)) > 1


@pytest.mark.parametrize(
    "function, arguments, failing, error, line",
    [
        (quotient, (2.0,), (0.0,), ZeroDivisionError, "/ x"),
        (gap, (2.0, 1.0), (1.0, 2.0), ValueError, "math.sqrt"),
    ],
)
def test_where_a_formula_fails_the_traceback_shows_its_source(function, arguments, failing, error, line):
    derivative = grad(function)
    want = derivative(*arguments)
    with pytest.raises(error) as caught:
        derivative(*failing)
    assert line in traceback.format_tb(caught.value.__traceback__)[-1]
    assert caught.value.__context__ is None
    assert derivative(*arguments) == want
