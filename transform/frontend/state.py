"""What statements can change, and what a block that may or may not run leaves behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..errors import UnsupportedError
from ..ir import Statement
from ..rules.build import Value
from .lowering import Lowering
from .scope import Closure, Either, Frame, NotYet, Raised, RunList, Unbound

__all__ = ["Outcome", "State", "fork", "lexical", "run_apart"]


@dataclass
class Outcome:
    """What a block gives (Raised where it raises), what it leaves behind, and its equations.

    The result is NotYet where the block reads what a loop has not defined yet: nothing is known about it.
    """

    low: Lowering
    result: Any
    state: State
    body: list[Statement]
    fresh: set[int] = field(default_factory=set)

    @property
    def raised(self) -> bool:
        return isinstance(self.result, Raised)

    @property
    def unknown(self) -> bool:
        return isinstance(self.result, NotYet)

    def live(self, value: Any) -> Any:
        """What a reference means at the end of the block; Unbound where nothing can be said."""
        if type(value) is Either:
            return value
        if isinstance(value, (list, RunList)):
            token = value.token if isinstance(value, RunList) else value
            return self.state.copy_of(self.low.growing).get(id(token), value)
        memory, builder = self.low.memory, self.low.builder
        outer, builder.body = builder.body, self.body
        try:
            with memory.at(self.state.copy_of(memory.newest), self.state.copy_of(memory.stale)):
                return self.low.live(value)
        except UnsupportedError as error:
            return Unbound(error.reason)
        finally:
            builder.body = outer

    def resume(self, block: Callable[[], Any]) -> Outcome:
        """Go on with another block where this one has ended."""
        before = State.of(self.low)
        self.state.restore()
        try:
            return run_apart(self.low, block, self.body, self.fresh)
        finally:
            before.restore()


def fork(
    low: Lowering, then: Callable[[], Any], orelse: Callable[[], Any], condition: Value | None = None
) -> tuple[Outcome, Outcome]:
    """Run both branches from the same state; in the first the condition holds, in the second it does not."""

    def assuming(holds: bool, branch: Callable[[], Any]) -> Callable[[], Any]:
        def run() -> Any:
            with low.assuming(condition, holds):
                return branch()

        return run

    return run_apart(low, assuming(True, then)), run_apart(low, assuming(False, orelse))


def run_apart(
    low: Lowering, block: Callable[[], Any], body: Sequence[Statement] = (), fresh: set[int] | None = None
) -> Outcome:
    """Run a block into equations of its own, after those of `body`, and take back what it changes."""
    before = State.of(low)
    outer, low.builder.body = low.builder.body, list(body)
    low.fresh.append(set() if fresh is None else fresh)
    try:
        try:
            result = block()
        except (Raised, NotYet) as raised:
            result = raised
        return Outcome(low, result, State.of(low), low.builder.body, low.fresh[-1])
    finally:
        low.builder.body = outer
        low.fresh.pop()
        before.restore()


@dataclass
class State:
    """The content of everything that statements can change: names, lists, dicts, objects."""

    content: dict[int, tuple[Any, Any]]

    @classmethod
    def of(cls, low: Lowering) -> State:
        """A snapshot of what the running calls can reach."""
        content: dict[int, tuple[Any, Any]] = {}
        seen: set[int] = set()
        pending: list[Any] = [low.overwritten, low.stale, low.growing, low.memory.held]
        pending += [inner.names for frame in low.frames for inner in lexical(frame)]
        while pending:
            thing = pending.pop()
            if id(thing) in seen or low.outside.is_foreign(thing):
                continue
            seen.add(id(thing))
            if isinstance(thing, (dict, list, set)):
                content[id(thing)] = (thing, thing.copy())
                pending.extend(_children(thing))
            else:
                pending.extend(_parts(low, thing))
        return cls(content)

    def copy_of(self, thing: Any) -> Any:
        """The content that a container had."""
        return self.content[id(thing)][1]

    def references(self, thing: Any) -> int:
        """How often a list, a dict or a tuple is held by what can be reached."""

        def held(value: Any) -> int:
            if value is thing:
                return 1
            return sum(map(held, value)) if isinstance(value, tuple) else 0

        return sum(
            held(value)
            for _, copy in self.content.values()
            for value in (copy.values() if isinstance(copy, dict) else copy)
        )

    def same(self, other: State) -> bool:
        """Whether everything that is in both has the same content."""
        return all(
            _same_content(copy, other.content[key][1])
            for key, (_, copy) in self.content.items()
            if key in other.content
        )

    def restore(self) -> None:
        """Give everything the content it had."""
        for thing, copy in self.content.values():
            if isinstance(thing, list):
                thing[:] = copy
            else:
                thing.clear()
                thing.update(copy)


def lexical(frame: Frame | None) -> Iterator[Frame]:
    """A frame, and those that its function was defined in."""
    while frame is not None:
        yield frame
        frame = frame.parent


def _children(thing: Any) -> Iterator[Any]:
    for child in thing.values() if isinstance(thing, dict) else thing:
        if not isinstance(child, (Value, str, int, float, complex, type(None))):
            yield child


def _parts(low: Lowering, thing: Any) -> Sequence[Any]:
    """What hangs on an object that is not a container of the interpreter's own."""
    if isinstance(thing, tuple):
        return list(_children(thing))
    if isinstance(thing, Closure):
        return [frame.names for frame in lexical(thing.frame)]
    if id(thing) in low.created and hasattr(thing, "__dict__"):
        return [thing.__dict__]
    return ()


def _same_content(a: Any, b: Any) -> bool:
    if isinstance(a, dict):
        return len(a) == len(b) and all(key in b and a[key] is b[key] for key in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(x is y for x, y in zip(a, b, strict=True))
    return bool(a == b)
