"""The check of an index: what it says where it stands, and what it says before the loops around it.

for i in range(n):                   if L.shape[1] < n - 1: raise IndexError     # j is n - 2 at most
    for j in range(i):      --->     for i in range(n):
        s -= L[i, j] * x[j]              for j in range(i):
                                             s -= L[i, j] * x[j]
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ...ir import Atom, Eqn, For, Slot, Statement, Var
from ...rules.effects import guard
from ...rules.index import numbers
from ...rules.lengths import Derived, least
from ...rules.stores import place_type, view_text
from ...types import Array, Dim, Dims, Size
from ..memory import defined_in
from .limits import Limits, Sum
from .tapes import TRIPS

__all__ = ["INSIDE", "Check", "check_of_all", "checks_in_views"]

INSIDE = "inside"
"""Says of what is written through a view that its last index is surely one of the view's."""

Run = tuple[Sum, Sum]
"""The first and the last index of a loop, which runs if the first is not larger."""


@dataclass(frozen=True)
class Check:
    """Indices from `low` to `high` are inside an axis of an array, if all `runs` have an index."""

    eqn: Eqn
    array: Var
    axis: int
    low: Sum
    high: Sum
    runs: tuple[Run, ...] = ()

    @property
    def size(self) -> Size:
        assert isinstance(self.array.type, Array)
        return self.array.type.dims[self.axis]

    def before(self, loop: For, limits: Limits) -> Check | None:
        """The check for all iterations of a loop; None where it cannot be as exact."""
        index, inside = loop.body.params[0], defined_in([loop.body])
        array = limits.older(self.array, self.axis, inside)
        ends = self.ends(loop, limits)
        if ends is None or array is None:
            return None
        first, last = ends
        low = _plus(first, self.low[1]) if self.low[0] is index else self.low
        high = _plus(last, self.high[1]) if self.high[0] is index else self.high
        runs = ((first, last), *(run for run in self.runs if index not in (run[0][0], run[1][0])))
        read = [low, high, *(end for run in runs for end in run)]
        if any(base in inside for base, _ in read):
            return None
        doubtful = tuple(run for run in runs if not limits.is_at_most(*run))
        return replace(self, array=array, low=low, high=high, runs=doubtful)

    def ends(self, loop: For, limits: Limits) -> Run | None:
        """The first and the last of a loop's indices for which the loops in it run."""
        index, rising = loop.body.params[0], loop.step.value > 0  # type: ignore[union-attr]
        start, stop = limits.sum(loop.start), limits.sum(loop.stop)
        lowest, most = (start, _plus(stop, -1)) if rising else (_plus(stop, 1), start)
        for first, last in self.runs:
            if first[0] is index:
                new = _smaller(most, _plus(last, -first[1]), limits)
                if last[0] is index or new is None:
                    return None
                most = new
            elif last[0] is index:
                new = _larger(lowest, _plus(first, -last[1]), limits)
                if new is None:
                    return None
                lowest = new
        return lowest, most

    def follows(self, known: Check, limits: Limits) -> bool:
        """Whether a check that has been made says it already."""
        low, high = self.doubts(limits)
        return (
            known.size == self.size
            and (not low or limits.is_at_most(known.low, self.low))
            and (not high or limits.is_at_most(self.high, known.high))
            and all(any(_includes(run, own, limits) for own in self.runs) for run in known.runs)
        )

    def doubts(self, limits: Limits) -> tuple[bool, bool]:
        """Whether the lowest index may be too low, and the highest too high."""
        if (
            isinstance(self.size, Dim)
            and isinstance(self.size.symbol, Derived)
            and self.size.symbol.how == TRIPS
        ):
            return False, False  # a tape has room for what each iteration records
        base, offset = self.low
        known = base is None and -least(self.size) <= offset
        return not (known or limits.is_counted(self.low)), not limits.is_below(self.high, self.size)

    def statement(self, limits: Limits) -> Statement:
        """`if n <= i: raise IndexError`: what is doubtful of `-n <= i < n`."""
        text = _Text(self.array)
        n = f"{{0}}.shape[{self.axis}]"
        low, high = self.doubts(limits)
        if low and high and self.low == self.high:
            doubt = f"not -{n} <= {text.of(self.low)} < {n}"
        elif low and high:
            doubt = f"({text.of(self.low)} < -{n} or {text.exceeds(n, self.high)})"
        elif high:
            doubt = text.exceeds(n, self.high)
        elif self.low[0] is None:
            doubt = f"{n} < {-self.low[1]}"
        else:
            doubt = f"{text.of(self.low)} < -{n}"
        runs = [run for run in self.runs if low or not _is_implied(run, self.high)]
        condition = " and ".join([*(text.runs(*run) for run in runs), doubt])
        return _raising(self.eqn, self.axis, condition, text.operands, 0)


