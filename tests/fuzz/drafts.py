"""A function as far as it is written: run after every line, so that what is kept is known to work.

The text ends in a hole, deep in loops and branches, where the next line goes. A probe in the hole sees the
values of all names each time that it is reached, at every point that the function is called with.
"""

from __future__ import annotations

import copy
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

from .limits import in_time

Scope = dict[str, Any]

LARGEST = 12
MOST_ELEMENTS = 40
MOST_VISITS = 150
NEAR = 0.025
"""How far from a point, along its direction, a function must take the same branches."""

SECONDS = 5
"""How long it may run: a loop that converges in double precision may not in single."""

PROBE = "probe(locals())"
FILE = "<draft>"


@dataclass
class Level:
    """What holds inside an open block: the names of its loops, and what was bound when it was opened."""

    kind: str
    bound: frozenset[str]
    reserved: frozenset[str]
    after: tuple[str, ...] = ()


@dataclass(frozen=True)
class Mark:
    """A place to come back to."""

    lines: tuple[str, ...]
    levels: tuple[Level, ...]
    hidden: frozenset[str]
    unfilled: frozenset[str]
    visits: tuple[Scope, ...]


class Draft:
    """The lines of `def name(parameters)`, and the visits to the hole at their end."""

    def __init__(self, prelude: str, signature: str, points: Sequence[Scope], directions: Sequence[Scope]):
        self.scope: Scope = {"unfilled": unfilled, "unfilled_like": unfilled_like}
        exec(compile(prelude, FILE, "exec"), self.scope)
        self.signature, self.points, self.directions = signature, points, directions
        self.lines: list[str] = []
        self.levels: list[Level] = [Level("function", frozenset(), frozenset())]
        self.hidden: set[str] = set()
        self.unfilled: set[str] = set()
        self.visits: list[Scope] = []
        assert self.settle(), "the empty function fails"

    # what is known in the hole

    @property
    def level(self) -> Level:
        return self.levels[-1]

    def within(self, kind: str) -> bool:
        """Whether the hole is inside a block of a kind."""
        return any(level.kind == kind for level in self.levels)

    @property
    def reserved(self) -> set[str]:
        return {name for level in self.levels for name in level.reserved}

    @property
    def names(self) -> list[str]:
        """The names that are bound at every visit, in the order in which they were."""
        return [
            name
            for name in self.visits[0]
            if name not in self.hidden and all(name in visit for visit in self.visits)
        ]

    # writing

    def mark(self) -> Mark:
        return Mark(
            tuple(self.lines), tuple(self.levels), frozenset(self.hidden),
            frozenset(self.unfilled), tuple(self.visits),
        )  # fmt: skip

    def back(self, mark: Mark) -> None:
        self.lines, self.levels, self.visits = list(mark.lines), list(mark.levels), list(mark.visits)
        self.hidden, self.unfilled = set(mark.hidden), set(mark.unfilled)

    def add(self, text: str) -> bool:
        """Write lines in the hole; False, and nothing happens, if they do not work."""
        mark = self.mark()
        self.lines += [self.indented(line) for line in text.splitlines() if line.strip()]
        if self.settle():
            return True
        self.back(mark)
        return False

    def open(self, head: str, kind: str, *, reserved: Sequence[str] = (), first: str = "", last: str = ""):
        """Open a block with a head and perhaps a first line; a last line goes after the hole."""
        mark = self.mark()
        self.lines.append(self.indented(head))
        after = tuple(f"    {line}" for line in last.splitlines())
        self.levels.append(Level(kind, frozenset(self.names), frozenset(reserved), after))
        self.lines += [self.indented(line) for line in first.splitlines()]
        if self.settle():
            return True
        self.back(mark)
        return False

    def close(self, hide: bool = True) -> bool:
        """Close the innermost block; what was bound in it is not used any more, unless `hide` is False."""
        level = self.levels.pop()
        self.lines += [self.indented(line) for line in level.after]
        inner = set(self.visits[0])
        if hide:
            self.hidden |= inner - level.bound
        return self.settle()

    def indented(self, line: str) -> str:
        return "    " * (len(self.levels)) + line

    def settle(self) -> bool:
        """Run everything; keep what the probe sees if all of it is moderate."""
        visits = self.run(self.text(PROBE), self.points)
        if not visits:
            return False
        self.visits = visits
        return True

    def text(self, last: str = "pass") -> str:
        after = [
            "    " * depth + line
            for depth, level in reversed(list(enumerate(self.levels)))
            for line in level.after
        ]
        return "\n".join([self.signature, *self.lines, self.indented(last), *after, ""])

    # running

    def run(self, text: str, points: Sequence[Scope]) -> list[Scope] | None:
        """What the probe in the text sees; None if something raises, warns or is immoderate."""
        visits: list[Scope] = []

        def probe(names: Scope) -> None:
            if len(visits) >= MOST_VISITS or not all(
                self.moderate(name, value) for name, value in names.items()
            ):
                raise OverflowError
            visits.append(snapshot(names))

        try:
            function = self.compiled(text, probe)
            with quiet(), in_time(SECONDS):
                for point in points:
                    if not _moderate(function(**copy.deepcopy(point))):
                        return None
        except Exception:
            return None
        return visits

    def compiled(self, text: str, probe: Callable[[Scope], None] | None = None) -> Callable[..., Any]:
        scope = self.scope | {"probe": probe}
        # What np.empty holds is not known; here it holds NaN, which nobody may read.
        text = text.replace("np.empty(", "unfilled(").replace("np.empty_like(", "unfilled_like(")
        exec(compile(text, FILE, "exec"), scope)
        return scope[self.signature.removeprefix("def ").partition("(")[0]]

    def moderate(self, name: str, value: Any) -> bool:
        return _moderate(value, unfilled=name in self.unfilled)

    def steady(self) -> bool:
        """Whether the function takes the same way near each point."""
        return steady(self.compiled(self.text()), self.points, self.directions)


