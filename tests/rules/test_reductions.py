"""Sums, means, products, extremes, variances and running sums, at ordinary and at special points."""

from dataclasses import replace

import numpy as np
import pytest

from transform.errors import UnsupportedError
from transform.rules import cumulative, reductions

from ..support.rule_cases import (
    Case,
    check_derivatives,
    check_single,
    check_third,
    check_value,
    lower,
    primitives_in,
    primitives_of,
)

RNG = np.random.default_rng(0)
V = RNG.standard_normal(5)
M = RNG.standard_normal((3, 4))
B = RNG.standard_normal((2, 3, 4))
ONE = RNG.standard_normal(1)
ROW = RNG.standard_normal((1, 4))
Z = RNG.standard_normal((3, 2)) + 1j * RNG.standard_normal((3, 2))
AXES = [
    (V, {}),
    (V, {"axis": 0}),
    (V, {"axis": -1, "keepdims": True}),
    (ONE, {}),
    (M, {}),
    (M, {"axis": 0}),
    (M, {"axis": -1}),
    (M, {"axis": 1, "keepdims": True}),
    (M, {"axis": (0, 1)}),
    (M, {"keepdims": True}),
    (ROW, {"axis": 0}),
    (ROW, {"axis": 1}),
    (B, {"axis": (0, 2)}),
    (B, {"axis": (-1, 0), "keepdims": True}),
    (B, {"axis": 1}),
]


RUNNING = [
    (V, {}),
    (ONE, {}),
    (M, {}),
    (M, {"axis": 0}),
    (B, {"axis": -1}),
    (B, {"axis": 1}),
    (ROW, {"axis": 0}),
    (1.5, {}),
]


def spread(x):
    """Numbers far from each other in the same order: far from the kinks of max."""
    return 0.3 * np.argsort(np.argsort(x, axis=None)).reshape(x.shape) - 1


def along_axes(call, **params):
    return [Case(call, (x,), {**axis, **params}) for x, axis in AXES]


SMOOTH = [
    *along_axes(np.sum),
    *along_axes(np.mean),
    *along_axes(np.prod),
    *along_axes(np.var),
    *[case for case in along_axes(np.std) if case.numpy(*case.arguments).all()],
    *[Case(call, (spread(x),), params) for call in (np.max, np.min) for x, params in AXES],
    *along_axes("sum"),
    Case("mean", (M,), {"axis": 0}),
    Case("prod", (M,), {"axis": 0}),
    Case("var", (M,), {"axis": 0, "ddof": 1}),
    Case("std", (M,), {"ddof": 1}),
    Case("max", (spread(M),), {"axis": 1}),
    Case("min", (spread(M),)),
    Case(np.sum, (M,), {"axis": ()}),
    Case(np.max, (spread(M),), {"axis": ()}),
    Case(np.prod, (M,), {"axis": ()}),
    Case(np.sum, (1.5,)),
    Case(np.mean, (1.5,)),
    Case(np.max, (1.5,)),
    Case(np.prod, (1.5,)),
    Case(np.sum, (np.float64(1.5),), {"axis": 0}),
    Case(np.var, (M,), {"axis": 1, "ddof": 1}),
    Case(np.var, (M,), {"axis": 1, "correction": 1}),
    Case(np.std, (B,), {"axis": (0, 2), "ddof": 2, "keepdims": True}),
    Case(np.var, (ONE,)),
    Case(np.sum, (Z,), {"axis": 0}),
    Case(np.mean, (Z,), {"axis": 1}),
    Case(np.prod, (Z,), {"axis": 0}),
    Case(np.var, (Z,), {"axis": 0}),
    Case(np.cumsum, (Z,), {"axis": 0}),
    Case(np.cumprod, (Z,), {"axis": 0}),
    Case(np.ptp, (spread(M),), {"axis": 0}),
    Case(np.amax, (spread(M),)),
    Case(np.amin, (spread(M),)),
    Case(np.average, (M,), {"axis": 0}),
    Case(np.average, (M,)),
    Case(np.nansum, (M,), {"axis": 0}),
    *[Case(call, (x,), params) for call in (np.cumsum, np.cumprod) for x, params in RUNNING],
    Case("cumsum", (M,), {"axis": 1}),
    Case("cumprod", (M,), {"axis": 1}),
    # A product is differentiated without a division: zeros are ordinary points, in second order too.
    Case(np.prod, (np.array([2.0, 0.0, 3.0, -1.0]),)),
    Case(np.prod, (np.array([2.0, 0.0, 3.0, 0.0]),)),
    Case(np.prod, (np.zeros(4),)),
    Case(np.prod, (np.array([[1.0, 0.0, 2.0], [0.0, 0.0, 3.0], [1.0, 2.0, 3.0]]),), {"axis": 0}),
    Case(np.prod, (np.array([[1.0, 0.0, 2.0], [0.0, 0.0, 3.0]]),), {"axis": 1, "keepdims": True}),
    Case(np.prod, (np.array([[1.0, 0.0, 2.0], [5.0, 4.0, 3.0]]),)),
    Case(np.cumprod, (np.array([2.0, 0.0, 3.0, 0.0, 1.0]),)),
    Case(np.cumprod, (np.zeros((3, 2)),), {"axis": 0}),
    Case("var", (np.full(4, 2.0),)),
]
KINKS = [
    Case(np.max, (np.array([1.0, 3.0, 3.0, 2.0]),), bars=([0, 0.5, 0.5, 0],)),
    Case(np.min, (np.zeros(4),), bars=(np.full(4, 0.25),)),
    Case(np.max, (np.array([[1.0, 1.0], [0.0, 1.0]]),), {"axis": 0}, bars=([[1, 0.5], [0, 0.5]],)),
    Case(np.max, (np.array([[1.0, 1.0], [0.0, 1.0]]),), bars=([[1 / 3, 1 / 3], [0, 1 / 3]],)),
    Case(np.std, (np.full(4, 2.0),), bars=(np.zeros(4),)),
    Case(np.std, (np.array([[2.0, 2.0], [0.0, 1.0]]),), {"axis": 1}, bars=([[0, 0], [-0.5, 0.5]],)),
    Case(np.std, (ONE,), bars=([0],)),
]
CONSTANT = [
    Case(call, (x,), params)
    for call in (np.any, np.all, np.argmax, np.argmin, np.count_nonzero, "any", "all", "argmax", "argmin")
    for x, params in [(V, {}), (M, {}), (M, {"axis": 0}), (M, {"axis": -1, "keepdims": True})]
]
PASSIVE = [
    Case(call, (x,), {"axis": 0})
    for call in (np.sum, np.mean, np.prod, np.max, np.min, np.var, np.std, np.cumsum, np.cumprod)
    for x in (np.arange(6).reshape(3, 2), np.arange(6, dtype=np.int8).reshape(3, 2), M > 0)
    if not (x.dtype == bool and call in (np.var, np.std))
]


