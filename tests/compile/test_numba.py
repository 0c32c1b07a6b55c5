"""The Numba flavour: the same numbers through a compiled kernel, or a refusal that names the construct."""

import dataclasses
import importlib.util
import math
import pickle

import numba
import numpy as np
import pytest
from numba.core.errors import NumbaError

import transform
from transform import ArgumentError, UnsupportedError, grad, hessian, hvp, jacobian, jvp, tangent, vjp

from .agree import same

SCALE = 0.5
WEIGHTS = np.array([1.0, 2.0, 3.0])


@dataclasses.dataclass
class Params:
    W: np.ndarray
    b: float


def loss(x):
    a = x**2
    return math.sin(5 * a)


def network(params, X, n):
    total = 0.0
    for i in range(n):
        total = total + np.tanh(X[i] * params["W"][i % 3] + params["b"]) ** 2
    return total


def weighted(x):
    return np.sum(WEIGHTS * x) * SCALE


def backwards(x, n):
    for k in range(2, n, 3):
        x = math.sin(x * k)
    return x


def pair(x, y):
    return x * y, np.sin(x) + y


def power(x, n):
    return x if n == 0 else x * power(x * SCALE, n - 1)


@numba.njit
def decorated(x):
    return x * helper(x)


@numba.njit
def helper(x):
    return math.exp(-x)


@numba.vectorize
def elementwise(x, y):
    return x * y + x


def calls_vectorized(x):
    return elementwise(x, 2.0) ** 2


def vectorized_over_arrays(x, y):
    return np.sum(elementwise(x, y) ** 2)


CASES = [
    (loss, (0.3,)),
    (network, ({"W": np.array([0.1, 0.2, 0.3]), "b": 0.5}, np.arange(5.0), 5)),
    (weighted, (np.array([1.0, 2.0, 3.0]),)),
    *((backwards, (0.3, n)) for n in (0, 2, 3, 5, 6, 20)),
    (power, (1.2, 3)),
    (decorated, (0.7,)),
    (calls_vectorized, (1.5,)),
    (vectorized_over_arrays, (np.array([1.0, 2.0]), 0.5)),
]


@pytest.mark.parametrize("function, arguments", CASES, ids=lambda each: getattr(each, "__name__", ""))
def test_the_gradient_is_that_of_the_python_flavour(function, arguments):
    want = grad(function)(*arguments)
    compiled = grad(function, backend="numba")
    same(compiled(*arguments), want)
    same(compiled(*arguments), want)  # the second call goes the short way


def test_every_derivative_has_the_backend():
    x, v = np.array([0.3, 0.4]), np.array([1.0, 2.0])

    def f(x):
        return np.sum(np.sin(x) * x)

    def g(x):
        return np.sin(x) * x[0]

    numba_ = {"backend": "numba"}
    same(transform.value_and_grad(f, **numba_)(x), transform.value_and_grad(f)(x))
    same(tangent(f, **numba_)(x, v), tangent(f)(x, v))
    same(transform.adjoint(g, **numba_)(x, v), transform.adjoint(g)(x, v))
    same(jvp(g, (x,), (v,), **numba_), jvp(g, (x,), (v,)))
    same(vjp(g, x, **numba_)[1](v), vjp(g, x)[1](v))
    same(hvp(f, **numba_)(x, v), hvp(f)(x, v))
    same(hessian(f, **numba_)(x), hessian(f)(x))
    same(jacobian(g, **numba_)(x), jacobian(g)(x))
    same(jacobian(g, mode="reverse", **numba_)(x), jacobian(g)(x))


def test_structures_and_records_are_rebuilt():
    def f(p, scale=2.0):
        return scale * np.sum(p.W * p.b)

    p = Params(np.array([1.0, 2.0]), 3.0)
    got, want = grad(f, backend="numba")(p), grad(f)(p)
    assert type(got) is Params
    same((got.W, got.b), (want.W, want.b))
    same(jacobian(pair, (0, 1), backend="numba")(1.0, 2.0), jacobian(pair, (0, 1))(1.0, 2.0))


