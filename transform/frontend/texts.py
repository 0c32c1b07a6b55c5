"""Texts made of run-time values, as expressions of the generated code: f"energy {e:.3f}".

Where a text is only printed or raised, what it says need not be known while lowering.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from ..errors import UnsupportedError
from ..rules.build import Value
from .lowering import Lowering
from .naming import python_method
from .operators import contains_value
from .recorder import plain
from .scope import Opaque, Piece, RunList

__all__ = ["Writing", "formatted", "joined", "method", "percent"]

_HOLE = re.compile(r"\{(\d+)\}")
_CONVERSIONS: dict[str, Callable[[Any], str]] = {"": str, "s": str, "r": repr, "a": ascii}
_METHODS = frozenset(
    ("lower", "upper", "title", "capitalize", "strip", "lstrip", "rstrip", "center", "ljust", "rjust")
    + ("zfill", "replace", "removeprefix", "removesuffix", "expandtabs", "swapcase", "__getitem__")
)


class Writing:
    """An expression of the generated code in the making: its operands, and the objects it names."""

    def __init__(self, low: Lowering) -> None:
        self.low = low
        self.operands: list[Value] = []
        self.refers: dict[str, Any] = {}

    def hole(self, value: Value) -> str:
        """The place of an operand."""
        for k, operand in enumerate(self.operands):
            if operand.atom is value.atom:
                return f"{{{k}}}"
        self.operands.append(value)
        return f"{{{len(self.operands) - 1}}}"

    def code(self, thing: Any) -> str:
        """An expression that gives the thing itself: a number, a text, a container of them."""
        thing = self.low.live(thing)
        if isinstance(thing, Value):
            return self.hole(thing)
        if isinstance(thing, Opaque):
            return self.text(thing)
        if isinstance(thing, RunList) and isinstance(thing.tree, Value):
            return self.hole(thing.tree)
        thing = plain(self.low.outside.inside(thing))
        if isinstance(thing, np.generic):
            return f"np.{thing.dtype.name.rstrip('_')}({self.code(thing.item())})"
        if isinstance(thing, float) and not math.isfinite(thing):
            return f'float("{thing}")'
        if thing is None or type(thing) in (bool, int, float, complex, str, bytes):
            return _literal(thing)
        if type(thing) is dict:
            return f"{{{{{', '.join(f'{self.code(k)}: {self.code(v)}' for k, v in thing.items())}}}}}"
        if type(thing) in (list, tuple, set, frozenset):
            inside = ", ".join(map(self.code, thing))
            if type(thing) is tuple:
                return f"({inside},)" if len(thing) == 1 else f"({inside})"
            return f"[{inside}]" if type(thing) is list else f"{type(thing).__name__}([{inside}])"
        raise UnsupportedError(
            f"an object of class {type(thing).__name__} is printed with run-time values",
            "Print the numbers themselves.",
        )

    def shown(self, thing: Any) -> str:
        """An expression that prints as the thing does."""
        thing = self.low.live(thing)
        if isinstance(thing, (Value, Opaque)) or type(plain(thing)) in (
            bool,
            int,
            float,
            complex,
            list,
            tuple,
            dict,
        ):
            return self.code(thing)
        made = formatted(self.low, thing, "", "")
        return self.text(made) if isinstance(made, Opaque) else _literal(made)

    def text(self, opaque: Opaque) -> str:
        """The expression of a text."""
        if opaque.parts is None:
            raise UnsupportedError(
                "how this text is made of run-time values is not understood", "Use an f-string."
            )
        groups: list[str] = []
        simple = ""
        for part in opaque.parts:
            if isinstance(part, str):
                simple += _escaped(part)
                continue
            code = self._renumbered(part)
            if part.is_text or '"' in code or "\\" in code or _needs_call(part.spec):
                groups += [f'f"{simple}"'] if simple else []
                groups.append(self._called(part, code))
                simple = ""
                continue
            convert, spec = (
                f"!{part.conversion}" if part.conversion else "",
                f":{part.spec}" if part.spec else "",
            )
            space = " " if code.startswith("{{") else ""
            simple += f"{{{{{space}{code}{convert}{spec}}}}}"
        groups += [f'f"{simple}"'] if simple or not groups else []
        return groups[0] if len(groups) == 1 else f"({' + '.join(groups)})"

    def _called(self, part: Piece, code: str) -> str:
        if part.is_text:
            return code
        if part.conversion:
            code = f"{_CONVERSIONS[part.conversion].__name__}({code})"
        return f"format({code}, {_literal(part.spec)})" if part.spec or not part.conversion else code

    def _renumbered(self, part: Piece) -> str:
        self.refers.update(part.refers)
        holes = [self.hole(operand) for operand in part.operands]  # what they were when the text was made
        return _HOLE.sub(lambda found: holes[int(found[1])], part.code)


def _literal(thing: Any) -> str:
    text = repr(thing)
    if isinstance(thing, (str, bytes)):
        # Braces mark operands in templates; in the string itself they may be written by their code.
        text = text.replace("{", "\\x7b").replace("}", "\\x7d")
    return text


def _escaped(text: str) -> str:
    """A constant part of an f-string in double quotes, braces by their codes."""
    quoted = repr(text)
    inner = quoted[1:-1]
    if quoted[0] == "'":
        inner = inner.replace("\\'", "'").replace('"', '\\"')
    return inner.replace("{", "\\x7b").replace("}", "\\x7d")


def _needs_call(spec: str) -> bool:
    return any(character in spec for character in "{}\\'\"!")


def _piece(low: Lowering, thing: Any, conversion: str, spec: str) -> Piece:
    writing = Writing(low)
    code = writing.code(thing)
    text = isinstance(thing, Opaque) and not spec and conversion in ("", "s")
    return Piece(code, tuple(writing.operands), conversion, spec, text, tuple(writing.refers.items()))


def formatted(low: Lowering, thing: Any, conversion: str = "", spec: Any = "") -> Any:
    """`f"{thing!conversion:spec}"`: a str, or an Opaque where that is known only at run time."""
    thing = low.live(thing)
    if isinstance(spec, Opaque):
        raise UnsupportedError("a format that depends on run-time values", "Write the format out.")
    if isinstance(thing, Opaque) and not spec and conversion in ("", "s"):
        return thing
    if isinstance(thing, (Value, Opaque)) or (contains_value(thing) and not spec and _is_display(thing)):
        return Opaque((_piece(low, thing, conversion, spec),))
    own = _own_text(low, thing, conversion, spec)
    if own is not None:
        return own
    thing = low.outside.inside(plain(thing))
    text = low.native(_CONVERSIONS[conversion], thing) if conversion else thing
    return low.native(format, text, spec)


def _is_display(thing: Any) -> bool:
    return type(thing) in (list, tuple, dict, set)


def _own_text(low: Lowering, thing: Any, conversion: str, spec: str) -> Any:
    """What the methods of a class of the user's say; None where it has none."""
    names = {"": ("__format__", "__str__", "__repr__"), "s": ("__str__", "__repr__")}.get(
        conversion, ("__repr__",)
    )
    for name in names:
        method = python_method(thing, name)
        if method is None:
            continue
        if method.__code__.co_filename == "<string>" or hasattr(method, "__wrapped__"):
            return _fields_text(low, thing)
        if type(thing).__module__ in ("enum", "fractions", "decimal") or not contains_own(thing, name):
            continue
        text = low.call(method, [thing, spec] if name == "__format__" else [thing])
        return text if name == "__format__" or not spec else formatted(low, text, "", spec)
    return _fields_text(low, thing) if hasattr(type(thing), "_fields") and contains_value(thing) else None


