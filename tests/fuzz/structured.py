"""Random programs with loops, branches, early exits and helpers of their own."""

from __future__ import annotations

import copy
import random
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from .drafts import Draft, Scope
from .helpers import HELPERS, Helper
from .loops import LOOPS, WHILES
from .phrases import HEAD
from .programs import Program
from .statements import POOLS, Statements

DEEPEST = 3
IN_PLACE = 0.1
"""How many of the programs return nothing, and have their arguments as their results."""

KINDS = ["number", "number", "vector", "vector", "vector", "matrix", "int", "int", "pair", "table", "list"]


class Writer(Statements):
    """Writes the body of a function."""

    def body(self, length: int, depth: int = 0) -> None:
        for _ in range(length):
            self.statement(depth)

    def statement(self, depth: int) -> bool:
        if depth < DEEPEST and self.choose(range(5 + depth)) < 2:
            if self.choose([self.loop, self.loop, self.branch, self.repeat])(depth):
                return True
        if self.choose(range(9)) == 0 and self.leave():
            return True
        return self.simple()

    # blocks

    def loop(self, depth: int) -> bool:
        template = self.choose(LOOPS)
        made = self.completed(template, "number", {})
        if made is None:
            return False
        heads, names = made
        return self.block(heads, "for", names, depth)

    def completed(self, template: str, pool: str, names: dict[str, Any], shape: Sequence[int] = ()) -> Any:
        # Heads are no statements: a body makes them one, for as long as they are being written.
        if not template.endswith(":"):
            return super().completed(template, pool, names, shape)
        indent = "    " * (template.count("\n") + 1)
        made = super().completed(f"{template}\n{indent}pass", pool, names, shape)
        return made and (made[0].rpartition("\n")[0], made[1])

    def block(
        self, heads: str, what: str, names: Sequence[str], depth: int, first: str = "", last: str = ""
    ) -> bool:
        """Blocks in each other, with a body in the innermost; nothing if it does not work."""
        draft, mark = self.draft, self.draft.mark()
        hide = self.choose(range(6)) > 0
        draft.hidden -= set(names)
        opened = 0
        lines = [line.strip() for line in heads.splitlines()]
        for line in lines:
            inner = line is lines[-1]
            if not draft.open(
                line, what, reserved=names, first=first if inner else "", last=last if inner else ""
            ):
                draft.back(mark)
                return False
            opened += 1
        before = len(draft.lines)
        self.body(self.choose([1, 2, 2, 3]), depth + opened)
        if len(draft.lines) == before or not all(draft.close(hide) for _ in range(opened)):
            draft.back(mark)
            return False
        if opened == 1 and "break" in "\n".join(draft.lines[before:]) and self.choose([0, 1, 1]) == 0:
            self.otherwise("else:", depth)
        if not draft.steady():
            draft.back(mark)
            return False
        return True

    def repeat(self, depth: int) -> bool:
        """A while loop."""
        mark = self.draft.mark()
        before, head, step = self.choose(WHILES)
        made = self.completed(
            f"{before}\n{head}\n    {step.replace(chr(10), chr(10) + '    ')}\n    pass", "number", {}
        )
        if made is None:
            return False
        text, names = made
        lines = text.splitlines()
        k = next(k for k, line in enumerate(lines) if line.startswith("while"))
        step = "\n".join(line[4:] for line in lines[k + 1 : -1])
        late = "break" not in step and self.choose([0, 1]) == 0
        self.draft.hidden -= set(names)
        if not self.draft.add("\n".join(lines[:k])):
            return False
        ends = {"last": step} if late else {"first": step}
        if self.block(lines[k], "while, last step" if late else "while", names, depth, **ends):
            return True
        self.draft.back(mark)
        return False

    def branch(self, depth: int) -> bool:
        condition = self.condition()
        return condition is not None and self.taken(f"if {condition}:", depth)

    def taken(self, head: str, depth: int) -> bool:
        """An if with its branches."""
        draft, mark = self.draft, self.draft.mark()
        if not draft.open(head, "if"):
            return False
        before = len(draft.lines)
        self.body(self.choose([1, 1, 2]), depth + 1)
        if len(draft.lines) == before or not draft.close():
            draft.back(mark)
            return False
        if self.choose(range(3)) == 0 and (condition := self.condition()):
            self.otherwise(f"elif {condition}:", depth)
        if self.choose([0, 1]):
            self.otherwise("else:", depth)
        if not draft.steady():
            draft.back(mark)
            return False
        return True

    def otherwise(self, head: str, depth: int) -> bool:
        """One more branch: with a body of its own if it is reached, else with a line that never runs."""
        draft, mark = self.draft, self.draft.mark()
        if draft.open(head, "if"):
            before = len(draft.lines)
            self.body(self.choose([1, 1, 2]), depth + 1)
            if len(draft.lines) > before and draft.close():
                return True
            draft.back(mark)
            return False
        name = self._any([each for each in self.names("number") if each not in draft.reserved])
        line = self.filled(f"{name} = {{e}}", 1) if name else None
        return line is not None and draft.add(f"{head}\n    {line}")

    def leave(self) -> bool:
        """break, continue or return under a condition."""
        ways = ["return", "return"]
        if self.draft.within("for") or self.draft.within("while"):
            ways += ["break", "break", "continue", "continue"]
        elif self.draft.within("while, last step"):
            ways += ["break", "break"]
        if self.draft.within("while, last step"):
            ways = [way for way in ways if way != "continue"]
        if not ways or (condition := self.condition()) is None:
            return False
        way = self.choose(ways)
        if way == "return":
            value = "" if self.result == "in place" else self.returned()
            if value is None:
                return False
            way = f"return {value}".strip()
        mark = self.draft.mark()
        if self.draft.add(f"if {condition}:\n    {way}") and self.draft.steady():
            return True
        self.draft.back(mark)
        return False

    # results

    result = "number"
    shape_returned: tuple[int, ...] = ()

    def returned(self) -> str | None:
        """The value that an early return gives."""
        if self.result == "array":
            return self.array(self.shape_returned, 1)
        return self.number(1)

    def finish(self) -> bool:
        """Return something made of the latest values."""
        if self.result == "in place":
            return self.draft.steady()
        if self.result == "array":
            value = self.array(self.shape_returned, 0)
            self.draft.lines.append(self.draft.indented(f"return {value}"))
            return value is not None and self.draft.steady()
        terms = []
        for name in self.draft.names[::-1]:
            if name in self.draft.unfilled or len(terms) == 5:
                continue
            term = self.term(name)
            if term and self.value(term) is not None:
                terms.append(term)
        self.draft.lines.append(self.draft.indented("return " + (" + ".join(terms[::-1]) or "0.0")))
        return self.draft.steady()

    def term(self, name: str) -> str | None:
        """A real number made of what is under a name."""
        value = self.draft.visits[0][name]
        found = self.parts("number") if "number" in name else []
        match value:
            case float() | np.floating():
                return self.choose([name, name, f"0.5 * {name}", f"{name} ** 2", f"math.sin({name})"])
            case np.ndarray() if value.dtype.kind == "f":
                return self.choose([
                    f"np.sum({name})", f"np.sum({name} ** 2)", f"{name}.sum()", f"np.mean({name} * {name})",
                    f"np.sum(np.sin({name}))",
                    f"np.sum({name} * np.arange({name}.size).reshape({name}.shape))",
                ])  # fmt: skip
            case list() if value and all(isinstance(each, float) for each in value):
                return self.choose([f"sum({name})", f"np.array({name}).mean()", f"{name}[-1]"])
            case tuple() | dict():
                steps = [each for each in self.parts("number") if each.startswith(f"{name}[")]
                arrays = [each for each in self.parts("vector", "matrix") if each.startswith(f"{name}[")]
                return self._any([*steps, *[f"np.sum({each})" for each in arrays]])
            case _ if hasattr(value, "energy"):
                return f"{name}.energy"
            case _ if hasattr(value, "advance"):
                return f"np.sum({name}.u) + {name}.time"
        return found[0] if found else None


