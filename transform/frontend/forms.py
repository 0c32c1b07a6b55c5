"""The form of a value: its structure, with a type at each number. What a loop carries keeps its form."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import UnsupportedError
from ..rules.build import Value, numeric
from ..rules.registry import PRIMITIVES
from ..tree import Node, Static, Tree, children_of, rebuild
from ..types import Array, Dims, List, Scalar, Type, promote, type_of_number, unknown_dim
from .lowering import Lowering
from .recorder import is_weak, plain
from .scope import NOTHING, Either, RunList, Unbound

__all__ = [
    "Growing",
    "converted",
    "form_of",
    "grows",
    "has_list",
    "is_number",
    "join_forms",
    "joined_type",
    "lists_of",
    "numbers_in",
    "numbers_of",
    "type_of",
    "with_numbers",
]

Form = Tree
"""A tree with a Type at each number, and Static at all else."""


@dataclass(frozen=True)
class Growing:
    """The form of a list whose length only run time knows: that of its items."""

    element: Form


def form_of(low: Lowering, value: Any) -> Form:
    """The form of a value."""
    if type(value) is Either:
        return Static(value)
    value = low.live(value)
    if value is NOTHING or isinstance(value, Unbound):
        return value
    if is_number(value):
        return general(type_of(value))
    if isinstance(value, RunList):
        return Growing(elements_of(form_of(low, value.tree)))
    if type(value) in (tuple, list, dict) or (isinstance(value, tuple) and hasattr(value, "_fields")):
        if not low.outside.is_foreign(value):
            keys, children = children_of(value)
            return Node(type(value), keys, tuple(form_of(low, child) for child in children))
    return Static(value)


def elements_of(form: Form) -> Form:
    """The form of the items of a list, by that of the lists that stand for it."""
    if isinstance(form, Node):
        return Node(form.kind, form.keys, tuple(map(elements_of, form.children)))
    return form.element if isinstance(form, List) else form


def lists_of(element: Form) -> Form:
    """The form of the lists that stand for a list with items of a form."""
    if isinstance(element, Node):
        return Node(element.kind, element.keys, tuple(map(lists_of, element.children)))
    if isinstance(element, Growing):
        raise UnsupportedError("a list of lists of different lengths in tuples", "Use a list of lists.")
    return element if isinstance(element, Static) else List(element)


def grows(form: Any) -> bool:
    """Whether a list whose length only run time knows is in values of a form."""
    if isinstance(form, Node):
        return any(map(grows, form.children))
    return isinstance(form, Growing)


def has_list(form: Any) -> bool:
    """Whether something that can be changed is in values of a form."""
    if isinstance(form, Node):
        return form.kind in (list, dict) or any(map(has_list, form.children))
    return isinstance(form, Growing)


def general(type_: Type) -> Type:
    """The type of a number without what is known of its value."""
    return Scalar(type_.dtype, type_.weak) if isinstance(type_, Scalar) else type_


def join_forms(low: Lowering, a: Form, b: Form, called: str) -> Form:
    """A form that values of both forms have or can be given; Unbound where there is none."""
    if a is NOTHING or a == b or isinstance(b, Unbound):
        return b
    if b is NOTHING or isinstance(a, Unbound):
        return a
    if isinstance(a, Node) and isinstance(b, Node) and (a.kind, a.keys) == (b.kind, b.keys):
        pairs = zip(a.children, b.children, strict=True)
        children = tuple(join_forms(low, x, y, called) for x, y in pairs)
        return next((each for each in children if isinstance(each, Unbound)), Node(a.kind, a.keys, children))
    one, other = (_element(low, each, called) for each in (a, b))
    if one is not None and other is not None:
        element = join_forms(low, one, other, called)
        return element if isinstance(element, Unbound) else Growing(element)
    if isinstance(a, (Scalar, Array, List)) and isinstance(b, (Scalar, Array, List)):
        joined = joined_type(low.builder.dims, a, b)
        return joined or Unbound(f"{called} has type {a} before and {b} after")
    if isinstance(a, Static) and isinstance(b, Static) and type(a.value) is type(b.value):
        if isinstance(a.value, (str, bytes)) and a.value == b.value:
            return a
        if a.value is b.value:
            return a
    return Unbound(f"{called} is something different in each iteration")


def _element(low: Lowering, form: Form, called: str) -> Form | None:
    """The form of the items of a list, where all can have one."""
    if isinstance(form, Growing):
        return form.element
    if not isinstance(form, Node) or form.kind is not list:
        return None
    element: Form = NOTHING
    for child in form.children:
        element = join_forms(low, element, child, called)
    return element


def numbers_of(form: Form) -> Iterator[Type]:
    """The types of the numbers in values of a form, in order."""
    if isinstance(form, Growing):
        yield from numbers_of(lists_of(form.element))
    elif isinstance(form, Node):
        for child in form.children:
            yield from numbers_of(child)
    elif isinstance(form, (Scalar, Array, List)):
        yield form


def numbers_in(form: Form, value: Any) -> Iterator[Any]:
    """The numbers of a value, in order; NOTHING for each where there is no value."""
    if isinstance(form, Growing):
        yield from numbers_in(lists_of(form.element), NOTHING if value is NOTHING else value.tree)
    elif isinstance(form, Node):
        children = [NOTHING] * len(form.keys) if value is NOTHING else children_of(value)[1]
        for child, inner in zip(form.children, children, strict=True):
            yield from numbers_in(child, inner)
    elif not isinstance(form, Static):
        yield value


def with_numbers(low: Lowering, form: Form, number: Callable[[Type], Any]) -> Any:
    """A new value of a form."""
    if isinstance(form, Growing):
        token: list[Any] = low.new_object([])
        low.growing[id(token)] = RunList(token, with_numbers(low, lists_of(form.element), number))
        return token
    if not isinstance(form, Node):
        return rebuild(form, number)
    children = tuple(Static(with_numbers(low, child, number)) for child in form.children)
    return low.new_object(rebuild(Node(form.kind, form.keys, children), number))


# Types.


def is_number(thing: Any) -> bool:
    """Whether a value has a type of its own: a number, an array or a list of them."""
    return (
        isinstance(thing, Value)
        or (numeric(thing) and not isinstance(thing, np.generic))
        or (isinstance(thing, np.generic) and thing.dtype.kind in "biufc")
    )


def type_of(thing: Any) -> Type:
    """The type of a number, known or not."""
    return thing.type if isinstance(thing, Value) else type_of_number(plain(thing))


def joined_type(dims: Dims, a: Type, b: Type) -> Type | None:
    """A type that both have or can be converted to; None where there is none."""
    if isinstance(a, Array) and isinstance(b, Array):
        if a.dtype != b.dtype or len(a.dims) != len(b.dims):
            return None
        sizes = zip(a.dims, b.dims, strict=True)
        return Array(a.dtype, tuple(m if dims.same(m, n) else unknown_dim() for m, n in sizes))
    if isinstance(a, List) and isinstance(b, List):
        element = joined_type(dims, a.element, b.element)
        same = element is not None and element.dtype == a.dtype == b.dtype
        return List(element) if same else None  # type: ignore[arg-type]
    if not isinstance(a, Scalar) or not isinstance(b, Scalar):
        return None
    if "b" in (a.dtype.kind, b.dtype.kind) and a.dtype.kind != b.dtype.kind:
        return None
    if a.weak != b.weak:
        # NumPy's float64 stands for Python's float; other mixtures change the precision of what follows.
        dtype = a.dtype if b.weak else b.dtype
        return Scalar(dtype) if promote((a, b))[0] == dtype else None
    dtype, weak = promote((a, b))
    return Scalar(dtype, weak)


def converted(low: Lowering, value: Any, type_: Type) -> Any:
    """A number in the type that both branches agree on."""
    if not isinstance(type_, Scalar):
        return value
    given = type_of(value)
    if not isinstance(value, Value):
        python = {"f": float, "c": complex, "i": int, "b": bool, "u": int}[type_.dtype.kind]
        if type_.weak or (not isinstance(value, np.generic) and type_.dtype == np.dtype(python)):
            # As the user has written it: 0.0, even where another path has a number of NumPy's.
            return value if type(plain(value)) is python else python(plain(value))
        return type_.dtype.type(plain(value))
    same_kind = given.dtype == type_.dtype and (is_weak(value) == type_.weak or given.dtype.kind == "b")
    if given == type_ or same_kind:
        return value
    if type_.weak:
        name = {"f": "to_float", "c": "to_complex", "i": "to_int", "b": "to_bool"}[type_.dtype.kind]
        return low.builder.apply(PRIMITIVES[name], (value,), {})
    return low.builder.apply(PRIMITIVES["astype"], (value,), {"dtype": type_.dtype})
