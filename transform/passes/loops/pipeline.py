"""The whole road from array equations to loops over scalars."""

from __future__ import annotations

import functools
from dataclasses import replace

from ...ir import Function, Statement, Sweep
from ..dce import eliminate_dead
from ..own import own
from ..simplify import simplify
from .aligned import aligned
from .bounds import bounded
from .carries import carrying
from .direction import upwards
from .expand import expanded
from .gather import combined
from .held import holding
from .hoist import hoisted
from .indices import folded
from .limits import Limits
from .once import unrolled
from .padding import padded
from .peel import peeled
from .row_blocks import blocked
from .rows_at_once import added_at_once
from .scalars import scalars
from .settled import settled
from .squares import multiplied
from .states import read_where_recorded
from .tapes import indexed
from .threads import may_be_shared, shared_by_threads
from .unbound import with_zeros

__all__ = ["loops"]


def loops(function: Function, parallel: bool = False) -> Function:
    """The function with explicit loops in place of array expressions, its callees likewise.

    Threads share those that are `parallel`.
    """
    callees = {callee: loops(each, parallel) for callee, each in function.callees.items()}
    made = expanded(read_where_recorded(indexed(with_zeros(function))))
    made = replace(unrolled(peeled(blocked(padded(made)))), callees=callees)
    made = simplify(folded(made))
    made = own(eliminate_dead(replace(made, body=combined(made.body))))
    if (numbers := scalars(made)) is not made:
        made = simplify(numbers)
    made = upwards(eliminate_dead(added_at_once(made)))
    made = hoisted(made, functools.partial(may_be_shared, limits=Limits(made))) if parallel else hoisted(made)
    made = multiplied(bounded(eliminate_dead(simplify(made))))
    # A number that is handed on from one iteration to the next keeps a loop from being shared.
    made = shared_by_threads(made) if parallel else eliminate_dead(aligned(settled(carrying(holding(made)))))
    return _in_two_sweeps(made)


def _in_two_sweeps(function: Function) -> Function:
    """The function with all that follows the start of the reverse sweep counted to it: loops are shared."""
    body: list[Statement] = []
    reverse = False
    for statement in function.body:
        reverse = reverse or statement.sweep is Sweep.REVERSE
        if reverse and statement.sweep is Sweep.FORWARD:
            statement = replace(statement, sweep=Sweep.REVERSE)
        body.append(statement)
    return replace(function, body=tuple(body))
