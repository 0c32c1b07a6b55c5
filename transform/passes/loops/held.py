"""An element that each iteration of an innermost loop changes is held in a number meanwhile.

    for j in range(n):                        e_bar = x_bar[i]
        x_bar[i] += y_bar[j] * A[i, j]        for j in range(n):
        y[j] = 0.0                    --->        e_bar = e_bar + y_bar[j] * A[i, j]
                                                  y[j] = 0.0
                                              x_bar[i] = e_bar

Scalar replacement (Callahan, Carr, Kennedy: Improving register allocation for subscripted variables, 1990).
Otherwise each iteration would wait until the one before has written to memory what it then reads. An element
that is only read, while the loop writes to others of the same array, is read once before the loop.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ...ir import Atom, Eqn, For, Function, Region, Statement, Var, While, has_effect, map_regions, substitute
from ...names import ADJOINT
from ...rules.build import Builder
from ...rules.index import INDEX_AT, shifted
from ...rules.registry import PRIMITIVES
from ...types import Array, Scalar
from ..memory import defined_in
from .limits import Limits
from .uses import Access, Uses

__all__ = ["holding"]


def holding(function: Function) -> Function:
    """The function with the elements that innermost loops change held in numbers."""
    return replace(function, body=_block(function.body, Limits(function)))


def _block(body: Sequence[Statement], limits: Limits) -> tuple[Statement, ...]:
    done: list[Statement] = []
    for position, statement in enumerate(body):
        inner = map_regions(statement, lambda region: _block(region, limits))
        if isinstance(inner, For) and not any(isinstance(each, (For, While)) for each in inner.body.body):
            beside = _Beside(body, position, limits)
            done += _with_numbers(inner, beside, limits)
        else:
            done.append(inner)
    return tuple(done)


def _with_numbers(loop: For, beside: _Beside, limits: Limits) -> list[Statement]:
    before: list[Statement] = []
    after: list[Statement] = []
    while (found := _found(loop, beside, limits)) is not None:
        rewrite = _Rewrite(found)
        before.append(rewrite.load())
        loop, stored = rewrite.statements()
        after = [*stored, *after]
    return [*before, loop, *after]


class _Beside:
    """What the block that a loop stands in surely reads or writes: that is inside of the arrays."""

    def __init__(self, body: Sequence[Statement], position: int, limits: Limits) -> None:
        self.limits = limits
        self.accesses: list[Access] = []
        for k, statement in enumerate(body):
            if k > position and has_effect(statement):
                break
            if isinstance(statement, Eqn) and statement.primitive.name in INDEX_AT:
                if isinstance(statement.operands[0].type, Array):
                    self.accesses.append(Access.of(statement, k))

    def has(self, access: Access, loop: For) -> bool:
        """Whether an element that a loop's body is about is there, even if the loop never runs."""
        array, place, limits = access.eqn.operands[0], access.place(self.limits), self.limits
        assert isinstance(array, Var)
        assert isinstance(array.type, Array)
        sizes = array.type.dims
        if all(limits.is_counted(at) and limits.is_below(at, sizes[axis]) for axis, at in place.items()):
            return True
        start, stop = limits.sum(loop.start), limits.sum(loop.stop)
        if limits.is_at_most((start[0], start[1] + 1), stop):
            return True
        return any(self.is_same(each, array, place) for each in self.accesses)

    def is_same(self, other: Access, array: Var, place: dict[int, Any]) -> bool:
        same = other.eqn.operands[0].type == array.type and other.place(self.limits) == place
        return same and self.first(other.eqn.operands[0]) is self.first(array)

    def first(self, array: Any) -> Any:
        """The oldest version of an array that stores and loops have changed."""
        while array in self.limits.versions:
            array = self.limits.versions[array]
        return array


@dataclass(frozen=True)
class _Held:
    """All accesses of a loop to one element of the array that it carries as its value `k`."""

    loop: For
    k: int
    accesses: tuple[Access, ...]

    @property
    def changes(self) -> bool:
        return any(each.kind != "getitem" for each in self.accesses)


def _found(loop: For, beside: _Beside, limits: Limits) -> _Held | None:
    inside = defined_in([loop.body])
    for k, param in enumerate(loop.body.params[1:]):
        if not isinstance(param.type, Array) or param.type.dtype.kind not in "fc":
            continue
        uses = Uses(loop, [k])
        if not uses.are_known:
            continue
        for first in uses.accesses[k]:
            held = _Held(loop, k, _of_one(first, uses.accesses[k], limits))
            if held.accesses and _is_worth_it(held) and inside.isdisjoint(first.places.values()):
                if all(map(_is_number, held.accesses)) and beside.has(first, loop):
                    return held
    return None


