"""What a function reads from outside is read at each call: a changed name never gives a stale gradient."""

from __future__ import annotations

import builtins
import importlib
import linecache
import types

import numpy as np
import pytest
from numpy.testing import assert_allclose

import transform
from transform import TransformError, grad, jvp, vjp


def cell(namespace, text, number):
    """Run a text as a notebook runs a cell."""
    file = f"<cell {number}>"
    linecache.cache[file] = (len(text), None, text.splitlines(True), file)
    exec(compile(text, file, "exec"), namespace)


def test_a_helper_redefined_in_a_notebook():
    notebook = {}
    cell(notebook, "def helper(x):\n    return x**2\n", 1)
    cell(notebook, "def loss(x):\n    return helper(x) * x\n", 2)
    gradient = grad(notebook["loss"])
    assert gradient(2.0) == 12.0
    cell(notebook, "def helper(x):\n    return x**3\n", 3)
    assert gradient(2.0) == 32.0


def test_a_global_that_hides_a_builtin_and_goes_again():
    notebook = {}
    cell(notebook, "def loss(x):\n    return x * abs(x)\n", 4)
    gradient = grad(notebook["loss"])
    assert gradient(3.0) == 6.0
    cell(notebook, "def abs(x):\n    return 1.0\n", 5)
    assert gradient(3.0) == 1.0
    del notebook["abs"]
    assert gradient(3.0) == 6.0


def test_a_builtin_replaced(monkeypatch):
    def loss(x):
        return x * divmod(x, 2.0)[1]

    gradient = grad(loss)
    assert gradient(3.0) == 4.0
    monkeypatch.setattr(builtins, "divmod", lambda x, y: (x, x))
    assert gradient(3.0) == 6.0


@pytest.mark.parametrize("imports", ["import math", "try:\n    import math\nexcept ImportError:\n    raise"])
def test_a_file_written_while_the_session_runs(imports, tmp_path, monkeypatch):
    """Python compiles math.sin(x) in its own way where the file imports math; the source is the same."""
    name = f"written_late_{len(imports)}"
    (tmp_path / f"{name}.py").write_text(f"{imports}\n\n\ndef loss(x):\n    return math.sin(x) * x\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert_allclose(grad(importlib.import_module(name).loss)(0.7), np.cos(0.7) * 0.7 + np.sin(0.7))


CONFIG = {"power": 2, "mode": "power"}
SCALE = 2.0
LENGTH = 3


def configured(x):
    return x ** CONFIG["power"] * SCALE if CONFIG["mode"] == "power" else x


def looped(x):
    y = x
    for _ in range(LENGTH):
        y = y * x
    return y


def test_containers_and_globals(monkeypatch):
    gradient = grad(configured)
    assert gradient(3.0) == 12.0
    monkeypatch.setitem(CONFIG, "power", 3)
    assert gradient(3.0) == 54.0
    monkeypatch.setitem(globals(), "SCALE", np.array([1.0, 2.0]))
    assert_allclose(grad(lambda x: np.sum(configured(x)))(3.0), 81.0)
    monkeypatch.setitem(CONFIG, "mode", "none")
    assert gradient(3.0) == 1.0


def test_a_number_that_decides_a_loop(monkeypatch):
    gradient = grad(looped)
    assert gradient(2.0) == 32.0
    monkeypatch.setitem(globals(), "LENGTH", 1)
    assert gradient(2.0) == 4.0


def test_closures_attributes_defaults_and_code():
    constant = 2.0
    holder = types.SimpleNamespace(p={"a": 2.0}, array=np.array([1.0, 2.0]))

    def helper(x, k=2.0):
        return x * k

    def other(x):
        return x * x

    def loss(x):
        return constant * x * holder.p["a"] + helper(x) + np.sum(holder.array * x)

    gradient = grad(loss)
    assert gradient(1.0) == 4 + 2 + 3
    constant = 5.0
    assert gradient(1.0) == 10 + 2 + 3
    holder.p["a"] = 3.0
    holder.array[0] = 7.0
    assert gradient(1.0) == 15 + 2 + 9
    holder.array = np.ones((2, 2))
    helper.__defaults__ = (6.0,)
    assert gradient(1.0) == 15 + 6 + 4
    helper.__code__, helper.__defaults__ = other.__code__, None
    assert gradient(2.0) == 15 + 4 + 4


WEIGHTS = np.array([3.0, 4.0])


def weighted(v):
    return np.sum(WEIGHTS * v**3)


def by_jvp(v):
    return jvp(weighted, (v,), (np.ones(2),))[1]


def by_vjp(v):
    value, pullback = vjp(weighted, v)
    return np.sum(pullback(1.0)[0]) + 0 * value


@pytest.mark.parametrize("function", [by_jvp, by_vjp])
def test_derivatives_inside_read_live(function, monkeypatch):
    v = np.array([1.0, 2.0])
    gradient = grad(function)
    assert_allclose(gradient(v), 6 * WEIGHTS * v)
    monkeypatch.setitem(globals(), "WEIGHTS", np.array([30.0, 40.0]))
    assert_allclose(gradient(v), 6 * np.array([30.0, 40.0]) * v)


def slope(x):
    return 10 * x


def ruled(x):
    return 5 * x * x


def test_what_a_rule_of_the_users_calls(monkeypatch):
    transform.rule(ruled, adjoint=lambda y, x, y_bar: y_bar * slope(x))

    def loss(x):
        return ruled(x)

    gradient = grad(loss)
    assert gradient(2.0) == 20.0
    monkeypatch.setitem(globals(), "slope", lambda x: 20 * x)
    assert gradient(2.0) == 40.0


def test_the_environment_is_refused_rather_than_remembered():
    import os

    def loss(x):
        return x * float(os.environ.get("SCALE", "2"))

    with pytest.raises(TransformError, match="Call it before"):
        grad(loss)(1.0)
