"""Seeds of a tangent or adjoint function: brought to the types that the code expects, or refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..ir import Function, Var
from ..tree import Node, Static, Tree, children_of, is_structure, numbered, rebuild
from ..types import Array, List, Type
from .lengths import length_of, lengths

__all__ = ["checked_seeds", "conforming"]


def checked_seeds(
    function: Function,
    values: Mapping[str, Any],
    seeds: Mapping[str, Any],
    like_arguments: bool,
    captured: Iterable[tuple[Var, Any]] = (),
) -> dict[str, Any]:
    """The seeds by the names of the inputs they belong to.

    `seeds` are keyed by name or by position ("0", "1", ...). Raises ArgumentError where one is missing,
    unknown, or not of the shape of the argument (`like_arguments`) or result it belongs to.
    """
    inputs = [each for each in function.inputs if each.name not in values]
    names = [each.name for each in inputs]
    named = {}
    for key, seed in seeds.items():
        name = names[int(key)] if key.isdigit() and int(key) < len(names) else key
        if name not in names or name in named:
            raise ArgumentError(
                f"{function.name} takes {len(names)} seed{'s' * (len(names) != 1)}: {', '.join(names)}",
                f"One was given as {key!r}." if not key.isdigit() else f"{len(seeds)} were given.",
            )
        named[name] = seed
    sizes = lengths(function, values, captured)
    checked = {}
    for each in inputs:
        if each.name in named:
            checked[each.name] = _checked(each.name, each.tree, named[each.name], function, sizes)
        elif not each.default:
            raise ArgumentError(
                f"{function.name} needs the seed {each.name}",
                "Pass a seed for every "
                + ("argument that moves." if like_arguments else "result: 0.0 for one that does not count."),
            )
    return checked


def _checked(name: str, tree: Tree, seed: Any, function: Function, sizes: Mapping[Any, int]) -> Any:
    if isinstance(tree, Static):
        return tree.value
    if isinstance(tree, Node):
        if not is_structure(seed) or children_of(seed)[0] != tree.keys:
            raise ArgumentError(
                f"the seed {name} is a {_structure(seed)}, its argument a {_named(tree.kind, tree.keys)}",
                "A seed has the structure of the argument it belongs to.",
            )
        children = zip(tree.children, children_of(seed)[1], strict=True)
        parts = [_checked(name, child, part, function, sizes) for child, part in children]
        return rebuild(numbered(tree), parts.__getitem__)
    return _number(name, function.params[tree.position].type, seed, sizes)


def _structure(value: Any) -> str:
    if not is_structure(value):
        return f"{type(value).__name__}"
    return _named(type(value), children_of(value)[0])


def _named(kind: type, keys: Sequence[Any]) -> str:
    """A structure as a message calls it: "tuple of 2", "dict of 'a', 'b'"."""
    if kind in (tuple, list):
        return f"{kind.__name__} of {len(keys)}"
    return f"{kind.__name__} of {', '.join(map(repr, keys))}" if keys else f"empty {kind.__name__}"


def _number(name: str, type_: Type, seed: Any, sizes: Mapping[Any, int]) -> Any:
    if isinstance(type_, List):
        if not isinstance(seed, (list, tuple)):
            raise ArgumentError(
                f"the seed {name} is a {type(seed).__name__}, it belongs to a list",
                "A seed has the structure of the value it belongs to.",
            )
        return [_number(name, type_.element, each, sizes) for each in seed]
    try:
        given = np.asarray(seed)
        fits = given.dtype.kind in "biuf" or (given.dtype.kind == "c" and type_.dtype.kind == "c")
    except (TypeError, ValueError):
        fits = False
    if not fits:
        raise ArgumentError(
            f"the seed {name} is {seed!r}, where {type_} is needed",
            "Pass numbers." if type_.dtype.kind == "c" else "Pass real numbers.",
        )
    wanted = type_.dims if isinstance(type_, Array) else ()
    known = [length_of(size, sizes) for size in wanted]
    if len(known) != given.ndim or any(
        n is not None and n != m for n, m in zip(known, given.shape, strict=True)
    ):
        lengths = ["?" if n is None else str(n) for n in known]
        shape = f"({', '.join(lengths)}{',' * (len(lengths) == 1)})"
        raise ArgumentError(
            f"the seed {name} has shape {given.shape}, it belongs to a value of shape {shape}",
            "A seed has the shape of the value it belongs to.",
        )
    if isinstance(type_, Array):
        return given.astype(type_.dtype, copy=False)
    number = type_.dtype.type(seed)
    return number.item() if type_.weak else number


def conforming(seed: Any, result: Any, tree: Tree) -> list[Any]:
    """The seeds of a result's leaves, in order, from a seed that has its structure and its shapes.

    `tree` is that of the function's output: a list of a length that only run time knows is one leaf.
    """
    if isinstance(tree, Node):
        parts = children_of(result)[1]
        pairs = zip(_parts(seed, result), parts, tree.children, strict=True)
        return [number for each in pairs for number in conforming(*each)]
    if isinstance(tree, Static):
        return []
    if not type(seed) is type(result) is float:
        _check_shapes(seed, result)
    return [seed]


def _parts(seed: Any, result: Any) -> Sequence[Any]:
    """The parts of a seed that has the keys of the result."""
    if not is_structure(seed) or children_of(seed)[0] != children_of(result)[0]:
        raise ArgumentError(
            f"the seed is a {_structure(seed)}, the result a {_structure(result)}",
            "A seed has the structure of the result.",
        )
    return children_of(seed)[1]


def _check_shapes(seed: Any, result: Any) -> None:
    if isinstance(result, list):
        for one, part in zip(_parts(seed, result), result, strict=True):
            _check_shapes(one, part)
    elif _shape(seed) != _shape(result):
        raise ArgumentError(
            f"the seed has shape {np.shape(seed)}, the result {np.shape(result)}",
            "A seed has the shape of the result.",
        )


def _shape(value: Any) -> tuple[int, ...]:
    shape: tuple[int, ...] = value.shape if isinstance(value, np.ndarray) else np.shape(value)
    return shape
