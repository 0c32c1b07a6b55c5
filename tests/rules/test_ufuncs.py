"""Calls of ufuncs and functions of math: operands of every kind, kinks, constants, and what is refused."""

import math
import operator

import numpy as np
import pytest

from transform.errors import UnsupportedError
from transform.ir import Function, Var
from transform.passes.adjoint import adjoint
from transform.passes.tangent import tangent
from transform.rules import FUNCTIONS, PRIMITIVES, Builder, Value
from transform.rules.definitions import DEFINITIONS
from transform.types import BOOL, FLOAT, INT, Array

from ..support.evaluate import evaluate
from ..support.rule_cases import (
    Case,
    check_derivatives,
    check_single,
    check_value,
    lower,
    primitives_of,
    type_of,
)

# Far from each other, so that no difference steps over a kink.
V = np.array([0.5, 1.7, 0.9, 1.3])
M = np.array([[1.1, 0.7, 1.9, 1.5], [0.7, 1.9, 1.1, 1.5], [1.5, 1.1, 0.7, 1.9]])
COLUMN = np.array([[1.5], [0.7], [1.1]])
ONE = np.array([0.9])
Z = V + 1j * np.array([0.3, -0.7, 1.1, -0.2])
X, Y = np.array([5.2, 3.1, -7.4]), np.array([2.1, 2.2, 2.9])
K = np.array([2, 0, 3, -1])
PAIRS = [
    (V, 1.5),
    (1.5, V),
    (V, V[::-1].copy()),
    (M, V),
    (COLUMN, V),
    (ONE, M),
    (M, ONE),
    (V, np.float64(1.1)),
]
BINARY = [
    np.add,
    np.subtract,
    np.multiply,
    np.divide,
    np.power,
    np.float_power,
    np.arctan2,
    np.hypot,
    np.logaddexp,
    np.logaddexp2,
    np.maximum,
    np.minimum,
    np.fmax,
    np.fmin,
    np.copysign,
]

CASES = [
    *(Case(ufunc, pair, tolerance=1e-4) for ufunc in BINARY for pair in PAIRS),
    *(Case(ufunc, (Z, V)) for ufunc in (np.add, np.subtract, np.multiply, np.divide, np.power)),
    *(Case(ufunc, (V, Z)) for ufunc in (np.add, np.subtract, np.multiply, np.divide, np.power)),
    *(Case(ufunc, (Z, Z[::-1].copy())) for ufunc in (np.multiply, np.divide, np.power, np.float_power)),
    Case(np.power, (-V, Z), tolerance=1e-6),
    Case(np.remainder, (X, Y)),
    Case(np.fmod, (-X, Y)),
    Case(np.where, (M, M, V)),
    Case(np.where, (V, 2.0, V)),
    Case(np.where, (V, Z, V)),
    Case(np.where, (1.5, 2.0, 3.0)),
    Case(np.clip, (M, 0.9, 1.3)),
    Case(np.clip, (M, 0 * COLUMN + 0.9, 0 * V + 1.3)),
    Case(np.clip, (M,), {"a_min": 0.9, "a_max": None}),
    Case(np.clip, (M,), {"a_min": None, "a_max": 1.3}),
    Case(np.clip, (1.7, 0.5, 1.2)),
    Case("clip", (V, 0.7, 1.5)),
    Case("clip", (V,), {"max": 1.1}),
    Case(np.real, (Z,)),
    Case(np.imag, (Z,)),
    Case(np.real, (V,)),
    Case(np.imag, (V,)),
    Case(np.conj, (Z,)),
    Case(np.conj, (V,)),
    Case("conj", (Z,)),
    Case("conjugate", (Z,)),
    Case(np.angle, (Z,)),
    Case(np.angle, (Z,), {"deg": True}, tolerance=1e-4),
    Case(np.angle, (-V,)),
    Case(np.absolute, (Z,)),
    Case(abs, (Z,)),
    Case(np.sign, (Z,)),
    Case(np.modf, (3 * V + 0.2,), result=0),
    Case(np.frexp, (3 * V,), result=0),
    Case(np.divmod, (X, Y), result=1),
    Case(np.nan_to_num, (V,)),
    Case(np.heaviside, (V, 0.5)),
    Case(np.heaviside, (V, V)),
    Case(np.sinc, (M,)),
    Case(np.deg2rad, (M,)),
    Case(np.rad2deg, (M,)),
    Case(math.hypot, (0.3, 1.7, -0.4)),
    Case(math.log, (1.7, 3.1)),
    Case(math.pow, (1.7, -0.4)),
    Case(math.gamma, (2.3,)),
    Case(math.lgamma, (-2.3,), tolerance=1e-5),
    Case(math.modf, (2.3,), result=0),
    Case(math.frexp, (2.3,), result=0),
    Case(float, (2.3,)),
    Case(complex, (2.3, 0.7)),
    Case(pow, (1.7, V)),
    Case(divmod, (7.3, 1.7), result=1, tolerance=1e-6),
    *(
        Case(made, (1.7, 0.4), tolerance=1e-4)
        for made in (operator.add, operator.truediv, operator.pow, operator.sub)
    ),
]


