"""Lists whose length only run time knows: what the user appends to in a loop, and tapes.

All items of a list have one type. The adjoint of a list is a list of adjoints, of the same length: what is
appended in one is popped from the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import UnsupportedError
from ..types import INT, Array, Dims, List, Scalar, Type, unknown_dim
from .build import Builder, Call, Value, op
from .families import constant, result_type
from .registry import PRIMITIVES, primitive
from .shape import dtype_text

__all__ = ["new_list"]

Params = Mapping[str, Any]


def new_list(b: Builder, element: Type) -> Value:
    """An empty list of items of a type."""
    return b.apply(PRIMITIVES["new_list"], (), {"element": element})


def element_of(type_: Type) -> Type:
    """The type of a list's items."""
    if not isinstance(type_, List):
        raise UnsupportedError(f"a value of type {type_} is no list")
    return type_.element


constant("new_list", lambda dims, types, params: List(params["element"]), "[]", stem="xs")


def _undefined(dims: Dims, types: Sequence[Type], params: Params) -> Type:
    made: Type = params["type"]
    return made


# A variable that has no value on this path: nothing is printed for it, or that it is `meanwhile` that, and
# nothing reads it.
constant("undefined", _undefined, "None", stem="t")


# One item more, one less.


def _infer_same(dims: Dims, types: Sequence[Type], params: Params) -> Type:
    return types[0]


def _infer_item(dims: Dims, types: Sequence[Type], params: Params) -> Type:
    return element_of(types[0])


def _append_tangent(call: Call, dots: Sequence[Value | None]) -> Value:
    xs_dot, v_dot = dots
    if xs_dot is None:
        xs_dot = op.zeros_list(call.operands[0])
    if v_dot is None:
        v_dot = _zero(call.operands[1])
    return op.append(xs_dot, v_dot)


def _zero(value: Value) -> Any:
    if isinstance(value.type, Array):
        return op.zeros_like(value)
    return op.zeros_list(value) if isinstance(value.type, List) else value.type.dtype.type(0).item()


primitive(
    "append",
    _infer_same,
    "{0}.append({1})",
    _append_tangent,
    lambda call, ys_bar, k: op.last(ys_bar) if k else op.drop(ys_bar),
    consumes=True,
)
# `v = xs.pop()` is two equations: v = last(xs); xs = drop(xs).
primitive(
    "last",
    _infer_item,
    "{0}[-1]",
    lambda call, dots: op.last(dots[0]),
    lambda call, v_bar, k: op.list_add(op.zeros_list(call.operands[0]), v_bar, -1),
    stem="e",
)
primitive(
    "drop",
    _infer_same,
    "{0}.pop()",
    lambda call, dots: op.drop(dots[0]),
    lambda call, ys_bar, k: op.append(ys_bar, _zero(op.last(call.operands[0]))),
    consumes=True,
)
constant("list_len", lambda dims, types, params: INT, "len({0})", stem="n")
constant(
    "zeros_list",
    _infer_same,
    lambda types, params: _zeros_text(element_of(types[0]), params),
    stem="xs",
)


def _zeros_text(element: Type, params: Params) -> str:
    # Numba tells the type of what is in a list by what is appended, so nothing is taken out of an empty one.
    if isinstance(element, Scalar) and not params.get("maybe"):
        return f"[{_zero_text(element)}] * len({{0}})"
    return f"[{_zero_text(element)} for e in {_items_text(params)}]"


def _items_text(params: Params) -> str:
    """The items of a list; with `maybe`, of one that is None where no iteration has bound it yet."""
    return "{0} or ()" if params.get("maybe") else "{0}"


def _zero_text(type_: Type) -> str:
    if isinstance(type_, Array):
        given = "" if type_.dtype.name == "float64" else f", dtype={dtype_text(type_.dtype)}"
        return f"np.zeros(e.shape{given})"
    if isinstance(type_, List):
        return f"[{_zero_text(type_.element)} for e in e]"
    return repr(type_.dtype.type(0).item())


# The items are copied, too: what is done to one list is not seen in the other.
primitive(
    "copy_list",
    _infer_same,
    lambda types, params: _copy_text(types[0]),
    lambda call, dots: op.copy_list(dots[0]),
    lambda call, ys_bar, k: ys_bar,
    stem="xs",
)


def _copy_text(type_: Type, name: str = "{0}") -> str:
    item = element_of(type_)
    if isinstance(item, Scalar):
        return f"{name}.copy()"
    inner = "e.copy()" if isinstance(item, Array) else _copy_text(item, "e")
    return f"[{inner} for e in {name}]"


# Items by their position.


def _list_set_tangent(call: Call, dots: Sequence[Value | None]) -> Value:
    (xs, v, k), (xs_dot, v_dot, _) = call.operands, dots
    start = op.zeros_list(xs) if xs_dot is None else xs_dot
    return op.list_set(start, _zero(v) if v_dot is None else v_dot, k)


def _list_set_adjoint(call: Call, ys_bar: Value, k: int) -> Value:
    _, v, position = call.operands
    return op.list_get(ys_bar, position) if k else op.list_set(ys_bar, _zero(v), position)


