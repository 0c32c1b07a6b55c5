"""`match`: patterns are decided while lowering where that is possible, else they become an `if` of values."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import LengthNeeded, UnsupportedError
from ..rules.build import Value
from ..types import List
from .branches import choose
from .expressions import condition
from .iterate import iterate
from .lowering import Lowering, evaluate, expression
from .objects import class_of, get_attribute
from .operators import compare, conjunction, negated, truth
from .scope import Frame, Leave, Opaque, Raised
from .statements import Rest, open_statement, run_block
from .subscripts import subscript

__all__: list[str] = []

# Their positional pattern is the subject itself.
_THEMSELVES = (bool, bytearray, bytes, dict, float, frozenset, int, list, set, str, tuple)


class Known(ast.expr):
    """A value that was computed before, in the place of an expression."""

    _fields = ()
    value: Any

    @classmethod
    def at(cls, node: ast.AST, value: Any) -> Known:
        made = ast.copy_location(cls(), node)
        made.value = value
        return made


@expression(Known)
def _known(frame: Frame, node: Known) -> Any:
    return node.value


@open_statement(ast.Match)
def _match(frame: Frame, node: ast.Match, rest: Rest) -> Leave | None:
    subject = frame.low.live(evaluate(frame, node.subject))
    for k, case in enumerate(node.cases):
        frame.low.builder.origin = frame.origin(case.pattern)
        bound: dict[str, Any] = {}
        decided = _matches(frame, case.pattern, subject, bound)
        if decided is False:
            continue
        if case.guard is not None:
            decided = _guarded(frame, case, decided, bound)
        if not isinstance(decided, Value):
            if decided:
                return run_block(frame, [*_bindings(case, bound), *case.body], rest)
            continue
        # if it matches: body; else: match again with the cases that are left
        others: list[ast.stmt] = []
        if node.cases[k + 1 :]:
            again = ast.Match(subject=Known.at(node.subject, subject), cases=node.cases[k + 1 :])
            others.append(ast.copy_location(again, case.pattern))
        test, body = Known.at(case.pattern, decided), [*_bindings(case, bound), *case.body]
        branch = ast.copy_location(ast.If(test=test, body=body, orelse=others), case.pattern)
        return run_block(frame, [branch], rest)
    return None


def _bindings(case: ast.match_case, bound: Mapping[str, Any]) -> list[ast.stmt]:
    """The assignments that a pattern makes, as statements."""
    made: list[ast.stmt] = []
    for name, value in bound.items():
        target = ast.copy_location(ast.Name(id=name, ctx=ast.Store()), case.pattern)
        assign = ast.Assign(targets=[target], value=Known.at(case.pattern, value))
        made.append(ast.copy_location(assign, case.pattern))
    return made


def _guarded(frame: Frame, case: ast.match_case, decided: Any, bound: Mapping[str, Any]) -> Any:
    """Whether the guard holds, too; it is evaluated where the pattern matches, with what that binds."""
    guard = case.guard
    assert guard is not None
    if isinstance(decided, Value) and any(name in frame.names for name in bound):
        raise UnsupportedError(
            "a pattern that binds a name anew and matches only under a run-time condition, with a guard",
            "Use if and elif.",
        )
    for name, value in bound.items():
        frame.bind(name, frame.low.name(value, name))
    return choose(frame, guard, decided, lambda: condition(frame, guard), None)


# Patterns.


def _matches(frame: Frame, pattern: ast.pattern, subject: Any, bound: dict[str, Any]) -> Any:
    """Whether a pattern matches: True, False or a Value of type bool; `bound` gets what it captures."""
    low = frame.low
    match pattern:
        case ast.MatchValue(value=value):
            return truth(low, compare(low, ast.Eq(), subject, evaluate(frame, value)))
        case ast.MatchSingleton(value=value):
            return compare(low, ast.Is(), subject, value)
        case ast.MatchAs(pattern=inner, name=name):
            decided = True if inner is None else _matches(frame, inner, subject, bound)
            if name is not None:
                bound[name] = subject
            return decided
        case ast.MatchOr(patterns=patterns):
            return _any(frame, patterns, subject, bound)
        case ast.MatchSequence(patterns=patterns):
            return _sequence(frame, patterns, subject, bound)
        case ast.MatchMapping():
            return _mapping(frame, pattern, subject, bound)
        case ast.MatchClass():
            return _class(frame, pattern, subject, bound)
    raise UnsupportedError(f"the pattern {type(pattern).__name__} is not understood")


def _all(frame: Frame, pairs: Sequence[tuple[ast.pattern, Any]], bound: dict[str, Any]) -> Any:
    decisions = []
    for pattern, part in pairs:
        decisions.append(_matches(frame, pattern, frame.low.live(part), bound))
        if decisions[-1] is False:
            return False
    return conjunction(frame.low, decisions)


def _any(frame: Frame, patterns: Sequence[ast.pattern], subject: Any, bound: dict[str, Any]) -> Any:
    absent: list[Any] = []
    for pattern in patterns:
        mine: dict[str, Any] = {}
        decided = _matches(frame, pattern, subject, mine)
        if isinstance(decided, Value) and mine:
            raise UnsupportedError(
                "which alternative of a pattern binds a name is known only at run time", "Use if and elif."
            )
        if decided is True:
            if not absent:
                bound.update(mine)
                return True
            if mine:
                bound.update(mine)
        absent.append(negated(frame.low, decided))
    return negated(frame.low, conjunction(frame.low, absent))


def _sequence(frame: Frame, patterns: Sequence[ast.pattern], subject: Any, bound: dict[str, Any]) -> Any:
    low = frame.low
    if isinstance(subject, Value) and isinstance(subject.type, List):
        raise LengthNeeded("a pattern for a list whose length is known only at run time", "Test len().")
    if not isinstance(subject, (list, tuple, range)):
        return False
    items = list(iterate(low, subject, "a pattern"))
    stars = [k for k, each in enumerate(patterns) if isinstance(each, ast.MatchStar)]
    few = len(patterns) - len(stars)
    if len(items) < few or (not stars and len(items) != few):
        return False
    if not stars:
        return _all(frame, list(zip(patterns, items, strict=True)), bound)
    first, end = stars[0], len(items) - (len(patterns) - stars[0] - 1)
    star = patterns[first]
    if isinstance(star, ast.MatchStar) and star.name is not None:
        bound[star.name] = low.new_object(items[first:end])
    others = [*patterns[:first], *patterns[first + 1 :]]
    return _all(frame, list(zip(others, [*items[:first], *items[end:]], strict=True)), bound)


def _mapping(frame: Frame, pattern: ast.MatchMapping, subject: Any, bound: dict[str, Any]) -> Any:
    low = frame.low
    if not isinstance(subject, Mapping):
        return False
    keys = [evaluate(frame, key) for key in pattern.keys]
    inside = low.outside.inside(subject)
    if any(key not in inside for key in keys):
        return False
    if pattern.rest is not None:
        bound[pattern.rest] = low.new_object({k: v for k, v in inside.items() if k not in keys})
    parts = [subscript(low, subject, key) for key in keys]
    return _all(frame, list(zip(pattern.patterns, parts, strict=True)), bound)


def _class(frame: Frame, pattern: ast.MatchClass, subject: Any, bound: dict[str, Any]) -> Any:
    low = frame.low
    kind = evaluate(frame, pattern.cls)
    if not isinstance(kind, type):
        raise Raised(TypeError("called match pattern must be a class"))
    if not _is_instance(low, subject, kind):
        return False
    names = list(pattern.kwd_attrs)
    positional = list(pattern.patterns)
    pairs: list[tuple[ast.pattern, Any]] = []
    if positional and kind in _THEMSELVES:
        pairs.append((positional[0], subject))
    elif positional:
        declared = getattr(kind, "__match_args__", ())
        if len(declared) < len(positional):
            raise Raised(TypeError(f"{kind.__name__}() accepts {len(declared)} positional sub-patterns"))
        names = [*declared[: len(positional)], *names]
    for name, inner in zip(names, [*positional[len(pairs) :], *pattern.kwd_patterns], strict=True):
        try:
            pairs.append((inner, get_attribute(low, subject, name)))
        except Raised as raised:
            if isinstance(raised.error, AttributeError):
                return False
            raise
    return _all(frame, pairs, bound)


def _is_instance(low: Lowering, subject: Any, kind: type) -> bool:
    if isinstance(subject, (Value, Opaque)):
        return low.native(issubclass, class_of(subject), kind)
    return low.native(isinstance, subject, kind)
