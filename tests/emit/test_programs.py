"""Random programs print to text that computes, to the last bit, what their equations mean."""

from __future__ import annotations

import warnings

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.calls import count_calls
from transform.emit import emit
from transform.emit.ssa import ssa
from transform.ir import Lit
from transform.types import Array

from .build import (
    ADD,
    COPY,
    DIV,
    FLIP,
    GAIN,
    GREATER,
    MUL,
    NEG,
    POW,
    SIZE,
    STORE,
    SUB,
    SUM,
    VECTOR,
    Program,
    run,
    x_of,
)  # fmt: skip

NUMBERS = st.sampled_from([-2.5, -1.0, -0.0, 0.0, 0.5, 3.0, -3, 2, np.float64(-0.75), 1e-3])
NAMES = st.sampled_from(["", "", "x", "y", "s", "x_2"])


@st.composite
def expressions(draw):
    """A chain of scalar operations on random earlier values."""
    x = x_of()
    p = Program(x)
    values = [x]
    for _ in range(draw(st.integers(1, 14))):
        operation = draw(st.sampled_from([ADD, SUB, MUL, MUL, DIV, NEG, NEG, POW]))
        left = draw(st.one_of(st.sampled_from(values), NUMBERS.map(Lit)))
        right = Lit(draw(st.sampled_from([2, 3, -1, 0.5, -2.0]))) if operation is POW else None
        right = right or draw(st.one_of(st.sampled_from(values), NUMBERS.map(Lit)))
        operands = (left,) if operation is NEG else (left, right)
        if not any(operand in values for operand in operands):
            continue
        name = draw(NAMES)
        values.append(p.named(name, operation, *operands) if name else p(operation, *operands))
    results = draw(st.lists(st.sampled_from(values), min_size=1, max_size=3))
    return p.function(values[-1], *results)


def _closed(function, *arguments):
    # Powers of negative numbers become complex, divisions by zero raise: in the text as in the equations.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            run(function, *arguments)
        except (ZeroDivisionError, OverflowError, TypeError):
            emit(function)
    assert ssa(function, types=True).splitlines()[-1].startswith("return ")


@settings(max_examples=150, deadline=None)
@given(expressions(), st.sampled_from([-1.5, 0.25, 2.0]))
def test_random_expressions(function, x):
    _closed(function, x)


@st.composite
def array_programs(draw):
    """Array operations with views and stores; what a store consumes is read no more, its views are."""
    v = x_of("v", VECTOR)
    p = Program(v)
    values, owned, views = [v], [], []

    def keep(value, fresh):
        values.append(value)
        (owned if fresh else views).append(value)

    for _ in range(draw(st.integers(2, 14))):
        kind = draw(st.sampled_from(["copy", "flip", "store", "store", "arithmetic", "sum", "branch"]))
        arrays = [value for value in values if isinstance(value.type, Array)]
        some, other = draw(st.sampled_from(arrays)), draw(st.sampled_from(values))
        name = draw(NAMES)
        make = (lambda *a, name=name: p.named(name, *a)) if name else p
        if kind == "copy":
            keep(make(COPY, some), True)
        elif kind == "flip":
            keep(make(FLIP, some), False)
        elif kind == "sum":
            values.append(make(MUL, p(SUM, some), p(SIZE, some)))
        elif kind == "arithmetic":
            keep(make(draw(st.sampled_from([ADD, MUL, SUB])), some, other), True)
        elif kind == "branch":
            condition = p(GREATER, p(SUM, some), draw(NUMBERS))
            result = p.when(
                condition, lambda s=some: [p(SUM, s)], lambda s=some: [p(SUM, p(NEG, s))], [FLOAT_64]
            )
            values.extend(result)
        elif owned:
            base = owned.pop(draw(st.integers(0, len(owned) - 1)))
            values.remove(base)
            gain = other if other is not base else 2.0
            if isinstance(gain, (int, float)) or not isinstance(gain.type, Array):
                value = make(GAIN, base, gain)
            else:
                value = make(STORE, base, gain)
            keep(value, True)
    results = draw(st.lists(st.sampled_from(values), min_size=1, max_size=4))
    return p.function(*results)


FLOAT_64 = SUM.infer(None, [VECTOR], {})


@settings(max_examples=200, deadline=None)
@given(array_programs())
def test_random_programs_with_stores(function):
    _closed(function, np.array([1.0, -2.0, 0.5]))


def _sum_of(count):
    x = x_of()
    p = Program(x)
    value = x
    for k in range(count):
        value = p.named("x", ADD, p(MUL, value, float(k)), p(NEG, p(MUL, value, x)))
    return p.function(value)


def test_the_work_grows_as_the_statements():
    small, large = (count_calls(emit, _sum_of(count)) for count in (200, 2000))
    assert large < 11 * small
