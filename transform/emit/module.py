"""The standalone module around a generated function: imports, captured constants, copied helpers."""

from __future__ import annotations

import ast
import builtins
import inspect
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from .. import runtime
from ..errors import UnsupportedError
from .globals import STANDARD
from .printer import Printer
from .signature import parameters, static
from .template import call, number

__all__ = ["LARGEST", "module_text", "split"]

LARGEST = 1000
"""The number of elements up to which a captured array is written out."""


def module_text(
    definition: str,
    refers: Mapping[str, Any],
    constants: Mapping[str, Any],
    printer: Printer,
    decorator: str = "",
) -> str:
    """The text of a file that defines the function and needs nothing but what it imports.

    The `decorator` is that of copied helpers.
    """
    imports, helpers = split(refers, decorator)
    assignments = [f"{name} = {printer(_constant(name, value))}" for name, value in constants.items()]
    standard = [line for line in imports if line.split()[1].split(".")[0] in sys.stdlib_module_names]
    foreign = [line for line in imports if line not in standard]
    heads = ["\n".join(part) for part in (standard, foreign, assignments) if part]
    return "\n\n\n".join(["\n\n".join(heads), *helpers, definition.rstrip("\n")]).lstrip("\n") + "\n"


def split(refers: Mapping[str, Any], decorator: str = "") -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The import lines and the copied helpers for the objects that a function names."""
    imports, helpers = set(), {}
    for name, value in refers.items():
        if getattr(builtins, name, None) is value:
            continue
        if getattr(value, "__module__", None) == runtime.__name__:
            for helper in _with_dependencies(value):
                helpers[helper.__name__] = f"{decorator}\n{_source(helper)}".lstrip("\n")
                imports |= {_import(n, STANDARD[n]) for n in _globals(helper) if n in STANDARD}
            if name != value.__name__:
                helpers[name] = f"{name} = {value.__name__}"
        else:
            imports.add(_import(name, value))
    return _merged(imports), tuple(helpers.values())


def _merged(imports: set[str]) -> tuple[str, ...]:
    """One line a module: `from math import cos, log`."""
    names: dict[str, list[str]] = {}
    for line in sorted(imports):
        head, _, name = line.partition(" import ")
        names.setdefault(head, []).extend([name] if name else [])
    return tuple(f"{head} import {', '.join(given)}" if given else head for head, given in names.items())


def _import(name: str, value: Any) -> str:
    if isinstance(value, ModuleType):
        alias = "" if value.__name__ == name else f" as {name}"
        return f"import {value.__name__}{alias}"
    module = getattr(value, "__module__", None)
    own = str(getattr(value, "__qualname__", None) or getattr(value, "__name__", ""))
    if getattr(builtins, own, None) is value:
        return f"from builtins import {own} as {name}"
    module = module or _public_home(value)
    found = sys.modules.get(module or "")
    if found is None or getattr(found, own, None) is not value:
        raise UnsupportedError(
            f"{own or repr(value)} cannot be imported by a file of its own",
            "Define it at the top level of a module.",
        )
    if module == "__main__":
        module = Path(getattr(found, "__file__", None) or "__main__").stem
    return f"from {module} import {own}" + ("" if own == name else f" as {name}")


def _public_home(value: Any) -> str | None:
    """The module with the shortest public name that has the object, which may not know it itself."""
    name = getattr(value, "__name__", "")
    homes = [
        module
        for module, found in list(sys.modules.items())
        if not any(part.startswith("_") for part in module.split("."))
        and getattr(found, "__dict__", {}).get(name) is value
        and (found is not None and getattr(found, "__package__", None))
    ]
    return min(homes, key=lambda module: (module.count("."), len(module), module), default=None)


def _globals(function: Any) -> tuple[str, ...]:
    return tuple(function.__code__.co_names)


def _with_dependencies(helper: Any) -> list[Any]:
    """A helper after the helpers that it calls."""
    found = [getattr(runtime, name) for name in _globals(helper) if name in vars(runtime)]
    called = [f for f in found if getattr(f, "__module__", None) == runtime.__name__ and f is not helper]
    return [*(each for f in called for each in _with_dependencies(f)), helper]


def _source(helper: Any) -> str:
    """The text of a helper as it stands, without the annotations in its header."""
    lines = textwrap.dedent(inspect.getsource(helper)).splitlines()
    (tree,) = ast.parse("\n".join(lines)).body
    assert isinstance(tree, ast.FunctionDef)
    for arg in ast.walk(tree.args):
        if isinstance(arg, ast.arg):
            arg.annotation = None
    header = f"def {tree.name}({', '.join(parameters(tree.args, Printer()))}):"
    return "\n".join([header, *lines[tree.body[0].lineno - 1 :]])


def _constant(name: str, value: Any) -> ast.expr:
    """The node of a captured value, every digit and the dtype kept."""
    if not isinstance(value, np.ndarray):
        return static(value)
    if value.size > LARGEST:
        raise UnsupportedError(
            f"{name} is a captured array of {value.size} elements, too many to write out",
            "Pass it as an argument; the derivative that is in memory is not concerned.",
        )
    if value.size == 0:
        zeros = call("np.zeros", static(value.shape))
        zeros.keywords.append(ast.keyword(arg="dtype", value=_dtype(value.dtype)))
        return zeros
    array = call("np.array", _nested(value.tolist() if value.dtype.kind in "fcbiu" else list(value)))
    if np.array(value.tolist()).dtype != value.dtype:
        array.keywords.append(ast.keyword(arg="dtype", value=_dtype(value.dtype)))
    return array


def _dtype(dtype: np.dtype) -> ast.expr:
    return ast.Attribute(value=ast.Name(id="np", ctx=ast.Load()), attr=dtype.name, ctx=ast.Load())


def _nested(items: Any) -> ast.expr:
    if isinstance(items, list):
        return ast.List(elts=[_nested(item) for item in items], ctx=ast.Load())
    return number(items)
