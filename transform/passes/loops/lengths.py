"""Lengths that NumPy would compare are compared before loops rely on them.

    z = x[:k]                                  z = x[:k]
                                   --->        if z.shape[0] != y.shape[0]:
                                                   raise ValueError("lengths do not fit together")
    s = np.sum(z * y)                          s = np.sum(z * y)

The types know that two arrays that meet are of one length, or else NumPy raises. Loops do not raise: they
would read what is beside the shorter one. The lengths of a kernel's arguments are compared before the call.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ...errors import TransformError
from ...ir import Atom, Eqn, For, Function, If, Lit, Region, Statement, Var, While
from ...rules.effects import guard
from ...rules.index import index_text, shifted
from ...rules.stores import place_text, place_type
from ...types import Array, Dims, Size, Type, not_one, rank

__all__ = ["FITS", "compared"]

FITS = "fits"
"""Says of what an array is written to that the lengths of the two have been compared."""

Sizes = tuple[Size, ...]


def compared(function: Function, is_kernel: bool = True) -> Function:
    """The function, and those it calls, with a ValueError where lengths differ that are taken for one.

    Those of the params of a kernel are known to agree.
    """
    callees = {callee: compared(each, False) for callee, each in function.callees.items()}
    known = _Known()
    first: list[Statement] = []
    for param in function.params:
        if is_kernel:
            known.learn(param)
        else:
            first += known.of(param, (), None)
    return replace(function, body=(*first, *known.block(function.body)), callees=callees)


@dataclass(frozen=True)
class _Axis:
    """Where a length can be seen: that of an array along an axis is the symbol's plus `offset`."""

    array: Var
    axis: int
    offset: int


@dataclass
class _Known:
    """What is known at a point of a program.

    axes     where the length of each symbol can be seen
    places   the dims of what has been read or compared at a place, see `_place`
    """

    axes: dict[Any, _Axis] = field(default_factory=dict)
    places: dict[Any, Sizes] = field(default_factory=dict)

    def block(self, body: Sequence[Statement]) -> Iterator[Statement]:
        for statement in body:
            match statement:
                case Eqn():
                    yield from self.added(statement)
                    if _is_compared(statement):
                        statement = replace(statement, params={**statement.params, FITS: True})
                    yield statement
                    yield from self.results(statement)
                    continue
                case If(then=then, orelse=orelse):
                    yield replace(statement, then=self.inner(then), orelse=self.inner(orelse))
                    handed_on = zip(then.results, orelse.results, strict=True)
                case For(body=region):
                    yield replace(statement, body=self.looped(statement))
                    handed_on = zip(statement.init, region.results, strict=True)
                case While(condition=condition, body=region):
                    yield replace(statement, condition=self.inner(condition), body=self.looped(statement))
                    handed_on = zip(statement.init, region.results, strict=True)
            for target, atoms in zip(statement.targets, handed_on, strict=True):
                yield from self.of(target, _common(atoms), statement)

    def inner(self, region: Region) -> Region:
        """A region: what is defined in it is known in it only."""
        within = _Known(dict(self.axes), dict(self.places))
        return replace(region, body=tuple(within.block(region.body)))

    def looped(self, loop: For | While) -> Region:
        within = _Known(dict(self.axes), dict(self.places))
        carried = loop.body.params[isinstance(loop, For) :]
        first: list[Statement] = []
        for param, atoms in zip(carried, zip(loop.init, loop.body.results, strict=True), strict=True):
            first += within.of(param, _common(atoms), loop)
        return replace(loop.body, body=(*first, *within.block(loop.body.body)))

    def results(self, eqn: Eqn) -> Iterator[Statement]:
        place = _place(eqn, 1) if eqn.primitive.name == "getitem" else None
        if isinstance(eqn.target.type, Array):
            if place is None or self.places.get(place) != eqn.target.type.dims:
                yield from self.of(eqn.target, _natural(eqn), eqn)
            self.learn(eqn.target)
            if place is not None:
                self.places[place] = eqn.target.type.dims
        for other in eqn.others:
            yield from self.of(other, (), eqn)

    def of(self, target: Var, made: Sizes, about: Statement | None) -> Iterator[Statement]:
        """The comparisons for a new array, whose lengths are `made` by what it comes from."""
        if not isinstance(target.type, Array):
            return
        for axis, size in enumerate(target.type.dims):
            if axis >= len(made) or not Dims().same(made[axis], size):
                yield from self.comparison(target, axis, size, about)
        self.learn(target)

    def comparison(self, target: Var, axis: int, size: Size, about: Statement | None) -> Iterator[Statement]:
        """Nothing for a length that is seen here first."""
        here = f"{{0}}.shape[{axis}]"
        if isinstance(size, int):
            yield _misfit(f"{here} != {size}", [target], about)
        elif size.symbol in self.axes:
            other = self.axes[size.symbol]
            there, by = f"{{1}}.shape[{other.axis}]", size.offset - other.offset
            wanted = f"max({there} {'+' if by > 0 else '-'} {abs(by)}, 0)" if by else there
            yield _misfit(f"{here} != {wanted}", [target, other.array], about)

    def learn(self, array: Var) -> None:
        for axis, size in enumerate(array.type.dims if isinstance(array.type, Array) else ()):
            if not isinstance(size, int):
                self.axes.setdefault(size.symbol, _Axis(array, axis, size.offset))

    def added(self, eqn: Eqn) -> Iterator[Statement]:
        """The comparisons of what an equation adds or writes with where it goes.

        Loops do not raise there, nor does Numba for `x[i:j] += v`.
        """
        types = [each.type for each in eqn.operands]
        if eqn.primitive.name == "unbroadcast":
            yield from _part("{1}", types[1], "{0}", types[0], eqn)
        elif _is_compared(eqn):
            place, dims = _place(eqn, 2), types[1].dims  # type: ignore[union-attr]
            if place is not None and self.places.get(place) == dims:
                return
            bare = place_type(Dims(), types, _bare(eqn.params))
            found = list(_part("{1}", types[1], place_text(types, eqn.params), bare, eqn))
            if place is not None and all(map(not_one, dims)) and rank(bare) == len(dims):
                self.places[place] = dims
            yield from found


