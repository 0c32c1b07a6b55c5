"""A failing program made as small as possible: fewer statements, opened blocks, simpler expressions."""

from __future__ import annotations

import ast
import copy
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from .drafts import quiet
from .limits import in_time
from .programs import PRELUDE, Program

Edit = Callable[[], None]


def smaller(program: Program, fails: Callable[[Program], bool], seconds: float = 60) -> Program:
    """The smallest program found that still fails; `fails` is asked only about programs that run."""
    deadline = time.monotonic() + seconds
    shrinking, fills = True, "return " not in program.text
    while shrinking and time.monotonic() < deadline:
        shrinking = False
        # After a success the next edits are tried where it left off: what came before has just failed.
        tried, k = set(), 0
        while time.monotonic() < deadline:
            candidate = edited(program, k)
            if candidate is None:
                break
            if candidate.text + candidate.prelude in tried or not shorter(candidate, program):
                k += 1
                continue
            tried.add(candidate.text + candidate.prelude)
            if runs(candidate, fills) and fails(candidate):
                program, shrinking = candidate, True
            else:
                k += 1
    return program


def shorter(one: Program, other: Program) -> bool:
    try:
        return weight(one) < weight(other)
    except SyntaxError:
        return False


def weight(program: Program) -> int:
    """How much there is to read."""
    prelude = "" if program.prelude == PRELUDE else program.prelude
    trees = [ast.parse(text) for text in (program.text, prelude)]
    return sum(
        1 + 3 * isinstance(node, ast.stmt) + isinstance(node, (ast.If, ast.For, ast.While))
        for tree in trees
        for node in ast.walk(tree)
    ) + len(program.elsewhere)


def runs(program: Program, fills: bool) -> bool:
    """Whether it gives a number, or `fills` its arguments, at every point, in time and without a warning."""
    try:
        with in_time(2), quiet():
            function = program.load()
            for point in (program.arguments, *program.elsewhere):
                value = function(**copy.deepcopy(point))
                tame = isinstance(value, (float, np.floating)) and abs(value) < 1e6
                if not (value is None if fills else tame):
                    return False
    except Exception:
        return False
    return True


def edited(program: Program, k: int) -> Program | None:
    """The program after its k-th edit; None if it has no more edits."""
    if program.elsewhere:
        if k == 0:
            return replace(program, elsewhere=())
        if k == 1:
            return replace(program, arguments=program.elsewhere[0], elsewhere=())
        k -= 2
    tree = ast.parse(program.text)
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    spare = [name for name in program.arguments if name not in names]
    if k < len(spare):
        return without(program, spare[k])
    k -= len(spare)
    prelude = None if program.prelude == PRELUDE else ast.parse(program.prelude)
    edits = [*statement_edits(tree), *(statement_edits(prelude) if prelude else ())]
    edits += [*expression_edits(tree), *(expression_edits(prelude) if prelude else ())]
    if k >= len(edits):
        return None
    edits[k]()
    text = program.prelude if prelude is None else ast.unparse(ast.fix_missing_locations(prelude))
    return replace(program, prelude=text, text=ast.unparse(ast.fix_missing_locations(tree)) + "\n")


def without(program: Program, name: str) -> Program:
    """The program without one of its parameters."""
    tree = ast.parse(program.text)
    function = tree.body[0]
    assert isinstance(function, ast.FunctionDef)
    function.args.args = [each for each in function.args.args if each.arg != name]
    points = [{k: x for k, x in p.items() if k != name} for p in (program.arguments, *program.elsewhere)]
    return replace(program, text=ast.unparse(tree) + "\n", arguments=points[0], elsewhere=tuple(points[1:]))


def statement_edits(tree: ast.AST) -> Iterator[Edit]:
    """Delete statements, from the last to the first; put the body of a block in its place."""
    for node in reversed(list(ast.walk(tree))):
        for field in ("body", "orelse"):
            body = getattr(node, field, None)
            if not isinstance(body, list):
                continue
            for k in reversed(range(len(body))):
                if not isinstance(body[k], (ast.Import, ast.ImportFrom)) and _named(body[k]) != "program":
                    yield _put(body, k, [])
                    yield from _opened(body, k)
                    yield from _returned(body, k)


def _named(node: ast.AST) -> str:
    return getattr(node, "name", "")


def _opened(body: list[ast.stmt], k: int) -> Iterator[Edit]:
    match body[k]:
        case ast.For(target, ast.Call(ast.Name("range")), inner):
            yield _put(body, k, [ast.Assign([target], ast.Constant(1)), *inner])
        case ast.For(target, items, inner):
            first = ast.Subscript(items, ast.Constant(0), ast.Load())
            yield _put(body, k, [ast.Assign([target], first), *inner])
        case ast.If(_, inner, others):
            yield _put(body, k, inner)
            yield _put(body, k, others)
            yield _put(body, k, [ast.If(body[k].test, inner, [])])  # type: ignore[attr-defined]
        case ast.While(_, inner) | ast.With(_, inner) | ast.FunctionDef(_, _, inner):
            yield _put(body, k, inner)


def _returned(body: list[ast.stmt], k: int) -> Iterator[Edit]:
    """Return what is assigned, where the next statement returns it."""
    match body[k : k + 2]:
        case [ast.Assign([ast.Name(name)], value), ast.Return(ast.Name(returned))] if name == returned:
            yield _put(body, k, [ast.Return(value)])


def _put(body: list[ast.stmt], k: int, statements: list[Any]) -> Edit:
    def put() -> None:
        body[k : k + 1] = statements
        if not body:
            body.append(ast.Pass())

    return put


def expression_edits(tree: ast.AST) -> Iterator[Edit]:
    """Put a part of an expression, or a constant, in its place; the largest expressions first."""
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            continue  # a text has no expression for a part
        for field, value in ast.iter_fields(node):
            for k, child in enumerate(value) if isinstance(value, list) else ((None, value),):
                if field in ("func", "format_spec") or isinstance(child, ast.Slice):
                    continue
                if isinstance(child, ast.expr) and not isinstance(getattr(child, "ctx", None), ast.Store):
                    for other in _plainer(child):
                        yield _set(node, field, k, other)
                    if isinstance(value, list) and len(value) > 1 and isinstance(node, (ast.Call, ast.List)):
                        yield _drop(value, k)


def _plainer(node: ast.expr) -> Iterator[ast.expr]:
    parts = [
        child
        for child in ast.iter_child_nodes(node)
        if isinstance(child, ast.expr) and not isinstance(child, (ast.Slice, ast.FormattedValue))
    ]
    yield from parts
    if not isinstance(node, ast.Constant) and parts:
        yield ast.Constant(0.5)
        yield ast.Constant(2)


def _set(node: ast.AST, field: str, k: int | None, value: ast.expr) -> Edit:
    def put() -> None:
        if k is None:
            setattr(node, field, value)
        else:
            getattr(node, field)[k] = value

    return put


def _drop(values: list[Any], k: int | None) -> Edit:
    def drop() -> None:
        del values[k or 0]

    return drop
