"""The checker: says what is wrong with a Function. Run after every pass in the tests."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .errors import IRError
from .ir import Atom, Eqn, For, Function, If, Region, Statement, Var, While, atoms_of
from .types import Array, Dims, Type

__all__ = ["check"]


def check(function: Function) -> Function:
    """Return the function if it is well formed.

    Raises IRError where a Var is read before it is defined or defined twice, where the type of a
    target is not what the primitive's type rule says, where a consumed array is read again, or where
    the arguments of a region do not match its params.
    """
    checker = _Checker(function.name)
    checker.define(var for var, _ in function.captures)
    checker.define(function.params)
    checker.body(function.body)
    checker.read(function.results, "the results")
    return function


class _Checker:
    def __init__(self, name: str) -> None:
        self.name = name
        self.defined: set[Var] = set()
        self.bound: set[Var] = set()
        self.consumed: set[Var] = set()
        self.dims = Dims()

    def fail(self, message: str) -> None:
        raise IRError(f"{self.name}: {message}")

    def define(self, targets: Iterable[Var]) -> None:
        for var in targets:
            if var in self.defined:
                self.fail(f"{var!r} is defined twice")
            self.defined.add(var)
            self.bound.add(var)

    def read(self, atoms: Sequence[Atom], where: object) -> None:
        for atom in atoms:
            if not isinstance(atom, Var):
                continue
            if atom not in self.bound:
                self.fail(f"{where}: {atom.name} is read before it is defined")
            if atom in self.consumed:
                self.fail(f"{where}: {atom.name} is read after it was consumed")

    def body(self, body: Sequence[Statement]) -> None:
        for statement in body:
            self.read(atoms_of(statement), statement)
            match statement:
                case Eqn():
                    self.equation(statement)
                case If(then=then, orelse=orelse):
                    self.region(then, (), statement.targets)
                    self.region(orelse, (), statement.targets)
                case For(init=init, body=region):
                    self.region(region, init, statement.targets, extra=1)
                case While(init=init, condition=condition, body=region):
                    self.region(condition, init, None)
                    self.region(region, init, statement.targets)
            self.define(statement.targets)

    def equation(self, eqn: Eqn) -> None:
        types = [operand.type for operand in eqn.operands]
        expected = eqn.primitive.infer(self.dims, types, eqn.params)
        if not self.agree(expected, eqn.target.type):
            self.fail(f"{eqn!r} has type {eqn.target.type}, its rule says {expected}")
        if eqn.primitive.consumes and isinstance(eqn.operands[0], Var):
            self.consumed.add(eqn.operands[0])

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
        """Same kind, dtype and rank; dims that are known not to differ."""
        if type(a) is not type(b) or a.dtype != b.dtype:
            return False
        if isinstance(a, Array) and isinstance(b, Array):
            sizes = zip(a.dims, b.dims, strict=True) if len(a.dims) == len(b.dims) else None
            return sizes is not None and all(
                not (isinstance(m, int) and isinstance(n, int)) or m == n
                for m, n in ((self.dims.resolve(m), self.dims.resolve(n)) for m, n in sizes)
            )
        return True
