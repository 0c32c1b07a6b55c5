"""Running sums, products and recurrences as loops: what each element makes of the one before.

c = np.cumsum(x)       --->       s = 0.0
                                  for i in range(x.shape[0]):
                                      s = s + x[i]
                                      c[i] = s
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ...ir import Eqn, For, Lit, Slot, Var
from ...rules.build import Value, op
from ...rules.shape import dim_values
from ...types import INT, Array, Scalar, rank

__all__ = ["SCANS", "scanned"]

_AT, _STORED = (Slot(1),), (Slot(2),)

Step = Callable[[Sequence[Value], Sequence[Value], Value], tuple[Sequence[Any], Any]]
"""(state, elements, index) -> the next state, the element of the result."""


def _sum(state: Sequence[Value], x: Sequence[Value], i: Value) -> tuple[Sequence[Any], Any]:
    total = state[0] + x[0]
    return [total], total


def _product(state: Sequence[Value], x: Sequence[Value], i: Value) -> tuple[Sequence[Any], Any]:
    total = state[0] * x[0]
    return [total], total


def _product_before(state: Sequence[Value], x: Sequence[Value], i: Value) -> tuple[Sequence[Any], Any]:
    return [state[0] * x[0]], state[0]


def _element_before(state: Sequence[Value], x: Sequence[Value], i: Value) -> tuple[Sequence[Any], Any]:
    return [x[0]], state[0]


def _recurrence(state: Sequence[Value], x: Sequence[Value], i: Value) -> tuple[Sequence[Any], Any]:
    # The factor of the first element is not read: it may be infinite.
    (a, b), (z,) = x, state
    builder = i.builder
    first, later = builder.region(lambda: [b]), builder.region(lambda: [a * z + b])
    (made,) = builder.branch(op.eq(i, 0), first, later, [b.type])
    return [made], made


def _recurrence_back(state: Sequence[Value], x: Sequence[Value], i: Value) -> tuple[Sequence[Any], Any]:
    (a, b), (z, factor) = x, state
    made = factor * z + b
    return [made, a], made


SCANS: dict[str, tuple[tuple[float, ...], Step]] = {
    "cumsum": ((0.0,), _sum),
    "cumprod": ((1.0,), _product),
    "exclusive_products": ((1.0,), _product_before),
    "delay": ((0.0,), _element_before),
    "recurrence": ((0.0,), _recurrence),
}


def scanned(eqn: Eqn, operands: Sequence[Value]) -> Value | None:
    """A scan along an array of doubles as a loop; None for any other array."""
    type_, reverse = eqn.target.type, eqn.params["reverse"]
    if rank(type_) != 1 or type_.dtype.name != "float64":
        return None
    if any(not isinstance(each.type, Array) or rank(each.type) != 1 for each in operands):
        return None
    name, builder = eqn.primitive.name, operands[0].builder
    if name == "recurrence":
        dims = [each.type.dims[0] for each in operands]  # type: ignore[union-attr]
        if not builder.dims.same(*dims):
            return None
    starts, step = ((0.0, 0.0), _recurrence_back) if (name, reverse) == ("recurrence", True) else SCANS[name]
    made = op.empty_like(operands[-1], dtype=type_.dtype)
    index = Var("i", INT)
    params = [Var("c", type_, True), *(Var("s", Scalar(type_.dtype), True) for _ in starts)]
    targets = [Var(each.name, each.type, True) for each in params]

    def body() -> Sequence[Any]:
        array, *state = map(builder.value, params)
        i = builder.value(index)
        elements = [op.getitem(each, i, index=_AT) for each in operands]
        after, element = step(state, elements, i)
        return [op.store(array, element, i, index=_STORED), *after]

    region = builder.region(body, (index, *params))
    stop = builder.atom(dim_values(operands[-1])[0])
    init = (made.atom, *map(Lit, starts))
    loop = For(tuple(targets), Lit(0), stop, Lit(1), init, region, builder.origin, builder.sweep, reverse)
    builder.body.append(loop)
    return builder.value(targets[0])
