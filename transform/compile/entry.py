"""The way from a call to the compiled code: short for the types of the last call, complete for the rest.

The short way is a generated function of fixed arity that tests each argument's type and each value read
from outside with `is`, and calls the compiled derivative; anything unexpected takes the long way.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..frontend import Read
from ..ir import Function, Input
from ..passes.ranges import LARGEST_ARGUMENT
from ..tree import Static, Tree, leaves
from .lengths import exact_tests, length_tests
from .parts import LeafTests, Parts
from .seed_tests import ABSENT, ONE, later_seeds, leading_seeds, seed_tests
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
    """A `__call__` for arguments of these types; None where a test would not be cheap or not be safe.

    Seeds are those inputs of a seeded derivative that are not in `values`.
    """
    seeded = derivative.plan.seeded
    inputs = [each for each in made.function.inputs if seeded or each.name in values]
    if any(each.kind in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD) for each in inputs):
        return None
    if any(each.name.startswith("_") for each in inputs):
        return None  # the names that begin with _ are the entry's own
    scope: dict[str, Any] = {"_kernel": made.compiled.kernel, "_ndarray": np.ndarray}
    tests: list[str] = []
    trees = {each.name: each.tree for each in inputs}
    parts = Parts(scope)
    for name, value in values.items():
        own = parts.tests(name, trees[name], value, _leaf_tests(made, parts))
        if own is None:
            return None
        tests += own
    seeds = tuple(each for each in inputs if each.name not in values)
    fitting = seed_tests(made.function, seeds, parts)
    if fitting is None:
        return None
    tests += fitting.tests
    if seeds:
        own_positions = {leaf.position for name in values for leaf in leaves(trees[name])}
        tests += exact_tests(made.function, parts.names, own_positions, made.captured)
    else:
        raises = made.compiled.dispatcher is None
        tests += length_tests(made.function, parts.names, made.primal.given, made.captured, raises)
    tests += sharing_tests(made.primal, parts.names, made.captured, scope)
    for k, read in enumerate(made.reads):
        tests.append(_read_test(read, k))
        scope |= {f"_holder{k}": read.holder, f"_read{k}": read.value, f"_current{k}": read.current}
    lines = list(fitting.lines)
    given = ", ".join(f"{n}={n}" if by_name else n for n, by_name in _given(inputs))
    short = made.compiled.short
    if short is not None:
        scope |= {**short.scope, "_retried": short.retried}
        lines += [f"{each.name} = {each.default}" for each in made.function.inputs if each.name not in trees]
    lines += _called(given, () if short is None else short.lines)
    return _define(derivative, inputs, seeds, tests, scope, lines)


def _given(inputs: Sequence[Input]) -> list[tuple[str, bool]]:
    """The names that a kernel takes, and whether by name."""
    return [(each.name, each.kind is inspect.Parameter.KEYWORD_ONLY) for each in inputs]


def _leaf_tests(made: Any, parts: Parts) -> LeafTests:
    """The tests of an argument, or of a part of one, that is not a structure."""

    def tests(name: str, tree: Tree, value: Any) -> list[str]:
        known = isinstance(tree, Static)
        found = _type_tests(name, value, parts.fresh("").lstrip("_"), parts.scope, known)
        found += _shape_test(made.function, tree, name, value)
        if made.compiled.dispatcher is not None and type(value) is int and not known:
            found.append(f"{-LARGEST_ARGUMENT} <= {name} <= {LARGEST_ARGUMENT}")
        return found

    return tests


def _type_tests(name: str, value: Any, k: str, scope: dict[str, Any], known: bool) -> list[str]:
    scope[f"_type{k}"] = type(value)
    if known and type(value) is int:
        # An int that was needed while lowering, an axis for instance: the code is for this value.
        return [f"type({name}) is _type{k}", f"{name} == {value}"]
    if known:
        scope[f"_value{k}"] = value
        return [f"{name} is _value{k}"]
    if isinstance(value, np.ndarray):
        scope[f"_dtype{k}"] = value.dtype
        tests = [f"type({name}) is _type{k}", f"{name}.dtype is _dtype{k}", f"{name}.ndim == {value.ndim}"]
        if value.ndim == 1:
            return [*tests, f"{name}.size {'==' if value.size == 1 else '!='} 1"]
        if value.ndim and 1 not in value.shape:
            return [*tests, f"1 not in {name}.shape"]
        return [
            *tests,
            *(f"{name}.shape[{i}] {'==' if n == 1 else '!='} 1" for i, n in enumerate(value.shape)),
        ]
    return [f"type({name}) is _type{k}"]


def _shape_test(function: Function, tree: Any, name: str, value: Any) -> list[str]:
    """The test of an array's shape, where the code is for this one."""
    if isinstance(tree, Static) or not isinstance(value, np.ndarray):
        return []
    dims = function.params[tree.position].type.dims
    known = any(isinstance(size, int) and size != 1 for size in dims)
    return [f"{name}.shape == {value.shape}"] if known else []


def _read_test(read: Read, k: int) -> str:
    match read.kind:
        case "global" if read.key in read.holder:
            return f"_holder{k}[{read.key!r}] is _read{k}"
        case "global":
            return f"{read.key!r} not in _holder{k}"
        case "cell":
            return f"_holder{k}.cell_contents is _read{k}"
        case "keys":
            return f"_current{k}() == _read{k}"
    return f"_current{k}() is _read{k}"


def _called(given: str, short: Sequence[str]) -> list[str]:
    """The call of the kernel, or what it does itself."""
    if not short:
        return [f"return _kernel({given})"]
    return ["try:", *(f"    {line}" for line in short), "except _retried:", f"    return _kernel({given})"]


def _define(
    derivative: Any,
    inputs: Sequence[Input],
    seeds: Sequence[Input],
    tests: Sequence[str],
    scope: dict[str, Any],
    lines: Sequence[str],
) -> Callable[..., Any]:
    """`def __call__(self, x, n=...)`: the tests in the order of their cost, then the kernel.

    One with seeds takes anything else, too: what is wrong with it, the long way says.
    """
    conditions = [*(["not _more", "not _named"] if seeds else []), *tests]
    text = (
        f"def __call__(_self, {', '.join(_declared(derivative, inputs, seeds, scope))}):\n"
        f"    try:\n"
        f"        _known = {' and '.join(conditions) or 'True'}\n"
        f"    except (KeyError, ValueError):\n"  # a global or a closure's variable was deleted
        f"        _known = False\n"
        f"    if _known:\n"
        f"{''.join(f'        {line}' + chr(10) for line in lines)}"
        f"    return {_long_way(inputs, seeds, scope)}\n"
    )
    exec(compile(text, f"<transform entry of {derivative.__name__}>", "exec"), scope)
    return scope["__call__"]  # type: ignore[no-any-return]


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
