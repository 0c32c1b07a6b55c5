"""Objects: reading and setting attributes, calling methods, making instances of the user's classes."""

from __future__ import annotations

import dataclasses
import enum
import functools
import inspect
from collections.abc import Sequence
from types import FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from ..errors import UnsupportedError
from ..rules.build import Value
from ..rules.registry import ATTRIBUTES, METHODS
from ..types import Array
from .either import on_either
from .growing import ListMethod
from .lowering import Lowering
from .operators import contains_value
from .reads import MISSING
from .scope import Closure, Either, Opaque, Raised, RunList

__all__ = [
    "Super",
    "TextMethod",
    "ValueMethod",
    "class_of",
    "construct",
    "delete_attribute",
    "get_attribute",
    "set_attribute",
]

_PYTHON_CLASSES = {"f": float, "i": int, "b": bool, "c": complex, "u": int}
_BUILTIN_CONTAINERS = (list, dict, set, tuple, str, bytes, frozenset)


class ValueMethod:
    """A method of a run-time value, not yet called; whether it is one that changes the array."""

    def __init__(self, low: Lowering, value: Value, name: str, changes: bool = False) -> None:
        self.low, self.value, self.__name__, self.changes = low, value, name, changes

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.low.call(self, args, kwargs)


class TextMethod:
    """A method of a text made of run-time values, not yet called."""

    def __init__(self, text: Opaque, name: str) -> None:
        self.text, self.__name__ = text, name


class Super:
    """What super() gives: the attributes of the classes after `owner`."""

    def __init__(self, owner: type, instance: Any) -> None:
        self.owner, self.instance = owner, instance


def class_of(value: Any) -> type:
    """The class that `type(value)` gives when the function runs."""
    if isinstance(value, Value):
        if isinstance(value.type, Array):
            return np.ndarray
        return _PYTHON_CLASSES[value.type.dtype.kind] if value.type.weak else value.type.dtype.type
    if isinstance(value, Opaque):
        return str
    if isinstance(value, RunList):
        return list
    if isinstance(value, (Closure, ValueMethod)):
        return FunctionType
    from .recorder import plain

    return type(plain(value))


def get_attribute(low: Lowering, thing: Any, name: str) -> Any:
    """`thing.name`."""
    if type(thing) is Either:
        return on_either(low, thing, lambda each: get_attribute(low, each, name))
    thing = low.live(thing)
    if isinstance(thing, Value):
        return _value_attribute(low, thing, name)
    if isinstance(thing, RunList):
        if not hasattr(list, name):
            raise Raised(AttributeError(f"'list' object has no attribute {name!r}"))
        return ListMethod(thing.token, name)
    if isinstance(thing, Opaque):
        if not hasattr(str, name):
            raise Raised(AttributeError(f"'str' object has no attribute {name!r}"))
        return TextMethod(thing, name)
    if isinstance(thing, Super):
        return _super_attribute(low, thing, name)
    if type(thing) in (*_BUILTIN_CONTAINERS, Closure):
        return low.native(getattr, low.outside.inside(thing), name)
    return _object_attribute(low, thing, name)


def _value_attribute(low: Lowering, value: Value, name: str) -> Any:
    if name == "flat" and isinstance(value.type, Array):
        from .flat import Flat

        return Flat(low, value)
    if name in ATTRIBUTES:
        if not hasattr(class_of(value), name):
            raise Raised(_no_attribute(value, name))
        return ATTRIBUTES[name](low.builder, value)
    if name in METHODS and hasattr(class_of(value), name):
        return ValueMethod(low, value, name)
    if name in ("fill", "sort", "put") and isinstance(value.type, Array):
        return ValueMethod(low, value, name, changes=True)
    if name == "__class__":
        return class_of(value)
    if not hasattr(class_of(value), name):
        raise Raised(_no_attribute(value, name))
    raise UnsupportedError(
        f"the attribute {name} of {class_of(value).__name__} is not supported yet",
        "Use a function of NumPy for it.",
    )


def _no_attribute(value: Value, name: str) -> AttributeError:
    return AttributeError(f"'{class_of(value).__name__}' object has no attribute {name!r}")


