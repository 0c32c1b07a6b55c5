"""Specialisations: one compiled derivative for each set of argument types, found again at the next call.

What was read from outside while lowering (globals, attributes, closure cells) is checked at each call:
a changed number or array of the same type is bound anew, any other change lowers again.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import threading
import weakref
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from . import index
from .compile.arguments import is_plain, key_of, tree_of
from .compile.code import Compiled
from .compile.flavour import Flavour
from .emit import Emitted
from .errors import LengthNeeded, TransformError, UnsupportedError
from .frontend import Read, StaticNeeded
from .index import Derived, Outline, Subject
from .ir import Function, Var
from .tree import Node, Static, Tree, children_of
from .types import Array

__all__ = ["Built", "Specialisation", "Specialiser", "invalidate", "remembered"]

# A program for arrays of one shape may be written out element by element: too long for large ones.
_MOST_WRITTEN_OUT = 256


@dataclass(frozen=True, slots=True, eq=False)
class Built:
    """A derivative function, the primal it is of, and what was read from outside on the way."""

    function: Function
    primal: Function
    reads: tuple[Read, ...]


Build = Callable[[Mapping[str, Tree]], Built]


@dataclass(frozen=True, slots=True, eq=False)
class Specialisation:
    """A derivative for one set of argument types: its source and compiled code.

    `function` and `primal` say what goes in and comes out, of a derivative that an earlier process has made
    no more than that; `built` gives them with their bodies. The `outline` is the primal's.
    """

    function: Function
    primal: Function
    outline: Outline
    reads: tuple[Read, ...]
    compiled: Compiled
    built: Callable[[], Built]

    @property
    def emitted(self) -> Emitted:
        return self.compiled.emitted

    @property
    def captured(self) -> list[tuple[Var, Any]]:
        """The numbers and arrays read from outside, by the Vars that stand for them."""
        return [(read.var, read.value) for read in self.reads if read.var is not None]

    def holds(self) -> bool:
        """Whether everything read while lowering is still as it was."""
        return all(
            read.still_holds() if read.var is None else read.current() is read.value for read in self.reads
        )

    def renewed(self) -> Specialisation | None:
        """The same code with captured values bound anew; None where more than such a value has changed."""
        if not all(read.still_holds() for read in self.reads):
            return None
        reads = tuple(r if r.var is None else replace(r, value=r.current()) for r in self.reads)
        made = replace(self, reads=reads)
        return replace(made, compiled=self.compiled.bound(self.emitted.bound(made.captured)))


def specialisation(
    build: Build, flavour: Flavour, trees: Mapping[str, Tree], subject: Subject | None = None
) -> Specialisation:
    """Make, print and compile the derivative for arguments of these types.

    What is made of a `subject` is kept for other processes, or was kept by one.
    """
    entry = index.entry(subject, trees) if subject is not None else None
    built = functools.cache(lambda: build(trees))
    with _uncollected():
        found = entry.find() if entry is not None else None
        if found is None:
            made = built()
            written = flavour.written(made.function)
            found = Derived(made.function, made.primal, Outline.of(made.primal), made.reads, written)
            if entry is not None:
                entry.keep(found)
        compiled = flavour.ready(found.written, lambda: built().function)
    return Specialisation(found.function, found.primal, found.outline, found.reads, compiled, built)


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    # Nearly all that a transformation makes lives to its end. The cyclic collector would look through
    # it again and again, which makes the time grow faster than the program.
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class Specialiser:
    """The specialisations of one derivative.

    `build` makes its Function from the trees of its arguments, `flavour` says how that is compiled, `subject`
    what it is made of; `forgotten` is told when all are void.
    """

    def __init__(
        self, build: Build, flavour: Flavour, subject: Subject, forgotten: Callable[[], None]
    ) -> None:
        self.build, self.flavour, self.subject, self.forgotten = build, flavour, subject, forgotten
        self.latest: Specialisation | None = None
        self._table: dict[Hashable, Specialisation] = {}
        self._demanded: dict[Hashable, frozenset[int]] = {}
        # The types for which code can be made only where the lengths of the arrays are known.
        self._shaped: set[Hashable] = set()
        self._lock = threading.RLock()
        if flavour.backend == "numba":
            index.sources()
        _LIVING.add(self)

    def clear(self) -> None:
        """Forget everything, because a rule has changed."""
        with self._lock:
            self._table.clear()
            self._demanded.clear()
            self._shaped.clear()
            self.latest = None
            self.forgotten()

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
            self.latest = specialisation(self.build, self.flavour, trees)
            return self.latest

    def kept(self) -> Subject | None:
        """What is looked for on disk: not what takes no time to derive, or follows rules of the user's."""
        return self.subject if self.flavour.backend == "numba" and not _RULES_GIVEN.is_set() else None

    def _full_key(self, key: Hashable, values: Mapping[str, Any]) -> Hashable:
        demanded, shaped = self._demanded.get(key), key in self._shaped
        if not demanded and not shaped:
            return key
        numbers = list(numbers_of(list(values.values())))
        shapes = tuple(map(np.shape, numbers)) if shaped else ()
        return key, tuple(numbers[k] for k in sorted(demanded or ())), shapes

    def _make(self, key: Hashable, values: Mapping[str, Any], stale: Specialisation | None) -> Specialisation:
        made = stale.renewed() if stale is not None else None
        if made is None:
            shaped = key in self._shaped
            try:
                made = self._made_for(key, values, shaped)
            except TransformError as refusal:
                # Lengths that must be known make a program for these; if that fails, this refusal says more.
                if shaped or not LengthNeeded.caused(refusal) or not _is_written_out(values):
                    raise
                demanded = self._demanded.get(key)
                try:
                    made = self._made_for(key, values, True)
                except TransformError:
                    self._restore(key, demanded)
                    raise refusal from None
                self._shaped.add(key)
        self._table[self._full_key(key, values)] = made
        self.latest = made
        return made

    def _restore(self, key: Hashable, demanded: frozenset[int] | None) -> None:
        if demanded is None:
            self._demanded.pop(key, None)
        else:
            self._demanded[key] = demanded

    def _made_for(self, key: Hashable, values: Mapping[str, Any], shaped: bool) -> Specialisation:
        while True:
            demanded = self._demanded.get(key, frozenset())
            try:
                return specialisation(self.build, self.flavour, _trees(values, demanded, shaped), self.kept())
            except StaticNeeded as needed:
                more = frozenset(_nth_number(k, demanded) for k in needed.positions)
                if not more - demanded:
                    raise UnsupportedError("a value is needed before it is known") from needed
                self._demanded[key] = demanded | more


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
_RULES_GIVEN = threading.Event()


