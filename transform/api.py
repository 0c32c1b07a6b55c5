"""The public functions. Signatures follow JAX where JAX has one."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from inspect import Parameter
from typing import Any

import numpy as np

from . import ir
from .cache import remembered
from .compile.arguments import is_plain, tree_of
from .compile.flavour import Flavour, flavour
from .compile.seeds import conforming
from .derivative import (
    ArgNums,
    Derivative,
    Plan,
    default_trees,
    has_seeds,
    lower_any,
    primal_of,
    signature_of,
)
from .emit.ssa import ssa
from .errors import ArgumentError
from .frontend import Names, place
from .frontend.calls import SPECIAL
from .rules import FUNCTIONS, Builder
from .rules.build import Value
from .tree import Node, Tree, children_of, leaves, numbered, rebuild
from .types import is_inexact

__all__ = [
    "adjoint",
    "derivative_source",
    "grad",
    "hvp",
    "jvp",
    "lowered",
    "tangent",
    "value_and_grad",
    "vjp",
]

Function = Callable[..., Any]
Results = str | Sequence[str] | None


def grad(
    fn: Function | None = None,
    argnums: ArgNums = 0,
    *,
    has_aux: bool = False,
    backend: str = "python",
    fastmath: bool = False,
    parallel: bool = False,
) -> Any:
    """The gradient of a real scalar function, by its adjoint.

    `argnums` are positions, names, or a tuple of them; the gradient of argument k has its structure,
    shape and dtype, a tuple of argnums gives a tuple. With `has_aux` fn returns (value, aux), and the
    result is (gradient, aux). Also a decorator: `@grad`, `@grad(argnums=(0, "b"))`.

    With `backend="numba"` the derivative is compiled by Numba at its first call; `fastmath` lets it reorder
    sums and drop signs of zeros, `parallel` run loops that carry nothing in parallel.

    Raises ArgumentError where the result is not one real number, TransformError where fn cannot be
    transformed, or Numba cannot compile its derivative.
    """
    return _derivative(
        fn, Plan("grad", _normal(argnums), has_aux, flavour=Flavour(backend, fastmath, parallel))
    )


def value_and_grad(
    fn: Function | None = None,
    argnums: ArgNums = 0,
    *,
    has_aux: bool = False,
    backend: str = "python",
    fastmath: bool = False,
    parallel: bool = False,
) -> Any:
    """Like `grad`, returning (value, gradient); with `has_aux` ((value, aux), gradient)."""
    return _derivative(
        fn, Plan("value_and_grad", _normal(argnums), has_aux, flavour=Flavour(backend, fastmath, parallel))
    )


def tangent(
    fn: Function | None = None,
    argnums: ArgNums = 0,
    *,
    results: Results = None,
    backend: str = "python",
    fastmath: bool = False,
    parallel: bool = False,
) -> Any:
    """The tangent function: fn's arguments, then a seed for each of argnums -> (result, its tangent).

    A seed has the structure and shape of its argument. One scalar argument has the seed 1.0 by default.
    A function that returns nothing has the arguments that it writes to as its results, one bare, several as
    a tuple in the order of the parameters; `results` names others: an argument, "return", or a tuple of them.
    """
    flavour = Flavour(backend, fastmath, parallel)
    return _derivative(fn, Plan("tangent", _normal(argnums), results=_named(results), flavour=flavour))


def adjoint(
    fn: Function | None = None,
    argnums: ArgNums = 0,
    *,
    results: Results = None,
    backend: str = "python",
    fastmath: bool = False,
    parallel: bool = False,
) -> Any:
    """The adjoint function: fn's arguments, then a seed for each result -> adjoints of argnums.

    A seed has the shape of its result. One real scalar result has the seed 1.0 by default. What the results
    are of a function that writes to its arguments, and what `results` means, is told at `tangent`.
    """
    flavour = Flavour(backend, fastmath, parallel)
    return _derivative(fn, Plan("adjoint", _normal(argnums), results=_named(results), flavour=flavour))


def jvp(
    fn: Function,
    primals: Sequence[Any],
    tangents: Sequence[Any],
    *,
    results: Results = None,
    backend: str = "python",
    fastmath: bool = False,
    parallel: bool = False,
) -> tuple[Any, Any]:
    """(fn(*primals), its derivative along `tangents`): forward mode, no matrix is formed.

    Each tangent has the structure and shape of its primal. Raises ArgumentError where it has not.
    The primals stay as they are, whatever fn writes to; `results` is that of `tangent`.
    """
    if not (isinstance(primals, (tuple, list)) and isinstance(tangents, (tuple, list))):
        raise ArgumentError(
            "jvp takes its primals and its tangents as tuples", "For one argument: jvp(f, (x,), (x_dot,))."
        )
    if len(primals) != len(tangents):
        raise ArgumentError(
            f"jvp got {_counted(len(primals), 'primal')} and {_counted(len(tangents), 'tangent')}",
            "Give one tangent for each primal; zeros for one that does not move.",
        )
    way = _way(fn, primals, _named(results), flavour(backend, fastmath, parallel))
    pushed = way.tangent
    if way.direct:
        result, result_dot = pushed(*primals, *tangents)
        return result, result_dot
    seeds = {str(k): tangents[k] for k in way.argnums}
    if way.starred:
        seeds[str(way.argnums[-1])] = tuple(tangents[way.argnums[-1] :])
    result, result_dot = pushed.run(pushed.bind(tuple(primals), {})[0], seeds)
    return result, result_dot


class _Way:
    """How a function with so many arguments by position is differentiated with respect to all of them.

    argnums   the positions of the parameters that the arguments go to
    starred   whether *args is the last
    direct    whether each argument goes to a parameter of its own, and seeds may follow by position
    """

    def __init__(self, fn: Function, primals: Sequence[Any], results: Names, options: Flavour) -> None:
        self.fn, self.results, self.options = fn, results, options
        declared = signature_of(fn, tuple(primals)).parameters.values()
        kinds, count = [each.kind for each in declared], len(primals)
        first = kinds.index(Parameter.VAR_POSITIONAL) if Parameter.VAR_POSITIONAL in kinds else count
        self.argnums, self.starred = tuple(range(min(count, first + 1))), count > first
        own = [each for each in declared if each.kind < Parameter.VAR_POSITIONAL]
        no_defaults = all(each.default is each.empty for each in own)
        self.direct = 0 < count == len(own) and no_defaults and Parameter.VAR_POSITIONAL not in kinds

    @functools.cached_property
    def primal(self) -> Derivative:
        return self.remembered("primal", 0)

    @functools.cached_property
    def tangent(self) -> Derivative:
        return self.remembered("tangent", self.argnums)

    @functools.cached_property
    def adjoint(self) -> Derivative:
        return self.remembered("adjoint", self.argnums)

    def remembered(self, kind: str, argnums: ArgNums) -> Derivative:
        plan = Plan(kind, argnums, results=self.results, flavour=self.options)
        derivative: Derivative = remembered(self.fn, plan, Derivative)
        return derivative


def _way(fn: Function, primals: Sequence[Any], results: Names, options: Flavour) -> _Way:
    if has_seeds(fn):  # its signature depends on the types of this call
        return _Way(fn, primals, results, options)
    way: _Way = remembered(fn, (len(primals), results, options), _made_way)
    return way


def _made_way(fn: Function, plan: tuple[int, Names, Flavour]) -> _Way:
    count, results, options = plan
    return _Way(fn, (None,) * count, results, options)


def _counted(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def vjp(
    fn: Function,
    *primals: Any,
    results: Results = None,
    backend: str = "python",
    fastmath: bool = False,
    parallel: bool = False,
) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """(fn(*primals), pullback): reverse mode. The pullback takes a seed of the result's structure.

    It returns a tuple, one adjoint for each primal, and may be called any number of times. The primals stay
    as they are, whatever fn writes to; `results` is that of `tangent`.
    """
    way = _way(fn, primals, _named(results), flavour(backend, fastmath, parallel))
    # What the caller writes into an array afterwards must not move the point.
    point = [copied(value) for value in primals]
    result = way.primal(*point)
    # The tree of a number or an array is a leaf.
    output = None if is_plain(result) else way.primal.specialize(*point).function.output
    return result, functools.partial(_pull, way, point, result, output)


def _pull(way: _Way, point: Sequence[Any], result: Any, output: Tree, seed: Any) -> tuple[Any, ...]:
    pull = way.adjoint
    try:
        seeds = conforming(seed, result, output)
    except ArgumentError as error:
        error.at(place(primal_of(pull.fn)))
        raise
    adjoints: tuple[Any, ...]
    if way.direct:
        adjoints = pull(*point, *seeds)
        return adjoints
    numbered_seeds = {str(k): one for k, one in enumerate(seeds)}
    adjoints = pull.run(pull.bind(tuple(point), {})[0], numbered_seeds)
    return (*adjoints[:-1], *adjoints[-1]) if way.starred else adjoints


def hvp(
    fn: Function | None = None,
    argnums: ArgNums = 0,
    *,
    backend: str = "python",
    fastmath: bool = False,
    parallel: bool = False,
) -> Any:
    """The Hessian-vector product: hvp(fn)(x, v) is the gradient's derivative along v, forward over reverse.

    fn's arguments come first, then a vector for each of argnums, with its structure and shape.
    """
    return _derivative(fn, Plan("hvp", _normal(argnums), flavour=Flavour(backend, fastmath, parallel)))


def _derivative(fn: Function | None, plan: Plan) -> Any:
    if fn is None:
        return functools.partial(Derivative, plan=plan)
    return Derivative(fn, plan)


def _named(results: Any) -> Names:
    """Results as a name, a tuple of names, or None for what the function has."""
    if isinstance(results, list):
        results = tuple(results)
    each = results if isinstance(results, tuple) else (results,)
    if results is not None and not (each and all(isinstance(name, str) for name in each)):
        raise ArgumentError(f"results is {results!r}", 'Use the name of an argument, "return", or a tuple.')
    return results  # type: ignore[no-any-return]


def _normal(argnums: Any) -> ArgNums:
    """Argnums as an int, a name or a tuple of them."""
    if isinstance(argnums, list):
        argnums = tuple(argnums)
    each = argnums if isinstance(argnums, tuple) else (argnums,)
    for number in each:
        if isinstance(number, bool) or not isinstance(number, (int, str, np.integer)):
            raise ArgumentError(f"argnums has {number!r}", "Use positions from 0, names, or a tuple of them.")
    if len(set(each)) != len(each) or not each:
        raise ArgumentError(f"argnums is {argnums!r}", "Name each argument once, and at least one.")
    plain = tuple(int(number) if isinstance(number, np.integer) else number for number in each)
    return plain if isinstance(argnums, tuple) else plain[0]


def copied(value: Any) -> Any:
    """A structured value with its arrays copied."""
    if is_plain(value):
        return value.copy() if isinstance(value, np.ndarray) else value
    tree = tree_of(value, "argument")
    if isinstance(tree, Node):
        parts = [copied(child) for child in children_of(value)[1]]
        return rebuild(numbered(tree), parts.__getitem__)
    return value.copy() if isinstance(value, np.ndarray) else value


def lowered(fn: Function, types: Mapping[str, Tree]) -> ir.Function:
    """The SSA form of fn for arguments of these types; those not named are as declared, else floats."""
    trees = {**default_trees(fn), **types}
    return lower_any(fn, trees)[0]


def derivative_source(
    fn: Function,
    mode: str,
    wrt: tuple[int | str, ...] | None,
    types: Mapping[str, Tree],
    backend: str = "python",
) -> str:
    """The text of fn's "ssa", "tangent" or "adjoint", with respect to `wrt`: by default, all that is real."""
    if mode == "ssa":
        return ssa(lowered(fn, types))
    trees = {**default_trees(fn), **types}
    for name in types:
        if name not in default_trees(fn):
            raise ArgumentError(
                f"{fn.__name__} has no argument {name!r}",
                f"It has {', '.join(default_trees(fn))}.",
                place(fn),
            )
    if wrt is None:
        wrt = tuple(name for name, tree in trees.items() if any(is_inexact(leaf) for leaf in leaves(tree)))
    derivative = Derivative(fn, Plan(mode, wrt if len(wrt) != 1 else wrt[0], flavour=Flavour(backend)))
    return derivative.specialize_types(trees).emitted.text


