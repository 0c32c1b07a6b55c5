"""Independent references: derivatives of a function from its values, by central differences.

The stencils are Richardson's extrapolation of the plain central difference, to sixth order: with a step
of 0.01 a smooth function of moderate size is differentiated to about 1e-11.
"""

from __future__ import annotations

import numpy as np

FIRST = {1: 3 / 4, 2: -3 / 20, 3: 1 / 60}
SECOND = {0: -49 / 18, 1: 3 / 2, 2: -3 / 20, 3: 1 / 90}


def moved(arguments, directions, t):
    """arguments + t * directions; a direction None holds its argument still."""
    return [x if d is None else x + t * d for x, d in zip(arguments, directions, strict=True)]


def slope(function, arguments, directions, step=1e-2):
    """The derivative of `function(*arguments)` along the directions."""

    def at(k):
        return np.asarray(function(*moved(arguments, directions, k * step)))

    return sum(w * (at(k) - at(-k)) for k, w in FIRST.items()) / step


def curvature(function, arguments, directions, step=1e-2):
    """The second derivative of `function(*arguments)` along the directions."""

    def at(k):
        return np.asarray(function(*moved(arguments, directions, k * step)))

    ends = sum(SECOND[k] * (at(k) + at(-k)) for k in (1, 2, 3))
    return (ends + SECOND[0] * at(0)) / step**2


def mixed(function, arguments, first, second, step=1e-2):
    """The second derivative of `function(*arguments)` along one direction, then another (polarisation)."""
    there = [None if a is None and b is None else _sum(a, b) for a, b in zip(first, second, strict=True)]
    back = [None if a is None and b is None else _sum(a, b, -1) for a, b in zip(first, second, strict=True)]
    return (curvature(function, arguments, there, step) - curvature(function, arguments, back, step)) / 4


def _sum(a, b, sign=1):
    return (0 if a is None else a) + sign * (0 if b is None else b)
