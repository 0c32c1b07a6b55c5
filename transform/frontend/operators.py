"""Python's operators: computed at once on what is known, written as equations on run-time values."""

from __future__ import annotations

import ast
import dataclasses
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import LengthNeeded, UnsupportedError
from ..rules.build import Value, numeric
from ..rules.registry import FUNCTIONS, PRIMITIVES
from ..types import Array, Scalar
from .either import on_either
from .lowering import Lowering
from .naming import python_method
from .recorder import combined, is_weak, plain
from .scope import Either, Opaque, Raised, RunList

__all__ = ["BINARY", "COMPARISONS", "UNARY", "binary", "compare", "contains_value", "truth", "unary"]


class Binary:
    """A binary operator: its symbol, its function, its primitive, NumPy's function and its methods."""

    def __init__(
        self, symbol: str, function: Callable[..., Any], primitive: str, ufunc: Any, method: str
    ) -> None:
        self.symbol, self.function, self.primitive, self.ufunc = symbol, function, primitive, ufunc
        self.method, self.reflected = f"__{method}__", f"__r{method}__"


BINARY: Mapping[type, Binary] = {
    ast.Add: Binary("+", operator.add, "add", np.add, "add"),
    ast.Sub: Binary("-", operator.sub, "sub", np.subtract, "sub"),
    ast.Mult: Binary("*", operator.mul, "mul", np.multiply, "mul"),
    ast.Div: Binary("/", operator.truediv, "div", np.divide, "truediv"),
    ast.FloorDiv: Binary("//", operator.floordiv, "floordiv", np.floor_divide, "floordiv"),
    ast.Mod: Binary("%", operator.mod, "mod", np.mod, "mod"),
    ast.Pow: Binary("**", operator.pow, "pow", np.power, "pow"),
    ast.MatMult: Binary("@", operator.matmul, "matmul", np.matmul, "matmul"),
    ast.BitAnd: Binary("&", operator.and_, "bitand", np.bitwise_and, "and"),
    ast.BitOr: Binary("|", operator.or_, "bitor", np.bitwise_or, "or"),
    ast.BitXor: Binary("^", operator.xor, "bitxor", np.bitwise_xor, "xor"),
    ast.LShift: Binary("<<", operator.lshift, "lshift", np.left_shift, "lshift"),
    ast.RShift: Binary(">>", operator.rshift, "rshift", np.right_shift, "rshift"),
}

UNARY: Mapping[type, Binary] = {
    ast.USub: Binary("-", operator.neg, "neg", np.negative, "neg"),
    ast.UAdd: Binary("+", operator.pos, "pos", np.positive, "pos"),
    ast.Invert: Binary("~", operator.invert, "invert", np.invert, "invert"),
}

COMPARISONS: Mapping[type, Binary] = {
    ast.Eq: Binary("==", operator.eq, "eq", np.equal, "eq"),
    ast.NotEq: Binary("!=", operator.ne, "ne", np.not_equal, "ne"),
    ast.Lt: Binary("<", operator.lt, "lt", np.less, "lt"),
    ast.LtE: Binary("<=", operator.le, "le", np.less_equal, "le"),
    ast.Gt: Binary(">", operator.gt, "gt", np.greater, "gt"),
    ast.GtE: Binary(">=", operator.ge, "ge", np.greater_equal, "ge"),
}

_MIRRORED = {"__lt__": "__gt__", "__le__": "__ge__", "__gt__": "__lt__", "__ge__": "__le__"}


def apply(low: Lowering, how: Binary, *operands: Any) -> Any:
    """An equation of an operator; by its primitive, or by the rule for NumPy's function of that name."""
    primitive = PRIMITIVES.get(how.primitive)
    if primitive is not None:
        return low.builder.apply(primitive, operands, {})
    adapter = FUNCTIONS.get(how.ufunc)
    if adapter is None:
        raise UnsupportedError(f"the operator {how.symbol} is not supported on run-time values yet")
    return adapter(low.builder, *operands)


