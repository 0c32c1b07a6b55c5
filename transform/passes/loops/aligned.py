"""Nests of loops that follow each other run as one, the second some rows behind the first.

    for i in range(n):                        for i in range(n):
        for j in range(m):                        for j in range(m):
            t[i, j] = x[i, j] ** 2                    t[i, j] = x[i, j] ** 2
    for i in range(n - 2):            --->        if i >= 2:
        for j in range(m):                            for j in range(m):
            y[i, j] = t[i + 2, j] - t[i, j]               y[i - 2, j] = t[i, j] - t[i - 2, j]

What the second reads is then still in the cache (loop alignment: Allen and Kennedy, Optimizing Compilers for
Modern Architectures, 2001, section 6.2.5). The same is done to each element that one of them writes and the
other one touches: along some axis its index is that of either loop plus a number, and the second loop stays
behind by the largest difference between those.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ...ir import (
    Atom,
    Eqn,
    For,
    Function,
    If,
    Lit,
    Region,
    Statement,
    Var,
    While,
    has_effect,
    map_regions,
    substitute,
    walk,
)
from ...rules.build import Builder, op
from ...rules.registry import PRIMITIVES
from ...types import Array, List, Scalar, rank
from ..memory import carried
from .indices import plus
from .limits import Limits
from .uses import Access

__all__ = ["aligned"]

FARTHEST = 4
"""How many rows a loop may stay behind: those must still be in the cache."""


def aligned(function: Function) -> Function:
    """The function with neighbouring nests of loops run together where one needs what the other makes."""
    while True:
        aligner = _Aligner(function)
        body = aligner.block(function.body)
        if not aligner.found:
            return function
        function = replace(function, body=body)


class _Aligner:
    """What is known of a function's arrays and lengths."""

    def __init__(self, function: Function) -> None:
        self.limits = Limits(function)
        self.outside = {*function.params, *(var for var, _ in function.captures)}
        self.carried: dict[Atom, tuple[Var, Atom, Atom]] = {}
        """What a loop carries, and gives back: its param, first value and result."""
        for each in walk(function.body):
            if isinstance(each, (For, While)):
                values = [*zip(carried(each), each.init, each.body.results, strict=True)]
                self.carried.update(zip(carried(each), values, strict=True))
                self.carried.update(zip(each.targets, values, strict=True))
        self.in_place: dict[Var, bool] = {}
        self.found = False

    def block(self, body: Sequence[Statement]) -> tuple[Statement, ...]:
        done: list[Statement] = []
        for statement in body:
            inner = map_regions(statement, self.block)
            before = done[-1] if done else None
            both = isinstance(before, For) and isinstance(inner, For) and not self.found
            made = self.together(before, inner) if both else None  # type: ignore[arg-type]
            if made is None:
                done.append(inner)
            else:
                done[-1:] = made
                self.found = True
        return tuple(done)

    def together(self, first: For, second: For) -> list[Statement] | None:
        """Two loops as one, if they may be; what comes before it is how often it runs."""
        if first.sweep is not second.sweep or not (_is_nest(first) and _is_nest(second)):
            return None
        ours, theirs = self.accesses(first), self.accesses(second)
        if ours is None or theirs is None:
            return None
        behind = _rows_behind(first, second, ours, theirs, self.limits)
        if behind is None or behind > FARTHEST:
            return None
        ends = _ends(first, second, behind, self.limits)
        return None if ends is None else [*ends.before, _Rewrite(first, second, behind, ends).loop()]

    def accesses(self, loop: For) -> dict[Atom, list[Access]] | None:
        """The reads and writes of elements, by array; None where something else is done with one."""
        found: dict[Atom, list[Access]] = {}
        for statement in walk([loop]):
            if not isinstance(statement, Eqn) or not _touches_arrays(statement):
                continue
            array = _array_of(statement)
            root = self.root(array) if array is not None else None
            access = Access.of(statement, 0)
            if root is None or not access.place(self.limits):
                return None
            found.setdefault(root, []).append(access)
        return found

    def root(self, array: Atom, stop: Atom | None = None) -> Atom | None:
        """The first version of an array, with a buffer for itself; None where it may be part of another."""
        if array is stop:
            return array
        if array in self.carried:
            param, init, _ = self.carried[array]
            return self.root(init, stop) if self.stays(param) else None
        eqn = self.limits.made.get(array)  # type: ignore[arg-type]
        if eqn is None:
            return array if array in self.outside else None
        if eqn.primitive.consumes:
            return self.root(eqn.operands[0], stop)
        is_part = eqn.primitive.view or any(isinstance(each.type, List) for each in eqn.operands)
        return None if is_part else array

    def stays(self, param: Var) -> bool:
        """Whether each iteration hands on the very array that it gets, changed or not."""
        if param not in self.in_place:
            _, _, result = self.carried[param]
            self.in_place[param] = self.root(result, param) is param
        return self.in_place[param]


