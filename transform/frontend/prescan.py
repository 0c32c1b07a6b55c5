"""What a loop's body writes to, as far as the syntax tells: a guess that saves lowering it once more."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import Any

__all__ = ["grown_names", "written_bases"]


def written_bases(body: Sequence[ast.AST]) -> Iterator[ast.expr]:
    """The expressions whose arrays a body may write to, as far as the syntax tells."""
    for node in body:
        for inner in ast.walk(node):
            targets: list[Any] = []
            match inner:
                case ast.Assign(targets=given):
                    targets = list(given)
                case ast.AugAssign(target=target):
                    targets = [target, ast.Subscript(target, ast.Constant(0), ast.Load())]
                case ast.Call(func=ast.Attribute(value=owner, attr=attr), keywords=keywords):
                    if attr in ("fill", "sort", "put", "at"):
                        yield owner
                    yield from (k.value for k in keywords if k.arg == "out")
            for target in targets:
                parts = target.elts if isinstance(target, (ast.Tuple, ast.List)) else [target]
                for part in parts:
                    if isinstance(part, ast.Subscript):
                        yield _base(part)


_RESIZING = frozenset({"append", "extend", "pop", "clear"})


def grown_names(body: Sequence[ast.AST]) -> frozenset[str]:
    """The names of lists that a body makes longer or shorter, as far as the syntax tells."""
    found = set()
    for node in body:
        for inner in ast.walk(node):
            match inner:
                case ast.Call(
                    func=ast.Attribute(value=ast.Name(id=name), attr="append" | "extend" | "pop" | "clear")
                ):
                    found.add(name)
                case ast.AugAssign(target=ast.Name(id=name), op=ast.Add()):
                    found.add(name)
    return frozenset(found)


def _base(node: ast.expr) -> ast.expr:
    return _base(node.value) if isinstance(node, ast.Subscript) else node
