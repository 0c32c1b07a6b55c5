"""Specialisations: one compiled derivative for each set of argument types, found again at the next call.

What was read from outside while lowering (globals, attributes, closure cells) is checked at each call:
a changed number or array of the same type is bound anew, any other change lowers again.
"""

from __future__ import annotations

import functools
import threading
import weakref
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .compile.arguments import key_of, tree_of
from .compile.python import load
from .emit import Emitted, emit
from .errors import UnsupportedError
from .frontend import Read, StaticNeeded
from .ir import Function
from .tree import Node, Static, Tree, children_of

__all__ = ["Specialisation", "Specialiser", "invalidate", "remembered"]

Build = Callable[[Mapping[str, Tree]], tuple[Function, Sequence[Read]]]


@dataclass(frozen=True, slots=True, eq=False)
class Specialisation:
    """A derivative for one set of argument types: its SSA, its source, its compiled function."""

    function: Function
    emitted: Emitted
    reads: tuple[Read, ...]
    kernel: Callable[..., Any]

    def holds(self) -> bool:
        """Whether everything read while lowering is still as it was."""
        return all(
            read.still_holds() if read.var is None else read.current() is read.value for read in self.reads
        )

    def renewed(self) -> Specialisation | None:
        """The same code with captured values bound anew; None where more than such a value has changed."""
        values = {}
        reads = []
        for read in self.reads:
            if not read.still_holds():
                return None
            if read.var is not None:
                read = replace(read, value=read.current())
                values[read.var] = read.value
            reads.append(read)
        function = replace(
            self.function,
            captures=tuple((var, values.get(var, value)) for var, value in self.function.captures),
        )
        return specialisation(function, reads)


def specialisation(function: Function, reads: Sequence[Read]) -> Specialisation:
    """Print and compile a function."""
    emitted = emit(function)
    return Specialisation(function, emitted, tuple(reads), load(emitted, function.name))


class Specialiser:
    """The specialisations of one derivative. `build` makes its Function from the trees of its arguments."""

    def __init__(self, build: Build) -> None:
        self.build = build
        self.latest: Specialisation | None = None
        self._table: dict[Hashable, Specialisation] = {}
        self._demanded: dict[Hashable, frozenset[int]] = {}
        self._lock = threading.RLock()
        _LIVING.add(self)

    def clear(self) -> None:
        """Forget everything, because a rule has changed."""
        with self._lock:
            self._table.clear()
            self._demanded.clear()
            self.latest = None

    def for_values(self, values: Mapping[str, Any]) -> Specialisation:
        """The specialisation for these arguments, made now if there is none that still holds."""
        key = tuple(map(key_of, values.values()))
        found = self._table.get(self._full_key(key, values))
        if found is not None and found.holds():
            self.latest = found
            return found
        with self._lock:
            return self._make(key, values, found)

    def for_trees(self, trees: Mapping[str, Tree]) -> Specialisation:
        """A specialisation for types alone, as of an annotated function."""
        with self._lock:
            function, reads = self.build(trees)
            self.latest = specialisation(function, reads)
            return self.latest

    def _full_key(self, key: Hashable, values: Mapping[str, Any]) -> Hashable:
        demanded = self._demanded.get(key)
        if not demanded:
            return key
        numbers = list(numbers_of(list(values.values())))
        return key, tuple(numbers[k] for k in sorted(demanded))

    def _make(self, key: Hashable, values: Mapping[str, Any], stale: Specialisation | None) -> Specialisation:
        made = stale.renewed() if stale is not None else None
        while made is None:
            demanded = self._demanded.get(key, frozenset())
            try:
                function, reads = self.build(_trees(values, demanded))
                made = specialisation(function, reads)
            except StaticNeeded as needed:
                more = frozenset(_nth_number(k, demanded) for k in needed.positions)
                if not more - demanded:
                    raise UnsupportedError("a value is needed before it is known") from needed
                self._demanded[key] = demanded | more
        self._table[self._full_key(key, values)] = made
        self.latest = made
        return made


@functools.lru_cache(maxsize=512)
def _made(fn: Any, plan: Hashable, make: Callable[..., Any]) -> Any:
    return make(fn, plan)


def remembered(fn: Any, plan: Hashable, make: Callable[..., Any]) -> Any:
    """`make(fn, plan)`, made once for functions in use: for derivatives that nobody else holds."""
    try:
        return _made(fn, plan, make)
    except TypeError:
        if getattr(type(fn), "__hash__", None) is None:
            return make(fn, plan)
        raise


_LIVING: weakref.WeakSet[Specialiser] = weakref.WeakSet()


def invalidate() -> None:
    """Forget every specialisation: the rules they were made with have changed."""
    for specialiser in list(_LIVING):
        specialiser.clear()


def numbers_of(value: Any) -> list[Any]:
    """The numbers and arrays in a structured value, in the order of its tree's leaves."""
    tree = tree_of(value, "")
    if isinstance(tree, Node):
        _, children = children_of(value)
        return [number for child in children for number in numbers_of(child)]
    return [] if isinstance(tree, Static) else [value]


def _trees(values: Mapping[str, Any], static: frozenset[int]) -> dict[str, Tree]:
    """The trees of the arguments, with the numbers at the positions `static` as Static leaves."""
    count = 0

    def visit(tree: Tree, value: Any) -> Tree:
        nonlocal count
        if isinstance(tree, Node):
            _, children = children_of(value)
            return replace(tree, children=tuple(map(visit, tree.children, children)))
        if isinstance(tree, Static):
            return tree
        count += 1
        return Static(value) if count - 1 in static else tree

    return {name: visit(tree_of(value, name), value) for name, value in values.items()}


def _nth_number(position: int, static: frozenset[int]) -> int:
    """The position among all numbers of a position among those that are not static already."""
    for k in sorted(static):
        if k <= position:
            position += 1
    return position
