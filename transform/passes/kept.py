"""Elements that are still there after a loop: what was read of an array and is not overwritten later.

    for i in range(1, n):
        h[i] = w + b * h[i - 1] ** 2          # h[i - 1] is never written again: nothing to record

A store after the read is one in a later iteration of a loop that holds both, or further down in the same
one. It is elsewhere if along some axis its index is surely larger, or surely smaller. Indices are compared
as base + offset, where the base is a loop index or a value from outside; a loop's bounds bound its index.
This is the dependence test of vectorising compilers (Allen and Kennedy, Optimizing Compilers, 2001, ch. 3).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..ir import Atom, Eqn, For, If, Lit, Slot, Statement, Var, While, regions_of
from ..types import Array
from .activity import carried
from .versions import Versions

__all__ = ["Kept"]

Sum = tuple[Var | None, int]
"""base + offset."""


@dataclass(frozen=True, slots=True)
class _Access:
    """A read or a store in a nest of loops: the loops around it, where it stands, the branches it is in."""

    eqn: Eqn
    loops: tuple[For | While, ...]
    position: int
    path: tuple[tuple[If, int], ...]


class Kept:
    """Answers for one loop that is in no other which reads its final arrays can repeat."""

    def __init__(self, loop: For | While, versions: Versions) -> None:
        self.loop, self.versions = loop, versions
        self.made: dict[Var, Eqn] = {}
        self.index: dict[Var, For] = {}
        self.yielded: dict[Var, tuple[If | For | While, int]] = {}
        self.reads: dict[Eqn, _Access] = {}
        self.stores: dict[Var, list[_Access]] = {}
        self.stored: dict[Atom, _Access] = {}
        self.read_whole: set[Var] = set()
        self._count = 0
        self._visit([loop], (), ())
        self.finals = self._finals()

    def _visit(
        self,
        body: Sequence[Statement],
        loops: tuple[For | While, ...],
        path: tuple[tuple[If, int], ...],
    ) -> None:
        for statement in body:
            self._count += 1
            if isinstance(statement, Eqn):
                self._note(statement, _Access(statement, loops, self._count, path))
                continue
            self.yielded.update((target, (statement, k)) for k, target in enumerate(statement.targets))
            inner = (*loops, statement) if isinstance(statement, (For, While)) else loops
            if isinstance(statement, For):
                self.index[statement.body.params[0]] = statement
            for k, region in enumerate(regions_of(statement)):
                self._visit(
                    region.body, inner, (*path, (statement, k)) if isinstance(statement, If) else path
                )

    def _note(self, eqn: Eqn, access: _Access) -> None:
        self.made[eqn.target] = eqn
        array = eqn.operands[0] if eqn.operands else None
        at_places = eqn.primitive.name == "getitem" or eqn.primitive.consumes
        for k, operand in enumerate(eqn.operands):
            whole = isinstance(operand, Var) and isinstance(operand.type, Array)
            if whole and k not in eqn.primitive.shape_only and not (k == 0 and at_places):
                self.read_whole.add(self.versions.group(operand))  # type: ignore[arg-type]
        if not isinstance(array, Var) or not isinstance(array.type, Array):
            return
        if eqn.primitive.name == "getitem":
            self.reads[eqn] = access
            if isinstance(eqn.target.type, Array):
                self.read_whole.add(self.versions.group(array))
        elif eqn.primitive.consumes:
            self.stores.setdefault(self.versions.group(array), []).append(access)
            if eqn.primitive.name == "store":
                self.stored.setdefault(eqn.operands[1], access)

    def _finals(self) -> dict[Var, Var]:
        """For each array the loop's target, where it is one and the same array all the way through."""
        found: dict[Var, list[Var]] = {}
        changed: set[Var] = set()
        params = carried(self.loop)
        for param, target, result in zip(params, self.loop.targets, self.loop.body.results, strict=True):
            if isinstance(target.type, Array):
                group = self.versions.group(target)
                found.setdefault(group, []).append(target)
                if not self._is_version(result, param):
                    changed.add(group)
        return {g: targets[0] for g, targets in found.items() if len(targets) == 1 and g not in changed}

    def _is_version(self, atom: Atom, first: Atom) -> bool:
        """Whether a value is the array `first`, whatever has been stored into it since."""
        if atom is first:
            return True
        if isinstance(atom, Lit):
            return False
        if atom in self.made:
            eqn = self.made[atom]
            return eqn.primitive.consumes and self._is_version(eqn.operands[0], first)
        statement, k = self.yielded.get(atom, (None, 0))
        if isinstance(statement, If):
            return all(self._is_version(region.results[k], first) for region in regions_of(statement))
        if isinstance(statement, (For, While)):
            inner = statement.body.results[k], carried(statement)[k]
            return self._is_version(*inner) and self._is_version(statement.init[k], first)
        return False

    def final(self, eqn: Eqn) -> Var | None:
        """The array after the loop, if it holds what `eqn` reads at the same index."""
        read = self.reads.get(eqn)
        array = eqn.operands[0] if eqn.operands else None
        if read is None or not isinstance(array, Var):
            return None
        group = self.versions.group(array)
        stores = self.stores.get(group, [])
        if group in self.finals and all(self._apart(read, store) for store in stores):
            return self.finals[group]
        return None

    def holding(self, var: Var, path: tuple[tuple[If, int], ...]) -> tuple[Var, Eqn] | None:
        """The array after the loop, and the store that put a number into it, if it is still there.

        `path` are the branches that the number was computed in.
        """
        store = self.stored.get(var)
        if store is None or store.path[len(store.path) - len(path) :] != path:
            return None
        group = self.versions.group(store.eqn.target)
        type_ = store.eqn.target.type
        if group not in self.finals or type_.dtype != var.type.dtype or isinstance(var.type, Array):
            return None
        if "prefix" in store.eqn.params or not all(self._apart(store, each) for each in self.stores[group]):
            return None
        return self.finals[group], store.eqn

    def is_unread(self, store: Eqn) -> bool:
        """Whether nothing in the loop has read before what a store overwrites."""
        group = self.versions.group(store.target)
        reads = [each for each in self.reads.values() if self.versions.group(each.eqn.operands[0]) is group]  # type: ignore[arg-type]
        mine = next((each for each in self.stores.get(group, ()) if each.eqn is store), None)
        return (
            mine is not None
            and group not in self.read_whole
            and all(self._apart(read, mine) for read in reads)
        )

    def _apart(self, read: _Access, store: _Access) -> bool:
        """Whether the store leaves alone what was read, whenever it comes after the read."""
        if store.eqn.primitive.name not in ("store", "index_add") or "prefix" in store.eqn.params:
            return False
        axes = list(zip(self._entries(read.eqn, 1), self._entries(store.eqn, 2), strict=False))
        common = [a for a, b in zip(read.loops, store.loops, strict=False) if a is b]
        cases: list[For | While | None] = [*common]
        if store.position > read.position and not self._told_apart(read, store, axes):
            cases.append(None)
        return all(any(self._differ(r, s, common, case) for r, s in axes) for case in cases)

    def _told_apart(
        self, read: _Access, store: _Access, axes: Sequence[tuple[Sum | None, Sum | None]]
    ) -> bool:
        """Whether a decision keeps them apart: only one runs, or `if i == j: ... else:` is around both."""
        for (decision, branch), (another, way) in zip(read.path, store.path, strict=False):
            if decision is not another or branch != way:
                return decision is another
            eqn = self.made.get(decision.condition) if isinstance(decision.condition, Var) else None
            if eqn is not None and eqn.primitive.name == ("ne", "eq")[branch]:
                a, b = map(self._sum, eqn.operands)
                known = a is not None and b is not None and self._positive(a) and self._positive(b)
                if known and ((a, b) in axes or (b, a) in axes):
                    return True
        return False

    def _entries(self, eqn: Eqn, first: int) -> Iterator[Sum | None]:
        """The entries of an index, axis by axis, as sums; None where that cannot be said."""
        for entry in eqn.params["index"]:
            if entry is None or entry is Ellipsis:
                return
            if isinstance(entry, Slot):
                atom = eqn.operands[entry.position]
                yield None if isinstance(atom.type, Array) else self._sum(atom)
            else:
                yield (None, entry) if type(entry) is int else None

    def _sum(self, atom: Atom) -> Sum | None:
        if isinstance(atom, Lit):
            return (None, atom.value) if type(atom.value) is int else None
        eqn = self.made.get(atom)
        if eqn is None or eqn.primitive.name not in ("add", "sub"):
            return (atom, 0)
        left, right = (self._sum(operand) for operand in eqn.operands)
        if left is None or right is None:
            return (atom, 0)
        if right[0] is None:
            return left[0], left[1] + (right[1] if eqn.primitive.name == "add" else -right[1])
        return (
            (right[0], left[1] + right[1]) if left[0] is None and eqn.primitive.name == "add" else (atom, 0)
        )

    def _differ(
        self, read: Sum | None, store: Sum | None, common: Sequence[For | While], case: For | While | None
    ) -> bool:
        """Whether two indices differ where `case` is the outermost common loop that has gone on since."""
        if read is None or store is None or not (self._positive(read) and self._positive(store)):
            return False
        same = set(common[: common.index(case)] if case is not None else common)
        for larger in (True, False):
            gap = self._gap(case, larger)
            for base, low in self._bounds(store, larger, case):
                for other, high in self._bounds(read, lower=not larger):
                    if base is not other:
                        continue
                    loop = self.index.get(base) if base is not None else None
                    since = 0 if loop is None or loop in same else gap if loop is case else None
                    if loop is None and base in self.made:
                        since = None  # a value that the loop computes: another one in each iteration
                    if since is not None and (low + since > high if larger else low + since < high):
                        return True
        return False

    def _gap(self, case: For | While | None, larger: bool) -> int | None:
        """By how much at least the index of a loop has grown (fallen) since."""
        if not isinstance(case, For) or not isinstance(case.step, Lit):
            return None
        step: int = -case.step.value if case.reverse else case.step.value
        return step if (step > 0) == larger else None

    def _bounds(
        self, given: Sum, lower: bool, later: For | While | None = None, depth: int = 4
    ) -> Iterator[Sum]:
        """Sums that are surely not larger (lower) or not smaller than the given one.

        The loop `later` is not in its first iteration.
        """
        yield given
        base, offset = given
        loop = self.index.get(base) if base is not None else None
        if loop is None or depth == 0 or not isinstance(loop.step, Lit):
            return
        first = self._sum(loop.start)
        last = self._sum(loop.stop)
        rising = loop.step.value > 0
        if lower == rising:
            since = loop.step.value if loop is later and not loop.reverse else 0
            bound = None if first is None else (first[0], first[1] + since)
        else:
            bound = None if last is None else (last[0], last[1] + (-1 if rising else 1))
        if bound is not None:
            yield from self._bounds((bound[0], bound[1] + offset), lower, later, depth - 1)

    def _positive(self, index: Sum) -> bool:
        """Whether an index surely counts from the front."""
        return any(base is None and offset >= 0 for base, offset in self._bounds(index, lower=True))
