"""Run-time decisions: both branches are lowered into regions, and what they leave behind is joined."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import Origin
from ..ir import Eqn, Statement
from ..rules.build import Value
from ..rules.registry import PRIMITIVES
from ..types import Array, Scalar
from .growing import ListMethod
from .joining import Join
from .leaving import ways
from .lowering import Lowering
from .operators import negated, truth
from .raising import raise_where
from .scope import Either, Frame, Leave, Parted
from .state import Outcome, fork

__all__ = ["Block", "choose", "closed", "decide", "fork", "go_on", "run_time_if", "survivor"]

# What may stand after `and` in one expression: it neither fails nor costs much.
_HARMLESS = frozenset(
    ("add", "sub", "mul", "neg", "pos", "lt", "le", "gt", "ge", "eq", "ne", "and_", "or_", "not_", "literal")
    + ("dim", "size", "abs")
)


def choose(
    frame: Frame,
    node: Any,
    condition: Any,
    then: Callable[[], Any] | None,
    orelse: Callable[[], Any] | None,
) -> Any:
    """`then() if condition else orelse()`; None stands for the condition's own value, as `and` has it."""
    low = frame.low
    decided = truth(low, condition)
    if not isinstance(decided, Value):
        taken = then if decided else orelse
        return condition if taken is None else taken()
    low.builder.origin = frame.origin(node)
    return decide(low, low.live(condition), then, orelse)


def decide(
    low: Lowering, condition: Value, then: Callable[[], Any] | None, orelse: Callable[[], Any] | None
) -> Any:
    """The same for a condition that is known only at run time."""
    origin, decided = low.builder.origin, truth(low, condition, ask=False)

    def value_of(branch: Callable[[], Any] | None) -> Callable[[], Any]:
        return (lambda: condition) if branch is None else branch

    a, b = fork(low, value_of(then), value_of(orelse), decided)
    if one_sided(a, b):
        return survivor(low, decided, a, b)
    low.builder.origin = origin
    if decided is condition and (then is None) != (orelse is None) and a.state.same(b.state):
        logical = _logical(low, decided, "and_" if orelse is None else "or_", a if orelse is None else b)
        if logical is not None:
            return logical
    if not a.body and not b.body and isinstance(a.result, bool) and isinstance(b.result, bool):
        if a.result is not b.result and a.state.same(b.state):
            return decided if a.result else negated(low, decided)
    if _are_objects(a, b):
        return Either(decided, a.result, b.result)
    joined = Join(low, a, b)
    result = joined.value(a.result, b.result, "the value")
    joined.require(result, "Give both outcomes the same structure.", origin)
    joined.states()
    joined.finish(decided)
    return joined.resolve(result)


def _are_objects(a: Outcome, b: Outcome) -> bool:
    """Whether two outcomes are different objects that were there before, and nothing else has happened."""
    one, other = a.result, b.result
    if one is other or a.body or b.body or not a.state.same(b.state):
        return False
    if isinstance(one, (list, dict)) and isinstance(other, (list, dict)):
        return True
    same = type(one) is type(other) and one == other
    return not same and all(
        callable(each) or isinstance(each, (str, bytes, Either, ListMethod, type(None)))
        for each in (one, other)
    )


def _logical(low: Lowering, condition: Value, name: str, other: Outcome) -> Any:
    """`a and b`, `a or b` of bools as one expression, where evaluating b always does no harm."""
    result = other.result
    if isinstance(result, Value):
        if isinstance(result.type, Array) or result.type.dtype.kind != "b":
            return None
    elif not isinstance(result, bool):
        return None
    if not all(_harmless(statement) for statement in other.body):
        return None
    low.builder.body.extend(other.body)
    return low.builder.apply(PRIMITIVES[name], (condition, result), {})


def _harmless(statement: Statement) -> bool:
    if not isinstance(statement, Eqn) or statement.primitive.name not in _HARMLESS:
        return False
    return isinstance(statement.target.type, Scalar) and statement.target.temporary


# Branches that end early.


def one_sided(a: Outcome, b: Outcome) -> bool:
    """Whether what follows is only reached through one of the branches."""
    return a.raised or b.raised or a.unknown or b.unknown


def survivor(low: Lowering, condition: Value, a: Outcome, b: Outcome) -> Any:
    """Go on with the branch that does not raise, after `if condition: raise ...`."""
    if a.unknown or (a.raised and b.raised):
        if b.unknown or b.raised:
            raise b.result if b.unknown else a.result
    elif b.unknown and a.raised:
        raise b.result
    outcome, other = (b, a) if a.raised or a.unknown else (a, b)
    if other.raised:
        raise_where(low, condition, a.raised, other.body, other.result.error)
    low.builder.body.extend(outcome.body)
    outcome.state.restore()
    return outcome.result


Block = Callable[[], "Leave | None"]


def run_time_if(
    frame: Frame, decided: Value, then: Block, orelse: Block, rest: Block, brief: bool
) -> tuple[Leave | None, bool]:
    """`if decided: then; else: orelse`, and whether the `rest` of the block has run in it.

    Where one branch leaves, the rest belongs to the other: if c: A; return; C is if c: A; return; else: C.
    It is also written down twice where it is `brief`.
    """
    origin = frame.low.builder.origin
    a, b = fork(frame.low, then, orelse, decided)

    def goes_on(outcome: Outcome) -> bool:
        return not one_sided(outcome, outcome) and "fall" in ways(outcome.result)

    def follow(outcome: Outcome) -> Outcome:
        return outcome.resume(lambda: go_on(frame, outcome.result, rest, origin))

    leaves = any(isinstance(each.result, Leave) for each in (a, b))
    done = leaves and not one_sided(a, b) and (goes_on(a) != goes_on(b) or brief)
    if done:
        a, b = (follow(each) if goes_on(each) else each for each in (a, b))
    return closed(frame, decided, a, b, origin), done


def go_on(frame: Frame, left: Leave | None, rest: Block, origin: Origin | None = None) -> Leave | None:
    """Run what follows a block that is left, or not, as `left` says."""
    if left is None:
        return rest()
    if not isinstance(left, Parted) or left.falls is None:
        return left
    others = tuple((kind, flag) for kind, flag in left.flags if kind != "fall")
    gone = Parted("parted", left.value, others, left.last) if others else Leave(left.last, left.value)
    a, b = fork(frame.low, rest, lambda: gone, left.falls)
    return closed(frame, left.falls, a, b, origin or frame.origin(frame.statement))


def closed(frame: Frame, decided: Value, a: Outcome, b: Outcome, origin: Origin | None) -> Leave | None:
    """The conditional of two blocks that were run apart, and how control leaves it."""
    low = frame.low
    low.builder.origin = origin
    if one_sided(a, b):
        left: Leave | None = survivor(low, decided, a, b)
        return left
    joined = Join(low, a, b)
    left = joined.leave("Return the same structure of numbers on every path.", origin)
    joined.states(frame)
    joined.finish(decided)
    resolved: Leave | None = joined.resolve(left)
    return resolved
