"""Statements: assignment, decisions, loops over what is known, and how control leaves a block."""

from __future__ import annotations

import ast
import functools
import importlib
from collections.abc import Callable, Sequence
from typing import Any

from ..errors import TransformError, UnsupportedError
from ..ir import Lit
from ..rules.build import Value
from ..rules.registry import PRIMITIVES
from ..types import Array
from .branches import go_on, run_time_if
from .calls import call
from .expressions import condition, make_closure
from .iterate import iterate
from .lowering import Lowering, evaluate
from .objects import delete_attribute, get_attribute, set_attribute
from .recorder import Spelled, plain, spell, text_of
from .scope import BREAK, CONTINUE, Frame, Leave, Raised
from .subscripts import assign_subscript, delete_subscript

__all__ = ["Rest", "assign", "open_statement", "run_block", "statement"]

Handler = Callable[[Frame, Any], Leave | None]

_STATEMENTS: dict[type, Handler] = {}


def statement(*kinds: type) -> Callable[[Handler], Handler]:
    """Register how a statement of these kinds is executed."""

    def register(handler: Handler) -> Handler:
        for kind in kinds:
            _STATEMENTS[kind] = handler
        return handler

    return register


Rest = Leave | None
"""What an open statement is told of the statements behind it: nothing, run_block sees to them."""

Open = Callable[..., Leave | None]

_OPEN: dict[type, Open] = {}


def open_statement(kind: type) -> Callable[[Open], Open]:
    """Register how a statement is executed whose body is part of the block around it."""

    def register(handler: Open) -> Open:
        _OPEN[kind] = handler
        return handler

    return register


def run_block(frame: Frame, body: Sequence[ast.stmt], end: Leave | None = None) -> Leave | None:
    """Execute statements in order until one leaves the block; `end` is how its end leaves it."""
    for k, node in enumerate(body):
        rest = functools.partial(run_block, frame, body[k + 1 :], end)
        left, done = _run(frame, node, rest, _is_brief(body[k + 1 :]))
        if done:
            return left
        if left is not None:
            return go_on(frame, left, rest)
    return end


def _is_brief(rest: Sequence[ast.stmt]) -> bool:
    """Whether statements may as well be written down twice."""
    return not rest or (
        len(rest) == 1 and isinstance(rest[0], (ast.Return, ast.Break, ast.Continue, ast.Pass))
    )


def _run(
    frame: Frame, node: ast.stmt, rest: Callable[[], Leave | None], brief: bool
) -> tuple[Leave | None, bool]:
    """How a statement leaves the block, and whether the rest of the block has run, too."""
    outer, frame.statement = frame.statement, node
    try:
        if isinstance(node, ast.If):
            return _if(frame, node, rest, brief)
        handler = _OPEN.get(type(node))
        if handler is not None:
            return handler(frame, node, rest=None), False
        return _STATEMENTS.get(type(node), _not_understood)(frame, node), False
    except (TransformError, Raised) as error:
        if error.origin is None:
            error.origin = frame.origin(node)
        raise
    finally:
        frame.statement = outer


def _not_understood(frame: Frame, node: ast.stmt) -> Leave | None:
    kind = {
        ast.ClassDef: "a class defined inside the function",
        ast.AsyncFunctionDef: "an async function",
        ast.AsyncFor: "an async loop",
        ast.AsyncWith: "an async with",
        ast.Match: "a match statement",
    }.get(type(node), f"the statement {type(node).__name__}")
    raise UnsupportedError(
        f"{kind} is not supported yet", "Move it out of the function that is differentiated."
    )


# Assignment.


@statement(ast.Assign)
def _assign(frame: Frame, node: ast.Assign) -> None:
    value = _named_literal(frame, node.targets[0], node.value, evaluate(frame, node.value))
    for target in node.targets:
        assign(frame, target, value)


@statement(ast.AnnAssign)
def _annotated(frame: Frame, node: ast.AnnAssign) -> None:
    if node.value is not None:
        assign(
            frame, node.target, _named_literal(frame, node.target, node.value, evaluate(frame, node.value))
        )


def _named_literal(frame: Frame, target: ast.expr, node: ast.expr, value: Any) -> Any:
    """`s = 4` stands in the SSA list under its name; where a number must be static, it still is 4."""
    if isinstance(node, ast.UnaryOp):
        node = node.operand
    written = isinstance(node, (ast.Constant, ast.BinOp)) or (
        isinstance(node, ast.Attribute) and text_of(value)
    )
    if not isinstance(target, ast.Name) or not written or type(plain(value)) not in (int, float, complex):
        return value
    if isinstance(value, Spelled) and value.value is not None:
        return value
    if isinstance(node, ast.BinOp) and not isinstance(plain(value), (float, complex)):
        return value
    builder = frame.low.builder
    builder.origin = frame.origin(target)
    made = builder.apply(PRIMITIVES["literal"], (Lit(plain(value), text_of(value)),), {})
    return spell(value, text_of(value), builder.name(made, target.id))