def structured(rng: random.Random) -> Program:
    """A program with blocks; made again where it comes out unsteady."""
    while True:
        program = _attempt(rng)
        if program is not None:
            return program


def _attempt(rng: random.Random) -> Program | None:
    helpers = rng.sample(HELPERS, 3)
    if rng.random() < 0.3:
        made = own_helper(rng, f"step{rng.choice(['', '_one', '_by'])}")
        helpers = [*helpers, *([made] if made else [])]
    prelude = "\n\n\n".join([HEAD, *[each.text for each in helpers]])
    points, directions = arguments(rng, [rng.choice(KINDS) for _ in range(rng.choice([2, 3, 3, 4]))])
    signature = f"def program({', '.join(points[0])}):"
    writer = Writer(Draft(prelude, signature, points, directions), rng.choice, helpers)
    writer.result = "in place" if rng.random() < IN_PLACE else "number"
    writer.body(rng.choice([2, 3, 4, 5, 6]))
    if not writer.finish():
        return None
    text = "\n".join([signature, *writer.draft.lines, ""])
    if writer.result == "in place" and not writes(writer.draft):
        return None
    return Program(used_prelude(text, helpers), text, points[0], tuple(points[1:]))


def writes(draft: Draft) -> bool:
    """Whether the function writes to an array that it is given."""
    after = copy.deepcopy(draft.points[0])
    draft.compiled(draft.text())(**after)
    return any(
        isinstance(value, np.ndarray) and not np.array_equal(after[name], value)
        for name, value in draft.points[0].items()
    )


