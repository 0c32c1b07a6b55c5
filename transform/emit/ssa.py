"""The SSA list of a function as text: one equation a line, nothing inlined.

a = x ** 2
b = 5 * a
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..ir import Function
from ..types import Type
from .callees import named_apart
from .emitter import write
from .layout import header
from .printer import Printer
from .writer import Line

__all__ = ["ssa"]

_INDENT = "    "
_Row = tuple[str, Type | None]
"""A line, and the type of what it assigns."""


def ssa(function: Function, types: bool = False) -> str:
    """The equations of `function`, with the names that generated code would give them, and their types.

    Those of the functions that it calls come first.
    """
    function = named_apart(function)
    rows: list[_Row] = []
    for callee in function.callees.values():
        params = ", ".join(param.name for param in callee.params)
        rows += [(f"def {callee.name}({params}):", None), *_function(callee, _INDENT), ("", None)]
    rows += _function(function, "")
    if not types:
        return "".join(f"{code}\n" for code, _ in rows)
    width = max(len(code) for code, _ in rows) + 2
    return "".join(f"{code:{width}}# {type_}\n" if type_ else f"{code}\n" for code, type_ in rows)


def _function(function: Function, indent: str) -> list[_Row]:
    writer, lines, last = write(function, inline=False)
    type_of = {name: var.type for var, name in writer.names.of.items()}
    return [*_rows([*lines, last], indent, Printer(), type_of)]


def _rows(lines: Sequence[Line], indent: str, printer: Printer, type_of: dict[str, Type]) -> Iterator[_Row]:
    for line in lines:
        if not line.blocks:
            code = printer(line.node)
            yield indent + code, type_of.get(code.partition(" = ")[0])
        for block in line.blocks:
            yield indent + header(block, printer), None
            yield from _rows(block.lines, indent + _INDENT, printer, type_of)
