"""Lengths that must agree between arguments, checked at a call.

The primal raises where lengths do not fit. Its derivative may not need the statement that does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..ir import Function, Slot, Var
from ..tree import Node, Tree, children_of
from ..types import Array, Size

__all__ = ["captured_lengths", "length_of", "lengths"]


def lengths(
    function: Function, values: Mapping[str, Any], captured: Iterable[tuple[Var, Any]] = ()
) -> dict[Any, int]:
    """The lengths that the symbols of the arguments' dims stand for.

    `captured` are the arrays that the function reads from outside. Raises ArgumentError where arguments
    do not fit together, or to those.
    """
    sizes, owners = captured_lengths(captured)

    def visit(name: str, tree: Tree, value: Any) -> None:
        if isinstance(tree, Node):
            for child, part in zip(tree.children, children_of(value)[1], strict=True):
                visit(name, child, part)
        elif isinstance(tree, Slot) and isinstance(type_ := function.params[tree.position].type, Array):
            for axis, (dim, n) in enumerate(zip(type_.dims, np.shape(value), strict=True)):
                if not isinstance(dim, int) and dim.offset == 0:
                    owners.setdefault(dim.symbol, name)
                    wanted = sizes.setdefault(dim.symbol, n)
                else:
                    wanted = n if (known := length_of(dim, sizes)) is None else known
                if wanted != n:
                    raise _misfit(function, name, axis, n, wanted, owners.get(getattr(dim, "symbol", None)))

    for each in function.inputs:
        if each.name in values:
            visit(each.name, each.tree, values[each.name])
    return sizes


def captured_lengths(captured: Iterable[tuple[Var, Any]]) -> tuple[dict[Any, int], dict[Any, str]]:
    """The lengths of captured arrays that symbols stand for, and the arrays that have them."""
    sizes: dict[Any, int] = {}
    owners: dict[Any, str] = {}
    for var, value in captured:
        if isinstance(var.type, Array):
            for dim, n in zip(var.type.dims, np.shape(value), strict=True):
                if not isinstance(dim, int) and dim.offset == 0:
                    sizes.setdefault(dim.symbol, n)
                    owners.setdefault(dim.symbol, var.name)
    return sizes, owners


def _misfit(
    function: Function, name: str, axis: int, n: int, wanted: int, other: str | None
) -> ArgumentError:
    reason = f" to go with {other}" if other is not None and other != name else ""
    return ArgumentError(
        f"argument {name} has length {n} along axis {axis}, where {wanted} is needed{reason}",
        "The function itself would raise for arguments of these shapes.",
        function.origin,
    )


def length_of(size: Size, sizes: Mapping[Any, int]) -> int | None:
    """A length, if the symbols it is made of are known."""
    if isinstance(size, int):
        return size
    base = sizes.get(size.symbol)
    return None if base is None else max(base + size.offset, 0)
