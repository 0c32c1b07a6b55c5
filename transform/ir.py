"""The intermediate representation: typed SSA equations in structured regions. Everything speaks it.

    function ::= Function(name, params, body, results)
    body     ::= (Eqn | If | For | While)*
    Eqn      ::= target, others = primitive(operands; params)         others only where a Callee has them
    If       ::= targets = if condition then region else region
    For      ::= targets = for index in range(start, stop, step) carrying init: region
    While    ::= targets = while region(state) carrying init: region
    region   ::= Region(params, body, results)          block arguments, no phi nodes
    atom     ::= Var | Lit

Every Var is defined once. A region may read every Var defined before it in an enclosing body.
All data is frozen; Vars, equations and functions are compared by identity.
"""

from __future__ import annotations

import enum
import operator
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .errors import Origin
from .tree import Tree
from .types import Dims, Scalar, Type, type_of_number

__all__ = [
    "About",
    "Atom",
    "Callee",
    "Eqn",
    "For",
    "Function",
    "If",
    "Input",
    "Lit",
    "Primitive",
    "Region",
    "Slot",
    "Statement",
    "Sweep",
    "Var",
    "While",
    "atoms_of",
    "count_uses",
    "fresh_copy",
    "has_effect",
    "map_regions",
    "reads",
    "regions_of",
    "same_atoms",
    "substitute",
    "walk",
]


@dataclass(frozen=True, slots=True, eq=False)
class Var:
    """A value, defined once. `name` is how the user or the textbook would call it; not unique.

    A `temporary` has no name in the source: it is printed inside the expression that uses it where
    possible, and `name` is the stem it gets where it must stand alone.
    """

    name: str
    type: Type
    temporary: bool = False

    def __repr__(self) -> str:
        return f"{self.name}: {self.type}"


@dataclass(frozen=True, slots=True, eq=False)
class Lit:
    """A number, written out. `text` is how the source spelled it (`np.pi`, `1 / 3`), where that says more."""

    value: Any
    text: str = ""

    @property
    def type(self) -> Scalar:
        return type_of_number(self.value)

    def __repr__(self) -> str:
        return self.text or repr(self.value)


Atom = Var | Lit


@dataclass(frozen=True, slots=True)
class Slot:
    """A reference to an operand, or to a param or result of a function, by position, inside static data.

    An index such as `x[i, 1:n]` is the template `(Slot(1), slice(1, Slot(2), None))` with operands x, i, n.
    """

    position: int


@dataclass(frozen=True, eq=False)
class Primitive:
    """An operation: its type rule, how it is written in Python, and its derivative in both modes.

    infer    (dims, types of the operands, params) -> type of the result
    code     a Python expression with {0}, {1}, ... for the operands; or a function
             (types of the operands, params) -> such an expression
    tangent  (call, dots) -> tangent of the result; `dots[k]` is None where operand k has none
    adjoint  (call, result_bar, k) -> what operand k's adjoint gains; None in place of the function
             means "not differentiable", see `constant`
    where `call` is a `transform.rules.build.Call`: the equation with its operands as values.
    """

    name: str
    infer: Callable[[Dims, Sequence[Type], Mapping[str, Any]], Type]
    code: str | Callable[[Sequence[Type], Mapping[str, Any]], str]
    tangent: Callable[..., Any] | None = None
    adjoint: Callable[..., Any] | None = None
    stem: str = "t"
    """The name of a result that has none: d for a difference, s for a sum."""
    constant: bool = False
    """The derivative is zero wherever it exists (floor, comparisons, shapes): active values stop here."""
    elementwise: bool = False
    """The result has the operands' broadcast shape, each element computed from the operands' elements."""
    view: bool = False
    """The result may share memory with operand 0."""
    consumes: bool = False
    """Operand 0 is overwritten: its array becomes the result, `code` is a statement."""
    effect: bool = False
    """Runs for what it does, not for its result: `code` is an `if` statement."""
    shape_only: frozenset[int] = frozenset()
    """Operands of which only the shape is read."""
    spelled: bool = False
    """Written `np.f` or `math.f`: the param `lib`, "np" or "math", says which."""
    refers: Mapping[str, Any] = field(default_factory=dict)
    """Objects that the code names, besides np and math: helpers of `transform.runtime`, user functions."""

    def __repr__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Callee:
    """The name by which equations call a function of the program; `Function.callees` has the functions.

    `of` is the frontend's key of a function of the user's. A derivative is `of` another Callee: a tangent
    takes tangents of the params `wrt`, an adjoint takes adjoints of the `results` and gives those of `wrt`.
    """

    name: str
    of: Any
    mode: str = ""
    wrt: tuple[int, ...] = ()
    results: tuple[int, ...] = ()