def used_prelude(text: str, helpers: Sequence[Helper]) -> str:
    """The imports and those helpers that a text, or a helper that it uses, names."""
    used: list[Helper] = []
    for helper in reversed(helpers):
        names = re.findall(r"^(?:def|class) (\w+)", helper.text, re.MULTILINE)
        wanted = "\n".join([text, *[each.text for each in used]])
        if any(re.search(rf"\b{name}\b", wanted) for name in names):
            used.append(helper)
    return "\n\n\n".join([HEAD, *[each.text for each in reversed(used)]]) + "\n"


def own_helper(rng: random.Random, name: str) -> Helper | None:
    """A function with blocks of its own, that gives a number or an array, or works in place."""
    kinds = [rng.choice(["vector", "number"]), rng.choice(["number", "number", "int", "vector"])]
    result = rng.choice(["number", "number", "array", "in place"])
    if "vector" not in kinds:
        result = "number"
    points, directions = arguments(rng, kinds)
    signature = f"def {name}({', '.join(points[0])}):"
    writer = Writer(Draft(HEAD, signature, points, directions), rng.choice)
    writer.result, writer.shape_returned = result, (3,)
    writer.body(rng.choice([2, 3]))
    lines = writer.draft.lines
    if not writer.finish() or not lines:
        return None
    given = {"number": "{e}", "int": "{i}", "vector": "{V}" if result == "in place" else "{v}"}
    call = f"{name}({', '.join(given[each] for each in kinds)})"
    gives = "statement" if result == "in place" else result
    return Helper("\n".join([signature, *lines]), ((gives, call), (gives, call)))


def arguments(rng: random.Random, kinds: Sequence[str]) -> tuple[list[Scope], list[Scope]]:
    """Two points to call a function at, and a direction at each."""
    sizes, dtype = np.random.default_rng(rng.randrange(10**6)), rng.choice([np.float64] * 9 + [np.float32])
    if not {"number", "vector", "matrix", "pair", "table"} & set(kinds):
        kinds = [*kinds, "vector"]
    shapes = [rng.choice([(3,), (3,), (4,)]), rng.choice([(2, 3), (3, 3), (3, 3), (4, 3)])]
    same = rng.random() < 0.7
    first = _point(rng, sizes, kinds, shapes, dtype)
    second = _point(random.Random(rng.random()), sizes, kinds, shapes, dtype)
    second = {
        name: first[name] if isinstance(value, int) and same else value
        for name, value in zip(first, second.values(), strict=True)
    }
    points = [first, second]
    return points, [{name: _direction(sizes, value) for name, value in point.items()} for point in points]


def _point(rng: random.Random, numbers: Any, kinds: Sequence[str], shapes: Any, dtype: Any) -> Scope:
    point: Scope = {}

    def number(shape: tuple[int, ...] = ()) -> Any:
        drawn = numbers.uniform(-1.1, 1.1, shape)
        return drawn.astype(dtype) if shape else float(drawn)

    for kind in kinds:
        made: dict[str, tuple[str, Any]] = {
            "number": ("number", number()),
            "vector": ("vector", number(shapes[0])),
            "matrix": ("matrix", number(shapes[1])),
            "int": ("int", rng.choice([0, 1, 2, 2, 3, 3])),
            "pair": ("object", (number(), number((3,)))),
            "table": ("dict", {"a": number(), "w": number((3,))}),
            "list": ("list", [number(), number(), number()]),
        }
        pool, value = made[kind]
        spare = f"{POOLS[pool][0]}{len(point)}"
        name = next((each for each in POOLS[pool] if each not in point), spare)
        point[name] = value
    return point


def _direction(numbers: Any, value: Any) -> Any:
    match value:
        case dict():
            return {key: _direction(numbers, child) for key, child in value.items()}
        case tuple() | list():
            return type(value)(_direction(numbers, child) for child in value)
        case int():
            return 0
    return numbers.uniform(-1, 1, np.shape(value))