def test_captured_values_are_not_frozen(monkeypatch):
    g = grad(weighted, backend="numba")
    x = np.ones(3)
    same(g(x), 0.5 * WEIGHTS)
    code = g.specialize(x).compiled.dispatcher
    monkeypatch.setitem(globals(), "SCALE", 2.0)
    monkeypatch.setitem(globals(), "WEIGHTS", np.array([1.0, 1.0, 0.0]))
    same(g(x), np.array([2.0, 2.0, 0.0]))
    assert g.specialize(x).compiled.dispatcher is code
    assert len(code.signatures) == 1


def test_captured_values_of_called_functions_are_handed_on(monkeypatch):
    def outer(x, n):
        return power(x, n) * 2.0

    python, compiled = grad(outer), grad(outer, backend="numba")
    same(compiled(1.2, 60), python(1.2, 60))
    monkeypatch.setitem(globals(), "SCALE", 0.75)
    same(compiled(1.2, 60), python(1.2, 60))


def test_the_users_compiled_code_calls_the_kernel():
    df = grad(loss, backend="numba")
    df(0.3)
    slope = df.compiled

    @numba.njit
    def descend(x, steps):
        for _ in range(steps):
            x -= 0.01 * slope(x, 1.0)
        return x

    x = 0.3
    for _ in range(5):
        x -= 0.01 * grad(loss)(x)
    same(descend(0.3, 5), x)


def test_there_is_no_compiled_code_of_the_python_flavour():
    with pytest.raises(ArgumentError, match='backend="numba"'):
        grad(loss).compiled


def test_vectorized_functions_are_differentiated_element_by_element():
    x, y = np.array([1.0, -2.0]), np.array([[0.5], [2.0], [3.0]])
    x_bar, y_bar = grad(vectorized_over_arrays, (0, 1))(x, y)
    same(x_bar, np.sum(2 * (x * y + x) * (y + 1), axis=0))
    same(y_bar, np.sum(2 * (x * y + x) * x, axis=1, keepdims=True))


def test_both_flavours_run_decorated_functions():
    for backend in ("python", "numba"):
        same(grad(decorated, backend=backend)(0.7), math.exp(-0.7) * (1 - 0.7))


def test_what_numba_does_not_take_is_refused_where_it_stands():
    def tiled(x):
        y = x * 2
        return np.sum(np.tile(y, 2))

    with pytest.raises(UnsupportedError) as caught:
        grad(tiled, backend="numba")(np.ones(3))
    message = str(caught.value)
    assert "np.tile" in message
    assert "return np.sum(np.tile(y, 2))" in message
    assert 'backend="python"' in message
    assert isinstance(caught.value.__cause__, NumbaError)


def test_arrays_of_another_layout_are_brought_into_order():
    def flattened(x):
        y = x.reshape(-1)
        return np.sum(y * y)

    df = grad(flattened, backend="numba")
    x = np.ones((3, 4))
    same(df(x), 2 * x)
    same(df(x), 2 * x)
    same(df(x.T), 2 * x.T)
    same(df(x.T), 2 * x.T)


class Odd(Exception):
    pass


def test_the_primals_own_exceptions_stay():
    def f(x, n):
        if x < 0:
            raise ValueError("negative")
        if x > 9:
            raise ValueError(f"{x:.1f} is too large for {n}")
        if n % 2:
            raise Odd(f"{n} is odd")
        y = np.zeros(5)
        y[n] = x
        return x * y.sum()

    df = grad(f, backend="numba")
    for _ in range(2):
        assert df(2.0, 2) == 4.0
        with pytest.raises(ValueError, match=r"^negative$"):
            df(-1.0, 2)
        with pytest.raises(ValueError, match=r"^10\.0 is too large for 2$"):
            df(10.0, 2)
        with pytest.raises(Odd, match=r"^3 is odd$"):
            df(2.0, 3)
        with pytest.raises(IndexError, match="index 6 is out of bounds for axis 0 with size 5"):
            df(2.0, 6)


