"""Run a workload: every contestant's first call, what it says, then the times in turns, then the memory."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from transform.errors import TransformError

from .again import first_call_again
from .contestants import DERIVATIVES, PRIMALS, Absent, Call, disagreement
from .measure import interleave, peak, ratio
from .workload import Arguments, Workload

TOLERANCE = 1e-8
REFERENCE, COMPILED = "by hand, NumPy", "transform numba"


@dataclass(frozen=True)
class Entry:
    """What one contestant did: seconds and bytes, or a word why there are none.

    first is its first call in this process, again the one in the next process.
    """

    contestant: str
    times: Sequence[float] = ()
    first: float | None = None
    again: float | None = None
    memory: int | None = None
    why_not: str = ""

    @property
    def median(self) -> float | None:
        return statistics.median(self.times) if self.times else None


@dataclass(frozen=True)
class Outcome:
    """A workload at one size."""

    family: str
    workload: Workload
    size: str
    entries: dict[str, Entry] = field(default_factory=dict)

    @property
    def title(self) -> str:
        return f"{self.workload.name}, {self.size}" if self.size else self.workload.name

    def ratio(self, ours: str, theirs: str) -> float | None:
        """The time of one contestant over another's, or None where one of them has none."""
        times = [self.entries[name].times if name in self.entries else () for name in (ours, theirs)]
        return ratio(times) if all(times) else None


def run(family: str, workload: Workload, seconds: float, again: bool) -> Iterator[Outcome]:
    """The outcomes of a workload, size by size; each contestant has so many seconds for its rounds.

    With `again` the Numba flavour's first call is measured in a process of its own as well.
    """
    for size, data in workload.sizes.items():
        outcome = measured(family, workload, size, data(), seconds)
        entry = outcome.entries[COMPILED]
        if again and entry.times:
            outcome.entries[COMPILED] = replace(entry, again=first_call_again(workload.name, size))
        yield outcome


def measured(family: str, workload: Workload, size: str, arguments: Arguments, seconds: float) -> Outcome:
    """Contestants whose derivative is not that written by hand are named wrong, and not timed."""
    calls: dict[str, Call] = {}
    entries: dict[str, Entry] = {}
    reference: Any = None
    for name, prepare in {**PRIMALS, **DERIVATIVES}.items():
        try:
            start = time.perf_counter()
            call = prepare(workload, arguments)
            result = call()
            first = time.perf_counter() - start
        except Absent as reason:
            entries[name] = Entry(name, why_not=str(reason))
            continue
        except TransformError as error:
            entries[name] = Entry(name, why_not=f"refused: {str(error).splitlines()[0]}")
            continue
        except Exception as error:  # one that fails is a row of the table, and the others go on
            entries[name] = Entry(name, why_not=f"failed: {type(error).__name__}")
            continue
        if name == REFERENCE:
            reference = result
        error = 0.0 if name in PRIMALS else disagreement(result, reference)
        if error <= TOLERANCE:
            calls[name], entries[name] = call, Entry(name, first=first)
        else:
            entries[name] = Entry(name, why_not=f"wrong by {error:.0e}")
    rounds = interleave(list(calls.values()), seconds * len(calls))
    for (name, call), times in zip(calls.items(), rounds, strict=True):
        entries[name] = replace(entries[name], times=times, memory=peak(call))
    return Outcome(family, workload, size, entries)


def warm_up() -> None:
    """What a process pays once, at the first compilation, is nobody's first call."""
    try:
        import numba
    except ImportError:
        pass
    else:
        numba.njit(lambda x: x + 1.0)(1.0)
    try:
        import jax
    except ImportError:
        pass
    else:
        jax.config.update("jax_enable_x64", True)
        jax.jit(jax.grad(lambda x: x * x))(1.0)
