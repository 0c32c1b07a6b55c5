"""Out of SSA, first half: which values are printed inside the expression that uses them, which get a line.

p = mul(2, x); q = mul(p, y)      =>      q = 2 * x * y
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ..errors import IRError
from ..ir import Atom, Eqn, For, Function, If, Lit, Region, Statement, Var, While, atoms_of, has_effect
from .memory import NOTHING, Roots, roots_of
from .template import bare_functions, holes, text_of

__all__ = ["WIDTH", "Schedule", "schedule"]

WIDTH = 84
"""How many characters an expression may have, about, before its parts get lines of their own."""

# Reading a length or transposing costs next to nothing and says more than a name would.
_CHEAP = re.compile(r"\{0\}\.(T|size|ndim|shape(\[-?\d+\])?)|len\(\{0\}\)")


@dataclass
class Schedule:
    """`inlined` values are printed where they are used, all others have a line of their own.

    `text` is each equation's template, `definition` the statement that defines a Var, `position` numbers
    statements (and, by their end, regions) in program order, `reads` are the positions of the lines that
    read a Var which is not inlined, `copied` are views that are read after their base was overwritten, and
    `repeated` the cheap values that are inlined wherever they are used.
    """

    inlined: set[Var] = field(default_factory=set)
    text: dict[Eqn, str] = field(default_factory=dict)
    definition: dict[Var, Statement] = field(default_factory=dict)
    dead: set[Statement] = field(default_factory=set)
    position: dict[Statement | Region, int] = field(default_factory=dict)
    end: int = 0
    reads: dict[Var, list[int]] = field(default_factory=dict)
    copied: set[Var] = field(default_factory=set)
    repeated: set[Var] = field(default_factory=set)

    def last(self) -> dict[Var, int]:
        """Where each Var is read for the last time (its definition, if never)."""
        last = {var: self.position[statement] for var, statement in self.definition.items()}
        last.update((var, positions[-1]) for var, positions in self.reads.items())
        for statement in self.position:
            if isinstance(statement, (For, While)):
                # A carried value lives as long as the loop, and on in the target.
                params = statement.body.params[-len(statement.init) or len(statement.body.params) :]
                for param, target in zip(params, statement.targets, strict=True):
                    last[param] = max(last[target], self.position[statement.body])
        return last

    def is_expression(self, statement: Statement) -> bool:
        """Whether an If prints as a conditional expression: nothing in it needs a line of its own."""
        return (
            isinstance(statement, If)
            and len(statement.targets) == 1
            and all(
                inner in self.dead or not self.inlined.isdisjoint(inner.targets[:1])
                for region in (statement.then, statement.orelse)
                for inner in region.body
            )
        )

    def leaves(self, atoms: Iterable[Atom]) -> Iterator[Var]:
        """The Vars that are not inlined, in the expressions of `atoms`."""
        for atom in atoms:
            if isinstance(atom, Lit):
                continue
            if atom not in self.inlined:
                yield atom
                continue
            statement = self.definition[atom]
            yield from self.leaves(atoms_of(statement))
            if isinstance(statement, If):
                yield from self.leaves((*statement.then.results, *statement.orelse.results))

    def inside(self, atoms: Iterable[Atom]) -> Iterator[Statement]:
        """The statements that are printed inside the expressions of `atoms`, in program order."""
        for atom in atoms:
            if isinstance(atom, Var) and atom in self.inlined:
                statement = self.definition[atom]
                yield from self.inside(atoms_of(statement))
                if isinstance(statement, If):
                    yield from self.inside((*statement.then.results, *statement.orelse.results))
                yield statement


def schedule(function: Function, inline: bool = True, width: int = WIDTH) -> Schedule:
    """Decide for every value of `function` whether it is inlined."""
    made = Schedule()
    _Uses(made, inline, function).count()
    roots = roots_of(function)
    if inline:
        _Flush(made, function, roots, width).run()
    _number(made, function)
    _protect(made, function, roots)
    return made


class _Uses:
    """Backwards: counts the uses of each Var; a temporary that is used once may be inlined."""

    def __init__(self, made: Schedule, inline: bool, function: Function) -> None:
        self.made, self.inline, self.function = made, inline, function
        self.bare = bare_functions(function)
        self.uses: Counter[Var] = Counter()
        self.loops: dict[Var, object] = {}
        self.handed: set[Var] = set()

    def count(self) -> None:
        self.add(self.function.results, None)
        self.body(self.function.body, None)

    def add(self, atoms: Iterable[Atom], loop: object, times: int = 1) -> None:
        for atom in atoms:
            if isinstance(atom, Var):
                # What is used in a loop must not be computed again in each iteration.
                outside = self.loops.setdefault(atom, loop) is not loop
                self.uses[atom] += times + outside

    def body(self, body: Sequence[Statement], loop: object) -> None:
        for statement in reversed(body):
            for target in statement.targets:
                self.made.definition[target] = statement
            match statement:
                case Eqn():
                    self.equation(statement, loop)
                case If() if self.inline and not self.runs(statement):
                    self.made.dead.add(statement)
                case If(targets, condition, then, orelse):
                    if len(targets) == 1 and self.inline and self.once(targets[0], loop):
                        self.made.inlined.add(targets[0])
                    for region in (orelse, then):
                        # `c and y` reads the condition once, though it is also a result.
                        self.add((r for r in region.results if r is not condition), loop)
                        # A branch's result needs no name besides that of the target.
                        defined = {target for inner in region.body for target in inner.targets}
                        self.handed.update(defined.intersection(region.results))
                        self.body(region.body, loop)
                    self.add((condition,), loop)
                case For(start=start, stop=stop, step=step, init=init, body=region):
                    self.add(region.results, statement)
                    self.body(region.body, statement)
                    self.add((start, stop, step, *init), loop)
                case While(init=init, condition=test, body=region):
                    self.add((*region.results, *test.results), statement)
                    self.body(region.body, statement)
                    self.body(test.body, statement)
                    self.add(init, loop)

    def runs(self, statement: Statement) -> bool:
        return has_effect(statement) or any(self.uses[target] for target in statement.targets)

    def once(self, target: Var, loop: object) -> bool:
        named = not target.temporary and target not in self.handed
        return not named and self.uses[target] == 1 and self.loops[target] is loop

    def equation(self, eqn: Eqn, loop: object) -> None:
        text = self.made.text[eqn] = text_of(eqn, self.bare)
        uses, times = self.uses[eqn.target], 1
        if eqn.primitive.consumes:
            self.add(eqn.operands[:1], loop, 2)
        elif not uses and self.inline and not eqn.primitive.effect:
            self.made.dead.add(eqn)
            return
        elif self.inline and not eqn.primitive.effect and self.once(eqn.target, loop):
            self.made.inlined.add(eqn.target)
        elif self.inline and eqn.target.temporary and _CHEAP.fullmatch(text):
            self.made.inlined.add(eqn.target)
            self.made.repeated.add(eqn.target)
            times = uses
        counts = holes(text)
        for k, operand in enumerate(eqn.operands):
            self.add((operand,), loop, times * counts.get(k, 0))


class _Flush:
    """Forwards: takes back what would make a line too long, or read an array after it was overwritten."""

    def __init__(self, made: Schedule, function: Function, roots: dict[Var, Roots], width: int) -> None:
        self.made, self.function, self.limit = made, function, width
        self.width: dict[Var, int] = {}
        self.reads: dict[Var, Roots] = {}
        self.roots = roots
        self.owned = {*function.params, *(var for var, _ in function.captures)}
        self.pending: dict[Var, Roots] = {}

    def run(self) -> None:
        self.body(self.function.body)
        self.fit(self.function.results, 8, self.limit)

    def body(self, body: Sequence[Statement]) -> None:
        for statement in body:
            match statement:
                case _ if statement in self.made.dead:
                    continue
                case Eqn():
                    self.equation(statement)
                case If():
                    self.branch(statement)
                case For() | While():
                    self.loop(statement)

    def equation(self, eqn: Eqn) -> None:
        if eqn.primitive.consumes:
            self.overwrite(eqn)
        used = eqn.operands
        base = len(self.made.text[eqn]) - 3 * len(used)
        self.close(eqn.target, used, base, eqn.primitive.shape_only)

    def close(
        self, target: Var, used: Sequence[Atom], base: int, shape_only: frozenset[int] = frozenset()
    ) -> None:
        """Settle the expression of `target`: its width, and what arrays it reads."""
        inline = target in self.made.inlined
        width = self.fit(used, base, self.limit - (0 if inline else len(target.name) + 3))
        reads = NOTHING.union(*(self.take(atom) for k, atom in enumerate(used) if k not in shape_only))
        self.width[target] = width if inline else len(target.name)
        if inline:
            self.reads[target] = self.pending[target] = reads

    def take(self, atom: Atom) -> Roots:
        """The arrays that an operand reads; it is pending no more."""
        if isinstance(atom, Lit):
            return NOTHING
        if atom not in self.made.inlined:
            return self.roots[atom]
        if atom not in self.made.repeated:
            self.pending.pop(atom, None)
        return self.reads.get(atom, NOTHING)

    def overwrite(self, eqn: Eqn) -> None:
        """Give everything that still has to read the overwritten array its line before that happens."""
        target = eqn.operands[0]
        roots = self.roots[target] if isinstance(target, Var) else NOTHING
        if not isinstance(target, Var) or roots & self.owned:
            raise IRError(f"{self.function.name}: {eqn!r} would overwrite what belongs to the caller")
        operands = set(eqn.operands)
        for var in [var for var, reads in self.pending.items() if reads & roots and var not in operands]:
            self.flush(var)

    def flush(self, var: Var) -> None:
        self.made.inlined.discard(var)
        self.pending.pop(var, None)
        self.width[var] = len(var.name)

    def fit(self, atoms: Sequence[Atom], base: int, limit: int) -> int:
        """The width of an expression over `atoms`, after giving lines to the widest until it fits."""

        def total() -> int:
            return base + sum(self.measure(atom) for atom in atoms)

        while (width := total()) > limit:
            inlined = [a for a in atoms if isinstance(a, Var) and a in self.made.inlined]
            widest = max(inlined, key=self.measure, default=None)
            if widest is None or self.measure(widest) <= len(widest.name) + 8:
                break
            self.flush(widest)
        return width

    def measure(self, atom: Atom) -> int:
        if isinstance(atom, Lit):
            return len(atom.text or repr(atom.value))
        width = self.width.get(atom, len(atom.name))
        return width + 1 if atom in self.made.inlined else width

    def branch(self, statement: If) -> None:
        inner = (statement.then, statement.orelse)
        for region in inner:
            self.body(region.body)
        results = tuple(result for region in inner for result in region.results)
        if self.made.is_expression(statement):
            target = statement.targets[0]
            before = set(self.made.inlined)
            self.close(target, (statement.condition, *results), 10)
            if before == self.made.inlined:
                return
        for target in statement.targets:
            self.flush(target)
        for atom in (statement.condition, *results):
            self.take(atom)

    def loop(self, statement: For | While) -> None:
        atoms: list[Atom] = [*atoms_of(statement)]
        regions = [statement.body]
        if isinstance(statement, While):
            regions.insert(0, statement.condition)
        for region in regions:
            self.body(region.body)
            atoms.extend(region.results)
        for atom in atoms:
            self.take(atom)


def _number(made: Schedule, function: Function) -> None:
    """Number the statements and note where each Var is read."""
    count = 0

    def read(atoms: Iterable[Atom], position: int) -> None:
        for var in made.leaves(atoms):
            made.reads.setdefault(var, []).append(position)

    def number(body: Sequence[Statement]) -> None:
        nonlocal count
        for statement in body:
            count += 1
            made.position[statement] = count
            if statement in made.dead:
                continue
            if any(target in made.inlined for target in statement.targets):
                # Its leaves are read where it is printed; what is in its regions is inlined too.
                if isinstance(statement, If):
                    for region in (statement.then, statement.orelse):
                        number(region.body)
                continue
            read(atoms_of(statement), count)
            if isinstance(statement, If) and made.is_expression(statement):
                read((*statement.then.results, *statement.orelse.results), count)
                for region in (statement.then, statement.orelse):
                    number(region.body)
                continue
            match statement:
                case If(then=then, orelse=orelse):
                    for region in (then, orelse):
                        number(region.body)
                        count += 1
                        made.position[region] = count
                        read(region.results, count)
                case For(body=region):
                    loop((region,))
                case While(condition=condition, body=region):
                    loop((condition, region))

    def loop(regions: Sequence[Region]) -> None:
        nonlocal count
        start = count
        for region in regions:
            number(region.body)
            count += 1
            made.position[region] = count
            read(region.results, count)
        for var, positions in made.reads.items():
            # A value from outside is read again in the next iteration.
            first = made.position.get(made.definition.get(var), 0)  # type: ignore[arg-type]
            if positions[-1] > start and first <= start:
                positions.append(count)

    number(function.body)
    count += 1
    made.end = count
    read(function.results, count)


def _protect(made: Schedule, function: Function, roots: Mapping[Var, Roots]) -> None:
    """Copy the views that are read after their base was overwritten: SSA says they keep their value."""
    stores = [s for s in made.position if isinstance(s, Eqn) and s.primitive.consumes]
    sharing: dict[Var, list[Var]] = {}
    for var in made.reads if stores else ():
        for root in roots[var]:
            sharing.setdefault(root, []).append(var)
    for store in stores:
        position, base = made.position[store], store.operands[0]
        for var in (var for root in roots[store.target] for var in sharing.get(root, ())):
            definition = made.definition.get(var)
            before = 0 if definition is None else made.position[definition]
            if var is base or not before < position < made.reads[var][-1]:
                continue
            if not (isinstance(definition, Eqn) and definition.primitive.view):
                raise IRError(f"{function.name}: {store!r} would overwrite {var!r}, which is read later")
            made.copied.add(var)