def name_of(case):
    return str(case)


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_value(case):
    check_value(case)


SINGLE = [case for case in CASES if all(isinstance(x, np.ndarray) for x in case.arguments)]


@pytest.mark.parametrize("case", [case for case in SINGLE if case.call is not np.float_power], ids=name_of)
def test_single_precision(case):
    check_single(case)


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_derivatives(case):
    check_derivatives(case)


def bars_of(call, *arguments, wrt=None):
    """The adjoints for a seed of 1, and the tangents agree; arguments not in `wrt` are literals."""
    builder = Builder()
    free = [k for k, x in enumerate(arguments) if wrt is None or k in wrt]
    params = {k: Var(f"x{k}", type_of(arguments[k], f"x{k}")) for k in free}
    given = [Value(builder, params[k]) if k in params else x for k, x in enumerate(arguments)]
    result = builder.value(FUNCTIONS[call](builder, *given))
    function = Function("f", tuple(params.values()), builder.finish(), (result.atom,))
    points, n = [arguments[k] for k in free], len(free)
    value = evaluate(function, *points)[0]
    bars = evaluate(adjoint(function, range(n)), *points, np.ones_like(value)[()] * 1.0)
    for k, bar in enumerate(bars):
        dots = [np.full_like(x, j == k) for j, x in enumerate(points)]
        along = evaluate(tangent(function, range(n)), *points, *dots)[1]
        np.testing.assert_array_equal(np.sum(along), np.sum(bar))
    return [np.asarray(bar).tolist() for bar in bars]


ZERO, TIE = 0.0, np.array([-1.0, 2.0, 3.0])
INF, NAN = math.inf, math.nan
"""Where there is no derivative: the conventions."""
KINKS = [
    (abs, (ZERO,), [0.0]),
    (np.absolute, (np.zeros(2),), [[0.0, 0.0]]),
    (np.absolute, (np.zeros(2, complex),), [[0j, 0j]]),
    (math.fabs, (-0.0,), [0.0]),
    (np.maximum, (TIE, np.array([0.0, 2.0, 1.0])), [[0.0, 0.5, 1.0], [1.0, 0.5, 0.0]]),
    (np.minimum, (TIE, np.array([0.0, 2.0, 1.0])), [[1.0, 0.5, 0.0], [0.0, 0.5, 1.0]]),
    (np.maximum, (np.array([-INF, INF]), np.array([-INF, 1.0])), [[0.5, 1.0], [0.5, 0.0]]),
    (np.fmax, (np.array([NAN, 1.0, NAN]), np.array([2.0, NAN, NAN])), [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]),
    (np.fmin, (np.array([NAN, 1.0]), np.array([2.0, NAN])), [[0.0, 1.0], [1.0, 0.0]]),
    (np.clip, (TIE, -1.0, 2.0), [[1.0, 1.0, 0.0], 0.0, 1.0]),
    (np.clip, (TIE, 5.0, 2.0), [[0.0, 0.0, 0.0], 0.0, 3.0]),
    (np.hypot, (np.zeros(1), np.zeros(1)), [[0.0], [0.0]]),
    (math.hypot, (0.0, 0.0), [0.0, 0.0]),
    (np.sinc, (np.zeros(1),), [[0.0]]),
    (np.logaddexp, (np.array([-INF, INF]), np.array([-INF, 0.0])), [[1.0, 1.0], [1.0, 0.0]]),
    (np.heaviside, (np.zeros(2), np.ones(2)), [[0.0, 0.0], [1.0, 1.0]]),
    (np.nan_to_num, (np.array([NAN, INF, 2.0]),), [[0.0, 0.0, 1.0]]),
    (np.power, (np.array([0.0, 0.0, 0.0]), np.array([0.0, 1.0, 2.5])), [[0.0, 1.0, 0.0], [0.0, 0.0, 0.0]]),
    (pow, (0.0, 2.0), [0.0, 0.0]),
    (pow, (0.0, 0.0), [0.0, 0.0]),
    (pow, (0.0, 1.0), [1.0, 0.0]),
]


@pytest.mark.parametrize(("call", "arguments", "expected"), KINKS)
@np.errstate(invalid="ignore", divide="ignore")
def test_kinks(call, arguments, expected):
    assert bars_of(call, *arguments) == expected


