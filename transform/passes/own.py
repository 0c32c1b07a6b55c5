"""Who owns which buffer: a copy is put wherever an array would be overwritten that somebody still reads.

    x_bar = y_bar                          x_bar = y_bar.copy()
    x_bar[0] += t                --->      x_bar[0] += t
    return x_bar, y_bar                    return x_bar, y_bar.copy()

Derivative passes write equations as if `consumes` made a new array. This pass makes that true: the
operand of a consuming equation is copied unless it is a fresh array that nothing reads afterwards,
directly or through a view. Results are made distinct from each other and from the params, so that
whoever gets a gradient may write to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..ir import Atom, Eqn, Function, If, Region, Statement, Sweep, Var, walk
from ..rules.registry import PRIMITIVES
from ..types import Array

__all__ = ["own"]

_READ_ONLY = frozenset({"broadcast_like", "broadcast_to", "diagonal"})


def own(function: Function) -> Function:
    """The same function with the copies that in-place updates and results need."""
    memory = _memory(function)
    results = {memory.root(result) for result in function.results}
    body = _protect(function.body, memory, results)
    return _distinct_results(replace(function, body=tuple(body)), memory)


@dataclass(frozen=True, slots=True)
class _Memory:
    """Which array each value may share its memory with, and which arrays are somebody else's."""

    views: dict[Atom, Atom]
    foreign: set[Var]
    read_only: set[Var]

    def root(self, atom: Atom) -> Atom:
        return self.views.get(atom, atom)


def _memory(function: Function) -> _Memory:
    memory = _Memory({}, {*function.params, *(var for var, _ in function.captures)}, set())
    for statement in walk(function.body):
        if isinstance(statement, Eqn):
            if statement.primitive.view and isinstance(statement.operands[0].type, Array):
                memory.views[statement.target] = memory.root(statement.operands[0])
                if statement.operands[0] in memory.read_only:
                    memory.read_only.add(statement.target)
            if statement.primitive.name in _READ_ONLY and isinstance(statement.operands[0].type, Array):
                memory.read_only.add(statement.target)
        else:
            # A conditional result may be any of several arrays: it is nobody's own.
            memory.foreign.update(statement.targets)
    return memory


def _protect(body: Sequence[Statement], memory: _Memory, read_later: set[Atom]) -> list[Statement]:
    # Backwards, so that at each store `read_later` holds the roots of everything read after it.
    out: list[Statement] = []
    read_later = set(read_later)
    defined = {target for statement in body for target in statement.targets}
    for statement in reversed(body):
        if isinstance(statement, If):
            out.append(
                replace(
                    statement,
                    then=_protect_region(statement.then, memory, read_later),
                    orelse=_protect_region(statement.orelse, memory, read_later),
                )
            )
        elif isinstance(statement, Eqn) and statement.primitive.consumes:
            base = statement.operands[0]
            owned = base in defined and base not in memory.views and base not in memory.foreign
            if owned and base not in read_later:
                out.append(statement)
            else:
                copy = _copy_of(base, statement.sweep)
                out += [replace(statement, operands=(copy.target, *statement.operands[1:])), copy]
        else:
            out.append(statement)
        read_later.update(memory.root(atom) for atom in _reads(statement))
    out.reverse()
    return out


def _protect_region(region: Region, memory: _Memory, read_later: set[Atom]) -> Region:
    results = {memory.root(result) for result in region.results}
    return replace(region, body=tuple(_protect(region.body, memory, read_later | results)))


def _reads(statement: Statement) -> set[Atom]:
    read: set[Atom] = set()
    for inner in walk([statement]):
        if isinstance(inner, Eqn):
            read.update(inner.operands)
        elif isinstance(inner, If):
            read.update((inner.condition, *inner.then.results, *inner.orelse.results))
    return read


def _copy_of(atom: Atom, sweep: Sweep) -> Eqn:
    name = atom.name if isinstance(atom, Var) else "t"
    return Eqn(Var(name, atom.type, temporary=True), PRIMITIVES["copy"], (atom,), {}, None, sweep)


def _distinct_results(function: Function, memory: _Memory) -> Function:
    seen: set[Atom] = set()
    copies: list[Statement] = []
    results: list[Atom] = []
    sweep = function.body[-1].sweep if function.body else Sweep.NONE
    for result in function.results:
        if isinstance(result, Var) and isinstance(result.type, Array):
            root = memory.root(result)
            if root in memory.foreign or root in seen or result in memory.read_only:
                copies.append(copy := _copy_of(result, sweep))
                result = copy.target
            seen.add(root)
        results.append(result)
    return replace(function, body=(*function.body, *copies), results=tuple(results))
