"""The items of an iterable, one by one, where their number is known while lowering."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..errors import LengthNeeded, UnsupportedError
from ..rules.build import Value
from ..rules.index import getitem
from .flat import Flat
from .iteration import OneByOne, Rolling
from .lowering import Lowering
from .naming import python_method
from .scope import Opaque, Raised, RunList

__all__ = ["iterate"]


def iterate(low: Lowering, thing: Any, what: str = "a loop") -> Iterator[Any]:
    """The items of an iterable of which the length is known while lowering."""
    thing = low.live(thing)
    if isinstance(thing, Rolling):
        return thing.items(low)
    if isinstance(thing, RunList):
        raise LengthNeeded(
            f"{what} needs the number of items of a list whose length is known only at run time",
            "Loop over it, index it, sum it, or make it an array with np.array.",
        )
    if isinstance(thing, OneByOne):
        low.may_change(thing, "going on with an iterator")
        return thing
    if isinstance(thing, Flat):
        thing = thing.elements()
    if isinstance(thing, Value):
        return _iterate_array(low, thing, what)
    if isinstance(thing, Opaque):
        raise UnsupportedError("a text made of run-time values is not known while lowering")
    for name in ("__iter__", "__getitem__"):
        method = python_method(thing, name)
        if method is not None:
            if name == "__iter__":
                return iterate(low, low.call(method, [thing]), what)
            return _iterate_by_index(low, thing)
    if python_method(thing, "__next__") is not None:
        return _iterate_by_next(low, thing)
    if isinstance(thing, Iterator):
        low.may_change(thing, "going on with an iterator")
    inside = low.outside.inside(thing)
    if type(inside) is list:
        return low.new_object(_iterate_list(low, inside))
    iterator: Iterator[Any] = low.native(iter, inside)
    return iterator if iterator is thing else low.new_object(iterator)


def _iterate_list(low: Lowering, items: list[Any]) -> Iterator[Any]:
    """The items of a list, those that are appended meanwhile as well, while it is known what they are."""
    k = 0
    while k < len(items) or id(items) in low.growing:
        if id(items) in low.growing:
            raise UnsupportedError(
                "a list grows or shrinks while a loop runs over it, as only run time knows",
                "Loop over a copy: for x in list(xs).",
            )
        yield items[k]
        k += 1


def _iterate_array(low: Lowering, array: Value, what: str) -> Iterator[Any]:
    dims = getattr(array.type, "dims", ())
    if not dims:
        raise Raised(TypeError("iteration over a number"))
    length = low.builder.dims.resolve(dims[0])
    if not isinstance(length, int):
        raise LengthNeeded(
            f"{what} over an array whose length is known only at run time is not supported yet",
            "Write it as array operations, such as np.sum, or index the elements.",
        )
    return (getitem(low.builder, low.live(array), k) for k in range(length))


def _iterate_by_index(low: Lowering, thing: Any) -> Iterator[Any]:
    k = 0
    while True:
        try:
            item = low.call(type(thing).__getitem__, [thing, k])
        except Raised as raised:
            if isinstance(raised.error, IndexError):
                return
            raise
        yield item
        k += 1


def _iterate_by_next(low: Lowering, thing: Any) -> Iterator[Any]:
    while True:
        try:
            yield low.call(type(thing).__next__, [thing])
        except Raised as raised:
            if isinstance(raised.error, StopIteration):
                return
            raise
