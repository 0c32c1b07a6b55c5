"""Products that read a matrix twice, done block by block of its rows: a block is still in the cache.

    a = X @ w                        rows = 64 + 32768 // (1 + X.shape[1])
    r = a - y                        w_bar = np.zeros(w.shape)
    w_bar = X.T @ r        --->      for start in range(0, X.shape[0], rows):
                                         stop = start + rows
                                         X_block, y_block = X[start:stop], y[start:stop]
                                         r = X_block @ w - y_block
                                         w_bar += X_block.T @ r

All that is computed row by row between the two products shares the loop, and needs only the memory of a
block. What sums over all rows is summed up block by block; nothing that is done for a row may need such a sum
(loop blocking: Allen and Kennedy, Optimizing Compilers for Modern Architectures, 2001, chapter 9).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from ...ir import Atom, Eqn, For, Function, Lit, Slot, Statement, Var, has_effect, reads
from ...names import BLOCK
from ...rules.build import Builder, Value, op
from ...rules.creation import new_array
from ...rules.reductions import axes_of
from ...rules.registry import PRIMITIVES
from ...types import INT, Array, Dim, Size, Type, rank

__all__ = ["blocked"]

FEWEST, NUMBERS = 64, 32768
"""The rows of a block are enough for BLAS; their numbers stay in a second-level cache."""

_LENGTH = Dim("rows")

_BY_ROW = frozenset({"all", "any", "astype", "cast", "expand_dims", "max", "min", "prod", "sum"})


def blocked(function: Function) -> Function:
    """The function with a loop over blocks of rows, where that reads a matrix once instead of twice."""
    for matrix in _read_twice(function.body):
        chain = _Chain(matrix)
        if chain.takes(function.body, function.results):
            return replace(function, body=tuple(chain.split(function.body)))
    return function


def _read_twice(body: Sequence[Statement]) -> Iterator[Var]:
    """The matrices X of which there are products X @ W and X.T @ R."""
    made = {s.target: s for s in body if isinstance(s, Eqn)}
    firsts = [eqn.operands[0] for eqn in made.values() if eqn.primitive.name == "matmul"]
    for first in firsts:
        turned = made.get(first) if isinstance(first, Var) else None
        if turned is not None and _is_transpose(turned) and (matrix := turned.operands[0]) in firsts:
            assert isinstance(matrix, Var)
            if isinstance(_length(matrix), Dim):
                yield matrix


def _is_transpose(eqn: Eqn) -> bool:
    return eqn.primitive.name == "transpose" and eqn.params["axes"] is None and rank(eqn.target.type) == 2


def _dims(atom: Atom) -> tuple[Size, ...]:
    return atom.type.dims if isinstance(atom.type, Array) else ()


def _length(matrix: Atom) -> Size:
    return _dims(matrix)[0]


def _reads_length(eqn: Eqn) -> bool:
    """Whether of an array's rows an equation reads no more than how many there are."""
    if eqn.primitive.name == "dim":
        return bool(eqn.params["axis"] == 0)
    return eqn.primitive.name == "size" and rank(eqn.operands[0].type) == 1


