"""How arguments lie in memory: what a function writes to must not be seen through another of its arguments.

The SSA function takes each argument for an array of its own. Where one is written to, and the caller passes
the same array twice, the function itself would see the write in both. Where the function writes through a
reshape of an argument, this is taken to be a view, as it is unless the argument is stored in another order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..ir import Function, Slot, Var
from ..tree import Node, Tree, children_of
from ..types import Array

__all__ = ["check_apart", "sharing_tests"]


def check_apart(
    function: Function, values: Mapping[str, Any], captured: Iterable[tuple[Var, Any]] = ()
) -> None:
    """Raise ArgumentError where an array that the function writes to shares memory with another."""
    if not function.written and not function.row_major:
        return
    arrays = {
        position: (name, value)
        for each in function.inputs
        if each.name in values
        for position, name, value in _arrays(each.name, each.tree, values[each.name])
    }
    for name, array in (arrays[k] for k in function.row_major if k in arrays):
        if not array.flags.c_contiguous:
            raise ArgumentError(
                f"{function.name} changes {name} through a reshape of it, which may be a copy: "
                f"{name} is not stored row by row",
                f"Pass np.ascontiguousarray({name}).",
                function.origin,
            )
    outside = [(var.name, value) for var, value in captured if isinstance(value, np.ndarray)]
    for position in function.written:
        if position not in arrays:
            continue
        name, array = arrays[position]
        others = [pair for k, pair in arrays.items() if k != position] + outside
        for other, value in others:
            if np.may_share_memory(array, value):
                raise ArgumentError(
                    f"{function.name} writes to {name}, which shares memory with {other}",
                    "Pass a copy of one of them.",
                    function.origin,
                )


def _arrays(name: str, tree: Tree, value: Any) -> Iterator[tuple[int, str, Any]]:
    if isinstance(tree, Node):
        for child, part in zip(tree.children, children_of(value)[1], strict=True):
            yield from _arrays(name, child, part)
    elif isinstance(tree, Slot) and isinstance(value, np.ndarray):
        yield tree.position, name, value


def sharing_tests(
    function: Function,
    names: Mapping[int, str],
    captured: Iterable[tuple[Var, Any]],
    scope: dict[str, Any],
) -> list[str]:
    """Python conditions under which the params, by these names, have their memory for themselves."""
    arrays = {
        position: names[position]
        for position, param in enumerate(function.params)
        if position in names and isinstance(param.type, Array)
    }
    outside = {
        f"_outside{k}": value for k, (_, value) in enumerate(captured) if isinstance(value, np.ndarray)
    }
    pairs = {
        tuple(sorted((arrays[position], other)))
        for position in function.written
        if position in arrays
        for other in (*arrays.values(), *outside)
        if other != arrays[position]
    }
    if pairs:
        scope |= {"_may_share": np.may_share_memory, **outside}
    order = [f"{arrays[k]}.flags.c_contiguous" for k in function.row_major if k in arrays]
    return [*order, *(f"not _may_share({a}, {b})" for a, b in sorted(pairs))]
