"""Python's operators: those that are constant, the ufuncs that they stand for, and the operator module."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import UnsupportedError
from ..types import BOOL, Array, Dims, Type, promote
from .build import Builder, Value
from .calling import Infer, infer_operator, ufunc
from .families import constant, infer_elementwise, result_type, shapes
from .registry import PRIMITIVES, function

__all__: list[str] = []

Params = Mapping[str, Any]
_BOOL = np.dtype(np.bool_)


def _infer_comparison(dims: Dims, types: Sequence[Type], params: Params) -> Type:
    _, weak = promote(types)
    return result_type(_BOOL, shapes(dims, types), weak)


def _infer_truth(dims: Dims, types: Sequence[Type], params: Params) -> Type:
    if any(isinstance(type_, Array) for type_ in types):
        raise UnsupportedError(
            "an array has no truth value", "Use &, | and ~ on masks, or .any() and .all()."
        )
    return BOOL


def _infer_logic(dims: Dims, types: Sequence[Type], params: Params) -> Type:
    truth = _infer_truth(dims, types, params)
    if any(type_.dtype.kind != "b" for type_ in types):
        raise UnsupportedError("'and' and 'or' of numbers give one of the numbers", "Compare them first.")
    return types[0] if types[0] == types[1] else truth


def _infer_identity(dims: Dims, types: Sequence[Type], params: Params) -> Type:
    return BOOL


def _constant_operator(name: str, code: str, made: np.ufunc, infer: Infer) -> None:
    constant(name, infer, code, elementwise=True)
    ufunc(made, name, as_operator=True)


_constant_operator("lt", "{0} < {1}", np.less, _infer_comparison)
_constant_operator("le", "{0} <= {1}", np.less_equal, _infer_comparison)
_constant_operator("gt", "{0} > {1}", np.greater, _infer_comparison)
_constant_operator("ge", "{0} >= {1}", np.greater_equal, _infer_comparison)
_constant_operator("eq", "{0} == {1}", np.equal, _infer_comparison)
_constant_operator("ne", "{0} != {1}", np.not_equal, _infer_comparison)
_constant_operator("bitand", "{0} & {1}", np.bitwise_and, infer_elementwise(np.bitwise_and))
_constant_operator("bitor", "{0} | {1}", np.bitwise_or, infer_elementwise(np.bitwise_or))
_constant_operator("bitxor", "{0} ^ {1}", np.bitwise_xor, infer_elementwise(np.bitwise_xor))
_constant_operator("lshift", "{0} << {1}", np.left_shift, infer_operator(np.left_shift))
_constant_operator("rshift", "{0} >> {1}", np.right_shift, infer_operator(np.right_shift))
_constant_operator("invert", "~{0}", np.invert, infer_operator(np.invert))
_constant_operator("floordiv", "{0} // {1}", np.floor_divide, infer_operator(np.floor_divide))

constant("and_", _infer_logic, "{0} and {1}")
constant("or_", _infer_logic, "{0} or {1}")
constant("not_", _infer_truth, "not {0}")
constant("is_", _infer_identity, "{0} is {1}")
constant("is_not", _infer_identity, "{0} is not {1}")

ufunc(np.add, "add", as_operator=True)
ufunc(np.subtract, "sub", as_operator=True)
ufunc(np.multiply, "mul", as_operator=True)
ufunc(np.divide, "div", as_operator=True)
ufunc(np.negative, "neg", as_operator=True)
ufunc(np.positive, "pos", as_operator=True)


def _from_operator_module(made: Callable[..., Any], primitive: str) -> None:
    @function(made)
    def adapter(b: Builder, *things: Any) -> Value:
        return b.apply(PRIMITIVES[primitive], things, {})


_PLAIN = ("add", "sub", "mul", "neg", "pos", "mod", "floordiv", "lt", "le", "gt", "ge", "eq", "ne")
for _name in (*_PLAIN, "matmul", "invert", "lshift", "rshift"):
    _from_operator_module(getattr(operator, _name), _name)
_from_operator_module(operator.truediv, "div")
_from_operator_module(operator.and_, "bitand")
_from_operator_module(operator.or_, "bitor")
_from_operator_module(operator.xor, "bitxor")
_from_operator_module(operator.not_, "not_")
