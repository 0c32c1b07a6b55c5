"""Which values may share memory: what a store overwrites besides the array it names.

Each object, an array or a list, is named by a token, the Var by which it is first known. A value may be one
of several objects, or a view of one. Loops are seen from inside one iteration:

- A carried value that the body overwrites is *owned*: the buffer belongs to that param alone, so the param is
  a token of its own. Whoever starts the loop, or the next iteration, hands the buffer over.
- Any other carried value may be what it was at the start, or what an earlier iteration made.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass

from ..ir import Atom, Eqn, For, Function, If, Region, Statement, Var, While, regions_of, walk
from ..types import Array, List, Scalar

__all__ = ["NOTHING", "Memory", "Token", "Tokens", "carried", "has_memory", "overwritten_params"]

_READ_ONLY = frozenset({"broadcast_like", "broadcast_to", "diagonal"})
_ITEMS = frozenset({"last", "list_get"})
_MADE = frozenset({"new_list", "zeros_list", "copy_list"})
_CAPTURES = frozenset({"append", "list_set", "repeat_list", "unstack"})


@dataclass(frozen=True, slots=True)
class Earlier:
    """What `token` named in an earlier iteration."""

    token: Var


Token = Var | Earlier
Tokens = frozenset[Token]
NOTHING: Tokens = frozenset()


def has_memory(atom: Atom) -> bool:
    """Whether a value is an object that may change: an array or a list."""
    return not isinstance(atom.type, Scalar)


def carried(loop: For | While) -> tuple[Var, ...]:
    """The params of a loop's body that take the carried values."""
    return loop.body.params[1:] if isinstance(loop, For) else loop.body.params


class Memory:
    """The tokens of each value of a function.

    `roots` are the objects that a value may be, or be a view of; `held` are those that a list may hold;
    `foreign` are tokens of what is not the function's own. Values in `copied` are made distinct where they
    are defined; of the operands in `captured` a list gets a copy; equations in `overwritten` consume a copy.
    """

    def __init__(
        self,
        function: Function,
        owned: Set[Var],
        copied: Set[Var] = frozenset(),
        captured: Set[Eqn] = frozenset(),
        overwritten: Set[Eqn] = frozenset(),
    ) -> None:
        self.owned, self.copied, self.captured, self.overwritten = owned, copied, captured, overwritten
        self.roots: dict[Var, Tokens] = {}
        self.held: dict[Var, Tokens] = {}
        self.foreign: set[Token] = set()
        self.start: dict[Token, Tokens] = {}
        """For each carried value that is not owned the objects that it may be at first."""
        self._inside: dict[Statement, frozenset[Var]] = {}
        self._reach: dict[Var, Tokens] = {}
        outside = (*function.params, *(var for var, _ in function.captures))
        self._changed = True
        while self._changed:
            # What a list holds goes round in a loop: once more, until nothing is added.
            self._changed = False
            self._own(outside)
            self.held.update((var, self.roots[var]) for var in outside if isinstance(var.type, List))
            self.foreign.update(outside)
            self._body(function.body)

    def reach(self, var: Var) -> Tokens:
        """Every object whose change may be seen through `var`."""
        if var not in self._reach:
            self._reach[var] = self._expand(self.roots[var] | self.held.get(var, NOTHING))
        return self._reach[var]

    def shared_params(self, atom: Atom) -> set[Token]:
        """The carried values, not owned, that an atom may be."""
        return {token for token in self.of(atom) if token in self.start}

    def is_foreign(self, token: Token) -> bool:
        """Whether a token may name something that is nobody's to overwrite."""
        return isinstance(token, Earlier) or token in self.foreign

    def of(self, atom: Atom) -> Tokens:
        return self.roots[atom] if isinstance(atom, Var) else NOTHING

    def _holds(self, atom: Atom) -> Tokens:
        return self.held.get(atom, NOTHING) if isinstance(atom, Var) else NOTHING

    def _expand(self, tokens: Tokens) -> Tokens:
        found, rest = set(tokens), list(tokens)
        while rest:
            for token in self.start.get(rest.pop(), ()):
                if token not in found:
                    found.add(token)
                    rest.append(token)
        return frozenset(found)

    def _own(self, variables: Iterable[Var]) -> None:
        self.roots.update((var, frozenset({var}) if has_memory(var) else NOTHING) for var in variables)

    def _body(self, body: Sequence[Statement]) -> None:
        for statement in body:
            match statement:
                case Eqn():
                    self._equation(statement)
                case If(targets, _, then, orelse):
                    self._body(then.body)
                    self._body(orelse.body)
                    for target, a, b in zip(targets, then.results, orelse.results, strict=True):
                        self._merge(target, self.of(a) | self.of(b), self._holds(a) | self._holds(b))
                case For() | While():
                    self._loop(statement)

    def _merge(self, target: Var, roots: Tokens, held: Tokens) -> None:
        self.roots[target] = roots
        if held:
            self.held[target] = held

    def _equation(self, eqn: Eqn) -> None:
        target, primitive, name = eqn.target, eqn.primitive, eqn.primitive.name
        self._own(eqn.targets)
        if not has_memory(target):
            return
        base = eqn.operands[0] if eqn.operands else None
        if base is not None and target in self.copied:
            self._merge(target, frozenset({target}), self._holds(base) if name in _ITEMS else NOTHING)
        elif base is not None and primitive.consumes and eqn not in self.overwritten:
            self._merge(target, self.of(base), self._holds(base))
        elif base is not None and primitive.view and isinstance(base.type, Array):
            self.roots[target] = self.of(base)
            if name in _READ_ONLY:
                self._foreign(target)
        elif base is not None and name in _ITEMS:
            self._merge(target, self._holds(base), self._holds(base))
            self._foreign(target)
        elif name == "undefined":
            self.roots[target] = NOTHING
        if isinstance(target.type, List):
            self._capture(eqn)

    def _foreign(self, target: Var) -> None:
        self.foreign.add(target)
        self.roots[target] |= {target}

    def _capture(self, eqn: Eqn) -> None:
        """What an equation puts into its list."""
        held = self.held.get(eqn.target, NOTHING)
        if isinstance(eqn.target.type, List) and isinstance(eqn.target.type.element, Scalar):
            return
        if eqn.primitive.name in _CAPTURES:
            value = captured_operand(eqn)
            if has_memory(value):
                held |= self._holds(value)
                held |= frozenset({eqn.target}) if eqn in self.captured else self.of(value)
        elif not eqn.primitive.consumes and eqn.primitive.name not in _MADE:
            held |= frozenset().union(*(self._holds(operand) for operand in eqn.operands))
        if held:
            self.held[eqn.target] = held

    def _loop(self, loop: For | While) -> None:
        params = carried(loop)
        regions = [loop.body] if isinstance(loop, For) else [loop.condition, loop.body]
        for region in regions:
            self._own(region.params)
            for param, init in zip(
                region.params[-len(params) or len(region.params) :], loop.init, strict=True
            ):
                if has_memory(param):
                    self.held[param] = self.held.get(param, NOTHING) | self._holds(init)
                    if param not in self.owned:
                        self.start[param] = self.of(init)
                    if region is not loop.body:
                        self.foreign.add(param)  # the body goes on with it
            self._body(region.body)
        inside = self._defined(loop)
        for k, (param, target) in enumerate(zip(params, loop.targets, strict=True)):
            if not has_memory(param):
                self.roots[target] = NOTHING
                continue
            init, result = loop.init[k], loop.body.results[k]
            older = frozenset(
                Earlier(token) if isinstance(token, Var) and token in inside else token
                for token in self._expand(self._holds(result))
            )
            for each in {param, *(r.params[k - len(params)] for r in regions)}:
                if not older <= self.held[each]:
                    self.held[each] |= older
                    self._changed = True
            roots = frozenset({target}) if param in self.owned else self.of(init) | self.of(result)
            self._merge(target, roots, self.held[param] | self._holds(result))

    def _defined(self, loop: For | While) -> frozenset[Var]:
        if loop not in self._inside:
            self._inside[loop] = frozenset(defined_in(regions_of(loop)))
        return self._inside[loop]


