"""Context managers: what `with` does when a block is entered and when it is left."""

from __future__ import annotations

import contextlib
import threading
import warnings
from types import GeneratorType
from typing import Any

import numpy as np

from ..errors import UnsupportedError
from .lowering import Lowering
from .naming import python_method, qualified
from .operators import truth
from .scope import Raised, Unbound

__all__ = ["CONTEXT_MANAGER", "GeneratorCall", "ManagerFunction", "manager_of"]

CONTEXT_MANAGER = contextlib.contextmanager(lambda: iter(())).__code__
"""The code of every function that is decorated with contextlib.contextmanager."""

_KINDS = ("all", "divide", "over", "under", "invalid")
_LOCKS = (type(threading.Lock()), type(threading.RLock()))


class Manager:
    """A context manager that changes nothing for what is computed: np.errstate(...), a lock."""

    leaves_nothing = True

    def __init__(self, low: Lowering, thing: Any) -> None:
        self.low, self.thing = low, thing

    def enter(self) -> Any:
        """What `as` binds."""
        return getattr(self.thing, "enter_result", None)

    def leave(self, raised: Raised | None) -> bool:
        """Whether the exception is swallowed."""
        return False


class Warnings(Manager):
    """`with warnings.catch_warnings():`, which gives the filters back at its end."""

    leaves_nothing = False

    def enter(self) -> Any:
        """What `as` binds: nothing, or the list that would hold the warnings, which must not be read."""
        record = self.thing._record
        self.outer, self.low.muted = self.low.muted, record or self.low.muted or False
        return Unbound("warnings that are recorded are known only at run time") if record else None

    def leave(self, raised: Raised | None) -> bool:
        self.low.muted = self.outer
        return False


class Suppressing(Manager):
    """`with contextlib.suppress(...)`."""

    leaves_nothing = False

    def enter(self) -> None:
        self.before = len(self.low.builder.body)

    def leave(self, raised: Raised | None) -> bool:
        from .exceptions import refuse_if_raised_at_run_time

        if raised is not None:
            return isinstance(raised.error, self.thing._exceptions)
        refuse_if_raised_at_run_time(self.low, self.low.builder.body[self.before :], self.thing._exceptions)
        return False


class GeneratorManager(Manager):
    """The generator behind a function decorated with contextlib.contextmanager, run around the block."""

    leaves_nothing = False

    def enter(self) -> Any:
        self.generator: GeneratorType[Any, Any, Any] = self.low.call(self.thing.function, *self.thing.given)
        return self.low.native(next, self.generator)

    def leave(self, raised: Raised | None) -> bool:
        if raised is not None:
            try:
                self.generator.throw(raised)
            except StopIteration:
                return True
            except Raised as error:
                if error is raised or error.error is raised.error:
                    return False
                raise
            raise Raised(RuntimeError("generator didn't stop after throw()"))
        try:
            next(self.generator)
        except StopIteration:
            return False
        raise Raised(RuntimeError("generator didn't stop"))


class Methods(Manager):
    """An object whose class defines __enter__ and __exit__ in Python."""

    leaves_nothing = False

    def enter(self) -> Any:
        return self.low.call(python_method(self.thing, "__enter__"), [self.thing])

    def leave(self, raised: Raised | None) -> bool:
        given = (None, None, None) if raised is None else (type(raised.error), raised.error, None)
        swallowed = self.low.call(python_method(self.thing, "__exit__"), [self.thing, *given])
        return raised is not None and bool(truth(self.low, swallowed))


class ManagerFunction:
    """A function defined while lowering and decorated with contextlib.contextmanager."""

    def __init__(self, function: Any) -> None:
        self.function = function


class GeneratorCall:
    """A call of a function decorated with contextlib.contextmanager, not yet entered."""

    def __init__(self, function: Any, args: list[Any], kwargs: dict[str, Any]) -> None:
        self.function, self.given = function, (args, kwargs)


def manager_of(low: Lowering, thing: Any) -> Manager:
    """How `with thing:` is run."""
    if isinstance(thing, np.errstate):
        if {getattr(thing, f"_{name}") for name in _KINDS} & {"raise", "call"}:
            raise UnsupportedError(
                "np.errstate that turns floating-point errors into exceptions",
                "Test the condition itself.",
            )
        return Manager(low, thing)
    if isinstance(thing, (contextlib.nullcontext, *_LOCKS)):
        return Manager(low, thing)
    if isinstance(thing, warnings.catch_warnings):
        return Warnings(low, thing)
    if isinstance(thing, contextlib.suppress):
        return Suppressing(low, thing)
    if isinstance(thing, GeneratorCall):
        return GeneratorManager(low, thing)
    if python_method(thing, "__enter__") is not None and python_method(thing, "__exit__") is not None:
        if not type(thing).__module__.startswith(("contextlib", "threading", "tempfile", "unittest")):
            return Methods(low, thing)
    raise UnsupportedError(f"with {qualified(type(thing))} is not understood", "Move it out of the function.")
