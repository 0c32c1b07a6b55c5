"""The way in: a callable and the types of its arguments become an SSA function."""

from __future__ import annotations

import ast
import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any

import numpy as np

from ..errors import IRError, Origin, SourceError, TransformError, UnsupportedError
from ..ir import Function, Input, Slot, Var
from ..rules.build import Value
from ..tree import Node, Static, Tree, rebuild
from . import (
    augmented,
    builtin,
    classes,
    comprehensions,
    exceptions,
    expressions,
    loops,
    match,
    passive,
    reports,
    sequences,
    statements,
    writers,
)
from .lowering import Lowering, PinNeeded, RecursionFound, StaticNeeded
from .naming import python_method
from .nested import lower_closure
from .outside import Place
from .program import Program
from .reads import Read
from .resolve import resolved
from .results import finished
from .scope import Closure, Raised
from .source import Source, defaults_as_text, source_of

__all__ = ["Lowered", "lower", "parameters", "place"]

_MOST_PINNED = 1000

_HANDLERS = (
    loops,
    augmented,
    builtin,
    comprehensions,
    classes,
    exceptions,
    expressions,
    match,
    passive,
    reports,
    sequences,
    statements,
    writers,
)  # importing them fills the tables of handlers


@dataclass(frozen=True, slots=True, eq=False)
class Lowered:
    """A lowered function, and what it took from outside."""

    function: Function
    reads: tuple[Read, ...]


def parameters(target: Callable[..., Any]) -> inspect.Signature:
    """The signature of a callable, as it is called: without self, without what a partial has bound.

    Raises SourceError for what has no signature that Python knows.
    """
    if isinstance(target, Closure):
        declared: inspect.Signature = target.signature
        return declared
    if isinstance(target, np.ufunc):
        names = ("x", "y", "z")[: target.nin]
        return inspect.Signature([inspect.Parameter(n, inspect.Parameter.POSITIONAL_ONLY) for n in names])
    try:
        signature: inspect.Signature = inspect.signature(target)
        return signature
    except (TypeError, ValueError) as error:
        name = getattr(target, "__qualname__", None) or repr(target)
        raise SourceError(
            f"{name} is compiled: it has no Python source", "Wrap it in a Python function that calls it."
        ) from error


def lower(
    target: Callable[..., Any], arguments: Mapping[str, Tree], results: tuple[str, ...] | str | None = None
) -> Lowered:
    """The SSA function of `target` for arguments of the given types.

    `arguments` has one tree per parameter: a Type at each number or array, tree.Static at all else.
    `results` names what counts as the function's results, see results.chosen.
    Raises StaticNeeded where an int argument must be known, TransformError where it cannot be done.
    """
    if isinstance(target, Closure):
        return Lowered(lower_closure(target, arguments), ())
    pinned: frozenset[Place] = frozenset()
    recursive: frozenset[Any] = frozenset()
    while True:
        low = Lowering(pinned, Program(recursive))
        try:
            return _lower(low, target, arguments, results)
        except PinNeeded as needed:
            pinned |= needed.places
            if len(pinned) > _MOST_PINNED:
                raise UnsupportedError(
                    "too many numbers from outside decide what is computed",
                    "Pass them as arguments, or make the objects that hold them before the call.",
                    low.builder.origin,
                ) from needed
        except RecursionFound as found:
            recursive |= {found.key}
        except Raised as raised:
            raise _uncaught(raised) from raised.error
        except (TransformError, StaticNeeded):
            raise
        except RecursionError as error:
            raise UnsupportedError(
                "the expressions or calls are nested too deeply", "Split them.", low.builder.origin
            ) from error
        except Exception as error:
            raise IRError(
                f"a defect of transform: {type(error).__name__}: {error}",
                "Please report it, with the function and this message.",
                low.builder.origin,
            ) from error


def _uncaught(raised: Raised) -> UnsupportedError:
    error = raised.error
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return UnsupportedError(
        f"for arguments of these types the function raises {text}",
        "Make it run by itself with such arguments first.",
        raised.origin,
    )


def _lower(
    low: Lowering,
    target: Callable[..., Any],
    arguments: Mapping[str, Tree],
    results: tuple[str, ...] | str | None,
) -> Lowered:
    source = _source(target)
    texts = defaults_as_text(source, target) if source is not None else {}
    inputs, args, kwargs = given(low, parameters(target), arguments, texts)
    if source is None:
        _leave_out_defaults(parameters(target), args)
    origin = None if source is None else source.origin(source.node, source.node, None)
    try:
        function = finished(low, target, origin, inputs, low.call(target, args, kwargs), results)
    except TransformError as error:
        error.at(origin)
        raise
    return Lowered(*resolved(function, low.outside.reads.values(), low.builder.dims))


