"""What a derivative looks like from Python: its parameters, its results, its banner.

The passes tangent and adjoint know leaves only. Here their functions get a signature: a seed for each
input or result that has one, and results with the structure of the arguments they belong to.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..ir import About, Function, Input, Lit, Region, Slot, Sweep, Var, fresh_copy, substitute
from ..names import FUNCTIONS, NUMBERED, TANGENT
from ..rules.build import Builder, Value
from ..tree import Node, Static, Tree, leaves, map_leaves
from ..types import Scalar, is_complex
from .pipeline import Mode, derivative, tidy

__all__ = ["adjoint_function", "bind", "inline", "only_results", "tangent_function", "wrt_leaves"]

_POSITIONAL = inspect.Parameter.POSITIONAL_OR_KEYWORD
_KEYWORD = inspect.Parameter.KEYWORD_ONLY


def wrt_leaves(function: Function, inputs: Sequence[int]) -> tuple[int, ...]:
    """The positions in `params` of the leaves of the given inputs."""
    return tuple(leaf.position for k in inputs for leaf in leaves(function.inputs[k].tree))


def tangent_function(primal: Function, inputs: Sequence[int]) -> Function:
    """Primal's parameters and a seed for each input in `inputs` -> (results, their tangents)."""
    wrt = wrt_leaves(primal, inputs)
    derived = derivative(primal, Mode.FORWARD, wrt)
    position = {leaf: len(primal.params) + k for k, leaf in enumerate(wrt)}
    alone = len(wrt) == 1 and isinstance(primal.params[wrt[0]].type, Scalar)
    seeds = [
        Input(
            TANGENT.format(primal.inputs[k].name),
            _POSITIONAL,
            map_leaves(lambda leaf: _moved(leaf, position), primal.inputs[k].tree),
            "1.0" if alone else "",
        )
        for k in inputs
    ]
    count = len(primal.results)
    dots = map_leaves(lambda leaf: _shifted(leaf, count), primal.output)
    given = derived.params[len(primal.params) :]
    return replace(
        derived,
        name=FUNCTIONS["tangent"].format(primal.name),
        inputs=_signature(primal.inputs, seeds),
        output=Node(tuple, (0, 1), (primal.output, dots)),
        about=_about("Tangent", primal, inputs, given),
    )


def adjoint_function(
    primal: Function, inputs: Sequence[int], bare: bool, keep: Tree = None, seeded: Tree = None
) -> Function:
    """Primal's parameters and a seed for each result -> adjoints of `inputs`.

    `bare` returns the one adjoint itself rather than a tuple of one. `keep` is the part of the primal's
    output tree that is returned as well, before the adjoints; `seeded` the part that has seeds: all of
    it, unless auxiliary results go along.
    """
    seeded = primal.output if seeded is None else seeded
    kept = list(leaves(keep)) if keep is not None else []
    differentiated = [leaf.position for leaf in leaves(seeded)]
    wrt = wrt_leaves(primal, inputs)
    chosen = replace(primal, results=tuple(primal.results[k] for k in differentiated))
    extra = tuple(primal.results[leaf.position] for leaf in kept)
    derived = derivative(chosen, Mode.REVERSE, wrt, keep=extra)
    position = {leaf: len(kept) + k for k, leaf in enumerate(wrt)}
    bars = tuple(map_leaves(lambda leaf: _moved(leaf, position), primal.inputs[k].tree) for k in inputs)
    gradient = bars[0] if bare else Node(tuple, tuple(range(len(bars))), bars)
    given = derived.params[len(primal.params) :]
    return replace(
        derived,
        name=FUNCTIONS["adjoint"].format(primal.name),
        inputs=_signature(primal.inputs, _seeds(primal, given)),
        output=gradient if keep is None else Node(tuple, (0, 1), (_renumbered(keep), gradient)),
        about=_about("Adjoint", primal, inputs, given),
    )


def _seeds(primal: Function, given: Sequence[Var]) -> list[Input]:
    first = len(primal.params)
    alone = len(given) == 1 and isinstance(given[0].type, Scalar) and not is_complex(given[0].type)
    return [
        Input(var.name, _POSITIONAL, Slot(first + k), "1.0" if alone else "") for k, var in enumerate(given)
    ]


