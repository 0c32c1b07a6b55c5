"""Arguments and results with structure, and every kind of parameter."""

from __future__ import annotations

import dataclasses
import inspect
import textwrap
from typing import NamedTuple

import pytest

from transform.compile.python import load
from transform.emit import emit
from transform.errors import UnsupportedError
from transform.ir import About, Function, Input, Lit, Slot
from transform.tree import Node, Static

from .build import ADD, MUL, PARAMETER, Program, x_of


class Point(NamedTuple):
    x: float
    y: float


@dataclasses.dataclass(frozen=True)
class Model:
    W: float
    b: float
    name: str = "m"


@dataclasses.dataclass
class Derived:
    x: float
    double: float = dataclasses.field(init=False)

    def __post_init__(self):
        self.double = 2 * self.x


def same(text, expected):
    assert text == textwrap.dedent(expected).lstrip("\n")


def test_records_are_read_and_made_again_from_an_argument_of_their_kind():
    W, b, x, y = x_of("W"), x_of("b"), x_of("x"), x_of("y")
    p = Program(W, b, x, y, name="g")
    W_bar = p.named("W_bar", MUL, W, x)
    b_bar = p.named("b_bar", ADD, p(MUL, b, y), W)
    model = Node(Model, ("W", "b", "name"), (Slot(0), Slot(1), Static("m")))
    point = Node(Point, ("x", "y"), (Slot(2), Slot(3)))
    output = Node(list, (0, 1, 2), (model, Node(Point, ("x", "y"), (Slot(1), Slot(0))), Static((1, "a"))))
    inputs = (Input("m", PARAMETER, model), Input("p", PARAMETER, point))
    emitted = emit(p.function(W_bar, b_bar, inputs=inputs, output=output))
    same(
        emitted.text,
        """
        import dataclasses


        def g(m, p):
            W = m.W
            W_bar = W * p.x
            b_bar = m.b * p.y + W
            return [dataclasses.replace(m, W=W_bar, b=b_bar), p._replace(x=b_bar, y=W_bar), (1, "a")]
        """,
    )
    result = load(emitted)(Model(2.0, 3.0, "n"), Point(5.0, 7.0))
    assert result == [Model(10.0, 23.0, "n"), Point(23.0, 10.0), (1, "a")]


def test_records_without_a_model_are_constructed():
    x = x_of()
    p = Program(x)
    output = Node(Model, ("W", "b", "name"), (Slot(0), Slot(1), Static("m")))
    function = p.function(p(MUL, x, x), x, output=output)
    emitted = emit(function)
    assert emitted.definition.endswith('return Model(W=x * x, b=x, name="m")\n')
    assert emitted.imports == (f"from {__name__} import Model",)
    assert load(emitted)(3.0) == Model(9.0, 3.0)


def test_fields_that_a_record_computes_itself_are_refused():
    x = x_of()
    p = Program(x)
    output = Node(Derived, ("x", "double"), (Slot(0), Slot(1)))
    with pytest.raises(UnsupportedError, match="Derived computes its field double itself"):
        emit(p.function(x, p(MUL, 2, x), output=output))


def test_static_results_that_are_no_literals_are_bound():
    x = x_of()
    p = Program(x)
    marker = object()
    emitted = emit(p.function(x, output=Node(dict, ("v", "o"), (Slot(0), Static(marker)))))
    assert load(emitted)(1.0) == {"v": 1.0, "o": marker}
    with pytest.raises(UnsupportedError, match="cannot be imported"):
        emitted.text


def test_every_kind_of_parameter():
    names = ["a", "b", "c", "rest_0", "k", "option"]
    variables = [x_of(name) for name in names]
    p = Program(*variables)
    total = variables[0]
    for variable in variables[1:]:
        total = p(ADD, total, variable)
    kind = inspect.Parameter
    inputs = (
        Input("a", kind.POSITIONAL_ONLY, Slot(0)),
        Input("b", PARAMETER, Slot(1), "1.0"),
        Input("c", PARAMETER, Slot(2), "np.pi"),
        Input("rest", kind.VAR_POSITIONAL, Node(tuple, (0,), (Slot(3),))),
        Input("k", kind.KEYWORD_ONLY, Slot(4), "UNKNOWN"),
        Input("options", kind.VAR_KEYWORD, Node(dict, ("option",), (Slot(5),))),
    )
    emitted = emit(p.function(total, inputs=inputs, output=Slot(0)))
    same(
        emitted.text,
        """
        import numpy as np


        def f(a, /, b=1.0, c=np.pi, *rest, k=None, **options):
            return a + b + c + rest[0] + k + options["option"]
        """,
    )
    assert load(emitted)(1, 2, 3, 4, k=5, option=6) == 21


def test_long_parameter_lists_and_results_are_broken():
    variables = [x_of(f"parameter_{k}") for k in range(12)]
    p = Program(*variables)
    results = [p.named(f"{v.name}_bar", MUL, v, 2) for v in variables]
    about = About("Adjoint", "primal", "somewhere/in/a/file.py:12", (variables[0],), ())
    emitted = emit(p.function(*results, about=about))
    assert max(map(len, emitted.definition.splitlines())) <= 110
    assert "def f(\n        parameter_0,\n" in emitted.definition
    assert (
        '"""Adjoint of primal (somewhere/in/a/file.py:12): parameter_0_bar, parameter_1_bar' in emitted.text
    )
    assert "    return (\n        parameter_0_bar,\n" in emitted.definition
    assert load(emitted)(*range(12)) == tuple(range(0, 24, 2))


def test_results_without_names_and_nothing_at_all():
    x = x_of()
    same(emit(Function("f", (x,), (), (Lit(0.0), x))).definition, "def f(x):\n    return 0.0, x\n")
    same(emit(Function("f", (x,), (), (), output=Static(None))).definition, "def f(x):\n    return None\n")
    same(
        emit(Function("f", (x,), (), (Lit(1.0),), output=Node(tuple, (0,), (Slot(0),)))).definition,
        "def f(x):\n    return 1.0,\n",
    )
