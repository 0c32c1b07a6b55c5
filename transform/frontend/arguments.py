"""Arguments on their way to a rule: references resolved, containers opened, what must be static made so."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Sequence
from types import GeneratorType
from typing import Any

import numpy as np

from ..errors import TransformError, UnsupportedError
from ..rules.build import Value
from ..types import Array
from .lowering import Lowering, PinNeeded, StaticNeeded
from .scope import Raised

__all__ = ["LAZY", "adapt", "as_array", "prepared"]

# What decides the shape or kind of a result is known while lowering, whatever rule it goes to.
_OPTIONS = frozenset(
    {"axis", "axes", "axis1", "axis2", "keepdims", "ddof", "correction", "ndim", "ndmin", "k", "n"}
)
# What yields its items one by one, and may hold run-time values that are not seen before.
LAZY: tuple[type, ...] = (
    range,
    type({}.keys()),
    type({}.values()),
    type({}.items()),
    GeneratorType,
    Iterator,
)

# These give their argument back by design; every other function that does may stand for a copy.
_ALIASING = frozenset(
    (
        "asarray",
        "asanyarray",
        "ascontiguousarray",
        "asarray_chkfinite",
        "atleast_1d",
        "atleast_2d",
        "atleast_3d",
    )
    + (
        "ravel",
        "reshape",
        "squeeze",
        "transpose",
        "broadcast_to",
        "real",
        "require",
        "view",
        "T",
        "mT",
        "flat",
    )
)


def prepared(low: Lowering, thing: Any) -> Any:
    """An argument as rules take it: Values, numbers, tuples and lists of them, options."""
    if isinstance(thing, Value):
        return low.live(thing)
    if isinstance(thing, (tuple, list)):
        opened = low.outside.inside(thing)
        parts = [prepared(low, item) for item in opened]
        if type(thing) is list:
            return parts
        return tuple(parts) if type(thing) is tuple else type(thing)(*parts)
    if isinstance(thing, dict):
        return {key: prepared(low, value) for key, value in low.outside.inside(thing).items()}
    if isinstance(thing, LAZY):
        items: list[Any] = low.native(list, thing)
        return [prepared(low, item) for item in items]
    if isinstance(thing, np._CopyMode):
        return {"ALWAYS": True, "NEVER": False}.get(thing.name)
    if isinstance(thing, slice):
        return slice(*(prepared(low, part) for part in (thing.start, thing.stop, thing.step)))
    return thing


def as_array(low: Lowering, thing: Any) -> Value:
    """A nested list or tuple of numbers and Values as one array."""
    from ..rules.creation import as_array as made

    return made(low.builder, prepared(low, thing))


def adapt(
    low: Lowering, adapter: Callable[..., Any], called: str, args: Sequence[Any], kwargs: dict[str, Any]
) -> Any:
    """Call a rule's adapter with NumPy's arguments."""
    args = [prepared(low, each) for each in args]
    kwargs = {key: prepared(low, each) for key, each in kwargs.items()}
    _make_options_static(low, adapter, args, kwargs)
    try:
        result = adapter(low.builder, *args, **kwargs)
    except (TransformError, Raised, StaticNeeded, PinNeeded, RecursionError):
        raise
    except Exception as error:
        raise UnsupportedError(f"{called} cannot be called like this: {_reason(error)}") from error
    if (
        isinstance(result, Value)
        and isinstance(result.type, Array)
        and called.split(".")[-1] not in _ALIASING
    ):
        if any(isinstance(each, Value) and each.atom is result.atom for each in args):
            low.share(result, called)
    return result


def _reason(error: Exception) -> str:
    # An adapter's own name means nothing to the user, what it expected does.
    text = str(error)
    return text.split("() ", 1)[-1] if isinstance(error, TypeError) else f"{type(error).__name__}: {text}"


def _make_options_static(
    low: Lowering, adapter: Callable[..., Any], args: list[Any], kwargs: dict[str, Any]
) -> None:
    if not any(isinstance(each, Value) for each in (*args[1:], *kwargs.values())):
        return
    names = _parameters(adapter)
    for k, each in enumerate(args):
        if isinstance(each, Value) and k + 1 < len(names) and names[k + 1] in _OPTIONS:
            args[k] = low.static(each, f"the argument {names[k + 1]}")
    for name, each in kwargs.items():
        if isinstance(each, Value) and name in _OPTIONS:
            kwargs[name] = low.static(each, f"the argument {name}")


@functools.lru_cache(maxsize=1024)
def _parameters(adapter: Callable[..., Any]) -> tuple[str, ...]:
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    try:
        parameters = inspect.signature(adapter).parameters.values()
    except (TypeError, ValueError):
        return ()
    return tuple(each.name for each in parameters if each.kind in positional)
