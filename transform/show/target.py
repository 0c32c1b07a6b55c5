"""What the words of a command line mean: which function, which types, which values at a point.

Whatever is misspelled raises UsageError; what is spelled well and cannot be transformed, TransformError.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import inspect
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from ..errors import TransformError
from ..tree import Node, Static, Tree
from ..types import BOOL, COMPLEX, FLOAT, INT, Array, Dim, Scalar, Size

__all__ = ["UsageError", "find", "parse_type", "parse_types", "parse_values", "parse_wrt"]


class UsageError(Exception):
    """The command line is misspelled: exit status 2."""


def find(target: str) -> Callable[..., Any]:
    """The function that FILE.py:FUNCTION or MODULE:FUNCTION names; FUNCTION may be Class.method."""
    place, colon, name = target.rpartition(":")
    if not (colon and place and name):
        raise UsageError(f"{target!r} names no function: write FILE.py:FUNCTION or MODULE:FUNCTION")
    found: Any = _load_file(Path(place)) if place.endswith(".py") else _load_module(place)
    for part in name.split("."):
        if not hasattr(found, part):
            raise UsageError(f"{place} has no function {name}{_suggestion(found)}")
        found = getattr(found, part)
    if not callable(found):
        raise UsageError(f"{name} in {place} is no function: it is {found!r}")
    return found  # type: ignore[no-any-return]


def _suggestion(place: Any) -> str:
    own = getattr(place, "__name__", None)
    functions = {name: value for name, value in vars(place).items() if inspect.isfunction(value)}
    names = [name for name, value in functions.items() if value.__module__ == own]
    return f"; it has {', '.join(names)}" if names else ""


def _load_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise UsageError(f"there is no file {path}")
    sys.path.insert(0, str(path.parent.resolve()))
    # A file may be called like a module that somebody else needs.
    name = path.stem if path.stem not in sys.modules else f"{path.stem}_file"
    spec = importlib.util.spec_from_file_location(name, path.resolve())
    assert spec is not None
    assert spec.loader is not None
    # Dataclasses look their module up by name.
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    load = spec.loader.exec_module
    _importing(str(path), lambda: load(module))
    return module


def _load_module(name: str) -> ModuleType:
    sys.path.insert(0, "")
    try:
        known = importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        known = False
    if not known:
        raise UsageError(f"there is no module {name}")
    _importing(name, lambda: importlib.import_module(name))
    return sys.modules[name]


def _importing(what: str, load: Callable[[], object]) -> None:
    try:
        load()
    except Exception as error:
        raise TransformError(
            f"{what} cannot be imported: {type(error).__name__}: {error}",
            "Make it importable first: python must be able to run it.",
        ) from error


def parse_wrt(text: str, function: Callable[..., Any]) -> tuple[str, ...] | None:
    """`x,w` as names of parameters; None for the empty text."""
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    known = _parameters(function)
    for name in names:
        if name not in known:
            raise UsageError(f"--wrt: no parameter is called {name}; there are {', '.join(known) or 'none'}")
    return names or None


def _parameters(function: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    try:
        return dict(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        # A builtin: the transformation itself says that there is no source.
        return {}


def parse_types(texts: Sequence[str], function: Callable[..., Any]) -> dict[str, Tree]:
    """Each `name=type` of --arg."""
    return {name: parse_type(text) for name, text in _assignments(texts, function, "--arg")}


def parse_values(texts: Sequence[str], function: Callable[..., Any]) -> dict[str, Any]:
    """Each `name=value` of a point, a list being an array."""
    values = {}
    for name, text in _assignments(texts, function, "value"):
        try:
            value = ast.literal_eval(text)
            values[name] = np.array(value) if isinstance(value, list) else value
        except (ValueError, SyntaxError):
            raise UsageError(f"{name}={text}: {text!r} is no value; write a number or a list, x=2") from None
    return values


def _assignments(texts: Sequence[str], function: Callable[..., Any], what: str) -> list[tuple[str, str]]:
    known = _parameters(function)
    pairs = []
    for text in texts:
        name, equals, right = (part.strip() for part in text.partition("="))
        if not (equals and name and right):
            raise UsageError(f"{what} {text!r} is not of the form name=...")
        if known and name not in known:
            raise UsageError(f"{what}: no parameter is called {name}; there are {', '.join(known)}")
        pairs.append((name, right))
    return pairs


_PYTHON = {"float": FLOAT, "int": INT, "bool": BOOL, "complex": COMPLEX}
_NUMPY = "float64 float32 float16 complex128 complex64 int64 int32 int16 int8 uint64 uint32 uint16 uint8 bool"


def parse_type(text: str) -> Tree:
    """A type as it is written on the command line.

    `float64[N,d]` is an array whose lengths have names (or are numbers), `float32` a NumPy scalar, `float`
    a Python number; a literal (`3`, `None`, `'sum'`) is fixed; tuples, lists and dicts hold these.
    """
    try:
        return _type(ast.parse(text, mode="eval").body)
    except (SyntaxError, _Unknown) as error:
        detail = f": {error}" if isinstance(error, _Unknown) else ""
        raise UsageError(
            f"{text!r} is no type{detail}; write float, float64[N,d] for an array, or a value to fix"
        ) from None


class _Unknown(Exception):
    pass


def _type(node: ast.expr) -> Tree:
    match node:
        case ast.Name(name) if name in _PYTHON:
            return _PYTHON[name]
        case ast.Name(name) if name in _NUMPY.split():
            return Scalar(np.dtype(name))
        case ast.Subscript(ast.Name(name), index) if name in _PYTHON or name in _NUMPY.split():
            sizes = index.elts if isinstance(index, ast.Tuple) else [index]
            return Array(np.dtype(name), tuple(_size(size) for size in sizes))
        case ast.Tuple(elements):
            return Node(tuple, tuple(range(len(elements))), tuple(map(_type, elements)))
        case ast.List(elements):
            return Node(list, tuple(range(len(elements))), tuple(map(_type, elements)))
        case ast.Dict(keys, values):
            return Node(dict, tuple(map(_literal, keys)), tuple(map(_type, values)))
    return Static(_literal(node))


def _size(node: ast.expr) -> Size:
    match node:
        case ast.Name(symbol):
            # A length that may be 1 is written as 1: a name stands for any other.
            return Dim(symbol, not_one=True)
        case ast.Constant(int(length)) if not isinstance(length, bool):
            return length
    raise _Unknown(f"{ast.unparse(node)} is no length")


def _literal(node: ast.expr | None) -> Any:
    try:
        return ast.literal_eval(node)  # type: ignore[arg-type]
    except ValueError:
        raise _Unknown(f"{ast.unparse(node) if node else '**'} is not known") from None
