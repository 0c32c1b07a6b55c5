"""How to measure: contestants take turns in one process and are checked against each other first.

Figures are medians; ratios are medians of the ratios within one round.
"""

from __future__ import annotations

import ast
import ctypes
import gc
import os
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

SECONDS = 2.0
"""How long one comparison may take."""

ROUNDS = 201
"""More of them say nothing new."""

Contestant = Callable[[], Any]


def interleave(contestants: Sequence[Contestant], seconds: float = SECONDS) -> list[list[float]]:
    """The times of one call of each contestant, a list of rounds each.

    A slow contestant drops out when it has used its share of the seconds, but not before its third round.
    """
    numbers = [_repeats(contestant) for contestant in contestants]
    times: list[list[float]] = [[] for _ in contestants]
    share, used = seconds / len(contestants), [0.0 for _ in contestants]
    gc.disable()
    try:
        while any(_goes_on(*each, share) for each in zip(used, times, strict=True)):
            for k, (contestant, number) in enumerate(zip(contestants, numbers, strict=True)):
                if _goes_on(used[k], times[k], share):
                    times[k].append(_time(contestant, number))
                    used[k] += number * times[k][-1]
    finally:
        gc.enable()
    return times


def _goes_on(used: float, times: Sequence[float], share: float) -> bool:
    return len(times) < 3 or (used < share and len(times) < ROUNDS)


def _time(contestant: Contestant, number: int) -> float:
    start = time.perf_counter()
    for _ in range(number):
        contestant()
    return (time.perf_counter() - start) / number


def _repeats(contestant: Contestant) -> int:
    """How many calls take about two milliseconds."""
    once = min(_time(contestant, 1) for _ in range(2))
    return 1 if once > 2e-3 else max(1, round(2e-3 / max(_time(contestant, 10), 1e-8)))


def ratio(times: Sequence[Sequence[float]]) -> float:
    """The first contestant's time over the second's, in the rounds that both took part in."""
    return statistics.median(a / b for a, b in zip(*times, strict=False))


def peak(contestant: Contestant) -> int | None:
    """How many bytes one call needs at most beyond what the process has; None where that is not to be had.

    By the kernel's count of resident pages, which sees the memory of every library.
    """
    if not os.path.exists("/proc/self/clear_refs"):
        return None
    gc.collect()
    # What malloc keeps of former calls would be used again, unseen.
    ctypes.CDLL(None).malloc_trim(0)
    with open("/proc/self/clear_refs", "w") as marks:
        marks.write("5")
    before = _status("VmRSS")
    result = contestant()
    after = _status("VmHWM")
    del result
    return max(0, after - before)


def highest() -> int:
    """How many bytes this process had at most; resource.getrusage counts what its parent had, too."""
    return _status("VmHWM")


def _status(name: str) -> int:
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))


def compared(ours: Contestant, theirs: Contestant, seconds: float = SECONDS) -> str:
    """The ratio of two times, and the times."""
    times = interleave([ours, theirs], seconds)
    mine, other = map(statistics.median, times)
    return f"{ratio(times):.2f} ({si(mine)} / {si(other)})"


def emitted(derivative: Any) -> Callable[..., Any]:
    """The derivative function as it stands in its source, without the wrapper."""
    scope: dict[str, Any] = {}
    exec(derivative.source, scope)
    return [value for value in scope.values() if callable(value) and hasattr(value, "__code__")][-1]


def agree(got: Any, wanted: Any) -> None:
    """Refuse to time what is wrong."""
    pairs = zip(got, wanted, strict=True) if isinstance(wanted, tuple) else [(got, wanted)]
    for a, b in pairs:
        np.testing.assert_allclose(a, b, rtol=1e-8)


def code_lines(text: str) -> int:
    """The lines that hold code: not comments, docstrings, imports."""
    idle: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Import() | ast.ImportFrom() | ast.Expr(value=ast.Constant()):
                idle |= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    lines = enumerate(text.splitlines(), 1)
    return sum(bool(line.split("#")[0].strip()) for number, line in lines if number not in idle)


def si(seconds: float) -> str:
    """A time in a unit that suits it."""
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    rows = [head, *rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["| " + " | ".join(map(str.ljust, row, widths)) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]])
