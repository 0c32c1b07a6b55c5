"""What NumPy's promotion does with Python's numbers, written out for compilers that know dtypes only.

    y = 2.0 * x            --->     y = np.float32(2.0) * x        where x is single precision
    y = math.sin(x)        --->     y = math.sin(np.float64(x))

And what is only spelled otherwise: x.tolist() is list(x).
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..errors import UnsupportedError
from ..ir import Atom, Eqn, Function, Primitive, Statement, Var, map_regions
from ..types import Array, Dims, List, Scalar, Type, rank

__all__ = ["cast", "is_boxed_otherwise", "is_single", "promoted"]

_CONVERSIONS = {"to_float": np.dtype(np.float64), "to_complex": np.dtype(np.complex128)}
_PLAIN = ("float64", "int64", "uint64", "bool", "complex128")


def promoted(function: Function) -> Function:
    """The function, and those it calls, with every promotion of a number to another precision in it.

    Raises UnsupportedError where small integers are computed with, which wrap around at other numbers.
    """
    changed = replace(function, body=tuple(_body(function.body)))
    return replace(changed, callees={callee: promoted(each) for callee, each in function.callees.items()})


def is_boxed_otherwise(type_: Type) -> bool:
    """Whether compiled code hands a scalar of this type back as a Python number of another precision."""
    return isinstance(type_, Scalar) and not type_.weak and type_.dtype.name not in _PLAIN


def is_single(type_: Type) -> bool:
    """Whether compiled code may compute this in double precision, so that the result is cast."""
    single = type_.dtype.name in ("float32", "complex64")
    return single and not isinstance(type_, List) and not _is_weak(type_)


def cast(atom: Atom, dtype: np.dtype, like: Eqn | None = None) -> Eqn:
    """The equation `np.float32(x)`, for an array `x.astype(np.float32, copy=False)`."""
    origin, sweep = (like.origin, like.sweep) if like is not None else (None, None)
    if isinstance(atom.type, Array):
        target = Var("t", replace(atom.type, dtype=dtype), temporary=True)
        return Eqn(target, _cast(dtype, True), (atom,), {}, origin)
    target = Var("t", Scalar(dtype), temporary=True)
    made = Eqn(target, _cast(dtype), (atom,), {}, origin)
    return made if sweep is None else replace(made, sweep=sweep)


@functools.cache
def _cast(dtype: np.dtype, array: bool = False) -> Primitive:
    def infer(dims: Dims, types: Sequence[Type], params: Mapping[str, Any]) -> Type:
        (type_,) = types
        return replace(type_, dtype=dtype) if isinstance(type_, Array) else Scalar(dtype)

    code = f"{{0}}.astype(np.{dtype.name}, copy=False)" if array else f"np.{dtype.name}({{0}})"
    return Primitive("cast", infer, code)


def _body(body: tuple[Statement, ...]) -> Iterator[Statement]:
    for statement in body:
        if isinstance(statement, Eqn):
            yield from _equation(statement)
        else:
            yield map_regions(statement, _body)


def _equation(eqn: Eqn) -> Iterator[Statement]:
    _refuse_small_integers(eqn)
    double = _CONVERSIONS.get(eqn.primitive.name)
    if double is not None and eqn.operands[0].type.dtype != double:
        # float(x) of a compiler has the precision of x, and there is none of a bool.
        yield replace(eqn, primitive=_cast(double))
        return
    if (code := _spelling(eqn)) is not None:
        yield replace(eqn, primitive=replace(eqn.primitive, code=code))
        return
    operands: list[Atom] = []
    wanted = _precision(eqn)
    for operand in eqn.operands:
        dtype = wanted(operand.type)
        if dtype is None:
            operands.append(operand)
        else:
            made = cast(operand, dtype, eqn)
            yield made
            operands.append(made.target)
    yield replace(eqn, operands=tuple(operands)) if operands != [*eqn.operands] else eqn


def _spelling(eqn: Eqn) -> str | None:
    """How an equation is written where compilers do not take what Python does."""
    if eqn.primitive.name == "sign" and eqn.params["lib"] == "math":
        return "1.0 * ({0} > 0) - ({0} < 0)"  # no bool becomes a float
    if eqn.primitive.name == "unstack" and rank(eqn.operands[0].type) == 1:
        return "list({0})"
    return None


def _precision(eqn: Eqn) -> Any:
    """What the types of an equation's operands must become, None where they are right."""
    if eqn.params.get("lib") == "math":
        return lambda type_: np.dtype(np.float64) if is_boxed_otherwise(type_) else None
    strong = [each.type.dtype for each in eqn.operands if not _is_weak(each.type)]
    if not (eqn.primitive.elementwise and strong):
        return lambda type_: None
    common = np.result_type(*strong)
    if common.name in _PLAIN or common.kind not in "fc":
        return lambda type_: None
    real = np.finfo(common).dtype

    def wanted(type_: Type) -> np.dtype | None:
        if not _is_weak(type_) or type_.dtype.kind == "b":
            return None
        return np.result_type(real, np.complex64) if type_.dtype.kind == "c" else real

    return wanted


def _is_weak(type_: Type) -> bool:
    return isinstance(type_, Scalar) and type_.weak


def _refuse_small_integers(eqn: Eqn) -> None:
    type_ = eqn.target.type
    if not eqn.primitive.elementwise or isinstance(type_, List) or type_.dtype.kind not in "iu":
        return
    if type_.dtype.itemsize < 8 and not all(isinstance(each.type, Array) for each in eqn.operands):
        raise UnsupportedError(
            f"Numba computes {type_.dtype.name} with numbers in 64 bits, so that it wraps around elsewhere",
            'Use backend="python", or int64.',
            eqn.origin,
        )
