"""Piecewise smooth functions: absolute values and choices.

Conventions where there is no derivative: that of abs at 0 is 0; operands that tie share the derivative of
max and min equally; clip at its limits passes the whole derivative to its argument, none to the limits.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import UnsupportedError
from ..ir import Lit
from ..types import FLOAT, Array, Dims, Scalar, Type, is_complex, promote
from .build import Builder, Call, Value, op
from .calling import Infer, infer_function, math_function, refuse_options, spelling, ufunc
from .creation import as_array
from .elementwise import not_zero
from .families import elementwise, infer_elementwise, result_type, shapes, total
from .registry import PRIMITIVES, function, primitive
from .searching import nonzero

__all__ = ["select"]

Params = Mapping[str, Any]


# Absolute values.


def _infer_abs(dims: Dims, types: Sequence[Type], params: Params) -> Type:
    if isinstance(types[0], Scalar) and types[0].weak and is_complex(types[0]):
        return FLOAT
    return infer_elementwise(np.absolute)(dims, types, params)


def _abs_partial(x: Value, y: Value) -> Value:
    return op.conj(x) / not_zero(y) if is_complex(x.type) else op.sign(x)


def _abs_tangent(call: Call, dots: Sequence[Value]) -> Value:
    y_dot = _abs_partial(call.operands[0], call.result) * dots[0]
    return op.real(y_dot) if is_complex(y_dot.type) else y_dot


def _absolute(name: str, code: Any, infer: Any, spelled: bool = False) -> None:
    elementwise(name, code, _abs_partial, infer=infer, tangent=_abs_tangent, spelled=spelled)


_absolute("abs", "abs({0})", _infer_abs)
_absolute("absolute", "np.abs({0})", infer_function("absolute"))
_absolute("fabs", spelling("fabs", "fabs"), infer_function("fabs", "fabs"), spelled=True)
ufunc(np.absolute, "absolute")
ufunc(np.fabs, "fabs")
math_function(math.fabs, "fabs")


@function(abs, operator.abs)
def _abs(b: Builder, x: Any) -> Value:
    return b.apply(PRIMITIVES["abs"], [x], {})


# The derivative with respect to the sign's giver is 0.
elementwise(
    "copysign",
    spelling("copysign", "copysign", 2),
    lambda x, y, z: op.copysign(1.0, x) * op.copysign(1.0, y),
    lambda x, y, z: 0,
    infer=infer_function("copysign", "copysign"),
    spelled=True,
)
ufunc(np.copysign, "copysign")
math_function(math.copysign, "copysign", 2)


# A choice by a condition.


def _infer_where(dims: Dims, types: Sequence[Type], params: Params) -> Type:
    dtype, weak = promote(types[1:])
    return result_type(dtype, shapes(dims, types), weak and params.get("lib") != "np")


def _where_code(types: Sequence[Type], params: Params) -> str:
    if params.get("lib") == "np" or any(isinstance(type_, Array) for type_ in types):
        return "np.where({0}, {1}, {2})"
    return "{1} if {0} else {2}"


def _where_tangent(call: Call, dots: Sequence[Value | None]) -> Value:
    return op.where(call.operands[0], *(0.0 if dot is None else dot for dot in dots[1:]))


def _where_adjoint(call: Call, y_bar: Value, k: int) -> Value:
    condition = call.operands[0]
    return op.where(condition, y_bar, 0.0) if k == 1 else op.where(condition, 0.0, y_bar)


primitive("where", _infer_where, _where_code, _where_tangent, _where_adjoint, elementwise=True)


def select(b: Builder, condition: Any, x: Any, y: Any) -> Value:
    """np.where(condition, x, y)."""
    values = [as_array(b, thing) for thing in (condition, x, y)]
    if values[0].type.dtype.kind != "b":
        # A number is true where it is not 0; as a comparison it carries no derivative.
        values[0] = values[0].ne(0)
    return b.apply(PRIMITIVES["where"], values, {"lib": "np"})


@function(np.where)
def _where(b: Builder, condition: Any, x: Any = None, y: Any = None) -> Any:
    if x is None and y is None:
        return nonzero(b, condition)
    return select(b, condition, x, y)


@function(np.select)
def _select(b: Builder, condlist: Any, choicelist: Any, default: Any = 0) -> Value:
    if not isinstance(condlist, (list, tuple)) or not isinstance(choicelist, (list, tuple)):
        raise UnsupportedError("np.select takes lists of conditions and choices", "Use np.where.")
    if len(condlist) != len(choicelist) or not condlist:
        raise UnsupportedError("np.select takes as many conditions as choices, at least one")
    result = as_array(b, default)
    for condition, choice in zip(reversed(condlist), reversed(choicelist), strict=True):
        result = select(b, condition, choice, result)
    return result


# The greater and the lesser of two.


def _choice(name: str, code: str, infer: Infer, sign: int, propagates: bool = False) -> None:
    """Register the choice of the greater (sign 1) or the lesser (-1) of two operands.

    Where NaN does not propagate, which operand was chosen is read off the result: it may be either.
    """

    def share(call: Call, bar: Value, k: int) -> Value:
        """`bar` where operand k was chosen, half of it where both were."""
        this, other = call.operands[k], call.operands[1 - k]
        limit = other.atom.value if isinstance(other.atom, Lit) else math.nan
        finite = math.isfinite(limit)
        if finite and propagates and call.result.is_array:
            excess = this - limit if limit else this
            return bar * op.heaviside(excess if sign > 0 else -excess, 0.5)
        if finite or propagates:
            chosen = this > other if sign > 0 else this < other
        else:
            chosen = this.eq(call.result)
        # Comparisons, not differences: infinities may tie.
        return op.where(this.eq(other), 0.5 * bar, bar * chosen)

    def along(call: Call, dots: Sequence[Value | None]) -> Value:
        return total([share(call, dot, k) for k, dot in enumerate(dots) if dot is not None])

    primitive(name, infer, code, along, share, elementwise=True)


def _infer_choice(dims: Dims, types: Sequence[Type], params: Params) -> Type:
    if any(isinstance(type_, Array) for type_ in types):
        raise UnsupportedError("an array has no truth value", "Use np.maximum or np.minimum.")
    return infer_elementwise()(dims, types, params)


for _name, _sign in (("maximum", 1), ("minimum", -1), ("fmax", 1), ("fmin", -1)):
    _propagates = _name in ("maximum", "minimum")
    _choice(_name, f"np.{_name}({{0}}, {{1}})", infer_function(_name), _sign, _propagates)
    ufunc(getattr(np, _name), _name)
_choice("max2", "max({0}, {1})", _infer_choice, 1)
_choice("min2", "min({0}, {1})", _infer_choice, -1)


# Limits.


def _limits(call: Call) -> tuple[Value, Value | None, Value | None]:
    """The argument, its lower and its upper limit."""
    x, *limits = call.operands
    lower = limits.pop(0) if call.params["lower"] else None
    return x, lower, limits[0] if limits else None


def _inside(call: Call, k: int) -> Value:
    """Where the result is operand k: x at the limits too, a limit only outside of them."""
    x, lower, upper = _limits(call)
    if k == 0:
        masks = [x >= lower] if lower is not None else []
        masks += [x <= upper] if upper is not None else []
        return masks[0] if len(masks) == 1 else op.bitand(*masks)
    if call.operands[k] is lower:
        return x < lower if upper is None else op.bitand(x < lower, lower <= upper)
    above = x > upper
    # NumPy lets the upper limit win where the limits are in the wrong order.
    return above if lower is None else op.bitor(above, lower > upper)


def _clip_tangent(call: Call, dots: Sequence[Value | None]) -> Value:
    return total([_inside(call, k) * dot for k, dot in enumerate(dots) if dot is not None])


def _clip_code(types: Sequence[Type], params: Params) -> str:
    limits = iter(("{1}", "{2}"))
    lower, upper = (next(limits) if params[name] else "None" for name in ("lower", "upper"))
    if isinstance(types[0], Array):
        return f"{{0}}.clip({lower}, {upper})"
    return f"np.clip({{0}}, {lower}, {upper})"


def _infer_clip(dims: Dims, types: Sequence[Type], params: Params) -> Type:
    dtype, _ = promote(types)
    return result_type(dtype, shapes(dims, types))


primitive(
    "clip",
    _infer_clip,
    _clip_code,
    _clip_tangent,
    lambda call, y_bar, k: y_bar * _inside(call, k),
    elementwise=True,
)


@function(np.clip, method="clip")
def _clip(b: Builder, a: Any, a_min: Any = None, a_max: Any = None, out: Any = None, **options: Any) -> Value:
    lower, upper = (options.pop(name, given) for name, given in (("min", a_min), ("max", a_max)))
    refuse_options("np.clip", {"out": out, **options})
    x = as_array(b, a)
    if lower is None and upper is None:
        return op.pos(x)
    limits = [as_array(b, limit) for limit in (lower, upper) if limit is not None]
    params = {"lower": lower is not None, "upper": upper is not None}
    return b.apply(PRIMITIVES["clip"], [x, *limits], params)


# Replacing what is not finite.


def _finite_adjoint(call: Call, y_bar: Value, k: int) -> Value:
    return y_bar * op.isfinite(call.operands[0])


def _nan_to_num_code(types: Sequence[Type], params: Params) -> str:
    given = "".join(f", {name}={value!r}" for name, value in params.items() if value not in (None, 0.0))
    return f"np.nan_to_num({{0}}{given})"


primitive(
    "nan_to_num",
    lambda dims, types, params: result_type(types[0].dtype, shapes(dims, types)),
    _nan_to_num_code,
    lambda call, dots: op.isfinite(call.operands[0]) * dots[0],
    _finite_adjoint,
    elementwise=True,
)


@function(np.nan_to_num)
def _nan_to_num(
    b: Builder, x: Any, copy: Any = True, nan: Any = 0.0, posinf: Any = None, neginf: Any = None
) -> Value:
    if copy is not True:
        raise UnsupportedError("np.nan_to_num in place is not supported", "Assign its result to a name.")
    if any(isinstance(value, (Value, list, tuple)) for value in (nan, posinf, neginf)):
        raise UnsupportedError("np.nan_to_num takes constants here", "Use np.where(np.isnan(x), other, x).")
    params = {"nan": nan, "posinf": posinf, "neginf": neginf}
    return b.apply(PRIMITIVES["nan_to_num"], [as_array(b, x)], params)
