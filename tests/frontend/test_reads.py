"""What is read from outside is noted: values to compute with are captured, all else is guarded."""

import colorsys
import importlib
import os
import time
import types

import numpy as np
import pytest

from transform import SourceError, grad
from transform.frontend import MISSING

from .lowering import assert_lowers, lowered

RATE = 0.5
COUNT = 3
MODE = "double"
WEIGHTS = np.array([1.0, 2.0, 3.0])
OPTIONS = {"scale": 2.0, "n": 2, "W": WEIGHTS}
LAYERS = [1.0, WEIGHTS]
PAIR = (WEIGHTS, 3, "s")


def helper(x):
    return x * 2


def constants(x):
    return x * RATE + COUNT + (1 if MODE == "double" else 2)


def arrays(x):
    return x @ WEIGHTS


def items(x):
    return x * OPTIONS["scale"] ** OPTIONS["n"] + OPTIONS["W"].sum()


def whole_list(x):
    return sum(x * np.sum(layer) for layer in LAYERS) + len(LAYERS)


def tuple_items(x):
    return x * PAIR[0].sum() * PAIR[1] * len(PAIR[2])


def with_helper(x):
    return helper(x)


class Settings:
    order = 2

    def __init__(self):
        self.gain = 1.5
        self.name = "a"

    def value(self, x):
        return x * self.gain**self.order if self.name == "a" else x


def pinned(x):
    if RATE > 0.1:
        return x * RATE
    return x


def of(made, key):
    return next(read for read in made.reads if read.key == key)


@pytest.mark.parametrize("function", [constants, items, whole_list, tuple_items, with_helper, pinned])
def test_values(function):
    assert_lowers(function, 1.5)


def test_captures_are_rebound(monkeypatch):
    made = lowered(constants, 1.0)
    assert [(var.name, value) for var, value in made.function.captures] == [("RATE", 0.5)]
    read = of(made, "RATE")
    assert read.var is made.function.captures[0][0]
    monkeypatch.setitem(globals(), "RATE", 0.75)
    assert read.still_holds()
    assert read.current() == 0.75
    monkeypatch.setitem(globals(), "RATE", 1)
    assert not read.still_holds()


def test_captured_arrays(monkeypatch):
    read = of(lowered(arrays, WEIGHTS), "WEIGHTS")
    monkeypatch.setitem(globals(), "WEIGHTS", np.ones(7))
    assert read.still_holds()
    for other in (np.ones(1), np.ones((3, 3)), np.ones(3, dtype=np.float32), [1.0], MISSING):
        monkeypatch.setitem(globals(), "WEIGHTS", other)
        assert not read.still_holds()


@pytest.mark.parametrize(("name", "value"), [("COUNT", 4), ("COUNT", 3.0), ("MODE", "x"), ("COUNT", True)])
def test_guards(monkeypatch, name, value):
    made = lowered(constants, 1.0)
    assert all(read.still_holds() for read in made.reads)
    monkeypatch.setitem(globals(), name, value)
    assert not of(made, name).still_holds()


def test_equal_constants_still_hold(monkeypatch):
    made = lowered(constants, 1.0)
    monkeypatch.setitem(globals(), "MODE", "".join(["dou", "ble"]))
    assert all(read.still_holds() for read in made.reads)


def test_gone(monkeypatch):
    made = lowered(constants, 1.0)
    monkeypatch.delitem(globals(), "COUNT")
    assert of(made, "COUNT").current() is MISSING
    assert not of(made, "COUNT").still_holds()


def test_redefined_helper(monkeypatch):
    made = lowered(with_helper, 1.0)
    monkeypatch.setitem(globals(), "helper", lambda x: x)
    assert not all(read.still_holds() for read in made.reads)


def test_helper_changed_in_place(monkeypatch):
    made = lowered(with_helper, 1.0)
    monkeypatch.setattr(helper, "__code__", (lambda x: x * 3).__code__)
    assert not all(read.still_holds() for read in made.reads)


def test_items_and_containers(monkeypatch):
    made = lowered(items, 1.0)
    assert {var.name for var, _ in made.function.captures} == {"scale", "W"}
    monkeypatch.setitem(OPTIONS, "other", 1)
    assert all(read.still_holds() for read in made.reads)
    monkeypatch.setitem(OPTIONS, "n", 3)
    assert not all(read.still_holds() for read in made.reads)
    made = lowered(whole_list, 1.0)
    monkeypatch.setattr("tests.frontend.test_reads.LAYERS", [*LAYERS, 2.0])
    assert not all(read.still_holds() for read in made.reads)


def test_list_that_grows():
    made = lowered(whole_list, 1.0)
    LAYERS.append(3.0)
    try:
        assert not all(read.still_holds() for read in made.reads)
    finally:
        LAYERS.pop()


def test_attributes():
    settings = Settings()
    made = lowered(settings.value, 1.0)
    assert [var.name for var, _ in made.function.captures] == ["gain"]
    settings.gain = 2.5
    assert all(read.still_holds() for read in made.reads)
    settings.order = 3
    assert not all(read.still_holds() for read in made.reads)


def test_attributes_of_functions_and_namespaces(monkeypatch):
    space = types.SimpleNamespace(f=helper, k=2.0)
    helper.inner = helper
    made = lowered(lambda x: space.f(x) * space.k + helper.inner(x), 1.0)
    assert all(read.still_holds() for read in made.reads)
    space.f = np.sin
    assert not all(read.still_holds() for read in made.reads)
    space.f = helper
    monkeypatch.setattr(helper, "inner", np.sin)
    assert not all(read.still_holds() for read in made.reads)


def test_code_of_libraries_is_not_guarded():
    made = lowered(colorsys.rgb_to_yiq, 0.1, 0.2, 0.3)
    assert made.reads == ()


def test_cells():
    k, n = 2.0, 2

    def scaled(x):
        return x**n * k

    made = lowered(scaled, 1.0)
    k = 3.0
    assert all(read.still_holds() for read in made.reads)
    assert of(made, "k").current() == 3.0
    n = 3
    assert not all(read.still_holds() for read in made.reads)


def test_pinned_numbers_are_guarded(monkeypatch):
    made = lowered(pinned, 1.0)
    assert made.function.captures == ()
    monkeypatch.setitem(globals(), "RATE", 0.25)
    assert not all(read.still_holds() for read in made.reads)


def test_new_global_hides_builtin(monkeypatch):
    monkeypatch.setitem(globals(), "abs", helper)
    assert_lowers(lambda x: abs(x) + 1, 1.5)


def test_a_file_edited_after_its_import_is_refused(tmp_path, monkeypatch):
    text = (
        "def f(x):\n    return x * 2\n\n\n"
        "def make(k):\n    def g(x):\n        return k * x * 3\n\n    return g\n"
    )
    path = tmp_path / "edited_after_import.py"
    path.write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    module = importlib.import_module("edited_after_import")
    assert grad(module.f)(1.0) == 2.0
    path.write_text(text.replace("* 2", "* 7"))
    os.utime(path, (time.time() + 5, time.time() + 5))
    with pytest.raises(SourceError, match="has changed since"):
        grad(lambda x: module.f(x))(1.0)
    assert grad(module.make(2.0))(1.0) == 6.0
