"""Counts, not times: what is recorded, how long the code is, how many lines run, how much memory is held."""

from __future__ import annotations

import math
import subprocess
import sys
import tracemalloc
from math import cos
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from benchmarks.exemplars import burgers, field, loss, mse, nll, pair, root, smooth, walk
from benchmarks.workloads.factorisations import cholesky as factor
from benchmarks.workloads.factorisations import lu
from benchmarks.workloads.sweeps import solve
from tests.support.pushes import code_lines, executed_lines, functions_in, pushes_in_text, run_counting
from transform import adjoint, grad, tangent

from .test_kernels import cholesky

ROOT = Path(__file__).parents[2]
V = np.array([0.52, 1.37, 0.91, 1.18, 0.66])
M = np.array([[0.5, 0.3, 0.2], [0.2, 0.6, 0.2], [0.1, 0.3, 0.6]])


def recorded(function, wrt, *arguments):
    """What the gradient records: pushes in the text; pushes and numbers at run time."""
    gradient = grad(function, wrt)
    want = gradient(*arguments)
    got, pushes = run_counting(gradient.source, *arguments)
    pairs = zip(got, want, strict=True) if isinstance(wrt, tuple) else [(got, want)]
    for a, b in pairs:
        assert_allclose(a, b)
    return pushes_in_text(gradient.source), pushes.count, pushes.numbers


X, T = np.outer(V, [1.0, 2.0, 0.5]), np.array([0.0, 1.0, 1.0, 0.0, 1.0])

EXEMPLARS = {
    # name: (derivative, arguments, lines written by hand)
    "loss_adjoint": (adjoint(loss), (1.7,), 11),
    "loss_tangent": (tangent(loss), (1.7,), 12),
    "pair_adjoint": (adjoint(pair, (0, 1)), (0.4, -0.7, 1.0, 1.0), 8),
    "mse_adjoint": (adjoint(mse), (V[:3], X, V), 7),
    "nll_adjoint": (adjoint(nll, (0, 1, 2)), (M, V[:3], V[:3], X, T), 14),
    "walk_adjoint": (adjoint(walk), (0.3, 9), 17),
    "root_adjoint": (adjoint(root), (2.6,), 14),
    "smooth_adjoint": (adjoint(smooth), (V, 3), 14),
    "burgers_adjoint": (adjoint(burgers), (V, 5, 0.1), 15),
    "field_adjoint": (adjoint(field, (0, 1, 2)), (1.3, 0.4, 0.9), 19),
}


@pytest.mark.parametrize("name", EXEMPLARS)
def test_the_code_is_as_short_as_by_hand(name):
    derivative, arguments, by_hand = EXEMPLARS[name]
    derivative(*arguments)
    assert code_lines(derivative.source) <= 1.2 * by_hand, derivative.source


@pytest.mark.parametrize("name", EXEMPLARS)
def test_reversed_loops_read_as_they_should(name):
    derivative, arguments, _ = EXEMPLARS[name]
    derivative(*arguments)
    forward, backward = (derivative.source.count(text) for text in ("in range(", "in reversed(range("))
    assert backward == (forward if name in ("walk_adjoint", "smooth_adjoint", "burgers_adjoint") else 0)


def test_walk_records_once_an_iteration():
    assert recorded(walk, 0, 0.3, 9) == (1, 9, 9)
    assert recorded(walk, 0, 0.3, 0) == (1, 0, 0)


def test_a_while_loop_records_once_an_iteration_and_no_count():
    text, count, numbers = recorded(root, 0, 2.6)
    assert text == 1
    assert count == numbers <= 7


def test_a_linear_stencil_records_nothing():
    assert recorded(smooth, 0, V, 3) == (0, 0, 0)


def heat(u, k, n):
    for _ in range(n):
        u[1:-1] = u[1:-1] + k * (u[2:] - 2 * u[1:-1] + u[:-2])
    return np.sum(u * u)


def test_a_linear_stencil_of_slices_records_nothing():
    assert recorded(heat, 0, V, 0.1, 4) == (0, 0, 0)


def linear(x, y, n):
    for k in range(n):
        x, y = 0.5 * x + y, x - y * k
    return x * y


