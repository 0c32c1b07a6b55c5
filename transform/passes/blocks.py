"""The reverse sweep in blocks: before each statement, what it reads of the forward sweep is provided.

Outside of loops the values of the forward sweep are still there, also those of a branch that was taken.
What a loop body reads is provided in `record_loop`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..ir import Atom, Eqn, For, Function, If, Region, Statement, Sweep, Var, While, reads, walk
from ..rules.build import Builder
from ..types import INT, Array
from .activity import carried
from .demand import Definition, Path, free_reads
from .kept import Kept
from .reverse import Node, Restore, ReverseIf, ReverseLoop
from .tapes import Forward, renamed
from .undefined import Undefined
from .versions import Versions

__all__ = ["Env", "Missing", "OfFunction", "ReverseFor", "Settings", "Unrestorable", "Writer", "outermost"]

Env = dict[Any, Atom]
"""What the values of the forward sweep are called in the reverse sweep, as far as they are there."""


_NEW = frozenset({"zeros", "zeros_like", "empty", "empty_like", "ones", "ones_like", "full"})


class Missing(Exception):
    """A value that cannot be had at the place where it is needed, so that it must be recorded."""

    def __init__(self, var: Var) -> None:
        super().__init__(var)
        self.var = var


class Unrestorable(Exception):
    """An array that changes in a way that cannot be taken back."""


@dataclass(eq=False)
class ReverseFor:
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


class Settings:
    """What all blocks of a reverse sweep share: names, versions of arrays, what the forward sweep gains."""

    def __init__(self, function: Function, builder: Builder) -> None:
        self.current = builder.current
        self.versions = Versions(function)
        self.maybe_undefined = Undefined(function.body).maybe
        self.forward = Forward()
        self.kept: Kept
        self.outside = {
            (var.type.dtype.str, var.type.dims): var
            for var in (*(var for var, _ in function.captures), *function.params)
            if isinstance(var.type, Array)
        }
        self.body = function.body
        self.fresh = frozenset(map(self.versions.group, _fresh(function)))
        self.counts = {each: Var("n", INT) for each in walk(function.body) if isinstance(each, While)}

    def is_idle(self, store: Eqn) -> bool:
        """Whether nothing needs what a store overwrites: the array is new, and not read there before."""
        group = self.versions.group(store.target)
        return group in self.fresh and self.kept.is_unread(store)

    def named(self, atom: Atom, env: Env) -> Atom:
        atom = self.current(atom)
        return env.get(atom, atom)


def _fresh(function: Function) -> Iterator[Var]:
    """New arrays that nothing reads before a loop fills them."""
    uses = Counter(reads(function.body))
    for statement in function.body:
        if isinstance(statement, Eqn) and statement.primitive.name in _NEW and uses[statement.target] == 1:
            yield statement.target


def outermost(nodes: Sequence[Node]) -> Iterator[ReverseLoop]:
    """The reverse loops that are not inside others."""
    for node in nodes:
        match node:
            case ReverseIf(bodies=bodies):
                for body in bodies:
                    yield from outermost(body)
            case ReverseLoop():
                yield node


class Writer:
    """Writes a block of the reverse sweep; before each statement it provides what that reads."""

    def __init__(
        self, settings: Settings, defined: dict[Var, Definition], loops: dict[ReverseLoop, ReverseFor]
    ) -> None:
        self.settings, self.defined, self.loops = settings, defined, loops
        self.current, self.versions = settings.current, settings.versions
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
        target, *others = map(self.current, eqn.targets)
        return replace(eqn, target=target, operands=tuple(operands), others=tuple(others))  # type: ignore[arg-type]

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
            raise Unrestorable
        targets = [self.current(target) for target in node.targets] + [Var(v.name, v.type) for v in before]
        then, orelse = (
            Region(
                (),
                tuple(bodies[k]),
                (
                    *(self.settings.named(r, inner[k]) for r in node.results[k]),
                    *(inner[k][v] for v in before),
                ),
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


class OfFunction(Writer):
    """Outside of loops: variables are still there, also those of a branch that was taken."""

    def __init__(
        self, settings: Settings, defined: dict[Var, Definition], loops: dict[ReverseLoop, ReverseFor]
    ) -> None:
        super().__init__(settings, defined, loops)
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
                self.settings.forward.exports.setdefault(statement, []).append((branch, inner, target))
                inner = target
            self.exported[var] = inner
        return self.exported[var]
