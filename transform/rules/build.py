"""Writing equations by writing formulas: `Value` overloads Python's operators, `op.cos(x)` applies a rule.

The frontend builds the primal this way, and every rule its derivative, so a rule reads like its formula:

    tangent=lambda C, A, B, A_dot, B_dot: op.matmul(A_dot, B) + op.matmul(A, B_dot)
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import Origin, TransformError, UnsupportedError
from ..ir import Atom, Callee, Eqn, Function, If, Lit, Primitive, Region, Statement, Sweep, Var, substitute
from ..types import Array, Dims, Scalar, Type
from .registry import PRIMITIVES

__all__ = ["Builder", "Call", "Value", "op"]

Rewrite = Callable[["Builder", Primitive, tuple[Atom, ...], Mapping[str, Any]], "Value | None"]


class Builder:
    """Collects equations in program order; infers each target's type.

    `rewrite` may answer an application with an existing or simpler value (see passes/simplify.py).
    `origin` and `sweep` are stamped on each equation; `lib` says whether a function of scalars that a
    formula introduces is math's or NumPy's, None to decide by the operands.
    """

    def __init__(self, dims: Dims | None = None, rewrite: Rewrite | None = None) -> None:
        self.dims = dims if dims is not None else Dims()
        self.body: list[Statement] = []
        self.rewrite = rewrite
        self.origin: Origin | None = None
        self.sweep = Sweep.NONE
        self.lib: str | None = None
        self.callees: dict[Callee, Function] = {}
        self._named: dict[Var, Var] = {}
        self._unnamed: dict[Atom, Var] = {}

    def apply(self, primitive: Primitive, operands: Sequence[Any], params: Mapping[str, Any]) -> Value:
        """Append `target = primitive(*operands)` and return the target as a value."""
        atoms = tuple(self.atom(operand) for operand in operands)
        if primitive.spelled and "lib" not in params:
            params = {**params, "lib": self.lib or _lib(atoms)}
        if self.rewrite is not None:
            known = self.rewrite(self, primitive, atoms, params)
            if known is not None:
                return known
        try:
            type_ = primitive.infer(self.dims, [atom.type for atom in atoms], params)
        except TransformError as error:
            raise error.at(self.origin) from None
        target = Var(primitive.stem, type_, temporary=True)
        self.body.append(Eqn(target, primitive, atoms, params, self.origin, self.sweep))
        return Value(self, target)

    def atom(self, operand: Any) -> Atom:
        """The atom of a value; a plain number becomes a literal."""
        if isinstance(operand, Value):
            return operand.atom
        return operand if isinstance(operand, (Var, Lit)) else Lit(operand)

    def value(self, operand: Any) -> Value:
        """A number, a Var, a Lit or a Value as a Value of this builder."""
        if isinstance(operand, Value) and operand.builder is self:
            return operand
        return Value(self, self.atom(operand))

    def name(self, value: Value, name: str, temporary: bool = False) -> Value:
        """Give an unnamed value a name; a value that has one keeps it."""
        var = value.atom
        if isinstance(var, Var) and var.temporary:
            self._named[var] = named = Var(name, var.type, temporary)
            self._unnamed[named] = self._unnamed.get(var, var)
            return Value(self, named)
        return value

    def current(self, atom: Atom) -> Atom:
        """The atom after naming."""
        while isinstance(atom, Var) and atom in self._named:
            atom = self._named[atom]
        return atom

    def first(self, atom: Atom) -> Atom:
        """The atom as it was before naming: the target of the equation in `body`."""
        return self._unnamed.get(atom, atom)

    def definition(self, atom: Atom) -> Statement | None:
        """The statement that a value came from, where the builder keeps that."""
        return None

    @contextlib.contextmanager
    def at(self, origin: Origin | None) -> Iterator[None]:
        """Stamp `origin` on what is built inside."""
        before, self.origin = self.origin, origin
        try:
            yield
        finally:
            self.origin = before

    def region(self, build: Callable[[], Sequence[Any]], params: tuple[Var, ...] = ()) -> Region:
        """A region whose body is what `build` appends and whose results are what it returns."""
        outer, self.body = self.body, []
        try:
            results = tuple(self.atom(result) for result in build())
            return Region(params, tuple(self.body), results)
        finally:
            self.body = outer

    def branch(self, condition: Any, then: Region, orelse: Region, types: Sequence[Type]) -> list[Value]:
        """Append an If and return its targets as values."""
        targets = tuple(Var("y", type_, temporary=True) for type_ in types)
        self.body.append(If(targets, self.atom(condition), then, orelse, self.origin, self.sweep))
        return [Value(self, target) for target in targets]

    def finish(self) -> tuple[Statement, ...]:
        """The body, with every name given so far in place."""
        if not self._named:
            return tuple(self.body)
        return tuple(substitute(statement, self.current) for statement in self.body)


def _lib(atoms: Sequence[Atom]) -> str:
    """Python numbers are for math, everything that came out of NumPy is for NumPy."""
    weak = all(
        isinstance(atom.type, Scalar) and atom.type.weak and atom.type.dtype.kind != "c" for atom in atoms
    )
    return "math" if weak else "np"


class Value:
    """An atom in a builder. Python's operators on it append equations."""

    __slots__ = ("_atom", "builder")
    __array_priority__ = 1000
    __hash__ = object.__hash__

    def __init__(self, builder: Builder, atom: Atom) -> None:
        self.builder, self._atom = builder, atom

    @property
    def atom(self) -> Atom:
        return self.builder.current(self._atom)

    @property
    def first_atom(self) -> Atom:
        """The atom before naming, see Builder.first."""
        return self.builder.first(self._atom)

    @property
    def type(self) -> Type:
        return self._atom.type

    @property
    def is_array(self) -> bool:
        return isinstance(self._atom.type, Array)

    def __repr__(self) -> str:
        return f"Value({self.atom!r})"

    def __bool__(self) -> bool:
        raise UnsupportedError(
            "whether this is true is known only at run time", "Use np.where.", self.builder.origin
        )

    def __add__(self, other: Any) -> Value:
        return op.add(self, other)

    def __radd__(self, other: Any) -> Value:
        return op.add(other, self)

    def __sub__(self, other: Any) -> Value:
        return op.sub(self, other)

    def __rsub__(self, other: Any) -> Value:
        return op.sub(other, self)

    def __mul__(self, other: Any) -> Value:
        return op.mul(self, other)

    def __rmul__(self, other: Any) -> Value:
        return op.mul(other, self)

    def __truediv__(self, other: Any) -> Value:
        return op.div(self, other)

    def __rtruediv__(self, other: Any) -> Value:
        return op.div(other, self)

    def __pow__(self, other: Any) -> Value:
        return op.pow(self, other)

    def __rpow__(self, other: Any) -> Value:
        return op.pow(other, self)

    def __matmul__(self, other: Any) -> Value:
        return op.matmul(self, other)

    def __neg__(self) -> Value:
        return op.neg(self)

    def __lt__(self, other: Any) -> Value:
        return op.lt(self, other)

    def __le__(self, other: Any) -> Value:
        return op.le(self, other)

    def __gt__(self, other: Any) -> Value:
        return op.gt(self, other)

    def __ge__(self, other: Any) -> Value:
        return op.ge(self, other)

    def eq(self, other: Any) -> Value:
        """`==` as an equation (the operator itself stays identity, so that values can be found in lists)."""
        return op.eq(self, other)

    def ne(self, other: Any) -> Value:
        return op.ne(self, other)


class _Operations:
    """`op.name(x, y, axis=0)` appends an equation of the primitive `name` to the builder of its operands."""

    def __getattr__(self, name: str) -> Callable[..., Value]:
        primitive = PRIMITIVES.get(name)
        if primitive is None:
            raise AttributeError(f"no primitive is called {name}")

        def apply(*operands: Any, **params: Any) -> Value:
            for operand in operands:
                if isinstance(operand, Value):
                    return operand.builder.apply(primitive, operands, params)
            raise TypeError(f"op.{name} needs a Value among its operands")

        return apply


op = _Operations()


@dataclass(frozen=True, slots=True)
class Call:
    """An equation in a rule's hands: its result, its operands and its params, the first two as values."""

    result: Value
    operands: tuple[Value, ...]
    params: Mapping[str, Any]

    @property
    def builder(self) -> Builder:
        return self.result.builder


def numeric(value: object) -> bool:
    """Whether a plain Python object is a number that can stand as a literal."""
    return isinstance(value, (bool, int, float, complex, np.generic))
