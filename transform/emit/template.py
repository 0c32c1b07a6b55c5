"""From a primitive's code template, or a number, to an `ast` node."""

from __future__ import annotations

import ast
import builtins
import cmath
import functools
import math
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import IRError, UnsupportedError
from ..ir import Eqn, Function, Lit, walk

__all__ = [
    "bare_functions",
    "call",
    "fill",
    "free_names",
    "holes",
    "literal",
    "names_in",
    "negative",
    "number",
    "plain",
    "spelled",
    "template",
    "text_of",
    "without_sign",
]

_HOLE = re.compile(r"\{(\d+)\}")
_MARK = "operand__"
_MATH = re.compile(r"\bmath\.(\w+)")
_NONE: Mapping[str, str] = {}


def text_of(eqn: Eqn, bare: Collection[str] = ()) -> str:
    """The template of an equation, with {0}, {1}, ... where its operands go.

    Functions of math are called by their `bare` names, where those are given.
    """
    code = eqn.primitive.code
    text = code if isinstance(code, str) else code([atom.type for atom in eqn.operands], eqn.params)
    if not bare or "math." not in text:
        return text
    return _MATH.sub(lambda found: found[1] if found[1] in bare else found[0], text)


def bare_functions(function: Function) -> frozenset[str]:
    """The functions of math that are called `log`, not `math.log`: all, if the source does so.

    Names that the function uses for its own values, and those that are builtins, are left out.
    """
    if not function.bare_math:
        return frozenset()
    variables = {target.name for statement in walk(function.body) for target in statement.targets}
    own = {*variables, *(param.name for param in function.params), *(each.name for each in function.inputs)}
    return frozenset(name for name in vars(math) if name not in own and not hasattr(builtins, name))


@functools.lru_cache(maxsize=4096)
def template(text: str) -> ast.expr | tuple[ast.stmt, ...]:
    """The parsed template: an expression, or the statements of a primitive that consumes its operand."""
    marked = _HOLE.sub(_MARK + r"\1", text).replace("{{", "{").replace("}}", "}")
    try:
        body = ast.parse(marked).body
    except SyntaxError as error:
        raise IRError(f"the template {text!r} is not Python: {error}") from error
    if len(body) == 1 and isinstance(body[0], ast.Expr):
        return body[0].value
    return tuple(body)


def fill(node: Any, operands: Sequence[ast.expr], rename: Mapping[str, str] = _NONE) -> Any:
    """A copy of a template's node with each hole replaced by the operand's node, and names changed."""
    if isinstance(node, ast.Name):
        if node.id.startswith(_MARK):
            return operands[int(node.id[len(_MARK) :])]
        return ast.Name(id=rename.get(node.id, node.id), ctx=node.ctx)
    if isinstance(node, ast.AST):
        # `+` and its like have no parts: one node serves all trees, as it does in those that Python parses.
        parts = {name: fill(getattr(node, name, None), operands, rename) for name in node._fields}
        return type(node)(**parts) if parts else node
    return [fill(item, operands, rename) for item in node] if isinstance(node, list) else node


@functools.lru_cache(maxsize=4096)
def names_in(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """The names that a template refers to, its holes aside, and those that it binds itself."""
    found = template(text)
    nodes = [node for root in (found if isinstance(found, tuple) else (found,)) for node in ast.walk(root)]
    bound = {node.arg for node in nodes if isinstance(node, ast.arg)}
    names = {node for node in nodes if isinstance(node, ast.Name) and not node.id.startswith(_MARK)}
    bound |= {node.id for node in names if isinstance(node.ctx, ast.Store)}
    return frozenset({node.id for node in names} - bound), frozenset(bound)


def call(function: str, *arguments: ast.expr) -> ast.Call:
    """The node of `function(*arguments)`, where the function may be dotted."""
    parts = function.split(".")
    node: ast.expr = ast.Name(id=parts[0], ctx=ast.Load())
    for part in parts[1:]:
        node = ast.Attribute(value=node, attr=part, ctx=ast.Load())
    return ast.Call(func=node, args=list(arguments), keywords=[])


def negative(node: ast.expr) -> ast.expr:
    """The node of `-node`; a number's sign is an operator, for astor would print (-2) ** 2 as -2 ** 2."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return node.operand
    return ast.UnaryOp(op=ast.USub(), operand=node)


def without_sign(node: ast.expr) -> ast.expr | None:
    """The node of x where the node is that of -x, or of -x * y; None where there is no sign in front."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return node.operand
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Div)):
        left = without_sign(node.left)
        return None if left is None else ast.BinOp(left=left, op=node.op, right=node.right)
    return None


def literal(lit: Lit) -> ast.expr:
    """A literal as the source spells it, or as its value."""
    return fill(template(lit.text), ()) if spelled(lit) else number(lit.value)


def plain(lit: Lit) -> bool:
    """Whether a literal is written with digits alone."""
    value = lit.value
    return not lit.text and (type(value) in (int, bool) or (type(value) is float and math.isfinite(value)))


def free_names(node: ast.expr) -> set[str]:
    """The names that an expression refers to."""
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def spelled(lit: Lit) -> bool:
    """Whether a literal is printed as the source spells it: an expression of np, math and numbers."""
    return bool(lit.text) and names_in(lit.text)[0] <= {"np", "math"}


def number(value: Any) -> ast.expr:
    """The node of a Python or NumPy number: evaluating it gives the same value of the same type."""
    if isinstance(value, np.generic):
        if isinstance(value, np.longdouble) and not isinstance(value, np.float64):
            return call("np.longdouble", ast.Constant(value=str(value)))
        return call(f"np.{value.dtype.name}" if value.dtype.kind != "b" else "np.bool_", number(value.item()))
    if isinstance(value, bool):
        return ast.Constant(value=value)
    if isinstance(value, int):
        return negative(ast.Constant(value=-value)) if value < 0 else ast.Constant(value=value)
    if isinstance(value, float):
        return _real(value)
    if isinstance(value, complex):
        return _complex(value)
    raise UnsupportedError(f"{value!r} cannot be written as a number")


def _real(value: float) -> ast.expr:
    if not math.isfinite(value):
        return call("float", ast.Constant(value=repr(value)))
    if math.copysign(1.0, value) < 0:
        return negative(ast.Constant(value=-value))
    return ast.Constant(value=value)


def _complex(value: complex) -> ast.expr:
    if cmath.isfinite(value):
        # Where zeros have signs, 0.0 - 2j is not -2j: the text must give the very value.
        size = complex(0.0, abs(value.imag))
        below, above = value.real - size, value.real + size
        if repr(size) == repr(value):
            return ast.Constant(value=size)
        if repr(-size) == repr(value):
            return negative(ast.Constant(value=size))
        if repr(above) == repr(value):
            return ast.BinOp(left=_real(value.real), op=ast.Add(), right=ast.Constant(value=size))
        if repr(below) == repr(value):
            return ast.BinOp(left=_real(value.real), op=ast.Sub(), right=ast.Constant(value=size))
    return call("complex", _real(value.real), _real(value.imag))


@functools.lru_cache(maxsize=4096)
def holes(text: str) -> dict[int, int]:
    """How often each hole occurs in a template."""
    return Counter(int(k) for k in _HOLE.findall(text))
