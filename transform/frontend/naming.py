"""How functions are called in messages, and what a class says in Python rather than in C."""

from __future__ import annotations

import inspect
import sys
from types import BuiltinFunctionType, FunctionType
from typing import Any

import numpy as np

from ..errors import MissingRule

__all__ = ["missing_rule", "python_method", "qualified"]


def python_method(thing: Any, name: str) -> FunctionType | None:
    """The method of that name that the class of `thing` defines in Python; None for all others."""
    method = getattr(type(thing), name, None)
    return method if isinstance(method, FunctionType) else None


def missing_rule(function: Any) -> MissingRule:
    """A function that has neither a rule nor Python source."""
    name = qualified(function)
    return MissingRule(
        f"{name} has no derivative rule",
        f"Give it one with transform.rule({name}, ...), "
        f"or declare it constant with transform.constant({name}).",
    )


def qualified(function: Any) -> str:
    """How a function is called in messages: np.fft.fft, math.gamma, the user's names as they are."""
    name: str = getattr(function, "__qualname__", "") or getattr(function, "__name__", "")
    if not name:
        return f"an object of class {type(function).__name__}"
    if isinstance(function, np.ufunc):
        special_functions = sys.modules.get("scipy.special")
        return f"scipy.special.{name}" if getattr(special_functions, name, None) is function else f"np.{name}"
    if isinstance(function, BuiltinFunctionType) and not inspect.ismodule(function.__self__):
        owner = function.__self__ if isinstance(function.__self__, type) else type(function.__self__)
        if owner.__module__ in ("random", "numpy.random.mtrand", "numpy.random._generator"):
            return f"{'np.random' if owner.__module__ != 'random' else 'random'}.{function.__name__}"
        if function.__self__ is not None:
            return f"{owner.__name__}.{function.__name__}"
    module = getattr(function, "__module__", None) or ""
    if module.split(".")[0] in ("numpy", "math", "cmath", "scipy", "time", "random", "os"):
        return ".".join(["np" if part == "numpy" else part for part in module.split(".")] + [name])
    return name
