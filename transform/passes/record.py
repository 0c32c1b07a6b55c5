"""To be recorded: where the reverse sweep gets the values from that it reads.

    for i in range(n):                       x_tape = []
        x = sin(x)                           for i in range(n):
    # reverse sweep                              x_tape.append(x)
    for i in reversed(range(n)):     --->        x = sin(x)
        x_bar = x_bar * cos(x)               # reverse sweep
                                             for i in reversed(range(n)):
                                                 x = x_tape.pop()
                                                 x_bar = x_bar * cos(x)

In straight-line code the variables are still there. What a loop has overwritten is recomputed or recorded
once per iteration, whichever is cheaper. Of an array that changes in place either the elements that are
read are recorded, or the ones that are overwritten: then they are put back on the way. This is the
to-be-recorded analysis of Tapenade (Hascoet, Naumann and Pascual, FGCS 2005), with Enzyme's choice.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..ir import Atom, Function, Statement, Var
from ..rules.build import Builder
from .blocks import Env, Missing, OfFunction, ReverseFor, Settings, Unrestorable, outermost
from .demand import definitions
from .kept import Kept
from .record_loop import OfLoop
from .reverse import Node, ReverseLoop, prune
from .tapes import threaded
from .versions import consumed_in

__all__ = ["settled"]


def settled(
    function: Function, nodes: list[Node], results: Sequence[Atom], builder: Builder
) -> tuple[tuple[Statement, ...], tuple[Atom, ...]]:
    """The body of the adjoint: the forward sweep, with what is recorded, and the reverse sweep.

    `nodes` is the reverse sweep as written by `adjoint`; `results` are the adjoints that it is to give.
    """
    prune(nodes, results, builder.current)
    settings = Settings(function, builder)
    loops = {node: _cheapest(settings, node) for node in outermost(nodes)}
    for loop in loops.values():
        settings.forward.add(loop.forward)
    # Outside of all loops, what the forward sweep has computed is still there.
    env: Env = {}
    writer = OfFunction(settings, definitions((), function.body, settings.counts), loops)
    reverse = writer.block(nodes, (), env)
    forward = settings.forward.rebuilt(function.body)
    final = tuple(settings.named(result, env) for result in results)
    return threaded([*forward, *reverse], settings.forward.tapes), final


def _cheapest(settings: Settings, node: ReverseLoop) -> ReverseFor:
    """The outermost reverse loop, with each array put back or not, whichever is cheaper."""
    settings.kept = Kept(node.forward, settings.versions)
    kept: frozenset[Var] = frozenset()
    best = _loop(settings, node, kept, 0)
    for group in sorted(consumed_in(node.forward.body.body, settings.versions), key=lambda var: var.name):
        try:
            attempt = _loop(settings, node, kept | {group}, 0)
        except Unrestorable:
            continue
        if attempt.cost < best.cost:
            best, kept = attempt, kept | {group}
    return best


def _loop(settings: Settings, node: ReverseLoop, restored: frozenset[Var], depth: int) -> ReverseFor:
    inner = {each: _loop(settings, each, restored, depth + 1) for each in outermost(node.body)}
    must: set[Var] = set()
    while True:
        try:
            return OfLoop(settings, node, inner, restored, must, depth).written()
        except Missing as missing:
            if missing.var in must:
                raise Unrestorable from missing
            must.add(missing.var)
