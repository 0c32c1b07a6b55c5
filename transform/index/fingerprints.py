"""Fingerprints: what tells whether a value means to the frontend what another did in an earlier process.

In one process a function is what it was as long as it is the same object. In the next one it is another
object, and what counts is its code, the text of its file, its defaults. A value of which it cannot be said
what counts has no fingerprint.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterable
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

from ..frontend import MISSING, text_of
from ..frontend.outside import is_standard
from ..tree import Node, Static, Tree
from ..types import Array, Scalar

__all__ = ["Untold", "fingerprint", "fingerprint_of_tree", "packages"]

_NUMBERS = (bool, int, float, complex, np.generic)
_LARGEST = 10_000
"""How many elements an array may have for its content to be looked at."""

_PACKAGES = ("numpy", "numba", "scipy", "transform")
"""Libraries whose versions are part of every key: what is called by its name there stays what it is."""


class Untold(Exception):
    """Of this value cannot be told whether another one is like it."""


def packages() -> str:
    """The versions of the libraries that are known by name, and how Python reads asserts and docstrings."""
    versions = (getattr(sys.modules.get(name), "__version__", "") for name in _PACKAGES)
    return f"{sys.version} {sys.flags.optimize} {' '.join(versions)}"


def fingerprint(value: Any) -> str:
    """A text that is the same for values in other processes that mean the same.

    Raises Untold where there is none: for objects of the user's classes, functions of libraries that are
    not known by name, large arrays.
    """
    kind = type(value)
    if value is None or value is MISSING or value is Ellipsis or value is NotImplemented:
        return repr(value)
    if kind in (str, bytes) or (isinstance(value, _NUMBERS) and _is_known(kind)):
        return f"{kind.__module__}.{kind.__qualname__} {value!r}"
    if kind in (tuple, list):
        return f"{kind.__name__}({', '.join(map(fingerprint, value))})"
    if kind in (set, frozenset):
        return f"{kind.__name__}({', '.join(sorted(map(fingerprint, value)))})"
    if kind is dict:
        items = (f"{fingerprint(key)}: {fingerprint(item)}" for key, item in value.items())
        return f"dict({', '.join(items)})"
    if kind is slice:
        return f"slice {fingerprint((value.start, value.stop, value.step))}"
    if kind is np.ndarray and value.dtype.kind in "biufc" and value.size <= _LARGEST:
        return f"array {value.dtype.str} {value.shape} {_digest([value.tobytes()])}"
    if isinstance(value, np.dtype):
        return f"dtype {value.str}" if value.names is None else _untold(value)
    if kind is CodeType:
        return f"code {_digest(_content(value))}"
    if isinstance(value, ModuleType):
        return _module(value)
    if kind is FunctionType and not _is_known(value):
        return _function(value)
    if isinstance(getattr(value, "py_func", None), FunctionType) and _is_known(kind):
        return f"compiled {fingerprint(value.py_func)}"
    return _named(value)


def _untold(value: Any) -> str:
    raise Untold(type(value).__qualname__)


def _digest(parts: Iterable[bytes]) -> str:
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def _content(code: CodeType) -> list[bytes]:
    """What a code object says, its line numbers included: messages and comments speak of them."""
    names = (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
    counts = (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags)
    head = f"{code.co_qualname} {code.co_filename} {code.co_firstlineno} {counts} {names}"
    parts = [head.encode(), code.co_code, code.co_linetable, code.co_exceptiontable]
    for constant in code.co_consts:
        parts += _content(constant) if isinstance(constant, CodeType) else [fingerprint(constant).encode()]
    return parts


def _function(function: FunctionType) -> str:
    """A function of the user's: its code, the text it came from, its defaults; its cells are read apart."""
    if "site-packages" in (function.__globals__.get("__file__") or "") or vars(function):
        return _untold(function)
    if not os.path.isfile(function.__code__.co_filename):
        return _untold(function)  # typed into a notebook: nobody ever finds it again
    text = _digest(line.encode() for line in text_of(function))
    defaults = fingerprint((function.__defaults__, function.__kwdefaults__))
    name = f"{function.__module__}.{function.__qualname__}"
    return f"function {name} {fingerprint(function.__code__)} {text} {defaults}"


def _module(module: ModuleType) -> str:
    """A module: what is in one of the user's is read apart."""
    file = getattr(module, "__file__", None) or ""
    if "site-packages" in file and not _is_known(module):
        return _untold(module)
    return f"module {module.__name__}"


def _named(value: Any) -> str:
    """A function, class or ufunc of a known library, called by its name there."""
    name = getattr(value, "__qualname__", None) or getattr(value, "__name__", None)
    if not isinstance(name, str) or not _is_known(value):
        return _untold(value)
    for home in (getattr(value, "__module__", None), type(value).__module__, "scipy.special"):
        found: Any = sys.modules.get(home or "")
        for part in name.split("."):
            found = getattr(found, part, None)
        if found is value:
            return f"{home}.{name}"
    return _untold(value)


def _is_known(value: Any) -> bool:
    """Whether this is part of Python or of a library whose version is part of the key."""
    name = getattr(value, "__module__", None) if not isinstance(value, ModuleType) else value.__name__
    name = name or type(value).__module__
    file = getattr(sys.modules.get(name), "__file__", None)
    return is_standard(name, file) or name.partition(".")[0] in _PACKAGES


def fingerprint_of_tree(tree: Tree) -> str:
    """A text for the type of an argument; raises Untold where a static part has none."""
    if isinstance(tree, Node):
        children = ", ".join(map(fingerprint_of_tree, tree.children))
        kind = f"{tree.kind.__module__}.{tree.kind.__qualname__}"
        return f"{kind}[{fingerprint(tree.keys)}]({children})"
    if isinstance(tree, Static):
        return f"static {fingerprint(tree.value)}"
    assert isinstance(tree, (Scalar, Array))
    return repr(tree)
