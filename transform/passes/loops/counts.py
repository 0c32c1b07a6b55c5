"""How often loops run, as sums: what a tape for all that they record must hold, and where each value stands.

for j in range(n):                 n * (n - 1) // 2 values; that of (j, k) is number
    for k in range(j):             j * (j - 1) // 2 + k
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from ...ir import Atom, Eqn, For, Lit, Var
from ...rules.build import Builder, Value, op
from ...types import Array, Dim, Scalar, Size

__all__ = ["Pair", "Scope", "Trips", "pair_of", "trips_of"]


@dataclass(frozen=True)
class Linear:
    """A sum of ints with factors, plus a number. A length is known by its symbol."""

    terms: Mapping[Any, int]
    number: int

    def plus(self, other: Linear, times: int = 1) -> Linear:
        terms = dict(self.terms)
        for key, factor in other.terms.items():
            terms[key] = terms.get(key, 0) + times * factor
        terms = {key: factor for key, factor in terms.items() if factor}
        return Linear(terms, self.number + times * other.number)

    def minus(self, other: Linear) -> Linear:
        return self.plus(other, -1)

    def without(self, key: Any) -> Linear:
        return Linear({k: factor for k, factor in self.terms.items() if k != key}, self.number)

    @property
    def is_counted(self) -> bool:
        """Whether it is surely not negative: a length is not."""
        counted = all(factor > 0 and not isinstance(key, Var) for key, factor in self.terms.items())
        return counted and self.number >= 0


class Scope:
    """What is there before a statement: the ints that a sum may be made of."""

    def __init__(self, made: Mapping[Any, Eqn]) -> None:
        self.made = made
        self.there: set[Atom] = set()
        self.lengths: dict[Any, Atom | tuple[Var, int]] = {}
        """Where a length is found, by its symbol or, where that is not there, as a dim."""

    def inner(self) -> Scope:
        """A scope for a region: what it adds is not seen outside."""
        scope = Scope(self.made)
        scope.there, scope.lengths = set(self.there), dict(self.lengths)
        return scope

    def add(self, *variables: Var) -> None:
        self.there.update(variables)
        for var in variables:
            if isinstance(var.type, Scalar) and var.type.size is not None:
                self.lengths.setdefault(_key(var.type.size), var)
            for axis, size in enumerate(var.type.dims if isinstance(var.type, Array) else ()):
                self.lengths.setdefault(_key(size), (var, axis))

    def linear(self, atom: Atom, indices: Set[Atom] = frozenset()) -> Linear | None:
        """An int as a sum of what is there and of indices of loops; None where it is none."""
        if isinstance(atom, Lit):
            return Linear({}, atom.value) if type(atom.value) is int else None
        if not isinstance(atom.type, Scalar) or atom.type.dtype.kind != "i":
            return None
        size = atom.type.size
        if isinstance(size, int):
            return Linear({}, size)
        if isinstance(size, Dim) and (found := self.length(size)) is not None:
            return found
        eqn = self.made.get(atom)
        if eqn is not None and (found := self._sum(eqn, indices)) is not None:
            return found
        return Linear({atom: 1}, 0) if atom in indices or atom in self.there else None

    def length(self, size: Size) -> Linear | None:
        """The length of a dim. One less a number is never negative, which a sum would be."""
        if isinstance(size, int):
            return Linear({}, size)
        if size.offset > 0 and size.symbol in self.lengths:
            return Linear({size.symbol: 1}, size.offset)
        return Linear({_key(size): 1}, 0) if _key(size) in self.lengths else None

    def _sum(self, eqn: Eqn, indices: Set[Atom]) -> Linear | None:
        name = eqn.primitive.name.removeprefix("int_")
        if name not in ("add", "sub", "mul", "neg") or eqn.target.type.dtype.kind != "i":
            return None
        parts = [self.linear(operand, indices) for operand in eqn.operands]
        if any(part is None for part in parts):
            return None
        a, b = (parts[0], parts[-1])
        assert a is not None
        assert b is not None
        match name:
            case "neg":
                return Linear({}, 0).minus(a)
            case "add":
                return a.plus(b)
            case "sub":
                return a.minus(b)
        if a.terms and b.terms:
            return None
        return Linear({}, 0).plus(a, b.number) if not b.terms else Linear({}, 0).plus(b, a.number)

    def value(self, builder: Builder, total: Linear, known: Sequence[Atom] = ()) -> Any:
        """A sum as equations, an int where it is one; `known` are ints that may be just that."""
        for atom in known:
            if atom in self.there and self.linear(atom) == total:
                return builder.value(atom)
        made: Any = None
        for key, factor in sorted(total.terms.items(), key=lambda term: term[1] < 0):
            term = self._term(builder, key)
            part = term if abs(factor) == 1 else op.mul(term, abs(factor))
            made = _joined(made, part, factor < 0)
        if made is None:
            return total.number
        number = total.number
        return op.add(made, number) if number > 0 else op.sub(made, -number) if number else made

    def extent(self, builder: Builder, size: Size) -> Any:
        """The length of a dim as an equation, an int where it is known; None where it is not there."""
        if isinstance(size, int):
            return size
        if _key(size) in self.lengths:
            return self._term(builder, _key(size))
        if size.symbol not in self.lengths:
            return None
        whole = self._term(builder, size.symbol)
        return op.add(whole, size.offset) if size.offset > 0 else op.sub(whole, -size.offset)

    def _term(self, builder: Builder, key: Any) -> Value:
        found = key if isinstance(key, Var) else self.lengths[key]
        if isinstance(found, tuple):
            array, axis = found
            return op.dim(builder.value(array), axis=axis)
        return builder.value(found)


def _key(size: Size) -> Any:
    """What a length is known by: a symbol, or a dim that is a symbol and a number."""
    if isinstance(size, int):
        return size
    return Dim(size.symbol, size.offset) if size.offset else size.symbol


def _joined(sofar: Value | None, part: Value, negative: bool) -> Value:
    if sofar is None:
        return op.neg(part) if negative else part
    return op.sub(sofar, part) if negative else op.add(sofar, part)


@dataclass(frozen=True)
class Trips:
    """The trips of a loop over ints with a known step, each with a number.

    That of range(n) and of range(n - 1, -1, -1) is the index itself.
    """

    loop: For
    start: Linear
    span: Linear
    """How far it is from the start to the stop: how many trips there are, times the step."""
    step: int

    def number(self, index: Value, start: Atom) -> Value:
        """The number of the trip with an index, of a loop that starts there."""
        by = abs(self.step)
        if self.is_down_to_zero or (self.step > 0 and isinstance(start, Lit) and start.value == 0):
            far = index
        else:
            far = op.sub(index, start) if self.step > 0 else op.sub(start, index)
        return op.floordiv(far, by) if by > 1 else far

    @property
    def is_down_to_zero(self) -> bool:
        stop = self.loop.stop
        return self.step == -1 and isinstance(stop, Lit) and bool(stop.value == -1)

    def index(self, number: Linear) -> Linear:
        """The index of the trip with a number, for a step of 1 or -1."""
        if self.is_down_to_zero:
            return number
        return self.start.plus(number, self.step)

    def count(self, scope: Scope, builder: Builder) -> Any:
        """How many there are, an int where it is known."""
        return self._ceiling(scope, builder, self.span)

    def place(self, index: Value, start: Atom) -> Value:
        """Where an array of `room` elements has that of a trip."""
        return index if self.starts_late else self.number(index, start)

    def room(self, scope: Scope, builder: Builder) -> Any:
        """How long an array is that has a place for each trip."""
        return self._ceiling(scope, builder, self.span.plus(self.start) if self.starts_late else self.span)

    @property
    def starts_late(self) -> bool:
        """Whether the first places stay free: that i - 1 >= 0 in range(1, n) is not seen by compilers."""
        start = self.loop.start
        return self.step == 1 and isinstance(start, Lit) and 0 < start.value <= 2

    def _ceiling(self, scope: Scope, builder: Builder, far: Linear) -> Any:
        span, by = scope.value(builder, far, [self.loop.stop, self.loop.start]), abs(self.step)
        if isinstance(span, int):
            return max(-(-span // by), 0)
        if by > 1:
            span = op.floordiv(op.add(span, by - 1), by)
        return span if far.is_counted else op.max2(span, 0)


def trips_of(loop: For, scope: Scope, indices: Set[Atom]) -> Trips | None:
    """The trips of a loop; None where its range is not made of sums."""
    if not isinstance(loop.step, Lit) or type(loop.step.value) is not int or loop.step.value == 0:
        return None
    start, stop = (scope.linear(atom, indices) for atom in (loop.start, loop.stop))
    if start is None or stop is None:
        return None
    step = loop.step.value
    return Trips(loop, start, stop.minus(start) if step > 0 else start.minus(stop), step)


@dataclass(frozen=True)
class Pair:
    """A loop in a loop that has `first + more * number` trips in the outer trip of that number."""

    outer: Trips
    inner: Trips
    first: Linear
    more: int

    def count(self, scope: Scope, builder: Builder) -> Any:
        """How many trips the inner loop has in all."""
        n = self.outer.count(scope, builder)
        return self.before(scope, builder, n)

    def before(self, scope: Scope, builder: Builder, number: Any) -> Any:
        """How many trips the inner loop has before the outer trip of that number."""
        if isinstance(number, int):
            number = builder.value(number)
        growth = op.floordiv(op.mul(number, op.sub(number, 1)), 2)
        growth = growth if abs(self.more) == 1 else op.mul(growth, abs(self.more))
        first = scope.value(builder, self.first)
        if isinstance(first, int) and first == 0:
            return growth
        start = number if isinstance(first, int) and first == 1 else op.mul(first, number)
        return op.add(start, growth) if self.more > 0 else op.sub(start, growth)


def pair_of(outer: Trips, inner: Trips) -> Pair | None:
    """Two loops whose trips can be counted in one go: none of the inner loops has fewer than no trips."""
    if abs(outer.step) != 1 or abs(inner.step) != 1:
        return None
    index = outer.loop.body.params[0]
    factor, rest = inner.span.terms.get(index, 0), inner.span.without(index)

    def trips(number: Linear) -> Linear:
        return rest.plus(outer.index(number), factor)

    first = trips(Linear({}, 0))
    more = trips(Linear({}, 1)).minus(first)
    last = trips(outer.span.plus(Linear({}, -1)))
    if more.terms or more.number == 0 or not (first if more.number > 0 else last).is_counted:
        return None
    return Pair(outer, inner, first, more.number)
