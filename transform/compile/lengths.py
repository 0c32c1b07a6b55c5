"""Lengths that must agree between arguments: checked at a call, unless the generated code itself would raise.

The primal raises where lengths do not fit. Its derivative may not need the statement that does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..ir import Function, Slot, Var
from ..tree import Node, Tree, children_of
from ..types import Array, Size

__all__ = ["captured_lengths", "exact_tests", "length_of", "length_tests", "lengths"]


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


def length_tests(
    function: Function,
    names: Mapping[int, str],
    given: tuple[Any, ...],
    captured: Iterable[tuple[Var, Any]],
) -> list[str]:
    """Python conditions on the arguments' lengths under which the code of `function` may be run.

    `names` are what its params are called, by position; `given` are the types of the first of them as the
    caller passes them, see `ir.Function.given`.
    """
    known, _ = captured_lengths(captured)
    owners: dict[Any, str] = {}
    tests: list[str] = []
    for position, before in enumerate(given):
        after = function.params[position].type
        if not isinstance(after, Array) or not isinstance(before, Array):
            continue
        for axis, (old, new) in enumerate(zip(before.dims, after.dims, strict=True)):
            here = f"{names.get(position)}.shape[{axis}]"
            if isinstance(new, int):
                if old != new:
                    tests.append(f"{here} == {new}")
            elif (length := length_of(new, known)) is not None:
                tests.append(f"{here} == {length}")
            elif new.symbol in owners:
                tests.append(f"{here} == {_length_text(new, owners)}")
            elif new.offset == 0:
                owners[new.symbol] = here
    return tests


def exact_tests(
    function: Function, names: Mapping[int, str], own: Collection[int], captured: Iterable[tuple[Var, Any]]
) -> list[str]:
    """Python conditions under which the lengths of all arguments agree and the seeds fit to them.

    `names` are what the params are called by position; `own` are those that are no seeds. Of a function with
    seeds all are tested: what a seed's shape is compared with must be what it says.
    """
    known, _ = captured_lengths(captured)
    owners = {symbol: str(n) for symbol, n in known.items()}
    shapes: dict[Any, str] = {}
    tests: list[str] = []
    for position in sorted(names, key=lambda k: k not in own):
        name, type_ = names[position], function.params[position].type
        if not isinstance(type_, Array):
            continue
        if position not in own:
            tests += _seed_shape(name, type_.dims, owners, shapes)
            continue
        shapes.setdefault(type_.dims, f"{name}.shape")
        for axis, dim in enumerate(type_.dims):
            here = f"{name}.shape[{axis}]"
            if isinstance(dim, int):
                continue  # the test of the argument's type has it
            if dim.offset == 0 and dim.symbol not in owners:
                owners[dim.symbol] = here
            elif (wanted := _length_text(dim, owners)) is not None:
                tests.append(f"{here} == {wanted}")
    return tests


def _seed_shape(
    name: str, dims: tuple[Size, ...], owners: Mapping[Any, str], shapes: Mapping[Any, str]
) -> list[str]:
    if dims in shapes:
        return [f"{name}.shape == {shapes[dims]}"]
    wanted = [_length_text(dim, owners) for dim in dims]
    each = [f"{name}.shape[{axis}] == {n}" for axis, n in enumerate(wanted) if n is not None]
    return [f"{name}.ndim == {len(dims)}", *each]


def _length_text(size: Size, owners: Mapping[Any, str]) -> str | None:
    """A length as Python text, if the symbols it is made of are known."""
    if isinstance(size, int):
        return str(size)
    base = owners.get(size.symbol)
    if base is None or not size.offset:
        return base
    return f"max({base} + {size.offset}, 0)"
