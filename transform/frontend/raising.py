"""Exceptions that are raised only under a run-time condition: they stand in the forward sweep."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import UnsupportedError
from ..ir import Statement, has_effect
from ..rules.build import Value, op
from ..rules.effects import raises
from .lowering import Lowering
from .naming import python_method
from .texts import Writing

__all__ = ["raise_where"]


def raise_where(
    low: Lowering, condition: Value, holds: bool, body: Sequence[Statement], error: BaseException
) -> None:
    """Append `if condition: body; raise error`, or, unless `holds`, the same for `not condition`."""
    code, writing = _written(low, error)
    kind = type(error)
    refers = {**writing.refers, _name(kind).split(".")[0]: np if _name(kind).startswith("np.") else kind}
    if not any(map(has_effect, body)) and not writing.operands:
        raises(low.builder, code, (), refers, kind, condition if holds else op.not_(condition))
        return

    def build() -> Sequence[Any]:
        low.builder.body.extend(body)
        raises(low.builder, code, writing.operands, refers, kind)
        return ()

    regions = low.region(build), low.region(tuple)
    then, orelse = regions if holds else regions[::-1]
    low.builder.branch(condition, then, orelse, ())


def _name(kind: type) -> str:
    return "np.linalg.LinAlgError" if kind is np.linalg.LinAlgError else kind.__name__


def _written(low: Lowering, error: BaseException) -> tuple[str, Writing]:
    """The expression that makes the exception, as far as it can be written."""
    args, kwargs = low.constructed.get(id(error), (error.args, {}))
    writing = Writing(low)
    try:
        given = [*map(writing.shown, args), *(f"{key}={writing.code(each)}" for key, each in kwargs.items())]
    except UnsupportedError:
        if python_method(error, "__init__") is not None:
            raise
        given, writing = [], Writing(low)
    return f"{_name(type(error))}({', '.join(given)})", writing
