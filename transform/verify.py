"""The checker: says what is wrong with a Function. Run after every pass in the tests."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set

from .errors import IRError
from .ir import Atom, Eqn, For, Function, If, Region, Statement, Var, While, atoms_of
from .types import Array, Dims, List, Type

__all__ = ["check"]


def check(function: Function) -> Function:
    """Return the function if it is well formed.

    Raises IRError where a Var is read before it is defined or defined twice, where the type of a
    target is not what the primitive's type rule says, where the arguments of a region do not match its
    params, where a consumed array or list is read again (its shape may be: that stays), or where a loop
    consumes what is not its own. A loop that consumes a param consumes the value it starts with.
    """
    checker = _Checker(function.name)
    checker.define(var for var, _ in function.captures)
    checker.define(function.params)
    checker.body(function.body)
    checker.read(function.results, "the results")
    for callee in function.callees.values():
        check(callee)
    return function


class _Checker:
    def __init__(self, name: str) -> None:
        self.name = name
        self.defined: set[Var] = set()
        self.bound: set[Var] = set()
        self.consumed: set[Var] = set()
        self.outside: set[Var] = set()
        """What the innermost loop must not consume: it was there before."""
        self.dims = Dims()

    def fail(self, message: str) -> None:
        raise IRError(f"{self.name}: {message}")

    def define(self, targets: Iterable[Var]) -> None:
        for var in targets:
            if var in self.defined:
                self.fail(f"{var!r} is defined twice")
            self.defined.add(var)
            self.bound.add(var)

    def read(self, atoms: Sequence[Atom], where: object, shape_only: Set[int] = frozenset()) -> None:
        for k, atom in enumerate(atoms):
            if not isinstance(atom, Var):
                continue
            if atom not in self.bound:
                self.fail(f"{where}: {atom.name} is read before it is defined")
            if atom in self.consumed and k not in shape_only:
                self.fail(f"{where}: {atom.name} is read after it was consumed")

    def body(self, body: Sequence[Statement]) -> None:
        for statement in body:
            shape_only = statement.primitive.shape_only if isinstance(statement, Eqn) else frozenset()
            self.read(atoms_of(statement), statement, shape_only)
            match statement:
                case Eqn():
                    self.equation(statement)
                case If():
                    self.branch(statement)
                case For() | While():
                    self.loop(statement)
            self.define(statement.targets)

    def equation(self, eqn: Eqn) -> None:
        types = [operand.type for operand in eqn.operands]
        expected = eqn.primitive.infer(self.dims, types, eqn.params)
        if not self.agree(expected, eqn.target.type):
            self.fail(f"{eqn!r} has type {eqn.target.type}, its rule says {expected}")
        if eqn.primitive.consumes:
            self.consume(eqn.operands[0], eqn)

    def consume(self, atom: Atom, where: object) -> None:
        if isinstance(atom, Var):
            if atom in self.outside:
                self.fail(f"{where}: {atom.name} is consumed in a loop that it does not belong to")
            if atom in self.consumed:
                self.fail(f"{where}: {atom.name} is consumed twice")
            self.consumed.add(atom)

    def branch(self, statement: If) -> None:
        before, after = set(self.consumed), set(self.consumed)
        for region in (statement.then, statement.orelse):
            # What the other branch consumes may be handed on by this one.
            self.consumed = set(before)
            self.region(region, (), statement.targets)
            after |= self.consumed
        self.consumed = after

    def loop(self, loop: For | While) -> None:
        outside, self.outside = self.outside, set(self.bound)
        if isinstance(loop, While):
            self.region(loop.condition, loop.init, None)
            (result,) = loop.condition.results or (None,)
            if result is None or result.type.dtype.kind != "b":
                self.fail(f"the condition of a loop is {loop.condition.results!r}")
            for param in loop.condition.params:
                if param in self.consumed:
                    self.fail(f"the condition of a loop consumes {param!r}")
        self.region(loop.body, loop.init, loop.targets, extra=isinstance(loop, For))
        params = loop.body.params[isinstance(loop, For) :]
        for param, result in zip(params, loop.body.results, strict=True):
            if not self.agree(param.type, result.type):
                self.fail(f"the loop hands a value of type {result.type} to {param!r}")
        overwritten = {param for param in params if param in self.consumed and not _is_number(param)}
        while handed := {
            result
            for param, result in zip(params, loop.body.results, strict=True)
            if param in overwritten and result in params and result not in overwritten
        }:
            overwritten |= handed
        for param, result in zip(params, loop.body.results, strict=True):
            if param in overwritten and result in self.outside:
                self.fail(f"the loop overwrites {result!r}, which is handed to {param!r}")
        self.outside = outside
        for param, init in zip(params, loop.init, strict=True):
            if param in overwritten:
                self.consume(init, f"the loop that carries {param!r}")
        for param, init in zip(params, loop.init, strict=True):
            if param not in overwritten and init in self.consumed:
                self.fail(f"{param!r} starts with what the loop overwrites")

    def region(
        self, region: Region, arguments: Sequence[Atom], targets: Sequence[Var] | None, extra: int = 0
    ) -> None:
        if len(region.params) != len(arguments) + extra:
            self.fail(f"a region with {len(region.params)} params gets {len(arguments) + extra} arguments")
        if targets is not None and len(region.results) != len(targets):
            self.fail(f"a region with {len(region.results)} results has {len(targets)} targets")
        for param, argument in zip(region.params[extra:], arguments, strict=True):
            if not self.agree(param.type, argument.type):
                self.fail(f"region param {param!r} gets a value of type {argument.type}")
        outside = set(self.bound)
        self.define(region.params)
        self.body(region.body)
        self.read(region.results, "the results of a region")
        for result, target in zip(region.results, targets or (), strict=targets is not None):
            if not self.agree(result.type, target.type):
                self.fail(f"{target!r} gets a value of type {result.type}")
        self.bound = outside

    def agree(self, a: Type, b: Type) -> bool:
        """Same kind, dtype and rank, of items too; dims that are not known to differ."""
        if type(a) is not type(b) or a.dtype != b.dtype:
            return False
        if isinstance(a, List) and isinstance(b, List):
            return self.agree(a.element, b.element)
        if isinstance(a, Array) and isinstance(b, Array):
            sizes = zip(a.dims, b.dims, strict=True) if len(a.dims) == len(b.dims) else None
            return sizes is not None and all(
                not (isinstance(m, int) and isinstance(n, int)) or m == n
                for m, n in ((self.dims.resolve(m), self.dims.resolve(n)) for m, n in sizes)
            )
        return True


def _is_number(atom: Atom) -> bool:
    return not isinstance(atom.type, (Array, List))
