"""Complex numbers and conversions between kinds of number.

The pairing of an adjoint with a tangent is Re(y_bar * y_dot): nothing is conjugated for a holomorphic
function, conj(y_bar) is the adjoint of conj, -1j * y_bar that of the imaginary part.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import UnsupportedError
from ..types import BOOL, COMPLEX, FLOAT, INT, Array, Dims, Scalar, Type, is_complex
from .build import Builder, Value, op
from .calling import infer_function, refuse_options
from .creation import as_array
from .families import constant, elementwise, infer_elementwise, linear, result_type, shapes
from .registry import PRIMITIVES, attribute, function

__all__: list[str] = []

Params = Mapping[str, Any]


def _infer_part(dims: Dims, types: Sequence[Type], params: Params) -> Type:
    (x,) = types
    dtype = np.empty(0, x.dtype).real.dtype
    return Scalar(dtype, x.weak) if isinstance(x, Scalar) else result_type(dtype, shapes(dims, types))


def _infer_conj(dims: Dims, types: Sequence[Type], params: Params) -> Type:
    return infer_elementwise(np.conjugate)(dims, types, params)


def _conj_code(types: Sequence[Type], params: Params) -> str:
    # NumPy's function makes NumPy's number of a Python one; the method leaves it what it is.
    weak = isinstance(types[0], Scalar) and types[0].weak
    return "np.conj({0})" if weak and params.get("lib") == "np" else "{0}.conjugate()"


linear("real", _infer_part, "{0}.real", lambda y_bar, x: y_bar, elementwise=True, view=True)
linear("imag", _infer_part, "{0}.imag", lambda y_bar, x: -1j * y_bar, elementwise=True, view=True)
linear("conj", _infer_conj, _conj_code, lambda y_bar, x, **lib: op.conj(y_bar), elementwise=True, stem="c")


@function(np.real)
def _real(b: Builder, val: Any) -> Value:
    x = as_array(b, val)
    return op.real(x) if is_complex(x.type) else x


@function(np.imag)
def _imag(b: Builder, val: Any) -> Value:
    return op.imag(as_array(b, val))


attribute("real")(_real)
attribute("imag")(_imag)


@function(np.conjugate)
def _np_conjugate(b: Builder, x: Any, **options: Any) -> Value:
    refuse_options("np.conjugate", options)
    x = as_array(b, x)
    return op.conj(x, lib="np") if is_complex(x.type) else op.pos(x)


@function(method="conjugate")
def _conjugate(b: Builder, x: Value) -> Value:
    return op.conj(x) if is_complex(x.type) else op.pos(x)


function(method="conj")(_conjugate)


constant("angle_of_real", infer_function("arctan"), "np.angle({0})", elementwise=True)


@function(np.angle)
def _angle(b: Builder, z: Any, deg: Any = False) -> Value:
    z = as_array(b, z)
    if is_complex(z.type):
        angle = op.arctan2(op.imag(z), op.real(z), lib="np")
    else:
        angle = op.angle_of_real(z)
    return angle * (180 / math.pi) if deg else angle


@function(np.real_if_close)
def _real_if_close(b: Builder, *args: Any, **kwargs: Any) -> Value:
    raise UnsupportedError(
        "the kind of np.real_if_close depends on run-time values", "Write x.real where x is known to be real."
    )


@function(np.iscomplexobj)
def _iscomplexobj(b: Builder, x: Any) -> bool:
    return is_complex(as_array(b, x).type)


@function(np.isrealobj)
def _isrealobj(b: Builder, x: Any) -> bool:
    return not is_complex(as_array(b, x).type)


# Python's number types as functions.


def _conversion(name: str, result: Scalar) -> Any:
    """The type rule of a conversion to a Python number."""

    def infer(dims: Dims, types: Sequence[Type], params: Params) -> Type:
        for type_ in types:
            if isinstance(type_, Array):
                raise UnsupportedError(f"{name}(...) of an array", f"Use .item(), or .astype({name}).")
            if is_complex(type_) and result in (FLOAT, INT):
                raise UnsupportedError(f"{name}(...) does not take complex numbers", "Use .real.")
        return result

    return infer


linear("to_float", _conversion("float", FLOAT), "float({0})", lambda y_bar, x: y_bar)
linear("to_complex", _conversion("complex", COMPLEX), "complex({0})", lambda y_bar, x: y_bar)
constant("to_int", _conversion("int", INT), "int({0})")
constant("to_bool", _conversion("bool", BOOL), "bool({0})")
elementwise(
    "from_parts",
    "complex({0}, {1})",
    lambda x, y, z: 1,
    lambda x, y, z: 1j,
    infer=_conversion("complex", COMPLEX),
)


def _converter(made: type, primitive: str) -> None:
    @function(made)
    def adapter(b: Builder, x: Any = 0) -> Any:
        return b.apply(PRIMITIVES[primitive], [x], {}) if isinstance(x, Value) else made(x)


for _type, _name in ((float, "to_float"), (int, "to_int"), (bool, "to_bool")):
    _converter(_type, _name)


@function(complex)
def _complex(b: Builder, real: Any = 0, imag: Any = None) -> Any:
    if imag is None:
        return b.apply(PRIMITIVES["to_complex"], [real], {}) if isinstance(real, Value) else complex(real)
    return b.apply(PRIMITIVES["from_parts"], [real, imag], {})
