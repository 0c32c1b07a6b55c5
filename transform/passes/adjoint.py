"""The adjoint of a function: the primal in order, then every active equation transposed, in reverse.

    a = x ** 2                 # forward sweep
    L = -a            --->     a = x ** 2
                               # reverse sweep
                               a_bar = -L_bar
                               x_bar = a_bar * (2 * x)

This is reverse mode, the textbook's vector-Jacobian product (Griewank and Walther, Evaluating
Derivatives, 2nd ed., section 3.2). What the reverse sweep does not read is left to dead-code elimination.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ..errors import Origin
from ..ir import Atom, Eqn, Function, If, Region, Statement, Sweep, Var, fresh_copy, map_branches
from ..names import ADJOINT
from ..rules.build import Builder, Value
from ..rules.families import fit
from ..rules.index import scatter
from ..types import FLOAT, Scalar, Type, is_complex
from .activity import active
from .own import own
from .tangent import as_type_of, call_of, derivative_type, rule_of, zero

__all__ = ["adjoint"]


def adjoint(function: Function, wrt: Sequence[int], keep: Sequence[Atom] = ()) -> Function:
    """params, adjoints of results -> values `keep` of the primal, adjoints of wrt.

    `wrt` are positions in `function.params`. A param that no result depends on has a zero adjoint.
    """
    reverse = _Adjoint(function, wrt)
    seeds = _seeds(function)
    reverse.forward(function.body)
    bars = reverse.block(function.body, zip(function.results, seeds, strict=True))
    wanted = [reverse.final(function.params[k], bars) for k in wrt]
    builder = reverse.builder
    results = tuple(builder.atom(value) for value in [*keep, *wanted])
    return own(replace(function, params=(*function.params, *seeds), body=builder.finish(), results=results))


def _seeds(function: Function) -> list[Var]:
    """One param for each result, under a name that no other param has."""
    taken = {param.name for param in function.params}
    seeds: list[Var] = []
    for result in function.results:
        stem = result.name if isinstance(result, Var) else "y"
        names = (ADJOINT.format(stem if k == 1 else f"{stem}{k}") for k in itertools.count(1))
        name = next(name for name in names if name not in taken)
        taken.add(name)
        seeds.append(Var(name, _seed_type(result.type)))
    return seeds


def _seed_type(type_: Type) -> Type:
    """A real number's seed is Python's, by default 1.0: it takes the precision of what it meets."""
    seed = derivative_type(type_)
    return FLOAT if isinstance(seed, Scalar) and not is_complex(seed) else seed


Bars = dict[Var, Value]


def _place(origin: Origin | None) -> tuple[str, int, str] | None:
    if origin is None:
        return None
    statement = origin.outermost
    return statement.file, statement.line, statement.statement


class _Adjoint:
    def __init__(self, function: Function, wrt: Sequence[int]) -> None:
        self.builder = Builder()
        self.active = active(function, wrt)
        # Adjoints that the current statement contributed to: their sum gets its name when it is complete.
        self.open: dict[Var, None] = {}

    def forward(self, body: Sequence[Statement]) -> None:
        self.builder.body.extend(_in_sweep(statement, Sweep.FORWARD) for statement in body)
        self.builder.sweep = Sweep.REVERSE

    def block(self, body: Sequence[Statement], seeds: Any) -> Bars:
        """The reverse sweep of a body; returns the adjoints of what is defined outside of it."""
        bars: Bars = {}
        for result, seed in seeds:
            if result in self.active:
                self.accumulate(bars, result, Value(self.builder, seed))
        for statement in reversed(body):
            if not any(target in bars for target in statement.targets):
                continue
            if _place(statement.origin) != _place(self.builder.origin):
                self.close(bars)
            self.builder.origin = statement.origin
            if isinstance(statement, If):
                self.branch(statement, bars)
            elif isinstance(statement, Eqn):
                self.equation(statement, bars)
        self.close(bars)
        return bars

    def close(self, bars: Bars) -> None:
        """Name the adjoints that are complete as far as the statement before goes."""
        for var in self.open:
            if var in bars:
                bars[var] = self.builder.name(bars[var], ADJOINT.format(var.name), var.temporary)
        self.open.clear()

    def equation(self, eqn: Eqn, bars: Bars) -> None:
        y_bar = self.builder.name(bars.pop(eqn.target), ADJOINT.format(eqn.target.name), eqn.target.temporary)
        self.builder.lib = eqn.params.get("lib")
        call = call_of(self.builder, eqn)
        for k, operand in enumerate(eqn.operands):
            if not isinstance(operand, Var) or operand not in self.active or k in eqn.primitive.shape_only:
                continue
            if eqn.primitive.name == "getitem":
                # Adding at the index touches a part of x_bar; a full-size array of zeros would touch it all.
                self.replace(bars, operand, scatter(call, y_bar, bars.get(operand)))
            else:
                self.accumulate(bars, operand, rule_of(eqn, eqn.primitive.adjoint)(call, y_bar, k))

    def accumulate(self, bars: Bars, var: Var, contribution: Any) -> None:
        bar = fit(self.builder.value(contribution), Value(self.builder, var))
        self.replace(bars, var, bars[var] + bar if var in bars else bar)

    def replace(self, bars: Bars, var: Var, bar: Value) -> None:
        bars[var] = bar
        self.open[var] = None

    def branch(self, statement: If, bars: Bars) -> None:
        """The same condition again; each branch recomputes its values and yields all that either yields."""
        seeds = [(k, bars.pop(t).atom) for k, t in enumerate(statement.targets) if t in bars]
        taken = [self.region_bars(region, seeds) for region in (statement.then, statement.orelse)]
        outer = list(dict.fromkeys(var for _, found in taken for var in found))
        if not outer:
            return
        then, orelse = (self.padded(body, found, outer) for body, found in taken)
        types = [derivative_type(var.type) for var in outer]
        yielded = self.builder.branch(statement.condition, then, orelse, types)
        for var, bar in zip(outer, yielded, strict=True):
            self.accumulate(bars, var, bar)

    def region_bars(self, region: Region, seeds: Sequence[tuple[int, Atom]]) -> tuple[list[Statement], Bars]:
        """A branch, forward again and then in reverse: its statements and the adjoints of outer values."""
        again, renamed = fresh_copy(region)
        self.active |= {new for old, new in renamed.items() if old in self.active}
        # What the branch does, it has done in the forward sweep.
        body = [each for each in again.body if not (isinstance(each, Eqn) and each.primitive.effect)]
        outer_body, self.builder.body = self.builder.body, body
        try:
            bars = self.block(again.body, [(again.results[k], seed) for k, seed in seeds])
            return self.builder.body, bars
        finally:
            self.builder.body = outer_body

    def padded(self, body: list[Statement], found: Bars, outer: Sequence[Var]) -> Region:
        outer_body, self.builder.body = self.builder.body, body
        try:
            results = []
            for var in outer:
                bar = found[var] if var in found else self.builder.value(zero(self.builder, var))
                results.append(self.builder.atom(as_type_of(bar, var)))
            return Region((), tuple(self.builder.body), tuple(results))
        finally:
            self.builder.body = outer_body

    def final(self, var: Var, bars: Bars) -> Any:
        """The adjoint of a param in its own dtype; zero if nothing depends on it."""
        if var in bars:
            return self.builder.name(as_type_of(bars[var], var), ADJOINT.format(var.name))
        return self.builder.name(
            self.builder.value(zero(self.builder, var)), ADJOINT.format(var.name), temporary=True
        )


def _in_sweep(statement: Statement, sweep: Sweep) -> Statement:
    if isinstance(statement, If):
        statement = map_branches(statement, lambda body: [_in_sweep(inner, sweep) for inner in body])
    return replace(statement, sweep=sweep)
