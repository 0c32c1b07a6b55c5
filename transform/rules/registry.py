"""The one registry: primitives by name, and the functions, methods and attributes that lead to them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from ..ir import Primitive

__all__ = ["ATTRIBUTES", "FUNCTIONS", "METHODS", "PRIMITIVES", "attribute", "function", "method", "primitive"]

Adapter = Callable[..., Any]
A = TypeVar("A", bound=Adapter)

PRIMITIVES: dict[str, Primitive] = {}
FUNCTIONS: dict[Any, Adapter] = {}
METHODS: dict[str, Adapter] = {}
ATTRIBUTES: dict[str, Adapter] = {}


def primitive(*args: Any, **fields: Any) -> Primitive:
    """Register a Primitive; the arguments are its fields."""
    made = Primitive(*args, **fields)
    if made.name in PRIMITIVES:
        raise ValueError(f"two primitives are called {made.name}")
    PRIMITIVES[made.name] = made
    return made


def function(*functions: Any, method: str = "") -> Callable[[A], A]:
    """Register how calls of `functions` (and of the array method of that name) become equations.

    The adapter has NumPy's signature after a first argument, the builder. It gets Values for what is
    known only at run time and plain Python objects (numbers, tuples and lists of them and of Values,
    None, strings, dtypes, slices) for the rest, and returns the same.
    """

    def register(adapter: A) -> A:
        for each in functions:
            FUNCTIONS[each] = adapter
        if method:
            METHODS[method] = adapter
        return adapter

    return register


def method(name: str) -> Callable[[A], A]:
    """Register what `x.name(...)` means for an array or number x."""
    return function(method=name)


def attribute(name: str) -> Callable[[A], A]:
    """Register what `x.name` means for an array or number x: adapter(builder, x)."""

    def register(adapter: A) -> A:
        ATTRIBUTES[name] = adapter
        return adapter

    return register
