"""Builtin functions that go through their arguments item by item: range, zip, sum, max, list and the like."""

from __future__ import annotations

import functools
import itertools
import operator
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from ..errors import LengthNeeded, UnsupportedError
from ..rules.build import Value
from ..rules.registry import FUNCTIONS, PRIMITIVES
from ..types import Array, List, Scalar
from .arguments import adapt
from .builtin import operate
from .calls import call, special
from .comprehensions import Generated, Within, collected, folded, for_each
from .growing import as_stack, total
from .iterate import iterate
from .iteration import Rolling, rolling_of, rolling_range, shifted, zipped
from .lowering import Lowering
from .naming import python_method
from .objects import get_attribute
from .operators import contains_value, negated, truth
from .recorder import plain
from .scope import Raised, RunList

__all__: list[str] = []

_MISSING: Any = object()


@special(sum)
def _sum(low: Lowering, iterable: Any, /, start: Any = 0) -> Any:
    if isinstance(iterable, Value) and isinstance(iterable.type, Array):
        return adapt(low, FUNCTIONS[sum], "sum", [iterable, start], {})
    if isinstance(iterable, Generated):
        try:
            return folded(low, iterable, functools.partial(_added, low), start, "s")
        except UnsupportedError:  # arrays, which 0 is none of
            iterable = low.live(collected(low, iterable))
    if isinstance(iterable, Rolling) and iterable.known is None:
        iterable = low.live(collected(low, iterable))
    if isinstance(iterable, RunList):
        return _added(low, start, total(low, iterable))
    for item in iterate(low, iterable, "sum"):
        start = _added(low, start, item)
    return start


def _added(low: Lowering, sum_: Any, item: Any) -> Any:
    """`sum_ + item`; 0 + x is x."""
    nothing = not isinstance(sum_, Value) and type(plain(sum_)) is int and sum_ == 0
    if nothing and isinstance(item, Value) and item.type.dtype.kind != "b":
        return item
    return operate(low, "+", sum_, item)


def _extreme(function: Callable[..., Any], symbol: str) -> None:
    @special(function)
    def handler(low: Lowering, *args: Any, key: Any = None, default: Any = _MISSING) -> Any:
        name = function.__name__
        only = args[0] if len(args) == 1 else None
        if isinstance(only, Generated) or (isinstance(only, Rolling) and only.known is None):
            only = collected(low, only)
        if isinstance(xs := low.live(only), RunList):
            return _extreme_of_list(low, name, xs, key is not None or default is not _MISSING)
        items = list(iterate(low, only, name)) if len(args) == 1 else [low.live(a) for a in args]
        if not items and default is not _MISSING:
            return default
        if key is not None:
            keys = [call(low, key, [item], {}) for item in items]
            if contains_value(keys):
                raise UnsupportedError(
                    f"which item {function.__name__}(key=...) gives is known only at run time",
                    "Write a if key(a) < key(b) else b, or use np.where.",
                )
            places = [plain(each) for each in keys]
            return items[low.native(function, range(len(items)), key=places.__getitem__)]
        if not contains_value(items):
            return low.native(function, items)
        if any(isinstance(each, Value) and isinstance(each.type, Array) for each in items):
            raise UnsupportedError(
                f"Python's {function.__name__} of arrays asks for the truth of an array",
                f"Use np.{function.__name__}imum.",
            )
        adapter = FUNCTIONS[function]
        return items[0] if len(items) == 1 else adapt(low, adapter, function.__name__, items, {})


def _extreme_of_list(low: Lowering, name: str, xs: RunList, options: bool) -> Any:
    if options or not isinstance(xs.tree, Value) or not isinstance(element := _item_type(xs), Scalar):
        raise LengthNeeded(f"{name} of this list, whose length is known only at run time", "Write a loop.")
    found = adapt(low, FUNCTIONS[getattr(np, name)], f"np.{name}", [as_stack(low, xs)], {})
    python = {"f": float, "i": int}.get(element.dtype.kind)
    return call(low, python, [found], {}) if element.weak and python is not None else found


# Lists of arrays as one array.


