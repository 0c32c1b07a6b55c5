"""An item of a list that is replaced gets its new value at once.

    h_bar[k] = h_bar[k] + x_bar
    p_bar = h_bar[k]                                    p_bar = h_bar[k] + x_bar
    h_bar[k] = np.zeros(x_bar.shape)       --->         ...
    ...                                                 h_bar[k] = p_bar * w
    h_bar[k] = h_bar[k] + p_bar * w

That is how the adjoint of `h[k] = f(h[k])` is put together. Nobody else sees what is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..ir import Atom, Eqn, Function, Lit, Statement, Var, count_uses, map_regions, same_atoms, walk
from ..rules.registry import PRIMITIVES
from ..types import Array, Dims

__all__ = ["with_items_replaced"]


def with_items_replaced(function: Function) -> Function:
    """The function without values of items that only the next value of the item is made of."""
    if not any(isinstance(s, Eqn) and s.primitive.name == "list_add" for s in walk(function.body)):
        return function
    return replace(function, body=_block(function.body, count_uses(function)))


def _block(body: Sequence[Statement], uses: dict[Atom, int]) -> tuple[Statement, ...]:
    body = [map_regions(statement, lambda inner: _block(inner, uses)) for statement in body]
    for change in (_added_before_it_is_read, _added_to_zeros):
        equations = _Equations.of(body)
        for statement in list(body):
            if isinstance(statement, Eqn):
                change(statement, equations, uses, body)
    return tuple(body)


@dataclass
class _Equations:
    """What makes and what reads each value of a block."""

    made: dict[Atom, Eqn]
    reading: dict[Atom, list[Eqn]]

    @classmethod
    def of(cls, body: Sequence[Statement]) -> _Equations:
        found = cls({}, {})
        for statement in body:
            if isinstance(statement, Eqn):
                found.made[statement.target] = statement
                for atom in dict.fromkeys(statement.operands):
                    found.reading.setdefault(atom, []).append(statement)
        return found


def _added_before_it_is_read(
    added: Eqn, equations: _Equations, uses: dict[Atom, int], body: list[Statement]
) -> None:
    """ys = list_add(xs, v, k); y = ys[k]; zs = list_set(ys, z, k): y = xs[k] + v; zs = list_set(xs, z, k)"""
    readers = equations.reading.get(added.target, [])
    names = [each.primitive.name for each in readers]
    if added.primitive.name != "list_add" or names != ["list_get", "list_set"] or uses[added.target] != 2:
        return
    (read, replaced), (xs, v, k) = readers, added.operands
    if not same_atoms((read.operands[1], replaced.operands[2]), (k, k)):
        return
    if read.target.type != v.type and isinstance(read.target.type, Array):
        return  # the sum may be of another shape
    item = Var("e", read.target.type, temporary=True)
    body[body.index(added)] = Eqn(item, PRIMITIVES["list_get"], (xs, k), {}, added.origin, added.sweep)
    body[body.index(read)] = replace(read, primitive=PRIMITIVES["add"], operands=(item, v))
    body[body.index(replaced)] = replace(replaced, operands=(xs, *replaced.operands[1:]))


def _added_to_zeros(added: Eqn, equations: _Equations, uses: dict[Atom, int], body: list[Statement]) -> None:
    """ys = list_set(xs, zeros, k); zs = list_add(ys, v, k): zs = list_set(xs, v, k)"""
    if added.primitive.name != "list_add":
        return
    ys, v, k = added.operands
    cleared = equations.made.get(ys)
    if cleared is None or cleared.primitive.name != "list_set" or uses[ys] != 1:
        return
    xs, zeros, place = cleared.operands
    if same_atoms((place,), (k,)) and _is_zero(zeros, v, equations.made.get(zeros)):
        body.remove(cleared)
        body[body.index(added)] = replace(added, primitive=PRIMITIVES["list_set"], operands=(xs, v, k))


def _is_zero(zeros: Atom, v: Atom, made: Eqn | None) -> bool:
    """Whether the sum of the two is the second one, and as long."""
    if isinstance(zeros, Lit):
        return zeros.value == 0 and not isinstance(v.type, Array) and v.type.dtype == zeros.type.dtype
    if made is None or made.primitive.name not in ("zeros", "zeros_like"):
        return False
    a, b = zeros.type, v.type
    return isinstance(a, Array) and isinstance(b, Array) and a.dtype == b.dtype and _agree(a, b)


def _agree(a: Array, b: Array) -> bool:
    dims = Dims()
    return len(a.dims) == len(b.dims) and all(map(dims.same, a.dims, b.dims))