def binary(low: Lowering, kind: ast.operator, left: Any, right: Any) -> Any:
    """`left kind right`."""
    how = BINARY[type(kind)]
    left, right = low.live(left), low.live(right)
    if isinstance(left, RunList) or isinstance(right, RunList):
        return _on_lists(low, how, left, right)
    if isinstance(left, Value) or isinstance(right, Value):
        if how.symbol == "*":
            for count, sequence in ((left, right), (right, left)):
                if type(sequence) is list and isinstance(count, Value) and is_weak(count):
                    from .comprehensions import repeated

                    return repeated(low, sequence, count)
            left, right = _repeated(low, left, right), _repeated(low, right, left)
        if isinstance(left, Value) or isinstance(right, Value):
            return _on_values(low, how, left, right)
    dunder = _dunder(low, how, left, right)
    if dunder is not NotImplemented:
        return dunder
    left, right = low.outside.inside(left), low.outside.inside(right)
    if isinstance(left, Opaque) or isinstance(right, Opaque) or (how.symbol == "%" and isinstance(left, str)):
        return _on_texts(low, how, left, right)
    result = low.native(how.function, plain(left), plain(right))
    return combined(kind, result, left, right)


def _on_lists(low: Lowering, how: Binary, left: Any, right: Any) -> Any:
    """Operators on lists of which only run time knows the length."""
    from .arguments import prepared
    from .growing import concatenated

    for other in (left, right):
        if isinstance(other, Value) and not is_weak(other):
            left, right = (prepared(low, each) for each in (left, right))
            return apply(low, how, left, right)
    if how.symbol == "+":
        return concatenated(low, left, right)
    raise LengthNeeded(
        f"the operator {how.symbol} on a list whose length is known only at run time", "Write a loop."
    )


def _repeated(low: Lowering, count: Any, sequence: Any) -> Any:
    """`count` for `count * sequence`: how often a list is repeated must be known while lowering."""
    repeats = isinstance(count, Value) and is_weak(count) and count.type.dtype.kind in "ib"
    return low.static(count, "a number of repeats") if repeats and type(sequence) in (list, tuple) else count


def _on_values(low: Lowering, how: Binary, left: Any, right: Any) -> Any:
    if how.symbol == "%" and isinstance(left, str):
        return _on_texts(low, how, left, right)
    if how.symbol == "**" and not isinstance(right, Value):
        right = plain(right)  # `x ** n` with n = 2 is a square, whatever n is called
    dunder = _dunder(low, how, left, right)
    if dunder is not NotImplemented:
        return dunder
    left, right = operand(low, how, left, right), operand(low, how, right, left)
    return apply(low, how, left, right)


def _on_texts(low: Lowering, how: Binary, left: Any, right: Any) -> Any:
    """`text % values`, `text + text`."""
    from .texts import joined, percent

    if how.symbol == "%":
        known = isinstance(left, str) and not contains_value(right)
        return low.native(how.function, left, plain(right)) if known else percent(low, left, right)
    if how.symbol == "+" and isinstance(left, (str, Opaque)) and isinstance(right, (str, Opaque)):
        return joined([left, right])
    raise UnsupportedError(
        f"the operator {how.symbol} on a text made of run-time values", "Use an f-string, or the values."
    )


def operand(low: Lowering, how: Binary, thing: Any, other: Any) -> Any:
    """An operand of an operator on run-time values: a list or tuple next to an array becomes an array."""
    if isinstance(thing, Value) or numeric(thing):
        return thing
    if isinstance(thing, (list, tuple)) and isinstance(other, Value) and not is_weak(other):
        from .arguments import as_array

        return as_array(low, thing)
    shown = "" if thing is None else f" {type(thing).__name__}"
    error = TypeError(f"unsupported operand types for {how.symbol}: {describe(other)} and{shown or ' None'}")
    raise Raised(error)


def describe(thing: Any) -> str:
    """What a value is, for a message."""
    if isinstance(thing, Value):
        return f"an array of type {thing.type}" if isinstance(thing.type, Array) else str(thing.type)
    return "None" if thing is None else f"{type(thing).__name__}"


def _dunder(low: Lowering, how: Binary, left: Any, right: Any) -> Any:
    """The result of a class's own operator method; NotImplemented where there is none."""
    order = [(left, how.method, right), (right, _MIRRORED.get(how.method, how.reflected), left)]
    if how.method in ("__eq__", "__ne__"):
        order[1] = (right, how.method, left)
    for thing, name, other in order:
        method = None if isinstance(thing, Value) else python_method(thing, name)
        if method is not None and method.__code__.co_filename != "<string>":
            result = low.call(method, [thing, other])
            if result is not NotImplemented:
                return result
    return NotImplemented


