"""The public functions, by their contracts: signatures, structures, shapes, dtypes, refusals."""

from __future__ import annotations

import functools
import pickle
import threading
from dataclasses import dataclass
from typing import NamedTuple

import cloudpickle
import numpy as np
import pytest
from numpy.testing import assert_allclose

import transform
from transform import (
    ArgumentError,
    TransformError,
    adjoint,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    stop_gradient,
    tangent,
    value_and_grad,
    vjp,
)


def cube(x):
    return x**3


def mse(w, X, y):
    a = X @ w
    b = y - a
    c = b**2
    return np.mean(c)


def pair(x1, x2):
    y1 = x1 * x2 + np.sin(x1)
    y2 = np.exp(x1 - x2)
    return y1, y2


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    return rng.random(3), rng.random((7, 3)), rng.random(7)


def mse_gradient(w, X, y):
    return -2 / len(y) * X.T @ (y - X @ w)


class TestGrad:
    def test_of_a_scalar(self):
        assert grad(cube)(2.0) == 12.0

    def test_an_int_is_taken_as_a_float(self):
        assert grad(cube)(2) == 12.0
        assert isinstance(grad(cube)(2), float)

    def test_as_a_decorator_with_and_without_arguments(self):
        @grad
        def f(x):
            return x * x

        @grad(argnums=(0, "b"))
        def g(a, b):
            return a * b * b

        assert f(3.0) == 6.0
        assert g(2.0, 3.0) == (9.0, 12.0)
        assert g(b=3.0, a=2.0) == (9.0, 12.0)

    def test_argnums_by_position_name_and_tuple(self, data):
        w, X, y = data
        expected = mse_gradient(w, X, y)
        assert_allclose(grad(mse)(w, X, y), expected)
        assert_allclose(grad(mse, "w")(w, X, y), expected)
        (w_bar,) = grad(mse, (0,))(w, X, y)
        assert_allclose(w_bar, expected)
        y_bar, w_bar = grad(mse, argnums=("y", 0))(w, X, y)
        assert_allclose(w_bar, expected)
        assert_allclose(y_bar, 2 / 7 * (y - X @ w))
        assert_allclose(grad(mse, -1)(w, X, y), 2 / 7 * (y - X @ w))

    def test_float32_is_kept(self, data):
        w, X, y = (each.astype(np.float32) for each in data)
        gradient = grad(mse)(w, X, y)
        assert gradient.dtype == np.float32
        assert_allclose(gradient, mse_gradient(w, X, y), rtol=1e-5)

    def test_an_unused_argument_gets_zeros_of_its_shape(self):
        a_bar, b_bar = grad(lambda a, b: np.sum(a), (0, 1))(np.ones(3), np.ones((2, 2), np.float32))
        assert_allclose(a_bar, np.ones(3))
        assert_allclose(b_bar, np.zeros((2, 2)))
        assert b_bar.dtype == np.float32

    def test_aux_goes_along(self):
        def f(x):
            y = np.sin(x)
            return y * y, {"y": y, "name": "f"}

        gradient, aux = grad(f, has_aux=True)(0.5)
        assert_allclose(gradient, 2 * np.sin(0.5) * np.cos(0.5))
        assert aux == {"y": np.sin(0.5), "name": "f"}
        (value, aux), gradient = value_and_grad(f, has_aux=True)(0.5)
        assert_allclose(value, np.sin(0.5) ** 2)
        assert aux["name"] == "f"

    def test_value_and_grad(self, data):
        w, X, y = data
        value, gradient = value_and_grad(mse)(w, X, y)
        assert_allclose(value, mse(w, X, y))
        assert_allclose(gradient, mse_gradient(w, X, y))

    def test_gradients_may_be_written_to_and_arguments_stay(self, data):
        w, X, y = data
        before = w.copy(), X.copy(), y.copy()
        w_bar, X_bar, y_bar = grad(mse, (0, 1, 2))(w, X, y)
        w_bar += 1
        X_bar *= 2
        y_bar[:] = 0
        for now, then in zip(data, before, strict=True):
            assert_allclose(now, then)

    def test_gradients_do_not_share_memory(self):
        a_bar, b_bar = grad(lambda a, b: np.sum((a + b) ** 2), (0, 1))(np.ones(3), np.ones(3))
        a_bar += 1
        assert_allclose(b_bar, 4 * np.ones(3))

    def test_dims_of_one_and_others_in_turn(self):
        df = grad(lambda x, y: np.sum(x * y**2), (0, 1))
        for n, m in ((3, 3), (1, 3), (3, 1), (1, 1), (4, 4), (1, 5)):
            x, y = np.arange(1.0, n + 1), np.arange(1.0, m + 1)
            x_bar, y_bar = df(x, y)
            assert x_bar.shape == (n,)
            assert y_bar.shape == (m,)
            full_x = np.broadcast_to(y**2, (max(n, m),))
            full_y = np.broadcast_to(2 * x * y, (max(n, m),))
            assert_allclose(x_bar, full_x if n > 1 else [full_x.sum()])
            assert_allclose(y_bar, full_y if m > 1 else [full_y.sum()])

    def test_a_new_shape_needs_no_new_code(self, data):
        w, X, y = data
        df = grad(mse)
        first = df.specialize(w, X, y)
        assert df.specialize(w, X[:5], y[:5]) is first
        assert df.specialize(w[:1], X[:, :1], y) is not first


