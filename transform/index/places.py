"""Where what a function reads from outside is found again in another process.

A Read holds the dict, cell, module or container that it was read from. Each of these is reached from the
function itself: its globals, the cells of its closure, a value that was read before.
"""

from __future__ import annotations

import builtins
import importlib
import sys
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

from ..frontend import MISSING
from .fingerprints import Untold

__all__ = ["Places"]

Path = tuple[Any, ...]

_INTERCHANGEABLE = (bool, int, float, complex, str, bytes, np.generic, type(None), type(MISSING), CodeType)
"""Values that nothing is read from, of which one is as good as another."""


class Places:
    """The objects reached so far, by the path to each: `add` what was read, in order.

    `same` are the objects that were reached before on another path, by both paths. What one process finds
    there as one object must be one in the next, or else a value that was read once has to be read twice.
    """

    def __init__(self, root: Any) -> None:
        self.count = 0
        self.same: list[tuple[Path, Path]] = []
        self.objects: dict[Path, Any] = {}
        self.paths: dict[int, Path] = {}
        self._reach(vars(builtins), ("builtins",))
        self._reach(root, ("root",))

    def add(self, value: Any) -> None:
        """The next value that was read."""
        self._reach(value, ("read", self.count))
        self.count += 1

    def _reach(self, value: Any, path: Path) -> None:
        if isinstance(value, _INTERCHANGEABLE):
            return
        self.objects[path] = value
        first = self.paths.setdefault(id(value), path)
        if first != path:
            self.same.append((first, path))
        if isinstance(value, FunctionType):
            self._reach(value.__globals__, ("globals", path))
            self._reach(value.__kwdefaults__, ("kwdefaults", path))
            names = value.__code__.co_freevars
            for name, cell in zip(names, value.__closure__ or (), strict=True):
                self._reach(cell, ("cell", path, name))
        elif isinstance(value, tuple):
            for k, item in enumerate(value):
                self._reach(item, ("item", path, k))
        elif isinstance(function := getattr(value, "py_func", None), FunctionType):
            self._reach(function, ("py_func", path))

    def path(self, holder: Any) -> Path:
        """The path to an object; raises Untold where there is none."""
        if isinstance(holder, ModuleType):
            if sys.modules.get(holder.__name__) is not holder:
                raise Untold(holder.__name__)
            return ("module", holder.__name__)
        found = self.paths.get(id(holder))
        if found is None:
            raise Untold(type(holder).__qualname__)
        return found

    def at(self, path: Path) -> Any:
        """The object at a path; raises KeyError or ImportError where there is none."""
        if path[0] == "module":
            return sys.modules.get(path[1]) or importlib.import_module(path[1])
        return self.objects[path]