def _touches_arrays(eqn: Eqn) -> bool:
    shapes = eqn.primitive.shape_only
    operands = [each for k, each in enumerate(eqn.operands) if k not in shapes]
    return any(not isinstance(each.type, Scalar) for each in (*operands, *eqn.targets))


def _array_of(eqn: Eqn) -> Var | None:
    """The array of which an equation reads or writes one element; None if it does anything else."""
    if eqn.primitive.name not in ("getitem", "store", "index_add"):
        return None
    array, *others = eqn.operands
    numbers = [*others, eqn.target] if eqn.primitive.name == "getitem" else others
    alone = isinstance(array.type, Array) and all(isinstance(each.type, Scalar) for each in numbers)
    return array if alone and isinstance(array, Var) else None


def _is_nest(loop: For) -> bool:
    """Whether a loop counts up from zero, carries arrays only and has a loop inside."""
    start, step = loop.start, loop.step
    counts = isinstance(start, Lit) and isinstance(step, Lit) and (start.value, step.value) == (0, 1)
    arrays = all(isinstance(each.type, Array) for each in loop.targets)
    inner = list(walk(loop.body.body))
    nested = any(isinstance(each, For) for each in inner) and not any(map(_is_harder, inner))
    return counts and arrays and nested and not (loop.reverse or loop.parallel or has_effect(loop))


def _is_harder(statement: Statement) -> bool:
    """What is left alone: a `while`; arrays under conditions, as in loops that were put together before."""
    arrays = any(isinstance(each.type, Array) for each in statement.targets)
    return isinstance(statement, While) or (isinstance(statement, If) and arrays)


# What they share


def _rows_behind(
    first: For,
    second: For,
    ours: dict[Atom, list[Access]],
    theirs: dict[Atom, list[Access]],
    limits: Limits,
) -> int | None:
    """By how many rows the second must stay behind; None where it must wait, or has no need of the first."""
    needed = [
        root
        for root in ours
        if root in theirs and any(each.kind != "getitem" for each in (*ours[root], *theirs[root]))
    ]
    behind: list[int] = []
    for root in needed:
        by_axis = (
            _difference(axis, ours[root], theirs[root], first.body.params[0], second.body.params[0], limits)
            for axis in range(rank(root.type))
        )
        difference = next((each for each in by_axis if each is not None), None)
        if difference is None:
            return None
        behind.append(difference)
    return max(0, *behind) if behind else None


def _difference(
    axis: int, ours: Sequence[Access], theirs: Sequence[Access], i: Var, j: Var, limits: Limits
) -> int | None:
    """How far the second loop reaches beyond the row that the first is at; None where that is not known."""
    a, b = ([each.place(limits)[axis] for each in some] for some in (ours, theirs))
    if any(base is not i or offset < 0 for base, offset in a):
        return None
    if any(base is not j or offset < 0 for base, offset in b):
        return None
    return max(
        offset - least
        for one, (_, least) in zip(ours, a, strict=True)
        for other, (_, offset) in zip(theirs, b, strict=True)
        if {one.kind, other.kind} != {"getitem"}
    )


# How often they run


@dataclass(frozen=True)
class _Ends:
    """How often both run, and at which index one of them has ended before; `before` says what these are."""

    stop: Atom
    before: tuple[Statement, ...] = ()
    first: Atom | None = None
    second: Atom | None = None


def _ends(first: For, second: For, behind: int, limits: Limits) -> _Ends | None:
    builder = Builder()
    builder.origin, builder.sweep = second.origin, second.sweep
    base, offset = limits.sum(second.stop)
    one, other = limits.sum(first.stop), (base, offset + behind)
    shorter, longer = limits.is_at_most(one, other), limits.is_at_most(other, one)
    if shorter and longer:
        return _Ends(first.stop)
    last = op.add(builder.value(second.stop), behind).atom if behind else second.stop
    if longer:
        return _Ends(first.stop, tuple(builder.body), second=last)
    return _Ends(last, tuple(builder.body), first=first.stop) if shorter else None


