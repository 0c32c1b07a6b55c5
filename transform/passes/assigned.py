"""An element of zeros that one iteration alone adds to is assigned.

    x_bar = np.zeros(x.shape)
    for i in reversed(range(n)):
        x_bar[i] += p_bar * p              --->              x_bar[i] = p_bar * p

All loops around the addition say with their indices which element it is, so no two iterations mean the same
one; nothing else in the loops reads the array or adds to it. For the Python flavour, in which adding to an
element takes three times as long.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..ir import Atom, Eqn, For, Function, Lit, Slot, Statement, Var, count_uses, map_regions, walk
from ..rules.registry import PRIMITIVES
from ..types import Scalar
from .python_numbers import floats

__all__ = ["with_elements_assigned"]

_ASSIGNED = {"index_add": "store", "list_add": "list_set"}


def with_elements_assigned(function: Function) -> Function:
    """The function with such elements assigned."""
    found = _Search(function).found
    return replace(function, body=_body(function.body, found)) if found else function


def _body(body: Sequence[Statement], found: set[Eqn]) -> tuple[Statement, ...]:
    made = (
        replace(each, primitive=PRIMITIVES[_ASSIGNED[each.primitive.name]])
        if isinstance(each, Eqn) and each in found
        else map_regions(each, lambda inner: _body(inner, found))
        for each in body
    )
    return tuple(made)


class _Search:
    """The additions `found` that may be assignments."""

    def __init__(self, function: Function) -> None:
        self.uses = count_uses(function)
        self.made: dict[Atom, Eqn] = {s.target: s for s in walk(function.body) if isinstance(s, Eqn)}
        self.function = function
        self.certain: set[Atom] | None = None
        self.found: set[Eqn] = set()
        for statement in walk(function.body):
            if isinstance(statement, For):
                for k, init in enumerate(statement.init):
                    if self.is_zeros(init):
                        self.loop(statement, k, ())

    def is_zeros(self, atom: Atom) -> bool:
        """Whether these are zeros that nobody else reads, as an array or as a list."""
        eqn = self.made.get(atom)
        if eqn is None or self.uses[atom] > 1:
            return False
        match eqn.primitive.name:
            case "zeros" | "zeros_like":
                return True
            case "unstack":
                return self.is_zeros(eqn.operands[0])
            case "repeat_list":
                value = eqn.operands[0]
                return isinstance(value, Lit) and value.value == 0
        return False

    def loop(self, loop: For, k: int, around: tuple[Var, ...]) -> None:
        """Look for the addition in a loop that carries the zeros at position k."""
        if not self.counts_from_zero(loop, around):
            return
        index, param, result = loop.body.params[0], loop.body.params[k + 1], loop.body.results[k]
        if self.uses[param] != 1 or self.uses[result] != 1:
            return
        indices = (*around, index)
        for statement in loop.body.body:
            if (
                isinstance(statement, Eqn)
                and statement.target is result
                and statement.operands[:1] == (param,)
            ):
                if self.is_distinct(statement, indices) and self.is_whole(statement):
                    self.found.add(statement)
            elif isinstance(statement, For) and param in statement.init:
                position = statement.init.index(param)
                if statement.targets[position] is result:
                    self.loop(statement, position, indices)

    def counts_from_zero(self, loop: For, around: Sequence[Var]) -> bool:
        """Whether no index is negative, so that two of them never name one element."""
        if not isinstance(loop.step, Lit) or loop.step.value not in (1, -1):
            return False
        bound, least = (loop.start, 0) if loop.step.value == 1 else (loop.stop, -1)
        eqn = self.made.get(bound)
        if eqn is not None and eqn.primitive.name == "add" and eqn.operands[0] in around:
            bound, least = eqn.operands[1], 0  # i + 1 for the index of a loop around this one
        return bound in around or (
            isinstance(bound, Lit) and type(bound.value) is int and bound.value >= least
        )

    def is_distinct(self, eqn: Eqn, indices: Sequence[Var]) -> bool:
        """Whether an addition names its element with the indices of all loops."""
        if eqn.primitive.name == "list_add":
            return list(indices) == [eqn.operands[2]]
        if eqn.primitive.name != "index_add" or set(eqn.params) != {"index"}:
            return False
        entries = eqn.params["index"]
        named = [eqn.operands[entry.position] for entry in entries if isinstance(entry, Slot)]
        alone = all(isinstance(each.type, Scalar) for each in eqn.operands[1:])
        return alone and len(named) == len(entries) and set(indices) <= set(named)

    def is_whole(self, eqn: Eqn) -> bool:
        """Whether the sum of zero and what is added is that very number."""
        onto, number = eqn.operands[:2]
        if not isinstance(number.type, Scalar) or number.type.dtype != onto.type.dtype:
            return False
        if eqn.primitive.name != "list_add":
            return True
        if self.certain is None:
            self.certain = floats(self.function)
        return number in self.certain  # an int in a list stays one
