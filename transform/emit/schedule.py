"""Out of SSA, first half: which values are printed inside the expression that uses them, which get a line.

p = mul(2, x); q = mul(p, y)      =>      q = 2 * x * y
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from ..ir import (
    Atom,
    Eqn,
    For,
    Function,
    If,
    Lit,
    Region,
    Statement,
    Var,
    While,
    atoms_of,
    has_effect,
    reads,
    regions_of,
    walk,
)
from ..passes.memory import Memory, carried, overwritten_params
from ..passes.undefined import Undefined
from .flush import Flush
from .objects import Objects
from .template import bare_functions, holes, text_of

__all__ = ["WIDTH", "Schedule", "schedule"]

WIDTH = 84
"""How many characters an expression may have, about, before its parts get lines of their own."""

# Reading a length or transposing costs next to nothing and says more than a name would.
_CHEAP = re.compile(r"\{0\}\.(T|size|ndim|shape(\[-?\d+\])?)|len\(\{0\}\)")


_RECORDS = frozenset({"append", "copy"})


@dataclass
class Schedule:
    """`inlined` values are printed where they are used, all others have a line of their own.

    `text` is each equation's template, `definition` the statement that defines a Var, `position` numbers
    statements (and, by their end, regions) in program order, `reads` are the positions of the lines that
    read a Var which is not inlined, `born` where a Var gets its value, `home` the region a statement is in,
    and `repeated` the cheap values that are inlined wherever they are used. `pops` maps the read of a last
    item to the equation that drops it: one line does both. `unused` are the targets of branches and the
    params of loops that nothing reads. `onward` are the Vars to which branches and loops hand a Var on,
    `recorded` are those that a tape gets.
    """

    objects: Objects
    inlined: set[Var] = field(default_factory=set)
    text: dict[Eqn, str] = field(default_factory=dict)
    definition: dict[Var, Statement] = field(default_factory=dict)
    dead: set[Statement] = field(default_factory=set)
    position: dict[Statement | Region, int] = field(default_factory=dict)
    end: int = 0
    reads: dict[Var, list[int]] = field(default_factory=dict)
    born: dict[Var, int] = field(default_factory=dict)
    home: dict[Statement, Region | None] = field(default_factory=dict)
    pops: dict[Eqn, Eqn] = field(default_factory=dict)
    unused: set[Var] = field(default_factory=set)
    repeated: set[Var] = field(default_factory=set)
    onward: dict[Atom, list[Var]] = field(default_factory=dict)
    recorded: set[Atom] = field(default_factory=set)

    def last(self) -> dict[Var, int]:
        """Where each Var is read for the last time (its definition, if never)."""
        last = {var: self.position[statement] for var, statement in self.definition.items()}
        last.update((var, positions[-1]) for var, positions in self.reads.items())
        for statement in self.position:
            if isinstance(statement, (For, While)) and statement not in self.dead:
                # A carried value lives as long as the loop, and on in the target.
                end = self.position[statement.body]
                for param, target in zip(carried(statement), statement.targets, strict=True):
                    last[param] = max(last[target], end)
                if isinstance(statement, For):
                    last[statement.body.params[0]] = end
        for root, members in self.objects.members.items():
            last[root] = max(last.get(var, 0) for var in members)
        return last

    def reads_of(self, var: Var) -> Iterator[int]:
        """Where the object of a Var is read, be it as another Var."""
        for each in self.objects.of(var):
            yield from self.reads.get(each, ())

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
            and self.objects.undefined.keys().isdisjoint((*statement.then.results, *statement.orelse.results))
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
    made = Schedule(Objects(function))
    memory = Memory(function, overwritten_params(function))
    if inline:
        _pair_pops(made, memory, function.body)
    _Uses(made, inline, function).count()
    if inline:
        Flush(made, function, memory, width).run()
    _Numbers(made).function(function)
    _hand_on(made, function.body, inline)
    return made


def _hand_on(made: Schedule, body: Sequence[Statement], inline: bool) -> None:
    """Note which Vars branches yield and loops carry as which others, and which are put into lists."""
    maybe_undefined = Undefined(body).maybe
    for statement in walk(body):
        pairs: list[tuple[Atom, Var]] = []
        if isinstance(statement, Eqn) and statement.primitive.name in _RECORDS:
            made.recorded.add(statement.operands[-1])
        if isinstance(statement, If):
            for region in (statement.then, statement.orelse):
                # What comes from outside of a branch is surely defined, unless control left in two ways.
                own = {target for inner in region.body for target in inner.targets}
                both = zip(region.results, statement.targets, strict=True)
                moved = inline and not made.is_expression(statement)
                pairs += (pair for pair in both if pair[0] in own or (moved and pair[0] in maybe_undefined))
        elif isinstance(statement, (For, While)):
            params = carried(statement)
            for values in (statement.init, statement.body.results):
                pairs += zip(values, params, strict=True)
            pairs += zip(params, statement.targets, strict=True)
        for value, target in pairs:
            made.onward.setdefault(value, []).append(target)


def _pair_pops(made: Schedule, memory: Memory, body: Sequence[Statement]) -> None:
    """Find each `last` that is followed by a `drop` from the same list, which nothing reads in between."""
    seen: dict[Atom, Eqn] = {}
    for statement in body:
        for region in regions_of(statement):
            _pair_pops(made, memory, region.body)
        name = statement.primitive.name if isinstance(statement, Eqn) else ""
        if isinstance(statement, Eqn) and name in ("last", "drop"):
            xs = statement.operands[0]
            if name == "drop" and xs in seen:
                made.pops[seen[xs]] = statement
            seen = {} if name == "drop" else {xs: statement}
        elif seen:
            read = {atom for atom in reads([statement]) if isinstance(atom, Var)}
            touched = {token for var in read for token in memory.reach(var)}
            seen = {xs: eqn for xs, eqn in seen.items() if not memory.of(xs) & touched}


class _Uses:
    """Backwards: counts the uses of each Var; a temporary that is used once may be inlined."""

    def __init__(self, made: Schedule, inline: bool, function: Function) -> None:
        self.made, self.inline, self.function = made, inline, function
        self.bare = bare_functions(function)
        self.maybe_undefined = Undefined(function.body).maybe
        self.indices = {each.body.params[0] for each in walk(function.body) if isinstance(each, For)}
        self.uses: Counter[Var] = Counter()
        self.loops: dict[Var, object] = {}
        self.handed: set[Var] = set()
        self.written: set[Atom] = set()

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
                case _ if self.inline and not self.runs(statement):
                    self.made.dead.add(statement)
                case If():
                    self.branch(statement, loop)
                case For() | While():
                    self.loop(statement, loop)

    def branch(self, statement: If, loop: object) -> None:
        targets, condition = statement.targets, statement.condition
        if len(targets) == 1 and self.inline and self.once(targets[0], loop):
            self.made.inlined.add(targets[0])
        used = [not self.inline or self.uses[target] > 0 for target in targets]
        self.made.unused.update(target for target, read in zip(targets, used, strict=True) if not read)
        for region in (statement.orelse, statement.then):
            results = [result for result, read in zip(region.results, used, strict=True) if read]
            # `c and y` reads the condition once, though it is also a result.
            self.add((result for result in results if result is not condition), loop)
            # A branch's result needs no name besides that of the target.
            defined = {target for inner in region.body for target in inner.targets}
            self.handed.update(defined.intersection(results))
            self.body(region.body, loop)
        self.add((condition,), loop)

    def loop(self, loop: For | While, outer: object) -> None:
        params, results = carried(loop), loop.body.results
        regions = regions_of(loop)
        read = {*reads(loop.body.body), *(reads(loop.condition.body) if isinstance(loop, While) else ())}
        read.update(result for param, result in zip(params, results, strict=True) if result is not param)
        if isinstance(loop, While):
            read.update(loop.condition.results)
        used = []
        for k, (param, target) in enumerate(zip(params, loop.targets, strict=True)):
            names = {region.params[k - len(params)] for region in regions}
            used.append(not self.inline or self.uses[target] > 0 or not names.isdisjoint(read))
            if not used[-1]:
                self.made.unused.add(param)
        self.add((result for result, kept in zip(results, used, strict=True) if kept), loop)
        self.body(loop.body.body, loop)
        if isinstance(loop, While):
            self.add(loop.condition.results, loop)
            self.body(loop.condition.body, loop)
        limits = (loop.start, loop.stop, loop.step) if isinstance(loop, For) else ()
        self.add((*limits, *(init for init, kept in zip(loop.init, used, strict=True) if kept)), outer)

    def runs(self, statement: Statement) -> bool:
        return has_effect(statement) or any(self.uses[target] for target in statement.targets)

    def is_next_to(self, eqn: Eqn) -> bool:
        """Whether this is `i - 1`, i being the index of a loop: as short as a name for it, and clearer."""
        if eqn.primitive.name not in ("add", "sub") or eqn.target.type.dtype.kind != "i":
            return False
        index, step = eqn.operands
        return index in self.indices and isinstance(step, Lit)

    def once(self, target: Var, loop: object) -> bool:
        named = not target.temporary and target not in self.handed
        return not named and self.uses[target] == 1 and self.loops[target] is loop

    def equation(self, eqn: Eqn, loop: object) -> None:
        text = text_of(eqn, self.bare) if eqn not in self.made.pops else "{0}.pop()"
        if eqn.primitive.name == "copy" and eqn.operands[0] in self.maybe_undefined:
            text = "None if {0} is None else {0}.copy()"
        self.made.text[eqn] = text
        uses, times = sum(self.uses[target] for target in eqn.targets), 1
        if eqn.primitive.consumes:
            self.add(eqn.operands[:1], loop, 2)
            self.written.update(eqn.operands[:1])
        elif not uses and self.inline and not eqn.primitive.effect:
            self.made.dead.add(eqn)
            self.made.pops.pop(eqn, None)
            return
        elif self.inline and not eqn.others and not eqn.primitive.effect and self.once(eqn.target, loop):
            self.made.inlined.add(eqn.target)
        elif (
            self.inline
            and eqn.target.temporary
            and eqn.target not in self.written  # what is written to has a name: L_bar = t.T; L_bar[0] = 0
            and (_CHEAP.fullmatch(text) or self.is_next_to(eqn))
        ):
            self.made.inlined.add(eqn.target)
            self.made.repeated.add(eqn.target)
            times = uses
        counts = holes(text)
        for k, operand in enumerate(eqn.operands):
            self.add((operand,), loop, times * counts.get(k, 0))


class _Numbers:
    """Numbers the statements and notes where each Var gets its value and where it is read."""

    def __init__(self, made: Schedule) -> None:
        self.made = made
        self.count = 0
        self.log: list[Var] = []

    def function(self, function: Function) -> None:
        self.body(function.body, None)
        self.count += 1
        self.made.end = self.count
        self.read(function.results, self.count)

    def read(self, atoms: Iterable[Atom], position: int) -> None:
        for var in self.made.leaves(atoms):
            self.made.reads.setdefault(var, []).append(position)
            self.log.append(var)

    def body(self, body: Sequence[Statement], home: Region | None) -> None:
        for statement in body:
            self.count += 1
            self.made.position[statement] = self.count
            self.made.home[statement] = home
            if statement not in self.made.dead:
                self.statement(statement)
            self.made.born.update((target, self.count) for target in statement.targets)

    def statement(self, statement: Statement) -> None:
        made = self.made
        if any(target in made.inlined for target in statement.targets):
            # Its leaves are read where it is printed; what is in its regions is inlined too.
            if isinstance(statement, If):
                for region in (statement.then, statement.orelse):
                    self.body(region.body, region)
        elif isinstance(statement, If) and made.is_expression(statement):
            self.read((statement.condition, *statement.then.results, *statement.orelse.results), self.count)
            for region in (statement.then, statement.orelse):
                self.body(region.body, region)
        elif isinstance(statement, Eqn):
            self.read(statement.operands, self.count)
        elif isinstance(statement, If):
            self.read((statement.condition,), self.count)
            for region in (statement.then, statement.orelse):
                self.region(region, statement.targets)
        else:
            self.loop(statement)

    def region(self, region: Region, targets: Sequence[Var]) -> None:
        self.body(region.body, region)
        self.count += 1
        self.made.position[region] = self.count
        pairs = zip(targets, region.results, strict=True)
        self.read((result for target, result in pairs if target not in self.made.unused), self.count)

    def loop(self, loop: For | While) -> None:
        params, start = carried(loop), self.count
        limits = (loop.start, loop.stop, loop.step) if isinstance(loop, For) else ()
        inits = zip(params, loop.init, strict=True)
        self.read((*limits, *(init for param, init in inits if param not in self.made.unused)), start)
        seen = len(self.log)
        for region in regions_of(loop):
            self.made.born.update((param, start) for param in region.params)
        if isinstance(loop, While):
            self.body(loop.condition.body, loop.condition)
            self.count += 1
            self.made.position[loop.condition] = self.count
            self.read(loop.condition.results, self.count)
        inside = {param for region in regions_of(loop) for param in region.params}
        self.region(loop.body, params)
        for var in dict.fromkeys(self.log[seen:]):
            # A value from outside is read again in the next iteration.
            if self.made.born.get(var, 0) <= start and var not in inside:
                self.made.reads[var].append(self.count)
