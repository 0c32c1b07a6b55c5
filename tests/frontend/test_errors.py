"""What cannot be lowered is refused with place, reason and remedy: the messages are golden text in errors/.

To accept new messages after reading them: GOLDEN=write pytest tests/frontend/test_errors.py
"""

import inspect
import os
from pathlib import Path

import numpy as np
import pytest

from transform.errors import SourceError, TransformError, UnsupportedError
from transform.frontend import lower, parameters
from transform.rules import FUNCTIONS
from transform.types import FLOAT

from . import bad
from .lowering import lowered

GOLDEN = Path(__file__).parent / "errors"
BAD = {
    name: function
    for name, function in vars(bad).items()
    if inspect.isfunction(function) and function.__module__ == bad.__name__
}
HELPERS = {"helper", "deeper"}


def arguments(function):
    given = {"v": np.array([1.0, 2.0, 3.0]), "n": 3}
    return [given.get(name, 1.5) for name in inspect.signature(function).parameters]


@pytest.mark.parametrize("name", sorted(set(BAD) - HELPERS))
def test_message(name):
    with pytest.raises(TransformError) as caught:
        lowered(BAD[name], *arguments(BAD[name]))
    message = str(caught.value) + "\n"
    golden = GOLDEN / f"{name}.txt"
    if os.environ.get("GOLDEN") == "write":
        golden.write_text(message)
    assert message == golden.read_text()
    assert message.startswith("bad.py:")
    assert "^" in message


def test_no_golden_is_left_over():
    assert {path.stem for path in GOLDEN.glob("*.txt")} == set(BAD) - HELPERS


def test_two_lambdas_on_a_line():
    f, g = (lambda x: x * 2), (lambda x: x * 3)
    assert [lowered(h, 1.0).function.body[0].operands[1].value for h in (f, g)] == [2, 3]


def test_lambdas_in_a_table():
    table = {"a": (lambda x: x + 1), "b": lambda y: (
        y * 5
    )}  # fmt: skip
    assert repr(lowered(table["a"], 1.0).function.body) == "(L = add(x, 1),)"
    assert repr(lowered(table["b"], 1.0).function.body) == "(L = mul(y, 5),)"


def test_two_lambdas_whose_columns_are_unknown():
    f, g = (lambda x: x * 2), (lambda x: x * 3)
    blind = f.__code__.replace(co_linetable=b"", co_qualname="f")
    with pytest.raises(SourceError, match="several lambdas on this line"):
        lower(type(f)(blind, globals()), {"x": FLOAT})


def test_without_source():
    scope = {}
    exec("def made(x):\n    return x * 2", scope)
    with pytest.raises(SourceError, match=r"the source of made .*is not available"):
        lower(scope["made"], {"x": FLOAT})
    with pytest.raises(SourceError, match=r"the source of made .*is not available"):
        lower(lambda x: scope["made"](x), {"x": FLOAT})


@pytest.mark.parametrize("function", [np.fft.fft, len, np.linalg.eigh, sorted])
def test_compiled(function):
    with pytest.raises(TransformError):
        lower(function, dict.fromkeys(parameters(function).parameters, FLOAT))


def test_stale_source(tmp_path):
    path = tmp_path / "model.py"
    path.write_text("def first(x):\n    return x\n")
    scope = {}
    exec(compile(path.read_text(), str(path), "exec"), scope)
    path.write_text("def other(x):\n    return x\n\n\ndef first(x):\n    return x\n")
    with pytest.raises(SourceError, match="has changed since it was imported"):
        lower(scope["first"], {"x": FLOAT})


def test_defects_are_called_defects(monkeypatch):
    monkeypatch.setattr("transform.frontend.expressions.binary", lambda *args: 1 // 0)
    with pytest.raises(TransformError, match="a defect of transform") as caught:
        lowered(lambda x: x + 1, 1.0)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_wrong_arguments_of_a_rule_have_a_cause(monkeypatch):
    monkeypatch.setitem(FUNCTIONS, np.sum, lambda b, a: a)
    with pytest.raises(UnsupportedError, match="unexpected keyword argument 'axes'") as caught:
        lowered(bad.wrong_keyword, np.ones(3))
    assert isinstance(caught.value.__cause__, TypeError)
