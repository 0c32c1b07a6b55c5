"""Composite array equations in terms of those that loops are made of.

m = x.mean(axis=1, keepdims=True)    --->    m = (x.sum(axis=1) / x.shape[1])[:, None]
p = np.outer(a, b)                   --->    p = a[:, None] * b
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from ...ir import Eqn, For, Function, Lit, Region, Slot, Statement, Var, map_regions
from ...rules.build import Builder, Value, op
from ...rules.creation import new_array
from ...rules.lists import element_of
from ...rules.reductions import axes_of, count
from ...rules.registry import PRIMITIVES
from ...rules.shape import dim_values
from ...types import INT, Array, Dims, rank
from .contractions import CONTRACTIONS
from .scans import SCANS, scanned
from .written_out import read_one_by_one, survivors, write_one_by_one

__all__ = ["expanded"]

Rule = Callable[[Eqn, Sequence[Value]], "Value | None"]
RULES: dict[str, Rule] = {**CONTRACTIONS, "surviving": survivors}


def rule(*names: str) -> Callable[[Rule], Rule]:
    """Register how equations of these primitives are expanded; None where one stays as it is."""

    def register(how: Rule) -> Rule:
        RULES.update(dict.fromkeys(names, how))
        return how

    return register


def expanded(function: Function) -> Function:
    """The function with composite array equations taken apart."""
    return replace(function, body=_block(function.body))


def _block(body: Sequence[Statement]) -> tuple[Statement, ...]:
    builder = Builder(Dims())
    for statement in body:
        how = RULES.get(statement.primitive.name) if isinstance(statement, Eqn) else None
        if how is None or not _apply(builder, statement, how):  # type: ignore[arg-type]
            builder.body.append(map_regions(statement, _block))
    return builder.finish()


def _apply(builder: Builder, eqn: Eqn, how: Rule) -> bool:
    builder.origin, builder.sweep = eqn.origin, eqn.sweep
    before = len(builder.body)
    made = how(eqn, [builder.value(operand) for operand in eqn.operands])
    if made is None:
        return False
    _rename(builder, before, made, eqn.target)
    # What is made may itself be composite.
    made_of, builder.body[before:] = builder.body[before:], []
    builder.body += _block(made_of)
    return True


def _rename(builder: Builder, since: int, made: Value, target: Var) -> None:
    """Let what was made be the target of the equation that it is made for."""
    last = builder.body[-1] if len(builder.body) > since else None
    if last is None or last.targets[0] is not made.atom:
        raise AssertionError("what an equation is expanded to ends with its result")
    changes = {"target": target} if isinstance(last, Eqn) else {"targets": (target, *last.targets[1:])}
    builder.body[-1] = replace(last, **changes)


@rule(*SCANS)
def _scan(eqn: Eqn, operands: Sequence[Value]) -> Value | None:
    return scanned(eqn, operands)


@rule("outer")
def _outer(eqn: Eqn, operands: Sequence[Value]) -> Value | None:
    a, b = operands
    return op.mul(op.expand_dims(a, axis=1), b) if rank(a.type) == rank(b.type) == 1 else None


@rule("mean")
def _mean(eqn: Eqn, operands: Sequence[Value]) -> Value | None:
    (x,) = operands
    if not isinstance(x.type, Array):
        return None
    return op.div(op.sum(x, **eqn.params), count(x, eqn.params["axis"]))


@rule("sum", "max", "min", "prod", "any", "all")
def _with_kept_axes(eqn: Eqn, operands: Sequence[Value]) -> Value | None:
    (x,) = operands
    axis = eqn.params["axis"]
    if not eqn.params.get("keepdims") or not isinstance(x.type, Array) or axis in (None, ()):
        return None
    reduced = x.builder.apply(eqn.primitive, (x,), {**eqn.params, "keepdims": False})
    return op.expand_dims(reduced, axis=axes_of(axis, rank(x.type)))


@rule("var", "std")
def _spread(eqn: Eqn, operands: Sequence[Value]) -> Value | None:
    (x,) = operands
    if not isinstance(x.type, Array) or x.type.dtype.kind == "c":
        return None
    axis, ddof = eqn.params["axis"], eqn.params["ddof"]
    d = x - op.mean(x, axis=axis, keepdims=axis is not None)
    n = count(x, axis)
    mean = op.sum(d * d, axis=axis, keepdims=eqn.params["keepdims"]) / (n - ddof if ddof else n)
    return op.sqrt(mean, lib="np") if eqn.primitive.name == "std" else mean


@rule("norm")
def _norm(eqn: Eqn, operands: Sequence[Value]) -> Value | None:
    (x,) = operands
    if not isinstance(x.type, Array) or x.type.dtype.kind == "c" or eqn.params["axis"] is None:
        return None
    squares = op.sum(x * x, axis=eqn.params["axis"], keepdims=eqn.params["keepdims"])
    return op.sqrt(squares, lib="np")


@rule("squeeze")
def _squeeze(eqn: Eqn, operands: Sequence[Value]) -> Value | None:
    (x,) = operands
    if not isinstance(x.type, Array):
        return None
    axis, dims = eqn.params.get("axis"), x.type.dims
    axes = [k for k, size in enumerate(dims) if size == 1]
    if axis is not None:
        axes = [k % len(dims) for k in (axis if isinstance(axis, tuple) else (axis,))]
    if any(dims[k] != 1 for k in axes):
        return None
    return op.getitem(x, index=tuple(0 if k in axes else slice(None) for k in range(len(dims))))


@rule("expand_dims")
def _of_a_number(eqn: Eqn, operands: Sequence[Value]) -> Value | None:
    (x,) = operands
    if isinstance(x.type, Array) or not isinstance(eqn.target.type, Array):
        return None
    params = {"shape": (1,) * rank(eqn.target.type), "dtype": eqn.target.type.dtype}
    return x.builder.apply(PRIMITIVES["full"], (x,), params)


@rule("getitem")
def _where_a_mask_is(eqn: Eqn, operands: Sequence[Value]) -> Value | None:
    """Masks of several axes, along one."""
    x = operands[0]
    if not _is_masked(eqn, x, operands[1:], 1):
        return read_one_by_one(eqn, operands)
    return x.builder.apply(PRIMITIVES["getitem"], (op.ravel(x), op.ravel(operands[1])), eqn.params)


@rule("store", "index_add")
def _to_where_a_mask_is(eqn: Eqn, operands: Sequence[Value]) -> Value | None:
    """Into a mask of several axes: one number element by element, several along one axis."""
    x, value = operands[:2]
    if not _is_masked(eqn, x, operands[2:], 2) or eqn.params.get("prefix"):
        return write_one_by_one(eqn, operands)
    mask = operands[2]
    if not isinstance(value.type, Array):
        there = value if eqn.primitive.name == "store" else x + value
        return op.where(mask, there, x, lib="np") if there.type.dtype == x.type.dtype else None
    flat = x.builder.apply(eqn.primitive, (op.ravel(x), value, op.ravel(mask)), eqn.params)
    return x.builder.apply(PRIMITIVES["reshape_like"], (flat, x), {})


def _is_masked(eqn: Eqn, x: Value, dynamic: Sequence[Value], first: int) -> bool:
    """Whether the index is a mask of all axes, of which there are several."""
    if eqn.params["index"] != (Slot(first),):
        return False
    return dynamic[0].type.dtype.kind == "b" and rank(dynamic[0].type) == rank(x.type) > 1


@rule("stack_list")
def _stack_list(eqn: Eqn, operands: Sequence[Value]) -> Value | None:
    """Not by np.array: after a loop that appends, Numba takes that for a comprehension."""
    (xs,) = operands
    if isinstance(element_of(xs.type), Array) or eqn.params.get("by"):
        return None
    return xs.builder.apply(eqn.primitive, (xs,), {**eqn.params, "by": "np.asarray"})


@rule("clip")
def _clip(eqn: Eqn, operands: Sequence[Value]) -> Value | None:
    made, limits = operands[0], iter(operands[1:])
    if eqn.params["lower"]:
        made = op.maximum(made, next(limits))
    return op.minimum(made, next(limits)) if eqn.params["upper"] else made


@rule("heaviside")
def _heaviside(eqn: Eqn, operands: Sequence[Value]) -> Value | None:
    x, middle = operands
    return op.where(op.eq(x, 0), middle, (op.sign(x, lib="np") + 1) / 2, lib="np")


@rule("cofactors")
def _cofactors(eqn: Eqn, operands: Sequence[Value]) -> Value | None:
    return op.matrix_cofactors(*operands) if rank(operands[0].type) == 2 else None


@rule("trace")
def _trace(eqn: Eqn, operands: Sequence[Value]) -> Value | None:
    (x,) = operands
    if _where(eqn) or rank(x.type) != 2:
        return None
    return op.sum(op.diagonal(x, k=0, axes=(0, 1)), axis=None, keepdims=False)


@rule("diag")
def _diag(eqn: Eqn, operands: Sequence[Value]) -> Value | None:
    """Zeros, and a loop over the diagonal."""
    (v,) = operands
    if eqn.params["k"] or rank(v.type) != 1 or not isinstance(eqn.target.type, Array):
        return None
    (length,) = dim_values(v)
    zeros = new_array(v.builder, "zeros", [length, length], eqn.target.type)
    start = v.builder.name(zeros, eqn.target.name, eqn.target.temporary)
    index, param = Var("i", INT), Var(eqn.target.name, start.type, eqn.target.temporary)

    def body() -> Sequence[Value]:
        i, t = v.builder.value(index), v.builder.value(param)
        return [op.store(t, op.getitem(v, i, index=(Slot(1),)), i, i, index=(Slot(2), Slot(3)))]

    return _looped(start, length, v.builder.region(body, (index, param)))


def _looped(start: Value, length: Any, region: Region) -> Value:
    """What an array is after a loop that hands it on."""
    builder = start.builder
    target, stop = Var("t", start.type, temporary=True), builder.atom(length)
    builder.body.append(
        For((target,), Lit(0), stop, Lit(1), (start.atom,), region, builder.origin, builder.sweep)
    )
    return builder.value(target)


def _where(eqn: Eqn) -> bool:
    return any(eqn.params.get(key) for key in ("offset", "k")) or eqn.params.get("axis1", 0) != 0


@rule("stack")
def _stack(eqn: Eqn, operands: Sequence[Value]) -> Value:
    """An empty array, filled."""
    made, axis = _empty(eqn, operands), eqn.params["axis"]
    for k, part in enumerate(operands):
        made = op.store(made, part, index=(*(slice(None) for _ in range(axis)), k))
    return made


@rule("concatenate")
def _concatenate(eqn: Eqn, operands: Sequence[Value]) -> Value:
    made, axis = _empty(eqn, operands), eqn.params["axis"]
    start: Any = 0
    for part in operands:
        stop = start + dim_values(part)[axis]
        bounds = [bound for bound in (start, stop) if isinstance(bound, Value)]
        slots = {id(bound): Slot(k + 2) for k, bound in enumerate(bounds)}
        entry = slice(slots.get(id(start), start), slots.get(id(stop), stop))
        index = (*(slice(None) for _ in range(axis)), entry)
        made = op.store(made, part, *bounds, index=index)
        start = stop
    return made


def _empty(eqn: Eqn, operands: Sequence[Value]) -> Value:
    """An array for the result of joining arrays."""
    type_, axis, builder = eqn.target.type, eqn.params["axis"], operands[0].builder
    assert isinstance(type_, Array)
    shape: list[Any] = list(dim_values(operands[0]))
    if eqn.primitive.name == "stack":
        shape.insert(axis, len(operands))
    else:
        shape[axis] = functools.reduce(operator.add, (dim_values(part)[axis] for part in operands))
    return new_array(builder, "empty", shape, type_)


@rule("unbroadcast")
def _unbroadcast(eqn: Eqn, operands: Sequence[Value]) -> Value | None:
    """Each element is added where it came from: at 0 along an axis of length 1."""
    bar, like = operands
    if not isinstance(bar.type, Array) or not isinstance(like.type, Array):
        return None
    lead = rank(bar.type) - rank(like.type)
    if lead > 0:
        bar = op.sum(bar, axis=tuple(range(lead)) if lead > 1 else 0, keepdims=False)
    made = op.zeros_like(like, dtype=eqn.target.type.dtype)
    return _added(made, bar, dim_values(like), [], [])


def _added(
    onto: Value, bar: Value, lengths: Sequence[Any], indices: list[Value], places: list[Value]
) -> Value:
    """The loops over the rest of the axes."""
    builder, axis = bar.builder, len(indices)
    if axis == len(lengths):
        slots = tuple(Slot(k + 1) for k in range(axis))
        element = builder.apply(PRIMITIVES["getitem"], (bar, *indices), {"index": slots})
        index = tuple(Slot(k + 2) for k in range(axis))
        return builder.apply(PRIMITIVES["index_add"], (onto, element, *places), {"index": index})
    k = Var("ijkl"[min(axis, 3)], INT)
    param = Var("t", onto.type, temporary=True)

    def body() -> Sequence[Value]:
        index, length = builder.value(k), lengths[axis]
        place = index if isinstance(length, int) else op.row_or_only(index, length)
        if length == 1:
            place = builder.value(Lit(0))
        inner = _added(builder.value(param), bar, lengths, [*indices, index], [*places, place])
        return [inner]

    return _looped(onto, dim_values(bar)[axis], builder.region(body, (k, param)))