def check_of_all(eqn: Eqn, axis: int, indices: Atom) -> Statement:
    """`if k.size and not (-n <= k.min() and k.max() < n): raise IndexError`, for an array of indices."""
    n = f"{{1}}.shape[{axis}]"
    condition = f"{{0}}.size and not (-{n} <= {{0}}.min() and {{0}}.max() < {n})"
    return _raising(eqn, axis, condition, [indices, eqn.operands[0]], 1)


def checks_in_views(eqn: Eqn) -> Iterator[Statement]:
    """The checks of the indices into the views, one of the other, that are written through."""
    types = [each.type for each in eqn.operands]
    prefix = eqn.params.get("prefix", ())
    steps = [params["index"] if name == "getitem" else () for name, params in prefix]
    if prefix and INSIDE not in eqn.params:
        steps.append(eqn.params["index"])
    for k, index in enumerate(steps[1:], 1):
        params = {"prefix": prefix[:k], "index": (Ellipsis,)}
        view, text = place_type(Dims(), types, params), view_text(types, params)
        for axis, entry in numbers([view, *types[1:]], index):
            n = f"{text}.shape[{axis}]"
            place = f"{{{entry.position}}}" if isinstance(entry, Slot) else str(entry)
            condition = f"not -{n} <= {place} < {n}"
            if isinstance(entry, Slot) and isinstance(types[entry.position], Array):
                condition = f"{place}.size and not (-{n} <= {place}.min() and {place}.max() < {n})"
            yield _raising(eqn, axis, condition, eqn.operands, 0)


def _raising(eqn: Eqn, axis: int, condition: str, operands: Sequence[Atom], shaped: int) -> Statement:
    return guard(condition, f'IndexError("index out of bounds for axis {axis}")', operands, eqn, [shaped])


class _Text:
    """Sums as text over the operands of a statement."""

    def __init__(self, array: Var) -> None:
        self.operands: list[Var] = [array]

    def of(self, given: Sum) -> str:
        base, offset = given
        if base is None:
            return str(offset)
        if base not in self.operands:
            self.operands.append(base)
        more = f" + {offset}" if offset > 0 else f" - {-offset}" if offset else ""
        return f"{{{self.operands.index(base)}}}{more}"

    def exceeds(self, size: str, high: Sum) -> str:
        """`n <= i`, or `n < i + 1`, whichever is shorter."""
        if high[0] is None or high[1] < 0:
            return f"{size} < {self.of(_plus(high, 1))}"
        return f"{size} <= {self.of(high)}"

    def runs(self, first: Sum, last: Sum) -> str:
        """`1 < n`, `k + 1 < n`: a run has an index."""
        more = first[1] - last[1] - 1
        if first[0] is not None and (more < 0 or last[0] is None):
            return f"{self.of((first[0], 0))} < {self.of((last[0], -more))}"
        return f"{self.of((first[0], more))} < {self.of((last[0], 0))}"


def _plus(given: Sum, by: int) -> Sum:
    return given[0], given[1] + by


def _smaller(a: Sum, b: Sum, limits: Limits) -> Sum | None:
    return a if limits.is_at_most(a, b) else b if limits.is_at_most(b, a) else None


def _larger(a: Sum, b: Sum, limits: Limits) -> Sum | None:
    return b if limits.is_at_most(a, b) else a if limits.is_at_most(b, a) else None


def _includes(run: Run, other: Run, limits: Limits) -> bool:
    """Whether a run has an index if the other one has."""
    return limits.is_at_most(run[0], other[0]) and limits.is_at_most(other[1], run[1])


def _is_implied(run: Run, high: Sum) -> bool:
    """Whether a run has an index if a sum is too high: then it is not negative."""
    (base, first), (end, last) = run
    return base is None and end is high[0] and first <= last - high[1]
