"""What a reverse sweep has just stored is not read back, and what is overwritten unread is not stored.

    x_bar[i] = e_bar
    q_bar = x_bar[i]
    x_bar[i] = 0.0                 --->      x_bar[k] -= e_bar * y
    x_bar[k] -= q_bar * y                    x_bar[i] = e_bar / e
    x_bar[i] += q_bar / e

Redundant loads and dead stores of elements (Muchnick, Advanced Compiler Design, 1997, section 18.10), within
one block. A compiler does not see that k is another place than i.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ...ir import (
    Atom,
    Eqn,
    Function,
    Lit,
    Statement,
    Sweep,
    atoms_of,
    has_effect,
    map_regions,
    reads,
    regions_of,
    substitute,
)
from ...rules.build import Builder
from ...rules.registry import PRIMITIVES
from ...types import Array, Scalar
from .limits import Limits, Sum
from .uses import Access

__all__ = ["settled"]


def settled(function: Function) -> Function:
    """The function without reads of what is known, and without stores that nobody sees."""
    known: dict[Any, Any] = {}
    limits = Limits(function)

    def new(atom: Any) -> Any:
        while atom in known:
            atom = known[atom]
        return atom

    def block(body: Sequence[Statement]) -> tuple[Statement, ...]:
        inner = [map_regions(statement, block) for statement in body]
        return tuple(_Block(limits, known).done_with(inner))

    made = block(function.body)
    if not known:
        return function
    body = tuple(substitute(statement, new) for statement in made)
    return replace(function, body=body, results=tuple(map(new, function.results)))


@dataclass(eq=False)
class _Element:
    """An element whose value is known."""

    place: dict[int, Sum]
    value: Atom
    store: Eqn | None
    """What has stored it, if nothing has read it since."""


class _Block:
    def __init__(self, limits: Limits, known: dict[Any, Any]) -> None:
        self.limits, self.known = limits, known
        self.first: dict[Atom, Atom] = {}
        """The version of an array with which the block begins, by each later one."""
        self.elements: dict[Atom, list[_Element]] = {}
        self.done: list[Statement] = []

    def done_with(self, body: Sequence[Statement]) -> list[Statement]:
        for statement in body:
            access = self.access(statement)
            if access is not None:
                self.element(access)
                continue
            self.forget(statement)
            self.done.append(statement)
            if isinstance(statement, Eqn) and statement.primitive.consumes:
                self.first[statement.target] = self.start(statement.operands[0])
        return self.done

    def start(self, array: Atom) -> Atom:
        return self.first.get(array, array)

    def access(self, statement: Statement) -> Access | None:
        """A statement as what it does with one element, a number of the array's own type."""
        if not isinstance(statement, Eqn) or statement.sweep is not Sweep.REVERSE:
            return None
        name = statement.primitive.name
        if name not in ("getitem", "store", "index_add") or not isinstance(statement.operands[0].type, Array):
            return None
        access = Access.of(statement, 0)
        place = access.place(self.limits)
        value = statement.target if name == "getitem" else statement.operands[1]
        plain = isinstance(value.type, Scalar) and value.type.dtype == statement.operands[0].type.dtype
        return access if plain and place and len(statement.params["index"]) == len(place) else None

    def element(self, access: Access) -> None:
        eqn, place = access.eqn, access.place(self.limits)
        array = self.start(eqn.operands[0])
        elements = self.elements.setdefault(array, [])
        there = next((each for each in elements if each.place == place), None)
        if access.kind == "getitem":
            if there is not None:
                self.known[eqn.target] = there.value
                return
            for each in elements:
                if not access.is_apart(each.place, self.limits):
                    each.store = None
            elements.append(_Element(place, eqn.target, None))
            self.done.append(eqn)
            return
        self.first[eqn.target] = array
        if there is not None and there.store is not None:
            self.done.remove(there.store)
            self.known[there.store.target] = there.store.operands[0]
            if access.kind == "index_add":
                eqn = self.total(there.value, eqn)
        self.done.append(eqn)
        apart = [each for each in elements if access.is_apart(each.place, self.limits)]
        changed = [_Element(place, eqn.operands[1], eqn)] if eqn.primitive.name == "store" else []
        self.elements[array] = [*apart, *changed]

    def total(self, before: Atom, eqn: Eqn) -> Eqn:
        """What is added to a number that would be stored, stored with it."""
        value = eqn.operands[1]
        if not (isinstance(before, Lit) and before.value == 0):
            builder = Builder()
            builder.origin, builder.sweep = eqn.origin, eqn.sweep
            value = (builder.value(before) + builder.value(value)).atom
            self.done += builder.body
        operands = (eqn.operands[0], value, *eqn.operands[2:])
        return replace(eqn, primitive=PRIMITIVES["store"], operands=operands)

    def forget(self, statement: Statement) -> None:
        """Nothing is known of what another statement reads or changes."""
        if has_effect(statement):
            self.elements.clear()
            return
        touched = [*atoms_of(statement)]
        for region in regions_of(statement):
            touched += [*reads(region.body), *region.results]
        for atom in touched:
            self.elements.pop(self.start(atom), None)
