"""Every differentiable elementwise function, stated once, and where its derivative is tested.

`formula` is the function as SymPy (and mpmath) would write it, in x and y. derive.py makes the partials of
partials.py from it; those marked `stable` are written by hand in elementwise.py, for the reason given there.

To add a function of one operand: one line here, then `python -m transform.rules.derive`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["DEFINITIONS", "Definition", "Interval"]

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Definition:
    """A function, its names, and its test case.

    `name` is the primitive's, `numpy` and `math` what the two libraries call it ("" where they have none).
    `inside` is an interval (one per operand, if they differ) in which the function is smooth; `special` are
    further points at which its derivatives are tested; `complexes` says whether it takes complex numbers.
    """

    name: str
    formula: str
    numpy: str
    math: str
    inside: tuple[Interval, ...]
    special: tuple[tuple[float, ...], ...] = ()
    complexes: bool = False
    stable: bool = False

    @property
    def operands(self) -> int:
        return len(self.inside)

    def __str__(self) -> str:
        return self.name


DEFINITIONS: dict[str, Definition] = {}


def define(
    name: str,
    formula: str,
    *,
    inside: Interval | tuple[Interval, ...],
    special: Sequence[float | tuple[float, ...]] = (),
    numpy: str | None = None,
    math: str | None = None,
    complexes: bool = False,
    stable: bool = False,
) -> None:
    """State one function; numpy and math names are `name` unless said otherwise."""
    intervals = inside if isinstance(inside[0], tuple) else (inside,)
    points = tuple(point if isinstance(point, tuple) else (point,) for point in special)
    names = (name if numpy is None else numpy, name if math is None else math)
    DEFINITIONS[name] = Definition(name, formula, *names, intervals, points, complexes, stable)


# Trigonometric and hyperbolic functions and their inverses.
define("sin", "sin(x)", inside=(-3.0, 3.0), special=[0.0, 1e-10, 100.0], complexes=True)
define("cos", "cos(x)", inside=(-3.0, 3.0), special=[0.0, 1e-10, 100.0], complexes=True)
define("tan", "tan(x)", inside=(-1.4, 1.4), special=[0.0, 2.0], complexes=True)
define(
    "arcsin", "asin(x)", math="asin", inside=(-0.9, 0.9), special=[0.0, 1 - 1e-9], complexes=True, stable=True
)
define(
    "arccos",
    "acos(x)",
    math="acos",
    inside=(-0.9, 0.9),
    special=[0.0, -1 + 1e-9],
    complexes=True,
    stable=True,
)
define("arctan", "atan(x)", math="atan", inside=(-5.0, 5.0), special=[0.0, 1e200], complexes=True)
define("sinh", "sinh(x)", inside=(-3.0, 3.0), special=[0.0, 300.0], complexes=True)
define("cosh", "cosh(x)", inside=(-3.0, 3.0), special=[0.0, 300.0], complexes=True)
define("tanh", "tanh(x)", inside=(-3.0, 3.0), special=[0.0, 400.0], complexes=True)
define("arcsinh", "asinh(x)", math="asinh", inside=(-5.0, 5.0), special=[0.0, 1e150], complexes=True)
define(
    "arccosh",
    "acosh(x)",
    math="acosh",
    inside=(1.1, 9.0),
    special=[1 + 1e-9, 1e150],
    complexes=True,
    stable=True,
)
define(
    "arctanh",
    "atanh(x)",
    math="atanh",
    inside=(-0.9, 0.9),
    special=[0.0, 1 - 1e-9],
    complexes=True,
    stable=True,
)
define("degrees", "x * 180 / pi", inside=(-5.0, 5.0), special=[0.0])
define("radians", "x * pi / 180", inside=(-300.0, 300.0), special=[0.0])
define(
    "sinc",
    "sinc(pi * x)",
    math="",
    inside=(-4.0, 4.0),
    special=[0.0, 1e-8, 0.3, 1.5],
    complexes=True,
    stable=True,
)

# Exponentials, logarithms, powers.
define("exp", "exp(x)", inside=(-3.0, 3.0), special=[0.0, -800.0, 700.0], complexes=True)
define("exp2", "2**x", inside=(-3.0, 3.0), special=[0.0, 1000.0], complexes=True)
define("expm1", "exp(x) - 1", inside=(-3.0, 3.0), special=[0.0, 1e-12, -50.0], complexes=True)
define("log", "log(x)", inside=(0.1, 9.0), special=[1.0, 1e-300, 1e300], complexes=True)
define("log2", "log(x) / log(2)", inside=(0.1, 9.0), special=[1.0, 1e-300, 1e300], complexes=True)
define("log10", "log(x) / log(10)", inside=(0.1, 9.0), special=[1.0, 1e-300, 1e300], complexes=True)
define("log1p", "log(1 + x)", inside=(-0.9, 9.0), special=[0.0, 1e-12, 1e300], complexes=True)
define("sqrt", "sqrt(x)", inside=(0.1, 9.0), special=[1e-200, 1e200], complexes=True)
define("cbrt", "cbrt(x)", inside=(0.1, 9.0), special=[1e-200, 1e200])
define("square", "x**2", math="", inside=(-3.0, 3.0), special=[0.0, 1e100], complexes=True)
define("reciprocal", "1 / x", math="", inside=(0.2, 5.0), special=[-1.0, 1e100], complexes=True)
define(
    "logaddexp",
    "log(exp(x) + exp(y))",
    math="",
    inside=((-3.0, 3.0),) * 2,
    special=[(800.0, 801.0), (-9.0, 700.0)],
    stable=True,
)
define(
    "logaddexp2",
    "log(2**x + 2**y) / log(2)",
    math="",
    inside=((-3.0, 3.0),) * 2,
    special=[(2000.0, 2001.0)],
    stable=True,
)

# A power has one line per kind of exponent that has a formula of its own.
define(
    "pow",
    "x**y",
    math="",
    numpy="power",
    inside=((0.2, 4.0), (-3.0, 3.0)),
    special=[(1e-100, 2.5), (7.0, 0.0)],
    complexes=True,
    stable=True,
)
define(
    "float_power",
    "x**y",
    math="",
    inside=((0.2, 4.0), (-3.0, 3.0)),
    special=[(7.0, 0.0)],
    complexes=True,
    stable=True,
)
define(
    "math_pow",
    "x**y",
    math="pow",
    numpy="",
    inside=((0.2, 4.0), (-3.0, 3.0)),
    special=[(7.0, 0.0)],
    stable=True,
)

# Of the plane.
define(
    "arctan2",
    "atan2(x, y)",
    math="atan2",
    inside=((0.3, 4.0), (-3.0, 3.0)),
    special=[(1e-200, 1e-200), (1e200, -1e200), (-1.0, 0.0)],
    stable=True,
)
define(
    "hypot",
    "sqrt(x**2 + y**2)",
    inside=((0.3, 4.0), (-3.0, 3.0)),
    special=[(1e-200, 1e-200), (1e200, 1e200), (-1.0, 0.0)],
    stable=True,
)

# Special functions of math.
define("erf", "erf(x)", numpy="", inside=(-3.0, 3.0), special=[0.0, 1e200])
define("erfc", "erfc(x)", numpy="", inside=(-3.0, 3.0), special=[0.0, 5.0])
define("gamma", "gamma(x)", numpy="", inside=(0.2, 6.0), special=[1.0, -0.5, -3.7, 150.0])
define("lgamma", "loggamma(x)", numpy="", inside=(0.2, 6.0), special=[1.0, -0.5, -3.7, 1e6])
define("polygamma", "polygamma(1, x)", numpy="", math="", inside=(0.2, 6.0), special=[-0.5, 1e6], stable=True)

# Remainders: smooth between the jumps.
define(
    "mod",
    "x - y * floor(x / y)",
    math="",
    numpy="remainder",
    inside=((4.1, 5.9), (1.5, 2.0)),
    special=[(-0.3, 2.0), (5.5, -2.0), (1.0, 0.1)],
    stable=True,
)
define(
    "fmod",
    "x - y * floor(abs(x / y)) * sign(x / y)",
    inside=((4.1, 5.9), (1.5, 2.0)),
    special=[(-0.3, 2.0), (-5.5, 2.0), (1.0, 0.1)],
    stable=True,
)
define(
    "remainder",
    "x - y * nint(x / y)",
    numpy="",
    inside=((4.1, 4.9), (1.9, 2.1)),
    special=[(-0.3, 2.0), (-5.5, 2.0)],
    stable=True,
)
define(
    "frac", "x - floor(abs(x)) * sign(x)", numpy="", math="", inside=(1.1, 1.9), special=[-2.5], stable=True
)

# Piecewise smooth. What happens at the kinks and ties is a convention, tested by itself.
define("abs", "abs(x)", numpy="", math="", inside=(0.5, 2.0), special=[-1.5], stable=True)
define("absolute", "abs(x)", math="", inside=(0.5, 2.0), special=[-1.5], stable=True)
define("fabs", "abs(x)", inside=(0.5, 2.0), special=[-1.5], stable=True)
define(
    "copysign",
    "abs(x) * sign(y)",
    inside=((0.5, 2.0), (1.0, 2.0)),
    special=[(-1.0, 2.0), (1.0, -2.0), (-1.0, -2.0)],
    stable=True,
)
define(
    "maximum",
    "max(x, y)",
    math="",
    inside=((-2.0, 0.5), (0.6, 2.0)),
    special=[(3.0, 1.0)],
    stable=True,
)
define(
    "minimum",
    "min(x, y)",
    math="",
    inside=((-2.0, 0.5), (0.6, 2.0)),
    special=[(3.0, 1.0)],
    stable=True,
)
define("fmax", "max(x, y)", math="", inside=((-2.0, 0.5), (0.6, 2.0)), special=[(3.0, 1.0)], stable=True)
define("fmin", "min(x, y)", math="", inside=((-2.0, 0.5), (0.6, 2.0)), special=[(3.0, 1.0)], stable=True)
define(
    "max2",
    "max(x, y)",
    numpy="",
    math="",
    inside=((-2.0, 0.5), (0.6, 2.0)),
    special=[(3.0, 1.0)],
    stable=True,
)
define(
    "min2",
    "min(x, y)",
    numpy="",
    math="",
    inside=((-2.0, 0.5), (0.6, 2.0)),
    special=[(3.0, 1.0)],
    stable=True,
)
define("nan_to_num", "x", math="", inside=(-2.0, 2.0), special=[0.0], complexes=True, stable=True)
