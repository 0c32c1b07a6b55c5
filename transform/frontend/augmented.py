"""Augmented assignment: `x += y` reads a place, changes what is there or replaces it, and binds the place."""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable
from typing import Any

from ..errors import UnsupportedError
from ..rules.build import Value
from ..types import Array
from .comprehensions import append_to, for_each
from .growing import call_method, check_frozen
from .in_place import update_array, update_item
from .lowering import evaluate
from .objects import get_attribute, set_attribute
from .operators import binary
from .scope import Frame, RunList
from .statements import statement
from .subscripts import assign_subscript, subscript

__all__: list[str] = []


@statement(ast.AugAssign)
def _augmented(frame: Frame, node: ast.AugAssign) -> None:
    low = frame.low
    match node.target:
        case ast.Name(id=name):
            left = frame.load(name)
            store: Callable[[Any], None] = functools.partial(frame.bind, name)
        case ast.Attribute(value=owner, attr=attr):
            thing, name = evaluate(frame, owner), frame.mangled(attr)
            left = get_attribute(low, thing, name)
            store = functools.partial(set_attribute, low, thing, name)
        case ast.Subscript(value=owner, slice=index):
            thing, key = evaluate(frame, owner), evaluate(frame, index)
            left = subscript(low, thing, key, frame.source.text(owner))
            if isinstance(thing, Value) and isinstance(left, Value) and isinstance(thing.type, Array):
                update_item(low, node.op, thing, key, left, functools.partial(_right, frame, node))
                return
            name, store = "", functools.partial(assign_subscript, low, thing, key)
        case _:
            raise UnsupportedError("this augmented assignment is not understood")
    value = _updated(frame, node.op, left, _right(frame, node))
    store(low.name(value, name) if name else value)


def _right(frame: Frame, node: ast.AugAssign) -> Any:
    value = evaluate(frame, node.value)
    frame.low.builder.origin = frame.origin(node)
    return value


def _updated(frame: Frame, op: ast.operator, left: Any, right: Any) -> Any:
    low = frame.low
    if isinstance(left, Value) and isinstance(left.type, Array):
        update_array(low, op, left, right)
        return left
    left = low.live(left)
    if isinstance(left, RunList) and isinstance(op, ast.Add):
        call_method(low, left.token, "extend", [right])
        return left.token
    if isinstance(left, list) and isinstance(op, ast.Add):
        if low.outside.is_foreign(left):
            raise UnsupportedError("+= changes a list that exists outside the function", "Use a = a + b.")
        check_frozen(low, left)
        for_each(low, right, functools.partial(append_to, low, left), "+=")
        return left
    if isinstance(left, (dict, set)) and isinstance(op, ast.BitOr):
        if low.outside.is_foreign(left):
            raise UnsupportedError("|= changes what exists outside the function", "Use a = a | b.")
        left.update(low.outside.inside(right))
        return left
    method = getattr(type(left), f"__i{_METHODS[type(op)]}__", None)
    if callable(method) and hasattr(method, "__code__"):
        return low.call(method, [left, right])
    return binary(low, op, left, right)


_METHODS = {
    ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "truediv", ast.FloorDiv: "floordiv",
    ast.Mod: "mod", ast.Pow: "pow", ast.MatMult: "matmul", ast.BitAnd: "and", ast.BitOr: "or",
    ast.BitXor: "xor", ast.LShift: "lshift", ast.RShift: "rshift",
}  # fmt: skip
