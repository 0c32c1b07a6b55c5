"""Sorting: the order is a constant, the sorted array is the array taken in that order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import UnsupportedError
from ..ir import Slot
from ..types import Array, Dims, Type, rank
from .build import Builder, Value, op
from .creation import as_array, only_default
from .families import constant
from .registry import PRIMITIVES, function
from .shape import normal_axis, sizes_of

__all__: list[str] = []

Params = Mapping[str, Any]
_INT64 = np.dtype(np.int64)


def _argsort_code(types: Sequence[Type], params: Params) -> str:
    axis = "" if params["axis"] == rank(types[0]) - 1 else f", axis={params['axis']}"
    kind = f", kind={params['kind']!r}" if params["kind"] else ""
    return f"np.argsort({{0}}{axis}{kind})"


def _infer_argsort(dims: Dims, types: Sequence[Type], params: Params) -> Type:
    return Array(_INT64, sizes_of(types[0]))


constant("argsort", _infer_argsort, _argsort_code, stem="k")


def _prepared(b: Builder, a: Any, axis: Any, order: Any, name: str) -> tuple[Value, int]:
    only_default(name, order=order)
    x = as_array(b, a)
    if not x.is_array:
        raise UnsupportedError(f"{name} of a number")
    if axis is None:
        return (op.ravel(x) if rank(x.type) > 1 else x), 0
    return x, normal_axis(axis, rank(x.type))


@function(np.argsort, method="argsort")
def _argsort(
    b: Builder, a: Any, axis: Any = -1, kind: Any = None, order: Any = None, *, stable: Any = None
) -> Value:
    x, along = _prepared(b, a, axis, order, "np.argsort")
    return op.argsort(x, axis=along, kind="stable" if stable else kind)


@function(np.sort)
def _sort(
    b: Builder, a: Any, axis: Any = -1, kind: Any = None, order: Any = None, *, stable: Any = None
) -> Value:
    x, along = _prepared(b, a, axis, order, "np.sort")
    places = op.argsort(x, axis=along, kind="stable" if stable else kind)
    if rank(x.type) > 1:
        return op.take_along_axis(x, places, axis=along)
    return b.apply(PRIMITIVES["getitem"], (x, places), {"index": (Slot(1),), "distinct": True})