def _called_while_lowering(make: Function) -> Function:
    """How a function that makes a derivative is called inside one that is being lowered: at once."""

    @functools.wraps(make)
    def adapter(builder: Builder, *args: Any, **kwargs: Any) -> Any:
        return make(*args, **kwargs)

    return adapter


def _jvp_while_lowering(
    low: Any, fn: Function, primals: Sequence[Any], tangents: Sequence[Any], **options: Any
) -> Any:
    Flavour(**options)  # inside another function the code is compiled as that is
    return low.call(Derivative(fn, Plan("tangent", tuple(range(len(primals))))), [*primals, *tangents])


def _vjp_while_lowering(low: Any, fn: Function, *primals: Any, **options: Any) -> tuple[Any, Function]:
    Flavour(**options)
    pull = Derivative(fn, Plan("adjoint", tuple(range(len(primals)))))
    # The pullback is that at the values now: what fn writes to is a copy.
    result = low.call(fn, [low.copy(each, True) if _is_array(each) else each for each in primals])
    return result, low.new_object(functools.partial(_pull_while_lowering, pull, primals))


def _is_array(thing: Any) -> bool:
    return isinstance(thing, Value) and thing.is_array


def _pull_while_lowering(pull: Function, point: Sequence[Any], seed: Any) -> Any:
    return pull(*point, *_numbers_in(seed))


def _numbers_in(seed: Any) -> Sequence[Any]:
    if isinstance(seed, dict):
        return _numbers_in(tuple(seed.values()))
    if isinstance(seed, (tuple, list)):
        return [number for part in seed for number in _numbers_in(part)]
    return [seed]


for _each in (grad, value_and_grad, tangent, adjoint, hvp):
    FUNCTIONS[_each] = _called_while_lowering(_each)
SPECIAL[jvp] = _jvp_while_lowering
SPECIAL[vjp] = _vjp_while_lowering
