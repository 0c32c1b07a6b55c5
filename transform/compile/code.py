"""Generated code that is ready to be called."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..emit import Emitted

__all__ = ["Compiled", "Short"]


@dataclass(frozen=True, slots=True, eq=False)
class Short:
    """Lines that return what a call would, in the names of its parameters and of `scope()`.

    With the exceptions `retried` a call deals.
    """

    lines: tuple[str, ...]
    scope: Callable[[], Mapping[str, Any]]
    retried: tuple[type[Exception], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Compiled:
    """Generated code that can be called like the function it was made of.

    kernel      takes arguments of any types and layouts that the code is for
    bound       gives the code with other captured values: those of the Emitted that it is given
    dispatcher  what code that Numba compiles can call
    short       the body of `kernel` for what it has been called with before, see Short
    """

    emitted: Emitted
    kernel: Callable[..., Any]
    bound: Callable[[Emitted], Compiled]
    dispatcher: Any = None
    short: Short | None = None
