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
    name: str,
    arguments: ast.arguments,
    docstring: str,
    lines: Sequence[Line],
    last: Line,
    printer: Printer,
    above: bool = False,
) -> list[Row]:
    """The lines of the def; `last` is its return statement.

    What a loop nest computes is said `above` it, of what is no such loop at the end of a line.
    """
    rows = [Row(text) for text in _header(name, arguments, printer)]
    if docstring:
        escaped = docstring.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
        rows.append(Row(f'{_INDENT}"""{escaped}"""'))
    rows.extend(_Rows(printer, lines if above else ()).function(lines, last))
    return [*_aligned(rows)]


def _header(name: str, arguments: ast.arguments, printer: Printer) -> list[str]:
    pieces = list(parameters(arguments, printer))
    line = f"def {name}({', '.join(pieces)}):"
    if len(line) <= _LINE_WIDTH:
        return [line]
    return [f"def {name}(", *(f"{_INDENT * 2}{piece}," for piece in pieces), "):"]


class _Rows:
    """Prints lines; each primal statement becomes a comment where it is first differentiated.

    Those of loop nests among `lines` have their comments above them.
    """

    def __init__(self, printer: Printer, lines: Sequence[Line]) -> None:
        self.printer = printer
        self.sweep = Sweep.NONE
        self.nests = {id(line) for line in _each(lines) if line.nest}
        inside = [origin for line in _each(lines) if line.nest for origin in _origins([line])]
        self.shown = {_key(origin) for origin in inside}
        self.above: list[str] = []

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
        if id(line) in self.nests:
            yield from self.nest(line, indent)
            return
        comment = self.comment(line)
        if not line.blocks:
            for k, text in enumerate(self.statement(line.node, indent)):
                yield Row(text, comment if k == 0 else "", _origin(line))
        for block in line.blocks:
            yield Row(indent + header(block, self.printer), comment, _origin(line))
            comment = ""
            for inner in block.lines:
                yield from self.line(inner, indent + _INDENT)

    def nest(self, line: Line, indent: str) -> Iterator[Row]:
        """A loop nest below the primal statements that it is for, if the nest before is not for the same."""
        origins = {_key(origin): origin for origin in _origins([line])}.values()
        above = [f"# {_told(o)}" for o in sorted(origins, key=lambda o: o.line)]
        if line.sweep is Sweep.REVERSE:
            above.reverse()
        if above != self.above:
            yield from (Row(_cut(indent + text)) for text in above)
        self.above = above
        yield from self.loops(line, indent)

    def loops(self, line: Line, indent: str) -> Iterator[Row]:
        """A loop without comments."""
        if not line.blocks:
            yield from (Row(text, origin=_origin(line)) for text in self.statement(line.node, indent))
        for block in line.blocks:
            yield Row(indent + header(block, self.printer), origin=_origin(line))
            for inner in block.lines:
                yield from self.loops(inner, indent + _INDENT)

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
        return ", ".join(map(_told, new))


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


def _each(lines: Sequence[Line]) -> Iterator[Line]:
    """Lines and those inside them, a loop nest as one."""
    for line in lines:
        yield line
        for block in () if line.nest else line.blocks:
            yield from _each(block.lines)


def _origins(lines: Sequence[Line]) -> Iterator[Origin]:
    """The primal statements that lines come from, those inside them included."""
    for line in lines:
        # The limits of a loop are nobody's in particular.
        for statement in () if line.nest else line.made_of:
            if statement.origin is not None and statement.origin.outermost.statement:
                yield statement.origin.outermost
        for block in line.blocks:
            yield from _origins(block.lines)


def _told(origin: Origin) -> str:
    return " ".join(origin.statement.removeprefix("return ").splitlines())


def _cut(text: str, width: int = _LINE_WIDTH) -> str:
    return text if len(text) <= width else text[: width - 4].rstrip() + " ..."


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
        comment = _cut(row.comment, room)
        yield replace(row, code=f"{code}# {comment}")