@pytest.mark.parametrize("limit", [0, 0.0, 2.0, -INF])
def test_a_constant_limit_shares_ties_too(limit):
    x = np.array([limit, 5.0])
    assert bars_of(np.maximum, x, limit, wrt=[0]) == [[0.5, 1.0]]
    assert bars_of(np.minimum, x, limit, wrt=[0]) == [[0.5, 0.0]]
    assert bars_of(np.maximum, np.float64(limit), limit, wrt=[0]) == [0.5]


@pytest.mark.parametrize(
    ("n", "expected"),
    [(0, 0.0), (1, 1.0), (2, 0.0), (2.0, 0.0), (3, 0.0), (1.5, 0.0)],
)
def test_constant_exponents_at_zero(n, expected):
    assert bars_of(np.power, np.zeros(2), n, wrt=[0]) == [[expected] * 2]
    assert bars_of(pow, 0.0, n, wrt=[0]) == [expected]


@pytest.mark.parametrize("n", [2, 3, -1, -2, 0.5, 1.5, -0.5, 0, 1])
def test_constant_exponents(n):
    for x in (1.7, np.array([0.4, 2.0])):
        np.testing.assert_allclose(bars_of(pow, x, n, wrt=[0])[0], n * x ** (n - 1.0), rtol=1e-14)
    assert bars_of(pow, 2.0, 3.0, wrt=[1]) == [8 * math.log(2)]
    assert bars_of(pow, 0.0, 3.0, wrt=[1]) == [0.0]


def test_integer_exponents_and_negative_bases():
    x = np.array([-2.0, 0.0, -1.5, 2.0])
    builder = Builder()
    xs, ks = Var("x", type_of(x, "x")), Var("k", Array(K.dtype, type_of(x, "x").dims))
    y = Value(builder, xs) ** Value(builder, ks)
    function = Function("f", (xs, ks), builder.finish(), (y.atom,))
    (bar,) = evaluate(adjoint(function, (0,)), x, K, np.ones(4))
    assert bar.tolist() == [-4.0, 0.0, 6.75, -0.25]


def test_mixed_derivative_of_a_power_with_exponent_zero():
    builder = Builder()
    x, n = Var("x", FLOAT), Var("n", FLOAT)
    y = Value(builder, x) ** Value(builder, n)
    function = Function("f", (x, n), builder.finish(), (y.atom,))
    *_, x_bar_dot, _ = evaluate(tangent(adjoint(function, (0, 1)), (0, 1)), 2.0, 0.0, 1.0, 0.0, 1.0)
    assert x_bar_dot == 0.5


def test_select():
    builder = Builder()
    x = Var("x", type_of(V, "x"))
    value = Value(builder, x)
    y = FUNCTIONS[np.select](builder, [value < 0.8, value < 1.2], [value * 2, value * 3], 7.0)
    function = Function("f", (x,), builder.finish(), (y.atom,))
    want = np.select([V < 0.8, V < 1.2], [2 * V, 3 * V], 7.0)
    np.testing.assert_array_equal(evaluate(function, V)[0], want)
    np.testing.assert_array_equal(
        evaluate(adjoint(function, (0,)), V, np.ones(4))[0], np.where(want == 7, 0, want / V)
    )


def test_sequences():
    for call, plain, want in (
        (math.fsum, math.fsum, [1.0, 1.0, 1.0]),
        (math.prod, math.prod, [0.5 * 7, 3 * 7, 1.5]),
    ):
        builder = Builder()
        params = tuple(Var(name, FLOAT) for name in "xyz")
        y = FUNCTIONS[call](builder, [Value(builder, p) for p in params])
        function = Function("f", params, builder.finish(), (y.atom,))
        assert evaluate(function, 3.0, 0.5, 7.0)[0] == plain([3.0, 0.5, 7.0])
        assert list(evaluate(adjoint(function, (0, 1, 2)), 3.0, 0.5, 7.0, 1.0)) == want
    builder = Builder()
    params = tuple(Var(name, FLOAT) for name in "abcd")
    a, b, c, d = (Value(builder, p) for p in params)
    y = FUNCTIONS[math.dist](builder, (a, b), [c, d])
    function = Function("f", params, builder.finish(), (y.atom,))
    assert evaluate(function, 1.0, 2.0, 4.0, 6.0)[0] == 5.0
    assert evaluate(adjoint(function, (0, 3)), 1.0, 2.0, 4.0, 6.0, 1.0) == pytest.approx((-0.6, 0.8))
    check_derivatives(Case(math.fsum, (V,)))