def test_a_linear_loop_records_nothing():
    assert recorded(linear, (0, 1), 0.3, 0.7, 5) == (0, 0, 0)


def test_a_nonlinear_slice_records_what_it_overwrites():
    assert recorded(burgers, 0, V, 4, 0.1) == (1, 4, 4 * 3)


def element(v, n):
    for i in range(1, n):
        v[i] = v[i] * v[i - 1]
    return np.sum(v)


def test_a_nonlinear_element_records_what_it_overwrites():
    assert recorded(element, 0, V, 5) == (1, 4, 4)


def total(v):
    s = 0.0
    for i in range(len(v)):
        s = s + v[i] ** 2 * i
    return s


def weighted_product(x, c):
    p = x
    for a in c:
        p = p * a
    return p


def test_accumulators_that_no_adjoint_reads_are_not_recorded():
    assert recorded(total, 0, V) == (0, 0, 0)
    assert recorded(weighted_product, 0, 0.7, V) == (0, 0, 0)


def triangle(v, n):
    s = 0.0
    for i in range(n):
        for j in range(i):
            for k in range(0, j + 1, 2):
                s = s + v[i] * v[j] * (k + 1)
    return s


def test_trip_counts_and_indices_are_not_recorded():
    assert recorded(triangle, 0, V, 5) == (0, 0, 0)


def decided(v, w):
    s = 0.0
    for i in range(len(v)):
        if v[i] > 1:
            s = s + v[i] ** 2
        elif w[i] < 1 and i % 2:
            s = s - v[i]
        else:
            s = s + v[i] ** 3 * w[i]
    return s


def test_conditions_that_can_be_decided_again_are_not_recorded():
    assert recorded(decided, (0, 1), V, V[::-1].copy()) == (0, 0, 0)


def recurrent(A, x, n):
    for _ in range(n):
        x = np.tanh(A @ x)
    return np.sum(x * x)


def powers(A, x, n):
    for _ in range(n):
        x = A @ x
    return np.sum(x * x)


def test_a_product_of_matrix_and_vector_records_the_vector():
    assert recorded(recurrent, (0, 1), M, V[:3], 4) == (1, 4, 4 * 3)
    assert recorded(powers, (0, 1), M, V[:3], 4) == (1, 4, 4 * 3)
    assert recorded(powers, 1, M, V[:3], 4) == (0, 0, 0)


def filled(x, n):
    a = np.empty(n)
    a[0] = x
    for i in range(1, n):
        a[i] = math.sin(a[i - 1]) * x
    return np.sum(a)


def test_an_array_that_is_filled_is_its_own_tape():
    assert recorded(filled, 0, 0.7, 6) == (0, 0, 0)


def early(v, limit):
    s = 1.0
    for i in range(len(v)):
        s = s * v[i]
        if s > limit:
            return s * v[i]
    return s


def test_a_loop_that_is_left_early_records_once_an_iteration():
    text, count, _ = recorded(early, 0, V, 9.0)
    assert text <= 1
    assert count <= 5


def _peak(function, *arguments):
    gradient = grad(function)
    gradient(*arguments)
    tracemalloc.start()
    try:
        gradient(*arguments)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_of_a_loop_over_an_array():
    """The recorded slices and a constant number of arrays."""
    n, m = 60, 20_000
    u = np.linspace(0.4, 1.2, m)
    assert _peak(burgers, u, n, 1e-3) <= (n + 12) * m * 8
    assert _peak(heat, u, 0.1, n) <= 12 * m * 8


