"""Loops of reverse sweeps that run upwards under the Numba flavour: which, and that nothing else changes."""

import numpy as np
import pytest

from tests.support.random_loops import Programs, assert_computes, downwards
from tests.support.sweeps import reverse_sweep, triangle
from transform import grad
from transform.ir import For, walk
from transform.passes.loops.direction import upwards

V = np.linspace(0.3, 1.2, 6)
M = np.outer(V, V + 0.4) + np.eye(6)


def headers(derivative, *arguments):
    """The loops of the reverse sweep."""
    lines = reverse_sweep(derivative, *arguments)
    return [line.removeprefix("for ").removesuffix(":") for line in lines if line.startswith("for ")]


def only_adds(x):
    s = 0.0
    for i in range(len(x) - 1):
        s += x[i] ** 2 * x[i + 1]
    return s


def own_elements(x):
    n = len(x)
    for i in range(n):
        x[i] = 3.0 * x[i]
    return np.sum(x)


def what_is_written_before(x):
    for i in range(1, len(x)):
        x[i] = x[i] * x[i - 1]
    return np.sum(x)


def state(x):
    s = 1.0
    for i in range(len(x)):
        s = np.sin(s) * x[i]
    return s


def elimination(A):
    n = len(A)
    for k in range(n):
        for i in range(k + 1, n):
            m = A[i, k] / A[k, k]
            A[i, k] = m
            for j in range(k + 1, n):
                A[i, j] -= m * A[k, j]
    return np.sum(A)


def wrapped(x, k):
    # The elements -1 and 5 are one element.
    for i in range(k, 6):
        x[i] = 3.0 * x[i]
    return np.sum(x)


@pytest.mark.parametrize(
    ("function", "arguments", "expected"),
    [
        (only_adds, (V,), ["i in range(n - 1)"]),
        (own_elements, (V,), ["i in range(n)"]),
        (what_is_written_before, (V,), ["i in reversed(range(1, n))"]),
        (state, (V,), ["i in reversed(range(n))"]),
        (triangle, (M, V), ["i in reversed(range(n))", "j in range(i)"]),
        (elimination, (M,), ["k in reversed(range(n))", "i in range(k + 1, n)", "j in range(k + 1, n)"]),
        (wrapped, (V, -1), ["i in reversed(range(k, 6))"]),
    ],
)
def test_what_may_run_in_any_order_runs_upwards(function, arguments, expected):
    found = [each.replace("x.shape[0]", "len(x)") for each in headers(grad(function), *arguments)]
    assert found[-len(expected) :] == expected


@pytest.mark.parametrize("function", [only_adds, own_elements, what_is_written_before, elimination])
def test_the_compiled_derivative_is_that_of_the_python_flavour(function):
    pytest.importorskip("numba")
    argument = M if function is elimination else V
    got = grad(function, backend="numba")(argument.copy())
    np.testing.assert_allclose(got, grad(function)(argument.copy()), rtol=1e-13)


def test_random_loops_give_the_same_upwards(tmp_path):
    rng = np.random.default_rng(0)
    turned = kept = 0
    for seed in range(150):
        program = Programs(seed)
        arguments = (rng.uniform(-1, 1, (6, 6)), rng.uniform(-1, 1, 6), rng.uniform(-1, 1, 6), 5)
        changed = upwards(program.lowered(tmp_path, arguments, downwards))
        directions = [each.reverse for each in walk(changed.body) if isinstance(each, For)]
        turned, kept = turned + directions.count(False), kept + directions.count(True)
        assert_computes(changed, arguments, program.run("reversed", arguments), program.text)
    assert min(turned, kept) > 50