def _misfit(condition: str, operands: Sequence[Any], about: Statement | None) -> Statement:
    """A statement that raises under a condition on the operands' lengths."""
    return guard(condition, 'ValueError("lengths do not fit together")', operands, about)


def _part(part: str, own: Type, whole: str, type_: Type, eqn: Eqn) -> Iterator[Statement]:
    """The comparisons of an array with what it is broadcast to."""
    if not isinstance(own, Array) or not isinstance(type_, Array):
        return
    lead = rank(type_) - rank(own)
    for axis, size in enumerate(own.dims):
        if size != 1 and not Dims().same(size, type_.dims[axis + lead]):
            here = f"{part}.shape[{axis}]"
            condition = f"{here} != {whole}.shape[{axis + lead}]"
            yield _misfit(condition if not_one(size) else f"{condition} and {here} != 1", eqn.operands, eqn)


def _is_compared(eqn: Eqn) -> bool:
    """Whether an array is added or written to a place whose lengths can be seen."""
    types = [each.type for each in eqn.operands]
    if eqn.primitive.name not in ("store", "index_add") or not isinstance(types[1], Array):
        return False
    if any(isinstance(each, Array) for each in types[2:]):
        return False
    return rank(types[1]) <= rank(place_type(Dims(), types, _bare(eqn.params)))


def _place(eqn: Eqn, first: int) -> Any:
    """What tells a part of an array: its dims, the index and the operands in it, which start at `first`."""
    if eqn.params.get("prefix"):
        return None
    numbers = tuple(each.value if isinstance(each, Lit) else each for each in eqn.operands[first:])
    type_ = eqn.operands[0].type
    dims = type_.dims if isinstance(type_, Array) else ()
    return dims, index_text(shifted(eqn.params["index"], -first)), numbers


def _bare(params: Mapping[str, Any]) -> Mapping[str, Any]:
    """Params that do not say what lengths are taken for."""
    return {key: value for key, value in params.items() if key != "lengths"}


def _natural(eqn: Eqn) -> Sizes:
    """The dims of a result by the types of the operands alone."""
    params = _bare(eqn.params) if eqn.primitive.name == "getitem" else eqn.params
    try:
        found = eqn.primitive.infer(Dims(), [each.type for each in eqn.operands], params)
    except TransformError:
        return ()
    return found.dims if isinstance(found, Array) else ()


def _common(atoms: Sequence[Atom]) -> Sizes:
    """The dims of a value that is one of several; where they differ, nothing."""
    first, *others = [each.type for each in atoms]
    if not isinstance(first, Array):
        return ()
    return first.dims if all(isinstance(each, Array) and each.dims == first.dims for each in others) else ()
