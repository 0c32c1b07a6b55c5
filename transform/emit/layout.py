"""How a generated function is laid out: banner, headings, trailing comments in a column."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ..errors import Origin
from ..ir import About, Sweep
from .printer import Printer
from .signature import parameters
from .writer import Block, Line

__all__ = ["Row", "banner", "definition", "header"]

_INDENT = "    "
_BANNER_WIDTH = 100
_LINE_WIDTH = 110
_ALIGNED_WIDTH = 60


def banner(about: About, results: Sequence[str], given: Sequence[str]) -> str:
    """The docstring: what is computed, of which function, given which seeds, what is inactive."""
    if not about.kind:
        return ""
    text = f"{about.kind.capitalize()} of {about.primal}"
    text += f" ({about.place})" if about.place else ""
    text += f": {_listed(results)}" if results else ""
    text += f", given {_listed(given)}." if given else "."
    if about.inactive:
        text += f" Inactive: {', '.join(about.inactive)}."
    if len(text) + len(_INDENT) + 6 <= _BANNER_WIDTH:
        return text
    lines = textwrap.wrap(text, _BANNER_WIDTH - len(_INDENT) - 3, break_long_words=False)
    return f"\n{_INDENT}".join(lines)


def _listed(names: Sequence[str]) -> str:
    return " and ".join(names) if len(names) == 2 else ", ".join(names)


@dataclass
class Row:
    """A line of text, the comment that goes to its right, and the primal statement it comes from."""

    code: str
    comment: str = ""
    origin: Origin | None = None


def definition(
    name: str, arguments: ast.arguments, docstring: str, lines: Sequence[Line], last: Line, printer: Printer
) -> list[Row]:
    """The lines of the def; `last` is its return statement."""
    rows = [Row(text) for text in _header(name, arguments, printer)]
    if docstring:
        escaped = docstring.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
        rows.append(Row(f'{_INDENT}"""{escaped}"""'))
    rows.extend(_Rows(printer).function(lines, last))
    return [*_aligned(rows)]


def _header(name: str, arguments: ast.arguments, printer: Printer) -> list[str]:
    pieces = list(parameters(arguments, printer))
    line = f"def {name}({', '.join(pieces)}):"
    if len(line) <= _LINE_WIDTH:
        return [line]
    return [f"def {name}(", *(f"{_INDENT * 2}{piece}," for piece in pieces), "):"]


class _Rows:
    """Prints lines; each primal statement becomes a comment where it is first differentiated."""

    def __init__(self, printer: Printer) -> None:
        self.printer = printer
        self.shown: set[tuple[str, int, str]] = set()
        self.sweep = Sweep.NONE

    def function(self, lines: Sequence[Line], last: Line) -> Iterator[Row]:
        for line in lines:
            yield from self.heading(line.sweep)
            yield from self.line(line, _INDENT)
        if last.sweep is Sweep.REVERSE:
            yield from self.heading(last.sweep)
        yield from self.line(last, _INDENT)

    def heading(self, sweep: Sweep) -> Iterator[Row]:
        if sweep is not self.sweep and sweep in (Sweep.FORWARD, Sweep.REVERSE):
            self.sweep = sweep
            yield Row(f"{_INDENT}# {sweep.value}")

    def line(self, line: Line, indent: str) -> Iterator[Row]:
        comment = self.comment(line)
        if not line.blocks:
            for k, text in enumerate(self.statement(line.node, indent)):
                yield Row(text, comment if k == 0 else "", _origin(line))
        for block in line.blocks:
            yield Row(indent + header(block, self.printer), comment, _origin(line))
            comment = ""
            for inner in block.lines:
                yield from self.line(inner, indent + _INDENT)

    def statement(self, node: ast.stmt, indent: str) -> list[str]:
        """The lines of a statement: one, but for a long result with parts."""
        line = indent + self.printer(node)
        value = node.value if isinstance(node, ast.Return) else None
        if len(line) <= _LINE_WIDTH or not isinstance(value, (ast.Tuple, ast.List, ast.Dict)):
            return [line]
        return self.display(value, indent, f"{indent}return ", "")

    def display(
        self, value: ast.Tuple | ast.List | ast.Dict, indent: str, before: str, after: str
    ) -> list[str]:
        """The lines of a tuple, list or dict, one item a line; an item that is too long likewise."""
        if isinstance(value, ast.Dict):
            pairs = [
                (f"{self.printer(key)}: ", item)
                for key, item in zip(value.keys, value.values, strict=True)
                if key is not None
            ]
        else:
            pairs = [("", item) for item in value.elts]
        opening, closing = {ast.Tuple: ("(", ")"), ast.List: ("[", "]"), ast.Dict: ("{", "}")}[type(value)]
        inner = indent + _INDENT
        lines = [f"{before}{opening}"]
        for name, item in pairs:
            text = self.printer(item)
            if len(inner) + len(name) + len(text) < _LINE_WIDTH or not isinstance(
                item, (ast.Tuple, ast.List, ast.Dict)
            ):
                lines.append(f"{inner}{name}{text},")
            else:
                lines.extend(self.display(item, inner, inner + name, ","))
        return [*lines, f"{indent}{closing}{after}"]

    def comment(self, line: Line) -> str:
        """The primal statements that this line is the first to differentiate, the last one first."""
        if line.sweep is not Sweep.REVERSE:
            return ""
        new: list[Origin] = []
        for statement in line.made_of:
            if statement.sweep is Sweep.REVERSE and statement.origin is not None:
                origin = statement.origin.outermost
                key = _key(origin)
                if origin.statement and key not in self.shown:
                    self.shown.add(key)
                    new.append(origin)
        new.sort(key=lambda origin: -origin.line)
        return ", ".join(" ".join(o.statement.removeprefix("return ").splitlines()) for o in new)


def header(block: Block, printer: Printer) -> str:
    """The first line of a compound statement's block."""
    if block.head is None:
        return f"{block.word}:"
    if isinstance(block.head, ast.comprehension):
        target = block.head.target
        names = target.elts if isinstance(target, ast.Tuple) else [target]
        return f"for {', '.join(map(printer, names))} in {printer(block.head.iter)}:"
    return f"{block.word} {printer(block.head)}:"


def _key(origin: Origin) -> tuple[str, int, str]:
    # The equations of a statement over several lines have the lines of their own expressions.
    single = origin.statement in origin.code
    return origin.file, origin.line if single else 0, origin.statement


def _origin(line: Line) -> Origin | None:
    return next((each.origin for each in line.made_of if each.origin is not None), None)


def _aligned(rows: Sequence[Row]) -> Iterator[Row]:
    commented = [k for k, row in enumerate(rows) if row.comment]
    widths = (len(row.code) for row in rows[commented[0] if commented else 0 :])
    column = -(-(max((w for w in widths if w <= _ALIGNED_WIDTH), default=0) + 2) // 4) * 4
    for row in rows:
        if not row.comment:
            yield row
            continue
        code = row.code.ljust(column) if len(row.code) + 2 <= column else row.code + "  "
        room = max(_LINE_WIDTH - len(code) - 2, 24)
        comment = row.comment if len(row.comment) <= room else row.comment[: room - 4].rstrip() + " ..."
        yield replace(row, code=f"{code}# {comment}")