def given(
    low: Lowering, signature: inspect.Signature, arguments: Mapping[str, Tree], texts: Mapping[str, str]
) -> tuple[tuple[Input, ...], list[Any], dict[str, Any]]:
    """The inputs of a function with these arguments, and the arguments to call it with while lowering."""
    names = _names(arguments)
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    inputs = []
    for name, tree in arguments.items():
        parameter = signature.parameters[name]
        inputs.append(Input(name, parameter.kind, _slots(low, tree, names[name]), texts.get(name, "")))
        value = low.arguments[name] = _argument(low, inputs[-1].tree)
        match parameter.kind:
            case parameter.VAR_POSITIONAL:
                args.extend(value)
            case parameter.VAR_KEYWORD:
                kwargs.update(value)
            case parameter.KEYWORD_ONLY:
                kwargs[name] = value
            case _:
                args.append(value)
    return tuple(inputs), args, kwargs


def _leave_out_defaults(signature: inspect.Signature, args: list[Any]) -> None:
    """Shorten positional arguments by the defaults at their end: rules know NumPy's, but not its no-value."""
    declared = list(signature.parameters.values())[: len(args)]
    while args and declared and args[-1] is declared[-1].default:
        args.pop()
        declared.pop()


def _source(target: Any) -> Source | None:
    """The source of the function that a callable leads to; None where a rule or a class stands for it."""
    while True:
        match target:
            case functools.partial():
                target = target.func
            case MethodType():
                target = target.__func__
            case FunctionType():
                return source_of(target, called=False)
            case BuiltinFunctionType() | np.ufunc():
                return None
            case _ if isinstance(target, functools._lru_cache_wrapper) or hasattr(target, "py_func"):
                target = getattr(target, "py_func", None) or target.__wrapped__
            case _ if not isinstance(target, type) and python_method(target, "__call__") is not None:
                target = python_method(target, "__call__")
            case _:
                return None


def place(target: Any, parameter: str = "") -> Origin | None:
    """Where the function that a callable leads to is defined, or its parameter; None without a text."""
    try:
        source = _source(target)
    except TransformError:
        return None
    if source is None:
        return None
    found: Any = source.node
    for argument in ast.walk(source.node.args):
        if isinstance(argument, ast.arg) and argument.arg == parameter:
            found = argument
    return source.origin(found, source.node, None)


# Arguments.


def _slots(low: Lowering, tree: Tree, names: Tree) -> Tree:
    """The tree with a Slot at each leaf; the leaves become params, called as `names` says."""
    if isinstance(tree, Node):
        children = zip(tree.children, names.children, strict=True)
        return Node(tree.kind, tree.keys, tuple(_slots(low, child, name) for child, name in children))
    if isinstance(tree, Static):
        return tree
    low.params.append(Var(names, tree))
    low.memory.params.add(low.params[-1])
    return Slot(len(low.params) - 1)


def _argument(low: Lowering, tree: Tree) -> Any:
    if isinstance(tree, Static):
        return low.outside.take(tree.value, "argument")
    if not isinstance(tree, Node):
        return Value(low.builder, low.params[tree.position])
    shallow = Node(tree.kind, tree.keys, tuple(Static(_argument(low, child)) for child in tree.children))
    return low.new_object(rebuild(shallow, lambda leaf: leaf))


def _names(arguments: Mapping[str, Tree]) -> dict[str, Tree]:
    """Readable names for all leaves: `W` for params["W"], `x` for p.x, `pair_0` for pair[0]."""
    long: dict[str, Tree] = {}
    counts: dict[str, int] = {}

    def visit(tree: Tree, short: str, full: str) -> Tree:
        if isinstance(tree, Node):
            children = []
            for key, child in zip(tree.keys, tree.children, strict=True):
                named = isinstance(key, str) and key.isidentifier()
                inner = key if named else f"{short}_{_as_name(key)}"
                children.append(visit(child, inner, f"{full}_{_as_name(key)}"))
            return Node(tree.kind, tree.keys, tuple(children))
        counts[short] = counts.get(short, 0) + 1
        return (short, full)

    def chosen(tree: Tree) -> Tree:
        if isinstance(tree, Node):
            return Node(tree.kind, tree.keys, tuple(chosen(child) for child in tree.children))
        short, full = tree
        return short if counts[short] == 1 else full

    for name, tree in arguments.items():
        long[name] = visit(tree, name, name)
    return {name: chosen(tree) for name, tree in long.items()}


def _as_name(key: Any) -> str:
    return "".join(c if c.isalnum() else "_" for c in str(key))
