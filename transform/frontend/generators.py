"""Functions with `yield`: interpreted step by step, as Python runs them, while their consumer asks for items.

What decides how often such a function yields must be known while lowering.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable, Generator, Sequence
from typing import Any

from ..errors import LengthNeeded, TransformError, UnsupportedError
from ..rules.build import Value
from .lowering import Lowering, evaluate
from .scope import BREAK, CONTINUE, Frame, Leave, Raised
from .source import Definition, own_nodes

__all__ = ["generator", "is_generator"]

Steps = Generator[Any, Any, Leave | None]

_STATEMENTS: dict[type, Callable[[Frame, Any], Steps]] = {}


@functools.lru_cache(maxsize=1024)
def is_generator(node: Definition) -> bool:
    """Whether calling the function gives a generator."""
    return not isinstance(node, ast.Lambda) and _yields(*node.body)


def _yields(*nodes: ast.AST) -> bool:
    return any(isinstance(inner, (ast.Yield, ast.YieldFrom)) for inner in own_nodes(nodes))


def generator(low: Lowering, frame: Frame) -> Generator[Any, Any, Any]:
    """The generator that a call in this frame gives; the frame is entered only while it runs."""
    assert not isinstance(frame.source.node, ast.Lambda)
    steps = _block(frame, frame.source.node.body)
    resume: Callable[[], Any] = functools.partial(next, steps)
    while True:
        low.enter(frame)
        try:
            item = resume()
        except StopIteration as stop:
            return None if stop.value is None else stop.value.value
        finally:
            low.leave()
        try:
            resume = functools.partial(steps.send, (yield item))
        except Raised as raised:
            resume = functools.partial(steps.throw, raised)


def _block(frame: Frame, body: Sequence[ast.stmt]) -> Steps:
    from .statements import run_block

    for node in body:
        outer, frame.statement = frame.statement, node
        try:
            if not _yields(node):
                left = run_block(frame, [node], None)
            else:
                left = yield from _STATEMENTS.get(type(node), _not_understood)(frame, node)
        except (TransformError, Raised) as error:
            if error.origin is None:
                error.origin = frame.origin(node)
            raise
        finally:
            frame.statement = outer
        if left is not None:
            return left
    return None


def _statement(kind: type) -> Callable[[Callable[[Frame, Any], Steps]], Callable[[Frame, Any], Steps]]:
    def register(handler: Callable[[Frame, Any], Steps]) -> Callable[[Frame, Any], Steps]:
        _STATEMENTS[kind] = handler
        return handler

    return register


def _not_understood(frame: Frame, node: ast.stmt) -> Steps:
    yield from ()
    raise UnsupportedError(
        "yield is understood as a statement, or as the value of an assignment", "Give it a line of its own."
    )


# Where values come out.


def _value(frame: Frame, node: ast.expr | None) -> Generator[Any, Any, Any]:
    """The value of an expression that is `yield`, `yield from` or has neither in it."""
    match node:
        case None:
            return None
        case ast.Yield(value=value):
            return (yield None if value is None else evaluate(frame, value))
        case ast.YieldFrom(value=value):
            from .iterate import iterate

            return (yield from iterate(frame.low, evaluate(frame, value), "yield from"))
    if _yields(node):
        yield from _not_understood(frame, ast.Expr(node))
    return evaluate(frame, node)


@_statement(ast.Expr)
def _expression(frame: Frame, node: ast.Expr) -> Steps:
    yield from _value(frame, node.value)
    return None


@_statement(ast.Assign)
def _assign(frame: Frame, node: ast.Assign) -> Steps:
    from .statements import assign

    value = yield from _value(frame, node.value)
    for target in node.targets:
        assign(frame, target, value)
    return None


@_statement(ast.Return)
def _return(frame: Frame, node: ast.Return) -> Steps:
    return Leave("return", (yield from _value(frame, node.value)))


# Control flow around them.


def _decided(frame: Frame, test: ast.expr) -> bool:
    from .expressions import condition

    decided = condition(frame, test)
    if isinstance(decided, Value):
        raise LengthNeeded(
            "how often this generator yields is known only at run time",
            "Use a list, or np.where.",
            frame.origin(test),
        )
    return bool(decided)


@_statement(ast.If)
def _if(frame: Frame, node: ast.If) -> Steps:
    return (yield from _block(frame, node.body if _decided(frame, node.test) else node.orelse))


@_statement(ast.For)
def _for(frame: Frame, node: ast.For) -> Steps:
    from .iterate import iterate
    from .statements import assign

    for item in iterate(frame.low, evaluate(frame, node.iter), "a loop that yields"):
        assign(frame, node.target, item)
        left = yield from _block(frame, node.body)
        if left is BREAK:
            return None
        if left is not None and left is not CONTINUE:
            return left
    return (yield from _block(frame, node.orelse))


@_statement(ast.While)
def _while(frame: Frame, node: ast.While) -> Steps:
    while _decided(frame, node.test):
        left = yield from _block(frame, node.body)
        if left is BREAK:
            return None
        if left is not None and left is not CONTINUE:
            return left
    return (yield from _block(frame, node.orelse))


@_statement(ast.With)
def _with(frame: Frame, node: ast.With) -> Steps:
    return (yield from _managed(frame, node.items, node.body))


def _managed(frame: Frame, items: Sequence[ast.withitem], body: Sequence[ast.stmt]) -> Steps:
    from .managers import manager_of
    from .statements import assign

    if not items:
        return (yield from _block(frame, body))
    manager = manager_of(frame.low, evaluate(frame, items[0].context_expr))
    entered = manager.enter()
    if items[0].optional_vars is not None:
        assign(frame, items[0].optional_vars, entered)
    try:
        left = yield from _managed(frame, items[1:], body)
    except Raised as raised:
        if not manager.leave(raised):
            raise
        return None
    manager.leave(None)
    return left


@_statement(ast.Try)
def _try(frame: Frame, node: ast.Try) -> Steps:
    from .exceptions import check_handlers, handler_of, handling

    low = frame.low
    before = len(low.builder.body)
    try:
        try:
            left = yield from _block(frame, node.body)
        except Raised as raised:
            handler = handler_of(frame, node, raised)
            with handling(frame, handler, raised):
                left = yield from _block(frame, handler.body)
        else:
            check_handlers(frame, node, low.builder.body[before:])
            if left is None:
                left = yield from _block(frame, node.orelse)
    except Raised:
        ended = yield from _block(frame, node.finalbody)
        if ended is None:
            raise
        return ended
    ended = yield from _block(frame, node.finalbody)
    return ended or left
