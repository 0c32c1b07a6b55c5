"""Random expressions for the hole of a draft, of a given kind and shape, from the names that are there.

Templates: a letter in braces stands for an expression: e a number, a an array of the shape that is wanted, v
and m any vector and matrix, w a vector like the v or a matrix like the m before it, q a square matrix, c a
condition, j an int, l and t a list of numbers and a list of arrays. Lower-case letters are filled by
expressions, upper-case ones by bare names or elements of tuples, dicts and objects.
"""

from __future__ import annotations

import ast
import contextlib
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .drafts import Draft, _moderate, quiet, snapshot
from .phrases import ARRAYS, CONDITIONS, CONSTANTS, INTS, MATRICES, NUMBERS, PLACES, VECTORS

Choose = Callable[[Sequence[Any]], Any]

HOLE = re.compile(r"\{(\w)\}")
CALL = re.compile(r"(?<!np\.)(?<!math\.)\b(?!sum|len|max|min|abs|float|range)\w+\(")


def kind(value: Any) -> str:
    """What a value may stand for."""
    match value:
        case bool() | np.bool_():
            return "flag"
        case int() | np.integer():
            return "int"
        case float() | np.floating():
            return "number"
        case np.ndarray(dtype=dtype, ndim=rank) if dtype.kind == "f" and rank in (1, 2):
            return ("vector", "matrix")[rank - 1]
        case list():
            inner = {kind(each) for each in value}
            return "list" if inner <= {"number"} else "arrays" if inner <= {"vector", "matrix"} else "other"
        case tuple():
            return "tuple"
        case dict():
            return "dict"
        case _ if hasattr(value, "__dict__"):
            return "object"
    return "other"


def shaped(value: Any, shape: tuple[int, ...] | None) -> bool:
    return shape is None or (isinstance(value, np.ndarray) and value.shape == shape)


