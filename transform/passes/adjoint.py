"""The adjoint of a function: the primal in order, then every active equation transposed, in reverse.

    a = x ** 2                 # forward sweep
    L = -a            --->     a = x ** 2
                               # reverse sweep
                               a_bar = -L_bar
                               x_bar = a_bar * (2 * x)

This is reverse mode, the textbook's vector-Jacobian product (Griewank and Walther, Evaluating
Derivatives, 2nd ed., section 3.2). A loop runs its iterations backwards, a branch is decided again, and
a store into an array becomes a read of the array's adjoint, which is then cleared at that place. Where
the values come from that the reverse sweep reads is settled in `record`. What it does not read is left
to dead-code elimination.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..errors import Origin
from ..ir import (
    Atom,
    Eqn,
    For,
    Function,
    If,
    Region,
    Statement,
    Sweep,
    Var,
    While,
    map_regions,
    reads,
    walk,
)
from ..names import ADJOINT
from ..rules.build import Builder, Call, Value, op
from ..rules.callees import CALL, adjoint_of, callee_of, calling
from ..rules.families import fit
from ..rules.index import may_repeat, scatter
from ..rules.registry import PRIMITIVES
from ..rules.stores import read_place, shifted_place
from ..types import FLOAT, Array, List, Scalar, Type, is_complex
from .activity import active, carried
from .own import own
from .record import settled
from .reverse import Node, Restore, ReverseIf, ReverseLoop
from .tangent import as_type_of, call_of, conform, derivative_type, rule_of, zero
from .undefined import Undefined

__all__ = ["adjoint"]


def adjoint(function: Function, wrt: Sequence[int], keep: Sequence[Atom] = ()) -> Function:
    """params, adjoints of results -> values `keep` of the primal, adjoints of wrt.

    `wrt` are positions in `function.params`. A param that no result depends on has a zero adjoint.
    """
    function = replace(function, body=tuple(_in_sweep(each, Sweep.FORWARD) for each in function.body))
    reverse = _Adjoint(function, wrt)
    seeds = _seeds(function)
    bars: Bars = {}
    for result, seed in zip(function.results, seeds, strict=True):
        if isinstance(result, Var) and result in reverse.active:
            reverse.accumulate(bars, result, Value(reverse.builder, seed))
    reverse.block(function.body, bars)
    wanted = [reverse.builder.atom(reverse.final(function.params[k], bars)) for k in wrt]
    body, results = settled(function, reverse.nodes, wanted, reverse.builder)
    return own(replace(function, params=(*function.params, *seeds), body=body, results=(*keep, *results)))


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


@dataclass
class _Cleared:
    """The adjoint of an array before a store: cleared where the store wrote, and what is then added to it.

    Sums may be made in any order: what is added at the very place that was cleared is written there.
    """

    bars: Bars
    after: Value
    store: Eqn
    value: Value | None = None
    more: list[tuple[Call, Value]] = field(default_factory=list)


class _Adjoint:
    def __init__(self, function: Function, wrt: Sequence[int]) -> None:
        self.builder = Builder()
        self.builder.sweep = Sweep.REVERSE
        self.active = active(function, wrt)
        # Adjoints that the current statement contributed to: their sum gets its name when it is complete.
        self.open: dict[Var, Bars] = {}
        self.cleared: dict[Var, _Cleared] = {}
        self.missing = Undefined(function.body)
        outside = (*function.params, *(var for var, _ in function.captures))
        self.shapes: dict[Any, Atom] = {v.type.dims: v for v in outside if isinstance(v.type, Array)}
        self.taken: list[tuple[Atom, int]] = []

    @property
    def nodes(self) -> list[Node]:
        return self.builder.body  # type: ignore[return-value]

    def block(self, body: Sequence[Statement], bars: Bars) -> None:
        """The reverse sweep of a body: the adjoints of what it reads are added to `bars`."""
        for k, statement in reversed(list(enumerate(body))):
            if _place(statement.origin) != _place(self.builder.origin):
                self.close()
            self.builder.origin = statement.origin
            match statement:
                case If():
                    self.branch(statement, bars)
                case For() | While():
                    self.loop(statement, bars)
                case Eqn(primitive=primitive):
                    if primitive.name == "drop" and k:
                        self.pop(statement, body[k - 1], bars)
                    self.equation(statement, bars)
        self.close()

    def close(self) -> None:
        """Name the adjoints that are complete as far as the statement before goes."""
        self.flush()
        for var, bars in self.open.items():
            if var in bars:
                bars[var] = self.builder.name(bars[var], ADJOINT.format(var.name), var.temporary)
        self.open.clear()

    # Equations.

    def equation(self, eqn: Eqn, bars: Bars) -> None:
        if eqn.primitive.name == CALL:
            self.call(eqn, bars)
            return
        if eqn.primitive.consumes and isinstance(eqn.target.type, Array):
            self.nodes.append(Restore(eqn))
        self.flush(eqn.target)
        if eqn.target not in bars:
            return
        y_bar = self.builder.name(bars.pop(eqn.target), ADJOINT.format(eqn.target.name), eqn.target.temporary)
        self.builder.lib = eqn.params.get("lib")
        call = call_of(self.builder, eqn)
        order = range(len(eqn.operands))
        # What is overwritten comes last: the adjoint of the others is read from its adjoint.
        for k in reversed(order) if eqn.primitive.consumes else order:
            operand = eqn.operands[k]
            if isinstance(operand, Var) and operand in self.active and k not in eqn.primitive.shape_only:
                self.operand(eqn, call, y_bar, k, bars)

    def call(self, eqn: Eqn, bars: Bars) -> None:
        """The adjoint of the function that is called: it takes the adjoints of the results that have any."""
        for target in eqn.targets:
            self.flush(target)
        seeded = [k for k, target in enumerate(eqn.targets) if target in bars]
        moving = [k for k, operand in enumerate(eqn.operands) if operand in self.active]
        if not seeded or not moving:
            return
        seeds = [self.whole(bars.pop(eqn.targets[k]), eqn.targets[k]) for k in seeded]
        read = [eqn.operands[k] for k in moving]
        stems = [each.name for each in read if isinstance(each, Var)]
        first, *others = (
            Var(ADJOINT.format(stem), derivative_type(each.type), temporary=True)
            for stem, each in zip(stems, read, strict=True)
        )
        called = calling(adjoint_of(callee_of(eqn), moving, seeded))
        params = {"type": first.type}
        operands = (*eqn.operands, *seeds)
        sweep = self.builder.sweep
        self.nodes.append(Eqn(first, called, operands, params, eqn.origin, sweep, tuple(others)))
        for operand, bar in zip(read, (first, *others), strict=True):
            assert isinstance(operand, Var)
            self.accumulate(bars, operand, Value(self.builder, bar))

    def whole(self, bar: Value, target: Var) -> Atom:
        """The adjoint of a result, in the shape and dtype of the result."""
        return self.builder.atom(as_type_of(conform(bar, Value(self.builder, target)), target))

    def operand(self, eqn: Eqn, call: Call, y_bar: Value, k: int, bars: Bars) -> None:
        """Add to the adjoint of operand k."""
        operand = eqn.operands[k]
        assert isinstance(operand, Var)
        match eqn.primitive.name:
            case "getitem":
                # Adding at the index touches a part of x_bar; a full-size array of zeros would touch it all.
                self.scatter(call, y_bar, operand, bars)
            case "list_get" | "last":
                position = call.operands[1] if len(call.operands) > 1 else -1
                onto = bars[operand] if operand in bars else op.zeros_list(call.operands[0])
                self.replace(bars, operand, op.list_add(onto, y_bar, position))
            case "store" if k == 0 and operand not in bars and operand not in self.cleared:
                self.cleared[operand] = _Cleared(bars, y_bar, eqn)
                self.open[operand] = bars
            case "store" if k:
                self.accumulate(bars, operand, _written(call, y_bar))
            case _:
                self.accumulate(bars, operand, rule_of(eqn, eqn.primitive.adjoint)(call, y_bar, k))

    def scatter(self, call: Call, y_bar: Value, operand: Var, bars: Bars) -> None:
        cleared = self.cleared.get(operand)
        if cleared is None or cleared.bars is not bars:
            self.replace(bars, operand, scatter(call, y_bar, bars.get(operand)))
        elif _same_place(cleared.store, call):
            cleared.value = y_bar if cleared.value is None else cleared.value + y_bar
        else:
            cleared.more.append((call, y_bar))

    def flush(self, var: Var | None = None) -> None:
        """Write down the adjoints that were cleared at a place: that of `var`, or all."""
        for array in [var] if var is not None else list(self.cleared):
            if array not in self.cleared:
                continue
            cleared = self.cleared.pop(array)
            _, _, *dynamic = cleared.store.operands
            value = 0.0 if cleared.value is None else self.fitting(cleared)
            bar = self.builder.apply(
                PRIMITIVES["store"], (cleared.after, value, *dynamic), cleared.store.params
            )
            for call, y_bar in cleared.more:
                bar = scatter(call, y_bar, bar)
            self.replace(cleared.bars, array, bar)

    def fitting(self, cleared: _Cleared) -> Value:
        """What is written in the place of the adjoint that was cleared, real where the array is."""
        value = cleared.value
        assert value is not None
        if is_complex(value.type) and not is_complex(cleared.after.type):
            return op.real(value)
        return value

    def pop(self, drop: Eqn, before: Statement, bars: Bars) -> None:
        """`v = xs.pop()` in two equations: what v's adjoint is becomes the last item of the list's."""
        if not (
            isinstance(before, Eqn) and before.primitive.name == "last" and before.operands == drop.operands
        ):
            return
        xs, v_bar = drop.operands[0], bars.pop(before.target, None)
        if not isinstance(xs, Var) or xs not in self.active or (v_bar is None and drop.target not in bars):
            return
        ys_bar = (
            bars.pop(drop.target) if drop.target in bars else op.zeros_list(Value(self.builder, drop.target))
        )
        if v_bar is None:
            v_bar = self.builder.value(zero(self.builder, before.target))
        self.replace(bars, xs, op.append(ys_bar, as_type_of(v_bar, before.target)))

    def accumulate(self, bars: Bars, var: Var, contribution: Any) -> None:
        self.flush(var)
        bar = self.builder.value(contribution)
        if not isinstance(var.type, List):
            bar = fit(bar, Value(self.builder, var))
        self.replace(bars, var, self.sum(bars[var], bar) if var in bars else bar)

    def sum(self, bar: Value, contribution: Value) -> Value:
        if isinstance(bar.type, List):
            return op.add_lists(bar, contribution)
        return bar + contribution

    def replace(self, bars: Bars, var: Var, bar: Value) -> None:
        bars[var] = bar
        self.open[var] = bars

    # Branches and loops.

    def branch(self, statement: If, bars: Bars) -> None:
        """The same condition again; each branch goes on with the adjoints of what it reads from outside."""
        self.close()
        seeds = [(k, bars.pop(t)) for k, t in enumerate(statement.targets) if t in bars]
        regions = (statement.then, statement.orelse)
        outer = self.outside(*regions)
        taken = []
        for k, region in enumerate(regions):
            with self.under(statement, k):
                taken.append(self.region(region, seeds, {w: bars[w] for w in outer if w in bars}))
        bodies, found = [body for body, _ in taken], [inner for _, inner in taken]
        changed = [w for w in outer if any(inner.get(w) is not bars.get(w) for inner in found)]
        if not changed and not any(bodies):
            return
        results = []
        for k, (body, inner) in enumerate(taken):
            with self.under(statement, k), self.shaped_by([seed for _, seed in seeds]):
                results.append(self.handed_on(body, changed, inner, bars))
        targets = [Var(ADJOINT.format(w.name), derivative_type(w.type), w.temporary) for w in changed]
        self.nodes.append(ReverseIf(statement, (bodies[0], bodies[1]), targets, (results[0], results[1])))
        for w, target in zip(changed, targets, strict=True):
            bars[w] = Value(self.builder, target)

    def region(
        self, region: Region, seeds: Sequence[tuple[int, Value]], bars: Bars
    ) -> tuple[list[Node], Bars]:
        def build() -> None:
            for k, seed in seeds:
                result = region.results[k]
                if isinstance(result, Var) and result in self.active:
                    self.accumulate(bars, result, seed)
            self.block(region.body, bars)

        return self.inside([], build), bars

    def handed_on(self, body: list[Node], changed: Sequence[Var], inner: Bars, bars: Bars) -> list[Atom]:
        """The adjoints at the end of a branch; zero where neither it nor what came before has any."""
        results: list[Atom] = []

        def build() -> None:
            for w in changed:
                bar = inner.get(w, bars.get(w))
                results.append(self.seed(bar, w, w))

        self.inside(body, build)
        return results

    def inside(self, body: list[Node], build: Callable[[], None]) -> list[Node]:
        """Append what `build` builds to `body`."""
        outer, self.builder.body = self.builder.body, body  # type: ignore[assignment]
        try:
            build()
            self.close()
            return body
        finally:
            self.builder.body = outer

    def outside(self, *regions: Region) -> list[Var]:
        """The active values that regions read and do not define, in the order of their use."""
        defined = {var for region in regions for var in _defined(region)}
        read = [atom for region in regions for atom in (*reads(region.body), *region.results)]
        return [
            a for a in dict.fromkeys(read) if isinstance(a, Var) and a in self.active and a not in defined
        ]

    def loop(self, loop: For | While, bars: Bars) -> None:
        """The iterations in reverse carry the adjoints of what the loop carries and of what it reads."""
        self.close()
        params, live = carried(loop), any(target in bars for target in loop.targets)
        pairs = list(zip(params, loop.targets, strict=True))
        own_ = [k for k, pair in enumerate(pairs) if live and not self.active.isdisjoint(pair)]
        outer = self.outside(loop.body) if live else []
        init = [self.seed(bars.pop(loop.targets[k], None), loop.targets[k], params[k]) for k in own_]
        init += [self.seed(bars.get(w), w, w) for w in outer]
        variables = [*(params[k] for k in own_), *outer]
        seeds = [Var(ADJOINT.format(v.name), derivative_type(v.type), v.temporary) for v in variables]
        results: list[Atom] = []
        given = {w: Value(self.builder, seed) for w, seed in zip(outer, seeds[len(own_) :], strict=True)}
        inner: Bars = dict(given)

        def build() -> None:
            for k, seed in zip(own_, seeds, strict=False):
                result = loop.body.results[k]
                if isinstance(result, Var) and result in self.active:
                    self.accumulate(inner, result, Value(self.builder, seed))
            self.block(loop.body.body, inner)
            results.extend(self.seed(inner.get(var), var, var) for var in variables)

        body = self.inside([], build)
        targets = [Var(seed.name, seed.type, seed.temporary) for seed in seeds]
        node = ReverseLoop(loop, seeds, init, targets, results, body)
        changed = [True] * len(own_) + [inner.get(w) is not given[w] for w in outer]
        finals = [Value(self.builder, target) for target in targets]
        node.keep(changed.__getitem__)
        if body or targets:
            self.nodes.append(node)
        for w, final, touched in zip(outer, finals[len(own_) :], changed[len(own_) :], strict=True):
            if touched:
                bars[w] = final
        for k, final in zip(own_, finals, strict=False):
            start = loop.init[k]
            if isinstance(start, Var) and start in self.active:
                self.accumulate(bars, start, final)

    def seed(self, bar: Value | None, var: Var, like: Var) -> Atom:
        """An adjoint in the type in which a loop carries it; zero if there is none."""
        if bar is None and self.missing.where(var, self.taken):
            return self.builder.apply(PRIMITIVES["undefined"], (), {"type": derivative_type(like.type)}).atom
        value = self.builder.value(self.zero(var)) if bar is None else bar
        return self.builder.atom(as_type_of(value, like))

    def zero(self, var: Var) -> Any:
        """A zero adjoint; where there may be no value to take the shape from, an argument of that shape."""
        if isinstance(var.type, List) and var in self.missing.maybe:
            return op.zeros_list(Value(self.builder, var), maybe=True)
        shape = self.shapes.get(var.type.dims) if isinstance(var.type, Array) else None
        if shape is None or var not in self.missing.maybe:
            return zero(self.builder, var)
        return op.zeros_like(Value(self.builder, shape), dtype=derivative_type(var.type).dtype)

    @contextlib.contextmanager
    def shaped_by(self, values: Sequence[Value]) -> Iterator[None]:
        """What is built inside may take shapes from these values, too."""
        before = self.shapes
        given = {each.type.dims: each.atom for each in values if isinstance(each.type, Array)}
        self.shapes = {**given, **before}
        try:
            yield
        finally:
            self.shapes = before

    @contextlib.contextmanager
    def under(self, statement: If, branch: int) -> Iterator[None]:
        """What is built inside belongs to a branch."""
        self.taken.append((self.missing.origin(statement.condition), branch))
        try:
            yield
        finally:
            self.taken.pop()

    def final(self, var: Var, bars: Bars) -> Any:
        """The adjoint of a param in its own dtype; zero if nothing depends on it."""
        if var in bars:
            return self.builder.name(as_type_of(bars[var], var), ADJOINT.format(var.name))
        return self.builder.name(
            self.builder.value(zero(self.builder, var)), ADJOINT.format(var.name), temporary=True
        )


def _defined(region: Region) -> set[Var]:
    found = {*region.params}
    for statement in walk(region.body):
        found.update(statement.targets)
        if isinstance(statement, (For, While)):
            found.update(statement.body.params)
    return found


def _same_place(store: Eqn, call: Call) -> bool:
    """Whether what is read is what was written: the same index, with the same run-time numbers in it."""
    if "prefix" in store.params or may_repeat(store.params["index"], [atom.type for atom in store.operands]):
        return False
    shifted = repr(_unshifted(store.params["index"]))
    dynamic = [operand.atom for operand in call.operands[1:]]
    return repr(call.params["index"]) == shifted and all(
        a is b or (not isinstance(a, Var) and not isinstance(b, Var) and a.value == b.value)
        for a, b in zip(dynamic, store.operands[2:], strict=True)
    )


def _unshifted(index: Any) -> Any:
    from ..rules.index import shifted

    return shifted(index, -1)


def _written(call: Call, y_bar: Value) -> Value:
    """The adjoint of what a store wrote; of an element that was written to twice, the last one counts."""
    array, _, *dynamic = call.operands
    v_bar = read_place(y_bar, dynamic, call.params)
    if may_repeat(call.params["index"], [operand.type for operand in call.operands]):
        params = shifted_place(call.params, -1)
        last = call.builder.apply(PRIMITIVES["surviving"], (array, *dynamic), params)
        return op.where(last, v_bar, 0.0)
    return v_bar


def _in_sweep(statement: Statement, sweep: Sweep) -> Statement:
    statement = map_regions(statement, lambda body: [_in_sweep(inner, sweep) for inner in body])
    return replace(statement, sweep=sweep)
