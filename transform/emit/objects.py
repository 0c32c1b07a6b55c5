"""Which values are one object all the way through, and so have one name: no line says `A = A`.

A store's result is the array it wrote to. A branch hands on the same object if both its regions do; so does
a loop whose body hands on the one it was given.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..ir import Atom, Eqn, For, Function, If, Statement, Var, While, walk

__all__ = ["Objects"]


class Objects:
    """`find` gives the first Var of an object; `members` all of them, in program order."""

    def __init__(self, function: Function) -> None:
        self._parent: dict[Var, Var] = {}
        self.undefined = {
            statement.target: statement.params.get("meanwhile")
            for statement in walk(function.body)
            if isinstance(statement, Eqn) and statement.primitive.name == "undefined"
        }
        self._body(function.body)
        self.members: dict[Var, list[Var]] = {}
        for var in self._parent:
            root = self.find(var)
            self.members.setdefault(root, [root]).append(var)

    def find(self, var: Var) -> Var:
        root = var
        while root in self._parent:
            root = self._parent[root]
        while var is not root:
            self._parent[var], var = root, self._parent[var]
        return root

    def of(self, var: Var) -> list[Var]:
        """Every Var that is this object."""
        return self.members.get(self.find(var), [var])

    def _same(self, a: Atom, b: Atom) -> bool:
        return isinstance(a, Var) and isinstance(b, Var) and self.find(a) is self.find(b)

    def _join(self, var: Var, other: Atom) -> None:
        if isinstance(other, Var) and other not in self.undefined and self.find(other) is not var:
            self._parent[var] = self.find(other)

    def _body(self, body: Sequence[Statement]) -> None:
        for statement in body:
            match statement:
                case Eqn(target, primitive, operands):
                    if primitive.consumes:
                        self._join(target, operands[0])
                case If(targets, _, then, orelse):
                    self._body(then.body)
                    self._body(orelse.body)
                    for target, a, b in zip(targets, then.results, orelse.results, strict=True):
                        if self._same(a, b):
                            self._join(target, a)
                case For() | While():
                    self._loop(statement)

    def _loop(self, loop: For | While) -> None:
        params = loop.body.params[1:] if isinstance(loop, For) else loop.body.params
        self._body(loop.body.body)
        for k, (param, result) in enumerate(zip(params, loop.body.results, strict=True)):
            if self._same(param, result):
                self._join(param, loop.init[k])
                self._join(loop.targets[k], param)
        if isinstance(loop, While):
            self._body(loop.condition.body)
            for param, tested in zip(params, loop.condition.params, strict=True):
                self._join(tested, param)
