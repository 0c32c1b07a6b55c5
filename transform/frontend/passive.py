"""Statements that compute nothing themselves: assert and with."""

from __future__ import annotations

import ast
from typing import Any

from ..errors import UnsupportedError
from .expressions import condition
from .lowering import PinNeeded, StaticNeeded, evaluate
from .scope import Frame, Leave, Raised
from .statements import Rest, assign, open_statement, run_block, statement

__all__: list[str] = []


@statement(ast.Assert)
def _assert(frame: Frame, node: ast.Assert) -> None:
    """Checked where that is possible now, dropped where it is not: what it computes is not needed."""
    low = frame.low

    def outcome() -> Any:
        try:
            return condition(frame, node.test, ask=False)
        except (UnsupportedError, StaticNeeded, PinNeeded):
            return None

    outer = low.builder.body
    keeps = any(isinstance(inner, ast.NamedExpr) for inner in ast.walk(node.test))
    low.builder.body = outer if keeps else []
    try:
        decided = outcome()
    finally:
        low.builder.body = outer
    if decided is False:
        raise Raised(AssertionError(frame.source.text(node.test)))


@open_statement(ast.With)
def _with(frame: Frame, node: ast.With, rest: Rest) -> Leave | None:
    import contextlib
    import warnings

    import numpy as np

    for item in node.items:
        manager = evaluate(frame, item.context_expr)
        harmless = (np.errstate, warnings.catch_warnings, contextlib.nullcontext)
        if not isinstance(manager, harmless):
            raise UnsupportedError(
                f"with {type(manager).__name__} is not understood", "Move it out of the function."
            )
        if item.optional_vars is not None:
            assign(frame, item.optional_vars, getattr(manager, "enter_result", None))
    return run_block(frame, node.body, rest)
