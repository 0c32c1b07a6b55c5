"""Values that have no value on some paths: variables that only one branch of a decision binds."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ..ir import Atom, Eqn, If, Statement, Var, regions_of, walk

__all__ = ["Taken", "Undefined"]

Taken = tuple[Atom, int]
"""A condition, and which of its branches runs."""


class Undefined:
    """The branches under which each value of a body is undefined."""

    def __init__(self, body: Sequence[Statement]) -> None:
        self._missing: dict[Var, frozenset[Taken]] = {}
        self._origin: dict[Atom, Atom] = {}
        self._undefined = {
            s.target for s in walk(body) if isinstance(s, Eqn) and s.primitive.name == "undefined"
        }
        if self._undefined:
            self._visit(body)

    def __contains__(self, atom: Atom) -> bool:
        """Whether a value stands for none at all."""
        return atom in self._undefined

    def origin(self, atom: Atom) -> Atom:
        """The value in a branch that this one is, where it is defined."""
        return self._origin.get(atom, atom)

    def where(self, var: Var, taken: Collection[Taken]) -> bool:
        """Whether a value is undefined where these branches run."""
        return not self._missing.get(var, frozenset()).isdisjoint(taken)

    def _visit(self, body: Sequence[Statement]) -> None:
        for statement in body:
            for region in regions_of(statement):
                self._visit(region.body)
            if isinstance(statement, If):
                regions = (statement.then, statement.orelse)
                for target, *results in zip(statement.targets, *(r.results for r in regions), strict=True):
                    self._target(target, statement, results)

    def _target(self, target: Var, statement: If, results: Sequence[Atom]) -> None:
        condition = self.origin(statement.condition)
        here = {(condition, k) for k, result in enumerate(results) if result in self._undefined}
        inner = (self._missing.get(result, frozenset()) for result in results if isinstance(result, Var))
        if pairs := frozenset(here).union(*inner):
            self._missing[target] = pairs
        if len(here) == 1:
            (defined,) = (result for result in results if result not in self._undefined)
            self._origin[target] = self.origin(defined)
