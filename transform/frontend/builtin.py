"""Python's builtin functions, and those of functools, itertools and NumPy that ask about types."""

from __future__ import annotations

import copy
import functools
import inspect
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import UnsupportedError
from ..rules.build import Value, numeric
from ..rules.registry import FUNCTIONS
from ..types import Array, Scalar
from .arguments import adapt, prepared
from .calls import call, special
from .growing import copied, length
from .iterate import iterate
from .iteration import Rolling, length_of
from .lowering import Lowering
from .naming import python_method
from .native import result_type
from .objects import class_of, get_attribute, has_attribute, set_attribute, store_attribute
from .operators import BINARY, COMPARISONS, UNARY, binary, compare, negated, truth, unary
from .recorder import plain
from .scope import Closure, Opaque, Raised, RunList
from .subscripts import subscript
from .texts import formatted

__all__ = ["operate"]

_MISSING: Any = object()


# Questions about types.


@special(inspect.Signature.bind)
def _bind(low: Lowering, signature: inspect.Signature, *args: Any, **kwargs: Any) -> Any:
    """Arguments by name; they are moved about only, as decorators do that check them."""
    bound = low.new_object(low.native(signature.bind, *args, **kwargs))
    low.new_object(bound.arguments)
    return bound


@special(isinstance)
def _isinstance(low: Lowering, thing: Any, kinds: Any) -> bool:
    if isinstance(thing, (Value, Closure, Opaque, RunList)):
        return low.native(issubclass, class_of(thing), kinds)
    return low.native(isinstance, plain(thing), kinds)


@special(type)
def _type(low: Lowering, thing: Any) -> type:
    return class_of(thing)


@special(callable)
def _callable(low: Lowering, thing: Any) -> bool:
    return not isinstance(thing, Value) and callable(thing)


@special(getattr)
def _getattr(low: Lowering, thing: Any, name: str, default: Any = _MISSING) -> Any:
    try:
        return get_attribute(low, thing, name)
    except Raised as raised:
        if default is _MISSING or not isinstance(raised.error, AttributeError):
            raise
        return default


@special(hasattr)
def _hasattr(low: Lowering, thing: Any, name: str) -> bool:
    return has_attribute(low, thing, name)


@special(setattr)
def _setattr(low: Lowering, thing: Any, name: str, value: Any) -> None:
    set_attribute(low, thing, name, value)


@special(object.__setattr__)
def _object_setattr(low: Lowering, thing: Any, name: str, value: Any) -> None:
    store_attribute(low, thing, name, value)


@special(object.__new__)
def _object_new(low: Lowering, cls: Any, *args: Any, **kwargs: Any) -> Any:
    return low.new_object(low.native(object.__new__, cls))


@special(BaseException.__init__, Exception.__init__)
def _exception_init(low: Lowering, error: Any, *args: Any) -> None:
    error.args = args


@special(dict.__init__)
def _dict_init(low: Lowering, made: Any, *args: Any, **kwargs: Any) -> None:
    low.native(dict.update, made, _dict(low, *args, **kwargs))


@special(list.__init__)
def _list_init(low: Lowering, made: Any, items: Any = ()) -> None:
    low.native(list.extend, made, list(iterate(low, items, "list")))


@special(object.__init__)
def _object_init(low: Lowering, thing: Any) -> None:
    return None


@special(np.isscalar)
def _isscalar(low: Lowering, element: Any) -> bool:
    return isinstance(element.type, Scalar) if isinstance(element, Value) else np.isscalar(element)


@special(np.iterable)
def _iterable(low: Lowering, y: Any) -> bool:
    return isinstance(y.type, Array) if isinstance(y, Value) else np.iterable(y)


@special(np.result_type, np.common_type)
def _result_type(low: Lowering, *things: Any) -> np.dtype:
    return result_type(low, *things)


@special(np.dtype)
def _dtype(low: Lowering, thing: Any, *args: Any, **kwargs: Any) -> np.dtype:
    return low.native(np.dtype, thing, *args, **kwargs)


# Numbers.


@special(len)
def _len(low: Lowering, thing: Any) -> Any:
    if isinstance(thing, RunList):
        return length(low, thing)
    if isinstance(thing, Rolling):
        return length_of(low, thing)
    if isinstance(thing, Value):
        shape = get_attribute(low, thing, "shape") if isinstance(thing.type, Array) else ()
        if not shape:
            raise Raised(TypeError(f"object of type '{class_of(thing).__name__}' has no len()"))
        return shape[0]
    method = python_method(thing, "__len__")
    if method is not None:
        return call(low, method, [thing], {})
    return low.native(len, low.outside.inside(thing))


def _by_rule(function: Callable[..., Any], name: str, dunder: str) -> None:
    """A function of numbers: at once on known ones, by its rule on run-time values."""

    @special(function)
    def handler(low: Lowering, *args: Any, **kwargs: Any) -> Any:
        method = python_method(args[0], dunder) if args and not isinstance(args[0], Value) else None
        if method is not None:
            return call(low, method, list(args), kwargs)
        if any(isinstance(low.live(each), Value) for each in args):
            value = args[0]
            if (
                function in (float, int, complex)
                and isinstance(value, Value)
                and isinstance(value.type, Array)
            ):
                return _from_array(low, function, value)
            return adapt(low, FUNCTIONS[function], name, args, kwargs)
        if any(isinstance(each, Opaque) for each in args):
            raise UnsupportedError(
                f"{name}() of a text made of run-time values", "Use the values themselves."
            )
        return low.native(function, *map(plain, args), **kwargs)


