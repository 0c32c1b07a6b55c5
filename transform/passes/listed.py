"""Arrays whose elements a loop takes one by one become lists, which Python reads and writes faster.

    for i in range(n):                         x_list = x.tolist()
        p = p * x[i]                           for i in range(n):
    ...                        --->                p = p * x_list[i]
    x_bar = np.zeros(x.shape)                  ...
    for i in reversed(range(n)):               x_bar = [0.0] * len(x)
        x_bar[i] += p_bar * p                  for i in reversed(range(n)):
    return x_bar                                   x_bar[i] += p_bar * p
                                               return np.array(x_bar)

An element of a list is a number of Python's, and so must be what is computed with it: see python_numbers.py.
This is done for vectors of doubles where a loop runs about as often as they are long, and with nothing but
their elements; for an array that is written to the loop need not be the only place, but all others are
outside of loops.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..ir import (
    Atom,
    Eqn,
    For,
    Function,
    If,
    Lit,
    Region,
    Slot,
    Statement,
    Sweep,
    Var,
    While,
    regions_of,
    walk,
)
from ..names import LIST
from ..rules.index import INDEX_AT
from ..rules.registry import PRIMITIVES
from ..types import FLOAT, INT, Array, Dim, List, Scalar, Size, shift
from .python_numbers import Numbers, floats

__all__ = ["listed"]

_OF_LISTS = {"getitem": "list_get", "index_add": "list_add", "store": "list_set"}
_CHANGES = 2
"""How often an array may become a list, or a list an array, without the loops losing what they gain."""


def listed(function: Function) -> Function:
    """The function with lists in place of such arrays."""
    plan = _Plan(function)
    if not plan.chosen:
        return function
    body, results = _Rewriting(plan).function(function)
    return replace(function, body=body, results=results)


@dataclass(eq=False)
class _Web:
    """An array from its beginning on through all that is written to its elements: one list.

    `made` are its values that come from elsewhere, `read` those of which more than elements is read, by
    statements outside of all loops.
    """

    values: set[Var] = field(default_factory=set)
    elements: list[Eqn] = field(default_factory=list)
    made: set[Var] = field(default_factory=set)
    read: set[Var] = field(default_factory=set)
    fits: bool = True
    is_measured: bool = False
    """Whether its length is read."""
    is_handed_over: bool = False
    """Whether it is a further result of a call, which makes an array of it."""
    goes_round: bool = False
    """Whether a loop that runs as often as the array is long takes elements."""

    @property
    def is_written(self) -> bool:
        return any(each.primitive.name != "getitem" for each in self.elements)


class _Plan:
    """Which arrays become lists: `chosen` by each of their values."""

    def __init__(self, function: Function) -> None:
        self.webs: dict[Var, _Web] = {}
        self.made = {s.target: s for s in walk(function.body) if isinstance(s, Eqn)}
        outside = (*function.params, *(var for var, _ in function.captures))
        for var in (*outside, *_defined(function.body)):
            if _is_vector(var):
                self.webs[var] = _Web({var})
        self.join(function.body)
        for var in outside:
            self.make(var, 0)
        self.body(function.body, ())
        for result in function.results:
            self.use(result, 0)
        self.chosen: dict[Var, _Web] = {}
        webs = [each for each in dict.fromkeys(self.webs.values()) if each.fits and each.goes_round]
        if webs:
            certain = floats(function)
            self.choose([web for web in webs if self.is_good(web, certain)], Numbers(function))

    def choose(self, webs: Sequence[_Web], numbers: Numbers) -> None:
        """Choose as many as may be lists together: one of two numbers may be NumPy's in x[i] / y[i]."""
        chosen: list[_Web] = []
        if numbers.may_be_of_python(_numbers(webs)):
            chosen = [*webs]
        else:
            for web in webs:
                if numbers.may_be_of_python(_numbers([*chosen, web])):
                    chosen.append(web)
        self.chosen.update((var, web) for web in chosen for var in web.values)

    def is_good(self, web: _Web, certain: set[Atom]) -> bool:
        """Whether what is stored are floats, and the changes from and to arrays are few."""
        if not web.is_written:
            return len(web.values) == 1
        if web.is_handed_over:
            return False
        if web.is_measured and len(web.made) > 1:
            return False  # of which of the arrays?
        stored = (each.operands[1] for each in web.elements if each.primitive.name == "store")
        return len(web.made) + len(web.read) <= _CHANGES and all(
            atom in certain or (isinstance(atom, Lit) and type(atom.value) is float) for atom in stored
        )

    def join(self, body: Sequence[Statement]) -> None:
        """Make one of what a statement hands on as the same array."""
        for statement in walk(body):
            match statement:
                case Eqn() if _is_element(statement) and statement.primitive.consumes:
                    self.same(statement.operands[0], statement.target)
                case If(targets=targets, then=then, orelse=orelse):
                    for target, a, b in zip(targets, then.results, orelse.results, strict=True):
                        self.same(target, a, b)
                case For() | While():
                    params = statement.body.params[isinstance(statement, For) :]
                    ends = zip(statement.init, statement.body.results, statement.targets, strict=True)
                    for param, each in zip(params, ends, strict=True):
                        self.same(param, *each)
                    if isinstance(statement, While):
                        for param, inside in zip(params, statement.condition.params, strict=True):
                            self.same(param, inside)

    def same(self, *atoms: Atom) -> None:
        found = [self.webs[each] for each in atoms if isinstance(each, Var) and each in self.webs]
        for other in found[1:]:
            if other is not found[0]:
                found[0].values |= other.values
                self.webs.update((var, found[0]) for var in other.values)
                found = [found[0] if each is other else each for each in found]

    def body(self, body: Sequence[Statement], inside: tuple[Statement, ...]) -> None:
        for statement in body:
            if isinstance(statement, Eqn):
                self.equation(statement, inside)
            for region in regions_of(statement):
                self.body(region.body, (*inside, statement))

    def equation(self, eqn: Eqn, inside: tuple[Statement, ...]) -> None:
        taken = _is_element(eqn)
        for k, atom in enumerate(eqn.operands):
            if not isinstance(atom, Var) or atom not in self.webs:
                continue
            if k == 0 and taken:
                web = self.webs[atom]
                web.elements.append(eqn)
                length = atom.type.dims[0]  # type: ignore[union-attr]
                # A list that is made before a branch that is not taken is of no use.
                loops = itertools.takewhile(lambda each: not isinstance(each, If), inside)
                web.goes_round |= any(isinstance(s, For) and self.is_as_long(s, length) for s in loops)
            elif k in eqn.primitive.shape_only:
                self.webs[atom].is_measured = True
            else:
                self.use(atom, len(inside))
        if not (taken and eqn.primitive.consumes):
            for target in eqn.targets:
                self.make(target, len(inside))
        for target in eqn.others:
            if target in self.webs:
                self.webs[target].is_handed_over = True

    def use(self, atom: Atom, depth: int) -> None:
        if isinstance(atom, Var) and atom in self.webs:
            web = self.webs[atom]
            web.read.add(atom)
            # An array that nothing is written to stays what it is, beside the list.
            web.fits &= depth == 0 or len(web.values) == 1

    def make(self, target: Var, depth: int) -> None:
        if target in self.webs:
            self.webs[target].made.add(target)
            self.webs[target].fits &= depth == 0

    def is_as_long(self, loop: For, length: Size) -> bool:
        """Whether a loop runs about as often as a vector of this length has elements."""
        start, stop = self.size(loop.start), self.size(loop.stop)
        if not (isinstance(loop.step, Lit) and loop.step.value in (1, -1)) or start is None or stop is None:
            return False
        low, high = (start, stop) if loop.step.value == 1 else (stop, start)
        if not isinstance(low, int):
            return False
        trips = shift(high, -low)
        if isinstance(trips, Dim) and isinstance(length, Dim):
            return trips.symbol == length.symbol
        return isinstance(trips, int) and isinstance(length, int) and 2 * trips >= length

    def size(self, atom: Atom) -> Size | None:
        """A limit of a loop as a length: n - 1 is that, too."""
        if isinstance(atom, Lit):
            return atom.value if type(atom.value) is int else None
        eqn, known = self.made.get(atom), getattr(atom.type, "size", None)
        if known is None and eqn is not None and eqn.primitive.name in ("add", "sub"):
            of, by = eqn.operands
            start = self.size(of)
            if start is not None and isinstance(by, Lit) and type(by.value) is int:
                return shift(start, by.value if eqn.primitive.name == "add" else -by.value)
        return known