def invalidate() -> None:
    """Forget every specialisation: the rules they were made with have changed."""
    _RULES_GIVEN.set()
    for specialiser in list(_LIVING):
        specialiser.clear()


def numbers_of(value: Any) -> list[Any]:
    """The numbers and arrays in a structured value, in the order of its tree's leaves."""
    if is_plain(value):
        return [value]
    tree = tree_of(value, "")
    if isinstance(tree, Node):
        _, children = children_of(value)
        return [number for child in children for number in numbers_of(child)]
    return [] if isinstance(tree, Static) else [value]


def _is_written_out(values: Mapping[str, Any]) -> bool:
    """Whether there are arrays among the arguments, and few enough elements for a program of their own."""
    sizes = [number.size for number in numbers_of(list(values.values())) if isinstance(number, np.ndarray)]
    return bool(sizes) and sum(sizes) <= _MOST_WRITTEN_OUT


def _trees(values: Mapping[str, Any], static: frozenset[int], shaped: bool) -> dict[str, Tree]:
    """The trees of the arguments, with the numbers at the positions `static` as Static leaves.

    Where the program is for arrays of one shape (`shaped`), the dims are numbers.
    """
    count = 0

    def visit(tree: Tree, value: Any) -> Tree:
        nonlocal count
        if isinstance(tree, Node):
            _, children = children_of(value)
            return replace(tree, children=tuple(map(visit, tree.children, children)))
        if isinstance(tree, Static):
            return tree
        count += 1
        if shaped and isinstance(tree, Array):
            tree = replace(tree, dims=value.shape)
        return Static(value) if count - 1 in static else tree

    return {name: visit(tree_of(value, name), value) for name, value in values.items()}


def _nth_number(position: int, static: frozenset[int]) -> int:
    """The position among all numbers of a position among those that are not static already."""
    for k in sorted(static):
        if k <= position:
            position += 1
    return position
