"""Python's operators on numbers and arrays, with NumPy's broadcasting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..types import Dims, Type
from .build import Value
from .families import constant, elementwise, infer_arithmetic, infer_elementwise, total

_FLOAT = np.dtype(np.float64)


def infer_division(dims: Dims, types: Sequence[Type], params: Mapping[str, Any]) -> Type:
    """True division: integers give floats."""
    exact = all(type_.dtype.kind in "biu" for type_ in types)
    return infer_elementwise(np.divide, _FLOAT if exact else None)(dims, types, params)


elementwise(
    "add",
    "{0} + {1}",
    lambda x, y, z: 1,
    lambda x, y, z: 1,
    infer=infer_arithmetic(infer_elementwise(np.add)),
    stem="s",
)
elementwise(
    "sub",
    "{0} - {1}",
    lambda x, y, z: 1,
    lambda x, y, z: -1,
    infer=infer_arithmetic(infer_elementwise(np.subtract)),
    stem="d",
)
elementwise(
    "mul",
    "{0} * {1}",
    lambda x, y, z: y,
    lambda x, y, z: x,
    infer=infer_arithmetic(infer_elementwise(np.multiply)),
    # x_dot * y + x * y_dot keeps the factors in the order in which the source has them.
    tangent=lambda call, dots: product_rule(call.operands, dots),
    stem="p",
)
elementwise(
    "div",
    "{0} / {1}",
    lambda x, y, z: 1 / y,
    lambda x, y, z: -z / y,
    infer=infer_arithmetic(infer_division),
    stem="q",
)
elementwise("neg", "-{0}", lambda x, y: -1, infer=infer_elementwise(np.negative), stem="n")
elementwise("pos", "+{0}", lambda x, y: 1, infer=infer_elementwise(np.positive), stem="p")


def product_rule(operands: Sequence[Value], dots: Sequence[Value | None]) -> Value:
    """x_dot * y + x * y_dot."""
    (x, y), (x_dot, y_dot) = operands, dots
    terms = [] if x_dot is None else [x_dot * y]
    return total(terms if y_dot is None else [*terms, x * y_dot])


# A number that the source gives a name: `s = 4`.
constant("literal", lambda dims, types, params: types[0], "{0}", stem="c")
