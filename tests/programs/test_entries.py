"""The short way of a call: taken where all is as before, left where anything differs, never told apart."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest

import transform
from transform import ArgumentError, TransformError, adjoint, grad, hvp, jvp, tangent, vjp
from transform.derivative import Derivative

BACKENDS = ["python", "numba"]
V = np.array([0.52, 1.37, 0.91])
W = np.array([0.3, -0.2, 1.1, 0.4])
A, B = V + 1, V + 2
SCALE = 2.0


def scalars(a, b):
    return a * a * b + np.sin(b)


def vectors(x, y):
    return x * y + np.sin(x)


def of_one(x, y):
    return x**3


def energy(x):
    return np.sum((x[1:] - x[:-1] ** 2) ** 2)


def scaled(x, n=3, *, by=1.0):
    return x**n * by


def global_scale(x):
    return SCALE * x**3


def written(x, y):
    x *= y
    return x


class Line(NamedTuple):
    w: object
    b: object


def layered(p, x, *, mode="square"):
    (first, name), last = p["layers"], p["last"]
    y = first.w * x + first.b
    return np.sum(y**2 if mode == "square" and name is None else y) * last


LAYERS = {"layers": [Line(V, 1.5), None], "last": 2.0}


def changed(w=V, b=1.5, name=None, last=2.0):
    return {"layers": [Line(w, b), name], "last": last}


def weighted(w, pair):
    pair[0][:] = pair[0] * w
    return pair[0] + pair[1]


def many(x, *others):
    return x * sum(others)


def differences(x):
    return x[1:] - x[:-1]


@pytest.fixture
def long_ways(monkeypatch):
    """The calls that take the long way."""
    calls = []
    run = Derivative.run

    def counted(self, values, seeds):
        calls.append(self)
        return run(self, values, seeds)

    monkeypatch.setattr(Derivative, "run", counted)
    return calls


def outcome(function, args, kwargs):
    try:
        return function(*args, **kwargs)
    except (TransformError, TypeError, ValueError) as error:
        return type(error), getattr(error, "reason", "")


def leaves(value):
    if isinstance(value, dict):
        return [*value, *leaves(tuple(value.values()))]
    if isinstance(value, (tuple, list)) and not (value and isinstance(value[0], type)):
        return [type(value), *(leaf for part in value for leaf in leaves(part))]
    return [value]


def assert_same(got, want):
    for one, other in zip(leaves(got), leaves(want), strict=True):
        assert type(one) is type(other)
        if isinstance(one, np.ndarray):
            assert one.dtype == other.dtype
            np.testing.assert_array_equal(one, other)
        else:
            assert one == other


SHORT = [
    (grad, layered, 0, (LAYERS, V)),
    (hvp, layered, 0, (LAYERS, V, LAYERS)),
    (tangent, layered, (0, 1), (changed(V, V), V, changed(V, 1 + V), V)),
    (adjoint, layered, 0, (LAYERS, V)),
    (hvp, energy, 0, (V, V)),
    (hvp, energy, 0, (W, V[[0, 1, 1, 2]])),
    (hvp, scalars, 0, (1.5, 2.0, 0.5)),
    (hvp, scalars, (0, 1), (1.5, 2.0, 0.5, -1.0)),
    (tangent, scalars, (0, 1), (1.5, 2.0, 0.5, -1.0)),
    (tangent, vectors, 1, (V, V, V)),
    (tangent, vectors, 0, (V, 2.0, V)),
    (adjoint, scalars, (0, 1), (1.5, 2.0)),
    (adjoint, scalars, (0, 1), (1.5, 2.0, 3.0)),
    (adjoint, vectors, (0, 1), (V, V, V)),
    (adjoint, scalars, 0, (np.float64(1.5), 2.0)),
    (adjoint, scalars, 0, (np.float32(1.5), np.float32(2.0), np.float32(0.1))),
    (adjoint, scalars, 0, (1.5, 2.0, np.float64(3.0))),
    (adjoint, differences, 0, (W, V)),
    (tangent, grad(scalars), 1, (1.5, 2.0, 0.5)),
]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("kind, fn, argnums, args", SHORT)
def test_a_second_call_with_seeds_takes_the_short_way(long_ways, kind, fn, argnums, args, backend):
    derivative = kind(fn, argnums, backend=backend)
    first = derivative(*args)
    assert len(long_ways) == 1
    assert_same(derivative(*args), first)
    assert len(long_ways) == 1


def test_seeds_by_name_take_the_short_way(long_ways):
    derivative = tangent(scaled)
    derivative(2.0, x_dot=1.0)
    assert derivative(2.0, 2, x_dot=0.5, by=3.0) == (12.0, 6.0)
    assert derivative(x=2.0, x_dot=0.5) == (8.0, 6.0)
    assert derivative(2.0, x_dot=1) == (8.0, 12.0)
    assert len(long_ways) == 1


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    "fn, args, dots, seed", [(scalars, (1.5, 2.0), (0.5, -1.0), 3.0), (vectors, (V, V), (V, V), V)]
)
def test_products_take_the_short_way(long_ways, fn, args, dots, seed, backend):
    first = jvp(fn, args, dots, backend=backend), vjp(fn, *args, backend=backend)[1](seed)
    assert len(long_ways) == 3  # tangent, primal, adjoint
    assert_same((jvp(fn, args, dots, backend=backend), vjp(fn, *args, backend=backend)[1](seed)), first)
    assert len(long_ways) == 3


@pytest.mark.parametrize(
    "options", [{"backend": "c"}, {"backend": []}, {"fastmath": 1}, {"backend": "numba", "parallel": 1}]
)
def test_options_are_looked_at_each_time(options):
    right = {"parallel": True} if "parallel" in options else {}
    jvp(scalars, (1.5, 2.0), (1.0, 0.0), **(options | right if right else {}))
    for _ in range(2):
        with pytest.raises(ArgumentError):
            jvp(scalars, (1.5, 2.0), (1.0, 0.0), **options)
        with pytest.raises(ArgumentError):
            vjp(scalars, 1.5, 2.0, **options)


def test_products_of_functions_whose_arguments_are_not_one_by_one():
    assert jvp(scaled, (2.0,), (0.5,)) == jvp(scaled, (2.0,), (0.5,)) == (8.0, 6.0)
    assert vjp(scaled, 2.0)[1](2.0) == vjp(scaled, 2.0)[1](2) == (24.0,)
    assert (
        jvp(many, (2.0, 3.0, 4.0), (1.0, 0.0, 0.5))
        == jvp(many, (2.0, 3.0, 4.0), (1.0, 0.0, 0.5))
        == (14.0, 8.0)
    )
    assert vjp(many, 2.0, 3.0, 4.0)[1](1.0) == (7.0, 2.0, 2.0)
    assert vjp(lambda x: 3.0, 2.0)[1](1.0) == (0.0,)
    assert vjp(lambda x: (x, None, 3.0), 2.0)[1]((1.0, None, 1.0)) == (1.0,)
    assert jvp(tangent(of_one), (2.0, 3.0, 1.0), (1.0, 0.0, 0.0)) == ((8.0, 12.0), (12.0, 12.0))
    for wrong in ((1.0,), (1.0, 2.0, 3.0), ()):
        with pytest.raises(ArgumentError, match="tangent"):
            jvp(scalars, (1.5, 2.0), wrong)
    with pytest.raises(TypeError):
        jvp(scalars, (1.5,), (1.0,))


@pytest.mark.parametrize("seed", [V[:2], V[:1], V[None], 1.0, "V", None, [V], V * 1j])
def test_a_pullback_looks_at_each_seed(seed):
    pullback = vjp(vectors, V, V)[1]
    assert_same(pullback(V), pullback(V))
    with pytest.raises(ArgumentError, match="seed"):
        pullback(seed)
    assert_same(pullback([1, 2, 3]), pullback(np.array([1.0, 2.0, 3.0])))


CHANGED = [
    (
        grad,
        layered,
        0,
        (LAYERS, V),
        [(changed(b=1), V), (changed(b=V), V), (changed(w=W), W)],
    ),
    (
        grad,
        layered,
        0,
        (LAYERS, V),
        [(changed(name="n"), V), (dict(reversed(LAYERS.items())), V), ({}, V), (V, V)],
    ),
    (
        grad,
        layered,
        0,
        (LAYERS, V),
        [({**LAYERS, "more": 1.0}, V), (changed(w=V.astype("f4")), V), (LAYERS, V[:1])],
    ),
    (grad, layered, 0, (LAYERS, V), [({**LAYERS, "layers": (Line(V, 1.5), None)}, V), (LAYERS, "V")]),
    (
        grad,
        layered,
        0,
        (LAYERS, V),
        [({**LAYERS, "layers": [(V, 1.5), None]}, V), (changed(last=np.float64(2)), V)],
    ),
    (
        hvp,
        layered,
        0,
        (LAYERS, V, LAYERS),
        [(LAYERS, V, changed(b=1)), (LAYERS, V, changed(w=W)), (LAYERS, V, V)],
    ),
    (hvp, layered, 0, (LAYERS, V, LAYERS), [(LAYERS, V, changed(name="n")), (LAYERS, V, {}), (LAYERS, V)]),
    (
        hvp,
        layered,
        0,
        (LAYERS, V, LAYERS),
        [(changed(w=W), W, LAYERS), (changed(w=W), V, LAYERS), (changed(w=W), W, changed(w=W))],
    ),
    (hvp, layered, 0, (LAYERS, V, LAYERS), [(LAYERS, V, {**LAYERS, "layers": (Line(V, 1.5), None)})]),
    (
        tangent,
        weighted,
        0,
        (V, (A, B), V),
        [(V, (A, W), V), (W, (A, B), V), (V, [A, B], V), (V, (A[:1], B), V), (V, (V, B), V)],
    ),
    (hvp, energy, 0, (V, V), [(W, V), (V, W), (W, W), (V, V[:1]), (V, V[:, None]), (V, 1.0), (V, list(V))]),
    (hvp, energy, 0, (V, V), [(V,), (V, V, V), (V.astype("f4"), V), (V, V.astype("f4")), (V, V + 1j)]),
    (hvp, energy, 0, (V, V), [(V, V.astype(">f8")), (V.astype(">f8"), V), (V, V * 0 + np.nan), (V[::-1], V)]),
    (hvp, energy, 0, (V, V), [(V, np.array([1, 2, 3])), (V[:1], V[:1]), (V[:0], V[:0]), (V, None), ("V", V)]),
    (
        tangent,
        scalars,
        0,
        (2.0, 3.0, 1.0),
        [(2.0, 3.0), (2, 3.0, 1), (2.0, 3, 1.0), (np.float32(2), 3.0, 1.0)],
    ),
    (
        tangent,
        scalars,
        0,
        (2.0, 3.0, 1.0),
        [(2.0, 3.0, 1j), (2.0, 3.0, "1"), (2.0, 3.0, V), (2.0, 3.0, True)],
    ),
    (
        tangent,
        scalars,
        0,
        (2.0, 3.0, 1.0),
        [(V, 3.0, V), (V, 3.0, 1.0), (2.0, V, 1.0), (2.0, 3.0, np.array(2.0))],
    ),
    (tangent, scalars, 0, (2j, 3.0, 1.0), [(2j, 3.0, 1j), (2j, 3.0, 2), (2.0, 3.0, 1j), (2.0, 3.0, 1.0)]),
    (adjoint, scalars, 0, (2.0, 3.0), [(2.0, 3.0, 2.0), (2.0, 3.0, 2), (2.0, 3.0, 1.0, 1.0), (2.0,), ()]),
    (
        adjoint,
        scalars,
        0,
        (np.float64(2.0), 3.0),
        [(np.float64(2.0), 3.0, 1.0), (2.0, 3.0), (np.float64(2.0), 3)],
    ),
    # The adjoint does not compute with y: that its length must be that of x, only a test can know.
    (adjoint, vectors, 0, (V, V, V), [(W, V, V), (V, W, V), (V, V, W), (V, W, W), (W, W, W), (V, V[:1], V)]),
    (
        adjoint,
        vectors,
        1,
        (V, V, V),
        [(W, V, V), (V, W, V), (V, V, W), (W, V, W), (V[:1], V, V), (V, 2.0, V)],
    ),
    (tangent, of_one, 0, (V, V, V), [(V, W, V), (W, V, W), (V, V[:1], V), (V, V, V[:1])]),
    (adjoint, differences, 0, (W, V), [(W, W), (V, V[1:]), (V, V), (W[:1], V), (W[:1], V[:0]), (W, V[:1])]),
]


@pytest.mark.parametrize("kind, fn, argnums, args, others", CHANGED)
def test_another_call_is_that_of_a_new_derivative(kind, fn, argnums, args, others):
    for other in others:
        derivative = kind(fn, argnums)
        assert_same(derivative(*args), derivative(*args))
        assert_same(outcome(derivative, other, {}), outcome(kind(fn, argnums), other, {}))
        assert_same(derivative(*args), kind(fn, argnums)(*args))


@pytest.mark.parametrize("kwargs", [{"x_bar": 1.0}, {"y": 1.0}, {"x": 1.0}, {"n": 3}, {"by": 2.0}])
@pytest.mark.parametrize("args", [(), (2.0,), (2.0, 3), (2.0, 1.0), (2.0, 3, 1.0), (2.0, 3, 1.0, 1.0)])
def test_names_that_fit_and_that_do_not(args, kwargs):
    derivative = tangent(scaled)
    derivative(2.0, x_dot=1.0)
    assert_same(outcome(derivative, args, kwargs), outcome(tangent(scaled), args, kwargs))


@pytest.mark.parametrize("args", [(2.0,), (2.0, 3), (2.0, 3, 1.0), (2.0, 3, 1.0, 1.0)])
def test_a_seed_by_name(args):
    derivative = tangent(scaled)
    derivative(2.0, x_dot=1.0)
    if len(args) < 3:
        assert derivative(*args, x_dot=2.0, by=2.0) == (16.0, 48.0)
    else:
        with pytest.raises((ArgumentError, TypeError), match="x_dot"):
            derivative(*args, x_dot=2.0)


def test_a_changed_global(monkeypatch, long_ways):
    derivative = tangent(global_scale)
    assert derivative(2.0, 1.0) == derivative(2.0, 1.0) == (16.0, 24.0)
    monkeypatch.setitem(globals(), "SCALE", 3.0)
    assert derivative(2.0, 1.0) == derivative(2.0, 1.0) == (24.0, 36.0)
    assert len(long_ways) == 2


def test_what_is_written_to_shares_no_memory():
    derivative = tangent(written)
    out = V.copy()
    assert_same(derivative(V, W[:3], V), derivative(V, W[:3], V))
    with pytest.raises(ArgumentError, match="shares memory"):
        derivative(out, out, V)
    np.testing.assert_array_equal(out, V)


def test_parts_that_share_memory():
    derivative = tangent(weighted)
    a, b = V.copy(), V.copy()
    assert_same(derivative(W[:3], (a, b), V), derivative(W[:3], (a, b), V))
    for pair in ((a, a), (a, a[:]), (a[::-1], a)):
        with pytest.raises(ArgumentError, match="shares memory"):
            derivative(W[:3], pair, V)
    with pytest.raises(ArgumentError, match="shares memory"):
        derivative(a, (a, b), V)
    np.testing.assert_array_equal(a, V)


def test_a_changed_rule_leaves_the_short_way(long_ways):
    derivative = hvp(scalars)
    derivative(1.0, 2.0, 1.0)
    transform.constant(differences)
    derivative(1.0, 2.0, 1.0)
    assert len(long_ways) == 2


def predicted(w, X, y):
    return np.sum((y - X @ w) ** 2)


@pytest.mark.parametrize("backend", BACKENDS)
def test_lengths_are_tested_before_the_code_reads_them(backend):
    X = np.arange(8.0).reshape(4, 2)
    derivative = grad(predicted, backend=backend)
    assert_same(derivative(V[:2], X, W), derivative(V[:2], X, W))
    for others in ((V[:2], X, V), (V[:2], X, np.zeros(10**7)), (V, X, W), (V[:2], X[:3], W), (V[:2], X.T, W)):
        with pytest.raises(ArgumentError, match="length"):
            derivative(*others)
    np.testing.assert_allclose(derivative(V[:2], X, W[:1]), 2 * X.T @ (X @ V[:2] - W[0]))
    np.testing.assert_allclose(derivative(V[:2], X[:1], W), 2 * X[0] * np.sum(X[0] @ V[:2] - W))


def neighbours(x, y):
    return np.sum(x[1:] * y)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_length_that_becomes_one_beside_one_that_does_not(backend, long_ways):
    derivative = grad(neighbours, backend=backend)
    assert_same(derivative(W, V), np.array([0.0, *V]))
    assert_same(derivative(W, V), np.array([0.0, *V]))
    assert len(long_ways) == 1
    assert_same(derivative(W, V[:1]), np.array([0.0, *V[[0, 0, 0]]]))
    assert_same(derivative(W[:2], V[:1]), np.array([0.0, V[0]]))
    assert_same(derivative(W[:2], V), np.array([0.0, V.sum()]))


SCALARS = [2, True, np.float64(2), np.float32(2), 2j, np.array(2.0), 10**30, "2"]


def test_machine_code_for_numbers_gets_those_numbers_only():
    for other in SCALARS:
        derivative = grad(scalars, backend="numba")
        assert derivative(2.0, 3.0) == derivative(2.0, 3.0) == 12.0
        assert_same(
            outcome(derivative, (2.0, other), {}), outcome(grad(scalars, backend="numba"), (2.0, other), {})
        )


SHADOWING = """
import numpy as np

