"""Reading what exists outside the function: each read is noted, numbers and arrays become captures."""

from __future__ import annotations

import builtins
import math
import os
import sys
from collections.abc import Collection, Iterable, Mapping
from types import CellType, FunctionType, ModuleType
from typing import Any

import numpy as np

from ..errors import LengthNeeded, UnsupportedError
from ..ir import Atom, Var
from ..rules.build import Value
from .reads import MISSING, Read, capturable, captured_type, keys_of
from .recorder import Recorder, spell
from .scope import Raised, RunList

__all__ = ["Outside", "is_standard"]

Place = tuple[str, int, Any]

# Constants keep their spelling wherever they are found: after `from math import pi` as well.
_CONSTANTS = {
    id(getattr(module, name)): f"{prefix}.{name}"
    for module, prefix in ((math, "math"), (np, "np"))
    for name in ("pi", "e", "inf", "nan", "tau", "euler_gamma")
    if hasattr(module, name)
}
_STANDARD = os.path.dirname(os.__file__) + os.sep
_IMMUTABLE = (str, bytes, int, float, complex, np.dtype, np.finfo, np.iinfo, np.ufunc)


def is_standard(name: str, file: str | None) -> bool:
    """Whether a module is Python's own: a file of the user's may be called signal.py or test.py, too."""
    root = name.partition(".")[0]
    own = root in sys.stdlib_module_names and root != "__main__"
    return own and (not file or file.startswith(_STANDARD))


def _of_library(globals_: Mapping[str, Any]) -> bool:
    """Whether these are the globals of an installed module: its functions and classes stay what they are."""
    file = globals_.get("__file__") or ""
    return is_standard(globals_.get("__name__") or "", file) or "site-packages" in file


def _stays(holder: Any, name: str, value: Any) -> bool:
    """Whether an attribute need not be looked at again: that of a constant, or code of a library."""
    if isinstance(holder, _IMMUTABLE):
        return not capturable(value)
    if not callable(value) and not isinstance(value, ModuleType):
        return False
    if isinstance(holder, ModuleType):
        return _of_library(vars(holder))
    if not isinstance(holder, type) and name in getattr(holder, "__dict__", ()):
        return False
    owner = holder if isinstance(holder, type) else type(holder)
    module = sys.modules.get(owner.__module__)
    return module is not None and _of_library(vars(module))


