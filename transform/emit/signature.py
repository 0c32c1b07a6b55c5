"""How Python's arguments and results are made of the leaves that equations speak of."""

from __future__ import annotations

import ast
import dataclasses
import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ..errors import IRError, UnsupportedError
from ..ir import Atom, Function, Input, Slot
from ..tree import Node, Static, Tree
from .globals import Globals
from .printer import Printer
from .template import fill, number
from .writer import name

__all__ = ["inputs_of", "leaves_of", "parameters", "returned", "signature", "static"]

_DEFAULT = inspect.Parameter.POSITIONAL_OR_KEYWORD


def inputs_of(function: Function) -> tuple[Input, ...]:
    """The parameters; those of a function that was built by hand are its leaves."""
    if function.inputs or not function.params:
        return function.inputs
    return tuple(Input(var.name, _DEFAULT, Slot(k)) for k, var in enumerate(function.params))


def signature(inputs: Sequence[Input], globals_: Globals) -> ast.arguments:
    """The parameter list of the def."""
    groups: dict[Any, list[ast.arg]] = {kind: [] for kind in inspect._ParameterKind}
    defaults: list[ast.expr] = []
    keyword_defaults: list[ast.expr | None] = []
    for each in inputs:
        groups[each.kind].append(ast.arg(arg=each.name, annotation=None))
        default = _default(each.default, globals_) if each.default else None
        if each.kind is inspect.Parameter.KEYWORD_ONLY:
            keyword_defaults.append(default)
        elif default is not None:
            defaults.append(default)
        elif each.kind in (_DEFAULT, inspect.Parameter.POSITIONAL_ONLY):
            defaults.clear()  # a default may not stand before a parameter that has none
    parameter = inspect.Parameter
    return ast.arguments(
        posonlyargs=groups[parameter.POSITIONAL_ONLY],
        args=groups[parameter.POSITIONAL_OR_KEYWORD],
        vararg=next(iter(groups[parameter.VAR_POSITIONAL]), None),
        kwonlyargs=groups[parameter.KEYWORD_ONLY],
        kw_defaults=keyword_defaults,
        kwarg=next(iter(groups[parameter.VAR_KEYWORD]), None),
        defaults=defaults,
    )


def _default(text: str, globals_: Globals) -> ast.expr:
    found = ast.parse(text, mode="eval").body
    try:
        rename = globals_.rename({n.id for n in ast.walk(found) if isinstance(n, ast.Name)}, {})
    except IRError:
        # It names what this module does not have. Whoever calls without it gets a clear TypeError.
        return ast.Constant(value=None)
    renamed: ast.expr = fill(found, (), rename)
    return renamed


def parameters(arguments: ast.arguments, printer: Printer) -> Iterator[str]:
    """The texts between the commas of a parameter list."""
    positional = [*arguments.posonlyargs, *arguments.args]
    without = len(positional) - len(arguments.defaults)
    for k, each in enumerate(positional):
        yield each.arg if k < without else f"{each.arg}={printer(arguments.defaults[k - without])}"
        if k + 1 == len(arguments.posonlyargs):
            yield "/"
    if arguments.vararg is not None:
        yield f"*{arguments.vararg.arg}"
    elif arguments.kwonlyargs:
        yield "*"
    for each, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        yield each.arg if default is None else f"{each.arg}={printer(default)}"
    if arguments.kwarg is not None:
        yield f"**{arguments.kwarg.arg}"


def leaves_of(each: Input) -> Iterator[tuple[int, ast.expr]]:
    """The positions of an argument's leaves, each with the expression that reads it."""
    yield from _leaves(each.tree, lambda: name(each.name))


def _leaves(tree: Tree, base: Callable[[], ast.expr]) -> Iterator[tuple[int, ast.expr]]:
    if isinstance(tree, Slot):
        yield tree.position, base()
    if isinstance(tree, Node):
        for key, child in zip(tree.keys, tree.children, strict=True):
            yield from _leaves(child, lambda key=key: _item(tree, base(), key))  # type: ignore[misc]


def _item(node: Node, base: ast.expr, key: Any) -> ast.expr:
    if node.is_record or node.is_named_tuple:
        return ast.Attribute(value=base, attr=key, ctx=ast.Load())
    return ast.Subscript(value=base, slice=static(key), ctx=ast.Load())


