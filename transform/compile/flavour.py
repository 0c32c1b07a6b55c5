"""The ways to run generated code: as Python, or compiled by Numba."""

from __future__ import annotations

import functools
import importlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..emit import emit
from ..errors import ArgumentError
from ..ir import Function
from ..passes.for_python import for_python
from . import python
from .code import Compiled

__all__ = ["PYTHON", "Flavour", "flavour"]

BACKENDS = ("python", "numba")


@dataclass(frozen=True, slots=True)
class Flavour:
    """The backend, and the options of Numba's compiler.

    Raises ArgumentError where there is no such backend, or where Numba is not installed.
    """

    backend: str = "python"
    fastmath: bool = False
    parallel: bool = False

    def __post_init__(self) -> None:
        if self.backend not in BACKENDS:
            raise ArgumentError(f"backend is {self.backend!r}", 'Use "python" or "numba".')
        for option in ("fastmath", "parallel"):
            wanted = getattr(self, option)
            if not isinstance(wanted, bool):
                raise ArgumentError(f"{option} is {wanted!r}", "Use True or False.")
            if wanted and self.backend != "numba":
                raise ArgumentError(
                    f"{option}=True is an option of Numba's compiler",
                    f'Add backend="numba", or leave {option} out.',
                )
        if self.backend == "numba" and importlib.util.find_spec("numba") is None:
            raise ArgumentError(
                'backend="numba" needs Numba, which is not installed',
                "Run pip install 'transform-ad[numba]', or use backend=\"python\".",
            )
        if self.backend == "numba":
            # Here rather than at the first call, which is to be fast where code is on disk.
            importlib.import_module(".numba", __package__)

    def written(self, function: Function) -> Any:
        """The function printed: what `ready` takes, in this process or another one."""
        if self.backend == "python":
            return emit(for_python(function))
        from .pipeline import written

        return written(function, self.fastmath, self.parallel)

    def ready(self, written: Any, whole: Callable[[], Function]) -> Compiled:
        """What was printed made ready to be called; `whole` gives the function with its body."""
        if self.backend == "python":
            return python.ready(written)
        from .numba import ready

        return ready(written, whole)


PYTHON = Flavour()


def flavour(backend: str, fastmath: bool, parallel: bool) -> Flavour:
    """The Flavour of these options, made once: for calls that are given them each time."""
    try:
        return _flavour(backend, fastmath, parallel)
    except TypeError:  # an option that cannot be hashed is none: Flavour says so
        return Flavour(backend, fastmath, parallel)


@functools.lru_cache(typed=True)
def _flavour(backend: str, fastmath: bool, parallel: bool) -> Flavour:
    return Flavour(backend, fastmath, parallel)