type = len = tuple = max = float = Exception = 3.0


def program(x, type, _max=2.0):
    return np.sum(x * type) * len * float * tuple * Exception


def other(x, type, abs):
    return np.sum(x * type) * abs * max * len
"""


@pytest.mark.parametrize("backend", BACKENDS)
def test_arguments_and_globals_may_be_called_like_what_is_built_in(backend, long_ways, tmp_path):
    file = tmp_path / "shadowing.py"
    file.write_text(SHADOWING)
    module = {"__name__": "shadowing"}
    exec(compile(SHADOWING, str(file), "exec"), module)
    derivative = grad(module["other"], backend=backend)
    for _ in range(2):
        assert_same(derivative(V, 2.0, 0.5), np.array([9.0, 9.0, 9.0]))
    assert len(long_ways) == 1
    module["len"] = 1.0
    assert_same(derivative(V, 2.0, 0.5), np.array([3.0, 3.0, 3.0]))
    assert len(long_ways) == 2
    assert_same(grad(module["program"], backend=backend)(V, 2.0), np.full(3, 54.0))


class Settings:
    """An option that can be taken away, and then is no more."""

    def __init__(self):
        self.power = 3

    def __getattr__(self, name):
        raise (RuntimeError if name == "power" else AttributeError)(name)


SETTINGS = Settings()


def with_settings(x):
    return x**SETTINGS.power


def test_what_is_gone_is_for_the_long_way(long_ways):
    derivative = grad(with_settings)
    assert derivative(2.0) == derivative(2.0) == 12.0
    assert len(long_ways) == 1
    SETTINGS.power = 2
    assert derivative(2.0) == derivative(2.0) == 4.0
    assert len(long_ways) == 2
    del SETTINGS.power
    with pytest.raises((RuntimeError, TransformError), match="power"):
        derivative(2.0)
    assert len(long_ways) == 3


def test_a_replaced_body_leaves_the_short_way(long_ways):
    def f(x):
        return x**2

    def g(x):
        return x**3

    derivative = grad(f)
    assert derivative(2.0) == derivative(2.0) == 4.0
    f.__code__ = g.__code__
    assert derivative(2.0) == derivative(2.0) == 12.0
    assert len(long_ways) == 2
