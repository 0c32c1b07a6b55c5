"""Loops: kept where only run time knows how often they run, written out where they decide what is done.

A loop over what is known, such as a list of layers, is run while lowering. One that computes the same way in
each iteration is lowered once, see `rolling`, with what it carries as params, see `carrying`.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from ..errors import UnsupportedError
from ..rules.build import Value
from .branches import closed
from .expressions import condition
from .iterate import iterate
from .iteration import Rolling, rolling_of
from .leaving import flag_of, merged, ways, without
from .lowering import evaluate
from .rolling import RollingFor, RollingLoop, RollingWhile
from .scope import BREAK, Frame, Leave, Parted, Raised
from .state import State, fork, run_apart
from .statements import assign, run_block, statement

__all__ = ["apart", "run_for", "run_rolling"]

_LONGEST = 256
_BRIEF = 4
_DEEPEST_PEEL = 2

T = TypeVar("T")
L = TypeVar("L", bound=RollingLoop)


class _TooLong(Exception):
    """A loop that is better kept as a loop."""


@statement(ast.For)
def _for(frame: Frame, node: ast.For) -> Leave | None:
    source = evaluate(frame, node.iter)
    frame.low.builder.origin = frame.origin(node.iter)
    return run_for(frame, node, source)


def run_for(frame: Frame, node: ast.For, source: Any) -> Leave | None:
    """A loop over the items of `source`."""
    rolling = rolling_of(frame.low, source)
    if rolling is None:
        return _all_written_out(frame, node, iterate(frame.low, source, "a loop"))
    known = rolling.known
    if known is None:
        return _kept_or_known(frame, node, rolling)

    def items() -> Iterator[Any]:
        return (rolling.at(k) for k in known)

    return _either(frame, node, items, lambda: run_rolling(frame, node, rolling))


def run_rolling(frame: Frame, node: ast.For, rolling: Rolling) -> Leave | None:
    """A loop that is kept."""
    return _kept(frame, RollingFor(frame, node, rolling), lambda loop: RollingFor(frame, node, loop.rest()))


@statement(ast.While)
def _while(frame: Frame, node: ast.While) -> Leave | None:
    def roll() -> Leave | None:
        return _kept(frame, RollingWhile(frame, node), lambda loop: RollingWhile(frame, node))

    def items() -> Iterator[Any]:
        while True:
            test = condition(frame, node.test, "the condition of a loop")
            if isinstance(test, Value):
                raise _TooLong
            if not test:
                return
            yield None

    # What the condition says before the first iteration; nothing is left of its evaluation.
    found = run_apart(frame.low, lambda: condition(frame, node.test, "the condition of a loop", False))
    return roll() if isinstance(found.result, Value) else _either(frame, node, items, roll)


def apart(frame: Frame, attempt: Callable[[], T]) -> T:
    """Try something; where it fails, nothing of it is left."""
    low = frame.low
    before, count = State.of(low), len(low.builder.body)
    try:
        return attempt()
    except (UnsupportedError, Raised, _TooLong):
        before.restore()
        del low.builder.body[count:]
        raise


# Loops that are kept.


def _kept(frame: Frame, loop: L, others: Callable[[L], RollingLoop]) -> Leave | None:
    """A loop that is kept; its first iteration by itself where only the others have something in common.

    prev = None
    for x in xs:                if xs: prev = xs[0]
        if prev is not None:            for x in xs[1:]:
            s += x * prev   --->            s += x * prev
        prev = x                            prev = x
    """
    low = frame.low
    try:
        return apart(frame, loop.lowered)
    except UnsupportedError:
        if not loop.carried.changes or low.peeling >= _DEEPEST_PEEL:
            raise
        low.peeling += 1
        try:
            return apart(frame, lambda: loop.once(lambda: others(loop).lowered()))
        except UnsupportedError:
            pass
        finally:
            low.peeling -= 1
        raise


def _kept_or_known(frame: Frame, node: ast.For, rolling: Rolling) -> Leave | None:
    """A loop with run-time bounds; where they decide what is done, another lowering must know them."""
    try:
        return run_rolling(frame, node, rolling)
    except UnsupportedError as error:
        if any(error is each for each in frame.low.refused):
            for limit in (rolling.start, rolling.stop, rolling.step):
                if isinstance(limit, Value):
                    frame.low.demand(limit, "a limit of range()")
        raise


# Loops that are known.


def _either(
    frame: Frame,
    node: ast.For | ast.While,
    items: Callable[[], Iterator[Any]],
    roll: Callable[[], Leave | None],
) -> Leave | None:
    """A loop that is known: written out where that is brief or decides something, else kept."""
    low, key = frame.low, (node, *(each.statement for each in frame.low.frames))
    if low.kept.get(key, False) is None:
        return _all_written_out(frame, node, items())
    nested = any(isinstance(each, (ast.For, ast.While)) for part in node.body for each in ast.walk(part))
    if not low.kept.get(key):
        try:
            return apart(frame, lambda: _written_out(frame, node, items(), 0 if nested else _BRIEF))
        except _TooLong:
            low.kept[key] = True
    try:
        return apart(frame, roll)
    except (UnsupportedError, Raised) as error:
        low.kept[key] = None
        try:
            return apart(frame, lambda: _written_out(frame, node, items(), None))
        except _TooLong:
            raise error from None


def _all_written_out(frame: Frame, node: ast.For | ast.While, items: Iterator[Any]) -> Leave | None:
    """A loop that can only be written out."""
    try:
        return _written_out(frame, node, items, None)
    except _TooLong:
        raise UnsupportedError(
            f"a loop of more than {_LONGEST} iterations over different things would be written out in full",
            "Write it as array operations, or so that each iteration does the same.",
        ) from None


def _written_out(
    frame: Frame, node: ast.For | ast.While, items: Iterator[Any], brief: int | None, count: int = 0
) -> Leave | None:
    """Run a loop over what is known; `brief` is after how many iterations there may be no equations yet."""
    low = frame.low
    start = len(low.builder.body)
    for item in items:
        count += 1
        if brief is not None and count > brief + 1 and len(low.builder.body) > start:
            raise _TooLong
        if count > _LONGEST:
            raise _TooLong
        if isinstance(node, ast.For):
            assign(frame, node.target, item)
        low.trail.append(count)
        try:
            left = merged(run_block(frame, node.body), "continue", "fall")
        finally:
            low.trail.pop()
        if isinstance(left, Parted):
            # Each iteration would be written down in a branch of the one before.
            if brief is not None or isinstance(node, ast.While):
                raise _TooLong
            return _go_on(frame, node, items, left, count)
        if left is not None:
            return None if left is BREAK else left
    return run_block(frame, node.orelse)


def _go_on(
    frame: Frame, node: ast.For | ast.While, items: Iterator[Any], left: Parted, count: int
) -> Leave | None:
    """The iterations that follow one that may have left the loop."""
    gone = merged(without(left, "fall"), "break", "fall")
    if "fall" not in ways(left):
        return gone
    remaining = list(items) if isinstance(node, ast.For) else items
    a, b = fork(frame.low, lambda: _written_out(frame, node, iter(remaining), None, count), lambda: gone)
    return closed(frame, flag_of(left, "fall"), a, b, frame.origin(node))
