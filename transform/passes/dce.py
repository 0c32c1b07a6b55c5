"""Dead code: an equation stays only if a result needs it.

    a = X @ w                              a = X @ w
    c = b ** 2             --->            s = L_bar / b.size
    s = L_bar / c.size

Where only the shape of a value is read, a living value of the same shape serves as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from ..ir import Atom, Eqn, Function, If, Region, Statement, Var, atoms_of, has_effect, map_branches, walk
from ..types import Array, Type

__all__ = ["eliminate_dead", "needed_values"]


def eliminate_dead(function: Function) -> Function:
    """The function without equations that no result depends on, and without captures that nothing reads."""
    alive = {*function.params, *(var for var, _ in function.captures)}
    needed = _needed(function.body, function.results)
    stand_ins = _stand_ins(function, needed, alive)
    if stand_ins:
        function = replace(function, body=tuple(_read_shapes(s, stand_ins) for s in function.body))
    needed = _needed(function.body, function.results, shapes_too=True)
    captures = tuple((var, value) for var, value in function.captures if var in needed)
    return replace(function, body=_kept(function.body, needed), captures=captures)


def needed_values(function: Function) -> set[Atom]:
    """The values that the results depend on; those of which only the shape is read are left out."""
    return _needed(function.body, function.results)


def _needed(body: Sequence[Statement], results: Iterable[Atom], shapes_too: bool = False) -> set[Atom]:
    """Everything that is read, directly or not, on the way to the results."""
    needed: set[Atom] = set(results)
    for statement in reversed(body):
        if needed.isdisjoint(statement.targets) and not has_effect(statement):
            continue
        if isinstance(statement, Eqn):
            skipped = () if shapes_too else statement.primitive.shape_only
            needed.update(atom for k, atom in enumerate(statement.operands) if k not in skipped)
            continue
        needed.update(atoms_of(statement))
        if isinstance(statement, If):
            for region in (statement.then, statement.orelse):
                pairs = zip(statement.targets, region.results, strict=True)
                live = [result for target, result in pairs if target in needed]
                needed |= _needed(region.body, live, shapes_too)
        else:
            needed.update(atom for inner in walk([statement]) for atom in atoms_of(inner))
    return needed


def _stand_ins(function: Function, needed: set[Atom], alive: set[Var]) -> dict[Atom, Atom]:
    """For values of which only the shape is read: an operand they were computed from that is there anyway."""
    made = {s.target: s for s in walk(function.body) if isinstance(s, Eqn)}
    found: dict[Atom, Atom] = {}
    for eqn in list(made.values()):
        for k in eqn.primitive.shape_only:
            var = eqn.operands[k]
            if eqn.target in needed and var not in needed and var not in alive:
                stand_in = _same_shape(var, var.type, made, needed | alive)
                if stand_in is not None:
                    found[var] = stand_in
    return found


def _same_shape(var: Atom, type_: Type, made: dict[Var, Eqn], there: set[Atom]) -> Atom | None:
    # Of the same dtype, too: the type of a filled array depends on it.
    eqn = made.get(var) if isinstance(var, Var) else None
    if eqn is None:
        return None
    for operand in eqn.operands:
        if isinstance(operand.type, Array) and operand.type.dims == eqn.target.type.dims:  # type: ignore[union-attr]
            known = operand in there and operand.type == type_
            nearest = operand if known else _same_shape(operand, type_, made, there)
            if nearest is not None:
                return nearest
    return None


def _read_shapes(statement: Statement, stand_ins: dict[Atom, Atom]) -> Statement:
    if isinstance(statement, Eqn):
        shapes = statement.primitive.shape_only
        operands = tuple(
            stand_ins.get(atom, atom) if k in shapes else atom for k, atom in enumerate(statement.operands)
        )
        return replace(statement, operands=operands)
    if isinstance(statement, If):
        return map_branches(statement, lambda body: [_read_shapes(inner, stand_ins) for inner in body])
    return statement


def _kept(body: Sequence[Statement], needed: set[Atom]) -> tuple[Statement, ...]:
    kept: list[Statement] = []
    for statement in body:
        if needed.isdisjoint(statement.targets) and not has_effect(statement):
            continue
        kept.append(_without_dead_results(statement, needed) if isinstance(statement, If) else statement)
    return tuple(kept)


def _without_dead_results(statement: If, needed: set[Atom]) -> If:
    live = [k for k, target in enumerate(statement.targets) if target in needed]

    def trimmed(region: Region) -> Region:
        return Region((), _kept(region.body, needed), tuple(region.results[k] for k in live))

    targets = tuple(statement.targets[k] for k in live)
    return replace(statement, targets=targets, then=trimmed(statement.then), orelse=trimmed(statement.orelse))
