"""Indices that may be out of bounds are checked: compiled code would read what is beside the array.

An index is surely inside where it is that of a loop over no more than the array's length, plus or minus what
the loop's own bounds leave room for.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ...ir import Atom, Eqn, For, Function, Lit, Statement, Var, has_effect, map_regions
from ...rules.build import Builder
from ...rules.effects import effect
from ...rules.lengths import Derived, least
from ...types import Array, Dim, Size
from ..memory import defined_in
from .hoist import before_loop
from .limits import Limits, Sum, indices_of, is_counted
from .tapes import TRIPS

__all__ = ["bounded"]


def bounded(function: Function) -> Function:
    """The function with an IndexError where an index may be out of bounds."""
    return replace(function, body=tuple(_Checks(function).block(function.body)))


Fact = tuple[Sum, Size]
"""An index that is known to be inside an axis of that length."""


class _Checks:
    def __init__(self, function: Function) -> None:
        self.limits = Limits(function)

    def block(self, body: Sequence[Statement], known: Iterable[Fact] = ()) -> Iterator[Statement]:
        facts = set(known)
        for statement in body:
            if isinstance(statement, Eqn):
                for access in self.doubtful(statement, facts):
                    yield access.check()
                yield statement
                continue
            inner = set(facts)
            if isinstance(statement, For):
                yield from self.before(statement, inner)
                if _surely_runs(statement):
                    facts |= inner
            yield map_regions(statement, functools.partial(self.block, known=inner))

    def before(self, loop: For, facts: set[Fact]) -> Iterator[Statement]:
        """The checks of a loop's indices, done once: what is raised too early is raised all the same."""
        if not isinstance(loop.step, Lit) or abs(loop.step.value) != 1 or has_effect(loop):
            return
        inside = defined_in([loop.body]) - {loop.body.params[0]}
        for eqn in loop.body.body:
            if isinstance(eqn, Eqn):
                for access in self.doubtful(eqn, set(facts)):
                    base, _ = access.sum
                    array = before_loop(access.array, loop, self.limits.made)
                    if (
                        base not in inside
                        and array not in inside
                        and not isinstance(access.index.type, Array)
                    ):
                        facts.add(access.fact)
                        yield replace(access, array=array).check_before(loop)

    def doubtful(self, eqn: Eqn, facts: set[Fact]) -> Iterator[_Access]:
        """What an equation reads or writes, where that is not surely inside; from then on it is."""
        first = {"getitem": 1, "store": 2, "index_add": 2}.get(eqn.primitive.name)
        array = eqn.operands[0] if eqn.operands else None
        if first is None or not isinstance(array, Var) or not isinstance(array.type, Array):
            return
        if "prefix" in eqn.params:
            return
        for axis, index in indices_of(eqn, len(array.type.dims)):
            access = _Access(eqn, array, axis, index, self.limits.sum(index))
            if access.fact not in facts and not self.is_inside(index, access.size):
                facts.add(access.fact)
                yield access

    def is_inside(self, index: Atom, size: Size) -> bool:
        if isinstance(size, Dim) and isinstance(size.symbol, Derived) and size.symbol.how == TRIPS:
            return True
        if isinstance(index.type, Array):
            return False
        if isinstance(index, Lit) and -least(size) <= index.value < least(size):
            return True
        return any(is_counted(low) for low in self.limits.bounds((index, 0), True)) and any(
            _is_below(high, size) for high in self.limits.bounds((index, 0), False)
        )


def _surely_runs(loop: For) -> bool:
    """Whether the checks before a loop are checks for what follows it, too."""
    limits = (loop.start, loop.stop, loop.step)
    return all(isinstance(each, Lit) for each in limits) and bool(range(*(each.value for each in limits)))  # type: ignore[union-attr]


def _is_below(high: Sum, size: Size) -> bool:
    base, offset = high
    if base is None:
        return offset < least(size)
    known = isinstance(size, Dim) and not isinstance(base, Var) and base == size.symbol
    return bool(known) and offset < size.offset  # type: ignore[union-attr]


@dataclass(frozen=True)
class _Access:
    """An index into an axis of an array."""

    eqn: Eqn
    array: Var
    axis: int
    index: Atom
    sum: Sum

    @property
    def size(self) -> Size:
        assert isinstance(self.array.type, Array)
        return self.array.type.dims[self.axis]

    @property
    def fact(self) -> Fact:
        return (self.index, 0) if isinstance(self.index.type, Array) else self.sum, self.size

    def check(self) -> Statement:
        """`if not -n <= i < n: raise IndexError`."""
        n = f"{{1}}.shape[{self.axis}]"
        if isinstance(self.index.type, Array):
            condition = f"{{0}}.size and not (-{n} <= {{0}}.min() and {{0}}.max() < {n})"
        elif isinstance(self.index, Lit):
            value = self.index.value
            condition = f"{n} < {value + 1 if value >= 0 else -value}"
        else:
            condition = f"not -{n} <= {{0}} < {n}"
        return self.raising(condition, [self.index, self.array], 1)

    def check_before(self, loop: For) -> Statement:
        """The check for all iterations, if there are any."""
        n = f"{{2}}.shape[{self.axis}]"
        base, offset = self.sum
        rising = loop.step.value > 0  # type: ignore[union-attr]
        least, most = ("{0}", "{1} - 1") if rising else ("{1} + 1", "{0}")
        if base is not loop.body.params[0]:
            least = most = "{3}" if base is not None else str(offset)
        runs = "{0} < {1}" if rising else "{1} < {0}"
        more = f" + {offset}" if offset > 0 else f" - {-offset}" if offset else ""
        if base is None:
            more = ""
        operands: list[Any] = [loop.start, loop.stop, self.array]
        if base is not None and base is not loop.body.params[0]:
            operands.append(base)
        condition = f"not (-{n} <= {least}{more} and {most}{more} < {n})"
        if not _surely_runs(loop):
            condition = f"{runs} and {condition}"
        return self.raising(condition, operands, 2)

    def raising(self, condition: str, operands: Sequence[Any], shaped: int) -> Statement:
        builder = Builder()
        builder.origin, builder.sweep = self.eqn.origin, self.eqn.sweep
        error = f'raise IndexError("index out of bounds for axis {self.axis}")'
        effect(builder, f"if {condition}: {error}", operands, params={"raises": IndexError})
        made = builder.body[-1]
        assert isinstance(made, Eqn)
        return replace(made, primitive=replace(made.primitive, shape_only=frozenset({shaped})))
