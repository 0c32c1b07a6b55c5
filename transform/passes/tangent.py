"""The tangent of a function: every varied value is followed by its derivative along the seed.

    a = x ** 2                 a = x ** 2
    L = -a            --->     a_dot = 2 * x * x_dot
                               L = -a
                               L_dot = -a_dot

This is forward mode, the textbook's Jacobian-vector product (Griewank and Walther, Evaluating
Derivatives, 2nd ed., section 3.1).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from ..errors import MissingRule
from ..ir import Atom, Eqn, For, Function, If, Region, Statement, Sweep, Var, While
from ..names import TANGENT
from ..rules.build import Builder, Call, Value, op
from ..rules.callees import CALL, callee_of, calling, tangent_of
from ..types import FLOAT, Array, List, Scalar, Type, is_inexact
from .activity import carried, varied
from .own import own
from .undefined import Undefined

__all__ = ["as_type_of", "call_of", "derivative_type", "rule_of", "tangent", "zero"]


def tangent(function: Function, wrt: Sequence[int]) -> Function:
    """params, dots of wrt -> results, dots of results.

    `wrt` are positions in `function.params`. A result that does not depend on them has a zero tangent.
    """
    forward = _Tangent(function, wrt)
    forward.block(function.body)
    builder = forward.builder
    dots = [as_type_of(builder.value(forward.dot(result)), result) for result in function.results]
    results = tuple(builder.atom(value) for value in [*function.results, *dots])
    return own(
        replace(
            function,
            params=(*function.params, *forward.seeds),
            body=builder.finish(),
            results=results,
        )
    )


class _Tangent:
    def __init__(self, function: Function, wrt: Sequence[int]) -> None:
        self.builder = Builder()
        # A zero tangent has its value's shape: where there may be no value, the tangent is carried along.
        missing = {var for var in Undefined(function.body).maybe if isinstance(var, Var)}
        self.moving = varied(function, wrt) | {
            var for var in missing if isinstance(var.type, (Array, List)) and is_inexact(var.type)
        }
        self.seeds = [dot_of(function.params[k]) for k in wrt]
        self.dots = {
            function.params[k]: Value(self.builder, seed)
            for k, seed in zip(wrt, self.seeds, strict=True)
            if is_inexact(function.params[k].type)
        }

    def block(self, body: Sequence[Statement]) -> None:
        for statement in body:
            # The tangent of an adjoint has one sweep, whatever the adjoint had.
            match statement:
                case If():
                    self.branch(statement)
                case For() | While():
                    self.loop(statement)
                case Eqn(target, primitive) if primitive.name == "undefined":
                    self.builder.body.append(statement)
                    self.dots[target] = self.builder.apply(
                        primitive, (), {"type": derivative_type(target.type)}
                    )
                case Eqn(primitive=primitive) if primitive.name == CALL:
                    self.call(statement)
                case Eqn():
                    moves = statement.target in self.moving
                    # What an equation overwrites, its tangent reads before.
                    if moves and statement.primitive.consumes:
                        self.equation(statement)
                    self.builder.body.append(replace(statement, sweep=Sweep.NONE))
                    if moves and not statement.primitive.consumes:
                        self.equation(statement)

    def equation(self, eqn: Eqn) -> None:
        builder = self.builder
        shapes = eqn.primitive.shape_only
        dots = [
            self.dots.get(operand) if isinstance(operand, Var) and k not in shapes else None
            for k, operand in enumerate(eqn.operands)
        ]
        if all(dot is None for dot in dots):
            return
        builder.origin, builder.sweep, builder.lib = eqn.origin, Sweep.TANGENT, eqn.params.get("lib")
        y_dot = rule_of(eqn, eqn.primitive.tangent)(call_of(builder, eqn), dots)
        y_dot = conform(y_dot, Value(builder, eqn.target))
        self.dots[eqn.target] = builder.name(y_dot, TANGENT.format(eqn.target.name), eqn.target.temporary)

    def call(self, eqn: Eqn) -> None:
        """A call of a function becomes one of its tangent, which gives the results as well."""
        moving = [k for k, operand in enumerate(eqn.operands) if operand in self.dots]
        if not moving or self.moving.isdisjoint(eqn.targets):
            self.builder.body.append(replace(eqn, sweep=Sweep.NONE))
            return
        dots = [self.builder.atom(self.whole(eqn.operands[k], eqn.operands[k])) for k in moving]
        moved = [target for target in eqn.targets if is_inexact(target.type)]
        seeds = [dot_of(target) for target in moved]
        self.builder.body.append(
            replace(
                eqn,
                primitive=calling(tangent_of(callee_of(eqn), moving)),
                operands=(*eqn.operands, *dots),
                sweep=Sweep.NONE,
                others=(*eqn.others, *seeds),
            )
        )
        self.dots |= {t: Value(self.builder, seed) for t, seed in zip(moved, seeds, strict=True)}

    def branch(self, statement: If) -> None:
        """An If yields its results and, for those that vary, their tangents."""
        positions = [k for k, target in enumerate(statement.targets) if target in self.moving]
        seeds = [dot_of(statement.targets[k]) for k in positions]

        def region(old: Region) -> Region:
            def build() -> list[Any]:
                self.block(old.body)
                dots = [self.whole(old.results[k], statement.targets[k]) for k in positions]
                return [*old.results, *dots]

            return self.builder.region(build)

        then, orelse = region(statement.then), region(statement.orelse)
        self.builder.body.append(
            replace(
                statement,
                targets=(*statement.targets, *seeds),
                then=then,
                orelse=orelse,
                sweep=Sweep.NONE,
            )
        )
        for k, seed in zip(positions, seeds, strict=True):
            self.dots[statement.targets[k]] = Value(self.builder, seed)

    def loop(self, statement: For | While) -> None:
        """A loop carries its values and, for those that vary, their tangents."""
        params = carried(statement)
        moving = [k for k, param in enumerate(params) if param in self.moving]
        init = [self.builder.atom(self.whole(statement.init[k], params[k])) for k in moving]
        seeds = [dot_of(params[k]) for k in moving]
        final = [dot_of(statement.targets[k]) for k in moving]
        self.dots |= self.valued(params, moving, seeds)

        def build() -> list[Any]:
            self.block(statement.body.body)
            results = statement.body.results
            return [*results, *(self.whole(results[k], params[k]) for k in moving)]

        body = self.builder.region(build, (*statement.body.params, *seeds))
        changes: dict[str, Any] = {
            "targets": (*statement.targets, *final),
            "init": (*statement.init, *init),
            "body": body,
            "sweep": Sweep.NONE,
        }
        if isinstance(statement, While):
            changes["condition"] = self.condition(statement.condition, moving)
        self.builder.body.append(replace(statement, **changes))
        self.dots |= self.valued(statement.targets, moving, final)

    def condition(self, region: Region, moving: Sequence[int]) -> Region:
        """The condition of a loop, which takes the tangents along with what else is carried."""
        unread = tuple(dot_of(region.params[k]) for k in moving)
        return replace(region, params=(*region.params, *unread))

    def valued(
        self, variables: Sequence[Var], moving: Sequence[int], dots: Sequence[Var]
    ) -> dict[Var, Value]:
        return {variables[k]: Value(self.builder, dot) for k, dot in zip(moving, dots, strict=True)}

    def whole(self, atom: Atom, like: Atom) -> Value:
        """The tangent of a carried value, in the type of the Var that carries it."""
        dot = self.builder.value(self.dot(atom))
        return as_type_of(conform(dot, self.builder.value(atom)), like)

    def dot(self, atom: Atom) -> Any:
        known = self.dots.get(atom) if isinstance(atom, Var) else None
        return zero(self.builder, atom) if known is None else known


def dot_of(var: Var) -> Var:
    """The tangent of a param or target, as a Var of its type (an int moves as a float)."""
    return Var(TANGENT.format(var.name), derivative_type(var.type))


def derivative_type(type_: Type) -> Type:
    """The type of a value's tangent and adjoint."""
    if is_inexact(type_):
        return type_
    if isinstance(type_, List):
        return List(derivative_type(type_.element))
    return Array(FLOAT.dtype, type_.dims) if isinstance(type_, Array) else FLOAT


