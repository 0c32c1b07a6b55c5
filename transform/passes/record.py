"""To be recorded: where the reverse sweep gets the values from that it reads.

    for i in range(n):                       x_tape = []
        x = sin(x)                           for i in range(n):
    # reverse sweep                              x_tape.append(x)
    for i in reversed(range(n)):     --->        x = sin(x)
        x_bar = x_bar * cos(x)               # reverse sweep
                                             for i in reversed(range(n)):
                                                 x = x_tape.pop()
                                                 x_bar = x_bar * cos(x)

In straight-line code the variables are still there. What a loop has overwritten is recomputed or recorded
once per iteration, whichever is cheaper. Of an array that changes in place either the elements that are
read are recorded, or the ones that are overwritten: then they are put back on the way. This is the
to-be-recorded analysis of Tapenade (Hascoet, Naumann and Pascual, FGCS 2005), with Enzyme's choice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..ir import Atom, Eqn, For, Function, If, Lit, Region, Statement, Sweep, Var, While, walk
from ..rules.build import Builder
from ..rules.registry import PRIMITIVES
from ..rules.stores import place_type, read_place
from ..types import INT, Array, Dims
from .activity import carried
from .demand import Definition, Path, definitions, free_reads, recording_cost, sources, trimmed
from .kept import Kept
from .mincut import cheapest_cut
from .reverse import Node, Restore, ReverseIf, ReverseLoop, prune
from .tapes import Forward, pop, push, renamed, tape_of, threaded
from .versions import Versions, consumed_in

__all__ = ["settled"]

Env = dict[Any, Atom]
"""What the values of the forward sweep are called in the reverse sweep, as far as they are there."""


def settled(
    function: Function, nodes: list[Node], results: Sequence[Atom], builder: Builder
) -> tuple[tuple[Statement, ...], tuple[Atom, ...]]:
    """The body of the adjoint: the forward sweep, with what is recorded, and the reverse sweep.

    `nodes` is the reverse sweep as written by `adjoint`; `results` are the adjoints that it is to give.
    """
    prune(nodes, results, builder.current)
    settler = _Settler(function, builder)
    reverse, env = settler.function_level(nodes)
    forward = settler.forward.rebuilt(function.body)
    final = tuple(settler.named(result, env) for result in results)
    return threaded([*forward, *reverse], settler.forward.tapes), final


class _Missing(Exception):
    """A value that cannot be had at the place where it is needed, so that it must be recorded."""

    def __init__(self, var: Var) -> None:
        super().__init__(var)
        self.var = var


class _Unrestorable(Exception):
    """An array that changes in a way that cannot be taken back."""


@dataclass(eq=False)
class _Loop:
    """A reverse loop, written out: the values of the forward sweep that it reads are those outside of it.

    `gives` are earlier versions of arrays that it has put back: for each Var the loop's target.
    """

    statement: For
    forward: Forward
    cost: int
    gives: list[tuple[Atom, Var, Var]]
    reads: list[Var] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.reads = list(free_reads([self.statement]))


class _Settler:
    def __init__(self, function: Function, builder: Builder) -> None:
        self.builder, self.current = builder, builder.current
        self.versions = Versions(function)
        self.forward = Forward()
        self.kept: Kept
        self.outside = {
            (var.type.dtype.str, var.type.dims): var
            for var in (*(var for var, _ in function.captures), *function.params)
            if isinstance(var.type, Array)
        }
        self.body = function.body
        self.counts = {each: Var("n", INT) for each in walk(function.body) if isinstance(each, While)}

    def named(self, atom: Atom, env: Env) -> Atom:
        atom = self.current(atom)
        return env.get(atom, atom)

    def function_level(self, nodes: list[Node]) -> tuple[list[Statement], Env]:
        """The reverse sweep outside of all loops: what the forward sweep has computed is still there."""
        loops = {node: self.cheapest(node) for node in _loops(nodes)}
        for loop in loops.values():
            self.forward.add(loop.forward)
        writer = _OfFunction(self, definitions((), self.body, self.counts), loops)
        env: Env = {}
        return writer.block(nodes, (), env), env

    def cheapest(self, node: ReverseLoop) -> _Loop:
        """The outermost reverse loop, with each array put back or not, whichever is cheaper."""
        self.kept = Kept(node.forward, self.versions)
        best = self.loop(node, frozenset(), 0)
        kept: frozenset[Var] = frozenset()
        for group in sorted(consumed_in(node.forward.body.body, self.versions), key=lambda var: var.name):
            try:
                attempt = self.loop(node, kept | {group}, 0)
            except _Unrestorable:
                continue
            if attempt.cost < best.cost:
                best, kept = attempt, kept | {group}
        return best

    def loop(self, node: ReverseLoop, restored: frozenset[Var], depth: int) -> _Loop:
        inner = {each: self.loop(each, restored, depth + 1) for each in _loops(node.body)}
        must: set[Var] = set()
        while True:
            try:
                return _OfLoop(self, node, inner, restored, must, depth).written()
            except _Missing as missing:
                if missing.var in must:
                    raise _Unrestorable from missing
                must.add(missing.var)


def _loops(nodes: Sequence[Node]) -> Iterator[ReverseLoop]:
    """The reverse loops that are not inside others."""
    for node in nodes:
        match node:
            case ReverseIf(bodies=bodies):
                for body in bodies:
                    yield from _loops(body)
            case ReverseLoop():
                yield node


class _Writer:
    """Writes a block of the reverse sweep; before each statement it provides what that reads."""

    def __init__(
        self, settler: _Settler, defined: dict[Var, Definition], loops: dict[ReverseLoop, _Loop]
    ) -> None:
        self.settler, self.defined, self.loops = settler, defined, loops
        self.current, self.versions = settler.current, settler.versions
        self.restored: frozenset[Var] = frozenset()
        self._reads: dict[Node, list[Var]] = {}

    def reads(self, node: Node) -> list[Var]:
        """The values of this body's forward sweep that a node reads, its own blocks included."""
        if node not in self._reads:
            read = [atom for atom in self.atoms(node) if isinstance(atom, Var) and atom in self.defined]
            self._reads[node] = list(dict.fromkeys(read))
        return self._reads[node]

    def atoms(self, node: Node) -> Iterator[Atom]:
        match node:
            case Eqn(operands=operands, primitive=primitive):
                for k, operand in enumerate(operands):
                    operand = self.current(operand)
                    if k not in primitive.shape_only or self.stand_in(operand) is None:
                        yield operand
            case Restore(forward=store):
                if self.puts_back(store):
                    yield from store.operands[2:]
            case ReverseIf(forward=forward, bodies=bodies, results=results):
                yield forward.condition
                for body, values in zip(bodies, results, strict=True):
                    yield from map(self.current, values)
                    for inner in body:
                        yield from self.reads(inner)
            case ReverseLoop():
                yield from self.loops[node].reads

    def puts_back(self, store: Eqn) -> bool:
        return self.versions.group(store.target) in self.restored

    def stand_in(self, atom: Atom) -> Atom | None:
        """For a value of which only the shape is read: another one of that shape that is there."""
        return None

    def block(self, nodes: Sequence[Node], path: Path, env: Env) -> list[Statement]:
        out: list[Statement] = []
        for node in nodes:
            for var in self.reads(node):
                self.prepare(var, path, env, out)
            self.emit(node, path, env, out)
        return out

    def prepare(self, var: Var, path: Path, env: Env, out: list[Statement]) -> None:
        """Provide a value; of one that is defined in a branch, what lies outside of it."""
        if path[: len(self.defined[var].path)] == self.defined[var].path:
            self.provide(var, path, env, out)
            return
        for source in self.parts(var):
            if isinstance(source, Var) and source in self.defined and source not in env:
                self.prepare(source, path, env, out)

    def parts(self, var: Var) -> Sequence[Atom]:
        """What a value is recomputed from."""
        return ()

    def provide(self, var: Var, path: Path, env: Env, out: list[Statement]) -> None:
        raise NotImplementedError

    def emit(self, node: Node, path: Path, env: Env, out: list[Statement]) -> None:
        match node:
            case Eqn():
                out.append(self.equation(node, env))
            case Restore(forward=store):
                if self.puts_back(store):
                    self.put_back(store, env, out)
            case ReverseIf():
                self.branch(node, path, env, out)
            case ReverseLoop():
                loop = self.loops[node]
                out.append(renamed(loop.statement, env))
                for init, target, final in loop.gives:
                    env.pop(final, None)
                    if isinstance(init, Var):
                        env[init] = target

    def equation(self, eqn: Eqn, env: Env) -> Eqn:
        operands = []
        for k, operand in enumerate(eqn.operands):
            operand = self.current(operand)
            if operand not in env and k in eqn.primitive.shape_only:
                operand = self.stand_in(operand) or operand
            operands.append(env.get(operand, operand))
        target = self.current(eqn.target)
        assert isinstance(target, Var)
        return Eqn(target, eqn.primitive, tuple(operands), eqn.params, eqn.origin, eqn.sweep)

    def put_back(self, store: Eqn, env: Env, out: list[Statement]) -> None:
        raise NotImplementedError

    def branch(self, node: ReverseIf, path: Path, env: Env, out: list[Statement]) -> None:
        forward, inner = node.forward, [dict(env), dict(env)]
        regions, before = (forward.then, forward.orelse), self.overwritten(forward)
        bodies = []
        for k, region in enumerate(regions):
            for target, result in zip(forward.targets, region.results, strict=True):
                if before and target in env and self.versions.group(target) in self.restored:
                    inner[k][result] = env[target]
            bodies.append(self.block(node.bodies[k], (*path, (forward, k)), inner[k]))
        if any(var not in names for var in before for names in inner):
            raise _Unrestorable
        targets = [self.current(target) for target in node.targets] + [Var(v.name, v.type) for v in before]
        then, orelse = (
            Region(
                (),
                tuple(bodies[k]),
                (*(self.settler.named(r, inner[k]) for r in node.results[k]), *(inner[k][v] for v in before)),
            )
            for k in range(2)
        )
        if bodies[0] or bodies[1] or targets:
            condition = env.get(forward.condition, forward.condition)
            out.append(If(tuple(targets), condition, then, orelse, forward.origin, Sweep.REVERSE))  # type: ignore[arg-type]
        for target in forward.targets:
            if before and self.versions.group(target) in self.restored:
                env.pop(target, None)
        env.update(zip(before, targets[len(node.targets) :], strict=True))

    def overwritten(self, forward: If) -> list[Var]:
        """The arrays from outside of a decision that it overwrites and that are put back."""
        if not self.restored:
            return []
        found = [
            store.operands[0]
            for region in (forward.then, forward.orelse)
            for store in _consumers(region.body)
            if self.versions.group(store.operands[0]) in self.restored  # type: ignore[arg-type]
        ]
        outside = set(free_reads((*forward.then.body, *forward.orelse.body)))
        return [var for var in dict.fromkeys(found) if isinstance(var, Var) and var in outside]