def steady(function: Callable[..., Any], points: Sequence[Scope], directions: Sequence[Scope]) -> bool:
    """Whether the function takes the same way near each point as at the point."""
    try:
        with quiet():
            for point, direction in zip(points, directions, strict=True):
                way = list(track(function, point))
                for t in (-NEAR, NEAR):
                    if list(track(function, shifted(point, direction, t))) != way:
                        return False
    except Exception:
        return False
    return True


def track(function: Callable[..., Any], point: Scope) -> list[int]:
    """The bytecode positions that a call goes through."""
    way: list[int] = []

    def local(frame: Any, event: str, _: Any) -> Any:
        if event == "opcode":
            way.append(frame.f_lasti)
            if len(way) > 60_000:
                raise OverflowError
        return local

    def start(frame: Any, event: str, _: Any) -> Any:
        if frame.f_code.co_filename != FILE:
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return local

    arguments, before = copy.deepcopy(point), sys.gettrace()
    sys.settrace(start)
    try:
        function(**arguments)
    finally:
        sys.settrace(before)
    return way


class quiet:  # noqa: N801
    """Warnings and floating-point exceptions are errors."""

    def __enter__(self) -> None:
        self.warnings, self.state = warnings.catch_warnings(), np.errstate(all="raise", under="ignore")
        self.warnings.__enter__()
        self.state.__enter__()
        warnings.simplefilter("error")

    def __exit__(self, *exception: Any) -> None:
        self.state.__exit__(*exception)
        self.warnings.__exit__(*exception)


def shifted(value: Any, direction: Any, t: float) -> Any:
    """A structure of numbers moved along a direction of the same structure; ints and options stay."""
    match value:
        case dict():
            return {key: shifted(value[key], direction[key], t) for key in value}
        case tuple() | list():
            return type(value)(shifted(a, b, t) for a, b in zip(value, direction, strict=True))
        case float() | np.ndarray() | np.generic():
            moved = value + np.asarray(t * direction, np.asarray(value).dtype)
            return float(moved) if type(value) is float else moved
    return value


def snapshot(names: Scope) -> Scope:
    """The values as they are now."""
    return {
        name: value.copy() if isinstance(value, np.ndarray) else copy.deepcopy(value)
        for name, value in names.items()
        if not isinstance(value, (FunctionType, ModuleType))
    }


def unfilled(shape: Any, dtype: Any = float) -> np.ndarray:
    return np.full(shape, np.nan, dtype)


def unfilled_like(array: np.ndarray) -> np.ndarray:
    return np.full_like(array, np.nan)


def numbers(value: Any) -> Iterator[Any]:
    """The numbers and arrays in a value, however it is built."""
    match value:
        case float() | int() | np.generic() | np.ndarray():
            yield value
        case dict():
            for child in value.values():
                yield from numbers(child)
        case tuple() | list():
            for child in value:
                yield from numbers(child)
        case _ if hasattr(value, "__dict__") and not isinstance(value, (FunctionType, ModuleType, type)):
            yield from numbers(vars(value))


def _moderate(value: Any, unfilled: bool = False) -> bool:
    for number in numbers(value):
        array = np.asarray(number)
        if array.size > MOST_ELEMENTS or array.dtype.kind not in "fcib":
            return False
        if array.dtype.kind != "b" and array.size and not np.all(np.abs(array) < LARGEST):
            if not (unfilled and np.all((np.abs(array) < LARGEST) | np.isnan(array))):
                return False
    return True