def contains_own(thing: Any, name: str) -> bool:
    """Whether the method comes from a class of the user's rather than from the standard library's enum."""
    return all(each.__module__ != "enum" for each in type(thing).__mro__ if name in vars(each))


def _fields_text(low: Lowering, thing: Any) -> Any:
    """The repr of a dataclass or named tuple, field by field."""
    from .objects import get_attribute

    fields = getattr(thing, "_fields", None) or [
        f.name for f in thing.__dataclass_fields__.values() if f.repr
    ]
    parts: list[Any] = []
    for name in fields:
        parts += [f"{', ' if parts else ''}{name}=", formatted(low, get_attribute(low, thing, name), "r")]
    return joined([f"{type(thing).__qualname__}(", *parts, ")"])


def joined(texts: Iterable[Any]) -> Any:
    """Texts one after the other."""
    parts: list[str | Piece] = []
    for text in texts:
        if isinstance(text, Opaque) and text.parts is None:
            return Opaque()
        for part in (text.parts or ()) if isinstance(text, Opaque) else (str(text),):
            if isinstance(part, str) and parts and isinstance(parts[-1], str):
                parts[-1] += part
            elif part != "":
                parts.append(part)
    return (
        Opaque(tuple(parts)) if any(isinstance(each, Piece) for each in parts) else "".join(map(str, parts))
    )


def percent(low: Lowering, template: Any, values: Any) -> Any:
    """`template % values`."""
    return _expression(low, "{} % {}", template, values)


def method(low: Lowering, text: Any, name: str, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """A method of str with run-time values in the text or among the arguments."""
    if name == "join" and isinstance(text, str):
        items = [item for each in args[0] for item in (text, each)][1:]
        if all(isinstance(each, (str, Opaque)) for each in items):
            return joined(items)
    if (name == "format" and isinstance(text, str)) or name in _METHODS:
        writing = Writing(low)
        called = writing.code(text)
        given = [*map(writing.code, args), *(f"{key}={writing.code(value)}" for key, value in kwargs.items())]
        code = f"{called}.{name}({', '.join(given)})"
        return Opaque(
            (Piece(code, tuple(writing.operands), is_text=True, refers=tuple(writing.refers.items())),)
        )
    raise UnsupportedError(
        f"str.{name} of a text made of run-time values is not known while lowering",
        "Decide by the values themselves.",
    )


def _expression(low: Lowering, pattern: str, *things: Any) -> Opaque:
    writing = Writing(low)
    code = pattern.format(*map(writing.code, things))
    return Opaque(
        (Piece(f"({code})", tuple(writing.operands), is_text=True, refers=tuple(writing.refers.items())),)
    )
