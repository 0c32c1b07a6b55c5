"""Tapes as arrays with a place for each trip of the loops that write to them.

    p_tape = []                                p_tape = np.empty(n)
    for i in range(n):                         for i in range(n):
        p_tape.append(p)            --->           p_tape[i] = p
        ...                                        ...
    for i in range(n - 1, -1, -1):             for i in range(n - 1, -1, -1):
        p = p_tape.pop()                           p = p_tape[i]

The loops that read a tape must be those that write to it, run backwards: then what is popped is what the trip
with the same indices has appended. Arrays of one shape are the rows of one array. A list stays where the
trips cannot be counted before the first: after a `while`, a `break`, an append under an `if`. It is no slower
there than an array that grows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ...ir import (
    Atom,
    Eqn,
    For,
    Function,
    Lit,
    Region,
    Slot,
    Statement,
    Sweep,
    Var,
    atoms_of,
    map_regions,
    regions_of,
    substitute,
    walk,
)
from ...rules.build import Builder, op
from ...rules.creation import new_array
from ...rules.lengths import derived
from ...rules.registry import PRIMITIVES
from ...types import Array, Scalar, Size, unknown_dim
from ..own import own
from .counts import Pair, Scope, Trips, pair_of, trips_of

__all__ = ["TRIPS", "indexed"]

TRIPS = "trips"
"""How the length of an axis with a place for each trip is derived; no index is outside of it."""


def indexed(function: Function) -> Function:
    """The function with arrays in place of the tapes whose length is known."""
    uses = _Uses(function)
    tapes = [tape for eqn in uses.made.values() if (tape := uses.tape(eqn)) is not None]
    if not tapes:
        return function
    plan = _Plan(uses, tapes)
    plan.body(function.body, plan.outside(function))
    made = replace(function, body=plan.rewritten(function.body))
    # What was popped was the caller's own, to overwrite; a row is the tape's.
    return own(made) if any(tape.has_rows for tape in plan.writing.values()) else made


@dataclass(frozen=True, eq=False)
class Tape:
    """A list that a nest of loops appends to in each trip, and that the same nest backwards pops from."""

    new: Eqn
    writers: tuple[For, ...]
    append: Eqn
    readers: tuple[For, ...]
    tops: tuple[Eqn, ...]
    drop: Eqn
    versions: frozenset[Var]
    """The list as the writers have it."""

    @property
    def element(self) -> Scalar | Array:
        element: Any = self.new.params["element"]
        return element  # type: ignore[no-any-return]

    @property
    def has_rows(self) -> bool:
        return isinstance(self.element, Array)


class _Uses:
    """What reads each list of a function."""

    def __init__(self, function: Function) -> None:
        self.made: dict[Any, Eqn] = {}
        self.by: dict[Atom, list[Any]] = {}
        self.indices: set[Atom] = set()
        for statement in walk(function.body):
            self.note(statement, atoms_of(statement))
            if isinstance(statement, Eqn):
                self.made[statement.target] = statement
            for region in regions_of(statement):
                self.note(region, region.results)
            if isinstance(statement, For):
                self.indices.add(statement.body.params[0])
        self.note(function, function.results)

    def note(self, user: Any, atoms: Iterable[Atom]) -> None:
        for atom in atoms:
            self.by.setdefault(atom, []).append(user)

    def of(self, var: Var) -> list[Any]:
        return self.by.get(var, [])

    def tape(self, new: Eqn) -> Tape | None:
        """A new list as a Tape, if it is one."""
        if new.primitive.name != "new_list" or not _is_held(new.params["element"]):
            return None
        versions = [new.target]
        writers: list[For] = []
        append = self.down(new.target, "append", writers, versions)
        if append is None or not writers:
            return None
        readers: list[For] = []
        top = writers[0].targets[writers[0].init.index(new.target)]
        drop = self.down(top, "drop", readers, [])
        if drop is None or len(readers) != len(writers):
            return None
        if self.of(readers[0].targets[readers[0].init.index(top)]) or not self.mirrored(writers, readers):
            return None
        tops = [each for each in self.of(drop.operands[0]) if each is not drop]  # type: ignore[arg-type]
        if any(not isinstance(each, Eqn) or each.primitive.name != "last" for each in tops):
            return None
        return Tape(new, tuple(writers), append, tuple(readers), tuple(tops), drop, frozenset(versions))

    def down(self, var: Var, name: str, loops: list[For], versions: list[Var]) -> Eqn | None:
        """The one equation that changes a list, and the loops around it that hand the list on."""
        users = [
            each for each in self.of(var) if not (isinstance(each, Eqn) and each.primitive.name == "last")
        ]
        if len(users) != 1:
            return None
        (user,) = users
        if isinstance(user, Eqn):
            peeked = name == "append" and len(self.of(var)) > 1
            if user.primitive.name != name or user.operands[0] is not var or peeked:
                return None
            versions.append(user.target)
            return user
        if not isinstance(user, For) or user.init.count(var) != 1 or len(self.of(var)) > 1:
            return None
        loops.append(user)
        k = user.init.index(var)
        param, target = user.body.params[k + 1], user.targets[k]
        versions += (param, target)
        before = len(loops)
        found = self.down(param, name, loops, versions)
        last = user.body.results[k]
        made = found.target if found is not None and len(loops) == before else None
        if found is not None and len(loops) > before:
            inner = loops[before]
            made = inner.targets[inner.init.index(param)]
        if made is None or last is not made or self.of(made) != [user.body]:
            return None
        return found

    def mirrored(self, writers: Sequence[For], readers: Sequence[For]) -> bool:
        """Whether some loops are others run backwards."""
        same: dict[Atom, Atom] = {}
        for writer, reader in zip(writers, readers, strict=True):
            ours, theirs = writer.body.params[0], reader.body.params[0]
            ends = ((writer.start, reader.start), (writer.stop, reader.stop), (writer.step, reader.step))
            if not all(self.equal(a, b, same) for a, b in ends):
                return False
            if writer.reverse == reader.reverse and self.of(theirs):
                return False
            same[ours] = theirs
        return True

    def equal(self, a: Atom, b: Atom, same: dict[Atom, Atom]) -> bool:
        """Whether two ints are the same number, where `same` indices are."""
        if isinstance(a, Lit) or isinstance(b, Lit):
            return isinstance(a, Lit) and isinstance(b, Lit) and bool(a.value == b.value)
        if a is b or same.get(a) is b:
            return True
        if isinstance(a.type, Scalar) and a.type.size is not None and a.type == b.type:
            return True
        first, second = self.made.get(a), self.made.get(b)
        return (
            first is not None
            and second is not None
            and first.primitive is second.primitive
            and first.primitive.name.removeprefix("int_") in _SUMS
            and all(self.equal(x, y, same) for x, y in zip(first.operands, second.operands, strict=True))
        )


_SUMS = frozenset({"add", "sub", "mul", "neg", "floordiv", "min2", "max2"})


def _is_held(element: Any) -> bool:
    """Whether an array can hold values of a type."""
    return isinstance(element, Scalar) or (isinstance(element, Array) and bool(element.dims))


Axis = Trips | Pair


@dataclass
class _Plan:
    """Which tapes become arrays, and what is said instead."""

    uses: _Uses
    tapes: Sequence[Tape]
    before: dict[Statement, list[Statement]] = field(default_factory=dict)
    heads: dict[Statement, list[Statement]] = field(default_factory=dict)
    instead: dict[Eqn, list[Statement]] = field(default_factory=dict)
    writing: dict[Var, Tape] = field(default_factory=dict)
    """The tape of each version that the writers have."""
    arrays: dict[Tape, Array] = field(default_factory=dict)
    dropped: dict[For, set[int]] = field(default_factory=dict)
    renamed: dict[Atom, Atom] = field(default_factory=dict)
    turned: set[For] = field(default_factory=set)

    # Which arrays

    def outside(self, function: Function) -> Scope:
        scope = Scope(self.uses.made)
        scope.add(*(var for var, _ in function.captures), *function.params)
        return scope

    def body(self, body: Sequence[Statement], scope: Scope) -> None:
        """Decide on the tapes of a body, where it is known what is there before each loop."""
        for statement in body:
            if isinstance(statement, For):
                for tape in self.tapes:
                    if tape.writers[0] is statement:
                        self.decide(tape, scope)
            for region in regions_of(statement):
                inner = scope.inner()
                inner.add(*region.params)
                self.body(region.body, inner)
            scope.add(*statement.targets)

    def decide(self, tape: Tape, scope: Scope) -> None:
        axes = axes_of(tape, scope)
        builder = Builder()
        builder.sweep = Sweep.FORWARD
        row = tape.element.dims if isinstance(tape.element, Array) else ()
        rows = [scope.extent(builder, size) for size in row]
        if axes is None or None in rows:
            return
        counts = [
            axis.room(scope, builder) if isinstance(axis, Trips) else axis.count(scope, builder)
            for axis in axes
        ]
        type_ = Array(tape.element.dtype, (*map(_size, counts), *row))
        self.arrays[tape] = type_
        made = new_array(builder, "empty", [*counts, *rows], type_)
        *sizes, last = builder.body
        assert isinstance(last, Eqn)
        target = self.version(tape, tape.new.target)
        self.before.setdefault(tape.writers[0], []).extend([*sizes, replace(last, target=target)])
        assert made.atom is last.target
        self.write(tape, axes, scope)
        self.read(tape, axes, scope)

    def version(self, tape: Tape, var: Var) -> Var:
        """The array for a version of a tape."""
        if var not in self.renamed:
            self.renamed[var] = Var(var.name, self.arrays[tape], var.temporary)
        made = self.renamed[var]
        assert isinstance(made, Var)
        return made

    # What is said

    def write(self, tape: Tape, axes: Sequence[Axis], scope: Scope) -> None:
        for var in tape.versions:
            self.version(tape, var)
            self.writing[var] = tape
        builder, places = self.places(axes, tape.writers, tape.writers, scope, Sweep.FORWARD)
        array, value = tape.append.operands
        index = tuple(Slot(k + 2) for k in range(len(places)))
        operands = (self.renamed[array], value, *places)
        target = self.renamed[tape.append.target]
        assert isinstance(target, Var)
        store = replace(
            tape.append,
            target=target,
            primitive=PRIMITIVES["store"],
            operands=operands,
            params={"index": index},
        )
        self.instead[tape.new] = []
        self.instead[tape.append] = [*builder, store]

    def read(self, tape: Tape, axes: Sequence[Axis], scope: Scope) -> None:
        written = tape.writers[0].targets[tape.writers[0].init.index(tape.new.target)]
        final, lists = self.renamed[written], [written]
        for writer, reader in zip(tape.writers, tape.readers, strict=True):
            k = reader.init.index(lists[-1])
            self.dropped.setdefault(reader, set()).add(k)
            lists.append(reader.body.params[k + 1])
            if writer.reverse == reader.reverse:
                self.turned.add(reader)
        builder, places = self.places(axes, tape.writers, tape.readers, scope, Sweep.REVERSE)
        self.heads.setdefault(tape.readers[-1], []).extend(builder)
        index = {"index": tuple(Slot(k + 1) for k in range(len(places)))}
        for top in tape.tops:
            read = replace(top, primitive=PRIMITIVES["getitem"], operands=(final, *places), params=index)
            self.instead[top] = [read]
        self.instead[tape.drop] = []

    def places(
        self, axes: Sequence[Axis], writers: Sequence[For], loops: Sequence[For], scope: Scope, sweep: Sweep
    ) -> tuple[list[Statement], list[Atom]]:
        """The index of what a trip of `loops` has on a tape, and the equations for it in the innermost."""
        builder = Builder()
        builder.sweep = sweep
        found: list[Atom] = []
        twin = dict(zip(writers, loops, strict=True))
        for axis in axes:
            if isinstance(axis, Trips):
                loop = twin[axis.loop]
                found.append(axis.place(builder.value(self.index(loop)), loop.start).atom)
                continue
            inner = twin[axis.inner.loop]
            number = axis.inner.number(builder.value(self.index(inner)), inner.start)
            place = op.add(self.earlier(axis, twin[axis.outer.loop], scope, sweep), number)
            found.append(builder.name(place, "place", temporary=True).atom)
        return list(builder.finish()), found

    def earlier(self, pair: Pair, outer: For, scope: Scope, sweep: Sweep) -> Var:
        """How many trips the inner loop of a pair had in earlier trips of the outer one."""
        builder = Builder()
        builder.sweep = sweep
        number = pair.outer.number(builder.value(self.index(outer)), outer.start)
        made = builder.name(pair.before(scope, builder, number), "first")
        self.heads.setdefault(outer, []).extend(builder.finish())
        assert isinstance(made.atom, Var)
        return made.atom

    def index(self, loop: For) -> Var:
        """The index of a loop, which has a name from now on."""
        var = loop.body.params[0]
        if var.name == "_" and var not in self.renamed:
            self.renamed[var] = Var("k", var.type, var.temporary)
        made = self.renamed.get(var, var)
        assert isinstance(made, Var)
        return made

    # Saying it

    def rewritten(self, body: Iterable[Statement]) -> tuple[Statement, ...]:
        renamed = (substitute(statement, self.new) for statement in self.block(body))
        return tuple(renamed)

    def new(self, atom: Any) -> Any:
        return self.renamed.get(atom, atom)

    def block(self, body: Iterable[Statement]) -> Iterator[Statement]:
        for statement in body:
            yield from self.before.get(statement, ())
            if isinstance(statement, Eqn):
                yield from self.instead.get(statement, [statement])
                continue
            inner = map_regions(statement, lambda region: tuple(self.block(region)))
            if isinstance(statement, For) and isinstance(inner, For):
                inner = self.loop(statement, inner)
            yield inner

    def loop(self, old: For, loop: For) -> For:
        head = self.heads.get(old, [])
        gone = self.dropped.get(old, set())
        kept = [k for k in range(len(loop.init)) if k not in gone]
        region = Region(
            (loop.body.params[0], *(loop.body.params[k + 1] for k in kept)),
            (*head, *loop.body.body),
            tuple(loop.body.results[k] for k in kept),
        )
        return replace(
            loop,
            targets=tuple(loop.targets[k] for k in kept),
            init=tuple(loop.init[k] for k in kept),
            body=region,
            reverse=not loop.reverse if old in self.turned else loop.reverse,
        )


def axes_of(tape: Tape, scope: Scope) -> list[Axis] | None:
    """The axes of the array for a tape; None where its trips cannot be counted before them."""
    indices = {loop.body.params[0] for loop in tape.writers}
    axes: list[Axis] = []
    for loop in tape.writers:
        trips = trips_of(loop, scope, indices)
        if trips is None:
            return None
        depends = indices.intersection(trips.span.terms)
        if not depends:
            axes.append(trips)
            continue
        outer = axes.pop()
        pair = pair_of(outer, trips) if isinstance(outer, Trips) else None
        if pair is None or depends != {pair.outer.loop.body.params[0]}:
            return None
        axes.append(pair)
    return axes


def _size(count: Any) -> Size:
    """The length of an axis with a place for each trip: one of its own."""
    return count if isinstance(count, int) else derived(TRIPS, unknown_dim().symbol)
