"""Exceptions: those that the function raises while it is lowered, and the statements that catch them."""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Iterator, Sequence

from ..errors import Origin, UnsupportedError
from ..ir import Eqn, If, Statement, walk
from ..types import Scalar
from .calls import call
from .lowering import Lowering, evaluate
from .scope import Frame, Leave, Raised
from .statements import Rest, open_statement, run_block, statement

__all__ = ["check_handlers", "handler_of", "handling", "refuse_if_raised_at_run_time"]

_RUN_TIME_ERRORS = (ArithmeticError, ValueError, RuntimeWarning)  # LinAlgError is a ValueError
_CANNOT_FAIL = frozenset(
    ("add", "sub", "mul", "neg", "pos", "lt", "le", "gt", "ge", "eq", "ne", "literal", "dim", "size")
    + ("to_float", "where", "not_", "and_", "or_", "abs", "sin", "cos", "tanh", "arctan", "max2", "min2")
    + ("effect", "undefined")
)
_MAY_BE_SINGULAR = frozenset(("inv", "solve", "cholesky", "eigh", "svd", "qr", "lstsq", "item"))


@statement(ast.Raise)
def _raise(frame: Frame, node: ast.Raise) -> None:
    if node.exc is None:
        raise Raised(frame.handled or RuntimeError("No active exception to reraise"))
    error = evaluate(frame, node.exc)
    if isinstance(error, type) and issubclass(error, BaseException):
        error = call(frame.low, error, [], {})
    if not isinstance(error, BaseException):
        raise Raised(TypeError("exceptions must derive from BaseException"))
    raise Raised(error)


@open_statement(ast.Try)
def _try(frame: Frame, node: ast.Try, rest: Rest) -> Leave | None:
    low = frame.low
    before = len(low.builder.body)
    # With neither handlers nor an end of its own, nothing tells the block from what is around it.
    after = None if node.handlers or node.finalbody or node.orelse else rest
    try:
        try:
            left = run_block(frame, node.body, after)
        except Raised as raised:
            handler = handler_of(frame, node, raised)
            with handling(frame, handler, raised):
                left = run_block(frame, handler.body, None)
        else:
            check_handlers(frame, node, low.builder.body[before:])
            if left is None:
                left = run_block(frame, node.orelse, None)
    except Raised:
        ended = run_block(frame, node.finalbody, None)
        if ended is None:
            raise
        return ended
    return run_block(frame, node.finalbody, None) or left


def handler_of(frame: Frame, node: ast.Try, raised: Raised) -> ast.ExceptHandler:
    """The handler that catches an exception; without one it is raised again."""
    for handler in node.handlers:
        if handler.type is None or isinstance(raised.error, _kinds(frame, handler)):
            return handler
    raise raised


def _kinds(frame: Frame, handler: ast.ExceptHandler) -> tuple[type, ...]:
    if handler.type is None:
        return (BaseException,)
    kinds = evaluate(frame, handler.type)
    return kinds if isinstance(kinds, tuple) else (kinds,)


@contextlib.contextmanager
def handling(frame: Frame, handler: ast.ExceptHandler, raised: Raised) -> Iterator[None]:
    """While its handler runs, the exception is what `raise` alone means, and has the name after `as`."""
    outer, frame.handled = frame.handled, raised.error
    if handler.name:
        frame.bind(handler.name, raised.error)
    try:
        yield
    finally:
        frame.handled = outer
        if handler.name and handler.name in frame.names:
            frame.unbind(handler.name)


# What may be raised when the function runs.


def check_handlers(frame: Frame, node: ast.Try, body: Sequence[Statement]) -> None:
    """Refuse a handler that may take over at run time: which of the two runs is not known now."""
    for handler in node.handlers:
        if not _may_raise(body, _kinds(frame, handler)):
            continue
        last = handler.body[-1]
        if isinstance(last, ast.Raise) and not _raises(body):
            continue  # one exception takes the place of another
        raise _unknown(frame.origin(handler.type or node.body[0]))


def refuse_if_raised_at_run_time(low: Lowering, body: Sequence[Statement], kinds: tuple[type, ...]) -> None:
    """Refuse to swallow exceptions that only the run-time values decide about."""
    if _may_raise(body, kinds):
        raise _unknown(low.builder.origin)


def _unknown(origin: Origin | None) -> UnsupportedError:
    return UnsupportedError(
        "whether this exception occurs is known only at run time",
        "Test the condition with np.where before, rather than catch the exception.",
        origin,
    )


def _may_raise(body: Sequence[Statement], kinds: tuple[type, ...]) -> bool:
    """Whether a statement may raise one of some exceptions when it runs."""

    def related(known: Sequence[type]) -> bool:
        return any(issubclass(a, b) or issubclass(b, a) for a in kinds for b in known)

    return related(_raises(body)) or (related(_RUN_TIME_ERRORS) and any(map(_may_fail, walk(body))))


def _raises(body: Sequence[Statement]) -> list[type]:
    """The exceptions that are raised by `raise`, under a run-time condition."""
    return [each.params["raises"] for each in walk(body) if isinstance(each, Eqn) and "raises" in each.params]


def _may_fail(statement: Statement) -> bool:
    """Whether an equation may raise: Python's numbers do (1 / 0), arrays warn, singular matrices raise."""
    if not isinstance(statement, Eqn):
        return not isinstance(statement, If)
    name, operands = statement.primitive.name, statement.operands
    numbers = all(isinstance(each.type, Scalar) and each.type.weak for each in operands)
    return name in _MAY_BE_SINGULAR or (numbers and bool(operands) and name not in _CANNOT_FAIL)
