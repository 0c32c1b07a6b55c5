"""Neighbouring rows of one array added to in one loop, so that each row is written once.

    for i in range(d):                       for i in range(d - 2):
        x_bar[i] += s[i]                         x_bar[i + 2] += s[i + 2] + t[i]
    for i in range(d):             --->
        x_bar[i + 2] += t[i]                 and, for the rows at both ends, what of either is left

A store to row `i + offset` is done for i in range(d). Stores of several offsets meet in the rows from the
largest offset on; the rows before them and behind them are done store by store, each from its own range.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...ir import Eqn, Statement, Var, map_regions, reads, same_atoms
from ...rules.build import Builder, Value, op
from .jobs import Job, Kind, Mode, first_axis, full_index, is_cut

if TYPE_CHECKING:
    from .groups import Group
    from .peel import Level

__all__ = ["Piece", "combined", "gathers", "pieces"]


@dataclass(frozen=True)
class Piece:
    """A loop over range(start, stop) for some jobs: each is done for the row `index + shift`."""

    start: Any
    stop: Any
    jobs: tuple[tuple[Job, int], ...]

    @property
    def is_empty(self) -> bool:
        """Whether it is known that the loop never runs."""
        return isinstance(self.start, int) and isinstance(self.stop, int) and self.start >= self.stop


def offset_of(job: Job) -> tuple[int, int] | None:
    """The axis along which a store moves, and the first row that it writes; None if it is no plain store."""
    if job.kind is not Kind.STORE:
        return None
    array = job.eqn.operands[0]
    index = full_index(job.eqn.params["index"], array.type, job.eqn.operands)
    axis = first_axis(index or (), job.eqn.operands)
    if index is None or axis is None or not isinstance(index[axis], slice):
        return None
    cut = index[axis]
    if is_cut(cut):
        return None
    return (axis, cut.start or 0) if cut.step in (None, 1) else None


def gathers(group: Group, own: Group, level: Level) -> bool:
    """Whether all are stores to rows of one array that differ by a number, of values from elsewhere."""
    jobs = [*group.jobs, *own.jobs]
    if not group.jobs or group.size is None or own.size is None:
        return False
    if not level.context.dims.same(group.size, own.size):
        return False
    places = [offset_of(job) for job in jobs]
    arrays = {level.same.get(job.eqn.operands[0], job.eqn.operands[0]) for job in jobs}  # type: ignore[arg-type]
    if None in places or len({place[0] for place in places if place}) > 1 or len(arrays) > 1:
        return False
    written = {each for access in group.accesses if access.writes for each in access.objects}
    values = [access for each in (group, own) for access in each.accesses if not access.writes]
    return (
        all(written.isdisjoint(access.objects) for access in values)
        and all(job.modes[1] not in (Mode.ONLY, Mode.EITHER) for job in jobs)
        and group.defines.isdisjoint(own.reads - {own.jobs[0].eqn.operands[0]})
    )


def pieces(jobs: Sequence[Job], length: Any) -> Iterator[Piece]:
    """The loops: what comes before all meet, where they meet, and what is left."""
    offsets = [place[1] for place in map(offset_of, jobs) if place is not None]
    least, most = min(offsets), max(offsets)
    for offset, some in _by_offset(jobs, offsets):
        if offset < most:
            yield Piece(0, _least(most - offset, length), tuple((job, 0) for job in some))
    met = tuple((job, most - offset) for job, offset in zip(jobs, offsets, strict=True))
    yield Piece(0, length - (most - least) if most > least else length, met)
    for offset, some in _by_offset(jobs, offsets):
        if offset > least:
            start = _most(most - offset, length - (offset - least))
            yield Piece(start, length, tuple((job, 0) for job in some))


def _by_offset(jobs: Sequence[Job], offsets: Sequence[int]) -> Iterator[tuple[int, list[Job]]]:
    """Jobs that follow each other and have the same offset."""
    k = 0
    while k < len(jobs):
        end = k
        while end < len(jobs) and offsets[end] == offsets[k]:
            end += 1
        yield offsets[k], list(jobs[k:end])
        k = end


def _least(a: int, b: Any) -> Any:
    return op.min2(b, a) if isinstance(b, Value) else min(a, b)


def _most(a: int, b: Any) -> Any:
    return op.max2(b, a) if isinstance(b, Value) else max(a, b)


def combined(body: Sequence[Statement]) -> tuple[Statement, ...]:
    """A body in which what is added to one place one after the other is added at once."""
    done: list[Statement] = []
    for statement in body:
        inner = map_regions(statement, combined)
        before = _stored_before(inner, done) if isinstance(inner, Eqn) else None
        if before is None:
            done.append(inner)
            continue
        assert isinstance(inner, Eqn)
        done.remove(before)
        builder = Builder()
        builder.origin, builder.sweep = inner.origin, inner.sweep
        total = builder.value(before.operands[1]) + builder.value(inner.operands[1])
        operands = (before.operands[0], total.atom, *inner.operands[2:])
        made = Eqn(inner.target, before.primitive, operands, inner.params, inner.origin, inner.sweep)
        done += [*builder.body, made]
    return tuple(done)


def _stored_before(eqn: Eqn, done: Sequence[Statement]) -> Eqn | None:
    """The store to the same place of the version of the array that an equation adds to."""
    if eqn.primitive.name != "index_add" or eqn.params.get("prefix"):
        return None
    for statement in reversed(done):
        if isinstance(statement, Eqn) and statement.target is eqn.operands[0]:
            same = (
                statement.primitive.name in ("store", "index_add")
                and statement.params == eqn.params
                and same_atoms(statement.operands[2:], eqn.operands[2:])
                and not any(isinstance(each, Var) and hasattr(each.type, "dims") for each in eqn.operands[1:])
                and not any(hasattr(each.type, "dims") for each in statement.operands[1:])
                and statement.operands[0].type.dtype == eqn.operands[1].type.dtype
            )
            return statement if same else None
        if eqn.operands[0] in {*reads([statement])}:
            return None
    return None
