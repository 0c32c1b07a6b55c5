"""A state of which each step changes a part, recorded to be restored, is read where it is recorded.

    for k in range(n):                               for k in range(n):
        u_tape[k] = u[1:-1]                              u_tape[k] = u
        u[1:-1] = f(u)                     --->          u[1:-1] = f(u_tape[k])
    for k in reversed(range(n)):                     for k in reversed(range(n)):
        u[1:-1] = u_tape[k]                              ... u_tape[k] ...
        ... u ...

The whole state is recorded in place of the part, where only rows at the ends are left out of that. Nothing is
copied back then, and the step reads another array than the one that it writes to: it needs no copy of what it
computes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ...ir import (
    Atom,
    Eqn,
    For,
    Function,
    Slot,
    Statement,
    Var,
    count_uses,
    map_regions,
    same_atoms,
    substitute,
    walk,
)
from ...rules.build import Builder
from ...rules.creation import new_array
from ...rules.registry import PRIMITIVES
from ...rules.shape import dim_values
from ...types import Array, Dim, Size
from ..dce import eliminate_dead
from ..memory import consumed
from ..own import own
from .indices import plus

__all__ = ["read_where_recorded"]


def read_where_recorded(function: Function) -> Function:
    """The function with whole states on tapes, where parts of them were restored from there."""
    found = next(_found(function), None)
    if found is None:
        return function
    while found is not None:
        function = eliminate_dead(_rewritten(function, found))
        found = next(_found(function), None)
    return own(function)


@dataclass(frozen=True, eq=False)
class _State:
    """A state, as value `k` of the loop that changes it and value `j` of the loop that restores it."""

    steps: For
    k: int
    back: For
    j: int
    change: Eqn
    record: Eqn
    new: Eqn
    read: Eqn
    restore: Eqn

    @property
    def before(self) -> Var:
        """The state as a step begins."""
        return self.steps.body.params[self.k + 1]


def _found(function: Function) -> Iterator[_State]:
    loops = [each for each in walk(function.body) if isinstance(each, For)]
    targets = {target: (each, k) for each in loops for k, target in enumerate(each.targets)}
    made = {each.target: each for each in walk(function.body) if isinstance(each, Eqn)}
    uses = count_uses(function)
    for back in loops:
        for j, init in enumerate(back.init):
            if init in targets:
                steps, k = targets[init]
                state = _state(steps, k, back, j, made)
                if state is not None and _is_all_there_is(state, uses) and _is_the_same(state, made):
                    yield state


def _state(steps: For, k: int, back: For, j: int, made: dict[Var, Eqn]) -> _State | None:
    """The equations by which a state is changed, recorded and restored, each in the body of its loop."""
    before, after = steps.body.params[k + 1], back.body.params[j + 1]
    change = _direct(steps, steps.body.results[k], ("store", "index_add"), before)
    restore = _direct(back, back.body.results[j], ("store",), after)
    if change is None or restore is None:
        return None
    read = _direct(back, restore.operands[1], ("getitem",))
    if read is None or read.operands[0] not in steps.targets:
        return None
    t = steps.targets.index(read.operands[0])
    record = _direct(steps, steps.body.results[t], ("store",), steps.body.params[t + 1])
    new = made.get(steps.init[t])  # type: ignore[arg-type]
    if record is None or new is None or new.primitive.name != "empty":
        return None
    return _State(steps, k, back, j, change, record, new, read, restore)


def _direct(loop: For, made: Atom, names: Sequence[str], of: Var | None = None) -> Eqn | None:
    """The equation of a loop's body that makes a value, if it is one of these, of the value given."""
    eqn = next((each for each in loop.body.body if isinstance(each, Eqn) and each.target is made), None)
    known = eqn is not None and eqn.primitive.name in names and "prefix" not in eqn.params
    return eqn if known and (of is None or eqn.operands[0] is of) else None  # type: ignore[union-attr]


def _is_all_there_is(state: _State, uses: Counter[Atom]) -> bool:
    """Whether nothing else changes the state, and the tape and the state restored are for nothing else."""
    steps, back, record, read = state.steps, state.back, state.record, state.read
    tape = read.operands[0]
    once = (state.new.target, record.operands[0], record.target, tape, state.restore.operands[0])
    if any(uses[each] != 1 for each in once) or uses[back.targets[state.j]]:
        return False
    rest = [each for each in steps.body.body if each is not state.change]
    return state.before not in consumed(rest) and state.restore.target not in consumed(back.body.body)