def _from_array(low: Lowering, function: Callable[..., Any], value: Value) -> Any:
    # NumPy converts arrays with one element (and warns unless they have rank 0).
    if all(low.builder.dims.resolve(size) == 1 for size in getattr(value.type, "dims", ())):
        return adapt(
            low, FUNCTIONS[function], "float", [call(low, get_attribute(low, value, "item"), [], {})], {}
        )
    raise Raised(TypeError("only arrays of one element can be converted to Python scalars"))


_by_rule(float, "float", "__float__")
_by_rule(int, "int", "__int__")
_by_rule(complex, "complex", "__complex__")
_by_rule(abs, "abs", "__abs__")
_by_rule(round, "round", "__round__")


@special(operator.index)
def _index(low: Lowering, x: Any) -> Any:
    if not isinstance(low.live(x), Value):
        return low.native(operator.index, plain(x))
    if not issubclass(class_of(x), (int, np.integer)):
        raise Raised(TypeError(f"'{class_of(x).__name__}' object cannot be interpreted as an integer"))
    return call(low, int, [x], {})


@special(bool)
def _bool(low: Lowering, thing: Any = False) -> Any:
    return truth(low, thing)


@special(pow)
def _pow(low: Lowering, base: Any, exp: Any, mod: Any = None) -> Any:
    if mod is not None:
        return low.native(pow, low.static(base, "pow"), low.static(exp, "pow"), low.static(mod, "pow"))
    return operate(low, "**", base, exp)


@special(divmod)
def _divmod(low: Lowering, x: Any, y: Any) -> Any:
    return operate(low, "//", x, y), operate(low, "%", x, y)


# The operator module, whose functions are Python's operators.


_BY_SYMBOL = {how.symbol: kind() for kind, how in (*BINARY.items(), *COMPARISONS.items())}


def operate(low: Lowering, symbol: str, x: Any, y: Any) -> Any:
    """`x symbol y`."""
    kind = _BY_SYMBOL[symbol]
    return compare(low, kind, x, y) if type(kind) in COMPARISONS else binary(low, kind, x, y)


def _register_operators() -> None:
    for how in (*BINARY.values(), *COMPARISONS.values()):

        def handler(low: Lowering, x: Any, y: Any, /, symbol: str = how.symbol) -> Any:
            return operate(low, symbol, x, y)

        special(how.function)(handler)
    for kind, how in UNARY.items():

        def handler_of_one(low: Lowering, x: Any, /, kind: Any = kind) -> Any:
            return unary(low, kind(), x)

        special(how.function)(handler_of_one)


_register_operators()


@special(operator.not_)
def _not(low: Lowering, x: Any) -> Any:
    return negated(low, truth(low, x))


@special(operator.truth)
def _truth(low: Lowering, x: Any) -> Any:
    return truth(low, x)


@special(operator.getitem)
def _getitem(low: Lowering, thing: Any, index: Any) -> Any:
    return subscript(low, thing, index)


# Containers and texts.


@special(dict)
def _dict(low: Lowering, *args: Any, **kwargs: Any) -> Any:
    opened = [each if hasattr(each, "keys") else list(iterate(low, each, "dict")) for each in args]
    return low.new_object(low.native(dict, *(low.outside.inside(each) for each in opened), **kwargs))


def _text(function: Callable[..., Any], conversion: str) -> None:
    @special(function)
    def handler(low: Lowering, thing: Any = "", /, *more: Any) -> Any:
        if function is str and more:
            return low.native(str, thing, *more)
        return formatted(low, thing, conversion, *more)


_text(str, "s")
_text(repr, "r")
_text(ascii, "a")
_text(format, "")


@special(np.array_str, np.array_repr, np.array2string)
def _array_text(low: Lowering, *args: Any, **kwargs: Any) -> Any:
    return Opaque()


@special(slice)
def _slice(low: Lowering, *parts: Any) -> slice:
    return slice(*parts)


@special(id)
def _id(low: Lowering, thing: Any) -> int:
    raise UnsupportedError("id() differs from run to run")


@special(copy.copy, copy.deepcopy)
def _copy(low: Lowering, thing: Any) -> Any:
    if isinstance(thing, RunList):
        return copied(low, thing)
    if isinstance(thing, Value):
        return (
            call(low, get_attribute(low, thing, "copy"), [], {}) if isinstance(thing.type, Array) else thing
        )
    if numeric(thing) or isinstance(thing, (str, bytes, type(None))):
        return thing
    if type(thing) in (list, tuple, dict):
        return low.new_object(_copied(low, prepared(low, thing)))
    raise UnsupportedError(
        f"a copy of an object of class {type(thing).__name__}", "Make a new one from its parts."
    )


def _copied(low: Lowering, thing: Any) -> Any:
    if isinstance(thing, dict):
        return {key: _copied(low, item) for key, item in thing.items()}
    if isinstance(thing, (list, tuple)):
        return type(thing)(_copied(low, item) for item in thing)
    return _copy(low, thing)


# functools.


@special(functools.partial)
def _partial(low: Lowering, function: Any, /, *args: Any, **kwargs: Any) -> Any:
    return low.new_object(functools.partial(function, *args, **kwargs))


@special(functools.wraps)
def _wraps(low: Lowering, *args: Any, **kwargs: Any) -> Any:
    return _same


@special(functools.lru_cache, functools.cache, staticmethod)
def _unchanged(low: Lowering, *args: Any, **kwargs: Any) -> Any:
    return args[0] if args and callable(args[0]) else _same


def _same(function: Any) -> Any:
    return function


@special(_same)
def _same_called(low: Lowering, function: Any) -> Any:
    return function