def _joins(function: Callable[..., Any]) -> None:
    @special(function)
    def handler(low: Lowering, arrays: Any, *args: Any, **kwargs: Any) -> Any:
        name = f"np.{function.__name__}"
        if isinstance(arrays, Generated) or (isinstance(arrays, Rolling) and arrays.known is None):
            arrays = low.live(collected(low, arrays))
        if not isinstance(arrays, RunList):
            return adapt(low, FUNCTIONS[function], name, [arrays, *args], kwargs)
        axis = kwargs.get("axis", args[0] if args else 0)
        rows = isinstance(item := _item_type(arrays), Array) and len(item.dims) == 1
        if function is np.stack and isinstance(item, Array) and not set(kwargs) - {"axis"}:
            return adapt(low, FUNCTIONS[np.moveaxis], "np.moveaxis", [as_stack(low, arrays), 0, axis], {})
        flat = function is np.concatenate or rows
        if not isinstance(item, Array) or plain(axis) != 0 or set(kwargs) - {"axis"} or not flat:
            raise LengthNeeded(
                f"{name} like this of a list whose length is known only at run time", "Use np.array."
            )
        stack = as_stack(low, arrays)
        if function is np.vstack:
            return stack
        shape = (-1, *get_attribute(low, stack, "shape")[2:])
        return adapt(low, FUNCTIONS[np.reshape], "np.reshape", [stack, shape], {})


for _function in (np.concatenate, np.stack, np.vstack, np.hstack):
    _joins(_function)


def _item_type(xs: RunList) -> Any:
    return xs.tree.type.element if isinstance(xs.tree.type, List) else None


_extreme(max, ">")
_extreme(min, "<")


@special(any)
def _any(low: Lowering, iterable: Any) -> Any:
    if isinstance(iterable, (Generated, Rolling, RunList)):
        return _found(low, iterable, lambda item: truth(low, item))
    return negated(low, _every(low, iterable, lambda item: negated(low, item)))


@special(all)
def _all(low: Lowering, iterable: Any) -> Any:
    if isinstance(iterable, (Generated, Rolling, RunList)):
        return negated(low, _found(low, iterable, lambda item: negated(low, truth(low, item))))
    return _every(low, iterable, lambda item: item)


def _found(low: Lowering, iterable: Any, test: Callable[[Any], Any]) -> Any:
    """Whether a test holds for some item."""

    def step(found: Any, item: Any) -> Any:
        decided = test(item)
        if found is True or decided is False:
            return found
        return decided if found is False else found if decided is False else op_or(low, found, decided)

    if isinstance(iterable, Generated):
        return folded(low, iterable, step, False, "found")
    holder: list[Any] = low.new_object([False])
    frame = low.frames[-1].comprehension(frozenset())
    frame.names[".holder"] = holder

    def action(item: Any) -> None:
        holder[0] = step(holder[0], item)

    with Within(low, frame):
        for_each(low, iterable, action, "any or all")
    return holder[0]


def op_or(low: Lowering, a: Any, b: Any) -> Any:
    """`a or b`, of bools."""
    return True if b is True else low.builder.apply(PRIMITIVES["or_"], (a, b), {})


def _every(low: Lowering, iterable: Any, turn: Callable[[Any], Any]) -> Any:
    from .operators import conjunction

    conditions = []
    for item in iterate(low, iterable, "any or all"):
        condition = turn(truth(low, item))
        if condition is False:
            return False
        conditions.append(condition)
    return conjunction(low, conditions)


@special(functools.reduce)
def _reduce(low: Lowering, function: Any, iterable: Any, initial: Any = _MISSING) -> Any:
    items = iterate(low, iterable, "reduce")
    total = initial
    for item in items:
        total = item if total is _MISSING else call(low, function, [total, item], {})
    if total is _MISSING:
        raise Raised(TypeError("reduce() of empty iterable with no initial value"))
    return total


@special(itertools.accumulate)
def _accumulate(low: Lowering, iterable: Any, func: Any = operator.add, *, initial: Any = None) -> Any:
    totals = [] if initial is None else [initial]
    for item in iterate(low, iterable, "accumulate"):
        totals.append(call(low, func, [totals[-1], item], {}) if totals else item)
    return iter(totals)


# Iterables.


@special(range)
def _range(low: Lowering, *limits: Any) -> Any:
    known = [low.live(limit) for limit in limits]
    if any(isinstance(limit, Value) for limit in known):
        return rolling_range(low, *known)
    return low.native(range, *map(plain, known))


@special(zip)
def _zip(low: Lowering, *iterables: Any, strict: bool = False) -> Any:
    if (together := zipped(low, iterables)) is not None:
        return together
    return low.new_object(low.native(zip, *(iterate(low, each, "zip") for each in iterables), strict=strict))


