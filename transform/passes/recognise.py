"""Compositions that have a better derivative than the chain rule gives become one equation.

    e = exp(-z)
    q = 1 + e              --->     h = logistic(z)          printed 1 / (1 + exp(-z))
    h = 1 / q

Only where the parts have no other use: what the user reads again stays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from ..ir import Atom, Eqn, Function, Lit, Statement, Var, count_uses, map_regions, walk
from ..rules.registry import PRIMITIVES

__all__ = ["recognise"]


def recognise(function: Function, keep: Sequence[Atom] = ()) -> Function:
    """The function with each 1 / (1 + exp(-z)) as one equation; `keep` are read besides its results."""
    made = {s.target: s for s in walk(function.body) if isinstance(s, Eqn)}
    uses = count_uses(function) + Counter(keep)
    found = _Finder({var: eqn for var, eqn in made.items() if uses[var] == 1}, set())
    body = found.block(function.body)
    return replace(function, body=found.without_parts(body)) if found.parts else function


class _Finder:
    def __init__(self, single: dict[Var, Eqn], parts: set[Var]) -> None:
        self.single, self.parts = single, parts

    def block(self, body: tuple[Statement, ...]) -> tuple[Statement, ...]:
        return tuple(self.statement(statement) for statement in body)

    def statement(self, statement: Statement) -> Statement:
        if isinstance(statement, Eqn):
            return self.logistic(statement) or statement
        return map_regions(statement, self.block)

    def part(self, atom: Atom, name: str) -> Eqn | None:
        eqn = self.single.get(atom) if isinstance(atom, Var) else None
        return eqn if eqn is not None and eqn.primitive.name == name else None

    def logistic(self, eqn: Eqn) -> Eqn | None:
        if eqn.primitive.name != "div" or not _is_one(eqn.operands[0]):
            return None
        total = self.part(eqn.operands[1], "add")
        if total is None:
            return None
        for one, other in (total.operands, total.operands[::-1]):
            power = self.part(other, "exp")
            sign = power and self.part(power.operands[0], "neg")
            if _is_one(one) and power and sign:
                self.parts |= {total.target, power.target, sign.target}
                params = {"lib": power.params["lib"], "one": repr(eqn.operands[0])}
                return replace(eqn, primitive=PRIMITIVES["logistic"], operands=sign.operands, params=params)
        return None

    def without_parts(self, body: tuple[Statement, ...]) -> tuple[Statement, ...]:
        return tuple(
            map_regions(statement, self.without_parts)
            for statement in body
            if not (isinstance(statement, Eqn) and statement.target in self.parts)
        )


def _is_one(atom: Atom) -> bool:
    return isinstance(atom, Lit) and bool(atom.value == 1)