@dataclass(eq=False)
class _Chain:
    """What is done row by row with a matrix.

    members  its equations, in program order
    rows     those that make rows: whole arrays otherwise
    sums     those that sum over all rows
    given    arrays from elsewhere of which a block is read, and that block
    later    what is made of the sums
    """

    matrix: Var
    members: list[Eqn] = field(default_factory=list)
    rows: dict[Var, Eqn] = field(default_factory=dict)
    sums: dict[Var, Eqn] = field(default_factory=dict)
    given: dict[Atom, Var] = field(default_factory=dict)
    later: set[Atom] = field(default_factory=set)

    # What belongs to it

    def takes(self, body: Sequence[Statement], results: Sequence[Atom]) -> bool:
        """Whether a loop over blocks can take the place of all that is done with rows."""
        if not all(map(self.add, body)) or not self.rows.keys().isdisjoint(results):
            return False
        products = {eqn.operands[0] for eqn in self.members if eqn.primitive.name == "matmul"}
        turned = {eqn.operands[0] for eqn in self.members if _is_transpose(eqn)}
        if self.matrix not in products & turned & self.given.keys():
            return False
        first, last = self.span(body)
        others = [s for s in body[first:last] if not self.has(s)]
        return all(
            isinstance(s, Eqn) and not s.primitive.consumes and not has_effect(s) for s in others
        ) and not any(self.places(target) is None for target in self.sums)

    def add(self, statement: Statement) -> bool:
        """Take a statement in, if it belongs here; False where it needs all rows at once."""
        needed = set(reads([statement]))
        if not isinstance(statement, Eqn) or not needed.isdisjoint(self.later):
            if not needed.isdisjoint(self.later):
                self.later.update(statement.targets)
            return needed.isdisjoint(self.rows)
        if self.is_row(statement):
            self.rows[statement.target] = statement
        elif self.is_sum(statement):
            self.sums[statement.target] = statement
            self.later.add(statement.target)
        else:
            return needed.isdisjoint(self.rows) or _reads_length(statement)
        self.members.append(statement)
        for each in statement.operands:
            if isinstance(each, Var) and self.has_rows(each) and each not in self.rows:
                self.given.setdefault(each, Var(BLOCK.format(each.name), self.of_block(each.type)))
        return True

    def is_row(self, eqn: Eqn) -> bool:
        """Whether each row of an equation's result is made of the same rows of its operands."""
        target, name = eqn.target, eqn.primitive.name
        if eqn.primitive.consumes or eqn.others or not eqn.operands:
            return False
        first, *others = eqn.operands
        if _is_transpose(eqn):
            return self.has_rows(first)
        if not self.has_rows(target):
            return False
        if name == "matmul":
            return self.has_rows(first) and rank(first.type) == 2 and all(map(self.is_apart, others))
        if name in _BY_ROW:
            return self.has_rows(first)
        return eqn.primitive.elementwise and all(
            self.is_apart(each) or (self.has_rows(each) and rank(each.type) == rank(target.type))
            for each in eqn.operands
        )

    def is_sum(self, eqn: Eqn) -> bool:
        """Whether an equation sums over all rows."""
        if not eqn.operands or not self.is_apart(eqn.target) or not _is_summed(eqn.target.type):
            return False
        first, *others = eqn.operands
        if eqn.primitive.name == "sum":
            axes = axes_of(eqn.params["axis"], rank(first.type))
            return self.has_rows(first) and not eqn.params["keepdims"] and 0 in axes
        if eqn.primitive.name != "matmul" or not self.has_rows(others[0]):
            return False
        turned = self.rows.get(first) if isinstance(first, Var) else None
        if turned is not None and _is_transpose(turned):
            return True
        return rank(first.type) == 1 and self.has_rows(first)

    def has_rows(self, atom: Atom) -> bool:
        """Whether the first axis of an array, and no other, is that of the rows."""
        return [k for k, size in enumerate(_dims(atom)) if self.is_length(size)] == [0]

    def is_apart(self, atom: Atom) -> bool:
        """Whether a value has nothing to do with rows."""
        return not any(map(self.is_length, _dims(atom)))

    def is_length(self, size: Size) -> bool:
        own = _length(self.matrix)
        assert isinstance(own, Dim)
        return isinstance(size, Dim) and (size.symbol, size.offset) == (own.symbol, own.offset)

    def has(self, statement: Statement) -> bool:
        return statement.targets[0] in self.rows or statement.targets[0] in self.sums

    def span(self, body: Sequence[Statement]) -> tuple[int, int]:
        """Where its first statement stands, and its last."""
        places = [k for k, statement in enumerate(body) if statement.targets and self.has(statement)]
        return places[0], places[-1]

    def places(self, target: Var) -> list[tuple[Atom, int] | int] | None:
        """An axis that has the length of each axis of a sum, or that length; None if one is not found."""
        read = dict.fromkeys(each for eqn in self.members for each in eqn.operands)
        there = [each for each in read if each not in self.rows]
        found: list[tuple[Atom, int] | int] = []
        for size in _dims(target):
            axes = [(each, k) for each in there for k, own in enumerate(_dims(each)) if own == size]
            if not isinstance(size, int) and not axes:
                return None
            found.append(size if isinstance(size, int) else axes[0])
        return found

    # The loop

    def split(self, body: Sequence[Statement]) -> Iterator[Statement]:
        """The statements before the loop, the loop, and those after it."""
        first, last = self.span(body)
        rest = [(k, self.by_matrix(s)) for k, s in enumerate(body) if not self.has(s)]
        early = [k < first or (k < last and self.later.isdisjoint(s.targets)) for k, s in rest]
        yield from (s for (_, s), before in zip(rest, early, strict=True) if before)
        yield from self.loop()
        yield from (s for (_, s), before in zip(rest, early, strict=True) if not before)

    def by_matrix(self, statement: Statement) -> Statement:
        """A statement that reads how many rows there are reads it from the matrix."""
        if self.rows.keys().isdisjoint(reads([statement])):
            return statement
        assert isinstance(statement, Eqn)
        return replace(statement, primitive=PRIMITIVES["dim"], operands=(self.matrix,), params={"axis": 0})

    def loop(self) -> Sequence[Statement]:
        leading = self.members[0]
        builder = Builder()
        builder.origin, builder.sweep = leading.origin, leading.sweep
        matrix = builder.value(self.matrix)
        rows = builder.name(FEWEST + op.floordiv(NUMBERS, 1 + op.dim(matrix, axis=1)), "rows")
        init = tuple(self.zeros(target, builder).atom for target in self.sums)
        end = op.dim(matrix, axis=0).atom
        start = Var("start", INT)
        sofar = [Var(target.name, target.type) for target in self.sums]
        region = builder.region(lambda: self.block(builder, start, rows, sofar), (start, *sofar))
        builder.body.append(
            For(tuple(self.sums), Lit(0), end, rows.atom, init, region, builder.origin, builder.sweep)
        )
        return builder.finish()

    def zeros(self, target: Var, builder: Builder) -> Value:
        """What a sum begins with."""
        if not isinstance(target.type, Array):
            return builder.value(Lit(0.0))
        places = self.places(target)
        assert places is not None
        sizes = [
            each if isinstance(each, int) else op.dim(builder.value(each[0]), axis=each[1]) for each in places
        ]
        return new_array(builder, "zeros", sizes, target.type)

    def block(self, builder: Builder, start: Var, rows: Value, sofar: Sequence[Var]) -> list[Value]:
        """What is done with a block of rows: its sums are added to those of the blocks before."""
        stop = builder.name(op.add(builder.value(start), rows), "stop")
        new: dict[Atom, Atom] = {**self.given}
        params = {"index": (slice(Slot(1), Slot(2)),), "lengths": (_LENGTH,)}
        for array, part in self.given.items():
            place = (array, start, stop.atom)
            builder.body.append(
                Eqn(part, PRIMITIVES["getitem"], place, params, builder.origin, builder.sweep)
            )
        totals = dict(zip(self.sums, map(builder.value, sofar), strict=True))
        for eqn in self.members:
            name = BLOCK.format(eqn.target.name) if eqn.target in totals else eqn.target.name
            target = Var(name, self.of_block(eqn.target.type), eqn.target.temporary)
            operands = tuple(new.get(each, each) for each in eqn.operands)
            builder.body.append(replace(eqn, target=target, operands=operands))
            new[eqn.target] = target
            if eqn.target in totals:
                builder.origin, builder.sweep = eqn.origin, eqn.sweep
                totals[eqn.target] = _added(totals[eqn.target], builder.value(target))
        return list(totals.values())

    def of_block(self, type_: Type) -> Type:
        """The type of a block of an array of this type."""
        if not isinstance(type_, Array):
            return type_
        return replace(type_, dims=tuple(_LENGTH if self.is_length(size) else size for size in type_.dims))


def _is_summed(type_: Type) -> bool:
    return type_.dtype.kind == "f" if isinstance(type_, Array) else type_.dtype == np.float64


def _added(total: Value, value: Value) -> Value:
    if not value.is_array:
        return op.add(total, value)
    everywhere = (slice(None),) * rank(value.type)
    return total.builder.apply(PRIMITIVES["index_add"], (total, value), {"index": everywhere})
