"""Statements that compute nothing themselves: assert and with."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from ..rules.build import Value
from .branches import fork, survivor
from .expressions import condition
from .lowering import evaluate
from .managers import manager_of
from .scope import Frame, Leave, Raised
from .statements import Rest, assign, open_statement, run_block, statement

__all__: list[str] = []


@statement(ast.Assert)
def _assert(frame: Frame, node: ast.Assert) -> None:
    """Checked now where that is possible, else when the function runs."""
    low = frame.low

    def fail() -> None:
        given = [] if node.msg is None else [evaluate(frame, node.msg)]
        raise Raised(AssertionError(*given))

    decided = condition(frame, node.test, ask=False)
    if isinstance(decided, Value):
        survivor(low, decided, *fork(low, lambda: None, fail))
    elif not decided:
        fail()


@open_statement(ast.With)
def _with(frame: Frame, node: ast.With, rest: Rest) -> Leave | None:
    return _nested(frame, node.items, node.body, rest)


def _nested(
    frame: Frame, items: Sequence[ast.withitem], body: Sequence[ast.stmt], rest: Rest
) -> Leave | None:
    """`with a as x, b as y: body` is `with a as x: with b as y: body`."""
    if not items:
        return run_block(frame, body, rest)
    low, item = frame.low, items[0]
    thing = evaluate(frame, item.context_expr)
    low.builder.origin = frame.origin(item.context_expr)
    manager = manager_of(low, thing)
    entered = manager.enter()
    if item.optional_vars is not None:
        assign(frame, item.optional_vars, entered)
    # What follows the block in the function must not run inside it, where leaving it does something.
    after = rest if manager.leaves_nothing else None
    try:
        left = _nested(frame, items[1:], body, after)
    except Raised as raised:
        if not manager.leave(raised):
            raise
        return None
    manager.leave(None)
    return left
