"""Rules that users give, in both modes and to second order, and functions declared constant."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import expit

from transform import (
    ArgumentError,
    MissingRule,
    TransformError,
    UnsupportedError,
    constant,
    grad,
    hvp,
    jvp,
    rule,
    vjp,
)
from transform.rules import FUNCTIONS

S = 1 / (1 + math.exp(-0.3))


@pytest.fixture(autouse=True)
def _registry_as_before():
    before = dict(FUNCTIONS)
    yield
    FUNCTIONS.clear()
    FUNCTIONS.update(before)


def softplus(x):
    return np.logaddexp(0, x)


def apply(A, x):
    return A @ x


def test_partials_serve_both_modes_and_second_order():
    rule(expit, partials=lambda x, y: y * (1 - y))

    def f(x):
        return expit(x) ** 2

    slope, bend = 2 * S * S * (1 - S), 2 * S * S * (1 - S) * (2 - 3 * S)
    assert_allclose(grad(f)(0.3), slope)
    assert_allclose(jvp(f, (0.3,), (1.0,)), (S * S, slope))
    assert_allclose(grad(grad(f))(0.3), bend)
    assert_allclose(hvp(f)(0.3, 2.0), 2 * bend)
    x = np.array([0.3, 0.3])
    assert_allclose(grad(lambda x: np.sum(expit(x) ** 2))(x), [slope, slope])


def test_the_generated_code_calls_the_function():
    rule(expit, partials=lambda x, y: y * (1 - y))
    df = grad(lambda x: expit(x) ** 2)
    df(0.3)
    assert "import expit" in df.source
    scope = {}
    exec(df.source, scope)
    assert_allclose(scope["function_adjoint"](0.3), 2 * S * S * (1 - S))


def test_one_partial_for_each_argument():
    def hill(x, k):
        return x / (x + k)

    rule(hill, partials=(lambda x, k, y: k / (x + k) ** 2, lambda x, k, y: -y / (x + k)))
    assert_allclose(grad(lambda x, k: hill(x, k), (0, 1))(2.0, 3.0), (3 / 25, -2 / 25))
    x, k = np.array([[1.0], [2.0]]), np.array([3.0, 4.0, 5.0])
    x_bar, k_bar = grad(lambda x, k: np.sum(hill(x, k)), (0, 1))(x, k)
    assert_allclose(x_bar, np.sum(k / (x + k) ** 2, axis=1, keepdims=True))
    assert_allclose(k_bar, np.sum(-x / (x + k) ** 2, axis=0))


def test_sympy_derives_the_partials_of_a_formula():
    rule(softplus, formula="log(1 + exp(x))")
    assert_allclose(grad(softplus_of)(0.3), S)
    assert_allclose(grad(grad(softplus_of))(0.3), S * (1 - S))


def softplus_of(x):
    return softplus(x)


def test_tangent_and_adjoint_of_a_function_of_arrays():
    rule(
        apply,
        tangent=lambda y, A, x, A_dot, x_dot: A_dot @ x + A @ x_dot,
        adjoint=lambda y, A, x, y_bar: (np.outer(y_bar, x), A.T @ y_bar),
    )
    A, x, seed = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([5.0, 6.0]), np.array([1.0, -1.0])
    A_bar, x_bar = vjp(lambda A, x: apply(A, x), A, x)[1](seed)
    assert_allclose(A_bar, np.outer(seed, x))
    assert_allclose(x_bar, A.T @ seed)
    _, y_dot = jvp(lambda A, x: apply(A, x), (A, x), (np.eye(2), seed))
    assert_allclose(y_dot, x + A @ seed)
    assert_allclose(hvp(lambda x: np.sum(apply(A, x) ** 2))(x, seed), 2 * A.T @ A @ seed)


def test_a_rule_for_one_mode_refuses_the_other():
    rule(apply, adjoint=lambda y, A, x, y_bar: (np.outer(y_bar, x), A.T @ y_bar))
    A, x = np.eye(2), np.ones(2)
    assert_allclose(grad(lambda x: np.sum(apply(A, x)))(x), [1, 1])
    with pytest.raises(MissingRule, match="apply has a rule for reverse mode only"):
        jvp(lambda x: apply(A, x), (x,), (x,))


def test_a_new_rule_is_seen_by_derivatives_that_exist():
    df = grad(softplus_of)
    assert_allclose(df(0.3), S)
    rule(softplus, partials=lambda x, y: 7.0)
    assert df(0.3) == 7.0


def test_a_constant_has_no_derivative():
    def weight(x):
        return 3 * np.sign(x) + x

    constant(weight)
    assert_allclose(grad(lambda x: np.sum(weight(x) * x))(np.array([1.0, -2.0])), [4.0, -5.0])


def test_compiled_functions_say_what_their_result_is_like():
    constant(np.fft.fft, like=lambda x: x * 1j)
    x = np.array([1.0, 2.0])
    assert_allclose(grad(lambda x: np.sum(np.fft.fft(x).real * x))(x), [3.0, -1.0])


@pytest.mark.parametrize(
    ("give", "words"),
    [
        (lambda: rule(softplus), "gives no derivative"),
        (lambda: rule(softplus, formula="log(1 +"), "cannot read"),
        (lambda: rule(softplus, formula="log(1 + exp(z))"), "no argument"),
        (lambda: rule(softplus, formula="Max(x, 0)"), "by hand"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(give, words):
    with pytest.raises(ArgumentError, match=words):
        give()


def test_wrong_numbers_of_partials_or_adjoints_are_told():
    rule(apply, adjoint=lambda y, A, x, y_bar: np.outer(y_bar, x))
    with pytest.raises(ArgumentError, match="1 adjoints for 2 arguments"):
        grad(lambda A: np.sum(apply(A, np.ones(2))))(np.eye(2))
    rule(softplus, partials=(lambda x: 1.0,))
    with pytest.raises(ArgumentError, match="takes 1 arguments, not 2"):
        grad(softplus_of)(0.3)


def test_options_are_refused():
    rule(softplus, partials=lambda x, y: 1.0)
    with pytest.raises(UnsupportedError, match="no number"):
        grad(lambda x: softplus("x"))(0.3)


def test_a_formula_depends_on_its_arguments_only():
    k = 2.5
    rule(softplus, partials=lambda x, y: k * x)
    with pytest.raises(TransformError, match="reads k from outside"):
        grad(softplus_of)(0.3)