def _defined(body: Sequence[Statement]) -> Iterator[Var]:
    for statement in walk(body):
        yield from statement.targets
        for region in regions_of(statement):
            yield from region.params


def _is_vector(var: Var) -> bool:
    return isinstance(var.type, Array) and var.type.dtype == FLOAT.dtype and len(var.type.dims) == 1


def _is_element(eqn: Eqn) -> bool:
    """Whether an equation reads, writes or adds to the element with an index, of a vector of doubles."""
    first = INDEX_AT.get(eqn.primitive.name)
    if first is None or set(eqn.params) != {"index"} or len(eqn.params["index"]) != 1:
        return False
    vector = eqn.operands[0]
    if not isinstance(vector, Var) or not _is_vector(vector):
        return False
    (entry,), number = eqn.params["index"], eqn.target if first == 1 else eqn.operands[1]
    if not isinstance(number.type, Scalar) or number.type.dtype not in (FLOAT.dtype, INT.dtype):
        return False
    if type(entry) is int:
        return True
    index = eqn.operands[entry.position].type if isinstance(entry, Slot) else None
    return isinstance(index, Scalar) and index.dtype.kind in "iu"


def _numbers(webs: Sequence[_Web]) -> list[Var]:
    return [each.target for web in webs for each in web.elements if each.primitive.name == "getitem"]


