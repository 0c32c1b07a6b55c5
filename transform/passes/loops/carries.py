"""What is added to the element with which the next iteration begins is handed on to it as a number.

    for i in range(n - 1):                     x_bar_next = 0.0
        ...                                    for i in range(n - 1):
        x_bar[i] += s                              ...
        x_bar[i + 1] += d_bar     --->             x_bar[i] += x_bar_next + s
                                                   x_bar_next = d_bar
                                               if 0 < n - 1:
                                                   x_bar[n - 1] += x_bar_next

Otherwise each iteration would wait until the one before has written to memory what it then reads: that takes
longer than all else, and a compiler could not do several iterations at once. Likewise where the next one
begins by reading the element and then overwrites it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ...ir import Atom, Eqn, For, Function, If, Lit, Region, Slot, Statement, Var, map_regions, substitute
from ...rules.build import Builder, op
from ...types import Array, Scalar
from ..memory import defined_in
from .limits import Limits, Sum
from .uses import Access, Uses

__all__ = ["carrying"]


def carrying(function: Function) -> Function:
    """The function with numbers handed on in innermost loops."""
    return replace(function, body=_block(function.body, Limits(function)))


def _block(body: Sequence[Statement], limits: Limits) -> tuple[Statement, ...]:
    done: list[Statement] = []
    for statement in body:
        inner = map_regions(statement, lambda region: _block(region, limits))
        found = _found(inner, limits) if isinstance(inner, For) else None
        done += [inner] if found is None else _Rewrite(found).statements()
    return tuple(done)


@dataclass(frozen=True)
class _Carry:
    """What `given` adds along an axis the next iteration would meet first in `taken`."""

    loop: For
    k: int
    given: Access
    taken: Access
    axis: int
    offset: int
    """Where `given` adds is the loop's index plus this."""


def _found(loop: For, limits: Limits) -> _Carry | None:
    one = isinstance(loop.step, Lit) and loop.step.value == 1
    if not one or _never_runs(loop) or not all(isinstance(each, (Eqn, If)) for each in loop.body.body):
        return None
    for k, param in enumerate(loop.body.params[1:]):
        if isinstance(param.type, Array) and param.type.dtype.kind == "f":
            uses = Uses(loop, [k])
            if uses.are_known:
                for given in uses.accesses[k]:
                    found = _carry(loop, k, given, uses.accesses[k], limits)
                    if found is not None:
                        return found
    return None


def _never_runs(loop: For) -> bool:
    start, stop = loop.start, loop.stop
    return isinstance(start, Lit) and isinstance(stop, Lit) and bool(stop.value <= start.value)


def _carry(loop: For, k: int, given: Access, accesses: Sequence[Access], limits: Limits) -> _Carry | None:
    index, inside = loop.body.params[0], defined_in([loop.body])
    if given.kind != "index_add" or not given.is_direct(loop):
        return None
    array, value = given.eqn.operands[:2]
    if (
        not isinstance(value, Var)
        or not isinstance(value.type, Scalar)
        or value.type.dtype != array.type.dtype
    ):
        return None
    place = given.place(limits)
    if len(given.eqn.params["index"]) != len(place):
        return None
    axes = [axis for axis, (base, _) in place.items() if base is index]
    if len(axes) != 1 or any(each in inside for axis, each in given.places.items() if axis != axes[0]):
        return None
    (axis,) = axes
    back = -1 if loop.reverse else 1
    next_place = {**place, axis: (index, place[axis][1] - back)}
    (taken, *_) = [each for each in accesses if each.place(limits) == next_place] or [given]
    if not taken.position < given.position or not taken.is_direct(loop):
        return None
    first = [each for each in accesses if each.position < taken.position]
    last = [each for each in accesses if each.position > given.position]
    apart = all(each.is_apart(next_place, limits) for each in first)
    if not apart or not all(each.is_apart(place, limits) for each in last):
        return None
    if taken.kind == "index_add" or _is_overwritten(taken, next_place, loop, accesses, limits):
        return _Carry(loop, k, given, taken, axis, place[axis][1])
    return None


