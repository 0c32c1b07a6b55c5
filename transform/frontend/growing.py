"""Lists whose length only run time knows: what a loop appends to, takes from, or indexes by its index."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from types import BuiltinFunctionType, FunctionType, ModuleType, NoneType
from typing import Any

import numpy as np

from ..errors import LengthNeeded, UnsupportedError
from ..ir import Lit, Var
from ..rules.build import Value, op
from ..rules.lists import new_list
from ..tree import Node, Static, children_of, rebuild
from ..types import Array, List, Scalar, Type
from .forms import Growing, converted, elements_of, form_of, join_forms, numbers_in, with_numbers
from .lowering import Lowering
from .recorder import plain
from .scope import NOTHING, NotYet, Raised, RunList, Unbound

__all__ = [
    "EMPTY",
    "ListMethod",
    "RunList",
    "appended",
    "as_stack",
    "call_method",
    "concatenated",
    "element_of",
    "get_item",
    "in_form",
    "length",
    "listed",
    "looked_up",
    "set_item",
    "total",
    "unstacked",
]

EMPTY: Any = NOTHING
"""The lists behind a list of which no item is known yet: it has none."""


_CONSTANT = (
    *(NoneType, bool, int, float, complex, str, bytes, slice, type, Enum),
    *(FunctionType, BuiltinFunctionType, ModuleType, np.ufunc, np.dtype, np.generic),
)


@dataclass(frozen=True, slots=True, eq=False)
class ListMethod:
    """A method of such a list, not yet called."""

    token: list[Any]
    name: str


# What is in a list.


def element_of(low: Lowering, items: RunList | Sequence[Any]) -> Any:
    """The form of the items of a list; Unbound where they differ, EMPTY where there are none."""
    if isinstance(items, RunList):
        return EMPTY if items.tree is EMPTY else elements_of(form_of(low, items.tree))
    element: Any = EMPTY
    if isinstance(items, Unbound):
        raise UnsupportedError(items.reason, "All items of a list that grows have one type.")
    for item in items:
        element = join_forms(low, element, item_form(low, item), "an item of the list")
    return element


def item_form(low: Lowering, item: Any) -> Any:
    """The form of an item: that of a list in a list is a type List."""
    item = low.live(item)
    return form_of(low, item.tree) if isinstance(item, RunList) else form_of(low, item)


def listed(low: Lowering, items: Sequence[Any], element: Any, called: str = "xs") -> Any:
    """Lists of items of a form, written down."""
    if element is EMPTY:
        return EMPTY

    def empty(type_: Type) -> Value:
        return low.builder.name(new_list(low.builder, type_), called)

    tree = with_numbers(low, element, empty)
    for item in items:
        tree = appended(low, tree, element, item)
    return tree


def in_form(low: Lowering, form: Any, value: Any, called: str) -> Any:
    """A value in a form that it can be given: its lists written down where only run time knows the length."""
    value = low.live(value)
    if isinstance(form, Growing):
        if isinstance(value, list):
            return RunList(value, listed(low, value, form.element, called))
        if isinstance(value, RunList) and value.tree is EMPTY:
            return RunList(value.token, listed(low, [], form.element, called))
    if isinstance(form, Node) and value is not NOTHING:
        keys, children = children_of(value)
        pairs = zip(form.children, children, strict=True)
        parts = tuple(Static(in_form(low, child, part, called)) for child, part in pairs)
        return rebuild(Node(form.kind, keys, parts), lambda leaf: leaf)
    return value


def appended(low: Lowering, tree: Any, element: Any, item: Any) -> Any:
    """The lists with one item more."""
    item = low.live(item)
    numbers = numbers_in(element, item.tree if isinstance(item, RunList) else item)
    lists = numbers_in(element, tree)

    def grown(type_: Type) -> Value:
        xs = next(lists)
        return _again(xs, op.append(xs, _as_item(low, next(numbers), type_)))

    return with_numbers(low, element, grown)


def _as_item(low: Lowering, number: Any, type_: Type) -> Any:
    number = low.live(number)
    if isinstance(number, Value) and isinstance(number.type, Array):
        low.memory.hold(number)
    if isinstance(number, Value) and number.type.dtype == type_.dtype:
        return number  # Python's float beside NumPy's: each as the user has it
    return converted(low, number, type_)


def _again(xs: Value, changed: Value) -> Value:
    """The changed list under the name of the list."""
    atom = xs.atom
    return changed.builder.name(changed, atom.name, atom.temporary) if isinstance(atom, Var) else changed


def _fitting(low: Lowering, xs: RunList, item: Any) -> Any:
    """The form of the items of a list to which an item is added."""
    form, known = item_form(low, item), element_of(low, xs)
    element = join_forms(low, known, form, "an item of the list")
    if isinstance(element, Unbound):
        raise UnsupportedError(element.reason, "All items of a list that grows have one type.")
    if not _is_constant(form):
        raise UnsupportedError(
            "an object or a function is put in a list whose length is known only at run time",
            "Put the numbers that it holds there, as tuples, or let the list have a known length.",
        )
    if known is not EMPTY and not _same_types(known, element):
        raise UnsupportedError(
            f"an item of the list has type {form}, those before have type {known}",
            "All items of a list that grows have one type: begin with 0.0 rather than 0.",
        )
    return element


def _is_constant(form: Any) -> bool:
    """Whether what is no number in values of a form is the same in each iteration, unlike a closure."""
    if isinstance(form, Node):
        return all(map(_is_constant, form.children))
    return not isinstance(form, Static) or isinstance(form.value, _CONSTANT)


def _same_types(a: Any, b: Any) -> bool:
    if isinstance(a, Node) and isinstance(b, Node):
        return all(map(_same_types, a.children, b.children))
    if isinstance(a, Scalar) and isinstance(b, Scalar):
        return a.dtype == b.dtype
    return True


def freeze(low: Lowering, item: Any) -> None:
    """Note that what is now also an item of a list must not change: the item would change with it."""
    item = low.live(item)
    if isinstance(item, RunList):
        low.frozen[id(item.token)] = item.token
    elif isinstance(item, (list, dict)):
        low.frozen[id(item)] = item
    if isinstance(item, (tuple, list)):
        for each in item:
            freeze(low, each)


def check_frozen(low: Lowering, token: Any) -> None:
    """Refuse a change of what is also an item of a list whose length only run time knows."""
    if id(token) in low.frozen:
        raise UnsupportedError(
            "a list or dict is changed that other names, or lists of unknown length, may hold as well",
            "Change it before it is put there, or put a changed copy in its place: xs[k] = changed.",
        )


# What is done with a list.


def _store(low: Lowering, xs: RunList, tree: Any) -> None:
    check_frozen(low, xs.token)
    low.growing[id(xs.token)] = RunList(xs.token, tree)


def _map(low: Lowering, xs: RunList, function: Callable[[Value], Any]) -> Any:
    element = element_of(low, xs)
    lists = numbers_in(element, xs.tree)
    return with_numbers(low, element, lambda type_: function(next(lists)))


def first_of(low: Lowering, xs: RunList) -> Value:
    """One of the lists behind a list: all have its length."""
    for each in numbers_in(element_of(low, xs), xs.tree):
        found: Value = each
        return found
    raise LengthNeeded("a list without numbers whose length is known only at run time")


def length(low: Lowering, xs: RunList) -> Any:
    """`len(xs)`."""
    return 0 if xs.tree is EMPTY else op.list_len(first_of(low, xs))


def get_item(low: Lowering, xs: RunList, index: Any) -> Any:
    """`xs[index]`."""
    index = low.live(index)
    if isinstance(index, slice):
        return _slice(low, xs, index)
    if xs.tree is EMPTY:
        raise NotYet
    return _thawed(low, _map(low, xs, lambda each: op.list_get(each, plain_index(index))))


def plain_index(index: Any) -> Any:
    """An index into a list; raises TypeError as Python does."""
    if isinstance(index, Value):
        if not isinstance(index.type, Scalar) or index.type.dtype.kind not in "iub":
            raise Raised(TypeError("list indices must be integers or slices"))
        return index
    if not isinstance(plain(index), int):
        raise Raised(TypeError(f"list indices must be integers or slices, not {type(plain(index)).__name__}"))
    return plain(index)


def _thawed(low: Lowering, item: Any) -> Any:
    """An item as the interpreter holds it: a list in it is a list of its own, which must not be changed."""
    if isinstance(item, Value) and isinstance(item.type, List):
        token: list[Any] = low.new_object([])
        low.growing[id(token)] = RunList(token, item)
        item = token
    elif type(item) is tuple:
        item = tuple(_thawed(low, each) for each in item)
    freeze(low, item)
    return item


def set_item(low: Lowering, xs: RunList, index: Any, value: Any) -> None:
    """`xs[index] = value`."""
    if isinstance(index, slice):
        raise UnsupportedError(
            "several items at once of a list whose length is known only at run time are replaced",
            "Make a new list, or assign the items one by one.",
        )
    index = plain_index(low.live(index))
    if xs.tree is EMPTY:
        raise NotYet
    element = _fitting(low, xs, value)
    value = low.live(value)
    numbers = numbers_in(element, value.tree if isinstance(value, RunList) else value)
    freeze(low, value)

    def changed(each: Value) -> Value:
        assert isinstance(each.type, List)
        return _again(each, op.list_set(each, _as_item(low, next(numbers), each.type.element), index))

    _store(low, xs, _map(low, xs, changed))


def call_method(low: Lowering, token: list[Any], name: str, args: Sequence[Any]) -> Any:
    """A method of a list."""
    if name != "copy" and any(id(token) in lists for lists in low.run_over):
        raise UnsupportedError(
            "a list grows or shrinks while a loop runs over it, as only run time knows",
            "Loop over a copy: for x in list(xs).",
        )
    xs = low.growing[id(token)]
    match name, args:
        case "append", (item,):
            _append(low, token, item)
            return None
        case "extend", (items,):
            from .comprehensions import for_each

            if getattr(items, "token", items) is token:
                items = copied(low, xs)
            for_each(low, items, lambda item: call_method(low, token, "append", [item]), "extend")
            return None
        case "pop", () | (-1,):
            return _pop(low, xs)
        case "clear", ():
            _store(low, xs, EMPTY if xs.tree is EMPTY else listed(low, [], element_of(low, xs)))
            return None
        case "copy", ():
            return copied(low, xs)
    raise LengthNeeded(
        f"the method {name} of a list whose length is known only at run time is not supported",
        "Use append, extend, pop() and indices.",
    )


def _append(low: Lowering, token: list[Any], item: Any) -> None:
    xs = low.growing[id(token)]
    element = _fitting(low, xs, item)
    tree = listed(low, [], element) if xs.tree is EMPTY else xs.tree
    freeze(low, item)
    _store(low, xs, appended(low, tree, element, item))


def _pop(low: Lowering, xs: RunList) -> Any:
    if xs.tree is EMPTY:
        raise NotYet
    taken: list[Value] = []

    def shorter(each: Value) -> Value:
        # One right after the other: together they are xs.pop().
        taken.append(op.last(each))
        return _again(each, op.drop(each))

    tree = _map(low, xs, shorter)
    numbers = iter(taken)
    _store(low, xs, tree)
    return _thawed(low, with_numbers(low, element_of(low, xs), lambda type_: next(numbers)))


def copied(low: Lowering, xs: RunList) -> list[Any]:
    """A new list with the same items."""
    token: list[Any] = low.new_object([])
    tree = EMPTY if xs.tree is EMPTY else _map(low, xs, op.copy_list)
    low.growing[id(token)] = RunList(token, tree)
    return token


def _slice(low: Lowering, xs: RunList, part: slice) -> list[Any]:
    from .comprehensions import for_each
    from .iteration import Rolling

    if all(each is None for each in (part.start, part.stop, part.step)):
        return copied(low, xs)
    if part.step is not None and plain(low.live(part.step)) != 1:
        raise LengthNeeded(
            "a slice with a step of a list whose length is known only at run time", "Loop over its indices."
        )
    count = length(low, xs)
    start, stop = (
        default if each is None else _bound(low, low.live(each), count)
        for each, default in ((part.start, 0), (part.stop, count))
    )
    made: list[Any] = low.new_object([])
    token = xs.token
    items = Rolling(start, stop, 1, lambda k: get_item(low, low.growing[id(token)], k))
    as_list(low, made, [])
    for_each(low, items, lambda item: call_method(low, made, "append", [item]), "slice")
    return made


def _bound(low: Lowering, bound: Any, count: Any) -> Any:
    """A bound of a slice as a position."""
    if isinstance(bound, Value):
        raise LengthNeeded(
            "a slice with run-time bounds of a list whose length is known only at run time",
            "Loop over its indices.",
        )
    bound = plain(bound)
    if bound < 0:
        return low.call(max, [op.sub(count, -bound) if isinstance(count, Value) else count + bound, 0])
    return low.call(min, [bound, count])


def is_growing(low: Lowering, thing: Any) -> bool:
    """Whether this is a list whose length only run time knows."""
    return isinstance(thing, RunList) or (type(thing) is list and id(thing) in low.growing)


def as_list(low: Lowering, token: list[Any], items: Sequence[Any]) -> RunList:
    """Let a list be one whose length only run time knows."""
    element = element_of(low, items)
    if isinstance(element, Unbound):
        raise UnsupportedError(
            f"which item of the list is meant is known only at run time, and {element.reason}",
            "Keep items of one type in it.",
        )
    for item in items:
        freeze(low, item)
    low.growing[id(token)] = made = RunList(token, listed(low, items, element))
    token.clear()
    return made


def looked_up(low: Lowering, items: Sequence[Any], index: Any) -> Any:
    """An item of a list or tuple of known length, at an index that only run time knows."""
    element = element_of(low, items)
    if isinstance(element, Unbound) or element is EMPTY:
        low.static(index, "an index into a list, a tuple or a dict")
    token: list[Any] = []
    low.keep.append(token)
    atoms = [low.builder.atom(low.live(each)) for item in items for each in numbers_in(element, item)]
    outer = low.builder.body
    for body, known in low.around:
        if all(isinstance(atom, Lit) or low.builder.first(atom) in known for atom in atoms):
            low.builder.body = body
            break
    try:
        xs = RunList(token, listed(low, items, element))
    finally:
        low.builder.body = outer
    return get_item(low, xs, index)


def concatenated(low: Lowering, a: Any, b: Any) -> list[Any]:
    """`a + b`."""
    from .comprehensions import for_each

    if isinstance(a, RunList):
        made = copied(low, a)
    elif isinstance(a, list):
        made = low.new_object([])
        as_list(low, made, list(a))
    else:
        raise Raised(TypeError(f"can only concatenate list (not '{type(plain(b)).__name__}') to list"))
    for_each(low, b, lambda item: call_method(low, made, "append", [item]), "+")
    return made


# Lists of numbers as a whole.


def _single(low: Lowering, xs: RunList, what: str) -> Value:
    if xs.tree is EMPTY or not isinstance(xs.tree, Value):
        raise LengthNeeded(f"{what} of a list of tuples whose length is known only at run time")
    return xs.tree


def as_stack(low: Lowering, xs: RunList) -> Value:
    """The items as one array."""
    lists = _single(low, xs, "an array")
    if not isinstance(lists.type, List) or not isinstance(lists.type.element, List):
        return op.stack_list(lists)
    from .comprehensions import for_each

    rows: list[Any] = low.new_object([])
    as_list(low, rows, [])
    for_each(low, xs, lambda row: call_method(low, rows, "append", [as_stack(low, low.live(row))]), "rows")
    return as_stack(low, low.growing[id(rows)])


def unstacked(low: Lowering, array: Value, python: bool = False) -> list[Any]:
    """The items of an array as a list; as Python's own numbers, where these are meant."""
    type_ = array.type
    assert isinstance(type_, Array)
    if python and len(type_.dims) != 1:
        raise LengthNeeded(
            "the lists in x.tolist() of an array whose length is known only at run time",
            "Use list(x), which has the rows, or the array itself.",
        )
    element: Type = Scalar(type_.dtype, python)
    if len(type_.dims) > 1:
        element = Array(type_.dtype, type_.dims[1:])
        low.memory.hold(array)
    token: list[Any] = low.new_object([])
    low.growing[id(token)] = RunList(token, op.unstack(array, element=element))
    return token


def total(low: Lowering, xs: RunList) -> Value:
    """`sum(xs)`."""
    return op.sum_list(_single(low, xs, "the sum"))
