"""Rules given by users: for a function of theirs, in both modes; and functions declared constant."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from types import FunctionType
from typing import Any

from .cache import invalidate
from .derivative import lower_any, note
from .errors import ArgumentError, TransformError, UnsupportedError
from .frontend import parameters
from .ir import Function as IRFunction
from .ir import Primitive
from .passes.interface import inline
from .rules import FUNCTIONS
from .rules.build import Builder, Call, Value, op
from .rules.build import numeric as is_number
from .rules.families import constant as register_constant
from .rules.families import result_type, shapes, total
from .rules.registry import function
from .tree import Node, children_of, is_structure, rebuild
from .types import FLOAT, Dims, Type, promote

__all__ = ["constant", "rule", "stop_gradient"]

Function = Callable[..., Any]


def rule(
    fn: Function,
    *,
    tangent: Function | None = None,
    adjoint: Function | None = None,
    partials: Function | Sequence[Function] | None = None,
    formula: str = "",
    like: Function | None = None,
) -> Function:
    """Give `fn`, a function of numbers or arrays with one result y, a derivative; return fn.

    partials   for an elementwise fn: one formula for each argument, d(x1, ..., y) = dy/dxk, for both modes
    formula    the same, by what fn computes: an expression in its arguments, such as "log(1 + exp(x))";
               SymPy derives the partials
    tangent    (y, x1, ..., x1_dot, ...) -> y_dot; the tangent of an argument that does not move is 0
    adjoint    (y, x1, ..., y_bar) -> x1_bar, or a tuple with one adjoint for each argument
    like       a NumPy function of the same arguments with a result of the same type and shape as fn's;
               needed where fn has no Python source and the result is not of the arguments' broadcast shape

    All formulas are plain Python, differentiated again where second derivatives are asked for. Without
    `tangent` forward mode is refused, without `adjoint` reverse mode. The generated code calls fn.
    """
    if partials is None and tangent is None and adjoint is None and not formula:
        raise ArgumentError(
            f"rule({getattr(fn, '__name__', fn)}) gives no derivative",
            "Pass partials=, formula=, tangent= or adjoint=.",
        )
    formulas: tuple[Any, ...]
    formulas = (
        _derived(fn, formula) if formula else (partials,) if callable(partials) else tuple(partials or ())
    )
    _require_formulas(fn, formulas, {"tangent": tangent, "adjoint": adjoint, "like": like})
    made = _UserRule(fn, tangent, adjoint, formulas, like)
    FUNCTIONS[fn] = made.apply
    invalidate()
    return fn


def _require_formulas(fn: Function, partials: Sequence[Any], others: Mapping[str, Any]) -> None:
    """Raise ArgumentError unless all are functions, and the partials as many as the arguments."""
    if not callable(fn):
        raise ArgumentError(f"{fn!r} is not a function", "Pass the function that the rule is for.")
    for name, formula in {**others, **{f"partials[{k}]": each for k, each in enumerate(partials)}}.items():
        if formula is not None and not callable(formula) and not isinstance(formula, _OfValues):
            raise ArgumentError(f"{name} of rule() is {formula!r}, not a function", "Pass a function.")
    try:
        declared = parameters(fn).parameters.values()
    except TransformError:
        return
    starred = any(each.kind is each.VAR_POSITIONAL for each in declared)
    if partials and not starred and len(partials) > len(declared):
        name = getattr(fn, "__name__", repr(fn))
        raise ArgumentError(
            f"rule({name}) has {len(partials)} partials, but {name} has {len(declared)} arguments",
            "Give one partial for each argument, in their order.",
        )


def constant(fn: Function, *, like: Function | None = None) -> Function:
    """Declare that `fn` has derivative zero: what it returns is a constant. Returns fn, so also a decorator.

    `like` is a NumPy function with a result of the same type and shape, for an fn without Python source.
    """
    FUNCTIONS[fn] = _UserRule(fn, None, None, (), like).apply
    invalidate()
    return fn


def stop_gradient(x: Any) -> Any:
    """X itself, a number, an array or a structure of them; its derivative is zero."""
    return x


@function(stop_gradient)
def _stop_gradient(b: Builder, x: Any) -> Any:
    if is_structure(x):
        tree = Node(type(x), *children_of(x))
        return rebuild(tree, lambda child: _stop_gradient(b, child))
    return op.stop_gradient(x) if isinstance(x, Value) else x


register_constant("stop_gradient", lambda dims, types, params: types[0], "{0}", view=True)


def _derived(fn: Function, formula: str) -> tuple[_OfValues, ...]:
    """The partials of a formula in the names of fn's arguments, as functions of Values."""
    # SymPy takes a third of a second to import, and most programs never need it.
    from .rules.derive import partials_of

    names = list(parameters(fn).parameters)
    try:
        texts = partials_of(formula, names, "result_")
    except ValueError as error:
        raise ArgumentError(str(error), "Give the partials as functions with partials=.") from error
    header = f"lambda {', '.join(names)}, result_: "
    return tuple(_OfValues(eval(header + text, {"op": op})) for text in texts)