class Outside:
    """The globals, cells, objects and containers that a function reads; one for each lowering.

    `pinned` are the places whose numbers must be known while lowering, so that they are no captures.
    """

    def __init__(self, builder: Recorder, pinned: Collection[Place]) -> None:
        self.builder, self.pinned = builder, pinned
        self.reads: dict[Place, Read] = {}
        self.captures: list[tuple[Var, Any]] = []
        self._values: dict[Place, Any] = {}
        self._places: dict[Atom, Place] = {}
        self._foreign: dict[int, Any] = {}
        self._copies: dict[int, Any] = {}
        self.growing: dict[int, RunList] = {}

    # Where names come from.

    def name(self, name: str, globals_: dict[str, Any]) -> Any:
        """A global or builtin."""
        library = _of_library(globals_)
        if name in globals_:
            value = globals_[name]
            if library and (callable(value) or isinstance(value, ModuleType)):
                return value
            return self.read("global", globals_, name, value, name)
        if not hasattr(builtins, name):
            raise Raised(NameError(f"name {name!r} is not defined"))
        if library:
            return getattr(builtins, name)
        # A global of this name that appears later hides the builtin.
        self.reads.setdefault(("global", id(globals_), name), Read("global", globals_, name, MISSING))
        return self.read("global", vars(builtins), name, getattr(builtins, name), name)

    def cell(self, name: str, cell: CellType) -> Any:
        """A variable of an enclosing function that has returned."""
        try:
            value = cell.cell_contents
        except ValueError:
            raise Raised(NameError(f"{name} is read before it is assigned")) from None
        return self.read("cell", cell, name, value, name)

    def attribute(self, holder: Any, name: str, value: Any) -> Any:
        """An attribute of an object that exists outside."""
        if _stays(holder, name, value):
            return value
        kind = "attribute"
        if hasattr(value, "__func__") and hasattr(value, "__self__"):
            kind = "method"
        return self.read(kind, holder, name, value, name)

    def code(self, function: FunctionType) -> None:
        """The code of a function that is lowered: notebooks reload it in place."""
        if not _of_library(function.__globals__):
            self.read("attribute", function, "__code__", function.__code__, "code")

    def item(self, container: Any, key: Any, called: str) -> Any:
        """An item of a container that exists outside."""
        name = key if isinstance(key, str) and key.isidentifier() else f"{called}_{key}"
        return self.read("item", container, key, container[key], _identifier(name))

    # What a read gives.

    def read(self, kind: str, holder: Any, key: Any, value: Any, name: str) -> Any:
        """Note that `value` was read; a number or an array becomes a capture called `name`."""
        place = (kind, id(holder), key)
        if place in self._values:
            return self._values[place]
        var = None
        result: Any = value
        if id(value) in _CONSTANTS and isinstance(value, float):
            result = spell(value, _CONSTANTS[id(value)])
            if not isinstance(holder, ModuleType):
                self.reads[place] = Read(kind, holder, key, value)
        elif capturable(value) and (isinstance(value, np.ndarray) or place not in self.pinned):
            var = Var(name, captured_type(value, name))
            self.captures.append((var, value))
            self._places[var] = place
            result = Value(self.builder, var)
        else:
            noted = value.__func__ if kind == "method" else value
            self.reads[place] = Read(kind, holder, key, noted)
            result = self.take(value, name)
        if var is not None:
            self.reads[place] = Read(kind, holder, key, value, var)
        self._values[place] = result
        return result

    def take(self, value: Any, name: str) -> Any:
        """A value from outside as the interpreter holds it: the arrays in tuples become captures."""
        if (isinstance(value, tuple) and type(value).__module__ != "builtins") or type(value) is tuple:
            items = [self._taken_item(value, k, item, name) for k, item in enumerate(value)]
            if any(new is not old for new, old in zip(items, value, strict=True)):
                return tuple.__new__(type(value), items)
        elif isinstance(value, (list, dict, set)):
            self._foreign[id(value)] = value
        elif isinstance(value, np.ndarray):
            raise UnsupportedError(
                f"{name} is an array of type {type(value).__name__} and dtype {value.dtype}",
                "Use a plain array of numbers.",
            )
        return value

    def _taken_item(self, holder: Any, key: int, item: Any, name: str) -> Any:
        if capturable(item):
            return self.read("item", holder, key, item, _identifier(f"{name}_{key}"))
        return self.take(item, f"{name}_{key}")

    def add(self, reads: Iterable[Read]) -> None:
        """Take over what a derivative that is called here has read."""
        for read in reads:
            if read.var is None:
                self.reads.setdefault((read.kind, id(read.holder), read.key), read)
            else:
                # Its equations read this Var, even where the surrounding function has one for the same place.
                self.reads[(read.kind, id(read.holder), (read.key, read.var))] = read
                self.captures.append((read.var, read.value))

    def place_of(self, atom: Atom) -> Place | None:
        """Where a captured scalar was read, so that it can be pinned; None for all else."""
        place = self._places.get(atom)
        return None if place is None or isinstance(self.reads[place].value, np.ndarray) else place

    # Containers.

    def is_foreign(self, container: Any) -> bool:
        """Whether a mutable container exists outside, so that it must not be written to."""
        return id(container) in self._foreign

    def inside(self, container: Any, called: str = "item") -> Any:
        """The container itself, or, of one that exists outside, a copy with its content read."""
        if isinstance(container, RunList) or id(container) in self.growing:
            raise LengthNeeded(
                "a list whose length is known only at run time cannot be used here",
                "Loop over it, index it, sum it, or make it an array with np.array.",
            )
        if not self.is_foreign(container):
            return container
        if id(container) not in self._copies:
            self.read("keys", container, None, keys_of(container), called)
            self._copies[id(container)] = self._copy(container, called)
        return self._copies[id(container)]

    def behind(self, proxy: Mapping[Any, Any]) -> dict[Any, Any]:
        """What a read-only view of a dict shows, such as the parameters of a signature."""
        self.read("keys", proxy, None, keys_of(proxy), "keys")
        return {key: self.item(proxy, key, "item") for key in proxy}

    def is_copy(self, container: Any) -> bool:
        """Whether a container is the content of one that exists outside."""
        return any(copy is container for copy in self._copies.values())

    def _copy(self, container: Any, called: str) -> Any:
        if isinstance(container, dict):
            return {key: self.item(container, key, called) for key in container}
        if isinstance(container, list):
            return [self.item(container, key, called) for key in range(len(container))]
        return set(container)


def _identifier(name: str) -> str:
    kept = "".join(c if c.isalnum() or c == "_" else "_" for c in name)
    return kept if kept.isidentifier() else f"item_{kept}"