def _object_attribute(low: Lowering, thing: Any, name: str) -> Any:
    # Slot descriptors and class attributes as Python finds them, without running the user's code natively.
    found = _lookup(type(thing), name) if not isinstance(thing, (type, ModuleType)) else MISSING
    if isinstance(found, property):
        if found.fget is None:
            raise Raised(AttributeError(f"property {name!r} has no getter"))
        return low.call(found.fget, [thing])
    if isinstance(found, functools.cached_property) and name not in getattr(thing, "__dict__", {}):
        return low.call(found.func, [thing])
    getter = _lookup(type(thing), "__getattribute__")
    if isinstance(getter, FunctionType):
        return low.call(getter, [thing, name])
    try:
        value = getattr(thing, name)
    except AttributeError as error:
        raise Raised(error) from error
    if found is MISSING and isinstance(_lookup(type(thing), "__getattr__"), FunctionType):
        own = getattr(thing, "__dict__", {})
        if name not in own and not isinstance(thing, (type, ModuleType)):
            return low.call(_lookup(type(thing), "__getattr__"), [thing, name])
    if _made_here(low, thing, name, found):
        return value
    return low.outside.attribute(thing, name, value)


def _made_here(low: Lowering, thing: Any, name: str, found: Any) -> bool:
    """Whether the attribute belongs to an object made while lowering, not to its class."""
    if id(thing) not in low.created:
        return False
    is_slot = inspect.isdatadescriptor(found)
    return is_slot or name in getattr(thing, "__dict__", {}) or isinstance(thing, tuple)


def _lookup(cls: type, name: str) -> Any:
    for each in cls.__mro__:
        if name in each.__dict__:
            return each.__dict__[name]
    return MISSING


def _super_attribute(low: Lowering, thing: Super, name: str) -> Any:
    instance = thing.instance
    cls = instance if isinstance(instance, type) else type(instance)
    order = cls.__mro__
    for each in order[order.index(thing.owner) + 1 :]:
        if name not in each.__dict__:
            continue
        found = each.__dict__[name]
        if isinstance(found, property):
            return low.call(found.fget, [instance])
        if hasattr(type(found), "__get__"):
            return found.__get__(None if isinstance(instance, type) else instance, cls)
        return low.outside.attribute(each, name, found)
    raise Raised(AttributeError(f"'super' object has no attribute {name!r}"))


def has_attribute(low: Lowering, thing: Any, name: str) -> bool:
    """`hasattr(thing, name)`."""
    thing = low.live(thing)
    if isinstance(thing, Value):
        return hasattr(class_of(thing), name)
    try:
        get_attribute(low, thing, name)
    except Raised as raised:
        if isinstance(raised.error, AttributeError):
            return False
        raise
    return True


def set_attribute(low: Lowering, thing: Any, name: str, value: Any) -> None:
    """`thing.name = value`, on an object made while lowering."""
    thing = low.live(thing)
    if isinstance(thing, Value):
        raise UnsupportedError(
            f"assignment to the attribute {name} of an array", "Use a function such as np.reshape for it."
        )
    if isinstance(thing, (ModuleType, type)):
        raise _changes_outside(name, f"a {type(thing).__name__}")
    setter = _lookup(type(thing), "__setattr__")
    if isinstance(setter, FunctionType) and setter.__code__.co_filename != "<string>":
        low.call(setter, [thing, name, value])
        return
    if isinstance(setter, FunctionType):
        raise Raised(dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}"))
    store_attribute(low, thing, name, value)


def store_attribute(low: Lowering, thing: Any, name: str, value: Any) -> None:
    """object.__setattr__(thing, name, value)."""
    found = _lookup(type(thing), name)
    if isinstance(found, property):
        if found.fset is None:
            raise Raised(AttributeError(f"property {name!r} has no setter"))
        low.call(found.fset, [thing, value])
    elif id(thing) in low.created:
        if not hasattr(thing, "__dict__"):
            low.may_change(thing, f"assignment to the slot {name}")
        low.native(object.__setattr__, thing, name, value)
    else:
        raise _changes_outside(name, f"an object of class {type(thing).__name__} that exists outside")


def _changes_outside(name: str, owner: str) -> UnsupportedError:
    return UnsupportedError(
        f"assignment to the attribute {name} of {owner}: "
        "a function that changes what is outside has no derivative",
        "Return the new value instead.",
    )