@special(enumerate)
def _enumerate(low: Lowering, iterable: Any, start: Any = 0) -> Any:
    if (numbered := zipped(low, [Rolling(0, None, 1), iterable])) is not None:
        return shifted(low, numbered, start)
    return low.new_object(enumerate(iterate(low, iterable, "enumerate"), low.static(start, "enumerate")))


@special(reversed)
def _reversed(low: Lowering, sequence: Any) -> Any:
    rolling = rolling_of(low, sequence)
    if rolling is not None and rolling.known is None:
        return replace(rolling, reverse=not rolling.reverse)
    if isinstance(sequence, Value):
        return reversed(list(iterate(low, sequence, "reversed")))
    return low.new_object(low.native(reversed, low.outside.inside(sequence)))


@special(map)
def _map(low: Lowering, function: Any, *iterables: Any) -> Any:
    if (together := zipped(low, iterables)) is not None:
        return replace(together, item=lambda k: call(low, function, list(together.at(k)), {}))
    columns = [iterate(low, each, "map") for each in iterables]
    return low.new_object(call(low, function, list(items), {}) for items in zip(*columns, strict=False))


@special(filter)
def _filter(low: Lowering, function: Any, iterable: Any) -> Iterator[Any]:
    def kept(item: Any) -> bool:
        decision = truth(low, item if function is None else call(low, function, [item], {}))
        if isinstance(decision, Value):
            raise UnsupportedError("what filter() keeps is known only at run time", "Use np.where.")
        return bool(decision)

    return low.new_object(item for item in iterate(low, iterable, "filter") if kept(item))


@special(iter)
def _iter(low: Lowering, thing: Any) -> Any:
    return iterate(low, thing, "iter")


@special(next)
def _next(low: Lowering, iterator: Any, default: Any = _MISSING) -> Any:
    try:
        method = python_method(iterator, "__next__")
        if method is not None:
            return call(low, method, [iterator], {})
        low.may_change(iterator, "going on with an iterator")
        return low.native(next, iterator)
    except Raised as raised:
        if default is not _MISSING and isinstance(raised.error, StopIteration):
            return default
        raise


@special(sorted)
def _sorted(low: Lowering, iterable: Any, /, *, key: Any = None, reverse: Any = False) -> list[Any]:
    rolling = rolling_of(low, iterable)
    if isinstance(iterable, Generated) or (rolling is not None and rolling.known is None):
        return _sorted_at_run_time(low, iterable, key, reverse)
    items = list(iterate(low, iterable, "sorted"))
    keys = items if key is None else [call(low, key, [item], {}) for item in items]
    if contains_value(keys):
        raise UnsupportedError("the order of run-time values is not known while lowering", "Use np.sort.")
    order = low.native(sorted, range(len(items)), key=[plain(k) for k in keys].__getitem__, reverse=reverse)
    made: list[Any] = low.new_object([items[k] for k in order])
    return made


def _sorted_at_run_time(low: Lowering, iterable: Any, key: Any, reverse: Any) -> list[Any]:
    xs = low.live(iterable if isinstance(low.live(iterable), Value) else collected(low, iterable))
    if isinstance(xs, list):
        found: list[Any] = _sorted(low, xs, key=key, reverse=reverse)
        return found
    array = as_stack(low, xs) if isinstance(xs, RunList) else xs
    if key is not None or len(getattr(array.type, "dims", ())) != 1:
        raise UnsupportedError("the order of these values is known only at run time", "Use np.sort.")
    ordered = adapt(low, FUNCTIONS[np.sort], "np.sort", [array], {})
    rows = rolling_of(low, ordered)
    assert rows is not None
    return collected(low, replace(rows, reverse=bool(low.static(reverse, "reverse"))))


def _constructor(kind: Any) -> None:
    @special(kind)
    def handler(low: Lowering, iterable: Any = (), /) -> Any:
        if kind is list:
            return collected(low, iterable)
        items = list(iterate(low, iterable, kind.__name__))
        if kind in (set, frozenset) and contains_value(items):
            raise UnsupportedError("a set of run-time values", "Use a list or a tuple.")
        return low.new_object(low.native(kind, items))


for _kind in (list, tuple, set, frozenset):
    _constructor(_kind)
