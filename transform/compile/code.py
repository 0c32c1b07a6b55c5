"""Generated code that is ready to be called."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..emit import Emitted

__all__ = ["Compiled"]


@dataclass(frozen=True, slots=True, eq=False)
class Compiled:
    """Generated code that can be called like the function it was made of.

    kernel      takes arguments of any types and layouts that the code is for
    direct      the same for what `kernel` has been called with before, with nothing in between
    bound       gives the code with other captured values: those of the Emitted that it is given
    dispatcher  what code that Numba compiles can call
    retried     exceptions of `direct` with which a call of `kernel` deals
    """

    emitted: Emitted
    kernel: Callable[..., Any]
    direct: Callable[..., Any]
    bound: Callable[[Emitted], Compiled]
    dispatcher: Any = None
    retried: tuple[type[Exception], ...] = ()
