"""Check a whole program: its derivatives in both modes and second order against differences of its values.

The directions move every float in the arguments, however deep in tuples, lists, dicts and records. A program
that returns None has the arguments that it writes to as its results.
"""

from __future__ import annotations

import copy
import dataclasses
import functools
import inspect

import numpy as np
from numpy.testing import assert_allclose

from tests.support.differences import FIRST
from transform import adjoint, grad, hvp, tangent

NUMBERS = (float, complex, np.inexact)
TINY = 1e-30


def program(*arguments, step=1e-3, rtol=1e-7, second=True, complex_step=False, results=None):
    """Decorator: check the function at these arguments; a function may have several.

    With `complex_step` the reference is the complex step of the very same function, good to the last digits;
    `second` is false at kinks; `results` names the arguments that are the results, where not all written are.
    """
    options = {
        "step": step,
        "rtol": rtol,
        "second": second,
        "complex_step": complex_step,
        "results": results,
    }

    def register(function):
        function.cases = [*getattr(function, "cases", ()), (arguments, options)]
        return function

    return register


def programs(module):
    """The parameters for pytest of every function in a module's namespace that has cases."""
    found = [(name, thing.cases) for name, thing in module.items() if hasattr(thing, "cases")]
    return {
        "argnames": "name, k",
        "argvalues": [(name, k) for name, cases in found for k in range(len(cases))],
    }


def run(module, name, k):
    function = module[name]
    arguments, options = function.cases[k]
    check(function, *arguments, **options)


def is_float(value) -> bool:
    return isinstance(value, NUMBERS) or (isinstance(value, np.ndarray) and value.dtype.kind in "fc")


def leaves(value):
    """The floats and float arrays in a structure."""
    if is_float(value):
        return [value]
    return [leaf for child in _children(value) for leaf in leaves(child)]


def _children(value):
    if isinstance(value, dict):
        return list(value.values())
    if isinstance(value, (tuple, list)):
        return list(value)
    if dataclasses.is_dataclass(value):
        return [getattr(value, field.name) for field in dataclasses.fields(value)]
    return []


def mapped(function, value):
    """The structure with `function` applied to each float."""
    if is_float(value):
        return function(value)
    if isinstance(value, dict):
        return {key: mapped(function, child) for key, child in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(mapped(function, child) for child in value))
    if isinstance(value, (tuple, list)):
        return type(value)(mapped(function, child) for child in value)
    if dataclasses.is_dataclass(value):
        changes = {f.name: mapped(function, getattr(value, f.name)) for f in dataclasses.fields(value)}
        return dataclasses.replace(value, **changes)
    return value


def moved(value, direction, t):
    """value + t * direction; a direction None holds the value still."""
    if direction is None:
        return value
    directions = iter(leaves(direction))
    return mapped(lambda x: _as_before(x, x + t * next(directions)), value)


def _as_before(before, x):
    """A float of Python's stays one: a program may ask."""
    return float(x) if type(before) is float and not np.iscomplexobj(x) else x


def slopes(function, arguments, directions, step):
    """The derivatives of the floats in the result along the directions, by sixth-order differences.

    With the step None by the complex step.
    """

    def at(t):
        pairs = zip(arguments, directions, strict=True)
        return leaves(function(*(moved(copy.deepcopy(x), d, t) for x, d in pairs)))

    if step is None:
        return [np.imag(leaf) / TINY for leaf in at(TINY * 1j)]
    ends = {k: (at(k * step), at(-k * step)) for k in FIRST}
    return [
        sum(weight * (ends[k][0][n] - ends[k][1][n]) for k, weight in FIRST.items()) / step
        for n in range(len(ends[1][0]))
    ]


def returning(function, arguments, results):
    """The function, or one that returns what this one writes into its arguments if it returns nothing."""
    names = list(inspect.signature(function).parameters)
    after = copy.deepcopy(arguments)
    if function(*after) is not None:
        assert results is None
        return function
    if results is None:
        changed = [not _equal(a, b) for a, b in zip(arguments, after, strict=True)]
    else:
        changed = [name in results for name in names]
    assert any(changed)

    @functools.wraps(function)
    def written(*args):
        function(*args)
        return tuple(each for each, is_result in zip(args, changed, strict=True) if is_result)

    return written