def _consumers(body: Sequence[Statement]) -> Iterator[Eqn]:
    """The equations that overwrite an array, and loops that do so with what they carry, as equations."""
    for statement in body:
        match statement:
            case Eqn(primitive=primitive, target=target) if primitive.consumes and isinstance(
                target.type, Array
            ):
                yield statement
            case If(then=then, orelse=orelse):
                yield from _consumers(then.body)
                yield from _consumers(orelse.body)
            case For() | While():
                firsts = dict(zip(carried(statement), statement.init, strict=True))
                for inner in _consumers(statement.body.body):
                    init = next((i for p, i in firsts.items() if p is inner.operands[0]), None)
                    if init is not None:
                        yield Eqn(inner.target, inner.primitive, (init,), {})


class _OfFunction(_Writer):
    """Outside of loops: variables are still there, also those of a branch that was taken."""

    def __init__(
        self, settler: _Settler, defined: dict[Var, Definition], loops: dict[ReverseLoop, _Loop]
    ) -> None:
        super().__init__(settler, defined, loops)
        self.exported: dict[Var, Var] = {}

    def provide(self, var: Var, path: Path, env: Env, out: list[Statement]) -> None:
        if var not in env and self.defined[var].path:
            env[var] = self.export(var)

    def export(self, var: Var) -> Var:
        """The target by which a value of a branch is known outside of it."""
        if var not in self.exported:
            inner = var
            for statement, branch in reversed(self.defined[var].path):
                target = Var(var.name, var.type, var.temporary)
                self.settler.forward.exports.setdefault(statement, []).append((branch, inner, target))
                inner = target
            self.exported[var] = inner
        return self.exported[var]


