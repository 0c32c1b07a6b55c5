"""Many programs, checked by several processes: counts, and the smallest program of each failure."""

from __future__ import annotations

import collections
import functools
import multiprocessing
import os
import random
import re
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from transform import value_and_grad
from transform.errors import IRError, TransformError

from .checks import outcome
from .limits import in_time
from .programs import Program, written
from .shrink import smaller, weight
from .structured import structured

KINDS = {
    "lines": lambda rng: written(rng.choice),
    "loops": structured,
}
"""Straight-line programs, and those with blocks."""

OUTCOMES = ["wrong", "crashed", "refused", "rough", "right"]
SHRUNK = 4
"""How many of the shortest programs of a failure are made smaller."""


@dataclass
class Found:
    """What came of one program."""

    outcome: str
    reason: str
    program: Program
    message: str


@dataclass
class Summary:
    """What came of many programs."""

    counts: collections.Counter[str] = field(default_factory=collections.Counter)
    reasons: collections.Counter[tuple[str, str]] = field(default_factory=collections.Counter)
    failures: dict[tuple[str, str], list[Found]] = field(default_factory=dict)

    def add(self, found: Found) -> None:
        self.counts[found.outcome] += 1
        if found.reason:
            key = (found.outcome, found.reason)
            self.reasons[key] += 1
            shortest = sorted([*self.failures.get(key, []), found], key=lambda each: weight(each.program))
            self.failures[key] = shortest[:SHRUNK]


def made(kind: str, seed: int, k: int) -> Program:
    """The k-th program of a seed; with any kind, every fourth is a straight-line program."""
    if kind == "any":
        kind = "loops" if k % 4 else "lines"
    return KINDS[kind](random.Random(f"{seed}-{k}"))


def tried(kind: str, seed: int, k: int) -> Found:
    """Make and check one program."""
    return examined(made(kind, seed, k))


def examined(program: Program) -> Found:
    what, error = outcome(program)
    return Found(what, reason_of(error) if error else "", program, message_of(error) if error else "")


def reason_of(error: BaseException) -> str:
    """The kind of failure: its message without names and numbers."""
    if isinstance(error, IRError):
        # What is before the verb is an equation, with all its names.
        reason = re.sub(r"^\w+: .* (?=would|has type|is read|is defined)", "... ", error.reason)
        return f"{type(error).__name__}: {normalised(reason, names=True)}"
    if isinstance(error, TransformError):
        return f"{type(error).__name__}: {normalised(error.reason)}"
    first = next((line for line in str(error).splitlines() if line.strip()), "")
    if isinstance(error, AssertionError):
        lines = [line for line in str(error).splitlines() if line.strip()]
        return f"{type(error).__name__}: {normalised(lines[1] if len(lines) > 1 else first)}"
    frames = traceback.extract_tb(error.__traceback__)
    inner = [frame for frame in frames if "/transform/" in frame.filename] or frames
    where = f"{os.path.basename(inner[-1].filename)}:{inner[-1].name}" if inner else "?"
    return f"{type(error).__name__} in {where}: {normalised(first, names=True)}"


def normalised(text: str, names: bool = False) -> str:
    """A message without what differs from program to program: numbers, lists, and names."""
    text = text.splitlines()[0] if text else ""
    text = re.sub(r"\b\w+: (float|int|bool)\d+(\[[^]]*\])?|0x\w+", "...", text)
    if not names:
        text = re.sub(r"'[^']*'|`[^`]*`", "'...'", text)
    text = re.sub(r"\([^()]*\)", "(...)", text)
    return re.sub(r"-?\d+(\.\d+)?(e-?\d+)?", "0", text)[:100]


def message_of(error: BaseException) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()]
    return "\n".join(
        f"{type(error).__name__}: {line}"[:160] if not k else line[:160] for k, line in enumerate(lines[:8])
    )


def shrunk(found: Found, seconds: float = 30) -> Found:
    """The same failure of a smaller program."""
    fails = _fails_fast if found.outcome == "refused" and _fails_fast(found.reason, found.program) else _fails
    small = smaller(found.program, functools.partial(fails, found.reason), seconds)
    again = examined(small)
    return again if again.reason else found


def _fails(reason: str, program: Program) -> bool:
    return examined(program).reason == reason


def _fails_fast(reason: str, program: Program) -> bool:
    """Whether the gradient is refused: the other checks need not run."""
    names = tuple(name for name, value in program.arguments.items() if not isinstance(value, (int, str)))
    if not names:
        return False
    try:
        with in_time(20):
            value_and_grad(program.load(), argnums=names)(*program.arguments.values())
    except Exception as error:
        return isinstance(error, TransformError) and reason_of(error) == reason
    return False


def run(count: int, seed: int, kind: str = "any", seconds: float = 30) -> Iterator[str | Summary]:
    """Check programs; gives lines to print, and the summary last."""
    summary = Summary()
    with multiprocessing.get_context("spawn").Pool(min(os.cpu_count() or 1, count)) as pool:
        for found in pool.imap_unordered(functools.partial(tried, kind, seed), range(count), chunksize=4):
            summary.add(found)
        candidates = [each for key in summary.failures for each in summary.failures[key]]
        small = pool.map(functools.partial(shrunk, seconds=seconds), candidates, chunksize=1)
    if (checked := summary.counts.total()) != count:
        raise RuntimeError(f"{count - checked} of {count} programs were lost")
    yield from listed(small, summary)
    for (what, reason), times in summary.reasons.most_common():
        yield f"{times:6} {what}: {reason}"
    yield summary


def listed(small: Sequence[Found], summary: Summary) -> Iterator[str]:
    """The small programs, what is wrong first; of those that are refused for one reason, the smallest."""
    shown = set()

    def rank(found: Found) -> tuple[Any, ...]:
        often = summary.reasons[found.outcome, found.reason]
        return OUTCOMES.index(found.outcome), -often, found.reason, weight(found.program)

    for found in sorted(small, key=rank):
        key = found.reason if found.outcome == "refused" else found.program.text
        if key not in shown:
            shown.add(key)
            times = summary.reasons[found.outcome, found.reason]
            message = "".join(f"# {line}\n" for line in found.message.splitlines())
            yield f"# {found.outcome}, {times} times: {found.reason}\n{message}{found.program!r}"
