"""What is added up in a row of zeros, and then added to a row of an array, is added there at once.

    z = np.zeros(m)
    z[3] += a                               C_bar[k, 3] += a
    z[0] += b                   --->        C_bar[k, 0] += b
    for j in range(m):
        C_bar[k, j] += z[j]

That is the adjoint of `c = C[k]`, of which a few elements are read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from ...ir import Atom, Eqn, For, Function, Lit, Slot, Statement, Var, map_regions
from ...types import Array, Dims, Scalar, Size

__all__ = ["added_at_once"]

Made = dict[Any, Statement]


def added_at_once(function: Function) -> Function:
    """The function without the detour by rows of zeros."""
    return replace(function, body=tuple(_block(function.body)))


def _block(body: Sequence[Statement]) -> Iterator[Statement]:
    made: Made = {}
    for statement in body:
        inner = map_regions(statement, _block)
        made.update(dict.fromkeys(inner.targets, inner))
        if isinstance(inner, For) and (adds := _adds(inner, made)):
            yield from adds
        else:
            yield inner


def _adds(loop: For, made: Made) -> list[Eqn]:
    """What a loop does that adds one row to another, as one addition for each element that is not zero."""
    match loop.body.params, loop.body.body:
        case (j, onto), (Eqn() as read, Eqn() as added):
            pass
        case _:
            return []
    if not (_is(read, "getitem") and _is(added, "index_add") and loop.body.results == (added.target,)):
        return []
    row, *at = read.operands
    array, element, *places = added.operands
    if at != [j] or row is onto or array is not onto or element is not read.target or places.count(j) != 1:
        return []
    axis = _axis(added, 2 + places.index(j))
    if axis is None or not _covers(loop, row) or not _same(_dims(row)[0], _dims(onto)[axis]):
        return []
    return [*_each(loop, added, j, _parts(row, made) if row.type.dtype == onto.type.dtype else [])]


def _each(loop: For, added: Eqn, j: Var, parts: Sequence[tuple[Atom, Atom]]) -> Iterator[Eqn]:
    (now,), (final,) = loop.init, loop.targets
    for k, (value, place) in enumerate(parts):
        target = final if k == len(parts) - 1 else Var(final.name, final.type, final.temporary)
        operands = (now, value, *(place if each is j else each for each in added.operands[2:]))
        yield replace(added, target=target, operands=operands)
        now = target


def _is(eqn: Eqn, name: str) -> bool:
    """Whether an equation reads or writes by an index into the array itself."""
    return eqn.primitive.name == name and not eqn.params.get("prefix")


def _dims(atom: Atom) -> tuple[Size, ...]:
    return atom.type.dims if isinstance(atom.type, Array) else ()


def _axis(added: Eqn, position: int) -> int | None:
    """The axis that the operand at a position is an index of, if all axes have numbers for indices."""
    index = added.params["index"]
    slots = [entry.position if isinstance(entry, Slot) else None for entry in index]
    known = all(type(entry) is int or isinstance(entry, Slot) for entry in index)
    numbers = all(isinstance(e.type, Scalar) and e.type.dtype.kind == "i" for e in added.operands[2:])
    whole = known and numbers and len(index) == len(_dims(added.target))
    return slots.index(position) if whole and slots.count(position) == 1 else None


def _covers(loop: For, row: Atom) -> bool:
    """Whether a loop runs over all of a row."""
    match loop.start, loop.stop, loop.step:
        case Lit(value=0), Lit(value=int(n)), Lit(value=1):
            stop: Size | None = n
        case Lit(value=0), Var(type=Scalar(size=n)), Lit(value=1):
            stop = n
        case _:
            return False
    return stop is not None and len(_dims(row)) == 1 and _same(stop, _dims(row)[0])


def _same(a: Size, b: Size) -> bool:
    return Dims().same(a, b)


def _parts(row: Atom, made: Made) -> list[tuple[Atom, Atom]]:
    """What has been added to zeros, and at which index; nothing if there was more than that."""
    parts: list[tuple[Atom, Atom]] = []
    while isinstance(eqn := made.get(row), Eqn) and _is(eqn, "index_add"):
        value, index = eqn.operands[1], eqn.params["index"]
        if _axis(eqn, 2) != 0 and type(index[0]) is not int:
            return []
        if not isinstance(value.type, Scalar) or value.type.dtype != row.type.dtype:
            return []
        parts.insert(0, (value, Lit(index[0]) if type(index[0]) is int else eqn.operands[2]))
        row = eqn.operands[0]
    return parts if _is_zero(made.get(row)) else []


def _is_zero(statement: Statement | None) -> bool:
    """Whether a statement makes zeros, or writes zeros to all of a row."""
    if isinstance(statement, Eqn):
        return statement.primitive.name in ("zeros", "zeros_like")
    if not isinstance(statement, For):
        return False
    match statement.body.params, statement.body.body:
        case (index, param), (Eqn(operands=(array, Lit(value=0), place)) as store,):
            return (
                _is(store, "store")
                and array is param
                and place is index
                and _covers(statement, param)
                and statement.body.results == (store.target,)
            )
    return False