def _is_the_same(state: _State, made: dict[Var, Eqn]) -> bool:
    """Whether what is restored in a trip is the state as the step of that trip began."""
    steps, back, change, record, restore = state.steps, state.back, state.change, state.record, state.restore
    part = made.get(record.operands[1])  # type: ignore[arg-type]
    if part is not None and part.primitive.name == "copy":
        part = made.get(part.operands[0])  # type: ignore[arg-type]
    if part is None or part.primitive.name != "getitem" or part.operands[0] is not state.before:
        return False
    # A slice between numbers says nothing of operands: its place is the same in each trip.
    if any(len(each.operands) > 2 or _index(each) != _index(part) for each in (change, restore)):
        return False
    if not _is_nearly_all(part.target.type, state.before.type):
        return False
    ends = ((steps.start, steps.stop, steps.step), (back.start, back.stop, back.step))
    if not same_atoms(*ends) or steps.reverse == back.reverse:
        return False
    if _index(record) != (Slot(2),) or _index(state.read) != (Slot(1),):
        return False
    there = _trip(record.operands[2], steps, made)
    return there is not None and there == _trip(state.read.operands[1], back, made)


def _index(eqn: Eqn) -> Any:
    return eqn.params["index"]


def _is_nearly_all(part: Any, whole: Any) -> bool:
    """Whether a part of an array is as long as that along each axis, but for a number of rows."""
    if not isinstance(part, Array) or not isinstance(whole, Array) or part.dtype != whole.dtype:
        return False
    return len(part.dims) == len(whole.dims) and all(map(_is_nearly, part.dims, whole.dims))


def _is_nearly(part: Size, whole: Size) -> bool:
    if isinstance(part, Dim) and isinstance(whole, Dim):
        return part.symbol == whole.symbol
    return isinstance(part, int) and isinstance(whole, int)


def _trip(place: Atom, loop: For, made: dict[Var, Eqn]) -> int | None:
    """What a place on a tape is more than the index of a loop."""
    if place is loop.body.params[0]:
        return 0
    eqn = made.get(place)  # type: ignore[arg-type]
    found = plus(eqn) if eqn is not None else None
    return found[1] if found is not None and found[0] is loop.body.params[0] else None


def _rewritten(function: Function, state: _State) -> Function:
    tape = Array(state.new.target.type.dtype, (state.new.target.type.dims[0], *state.before.type.dims))  # type: ignore[union-attr]
    versions = (state.new.target, state.record.operands[0], state.record.target, state.read.operands[0])
    renamed = {old: Var(old.name, tape, old.temporary) for old in versions if isinstance(old, Var)}

    def block(body: Sequence[Statement]) -> Iterator[Statement]:
        for statement in body:
            if statement is state.steps:
                yield from _new_tape(state, tape)
                yield _with_whole_states(state)
            elif statement is state.back:
                yield _with_nothing_restored(state)
            elif statement is not state.new:
                yield map_regions(statement, block)

    body = (substitute(each, lambda atom: renamed.get(atom, atom)) for each in block(function.body))
    return replace(function, body=tuple(body))


def _new_tape(state: _State, type_: Array) -> Iterator[Statement]:
    builder = Builder()
    builder.origin, builder.sweep = state.new.origin, state.new.sweep
    trips = state.new.params["shape"][0]
    if isinstance(trips, Slot):
        trips = builder.value(state.new.operands[trips.position])
    lengths = dim_values(builder.value(state.steps.init[state.k]))
    new_array(builder, "empty", [trips, *lengths], type_)
    *sizes, last = builder.body
    assert isinstance(last, Eqn)
    yield from sizes
    yield replace(last, target=state.new.target)


def _with_whole_states(state: _State) -> For:
    """The steps, each of which begins with the record of the state, and reads that."""
    record, before, body = state.record, state.before, state.steps.body
    tape, _, place = record.operands
    row = Var(before.name, before.type, temporary=True)
    read = replace(
        record,
        target=row,
        primitive=PRIMITIVES["getitem"],
        operands=(record.target, place),
        params={"index": (Slot(1),)},
    )
    first = [each for each in body.body if isinstance(each, Eqn) and each.target is place]
    rest = [each for each in body.body if each is not record and each not in first]
    there = (substitute(each, lambda atom: row if atom is before else atom) for each in rest)
    # What changes is the state itself, as before.
    changed = (
        replace(each, operands=(before, *each.operands[1:]))
        if isinstance(each, Eqn) and each.target is state.change.target
        else each
        for each in there
    )
    whole = replace(record, operands=(tape, before, place))
    return replace(state.steps, body=replace(body, body=(*first, whole, read, *changed)))


def _with_nothing_restored(state: _State) -> For:
    """The steps backwards, which read the record of a state."""
    read, restore, body = state.read, state.restore, state.back.body
    row = Var(restore.target.name, restore.target.type, temporary=True)

    def new(atom: Any) -> Any:
        return row if atom is restore.target else atom

    made: list[Statement] = []
    for each in body.body:
        if each is read:
            part = replace(read, operands=(row,), params={"index": restore.params["index"]})
            made += [replace(read, target=row), part]
        elif each is not restore:
            made.append(substitute(each, new))
    results = list(map(new, body.results))
    results[state.j] = restore.operands[0]
    return replace(state.back, body=replace(body, body=tuple(made), results=tuple(results)))
