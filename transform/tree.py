"""Structured values (tuples, lists, dicts, named tuples, dataclasses) as trees over numeric leaves.

The IR knows only numbers and arrays. A tree remembers how the leaves make up the Python value that the
user passes or gets: `flatten` takes a value apart, `rebuild` puts leaves back together.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

__all__ = [
    "Node",
    "Static",
    "Tree",
    "children_of",
    "is_structure",
    "leaves",
    "map_leaves",
    "numbered",
    "rebuild",
]


@dataclass(frozen=True, slots=True)
class Static:
    """A leaf that is no number: None, a string, a function, an option. It is part of the specialisation."""

    value: Any


@dataclass(frozen=True, slots=True)
class Node:
    """An inner node. `kind` is its class; `keys` are positions, dict keys or field names."""

    kind: type
    keys: tuple[Any, ...]
    children: tuple[Tree, ...]

    @property
    def is_record(self) -> bool:
        """Whether the children are attributes (a dataclass) rather than items."""
        return dataclasses.is_dataclass(self.kind)

    @property
    def is_named_tuple(self) -> bool:
        return issubclass(self.kind, tuple) and hasattr(self.kind, "_fields")


Tree = Any  # Node, Static, or whatever stands at the leaves: a value, a type, a Var, a position


def is_structure(value: object) -> bool:
    """Whether a Python value is taken apart into leaves."""
    if type(value) in (tuple, list, dict):
        return True
    if isinstance(value, tuple):
        return hasattr(value, "_fields")
    return dataclasses.is_dataclass(value) and not isinstance(value, type)


def children_of(value: Any) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """The keys and the children of a structured value."""
    if isinstance(value, dict):
        return tuple(value), tuple(value.values())
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return value._fields, tuple(value)
    if isinstance(value, (tuple, list)):
        return tuple(range(len(value))), tuple(value)
    names = tuple(field.name for field in dataclasses.fields(value))
    return names, tuple(getattr(value, name) for name in names)


def map_leaves(function: Callable[[Any], Any], tree: Tree) -> Tree:
    """The same tree with `function` applied to each leaf, Static leaves included."""
    if isinstance(tree, Node):
        return Node(tree.kind, tree.keys, tuple(map_leaves(function, child) for child in tree.children))
    return function(tree)


def leaves(tree: Tree) -> Iterator[Any]:
    """The leaves that are not Static, in order."""
    if isinstance(tree, Node):
        for child in tree.children:
            yield from leaves(child)
    elif not isinstance(tree, Static):
        yield tree


def rebuild(tree: Tree, leaf: Callable[[Any], Any]) -> Any:
    """The Python value of a tree, with `leaf` giving the value of each leaf that is not Static."""
    if isinstance(tree, Static):
        return tree.value
    if not isinstance(tree, Node):
        return leaf(tree)
    values = [rebuild(child, leaf) for child in tree.children]
    if tree.kind is dict:
        return dict(zip(tree.keys, values, strict=True))
    if tree.is_named_tuple:
        return tree.kind(*values)
    if tree.kind in (tuple, list):
        return tree.kind(values)
    return _record(tree.kind, dict(zip(tree.keys, values, strict=True)))


def numbered(tree: Node) -> Node:
    """The node with the positions of its children as leaves: to rebuild it from a list of new children."""
    return Node(tree.kind, tree.keys, tuple(range(len(tree.keys))))


def _record(kind: type, fields: dict[str, Any]) -> Any:
    # Not through __init__: it may convert, validate or demand what a derivative does not have.
    record: Any = object.__new__(kind)
    for name, value in fields.items():
        object.__setattr__(record, name, value)
    return record
