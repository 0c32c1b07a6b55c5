"""What may be printed later than it was computed: nothing that reads an array after it was overwritten.

An expression that is printed where it is used moves past the lines in between. It gets a line of its own
where one of them overwrites what it reads, and where the line that uses it would be too long.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ..errors import IRError
from ..ir import Atom, Eqn, For, Function, If, Lit, Statement, Var, While, atoms_of, regions_of
from ..passes.memory import NOTHING, Memory, Tokens, carried

if TYPE_CHECKING:
    from .schedule import Schedule

__all__ = ["Flush"]


class Flush:
    """Forwards: takes back what would make a line too long, or read an array after it was overwritten.

    `pending` are the inlined values that have not been printed yet, with what they read; `popped` those
    that take an item off a list, with the list: they may not change places with what reads it, and do not
    enter a branch.
    """

    def __init__(self, made: Schedule, function: Function, memory: Memory, width: int) -> None:
        self.made, self.function, self.memory, self.limit = made, function, memory, width
        self.width: dict[Var, int] = {}
        self.reads: dict[Var, Tokens] = {}
        self.outside = {*function.params, *(var for var, _ in function.captures)}
        self.dropped = set(made.pops.values())
        self.pending: dict[Var, Tokens] = {}
        self.popped: dict[Var, Tokens] = {}
        self._overwritten: dict[Statement, Tokens] = {}

    def run(self) -> None:
        self.region(self.function.body, self.function.results)
        self.fit(self.function.results, 8, self.limit)

    def region(self, body: Sequence[Statement], results: Sequence[Atom]) -> None:
        self.body(body)
        self.keep_order(results)
        for result in results:
            if isinstance(result, Var):
                self.popped.pop(result, None)

    def body(self, body: Sequence[Statement]) -> None:
        for statement in body:
            match statement:
                case _ if statement in self.made.dead or statement in self.dropped:
                    continue
                case Eqn():
                    self.equation(statement)
                case If():
                    self.branch(statement)
                case For() | While():
                    self.loop(statement)

    def equation(self, eqn: Eqn) -> None:
        if eqn.primitive.consumes:
            base = eqn.operands[0]
            if not isinstance(base, Var) or self.memory.of(base) & self.outside:
                raise IRError(f"{self.function.name}: {eqn!r} would overwrite what belongs to the caller")
        self.settle(self.overwritten(eqn), eqn.operands)
        base_width = len(self.made.text[eqn]) - 3 * len(eqn.operands)
        self.close(eqn.target, eqn.operands, base_width, eqn.primitive.shape_only)
        if eqn in self.made.pops and eqn.target in self.made.inlined:
            self.popped[eqn.target] = self.popped.get(eqn.target, NOTHING) | self.overwritten(eqn)

    def close(
        self, target: Var, used: Sequence[Atom], base: int, shape_only: frozenset[int] = frozenset()
    ) -> None:
        """Settle the expression of `target`: its width, and what arrays it reads."""
        self.keep_order(used)
        inline = target in self.made.inlined
        width = self.fit(used, base, self.limit - (0 if inline else len(target.name) + 3))
        popped = NOTHING.union(*(self.popped.pop(atom, NOTHING) for atom in used if isinstance(atom, Var)))
        reads = NOTHING.union(
            *(self.take(a) for k, a in enumerate(used) if k not in shape_only or a in self.made.inlined)
        )
        self.width[target] = width if inline else len(target.name)
        if inline:
            self.reads[target] = self.pending[target] = reads
            if popped:
                self.popped[target] = popped

    def keep_order(self, used: Sequence[Atom]) -> None:
        """Print what takes an item off a list before anything that reads the list then."""
        for var, lists in list(self.popped.items()):
            read = NOTHING.union(*(self.tokens(atom) for atom in used if atom is not var))
            if read & lists:
                self.flush(var)

    def tokens(self, atom: Atom) -> Tokens:
        """The objects that an operand reads."""
        if isinstance(atom, Lit):
            return NOTHING
        return self.reads.get(atom, NOTHING) if atom in self.made.inlined else self.memory.reach(atom)

    def take(self, atom: Atom) -> Tokens:
        """The objects that an operand reads; it is pending no more."""
        if isinstance(atom, Var) and atom in self.made.inlined and atom not in self.made.repeated:
            self.pending.pop(atom, None)
        return self.tokens(atom)

    def settle(self, overwritten: Tokens, operands: Iterable[Atom] = ()) -> None:
        """Give everything that still has to read what is overwritten its line before that happens."""
        if overwritten:
            used = set(operands)
            for var in [v for v, reads in self.pending.items() if reads & overwritten and v not in used]:
                self.flush(var)

    def overwritten(self, statement: Statement) -> Tokens:
        """The objects that a statement overwrites."""
        if statement not in self._overwritten:
            found = NOTHING
            if isinstance(statement, Eqn):
                if statement.primitive.consumes or statement in self.made.pops:
                    found = self.memory.of(statement.operands[0])
            else:
                for region in regions_of(statement):
                    found = found.union(*map(self.overwritten, region.body))
            if isinstance(statement, (For, While)):
                for param, init in zip(carried(statement), statement.init, strict=True):
                    if param in self.memory.owned:
                        found |= self.memory.of(init)
            self._overwritten[statement] = found
        return self._overwritten[statement]

    def flush(self, var: Var) -> None:
        self.made.inlined.discard(var)
        self.pending.pop(var, None)
        self.popped.pop(var, None)
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
        for var in list(self.popped):
            self.flush(var)
        if not self.made.is_expression(statement):
            self.take(statement.condition)
        inner = (statement.then, statement.orelse)
        results: list[Atom] = []
        for region in inner:
            self.region(region.body, region.results)
            results += region.results
        if self.made.is_expression(statement):
            before = len(self.made.inlined)
            # `c and y` has the condition once, though it is also a result.
            others = [result for result in results if result is not statement.condition]
            self.close(statement.targets[0], (statement.condition, *others), 10)
            if before == len(self.made.inlined):
                return
        for target in statement.targets:
            self.flush(target)
        for atom in (statement.condition, *results):
            self.take(atom)

    def loop(self, statement: For | While) -> None:
        self.keep_order(atoms_of(statement))
        for atom in atoms_of(statement):
            self.take(atom)
            if isinstance(atom, Var):
                self.popped.pop(atom, None)
        for var in list(self.popped):
            self.flush(var)
        self.settle(self.overwritten(statement))
        for region in regions_of(statement):
            self.region(region.body, region.results)
            for atom in region.results:
                self.take(atom)
