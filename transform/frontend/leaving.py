"""How control leaves a block: at its end, by continue, return or break; run time may decide which."""

from __future__ import annotations

from typing import Any

from ..rules.build import op
from .scope import Leave, Parted

__all__ = ["WAYS", "flag_of", "merged", "ways", "without"]

WAYS = ("fall", "continue", "return", "break")
"""The ways out of a block. The flag of the first tells best that control goes on."""


def ways(left: Any) -> tuple[str, ...]:
    """The ways in which a block may be left; it falls to what is behind it where nothing else is said."""
    if isinstance(left, Parted):
        return (*(kind for kind, _ in left.flags), left.last)
    return (left.kind,) if isinstance(left, Leave) else ("fall",)


def flag_of(left: Any, kind: str) -> Any:
    """Whether a block is left in a certain way: a run-time bool, or known."""
    if not isinstance(left, Parted):
        return ways(left) == (kind,)
    flags = dict(left.flags)
    if kind != left.last:
        return flags.get(kind, False)
    taken: Any = None
    for flag in flags.values():
        taken = flag if taken is None else op.or_(taken, flag)
    return op.not_(taken)


def merged(left: Leave | None, kind: str, other: str) -> Leave | None:
    """The same where one way is taken for another."""
    if not isinstance(left, Parted):
        if ways(left) != (kind,):
            return left
        return None if other == "fall" else Leave(other, left.value if left is not None else None)
    last = other if left.last == kind else left.last
    flags: dict[str, Any] = {}
    for each, flag in left.flags:
        name = other if each == kind else each
        if name != last:
            flags[name] = op.or_(flags[name], flag) if name in flags else flag
    if not flags:
        return None if last == "fall" else Leave(last, left.value)
    return Parted("parted", left.value, tuple(flags.items()), last)


def without(left: Parted, kind: str) -> Leave | None:
    """How a block is left, given that it is not left in a certain way."""
    kinds = [each for each in ways(left) if each != kind]
    if len(kinds) == 1:
        return None if kinds[0] == "fall" else Leave(kinds[0], left.value)
    flags = tuple((each, flag_of(left, each)) for each in kinds[:-1])
    return Parted("parted", left.value, flags, kinds[-1])
