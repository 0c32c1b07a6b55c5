"""What the reverse sweep of one loop body reads of the forward sweep, and how cheaply it can have it again.

A value is recomputed where that costs little, else recorded on a tape, once per iteration. Which are
recorded is decided by a minimal cut (see `mincut`): everything that is read follows from what is recorded,
the loop index and what is defined outside the loop.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ..ir import Atom, Eqn, If, Region, Statement, Var, While, reads, regions_of, walk
from ..types import Array, List, Scalar, Type
from .dce import needed_atoms

__all__ = ["Definition", "Path", "definitions", "free_reads", "recording_cost", "sources", "trimmed"]

Path = tuple[tuple[If, int], ...]
"""The branches that a statement is in, from the outside in."""


@dataclass(frozen=True, slots=True, eq=False)
class Definition:
    """The statement that defines a value (None for what a loop carries), and where it is."""

    statement: Statement | None
    path: Path


def definitions(
    params: Iterable[Var], body: Sequence[Statement], counts: Mapping[While, Var]
) -> dict[Var, Definition]:
    """Where each value of a body is defined; what is inside nested loops is theirs.

    `counts` are the numbers of iterations of loops that the reverse sweep must know.
    """
    found = {param: Definition(None, ()) for param in params}

    def visit(body: Sequence[Statement], path: Path) -> None:
        for statement in body:
            found.update((target, Definition(statement, path)) for target in statement.targets)
            if isinstance(statement, While):
                found[counts[statement]] = Definition(statement, path)
            if isinstance(statement, If):
                for k, region in enumerate(regions_of(statement)):
                    visit(region.body, (*path, (statement, k)))

    visit(body, ())
    return found


# Python's numbers cost as much to compute as to record; of arrays only what is one cheap pass, or no pass.
_CHEAP = frozenset(
    (
        "add",
        "sub",
        "mul",
        "neg",
        "pos",
        "div",
        "square",
        "abs",
        "sign",
        "where",
        "astype",
        "cast",
        "reciprocal",
    )
    + ("lt", "le", "gt", "ge", "eq", "ne", "bitand", "bitor", "invert", "not_", "real", "imag", "conj")
    + ("dim", "size", "list_len", "literal", "getitem", "list_get", "broadcast_like", "to_float", "to_int")
    + ("transpose", "expand_dims", "squeeze", "reshape", "ravel", "reshape_like", "broadcast_to", "flip")
    + (
        "zeros",
        "ones",
        "empty",
        "zeros_like",
        "ones_like",
        "full",
        "eye",
        "arange",
        "linspace",
        "and_",
        "or_",
    )
    + ("to_bool", "to_complex", "is_", "is_not", "diagonal", "max2", "min2", "maximum", "minimum", "or_")
)


def is_cheap(eqn: Eqn) -> bool:
    """Whether computing an equation again costs no more than recording its result."""
    primitive = eqn.primitive
    if primitive.consumes or primitive.effect or primitive.refers or isinstance(eqn.target.type, List):
        return False
    if primitive.name in _CHEAP:
        # Picking elements by an array of indices makes a copy, one by one.
        lists = primitive.name == "getitem" and any(isinstance(o.type, Array) for o in eqn.operands[1:])
        return not (lists and isinstance(eqn.target.type, Array))
    if primitive.name == "pow" and isinstance(eqn.target.type, Array):
        exponent = getattr(eqn.operands[1], "value", None)
        return exponent == 2
    return primitive.elementwise and all(isinstance(o.type, Scalar) for o in (eqn.target, *eqn.operands))


def recording_cost(type_: Type, copied: bool = False) -> int:
    """What it costs to keep a value of a type: memory, above all."""
    if isinstance(type_, List):
        return 100_000
    if isinstance(type_, Array):
        size: int = 20 * 10 ** (len(type_.dims) - 1)
        return size * 3 if copied else size
    return 1


def sources(definition: Definition, var: Var) -> list[Atom] | None:
    """What a value is computed from, where that can be done again at little cost; else None."""
    match definition.statement:
        case Eqn() as eqn if is_cheap(eqn):
            return [o for k, o in enumerate(eqn.operands) if k not in eqn.primitive.shape_only]
        case If() as statement:
            alone = trimmed(statement, var)
            if all(isinstance(s, If) or (isinstance(s, Eqn) and is_cheap(s)) for s in walk([alone])):
                return list(free_reads([alone]))
    return None


def trimmed(statement: If, var: Var) -> If:
    """The decision with nothing in it but what one of its targets needs."""
    k = statement.targets.index(var)

    def only(region: Region) -> Region:
        results = (region.results[k],)
        needed = needed_atoms(region.body, results)
        body = tuple(s for s in region.body if not needed.isdisjoint(s.targets))
        return Region((), body, results)

    return replace(statement, targets=(var,), then=only(statement.then), orelse=only(statement.orelse))


def free_reads(body: Sequence[Statement]) -> Iterator[Var]:
    """The values that statements read and do not define, each once, in order."""
    defined: set[Atom] = set()
    for statement in walk(body):
        defined.update(statement.targets)
        for region in regions_of(statement):
            defined.update(region.params)
    for atom in dict.fromkeys(reads(body)):
        if isinstance(atom, Var) and atom not in defined:
            yield atom
