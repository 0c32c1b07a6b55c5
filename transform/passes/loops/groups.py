"""Which equations share a loop."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ...ir import Atom, Eqn, Statement, Var, atoms_of, has_effect, reads, regions_of, walk
from ...types import Size
from ..memory import has_memory
from .gather import gathers
from .jobs import Job, Kind, Mode, first_axis, full_index, is_cut
from .views import Fixed

if TYPE_CHECKING:
    from .peel import Level

__all__ = ["NEW", "OWN_ROW", "Access", "Group", "grouped", "roots_of", "row_written"]


@dataclass(frozen=True)
class Access:
    """Rows of an array that a statement reads or writes: in one iteration the row `place`, None for all.

    `array` is the first version of what the statement names, `objects` are those it may be.
    """

    array: Var
    objects: frozenset[Any]
    place: tuple[int, int, int, bool] | None
    writes: bool = False

    def meets(self, other: Access) -> bool:
        """Whether the order of the two matters between iterations."""
        if not (self.writes or other.writes) or self.objects.isdisjoint(other.objects):
            return False
        return self.array is not other.array or self.place is None or self.place != other.place


@dataclass(eq=False)
class Group:
    """Jobs that share a loop over `size`; or one other statement."""

    size: Size | None
    statements: list[Statement] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)
    defines: set[Var] = field(default_factory=set)
    reads: set[Atom] = field(default_factory=set)
    accesses: list[Access] = field(default_factory=list)
    effect: bool = False
    gathered: bool = False
    """The jobs are stores to neighbouring rows of one array: a row of each comes at its own time."""
    private: dict[Var, Eqn] = field(default_factory=dict)
    """The arrays of which the loop needs only the row it is at, by what makes them."""

    def add(self, statement: Statement, job: Job | None, level: Level) -> None:
        self.statements.append(statement)
        if job is not None:
            self.jobs.append(job)
        self.defines.update(statement.targets)
        self.reads.update(read_by(statement, level))
        self.accesses += accesses(statement, job, level)
        self.effect = self.effect or has_effect(statement)


def grouped(level: Level, body: Sequence[Statement]) -> list[Group]:
    """The statements in groups, in an order in which each finds what it reads."""
    groups: list[Group] = []
    for statement in body:
        job = level.jobs.get(statement.target) if isinstance(statement, Eqn) else None
        _place(groups, statement, job, level)
    return _late(groups)


def _late(groups: list[Group]) -> list[Group]:
    """The groups with each number that could be computed early where it is first read."""
    done: list[Group] = []
    for group in reversed(groups):
        (first, *more) = group.statements
        k = 0
        if not group.jobs and not more and _moves(first):
            k = next((k for k, each in enumerate(done) if not group.defines.isdisjoint(each.reads)), 0)
        done.insert(k, group)
    return done


def _place(groups: list[Group], statement: Statement, job: Job | None, level: Level) -> None:
    """Put a statement into a group, a new one where it fits into none."""
    own = Group(job.size if job else None)
    own.add(statement, job, level)
    k = len(groups)
    while k:
        group = groups[k - 1]
        if job is not None and not group.gathered and _share(group, own) and _joinable(group, own, level):
            group.add(statement, job, level)
            _merge(groups, k - 1, level)
            return
        if job is not None and gathers(group, own, level):
            group.add(statement, job, level)
            group.gathered = True
            return
        if _must_follow(group, own) or (job is None and not _moves(statement)):
            break
        k -= 1
    if job is None:
        # A number goes first, out of the way of loops.
        groups.insert(k, own)
    else:
        groups.append(own)
        _merge(groups, len(groups) - 1, level)


def _share(group: Group, own: Group) -> bool:
    """Whether a loop has anything to do with a group: an array that both read or one makes."""
    arrays = {atom for atom in own.reads if has_memory(atom)} | own.defines
    return not arrays.isdisjoint(group.reads | group.defines)


def _merge(groups: list[Group], k: int, level: Level) -> None:
    """Move loops that make rows of what a group reads into that group, where nothing stands between."""
    for j in reversed(range(k)):
        early, late = groups[j], groups[k]
        if not early.defines.isdisjoint(late.reads) and _may_wait(groups, j, k, level):
            late.statements[:0], late.jobs[:0] = early.statements, early.jobs
            late.defines |= early.defines
            late.reads |= early.reads
            late.accesses = early.accesses + late.accesses
            del groups[j]
            k -= 1


def _may_wait(groups: list[Group], j: int, k: int, level: Level) -> bool:
    """Whether the loop of a group may run together with that of a later one."""
    early, late = groups[j], groups[k]
    return not any(_must_follow(early, each) for each in groups[j + 1 : k]) and _joinable(early, late, level)


NEW = frozenset({"empty", "empty_like", "zeros", "zeros_like"})
"""What makes an array of nothing but a shape."""


def _moves(statement: Statement) -> bool:
    """Whether a statement may be done earlier than it stands: an equation on numbers that cannot fail.

    A new array depends on nothing but its shape, the shape of one that is there on nothing.
    """
    if not isinstance(statement, Eqn) or statement.primitive.consumes or has_effect(statement):
        return False
    shapes = statement.primitive.shape_only
    read = [each for k, each in enumerate(statement.operands) if k not in shapes]
    new = statement.primitive.name in NEW
    return not any(map(has_memory, read)) and (new or not any(map(has_memory, statement.targets)))


def _must_follow(group: Group, own: Group) -> bool:
    """Whether a group must run after another one."""
    if not group.defines.isdisjoint(own.reads):
        return True
    return group.effect or any(
        (a.writes or b.writes) and not a.objects.isdisjoint(b.objects)
        for a in group.accesses
        for b in own.accesses
    )


def _joinable(early: Group, late: Group, level: Level) -> bool:
    """Whether the jobs of two groups may run in one loop: each needs of others only its own row."""
    if not early.jobs or not late.jobs or early.size is None or late.size is None:
        return False
    if early.gathered or late.gathered:
        return False
    if not level.context.dims.same(early.size, late.size):
        return False
    made = {job.eqn.target: job.kind for job in early.jobs}
    for job in late.jobs:
        for root, place in roots_of(job, level):
            kind = made.get(root)
            if kind is Kind.MAP and job.kind is Kind.STORE and root is job.eqn.operands[0]:
                place = row_written(job)
            if kind is Kind.FOLD or (kind is Kind.MAP and place != OWN_ROW):
                return False
    return not any(a.meets(b) for a in early.accesses for b in late.accesses)


OWN_ROW = (0, 0, 1, False)
"""The place of the row that an iteration makes."""


def roots_of(job: Job, level: Level) -> Iterator[tuple[Var, Any]]:
    """What a job reads, and where the rows are that it reads of it; None for all."""
    for k, operand in enumerate(job.eqn.operands):
        if isinstance(operand, Var):
            view = level.view(operand)
            by_row = k < len(job.modes) and job.modes[k] is Mode.ROW
            yield view.root, view.first() if by_row else None
            yield from (
                (e.index, None) for e in view.entries if isinstance(e, Fixed) and isinstance(e.index, Var)
            )


def read_by(statement: Statement, level: Level) -> set[Atom]:
    """Every value that a statement reads; what is seen through views instead of them, for a job."""
    found: set[Atom] = set()
    is_job = isinstance(statement, Eqn) and statement.target in level.jobs
    for atom in atoms_of(statement):
        found.add(level.view(atom).root if is_job and isinstance(atom, Var) and has_memory(atom) else atom)
        if is_job and atom in level.views:
            found.update(entry.index for entry in level.views[atom].entries if isinstance(entry, Fixed))
    for region in regions_of(statement):
        found.update(reads(region.body))
        found.update(region.results)
    return found


def accesses(statement: Statement, job: Job | None, level: Level) -> Iterator[Access]:
    """The memory that a statement touches."""
    if job is not None:
        yield from _of_job(job, level)
        return
    consumed = {
        eqn.operands[0] for eqn in walk([statement]) if isinstance(eqn, Eqn) and eqn.primitive.consumes
    }
    for atom in read_by(statement, level):
        if isinstance(atom, Var) and has_memory(atom):
            # A loop may overwrite what it is handed.
            written = atom in consumed or not isinstance(statement, Eqn)
            yield Access(level.same.get(atom, atom), level.context.objects_of(atom), None, written)


def _of_job(job: Job, level: Level) -> Iterator[Access]:
    written = job.eqn.operands[0] if job.kind is Kind.STORE else None
    for k, (operand, mode) in enumerate(zip(job.eqn.operands, job.modes, strict=False)):
        if not isinstance(operand, Var) or not has_memory(operand) or (k == 0 and written is not None):
            continue
        view = level.view(operand)
        place = view.first() if mode is Mode.ROW else None
        root = level.same.get(view.root, view.root)
        yield Access(root, level.context.objects_of(view.root), place)
    if isinstance(written, Var):
        yield Access(
            level.same.get(written, written), level.context.objects_of(written), row_written(job), True
        )


def row_written(job: Job) -> tuple[int, int, int, bool] | None:
    """Where the rows are that a store writes; None where that is known only at run time."""
    array = job.eqn.operands[0]
    index = full_index(job.eqn.params["index"], array.type, job.eqn.operands)
    assert index is not None
    axis = first_axis(index, job.eqn.operands)
    assert axis is not None
    cut = index[axis]
    if not isinstance(cut, slice) or is_cut(cut):
        return None
    step = 1 if cut.step is None else cut.step
    return axis, (0 if step < 0 else cut.start or 0), abs(step), step < 0