class _Rewriting:
    """Puts the lists in, and what makes lists of arrays and arrays of lists."""

    def __init__(self, plan: _Plan) -> None:
        self.chosen = plan.chosen
        self.lists: dict[Var, Var] = {}
        self.arrays: dict[Atom, Atom] = {}
        self.origins: dict[_Web, Atom] = {}
        """For each list an array that has its length."""
        self.listed: set[Var] = set()

    def function(self, function: Function) -> tuple[tuple[Statement, ...], tuple[Atom, ...]]:
        outside = (*function.params, *(var for var, _ in function.captures))
        sweep = function.body[0].sweep
        body: list[Statement] = [self.as_list(var, var, sweep) for var in outside if self.is_list(var)]
        for statement in function.body:
            body += self.before(statement)
            body += self.statement(statement)
        last = function.body[-1].sweep
        results = []
        for result in function.results:
            body += self.back(result, last)
            results.append(self.arrays.get(result, result))
        return tuple(body), tuple(results)

    def list_of(self, var: Var) -> Var:
        if var not in self.lists:
            written = self.chosen[var].is_written
            name = var.name if written else LIST.format(var.name)
            self.lists[var] = Var(name, List(FLOAT), var.temporary and written)
        return self.lists[var]

    def is_list(self, atom: Atom) -> bool:
        """Whether a value is an array no more."""
        return isinstance(atom, Var) and atom in self.chosen and self.chosen[atom].is_written

    def before(self, statement: Statement) -> Iterator[Statement]:
        """What must be done before a statement outside of all loops."""
        for inner in walk([statement]):
            if isinstance(inner, Eqn) and _is_element(inner):
                vector = inner.operands[0]
                assert isinstance(vector, Var)
                if vector in self.chosen and not self.is_list(vector) and vector not in self.listed:
                    self.listed.add(vector)
                    yield self.as_list(vector, vector, statement.sweep)
        if isinstance(statement, Eqn):
            for k, atom in enumerate(statement.operands):
                if k not in statement.primitive.shape_only and not (k == 0 and _is_element(statement)):
                    yield from self.back(atom, statement.sweep)

    def back(self, atom: Atom, sweep: Sweep) -> Iterator[Statement]:
        """The array of a list."""
        if not isinstance(atom, Var) or not self.is_list(atom) or atom in self.arrays:
            return
        self.arrays[atom] = made = Var(atom.name, atom.type, temporary=True)
        length = atom.type.dims[0]  # type: ignore[union-attr]
        yield Eqn(made, PRIMITIVES["stack_list"], (self.list_of(atom),), {"length": length}, None, sweep)

    def statement(self, statement: Statement) -> Iterator[Statement]:
        if isinstance(statement, Eqn):
            yield from self.equation(statement)
            return
        yield self.nested(statement)

    def nested(self, statement: Statement) -> Statement:
        """A statement whose regions hand on lists."""

        def new(atom: Any) -> Any:
            return self.list_of(atom) if self.is_list(atom) else atom

        def region(old: Region) -> Region:
            body: list[Statement] = []
            for inner in old.body:
                body += self.statement(inner)
            return Region(tuple(map(new, old.params)), tuple(body), tuple(map(new, old.results)))

        targets = tuple(map(new, statement.targets))
        match statement:
            case If(then=then, orelse=orelse):
                return replace(statement, targets=targets, then=region(then), orelse=region(orelse))
            case For(init=init, body=inside):
                return replace(statement, targets=targets, init=tuple(map(new, init)), body=region(inside))
            case While(init=init, condition=condition, body=inside):
                return replace(
                    statement,
                    targets=targets,
                    init=tuple(map(new, init)),
                    condition=region(condition),
                    body=region(inside),
                )
        raise AssertionError(statement)

    def equation(self, eqn: Eqn) -> Iterator[Statement]:
        vector = eqn.operands[0] if eqn.operands else None
        if isinstance(vector, Var) and vector in self.chosen and _is_element(eqn):
            yield self.element(eqn, vector)
            return
        eqn = replace(eqn, operands=tuple(map(self.operand, eqn.operands)))
        if not self.is_list(eqn.target):
            yield eqn
        elif eqn.primitive.name == "zeros_like":
            self.origins[self.chosen[eqn.target]] = like = eqn.operands[0]
            made = self.list_of(eqn.target)
            yield Eqn(made, PRIMITIVES["repeat_list"], (Lit(0.0), like), {}, eqn.origin, eqn.sweep)
        elif eqn.primitive.name == "copy":  # a list is another object anyway
            yield self.as_list(eqn.target, eqn.operands[0], eqn.sweep)
        else:
            array = Var(eqn.target.name, eqn.target.type, temporary=True)
            yield replace(eqn, target=array)
            yield self.as_list(eqn.target, array, eqn.sweep)

    def operand(self, atom: Atom) -> Atom:
        """What is read instead of an array: one that is made of its list, or has its length."""
        if not isinstance(atom, Var) or not self.is_list(atom):
            return atom
        return self.arrays.get(atom) or self.origins[self.chosen[atom]]

    def as_list(self, var: Var, array: Atom, sweep: Sweep) -> Eqn:
        """The equation that makes a list of an array."""
        self.origins[self.chosen[var]] = array
        return Eqn(self.list_of(var), PRIMITIVES["unstack"], (array,), {"element": FLOAT}, None, sweep)

    def element(self, eqn: Eqn, vector: Var) -> Eqn:
        (entry,), xs = eqn.params["index"], self.list_of(vector)
        index = eqn.operands[entry.position] if isinstance(entry, Slot) else Lit(entry)
        operands = (xs, index) if eqn.primitive.name == "getitem" else (xs, eqn.operands[1], index)
        target = eqn.target if eqn.primitive.name == "getitem" else self.list_of(eqn.target)
        primitive = PRIMITIVES[_OF_LISTS[eqn.primitive.name]]
        return Eqn(target, primitive, operands, {}, eqn.origin, eqn.sweep)