class Point(NamedTuple):
    x: float
    y: float


@dataclass(frozen=True)
class Model:
    W: np.ndarray
    b: float
    name: str = "m"


class TestStructures:
    def test_a_dict(self):
        gradient = grad(lambda p, x: np.sum(p["W"] @ x) + p["b"])(
            {"W": np.ones((2, 2)), "b": 1.0}, np.array([1.0, 2.0])
        )
        assert list(gradient) == ["W", "b"]
        assert_allclose(gradient["W"], [[1, 2], [1, 2]])
        assert gradient["b"] == 1.0

    def test_tuples_and_lists(self):
        gradient = grad(lambda p: p[0] * p[1][0] + p[1][1])((2.0, [3.0, 4]))
        assert gradient == (3.0, [2.0, 1.0])

    def test_a_named_tuple(self):
        assert grad(lambda p: p.x * p.y**2)(Point(2.0, 3.0)) == Point(9.0, 12.0)

    def test_a_dataclass(self):
        gradient = grad(lambda m, x: np.sum(m.W * x) * m.b)(Model(np.ones(2), 2.0), np.array([1.0, 2.0]))
        assert isinstance(gradient, Model)
        assert_allclose(gradient.W, [2.0, 4.0])
        assert gradient.b == 3.0
        assert gradient.name == "m"

    def test_results_of_any_structure(self):
        out, out_dot = jvp(lambda x: {"a": x * x, "b": (x, 1.0)}, (3.0,), (1.0,))
        assert out == {"a": 9.0, "b": (3.0, 1.0)}
        assert out_dot == {"a": 6.0, "b": (1.0, 0.0)}


