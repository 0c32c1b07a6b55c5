"""A number that has no value on some path is 0 there, not None: a variable of Numba's has one type.

result = None                              result = 0.0
while going:                               while going:
    if u > limit:               --->           if u > limit:
        result = u                                 result = u

Nothing reads it there: what may read it without a value raises before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ...ir import Eqn, Function, Statement, map_regions
from ...types import Scalar

__all__ = ["with_zeros"]


def with_zeros(function: Function) -> Function:
    """The function with zeros for the numbers that have no value yet."""
    return replace(function, body=_block(function.body))


def _block(body: Sequence[Statement]) -> tuple[Statement, ...]:
    return tuple(_zero(each) if isinstance(each, Eqn) else map_regions(each, _block) for each in body)


def _zero(eqn: Eqn) -> Eqn:
    if eqn.primitive.name != "undefined" or not isinstance(eqn.target.type, Scalar):
        return eqn
    return replace(eqn, params={**eqn.params, "meanwhile": eqn.target.type.dtype.type(0).item()})
