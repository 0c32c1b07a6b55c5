"""Calls that are computed at once: which of Python's and NumPy's functions are pure, and how they are run."""

from __future__ import annotations

import collections
import contextlib
import itertools
import types
import warnings
from collections.abc import Callable, Hashable, Iterator
from functools import partial
from types import BuiltinFunctionType, FunctionType
from typing import Any

import numpy as np

from ..errors import UnsupportedError
from ..rules.build import Value, numeric
from ..types import dtype_of
from .arguments import LAZY, adapt, prepared
from .growing import check_frozen, is_growing
from .lowering import Lowering
from .naming import missing_rule
from .operators import contains_value
from .recorder import plain, spell, text_of
from .scope import Closure, Raised
from .texts import method

__all__ = ["call_math", "call_native", "is_impure", "is_pure"]

_PURE_MODULES = frozenset(
    ("operator", "_operator", "itertools", "functools", "_functools", "math", "cmath", "re", "dataclasses")
    + ("inspect", "typing", "numbers", "enum", "string", "copy", "collections", "_collections", "abc", "_abc")
    + ("types", "fractions", "decimal", "textwrap", "collections.abc", "_collections_abc", "statistics")
)
_IMPURE_MODULES = frozenset(
    (
        "random",
        "time",
        "_random",
        "os",
        "posix",
        "nt",
        "io",
        "_io",
        "sys",
        "subprocess",
        "threading",
        "secrets",
    )
    + ("datetime", "_datetime", "uuid", "socket", "tempfile", "shutil", "pathlib", "numpy.random")
)
_IMPURE_BUILTINS = frozenset((open, input, exec, eval, compile, breakpoint, globals, locals, vars))
_NUMPY_PURE = frozenset(
    getattr(np, name)
    for name in (
        "finfo", "iinfo", "dtype", "issubdtype", "promote_types", "can_cast", "isdtype", "min_scalar_type",
        "broadcast_shapes", "errstate", "geterr", "typename", "isfortran", "may_share_memory",
    )
)  # fmt: skip
_NORMALIZERS = (np.lib.array_utils.normalize_axis_index, np.lib.array_utils.normalize_axis_tuple)
_MANAGERS = (*_NORMALIZERS, np.errstate, warnings.catch_warnings, contextlib.nullcontext)
_PYTHON = (int, float, complex, bool)
_CONTAINERS = (str, bytes, tuple, list, dict, set, frozenset, int, float, complex, range, slice)
_WRITERS = frozenset(
    (
        "append",
        "extend",
        "insert",
        "pop",
        "remove",
        "clear",
        "sort",
        "reverse",
        "update",
        "setdefault",
        "popitem",
    )
    + ("add", "discard", "__setitem__", "__delitem__", "move_to_end")
)
_ONE_ITEM = frozenset(("append", "insert", "setdefault", "__setitem__", "move_to_end"))
_BY_EQUALITY = frozenset(("index", "count", "remove", "__contains__", "sort"))
_COMPARING = frozenset((itertools.groupby, collections.Counter))


def is_impure(function: Any) -> bool:
    """Whether a function reads or changes the world outside."""
    owner = getattr(function, "__self__", None)
    if type(owner).__module__ in ("os", "random") or type(owner).__module__.startswith("numpy.random"):
        return True
    module = getattr(function, "__module__", None) or getattr(owner, "__name__", "")
    if isinstance(function, BuiltinFunctionType) and function in _IMPURE_BUILTINS:
        return True
    return isinstance(module, str) and (module in _IMPURE_MODULES or module.startswith("numpy.random"))


def is_pure(function: Any) -> bool:
    """Whether a function's result is decided by its arguments, and it can be run on known ones."""
    if isinstance(function, Hashable) and (function in _MANAGERS or function in _NUMPY_PURE):
        return True
    if isinstance(function, type):
        return (
            function.__module__ in {"builtins", *_PURE_MODULES} and not issubclass(function, BaseException)
        ) or (issubclass(function, (np.dtype, np.generic)))
    owner = getattr(function, "__self__", None)
    if isinstance(owner, _CONTAINERS) or isinstance(
        function, (types.MethodDescriptorType, types.WrapperDescriptorType)
    ):
        return True
    if isinstance(function, types.MethodWrapperType) or isinstance(owner, (np.dtype, np.finfo, np.iinfo)):
        return True
    if isinstance(owner, type) and owner.__module__ in ("builtins", "collections"):
        return True
    module = getattr(function, "__module__", None)
    if module is None and owner is not None and type(owner).__module__ in _PURE_MODULES:
        return True
    if type(function).__module__ in ("operator", "re"):
        return True
    return (module == "builtins" and not isinstance(function, FunctionType)) or module in _PURE_MODULES


