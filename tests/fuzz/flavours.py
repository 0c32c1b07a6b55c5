"""Random programs under the Numba flavour: the numbers of the Python flavour, or a refusal."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from ..support.flavours import compare
from .limits import in_time
from .programs import Program
from .structures import direction, leaves

__all__ = ["check_flavours"]


def check_flavours(program: Program) -> int:
    """Compare the derivatives at every point, the second one at the first point; nothing is left out."""
    with in_time(300):
        function = program.load()
        points = [program.arguments, *program.elsewhere]
        names = tuple(name for name, value in program.arguments.items() if not isinstance(value, (int, str)))
        rng = np.random.default_rng(7)
        dots = [direction(rng, program.arguments[name]) for name in names]
        if function(**copy.deepcopy(program.arguments)) is None:
            _check_in_place(function, points, names, dots)
            return 0
        for point in points:
            compare("value_and_grad", function, list(point.values()), argnums=names)
            compare("tangent", function, [*point.values(), *dots], argnums=names)
        compare("hvp", function, [*program.arguments.values(), *dots], argnums=names)
    return 0


def _check_in_place(
    function: Any, points: list[dict[str, Any]], names: tuple[str, ...], dots: list[Any]
) -> None:
    after = [copy.deepcopy(point) for point in points]
    for point in after:
        function(**point)
    written = tuple(
        name for name in names if any(_differ(a[name], p[name]) for a, p in zip(after, points, strict=True))
    )
    rng = np.random.default_rng(3)
    seeds = [direction(rng, points[0][name]) for name in written]
    for point in points:
        compare("tangent", function, [*point.values(), *dots], argnums=names, results=written)
        compare("adjoint", function, [*point.values(), *seeds], argnums=names, results=written)


def _differ(left: Any, right: Any) -> bool:
    pairs = zip(leaves(left), leaves(right), strict=True)
    return any(not np.array_equal(a, b, equal_nan=True) for a, b in pairs)
