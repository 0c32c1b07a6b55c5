"""The index: what was derived is kept beside the machine code, so that the next process need not derive it.

A key is made of the function's name, the derivative that is asked for and the types of the arguments, so a
function that is edited has one entry and not many. The entry says of what it was made: of which code, by
which versions, and what was read from outside on the way, with a fingerprint each. It holds if all of that
still is what it was.

    entry(subject, trees)  ->  <cache>/derived/5b1e...  ->  Derived

The bodies of functions are not kept: the text is all that runs.
"""

from __future__ import annotations

import functools
import importlib
import io
import os
import pickle
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

from ..compile import store
from ..compile.arguments import key_of
from ..frontend import Read
from ..frontend.reads import capturable
from ..ir import For, Function, Var, While, walk
from ..tree import Tree
from .fingerprints import Untold, fingerprint, fingerprint_of_tree, packages
from .places import Path as Way
from .places import Places

__all__ = ["Derived", "Entry", "Outline", "Subject", "entry", "sources"]


@dataclass(frozen=True, slots=True)
class Subject:
    """A function of the user's, and the derivatives that are taken of it, one of the other."""

    root: Any
    plans: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Outline:
    """How long a function is, and whether it has loops or calls: what is asked of a body that is not kept."""

    statements: int
    loops: bool

    @classmethod
    def of(cls, function: Function) -> Outline:
        """That of a function with its body."""
        statements = list(walk(function.body))
        loops = any(isinstance(each, (For, While)) for each in statements)
        return cls(len(statements), loops or bool(function.callees))


@dataclass(frozen=True, slots=True, eq=False)
class Derived:
    """A derivative function and its primal, both without their bodies; what was read; what was written."""

    function: Function
    primal: Function
    outline: Outline
    reads: tuple[Read, ...]
    written: Any


@dataclass(frozen=True, slots=True)
class Entry:
    """A place in the index, for a subject and arguments of some types."""

    name: str
    subject: Subject

    def find(self) -> Derived | None:
        """What an earlier process kept, with the values of now; None where it is void."""
        data = store.load(self.name)
        if data is None:
            return None
        try:
            return _restored(self.subject, *_Unpickler(io.BytesIO(data)).load())
        except Exception:  # of another make, or a class is gone: whatever it is, it is derived anew
            return None

    def keep(self, derived: Derived) -> None:
        """Keep what was derived, if everything that it was derived from can be told in another process."""
        try:
            stamp, noted = _stamp(self.subject), _noted(self.subject, derived.reads)
            faces = _face(derived.function), _face(derived.primal)
            data = _dumped((stamp, noted, *faces, derived.outline, _without_values(derived)))
        except (Untold, pickle.PicklingError, AttributeError, TypeError):
            return
        store.save(self.name, data)


@dataclass(frozen=True, slots=True)
class _Noted:
    """A Read as it is kept: the way to its holder, and the fingerprint of its value or of its type."""

    kind: str
    way: Way
    key: Any
    mark: str
    var: Var | None


def entry(subject: Subject, trees: Mapping[str, Tree]) -> Entry | None:
    """The entry for arguments of these types; None where something has no fingerprint."""
    root = getattr(subject.root, "py_func", subject.root)
    if type(root) is not FunctionType or store.folder() is None:
        return None
    code = root.__code__
    line = f"{code.co_firstlineno}" if "<" in code.co_qualname else ""  # one of several of this name
    owner = f"{root.__module__} {code.co_filename} {code.co_qualname} {line}"
    try:
        types = [f"{name}: {fingerprint_of_tree(tree)}" for name, tree in trees.items()]
    except Untold:
        return None
    return Entry(store.key("\n".join([owner, *map(repr, subject.plans), *types])), subject)


def _stamp(subject: Subject) -> str:
    """The code that an entry was made of, and what made it; raises Untold where that cannot be told."""
    return "\n".join([packages(), sources(), fingerprint(subject.root)])


@functools.cache
def sources() -> str:
    """The times and sizes of the files of this package: whoever works on it has no version yet.

    To be asked for before anything is derived: files may change while a process runs.
    """
    root = Path(__file__).parents[1]
    found = []
    for folder, _, names in os.walk(root):
        for name in names:
            if name.endswith(".py"):
                state = os.stat(os.path.join(folder, name))
                found.append(f"{folder} {name} {state.st_mtime_ns} {state.st_size}")
    return "\n".join(sorted(found))


def _face(function: Function) -> Function:
    return replace(function, body=(), callees={}, captures=())


def _without_values(derived: Derived) -> Any:
    """What was written, the captured values left out; raises Untold where one was not read from outside."""
    emitted = derived.written.emitted
    read = {emitted.names.get(each.var) for each in derived.reads if each.var is not None}
    if not read.issuperset(emitted.constants) or emitted.callees.constants:
        raise Untold("a constant")
    return replace(derived.written, emitted=replace(emitted, constants=dict.fromkeys(emitted.constants)))


def _noted(subject: Subject, reads: Sequence[Read]) -> tuple[list[_Noted], list[tuple[Way, Way]]]:
    places = Places(subject.root)
    noted = []
    for read in reads:
        way = places.path(read.holder)
        if not isinstance(read.key, (str, int, type(None))):
            raise Untold(type(read.key).__qualname__)
        noted.append(_Noted(read.kind, way, read.key, _mark(read.value, read.var), read.var))
        places.add(read.value)
    return noted, places.same


def _mark(value: Any, var: Var | None) -> str:
    """What must be the same: the value, or of a captured one what its code depends on."""
    if var is None:
        return fingerprint(value)
    return f"{key_of(value)!r}" if capturable(value) else ""


def _restored(
    subject: Subject,
    stamp: str,
    noted: tuple[list[_Noted], list[tuple[Way, Way]]],
    function: Function,
    primal: Function,
    outline: Outline,
    written: Any,
) -> Derived | None:
    """What was kept, if all that it was made of still is what it was, with the values of now."""
    reads = _read(subject, *noted) if stamp == _stamp(subject) else None
    if reads is None:
        return None
    written = replace(
        written, emitted=written.emitted.bound((r.var, r.value) for r in reads if r.var is not None)
    )
    return Derived(function, primal, outline, reads, written)


def _read(
    subject: Subject, noted: Sequence[_Noted], same: Sequence[tuple[Way, Way]]
) -> tuple[Read, ...] | None:
    places = Places(subject.root)
    reads = []
    for each in noted:
        read = Read(each.kind, places.at(each.way), each.key, None, each.var)
        value = read.current()
        if _mark(value, each.var) != each.mark:
            return None
        places.add(value)
        reads.append(replace(read, value=value))
    return tuple(reads) if places.same == same else None


class _Pickler(pickle.Pickler):
    def persistent_id(self, value: Any) -> tuple[str, str] | None:
        if isinstance(value, ModuleType):
            return "module", value.__name__
        # There is one object for each of NumPy's own dtypes, and the short way asks whether it is this one.
        return ("dtype", value.str) if isinstance(value, np.dtype) and value.isbuiltin == 1 else None


class _Unpickler(pickle.Unpickler):
    def persistent_load(self, name: tuple[str, str]) -> Any:
        if name[0] == "dtype":
            return np.dtype(name[1])
        return sys.modules.get(name[1]) or importlib.import_module(name[1])


def _dumped(value: Any) -> bytes:
    buffer = io.BytesIO()
    _Pickler(buffer, pickle.HIGHEST_PROTOCOL).dump(value)
    return buffer.getvalue()