CONSTANT = [
    *(Case(made, (M,)) for made in (np.floor, np.ceil, np.trunc, np.rint, np.sign, np.signbit)),
    *(Case(made, (V,)) for made in (np.isnan, np.isfinite, np.isinf, np.spacing, np.isreal, np.isposinf)),
    *(Case(made, (V, 1.0)) for made in (np.less, np.greater_equal, np.equal, np.floor_divide, np.nextafter)),
    *(Case(made, (V > 1, V < 1.5)) for made in (np.logical_and, np.logical_or, np.bitwise_xor)),
    *(Case(made, (K, abs(K))) for made in (np.gcd, np.lcm, np.left_shift, np.bitwise_and, np.not_equal)),
    *(Case(made, (1.7,)) for made in (math.floor, math.ceil, math.trunc, math.isnan, math.ulp, int, bool)),
    *(Case(made, (1.7,)) for made in (np.floor, np.isnan, np.sign, round, np.round, np.logical_not)),
    *(Case(made, (1.7, 0.3)) for made in (np.less, np.floor_divide, operator.lt, operator.floordiv)),
    *(Case(made, (1.7, 0.3)) for made in (math.isclose, math.nextafter, np.isclose, np.allclose)),
    Case(np.round, (M,), {"decimals": 1}),
    Case("round", (M,), {"decimals": 1}),
    Case(round, (1.234,), {"ndigits": 2}),
    Case(np.allclose, (V, V), {"rtol": 1e-3}),
    Case(np.array_equal, (V, V)),
    Case(np.invert, (V > 1,)),
    Case(np.modf, (3 * V,), result=1),
    Case(np.frexp, (3 * V,), result=1),
    Case(np.divmod, (5 * V, 0.7), result=0),
]


@pytest.mark.parametrize("case", CONSTANT, ids=name_of)
def test_constants(case):
    check_value(case)
    function = lower(case)
    (made,) = {eqn.primitive for eqn in function.body if eqn.target is function.results[0]}
    assert made.constant
    assert made.tangent is made.adjoint is None


def test_tests_of_math_give_python_numbers():
    for call, type_, point in (
        (math.floor, INT, 1.5),
        (math.isnan, BOOL, 1.5),
        (math.sin, FLOAT, np.float64(1)),
    ):
        (result,) = lower(Case(call, (point,))).results
        assert result.type == type_


@pytest.mark.parametrize(
    ("call", "arguments", "options", "message"),
    [
        (np.sin, (V,), {"out": V}, "out= of np.sin"),
        (np.add, (V, V, V), {}, "out= of np.add"),
        (np.sin, (V,), {"where": V > 1}, "where= of np.sin"),
        (np.sin, (V,), {"dtype": np.float32}, "dtype= of np.sin"),
        (np.add, (V,), {}, "takes 2 arguments, not 1"),
        (np.cbrt, (Z,), {}, "does not take operands of type complex128"),
        (np.floor, (Z,), {}, "does not take operands"),
        (math.sin, (V,), {}, "math.sin does not take arrays"),
        (math.exp, (Z[0],), {}, "math.exp does not take complex"),
        (float, (V,), {}, "float.* of an array"),
        (round, (V,), {}, "round does not take arrays"),
        (np.real_if_close, (Z,), {}, "real_if_close"),
        (np.nan_to_num, (V,), {"copy": False}, "in place"),
        (np.clip, (V, 0.0, 1.0), {"out": V}, "out= of np.clip"),
        (math.dist, (V, V), {}, "np.linalg.norm"),
        (math.prod, (V,), {}, "np.prod"),
        (pow, (2.0, 3.0, 5.0), {}, "pow"),
    ],
)
def test_refusals(call, arguments, options, message):
    with pytest.raises(UnsupportedError, match=message):
        lower(Case(call, arguments, options))


def test_every_ufunc_and_function_of_math_is_known():
    elsewhere = {np.isnat, np.matvec, np.vecmat} if hasattr(np, "matvec") else {np.isnat}
    ufuncs = {made for made in vars(np).values() if isinstance(made, np.ufunc)} - elsewhere
    assert not {made.__name__ for made in ufuncs if made not in FUNCTIONS}
    assert not {
        name
        for name, made in vars(math).items()
        if callable(made) and name[0] != "_" and made not in FUNCTIONS
    }


def test_every_rule_has_a_case():
    written = {name for name, made in PRIMITIVES.items() if made.elementwise and not made.constant}
    tested = set(DEFINITIONS) | set().union(*(primitives_of(lower(case)) for case in CASES))
    elsewhere = {"sinc_derivative", "logistic"}  # in the derivatives of sinc; tests of the passes
    assert len(written) > 60
    assert written <= tested | elsewhere
