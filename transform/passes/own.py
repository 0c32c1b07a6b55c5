"""Who owns which buffer: a copy is put wherever an array would be overwritten that somebody still reads.

    x_bar = y_bar                          x_bar = y_bar.copy()
    x_bar[0] += t                --->      x_bar[0] += t
    return x_bar, y_bar                    return x_bar, y_bar.copy()

Other passes write equations as if `consumes` made a new array or list. This pass makes that true: what is
consumed must be a buffer of the function's own that nothing reads afterwards, directly, through a view or
from a list. A view or an item of a list that is read too late is copied where it is made, anything else
where it is overwritten. A loop that overwrites a carried value consumes its first value, and each iteration
consumes what the one before hands on: so buffers may be swapped, and are copied once, before the loop.

Results are made distinct from each other and from the params, so that whoever gets a gradient may write
to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

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
    atoms_of,
    regions_of,
    walk,
)
from ..rules.registry import PRIMITIVES
from ..types import Array, List
from .memory import Memory, Token, Tokens, captured_operand, carried, defined_in, has_memory

__all__ = ["own"]

Place = tuple[For | While, int]
"""A carried value of a loop, by its position."""


def own(function: Function) -> Function:
    """The same function with the copies that in-place updates and results need."""
    made = _Copies()
    while _Round(function, made).adds():
        pass
    return _Rewrite(function, made).function()


@dataclass
class _Copies:
    """What is copied, and which carried values are owned; only ever grows."""

    owned: set[Var] = field(default_factory=set)
    views: set[Var] = field(default_factory=set)
    captured: set[Eqn] = field(default_factory=set)
    """Equations that put a copy of their operand into a list."""
    overwritten: set[Eqn] = field(default_factory=set)
    """Equations that consume a copy of their operand."""
    operands: set[tuple[Eqn, int]] = field(default_factory=set)
    first: set[Place] = field(default_factory=set)
    next: set[Place] = field(default_factory=set)
    results: set[int] = field(default_factory=set)

    def size(self) -> int:
        return sum(map(len, vars(self).values()))


@dataclass(frozen=True)
class _Refused:
    """What may not be overwritten as it is: it belongs to somebody else, or `readers` still read it."""

    atom: Atom
    readers: Sequence[Var] = ()


class _Round:
    """Backwards over the function, with the values that are read later at hand: finds what must be copied."""

    def __init__(self, function: Function, made: _Copies) -> None:
        self.function, self.made = function, made
        # What this round adds is not seen by `memory` yet.
        self.views, self.captured = frozenset(made.views), frozenset(made.captured)
        self.refused: dict[Eqn | Place, _Refused] = {}
        self.memory = Memory(function, made.owned, made.views, made.captured, made.overwritten)
        self.definition: dict[Var, Eqn] = {}
        self.captures: list[Eqn] = []
        self.free: dict[Statement, frozenset[Var]] = {}
        for statement in walk(function.body):
            if isinstance(statement, Eqn):
                self.definition[statement.target] = statement
                if statement.primitive.name in ("append", "list_set") and has_memory(statement.operands[1]):
                    self.captures.append(statement)

    def adds(self) -> bool:
        before = self.made.size()
        self.body(self.function.body, _objects(self.function.results))
        self.settle()
        if self.made.size() == before:
            # Only now it is known which carried values are the function's own.
            self.results()
        return self.made.size() > before

    def settle(self) -> None:
        """Have copied what was refused, except where an earlier copy may make that needless.

        `v[0] = x; v[1] = y`, v being the caller's: once v has been copied, it may be overwritten as often as
        one likes. The next round looks again.
        """
        flow = _Flow(self.function, self.refused)
        for place, refused in self.refused.items():
            copies = flow.copies(refused.atom)
            if copies and not any(copies & flow.copies(reader) for reader in refused.readers):
                continue
            if isinstance(place, Eqn):
                self.made.overwritten.add(place)
            else:
                self.made.first.add(place)

    def results(self) -> None:
        """Find the results that are, or hold, what belongs to the caller or to another result."""
        memory, seen = self.memory, set[Token]()
        for k, result in enumerate(self.function.results):
            if not isinstance(result, Var) or not has_memory(result) or k in self.made.results:
                continue
            taken = {
                token
                for token in memory.reach(result)
                if token in seen or memory.is_foreign(token) or token in memory.start
            }
            seen |= memory.reach(result)
            if taken & memory.of(result) or (
                taken and not self.release(frozenset(taken), self.made.captured)
            ):
                self.made.results.add(k)

    def body(self, body: Sequence[Statement], later: set[Var]) -> None:
        """Look at a body after which the values `later` are read; then they are those read before it."""
        for statement in reversed(body):
            later.difference_update(statement.targets)
            match statement:
                case Eqn():
                    self.equation(statement, later)
                case If(then=then, orelse=orelse):
                    branches = [later | _objects(region.results) for region in (then, orelse)]
                    for region, live in zip((then, orelse), branches, strict=True):
                        self.body(region.body, live)
                    later.update(*branches)
                case For() | While():
                    self.loop(statement, later)
            later |= _read(statement)

    def equation(self, eqn: Eqn, later: set[Var]) -> None:
        if not eqn.primitive.consumes or eqn in self.made.overwritten:
            return
        base, *others = eqn.operands
        if refused := self.consume(base, later):
            self.refused[eqn] = refused
            return
        # With arrays as indices, NumPy may read an element after it has written to it.
        arrays = [k for k, atom in enumerate(others, 1) if isinstance(atom.type, Array)]
        if isinstance(base.type, Array) and arrays and arrays[-1] > 1:
            for k in arrays:
                other = eqn.operands[k]
                if isinstance(other, Var) and self.memory.reach(other) & self.memory.of(base):
                    self.made.operands.add((eqn, k))

    def loop(self, loop: For | While, later: set[Var]) -> None:
        params, inside = carried(loop), self.reads_outside(loop)
        later |= inside
        owned = [param in self.made.owned for param in params]
        for place, refused in self.hand_over(loop, loop.init, owned, self.made.first, later):
            self.refused[place] = refused
        handed = self.hand_over(loop, loop.body.results, owned, self.made.next, later)
        self.made.next.update(place for place, _ in handed)
        self.body(loop.body.body, later | _objects(loop.body.results))
        if isinstance(loop, While):
            self.body(loop.condition.body, later | _objects(loop.condition.params))

    def hand_over(
        self,
        loop: For | While,
        atoms: Sequence[Atom],
        owned: Sequence[bool],
        copied: set[Place],
        later: set[Var],
    ) -> list[tuple[Place, _Refused]]:
        """Values become the owned params of a body: no two may be one object, and nothing else reads them.

        Gives those that must be copied first.
        """
        found: list[tuple[Place, _Refused]] = []
        others = later | _objects(atom for atom, own in zip(atoms, owned, strict=True) if not own)
        # A list that is handed over as well still holds what it holds.
        lists = _objects(atom for atom in atoms if isinstance(atom.type, List))
        for k, atom in enumerate(atoms):
            if owned[k] and (loop, k) not in copied:
                refused = self.consume(atom, others if isinstance(atom.type, List) else others | lists)
                if refused:
                    found.append(((loop, k), refused))
                else:
                    others |= _objects((atom,))
        return found

    def consume(self, atom: Atom, later: Iterable[Var]) -> _Refused | None:
        """Have an object overwritten, after copies of what is read later, unless that does not do."""
        if not isinstance(atom, Var):
            return None
        roots = self.memory.of(atom)
        if any(map(self.memory.is_foreign, roots)):
            return _Refused(atom)
        readers = [var for var in later if self.memory.reach(var) & roots]
        found = _Copies()
        kept = [var for var in readers if var is atom or not self.separate(var, roots, found)]
        if kept:
            return _Refused(atom, kept)
        self.made.views |= found.views
        self.made.captured |= found.captured
        self.made.owned.update(token for token in self.memory.shared_params(atom) if isinstance(token, Var))
        return None

    def separate(self, var: Var, roots: Tokens, found: _Copies) -> bool:
        """Make a value independent of the objects `roots`, if it can be copied where it is made."""
        made_by = self.definition.get(var)
        item = made_by is not None and made_by.primitive.name in ("last", "list_get")
        if (item or not isinstance(var.type, Array)) and self.release(roots, found.captured):
            return True
        if made_by is None or var in self.views or not isinstance(var.type, Array):
            return False
        if item or (made_by.primitive.view and isinstance(made_by.operands[0].type, Array)):
            found.views.add(var)
            return True
        return False

    def release(self, roots: Tokens, found: set[Eqn]) -> bool:
        """Have copies put into lists instead of the objects `roots`; False if there is no such place."""
        new = {
            eqn
            for eqn in self.captures
            if eqn not in self.captured
            and isinstance(value := captured_operand(eqn), Var)
            and self.memory.reach(value) & roots
        }
        found |= new
        return bool(new)

    def reads_outside(self, loop: Statement) -> frozenset[Var]:
        """The objects that a loop reads besides those it carries."""
        if loop not in self.free:
            regions = regions_of(loop)
            read = _objects(result for region in regions for result in region.results)
            for statement in (inner for region in regions for inner in region.body):
                read |= self.reads(statement)
            self.free[loop] = frozenset(read - defined_in(regions))
        return self.free[loop]

    def reads(self, statement: Statement) -> set[Var]:
        read = _read(statement)
        for region in regions_of(statement):
            read |= _objects(region.results)
            for inner in region.body:
                read |= self.reads(inner)
        return read


class _Flow:
    """From which of some copies a value is, if it is not of the same object as before all of them."""

    def __init__(self, function: Function, places: Iterable[Eqn | Place]) -> None:
        self.copied: dict[Var, Eqn | Place] = {}
        self.sources: dict[Var, Sequence[Atom]] = {}
        for place in places:
            if isinstance(place, Eqn):
                self.copied[place.target] = place
            else:
                self.copied[carried(place[0])[place[1]]] = place
        for statement in walk(function.body):
            self.note(statement)

    def note(self, statement: Statement) -> None:
        match statement:
            case Eqn(target, primitive, operands):
                if primitive.consumes or primitive.view:
                    self.sources[target] = operands[:1]
            case If(targets, _, then, orelse):
                self.sources.update(zip(targets, zip(then.results, orelse.results, strict=True), strict=True))
            case For() | While():
                # An iteration goes on with what the one before made: that comes later in the text.
                for region in regions_of(statement):
                    given = region.params[-len(statement.init) or len(region.params) :]
                    self.sources.update(
                        (param, (init,)) for param, init in zip(given, statement.init, strict=True)
                    )
                ends = zip(statement.targets, statement.init, statement.body.results, strict=True)
                self.sources.update((target, ways) for target, *ways in ends)

    def copies(self, atom: Atom) -> set[Eqn | Place]:
        found: set[Eqn | Place] = set()
        seen, rest = set[Atom](), [atom]
        while rest:
            each = rest.pop()
            if each in seen or not isinstance(each, Var):
                continue
            seen.add(each)
            if each in self.copied:
                found.add(self.copied[each])
            else:
                rest += self.sources.get(each, ())
        return found


class _Rewrite:
    """Puts the copies in."""

    def __init__(self, function: Function, made: _Copies) -> None:
        self.old, self.made = function, made

    def function(self) -> Function:
        body = self.body(self.old.body)
        sweep = self.old.body[-1].sweep if self.old.body else Sweep.NONE
        results = list(self.old.results)
        for k in sorted(self.made.results):
            body.append(copy := _copy_of(results[k], sweep))
            results[k] = copy.target
        return replace(self.old, body=tuple(body), results=tuple(results))

    def body(self, body: Sequence[Statement]) -> list[Statement]:
        out: list[Statement] = []
        for statement in body:
            match statement:
                case Eqn():
                    out += self.equation(statement)
                case If(then=then, orelse=orelse):
                    out.append(replace(statement, then=self.region(then), orelse=self.region(orelse)))
                case For() | While():
                    out += self.loop(statement)
        return out

    def region(self, region: Region) -> Region:
        return replace(region, body=tuple(self.body(region.body)))

    def equation(self, eqn: Eqn) -> list[Statement]:
        made, operands, before = self.made, list(eqn.operands), list[Statement]()
        copied = {k for each, k in made.operands if each is eqn} if eqn.primitive.consumes else set()
        if eqn in made.overwritten:
            copied.add(0)
        if eqn in made.captured:
            copied.add(1)
        for k in sorted(copied):
            before.append(copy := _copy_of(operands[k], eqn.sweep))
            operands[k] = copy.target
        if copied:
            eqn = replace(eqn, operands=tuple(operands))
        if eqn.target not in made.views:
            return [*before, eqn]
        view = Var(eqn.target.name, eqn.target.type, temporary=True)
        copy = Eqn(eqn.target, PRIMITIVES["copy"], (view,), {}, eqn.origin, eqn.sweep)
        return [*before, replace(eqn, target=view), copy]

    def loop(self, loop: For | While) -> list[Statement]:
        before, init = self.copies(loop, loop.init, self.made.first)
        after, results = self.copies(loop, loop.body.results, self.made.next)
        body = self.region(loop.body)
        body = replace(body, body=(*body.body, *after), results=results)
        if isinstance(loop, While):
            return [*before, replace(loop, init=init, condition=self.region(loop.condition), body=body)]
        return [*before, replace(loop, init=init, body=body)]

    def copies(
        self, loop: For | While, atoms: Sequence[Atom], copied: set[Place]
    ) -> tuple[list[Statement], tuple[Atom, ...]]:
        """Copies of what becomes the carried values of a loop, under their names."""
        made, new = list[Statement](), list(atoms)
        for k, param in enumerate(carried(loop)):
            if (loop, k) in copied:
                made.append(copy := _copy_of(atoms[k], loop.sweep, param))
                new[k] = copy.target
        return made, tuple(new)


def _copy_of(atom: Atom, sweep: Sweep, like: Var | None = None) -> Eqn:
    name = atom.name if isinstance(atom, Var) else "t"
    target = Var(like.name, atom.type, like.temporary) if like else Var(name, atom.type, temporary=True)
    primitive = PRIMITIVES["copy_list" if isinstance(atom.type, List) else "copy"]
    return Eqn(target, primitive, (atom,), {}, None, sweep)


def _read(statement: Statement) -> set[Var]:
    """The objects that a statement reads itself; of one whose shape alone is read nothing can change."""
    if not isinstance(statement, Eqn):
        return _objects(atoms_of(statement))
    shape_only = statement.primitive.shape_only
    return _objects(atom for k, atom in enumerate(statement.operands) if k not in shape_only)


def _objects(atoms: Iterable[Atom]) -> set[Var]:
    return {atom for atom in atoms if isinstance(atom, Var) and has_memory(atom)}
