"""Compositions that have a better derivative than the chain rule gives: passes/recognise.py finds them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..types import Type
from .families import elementwise, infer_elementwise


def _code(types: Sequence[Type], params: Mapping[str, Any]) -> str:
    return f"{params['one']} / ({params['one']} + {params['lib']}.exp(-{{0}}))"


# The chain rule multiplies 0 by inf where exp overflows, and needs exp(-z) again; y * (1 - y) does not.
elementwise(
    "logistic",
    _code,
    lambda z, y: y * (1 - y),
    infer=infer_elementwise(np.exp, np.dtype(np.float64)),
    stem="h",
    spelled=True,
)