def _of_one(first: Access, accesses: Sequence[Access], limits: Limits) -> tuple[Access, ...]:
    """The accesses to the element that the first one is to; none if others may be to it as well."""
    place = first.place(limits)
    same = tuple(each for each in accesses if each.place(limits) == place)
    others = (each for each in accesses if each not in same)
    return same if place and all(each.is_apart(place, limits) for each in others) else ()


def _is_worth_it(held: _Held) -> bool:
    """Whether an iteration reads what one has changed, or only others of the same array change."""
    kinds = {each.kind for each in held.accesses}
    if kinds == {"store"} or not all(each.is_direct(held.loop) for each in held.accesses):
        return False
    return held.changes or held.loop.body.results[held.k] is not held.loop.body.params[held.k + 1]


def _is_number(access: Access) -> bool:
    """Whether what is read or written is a number of the array's own type, which keeps its precision."""
    eqn, dtype = access.eqn, access.eqn.operands[0].type.dtype
    value = eqn.target if access.kind == "getitem" else eqn.operands[1]
    plain = len(eqn.params["index"]) == len(access.places)
    return plain and isinstance(value.type, Scalar) and value.type.dtype == dtype


class _Rewrite:
    """The loop with a number in place of an element, which is read before it and written after it."""

    def __init__(self, held: _Held) -> None:
        self.held, self.loop = held, held.loop
        array = self.loop.body.params[held.k + 1]
        ending = ADJOINT.format("")
        self.name = ADJOINT.format("e") if array.name.endswith(ending) else "e"
        self.type = Scalar(array.type.dtype)
        self.read, self.param, self.target = (Var(self.name, self.type) for _ in range(3))
        self.known: dict[Any, Atom] = {}
        self.index, self.places = self._place()

    def _place(self) -> tuple[Any, tuple[Atom, ...]]:
        eqn = self.held.accesses[0].eqn
        first = INDEX_AT[eqn.primitive.name]
        return shifted(eqn.params["index"], -first), eqn.operands[first:]

    def access(self, name: str, target: Var, *operands: Atom) -> Eqn:
        params = {"index": shifted(self.index, len(operands))}
        loop, operands = self.loop, (*operands, *self.places)
        return Eqn(target, PRIMITIVES[name], operands, params, loop.origin, loop.sweep)

    def load(self) -> Eqn:
        return self.access("getitem", self.read, self.loop.init[self.held.k])

    def statements(self) -> tuple[For, list[Statement]]:
        """The loop, and what stands after it."""
        loop, k = self.loop, self.held.k
        current: Atom = self.param if self.held.changes else self.read
        body: list[Statement] = []
        for statement in loop.body.body:
            if any(statement is each.eqn for each in self.held.accesses):
                assert isinstance(statement, Eqn)
                current = self.replaced(statement, current, body)
            else:
                body.append(substitute(statement, self.new))
        results = tuple(map(self.new, loop.body.results))
        if not self.held.changes:
            return replace(loop, body=replace(loop.body, body=tuple(body), results=results)), []
        target = loop.targets[k]
        whole = Var(target.name, target.type, target.temporary)
        made = replace(
            loop,
            targets=(*loop.targets[:k], whole, *loop.targets[k + 1 :], self.target),
            init=(*loop.init, self.read),
            body=Region((*loop.body.params, self.param), tuple(body), (*results, current)),
        )
        return made, [self.access("store", target, whole, self.target)]

    def new(self, atom: Any) -> Any:
        while atom in self.known:
            atom = self.known[atom]
        return atom

    def replaced(self, eqn: Eqn, current: Atom, body: list[Statement]) -> Atom:
        """The number after an access; what else that takes is added to the body."""
        if eqn.primitive.name == "getitem":
            self.known[eqn.target] = current
            return current
        self.known[eqn.target] = eqn.operands[0]
        value: Atom = self.new(eqn.operands[1])
        if eqn.primitive.name == "store":
            return value
        builder = Builder()
        builder.origin, builder.sweep = eqn.origin, eqn.sweep
        made = next((each for each in body if isinstance(each, Eqn) and each.target is value), None)
        if made is not None and made.primitive.name == "neg":
            builder.value(current) - builder.value(made.operands[0])
        else:
            builder.value(current) + builder.value(value)
        (total,) = builder.body
        assert isinstance(total, Eqn)
        changed = Var(self.name, self.type)
        body.append(replace(total, target=changed))
        return changed
