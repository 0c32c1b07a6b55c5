"""From a function object to its syntax tree, and from a node of the tree to its place in the file."""

from __future__ import annotations

import ast
import functools
import hashlib
import inspect
import linecache
import os
import time
import tokenize
from collections.abc import Iterator, Mapping, Sequence
from types import CodeType, FunctionType
from typing import Any

from ..errors import Origin, SourceError, UnsupportedError

__all__ = ["Definition", "Source", "give_text", "own_nodes", "source_of", "text_of"]

Definition = ast.FunctionDef | ast.Lambda

_STARTED = time.time()
_NO_SOURCE = "Define it in a file or a notebook cell, so that its text can be read."


class Source:
    """The text that a function was defined in; line numbers of nodes are `offset` short of the file's."""

    def __init__(self, path: str, lines: Sequence[str], node: Definition, offset: int, owner: str) -> None:
        self.path, self.lines, self.node, self.offset, self.owner = path, lines, node, offset, owner
        self.file = display(path)
        self._statements: dict[ast.AST, str] = {}

    @property
    def name(self) -> str:
        return getattr(self.node, "name", "lambda")

    def within(self, node: Definition) -> Source:
        """The source of a function defined inside this one."""
        return Source(self.path, self.lines, node, self.offset, self.owner)

    def origin(self, node: Any, statement: ast.AST, caller: Origin | None) -> Origin:
        """The place of `node`, which belongs to `statement`."""
        line = node.lineno + self.offset
        code = self._line(line)
        column = _characters(code, node.col_offset)
        if node.end_lineno == node.lineno:
            width = _characters(code, node.end_col_offset) - column
        else:
            width = len(code.rstrip()) - column
        return Origin(
            self.file, line, column + 1, max(width, 1), code.rstrip(), self.statement(statement), caller
        )

    def statement(self, node: Any) -> str:
        """The text of a statement on one line; of `return x` only `x`."""
        if node not in self._statements:
            if isinstance(
                node, (ast.FunctionDef, ast.ClassDef, ast.If, ast.For, ast.While, ast.With, ast.Try)
            ):
                self._statements[node] = self._line(node.lineno + self.offset).strip().rstrip(":")
            else:
                shown = node.value if isinstance(node, ast.Return) and node.value is not None else node
                self._statements[node] = self.text(node.body if isinstance(node, ast.Lambda) else shown)
        return self._statements[node]

    def text(self, node: Any) -> str:
        """The text of a node on one line, as written."""
        first, last = node.lineno + self.offset, node.end_lineno + self.offset
        if first == last:
            line = self._line(first).encode()
            return line[node.col_offset : node.end_col_offset].decode()
        if any("#" in self._line(k) for k in range(first, last + 1)):
            return ast.unparse(node).replace("\n", " ")
        lines = [self._line(k) for k in range(first, last + 1)]
        lines[-1] = lines[-1].encode()[: node.end_col_offset].decode()
        lines[0] = lines[0].encode()[node.col_offset :].decode()
        return " ".join(" ".join(lines).split()).replace("( ", "(").replace(" )", ")")

    def _line(self, number: int) -> str:
        return self.lines[number - 1] if 0 < number <= len(self.lines) else ""


def _characters(line: str, offset: int) -> int:
    # ast counts UTF-8 bytes, people count characters.
    return offset if line.isascii() else len(line.encode()[:offset].decode(errors="ignore"))


def source_of(function: FunctionType, called: bool = True) -> Source:
    """The source of a Python function or lambda, which is `called` by another or differentiated itself.

    Raises SourceError where there is none, UnsupportedError where it has no single result.
    """
    code = function.__code__
    for flags, kind in (
        (inspect.CO_ASYNC_GENERATOR | inspect.CO_COROUTINE, "an async function"),
        (0 if called else inspect.CO_GENERATOR, "a generator"),
    ):
        if code.co_flags & flags:
            raise UnsupportedError(
                f"{function.__qualname__} is {kind}: it has no single result to differentiate",
                "Write a function that returns its result.",
                _first_line(function),
            )
    return _source_of_code(code, _lines(function))


def _first_line(function: FunctionType) -> Origin:
    code, lines = function.__code__, _lines(function)
    number = code.co_firstlineno
    while number < len(lines) and lines[number - 1].lstrip().startswith("@"):
        number += 1
    line = lines[number - 1].rstrip()
    text = line.strip()
    return Origin(display(code.co_filename), number, len(line) - len(text) + 1, len(text), line, text)


def display(filename: str) -> str:
    """How a file is called in messages and comments: short, and the same wherever it lies."""
    if filename.startswith("<"):
        return filename
    return "<notebook>" if "ipykernel" in filename else os.path.basename(filename)