@pytest.mark.parametrize("case", SMOOTH + KINKS + CONSTANT + PASSIVE, ids=str)
def test_value(case):
    check_value(case)


@pytest.mark.parametrize("case", SMOOTH + KINKS, ids=str)
def test_derivatives(case):
    check_derivatives(case)


@pytest.mark.parametrize("case", SMOOTH, ids=str)
def test_lengths_that_may_be_one(case):
    check_derivatives(replace(case, blind=True))


@pytest.mark.parametrize("case", SMOOTH, ids=str)
def test_single_precision(case):
    if not isinstance(case.arguments[0], float):
        check_single(case)


ZEROS = [case for case in SMOOTH if case.call in (np.prod, np.cumprod) and not np.all(case.arguments[0])]


@pytest.mark.parametrize("case", [*SMOOTH[::4], *ZEROS], ids=str)
def test_third_order(case):
    check_third(case)


def test_every_differentiable_primitive_has_a_case():
    covered = set().union(*(primitives_of(lower(case)) for case in SMOOTH + KINKS + CONSTANT))
    # These three only arise in derivatives; second order above goes through them.
    covered |= {"delay", "recurrence", "exclusive_products"}
    assert primitives_in(reductions, cumulative) <= covered


@pytest.mark.parametrize(
    "params", [{"where": M > 0}, {"initial": 1.0}, {"out": np.empty(4)}, {"axis": 2}, {"axis": (0, 0)}]
)
def test_options_that_are_refused(params):
    with pytest.raises(UnsupportedError):
        lower(Case(np.sum, (M,), params))


def test_complex_numbers_have_no_order():
    with pytest.raises(UnsupportedError, match="complex"):
        lower(Case(np.max, (Z,)))


def test_builtin_sum():
    check_value(Case(sum, (V,)))
    check_value(Case(sum, (M,)))
    check_derivatives(Case(sum, (M,)))
    check_derivatives(Case(sum, (V, 2.5)))


def test_builtin_max_and_min():
    x = spread(V)
    for call in (max, min):
        check_value(Case(call, (x,)))
        check_derivatives(Case(call, (x,)))
        check_value(Case(call, (1.5, 2.5, 0.5)))
        check_derivatives(Case(call, (1.5, 2.5, 0.5)))
    with pytest.raises(UnsupportedError, match="vector"):
        lower(Case(max, (M,)))
