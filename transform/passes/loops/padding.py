"""What is added to neighbouring slices of one array is added at once, each element written once.

                                  p_2 = np.zeros(n + 2)         # n - 2 values between zeros
    u_bar[:-2] += p        --->   p_2[2:-2] = p
    u_bar[2:] += p                u_bar += p_2[2:] + p_2[:-2]

The adjoint of a stencil in the form of a gather: between zeros, that a value is not added at the border of
the array needs no loop of its own. What is added where the array was read last stays as it is: the loop that
reads an element there also writes it. The zeros are made before the loop that the stores are in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ...ir import Atom, Eqn, For, Function, Slot, Statement, Var, While, map_regions, reads, substitute, walk
from ...rules.build import Builder, Value, op
from ...rules.creation import new_array
from ...rules.stores import place_type
from ...types import Array, Dim, Dims, Size
from ..memory import Memory, Tokens, consumed, defined_in, has_memory, overwritten_params
from .hoist import before_loop, handed_on

__all__ = ["padded"]

Place = tuple[tuple[int, Size], ...]
"""A box in an array: its start and its length along each axis."""
Terms = tuple[tuple[Var, bool], ...]
"""The values of a sum, and whether they are subtracted."""


def padded(function: Function) -> Function:
    """The function with what is added to neighbouring slices added at once."""
    memory = Memory(function, overwritten_params(function))
    done = _Pass(function, memory)
    body, _ = done.block(function.body)
    # What asks for the shape of an array between two additions asks that of the array before them.
    return replace(function, body=tuple(substitute(s, lambda atom: done.gone.get(atom, atom)) for s in body))


@dataclass(frozen=True)
class Pad:
    """Zeros around a value: `made` is their equation, `last` the array once the value is there.

    Along each axis there are `more` elements than in `like`.
    """

    made: Eqn
    last: Var
    like: Var
    more: tuple[int, ...]

    def before(self, like: Var) -> list[Statement]:
        """The zeros, as they are made elsewhere."""
        builder = Builder()
        builder.origin, builder.sweep = self.made.origin, self.made.sweep
        _zeros(builder, like, self.more, self.made.target)
        return builder.body


@dataclass
class Run:
    """Values added to one array, nothing between that depends on their order."""

    base: Var
    tokens: Tokens
    centre: Place | None
    adds: list[Eqn] = field(default_factory=list)
    values: Tokens = frozenset()

    @property
    def last(self) -> Var:
        return self.adds[-1].target


class _Pass:
    def __init__(self, function: Function, memory: Memory) -> None:
        self.memory, self.dims = memory, Dims()
        self.gone: dict[Atom, Var] = {}
        self.made = {s.target: s for s in walk(function.body) if isinstance(s, Eqn)}
        self.consumed = consumed(function.body)

    def tokens(self, atoms: Sequence[Atom]) -> Tokens:
        found: Tokens = frozenset()
        for atom in atoms:
            if isinstance(atom, Var) and has_memory(atom):
                found |= self.memory.reach(atom)
        return found

    def block(self, body: Sequence[Statement]) -> tuple[list[Statement], list[Pad]]:
        """The statements, and the zeros among them."""
        done: list[Statement] = []
        pads: list[Pad] = []
        places: dict[Any, Place | None] = {}
        run: Run | None = None
        for statement in body:
            if run is not None and not self.belongs(statement, run):
                if self.touches(statement, run):
                    pads += self.flush(run, done)
                    run = None
            if run is None and isinstance(statement, Eqn) and self.may_wait(statement):
                base = statement.operands[0]
                assert isinstance(base, Var)
                tokens = self.tokens([base])
                run = Run(base, tokens, places.get(tokens))
            if run is not None and self.belongs(statement, run):
                assert isinstance(statement, Eqn)
                run.adds.append(statement)
                run.values |= self.tokens(statement.operands[1:])
                continue
            if isinstance(statement, Eqn):
                self.note(statement, places)
            done += self.inside(statement, pads)
        if run is not None:
            pads += self.flush(run, done)
        return done, pads

    def note(self, eqn: Eqn, places: dict[Any, Place | None]) -> None:
        """Note where an array was read or written last."""
        if eqn.primitive.name in ("getitem", "store", "index_add"):
            places[self.tokens(eqn.operands[:1])] = self.place(eqn)

    def inside(self, statement: Statement, pads: list[Pad]) -> list[Statement]:
        """A statement with its regions done, after what is done before it."""
        if not isinstance(statement, (For, While)):
            return [map_regions(statement, lambda body: self.block(body)[0])]
        body, inner = self.block(statement.body.body)
        loop: For | While = replace(statement, body=replace(statement.body, body=tuple(body)))
        outside: list[Statement] = []
        for pad in inner:
            like = before_loop(pad.like, statement, self.made)
            if like in defined_in([statement.body]) or not self.alike(like, pad.like):
                continue
            outside += pad.before(like)
            made = outside[-1]
            assert isinstance(made, Eqn)
            loop = handed_on(loop, pad.made, pad.last)
            pads.append(Pad(made, loop.targets[-1], like, pad.more))
        return [*outside, loop]

    def alike(self, a: Var, b: Var) -> bool:
        """Whether two arrays are of the same shape."""
        assert isinstance(a.type, Array)
        assert isinstance(b.type, Array)
        return all(map(self.dims.same, a.type.dims, b.type.dims))

    # Which additions are done together

    def may_wait(self, statement: Statement) -> bool:
        """Whether a statement adds a value that is not of the array itself."""
        if not isinstance(statement, Eqn) or statement.primitive.name != "index_add":
            return False
        tokens = self.tokens(statement.operands[:1])
        return tokens.isdisjoint(self.tokens(statement.operands[1:]))

    def belongs(self, statement: Statement, run: Run) -> bool:
        if not self.may_wait(statement):
            return False
        assert isinstance(statement, Eqn)
        return statement.operands[0] is (run.last if run.adds else run.base)

    def touches(self, statement: Statement, run: Run) -> bool:
        """Whether a statement reads or overwrites what is added to, or overwrites what is added."""
        if isinstance(statement, Eqn) and statement.primitive.elementwise:
            return not run.tokens.isdisjoint(self.tokens(statement.operands))
        if isinstance(statement, Eqn) and not (statement.others or statement.primitive.effect):
            written = self.tokens(statement.operands[:1]) if statement.primitive.consumes else frozenset()
            return not (
                run.tokens.isdisjoint(self.tokens(statement.operands)) and run.values.isdisjoint(written)
            )
        return not (run.tokens | run.values).isdisjoint(self.tokens(list(reads([statement]))))

    def place(self, eqn: Eqn) -> Place | None:
        """The box that an equation reads or writes; None where that is known only at run time."""
        array = eqn.operands[0]
        index = eqn.params.get("index")
        if not isinstance(array.type, Array) or eqn.params.get("prefix") or index is None:
            return None
        if len(index) > len(array.type.dims):
            return None
        index = (*index, *[slice(None)] * (len(array.type.dims) - len(index)))
        if not all(isinstance(cut, slice) and cut.step in (None, 1) for cut in index):
            return None
        if any(isinstance(bound, Slot) for cut in index for bound in (cut.start, cut.stop)):
            return None
        if any((cut.start or 0) < 0 for cut in index):
            return None
        box = place_type(self.dims, [array.type, array.type], {"index": index})
        assert isinstance(box, Array)
        return tuple(
            (cut.start or 0, self.dims.resolve(size)) for cut, size in zip(index, box.dims, strict=True)
        )

    def box(self, eqn: Eqn) -> Place | None:
        """The box that an array of just that shape is added to, its end known from that of the whole."""
        array, value = eqn.operands[:2]
        place = self.place(eqn)
        if place is None or not isinstance(value.type, Array) or not isinstance(array.type, Array):
            return None
        if value.type.dtype != array.type.dtype or len(value.type.dims) != len(place):
            return None
        for (start, size), own, full in zip(place, value.type.dims, array.type.dims, strict=True):
            less = _less(size, self.dims.resolve(full))
            if not self.dims.same(size, own) or less is None or start > less:
                return None
        return place

    # Added at once

    def flush(self, run: Run, done: list[Statement]) -> list[Pad]:
        """Append the additions of a run."""
        joined: list[tuple[Eqn, Place]] = []
        for eqn in run.adds:
            box = self.box(eqn)
            if box is not None and box != run.centre and (not joined or _sizes(box) == _sizes(joined[0][1])):
                joined.append((eqn, box))
        if len({box for _, box in joined}) < 2:
            done += run.adds
            return []
        gathered = {eqn for eqn, _ in joined}
        self.gone.update((eqn.target, run.base) for eqn in run.adds[:-1])
        array: Var = run.base
        for eqn in run.adds:
            if eqn not in gathered:
                target = Var(eqn.target.name, eqn.target.type, eqn.target.temporary)
                done.append(replace(eqn, target=target, operands=(array, *eqn.operands[1:])))
                array = target
        return self.gather(run, array, joined, done)

    def gather(
        self, run: Run, array: Var, joined: Sequence[tuple[Eqn, Place]], done: list[Statement]
    ) -> list[Pad]:
        """One addition to the box around all places, of slices of values between zeros."""
        builder = Builder(self.dims)
        builder.origin, builder.sweep = joined[0][0].origin, joined[0][0].sweep
        first, wide, less = self.around(array, [box for _, box in joined])
        more = tuple(2 * w - by for w, by in zip(wide, less, strict=True))
        fresh = self.zeros_like(array)
        pads: dict[Terms, Pad] = {}
        slices: list[tuple[bool, Value]] = []
        for box, terms, negative in self.terms(joined):
            if terms not in pads:
                pads[terms] = _pad(builder, fresh or array, _of(builder, terms), wide, more)
            cut = tuple(
                slice(w - (start - a) or None, -(start - a) or None)
                for (start, _), a, w in zip(box, first, wide, strict=True)
            )
            slices.append((negative, op.getitem(builder.value(pads[terms].last), index=_short(cut))))
        around = tuple(
            slice(a or None, a + w - by or None) for a, w, by in zip(first, wide, less, strict=True)
        )
        total = _sum(slices)
        if fresh is None or around != (slice(None),) * len(around):
            op.index_add(builder.value(array), total, index=around)
        _as(builder, run.last)
        done += builder.body
        # What is before a loop is known of the array as it was.
        return [replace(pad, like=fresh or run.base) for pad in pads.values()]

    def around(self, array: Var, boxes: Sequence[Place]) -> tuple[list[int], list[int], list[int]]:
        """Along each axis: where the first box starts, how much later the last, how much less than the array
        a box is long."""
        assert isinstance(array.type, Array)
        starts = list(zip(*([start for start, _ in box] for box in boxes), strict=True))
        first = [min(each) for each in starts]
        wide = [max(each) - a for each, a in zip(starts, first, strict=True)]
        less = [
            _less(size, self.dims.resolve(n)) or 0
            for (_, size), n in zip(boxes[0], array.type.dims, strict=True)
        ]
        return first, wide, less

    def zeros_like(self, array: Var) -> Var | None:
        """What an array of zeros has the shape of; None for another array."""
        eqn = self.made.get(array)
        if eqn is None or eqn.primitive.name != "zeros_like":
            return None
        (like,) = eqn.operands
        return like if isinstance(like, Var) and eqn.target.type == array.type else None

    def terms(self, joined: Sequence[tuple[Eqn, Place]]) -> list[tuple[Place, Terms, bool]]:
        """What is added where, and whether its negative is: sums, where those are as few as their terms."""
        by_box: dict[Place, list[tuple[Var, bool]]] = {}
        for eqn, box in joined:
            by_box.setdefault(box, []).append(self.without_sign(eqn.operands[1]))
        sums = []
        for box, terms in by_box.items():
            negative = all(minus for _, minus in terms)
            sums.append((box, tuple((value, minus != negative) for value, minus in terms), negative))
        alone = {value for terms in by_box.values() for value, _ in terms}
        if len({terms for _, terms, _ in sums}) <= len(alone):
            return sums
        return [(box, ((value, False),), minus) for box, terms in by_box.items() for value, minus in terms]

    def without_sign(self, atom: Atom) -> tuple[Var, bool]:
        """A value, or what it is the negative of, where that is still there."""
        assert isinstance(atom, Var)
        eqn = self.made.get(atom)
        if eqn is None or eqn.primitive.name != "neg":
            return atom, False
        (operand,) = eqn.operands
        assert isinstance(operand, Var)
        source = self.made.get(operand)
        if operand in self.consumed or source is None or not source.primitive.elementwise:
            return atom, False
        return operand, True


def _of(builder: Builder, terms: Terms) -> Var:
    """A sum of values."""
    total = _sum([(minus, builder.value(value)) for value, minus in terms])
    assert isinstance(total.atom, Var)
    return total.atom


def _pad(builder: Builder, like: Var, value: Var, wide: Sequence[int], more: tuple[int, ...]) -> Pad:
    """A value between zeros."""
    assert isinstance(value.type, Array)
    dims = tuple(_longer(size, 2 * w) for size, w in zip(value.type.dims, wide, strict=True))
    type_ = replace(value.type, dims=dims)
    zeros = Var(value.name, type_, value.temporary)
    made = _zeros(builder, like, more, zeros)
    inside = _short(tuple(slice(w, -w) if w else slice(None) for w in wide))
    op.store(builder.value(zeros), builder.value(value), index=inside)
    return Pad(made, _as(builder, Var(value.name, type_, value.temporary)).target, like, more)


def _zeros(builder: Builder, like: Var, more: Sequence[int], target: Var) -> Eqn:
    """Zeros of a shape that is known by that of another array."""
    assert isinstance(target.type, Array)
    sizes: list[Any] = []
    for axis, (size, by) in enumerate(zip(target.type.dims, more, strict=True)):
        if isinstance(size, int):
            sizes.append(size)
            continue
        length = op.dim(builder.value(like), axis=axis)
        # Of a slice that is empty the length that is computed may be less than that.
        sizes.append(length + by if by > 0 else op.max2(length - -by, 0) if by else length)
    new_array(builder, "zeros", sizes, target.type)
    return _as(builder, target)


def _as(builder: Builder, target: Var) -> Eqn:
    """The last equation, its result under another name."""
    last = builder.body[-1]
    assert isinstance(last, Eqn)
    builder.body[-1] = made = replace(last, target=target)
    return made


def _short(index: tuple[slice, ...]) -> tuple[slice, ...]:
    """An index without the whole axes at its end."""
    while len(index) > 1 and index[-1] == slice(None):
        index = index[:-1]
    return index


def _sum(terms: Sequence[tuple[bool, Value]]) -> Value:
    """The sum of values with their signs, one without a minus first."""
    (negative, total), *rest = sorted(terms, key=lambda term: term[0])
    if negative:
        total = -total
    for negative, value in rest:
        total = total - value if negative else total + value
    return total


def _sizes(place: Place) -> tuple[Size, ...]:
    return tuple(size for _, size in place)


def _less(size: Size, full: Size) -> int | None:
    """By how much a length is less than another; None if that is not known."""
    if isinstance(size, int) and isinstance(full, int):
        return full - size
    if isinstance(size, Dim) and isinstance(full, Dim) and size.symbol == full.symbol:
        return full.offset - size.offset
    return None


def _longer(size: Size, by: int) -> Size:
    return size + by if isinstance(size, int) else replace(size, offset=size.offset + by)
