"""The way from a call to the compiled code: short for the types of the last call, complete for the rest.

The short way is a generated function of fixed arity that tests each argument's type and each value read
from outside with `is`, and calls the compiled derivative; anything unexpected takes the long way:

    def _entry(_type, _type1, _dtype1, _read0, mse_adjoint_kernel, ...):
        def __call__(w, X, y):
            while True:
                try:
                    if not (_type(w) is _type1 and w.dtype is _dtype1 and ... and np is _read1): break
                except _Exception: break
                try:
                    return mse_adjoint_kernel(w, X, y, 1.0)
                except _retried: pass
                return _kernel(w, X, y)
            return _self.call_by_name({'w': w, 'X': X, 'y': y})
        return __call__
"""

from __future__ import annotations

import ast
import builtins
import inspect
from collections.abc import Callable, Mapping, Sequence
from textwrap import indent
from typing import Any

import numpy as np

from ..ir import Input, Slot
from ..passes.ranges import LARGEST_ARGUMENT
from ..tree import Static, Tree
from .parts import LeafTests, Parts, dtype_test
from .read_tests import globals_of, read_tests
from .seed_tests import ABSENT, ONE, later_seeds, leading_seeds, seed_tests
from .shape_tests import Ones, shape_tests
from .sharing import sharing_tests

__all__ = ["arranged", "fast_entry"]


def arranged(inputs: Sequence[Input], values: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """The values by name as positional and keyword arguments of a function with these inputs."""
    starred = any(each.kind is inspect.Parameter.VAR_POSITIONAL for each in inputs)
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    for each in inputs:
        if each.name not in values:
            continue
        value = values[each.name]
        if each.kind is inspect.Parameter.VAR_POSITIONAL:
            args.extend(value)
        elif each.kind is inspect.Parameter.VAR_KEYWORD:
            kwargs.update(value)
        elif each.kind is inspect.Parameter.POSITIONAL_ONLY or (
            starred and each.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
        ):
            args.append(value)
        else:
            kwargs[each.name] = value
    return args, kwargs


def fast_entry(derivative: Any, made: Any, values: Mapping[str, Any]) -> Callable[..., Any] | None:
    """What to call with arguments of these types; None where a test would not be cheap or not be safe.

    Seeds are those inputs of a seeded derivative that are not in `values`.
    """
    seeded = derivative.plan.seeded
    inputs = [each for each in made.function.inputs if seeded or each.name in values]
    if any(each.kind in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD) for each in inputs):
        return None
    if any(each.name.startswith("_") for each in inputs):
        return None  # the names that begin with _ are the entry's own
    scope = {**_OWN, "_kernel": made.compiled.kernel, "_self": derivative}
    tests: list[str] = []
    trees = {each.name: each.tree for each in inputs}
    parts = Parts(scope)
    ones: dict[int, Ones] = {}
    for name, value in values.items():
        own = parts.tests(name, trees[name], value, _leaf_tests(made, parts, ones))
        if own is None:
            return None
        tests += own
    seeds = tuple(each for each in inputs if each.name not in values)
    fitting = seed_tests(made.function, seeds, parts)
    if fitting is None:
        return None
    tests += fitting.tests
    tests += shape_tests(made.function, parts.names, ones, made.captured)
    tests += sharing_tests(made.primal, parts.names, made.captured, scope)
    lines = [*fitting.lines, *_called(made, inputs, scope)]
    taken = {*scope, *_names(lines), *(each.name for each in inputs)}
    own_globals = globals_of(made.reads, taken)
    tests += read_tests(made.reads, own_globals, taken, scope)
    return _define(derivative, inputs, seeds, tests, scope, own_globals, lines)


_OWN = {"_type": type, "_tuple": tuple, "_len": len, "_max": max, "_Exception": Exception}
"""What the tests call: arguments, and what is in a module, may be called like what is built in."""


def _leaf_tests(made: Any, parts: Parts, ones: dict[int, Ones]) -> LeafTests:
    """The tests of what is not a structure, an argument or a part of one; `ones` gets those of arrays."""

    def tests(name: str, tree: Tree, value: Any) -> list[str]:
        known = isinstance(tree, Static)
        found = _type_tests(name, value, parts.fresh("").lstrip("_"), parts.scope, known)
        if isinstance(value, np.ndarray) and isinstance(tree, Slot):
            ones[tree.position] = tuple(n == 1 for n in value.shape)
        if made.compiled.dispatcher is not None and type(value) is int and not known:
            found.append(f"{-LARGEST_ARGUMENT} <= {name} <= {LARGEST_ARGUMENT}")
        return found

    return tests


def _type_tests(name: str, value: Any, k: str, scope: dict[str, Any], known: bool) -> list[str]:
    scope[f"_type{k}"] = type(value)
    if known and type(value) is int:
        # An int that was needed while lowering, an axis for instance: the code is for this value.
        return [f"_type({name}) is _type{k}", f"{name} == {value}"]
    if known:
        scope[f"_value{k}"] = value
        return [f"{name} is _value{k}"]
    if isinstance(value, np.ndarray):
        scope[f"_dtype{k}"] = value.dtype
        return [f"_type({name}) is _type{k}", dtype_test(name, f"_dtype{k}")]
    return [f"_type({name}) is _type{k}"]


