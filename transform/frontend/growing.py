"""Lists whose length only run time knows: what a loop or a branch appends to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..rules.build import Value, op
from ..rules.lists import new_list
from ..tree import Node
from ..types import List, Type
from .forms import converted, form_of, join_forms, numbers_in, with_numbers
from .lowering import Lowering
from .scope import NOTHING

__all__ = ["EMPTY", "RunList", "appended", "element_of", "listed"]

EMPTY: Any = NOTHING
"""The lists behind a list of which no item is known yet: it has none."""


@dataclass(frozen=True, slots=True, eq=False)
class RunList:
    """What is in a list: in place of each number of an item a Value of type List, all of the same length.

    `token` is the Python list that stands for it while lowering: its identity is that of the list.
    """

    token: list[Any]
    tree: Any


def element_of(low: Lowering, items: RunList | Sequence[Any]) -> Any:
    """The form of the items of a list; Unbound where they differ, EMPTY where there are none."""
    if isinstance(items, RunList):
        return EMPTY if items.tree is EMPTY else _elements(form_of(low, items.tree))
    element: Any = EMPTY
    for item in items:
        element = join_forms(low, element, form_of(low, item), "an item of the list")
    return element


def _elements(form: Any) -> Any:
    if isinstance(form, Node):
        return Node(form.kind, form.keys, tuple(map(_elements, form.children)))
    return form.element if isinstance(form, List) else form


def listed(low: Lowering, items: Sequence[Any], element: Any) -> Any:
    """Lists of items of a form, written down."""
    if element is EMPTY:
        return EMPTY
    tree = with_numbers(low, element, lambda type_: new_list(low.builder, type_))
    for item in items:
        tree = appended(low, tree, element, item)
    return tree


def appended(low: Lowering, tree: Any, element: Any, item: Any) -> Any:
    """The lists with one item more."""
    numbers = numbers_in(element, item)
    lists = numbers_in(element, tree)

    def grown(type_: Type) -> Value:
        return op.append(next(lists), converted(low, low.live(next(numbers)), type_))

    return with_numbers(low, element, grown)