class TestSeeds:
    def test_jvp(self, data):
        w, X, _ = data
        v = np.array([1.0, -2.0, 0.5])
        value, dot = jvp(lambda w: X @ w, (w,), (v,))
        assert_allclose(value, X @ w)
        assert_allclose(dot, X @ v)

    def test_vjp(self, data):
        w, X, _ = data
        out, pullback = vjp(lambda X, w: X @ w, X, w)
        seed = np.arange(7.0)
        X_bar, w_bar = pullback(seed)
        assert_allclose(out, X @ w)
        assert_allclose(X_bar, np.outer(seed, w))
        assert_allclose(w_bar, X.T @ seed)

    def test_vjp_of_a_structured_result(self):
        out, pullback = vjp(pair, 0.4, -0.7)
        e = np.exp(1.1)
        assert_allclose(out, (0.4 * -0.7 + np.sin(0.4), e))
        assert_allclose(pullback((1.0, 0.0)), (-0.7 + np.cos(0.4), 0.4))
        assert_allclose(pullback((0.0, 1.0)), (e, -e))

    def test_the_point_of_a_pullback_is_its_own(self):
        x = np.array([1.0, 2.0])
        _, pullback = vjp(lambda x: np.sum(x**2), x)
        x[:] = 0
        assert_allclose(pullback(1.0)[0], [2.0, 4.0])

    def test_tangent_and_adjoint_functions(self):
        assert tangent(cube)(2.0) == (8.0, 12.0)
        assert tangent(cube)(2.0, 0.5) == (8.0, 6.0)
        assert adjoint(cube)(2.0) == 12.0
        assert adjoint(cube)(2.0, 10.0) == 120.0
        assert_allclose(adjoint(pair, (0, 1))(0.4, -0.7, 1.0, 0.0), (-0.7 + np.cos(0.4), 0.4))
        (y1, _), (y1_dot, y2_dot) = tangent(pair, (0, 1))(0.4, -0.7, 1.0, 0.0)
        assert_allclose((y1, y1_dot, y2_dot), (0.4 * -0.7 + np.sin(0.4), -0.7 + np.cos(0.4), np.exp(1.1)))

    def test_seeds_by_name(self):
        assert_allclose(adjoint(pair)(0.4, -0.7, y2_bar=1.0, y1_bar=0.0), np.exp(1.1))
        assert tangent(cube)(2.0, x_dot=2.0) == (8.0, 24.0)

    @pytest.mark.parametrize("seed", [np.ones(2), np.ones((3, 1)), 1.0, "one", np.ones(3) * 1j])
    def test_a_seed_of_another_shape_is_refused(self, seed):
        x = np.ones(3)
        with pytest.raises(ArgumentError, match="seed"):
            tangent(lambda x: x * 2)(x, seed)
        with pytest.raises(ArgumentError, match="seed"):
            adjoint(lambda x: x * 2)(x, seed)
        with pytest.raises(ArgumentError, match="seed"):
            jvp(lambda x: x * 2, (x,), (seed,))
        with pytest.raises(ArgumentError, match="seed"):
            vjp(lambda x: x * 2, x)[1](seed)

    def test_a_missing_seed_is_named(self):
        with pytest.raises(ArgumentError, match="y2_bar"):
            adjoint(pair)(1.0, 2.0, 1.0)


class TestMatrices:
    @pytest.mark.parametrize("mode", ["forward", "reverse", "auto"])
    def test_jacobian(self, mode, data):
        w, X, _ = data
        J = jacobian(lambda w: np.sin(X @ w), mode=mode)(w)
        assert J.shape == (7, 3)
        assert_allclose(J, np.cos(X @ w)[:, None] * X)

    @pytest.mark.parametrize("mode", ["forward", "reverse", "auto"])
    def test_jacobian_with_respect_to_a_matrix(self, mode, data):
        w, X, _ = data
        J = jacobian(lambda X: X @ w, mode=mode)(X)
        assert J.shape == (7, 7, 3)
        assert_allclose(J, np.einsum("ij,k->ijk", np.eye(7), w))

    @pytest.mark.parametrize("mode", ["forward", "reverse"])
    def test_jacobian_of_a_tuple_with_respect_to_two(self, mode):
        J = jacobian(pair, (0, 1), mode=mode)(0.4, -0.7)
        e = np.exp(1.1)
        assert_allclose(np.array(J), [[-0.7 + np.cos(0.4), 0.4], [e, -e]])

    def test_hessian_and_hvp(self):
        def f(x):
            return np.sum(x**3) + x[0] * x[1] ** 2

        x, v = np.array([1.0, 2.0, 3.0]), np.array([0.5, -1.0, 2.0])
        H = np.array([[6.0, 4.0, 0.0], [4.0, 12.0 + 2.0, 0.0], [0.0, 0.0, 18.0]])
        assert_allclose(hessian(f)(x), H)
        assert_allclose(hvp(f)(x, v), H @ v)

    def test_hessian_of_two_arguments(self):
        H = hessian(lambda a, b: a**2 * b**3, (0, 1))(2.0, 3.0)
        assert_allclose(np.array(H), [[2 * 27, 2 * 2 * 27], [2 * 2 * 27, 4 * 6 * 3]])


