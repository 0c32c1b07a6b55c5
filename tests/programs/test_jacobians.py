"""Jacobians of few numbers, written out: their text, and the values that passes one by one give."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from transform import TransformError, grad, hessian, jacobian
from transform.cache import numbers_of
from transform.derivative import Derivative
from transform.verify import check

BACKENDS = ["python", "numba"]
M = np.array([[0.7, 1.4], [1.3, 0.6]])


def pair(x1, x2):
    y1 = x1 * x2 + np.sin(x1)
    y2 = np.exp(x1 - x2)
    return y1, y2


def branching(x, y):
    z = x * y if x > y else x - y
    return z * x, 3.0, z + y


def looping(x, y):
    total = 0.0
    for k in range(4):
        total = total * x + y**k
    return total, total / y


def storing(x, y):
    v = np.zeros(3)
    v[0] = x
    v[1:] = y
    v[1] *= v[0]
    w = v[::-1]
    v[2] += w[1] * x
    return v[2], w.sum()


def structured(p, m):
    a, b = p["a"], p["b"]
    return {"s": a * b, "t": [m[0, 1] * a, None, "text", b]}


def counting(x, n):
    return x * n, n * x + 1, x


def raising(x, y):
    if x < 0:
        raise ValueError("negative")
    return x * y, y


def one(x, y):
    return x**2 * y


def many(*xs):
    return xs[0] * xs[-1], sum(xs)


CASES = [
    (pair, (0, 1), (0.4, -0.7)),
    (pair, 1, (0.4, -0.7)),
    (pair, (1, 0), (np.float64(0.4), -0.7)),
    (branching, (0, 1), (1.5, 0.5)),
    (branching, (0, 1), (0.5, 1.5)),
    (looping, (0, 1), (1.5, 0.5)),
    (storing, (0, 1), (1.5, 0.5)),
    (structured, 0, ({"a": 2.0, "b": 3.0}, M)),
    (structured, (0,), ({"a": 2.0, "b": 3.0}, M)),
    (counting, 0, (1.5, 3)),
    (counting, (0, 1), (1.5, 3)),
    (raising, (0, 1), (1.5, 0.5)),
    (many, 0, tuple(np.linspace(0.5, 1.5, 5).tolist())),
    (grad(one, (0, 1)), (0, 1), (1.5, 0.5)),
]


@pytest.fixture
def runs(monkeypatch):
    """The derivatives that take the long way, in order."""
    calls = []
    run = Derivative.run

    def counted(self, values, seeds):
        calls.append(self.plan.kind)
        return run(self, values, seeds)

    monkeypatch.setattr(Derivative, "run", counted)
    return calls


def assert_same(got, want):
    if isinstance(want, (tuple, list)):
        assert type(got) is type(want)
        for one, other in zip(got, want, strict=True):
            assert_same(one, other)
    elif isinstance(want, dict):
        assert list(got) == list(want)
        assert_same(tuple(got.values()), tuple(want.values()))
    elif isinstance(want, float):
        assert isinstance(got, float)
        assert got == pytest.approx(want, rel=1e-14)
    else:
        assert got == want


def test_the_text():
    made = jacobian(pair, (0, 1))
    text = made.source
    assert text.split('"""')[2] == (
        "\n"
        "    dy1_dx1 = x2 + np.cos(x1)\n"
        "    y2 = np.exp(x1 - x2)\n"
        "    dy2_dx2 = -y2\n"
        "    return (dy1_dx1, x1), (y2, dy2_dx2)\n"
    )
    made(0.4, -0.7)
    assert made.source == text


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("fn, argnums, args", CASES)
def test_values_are_those_of_the_passes(fn, argnums, args, backend):
    made = jacobian(fn, argnums, backend=backend)
    got = made(*args)
    assert "_jacobian(" in made.source
    check(made.specialize(*args).built().function)
    assert_same(got, made.assemble(made.bind(args, {})[0]))
    assert_same(made(*args), got)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_hessian_is_written_out(backend):
    made = hessian(one, (0, 1), backend=backend)
    assert made(1.5, 0.5) == ((1.0, 3.0), (3.0, 0.0))
    assert "one_adjoint_jacobian(" in made.source


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_second_call_takes_the_short_way(runs, backend):
    made = jacobian(pair, (0, 1), backend=backend)
    assert_same(made(0.4, -0.7), made(0.4, -0.7))
    assert runs == ["jacobian"]


def test_other_types_leave_the_short_way(runs):
    made = jacobian(one)
    assert made(2.0, 3.0) == 12.0
    np.testing.assert_array_equal(made(np.array([2.0, 1.0]), 3.0), np.diag([12.0, 6.0]))
    assert "one_tangent(" in made.source
    assert made(2.0, 3.0) == made(2.0, 3.0) == 12.0
    assert "one_jacobian(" in made.source
    assert made(np.float32(2.0), 3.0) == 12.0
    assert made(2.0 + 1j, 3.0) == 12.0 + 6j
    assert runs.count("jacobian") == 2
    with pytest.raises(TransformError):
        made("2", 3.0)
    with pytest.raises(TypeError):
        made(2.0)


