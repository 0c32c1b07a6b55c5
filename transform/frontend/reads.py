"""What a lowered function took from outside: globals, closure cells, attributes, items.

A read that became a literal or decided something is a guard: when it no longer holds, the function is
lowered again. A number or array that stayed a variable is a capture: a new value is only bound anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..ir import Var
from ..types import Array, Dim, Scalar, Type, type_of_number

__all__ = ["MISSING", "Read", "capturable", "captured_type"]


class _Missing:
    def __repr__(self) -> str:
        return "<missing>"


MISSING: Any = _Missing()
"""What `Read.current` returns where the name, item or attribute is gone."""

_SCALARS = (float, complex, np.floating, np.complexfloating)
_COMPARABLE = (int, float, complex, str, bytes, bool, np.generic, tuple)


@dataclass(frozen=True, slots=True, eq=False)
class Read:
    """Something read from outside while lowering.

    `kind` is one of "global" (holder: the globals), "cell", "attribute" (holder: the object), "method"
    (the function behind a bound method), "item" (holder: the container) and "keys" (the keys or the
    length of a container). `var` is the Var of Function.captures that stands for a captured value.
    """

    kind: str
    holder: Any
    key: Any
    value: Any
    var: Var | None = None

    def __repr__(self) -> str:
        return f"Read({self.kind} {self.key!r})"

    def current(self) -> Any:
        """What reading it again gives now; MISSING where it is gone."""
        try:
            return _FETCH[self.kind](self.holder, self.key)
        except Exception:  # a property may raise anything: whatever it is, the old value no longer holds
            return MISSING

    def still_holds(self) -> bool:
        """Whether the value is what it was. For a capture: whether binding the current value is enough."""
        now = self.current()
        if now is self.value:
            return True
        if self.var is not None:
            return capturable(now) and _same_type(now, self.value)
        return type(now) is type(self.value) and isinstance(now, _COMPARABLE) and _equal(now, self.value)


def _equal(a: Any, b: Any) -> bool:
    if type(a) is tuple:
        return len(a) == len(b) and all(
            x is y or (type(x) is type(y) and isinstance(x, _COMPARABLE) and _equal(x, y))
            for x, y in zip(a, b, strict=True)
        )
    # repr tells -0.0 from 0.0, and knows that NaN is NaN.
    return bool(a == b or (a != a and b != b)) and repr(a) == repr(b)


def _same_type(a: Any, b: Any) -> bool:
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return a.dtype == b.dtype and [n == 1 for n in a.shape] == [n == 1 for n in b.shape]
    return type(a) is type(b)


def capturable(value: Any) -> bool:
    """Whether a value read from outside is a number or array to compute with, rather than an option."""
    if type(value) in (np.ndarray, np.memmap):
        return value.dtype.kind in "biufc"
    return isinstance(value, _SCALARS)


def captured_type(value: Any, name: str) -> Type:
    """The type of a captured value; dims are symbols named after it, or 1."""
    if isinstance(value, np.ndarray):
        if value.ndim == 0:
            return Scalar(value.dtype)
        dims = tuple(1 if n == 1 else Dim(f"{name}{k}", not_one=True) for k, n in enumerate(value.shape))
        return Array(value.dtype.newbyteorder("="), dims)
    return type_of_number(value)


def keys_of(container: Any) -> Any:
    """What tells whether a container still has the same places: its keys, or its length."""
    if isinstance(container, Mapping):
        return tuple(container)
    if isinstance(container, (set, frozenset)):
        return frozenset(container)
    return len(container)


_FETCH: Mapping[str, Callable[[Any, Any], Any]] = {
    "global": lambda holder, key: holder[key],
    "cell": lambda holder, key: holder.cell_contents,
    "attribute": getattr,
    "method": lambda holder, key: getattr(holder, key).__func__,
    "item": lambda holder, key: holder[key],
    "keys": lambda holder, key: keys_of(holder),
}
