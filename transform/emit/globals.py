"""The objects that generated code names from outside: modules, helpers, user functions, captured values."""

from __future__ import annotations

import builtins
import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ..errors import IRError

__all__ = ["STANDARD", "Globals"]

STANDARD: Mapping[str, Any] = {"np": np, "math": math}


class Globals:
    """Gives each object a name at module level; `taken` are the parameters' names, which stay as they are.

    `bound` are the names that other functions of the module have given.
    """

    def __init__(self, taken: Iterable[str], bound: Mapping[str, Any]) -> None:
        self.taken = set(taken)
        self.bound = {name: value for name, value in bound.items() if name not in self.taken}

    def avoid(self, names: Iterable[str]) -> None:
        """Keep what is bound from now on from these names."""
        self.taken.update(set(names) - set(self.bound))

    def names(self) -> set[str]:
        return set(self.bound)

    def rename(self, used: Iterable[str], refers: Mapping[str, Any]) -> dict[str, str]:
        """What must be called otherwise among the names `used` by a template, as old to new name."""
        changed = {}
        for name in sorted(used):
            new = self.name(name, self._resolve(name, refers))
            if new != name:
                changed[name] = new
        return changed

    def name(self, name: str, value: Any) -> str:
        """The name under which `value` is bound, if possible `name`."""
        new, count = name, 1
        while new in self.taken or (new in self.bound and self.bound[new] is not value):
            count += 1
            new = f"{name}_{count}"
        self.bound[new] = value
        return new

    def _resolve(self, name: str, refers: Mapping[str, Any]) -> Any:
        for scope in (refers, STANDARD, vars(builtins), vars(math)):
            if name in scope:
                return scope[name]
        raise IRError(f"a template names {name}, which is not among the objects it refers to")
