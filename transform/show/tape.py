"""A function run at a point, equation by equation: a list of nodes such as a taping tool would record.

Each node is differentiated by its primitive's own rule, forward from an input (`ForwardValue`) and in
reverse from the result (`AutogradValue`). It serves to look at a computation; it is not how `grad` works.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..compile.arguments import tree_of
from ..errors import UnsupportedError
from ..ir import Atom, Eqn, Function, If, Slot, Statement, Var
from ..rules.build import Builder, Call, Value
from ..rules.families import fit
from ..tree import Node as Branch
from ..tree import Tree, children_of
from ..types import is_inexact

__all__ = ["Node", "backward", "code_of", "forward", "record"]


@dataclass(eq=False)
class Node:
    """One line that was run: a value, the nodes it was computed from, and its derivatives.

    `varied` where it depends on the inputs asked for; `partials` holds dvalue/dparent for each varied
    parent of a number; `tangents` has one entry for each forward pass.
    """

    name: str
    value: Any
    varied: bool = False
    eqn: Eqn | None = None
    parents: tuple[Node, ...] = ()
    adjoint: Any = 0.0
    partials: dict[Node, Any] = field(default_factory=dict)
    tangents: list[Any] = field(default_factory=list)

    @property
    def temporary(self) -> bool:
        """Whether the source has no name for it."""
        return self.eqn is not None and self.eqn.target.temporary


Env = dict[Var, Node]
Rule = Callable[[Call, Sequence[Value | None]], Any]


def record(primal: Function, point: Mapping[str, Any], varied: set[str]) -> tuple[list[Node], Node]:
    """Run the function: every node in the order of execution, inputs first; and the first result."""
    env: Env = {var: Node(var.name, value) for var, value in primal.captures}
    for given in primal.inputs:
        for slot, value in _leaves(given.tree, point.get(given.name)):
            var = primal.params[slot.position]
            env[var] = Node(var.name, value, varied=given.name in varied and is_inexact(var.type))
    tape = list(env.values())
    _run(primal.body, env, tape)
    return tape, _read(primal.results[0], env)


def _leaves(tree: Tree, value: Any) -> Iterator[tuple[Slot, Any]]:
    if isinstance(tree, Branch):
        for child, part in zip(tree.children, children_of(value)[1], strict=True):
            yield from _leaves(child, part)
    elif isinstance(tree, Slot):
        yield tree, value


def _run(body: Sequence[Statement], env: Env, tape: list[Node]) -> None:
    for statement in body:
        match statement:
            case Eqn(target=target):
                env[target] = _equation(statement, env)
                tape.append(env[target])
            case If(targets, condition, then, orelse):
                taken = then if _read(condition, env).value else orelse
                _run(taken.body, env, tape)
                env.update(zip(targets, [_read(atom, env) for atom in taken.results], strict=True))
            case _:
                raise UnsupportedError("loops are not traced", origin=statement.origin)


def _read(atom: Atom, env: Env) -> Node:
    return env[atom] if isinstance(atom, Var) else Node(repr(atom), atom.value)


def _equation(eqn: Eqn, env: Env) -> Node:
    parents = tuple(_read(atom, env) for atom in eqn.operands)
    places = {f"_{k}": parent.value for k, parent in enumerate(parents)}
    value = eval(code_of(eqn, list(places)), {"np": np, "math": math, **eqn.primitive.refers, **places})
    depends = any(parent.varied for parent in parents) and not eqn.primitive.constant
    return Node(eqn.target.name, value, depends and is_inexact(eqn.target.type), eqn, parents)


def code_of(eqn: Eqn, operands: Sequence[str]) -> str:
    """The equation's right-hand side as Python, with these texts for its operands."""
    code = eqn.primitive.code
    template = code if isinstance(code, str) else code([atom.type for atom in eqn.operands], eqn.params)
    return template.format(*operands)


def backward(tape: Sequence[Node], result: Node) -> None:
    """One reverse pass: the adjoint of every node, and the local partials on the way."""
    result.adjoint = 1.0
    for node in reversed(tape):
        for k, parent in enumerate(node.parents):
            if not (node.varied and parent.varied):
                continue
            parent.adjoint = parent.adjoint + _pull(node, k, node.adjoint)
            if np.ndim(node.value) == 0:
                node.partials[parent] = node.partials.get(parent, 0.0) + _pull(node, k, 1.0)


def _pull(node: Node, k: int, y_bar: Any) -> Any:
    """What the adjoint of operand k gains when the adjoint of the result is `y_bar`."""

    def rule(call: Call, bars: Sequence[Value | None]) -> Value:
        assert node.eqn is not None
        assert node.eqn.primitive.adjoint is not None
        return fit(node.eqn.primitive.adjoint(call, bars[0], k), call.operands[k])

    return _apply(node, rule, [y_bar])


def forward(tape: Sequence[Node], start: Node) -> None:
    """One forward pass: the tangent of every node that varies, along the input `start`."""
    for node in tape:
        if node.eqn is None or not node.varied:
            node.tangents.append(1.0 if node is start else 0.0)
        else:
            dots = [parent.tangents[-1] if parent.varied else None for parent in node.parents]
            node.tangents.append(_apply(node, node.eqn.primitive.tangent, dots))


def _apply(node: Node, rule: Rule | None, seeds: Sequence[Any]) -> Any:
    """The number that a rule gives for this node: build its formula, then run it."""
    assert node.eqn is not None
    assert rule is not None
    builder, given = Builder(), []
    env: Env = {node.eqn.target: node}
    for atom, parent in zip(node.eqn.operands, node.parents, strict=True):
        if isinstance(atom, Var):
            env[atom] = parent
    for seed in seeds:
        var = Var("seed", tree_of(seed, "seed")) if seed is not None else None
        given.append(builder.value(var) if var is not None else None)
        if var is not None:
            env[var] = Node("seed", seed)
    operands = tuple(map(builder.value, node.eqn.operands))
    answer = builder.value(rule(Call(builder.value(node.eqn.target), operands, node.eqn.params), given))
    _run(builder.finish(), env, [])
    return _read(answer.atom, env).value
