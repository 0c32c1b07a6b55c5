"""The rules: importing this package fills the registry."""

from . import (  # noqa: F401  importing them registers their rules
    arithmetic,
    complexes,
    compositions,
    constants,
    creation,
    cumulative,
    einsum,
    elementwise,
    index,
    joining,
    linalg,
    lists,
    numpy_creation,
    numpy_joining,
    numpy_shape,
    operators,
    piecewise,
    powers,
    products,
    reductions,
    remainders,
    searching,
    sequences,
    shape,
    sorting,
    stores,
)
from .build import Builder, Call, Value, op
from .registry import ATTRIBUTES, FUNCTIONS, METHODS, PRIMITIVES

__all__ = ["ATTRIBUTES", "FUNCTIONS", "METHODS", "PRIMITIVES", "Builder", "Call", "Value", "op"]
