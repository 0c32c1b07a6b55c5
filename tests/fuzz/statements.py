"""Random statements for the hole of a draft: each is written, run, and kept if it works."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .changes import ALIASES, FIRST_ARRAYS, MATRIX_CHANGES, VECTOR_CHANGES, WHOLE
from .containers import CLOSURES, DICTS, FIRST_LISTS, LIST_CHANGES
from .drafts import Draft
from .expressions import Choose, Expressions, kind, tidied
from .helpers import Helper
from .passive import PASSIVE
from .phrases import ASSIGNMENTS, FIRST_INTS, FIRST_NUMBERS

POOLS = {
    "number": ["a", "b", "c", "d", "e", "g", "h", "r", "s", "t", "x", "y", "z", "energy", "rate", "gain"],
    "int": ["n", "m", "size", "steps"],
    "index": ["i", "j", "k", "l"],
    "vector": ["v", "f", "U", "X", "Y", "Z", "old", "new"],
    "matrix": ["A", "B", "C", "M", "W"],
    "list": ["xs", "ys", "history", "values"],
    "dict": ["table", "params"],
    "object": ["body", "state", "other"],
    "function": ["update", "damped", "inner", "shift"],
    "row": ["line", "each", "part"],
}
SCRATCH = {"p", "q", "u", "w", "row", "col", "key", "value", "_"}
"""Names that phrases use by themselves."""

FRESH = {
    "N": "number", "O": "number", "P": "number", "I": "index", "J": "index", "R": "row", "Q": "row",
    "B": "object", "F": "function",
}  # fmt: skip
OPERATORS = ["=", "=", "=", "+=", "+=", "-=", "*="]


class Statements(Expressions):
    """Writes statements into the hole of a draft; each method says whether it has written one."""

    def __init__(self, draft: Draft, choose: Choose, helpers: Sequence[Helper] = ()) -> None:
        super().__init__(draft, choose, [call for each in helpers for call in each.calls])
        self.ways: list[Callable[[], bool]] = [
            *[self.assignment] * 4,
            *[self.store] * 4,
            *[self.first_number] * 2,
            *[self.change_vector] * 3,
            *[self.change_matrix] * 2,
            *[self.change_whole] * 3,
            *[self.alias] * 2,
            *[self.first_array] * 2,
            *[self.change_list] * 2,
            self.array_assignment, self.first_list, self.first_int,
            *[self.dict] * 2, *[self.closure] * 2,
            *[self.passive] * 2,
        ]  # fmt: skip
        if any(gives == "statement" for gives, _ in self.calls):
            self.ways += [self.call] * 3

    def simple(self) -> bool:
        return any(self.choose(self.ways)() for _ in range(8))

    # writing a template

    def put(self, template: str, pool: str = "number", **names: str | None) -> bool:
        """Write a template, with new names for its capital letters that are not given."""
        if None in names.values():
            return False
        made = self.completed(template, pool, names)
        return made is not None and self.keep(*made)

    def completed(
        self, template: str, pool: str, names: dict[str, Any], shape: Sequence[int] = ()
    ) -> tuple[str, list[str]] | None:
        """A template filled, and the names in it that are new."""
        text, fresh = template.replace("{{", "\0").replace("}}", "\1"), []
        for letter in dict.fromkeys(re.findall(r"\{([A-Zbg])\}", text)):
            name = names.get(letter) or self.target(letter)
            if name is None and letter in FRESH:
                name = self.fresh(pool if letter in "NOP" else FRESH[letter], fresh)
                fresh.append(name)
            if name is None:
                return None
            if letter in "AVM" and name.isidentifier() is False and f"{{{letter}}} = " in text:
                return None
            text = text.replace(f"{{{letter}}}", name)
            names[letter] = name
        target = names.get("A") or names.get("V") or names.get("M")
        shape = tuple(shape) or (self.shape(target) if target else ())
        filled = self.filled(text.replace("\0", "{{").replace("\1", "}}"), 1, shape)
        return None if filled is None else (filled, fresh)

    def target(self, letter: str) -> str | None:
        """A name of what a statement changes."""
        match letter:
            case "A":
                found = self.parts("vector", "matrix")
            case "V":
                found = self.parts("vector")
            case "M":
                found = self.parts("matrix")
            case "L":
                found = self.names("list")
            case "D":
                found = self.names("dict")
            case "b":
                found = [name for name in self.names("object") if hasattr(self.value(name), "energy")]
            case "g":
                found = [name for name in self.names("object") if hasattr(self.value(name), "advance")]
            case _:
                return None
        return self._any([name for name in found if name not in self.draft.reserved])

    def operand(self, letter: str, depth: int, shape: tuple[int, ...], last: list[str]) -> str | None:
        if letter == "x":
            return self.array(shape, depth) if shape else None
        if letter in "bg":
            return self.target(letter)
        return super().operand(letter, depth, shape, last)

    def fresh(self, pool: str, taken: Sequence[str] = ()) -> str:
        """A name that is not in use."""
        used = {*self.draft.names, *self.draft.reserved, *taken, *self.draft.points[0]}
        free = [name for name in POOLS[pool] if name not in used]
        if free:
            return free[0] if self.choose([0, 1]) else self.choose(free)
        return next(f"{POOLS[pool][0]}{k}" for k in range(2, 100) if f"{POOLS[pool][0]}{k}" not in used)

    def keep(self, text: str, fresh: Sequence[str]) -> bool:
        """Write a text if it works and leaves all names of the kind and shape that they had."""
        draft, mark = self.draft, self.draft.mark()
        before = {name: self.sort(name) for name in draft.names}
        draft.hidden = (draft.hidden | SCRATCH) - set(fresh)
        if draft.add(text):
            if all(_joins(sort, self.sort(name)) for name, sort in before.items() if name in draft.visits[0]):
                return True
        draft.back(mark)
        return False

    def sort(self, name: str) -> Any:
        value = self.draft.visits[0][name]
        return kind(value), np.shape(value) if isinstance(value, np.ndarray) else ()

    # statements

    def assignment(self) -> bool:
        name = self._any([each for each in self.parts("number", "int") if each not in self.draft.reserved])
        other = self._any([each for each in self.names("number") if each not in {name, *self.draft.reserved}])
        template = self.choose(ASSIGNMENTS)
        if "{O}" in template and other is None:
            return False
        return self.put(template, N=name, O=other or "")

    def first_number(self) -> bool:
        return self.put(self.choose(FIRST_NUMBERS))

    def first_int(self) -> bool:
        return self.put(self.choose(FIRST_INTS), "int")

    def first_array(self) -> bool:
        return self.put(self.choose(FIRST_ARRAYS), self.choose(["vector", "vector", "matrix"]))

    def first_list(self) -> bool:
        return self.put(self.choose(FIRST_LISTS), "list")

    def change_list(self) -> bool:
        return self.put(self.choose(LIST_CHANGES))

    def change_vector(self) -> bool:
        return self.put(self.choose(VECTOR_CHANGES))

    def change_matrix(self) -> bool:
        return self.put(self.choose(MATRIX_CHANGES))

    def change_whole(self) -> bool:
        return self.put(self.choose(WHOLE))

    def alias(self) -> bool:
        return self.put(self.choose(ALIASES), self.choose(["vector", "matrix"]))

    def dict(self) -> bool:
        template = self.choose(DICTS)
        return self.put(
            template, "dict" if template.startswith("{N} = {") or "dict(" in template else "number"
        )

    def closure(self) -> bool:
        return self.put(self.choose(CLOSURES))

    def passive(self) -> bool:
        return self.put(self.choose(PASSIVE))

    def call(self) -> bool:
        return self.put(
            self.choose([text for gives, text in self.calls if gives == "statement"]),
            self.choose(["number", "vector"]),
        )

    def array_assignment(self) -> bool:
        name = self._any([each for each in self.names("vector", "matrix") if each not in self.draft.reserved])
        return name is not None and self.put(
            self.choose(["{N} = {a}", "{N} = {a} + 0.2 * {N}"]), N=name, A=name
        )

    def store(self) -> bool:
        """A[index] = v, with an index of any kind and a v that fits it."""
        target = self.target("A")
        index = self.place(self.shape(target)) if target else None
        if index is None:
            return False
        shape = self.shape(f"{target}[{index}]")
        value = self.array(shape, 1) if shape and self.choose([0, 1]) else self.number(2)
        if value is None:
            return False
        operator = self.choose(OPERATORS)
        value = f"0.8 + 0.1 * ({value})" if operator == "*=" else value
        try:
            return self.keep(tidied(f"{target}[{index}] {operator} {value}"), ())
        except LookupError:
            return False


def _joins(before: tuple[Any, ...], after: tuple[Any, ...]) -> bool:
    """Whether a name may go on with another kind of value: an int becomes a float."""
    return before == after or (before[0], after[0]) == ("int", "number") or "list" in (before[0], after[0])
