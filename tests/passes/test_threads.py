"""parallel=True: threads share the loops in which each iteration has rows of its own, and no others."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from transform import grad

pytest.importorskip("numba")

RNG = np.random.default_rng(3)


def text_of(fn, *args):
    derivative = grad(fn, backend="numba", parallel=True)
    derivative.specialize(*args)
    return re.sub(r" *#.*", "", derivative.source)


def shared(text):
    """The loops in their order: whether each is one that threads share."""
    return [found == "numba.prange" for found in re.findall(r"for \w+ in (range|numba\.prange)\(", text)]


def stencil(u):
    return np.sum((u[1:-1, 1:-1] - u[:-2, 1:-1] * u[2:, 1:-1] * u[1:-1, :-2]) ** 2)


def test_the_outermost_loops_of_a_stencil_are_shared():
    text = text_of(stencil, RNG.normal(size=(6, 5)))
    outer = re.findall(r"^    for \w+ in ([\w.]+)\(", text, re.MULTILINE)
    inner = re.findall(r"^        for \w+ in ([\w.]+)\(", text, re.MULTILINE)
    assert outer
    assert set(outer) == {"numba.prange"}
    assert inner
    assert set(inner) == {"range"}


def scattered(x, places):
    return np.sum(np.sin(x[places]) * x[places])


def test_what_adds_to_places_that_are_known_at_run_time_is_not():
    assert True not in shared(text_of(scattered, RNG.normal(size=9), RNG.integers(0, 9, 20)))


def neighbours(x):
    y = np.zeros(x.shape[0])
    for i in range(1, len(x) - 1):
        y[i] = np.sin(x[i - 1]) * x[i + 1]
    return np.sum(y * y)


def test_what_adds_to_places_of_other_iterations_is_not():
    # y is filled, y_bar is made, x_bar is added to at i - 1 and at i + 1.
    assert shared(text_of(neighbours, RNG.normal(size=9))) == [True, True, False]


def carried(x):
    y = x.copy()
    for i in range(1, len(x)):
        y[i] = y[i - 1] * x[i]
    return np.sum(y)


def test_what_needs_the_iteration_before_is_not():
    text = text_of(carried, RNG.normal(size=9))
    assert "prange" not in "".join(line for line in text.splitlines() if "1, " in line)
    assert False in shared(text)


def total(x, y):
    s = 0.0
    for i in range(len(x)):
        s = s + x[i] * x[i] * y[i]
    return s * np.sum(x)


def test_sums_are_not():
    loops = re.findall(
        r"in (range|numba\.prange)\(.*\n((?:        .*\n)+)", text_of(total, V := np.ones(4), V)
    )
    for kind, body in loops:
        assert kind == "range" or not re.search(r"^ +(\w+) = \1 \+", body, re.MULTILINE)
    assert "range" in dict(loops)


def softmax(A):
    return np.sum(np.exp(A) / np.sum(np.exp(A), axis=1)[:, None] * A)


def test_each_iteration_has_its_own_buffers():
    text = text_of(softmax, RNG.normal(size=(4, 3)))
    assert re.findall(r"^    for \w+ in ([\w.]+)\(", text, re.MULTILINE) == ["numba.prange"]
    assert re.search(r"^        \w+ = np\.empty\(\w+\)", text, re.MULTILINE)


RACE = """
    import numpy as np
    from tests.passes.test_threads import neighbours, scattered, softmax, stencil
    from transform import grad

    rng = np.random.default_rng(7)
    u, x, A = rng.normal(size=(80, 70)), rng.normal(size=500), rng.normal(size=(90, 40))
    for fn, args in (
        (stencil, (u,)), (neighbours, (x,)), (softmax, (A,)), (scattered, (x, rng.integers(0, 500, 3000)))
    ):
        derivative = grad(fn, backend="numba", parallel=True)
        first = derivative(*args)
        np.testing.assert_allclose(first, grad(fn)(*args), rtol=1e-10, atol=1e-12)
        assert all(np.array_equal(first, derivative(*args)) for _ in range(300)), fn
    import numba
    print(numba.get_num_threads())
"""


def test_threads_do_not_get_in_each_other_s_way():
    environment = {**os.environ, "NUMBA_NUM_THREADS": "2", "TRANSFORM_CACHE": "off"}
    environment["PYTHONPATH"] = os.pathsep.join(sys.path)
    code = textwrap.dedent(RACE)
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert (done.stdout, done.returncode) == ("2\n", 0), done.stderr
