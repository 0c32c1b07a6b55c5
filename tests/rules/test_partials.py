"""The checked-in table of partials is what SymPy derives, and what SymPy cannot derive is refused."""

import ast
from pathlib import Path

import pytest

from transform import rules
from transform.rules import derive
from transform.rules.definitions import DEFINITIONS, Definition
from transform.rules.partials import PARTIALS

FOLDER = Path(derive.__file__).parent


def test_the_table_is_not_stale():
    assert derive.table() == (FOLDER / "partials.py").read_text()


def test_what_is_not_in_the_table_is_written_by_hand():
    assert set(PARTIALS) == {case.name for case in DEFINITIONS.values() if not case.stable}
    assert all(rules.PRIMITIVES[name].adjoint for name in DEFINITIONS)


@pytest.mark.parametrize(
    ("formula", "what"),
    [("Max(x, 1)", "Heaviside"), ("sign(x)", "DiracDelta"), ("floor(x)", "Derivative|Subs")],
)
def test_kinks_are_refused(formula, what):
    case = Definition("f", formula, "", "", ((0.0, 1.0),))
    with pytest.raises(ValueError, match=what):
        derive.derive(case)


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        ("tanh(x)", "1 - y**2"),
        ("sqrt(x)", "0.5 / y"),
        ("atan(x)", "1 / (1 + x * x)"),
        ("x**2 / 3", "2 * x / 3"),
        ("1 / (1 + x)**2", "-2 / (1 + x)**3"),
        ("exp(-x)", "-y"),
        ("x * exp(x)", "y + op.exp(x)"),
        ("sqrt(1 - x)", "-0.5 / y"),
    ],
)
def test_how_partials_are_written(formula, text):
    assert derive.derive(Definition("f", formula, "", "", ((0.0, 1.0),))) == (text,)


def test_only_derive_imports_sympy():
    for path in FOLDER.parent.rglob("*.py"):
        imported = {
            alias.name.split(".")[0] if isinstance(node, ast.Import) else (node.module or "").split(".")[0]
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, (ast.Import, ast.ImportFrom))
            for alias in node.names
        }
        assert path.name == "derive.py" or "sympy" not in imported
