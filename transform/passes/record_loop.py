"""The body of a reverse loop: which values of the forward loop are recorded, and which are recomputed.

A minimum cut decides, over the values that the adjoints read and what those are computed from.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ..ir import Atom, Eqn, For, If, Lit, Region, Statement, Sweep, Var, While, fresh_copy, map_regions
from ..rules.build import Builder, op
from ..rules.registry import PRIMITIVES
from ..rules.stores import place_type, read_place
from ..types import INT, Array, Dims
from .activity import carried
from .blocks import Env, Missing, ReverseFor, Settings, Unrestorable, Writer
from .demand import Path, definitions, recording_cost, sources, trimmed
from .mincut import cheapest_cut
from .reverse import ReverseLoop
from .tapes import Forward, pop, push, renamed, tape_of
from .versions import consumed_in

__all__ = ["OfLoop"]


class OfLoop(Writer):
    """A loop body: decides what is recorded, then writes the reverse loop."""

    def __init__(
        self,
        settings: Settings,
        node: ReverseLoop,
        loops: dict[ReverseLoop, ReverseFor],
        restored: frozenset[Var],
        must: set[Var],
        depth: int,
    ) -> None:
        loop = node.forward
        super().__init__(settings, definitions(loop.body.params, loop.body.body, settings.counts), loops)
        self.node, self.loop, self.must, self.depth = node, loop, must, depth
        self.restored = restored
        self.overwrites = consumed_in(loop.body.body, settings.versions)
        self.stores = set(_stores(loop.body.body))
        self.forward = Forward()
        self.shapes = settings.outside | {
            (p.type.dtype.str, p.type.dims): p for p in node.params if isinstance(p.type, Array)
        }
        self.counter = _counter(loop) if isinstance(loop, While) else None
        self.counted = loop.body.params[self.counter or 0]
        known = isinstance(loop, For) or self.counter is not None
        self.index = Var(self.counted.name, self.counted.type) if known else Var("_", INT)
        self.params = carried(loop)
        # Carried values that the reverse loop carries back: what was handed on gives what was there before.
        self.back = [k for k, param in enumerate(self.params) if self.is_put_back(param)]
        if any(self.params[k] in settings.maybe_undefined for k in self.back):
            raise Unrestorable
        self.recorded: set[Var] = set()
        self.tapes: dict[Var, Var] = {}
        self.cost = 0

    def is_put_back(self, var: Var) -> bool:
        group = self.versions.group(var)
        return group in self.restored and group in self.overwrites

    def stand_in(self, atom: Atom) -> Atom | None:
        if not isinstance(atom, Var) or atom not in self.defined or not isinstance(atom.type, Array):
            return None
        return self.shapes.get((atom.type.dtype.str, atom.type.dims))

    # What is recorded.

    def available(self) -> set[Atom]:
        there: set[Atom] = {self.loop.body.results[k] for k in self.back}
        if self.index.name != "_":
            there.add(self.counted)
        return there

    def decide(self) -> None:
        """Choose what is recorded, and which carried values are carried back."""
        read = [var for node in self.node.body for var in self.reads(node)]
        for _ in range(2):
            there = self.available()
            passing = [var for var in read if not self.on_the_way(var)]
            wanted = {var: None for var in (*passing, *self.must) if var not in there}
            wanted.update((self.params[k], None) for k in self.back if not self.is_put_back(self.params[k]))
            for k, (param, result) in enumerate(zip(self.params, self.loop.body.results, strict=True)):
                both = param in wanted or param in self.recorded
                if both and result in wanted and result is not param and k not in self.back:
                    self.back.append(k)
                    wanted[param] = None
                    del wanted[result]
            self.recorded = self.cut(wanted, self.available())
        self.cost += sum(self.cost_of(var) for var in self.recorded)

    def cut(self, wanted: dict[Var, None], there: set[Atom]) -> set[Var]:
        parents: dict[Var, list[Var]] = {}
        roots: list[Var] = []
        pending = list(wanted)
        while pending:
            var = pending.pop()
            if var in parents:
                continue
            parts = self.again(var)
            if parts is None:
                roots.append(var)
            parents[var] = [p for p in parts or () if p not in there and not self.on_the_way(p)]
            pending += parents[var]
        return cheapest_cut(parents, roots, wanted, self.cost_of)

    def on_the_way(self, var: Var) -> bool:
        """Whether a value is a version of an array that is put back, so that it passes by."""
        return isinstance(var.type, Array) and self.is_put_back(var)

    def again(self, var: Var) -> list[Var] | None:
        """The values of this body that a value is recomputed from; None where it cannot be."""
        if var in self.must or var in self.versions.overwritten:
            return None
        if (held := self.holding(var)) is not None:
            return [p for p in held[1].operands[2:] if isinstance(p, Var) and p in self.defined]
        parts: Sequence[Atom] | None = sources(self.defined[var], var)
        if parts is None:
            return None
        if self.final(var) is not None:
            parts = parts[1:]
        shapes = self.shape_reads(var)
        return [p for p in (*parts, *shapes) if isinstance(p, Var) and p in self.defined]

    def final(self, var: Var) -> Var | None:
        """The array after all loops, if what was read of it is still there."""
        eqn = self.defined[var].statement
        if not isinstance(eqn, Eqn) or eqn.primitive.name != "getitem":
            return None
        array = eqn.operands[0]
        if not isinstance(array, Var) or self.versions.group(array) in self.restored:
            return None
        return self.settings.kept.final(eqn)

    def holding(self, var: Var) -> tuple[Var, Eqn] | None:
        """The array after all loops in which a number is still there, and the store that put it there."""
        definition = self.defined[var]
        if isinstance(var.type, Array) or definition.statement is None:
            return None
        held = self.settings.kept.holding(var, definition.path)
        if held is None or self.versions.group(held[0]) in self.restored or held[1] not in self.stores:
            return None
        return held

    def shape_reads(self, var: Var) -> list[Atom]:
        eqn = self.defined[var].statement
        if not isinstance(eqn, Eqn):
            return []
        found = (eqn.operands[k] for k in eqn.primitive.shape_only if k < len(eqn.operands))
        return [operand for operand in found if self.stand_in(operand) is None]

    def cost_of(self, var: Var) -> int:
        cost: int = recording_cost(var.type, var in self.versions.overwritten) * 10**self.depth
        return cost

    # Writing it down.

    def written(self) -> ReverseFor:
        self.decide()
        env: Env = {self.counted: self.index} if self.index.name != "_" else {}
        finals = [Var(self.params[k].name, self.params[k].type) for k in self.back]
        for k, final in zip(self.back, finals, strict=True):
            env[self.loop.body.results[k]] = final
        body = self.block(self.node.body, (), env)
        results = [self.settings.named(result, env) for result in self.node.results]
        for k in self.back:
            self.provide(self.params[k], (), env, body)
            results.append(env[self.params[k]])
        return self.as_loop(body, finals, results)

    def as_loop(self, body: list[Statement], finals: list[Var], results: list[Atom]) -> ReverseFor:
        loop, node = self.loop, self.node
        targets = [Var(self.params[k].name, self.params[k].type) for k in self.back]
        init = [*map(self.current, node.init), *(loop.targets[k] for k in self.back)]
        params = [self.index, *map(self.current, node.params), *finals]
        region = Region(tuple(params), tuple(body), tuple(results))  # type: ignore[arg-type]
        start, stop, step, reverse = self.trips()
        made = For(
            (*map(self.current, node.targets), *targets),  # type: ignore[arg-type]
            start,
            stop,
            step,
            tuple(init),
            region,
            loop.origin,
            Sweep.REVERSE,
            reverse,
        )
        gives = [
            (loop.init[k], target, loop.targets[k])
            for k, target in zip(self.back, targets, strict=True)
            if self.is_put_back(self.params[k])
        ]
        for inner in self.loops.values():
            self.forward.add(inner.forward)
            self.cost += inner.cost
        return ReverseFor(made, self.forward, self.cost, gives)

    def trips(self) -> tuple[Atom, Atom, Atom, bool]:
        """The range of the reverse loop: that of the loop, or as often as the loop was counted to run."""
        if isinstance(self.loop, For):
            return self.loop.start, self.loop.stop, self.loop.step, not self.loop.reverse
        if self.counter is not None:
            step = _step_of(self.loop, self.counter)
            assert step is not None
            return self.loop.init[self.counter], self.loop.targets[self.counter], step, True
        count = self.settings.counts[self.loop]
        self.forward.counts[self.loop] = count
        return Lit(0), count, Lit(1), False

    def parts(self, var: Var) -> Sequence[Atom]:
        return () if var in self.recorded else self.again(var) or ()

    def provide(self, var: Var, path: Path, env: Env, out: list[Statement]) -> None:
        if var in env:
            return
        if var in self.recorded:
            env[var] = self.recall(var, out)
            return
        parts = self.again(var)
        if parts is None:
            raise Missing(var)
        for part in parts:
            if part not in env and part not in self.recorded and self.on_the_way(part):
                raise Missing(var)
            self.prepare(part, path, env, out)
        made = Var(var.name, var.type, var.temporary)
        statement = self.defined[var].statement
        if (held := self.holding(var)) is not None:
            out += _read_again(*held, env, made)
        elif isinstance(statement, Eqn):
            final = self.final(var)
            again = self.equation(statement, {**env, statement.operands[0]: final} if final else env)
            out.append(Eqn(made, again.primitive, again.operands, again.params, None, Sweep.REVERSE))
        else:
            assert isinstance(statement, If)
            out.append(_again(statement, var, made, env))
        env[var] = made

    def recall(self, var: Var, out: list[Statement]) -> Var:
        """Pop a recorded value; push it where it is defined."""
        if var not in self.tapes:
            tape = self.tapes[var] = tape_of(var.name, var.type)
            definition = self.defined[var].statement
            place = self.forward.head if definition is None else self.forward.after
            place.setdefault(definition or self.loop, []).append(push(tape, var))
        made = Var(var.name, var.type, var.temporary)
        out += pop(self.tapes[var], made)
        return made

    def put_back(self, store: Eqn, env: Env, out: list[Statement]) -> None:
        array, _, *dynamic = store.operands
        if store.target not in env:
            if store.target in self.versions.overwritten:
                raise Unrestorable
            if store.target not in self.recorded:
                raise Missing(store.target)
            env[store.target] = self.recall(store.target, out)
        if not isinstance(array, Var):
            raise Unrestorable
        if self.settings.is_idle(store):
            env[array] = env.pop(store.target)
            return
        type_ = place_type(Dims(), [operand.type for operand in store.operands], store.params)
        builder = Builder()
        builder.sweep = Sweep.FORWARD
        old = read_place(builder.value(array), [builder.value(d) for d in dynamic], store.params)
        tape = tape_of(array.name, old.type)
        *before, last = builder.body
        self.forward.before.setdefault(store, []).extend([*before, last, push(tape, old.atom)])  # type: ignore[list-item]
        value = Var(array.name, old.type, temporary=True)
        out += pop(tape, value)
        put = Var(array.name, array.type)
        operands = (env.pop(store.target), value, *(env.get(d, d) for d in dynamic))
        out.append(Eqn(put, PRIMITIVES["store"], operands, store.params, None, Sweep.REVERSE))
        env[array] = put
        self.cost += recording_cost(type_) * 10**self.depth


def _stores(body: Sequence[Statement]) -> Iterator[Eqn]:
    """The stores of a body, those of its branches included."""
    for statement in body:
        if isinstance(statement, Eqn):
            yield statement
        elif isinstance(statement, If):
            yield from _stores((*statement.then.body, *statement.orelse.body))


def _counter(loop: While) -> int | None:
    """The position of a carried int that each iteration adds the same number to, which then is an index."""
    for k, init in enumerate(loop.init):
        if isinstance(init, Lit) and type(init.value) is int and _step_of(loop, k) is not None:
            return k
    return None


def _step_of(loop: While, k: int) -> Lit | None:
    """What each iteration adds to a carried int; None where that is not one number."""
    param, result = loop.body.params[k], loop.body.results[k]
    made = next((s for s in loop.body.body if isinstance(s, Eqn) and s.target is result), None)
    if made is None or made.primitive.name != "add" or param.type.dtype.kind != "i":
        return None
    left, right = made.operands
    number = right if left is param else left if right is param else None
    known = isinstance(number, Lit) and type(number.value) is int and number.value != 0
    return number if known else None  # type: ignore[return-value]


def _read_again(array: Var, store: Eqn, env: Env, made: Var) -> list[Statement]:
    """A number, read where it was stored."""
    builder = Builder()
    builder.sweep = Sweep.REVERSE
    index = [builder.value(env.get(each, each)) for each in store.operands[2:]]
    element = read_place(builder.value(array), index, store.params)
    if made.type != element.type:
        element = op.to_float(element)
    *before, last = builder.body
    assert isinstance(last, Eqn)
    return [*before, replace(last, target=made)]


def _again(statement: If, var: Var, made: Var, env: Env) -> Statement:
    """A decision made again for one of its targets."""
    alone = trimmed(statement, var)
    copy, names = fresh_copy(Region((), (alone,), (var,)))
    (again,) = copy.body
    again = renamed(again, {**env, names[var]: made})
    return _in_reverse(again)


def _in_reverse(statement: Statement) -> Statement:
    statement = map_regions(statement, lambda body: [_in_reverse(inner) for inner in body])
    return replace(statement, origin=None, sweep=Sweep.REVERSE)
