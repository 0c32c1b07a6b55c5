"""Arrays changed in place: every reference to the array means its new value from then on."""

from __future__ import annotations

import ast
from typing import Any

import numpy as np

from ..errors import UnsupportedError
from ..ir import Var
from ..rules.build import Value
from ..rules.registry import PRIMITIVES
from ..types import Array
from .lowering import Lowering
from .operators import binary
from .scope import Raised

__all__ = ["updated_array"]


def updated_array(low: Lowering, op: ast.operator, array: Value, right: Any) -> Value:
    """`x += y` of an array: x is changed in place, so every other name of it means the new value as well."""
    builder = low.builder
    first = array.first_atom
    root = builder.root(first)
    if any(var is root for var, _ in low.outside.captures):
        raise UnsupportedError(
            "an array that exists outside the function is changed in place",
            "Write x = x + y instead of x += y.",
        )
    if root in low.shared or first in low.shared:
        raise UnsupportedError(
            "whether this array is a copy or another name of the same array is not known",
            "Write x = x + y instead of x += y.",
        )
    result = binary(low, op, array, right)
    have, want = result.type, array.type
    if not isinstance(have, Array) or not isinstance(want, Array) or len(have.dims) != len(want.dims):
        raise Raised(ValueError("the result of an in-place operation does not have the shape of the array"))
    for given, kept in zip(have.dims, want.dims, strict=True):
        if not builder.dims.same(given, kept):
            builder.dims.equate(given, kept)
    if have.dtype != want.dtype:
        if not np.can_cast(have.dtype, want.dtype, "same_kind"):
            raise Raised(TypeError(f"cannot cast the result from {have.dtype} to {want.dtype}, as += needs"))
        result = builder.apply(PRIMITIVES["astype"], (result,), {"dtype": array.type.dtype})
    name = array.atom.name if isinstance(array.atom, Var) else "x"
    result = builder.name(result, name)
    for atom in builder.same_memory(first):
        if atom is not first:
            low.stale[atom] = builder.origin.statement if builder.origin is not None else name
    low.overwritten[first] = result
    return result
