"""The node table: each line of the SSA list at a point, with its value, parents and derivatives.

transform trace examples/loss.py:product x=2
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..api import lowered
from ..compile.arguments import tree_of
from ..emit.names import Names
from ..errors import ArgumentError
from ..ir import Function, Slot
from ..names import identifier
from ..types import Array, is_complex
from .tape import Node, backward, code_of, forward, record
from .target import UsageError

__all__ = ["trace"]

MOST_PASSES = 4
"""How many tangent columns fit: one for each scalar input."""


def trace(function: Callable[..., Any], values: Mapping[str, Any], wrt: Sequence[str] | None = None) -> str:
    """The node table at a point; its last lines are the derivatives of the result."""
    point, varied = _point(function, values, wrt)
    primal = lowered(function, {name: tree_of(value, name) for name, value in point.items()})
    _require_real_number(primal)
    tape, result = record(primal, point, varied)
    _number_names(tape)
    inputs = [node for node in tape if node.varied and node.eqn is None]
    backward(tape, result)
    passes = inputs if len(inputs) <= MOST_PASSES and not any(np.ndim(node.value) for node in inputs) else []
    for node in passes:
        forward(tape, node)
    answers = [f"d{result.name}/d{node.name} = {_text(node.adjoint, 12)}" for node in inputs]
    return "\n".join([*_table(tape, passes, result), "", *answers])


def _point(
    function: Callable[..., Any], values: Mapping[str, Any], wrt: Sequence[str] | None
) -> tuple[dict[str, Any], set[str]]:
    """The value of every parameter, and which of them the result is differentiated with respect to."""
    point, missing, varied = {}, [], set(wrt or ())
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        point[name] = values.get(name, parameter.default)
        if point[name] is parameter.empty:
            missing.append(name)
        elif wrt is None and parameter.annotation not in (int, bool, str, "int", "bool", "str"):
            varied.add(name)
    if missing:
        raise UsageError(
            f"no value for {', '.join(missing)}; add {' '.join(f'{name}=2' for name in missing)}"
        )
    return {name: _as_float(value) if name in varied else value for name, value in point.items()}, varied


def _as_float(value: Any) -> Any:
    """A whole number that one differentiates with respect to is taken as float, as `grad` does."""
    if isinstance(value, np.ndarray):
        return value.astype(float) if value.dtype.kind in "iu" else value
    if isinstance(value, tuple):
        return tuple(map(_as_float, value))
    return float(value) if type(value) is int else value


def _require_real_number(primal: Function) -> None:
    type_ = primal.results[0].type if isinstance(primal.output, Slot) else None
    if type_ is None or isinstance(type_, Array) or is_complex(type_):
        raise ArgumentError(
            f"{primal.name} does not return one real number, from which the adjoints of a trace start",
            "Trace a function that returns a float, or see `transform adjoint`, which takes seeds.",
        )


def _number_names(tape: Sequence[Node]) -> None:
    """A name that stands for several values gets numbers: t, t_2, t_3."""
    hints = {node.name for node in tape if not node.temporary}
    names = Names(reserved=(), hints=hints, last={})
    for node in tape:
        node.name = names.fresh(identifier(node.name), node.temporary)


def _table(tape: Sequence[Node], passes: Sequence[Node], result: Node) -> list[str]:
    tangents = [f"d/d{node.name}" for node in passes]
    rows = [["name", "operation", "value", "parents", "local partials", *tangents, f"d{result.name}/d."]]
    named = set(tape)
    for node in tape:
        operation = code_of(node.eqn, [_operand(parent) for parent in node.parents]) if node.eqn else ""
        parents = dict.fromkeys(parent.name for parent in node.parents if parent in named)
        partials = [f"d{node.name}/d{parent.name} = {_text(each)}" for parent, each in node.partials.items()]
        derivatives = [*node.tangents, node.adjoint] if node.varied else [None] * (len(passes) + 1)
        cells = [node.name, operation, _text(node.value), ", ".join(parents), ", ".join(partials)]
        rows.append(cells + [_text(each) for each in derivatives])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rows.insert(1, ["-" * width for width in widths])
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]


def _operand(parent: Node) -> str:
    return f"({parent.name})" if parent.name.startswith("-") else parent.name


def _text(value: Any, digits: int = 6) -> str:
    """A number without a superfluous .0; of a long array the shape and the norm."""
    if value is None:
        return ""
    if np.ndim(value) == 0:
        return str(value) if isinstance(value, (bool, np.bool_)) else f"{value + 0:.{digits}g}"
    if np.size(value) <= 2 * digits:
        return np.array2string(value, separator=", ", max_line_width=1000).replace("\n", "")
    return f"{np.shape(value)}, norm {np.linalg.norm(value):.{digits}g}"
