"""Exceptions: those that the function raises while it is lowered, and the statements that catch them."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any

from ..errors import UnsupportedError
from ..ir import Eqn
from ..types import Scalar
from .calls import call
from .lowering import evaluate
from .scope import Frame, Leave, Raised
from .statements import run_block, statement

__all__: list[str] = []


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


_RUN_TIME_ERRORS = (ArithmeticError, ValueError, RuntimeWarning)  # LinAlgError is a ValueError
_CANNOT_FAIL = frozenset(
    ("add", "sub", "mul", "neg", "pos", "lt", "le", "gt", "ge", "eq", "ne", "literal", "dim", "size")
    + ("to_float", "where", "not_", "and_", "or_", "abs", "sin", "cos", "tanh", "arctan", "max2", "min2")
)
_MAY_BE_SINGULAR = frozenset(("inv", "solve", "cholesky", "eigh", "svd", "qr", "lstsq", "item"))


def _may_fail(statement: Any) -> bool:
    """Whether an equation may raise: Python's numbers do (1 / 0), arrays warn, singular matrices raise."""
    if not isinstance(statement, Eqn):
        return True
    name, operands = statement.primitive.name, statement.operands
    numbers = all(isinstance(each.type, Scalar) and each.type.weak for each in operands)
    return name in _MAY_BE_SINGULAR or (numbers and bool(operands) and name not in _CANNOT_FAIL)


@statement(ast.Try)
def _try(frame: Frame, node: ast.Try) -> Leave | None:
    low = frame.low
    before = len(low.builder.body)
    try:
        try:
            left = run_block(frame, node.body, None)
        except Raised as raised:
            left = _handle(frame, node, raised)
        else:
            if node.handlers:
                _check_handlers(frame, node, low.builder.body[before:])
            if left is None:
                left = run_block(frame, node.orelse, None)
    finally:
        ended = run_block(frame, node.finalbody, None)
    return ended or left


def _handle(frame: Frame, node: ast.Try, raised: Raised) -> Leave | None:
    for handler in node.handlers:
        if not _catches(frame, handler, raised.error):
            continue
        outer, frame.handled = frame.handled, raised.error
        if handler.name:
            frame.bind(handler.name, raised.error)
        try:
            return run_block(frame, handler.body, None)
        finally:
            frame.handled = outer
    raise raised


def _catches(frame: Frame, handler: ast.ExceptHandler, error: BaseException) -> bool:
    if handler.type is None:
        return True
    kinds = evaluate(frame, handler.type)
    return isinstance(error, kinds)


def _check_handlers(frame: Frame, node: ast.Try, body: Sequence[Any]) -> None:
    """Refuse a handler that may take over at run time: which of the two runs is not known now."""
    if not any(map(_may_fail, body)):
        return
    for handler in node.handlers:
        if isinstance(handler.body[-1], ast.Raise):
            continue  # one exception takes the place of another
        kinds = (Exception,) if handler.type is None else evaluate(frame, handler.type)
        kinds = kinds if isinstance(kinds, tuple) else (kinds,)
        if any(issubclass(a, b) or issubclass(b, a) for a in kinds for b in _RUN_TIME_ERRORS):
            raise UnsupportedError(
                "whether this exception occurs is known only at run time",
                "Test the condition with np.where before, rather than catch the exception.",
                frame.origin(handler.type or node.body[0]),
            )
