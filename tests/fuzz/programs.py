"""Random straight-line programs: text that looks like a person's NumPy, with values that stay tame.

A program is written line by line and run as it is written: a line is kept if NumPy takes it and its
values are moderate. So a template may join any operands whose shapes happen to fit, at every pair of ranks.
"""

from __future__ import annotations

import hashlib
import linecache
import sys
import textwrap
import types
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st

from .templates import EXPRESSIONS, FINISHES, PRELUDE, STATEMENTS, WRAPS

Choose = Callable[[Sequence[Any]], Any]
"""Picks one of several: a random number generator's choice, or Hypothesis's draw."""

LARGEST = 30
MOST_ELEMENTS = 60

SHAPES = {
    "s": (), "g": (), "v": (3,), "o": (1,), "c": (2, 1), "r": (1, 3), "m": (2, 3), "q": (3, 3),
    "t": (2, 2, 3), "u": (2, 1, 3),
}  # fmt: skip
"""The arguments' shapes: s is a Python number, g NumPy's."""


@dataclass(frozen=True)
class Program:
    """A function named program, what it needs, the arguments to call it with, and more of them."""

    prelude: str
    text: str
    arguments: dict[str, Any]
    elsewhere: tuple[dict[str, Any], ...] = ()

    def load(self) -> Callable[..., Any]:
        """The function, made anew, with its source where `inspect` finds it."""
        text = f"{self.prelude}\n\n{self.text}"
        digest = hashlib.sha256(text.encode()).hexdigest()[:16]
        name = f"<program {digest}>"
        linecache.cache[name] = (len(text), None, text.splitlines(True), name)
        scope: dict[str, Any] = {"__name__": "program"}
        # A dataclass looks its module up.
        sys.modules["program"] = types.ModuleType("program")
        exec(compile(text, name, "exec"), scope)
        return scope["program"]

    def __repr__(self) -> str:
        """The whole program, without the prelude that all straight-line programs have."""
        values = "\n".join(f"# {name} = {value!r}" for name, value in self.arguments.items())
        more = "\n".join(f"# also {point!r}" for point in self.elsewhere)
        before = "" if self.prelude == PRELUDE else f"{self.prelude}\n\n"
        return f"{before}{self.text}{values}\n{more}".rstrip() + "\n"


@st.composite
def programs(draw, longest: int = 8) -> Program:
    """Programs of up to `longest` statements."""
    return written(lambda options: draw(st.sampled_from(options)), longest)


def written(choose: Choose, longest: int = 8) -> Program:
    """A program, each of its choices made by `choose`."""
    arguments = _arguments(choose)
    writer = _Writer(choose, arguments)
    for k in range(choose(range(1, longest + 1))):
        writer.statement(k)
    writer.finish()
    body = textwrap.indent("\n".join(writer.lines), "    ")
    return Program(PRELUDE, f"def program({', '.join(arguments)}):\n{body}\n", arguments)


def _arguments(choose: Choose) -> dict[str, Any]:
    rng = np.random.default_rng(choose(range(1000)))
    dtype = choose([np.float64, np.float64, np.float64, np.float64, np.float32])

    def number(shape: tuple[int, ...]) -> Any:
        value = np.asarray(rng.uniform(-1.2, 1.2, shape)).astype(dtype)
        return value if shape else value[()]

    arguments: dict[str, Any] = {}
    for _ in range(choose([2, 3, 4, 5])):
        kind = choose([*SHAPES, "pair", "table", "transposed", "z", *(["k"] if arguments else [])])
        match kind:
            case "pair":
                value: Any = (float(number(())), number((3,)))
            case "table":
                value = {"w": number((2, 3)), "b": float(number(()))}
            case "transposed":
                value = number((3, 2)).T
            case "s":
                value = float(number(()))
            case "z":
                value = number((3,)) + np.array(1j, np.result_type(dtype, 1j)) * number((3,))
            case "k":
                value = choose([1, 2, 3])
            case _:
                value = number(SHAPES[kind])
        arguments[f"{kind}{len(arguments)}"] = value
    return arguments