def unary(low: Lowering, kind: ast.unaryop, value: Any) -> Any:
    """`-value`, `+value`, `~value` and `not value`."""
    value = low.live(value)
    if isinstance(kind, ast.Not):
        return negated(low, truth(low, value))
    how = UNARY[type(kind)]
    if isinstance(value, Value):
        return apply(low, how, value)
    method = python_method(value, how.method)
    if method is not None:
        return low.call(method, [value])
    return combined(kind, low.native(how.function, plain(value)), value)


def negated(low: Lowering, condition: Any) -> Any:
    """`not condition`, of a bool."""
    if not isinstance(condition, Value):
        return not condition
    return low.builder.apply(PRIMITIVES["not_"], (condition,), {})


def truth(low: Lowering, value: Any, what: str = "a condition", ask: bool = True) -> Any:
    """The truth of a value: True or False where that is known, else a Value of type bool.

    Where it depends on int arguments only, another lowering is asked for in which they are known; not in a
    function that is called, for all values of its arguments.
    """
    if type(value) is Either:
        return on_either(low, value, lambda each: truth(low, each, what, ask))
    value = low.live(value)
    if isinstance(value, Value):
        if isinstance(value.type, Array):
            raise UnsupportedError(
                f"{what} is an array of type {value.type}: the truth of each of its elements may differ",
                "Use np.where(condition, a, b), or say .any() or .all().",
            )
        known = low.assumed.get(value.first_atom)
        if known is not None:
            return known
        if ask and low.program.depth == 0:
            low.demand(value, what)
        return value if value.type.dtype.kind == "b" else apply(low, COMPARISONS[ast.NotEq], value, 0)
    if isinstance(value, RunList):
        from .growing import length

        return compare(low, ast.Gt(), length(low, value), 0)
    if isinstance(value, Opaque):
        if any(each if isinstance(each, str) else not each.is_text for each in value.parts or ()):
            return True  # a number is never written as nothing
        raise _undecided()
    for name in ("__bool__", "__len__"):
        method = python_method(value, name)
        if method is not None:
            return truth(low, low.call(method, [value]))
    return low.native(bool, low.outside.inside(value))


def contains_value(thing: Any) -> bool:
    """Whether run-time values are in a value or its nested containers."""
    if isinstance(thing, (Value, Opaque, RunList)):
        return True
    if isinstance(thing, dict):
        return any(map(contains_value, thing.values()))
    return isinstance(thing, (list, tuple, set)) and any(map(contains_value, thing))


def compare(low: Lowering, kind: ast.cmpop, left: Any, right: Any) -> Any:
    """One comparison."""
    if type(left) is Either:
        return on_either(low, left, lambda each: compare(low, kind, each, right))
    if type(right) is Either:
        return on_either(low, right, lambda each: compare(low, kind, left, each))
    left, right = low.live(left), low.live(right)
    if isinstance(left, Opaque) or isinstance(right, Opaque):
        if not isinstance(left, Opaque):
            left, right = right, left
        if isinstance(right, (str, Opaque)) or not isinstance(kind, (ast.Is, ast.IsNot, ast.Eq, ast.NotEq)):
            raise _undecided()
        return isinstance(kind, (ast.IsNot, ast.NotEq))
    match kind:
        case ast.Is():
            return _identical(left, right)
        case ast.IsNot():
            return not _identical(left, right)
        case ast.In():
            return _contains(low, right, left)
        case ast.NotIn():
            return negated(low, _contains(low, right, left))
    how = COMPARISONS[type(kind)]
    if isinstance(left, RunList) or isinstance(right, RunList):
        raise LengthNeeded(
            "a comparison of lists whose length is known only at run time", "Compare their items in a loop."
        )
    if isinstance(left, Value) or isinstance(right, Value):
        return _compare_values(low, how, left, right)
    dunder = _dunder(low, how, left, right)
    if dunder is not NotImplemented:
        return dunder
    left, right = _fields(low, how, left, right), _fields(low, how, right, left)
    if contains_value(left) or contains_value(right):
        return _compare_structures(low, how, left, right)
    return low.native(how.function, plain(left), plain(right))


