"""Simplification of derivative code: constants, zeros and ones, signs, copies, common subexpressions.

    t = 1 * y_bar
    a_bar = t / x          --->     a_bar = y_bar / x
    p = y_bar * (1 / x)
    b_bar = p + 0.0                 (b_bar is a_bar)

The user's own statements stay as they were written; only what a rule introduced is rewritten. An
equation that computes what another has computed before is dropped in both.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from ..ir import (
    Atom,
    Eqn,
    For,
    Function,
    If,
    Lit,
    Primitive,
    Region,
    Statement,
    Sweep,
    Var,
    While,
    count_uses,
    walk,
)
from ..rules.build import Builder, Value, op
from ..rules.callees import CALL
from ..types import BOOL, Scalar, Type
from .array_rewrites import REWRITES
from .rewrites import History, Rewrite, Site, absorb_broadcast

__all__ = ["simplify"]

_SINGLE = frozenset({"float16", "float32", "complex64"})
# Two empty buffers are not one, although they look the same.
_NOT_SHARED = frozenset(
    (
        "zeros",
        "zeros_like",
        "copy",
        "empty",
        "empty_like",
        "new_list",
        "zeros_list",
        "unstack",
        "repeat_list",
        "add_lists",
        "undefined",
    )
)


def simplify(function: Function) -> Function:
    """The same function with simpler equations; names are kept."""
    simplifier = _Simplifier(function)
    simplifier.block(function.body)
    results = tuple(simplifier.current(result) for result in function.results)
    body = simplifier.builder.finish()
    final = simplifier.builder.current
    return replace(function, body=body, results=tuple(final(result) for result in results))


class _Simplifier:
    def __init__(self, function: Function) -> None:
        self.builder = Builder(rewrite=self.rewrite)
        self.uses = count_uses(function)
        self.results = {
            result for result in function.results if isinstance(result, Var) and not result.temporary
        }
        self.double = _is_double(function)
        self.history = History()
        self.new: dict[Atom, Atom] = {}
        self.known: list[dict[Any, Value]] = [{}]
        self.true: set[Atom] = set()

    def current(self, atom: Atom) -> Atom:
        return self.builder.current(self.new.get(atom, atom))

    def block(self, body: Sequence[Statement]) -> None:
        for statement in body:
            self.builder.origin, self.builder.sweep = statement.origin, statement.sweep
            if isinstance(statement, Eqn):
                self.equation(statement)
            elif isinstance(statement, If):
                self.branch(statement)
            else:
                self.loop(statement)

    def equation(self, eqn: Eqn) -> None:
        builder = self.builder
        operands = tuple(self.current(operand) for operand in eqn.operands)
        if eqn.primitive.name == CALL:
            builder.body.append(replace(eqn, operands=operands))
            return
        before = len(builder.body)
        if all(map(operator.is_, operands, eqn.operands)):
            value = self.kept(eqn)
        else:
            value = builder.apply(eqn.primitive, operands, eqn.params)
        if len(builder.body) > before and value.atom is not eqn.target:
            value = builder.name(value, eqn.target.name, eqn.target.temporary)
        elif eqn.target in self.results:
            # x_bar is what d_bar is: a result keeps its name.
            value = builder.name(value, eqn.target.name)
        self.new[eqn.target] = value.atom
        uses = self.history.uses
        uses[value.first_atom] = uses.get(value.first_atom, 0) + self.uses.get(eqn.target, 0)

    def branch(self, statement: If) -> None:
        condition = self.current(statement.condition)
        if isinstance(condition, Lit):
            self.inline(statement, statement.then if condition.value else statement.orelse)
            return
        then, orelse = self.region(statement.then), self.region(statement.orelse)
        made = replace(statement, condition=condition, then=then, orelse=orelse)
        made = self.with_two_ways(made)
        if len(made.targets) == 1 and not then.body and not orelse.body and self.is_flag(made):
            return
        self.builder.body.append(made)

    def with_two_ways(self, statement: If) -> If:
        """A branch without the results that are the same in both of its regions."""
        pairs = list(zip(statement.then.results, statement.orelse.results, strict=True))
        same = [_key(a) == _key(b) for a, b in pairs]
        if not any(same):
            return statement
        for target, (value, _), alike in zip(statement.targets, pairs, same, strict=True):
            if alike:
                self.new[target] = value

        def rest(atoms: Sequence[Any]) -> tuple[Any, ...]:
            return tuple(atom for atom, alike in zip(atoms, same, strict=True) if not alike)

        then, orelse = (
            replace(each, results=rest(each.results)) for each in (statement.then, statement.orelse)
        )
        return replace(statement, targets=rest(statement.targets), then=then, orelse=orelse)

    def is_flag(self, statement: If) -> bool:
        """Whether a branch only says what its condition says; then its target is that, or the negation."""
        (target,), condition = statement.targets, Value(self.builder, statement.condition)
        if target.type != BOOL or condition.type.dtype.kind != "b":
            return False
        found = [self.truth(region.results[0]) for region in (statement.then, statement.orelse)]
        if found == [False, True]:
            self.new[target] = self.negation(condition, target).atom
        elif found == [True, False] and condition.type == BOOL:
            self.new[target] = condition.atom
        else:
            return False
        return True

    def negation(self, condition: Value, target: Var) -> Value:
        value = op.not_(condition)
        return value if target.temporary else self.builder.name(value, target.name)

    def truth(self, atom: Atom) -> bool | None:
        """What a flag is known to be."""
        if isinstance(atom, Lit):
            return atom.value if isinstance(atom.value, bool) else None
        return True if atom in self.true else None

    def inline(self, statement: If, region: Region) -> None:
        self.block(region.body)
        for target, result in zip(statement.targets, region.results, strict=True):
            self.new[target] = self.current(result)

    def region(self, region: Region) -> Region:
        def build() -> list[Atom]:
            self.block(region.body)
            return [self.current(result) for result in region.results]

        self.known.append(dict(self.known[-1]))
        try:
            return self.builder.region(build, region.params)
        finally:
            self.known.pop()

    def loop(self, loop: For | While) -> None:
        """A loop, its body simplified with what is known from outside."""
        init = tuple(map(self.current, loop.init))
        if isinstance(loop, While):
            self.true.update(_tested(loop))
        changes: dict[str, Any] = {"init": init, "body": self.region(loop.body)}
        if isinstance(loop, For):
            bounds = ("start", "stop", "step")
            changes |= {name: self.current(getattr(loop, name)) for name in bounds}
        else:
            changes["condition"] = self.region(loop.condition)
        self.builder.body.append(replace(loop, **changes))

    def rewrite(
        self, builder: Builder, primitive: Primitive, atoms: tuple[Atom, ...], params: Mapping[str, Any]
    ) -> Value | None:
        """What the builder asks before it appends an equation."""
        key = self.key(primitive, atoms, params)
        simpler = self.simpler(primitive, atoms, params, key)
        if simpler is not None:
            return simpler
        builder.rewrite = None
        try:
            value = builder.apply(primitive, atoms, params)
        finally:
            builder.rewrite = self.rewrite
        return self.noted(value, key)

    def kept(self, eqn: Eqn) -> Value:
        """The value of an equation whose operands are as they were: its own, if there is none simpler."""
        key = self.key(eqn.primitive, eqn.operands, eqn.params)
        simpler = self.simpler(eqn.primitive, eqn.operands, eqn.params, key)
        if simpler is not None:
            return simpler
        self.builder.body.append(eqn)
        return self.noted(Value(self.builder, eqn.target), key)

    def simpler(
        self, primitive: Primitive, atoms: tuple[Atom, ...], params: Mapping[str, Any], key: Any
    ) -> Value | None:
        """A value that a rewrite gives, or that was computed before."""
        if self.derived:
            operands = tuple(Value(self.builder, atom) for atom in atoms)
            site = Site(self.builder, self.history, primitive, operands, params)
            for attempt in _attempts(primitive):
                simpler = attempt(site)
                if simpler is not None and self.keeps_precision(simpler.type, site):
                    return simpler
        return self.known[-1].get(key)

    def noted(self, value: Value, key: Any) -> Value:
        """The value of the equation just appended, which is remembered."""
        eqn = cast(Eqn, self.builder.body[-1])
        self.history.note(eqn, self.derived)
        if not (eqn.primitive.consumes or eqn.primitive.effect or eqn.primitive.name in _NOT_SHARED):
            self.known[-1][key] = value
        return value

    @property
    def derived(self) -> bool:
        """Whether what is built now belongs to the derivative."""
        return self.builder.sweep in (Sweep.REVERSE, Sweep.TANGENT)

    def key(self, primitive: Primitive, atoms: tuple[Atom, ...], params: Mapping[str, Any]) -> Any:
        """Equal for equations that compute the same."""
        return (primitive, tuple(_key(self.builder.first(atom)) for atom in atoms), repr(params))

    def keeps_precision(self, simpler: Type, site: Site) -> bool:
        """Whether a simpler value has the dtype it should have, and gives it to what it meets."""
        wanted = site.result_type(site.operands)
        return simpler.dtype == wanted.dtype and (self.double or _is_weak(simpler) == _is_weak(wanted))


def _is_weak(type_: Type) -> bool:
    return isinstance(type_, Scalar) and type_.weak


def _is_double(function: Function) -> bool:
    """Whether no number has less than double precision: then a Python number is as good as NumPy's."""
    targets = (target for statement in walk(function.body) for target in statement.targets)
    return all(var.type.dtype.name not in _SINGLE for var in (*function.params, *targets))


def _attempts(primitive: Primitive) -> Iterator[Rewrite]:
    yield from REWRITES.get(primitive.name, ())
    if primitive.elementwise:
        yield absorb_broadcast


def _tested(loop: While) -> Iterator[Var]:
    """The flags that are true in the body of a loop, as its condition says: `while going and ...`."""
    tested = set(loop.condition.results)
    for statement in reversed(loop.condition.body):
        if tested.isdisjoint(statement.targets):
            continue
        if isinstance(statement, Eqn) and statement.primitive.name == "and_":
            tested.update(statement.operands)
        elif isinstance(statement, If) and len(statement.targets) == 1:
            if [_key(each) for each in statement.orelse.results] == [_key(Lit(False))]:
                tested.add(statement.condition)
    pairs = zip(loop.condition.params, loop.body.params, strict=True)
    yield from (inside for param, inside in pairs if param in tested)


def _key(atom: Atom) -> Any:
    return (type(atom.value), repr(atom.value)) if isinstance(atom, Lit) else atom