def call_math(
    low: Lowering,
    adapter: Callable[..., Any],
    function: Any,
    called: str,
    args: list[Any],
    kwargs: dict[str, Any],
) -> Any:
    """A function with a rule: at once where it is math's and everything is known, else an equation."""
    if getattr(function, "__module__", None) in ("math", "cmath", "builtins"):
        args = [prepared(low, each) if isinstance(each, LAZY) else each for each in args]
        if not any(contains_value(each) for each in (*args, *kwargs.values())):
            result = low.native(function, *map(plain, args), **kwargs)
            if isinstance(result, float) and all(map(numeric, args)) and function.__module__ == "math":
                texts = [text_of(each) or repr(plain(each)) for each in args]
                return spell(result, f"{called}({', '.join(texts)})")
            return result
    return adapt(low, adapter, called, args, kwargs)


def call_native(low: Lowering, function: Any, called: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
    """Run a pure function on what is known; functions among the arguments are lowered when it calls them."""
    owner, name = getattr(function, "__self__", None), getattr(function, "__name__", "")
    values = any(contains_value(each) for each in (*args, *kwargs.values()))
    compares = name in _BY_EQUALITY or (isinstance(function, Hashable) and function in _COMPARING)
    if compares and (values or contains_value(owner)):
        raise UnsupportedError(f"{called}() compares run-time values", "Write the comparison out.")
    if name in _WRITERS and isinstance(owner, (list, dict, set)):
        if low.outside.is_foreign(owner) or low.outside.is_copy(owner):
            raise UnsupportedError(
                f"{called}() changes a {type(owner).__name__} that exists outside the function",
                "Work on a copy of it.",
            )
        check_frozen(low, owner)
        _check_keys(function, args)
        if name not in _ONE_ITEM and any(is_growing(low, each) for each in args):
            raise UnsupportedError(f"{called}() with a list whose length is known only at run time")
        return low.native(function, *args, **kwargs)
    calls = not _looks_only(function, owner)
    args = [_opened(low, each, calls) for each in args]
    kwargs = {key: _opened(low, each, calls) for key, each in kwargs.items()}
    if isinstance(owner, str) and values:
        return method(low, owner, name, args, kwargs)
    for each in args:
        if isinstance(each, Iterator):
            low.may_change(each, "going on with an iterator")
    if not _takes_values(function, owner):
        args = [prepared(low, each) if isinstance(each, LAZY) else each for each in args]
        for each in args:
            if isinstance(each, Value):
                low.demand(each, f"an argument of {called}")
        if any(contains_value(each) for each in (*args, *kwargs.values())):
            raise missing_rule(function)
    result = low.native(function, *args, **kwargs)
    if isinstance(result, np.ndarray):
        raise UnsupportedError(f"{called} makes an array while lowering", "Make it before and pass it.")
    # Other objects may come from outside: what a dict from outside holds, for instance.
    return low.new_object(result) if isinstance(result, (list, dict, set, Iterator, partial)) else result


def _takes_values(function: Any, owner: Any) -> bool:
    """Whether run-time values pass through unseen: containers and iterators only move them about."""
    if isinstance(owner, (list, dict, tuple)):
        return True
    module = getattr(function, "__module__", None)
    return module in (
        "itertools",
        "functools",
        "_functools",
        "collections",
        "_collections",
        "types",
        "copy",
    ) or (function in (list, dict, tuple, iter, next, slice, zip, enumerate, object.__setattr__, id))


def _check_keys(function: Any, args: list[Any]) -> None:
    owner = function.__self__
    if isinstance(owner, (dict, set)) and args and isinstance(args[0], Value):
        raise UnsupportedError(f"a run-time value as a key of a {type(owner).__name__}")


def _looks_only(function: Any, owner: Any) -> bool:
    """Whether a function looks at the functions among its arguments, as a key or for their signature."""
    if isinstance(owner, (list, dict, tuple, set, frozenset)) or function in (id, hash, repr, str, dir):
        return True
    return getattr(function, "__module__", None) in ("inspect", "typing", "types", "copy", "dataclasses")


def _opened(low: Lowering, thing: Any, calls: bool) -> Any:
    """An argument for Python's own code: content of outer containers read, functions made callable."""
    if isinstance(thing, FunctionType) and calls:
        return _callback(low, thing)
    if type(thing) in (list, dict, set):
        return low.outside.inside(thing)
    if isinstance(thing, (Value, Closure)):
        return low.live(thing)
    return plain(thing)


def _callback(low: Lowering, function: FunctionType) -> Callable[..., Any]:
    def callback(*args: Any, **kwargs: Any) -> Any:
        return low.call(function, args, kwargs)

    callback.__name__ = function.__name__
    return callback


def result_type(low: Lowering, *things: Any) -> np.dtype:
    """np.result_type, of types."""
    given = [dtype_of(each.type) if isinstance(each, Value) else each for each in prepared(low, list(things))]
    examples = [each(0) if each in _PYTHON and isinstance(each, type) else each for each in given]
    try:
        return np.result_type(*examples)
    except TypeError as error:
        raise Raised(error) from error
