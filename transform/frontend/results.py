"""The way out: what a function leaves behind becomes the results of an SSA function."""

from __future__ import annotations

import functools
import inspect
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ..errors import ArgumentError, LengthNeeded, Origin, UnsupportedError
from ..ir import Atom, Eqn, Function, Input, Slot, Statement, Var, atoms_of, map_regions, reads, walk
from ..rules.build import Value, numeric
from ..tree import Node, Static, Tree, children_of, is_structure, leaves
from ..types import Scalar, is_complex
from .growing import EMPTY
from .lowering import Lowering
from .recorder import plain
from .scope import Closure, RunList

__all__ = ["Names", "finished"]

Names = tuple[str, ...] | str | None
"""Which results are meant: names of arguments written in place and "return", one bare or a tuple of them."""


def finished(
    low: Lowering,
    target: Any,
    origin: Origin | None,
    inputs: tuple[Input, ...],
    result: Any,
    names: Names = None,
) -> Function:
    """The equations so far as a function that returns `result`, or what `names` says."""
    result, filled = _chosen(low, target, origin, inputs, result, names)
    found: list[Any] = []
    output = _output(low, result, found)
    _leave_out_copies(low)
    _name_results(low, found)
    results = tuple(low.builder.atom(each) for each in found)
    body = _without_unused(low.builder.finish(), results)
    return Function(
        _function_name(target),
        tuple(low.params),
        body,
        results,
        inputs,
        output,
        tuple(low.outside.captures),
        origin=origin,
        bare_math=_says_log(target),
        written=tuple(k for k, param in enumerate(low.params) if param in low.memory.written),
        row_major=tuple(k for k, param in enumerate(low.params) if param in low.memory.assumed),
        filled=filled,
        callees=dict(low.builder.callees),
    )


def _chosen(
    low: Lowering, target: Any, origin: Origin | None, inputs: tuple[Input, ...], result: Any, names: Names
) -> tuple[Any, tuple[str, ...]]:
    """What counts as the result, and the arguments of which the final content does.

    A function that returns nothing has the arguments that it has written to as its results.
    """
    filled = tuple(each.name for each in inputs if _is_changed(low, each)) if result is None else ()
    if names is None:
        names = "return" if not filled else filled[0] if len(filled) == 1 else filled
    wanted = (names,) if isinstance(names, str) else names
    known = {**low.arguments, "return": result}
    for name in wanted:
        if name not in known:
            raise ArgumentError(
                f"{_function_name(target)} has no result {name!r}",
                f'results takes names of its arguments ({", ".join(low.arguments)}) and "return".',
                origin,
            )
    chosen = tuple(known[name] for name in wanted)
    filled = tuple(name for name in wanted if name != "return")
    return (chosen[0] if isinstance(names, str) else chosen), filled


def _is_changed(low: Lowering, given: Input) -> bool:
    """Whether an argument holds something else in the end than in the beginning."""
    found: list[Any] = []
    _output(low, low.arguments[given.name], found)
    before = [low.params[leaf.position] for leaf in leaves(given.tree)]
    after = [low.builder.atom(each) for each in found]
    return len(before) != len(after) or any(a is not b for a, b in zip(after, before, strict=True))


def _leave_out_copies(low: Lowering) -> None:
    """Let each copy that NumPy makes be the array that it is a copy of, unless either is written to."""
    memory = low.memory
    for copy in low.spare:
        eqn = low.builder.made[copy.first_atom]
        assert isinstance(eqn, Eqn)
        source = Value(low.builder, eqn.operands[0])
        arrays = {memory.object(copy.first_atom), memory.object(memory.origin(source).first_atom)}
        if not arrays & memory.written:
            low.builder.substitute(copy, source)


def _says_log(target: Any) -> bool:
    """Whether the module of a function has `from math import log` and the like, and no `import math`."""
    names = getattr(inspect.unwrap(target), "__globals__", {})
    return names.get("math") is not math and any(
        value is getattr(math, name, None) for name, value in names.items() if callable(value)
    )


def _function_name(target: Any) -> str:
    while isinstance(target, functools.partial):
        target = target.func
    name = getattr(target, "__name__", None) or type(target).__name__
    return "function" if name == "<lambda>" else name


def _output(low: Lowering, result: Any, found: list[Any]) -> Tree:
    """The tree of a result; its numbers are appended to `found`."""
    result = low.live(result)
    if isinstance(result, Value) or (numeric(result) and not isinstance(result, (bool, np.bool_))):
        found.append(result)
        return Slot(len(found) - 1)
    if isinstance(result, (Closure, Iterator)):
        raise UnsupportedError(
            f"the function returns a {'function' if isinstance(result, Closure) else 'generator'}",
            "Return numbers or arrays.",
        )
    if isinstance(result, RunList):
        return _output_of_list(result.tree, found)
    result = low.outside.inside(result)
    if not is_structure(result):
        return Static(plain(result))
    keys, children = children_of(result)
    return Node(type(result), keys, tuple(_output(low, child, found) for child in children))


def _output_of_list(tree: Any, found: list[Any]) -> Tree:
    """The tree of a list whose length only run time knows: one leaf."""
    if tree is EMPTY:
        return Node(list, (), ())
    if not isinstance(tree, Value):
        raise LengthNeeded(
            "the function returns a list of tuples, whose length is known only at run time",
            "Return a tuple of lists of numbers.",
        )
    found.append(tree)
    return Slot(len(found) - 1)


def _name_results(low: Lowering, found: Sequence[Any]) -> None:
    """Give the results that have no name one: L for a single real number, y, y1, y2 for all else."""
    unnamed: list[Value] = []
    for each in found:
        if isinstance(each, Value) and isinstance(each.atom, Var) and each.atom.temporary:
            if all(each.atom is not other.atom for other in unnamed):
                unnamed.append(each)
    used = _used_names(low)
    if len(found) == 1 and unnamed:
        type_ = unnamed[0].type
        loss = isinstance(type_, Scalar) and not is_complex(type_) and "L" not in used
        low.builder.name(unnamed[0], "L" if loss else _free("y", used))
        return
    for k, value in enumerate(found):
        if any(value is each for each in unnamed):
            low.builder.name(value, _free(f"y{k + 1}", used))


def _used_names(low: Lowering) -> set[str]:
    made = {low.builder.current(atom) for atom in low.builder.made}
    atoms: set[Atom] = {*made, *low.params, *(var for var, _ in low.outside.captures)}
    return {atom.name for atom in atoms if isinstance(atom, Var) and not atom.temporary}


def _free(name: str, used: set[str]) -> str:
    while name in used:
        name += "_"
    used.add(name)
    return name


def _without_unused(body: Sequence[Statement], results: Sequence[Atom]) -> tuple[Statement, ...]:
    """The body without `s = 4` where s was only used as the number 4, without views that led to a write."""
    used = Counter([*results, *reads(body)])
    dropped: set[Atom] = set()
    for statement in reversed(list(walk(body))):
        if isinstance(statement, Eqn) and not used[statement.target] and _may_go(statement):
            dropped.add(statement.target)
            used.subtract(atoms_of(statement))

    def kept(statements: Sequence[Statement]) -> tuple[Statement, ...]:
        return tuple(
            map_regions(each, kept)
            for each in statements
            if not (isinstance(each, Eqn) and (each.target in dropped or each.target in each.operands))
        )

    return kept(body)


def _may_go(eqn: Eqn) -> bool:
    name = eqn.primitive.name
    return name == "literal" or (eqn.target.temporary and (eqn.primitive.view or name == "copy"))
