"""Lower a function for example arguments, run the equations, and compare with the function itself."""

from __future__ import annotations

import copy

import numpy as np

from tests.support.evaluate import evaluate
from transform import verify
from transform.compile.arguments import tree_of
from transform.frontend import Lowered, StaticNeeded, lower, parameters
from transform.tree import Node, Static, children_of, is_structure, leaves, rebuild


def lowered(function, *args, **kwargs) -> Lowered:
    """The function lowered for the types of these arguments."""
    return _lowered(function, _bound(function, args, kwargs))[0]


def _bound(function, args, kwargs):
    bound = parameters(function).bind(*args, **kwargs)
    bound.apply_defaults()
    return bound.arguments


def _lowered(function, arguments):
    demanded: frozenset[int] = frozenset()
    while True:
        trees = {name: _tree(value, name, demanded) for name, value in arguments.items()}
        trees, numbers = _with_static(trees, arguments, demanded)
        try:
            made = lower(function, trees)
        except StaticNeeded as needed:
            open_ = [k for k in range(_count(arguments)) if k not in demanded]
            demanded |= {open_[k] for k in needed.positions}
            continue
        verify.check(made.function)
        return made, numbers


def _tree(value, name, demanded):
    return tree_of(value, name)


def _numbers(value):
    if isinstance(value, (np.ndarray, int, float, complex, np.generic)) and not isinstance(value, bool):
        yield value
    elif is_structure(value):
        for child in children_of(value)[1]:
            yield from _numbers(child)


def _count(arguments):
    return sum(1 for _ in _numbers(list(arguments.values())))


def _with_static(trees, arguments, demanded):
    """The trees with the demanded leaves known, and the numbers that remain run-time values."""
    values = list(_numbers(list(arguments.values())))
    position = iter(range(len(values)))

    def visit(tree):
        if isinstance(tree, Node):
            return Node(tree.kind, tree.keys, tuple(visit(child) for child in tree.children))
        if isinstance(tree, Static):
            return tree
        k = next(position)
        return Static(values[k]) if k in demanded else tree

    made = {name: visit(tree) for name, tree in trees.items()}
    return made, [value for k, value in enumerate(values) if k not in demanded]


def results(function, *args, **kwargs):
    """What the lowered function gives for these arguments, put together as Python sees it."""
    made, numbers = _lowered(function, _bound(function, args, kwargs))
    found = evaluate(made.function, *copy.deepcopy(numbers))
    return rebuild(made.function.output, lambda slot: found[slot.position])


def assert_lowers(function, *args, **kwargs) -> None:
    """The equations compute what the function computes, structure and dtypes included."""
    got = results(function, *copy.deepcopy(args), **copy.deepcopy(kwargs))
    want = function(*copy.deepcopy(args), **copy.deepcopy(kwargs))
    _assert_same(got, want)


def _assert_same(got, want):
    if is_structure(want):
        assert type(got) is type(want)
        assert children_of(got)[0] == children_of(want)[0]
        for g, w in zip(children_of(got)[1], children_of(want)[1], strict=True):
            _assert_same(g, w)
    elif isinstance(want, (np.ndarray, np.generic, float, complex, int)) and not isinstance(want, bool):
        assert np.shape(got) == np.shape(want)
        assert np.asarray(got).dtype == np.asarray(want).dtype
        np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-14)
    else:
        assert got == want


def ssa(function, *args, **kwargs) -> list[str]:
    """The names that the equations define, in order."""
    made = lowered(function, *args, **kwargs)
    return [target.name for statement in made.function.body for target in statement.targets]


def number_of_leaves(tree) -> int:
    return sum(1 for _ in leaves(tree))
