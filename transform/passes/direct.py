"""What is gathered in zeros to be added to a part of an array is added to the array.

    z = np.zeros(w[k].shape)
    z[3] += s                               w_bar[k, 3] += s
    z[0] += t              --->             w_bar[k, 0] += t
    w_bar[k] += z

That is how the adjoint of a row meets that of its elements. The additions are done where the last one was.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from ..ir import Atom, Eqn, Function, Slot, Statement, Var, count_uses, map_regions, walk
from ..rules.index import map_slots
from ..rules.registry import PRIMITIVES
from ..types import Array, Scalar
from .memory import consumed

__all__ = ["added_directly"]

_ZEROS = frozenset({"zeros", "zeros_like"})


def added_directly(function: Function) -> Function:
    """The function without the zeros in which a sum for a part of an array is gathered."""
    if not any(map(_is_part, walk(function.body))):
        return function
    return replace(function, body=tuple(_block(function.body, count_uses(function), consumed(function.body))))


def _block(body: Sequence[Statement], uses: dict[Atom, int], overwritten: set[Atom]) -> list[Statement]:
    made = {s.target: s for s in body if isinstance(s, Eqn)}
    gone: set[Statement] = set()
    instead: dict[Statement, list[Statement]] = {}
    for statement in body:
        if isinstance(statement, Eqn) and _is_part(statement):
            chain = _gathered(statement, made, uses)
            if chain and not any(each.operands[1] in overwritten for each in chain[1:]):
                gone.update(chain)
                instead[statement] = list(_additions(statement, chain[1:]))
    out: list[Statement] = []
    for statement in body:
        if statement not in gone:
            out += instead.get(statement, [map_regions(statement, lambda b: _block(b, uses, overwritten))])
    return out


def _is_part(statement: Statement) -> bool:
    """Whether an array is added to a part of another one that numbers alone say."""
    return (
        isinstance(statement, Eqn)
        and statement.primitive.name == "index_add"
        and set(statement.params) == {"index"}
        and isinstance(statement.operands[1].type, Array)
        and all(_is_number(entry, statement) for entry in statement.params["index"])
        and len(statement.operands[1].type.dims)
        == len(statement.operands[0].type.dims) - len(statement.params["index"])  # type: ignore[union-attr]
    )


def _is_number(entry: Any, eqn: Eqn) -> bool:
    if isinstance(entry, Slot):
        type_ = eqn.operands[entry.position].type
        return isinstance(type_, Scalar) and type_.dtype.kind in "iu"
    return type(entry) is int


def _gathered(last: Eqn, made: dict[Var, Eqn], uses: dict[Atom, int]) -> list[Eqn]:
    """The zeros and the additions that lead to what an equation adds; none where others see them."""
    chain: list[Eqn] = []
    atom: Atom = last.operands[1]
    while (eqn := made.get(atom)) is not None and uses[atom] == 1:  # type: ignore[arg-type]
        chain.insert(0, eqn)
        if eqn.primitive.name in _ZEROS:
            same = eqn.target.type.dtype == last.operands[0].type.dtype
            return chain if same and len(chain) > 1 else []
        if eqn.primitive.name != "index_add" or not _can_follow(eqn):
            return []
        atom = eqn.operands[0]
    return []


def _can_follow(eqn: Eqn) -> bool:
    """Whether an index may stand behind numbers: those and lists do not mix."""
    index = eqn.params["index"]
    return set(eqn.params) == {"index"} and all(isinstance(e, slice) or _is_number(e, eqn) for e in index)


def _additions(last: Eqn, additions: Sequence[Eqn]) -> Iterator[Statement]:
    """What was added to the zeros, added to the array."""
    array, _, *place = last.operands
    for each in additions:
        _, v, *dynamic = each.operands
        inner = map_slots(each.params["index"], lambda slot: Slot(slot.position + len(place)))
        params = {"index": (*last.params["index"], *inner)}
        target = last.target if each is additions[-1] else Var(last.target.name, last.target.type)
        yield Eqn(
            target, PRIMITIVES["index_add"], (array, v, *place, *dynamic), params, each.origin, each.sweep
        )
        array = target
