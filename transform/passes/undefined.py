"""Values that have no value on some paths: variables that only one branch of a decision binds."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ..ir import Atom, Eqn, For, If, Statement, Var, While, regions_of, walk
from .activity import carried

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
        self.maybe: set[Atom] = {*self._undefined}
        """What may be undefined, for whatever reason."""
        if self._undefined:
            self._visit(body)
            before = -1
            while len(self.maybe) != before:
                before = len(self.maybe)
                self._spread(body)

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

    def _spread(self, body: Sequence[Statement]) -> None:
        for statement in body:
            for region in regions_of(statement):
                self._spread(region.body)
            match statement:
                case If(targets, _, then, orelse):
                    for region in (then, orelse):
                        self._pass_on(region.results, targets)
                case For() | While():
                    for values in (statement.init, statement.body.results):
                        self._pass_on(values, carried(statement))
                        self._pass_on(values, statement.targets)

    def _pass_on(self, values: Sequence[Atom], targets: Sequence[Var]) -> None:
        both = zip(values, targets, strict=True)
        self.maybe.update(target for value, target in both if value in self.maybe)

    def _target(self, target: Var, statement: If, results: Sequence[Atom]) -> None:
        condition = self.origin(statement.condition)
        here = {(condition, k) for k, result in enumerate(results) if result in self._undefined}
        inner = (self._missing.get(result, frozenset()) for result in results if isinstance(result, Var))
        if pairs := frozenset(here).union(*inner):
            self._missing[target] = pairs
        if len(here) == 1:
            (defined,) = (result for result in results if result not in self._undefined)
            self._origin[target] = self.origin(defined)
