"""The reverse sweep before it is settled where the values come from that it reads.

It is written as if every value of the forward sweep were still there. `record` finds out which of them
are gone, and has them recomputed or recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ..ir import Atom, Eqn, For, If, Statement, Var, While

__all__ = ["Node", "Restore", "ReverseIf", "ReverseLoop", "prune", "walk_nodes"]


@dataclass(eq=False)
class Restore:
    """What `forward`, a store, has overwritten is put back, if anything before it reads it."""

    forward: Eqn


@dataclass(eq=False)
class ReverseIf:
    """The reverse sweep of a decision: the same condition, the branches in reverse."""

    forward: If
    bodies: tuple[list[Node], list[Node]]
    targets: list[Var]
    results: tuple[list[Atom], list[Atom]]


@dataclass(eq=False)
class ReverseLoop:
    """The reverse sweep of a loop: its iterations from the last to the first."""

    forward: For | While
    params: list[Var]
    init: list[Atom]
    targets: list[Var]
    results: list[Atom]
    body: list[Node]

    def keep(self, wanted: Callable[[int], bool]) -> None:
        """Keep only some of the carried values."""
        for values in (self.params, self.init, self.targets, self.results):
            values[:] = [value for k, value in enumerate(values) if wanted(k)]  # type: ignore[misc]


Node = Statement | Restore | ReverseIf | ReverseLoop


def walk_nodes(nodes: Sequence[Node]) -> Iterator[Node]:
    """Every node, those inside others after the node that holds them."""
    for node in nodes:
        yield node
        match node:
            case ReverseIf(bodies=bodies):
                for body in bodies:
                    yield from walk_nodes(body)
            case ReverseLoop(body=body):
                yield from walk_nodes(body)


Current = Callable[[Atom], Atom]


def prune(nodes: list[Node], results: Sequence[Atom], current: Current) -> None:
    """Take out what no result needs. `current` gives the name that an atom has got since."""
    needed: set[Atom] = {current(result) for result in results}
    before = -1
    # The whole tree each time, not each loop by itself: nested loops would multiply.
    while len(needed) != before:
        before = len(needed)
        _mark(nodes, needed, current)
    _sweep(nodes, needed, current)


def _mark(nodes: Sequence[Node], needed: set[Atom], current: Current) -> None:
    for node in reversed(nodes):
        match node:
            case Eqn():
                if not needed.isdisjoint(map(current, node.targets)):
                    needed.update(map(current, node.operands))
            case ReverseIf(bodies=bodies, targets=targets, results=results):
                for body, values in zip(bodies, results, strict=True):
                    _hand_on(targets, values, needed, current)
                    _mark(body, needed, current)
            case ReverseLoop():
                _hand_on(node.targets, node.results, needed, current)
                _hand_on(node.params, node.results, needed, current)
                _mark(node.body, needed, current)
                _hand_on(node.params, node.init, needed, current)
                _hand_on(node.targets, node.init, needed, current)


def _hand_on(targets: Sequence[Var], values: Sequence[Atom], needed: set[Atom], current: Current) -> None:
    for target, value in zip(targets, values, strict=True):
        if current(target) in needed:
            needed.add(current(value))


def _sweep(nodes: list[Node], needed: set[Atom], current: Current) -> None:
    kept: list[Node] = []
    for node in nodes:
        match node:
            case Eqn():
                if needed.isdisjoint(map(current, node.targets)):
                    continue
            case ReverseIf(bodies=bodies, targets=targets, results=results):
                wanted = [k for k, target in enumerate(targets) if current(target) in needed]
                node.targets = [targets[k] for k in wanted]
                node.results = ([results[0][k] for k in wanted], [results[1][k] for k in wanted])
                for body in bodies:
                    _sweep(body, needed, current)
                if not any((*bodies, node.targets)):
                    continue
            case ReverseLoop(body=body, params=params, targets=targets):
                alive = [
                    current(p) in needed or current(t) in needed for p, t in zip(params, targets, strict=True)
                ]
                node.keep(alive.__getitem__)
                _sweep(body, needed, current)
                if not body and not node.targets:
                    continue
        kept.append(node)
    nodes[:] = kept
