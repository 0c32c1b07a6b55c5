"""What a loop's body does with the values that it carries: which elements it reads, and which it changes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from typing import Any

from ...ir import Atom, Eqn, For, If, Region, Statement, Var, While, atoms_of
from ...types import Array, Scalar, rank
from .limits import Limits, Sum, indices_of

__all__ = ["Access", "Uses", "differ"]


@dataclass(frozen=True)
class Access:
    """A read of an element, a store to one ("getitem", "store"), or something added to it ("index_add").

    It is, or is inside of, the statement at a position of the loop's body.
    """

    eqn: Eqn
    position: int
    places: dict[int, Atom]
    """The index by axis, where there is one."""

    @classmethod
    def of(cls, eqn: Eqn, position: int) -> Access:
        return cls(eqn, position, {} if "prefix" in eqn.params else dict(indices_of(eqn)))

    @property
    def kind(self) -> str:
        return self.eqn.primitive.name

    def place(self, limits: Limits) -> dict[int, Sum]:
        """The index along all axes; nothing where it is not of one element."""
        places = self.places.values()
        if len(places) < rank(self.eqn.operands[0].type) or any(isinstance(p.type, Array) for p in places):
            return {}
        return {axis: limits.sum(atom) for axis, atom in self.places.items()}

    def is_apart(self, place: dict[int, Sum], limits: Limits) -> bool:
        """Whether it is surely of another element than that at a place, in the same iteration."""
        return any(differ(limits.sum(atom), place[axis], limits) for axis, atom in self.places.items())

    def is_direct(self, loop: For) -> bool:
        """Whether it is done in each iteration."""
        return self.eqn is loop.body.body[self.position]


class Uses:
    """The accesses to some of the values that a loop carries; `are_known` if nothing else is done with these.

    After `own` each array that is written to is carried and has its buffer for itself.
    """

    def __init__(self, loop: For, of: Iterable[int]) -> None:
        self.versions: dict[Atom, int] = {loop.body.params[k + 1]: k for k in of}
        """What each name of a carried value, as it is then, is a newer version of."""
        self.accesses: dict[int, list[Access]] = {k: [] for k in self.versions.values()}
        self.position = 0
        self.are_known = True
        for self.position, statement in enumerate(loop.body.body):
            self.are_known = self.are_known and self.statement(statement)
        for k, result in enumerate(loop.body.results):
            expected = k if k in self.accesses else None
            self.are_known = self.are_known and self.versions.get(result) == expected

    def block(self, body: Sequence[Statement]) -> bool:
        return all(map(self.statement, body))

    def statement(self, statement: Statement) -> bool:
        match statement:
            case Eqn():
                return self.equation(statement)
            case If(targets, condition, then, orelse):
                known = condition not in self.versions and self.block(then.body) and self.block(orelse.body)
                return known and self.hand_on(then.results, orelse.results, targets)
            case For(init=init, body=body, targets=targets):
                known = self.versions.keys().isdisjoint(atoms_of(statement)[:3])
                return known and self.region(body, body.params[1:], init, targets)
            case While(targets, init, condition, body):
                (tested,) = condition.results
                known = self.hand_on(init, init, condition.params) and self.block(condition.body)
                return known and tested not in self.versions and self.region(body, body.params, init, targets)

    def region(
        self, body: Region, params: Sequence[Var], init: Sequence[Atom], targets: Sequence[Var]
    ) -> bool:
        """The body of a loop in the loop."""
        known = self.hand_on(init, init, params) and self.block(body.body)
        return known and self.hand_on(init, body.results, targets)

    def hand_on(self, one: Sequence[Atom], other: Sequence[Atom], targets: Sequence[Var]) -> bool:
        """Let targets be what both are; False where that is not the same carried value, if any."""
        for a, b, target in zip(one, other, targets, strict=True):
            if self.versions.get(a) != self.versions.get(b):
                return False
            if a in self.versions:
                self.versions[target] = self.versions[a]
        return True

    def equation(self, eqn: Eqn) -> bool:
        shapes = eqn.primitive.shape_only
        used = [k for k, each in enumerate(eqn.operands) if each in self.versions and k not in shapes]
        if not used:
            return True
        name, first = eqn.primitive.name, eqn.operands[used[0]]
        if len(used) > 1:
            return False
        if isinstance(first.type, Scalar):
            self.versions[eqn.target] = self.versions[first]
            return name == "add" or (name == "sub" and used == [0])
        if name not in ("getitem", "store", "index_add") or used != [0] or not isinstance(first.type, Array):
            return False
        if name != "getitem":
            self.versions[eqn.target] = self.versions[first]
        elif not isinstance(eqn.target.type, Scalar):
            return False
        self.accesses[self.versions[first]].append(Access.of(eqn, self.position))
        return True


def differ(a: Sum, b: Sum, limits: Limits, varying: Set[Any] = frozenset()) -> bool:
    """Whether two indices are never of the same element, whatever the `varying` ones are: -1 is the last."""
    if not (limits.is_counted(a) and limits.is_counted(b)):
        return False
    after_a, after_b = (a[0], a[1] + 1), (b[0], b[1] + 1)
    return limits.is_at_most(after_a, b, varying) or limits.is_at_most(after_b, a, varying)
