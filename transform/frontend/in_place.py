"""Arrays changed in place by operators: `x += y`, `A[i] += v`."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from ..errors import UnsupportedError
from ..ir import Eqn
from ..rules.build import Value
from ..types import Array, Type, rank
from .lowering import Lowering
from .memory import view_equation
from .operators import BINARY, binary, unary
from .scope import Raised
from .writes import increment, index_of, require_same_kind, write, write_whole

__all__ = ["update_array", "update_item"]


def update_array(low: Lowering, kind: ast.operator, array: Value, right: Any) -> None:
    """`x += y` of an array: x is changed in place, so every other name of it means the new value as well."""
    left, before = low.live(array), len(low.builder.body)
    result = binary(low, kind, left, right)
    _check_result(left.type, result, kind)
    latest = low.memory.latest(array)
    eqn = view_equation(low.builder, latest.first_atom)
    if _is_sum(kind) and result.type.dtype == left.type.dtype and _is_slice(eqn):
        del low.builder.body[before:]
        assert eqn is not None
        base = Value(low.builder, eqn.operands[0])
        increment(low, base, index_of(low, eqn), _signed(low, kind, right))
    else:
        write_whole(low, array, result, fresh=True)


def _check_result(array: Type, result: Any, kind: ast.operator) -> None:
    """Refuse, as NumPy does, what cannot be put into the array."""
    if not isinstance(result, Value):
        raise UnsupportedError("the result of this in-place operation is no array")
    if rank(result.type) > rank(array):
        raise Raised(ValueError(f"non-broadcastable output operand of type {array}"))
    require_same_kind(result.type, array, f"ufunc '{BINARY[type(kind)].ufunc.__name__}'")


def _is_slice(eqn: Eqn | None) -> bool:
    return eqn is not None and eqn.primitive.name == "getitem"


def _is_sum(kind: ast.operator) -> bool:
    return isinstance(kind, (ast.Add, ast.Sub))


def _signed(low: Lowering, kind: ast.operator, right: Any) -> Any:
    return unary(low, ast.USub(), right) if isinstance(kind, ast.Sub) else right


def update_item(
    low: Lowering, kind: ast.operator, array: Value, index: Any, left: Any, right: Callable[[], Any]
) -> None:
    """`A[index] += v`, where `left` is A[index] and `right` evaluates v, as Python does, after that."""
    if isinstance(left.type, Array) and _shares(low, left):
        update_array(low, kind, left, right())
        return
    root = low.memory.root(array)
    value = right()
    builder, before = low.builder, len(low.builder.body)
    result = binary(low, kind, left, value)
    if isinstance(left.type, Array):
        _check_result(left.type, result, kind)
    same_type = isinstance(result, Value) and result.type.dtype == low.live(array).type.dtype
    if _is_sum(kind) and same_type and result.type.dtype.kind != "b" and low.memory.root(array) is root:
        made = builder.body[before:]
        del builder.body[before:]
        if increment(low, array, index, _signed(low, kind, value)):
            return
        builder.body[before:] = made
    write(low, array, index, result)


def _shares(low: Lowering, left: Value) -> bool:
    """Whether what was read is an array itself, or a view of one, rather than a copy of elements."""
    eqn = low.builder.made.get(left.first_atom)
    return (
        not isinstance(eqn, Eqn)
        or eqn.primitive.name != "getitem"
        or _is_slice(view_equation(low.builder, left.first_atom))
    )