def _lines(function: FunctionType) -> tuple[str, ...]:
    code = function.__code__
    linecache.checkcache(code.co_filename)
    lines = linecache.getlines(code.co_filename, function.__globals__)
    if not lines or code.co_firstlineno > len(lines):
        raise _unavailable(code)
    return tuple(lines)


def text_of(function: object) -> tuple[str, ...]:
    """The lines of the file that a Python function is from, to be sent along with it; else nothing."""
    try:
        return _lines(function) if isinstance(function, FunctionType) else ()
    except SourceError:
        return ()


def give_text(function: object, lines: tuple[str, ...]) -> None:
    """Make the text of a function that came without its file, from another process, known in this one."""
    if not lines or not isinstance(function, FunctionType) or text_of(function):
        return
    code = function.__code__
    name = f"<{code.co_name} {hashlib.sha256(''.join(lines).encode()).hexdigest()[:12]}>"
    linecache.cache[name] = (sum(map(len, lines)), None, list(lines), name)
    function.__code__ = code.replace(co_filename=name)


def _unavailable(code: CodeType) -> SourceError:
    return SourceError(
        f"the source of {code.co_qualname} is not available: "
        f"it was typed at a prompt or made by exec ({display(code.co_filename)}:{code.co_firstlineno})",
        _NO_SOURCE,
    )


@functools.lru_cache(maxsize=512)
def _source_of_code(code: CodeType, lines: tuple[str, ...]) -> Source:
    # Code objects compare by their content, positions included, so the key is what the text says.
    file = display(code.co_filename)
    parts = code.co_qualname.split(".")
    owner = parts[-2] if len(parts) > 1 and parts[-2] != "<locals>" else ""
    if code.co_name == "<lambda>":
        node: Definition = _lambda(code, lines, file)
        return Source(code.co_filename, lines, node, 0, owner)
    node, offset = _definition(code, lines, file)
    return Source(code.co_filename, lines, node, offset, owner)


def _definition(code: CodeType, lines: tuple[str, ...], file: str) -> tuple[Definition, int]:
    try:
        block = inspect.getblock(lines[code.co_firstlineno - 1 :])
        # "if 1:" rather than dedent: columns and multi-line strings stay as they are in the file.
        indented = block[0][:1].isspace()
        text = "".join(("if 1:\n" if indented else "", *block))
        tree = ast.parse(text)
    except (SyntaxError, tokenize.TokenError, IndexError) as error:
        raise _stale(code, file) from error
    body = tree.body[0].body if indented and isinstance(tree.body[0], ast.If) else tree.body
    node = body[0] if body else None
    if (
        not isinstance(node, ast.FunctionDef)
        or node.name != code.co_name
        or _arguments(node) != _declared(code)
    ):
        raise _stale(code, file)
    if _edited(code.co_filename) and not _same_code(node, code, lines):
        raise _stale(code, file)
    return node, code.co_firstlineno - (2 if indented else 1)


def _edited(filename: str) -> bool:
    """Whether the file was written to since this module was imported."""
    try:
        return os.path.getmtime(filename) > _STARTED
    except OSError:
        return False


def _same_code(node: ast.FunctionDef, code: CodeType, lines: tuple[str, ...]) -> bool:
    """Whether the text compiles to what runs. Import hooks that rewrite asserts are given the benefit."""
    if any(isinstance(inner, ast.Assert) for inner in ast.walk(node)):
        return True
    twin = ast.FunctionDef(**{**{name: getattr(node, name) for name in node._fields}, "decorator_list": []})
    cells: list[ast.expr] = [ast.Name(name, ast.Store()) for name in code.co_freevars]
    bind = [ast.Assign(cells, ast.Constant(None))] if cells else []
    around = ast.parse("def around(): pass").body[0]
    assert isinstance(around, ast.FunctionDef)
    around.body = [*bind, twin]
    whole = ast.fix_missing_locations(ast.Module([*_imports(lines), around], []))
    module = compile(whole, code.co_filename, "exec")
    return _content(_code_in(_code_in(module, "around"), node.name)) == _content(code)


def _imports(lines: tuple[str, ...]) -> list[ast.stmt]:
    """The imports of a file: Python compiles math.sin(x) differently where the file itself imports math."""
    try:
        body = ast.parse("".join(lines)).body
    except SyntaxError:
        return []
    outside = [each for each in body if not isinstance(each, (ast.FunctionDef, ast.ClassDef))]
    walked = (inner for each in outside for inner in ast.walk(each))
    return [each for each in walked if isinstance(each, (ast.Import, ast.ImportFrom))]


def _content(code: CodeType) -> tuple[object, ...]:
    consts = tuple(_content(c) if isinstance(c, CodeType) else repr(c) for c in code.co_consts)
    return code.co_code, code.co_names, code.co_varnames, consts


def _code_in(code: CodeType, name: str) -> CodeType:
    return next(const for const in code.co_consts if isinstance(const, CodeType) and const.co_name == name)