def _without_rule(fn: Function) -> Function:
    """The same code as another function, which has no rule: to find out what fn returns."""
    if not isinstance(fn, FunctionType):
        return fn
    twin = FunctionType(fn.__code__, fn.__globals__, fn.__name__, fn.__defaults__, fn.__closure__)
    twin.__kwdefaults__ = fn.__kwdefaults__
    return twin


class _OfValues:
    """A formula that is applied to Values as it is, rather than lowered."""

    def __init__(self, formula: Function) -> None:
        self.formula = formula


class _UserRule:
    """A primitive that calls the user's function, with rules that inline the user's formulas."""

    def __init__(
        self,
        fn: Function,
        tangent: Function | None,
        adjoint: Function | None,
        partials: tuple[Any, ...],
        like: Function | None,
    ) -> None:
        self.fn, self.tangent, self.adjoint, self.partials, self.like = fn, tangent, adjoint, partials, like
        name = getattr(fn, "__name__", "function")
        self.primitive = Primitive(
            name if name.isidentifier() else "function",
            self.infer,
            self.code,
            self.along if tangent or partials else None,
            self.against if adjoint or partials else None,
            constant=not (tangent or adjoint or partials),
            elementwise=bool(partials),
            refers={name: fn},
        )

    def apply(self, b: Builder, *args: Any, **kwargs: Any) -> Value:
        """A call of fn in a function that is being lowered."""
        for each in (*args, *kwargs.values()):
            if kwargs or not (isinstance(each, Value) or is_number(each)):
                raise UnsupportedError(
                    f"{self.primitive.name} has a user's rule and is called with something that is no number",
                    "Call it with positional numbers and arrays; put options into a function of its own.",
                )
        return b.apply(self.primitive, args, {})

    def infer(self, dims: Dims, types: Sequence[Type], params: Mapping[str, Any]) -> Type:
        """The type of fn's result: the broadcast of its arguments, or found by reading `like` or fn."""
        if self.partials and self.like is None:
            dtype, weak = promote([*types, FLOAT])
            return result_type(dtype, shapes(dims, types), weak)
        try:
            return self.lowered(self.like or _without_rule(self.fn), types).results[0].type
        except TransformError as error:
            raise UnsupportedError(
                f"the type of what {self.primitive.name} returns is not known",
                "Pass like=, a NumPy function with a result of the same type and shape.",
            ) from error

    def code(self, types: Sequence[Type], params: Mapping[str, Any]) -> str:
        return f"{self.primitive.name}({', '.join(f'{{{k}}}' for k in range(len(types)))})"

    def along(self, call: Call, dots: Sequence[Value | None]) -> Value:
        if self.tangent is not None:
            still = (op.zeros_like(x) if x.is_array else 0.0 for x in call.operands)
            moved = [zero if dot is None else dot for dot, zero in zip(dots, still, strict=True)]
            return self.inlined(self.tangent, [call.result, *call.operands, *moved])[0]
        return total([self.partial(call, k) * dot for k, dot in enumerate(dots) if dot is not None])

    def against(self, call: Call, y_bar: Value, k: int) -> Value:
        if self.adjoint is None:
            return y_bar * self.partial(call, k)
        bars = self.inlined(self.adjoint, [call.result, *call.operands, y_bar])
        if len(bars) != len(call.operands):
            raise ArgumentError(
                f"the adjoint rule of {self.primitive.name} gives {len(bars)} adjoints "
                f"for {len(call.operands)} arguments",
                "Return a tuple with one adjoint for each argument, 0.0 for one that does not count.",
            )
        return bars[k]

    def partial(self, call: Call, k: int) -> Value:
        if k >= len(self.partials):
            raise ArgumentError(
                f"{self.primitive.name} has {len(self.partials)} partials and is called with more arguments",
                "Give one partial for each argument.",
            )
        formula = self.partials[k]
        if isinstance(formula, _OfValues):
            return call.builder.value(formula.formula(*call.operands, call.result))
        return self.inlined(formula, [*call.operands, call.result])[0]

    def inlined(self, formula: Function, arguments: Sequence[Any]) -> list[Value]:
        b = next(value.builder for value in arguments if isinstance(value, Value))
        values = [b.value(argument) for argument in arguments]
        return inline(b, self.lowered(formula, [value.type for value in values]), values, formula=True)

    def lowered(self, formula: Function, types: Sequence[Type]) -> IRFunction:
        """A formula as an SSA function of arguments of these types."""
        names = list(parameters(formula).parameters.values())
        starred = names and names[-1].kind is inspect.Parameter.VAR_POSITIONAL
        fixed = names[:-1] if starred else names
        trees: dict[str, Any] = dict(zip([each.name for each in fixed], types, strict=False))
        if starred:
            rest = tuple(types[len(fixed) :])
            trees[names[-1].name] = Node(tuple, tuple(range(len(rest))), rest)
        elif len(names) != len(types):
            raise ArgumentError(
                f"a formula of {self.primitive.name}'s rule takes {len(names)} arguments, not {len(types)}",
                "tangent takes (y, *x, *x_dot), adjoint (y, *x, y_bar), a partial (*x, y).",
            )
        function, reads = lower_any(formula, trees)
        note(reads)
        if function.captures:
            raise UnsupportedError(
                f"a formula for {self.primitive.name} reads {function.captures[0][0].name} from outside",
                "Write the number into the formula: a formula depends on its arguments only.",
            )
        return function
