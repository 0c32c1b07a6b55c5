"""Seeds, signatures and Jacobians in unusual combinations, against values known by hand."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

import transform
from transform import ArgumentError, TransformError, adjoint, grad, hessian, hvp, jacobian, jvp, tangent, vjp

V = np.array([1.0, 2.0])


def power(x, n=3):
    return x**n


def product(*factors):
    return factors[0] * factors[1] ** 2


def named_like_seeds(x, y_bar, x_bar, x_dot, y_dot, L_bar):
    y = x * y_bar * x_bar * x_dot * y_dot * L_bar
    return y


class TestDefaultsAndStars:
    def test_a_default_is_never_taken_for_a_seed(self):
        assert jvp(power, (2.0,), (1.0,)) == (8.0, 12.0)
        assert vjp(power, 2.0)[1](1.0) == (12.0,)
        assert tangent(power)(2.0, 3, 1.0) == (8.0, 12.0)
        assert tangent(power)(2.0, x_dot=2.0) == (8.0, 24.0)
        for ambiguous in (hvp(power), tangent(power)):
            with pytest.raises(ArgumentError, match=r"give the seed by its name, x_dot=\.\.\."):
                ambiguous(2.0, 1.0)

    def test_arguments_by_star(self):
        assert vjp(product, 2.0, 3.0)[1](1.0) == (9.0, 12.0)
        assert jvp(product, (2.0, 3.0), (1.0, 0.0)) == (18.0, 9.0)
        assert grad(product, "factors")(2.0, 3.0) == (9.0, 12.0)

    def test_derivatives_with_seeds_are_functions_like_others(self):
        assert jvp(tangent(lambda x: x**3), (2.0, 1.0), (1.0, 0.0)) == ((8.0, 12.0), (12.0, 12.0))
        assert vjp(adjoint(lambda x: x**3), 2.0, 1.0)[1](1.0) == (12.0, 12.0)

    def test_a_default_with_parts_in_the_generated_signature(self):
        def f(q, m=(1.0, 2.0), k=[0.5], d={"a": (1, 2.0)}):
            return q * m[1] * k[0] * d["a"][0]

        scope = {}
        exec(tangent(f).source, scope)
        assert scope["f_tangent"](3.0) == (3.0, 1.0)

    @pytest.mark.parametrize("values", [np.arange(2.0, 8.0), np.arange(12.0).reshape(6, 2) + 1])
    def test_parameters_that_are_called_like_seeds(self, values):
        arguments = tuple(value if values.ndim > 1 else float(value) for value in values)
        y, y_dot = jvp(named_like_seeds, arguments, tuple(np.ones_like(a)[()] for a in arguments))
        total = sum(1 / a for a in arguments)
        assert_allclose(y_dot, y * total)
        bars = vjp(named_like_seeds, *arguments)[1](np.ones_like(y)[()])
        for bar, argument in zip(bars, arguments, strict=True):
            assert_allclose(bar, y / argument)

    def test_parameters_that_are_called_like_the_entry_s_own(self):
        assert grad(lambda _self, _kernel: _self**2 * _kernel)(2.0, 3.0) == 12.0

    def test_a_long_result_of_tuples(self):
        def f(v):
            return tuple((v * k, (v + k, [v - k, {"quotient": v / k}])) for k in range(1, 12))

        result, result_dot = tangent(f)(V, V)
        for k in range(1, 12):
            v, (plus, (minus, quotient)) = result_dot[k - 1]
            for got, want in ((v, V * k), (plus, V), (minus, V), (quotient["quotient"], V / k)):
                assert_allclose(got, want)
            assert_allclose(result[k - 1][0], V * k)


def test_functions_of_numpy_themselves():
    assert_allclose(grad(np.sum)(V), [1, 1])
    assert_allclose(grad(np.prod)(V), [2, 1])
    assert_allclose(grad(np.linalg.norm)(V), V / np.sqrt(5))
    assert_allclose(
        jacobian(np.mean)(np.outer(V, V), 0), np.multiply.outer(np.eye(2), [1, 1]).swapaxes(1, 2) / 2
    )


class TestJacobians:
    @pytest.mark.parametrize("mode", ["forward", "reverse", "auto"])
    def test_a_complex_result_of_a_real_argument(self, mode):
        assert_allclose(jacobian(lambda x: x**2 * (1 + 2j), mode=mode)(V), np.diag(2 * V * (1 + 2j)))

    def test_a_real_result_of_a_complex_argument_is_that_of_grad(self):
        z = np.array([1 + 2j])
        assert_allclose(jacobian(lambda z: z.imag)(z), [[-1j]])
        with pytest.raises(ArgumentError, match="no Jacobian in forward mode"):
            jacobian(lambda z: z.imag, mode="forward")(z)

    def test_where_the_number_of_passes_is_not_known(self):
        with pytest.raises(ArgumentError, match="the Jacobian of a Jacobian"):
            jacobian(jacobian(power))
        for inner in (jacobian, hessian):
            with pytest.raises(TransformError, match="how many passes"):
                grad(lambda x, inner=inner: inner(power)(x))(2.0)


class TestRules:
    def test_what_is_no_rule(self):
        with pytest.raises(ArgumentError, match="not a function"):
            transform.rule(power, partials=(1,))
        with pytest.raises(ArgumentError, match="has 3 partials, but power has 2 arguments"):
            transform.rule(power, partials=(lambda x, n, y: y,) * 3)

    def test_a_rule_for_one_mode(self):
        def f(x):
            return x * 2

        transform.rule(f, adjoint=lambda y, x, y_bar: 2 * y_bar)
        assert grad(lambda x: f(x))(1.0) == 2.0
        with pytest.raises(TransformError, match="f has a rule for reverse mode only"):
            jvp(lambda x: f(x), (1.0,), (1.0,))
