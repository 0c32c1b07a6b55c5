"""Shapes of values that nobody needs: taken from other values that have the same lengths.

p_bar = np.full((a @ v).shape, L_bar)     --->     p_bar = np.full((a.shape[0], v.shape[1]), L_bar)
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from ..ir import Atom, Eqn, Function, Statement, Var, walk
from ..rules.build import Builder, Value, op
from ..rules.registry import PRIMITIVES
from ..rules.shape import template
from ..types import Array, Size
from .dce import needed_values

__all__ = ["shapes_from_elsewhere"]

Lengths = dict[Size, tuple[Var, int]]


def shapes_from_elsewhere(function: Function) -> Function:
    """The function with constant arrays sized by what is there anyway, rather than like a dead array."""
    there = needed_values(function) | set(function.params)
    dead = _shape_sources(function.body, there)
    if not dead:
        return function
    lengths: Lengths = {}
    _note(function.params, lengths)
    body: list[Statement] = []
    for statement in function.body:
        if isinstance(statement, Eqn) and _sized_like(statement, dead):
            body += _with_lengths(statement, lengths)
        else:
            body.append(statement)
        _note([target for target in statement.targets if target in there], lengths)
    return replace(function, body=tuple(body))


def _sized_like(eqn: Eqn, dead: set[Atom]) -> bool:
    match eqn.primitive.name, eqn.operands:
        case "zeros_like", (like,):
            return like in dead
        case "broadcast_like", (number, like):
            return like in dead and not isinstance(number.type, Array)
    return False


def _shape_sources(body: Iterable[Statement], there: set[Atom]) -> set[Atom]:
    """Values that only serve to size others; a view is as good as what it is a view of."""
    made = {eqn.target: eqn for eqn in walk(tuple(body)) if isinstance(eqn, Eqn)}
    return {
        var
        for eqn in made.values()
        for k, var in enumerate(eqn.operands)
        if k in eqn.primitive.shape_only
        and isinstance(var, Var)
        and var not in there
        and var in made
        and not (made[var].primitive.view and made[var].operands[0] in there)
    }


def _note(variables: Iterable[Var], lengths: Lengths) -> None:
    """Remember for each length the first value and axis that have it."""
    for var in variables:
        if isinstance(var.type, Array):
            for axis, size in enumerate(var.type.dims):
                lengths.setdefault(size, (var, axis))


def _with_lengths(eqn: Eqn, lengths: Lengths) -> list[Statement]:
    *filling, like = eqn.operands
    dims = like.type.dims if isinstance(like.type, Array) else ()
    if not all(isinstance(size, int) or size in lengths for size in dims):
        return [eqn]
    builder = Builder()
    builder.origin, builder.sweep = eqn.origin, eqn.sweep
    sizes: list[Any] = []
    for size in dims:
        if isinstance(size, int):
            sizes.append(size)
        else:
            var, axis = lengths[size]
            sizes.append(op.dim(Value(builder, var), axis=axis))
    entries, operands, known = template(sizes, len(filling))
    params = {"shape": entries, "lengths": known, "dtype": eqn.target.type.dtype}
    builder.apply(PRIMITIVES["full" if filling else "zeros"], (*filling, *operands), params)
    made = builder.body[-1]
    assert isinstance(made, Eqn)
    return [*builder.body[:-1], replace(made, target=eqn.target)]
