"""The forward sweep with what the reverse sweep needs of it: records on tapes, counts, values of branches.

A tape is written as a variable that changes; `threaded` gives each of its versions a Var of its own, and
has loops carry and branches yield it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..ir import Atom, Eqn, For, If, Lit, Region, Statement, Sweep, Var, While, regions_of, substitute
from ..names import TAPE
from ..rules.registry import PRIMITIVES
from ..types import INT, List, Type

__all__ = ["Forward", "pop", "push", "tape_of", "threaded"]


def tape_of(name: str, type_: Type) -> Var:
    """A tape for values of a type."""
    return Var(TAPE.format(name), List(type_))


def push(tape: Var, value: Atom) -> Eqn:
    """`tape.append(value)`."""
    return Eqn(Var(tape.name, tape.type), PRIMITIVES["append"], (tape, value), {}, None, Sweep.FORWARD)


def pop(tape: Var, value: Var) -> list[Statement]:
    """`value = tape.pop()`."""
    top = Eqn(value, PRIMITIVES["last"], (tape,), {}, None, Sweep.REVERSE)
    return [top, Eqn(Var(tape.name, tape.type), PRIMITIVES["drop"], (tape,), {}, None, Sweep.REVERSE)]


def undefined(type_: Type) -> Eqn:
    return Eqn(Var("t", type_, temporary=True), PRIMITIVES["undefined"], (), {"type": type_})


@dataclass
class Forward:
    """What is added to the forward sweep, by the statement that it goes with.

    `exports` are values defined in a branch that the reverse sweep reads outside of it: for each If the
    branch, the value in it and the target that it becomes.
    """

    before: dict[Statement, list[Eqn]] = field(default_factory=dict)
    after: dict[Statement, list[Eqn]] = field(default_factory=dict)
    head: dict[Statement, list[Eqn]] = field(default_factory=dict)
    counts: dict[While, Var] = field(default_factory=dict)
    exports: dict[If, list[tuple[int, Var, Var]]] = field(default_factory=dict)

    def add(self, other: Forward) -> None:
        for mine, its in ((self.before, other.before), (self.after, other.after), (self.head, other.head)):
            for statement, eqns in its.items():
                mine.setdefault(statement, []).extend(eqns)
        self.counts |= other.counts

    @property
    def tapes(self) -> list[Var]:
        """The tapes that are written to, in the order in which that was found out."""
        groups = (self.before, self.after, self.head)
        eqns = (eqn for group in groups for each in group.values() for eqn in each)
        found = (eqn.operands[0] for eqn in eqns if eqn.primitive.name == "append")
        return [tape for tape in dict.fromkeys(found) if isinstance(tape, Var)]

    def rebuilt(self, body: Sequence[Statement]) -> list[Statement]:
        """The body with all that is added to it."""
        made: list[Statement] = []
        for statement in body:
            made += self.before.get(statement, [])
            made.append(self._statement(statement))
            made += self.after.get(statement, [])
        return made

    def _statement(self, statement: Statement) -> Statement:
        match statement:
            case If(then=then, orelse=orelse):
                return self._branch(statement, self._region(then), self._region(orelse))
            case For(body=body):
                return replace(statement, body=self._region(body, statement))
            case While(body=body):
                made = replace(statement, body=self._region(body, statement))
                return made if statement not in self.counts else _counting(made, self.counts[statement])
        return statement

    def _region(self, region: Region, loop: Statement | None = None) -> Region:
        head = self.head.get(loop, []) if loop is not None else []
        return replace(region, body=(*head, *self.rebuilt(region.body)))

    def _branch(self, statement: If, *regions: Region) -> If:
        targets = list(statement.targets)
        bodies, results = [list(r.body) for r in regions], [list(r.results) for r in regions]
        for branch, value, target in self.exports.get(statement, ()):
            missing = undefined(value.type)
            bodies[1 - branch].append(missing)
            results[branch].append(value)
            results[1 - branch].append(missing.target)
            targets.append(target)
        then, orelse = (Region((), tuple(b), tuple(r)) for b, r in zip(bodies, results, strict=True))
        return replace(statement, targets=tuple(targets), then=then, orelse=orelse)


def _counting(loop: While, count: Var) -> While:
    """The loop that also counts its iterations."""
    before, unread, after = (Var(count.name, INT) for _ in range(3))
    step = Eqn(after, PRIMITIVES["add"], (before, Lit(1)), {}, None, Sweep.FORWARD)
    body = loop.body
    return replace(
        loop,
        targets=(*loop.targets, count),
        init=(*loop.init, Lit(0)),
        condition=replace(loop.condition, params=(*loop.condition.params, unread)),
        body=Region((*body.params, before), (*body.body, step), (*body.results, after)),
    )


# Tapes as values.


def threaded(body: Sequence[Statement], tapes: Iterable[Var]) -> tuple[Statement, ...]:
    """The body with each tape as a chain of values, made empty at its start."""
    made: list[Statement] = [
        Eqn(tape, PRIMITIVES["new_list"], (), {"element": tape.type.element}, None, Sweep.FORWARD)  # type: ignore[union-attr]
        for tape in tapes
    ]
    thread = _Thread(tapes)
    return (*made, *thread.body(body))


class _Thread:
    def __init__(self, tapes: Iterable[Var]) -> None:
        self.now: dict[Any, Var] = {tape: tape for tape in tapes}
        self.touched: dict[Statement, list[Var]] = {}

    def body(self, body: Sequence[Statement]) -> list[Statement]:
        return [self.statement(statement) for statement in body]

    def statement(self, statement: Statement) -> Statement:
        if isinstance(statement, Eqn):
            tape = statement.operands[0] if statement.operands else None
            if tape not in self.now:
                return statement
            made = replace(statement, operands=(self.now[tape], *statement.operands[1:]))
            if statement.primitive.consumes:
                self.now[tape] = statement.target
            return made
        tapes = self.found(statement)
        if not tapes:
            return statement
        return self.branch(statement, tapes) if isinstance(statement, If) else self.loop(statement, tapes)

    def found(self, statement: Statement) -> list[Var]:
        """The tapes that a statement or those in its regions use."""
        if statement not in self.touched:
            tapes: dict[Var, None] = {}
            if isinstance(statement, Eqn):
                tapes.update(
                    (a, None) for a in statement.operands[:1] if isinstance(a, Var) and a in self.now
                )
            for region in regions_of(statement):
                for inner in region.body:
                    tapes.update(dict.fromkeys(self.found(inner)))
            self.touched[statement] = list(tapes)
        return self.touched[statement]

    def branch(self, statement: If, tapes: Sequence[Var]) -> If:
        before = dict(self.now)
        regions = []
        for region in (statement.then, statement.orelse):
            self.now = dict(before)
            body = self.body(region.body)
            regions.append(Region((), tuple(body), (*region.results, *(self.now[t] for t in tapes))))
        targets = self.renewed(before, tapes)
        then, orelse = regions
        return replace(statement, targets=(*statement.targets, *targets), then=then, orelse=orelse)

    def loop(self, loop: Statement, tapes: Sequence[Var]) -> Statement:
        assert isinstance(loop, (For, While))
        before = dict(self.now)
        init = (*loop.init, *(before[tape] for tape in tapes))
        params = self.renewed(before, tapes)
        body = self.body(loop.body.body)
        results = (*loop.body.results, *(self.now[tape] for tape in tapes))
        region = Region((*loop.body.params, *params), tuple(body), results)
        targets = (*loop.targets, *self.renewed(before, tapes))
        if isinstance(loop, For):
            return replace(loop, targets=targets, init=init, body=region)
        unread = tuple(Var(tape.name, tape.type) for tape in tapes)
        condition = replace(loop.condition, params=(*loop.condition.params, *unread))
        return replace(loop, targets=targets, init=init, body=region, condition=condition)

    def renewed(self, before: dict[Any, Var], tapes: Sequence[Var]) -> list[Var]:
        """New Vars for tapes, which are what they are from now on."""
        made = [Var(tape.name, tape.type) for tape in tapes]
        self.now = {**before, **dict(zip(tapes, made, strict=True))}
        return made


def renamed(statement: Statement, env: dict[Any, Atom]) -> Statement:
    """The statement with every value that `env` knows replaced."""
    return substitute(statement, lambda atom: env.get(atom, atom))