class TestComposition:
    @pytest.mark.parametrize("x", [0.3, 1.7])
    def test_third_derivative(self, x):
        assert_allclose(grad(grad(grad(lambda x: np.sin(x) * x)))(x), -3 * np.sin(x) - x * np.cos(x))
        assert_allclose(grad(grad(grad(lambda x: x**5)))(x), 60 * x**2)

    def test_all_pairs_of_modes(self):
        x = 0.7
        second = -np.sin(x) + 6 * x
        f = lambda x: np.sin(x) + x**3  # noqa: E731
        assert_allclose(adjoint(adjoint(f))(x, 1.0, 1.0), second)
        assert_allclose(tangent(adjoint(f))(x, 1.0, 1.0)[1], second)
        assert_allclose(jvp(grad(f), (x,), (1.0,))[1], second)
        assert_allclose(vjp(grad(f), x)[1](1.0)[0], second)
        assert_allclose(grad(lambda x: tangent(f)(x, 1.0)[1])(x), second)
        assert_allclose(jvp(lambda x: jvp(f, (x,), (1.0,))[1], (x,), (1.0,))[1], second)

    def test_a_gradient_inside_a_function(self):
        def penalty(w, x):
            return grad(lambda x: w * x**3)(x) ** 2

        assert_allclose(grad(penalty)(2.0, 0.5), 2 * 2.0 * (3 * 0.25) ** 2)

    def test_stop_gradient(self):
        assert grad(lambda x: x * stop_gradient(x))(3.0) == 3.0
        assert stop_gradient(3.0) == 3.0


