"""Rows that are added to those of a matrix with given indices, any of them more than once.

    np.add.at(A_bar, index, rows)          --->          add_rows(A_bar, index, rows)

NumPy has a fast way for vectors, and takes five to ten times as long for rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ..ir import Eqn, Function, Primitive, Slot, Statement, map_regions
from ..rules.registry import PRIMITIVES
from ..runtime import add_rows
from ..types import Array, Dims, Type

__all__ = ["with_rows_added"]


def _infer(dims: Dims, types: Sequence[Type], params: object) -> Type:
    return types[0]


_ADD_ROWS = Primitive(
    "add_rows", _infer, "add_rows({0}, {2}, {1})", consumes=True, refers={"add_rows": add_rows}
)


def with_rows_added(function: Function) -> Function:
    """The function with the helper where it adds rows."""
    return replace(function, body=tuple(_body(function.body)))


def _body(body: Sequence[Statement]) -> Iterator[Statement]:
    for statement in body:
        if isinstance(statement, Eqn) and _adds_rows(statement):
            yield replace(statement, primitive=_ADD_ROWS, params={})
        else:
            yield map_regions(statement, _body)


def _adds_rows(eqn: Eqn) -> bool:
    return (
        eqn.primitive is PRIMITIVES["index_add"]
        and dict(eqn.params) == {"index": (Slot(2),)}
        and [each.type.dtype.kind for each in eqn.operands[2:]] in (["i"], ["u"])
        and [len(each.type.dims) for each in eqn.operands if isinstance(each.type, Array)] == [2, 2, 1]
    )
