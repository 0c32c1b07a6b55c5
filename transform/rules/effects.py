"""What a function does besides computing: it prints, it reads a clock, it raises an exception.

    print(f"{x = }")          effect("print(f'x = {{{0}!r}}')", x)
    start = time.time()       start = effect("time.time()"; FLOAT)

Such an equation runs once, in the forward sweep, in its place among the others of its kind.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..ir import Atom, Eqn, Primitive, Statement
from ..types import BOOL, Type
from .build import Builder, Value

__all__ = ["effect", "guard", "raises"]

_NOTHING: Mapping[str, Any] = {}


def effect(
    builder: Builder,
    code: str,
    operands: Sequence[Any] = (),
    refers: Mapping[str, Any] = _NOTHING,
    type_: Type = BOOL,
    params: Mapping[str, Any] = _NOTHING,
) -> Value:
    """Append a statement, or the reading of a clock, whose value has a type."""
    # A primitive of its own for each: what is done twice is not the same done once.
    primitive = Primitive(
        "effect", lambda dims, types, params: type_, code, constant=True, effect=True, refers=refers
    )
    return builder.apply(primitive, operands, params)


def guard(
    condition: str,
    error: str,
    operands: Sequence[Atom],
    about: Statement | None = None,
    shape_only: Iterable[int] = (),
) -> Eqn:
    """`if condition: raise error`, for the builtin exception that `error` names, where `about` stands.

    Both are templates over `operands`, of some of which only the shape is read.
    """
    builder = Builder()
    if about is not None:
        builder.origin, builder.sweep = about.origin, about.sweep
    kind = getattr(builtins, error.partition("(")[0])
    effect(builder, f"if {condition}: raise {error}", operands, params={"raises": kind})
    (made,) = builder.body
    assert isinstance(made, Eqn)
    return replace(made, primitive=replace(made.primitive, shape_only=frozenset(shape_only)))


def raises(
    builder: Builder,
    error: str,
    operands: Sequence[Any],
    refers: Mapping[str, Any],
    kind: type[BaseException],
    condition: Value | None = None,
) -> None:
    """Append `raise error`, where there is a condition after `if condition:`.

    `error` is the template of an expression over `operands`; with a condition there are none.
    """
    code = f"raise {error}" if condition is None else f"if {{0}}: raise {error}"
    effect(builder, code, operands if condition is None else [condition], refers, params={"raises": kind})