def _called(made: Any, inputs: Sequence[Input], scope: dict[str, Any]) -> list[str]:
    """The call of the kernel, or what it does itself; what that needs is added to `scope`."""
    by_name = [each.kind is inspect.Parameter.KEYWORD_ONLY for each in inputs]
    given = [f"{each.name}={each.name}" if k else each.name for each, k in zip(inputs, by_name, strict=True)]
    call = f"return _kernel({', '.join(given)})"
    short = made.compiled.short
    if short is None:
        return [call]
    lines = short.lines
    for each in made.function.inputs:
        if each not in inputs:
            lines = _with_value(lines, each.name, each.default)
    known = {**vars(builtins), **short.scope()}
    scope |= {name: known[name] for name in _names(lines) if name in known} | {"_retried": short.retried}
    return ["try:", *(f"    {line}" for line in lines), "except _retried: pass", call]


def _names(lines: Sequence[str]) -> set[str]:
    return {node.id for node in ast.walk(ast.parse("\n".join(lines))) if isinstance(node, ast.Name)}


def _with_value(lines: Sequence[str], name: str, value: str) -> Sequence[str]:
    """The lines with a value for a name: in its place, unless the lines give the name another."""
    tree = ast.parse("\n".join(lines))
    uses = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == name]
    if not all(isinstance(use.ctx, ast.Load) for use in uses):
        return [f"{name} = {value}", *lines]
    for use in uses:
        use.id = value
    return ast.unparse(tree).splitlines()


def _define(
    derivative: Any,
    inputs: Sequence[Input],
    seeds: Sequence[Input],
    tests: Sequence[str],
    scope: dict[str, Any],
    own_globals: dict[str, Any],
    lines: Sequence[str],
) -> Callable[..., Any]:
    """`def __call__(x, n=...)`: the tests in the order of their cost, then the kernel.

    One with seeds takes anything else, too: what is wrong with it, the long way says.
    """
    conditions = [*(["not _more", "not _named"] if seeds else []), *tests]
    declared = _declared(derivative, inputs, seeds, scope)
    text = (
        f"def __call__({', '.join(declared)}):\n"
        f"    while True:\n"
        f"        try:\n"
        f"            if not ({' and '.join(conditions) or 'True'}): break\n"
        f"        except _Exception: break\n"  # what was read is gone, or a property raises
        f"{indent(chr(10).join(lines), '        ')}\n"
        f"    return {_long_way(inputs, seeds, scope)}\n"
    )
    text = f"def _entry({', '.join(scope)}):\n{indent(text, '    ')}    return __call__\n"
    made: dict[str, Any] = {}
    exec(compile(text, f"<transform entry of {derivative.__name__}>", "exec"), own_globals, made)
    return made["_entry"](**scope)  # type: ignore[no-any-return]


def _declared(
    derivative: Any, inputs: Sequence[Input], seeds: Sequence[Input], scope: dict[str, Any]
) -> list[str]:
    """The entry's parameters: the function's, with their defaults, and the seeds."""
    declared: list[str] = []
    star = "*_more" if seeds else "*"
    for k, each in enumerate(inputs):
        if each.kind is inspect.Parameter.KEYWORD_ONLY and star not in declared:
            declared.append(star)
        default = _default(derivative, each, each in seeds)
        if default is not inspect.Parameter.empty:
            scope[f"_default{k}"] = default
            declared.append(f"{each.name}=_default{k}")
        else:
            declared.append(each.name)
        following = inputs[k + 1].kind if k + 1 < len(inputs) else None
        if each.kind is inspect.Parameter.POSITIONAL_ONLY and following is not each.kind:
            declared.append("/")
    if not seeds:
        return declared
    return [*declared, *([star] if star not in declared else []), "**_named"]


def _default(derivative: Any, each: Input, is_seed: bool) -> Any:
    if not is_seed:
        return derivative.default_of(each.name)
    return ONE if each.default == "1.0" and not derivative.needs_seed else ABSENT


def _long_way(inputs: Sequence[Input], seeds: Sequence[Input], scope: dict[str, Any]) -> str:
    own = [each for each in inputs if each not in seeds]
    if not seeds:
        return f"_self.call_by_name({{{', '.join(f'{each.name!r}: {each.name}' for each in own)}}})"
    # By position where that can be: for other types the seeds have other names.
    scope |= {"_leading": leading_seeds, "_later": later_seeds}
    by_position = [each.name for each in own if each.kind is not each.kind.KEYWORD_ONLY]
    by_name = [f"{each.name!r}: {each.name}" for each in own if each.kind is each.kind.KEYWORD_ONLY]
    args = [*by_position, f"*_leading({', '.join(each.name for each in seeds)})", "*_more"]
    named = [*by_name, f"**_later({', '.join(f'{s.name}={s.name}' for s in seeds)})", "**_named"]
    return f"_self.call(({', '.join(args)},), {{{', '.join(named)}}})"
