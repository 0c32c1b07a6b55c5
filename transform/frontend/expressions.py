"""Expressions: constants, names, operators, subscripts, displays, lambdas."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Sequence
from typing import Any

from ..errors import UnsupportedError
from ..rules.build import Value
from .branches import choose
from .iterate import iterate
from .lowering import evaluate, expression
from .objects import get_attribute
from .operators import binary, compare, contains_value, negated, truth, unary
from .recorder import plain, spell
from .scope import Closure, Frame, Raised
from .subscripts import subscript
from .texts import formatted, joined

__all__ = ["condition", "make_closure"]


@expression(ast.Constant)
def _constant(frame: Frame, node: ast.Constant) -> Any:
    if isinstance(node.value, (float, complex)):
        text = frame.source.text(node)
        return spell(node.value, "" if text == repr(node.value) else text)
    return node.value


@expression(ast.Name)
def _name(frame: Frame, node: ast.Name) -> Any:
    return frame.load(node.id)


@expression(ast.Attribute)
def _attribute(frame: Frame, node: ast.Attribute) -> Any:
    thing = evaluate(frame, node.value)
    frame.low.builder.origin = frame.origin(node)
    return get_attribute(frame.low, thing, frame.mangled(node.attr))


@expression(ast.BinOp)
def _binary(frame: Frame, node: ast.BinOp) -> Any:
    # A long sum leans to the left: it is walked down here, not by recursion.
    spine: list[ast.BinOp] = []
    left: ast.expr = node
    while isinstance(left, ast.BinOp):
        spine.append(left)
        left = left.left
    value = evaluate(frame, left)
    for each in reversed(spine):
        right = evaluate(frame, each.right)
        frame.low.builder.origin = frame.origin(each)
        try:
            value = binary(frame.low, each.op, value, right)
        except Raised as raised:
            raised.origin = raised.origin or frame.origin(each)
            raise
        except UnsupportedError as error:
            error.origin = error.origin or frame.origin(each)
            raise
    return value


@expression(ast.UnaryOp)
def _unary(frame: Frame, node: ast.UnaryOp) -> Any:
    if isinstance(node.op, ast.Not):
        decided = condition(frame, node.operand)
        frame.low.builder.origin = frame.origin(node)
        return negated(frame.low, decided)
    value = evaluate(frame, node.operand)
    frame.low.builder.origin = frame.origin(node)
    return unary(frame.low, node.op, value)


@expression(ast.Compare)
def _compare(frame: Frame, node: ast.Compare) -> Any:
    low = frame.low

    def rest(left: Any, k: int) -> Any:
        right = evaluate(frame, node.comparators[k])
        low.builder.origin = frame.origin(node)
        result = compare(low, node.ops[k], left, right)
        if k + 1 == len(node.ops):
            return result
        return choose(frame, node, result, lambda: rest(right, k + 1), None)

    return rest(evaluate(frame, node.left), 0)


@expression(ast.BoolOp)
def _boolean(frame: Frame, node: ast.BoolOp) -> Any:
    return _junction(frame, node, lambda operand: evaluate(frame, operand))


def condition(frame: Frame, node: ast.expr, what: str = "a condition", ask: bool = True) -> Any:
    """The truth of an expression of which nothing else is wanted: True, False or a Value of type bool."""
    if isinstance(node, ast.BoolOp):
        return _junction(frame, node, lambda operand: condition(frame, operand, what, ask))
    value = evaluate(frame, node)
    try:
        return truth(frame.low, value, what, ask)
    except UnsupportedError as error:
        raise error.at(frame.origin(node)) from error.__cause__


def _junction(frame: Frame, node: ast.BoolOp, operand: Callable[[ast.expr], Any]) -> Any:
    """`a and b`, `a or b`, each operand evaluated where it is reached."""

    def rest(k: int) -> Any:
        value = operand(node.values[k])
        if k + 1 == len(node.values):
            return value
        if isinstance(node.op, ast.And):
            return choose(frame, node, value, lambda: rest(k + 1), None)
        return choose(frame, node, value, None, lambda: rest(k + 1))

    return rest(0)


@expression(ast.IfExp)
def _conditional(frame: Frame, node: ast.IfExp) -> Any:
    return choose(
        frame,
        node,
        condition(frame, node.test),
        lambda: evaluate(frame, node.body),
        lambda: evaluate(frame, node.orelse),
    )


@expression(ast.NamedExpr)
def _walrus(frame: Frame, node: ast.NamedExpr) -> Any:
    value = frame.low.name(evaluate(frame, node.value), node.target.id)
    frame.walrus(node.target.id, value)
    return value


# Displays.


def _items(frame: Frame, nodes: Sequence[ast.expr]) -> list[Any]:
    items: list[Any] = []
    for node in nodes:
        if isinstance(node, ast.Starred):
            items.extend(iterate(frame.low, evaluate(frame, node.value), "*"))
        else:
            items.append(evaluate(frame, node))
    return items


@expression(ast.Tuple)
def _tuple(frame: Frame, node: ast.Tuple) -> Any:
    return tuple(_items(frame, node.elts))


@expression(ast.List)
def _list(frame: Frame, node: ast.List) -> Any:
    return frame.low.new_object(_items(frame, node.elts))


@expression(ast.Set)
def _set(frame: Frame, node: ast.Set) -> Any:
    return _as_set(_items(frame, node.elts))


def _as_set(items: list[Any]) -> set[Any]:
    if any(map(contains_value, items)):
        raise UnsupportedError("a set of run-time values", "Use a list or a tuple.")
    return set(items)


@expression(ast.Dict)
def _dict(frame: Frame, node: ast.Dict) -> Any:
    made: dict[Any, Any] = {}
    for key, value in zip(node.keys, node.values, strict=True):
        if key is None:
            more = evaluate(frame, value)
            made.update(frame.low.native(dict, frame.low.outside.inside(more)))
        else:
            made[key_of(frame, evaluate(frame, key))] = evaluate(frame, value)
    return frame.low.new_object(made)


def key_of(frame: Frame, key: Any) -> Any:
    """A key of a dict."""
    if isinstance(frame.low.live(key), Value):
        key = frame.low.static(key, "a key of a dict")
    frame.low.native(hash, key)
    return plain(key)


# Functions.


@expression(ast.Lambda)
def _lambda(frame: Frame, node: ast.Lambda) -> Any:
    return make_closure(frame, node)


def make_closure(frame: Frame, node: ast.Lambda | ast.FunctionDef) -> Closure:
    """A function defined while lowering; its defaults are evaluated now."""
    given, kinds = node.args, inspect.Parameter
    positional = [*given.posonlyargs, *given.args]
    defaults = [kinds.empty] * (len(positional) - len(given.defaults)) + [
        evaluate(frame, d) for d in given.defaults
    ]
    parameters = [
        inspect.Parameter(
            each.arg,
            kinds.POSITIONAL_ONLY if k < len(given.posonlyargs) else kinds.POSITIONAL_OR_KEYWORD,
            default=default,
        )
        for k, (each, default) in enumerate(zip(positional, defaults, strict=True))
    ]
    if given.vararg:
        parameters.append(inspect.Parameter(given.vararg.arg, kinds.VAR_POSITIONAL))
    for each, node_default in zip(given.kwonlyargs, given.kw_defaults, strict=True):
        default = kinds.empty if node_default is None else evaluate(frame, node_default)
        parameters.append(inspect.Parameter(each.arg, kinds.KEYWORD_ONLY, default=default))
    if given.kwarg:
        parameters.append(inspect.Parameter(given.kwarg.arg, kinds.VAR_KEYWORD))
    return Closure(frame, node, inspect.Signature(parameters))


# Strings.


@expression(ast.JoinedStr)
def _formatted(frame: Frame, node: ast.JoinedStr) -> Any:
    parts = [evaluate(frame, part) for part in node.values]
    return joined(parts)


@expression(ast.FormattedValue)
def _formatted_value(frame: Frame, node: ast.FormattedValue) -> Any:
    value = evaluate(frame, node.value)
    spec = "" if node.format_spec is None else evaluate(frame, node.format_spec)
    return formatted(frame.low, value, {115: "s", 114: "r", 97: "a"}.get(node.conversion, ""), spec)


# Subscripts.


@expression(ast.Slice)
def _slice(frame: Frame, node: ast.Slice) -> Any:
    parts = [None if part is None else evaluate(frame, part) for part in (node.lower, node.upper, node.step)]
    return slice(*parts)


@expression(ast.Subscript)
def _subscript(frame: Frame, node: ast.Subscript) -> Any:
    thing, index = evaluate(frame, node.value), evaluate(frame, node.slice)
    frame.low.builder.origin = frame.origin(node)
    return subscript(frame.low, thing, index, frame.source.text(node.value))
