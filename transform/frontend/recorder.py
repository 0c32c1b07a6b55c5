"""The frontend's builder: it knows how literals are spelled, and what each value came from."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..ir import Atom, Eqn, If, Lit, Primitive, Region, Statement, regions_of
from ..rules.build import Builder, Value
from ..types import Scalar, Type

__all__ = ["Recorder", "Spelled", "combined", "plain", "spell", "text_of"]

_LONGEST_SPELLING = 60


class Spelled:
    """Mixed into a number known while lowering that remembers how the source calls it.

    `text` is an expression such as `2 * np.pi`; `value` the named equation `s = 4`, where there is one.
    """

    text: str
    value: Value | None


class _Float(Spelled, float):
    pass


class _Int(Spelled, int):
    pass


class _Complex(Spelled, complex):
    pass


_CLASSES: Mapping[type, type] = {float: _Float, int: _Int, complex: _Complex}
_PLAIN: Mapping[type, type] = {made: python for python, made in _CLASSES.items()}


def spell(number: Any, text: str = "", value: Value | None = None) -> Any:
    """The number with its spelling; other types than float, int and complex have none."""
    made = _CLASSES.get(type(plain(number)))
    if made is None or len(text) > _LONGEST_SPELLING:
        return number
    spelled = made(number)
    spelled.text, spelled.value = text, value
    return spelled


def plain(number: Any) -> Any:
    """The number without its spelling."""
    python = _PLAIN.get(type(number))
    return number if python is None else python(number)


def text_of(number: Any) -> str:
    """How the number is written in generated code, or "" for as repr does."""
    text: str = getattr(number, "text", "")
    if not text and isinstance(number, float) and not math.isfinite(number):
        return "np.nan" if number != number else "np.inf" if number > 0 else "-np.inf"
    return text


def combined(operator: ast.operator | ast.unaryop, result: Any, *operands: Any) -> Any:
    """The result of arithmetic on literals, spelled as that arithmetic: `1 / 3`, not 0.3333."""
    if type(result) not in (float, complex) or not any(_worth_spelling(x, operator) for x in operands):
        return result
    if not all(type(plain(x)) in (int, float, complex) for x in operands):
        return result
    parts: list[Any] = [_expression(x) for x in operands]
    if isinstance(operator, ast.unaryop):
        node: ast.expr = ast.UnaryOp(operator, parts[0])
    else:
        node = ast.BinOp(parts[0], operator, parts[1])
    return spell(result, ast.unparse(node))


def _worth_spelling(number: Any, operator: Any) -> bool:
    # -1.0 and 2.0 * 3.0 say as much as their value; a quotient or a spelled constant does not.
    return isinstance(operator, (ast.Div, ast.Pow)) or bool(text_of(number))


def _expression(number: Any) -> ast.expr:
    text = text_of(number) or _repr(plain(number))
    return ast.parse(text, mode="eval").body


def _repr(number: Any) -> str:
    """-2j as it is written, where Python says (-0-2j)."""
    negative = isinstance(number, complex) and math.copysign(1, number.real) < 0 and not number.real
    return f"-{-number!r}" if negative else repr(number)


class Recorder(Builder):
    """A builder that can tell which equation a value came from."""

    def __init__(self) -> None:
        super().__init__()
        self.made: dict[Atom, Statement] = {}

    def apply(self, primitive: Primitive, operands: Sequence[Any], params: Mapping[str, Any]) -> Value:
        value = super().apply(primitive, operands, params)
        self.made[value.atom] = self.body[-1]
        return value

    def definition(self, atom: Atom) -> Statement | None:
        return self.made.get(self.first(atom))

    def atom(self, operand: Any) -> Atom:
        if isinstance(operand, Spelled):
            if operand.value is not None:
                return operand.value.atom
            return Lit(plain(operand), operand.text)
        if isinstance(operand, float) and not math.isfinite(operand):
            return Lit(operand, text_of(operand))
        return super().atom(operand)

    def branch(self, condition: Any, then: Region, orelse: Region, types: Sequence[Type]) -> list[Value]:
        targets = super().branch(condition, then, orelse, types)
        for target in targets:
            self.made[target.atom] = self.body[-1]
        return targets

    def substitute(self, value: Value, other: Value) -> None:
        """Let one value stand for another wherever that is read."""
        self._named[value.atom] = other.atom  # type: ignore[index, assignment]

    def sources(self, atom: Atom) -> frozenset[Atom]:
        """The params, captures and literals that a scalar is computed from."""
        found: set[Atom] = set()
        pending, seen = [self.first(atom)], set()
        while pending:
            each = pending.pop()
            if each in seen:
                continue
            seen.add(each)
            statement = self.made.get(each)
            if statement is None:
                found.add(each)
            else:
                pending.extend(self.first(read) for read in _reads(statement))
        return frozenset(found)


def _reads(statement: Statement) -> Iterator[Atom]:
    match statement:
        case Eqn(operands=operands):
            yield from operands
        case If(condition=condition):
            yield condition
    for region in regions_of(statement):
        yield from region.results


def is_weak(value: Value) -> bool:
    """Whether the value is one of Python's own numbers rather than NumPy's."""
    return isinstance(value.type, Scalar) and value.type.weak