class _Writer:
    """The lines written so far, and the values of all names after them."""

    def __init__(self, choose: Choose, arguments: dict[str, Any]) -> None:
        self.choose = choose
        self.scope: dict[str, Any] = {}
        exec(PRELUDE, self.scope)
        self.lines: list[str] = []
        self.names: dict[str, Any] = {}
        for name, value in arguments.items():
            self.scope[name] = value
            match value:
                case tuple():
                    self.names |= {f"{name}[{k}]": part for k, part in enumerate(value)}
                case dict():
                    self.names |= {f'{name}["{key}"]': part for key, part in value.items()}
                case _:
                    self.names[name] = value
        self.own: list[str] = []

    def statement(self, k: int) -> None:
        """One more statement, if the templates drawn fit."""
        for attempt in range(4):
            if self.choose(range(4)) == 0:
                text = self.filled(self.choose(STATEMENTS), f"a{k}")
            else:
                # Names are reassigned as people do.
                name = self.choose([f"a{k}", f"a{k}", *self.own])
                text = self.filled(f"{name} = {self.choose(self.choose(EXPRESSIONS))}", name)
            if text and self.runs(text):
                return
            k += 100 * (attempt + 1)

    def filled(self, template: str, name: str) -> str | None:
        """The template with operands in place of its letters; None where there is none that fits."""
        text, last = template.replace("{N}", name), None
        while "{" in (rest := text.replace("{{", "").replace("}}", "")):
            letter = rest[rest.index("{") + 1]
            fitting = [each for each, value in self.names.items() if _fits(letter, value, last)]
            if not fitting:
                return None
            operand = self.choose(fitting[::-1])
            last = self.names[operand]
            if letter != "k" and self.choose(range(5)) == 0:
                operand = self.choose(WRAPS).format(operand)
            text = text.replace("{" + letter + "}", operand, 1)
        return text.replace("{{", "{").replace("}}", "}")

    def runs(self, text: str) -> bool:
        """Run the statement; keep it if its values are moderate."""
        scope = self.tried(text)
        if scope is None:
            return False
        made = _changed(self.scope, scope)
        self.scope = scope
        self.names |= made
        self.own += [name for name in made if name not in self.own]
        self.lines += text.splitlines()
        return True

    def tried(self, text: str) -> dict[str, Any] | None:
        """The names and values after a statement; None if it raises, warns or makes immoderate values."""
        scope = dict(self.scope)
        with warnings.catch_warnings(), np.errstate(all="raise"):
            warnings.simplefilter("error")
            try:
                exec(text, scope)
            except Exception:
                return None
        return scope if all(map(_moderate, _changed(self.scope, scope).values())) else None

    def finish(self) -> None:
        """Return a real number made of the latest values."""
        latest = list(self.names)[-3:]
        terms = [self.choose(FINISHES[_kind(self.names[name])]).format(name) for name in latest]
        finite = [term for term in terms if self.tried(f"_ = {term}") is not None]
        self.lines.append("return " + (" + ".join(finite) or "0.0"))


def _changed(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """The numbers and arrays that a statement has made."""
    kinds = (float, complex, np.generic, np.ndarray)
    return {k: value for k, value in after.items() if before.get(k) is not value and isinstance(value, kinds)}


def _moderate(value: Any) -> bool:
    array = np.asarray(value)
    if array.dtype.kind not in "fciub" or array.size > MOST_ELEMENTS:
        return False
    return bool(np.all(np.isfinite(array)) and np.all(np.abs(array) < LARGEST))


def _kind(value: Any) -> str:
    """What can be done to reach a real number: with real or complex numbers and arrays, and with the rest."""
    array = np.asarray(value)
    if array.dtype.kind not in "fc":
        return "other"
    return ("complex " if array.dtype.kind == "c" else "") + ("array" if array.ndim else "number")


def _fits(letter: str, value: Any, last: Any) -> bool:
    """Whether a value may stand for a letter: see templates.py."""
    array = np.asarray(value)
    shape, kind = array.shape, array.dtype.kind
    if letter == "z":
        return kind == "c"
    if letter == "k":
        return type(value) is int
    if kind != "f":
        return False
    match letter:
        case "s":
            return shape == ()
        case "x":
            return True
        case "a":
            return shape != ()
        case "v":
            return array.ndim == 1 and array.size > 1
        case "m":
            return array.ndim == 2 and array.size > 1
        case "q":
            return array.ndim == 2 and shape[0] == shape[1] > 1
        case "t":
            return array.ndim == 3
        case "y":
            return _broadcastable(shape, np.shape(last))
        case "w":
            return shape == np.shape(last) and array.dtype == np.asarray(last).dtype
    raise ValueError(letter)


def _broadcastable(a: tuple[int, ...], b: tuple[int, ...]) -> bool:
    return all(m == n or 1 in (m, n) for m, n in zip(a[::-1], b[::-1], strict=False))
