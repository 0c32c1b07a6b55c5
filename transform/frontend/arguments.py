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
from .lowering import Again, Lowering, StaticNeeded
from .memory import view_equation
from .scope import Raised, RunList

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

# These give their argument, or a view of it, back.
_VIEWING = frozenset(
    ("asarray", "asanyarray", "asarray_chkfinite", "atleast_1d", "atleast_2d", "atleast_3d", "real", "imag")
    + ("squeeze", "transpose", "permute_dims", "swapaxes", "moveaxis", "rollaxis", "matrix_transpose", "view")
    + ("expand_dims", "flip", "fliplr", "flipud", "rot90", "diagonal", "broadcast_to", "broadcast_arrays")
    + ("split", "array_split", "hsplit", "vsplit", "dsplit", "unstack", "trim_zeros", "real_if_close")
)
# These give a view where the strides of the array allow it.
_RESHAPING = frozenset(("ravel", "reshape", "ascontiguousarray", "asfortranarray", "require"))
_COPYING = frozenset(("array", "copy", "astype", "take", "delete", "compress", "flatten", "meshgrid"))


def prepared(low: Lowering, thing: Any) -> Any:
    """An argument as rules take it: Values, numbers, tuples and lists of them, options."""
    if isinstance(thing, Value):
        return low.live(thing)
    if isinstance(thing, (RunList, list)) and isinstance(found := low.live(thing), RunList):
        from .growing import as_stack

        return as_stack(low, found)
    if isinstance(thing, (tuple, list)):
        opened = low.outside.inside(thing)
        parts = [prepared(low, item) for item in opened]
        if type(thing) is list:
            return parts
        return tuple(parts) if type(thing) is tuple else type(thing)(*parts)
    if isinstance(thing, dict):
        return {key: prepared(low, value) for key, value in low.outside.inside(thing).items()}
    if hasattr(thing, "as_list"):
        return prepared(low, thing.as_list())
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
    args, kwargs = _named_out(called, args, kwargs)
    if kwargs.get("out") is not None:
        from .writers import call_with_out

        return call_with_out(low, functools.partial(adapt, low, adapter, called), called, args, kwargs)
    args = [prepared(low, each) for each in args]
    kwargs = {key: prepared(low, each) for key, each in kwargs.items()}
    _make_options_static(low, adapter, args, kwargs)
    try:
        result = adapter(low.builder, *args, **kwargs)
    except (TransformError, Raised, StaticNeeded, Again, RecursionError):
        raise
    except Exception as error:
        raise UnsupportedError(f"{called} cannot be called like this: {_reason(error)}") from error
    return _own_memory(low, result, called, args, kwargs)


def _named_out(
    called: str, args: Sequence[Any], kwargs: dict[str, Any]
) -> tuple[Sequence[Any], dict[str, Any]]:
    """The array for the result, which a ufunc takes after its operands, under its name."""
    made = getattr(np, called.removeprefix("np."), None)
    if not isinstance(made, np.ufunc) or len(args) != made.nin + 1 or "out" in kwargs:
        return args, kwargs
    return args[: made.nin], {**kwargs, "out": args[made.nin]}


def _own_memory(low: Lowering, result: Any, called: str, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """The result of a rule, in memory of its own where NumPy's function gives a copy of its argument."""
    name = called.rsplit(".", 1)[-1]
    if isinstance(result, (list, tuple)):
        parts = [_own_memory(low, each, called, args, kwargs) for each in result]
        return type(result)(parts) if type(result) in (list, tuple) else result
    if not isinstance(result, Value) or not isinstance(result.type, Array) or name in _VIEWING:
        return result
    given = any(isinstance(each, Value) and each.atom is result.atom for each in args)
    if name in ("array", "astype") and given and not kwargs.get("copy", True):
        return result
    if called == ".copy":
        low.memory.row_major.add(result.first_atom)
    view = view_equation(low.builder, result.first_atom)
    if name in _RESHAPING:
        if not given or name == "reshape" or low.memory.is_row_major(result.atom):
            return result
        return low.copy(result, certain=False) if name != "ravel" else low.spared("ravel", result)
    if given or (view is not None and _is_part_of(low, result, args)):
        certain = name in _COPYING or isinstance(getattr(np, name, None), np.ufunc)
        return low.copy(result, certain and called not in (".conj", ".conjugate"))
    return result


def _is_part_of(low: Lowering, view: Value, args: Sequence[Any]) -> bool:
    """Whether a view is one of an argument, rather than of an array that the rule has made."""
    origin = low.memory.origin(view).first_atom
    return any(isinstance(each, Value) and low.memory.origin(each).first_atom is origin for each in args)


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
