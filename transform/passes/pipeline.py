"""The whole road from a primal to its derivative, in one place."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import replace

from ..ir import Atom, Callee, Function
from .adjoint import adjoint
from .callees import completed
from .dce import eliminate_dead, without_idle
from .direct import added_directly
from .items import with_items_replaced
from .own import own
from .recognise import recognise
from .shapes import shapes_from_elsewhere
from .simplify import simplify
from .tangent import tangent

__all__ = ["Mode", "derivative", "tidy", "with_callees"]


class Mode(enum.Enum):
    """Forward mode propagates tangents with the primal, reverse mode adjoints against it."""

    FORWARD = "tangent"
    REVERSE = "adjoint"


def derivative(primal: Function, mode: Mode, wrt: Sequence[int], keep: Sequence[Atom] = ()) -> Function:
    """The tangent or adjoint of a function with respect to `params[k]`, k in wrt, ready to be printed.

    An adjoint returns the values `keep` of the primal, too, before the adjoints.
    """
    return with_callees(_derivative(primal, mode, wrt, keep))


def with_callees(function: Function) -> Function:
    """The function with the derivatives that it calls, and without what nothing calls."""
    return completed(function, _derivative_of_callee)


def _derivative(primal: Function, mode: Mode, wrt: Sequence[int], keep: Sequence[Atom] = ()) -> Function:
    primal, keep = _without_idle(recognise(primal, keep), keep)
    derived = adjoint(primal, wrt, keep) if mode is Mode.REVERSE else tangent(primal, wrt)
    return tidy(derived)


def _derivative_of_callee(primal: Function, callee: Callee) -> Function:
    return _derivative(primal, Mode(callee.mode), callee.wrt)


def _without_idle(primal: Function, keep: Sequence[Atom]) -> tuple[Function, tuple[Atom, ...]]:
    """The primal, its loops carrying only what changes, and what the values `keep` are in it."""
    together = without_idle(replace(primal, results=(*primal.results, *keep)))
    count = len(primal.results)
    return replace(together, results=together.results[:count]), together.results[count:]


def tidy(function: Function) -> Function:
    """Simplified, without dead code, with the copies that in-place updates need."""
    function = shapes_from_elsewhere(eliminate_dead(simplify(function)))
    # What died was a use: expressions that had two may be rewritten now.
    return own(eliminate_dead(with_items_replaced(added_directly(simplify(function)))))
