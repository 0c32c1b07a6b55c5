"""What was learned about lengths while lowering, told to every type.

    a = X @ w; b = y - a          w: [w0], X: [X0, X1], y: [y0]
                         --->     w: [X1], X: [X0, X1], y: [X0]

Where w0 and X1 differ NumPy raises, so in all that follows they are one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from ..ir import Atom, Function, Var, substitute
from ..types import Dims
from .reads import Read

__all__ = ["resolved"]


def resolved(function: Function, reads: Iterable[Read], dims: Dims) -> tuple[Function, tuple[Read, ...]]:
    """The function and its reads with every dim replaced by its representative.

    `Function.given` keeps the types of the params as they were.
    """
    known: dict[Any, Any] = {}

    def new(atom: Any) -> Any:
        if not isinstance(atom, Var):
            return atom
        if atom not in known:
            type_ = dims.resolve_type(atom.type)
            known[atom] = atom if type_ == atom.type else Var(atom.name, type_, atom.temporary)
        return known[atom]

    def each(atoms: Iterable[Atom]) -> tuple[Any, ...]:
        return tuple(map(new, atoms))

    told = replace(
        function,
        params=each(function.params),
        body=tuple(substitute(statement, new) for statement in function.body),
        results=each(function.results),
        captures=tuple((new(var), value) for var, value in function.captures),
        given=tuple(param.type for param in function.params),
    )
    return told, tuple(read if read.var is None else replace(read, var=new(read.var)) for read in reads)
