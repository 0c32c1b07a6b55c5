"""Functions that are looked at rather than called: their signatures, bound arguments, functions as keys."""

from __future__ import annotations

import functools
import inspect
import warnings

import numpy as np
import pytest

from transform import TransformError, grad

from .check import program, programs, run


def scaled(x, by=2.0):
    return x * by


FACTORS = {scaled: 3.0}
SIGNATURE = inspect.signature(scaled)


def checked(function):
    """A decorator that looks at what it is given by name, as packages of units do."""
    signature = inspect.signature(function)

    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        for name, parameter in signature.parameters.items():
            if parameter.default is not inspect.Parameter.empty and bound.arguments[name] is None:
                raise TypeError(f"{name} is needed")
        return function(*bound.args, **bound.kwargs)

    return wrapper


@checked
def energy(mass, speed, scale=0.5):
    return scale * mass * speed**2


@program(0.7, 1.3)
def a_decorator_that_binds_arguments(x, y):
    return energy(x, speed=y) + energy(y, x, 2.0)


@program(0.7)
def as_many_as_a_signature_has_parameters(x):
    return x * len(inspect.signature(scaled).parameters) + x ** len(inspect.getfullargspec(scaled).args)


@program(0.7)
def the_signature_of_a_function_defined_inside(x):
    def inner(a, b, c, d=1):
        return a

    for _ in inspect.signature(inner).parameters.values():
        x = x * 1.5 + x**2
    return x


@program(0.7)
def arguments_bound_to_a_signature_outside(x):
    bound = SIGNATURE.bind(x * 2, by=x)
    return scaled(*bound.args, **bound.kwargs) + bound.arguments["x"] ** 2


@program(0.7)
def a_function_as_a_key(x):
    return x * FACTORS.get(scaled, 1.0) * {scaled: x}.get(scaled, 5.0) * {energy: 7.0}.get(scaled, x)


@program(0.7)
def warnings_recorded_and_not_read(x):
    with warnings.catch_warnings(record=True):
        warnings.simplefilter("ignore")
        warnings.warn("not seen", stacklevel=2)
        y = x**3
    return y * x


def test_warnings_that_are_read():
    def read(x):
        with warnings.catch_warnings(record=True) as caught:
            y = x**3
        return y if not caught else x

    with pytest.raises(TransformError, match="recorded"):
        grad(read)(0.7)


def test_an_array_without_dims_is_not_taken_for_a_number():
    def filled(x):
        values = np.full_like(x, np.nan)
        if x > 0:
            values[x > 0] = x * 2
        return values.item()

    with pytest.raises(TransformError, match="array without dims"):
        grad(filled)(0.7)


@pytest.mark.parametrize(**programs(globals()))
def test_program(name, k):
    run(globals(), name, k)