def _stale(code: CodeType, file: str) -> SourceError:
    if file.startswith("<"):
        return _unavailable(code)
    return SourceError(
        f"the text of {file} at line {code.co_firstlineno} is not the source of {code.co_name}: "
        "the file has changed since it was imported",
        "Import it again.",
    )


def _arguments(node: Definition) -> list[str]:
    arguments = node.args
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    named += [each for each in (arguments.vararg, arguments.kwarg) if each is not None]
    return [each.arg for each in named]


def _declared(code: CodeType) -> list[str]:
    flags = bool(code.co_flags & inspect.CO_VARARGS) + bool(code.co_flags & inspect.CO_VARKEYWORDS)
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount + flags]
    owner = code.co_qualname.split(".")[-2].lstrip("_") if "." in code.co_qualname else ""
    return [name.removeprefix(f"_{owner}") if name.startswith(f"_{owner}__") else name for name in names]


def _lambda(code: CodeType, lines: tuple[str, ...], file: str) -> ast.Lambda:
    try:
        tree = _parsed(lines)
    except SyntaxError as error:
        raise SourceError(
            f"{file} cannot be parsed: {error.msg}", "Use a def in a file of its own."
        ) from error
    found = [node for node in tree if node.lineno <= code.co_firstlineno <= node.body.lineno]
    found = [node for node in found if _arguments(node) == _declared(code)] or found
    if len(found) > 1:
        span = _span(code)
        found = [node for node in found if _place(node.body) == span]
    if len(found) == 1:
        return found[0]
    several = any(node.lineno == code.co_firstlineno for node in tree)
    line = lines[code.co_firstlineno - 1].rstrip()
    indent = len(line) - len(line.lstrip())
    raise SourceError(
        "there are several lambdas on this line, and which one is meant cannot be told"
        if several
        else "no lambda is found here: the file has changed since it was imported",
        "Write each lambda on a line of its own, or use def.",
        Origin(file, code.co_firstlineno, indent + 1, len(line) - indent, line, line.strip()),
    )


@functools.lru_cache(maxsize=16)
def _parsed(lines: tuple[str, ...]) -> tuple[ast.Lambda, ...]:
    """The lambdas of a file."""
    tree = ast.parse("".join(lines))
    return tuple(node for node in ast.walk(tree) if isinstance(node, ast.Lambda))


def _place(node: Any) -> tuple[tuple[int, int], tuple[int, int]]:
    return (node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset)


def _span(code: CodeType) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """From where to where the instructions of a lambda come: exactly its body."""
    starts, ends = [], []
    for line, end_line, column, end_column in code.co_positions():
        if line is None or end_line is None or column is None or end_column is None:
            continue
        if end_column > 0:
            starts.append((line, column))
            ends.append((end_line, end_column))
    return (min(starts), max(ends)) if starts else None


def names_bound(node: Definition) -> frozenset[str]:
    """The local names of a function defined while lowering: its parameters and what its body assigns."""
    names = set(_arguments(node))
    outside: set[str] = set()
    body: Sequence[ast.AST] = node.body if isinstance(node.body, list) else [node.body]
    for inner in own_nodes(body):
        match inner:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                names.add(name)
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.AsyncFunctionDef(name=name):
                names.add(name)
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)):
                names.add(name)
            case ast.MatchStar(name=str(name)) | ast.MatchMapping(rest=str(name)):
                names.add(name)
            case ast.alias(name=name, asname=asname):
                names.add(asname or name.split(".")[0])
            case ast.Global(names=declared) | ast.Nonlocal(names=declared):
                outside.update(declared)
    return frozenset(names - outside)


def own_nodes(body: Sequence[ast.AST]) -> Iterator[ast.AST]:
    """All nodes of a function's body without those of functions and comprehension variables inside it."""
    pending = list(body)
    while pending:
        node = pending.pop()
        yield node
        if isinstance(node, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            pending.extend(inner for inner in ast.walk(node) if isinstance(inner, ast.NamedExpr))
        elif not isinstance(node, (ast.FunctionDef, ast.Lambda, ast.ClassDef)):
            pending.extend(ast.iter_child_nodes(node))


def defaults_as_text(source: Source, function: Any) -> Mapping[str, str]:
    """The text of each default that a generated signature can repeat."""
    node, given = source.node.args, {}
    positional = [*node.posonlyargs, *node.args]
    for argument, default in zip(reversed(positional), reversed(node.defaults), strict=False):
        given[argument.arg] = default
    given.update({a.arg: d for a, d in zip(node.kwonlyargs, node.kw_defaults, strict=True) if d is not None})
    return {name: source.text(default) for name, default in given.items() if _literal(default)}


def _literal(node: ast.AST) -> bool:
    return all(
        isinstance(inner, (ast.Constant, ast.UnaryOp, ast.USub, ast.Tuple, ast.List, ast.Dict, ast.Load))
        for inner in ast.walk(node)
    )
