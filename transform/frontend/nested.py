"""Functions defined inside a function that is being lowered, as functions of their own: `grad(lambda x: x)`.

What such a function reads from around it are values of the surrounding function: in its body they stay
free, and are bound where the body is inlined.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ..ir import Function, Region, substitute
from ..tree import Tree
from .scope import Closure

__all__ = ["lower_closure"]


def lower_closure(closure: Closure, arguments: Mapping[str, Tree]) -> Function:
    """The SSA function of a closure for arguments of the given types."""
    from .entry import given
    from .results import finished

    low = closure.frame.low
    surrounding, low.params = low.params, []
    results: list[Function] = []

    def build() -> list[object]:
        inputs, args, kwargs = given(low, closure.signature, arguments, {})
        result = low.call(closure, args, kwargs)
        results.append(finished(low, closure, None, inputs, result))
        return []

    try:
        region: Region = low.builder.region(build)
    finally:
        low.params = surrounding
    body = tuple(substitute(statement, low.builder.current) for statement in region.body)
    (function,) = results
    return replace(function, body=body, captures=(), origin=None, written=(), row_major=(), filled=())
