"""Classes defined inside a function: Python makes them, their methods are lowered where they are called."""

from __future__ import annotations

import ast
import copy
from typing import Any

from ..errors import UnsupportedError
from .scope import Frame
from .source import own_nodes
from .statements import statement

__all__: list[str] = []


@statement(ast.ClassDef)
def _class(frame: Frame, node: ast.ClassDef) -> None:
    """Run the class statement in a function whose variables are what it reads from around it."""
    names = sorted(_read(node) & _visible(frame))
    _check_constant(frame, names)
    values = {name: frame.load(name) for name in names if name != node.name}
    around = ast.FunctionDef(
        name="around",
        args=ast.arguments([], [ast.arg(name) for name in values], None, [], [], None, []),
        body=[copy.deepcopy(node), ast.Return(ast.Name(node.name, ast.Load()))],
        decorator_list=[],
    )
    ast.copy_location(around, node)
    module = ast.fix_missing_locations(ast.Module([around], []))
    ast.increment_lineno(module, frame.source.offset)
    scope: dict[str, Any] = {}
    exec(compile(module, frame.source.path, "exec"), frame.globals, scope)
    made = frame.low.native(scope["around"], **values)
    frame.bind(node.name, frame.low.new_object(made))


def _read(node: ast.ClassDef) -> set[str]:
    return {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}


def _visible(frame: Frame | None) -> set[str]:
    """The variables of the running function and of those around it."""
    found: set[str] = set()
    while frame is not None:
        found |= {*frame.names, *frame.cells}
        frame = frame.parent
    return found


def _check_constant(frame: Frame, names: list[str]) -> None:
    """Refuse a class whose methods read a variable that changes: they would see its first value for ever."""
    body = frame.source.node.body
    stores: dict[str, int] = dict.fromkeys(names, 0)
    for inner in own_nodes(body if isinstance(body, list) else [body]):
        if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store) and inner.id in stores:
            stores[inner.id] += 1
        if isinstance(inner, ast.arg) and inner.arg in stores:
            stores[inner.arg] += 1
    arguments = frame.source.node.args
    for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
        if argument.arg in stores:
            stores[argument.arg] += 1
    changing = next((name for name, count in stores.items() if count > 1), None)
    if changing is not None:
        raise UnsupportedError(
            f"a class inside the function reads {changing}, which is assigned more than once",
            "Pass it to the class as an argument, or move the class out of the function.",
        )
