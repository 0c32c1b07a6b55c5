"""Which arrays may share memory: what a store overwrites besides the array it names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..ir import Atom, Eqn, For, Function, If, Statement, Var, While
from ..types import Array

__all__ = ["NOTHING", "Roots", "roots_of"]

Roots = frozenset[Var]
NOTHING: Roots = frozenset()


def roots_of(function: Function) -> dict[Var, Roots]:
    """The arrays whose memory each array may be, or be a part of; numbers have none."""
    roots: dict[Var, Roots] = {}
    _own(roots, function.params)
    _own(roots, (var for var, _ in function.captures))
    _body(roots, function.body)
    return roots


def _own(roots: dict[Var, Roots], variables: Iterable[Var]) -> None:
    roots.update((var, frozenset({var}) if isinstance(var.type, Array) else NOTHING) for var in variables)


def _union(roots: dict[Var, Roots], atoms: Iterable[Atom]) -> Roots:
    return NOTHING.union(*(roots[atom] for atom in atoms if isinstance(atom, Var)))


def _body(roots: dict[Var, Roots], body: Sequence[Statement]) -> None:
    for statement in body:
        match statement:
            case Eqn(target, primitive, operands):
                if (primitive.view or primitive.consumes) and isinstance(target.type, Array):
                    roots[target] = _union(roots, operands[:1]) or frozenset({target})
                else:
                    _own(roots, (target,))
            case If(targets, _, then, orelse):
                _body(roots, then.body)
                _body(roots, orelse.body)
                for target, *results in zip(targets, then.results, orelse.results, strict=True):
                    roots[target] = _union(roots, results)
            case For() | While():
                _loop(roots, statement)


def _loop(roots: dict[Var, Roots], loop: For | While) -> None:
    regions = [loop.body] if isinstance(loop, For) else [loop.condition, loop.body]
    for region in regions:
        _own(roots, region.params)
        for param, init in zip(
            region.params[-len(loop.init) or len(region.params) :], loop.init, strict=True
        ):
            roots[param] |= _union(roots, (init,))
        _body(roots, region.body)
    for target, init, result in zip(loop.targets, loop.init, loop.body.results, strict=True):
        roots[target] = _union(roots, (init, result))