class Expressions:
    """Writes expressions into the hole of a draft."""

    def __init__(self, draft: Draft, choose: Choose, calls: Sequence[tuple[str, str]] = ()) -> None:
        self.draft, self.choose, self.calls = draft, choose, list(calls)

    # names

    def names(self, *kinds: str, shape: tuple[int, ...] | None = None) -> list[str]:
        """What is bound, of some kind and shape at every visit."""
        return [
            name
            for name in self.draft.names
            if name not in self.draft.unfilled
            and all(kind(visit[name]) in kinds and shaped(visit[name], shape) for visit in self.draft.visits)
        ]

    def parts(self, *kinds: str, shape: tuple[int, ...] | None = None) -> list[str]:
        """Names, and elements of tuples, dicts and objects."""
        found = self.names(*kinds, shape=shape)
        for name in self.names("tuple", "dict", "object"):
            found += [
                f"{name}{step}"
                for step, value in _steps(self.value(name))
                if kind(value) in kinds and shaped(value, shape)
            ]
        return found

    def value(self, text: str, visit: int = 0) -> Any:
        """What an expression gives at a visit; None if it fails or is immoderate."""
        try:
            with quiet():
                names = self.draft.visits[visit]
                # A call may change what it is given.
                made = eval(text, self.draft.scope | (snapshot(names) if CALL.search(text) else names))
        except Exception:
            return None
        return made if _moderate(made) else None

    def shape(self, text: str) -> tuple[int, ...]:
        return np.shape(self.value(text))

    # expressions

    def number(self, depth: int = 2) -> str | None:
        return self._sought(depth, self._small_number, NUMBERS, {"number", "int"}, ())

    def array(self, shape: tuple[int, ...], depth: int = 1) -> str | None:
        """An array of exactly this shape."""

        def leaf() -> str | None:
            return self._any(self.parts("vector", "matrix", shape=shape))

        templates = [ARRAYS, (VECTORS, MATRICES)[len(shape) - 1]]
        return self._sought(
            depth, leaf, self.choose(templates), {"vector", "matrix"}, shape, leaf_first=self.choose([0, 1])
        )

    def condition(self) -> str | None:
        """A condition that holds at some visit, or at none if there is but one."""
        return self.filled(self.choose(CONDITIONS))

    def integer(self) -> str | None:
        if self.choose([0, 1]) and (found := self._any(self.names("int"))):
            return found
        return self.filled(self.choose(INTS))

    def place(self, shape: tuple[int, ...]) -> str | None:
        """An index for an array of a shape: `i, 1:` for A[i, 1:]."""
        return self.filled(self.choose(PLACES[len(shape) - 1]))

    def _sought(self, depth, leaf, templates, kinds, shape, leaf_first=False) -> str | None:
        """A filled template that gives what is wanted, or else something small that does."""
        for _ in range(0 if depth == 0 or (leaf_first and self.choose([0, 1, 1])) else 5):
            template = self._called(kinds, shape) or self.choose(templates)
            text = self.filled(template, depth - 1, shape)
            value = self.value(text) if text else None
            if value is not None and kind(value) in kinds and np.shape(value) == shape:
                return text
        return leaf()

    def _called(self, kinds: set[str], shape: tuple[int, ...]) -> str | None:
        wanted = "number" if not shape else "array"
        calls = [template for gives, template in self.calls if gives == wanted]
        return self.choose(calls) if calls and self.choose(range(4)) == 0 else None

    def _small_number(self) -> str | None:
        way = self.choose(["name", "name", "name", "element", "element", "constant", "list"])
        found = None
        if way == "name":
            found = self._any(self.parts("number"))
        elif way == "element" and (array := self._any(self.parts("vector", "matrix"))):
            index = self.filled(self.choose(PLACES[2 + len(self.shape(array))]))
            found = f"{array}[{index}]" if index else None
        elif way == "list" and (values := self._any(self.names("list"))):
            found = f"{values}[{self.choose(['-1', '0', *self.names('int')])}]"
        if found is None or kind(self.value(found)) != "number":
            found = self._any(self.parts("number"))
        return found or self.choose(CONSTANTS)

    def filled(self, template: str, depth: int = 0, shape: tuple[int, ...] = ()) -> str | None:
        """A template with expressions in place of its letters, as Python prints it."""
        last: list[str] = []

        def letter(match: re.Match[str]) -> str:
            text = self.operand(match[1], depth, shape, last)
            if text is None:
                raise LookupError
            if match[1] in "vmVMAWQwq":
                last.append(text)
            return text if text.isidentifier() or match[1] == "c" else f"({text})"

        try:
            return tidied(HOLE.sub(letter, template).replace("{{", "{").replace("}}", "}"))
        except LookupError:
            return None

    def operand(self, letter: str, depth: int, shape: tuple[int, ...], last: list[str]) -> str | None:
        match letter:
            case "e":
                return self.number(depth)
            case "s":
                return self._any(self.parts("number"))
            case "a":
                return self.array(shape, depth) if shape else None
            case "v":
                return self._any(self.parts("vector"))
            case "m":
                return self._any(self.parts("matrix"))
            case "q":
                return self._any([x for x in self.parts("matrix") if len(set(self.shape(x))) == 1])
            case "w":
                return self._any(self.parts("vector", "matrix", shape=self.shape(last[-1])))
            case "V":
                return self._any(self.names("vector"))
            case "M":
                return self._any(self.names("matrix"))
            case "A":
                return self._any(self.names("vector", "matrix"))
            case "c":
                return self.filled(self.choose(CONDITIONS), 0)
            case "j":
                return self.integer()
            case "i":
                return self._any(self.names("int"))
            case "l":
                return self._any(self.parts("list"))
            case "t":
                return self._any(self.parts("arrays"))
            case "d":
                return self._any(self.names("dict"))
            case "p":
                return self._any(self.names("tuple"))
            case "k":
                return self.choose(CONSTANTS)
        raise ValueError(letter)

    def _any(self, options: Sequence[str]) -> str | None:
        return self.choose(options) if options else None


def tidied(text: str) -> str:
    """Without the parentheses that are not needed."""
    try:
        tree = ast.parse(text)
    except SyntaxError:
        raise LookupError(text) from None
    text, meaning = ast.unparse(tree), ast.dump(tree)
    # ast.unparse leaves those around the tuple that is assigned, and around a generator that is an argument.
    for pattern in (r"^( *[^=\n]+ [-+*/]?= )\((.*)\)$", r"(\w)\(\((.* for .*)\)\)"):
        for match in re.finditer(pattern, text, re.MULTILINE):
            inner = match[2] if pattern[0] == "^" else f"({match[2]})"
            plainer = text.replace(match[0], match[1] + inner)
            with contextlib.suppress(SyntaxError):
                if ast.dump(ast.parse(plainer)) == meaning:
                    text = plainer
    return text


def _steps(value: Any) -> list[tuple[str, Any]]:
    match value:
        case tuple():
            return [(f"[{k}]", each) for k, each in enumerate(value)]
        case dict():
            return [(f"[{key!r}]", each) for key, each in value.items()]
    return [(f".{name}", each) for name, each in vars(value).items()]