class Sweep(enum.Enum):
    """The part of an adjoint function that an equation belongs to."""

    NONE = ""
    FORWARD = "forward sweep"
    REVERSE = "reverse sweep"
    TANGENT = "tangent"


@dataclass(frozen=True, slots=True, eq=False)
class Eqn:
    """`target = primitive(*operands)`, with static `params` such as an axis."""

    target: Var
    primitive: Primitive
    operands: tuple[Atom, ...]
    params: Mapping[str, Any]
    origin: Origin | None = None
    sweep: Sweep = Sweep.NONE
    others: tuple[Var, ...] = ()
    """The further results of a call, each an object of its own."""

    @property
    def targets(self) -> tuple[Var, ...]:
        return (self.target, *self.others)

    def __repr__(self) -> str:
        params = "".join(f", {key}={value!r}" for key, value in self.params.items())
        targets = ", ".join(target.name for target in self.targets)
        return f"{targets} = {self.primitive}({', '.join(map(_short, self.operands))}{params})"


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """A body with block arguments and results."""

    params: tuple[Var, ...]
    body: tuple[Statement, ...]
    results: tuple[Atom, ...]


@dataclass(frozen=True, slots=True, eq=False)
class If:
    """Exactly one of two regions without params runs; its results become the targets."""

    targets: tuple[Var, ...]
    condition: Atom
    then: Region
    orelse: Region
    origin: Origin | None = None
    sweep: Sweep = Sweep.NONE


@dataclass(frozen=True, slots=True, eq=False)
class For:
    """`body` runs for each index of range(start, stop, step): params are the index and the carried values."""

    targets: tuple[Var, ...]
    start: Atom
    stop: Atom
    step: Atom
    init: tuple[Atom, ...]
    body: Region
    origin: Origin | None = None
    sweep: Sweep = Sweep.NONE
    reverse: bool = False
    """The same indices from the last to the first: `for i in reversed(range(n))`."""
    parallel: bool = False
    """No iteration needs another one: threads may share them, `for i in numba.prange(n)`."""


@dataclass(frozen=True, slots=True, eq=False)
class While:
    """`body` runs while `condition` yields true; both take the carried values as params."""

    targets: tuple[Var, ...]
    init: tuple[Atom, ...]
    condition: Region
    body: Region
    origin: Origin | None = None
    sweep: Sweep = Sweep.NONE


Statement = Eqn | If | For | While


@dataclass(frozen=True, slots=True)
class Input:
    """A parameter as Python's signature has it. `tree` has a Slot, the position in `params`, at each leaf.

    `kind` is one of inspect.Parameter's; `default` is the text of the default value, or "".
    """

    name: str
    kind: Any
    tree: Tree
    default: str = ""


@dataclass(frozen=True, slots=True)
class About:
    """What the banner of a generated function says. The names are those of the params and results."""

    kind: str = ""
    primal: str = ""
    place: str = ""
    given: tuple[Var, ...] = ()
    inactive: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Function:
    """A function of numeric leaves, and how Python values map to them.

    `inputs` are Python's parameters over `params`; `output` is the tree of what is returned, with a
    Slot (the position in `results`) at each leaf. `captures` are the values read from outside, globals
    and attributes: each is a Var that the generated module defines before the function.
    """

    name: str
    params: tuple[Var, ...]
    body: tuple[Statement, ...]
    results: tuple[Atom, ...]
    inputs: tuple[Input, ...] = ()
    output: Tree = None
    captures: tuple[tuple[Var, Any], ...] = ()
    about: About = About()
    origin: Origin | None = None
    given: tuple[Type, ...] = ()
    """The types of the first params before it was learned which lengths must agree."""
    bare_math: bool = False
    """The source says `log(x)`, after `from math import log`, rather than `math.log(x)`."""
    written: tuple[int, ...] = ()
    """The positions of the params that the source writes to: they must not share memory with others."""
    row_major: tuple[int, ...] = ()
    """The positions of the params that must be stored row by row: the source writes through a reshape."""
    filled: tuple[str, ...] = ()
    """The inputs whose final content is among the results."""
    callees: Mapping[Callee, Function] = field(default_factory=dict)
    """The functions that it calls, directly or not; they write to nothing that is not their own."""