def _undecided() -> UnsupportedError:
    return UnsupportedError(
        "what a text made of run-time values says is not known while lowering",
        "Decide by the values themselves.",
    )


def _fields(low: Lowering, how: Binary, thing: Any, other: Any) -> Any:
    """What a comparison looks at: of dataclasses their fields, of containers from outside their content."""
    if dataclasses.is_dataclass(thing) and type(thing) is type(other) and how.method in type(thing).__dict__:
        fields = [field for field in dataclasses.fields(thing) if field.compare]
        from .objects import get_attribute

        return tuple(get_attribute(low, thing, field.name) for field in fields)
    return low.outside.inside(thing)


def _identical(left: Any, right: Any) -> bool:
    if isinstance(left, Value) and isinstance(right, Value):
        return left.atom is right.atom
    if isinstance(left, np.dtype) and isinstance(right, np.dtype):
        return left == right  # NumPy has one object for each dtype, types may hold an equal one
    return left is right


def _compare_values(low: Lowering, how: Binary, left: Any, right: Any) -> Any:
    for thing in (left, right):
        if not isinstance(thing, Value) and not numeric(thing) and not isinstance(thing, (list, tuple)):
            dunder = _dunder(low, how, left, right)
            if dunder is not NotImplemented:
                return dunder
            if how.symbol in ("==", "!="):
                return how.symbol == "!="
    known = _known_lengths(low, how, left, right)
    if known is not None:
        return known
    return apply(low, how, operand(low, how, left, right), operand(low, how, right, left))


def _known_lengths(low: Lowering, how: Binary, left: Any, right: Any) -> bool | None:
    """Whether two lengths are equal, where the types say so: equal dims agree, and some dims are not 1."""
    if how.symbol not in ("==", "!="):
        return None
    sizes = []
    for thing in (left, right):
        size = thing.type.size if isinstance(thing, Value) and isinstance(thing.type, Scalar) else thing
        if size is None or isinstance(size, (Value, float, complex)):
            return None
        sizes.append(low.builder.dims.resolve(size) if isinstance(thing, Value) else plain(size))
    a, b = sizes
    if low.builder.dims.same(a, b):
        return how.symbol == "=="
    if isinstance(a, int) and isinstance(b, int):
        return how.symbol == "!="
    if 1 in (a, b) and all(size == 1 or getattr(size, "not_one", False) for size in (a, b)):
        return how.symbol == "!="
    return None


def _compare_structures(low: Lowering, how: Binary, left: Any, right: Any) -> Any:
    if how.symbol not in ("==", "!="):
        raise UnsupportedError("the order of lists that hold run-time values is not known")
    if type(left) is not type(right) or not isinstance(left, (tuple, list)) or len(left) != len(right):
        return how.symbol == "!="
    results = [compare(low, ast.Eq(), a, b) for a, b in zip(left, right, strict=True)]
    equal = conjunction(low, [truth(low, result) for result in results])
    return equal if how.symbol == "==" else negated(low, equal)


def conjunction(low: Lowering, conditions: Sequence[Any]) -> Any:
    """All of some conditions that are cheap and safe to evaluate."""
    if any(condition is False for condition in conditions):
        return False
    result: Any = True
    for condition in conditions:
        if condition is not True:
            result = (
                condition
                if result is True
                else low.builder.apply(PRIMITIVES["and_"], (result, condition), {})
            )
    return result


def _contains(low: Lowering, container: Any, item: Any) -> Any:
    if isinstance(container, Value):
        raise UnsupportedError(
            "`in` looks at the elements of an array one by one", "Use (array == item).any()."
        )
    method = python_method(container, "__contains__")
    if method is not None:
        return truth(low, low.call(method, [container, item]))
    container = low.outside.inside(container)
    if isinstance(item, Value) and isinstance(container, (dict, set, frozenset)):
        container = list(container)
    if isinstance(container, (list, tuple, range)) and (isinstance(item, Value) or contains_value(container)):
        absent = [
            negated(low, truth(low, True if _identical(each, item) else compare(low, ast.Eq(), item, each)))
            for each in container
        ]
        return negated(low, conjunction(low, absent))
    return low.native(operator.contains, container, plain(item))