class _Rewrite:
    """The loop that does what both do."""

    def __init__(self, first: For, second: For, behind: int, ends: _Ends) -> None:
        self.first, self.second, self.behind, self.ends = first, second, behind, ends
        self.index = first.body.params[0]
        self.own = [k for k, init in enumerate(second.init) if init not in first.targets]
        """What the second carries and the first does not."""
        self.params = {
            k: Var(second.body.params[k + 1].name, second.init[k].type, second.body.params[k + 1].temporary)
            for k in self.own
        }

    def loop(self) -> For:
        first, second = self.first, self.second
        after: dict[Any, Any] = {}
        body = list(self.of_first(after))
        last: dict[Any, Any] = {}
        body += self.of_second(after, last)
        handed_on = {init: k for k, init in enumerate(second.init)}
        targets, results = [], []
        for target in first.targets:
            k = handed_on.get(target)
            targets.append(target if k is None else second.targets[k])
            results.append(after[target] if k is None else last[second.targets[k]])
        return replace(
            first,
            targets=(*targets, *(second.targets[k] for k in self.own)),
            stop=self.ends.stop,
            init=(*first.init, *(second.init[k] for k in self.own)),
            body=Region(
                (*first.body.params, *(self.params[k] for k in self.own)),
                tuple(body),
                (*results, *(last[second.targets[k]] for k in self.own)),
            ),
        )

    def of_first(self, after: dict[Any, Any]) -> Iterator[Statement]:
        """What the first does; `after` is what it has made then of what it carries."""
        first = self.first
        new = {self.second.init[k]: self.params[k] for k in self.own}
        body = [substitute(each, lambda atom: new.get(atom, atom)) for each in first.body.body]
        params, results = first.body.params[1:], first.body.results
        conditions = [("lt", self.ends.first)] if self.ends.first is not None else []
        yield from self.guarded(conditions, first, body, params, results, after)

    def of_second(self, after: dict[Any, Any], last: dict[Any, Any]) -> Iterator[Statement]:
        second = self.second
        before = tuple(
            self.params[k] if k in self.params else after[init] for k, init in enumerate(second.init)
        )
        new: dict[Any, Any] = {**after, **dict(zip(second.body.params[1:], before, strict=True))}

        def renamed(atom: Any) -> Any:
            return new.get(atom, atom)

        body = [substitute(each, renamed) for each in self.shifted(second.body.body)]
        results = tuple(map(renamed, second.body.results))
        conditions: list[tuple[str, Atom]] = [("ge", Lit(self.behind))] if self.behind else []
        if self.ends.second is not None:
            conditions.append(("lt", self.ends.second))
        yield from self.guarded(conditions, second, body, before, results, last)

    def shifted(self, body: Sequence[Statement]) -> Iterator[Statement]:
        """The body of the second, with what its index is there: some rows less."""
        index = self.second.body.params[0]
        known: dict[Any, Any] = {index: self.index}
        if self.behind:
            known[index] = Var(index.name, index.type, temporary=True)
            yield self.sum(known[index], -self.behind)

        def renamed(atom: Any) -> Any:
            return known.get(atom, atom)

        def block(inner: Sequence[Statement]) -> Iterator[Statement]:
            for each in inner:
                found = plus(each) if isinstance(each, Eqn) else None
                if isinstance(each, Eqn) and found is not None and found[0] is index:
                    offset = found[1] - self.behind
                    if offset:
                        yield self.sum(each.target, offset)
                    else:
                        known[each.target] = self.index
                else:
                    yield map_regions(each, block)

        for each in block(body):
            yield substitute(each, renamed)

    def sum(self, target: Var, offset: int) -> Eqn:
        """The index, plus a number."""
        name = "add" if offset > 0 else "sub"
        second = self.second
        operands = (self.index, Lit(abs(offset)))
        return Eqn(target, PRIMITIVES[name], operands, {}, second.origin, second.sweep)

    def guarded(
        self,
        conditions: Sequence[tuple[str, Atom]],
        loop: For,
        body: Sequence[Statement],
        before: Sequence[Atom],
        results: Sequence[Atom],
        after: dict[Any, Any],
    ) -> Iterator[Statement]:
        """The body of a loop under conditions on the index; `after` is told what becomes of its targets."""
        if not conditions:
            yield from body
            after.update(zip(loop.targets, results, strict=True))
            return
        builder = Builder()
        builder.origin, builder.sweep = loop.origin, loop.sweep
        index = builder.value(self.index)
        flags = [builder.apply(PRIMITIVES[name], (index, edge), {}) for name, edge in conditions]
        flag = flags[0] if len(flags) == 1 else op.and_(*flags)
        yield from builder.body
        targets = tuple(Var(each.name, each.type, each.temporary) for each in loop.targets)
        then, orelse = Region((), tuple(body), tuple(results)), Region((), (), tuple(before))
        yield If(targets, flag.atom, then, orelse, loop.origin, loop.sweep)
        after.update(zip(loop.targets, targets, strict=True))
