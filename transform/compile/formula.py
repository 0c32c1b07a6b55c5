"""The body of a generated function, for whoever calls it so often that the call is what takes the time."""

from __future__ import annotations

import ast

from ..emit import Emitted
from .code import Short

__all__ = ["body_of", "formula"]

_SHORT = 20
"""So many lines of a function, most of them arithmetic, take no longer than a few calls."""

_ARITHMETIC = (
    *(ast.Module, ast.Assign, ast.Return, ast.Tuple, ast.Name, ast.Constant, ast.expr_context),
    *(ast.BinOp, ast.UnaryOp, ast.operator, ast.unaryop, ast.Call),
)


def formula(emitted: Emitted) -> Short | None:
    """The body, if it does a few sums with numbers: they can be done again by the function where they fail.

    Then the traceback shows the function's source.
    """
    if emitted.definition.count("\n") > _SHORT:
        return None
    (definition, *others) = ast.parse(emitted.definition).body
    if others or not isinstance(definition, ast.FunctionDef):
        return None
    lines = body_of(emitted.definition)
    nodes = list(ast.walk(ast.parse("\n".join(lines))))
    named = [node for node in nodes if isinstance(node, ast.Name)]
    params = {each.arg for each in ast.walk(definition.args) if isinstance(each, ast.arg)}
    if (
        not all(isinstance(each, _ARITHMETIC) or _is_of_math(each) for each in nodes)
        or any(not _is_of_math(each.func) for each in nodes if isinstance(each, ast.Call))
        or any(each.id in params for each in named if isinstance(each.ctx, ast.Store))
        or any(each.id.startswith("_") for each in named)  # such names are the caller's own
    ):
        return None
    return Short(lines, lambda: emitted.namespace, (Exception,))


def _is_of_math(node: ast.AST) -> bool:
    """Whether this is `math.cos`."""
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "math"


def body_of(text: str) -> tuple[str, ...]:
    """The lines of a def's body without its docstring; what is returned at once gets no name."""
    (definition,) = ast.parse(text).body
    assert isinstance(definition, ast.FunctionDef)
    statements = definition.body[ast.get_docstring(definition) is not None :]
    match statements:
        case [*before, ast.Assign([ast.Name(name)], value), ast.Return(ast.Name(returned))] if (
            name == returned
        ):
            statements = [*before, ast.Return(value)]
    return tuple(line for each in statements for line in ast.unparse(each).splitlines())