def _signature(inputs: Sequence[Input], seeds: Sequence[Input]) -> tuple[Input, ...]:
    """Seeds follow the positional parameters; they are keyword-only where Python's grammar demands it."""
    taken = {each.name for each in inputs}
    seeds = [replace(seed, name=_free(seed.name, taken)) for seed in seeds]
    kinds = [each.kind for each in inputs]
    positional = sum(kind in (inspect.Parameter.POSITIONAL_ONLY, _POSITIONAL) for kind in kinds)
    defaults = any(each.default for each in inputs[:positional])
    starred = inspect.Parameter.VAR_POSITIONAL in kinds
    if starred or (defaults and not all(seed.default for seed in seeds)):
        seeds = [replace(seed, kind=_KEYWORD) for seed in seeds]
        last = len(inputs) - (inspect.Parameter.VAR_KEYWORD in kinds)
        return (*inputs[:last], *seeds, *inputs[last:])
    return (*inputs[:positional], *seeds, *inputs[positional:])


def _free(name: str, taken: set[str]) -> str:
    """The name, numbered where a parameter of the primal has it."""
    count = 1
    free = name
    while free in taken:
        count += 1
        free = NUMBERED.format(name, count)
    taken.add(free)
    return free


def _about(kind: str, primal: Function, inputs: Sequence[int], given: Sequence[Var]) -> About:
    place = f"{primal.origin.file}:{primal.origin.line}" if primal.origin is not None else ""
    inactive = tuple(each.name for k, each in enumerate(primal.inputs) if k not in inputs)
    return About(kind, primal.name, place, tuple(given), inactive)


def _moved(leaf: Any, position: Mapping[int, int]) -> Any:
    return leaf if isinstance(leaf, Static) else Slot(position[leaf.position])


def _shifted(leaf: Any, by: int) -> Any:
    return leaf if isinstance(leaf, Static) else Slot(leaf.position + by)


def _renumbered(tree: Tree) -> Tree:
    numbers = {leaf.position: k for k, leaf in enumerate(leaves(tree))}
    return map_leaves(lambda leaf: _moved(leaf, numbers), tree)


def only_results(function: Function, part: Tree) -> Function:
    """The function returning only `part` of its output tree."""
    results = tuple(function.results[leaf.position] for leaf in leaves(part))
    return tidy(replace(function, results=results, output=_renumbered(part)))


def bind(function: Function, names: Mapping[str, float]) -> Function:
    """The function with some of its inputs fixed: the seed of a gradient is 1, and then not a parameter."""
    fixed = {
        leaf.position: Lit(names[each.name])
        for each in function.inputs
        if each.name in names
        for leaf in leaves(each.tree)
    }
    kept = [k for k in range(len(function.params)) if k not in fixed]
    position = {old: new for new, old in enumerate(kept)}
    atoms = {function.params[k]: lit for k, lit in fixed.items()}

    def new(atom: Any) -> Any:
        return atoms.get(atom, atom)

    inputs = tuple(
        replace(each, tree=map_leaves(lambda leaf: _moved(leaf, position), each.tree))
        for each in function.inputs
        if each.name not in names
    )
    bound = replace(
        function,
        params=tuple(function.params[k] for k in kept),
        inputs=inputs,
        body=tuple(substitute(statement, new) for statement in function.body),
        results=tuple(map(new, function.results)),
        about=About(),
    )
    return tidy(bound)


def inline(
    builder: Builder, function: Function, arguments: Sequence[Value], formula: bool = False
) -> list[Value]:
    """Append the body of `function` to a builder, its params replaced by `arguments`; return its results.

    A rule's `formula` belongs to the sweep that the builder is in, and its values have no names of their
    own there; other equations belong to no sweep. What the function captures must be captured by whoever
    uses the builder.
    """
    region, renamed = fresh_copy(Region((), function.body, function.results))
    atoms: dict[Any, Any] = dict(
        zip(function.params, (builder.atom(value) for value in arguments), strict=True)
    )
    if formula:
        results = set(region.results)
        atoms |= {
            var: Var("t" if var in results else var.name, var.type, temporary=True)
            for var in renamed.values()
        }
    sweep = builder.sweep if formula else Sweep.NONE
    builder.callees.update(function.callees)

    def new(atom: Any) -> Any:
        return atoms.get(atom, atom)

    for statement in region.body:
        builder.body.append(replace(substitute(statement, new), origin=builder.origin, sweep=sweep))
    return [Value(builder, new(result)) for result in region.results]
