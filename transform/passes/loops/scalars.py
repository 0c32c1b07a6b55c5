"""Small arrays that a loop makes in each iteration, and only touches element by element, become numbers.

    for i in range(n):                            for i in range(n):
        t = np.empty(2)                               t = x[i, 0] * a
        for j in range(2):            --->            t_2 = x[i, 1] * a
            t[j] = x[i, j] * a
        s += t[0] * t[1]                              s += t * t_2

Scalar replacement of aggregates (Muchnick, Advanced Compiler Design, 1997, section 12.2): points of the plane
and of space, and what belongs to them, are in registers then. The loops over their elements are written out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ...ir import (
    Atom,
    Eqn,
    For,
    Function,
    If,
    Lit,
    Slot,
    Statement,
    Var,
    While,
    atoms_of,
    map_regions,
    regions_of,
    substitute,
)
from ...rules.index import INDEX_AT
from ...rules.registry import PRIMITIVES
from ...types import Array, Scalar
from .groups import NEW

__all__ = ["scalars"]

MOST = 4
"""How many elements a small array has at most, and how many iterations a loop that is written out."""
LONGEST = 96
"""How many statements a loop is written out to at most."""
_DOUBLE = np.dtype(np.float64)


def scalars(function: Function) -> Function:
    """The function with numbers in place of small arrays."""
    plan = _Plan(function)
    while plan.arrays:
        try:
            return replace(function, body=tuple(_Writing(plan).block(function.body)))
        except _Undefined as error:
            plan.give_up(error.array)
    return function


class _Undefined(Exception):
    """An element of an array that is read before it is written, or that is not there."""

    def __init__(self, array: Var) -> None:
        super().__init__(array)
        self.array = array


class _Plan:
    """Which arrays become numbers, and which loops are written out for that.

    `first` gives the first version of an array by each version, `arrays` has those first versions that are
    left; `loops` are the loops that some of them need written out.
    """

    def __init__(self, function: Function) -> None:
        self.first: dict[Any, Var] = {}
        self.arrays: set[Var] = set()
        self.needs: dict[For, set[Var]] = {}
        self.lost: set[Var] = set()
        self.counts: dict[Any, For] = {}
        """The loop that a number counts the iterations of, but for a constant."""
        self.block(function.body, in_loop=False)
        self.lose(function.results)
        self.arrays -= self.lost

    @property
    def loops(self) -> set[For]:
        return {loop for loop, arrays in self.needs.items() if not arrays.isdisjoint(self.arrays)}

    def give_up(self, array: Var) -> None:
        self.arrays.discard(self.first[array])

    def lose(self, atoms: Sequence[Atom]) -> None:
        self.lost.update(self.first[each] for each in atoms if each in self.first)

    def block(self, body: Sequence[Statement], in_loop: bool) -> None:
        for statement in body:
            match statement:
                case Eqn():
                    self.equation(statement, in_loop)
                case For():
                    self.loop(statement)
                case If() | While():
                    self.lose(atoms_of(statement))
                    for region in regions_of(statement):
                        self.block(region.body, in_loop)
                        self.lose(region.results)

    def loop(self, loop: For) -> None:
        index, *params = loop.body.params
        self.lose((loop.start, loop.stop, loop.step))
        if _is_short(loop):
            self.counts[index] = loop
        for init, param, target in zip(loop.init, params, loop.targets, strict=True):
            if init in self.first:
                self.first[param] = self.first[target] = self.first[init]
                self.need(loop, self.first[init])
        self.block(loop.body.body, in_loop=True)
        for param, result in zip(params, loop.body.results, strict=True):
            if self.first.get(param) is not self.first.get(result):
                self.lose((param, result))

    def need(self, loop: For, array: Var) -> None:
        """An array becomes numbers only if a loop is written out."""
        if _is_short(loop):
            self.needs.setdefault(loop, set()).add(array)
        else:
            self.lost.add(array)

    def equation(self, eqn: Eqn, in_loop: bool) -> None:
        name, target = eqn.primitive.name, eqn.target
        if in_loop and name in NEW and _is_small(target):
            self.first[target] = target
            self.arrays.add(target)
            return
        base, *others = eqn.operands or (Lit(0),)
        if base in self.first and self.is_of_element(eqn):
            if name == "getitem":
                self.lose(others)
                return
            self.first[target] = self.first[base]
            self.lose(others)
            return
        self.lose(eqn.operands)
        counted = [self.counts[each] for each in eqn.operands if each in self.counts]
        if name in ("add", "sub") and len(counted) == 1 and any(isinstance(e, Lit) for e in eqn.operands):
            self.counts[target] = counted[0]

    def is_of_element(self, eqn: Eqn) -> bool:
        """Whether an equation reads or writes one element, known once loops are written out; notes which."""
        at = INDEX_AT.get(eqn.primitive.name)
        array = eqn.operands[0]
        assert isinstance(array, Var)
        assert isinstance(array.type, Array)
        if at is None or eqn.params.get("prefix") or len(eqn.params["index"]) != len(array.type.dims):
            return False
        if at == 2 and not _is_double(eqn.operands[1]):
            return False
        for entry in eqn.params["index"]:
            place = eqn.operands[entry.position] if isinstance(entry, Slot) else Lit(entry)
            if place in self.counts:
                self.need(self.counts[place], self.first[array])
            elif not isinstance(place, Lit) or type(place.value) is not int:
                return False
        return True


def _is_double(atom: Atom) -> bool:
    return isinstance(atom.type, Scalar) and atom.type.dtype == _DOUBLE


def _is_small(array: Var) -> bool:
    """Whether an array has a few doubles."""
    return isinstance(array.type, Array) and array.type.dtype == _DOUBLE and 0 < _size(array) <= MOST


def _size(array: Var) -> int:
    """How many elements an array has; 0 where that is not known."""
    assert isinstance(array.type, Array)
    return math.prod(size if isinstance(size, int) else 0 for size in array.type.dims)


def _is_short(loop: For) -> bool:
    return 0 < len(_indices(loop)) <= MOST and _length(loop) <= LONGEST


def _length(statement: Statement) -> int:
    """How many statements there are where short loops are written out."""
    inside = sum(_length(inner) for region in regions_of(statement) for inner in region.body)
    trips = len(_indices(statement)) if isinstance(statement, For) else 0
    return inside * trips if 0 < trips <= MOST else 1 + inside


def _indices(loop: For) -> Sequence[int]:
    """The indices of a loop between numbers, in the order in which it has them; none for others."""
    start, stop, step = loop.start, loop.stop, loop.step
    if not (isinstance(start, Lit) and isinstance(stop, Lit) and isinstance(step, Lit)):
        return ()
    indices = range(start.value, stop.value, step.value)
    return indices[::-1] if loop.reverse else indices


class _Writing:
    """The body written anew: `known` is what stands for a value now, `elements` has those of each array."""

    def __init__(self, plan: _Plan) -> None:
        self.plan, self.loops = plan, plan.loops
        self.known: dict[Any, Any] = {}
        self.elements: dict[Any, tuple[Atom | None, ...]] = {}
        self.depth = 0
        """How many loops are being written out: what stands in them is defined more than once."""

    def new(self, atom: Any) -> Any:
        while atom in self.known:
            atom = self.known[atom]
        return atom

    def fresh(self, var: Var) -> Var:
        self.known[var] = made = Var(var.name, var.type, var.temporary)
        return made

    def block(self, body: Sequence[Statement]) -> Iterator[Statement]:
        for statement in body:
            if isinstance(statement, Eqn):
                yield from self.equation(statement)
            elif isinstance(statement, For) and statement in self.loops:
                yield from self.written_out(statement)
            else:
                yield self.other(statement)

    def other(self, statement: Statement) -> Statement:
        if self.depth:
            for region in regions_of(statement):
                for param in region.params:
                    self.fresh(param)
        inner = map_regions(statement, self.block)
        if self.depth:
            for target in statement.targets:
                self.fresh(target)
        return substitute(inner, self.new)

    def written_out(self, loop: For) -> Iterator[Statement]:
        index, *params = loop.body.params
        now = [self.new(each) for each in loop.init]
        self.depth += 1
        for place in _indices(loop):
            self.known[index] = Lit(place)
            self.known |= zip(params, now, strict=True)
            yield from self.block(loop.body.body)
            now = [self.new(each) for each in loop.body.results]
        self.depth -= 1
        self.known |= zip(loop.targets, now, strict=True)

    def equation(self, eqn: Eqn) -> Iterator[Statement]:
        operands = tuple(map(self.new, eqn.operands))
        if eqn.target in self.plan.first and self.plan.first[eqn.target] in self.plan.arrays:
            yield from self.version(eqn, operands)
        elif operands and operands[0] in self.elements and eqn.primitive.name in NEW:
            params = {"shape": (sizes := eqn.target.type.dims), "lengths": sizes, "dtype": _DOUBLE}  # type: ignore[union-attr]
            target = self.fresh(eqn.target) if self.depth else eqn.target
            primitive = PRIMITIVES[eqn.primitive.name.removesuffix("_like")]
            yield replace(eqn, target=target, primitive=primitive, operands=(), params=params)
        elif operands and operands[0] in self.elements:
            self.known[eqn.target] = self.element(eqn, operands)
        elif (value := _folded(eqn, operands)) is not None:
            self.known[eqn.target] = value
        else:
            target, *others = [self.fresh(each) if self.depth else each for each in eqn.targets]
            yield replace(eqn, target=target, operands=operands, others=tuple(others))

    def version(self, eqn: Eqn, operands: tuple[Any, ...]) -> Iterator[Statement]:
        """A new array, or one of which an element has changed."""
        target = self.fresh(eqn.target)
        if eqn.primitive.name in NEW:
            zero = Lit(0.0) if eqn.primitive.name.startswith("zeros") else None
            self.elements[target] = (zero,) * _size(target)
            return
        base, value = operands[:2]
        k, before = self.place(eqn, operands), self.elements[base]
        if eqn.primitive.name == "index_add":
            old = self.element(eqn, operands)
            if not (isinstance(old, Lit) and old.value == 0):
                total = Var(target.name, Scalar(_DOUBLE), target.temporary)
                yield Eqn(total, PRIMITIVES["add"], (old, value), {}, eqn.origin, eqn.sweep)
                value = total
        self.elements[target] = (*before[:k], value, *before[k + 1 :])

    def element(self, eqn: Eqn, operands: tuple[Any, ...]) -> Atom:
        found = self.elements[operands[0]][self.place(eqn, operands)]
        if found is None:
            raise _Undefined(self.array(eqn))
        return found

    def place(self, eqn: Eqn, operands: tuple[Any, ...]) -> int:
        """Which of the elements, row by row, an equation reads or writes."""
        array = self.array(eqn)
        place = 0
        for entry, size in zip(eqn.params["index"], array.type.dims, strict=True):  # type: ignore[union-attr]
            k = operands[entry.position].value if isinstance(entry, Slot) else entry
            if not -size <= k < size:
                raise _Undefined(array)
            place = place * size + k % size
        return place

    def array(self, eqn: Eqn) -> Var:
        array = eqn.operands[0]
        assert isinstance(array, Var)
        return array


def _folded(eqn: Eqn, operands: Sequence[Any]) -> Atom | None:
    """The sum of an index that is known now and a number; what is added to the 0.0 that a sum starts with."""
    is_index = eqn.target.type.dtype.kind == "i"
    match eqn.primitive.name, operands:
        case "add", (Lit(value=int(a)), Lit(value=int(b))) if is_index:
            return Lit(a + b)
        case "sub", (Lit(value=int(a)), Lit(value=int(b))) if is_index:
            return Lit(a - b)
        case "add", (Lit(value=float(zero)), Var() as x) if zero == 0 and _is_double(x):
            return x
    return None