def zero(builder: Builder, atom: Atom) -> Any:
    """A zero derivative for `atom`: a number of its kind and precision, or an array of its shape."""
    type_ = derivative_type(atom.type)
    if isinstance(type_, List):
        return op.zeros_list(Value(builder, atom))
    if isinstance(type_, Array):
        return op.zeros_like(Value(builder, atom), dtype=type_.dtype)
    python = isinstance(atom.type, Scalar) and atom.type.weak
    zero = type_.dtype.type(0)
    return zero.item() if python or type_.dtype == FLOAT.dtype else zero


def as_type_of(derivative: Value, var: Atom) -> Value:
    """A tangent or adjoint in the dtype of its value: what promotion has changed is changed back."""
    if isinstance(var.type, List):
        return derivative
    wanted = derivative_type(var.type)
    if derivative.type.dtype == wanted.dtype:
        return derivative
    if isinstance(wanted, Scalar) and wanted.weak and wanted.dtype == FLOAT.dtype:
        return op.to_float(derivative)  # np.float64 would not take the precision of what it meets
    return op.astype(derivative, dtype=wanted.dtype)


def conform(given: Any, like: Value) -> Value:
    """A tangent in the shape of its primal: what a rule left compact is broadcast."""
    value: Value = like.builder.value(given)
    if isinstance(like.type, Array):
        dims = like.builder.dims
        compact = value.type.dims if isinstance(value.type, Array) else ()
        if len(compact) < len(like.type.dims) or any(
            dims.resolve(c) == 1 != dims.resolve(w) for c, w in zip(compact, like.type.dims, strict=True)
        ):
            return op.broadcast_like(value, like)
    return value


def call_of(builder: Builder, eqn: Eqn) -> Call:
    """The equation as rules see it."""
    return Call(
        Value(builder, eqn.target), tuple(Value(builder, operand) for operand in eqn.operands), eqn.params
    )


def rule_of(eqn: Eqn, rule: Callable[..., Any] | None) -> Callable[..., Any]:
    """The rule, or an error that names the function that has none."""
    if rule is None:
        modes = {"forward": eqn.primitive.tangent, "reverse": eqn.primitive.adjoint}
        known = [mode for mode, other in modes.items() if other is not None]
        raise MissingRule(
            f"{eqn.primitive.name} has a rule for {known[0]} mode only"
            if known
            else f"{eqn.primitive.name} has no derivative rule",
            "Give the function that uses it a rule with transform.rule(...), "
            "or declare it constant with transform.constant(...).",
            eqn.origin,
        )
    return rule
