"""The lengths of arguments, each read once: `n = u.shape[0]`.

Types know which lengths are the same: what else has the length n, or n - 2, need not be asked for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from ...ir import Eqn, Function, Statement, Var, map_regions, substitute, walk
from ...rules.build import Builder, Value, op
from ...types import Array, Dim, Scalar, Size

__all__ = ["Extents"]

NAMES = (("n", "rows"), ("m", "columns"), ("p", "depth"))
"""What the length of an axis is called: the first of these that the user calls nothing else."""


class Extents:
    """The equations that read the lengths of a function's arguments, and the symbol of each."""

    def __init__(self, function: Function) -> None:
        taken = {param.name for param in function.params}
        taken |= {t.name for s in walk(function.body) for t in s.targets if not t.temporary}
        self.equations: list[Eqn] = []
        self.of: dict[object, Var] = {}
        for param in function.params:
            for axis, size in enumerate(param.type.dims if isinstance(param.type, Array) else ()):
                if isinstance(size, Dim) and not size.offset and size.symbol not in self.of:
                    builder = Builder()
                    op.dim(builder.value(param), axis=axis)
                    (eqn,) = builder.body
                    assert isinstance(eqn, Eqn)
                    free = [name for name in NAMES[min(axis, len(NAMES) - 1)] if name not in taken]
                    length = Var((*free, "n")[0], eqn.target.type, temporary=not free)
                    self.equations.append(replace(eqn, target=length))
                    self.of[size.symbol] = length

    def counted(self, size: Size, builder: Builder) -> Value | None:
        """A length by that of an argument; where it is less than that, it may be negative for none."""
        if not isinstance(size, Dim) or size.symbol not in self.of:
            return None
        n = builder.value(self.of[size.symbol])
        return n + size.offset if size.offset > 0 else n - -size.offset if size.offset else n

    def exact(self, size: Size, builder: Builder) -> Value | None:
        """The same where it is surely not negative."""
        return self.counted(size, builder) if isinstance(size, Dim) and size.offset >= 0 else None

    def once(self, body: Sequence[Statement]) -> tuple[Statement, ...]:
        """The body below the equations, which it does not repeat; a name that the user gave stays."""
        known = dict(self.again(body))
        for var, length in [*known.items()]:
            if not var.temporary and length not in known:
                known[length] = Var(var.name, length.type)

        def new(atom: Any) -> Any:
            length = known.get(atom, atom)
            return known.get(length, length)

        def rest(body: Sequence[Statement]) -> Iterator[Statement]:
            for statement in body:
                if not (isinstance(statement, Eqn) and statement.target in known):
                    yield map_regions(statement, rest)

        return tuple(substitute(s, new) for s in (*self.equations, *rest(body)))

    def again(self, body: Sequence[Statement]) -> Iterator[tuple[Var, Var]]:
        """What reads a length again, and the length."""
        for statement in walk(body):
            if isinstance(statement, Eqn) and statement.primitive.name == "dim":
                type_ = statement.target.type
                size = type_.size if isinstance(type_, Scalar) else None
                if isinstance(size, Dim) and not size.offset and size.symbol in self.of:
                    yield statement.target, self.of[size.symbol]
