"""The parts of structured arguments on the short way: each gets a name as it is tested.

type(p) is dict and tuple(p) == ("w", "b") and type(_part0 := p["w"]) is ndarray and ...
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..tree import Node, Static, Tree, children_of

__all__ = ["LeafTests", "Parts", "dtype_test"]

LeafTests = Callable[[str, Tree, Any], "list[str] | None"]


@dataclass
class Parts:
    """Tests of structures, in the order in which they must be made.

    names   what the leaf at each position of the function's params is called
    scope   what the tests find under the names that they use
    """

    scope: dict[str, Any]
    names: dict[int, str] = field(default_factory=dict)
    count: int = 0

    def tests(self, name: str, tree: Tree, value: Any, leaf: LeafTests) -> list[str] | None:
        """That what has this name is such a structure, and each leaf what `leaf(name, tree, value)` tests.

        None where a part cannot be tested cheaply. The first test of a leaf must begin with its name.
        """
        if not isinstance(tree, Node):
            if not isinstance(tree, Static):
                self.names[tree.position] = name
            return leaf(name, tree, value)
        if tree.is_record:
            return None  # an attribute may be anything
        kind = self.known(tree.kind)
        tests = [f"_type({name}) is {kind}"]
        if tree.kind is dict:
            tests.append(f"_tuple({name}) == {self.known(tree.keys)}")
            items = [f"{name}[{self.known(key)}]" for key in tree.keys]
        else:
            tests.append(f"_len({name}) == {len(tree.keys)}")
            items = [f"{name}[{k}]" for k in range(len(tree.keys))]
        values = children_of(value)[1] if value is not None else [None] * len(items)
        for item, child, part in zip(items, tree.children, values, strict=True):
            inner_name = self.fresh("_part")
            inner = self.tests(inner_name, child, part, leaf)
            if inner is None:
                return None
            if inner:
                tests.append(inner[0].replace(inner_name, f"({inner_name} := {item})", 1))
                tests += inner[1:]
        return tests

    def fresh(self, stem: str) -> str:
        self.count += 1
        return f"{stem}{self.count}"

    def known(self, value: Any) -> str:
        """A name for a value."""
        name = self.fresh("_known")
        self.scope[name] = value
        return name


def dtype_test(name: str, dtype: str) -> str:
    """That an array has this dtype: what Numba's cached code returns has an object of its own for it."""
    return f"({name}.dtype is {dtype} or {name}.dtype == {dtype})"