def assign(frame: Frame, target: ast.expr, value: Any) -> None:
    """Bind a target: a name, a pattern of names, an attribute, an item."""
    low = frame.low
    match target:
        case ast.Name(id=name):
            frame.bind(name, low.name(value, name))
        case ast.Tuple(elts=targets) | ast.List(elts=targets):
            _unpack(frame, targets, value)
        case ast.Attribute(value=owner, attr=name):
            set_attribute(low, evaluate(frame, owner), frame.mangled(name), low.name(value, name))
        case ast.Subscript(value=owner, slice=index):
            thing, key = evaluate(frame, owner), evaluate(frame, index)
            low.builder.origin = frame.origin(target)
            assign_subscript(low, thing, key, value)
        case ast.Starred(value=inner):
            assign(frame, inner, value)


def _unpack(frame: Frame, targets: Sequence[ast.expr], value: Any) -> None:
    low = frame.low
    value = low.live(value)
    stars = [k for k, target in enumerate(targets) if isinstance(target, ast.Starred)]
    if isinstance(value, Value) and isinstance(value.type, Array) and not stars:
        items = _array_items(low, value, len(targets))
    else:
        items = list(iterate(low, value, "unpacking"))
    few = len(targets) - len(stars)
    if len(items) < few or (not stars and len(items) != few):
        problem = "too many values" if len(items) > few else "not enough values"
        raise Raised(ValueError(f"{problem} to unpack (expected {few}, got {len(items)})"))
    if stars:
        first, behind = stars[0], len(targets) - stars[0] - 1
        end = len(items) - behind
        items = [*items[:first], low.new_object(items[first:end]), *items[end:]]
    for target, item in zip(targets, items, strict=True):
        assign(frame, target, item)


def _array_items(low: Lowering, array: Value, count: int) -> list[Any]:
    """The items of an array that is unpacked into `count` names: Python raises unless it has that length."""
    from ..rules.index import getitem

    length = getattr(array.type, "dims", (0,))[0]
    low.builder.dims.equate(length, count)
    return [getitem(low.builder, array, k) for k in range(count)]


@statement(ast.Delete)
def _delete(frame: Frame, node: ast.Delete) -> None:
    for target in node.targets:
        match target:
            case ast.Name(id=name):
                frame.unbind(name)
            case ast.Subscript(value=owner, slice=index):
                delete_subscript(frame.low, evaluate(frame, owner), evaluate(frame, index))
            case ast.Attribute(value=owner, attr=name):
                delete_attribute(frame.low, evaluate(frame, owner), frame.mangled(name))


# Simple statements.


@statement(ast.Expr)
def _expression(frame: Frame, node: ast.Expr) -> None:
    if not isinstance(node.value, ast.Constant):
        evaluate(frame, node.value)


@statement(ast.Pass)
def _pass(frame: Frame, node: ast.Pass) -> None:
    return None


@statement(ast.Return)
def _return(frame: Frame, node: ast.Return) -> Leave:
    return Leave("return", None if node.value is None else evaluate(frame, node.value))


@statement(ast.Break)
def _break(frame: Frame, node: ast.Break) -> Leave:
    return BREAK


@statement(ast.Continue)
def _continue(frame: Frame, node: ast.Continue) -> Leave:
    return CONTINUE


@statement(ast.FunctionDef)
def _define(frame: Frame, node: ast.FunctionDef) -> None:
    function: Any = make_closure(frame, node)
    for decorator in reversed(node.decorator_list):
        wrap = evaluate(frame, decorator)
        frame.low.builder.origin = frame.origin(decorator)
        function = call(frame.low, wrap, [function], {})
    frame.bind(node.name, function)


@statement(ast.Global)
def _global(frame: Frame, node: ast.Global) -> None:
    frame.declared_global.update(node.names)


@statement(ast.Nonlocal)
def _nonlocal(frame: Frame, node: ast.Nonlocal) -> None:
    frame.nonlocals.update(node.names)


@statement(ast.Import)
def _import(frame: Frame, node: ast.Import) -> None:
    for alias in node.names:
        module = frame.low.native(importlib.import_module, alias.name)
        if alias.asname is None:
            alias_name = alias.name.split(".")[0]
            frame.bind(alias_name, frame.low.native(importlib.import_module, alias_name))
        else:
            frame.bind(alias.asname, module)


@statement(ast.ImportFrom)
def _import_from(frame: Frame, node: ast.ImportFrom) -> None:
    package = frame.globals.get("__package__")
    name = "." * node.level + (node.module or "")
    module = frame.low.native(importlib.import_module, name, package)
    for alias in node.names:
        if hasattr(module, alias.name):
            value = get_attribute(frame.low, module, alias.name)
        else:
            value = frame.low.native(importlib.import_module, f"{name}.{alias.name}", package)
        frame.bind(alias.asname or alias.name, value)


# Decisions.


def _if(
    frame: Frame, node: ast.If, rest: Callable[[], Leave | None], brief: bool
) -> tuple[Leave | None, bool]:
    # A check that only raises is no reason to lower anew for each value of an int argument.
    checks = not node.orelse and all(isinstance(each, ast.Raise) for each in node.body)
    decided = condition(frame, node.test, ask=not checks)
    if not isinstance(decided, Value):
        return run_block(frame, node.body if decided else node.orelse), False
    frame.low.builder.origin = frame.origin(node.test)
    then, orelse = (functools.partial(run_block, frame, body) for body in (node.body, node.orelse))
    return run_time_if(frame, decided, then, orelse, rest, brief)