def _list_add_tangent(call: Call, dots: Sequence[Value | None]) -> Value:
    (xs, _, k), (xs_dot, v_dot, _) = call.operands, dots
    if v_dot is None:
        assert xs_dot is not None
        return xs_dot
    return op.list_add(op.zeros_list(xs) if xs_dot is None else xs_dot, v_dot, k)


primitive(
    "list_get",
    _infer_item,
    "{0}[{1}]",
    lambda call, dots: op.list_get(dots[0], call.operands[1]),
    lambda call, v_bar, k: op.list_add(op.zeros_list(call.operands[0]), v_bar, call.operands[1]),
    stem="e",
)
primitive("list_set", _infer_same, "{0}[{2}] = {1}", _list_set_tangent, _list_set_adjoint, consumes=True)


def _list_add_code(types: Sequence[Type], params: Params) -> str:
    if isinstance(element_of(types[0]), List):
        return "{0}[{2}] = [a + b for a, b in zip({0}[{2}], {1})]"
    if isinstance(element_of(types[0]), Scalar):
        return "{0}[{2}] += {1}"
    return "{0}[{2}] = {0}[{2}] + {1}"


# An array in the list may be somebody else's: it is replaced, not added to in place.
primitive(
    "list_add",
    _infer_same,
    _list_add_code,
    _list_add_tangent,
    lambda call, ys_bar, k: op.list_get(ys_bar, call.operands[2]) if k else ys_bar,
    consumes=True,
)


# Lists as arrays, and their sums.


_OF_PYTHON = ("bool", "int64", "float64", "complex128")


def _infer_stack_list(dims: Dims, types: Sequence[Type], params: Params) -> Type:
    item = element_of(types[0])
    if isinstance(item, List):
        raise UnsupportedError("a list of lists as an array", "Make each inner list an array first.")
    sizes = item.dims if isinstance(item, Array) else ()
    return Array(params.get("dtype", item.dtype), (params.get("length") or unknown_dim(), *sizes))


def _stack_list_code(types: Sequence[Type], params: Params) -> str:
    # A list of adjoints begins as Python zeros, which say nothing of a precision.
    item = element_of(types[0])
    given = params.get("dtype", item.dtype)
    told = given == item.dtype and (isinstance(item, Array) or given.name in _OF_PYTHON)
    call = params.get("by", "np.array")
    return f"{call}({{0}})" if told else f"{call}({{0}}, dtype={dtype_text(given)})"


primitive(
    "stack_list",
    _infer_stack_list,
    _stack_list_code,
    lambda call, dots: call.builder.apply(PRIMITIVES["stack_list"], (dots[0],), call.params),
    lambda call, y_bar, k: op.unstack(_of_type(y_bar, call), element=element_of(call.operands[0].type)),
    stem="v",
)


def _unstack_code(types: Sequence[Type], params: Params) -> str:
    element = params["element"]
    return "{0}.tolist()" if isinstance(element, Scalar) and element.weak else "list({0})"


primitive(
    "unstack",
    lambda dims, types, params: List(params["element"]),
    _unstack_code,
    lambda call, dots: op.unstack(dots[0], **call.params),
    lambda call, ys_bar, k: op.stack_list(ys_bar, length=call.operands[0].type.dims[0]),
    stem="xs",
)


def _infer_sum_list(dims: Dims, types: Sequence[Type], params: Params) -> Type:
    item = element_of(types[0])
    return result_type(item.dtype, item.dims if isinstance(item, Array) else (), getattr(item, "weak", False))


def _of_type(y_bar: Value, call: Call) -> Value:
    """An adjoint of an item's dtype: the list of adjoints has the type that the items say."""
    dtype = call.operands[0].type.dtype
    return y_bar if y_bar.type.dtype == dtype else op.astype(y_bar, dtype=dtype)


primitive(
    "sum_list",
    _infer_sum_list,
    "sum({0})",
    lambda call, dots: op.sum_list(dots[0]),
    lambda call, y_bar, k: op.repeat_list(_of_type(y_bar, call), call.operands[0]),
    stem="s",
)
primitive(
    "repeat_list",
    lambda dims, types, params: List(types[0]),
    "[{0}] * len({1})",
    lambda call, dots: op.repeat_list(dots[0], call.operands[1]),
    lambda call, ys_bar, k: op.sum_list(ys_bar),
    stem="xs",
    shape_only=frozenset({1}),
)


def _add_lists_tangent(call: Call, dots: Sequence[Value | None]) -> Value:
    pairs = zip(call.operands, dots, strict=True)
    return op.add_lists(*(op.zeros_list(xs) if dot is None else dot for xs, dot in pairs))


primitive(
    "add_lists",
    _infer_same,
    "[a + b for a, b in zip({0}, {1})]",
    lambda call, dots: op.add_lists(
        *(op.zeros_list(x) if d is None else d for x, d in zip(call.operands, dots, strict=True))
    ),
    lambda call, ys_bar, k: ys_bar,
    stem="xs",
)
