"""Subscripts: of arrays by their rule, of lists, tuples and dicts at once."""

from __future__ import annotations

import operator
from typing import Any

from ..errors import LengthNeeded, UnsupportedError
from ..rules.build import Value
from ..rules.index import getitem
from ..types import Array, Scalar
from .arguments import prepared
from .either import on_either
from .flat import Flat
from .growing import as_list, check_frozen, get_item, is_growing, looked_up, set_item
from .lowering import Lowering
from .naming import python_method
from .recorder import plain
from .scope import Either, Opaque, Raised, RunList
from .texts import method
from .writes import write

__all__ = ["assign_subscript", "delete_subscript", "static_index", "subscript"]


def subscript(low: Lowering, thing: Any, index: Any, called: str = "item") -> Any:
    """`thing[index]`."""
    if type(thing) is Either:
        return on_either(low, thing, lambda each: subscript(low, each, index, called))
    if type(index) is Either:
        return on_either(low, index, lambda each: subscript(low, thing, each, called))
    thing, index = low.live(thing), low.live(index)
    if isinstance(thing, Flat):
        return thing.read(index)
    if isinstance(thing, RunList):
        return get_item(low, thing, index)
    if isinstance(thing, Value):
        if isinstance(thing.type, Scalar) and thing.type.weak:
            raise Raised(TypeError(f"'{thing.type}' object is not subscriptable"))
        return getitem(low.builder, thing, prepared(low, index))
    own = python_method(thing, "__getitem__")
    if own is not None:
        return low.call(own, [thing, index])
    if isinstance(thing, Opaque):
        return method(low, thing, "__getitem__", [index], {})
    if isinstance(index, Value) and isinstance(thing, (list, tuple)) and _is_unknown(low, index):
        return looked_up(low, low.outside.inside(thing), index)
    if low.outside.is_foreign(thing) and not isinstance(index, slice):
        key = static_index(low, index)
        low.native(lambda: thing[key])
        return low.outside.item(thing, key, called.rsplit(".", 1)[-1])
    taken = low.native(lambda: low.outside.inside(thing)[static_index(low, index)])
    return low.new_object(taken) if isinstance(index, slice) else taken


def _is_unknown(low: Lowering, index: Value) -> bool:
    """Whether an index cannot be known while lowering; asks for it where it could be."""
    if isinstance(index.type, Scalar) and isinstance(index.type.size, int):
        return False
    low.demand(index, "an index into a list, a tuple or a dict")
    return True


def static_index(low: Lowering, index: Any) -> Any:
    """An index into a list, a tuple or a dict."""
    if isinstance(index, slice):
        return slice(
            *(low.static(part, "a slice of a list") for part in (index.start, index.stop, index.step))
        )
    if isinstance(index, tuple):
        return tuple(static_index(low, each) for each in index)
    if isinstance(index, Opaque):
        raise low.unknown(
            "a text made of run-time values as a key", "Use a list and an index, or keys that are known."
        )
    if isinstance(index, Value):
        return low.static(index, "an index into a list, a tuple or a dict")
    return plain(index)


def assign_subscript(low: Lowering, thing: Any, index: Any, value: Any) -> None:
    """`thing[index] = value`."""
    if isinstance(thing, Value) and isinstance(thing.type, Array):
        write(low, thing, index, value)
        return
    if isinstance(thing, Flat):
        thing.write(index, value)
        return
    thing, index = low.live(thing), low.live(index)
    if isinstance(thing, RunList):
        set_item(low, thing, index, value)
        return
    if isinstance(thing, Value) and isinstance(thing.type, Scalar):
        if thing.type.weak:
            raise Raised(TypeError(f"'{thing.type}' object does not support item assignment"))
        # np.full_like(x, ...) of a number is an array without dims, which can be written to.
        raise UnsupportedError(
            "assignment to an item of a number, or of an array without dims",
            "Pass an array of one element, or use np.where.",
        )
    method = python_method(thing, "__setitem__")
    if method is not None:
        low.call(method, [thing, index, value])
        return
    if low.outside.is_foreign(thing) or (
        id(thing) not in low.created and not isinstance(thing, (list, dict))
    ):
        raise UnsupportedError(
            f"assignment to an item of a {type(thing).__name__} that exists outside the function",
            "Work on a copy of it.",
        )
    check_frozen(low, thing)
    if isinstance(index, Value) and type(thing) is list and _is_unknown(low, index):
        set_item(low, as_list(low, thing, list(thing)), index, value)
        return
    key = static_index(low, index)
    if isinstance(key, slice) and is_growing(low, value):
        raise LengthNeeded("assignment of a list whose length is known only at run time to a slice")
    low.native(operator.setitem, thing, key, value)


def delete_subscript(low: Lowering, thing: Any, index: Any) -> None:
    """`del thing[index]`."""
    if isinstance(thing, Value) or low.outside.is_foreign(thing):
        raise UnsupportedError("del of an item that exists outside the function, or of an array")
    low.native(operator.delitem, thing, static_index(low, index))