def construct(low: Lowering, cls: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """An instance of a class of the user's."""
    if issubclass(cls, BaseException):
        return _exception(low, cls, args, kwargs)
    if issubclass(cls, tuple) and hasattr(cls, "_fields"):
        return _named_tuple(low, cls, args, kwargs)
    if issubclass(cls, enum.Enum) and not contains_value([*args, *kwargs.values()]):
        return low.native(cls, *args, **kwargs)
    init, new = _lookup(cls, "__init__"), _lookup(cls, "__new__")
    if isinstance(new, staticmethod) and isinstance(new.__func__, FunctionType):
        instance = low.call(new.__func__, [cls, *args], kwargs)
        if isinstance(instance, cls) and isinstance(init, FunctionType):
            low.call(init, [instance, *args], kwargs)
        return instance
    container = next((kind for kind in (dict, list, set) if new is _lookup(kind, "__new__")), object)
    if new is not _lookup(container, "__new__") or (
        type(cls) is not type and type(cls).__call__ is not type.__call__
    ):
        raise UnsupportedError(
            f"objects of class {cls.__qualname__} are not made by a plain __init__",
            "Make the object before the call and pass it as an argument.",
        )
    if getattr(cls, "__abstractmethods__", None):
        low.native(cls)
    instance = low.new_object(container.__new__(cls))
    if container is not object and not isinstance(init, FunctionType):
        low.call(container.__init__, [instance, *args], kwargs)
    elif isinstance(init, FunctionType):
        if init.__code__.co_filename == "<string>" and dataclasses.is_dataclass(cls):
            _fill_dataclass(low, instance, init, args, kwargs)
        else:
            low.call(init, [instance, *args], kwargs)
    elif args or kwargs:
        raise Raised(TypeError(f"{cls.__name__}() takes no arguments"))
    return instance


def _exception(low: Lowering, cls: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """An exception, which may have a method that makes its message."""
    init = _lookup(cls, "__init__")
    if not isinstance(init, FunctionType):
        return low.new_object(low.native(cls, *args, **kwargs))
    instance = low.new_object(low.native(cls.__new__, cls, *args, **kwargs))
    low.call(init, [instance, *args], kwargs)
    low.constructed[id(instance)] = (args, kwargs)
    return instance


def delete_attribute(low: Lowering, thing: Any, name: str) -> None:
    """`del thing.name`."""
    if id(thing) not in low.created or not hasattr(thing, "__dict__"):
        raise UnsupportedError(
            "del of an attribute of an object that exists outside the function", "Make a new object."
        )
    low.native(object.__delattr__, thing, name)


def _named_tuple(low: Lowering, cls: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    new = cls.__new__
    bound = low.native(inspect.signature(new).bind, cls, *args, **kwargs)
    bound.apply_defaults()
    values = [low.outside.take(value, name) for name, value in list(bound.arguments.items())[1:]]
    if list(bound.arguments)[1:] != list(cls._fields):
        raise UnsupportedError(f"{cls.__qualname__} has a __new__ of its own")
    return low.new_object(tuple.__new__(cls, values))


def _fill_dataclass(
    low: Lowering, instance: Any, init: FunctionType, args: Sequence[Any], kwargs: dict[str, Any]
) -> None:
    """What the generated __init__ of a dataclass does, field by field."""
    bound = low.native(inspect.signature(init).bind, instance, *args, **kwargs)
    given = dict(list(bound.arguments.items())[1:])
    passed = []
    for field in instance.__dataclass_fields__.values():
        kind = str(getattr(field, "_field_type", ""))
        if kind == "_FIELD_CLASSVAR":
            continue
        if field.name in given:
            value = given[field.name]
        elif field.default_factory is not dataclasses.MISSING:
            value = low.call(field.default_factory)
        elif field.default is not dataclasses.MISSING:
            value = low.outside.attribute(type(instance), field.name, field.default)
        else:
            continue
        if kind == "_FIELD_INITVAR":
            passed.append(value)
        else:
            object.__setattr__(instance, field.name, value)
    finish = _lookup(type(instance), "__post_init__")
    if isinstance(finish, FunctionType):
        low.call(MethodType(finish, instance), passed)
