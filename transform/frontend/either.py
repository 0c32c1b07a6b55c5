"""Objects of which run time decides which is meant: what is done with it is done in two branches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .lowering import Lowering
from .scope import Either

__all__ = ["on_either"]


def on_either(low: Lowering, value: Any, function: Callable[[Any], Any]) -> Any:
    """`function(value)`; of two objects, that of the one which is meant."""
    from .branches import decide

    if type(value) is not Either:
        return function(value)
    known = low.assumed.get(value.condition.first_atom)
    if known is not None:
        return on_either(low, value.then if known else value.orelse, function)
    return decide(
        low,
        value.condition,
        lambda: on_either(low, value.then, function),
        lambda: on_either(low, value.orelse, function),
    )
