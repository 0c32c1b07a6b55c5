"""Dead code: an equation stays only if a result needs it.

    a = X @ w                              a = X @ w
    c = b ** 2             --->            s = L_bar / b.size
    s = L_bar / c.size

Where only the shape of a value is read, a living value of the same shape serves as well. A loop carries
only what is read in it or after it; what it hands on unchanged is not carried at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..ir import (
    Atom,
    Eqn,
    For,
    Function,
    If,
    Region,
    Statement,
    Var,
    While,
    has_effect,
    map_regions,
    substitute,
    walk,
)
from ..types import Array, Type
from .activity import carried

__all__ = ["eliminate_dead", "needed_atoms", "needed_values", "without_idle"]


def eliminate_dead(function: Function) -> Function:
    """The function without equations that no result depends on, and without captures that nothing reads."""
    function = without_idle(function)
    alive = {*function.params, *(var for var, _ in function.captures)}
    needed = needed_atoms(function.body, function.results)
    stand_ins = _stand_ins(function, needed, alive)
    if stand_ins:
        function = replace(function, body=tuple(_read_shapes(s, stand_ins) for s in function.body))
    needed = needed_atoms(function.body, function.results, shapes_too=True)
    captures = tuple((var, value) for var, value in function.captures if var in needed)
    return replace(function, body=_kept(function.body, needed), captures=captures)


def needed_values(function: Function) -> set[Atom]:
    """The values that the results depend on; those of which only the shape is read are left out."""
    return needed_atoms(function.body, function.results)


def needed_atoms(body: Sequence[Statement], results: Iterable[Atom], shapes_too: bool = False) -> set[Atom]:
    """Everything that is read, directly or not, on the way to the results."""
    mark = _Mark(set(results), shapes_too)
    before = -1
    # The whole body each time, not each loop by itself: nested loops would multiply.
    while len(mark.needed) != before:
        before = len(mark.needed)
        mark.body(body)
    return mark.needed


class _Mark:
    def __init__(self, needed: set[Atom], shapes_too: bool) -> None:
        self.needed, self.shapes_too = needed, shapes_too
        self.effects: dict[Statement, bool] = {}

    def runs(self, statement: Statement) -> bool:
        """Whether a statement does something that cannot be seen by its targets."""
        if statement not in self.effects:
            self.effects[statement] = has_effect(statement)
        return self.effects[statement]

    def body(self, body: Sequence[Statement]) -> None:
        for statement in reversed(body):
            if isinstance(statement, Eqn):
                self.equation(statement)
            elif not self.needed.isdisjoint(statement.targets) or self.runs(statement):
                self.branch(statement) if isinstance(statement, If) else self.loop(statement)

    def equation(self, eqn: Eqn) -> None:
        if eqn.primitive.effect or not self.needed.isdisjoint(eqn.targets):
            skipped = () if self.shapes_too else eqn.primitive.shape_only
            self.needed.update(atom for k, atom in enumerate(eqn.operands) if k not in skipped)

    def branch(self, statement: If) -> None:
        self.needed.add(statement.condition)
        for region in (statement.then, statement.orelse):
            self.hand_on(statement.targets, region.results)
            self.body(region.body)

    def loop(self, loop: For | While) -> None:
        params = carried(loop)
        if isinstance(loop, For):
            self.needed.update((loop.start, loop.stop, loop.step))
        else:
            self.needed.update(loop.condition.results)
            self.body(loop.condition.body)
            self.hand_on(loop.condition.params, params)
        self.hand_on(loop.targets, loop.body.results)
        self.hand_on(params, loop.body.results)
        self.body(loop.body.body)
        self.hand_on(params, loop.init)
        self.hand_on(loop.targets, loop.init)

    def hand_on(self, targets: Sequence[Var], values: Sequence[Atom]) -> None:
        self.needed.update(
            value for target, value in zip(targets, values, strict=True) if target in self.needed
        )


def _stand_ins(function: Function, needed: set[Atom], alive: set[Var]) -> dict[Atom, Atom]:
    """For values of which only the shape is read: an operand they were computed from that is there anyway."""
    made = _sources(function.body)
    found: dict[Atom, Atom] = {}
    for eqn in [each for each in walk(function.body) if isinstance(each, Eqn)]:
        for k in eqn.primitive.shape_only:
            var = eqn.operands[k]
            if eqn.target in needed and var not in needed and var not in alive:
                stand_in = _same_shape(var, var.type, made, needed | alive)
                if stand_in is not None:
                    found[var] = stand_in
    return found


def _sources(body: Sequence[Statement]) -> dict[Var, tuple[Atom, ...]]:
    """What each value is computed from; what a loop hands on has the shape of what it starts with."""
    made: dict[Var, tuple[Atom, ...]] = {}
    for statement in walk(body):
        if isinstance(statement, Eqn):
            made[statement.target] = statement.operands
        elif isinstance(statement, (For, While)):
            params = carried(statement)
            for param, target, init in zip(params, statement.targets, statement.init, strict=True):
                made[param] = made[target] = (init,)
    return made


def _same_shape(
    var: Atom, type_: Type, made: Mapping[Var, tuple[Atom, ...]], there: set[Atom]
) -> Atom | None:
    # Of the same dtype, too: the type of a filled array depends on it.
    if not isinstance(var, Var) or not isinstance(var.type, Array):
        return None
    for source in made.get(var, ()):
        if isinstance(source.type, Array) and source.type.dims == var.type.dims:
            known = source in there and source.type == type_
            nearest = source if known else _same_shape(source, type_, made, there)
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
    return map_regions(statement, lambda body: [_read_shapes(inner, stand_ins) for inner in body])


def _kept(body: Sequence[Statement], needed: set[Atom]) -> tuple[Statement, ...]:
    kept: list[Statement] = []
    for statement in body:
        if needed.isdisjoint(statement.targets) and not has_effect(statement):
            continue
        kept.append(statement if isinstance(statement, Eqn) else _without_dead_results(statement, needed))
    return tuple(kept)


def _without_dead_results(statement: If | For | While, needed: set[Atom]) -> Statement:
    def trimmed(region: Region, params: tuple[Var, ...], live: Sequence[int]) -> Region:
        return Region(params, _kept(region.body, needed), tuple(region.results[k] for k in live))

    if isinstance(statement, If):
        live = [k for k, target in enumerate(statement.targets) if target in needed]
        then, orelse = (trimmed(region, (), live) for region in (statement.then, statement.orelse))
        return replace(statement, targets=tuple(statement.targets[k] for k in live), then=then, orelse=orelse)
    params = carried(statement)
    live = [k for k in range(len(params)) if params[k] in needed or statement.targets[k] in needed]
    return _carrying(statement, live, lambda region, params: trimmed(region, params, live), needed)


def _carrying(
    loop: For | While, live: Sequence[int], trim: Any, needed: set[Atom] | None = None
) -> Statement:
    """The loop with only the carried values at the positions `live`."""
    first = isinstance(loop, For)
    params = tuple(carried(loop)[k] for k in live)
    changes: dict[str, Any] = {
        "targets": tuple(loop.targets[k] for k in live),
        "init": tuple(loop.init[k] for k in live),
        "body": trim(loop.body, (*loop.body.params[:first], *params)),
    }
    if isinstance(loop, While):
        body = loop.condition.body if needed is None else _kept(loop.condition.body, needed)
        tested = tuple(loop.condition.params[k] for k in live)
        changes["condition"] = replace(loop.condition, params=tested, body=body)
    return replace(loop, **changes)


# What loops hand on unchanged.


def without_idle(function: Function) -> Function:
    """The function with loops that carry only what changes: the rest is what it was before the loop."""
    if not any(isinstance(statement, (For, While)) for statement in walk(function.body)):
        return function
    known: dict[Any, Atom] = {}

    def new(atom: Any) -> Any:
        while atom in known:
            atom = known[atom]
        return atom

    body = _idle_taken_out(function.body, known)
    if not known:
        return function
    return replace(
        function,
        body=tuple(substitute(statement, new) for statement in body),
        results=tuple(map(new, function.results)),
    )


def _idle_taken_out(body: Sequence[Statement], known: dict[Any, Atom]) -> tuple[Statement, ...]:
    return tuple(_without_idle(statement, known) for statement in body)


def _without_idle(statement: Statement, known: dict[Any, Atom]) -> Statement:
    statement = map_regions(statement, lambda body: _idle_taken_out(body, known))
    if not isinstance(statement, (For, While)):
        return statement
    params, results = carried(statement), list(statement.body.results)
    for k in range(len(results)):
        while results[k] in known:
            results[k] = known[results[k]]
        if results[k] is params[k] and statement.init[k].type == params[k].type:
            known[params[k]] = known[statement.targets[k]] = statement.init[k]
            if isinstance(statement, While):
                known[statement.condition.params[k]] = statement.init[k]
    live = [k for k, param in enumerate(params) if param not in known]
    if len(live) == len(params):
        return statement
    return _carrying(
        statement,
        live,
        lambda region, kept: Region(kept, region.body, tuple(region.results[k] for k in live)),
    )