class TestObjects:
    def test_metadata_of_the_function(self):
        @grad
        def f(x):
            """A docstring."""
            return x * x

        assert f.__name__ == "f"
        assert f.__doc__ == "A docstring."
        assert f.__wrapped__(3.0) == 9.0
        assert "grad" in repr(f)
        assert "f" in repr(f)

    def test_source_and_ssa(self):
        df = grad(cube)
        assert "def cube_adjoint(x, L_bar=1.0):" in df.source
        scope = {}
        exec(df.source, scope)
        assert scope["cube_adjoint"](2.0) == 12.0
        assert isinstance(df.ssa, str)

    def test_cloudpickle(self):
        k = 3.0
        df = cloudpickle.loads(cloudpickle.dumps(grad(lambda x: k * x**2)))
        assert df(2.0) == 12.0
        assert pickle.loads(pickle.dumps(grad(cube)))(2.0) == 12.0
        assert cloudpickle.loads(cloudpickle.dumps(hessian(cube)))(2.0) == 12.0
        assert cloudpickle.loads(cloudpickle.dumps(jacobian(lambda x: k * x**2)))(2.0) == 12.0

    def test_threads_calling_first_at_once(self):
        df = grad(mse)
        rng = np.random.default_rng(1)
        w, X, y = rng.random(3), rng.random((7, 3)), rng.random(7)
        found = []
        start = threading.Barrier(8)

        def run():
            start.wait()
            found.append(df(w, X, y))

        threads = [threading.Thread(target=run) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(found) == 8
        for gradient in found:
            assert_allclose(gradient, mse_gradient(w, X, y))

    def test_on_a_method(self):
        class Spring:
            def __init__(self, k):
                self.k = k

            @grad(argnums="x")
            def force(self, x):
                return 0.5 * self.k * x**2

            def energy(self, x):
                return 0.5 * self.k * x**2

        spring = Spring(3.0)
        assert spring.force(2.0) == 6.0
        df = grad(spring.energy)
        assert df(2.0) == 6.0
        spring.k = 5.0
        assert df(2.0) == 10.0
        assert spring.force(2.0) == 10.0

    def test_a_partial(self):
        assert grad(functools.partial(lambda k, x: k * x**2, 3.0))(2.0) == 12.0


SCALE = 2.0
WEIGHTS = np.array([1.0, 2.0])


def scaled(x):
    return SCALE * helper(x)


def helper(x):
    return x * x


class TestLiveNames:
    def test_a_global_number(self, monkeypatch):
        df = grad(scaled)
        assert df(3.0) == 12.0
        monkeypatch.setitem(globals(), "SCALE", 5.0)
        assert df(3.0) == 30.0
        monkeypatch.setitem(globals(), "SCALE", 2)
        assert df(3.0) == 12.0

    def test_a_redefined_helper(self, monkeypatch):
        df = grad(scaled)
        assert df(3.0) == 12.0
        monkeypatch.setitem(globals(), "helper", lambda x: x**3)
        assert df(3.0) == 54.0

    def test_a_global_array_written_in_place_or_replaced(self, monkeypatch):
        df = grad(lambda x: np.sum(WEIGHTS * x))
        weights = np.array([1.0, 2.0])
        monkeypatch.setitem(globals(), "WEIGHTS", weights)
        assert_allclose(df(np.ones(2)), [1, 2])
        weights[0] = 7
        assert_allclose(df(np.ones(2)), [7, 2])
        monkeypatch.setitem(globals(), "WEIGHTS", np.array([3.0, 3.0]))
        assert_allclose(df(np.ones(2)), [3, 3])

    def test_a_closure(self):
        k = 2.0

        def f(x):
            return k * x

        df = grad(f)
        assert df(1.0) == 2.0
        k = 3.0
        assert df(1.0) == 3.0

    def test_options_are_part_of_the_specialisation(self):
        def f(x, kind="square", axis=0, flag=True):
            y = np.sum(x, axis=axis)
            return np.sum(y**2 if kind == "square" else y**3) if flag else np.sum(x)

        df = grad(f)
        x = np.arange(6.0).reshape(2, 3)
        assert_allclose(df(x), np.broadcast_to(2 * x.sum(axis=0), (2, 3)))
        assert_allclose(df(x, axis=1), np.broadcast_to(2 * x.sum(axis=1)[:, None], (2, 3)))
        assert_allclose(df(x, "cube"), np.broadcast_to(3 * x.sum(axis=0) ** 2, (2, 3)))
        assert_allclose(df(x, flag=False), np.ones((2, 3)))
        assert_allclose(df(x), np.broadcast_to(2 * x.sum(axis=0), (2, 3)))


class TestRefusals:
    @pytest.mark.parametrize(
        ("make", "words"),
        [
            (lambda: grad(cube, "z")(1.0), "no argument 'z'"),
            (lambda: grad(cube, 3)(1.0), "no argument 3"),
            (lambda: grad(cube)(np.ones(3)), "jacobian"),
            (lambda: grad(pair)(1.0, 2.0), "jacobian"),
            (lambda: grad(cube)("three"), "not a number"),
            (lambda: grad(cube)(np.arange(3)), "integer"),
            (lambda: grad(cube)(None), "not a number"),
            (lambda: grad(lambda x: x * 1j)(1.0), "complex"),
            (lambda: grad(3), "not a function"),
            (lambda: grad(cube, argnums=1.5), "argnums"),
            (lambda: grad(cube, argnums=(0, 0)), "argnums"),
            (lambda: jacobian(cube, mode="sideways"), "mode"),
            (lambda: jvp(cube, (1.0,), ()), "tangents"),
            (lambda: grad(np.fft.fft)(1.0), "rule"),
        ],
    )
    def test_one_clear_error(self, make, words):
        with pytest.raises(TransformError, match=words):
            make()

    def test_the_version_is_told(self):
        assert transform.__version__


class TestComplex:
    def test_a_real_result_through_complex_values(self):
        def f(x):
            z = np.exp(1j * x) * (2 + x)
            return np.abs(z) ** 2 + z.real * z.imag

        x, h = 0.7, 1e-5
        expected = (f(x + h) - f(x - h)) / (2 * h)
        assert_allclose(grad(f)(x), expected, rtol=1e-8)
        assert np.isrealobj(grad(f)(x))
        assert_allclose(jvp(f, (x,), (1.0,))[1], expected, rtol=1e-8)