@functools.cache
def derived(make, function, wrt, **results):
    """A derivative, kept: other arguments of the same types then meet the code that is there."""
    return make(function, wrt, **results)


def check(function, *arguments, step=1e-3, rtol=1e-7, second=True, complex_step=False, results=None):
    rng = np.random.default_rng(0)

    def direction(x):
        d = rng.uniform(0.3, 1, np.shape(x))
        if np.iscomplexobj(x):
            d = d + 1j * rng.uniform(0.3, 1, np.shape(x))
        return d if isinstance(x, np.ndarray) else float(d) if type(x) is float else d[()]

    wrt = tuple(k for k, argument in enumerate(arguments) if leaves(argument))
    bound = inspect.signature(function).bind(*arguments)
    bound.apply_defaults()
    arguments = bound.args
    directions = [mapped(direction, x) if k in wrt else None for k, x in enumerate(arguments)]
    seeds = [directions[k] for k in wrt]
    before = copy.deepcopy(arguments)
    primal = returning(function, arguments, results)
    value = primal(*copy.deepcopy(arguments))
    expected = slopes(primal, arguments, directions, None if complex_step else step)
    first_rtol = 1e-11 if complex_step else rtol
    named = {} if results is None else {"results": results}

    result, result_dot = derived(tangent, function, wrt, **named)(*arguments, *seeds)
    _same(result, value, 1e-12)
    _same(result_dot, expected, first_rtol)

    bars = [direction(leaf) for leaf in leaves(value)]
    adjoints = derived(adjoint, function, wrt, **named)(*arguments, *bars)
    for bar, k in zip(adjoints, wrt, strict=True):
        _same_structure(bar, arguments[k])
    assert_allclose(_pairing(adjoints, seeds), _pairing(bars, expected), rtol=first_rtol, atol=first_rtol)

    if primal is function and is_float(value) and np.ndim(value) == 0 and not np.iscomplexobj(value):
        gradient = derived(grad, function, wrt)
        first = gradient(*arguments)
        assert_allclose(_pairing(first, seeds), expected[0], rtol=first_rtol, atol=first_rtol)
        _same(gradient(*arguments), first, 0)
        if second:
            _check_second(function, gradient, arguments, wrt, seeds, step, rtol)
    _same(arguments, before, 0)


def _check_second(function, gradient, arguments, wrt, seeds, step, rtol):
    def of_moving(*moving):
        every = list(arguments)
        for k, each in zip(wrt, moving, strict=True):
            every[k] = each
        return gradient(*every)

    expected = slopes(of_moving, [arguments[k] for k in wrt], seeds, step)
    _same(derived(hvp, function, wrt)(*arguments, *seeds), expected, 10 * rtol)


def _pairing(left, right):
    pairs = zip(leaves(list(left)), leaves(list(right)), strict=True)
    return sum(np.sum(np.real(np.asarray(a) * np.asarray(b))) for a, b in pairs)


def _same(got, want, rtol):
    got, want = leaves(got), leaves(want)
    assert len(got) == len(want)
    for g, w in zip(got, want, strict=True):
        assert np.shape(g) == np.shape(w)
        assert_allclose(g, w, rtol=rtol, atol=rtol)


def _equal(left, right):
    left, right = leaves(left), leaves(right)
    return all(np.array_equal(a, b, equal_nan=True) for a, b in zip(left, right, strict=True))


def _same_structure(bar, argument):
    if is_float(argument):
        assert np.shape(bar) == np.shape(argument)
        assert np.asarray(bar).dtype == np.asarray(argument).dtype
        return
    assert type(bar) is type(argument)
    for inner, child in zip(_children(bar), _children(argument), strict=True):
        if leaves(child):
            _same_structure(inner, child)