def captured_operand(eqn: Eqn) -> Atom:
    """The value that an equation puts into a list."""
    return eqn.operands[1] if eqn.primitive.consumes else eqn.operands[0]


def defined_in(regions: Iterable[Region]) -> set[Var]:
    """Every Var that regions define, their params included."""
    found: set[Var] = set()
    for region in regions:
        found.update(region.params)
        for statement in walk(region.body):
            found.update(statement.targets)
            for inner in regions_of(statement):
                found.update(inner.params)
    return found


def consumed(body: Sequence[Statement]) -> set[Atom]:
    """What may be consumed: what an equation names first, or a loop starts with."""
    found: set[Atom] = set()
    for statement in walk(body):
        if isinstance(statement, (For, While)):
            found.update(statement.init)
        elif isinstance(statement, Eqn) and statement.primitive.consumes:
            found.add(statement.operands[0])
    return found


def overwritten_params(function: Function) -> frozenset[Var]:
    """The carried values that loops overwrite: the owned ones, in a function that has its copies."""
    owned: frozenset[Var] = frozenset()
    loops = [statement for statement in walk(function.body) if isinstance(statement, (For, While))]
    consuming = [
        statement
        for statement in walk(function.body)
        if isinstance(statement, Eqn) and statement.primitive.consumes
    ]
    while loops:
        memory = Memory(function, owned)
        found: set[Token] = set()
        for eqn in consuming:
            found |= memory.shared_params(eqn.operands[0])
        for loop in loops:
            for param, init, result in zip(carried(loop), loop.init, loop.body.results, strict=True):
                if param in owned:
                    found |= memory.shared_params(init) | memory.shared_params(result)
        if not found:
            break
        owned |= frozenset(token for token in found if isinstance(token, Var))
    return owned