def _short(atom: Atom) -> str:
    return atom.name if isinstance(atom, Var) else repr(atom)


def regions_of(statement: Statement) -> tuple[Region, ...]:
    """The regions nested in a statement."""
    match statement:
        case If(then=then, orelse=orelse):
            return then, orelse
        case For(body=body):
            return (body,)
        case While(condition=condition, body=body):
            return condition, body
    return ()


def map_regions(
    statement: Statement, change: Callable[[tuple[Statement, ...]], Iterable[Statement]]
) -> Statement:
    """The statement with the body of each of its regions replaced by `change(body)`."""

    def changed(region: Region) -> Region:
        return replace(region, body=tuple(change(region.body)))

    match statement:
        case If(then=then, orelse=orelse):
            return replace(statement, then=changed(then), orelse=changed(orelse))
        case For(body=body):
            return replace(statement, body=changed(body))
        case While(condition=condition, body=body):
            return replace(statement, condition=changed(condition), body=changed(body))
    return statement


def reads(body: Sequence[Statement]) -> Iterator[Atom]:
    """Every atom that the statements of a body and of its regions read."""
    for statement in walk(body):
        yield from atoms_of(statement)
        for region in regions_of(statement):
            yield from region.results


def count_uses(function: Function) -> Counter[Atom]:
    """How often each atom is read, results included."""
    return Counter((*reads(function.body), *function.results))


def same_atoms(a: Sequence[Atom], b: Sequence[Atom]) -> bool:
    """Whether two sequences have the same values and numbers in the same order."""
    return len(a) == len(b) and all(map(_same, a, b))


def _same(a: Atom, b: Atom) -> bool:
    return a is b or (isinstance(a, Lit) and isinstance(b, Lit) and bool(a.value == b.value))


def atoms_of(statement: Statement) -> tuple[Atom, ...]:
    """The atoms that a statement reads itself, not those that its regions read."""
    match statement:
        case Eqn(operands=operands):
            return operands
        case If(condition=condition):
            return (condition,)
        case For(start=start, stop=stop, step=step, init=init):
            return start, stop, step, *init
        case While(init=init):
            return init


def has_effect(statement: Statement) -> bool:
    """Whether a statement must run even if nothing reads its targets."""
    if isinstance(statement, Eqn):
        return statement.primitive.effect
    return any(isinstance(inner, Eqn) and inner.primitive.effect for inner in walk([statement]))


def walk(body: Sequence[Statement]) -> Iterator[Statement]:
    """Every statement of a body, those in nested regions after the statement that holds them."""
    for statement in body:
        yield statement
        for region in regions_of(statement):
            yield from walk(region.body)


def substitute(statement: Statement, new: Callable[[Any], Any]) -> Statement:
    """The statement with every atom `a`, targets included, replaced by `new(a)`."""

    def each(atoms: Sequence[Any]) -> tuple[Any, ...]:
        return tuple(new(atom) for atom in atoms)

    def region(old: Region) -> Region:
        body = tuple(substitute(inner, new) for inner in old.body)
        return Region(each(old.params), body, each(old.results))

    match statement:
        case Eqn(target, primitive, operands, params, origin, sweep, others):
            target_, operands_ = new(target), each(operands)
            if target_ is target and not others and all(map(operator.is_, operands_, operands)):
                return statement
            return Eqn(target_, primitive, operands_, params, origin, sweep, each(others))
        case If(targets, condition, then, orelse, origin, sweep):
            return If(each(targets), new(condition), region(then), region(orelse), origin, sweep)
        case For(targets, start, stop, step, init, body):
            first, last, by = each((start, stop, step))
            return replace(
                statement,
                targets=each(targets),
                start=first,
                stop=last,
                step=by,
                init=each(init),
                body=region(body),
            )
        case While(targets, init, condition, body, origin, sweep):
            return While(each(targets), each(init), region(condition), region(body), origin, sweep)


def fresh_copy(region: Region) -> tuple[Region, dict[Var, Var]]:
    """The region with new Vars for all that it defines, and the new Var of each old one."""
    defined = [*region.params]
    for statement in walk(region.body):
        defined += statement.targets
        defined += (param for inner in regions_of(statement) for param in inner.params)
    renamed = {old: Var(old.name, old.type, old.temporary) for old in defined}

    def new(atom: Any) -> Any:
        return renamed.get(atom, atom)

    body = tuple(substitute(statement, new) for statement in region.body)
    return Region(tuple(map(new, region.params)), body, tuple(map(new, region.results))), renamed