MILLION = """
import pathlib
import resource
import sys
from transform import grad
from tests.programs.test_counts import walk

n = int(sys.argv[1])
print(grad(walk)(0.3, n) == grad(walk)(0.3, n))
status = pathlib.Path("/proc/self/status")
if status.exists():
    # What getrusage tells begins with the memory of the process that started this one.
    print(next(line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM")))
else:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_a_million_iterations_neither_recurse_nor_fill_the_memory():
    command = [sys.executable, "-W", "error", "-c", MILLION, "1000000"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    _, kilobytes = run.stdout.split()
    assert int(kilobytes) < 400_000 * (1024 if sys.platform == "darwin" else 1)


def level(depth):
    """A helper that calls helpers `depth` deep, each with a branch."""
    inner = level(depth - 1) if depth > 1 else lambda x: x

    def helper(x):
        if x > 0.5:
            y = math.sin(x) * x
        else:
            y = x * x + 0.3
        return inner(y) * 0.9

    return helper


@pytest.mark.parametrize("make", [grad, tangent])
def test_helpers_nested_eight_deep_cost_no_more_a_call(make):
    def lines(depth, n):
        helper = level(depth)

        def loop(x, n):
            for _ in range(n):
                x = helper(x)
            return x

        derivative = make(loop)
        derivative(0.7, n)
        return executed_lines(derivative, 0.7, n)

    once = (lines(1, 30) - lines(1, 10)) / 20
    eight = (lines(8, 30) - lines(8, 10)) / 20
    assert eight <= 8 * 1.25 * once


def nest(depth):
    """The text of a function with loops and ifs nested in turn, and one statement at each level."""
    lines = ["import math", "def nested(x, n):"]
    for k in range(depth):
        indent = "    " * (k + 1)
        lines.append(indent + (f"if x > {-k - 1}:" if k % 2 else f"for i{k} in range(n):"))
        lines.append(indent + f"    x = math.sin(x) + 0.{k + 1}")
    return "\n".join([*lines, "    return x"])


def imported(text, path, name, monkeypatch):
    (path / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(path)
    return __import__(name)


@pytest.mark.parametrize("make", [grad, tangent])
def test_code_grows_with_the_depth_of_nesting(make, tmp_path, monkeypatch):
    """Twelve loops and ifs in each other: at each depth the same few lines are added."""
    lengths = {}
    for depth in (4, 8, 12):
        module = imported(nest(depth), tmp_path, f"nested_{make.__name__}_{depth}", monkeypatch)
        derivative = make(module.nested)
        derivative(0.3, 1)
        lengths[depth] = code_lines(derivative.source)
    assert lengths[12] - lengths[8] <= 1.5 * (lengths[8] - lengths[4])


def test_code_grows_with_the_length_of_the_function(tmp_path, monkeypatch):
    def text(blocks):
        lines = ["import math", "def long(x, y, n):"]
        for k in range(blocks):
            lines += [
                f"    a{k} = x * y + math.sin(x)",
                "    for i in range(n):",
                f"        if x > {k}:",
                f"            x = x * 0.5 + a{k} * 0.1",
                "        else:",
                "            y = 0.7 * y + 0.1 * x",
                f"    y = y + a{k} * 0.01",
                "    x = math.cos(x) + 0.5 * y",
            ]
        return "\n".join([*lines, "    return x * y"])

    lengths = {}
    for blocks in (12, 25, 50):
        module = imported(text(blocks), tmp_path, f"long_{blocks}", monkeypatch)
        derivative = grad(module.long, (0, 1))
        derivative(0.3, 0.2, 2)
        lengths[blocks] = code_lines(derivative.source)
    assert lengths[50] - lengths[25] <= 1.3 * 25 / 13 * (lengths[25] - lengths[12])


def test_a_factorisation_in_place_records_elements_not_arrays():
    A = np.array([[4.0, 1.0, 0.5], [1.0, 3.0, 0.2], [0.5, 0.2, 2.0]])
    _, pushes, numbers = recorded(cholesky, 0, A)
    assert numbers == pushes <= 2 * 6  # for each of the six elements its value, and what it overwrote


@pytest.mark.parametrize("function", [solve, lu, factor])
def test_what_is_written_once_is_read_where_it_is(function):
    S = M @ M.T + np.eye(3)
    arguments = (S, V[:3]) if function is solve else (S,)
    derivative = adjoint(function, 0)
    derivative(*arguments, function(*map(np.copy, arguments)))
    assert pushes_in_text(derivative.source) == 0


def test_functions_that_are_called_get_their_own_derivative():
    def series(x, n):
        s = 1.0
        for k in range(1, n):
            if s > k:
                s = s * x + k
            else:
                s = math.sin(s) * x
        return s

    def twice(x, n):
        return series(x, n) * series(x * x, n) + series(cos(x), n - 2)

    derivative = grad(twice)
    derivative(0.7, 5)
    names = [function.name for function in functions_in(derivative.source)]
    assert names == ["series", "series_adjoint", "twice_adjoint"]