def static(value: Any, globals_: Globals | None = None) -> ast.expr:
    """The node of a value that is known while lowering: None, a string, a number, a tuple of these."""
    if value is None or value is Ellipsis or isinstance(value, (str, bytes, bool)):
        return ast.Constant(value=value)
    if type(value) in (tuple, list):
        elements = [static(item, globals_) for item in value]
        kind = ast.Tuple if type(value) is tuple else ast.List
        return kind(elts=elements, ctx=ast.Load())
    if type(value) is dict:
        keys: list[ast.expr | None] = [static(key, globals_) for key in value]
        return ast.Dict(keys=keys, values=[static(item, globals_) for item in value.values()])
    try:
        return number(value)
    except UnsupportedError:
        if globals_ is None:
            raise UnsupportedError(f"{value!r} cannot be written as source text") from None
    hint = getattr(value, "__name__", type(value).__name__.lower())
    return name(globals_.name(hint if hint.isidentifier() else "value", value))


class _Output:
    """Builds the expression of the result from the tree of what is returned."""

    def __init__(self, function: Function, expression: Callable[[Atom], ast.expr], globals_: Globals) -> None:
        self.results, self.expression, self.globals = function.results, expression, globals_
        self.bases = [found for each in inputs_of(function) for found in _records(each.tree, name(each.name))]

    def build(self, tree: Tree) -> ast.expr:
        if isinstance(tree, Slot):
            return self.expression(self.results[tree.position])
        if isinstance(tree, Static):
            return static(tree.value, self.globals)
        if tree.kind is dict:
            keys: list[ast.expr | None] = [static(key) for key in tree.keys]
            return ast.Dict(keys=keys, values=[self.build(child) for child in tree.children])
        if tree.kind in (tuple, list):
            kind = ast.Tuple if tree.kind is tuple else ast.List
            return kind(elts=[self.build(child) for child in tree.children], ctx=ast.Load())
        return self.record(tree)

    def record(self, node: Node) -> ast.expr:
        """`dataclasses.replace(p, x=x_bar)` where an argument p has the same fields, else the constructor."""
        base = next((base for like, base in self.bases if _alike(node, like)), None)
        fields = list(zip(node.keys, node.children, strict=True))
        if node.is_record:
            derived = [field.name for field in dataclasses.fields(node.kind) if not field.init]
            if derived:
                raise UnsupportedError(
                    f"{node.kind.__name__} computes its field {derived[0]} itself (init=False), so that"
                    " generated code cannot make one",
                    "Return the fields that matter as a tuple or a dict.",
                )
        if base is None:
            kind = name(self.globals.name(node.kind.__name__, node.kind))
            return ast.Call(func=kind, args=[], keywords=self.keywords(fields))
        changed = self.keywords([(key, child) for key, child in fields if not isinstance(child, Static)])
        if not changed:
            return base
        if node.is_named_tuple:
            method = ast.Attribute(value=base, attr="_replace", ctx=ast.Load())
            return ast.Call(func=method, args=[], keywords=changed)
        module = name(self.globals.name("dataclasses", dataclasses))
        replace = ast.Attribute(value=module, attr="replace", ctx=ast.Load())
        return ast.Call(func=replace, args=[base], keywords=changed)

    def keywords(self, fields: Sequence[tuple[str, Tree]]) -> list[ast.keyword]:
        return [ast.keyword(arg=key, value=self.build(child)) for key, child in fields]


def _records(tree: Tree, base: ast.expr) -> Iterator[tuple[Node, ast.expr]]:
    if isinstance(tree, Node):
        if tree.kind not in (tuple, list, dict):
            yield tree, base
        for key, child in zip(tree.keys, tree.children, strict=True):
            yield from _records(child, _item(tree, base, key))


def _alike(node: Node, like: Node) -> bool:
    """Whether a record can be made from another one by replacing the fields that are not static."""

    def equal(a: Tree, b: Tree) -> bool:
        if not isinstance(a, Static):
            return True
        return isinstance(b, Static) and (a.value is b.value or bool(_equal(a.value, b.value)))

    return node.kind is like.kind and node.keys == like.keys and all(map(equal, node.children, like.children))


def _equal(a: Any, b: Any) -> bool:
    try:
        return type(a) is type(b) and bool(a == b)
    except Exception:
        return False


def returned(function: Function, expression: Callable[[Atom], ast.expr], globals_: Globals) -> ast.expr:
    """The expression after `return`."""
    output = _Output(function, expression, globals_)
    if function.output is not None:
        return output.build(function.output)
    values = [expression(result) for result in function.results]
    return values[0] if len(values) == 1 else ast.Tuple(elts=values, ctx=ast.Load())