def test_the_adjoint_where_it_is_asked_for_or_cheaper(runs):
    made = jacobian(pair, (0, 1), "reverse")
    assert_same(made(0.4, -0.7), jacobian(pair, (0, 1))(0.4, -0.7))
    assert "pair_adjoint(" in made.source
    runs.clear()

    def last(x, y):
        return looping(x, y)[0]

    assert_same(jacobian(last, (0, 1))(1.5, 0.5), jacobian(last, (0, 1), "forward")(1.5, 0.5))
    assert "adjoint" in runs


def test_more_numbers_than_a_text_is_for(runs):
    numbers = tuple(np.linspace(0.5, 1.5, 40).tolist())
    first, total = jacobian(many, mode="forward")(*numbers)
    assert first == (1.5, *[0.0] * 38, 0.5)
    assert total == (1.0,) * 40
    assert runs.count("tangent") == 40


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_arrays_that_are_stored_column_by_column(mode):
    doubled = jacobian(lambda m: 2 * m, mode=mode)
    np.testing.assert_array_equal(doubled(np.asfortranarray(M)), doubled(M))
    np.testing.assert_array_equal(doubled(M[:, ::-1]), doubled(M))
    turned = jacobian(lambda v: (v[:, None] * v).T, mode=mode)
    np.testing.assert_array_equal(turned(M[0]), [[[1.4, 0], [1.4, 0.7]], [[1.4, 0.7], [0, 2.8]]])


@pytest.mark.parametrize("mode", ["forward", "reverse", "auto"])
def test_arrays_without_elements(mode):
    made = jacobian(lambda x, y: (x[:0], y * 2, x.sum() + 1), (0, 1), mode)
    for n, m in ((2, 2), (0, 2), (2, 0), (0, 0)):
        (x_x, x_y), (y_x, y_y), (s_x, s_y) = made(np.ones(n), np.ones(m))
        assert (x_x.shape, x_y.shape, y_x.shape, s_y.shape) == ((0, n), (0, m), (m, n), (m,))
        np.testing.assert_array_equal(y_y, 2 * np.eye(m))
        np.testing.assert_array_equal(s_x, np.ones(n))


def with_options(x, y, n=2, *, by=1.0):
    return x * y * n * by, {"a": x.sum(), "b": y[0] ** 2}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_arrays_take_the_short_way(runs, mode, backend):
    made = jacobian(with_options, (0, 1), mode, backend=backend)
    first = made(M[0], M[1])
    assert runs == ["primal", "tangent" if mode == "forward" else "adjoint"]
    assert type(made).__call__ is not Derivative.__call__
    again = made(M[1], M[0], by=2.0)
    assert len(runs) == 2
    for got, want in zip(numbers_of(again), numbers_of(jacobian(with_options, (0, 1))(M[1], M[0], by=2.0))):
        np.testing.assert_allclose(got, want, rtol=1e-14)
    for got, want in zip(numbers_of(made(M[0], M[1])), numbers_of(first)):
        np.testing.assert_array_equal(got, want)


def test_arrays_of_other_types_and_lengths():
    made = jacobian(with_options, (0, 1))
    for x in (
        M[0],
        np.ones(3),
        M[:, 0],
        np.ones(1),
        M[0].astype("f4"),
        M[0] * 1j,
        M[0].astype(">f8"),
        2.0,
        M,
    ):
        try:
            want = numbers_of(jacobian(with_options, (0, 1))(x, x))
        except (TransformError, ValueError, AttributeError) as error:
            with pytest.raises(type(error)):
                made(x, x)
            continue
        for got, other in zip(numbers_of(made(x, x)), want, strict=True):
            assert got.dtype == other.dtype
            np.testing.assert_array_equal(got, other)


def test_a_result_whose_length_run_time_knows(runs):
    def chosen(x):
        out = []
        for v in x:
            if v > 0.65:
                out.append(v * v)
        return out

    made = jacobian(chosen)
    np.testing.assert_allclose(made(M[0]), [[1.4, 0], [0, 2.8]])
    np.testing.assert_allclose(made(M[1]), [[2.6, 0]])
    assert runs == ["primal", "tangent"]


def test_what_the_function_raises():
    made = jacobian(raising, (0, 1))
    made(1.0, 2.0)
    with pytest.raises(ValueError, match="negative"):
        made(-1.0, 2.0)


def test_inside_another_function_it_is_refused():
    with pytest.raises(TransformError, match="how many passes"):
        grad(jacobian(one))(2.0, 3.0)


def test_a_pickle():
    made = pickle.loads(pickle.dumps(jacobian(pair, (0, 1))))
    assert_same(made(0.4, -0.7), jacobian(pair, (0, 1))(0.4, -0.7))
    assert len(numbers_of(made(0.4, -0.7))) == 4
