"""Every elementwise function at interior points and special values, against differences in many digits."""

import numpy as np
import pytest

from transform import verify
from transform.ir import Function, Var
from transform.passes.adjoint import adjoint
from transform.passes.tangent import tangent
from transform.rules import PRIMITIVES, Builder, Value
from transform.rules.definitions import DEFINITIONS

from ..support.evaluate import evaluate
from ..support.precise import evaluated, function_of, partial
from ..support.rule_cases import type_of

PARAMS = {"polygamma": {"n": 1}, "nan_to_num": {"nan": 0.0, "posinf": None, "neginf": None}}
ALL = list(DEFINITIONS.values())
NUMPY = [case for case in ALL if case.numpy or case.name in ("abs",)]
COMPLEX = [case for case in ALL if case.complexes]


def points(case, count=4):
    """Interior points of a definition, an array an operand."""
    rng = np.random.default_rng(sum(map(ord, case.name)))
    return [rng.uniform(low, high, count) for low, high in case.inside]


def built(case, arguments, lib):
    """The primitive as a Function of the arguments."""
    builder = Builder()
    params = tuple(Var("xy"[k], type_of(x, "xy"[k])) for k, x in enumerate(arguments))
    options = dict(PARAMS.get(case.name, {})) | ({"lib": lib} if PRIMITIVES[case.name].spelled else {})
    result = builder.apply(PRIMITIVES[case.name], [Value(builder, param) for param in params], options)
    return verify.check(Function(case.name, params, builder.finish(), (builder.atom(result),)))


def units(arguments):
    """The directions of the operands, one after the other."""
    ones = [np.ones_like(x) if np.ndim(x) else type(x)(1) for x in arguments]
    return [[one if k == j else one * 0 for k, one in enumerate(ones)] for j in range(len(ones))]


def partials(function, arguments):
    """The partial derivatives by both modes, in turn for each operand."""
    wrt = tuple(range(len(arguments)))
    forward, reverse = verify.check(tangent(function, wrt)), verify.check(adjoint(function, wrt))
    directions = units(arguments)
    y_bar = sum(directions[0])
    by_tangent = [evaluate(forward, *arguments, *direction)[1] for direction in directions]
    return by_tangent, evaluate(reverse, *arguments, y_bar)


def second_partials(function, arguments):
    """The matrix of second derivatives: tangents of the adjoint."""
    n, directions = len(arguments), units(arguments)
    both = verify.check(tangent(adjoint(function, range(n)), range(n)))
    y_bar = sum(directions[0])
    return [evaluate(both, *arguments, y_bar, *direction)[n:] for direction in directions]


def assert_close(got, reference, rows, rtol, noise=1e-300):
    want = [evaluated(reference, *row) for row in rows]
    atol = max(noise, 1e-14 * max(map(abs, want)))
    np.testing.assert_allclose(np.atleast_1d(got) * np.ones(len(rows)), want, rtol, atol)


def check(case, arguments, lib, rtol=1e-11):
    """Value, both modes and second order at one point, or at the points of arrays."""
    exact, function = function_of(case.formula), built(case, arguments, lib)
    rows = list(zip(*(np.atleast_1d(x).tolist() for x in arguments), strict=True))
    assert_close(evaluate(function, *arguments)[0], exact, rows, rtol)
    for mode in partials(function, arguments):
        for k, got in enumerate(mode):
            assert_close(got, partial(exact, k), rows, rtol)
    second = [[partial(partial(exact, k), j) for j in range(case.operands)] for k in range(case.operands)]
    if all(abs(evaluated(f, *row)) < 1e200 for fs in second for f in fs for row in rows):
        for j, bars in enumerate(second_partials(function, arguments)):
            for k, got in enumerate(bars):
                assert_close(got, second[k][j], rows, 1000 * rtol, noise=1e-30)


@pytest.mark.parametrize("case", NUMPY, ids=str)
def test_arrays(case):
    check(case, points(case), "np")


@pytest.mark.parametrize("case", ALL, ids=str)
def test_numbers(case):
    for number in (float, np.float64) if case.numpy else (float,):
        lib = "math" if number is float and case.math else "np"
        for row in zip(*points(case, 2), strict=True):
            check(case, [number(x) for x in row], lib)


@pytest.mark.parametrize("case", ALL, ids=str)
@np.errstate(over="ignore", under="ignore")
def test_special_points(case):
    for point in case.special:
        check(case, list(point), "math" if case.math else "np", rtol=1e-9)
        if case.numpy:
            check(case, [np.array([x]) for x in point], "np", rtol=1e-9)


@pytest.mark.parametrize("case", [case for case in NUMPY if case.name != "float_power"], ids=str)
def test_single_precision_is_kept(case):
    arguments = [x.astype(np.float32) for x in points(case)]
    exact, rows = function_of(case.formula), list(zip(*(x.tolist() for x in arguments), strict=True))
    for mode in partials(built(case, arguments, "np"), arguments):
        for k, got in enumerate(mode):
            assert np.asarray(got).dtype == np.float32
            want = [evaluated(partial(exact, k), *row) for row in rows]
            np.testing.assert_allclose(got * np.ones(4), want, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("case", COMPLEX, ids=str)
def test_complex_points(case):
    arguments = [x + 1j * y for x, y in zip(points(case), points(case)[::-1], strict=True)]
    arguments = [x.real + 1j * np.roll(x.imag, 1) * np.array([1, -1, 0.5, -0.3]) for x in arguments]
    check(case, arguments, "np")
