"""Arrays that change in place: which values are versions of one array, and which of them are overwritten."""

from __future__ import annotations

from collections.abc import Sequence

from ..ir import Atom, Eqn, For, Function, If, Statement, Var, While, walk
from ..types import Array
from .activity import carried

__all__ = ["Versions", "consumed_in"]


class Versions:
    """The versions of each array: what a store makes of it, what a loop carries, what a branch yields."""

    def __init__(self, function: Function) -> None:
        self._leader: dict[Var, Var] = {}
        self.overwritten: set[Var] = set()
        self._body(function.body)

    def group(self, var: Var) -> Var:
        """What stands for all versions of the array that `var` is a version of."""
        while (leader := self._leader.get(var, var)) is not var:
            var = leader
        return var

    def _join(self, *atoms: Atom) -> None:
        arrays = [atom for atom in atoms if isinstance(atom, Var) and isinstance(atom.type, Array)]
        for each in arrays[1:]:
            a, b = self.group(arrays[0]), self.group(each)
            if a is not b:
                self._leader[b] = a

    def _body(self, body: Sequence[Statement]) -> None:
        for statement in body:
            match statement:
                case Eqn(target, primitive, operands):
                    if primitive.consumes and isinstance(operands[0], Var):
                        self._join(operands[0], target)
                        self.overwritten.add(operands[0])
                case If(targets, _, then, orelse):
                    self._body(then.body)
                    self._body(orelse.body)
                    for target, a, b in zip(targets, then.results, orelse.results, strict=True):
                        self._join(target, a, b)
                case For() | While():
                    self._loop(statement)

    def _loop(self, loop: For | While) -> None:
        self._body(loop.body.body)
        for param, init, target, result in zip(
            carried(loop), loop.init, loop.targets, loop.body.results, strict=True
        ):
            self._join(param, init, target, result)
            if param in self.overwritten and isinstance(init, Var):
                self.overwritten.add(init)


def consumed_in(body: Sequence[Statement], versions: Versions) -> set[Var]:
    """The arrays, as groups, that statements of a body or of its regions overwrite."""
    return {
        versions.group(statement.operands[0])
        for statement in walk(body)
        if isinstance(statement, Eqn)
        and statement.primitive.consumes
        and isinstance(statement.operands[0], Var)
        and isinstance(statement.target.type, Array)
    }