def test_what_is_printed_is_printed_once_and_rightly(capsys):
    def f(x, n):
        print("at", x, n)
        if n > 3:
            raise ValueError("too large")
        return x * x

    df = grad(f, backend="numba")
    assert df(2.0, 3) == 4.0
    assert capsys.readouterr().out == "at 2.0 3\n"
    with pytest.raises(ValueError, match="too large"):
        df(2.0, 4)
    assert capsys.readouterr().out == "at 2.0 4\n"

    def g(x):
        print(f"at {x}")
        return x * x

    with pytest.raises(UnsupportedError, match="made of numbers"):
        grad(g, backend="numba")(2.0)


def test_a_refusal_is_one_at_every_call():
    def f(x):
        return np.sum(np.mean(x) * x)

    df = grad(f, backend="numba")
    x = np.ones(3, np.float32)
    for _ in range(3):
        try:
            got = df(x)
        except UnsupportedError:
            continue
        same(got, grad(f)(x))


@pytest.mark.parametrize(
    "options, said",
    [
        ({"backend": "cuda"}, '"python" or "numba"'),
        ({"fastmath": True}, 'backend="numba"'),
        ({"parallel": True}, 'backend="numba"'),
        ({"backend": "numba", "fastmath": 1}, "True or False"),
    ],
)
def test_options_that_make_no_sense(options, said):
    with pytest.raises(ArgumentError, match=said):
        grad(loss, **options)


def test_without_numba_the_extra_is_named(monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "numba" else find(name))
    with pytest.raises(ArgumentError, match=r"transform-ad\[numba\]"):
        grad(loss, backend="numba")


def test_options_reach_the_compiler():
    x = np.array([1.0, np.nan])

    def f(x):
        return np.sum(np.where(np.isnan(x), 0.0, x) ** 2)

    fast = grad(f, backend="numba", fastmath=True)
    same(fast(x), np.array([2.0, 0.0]))  # NaNs are still told
    assert "fastmath={" in fast.source
    assert "parallel=True" in grad(f, backend="numba", parallel=True).source


def test_a_derivative_is_pickled_with_its_flavour():
    df = pickle.loads(pickle.dumps(grad(loss, backend="numba")))
    assert df.plan.flavour.backend == "numba"
    same(df(0.3), grad(loss)(0.3))


def test_the_dumped_module_runs_by_itself():
    scope = {}
    df = grad(network, backend="numba")
    arguments = CASES[1][1]
    want = df(*arguments)
    exec(compile(df.source, "<dump>", "exec"), scope)
    same(scope["network_adjoint"](*arguments), want)
    assert "reversed" not in df.source


def smoothed(u, n):
    for _ in range(n):
        u[1:-1] += 0.1 * (u[2:] - u[:-2])
    return np.sum(u * u)


def test_primal_statements_stand_above_loop_nests():
    lines = grad(smoothed, backend="numba").specialize(np.ones(5), 3).emitted.text.splitlines()
    comments = [k for k, line in enumerate(lines) if "# " in line and "sweep" not in line]
    told = ["u[1:-1] += 0.1 * (u[2:] - u[:-2])", "np.sum(u * u)", "u[1:-1] += 0.1 * (u[2:] - u[:-2])"]
    assert [lines[k].strip() for k in comments] == [f"# {each}" for each in told]
    assert all(lines[k + 1].strip().startswith("for i in range(") for k in comments)


def test_no_code_is_made_for_c(monkeypatch):
    """That is an eighth of the time of the first call, and nobody calls the kernel from C."""
    monkeypatch.setenv("TRANSFORM_CACHE", "off")
    dispatcher = grad(loss, backend="numba").specialize(1.5).compiled.dispatcher
    dispatcher(1.5, 1.0)
    (llvm,) = dispatcher.inspect_llvm().values()
    made = [line for line in llvm.splitlines() if line.startswith("define")]
    assert made
    assert not [line for line in made if "cfunc" in line]
