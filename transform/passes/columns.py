"""A Jacobian of numbers, written out: the tangent's equations once for each column, the others shared.

    y = x1 * s                             s = sin(x2)
    y_dot = x1_dot * s + x1 * s_dot  --->  dy_dx1 = s
    s_dot = x2_dot * cos(x2)               ds_dx2 = cos(x2)
                                           dy_dx2 = x1 * ds_dx2

The seeds of column k are 0 but for a 1 at the k-th number. What no seed reaches is computed once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..ir import Atom, Function, Lit, Region, Slot, Statement, Var, fresh_copy, reads, substitute
from ..names import FUNCTIONS, PARTIAL, TANGENT
from ..tree import Node, Static, Tree, map_leaves
from .interface import tangent_function, wrt_leaves
from .pipeline import tidy, with_callees

__all__ = ["jacobian_function"]


def jacobian_function(primal: Function, inputs: Sequence[int], bare: bool) -> Function:
    """Primal's parameters -> the derivative of each result with respect to each leaf of `inputs`.

    All of these are numbers. The structure of the results is outside, that of the arguments inside it;
    `bare` has that of the one argument rather than a tuple of one.
    """
    wrt = wrt_leaves(primal, inputs)
    pushed = tangent_function(primal, inputs)
    count = len(primal.params)
    seeds = pushed.params[count:]
    columns = [_unit(seeds, k) for k in range(len(wrt))]
    names = [primal.params[k].name for k in wrt]
    dots = pushed.results[len(primal.results) :]
    body = tuple(_written_out(pushed.body, seeds, columns, names))
    arguments = tuple(primal.inputs[k].tree for k in inputs)
    row = arguments[0] if bare else Node(tuple, tuple(range(len(arguments))), arguments)
    made = replace(
        pushed,
        name=FUNCTIONS["jacobian"].format(primal.name),
        params=pushed.params[:count],
        inputs=primal.inputs,
        body=body,
        results=tuple(column.get(dot, dot) for dot in dots for column in columns),
        output=_matrix(primal.output, row, {leaf: k for k, leaf in enumerate(wrt)}),
        about=replace(pushed.about, kind="Jacobian", given=()),
    )
    return with_callees(tidy(made))


def _unit(seeds: Sequence[Var], k: int) -> dict[Any, Atom]:
    return {seed: Lit(float(j == k)) for j, seed in enumerate(seeds)}


def _written_out(
    body: Sequence[Statement],
    seeds: Sequence[Var],
    columns: Sequence[dict[Any, Atom]],
    names: Sequence[str],
) -> Iterator[Statement]:
    """The statements, those that a seed reaches once for each column; `columns` learn their targets."""
    moved = set(seeds)
    for statement in body:
        if moved.isdisjoint(reads([statement])):
            yield statement
            continue
        moved.update(statement.targets)
        for column, name in zip(columns, names, strict=True):
            yield _copied(statement, column, name)


def _copied(statement: Statement, column: dict[Any, Atom], name: str) -> Statement:
    _, renamed = fresh_copy(Region((), (statement,), ()))
    column |= {old: Var(_partial(new.name, name), new.type, new.temporary) for old, new in renamed.items()}
    return substitute(statement, lambda atom: column.get(atom, atom))


def _partial(name: str, of: str) -> str:
    """What a tangent is called in the column of one argument."""
    stem = name.removesuffix(TANGENT.format(""))
    return name if stem == name else PARTIAL.format(stem, of)


def _matrix(output: Tree, row: Tree, place: Mapping[int, int]) -> Tree:
    """The tree of results with, at each leaf, the tree of arguments: slots in the order of the results."""

    def cells(leaf: Any) -> Tree:
        if isinstance(leaf, Static):
            return leaf
        first = leaf.position * len(place)
        return map_leaves(lambda x: x if isinstance(x, Static) else Slot(first + place[x.position]), row)

    return map_leaves(cells, output)