class _OfLoop(_Writer):
    """A loop body: decides what is recorded, then writes the reverse loop."""

    def __init__(
        self,
        settler: _Settler,
        node: ReverseLoop,
        loops: dict[ReverseLoop, _Loop],
        restored: frozenset[Var],
        must: set[Var],
        depth: int,
    ) -> None:
        loop = node.forward
        super().__init__(settler, definitions(loop.body.params, loop.body.body, settler.counts), loops)
        self.node, self.loop, self.must, self.depth = node, loop, must, depth
        self.restored = restored
        self.overwrites = consumed_in(loop.body.body, settler.versions)
        self.forward = Forward()
        self.shapes = settler.outside | {
            (p.type.dtype.str, p.type.dims): p for p in node.params if isinstance(p.type, Array)
        }
        self.counter = _counter(loop) if isinstance(loop, While) else None
        self.counted = loop.body.params[self.counter or 0]
        known = isinstance(loop, For) or self.counter is not None
        self.index = Var(self.counted.name, self.counted.type) if known else Var("_", INT)
        self.params = carried(loop)
        # Carried values that the reverse loop carries back: what was handed on gives what was there before.
        self.back = [k for k, param in enumerate(self.params) if self.is_put_back(param)]
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
            wanted = {var: None for var in (*read, *self.must) if var not in there}
            wanted.update((self.params[k], None) for k in self.back if not self.is_put_back(self.params[k]))
            for k, (param, result) in enumerate(zip(self.params, self.loop.body.results, strict=True)):
                both = param in wanted or param in self.recorded
                if both and result in wanted and result is not param and k not in self.back:
                    self.back.append(k)
                    wanted[param] = None
                    del wanted[result]  # type: ignore[arg-type]
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
        if not isinstance(array, Var) or array not in self.defined or self.is_put_back(array):
            return None
        return self.settler.kept.final(eqn)

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

    def written(self) -> _Loop:
        self.decide()
        env: Env = {self.counted: self.index} if self.index.name != "_" else {}
        finals = [Var(self.params[k].name, self.params[k].type) for k in self.back]
        for k, final in zip(self.back, finals, strict=True):
            env[self.loop.body.results[k]] = final
        body = self.block(self.node.body, (), env)
        results = [self.settler.named(result, env) for result in self.node.results]
        for k in self.back:
            self.provide(self.params[k], (), env, body)
            results.append(env[self.params[k]])
        return self.as_loop(body, finals, results)

    def as_loop(self, body: list[Statement], finals: list[Var], results: list[Atom]) -> _Loop:
        loop, node = self.loop, self.node
        targets = [Var(self.params[k].name, self.params[k].type) for k in self.back]
        init = [*map(self.current, node.init), *(loop.targets[k] for k in self.back)]
        params = (self.index, *map(self.current, node.params), *finals)
        region = Region(params, tuple(body), tuple(results))  # type: ignore[arg-type]
        start, stop, step, reverse = self.trips()
        made = For(
            (*map(self.current, node.targets), *targets),
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
        return _Loop(made, self.forward, self.cost, gives)

    def trips(self) -> tuple[Atom, Atom, Atom, bool]:
        """The range of the reverse loop: that of the loop, or as often as the loop was counted to run."""
        if isinstance(self.loop, For):
            return self.loop.start, self.loop.stop, self.loop.step, not self.loop.reverse
        if self.counter is not None:
            step = _step_of(self.loop, self.counter)
            assert step is not None
            return self.loop.init[self.counter], self.loop.targets[self.counter], step, True
        count = self.settler.counts[self.loop]
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
            raise _Missing(var)
        for part in parts:
            if part not in env and part not in self.recorded and self.on_the_way(part):
                raise _Missing(var)
            self.prepare(part, path, env, out)
        made = Var(var.name, var.type, var.temporary)
        statement = self.defined[var].statement
        if isinstance(statement, Eqn):
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
                raise _Unrestorable
            if store.target not in self.recorded:
                raise _Missing(store.target)
            env[store.target] = self.recall(store.target, out)
        type_ = place_type(Dims(), [operand.type for operand in store.operands], store.params)
        if not isinstance(array, Var):
            raise _Unrestorable
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


def _again(statement: If, var: Var, made: Var, env: Env) -> Statement:
    """A decision made again for one of its targets."""
    from ..ir import fresh_copy

    alone = trimmed(statement, var)
    copy, names = fresh_copy(Region((), (alone,), (var,)))
    (again,) = copy.body
    again = renamed(again, {**env, names[var]: made})
    return _in_reverse(again)


def _in_reverse(statement: Statement) -> Statement:
    from dataclasses import replace

    from ..ir import map_regions

    statement = map_regions(statement, lambda body: [_in_reverse(inner) for inner in body])
    return replace(statement, origin=None, sweep=Sweep.REVERSE)
