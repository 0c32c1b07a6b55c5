"""Slices between fixed bounds have the length that they say: shorter arrays are left to Python.

def f(c):                          def f(c):
    t = c[:, 3:6]                      if c.shape[1] < 6:
    ...                  --->              raise IndexError("axis 1 of c is shorter than 6")
                                       t = c[:, 3:6]
                                       ...

`c[:, 3:6]` has three columns where `c` has six or more, as it nearly always has. Knowing that, what the slice
broadcasts against is known as well, and loops can be written. Where the function raises, its caller falls
back on the same function in Python: so one that does more than computing and raising stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from ...errors import TransformError, UnsupportedError
from ...ir import Atom, Eqn, Function, Statement, Var, map_regions, regions_of, substitute, walk
from ...rules.build import Builder
from ...rules.callees import CALL
from ...rules.effects import guard
from ...rules.families import fit
from ...rules.index import INDEX_AT, slices
from ...rules.lengths import beyond, reach
from ...types import Array, Dim, Dims, List, Size, Type
from ..messages import only_raises
from ..own import own

__all__ = ["assumed"]


def assumed(function: Function) -> Function:
    """The function for arrays that are as long as the bounds of its slices say."""
    if not only_raises(function):
        return function
    callees = {callee: assumed(each) for callee, each in function.callees.items()}
    function = replace(function, callees=callees)
    wanted = _wanted(function)
    if not wanted:
        return function
    dims = Dims()
    for symbol, n in wanted.items():
        dims.equate(Dim(symbol), beyond(symbol, n))
    try:
        _infer(function, dims)
        tests = tuple(_tests(function.params, dims))
        made, renamed = _retyped(function, dims)
    except TransformError:
        return function  # lengths that do not fit together: what is raised then is NumPy's
    guards = [replace(substitute(each, renamed), sweep=made.body[0].sweep) for each in tests]
    return own(replace(made, body=(*guards, *made.body)))


def _wanted(function: Function) -> dict[Any, int]:
    """How long the axes of the params must be, by the symbols of their lengths."""
    own_symbols = _symbols(function.params)
    wanted: dict[Any, int] = {}
    for eqn in walk(function.body):
        if isinstance(eqn, Eqn) and eqn.primitive.name in INDEX_AT and not eqn.params.get("prefix"):
            for size, cut in slices([each.type for each in eqn.operands], eqn.params):
                n = reach(cut)
                if n is not None and isinstance(size, Dim) and size.symbol in own_symbols:
                    wanted[size.symbol] = max(wanted.get(size.symbol, 0), n - size.offset)
    return {symbol: n for symbol, n in wanted.items() if n > 0}


def _symbols(atoms: Iterable[Atom]) -> set[Any]:
    """The symbols in the shapes of arrays."""
    sizes = [size for each in atoms for size in _sizes(each.type)]
    return {size.symbol for size in sizes if isinstance(size, Dim)}


def _sizes(type_: Type) -> tuple[Size, ...]:
    return type_.dims if isinstance(type_, Array) else ()


def _infer(function: Function, dims: Dims) -> None:
    """Learn what all lengths are, in the order of the program.

    A length that an equation is the first to have is what its type rule says. Of one that it takes from an
    operand no more is learned than what can be tested at the start: in a branch things may hold which do not
    hold elsewhere.
    """
    own_symbols = _symbols(function.params)
    for eqn in walk(function.body):
        if not isinstance(eqn, Eqn) or eqn.primitive.name == CALL:
            continue
        old = _sizes(eqn.target.type)
        types = [dims.resolve_type(each.type) for each in eqn.operands]
        new = _sizes(eqn.primitive.infer(dims.copy(), types, eqn.params))
        known = _symbols(eqn.operands) - own_symbols
        for before, after in zip(old, new, strict=False):
            if isinstance(before, Dim) and before.offset == 0 and before.symbol not in known:
                dims.equate(before, after)


def _retyped(function: Function, dims: Dims) -> tuple[Function, Callable[[Any], Any]]:
    """The function with what is known now in its types, and what each of its atoms became."""
    made: dict[Any, Any] = {}

    def new(atom: Any) -> Any:
        if isinstance(atom, Var) and atom not in made:
            type_ = dims.resolve_type(atom.type)
            made[atom] = atom if type_ == atom.type else Var(atom.name, type_, atom.temporary)
        return made.get(atom, atom)

    def body(statements: Sequence[Statement]) -> Iterator[Statement]:
        for statement in statements:
            if not isinstance(statement, Eqn):
                yield _outside(map_regions(statement, body), new)
            elif statement.primitive.name == "unbroadcast":
                built, made[statement.target] = _fitted(substitute(statement, new), dims)  # type: ignore[arg-type]
                yield from built
            else:
                yield _with_lengths(substitute(statement, new), dims)  # type: ignore[arg-type]

    made_function = replace(
        function,
        params=tuple(map(new, function.params)),
        body=tuple(body(function.body)),
        results=tuple(map(new, function.results)),
        about=replace(function.about, given=tuple(map(new, function.about.given))),
    )
    return made_function, new


def _outside(statement: Statement, new: Callable[[Any], Any]) -> Statement:
    """A statement whose regions' bodies are done with the rest of its atoms replaced."""
    bodies = iter([region.body for region in regions_of(statement)])
    return map_regions(substitute(map_regions(statement, lambda body: ()), new), lambda body: next(bodies))


def _with_lengths(eqn: Eqn, dims: Dims) -> Eqn:
    """The equation with what is known now in its params."""
    params = dict(eqn.params)
    if lengths := params.get("lengths"):
        params["lengths"] = tuple(each if each is None else dims.resolve(each) for each in lengths)
    if isinstance(params.get("type"), (Array, List)):
        params["type"] = dims.resolve_type(params["type"])
    return replace(eqn, params=params)


def _fitted(eqn: Eqn, dims: Dims) -> tuple[Sequence[Statement], Atom]:
    """What an adjoint becomes in the shape of its value, and the equations that make it."""
    builder = Builder(dims.copy())
    builder.origin, builder.sweep = eqn.origin, eqn.sweep
    bar, like = map(builder.value, eqn.operands)
    made = fit(bar, like)
    if builder.body:
        made = builder.name(made, eqn.target.name, eqn.target.temporary)
    return builder.finish(), made.atom


def _tests(params: Sequence[Var], dims: Dims) -> Iterator[Statement]:
    """What has been assumed about the lengths of params, tested.

    Raises UnsupportedError where it cannot be.
    """
    owners = {
        size.symbol: (param, axis, size)
        for param in reversed(params)
        for axis, size in reversed([*enumerate(_sizes(param.type))])
        if isinstance(size, Dim) and size.offset == 0
    }
    for symbol, (param, axis, size) in owners.items():
        known = dims.resolve(size)
        if isinstance(known, int):
            test, said = f"{{0}}.shape[{axis}] != {known}", f"has not length {known}"
        elif known.symbol == symbol:
            continue
        elif known.symbol == beyond(symbol, known.offset).symbol:
            test, said = f"{{0}}.shape[{axis}] < {known.offset}", f"is shorter than {known.offset}"
        else:
            raise UnsupportedError("lengths of arguments must agree")
        yield guard(test, f'IndexError("axis {axis} of {param.name} {said}")', [param], shape_only=[0])