def _is_overwritten(
    taken: Access, place: dict[int, Sum], loop: For, accesses: Sequence[Access], limits: Limits
) -> bool:
    """Whether an element that is read is stored to before anything else is done with it."""
    after = [each for each in accesses if each.position > taken.position]
    for each in sorted(after, key=lambda access: access.position):
        if each.kind == "store" and each.place(limits) == place:
            return taken.kind == "getitem" and each.is_direct(loop)
        if not each.is_apart(place, limits):
            return False
    return False


class _Rewrite:
    """The loop with the number that it carries, and what is left of it after the loop."""

    def __init__(self, found: _Carry) -> None:
        self.found, self.loop = found, found.loop
        array, self.value = found.given.eqn.operands[:2]
        assert isinstance(array, Var)
        assert isinstance(self.value, Var)
        self.array = self.loop.body.params[found.k + 1]
        name = f"{self.array.name}_next"
        self.carried, self.left = Var(name, self.value.type), Var(name, self.value.type)
        self.before = array

    def statements(self) -> Iterator[Statement]:
        loop, k = self.loop, self.found.k
        target = loop.targets[k]
        whole = Var(target.name, target.type, target.temporary)
        body = tuple(self.body())
        results = tuple(map(self.new, loop.body.results))
        yield replace(
            loop,
            targets=(*loop.targets[:k], whole, *loop.targets[k + 1 :], self.left),
            init=(*loop.init, Lit(0.0)),
            body=Region((*loop.body.params, self.carried), body, (*results, self.value)),
        )
        yield from self.after(whole, target)

    def new(self, atom: Atom) -> Atom:
        return self.before if atom is self.found.given.eqn.target else atom

    def body(self) -> Iterator[Statement]:
        given, taken = self.found.given.eqn, self.found.taken.eqn
        for statement in self.loop.body.body:
            if statement is taken:
                yield from self.with_carried(taken)
            elif statement is not given:
                yield substitute(statement, self.new)

    def with_carried(self, taken: Eqn) -> Iterator[Statement]:
        builder = Builder()
        builder.origin, builder.sweep = taken.origin, taken.sweep
        if taken.primitive.name == "index_add":
            total = builder.value(self.carried) + builder.value(taken.operands[1])
            yield from builder.body
            yield replace(taken, operands=(taken.operands[0], total.atom, *taken.operands[2:]))
            return
        read = Var("e", taken.target.type, temporary=True)
        yield replace(taken, target=read)
        builder.value(read) + builder.value(self.carried)
        (total_,) = builder.body
        assert isinstance(total_, Eqn)
        yield replace(total_, target=taken.target)

    def after(self, whole: Var, target: Var) -> Iterator[Statement]:
        """What the last iteration hands on is added where it belongs, if there has been one."""
        loop, given = self.loop, self.found.given.eqn
        builder = Builder()
        builder.origin, builder.sweep = loop.origin, loop.sweep
        start, stop = builder.value(loop.start), builder.value(loop.stop)
        runs = op.lt(start, stop) if isinstance(start.atom, Var) or isinstance(stop.atom, Var) else None
        yield from builder.body
        builder.body = []
        edge, more = (start, 0) if loop.reverse else (stop, -1)
        more += self.found.offset
        if isinstance(edge.atom, Lit):
            edge = builder.value(edge.atom.value + more)
        elif more:
            edge = op.add(edge, more) if more > 0 else op.sub(edge, -more)
        entry = _entry(given, self.found.axis)
        operands = [whole, self.left, *given.operands[2:]]
        operands[entry.position] = edge.atom
        added = Var(target.name, target.type, target.temporary)
        add = replace(given, target=added, operands=tuple(operands))
        then = Region((), (*builder.body, add), (added,))
        if runs is not None:
            yield If((target,), runs.atom, then, Region((), (), (whole,)), loop.origin, loop.sweep)
        else:
            yield from builder.body
            yield replace(add, target=target)


def _entry(eqn: Eqn, axis: int) -> Slot:
    """The entry of an index along an axis: each is a number, none is left out."""
    entry = eqn.params["index"][axis]
    assert isinstance(entry, Slot)
    return entry
