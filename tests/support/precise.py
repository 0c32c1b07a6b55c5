"""Independent references for elementwise functions: central differences in 120 digits, by mpmath."""

from __future__ import annotations

import mpmath

_DIGITS = 120


def function_of(formula):
    """The function of x, or of x and y, that a formula states."""
    code = compile(formula, formula, "eval")
    names = {name: getattr(mpmath, name) for name in dir(mpmath) if not name.startswith("_")}
    names |= {"abs": abs, "max": max, "min": min}

    def function(*arguments):
        return eval(code, names, dict(zip("xy", arguments, strict=False)))

    return function


def partial(function, k):
    """The partial derivative of a function with respect to argument k, as a function."""

    def derivative(*arguments):
        h = mpmath.mpf(10) ** -30 * (abs(arguments[k]) or 1)
        up, down = ([*arguments[:k], arguments[k] + s * h, *arguments[k + 1 :]] for s in (1, -1))
        return (function(*up) - function(*down)) / (2 * h)

    return derivative


def evaluated(function, *arguments):
    """The value of such a function at ordinary numbers, as one."""
    with mpmath.workdps(_DIGITS):
        value = function(*(mpmath.mpmathify(argument) for argument in arguments))
        return complex(value) if isinstance(arguments[0], complex) else float(mpmath.re(value))
