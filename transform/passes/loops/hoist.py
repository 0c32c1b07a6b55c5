"""What is the same in each iteration is done before the loop; buffers are made once.

    for k in range(n):                       s = np.empty(x.shape[0] - 2)
        s = np.empty(x.shape[0] - 2)         for k in range(n):
        ...                        --->          ...

Loop-invariant code motion (Muchnick, Advanced Compiler Design, 1997, section 13.2), for numbers that cannot
fail and for buffers that no iteration hands on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from ...ir import (
    Atom,
    Eqn,
    For,
    Function,
    If,
    Region,
    Statement,
    Var,
    While,
    map_regions,
    regions_of,
    substitute,
    walk,
)
from ...types import Scalar
from ..memory import carried, defined_in, has_memory

__all__ = ["before_loop", "handed_on", "hoisted"]

_BUFFERS = frozenset({"empty", "empty_like"})
_MAY_FAIL = frozenset(
    {"floordiv", "mod", "pow", "literal", "undefined", "item", "last", "list_get", "list_len"}
)


def hoisted(function: Function, is_shared: Callable[[For], bool] = lambda loop: False) -> Function:
    """The function with what loops repeat done before them.

    Each iteration of a loop that threads share has its own buffers.
    """
    made = {s.target: s for s in walk(function.body) if isinstance(s, Eqn)}
    return replace(function, body=_block(function.body, made, is_shared))


def _block(
    body: Sequence[Statement], made: dict[Var, Eqn], is_shared: Callable[[For], bool]
) -> tuple[Statement, ...]:
    done: list[Statement] = []
    for statement in body:
        inner = map_regions(statement, lambda region: _block(region, made, is_shared))
        if isinstance(inner, (For, While)):
            before, inner = _invariant(inner, made)
            done += before
            if not (isinstance(inner, For) and is_shared(inner)):
                before, inner = _buffers(inner)
                done += before
        done.append(inner)
    return tuple(done)


def before_loop(array: Var, loop: For | While, made: dict[Var, Eqn]) -> Var:
    """The array as it is before a loop that overwrites it."""
    starts = dict(zip(carried(loop), loop.init, strict=True))
    while (eqn := made.get(array)) is not None and eqn.primitive.consumes:
        first = eqn.operands[0]
        assert isinstance(first, Var)
        array = first
    start = starts.get(array, array)
    return start if isinstance(start, Var) else array


def _invariant(loop: For | While, made: dict[Var, Eqn]) -> tuple[list[Statement], For | While]:
    """The equations on numbers that are the same in each iteration, and the loop without them."""
    inside = defined_in([loop.body])
    before: list[Statement] = []
    rest: list[Statement] = []
    for statement in loop.body.body:
        moved = _moved(statement, loop, inside, made) if isinstance(statement, Eqn) else None
        if moved is None:
            rest.append(statement)
        else:
            before.append(moved)
            inside.discard(moved.target)
    return before, replace(loop, body=replace(loop.body, body=tuple(rest)))


def _moved(eqn: Eqn, loop: For | While, inside: set[Var], made: dict[Var, Eqn]) -> Eqn | None:
    """The equation as it may stand before the loop, if it may."""
    primitive = eqn.primitive
    if primitive.effect or primitive.consumes or primitive.name in _MAY_FAIL or eqn.others:
        return None
    if not isinstance(eqn.target.type, Scalar):
        return None
    operands: list[Atom] = []
    for k, operand in enumerate(eqn.operands):
        if isinstance(operand, Var) and has_memory(operand):
            if k not in primitive.shape_only:
                return None
            operand = before_loop(operand, loop, made)
        if operand in inside:
            return None
        operands.append(operand)
    return replace(eqn, operands=tuple(operands))


def _buffers(loop: For | While) -> tuple[list[Statement], For | While]:
    """The buffers that are the same in each iteration, and the loop that hands them on."""
    inside = defined_in([loop.body])
    before: list[Statement] = []
    while True:
        found = next((each for each in _candidates(loop, inside)), None)
        if found is None:
            return before, loop
        eqn, last = found
        before.append(eqn)
        loop = handed_on(loop, eqn, last)
        inside.discard(eqn.target)


def _candidates(loop: For | While, inside: set[Var]) -> Iterable[tuple[Eqn, Var]]:
    for eqn in loop.body.body:
        if isinstance(eqn, Eqn) and eqn.primitive.name in _BUFFERS and inside.isdisjoint(eqn.operands):
            last = _last_version(eqn.target, loop.body)
            if last is not None:
                yield eqn, last


def _last_version(buffer: Var, body: Region) -> Var | None:
    """The last version of a buffer in a body; None where something of it may live on."""
    version = _followed(buffer, body.body)
    return None if version in body.results else version


def _followed(buffer: Var, body: Iterable[Statement]) -> Var | None:
    """The version of a buffer that stores and loops have made of it in the end, if nothing else holds it."""
    version = buffer
    for statement in body:
        if isinstance(statement, Eqn):
            if version not in statement.operands:
                continue
            if statement.primitive.consumes and statement.operands[0] is version:
                version = statement.target
            elif statement.primitive.consumes and not isinstance(statement.operands[0].type, Scalar):
                if _keeps(statement):
                    return None
            elif _may_be(statement):
                return None
        elif _escapes(version, statement):
            return None
        elif isinstance(statement, (For, While)) and version in statement.init:
            k = statement.init.index(version)
            last = _followed(carried(statement)[k], statement.body.body)
            # What comes out of the loop is the buffer only if each iteration hands that on.
            if last is not statement.body.results[k] or statement.body.results.count(last) > 1:
                return None
            version = statement.targets[k]
    return version


def _escapes(buffer: Var, statement: For | While | If) -> bool:
    """Whether the regions of a statement, which read a buffer from outside, may hold on to it."""
    names: set[Atom] = {buffer}
    if isinstance(statement, (For, While)) and statement.init.count(buffer) > 1:
        return True
    for inner in walk([statement]):
        if isinstance(inner, Eqn) and not names.isdisjoint(inner.operands):
            if inner.primitive.consumes and (inner.operands[0] in names or _keeps(inner)):
                return True
            if _may_be(inner):
                names.update(inner.targets)
        elif isinstance(inner, (For, While)) and inner is not statement and not names.isdisjoint(inner.init):
            return True
        if any(not names.isdisjoint(region.results) for region in regions_of(inner)):
            return True
    return False


def _keeps(eqn: Eqn) -> bool:
    """Whether a list keeps what it is given."""
    return eqn.primitive.name in ("append", "list_set", "list_add")


def _may_be(eqn: Eqn) -> bool:
    """Whether the result may be the operand itself, or share its memory."""
    return any(has_memory(target) for target in eqn.targets) and (
        eqn.primitive.view or eqn.primitive.name in ("unstack", "repeat_list") or bool(eqn.others)
    )


def handed_on(loop: For | While, eqn: Eqn, last: Var) -> For | While:
    """The loop with a buffer that is made before it."""
    buffer = eqn.target
    param, target = (Var(last.name, buffer.type, last.temporary) for _ in range(2))

    def new(atom: Atom) -> Atom:
        return param if atom is buffer else atom

    body = tuple(substitute(s, new) for s in loop.body.body if s is not eqn)
    results = (*map(new, loop.body.results), param if last is buffer else last)
    region = Region((*loop.body.params, param), body, results)
    changes = {"targets": (*loop.targets, target), "init": (*loop.init, buffer), "body": region}
    if isinstance(loop, While):
        unread = Var(last.name, buffer.type, last.temporary)
        changes["condition"] = replace(loop.condition, params=(*loop.condition.params, unread))
    return replace(loop, **changes)  # type: ignore[arg-type]
