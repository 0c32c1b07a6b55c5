"""Derives the partials of partials.py: `python -m transform.rules.derive` writes the file anew.

SymPy is needed here only, and only when a definition changes.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .definitions import DEFINITIONS, Definition

__all__ = ["derive", "partials_of", "table"]

_NAMES = {"asin": "arcsin", "acos": "arccos", "atan": "arctan", "asinh": "arcsinh", "acosh": "arccosh"}
_OPERANDS = ("x", "y")

_HEADER = '''\
"""The partial derivatives of the elementwise functions: f(x) = y, or f(x, y) = z.

Generated from definitions.py by `python -m transform.rules.derive`: edit that, not this.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .build import op

__all__ = ["PARTIALS"]

PARTIALS: Mapping[str, tuple[Callable[..., Any], ...]] = {
'''


def table() -> str:
    """The text of partials.py."""
    lines = [_HEADER]
    for definition in DEFINITIONS.values():
        if not definition.stable:
            arguments = ", ".join((*_OPERANDS, "z")[: definition.operands + 1])
            partials = "".join(f"lambda {arguments}: {text}, " for text in derive(definition))
            lines.append(f"    {definition.name!r}: ({partials}),\n")
    command = [sys.executable, "-m", "ruff", "format", "--stdin-filename", "partials.py", "-"]
    text = "".join([*lines, "}\n"])
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout


def derive(definition: Definition) -> tuple[str, ...]:
    """The partials of a function as Python expressions, in terms of its result where that is cheaper."""
    names = _OPERANDS[: definition.operands]
    return partials_of(definition.formula, names, "yz"[definition.operands - 1])


def partials_of(formula: str, names: Sequence[str], result_name: str) -> tuple[str, ...]:
    """The partials of a formula in SymPy's words with respect to each of `names`, as Python expressions.

    Raises ValueError where SymPy cannot read the formula, or cannot write a partial without a Derivative,
    DiracDelta, Heaviside or Subs.
    """
    import sympy

    operands = [sympy.Symbol(name, real=True) for name in names]
    result = sympy.Symbol(result_name, real=True)
    try:
        function = sympy.sympify(formula, dict(zip(names, operands, strict=True)))
    except (sympy.SympifyError, TypeError, AttributeError) as error:
        raise ValueError(f"SymPy cannot read the formula {formula!r}") from error
    unknown = function.free_symbols - set(operands)
    if unknown:
        raise ValueError(f"the formula {formula!r} names {unknown.pop()}, which is no argument")
    texts = []
    for operand in operands:
        partial = function.diff(operand)
        refused = partial.atoms(sympy.Derivative, sympy.DiracDelta, sympy.Heaviside, sympy.Subs)
        if refused:
            raise ValueError(f"{formula}: {partial} holds {refused.pop()}; write the partial by hand")
        reused = partial.subs(function, result)
        texts.append(_write(min(partial, reused, key=_cost)))
    return tuple(texts)


def _cost(expression: Any) -> int:
    """How much there is to compute: a function counts more than an operation."""
    import sympy

    functions = expression.atoms(sympy.Function) | {
        p for p in expression.atoms(sympy.Pow) if not p.exp.is_Integer
    }
    return int(sympy.count_ops(expression)) + 5 * len(functions)


def _write(expression: Any) -> str:
    """SymPy's expression as a formula over Values."""
    if expression.is_Add:
        positive: list[Any] = []
        negative: list[Any] = []
        for term in sorted(expression.as_ordered_terms(), key=lambda term: not term.is_number):
            (negative if term.could_extract_minus_sign() else positive).append(term)
        text = " + ".join(map(_write, positive)) or _write(negative.pop(0))
        return "".join([text, *(f" - {_factor(-term)}" for term in negative)])
    if expression.could_extract_minus_sign():
        return f"-{_factor(-expression)}"
    if expression.is_Symbol:
        return str(expression)
    if expression.is_Function:
        return _call(expression)
    return _product(expression)


def _factor(expression: Any) -> str:
    """As `_write`, in parentheses where it is a sum."""
    text = _write(expression)
    return f"({text})" if expression.is_Add else text


def _product(expression: Any) -> str:
    """A product, a quotient, a power or a number."""
    import sympy

    constant, rest = expression.as_independent(*expression.free_symbols, as_Add=False)
    number, divisor = _number(constant)
    above, below = ([] if number == "1" else [number]), ([divisor] if divisor else [])
    for factor in sympy.Mul.make_args(rest):
        base, exponent = factor.as_base_exp()
        if factor.is_Function or isinstance(factor, sympy.exp):
            above.append(_call(factor))
        elif exponent.could_extract_minus_sign():
            below.append(_power(base, -exponent))
        elif factor != 1:
            above.append(_power(base, exponent))
    numerator = " * ".join(above) or "1"
    if not below:
        return numerator
    divisors = " * ".join(below)
    is_product = isinstance(getattr(ast.parse(divisors, mode="eval").body, "op", None), ast.Mult)
    return f"{numerator} / {f'({divisors})' if is_product else divisors}"


def _number(value: Any) -> tuple[str, str]:
    """A constant as text, with a divisor where that is plainer than a decimal fraction."""
    if value.is_Rational and value.q & (value.q - 1):
        return str(value.p), str(value.q)
    return (str(value), "") if value.is_Integer else (repr(float(value)), "")


def _power(base: Any, exponent: Any) -> str:
    import sympy

    text = _factor(base)
    if exponent == 1:
        return text
    if exponent == 2 and str(base) == "x":
        # A Python float's x ** 2 raises OverflowError where x * x is inf; a result is bounded, or was x * x.
        return f"{text} * {text}"
    if exponent == sympy.S.Half:
        return f"op.sqrt({_write(base)})"
    return f"{text}**{_factor(exponent)}"


def _call(expression: Any) -> str:
    name = expression.func.__name__
    if name == "polygamma":
        order, x = expression.args
        return f"op.polygamma({_write(x)}, n={order})"
    arguments = ", ".join(map(_write, expression.args))
    return f"op.{_NAMES.get(name, name)}({arguments})"


if __name__ == "__main__":
    Path(__file__).with_name("partials.py").write_text(table())
