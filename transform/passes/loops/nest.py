"""A group of jobs as one loop, its body an array program of one rank less."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ...ir import Atom, Eqn, For, Lit, Slot, Var
from ...rules.build import Builder, Value, op
from ...rules.creation import new_array
from ...rules.index import shifted
from ...rules.registry import PRIMITIVES
from ...rules.stores import place_type
from ...types import INT, Array, Scalar, Type
from .checks import INSIDE
from .gather import Piece, pieces
from .groups import NEW, Group
from .jobs import FOLDS, Job, Kind, Mode, first_axis, full_index, is_cut, is_mask
from .lengths import FITS
from .views import Along, View, whole

if TYPE_CHECKING:
    from .peel import Level

__all__ = ["length_of", "nest"]

_PYTHON = ("bool", "int64", "float64", "complex128")


@dataclass
class Carried:
    """What a loop hands on from row to row: an array that is filled, or a sum."""

    init: Atom
    param: Var
    target: Var
    now: Value


def nest(level: Level, builder: Builder, group: Group, outside: set[Atom]) -> None:
    """Append the loop of a group; `outside` is what others read of what it defines."""
    _Nest(level, builder, group, outside).loop()


@dataclass
class _Nest:
    level: Level
    builder: Builder
    group: Group
    outside: set[Atom]
    rows: dict[Var, Value] = field(default_factory=dict)
    carried: dict[Var, Carried] = field(default_factory=dict)

    def loop(self) -> None:
        first = self.group.jobs[0].eqn
        if len(self.group.jobs) == 1 and first.primitive.name == "copy" and self.is_slice(first.operands[0]):
            self.copy(first)
            return
        self.builder.origin, self.builder.sweep = first.origin, first.sweep
        length = self.length()
        if self.group.gathered:
            parts = list(pieces(self.group.jobs, length))
            self.gathered([each for each in parts if not each.is_empty] or parts[:1])
            return
        for job in self.group.jobs:
            self.carry(job)
        self.over(Piece(0, length, tuple((job, 0) for job in self.group.jobs)))

    def gathered(self, parts: Sequence[Piece]) -> None:
        """The loops of stores to neighbouring rows, one after the other."""
        array, final = self.group.jobs[0].eqn.operands[0], self.group.jobs[-1].eqn.target
        assert isinstance(array, Var)
        for piece in parts:
            last = piece is parts[-1]
            target = final if last else Var(final.name, final.type, final.temporary)
            held = self.handed(array, target)
            for job in self.group.jobs:
                self.carried[job.eqn.target] = held
                self.carried[job.eqn.operands[0]] = held  # type: ignore[index]
            self.over(piece)
            array = target

    def over(self, piece: Piece) -> None:
        """A loop for jobs whose results are carried."""
        first = piece.jobs[0][0].eqn
        self.builder.origin, self.builder.sweep = first.origin, first.sweep
        index = Var(self.level.index, Scalar(INT.dtype, weak=True))
        carried = self.each()
        start, stop = self.builder.atom(piece.start), self.builder.atom(piece.stop)
        body = self.builder.region(lambda: self.body(piece, index), (index, *(c.param for c in carried)))
        self.builder.body.append(
            For(
                tuple(c.target for c in carried),
                start,
                stop,
                Lit(1),
                tuple(c.init for c in carried),
                self.level.inside(body),
                first.origin,
                first.sweep,
            )
        )

    def is_slice(self, atom: Atom) -> bool:
        """Whether a value is what an index and a transpose make of an array: a diagonal is not."""
        axes = (
            [e.out for e in self.level.view(atom).entries if isinstance(e, Along)]
            if isinstance(atom, Var)
            else []
        )
        return len(set(axes)) == len(axes)

    def copy(self, eqn: Eqn) -> None:
        """A copy that shares its loop with nothing."""
        (operand,) = eqn.operands
        if isinstance(operand, Var):
            view = self.level.view(operand)
            operand = view.value(self.value(view.root)).atom if view.root is not operand else operand
        self.builder.body.append(replace(eqn, operands=(operand,)))

    @property
    def overwritten(self) -> set[Atom]:
        """What stores of the group write to."""
        return {job.eqn.operands[0] for job in self.group.jobs if job.kind is Kind.STORE}

    def is_private(self, array: Atom) -> bool:
        """Whether there are only rows of an array."""
        return isinstance(array, Var) and self.level.same.get(array, array) in self.group.private

    def each(self) -> Sequence[Carried]:
        return list({id(c): c for c in self.carried.values()}.values())

    # Before the loop

    def length(self) -> Any:
        """How many rows there are."""
        for job in self.group.jobs:
            for operand, mode in zip(job.eqn.operands, job.modes, strict=False):
                if isinstance(operand, Var) and mode is Mode.ROW and self.is_there(operand):
                    size = operand.type.dims[0]  # type: ignore[union-attr]
                    counted = self.level.context.extents.counted(size, self.builder)
                    return self.level.length(operand, 0, self.builder) if counted is None else counted
            if job.kind is Kind.STORE:
                return self.length_written(job.eqn)
        # What is broadcast along the first axis has no length of its own.
        first = self.group.jobs[0]
        return self.level.extent(first.eqn, 0, self.builder)

    def is_there(self, var: Var) -> bool:
        return self.level.view(var).root not in self.group.defines

    def length_written(self, eqn: Eqn) -> Any:
        array = eqn.operands[0]
        assert isinstance(array, Var)
        index = full_index(eqn.params["index"], array.type, eqn.operands)
        axis = first_axis(index or (), eqn.operands)
        assert index is not None
        assert axis is not None
        place = place_type(self.builder.dims, [each.type for each in eqn.operands], eqn.params)
        assert isinstance(place, Array)
        size = self.builder.dims.resolve(place.dims[0])
        if is_cut(index[axis]) and not isinstance(size, int):
            view = self.builder.apply(PRIMITIVES["getitem"], (array, *eqn.operands[2:]), _view_params(eqn))
            return op.dim(view, axis=0)
        return (
            size
            if isinstance(size, int)
            else length_cut(self.level.dim(array, axis, self.builder), index[axis])
        )

    def value(self, atom: Atom) -> Value:
        return self.builder.value(atom)

    def carry(self, job: Job) -> None:
        """Note what the loop must hand on for a job."""
        eqn, target = job.eqn, job.eqn.target
        if job.kind is Kind.STORE:
            array = eqn.operands[0]
            assert isinstance(array, Var)
            if self.is_private(array):
                return
            before = self.carried.get(array)
            if before is not None:
                before.target = target
                self.carried[target] = before
                return
            self.carried[array] = self.carried[target] = self.handed(array, target)
        elif job.kind is Kind.FOLD:
            self.carried[target] = self.handed(self.builder.atom(self.start(eqn)), target)
        elif target in self.outside or (target in self.overwritten and not self.is_private(target)):
            self.carried[target] = self.handed(self.builder.atom(self.empty(eqn)), target)

    def handed(self, init: Atom, target: Var) -> Carried:
        param = Var(target.name, target.type, target.temporary)
        objects = self.level.context.objects
        source = init if isinstance(init, Var) else target
        for var in (param, target):
            objects.setdefault(var, objects.get(source, frozenset({source})))
        return Carried(init, param, target, self.builder.value(param))

    def start(self, eqn: Eqn) -> Any:
        """What a fold starts with."""
        type_, (_, first) = eqn.target.type, FOLDS[eqn.primitive.name]
        if not isinstance(type_, Array):
            return _number(type_, first)
        if first == 0:
            return self.filled("zeros", eqn, type_)
        everywhere = (slice(None),) * len(type_.dims)
        return self.put("store", self.filled("empty", eqn, type_), self.value(Lit(first)), everywhere, [])

    def empty(self, eqn: Eqn) -> Value:
        type_ = eqn.target.type
        assert isinstance(type_, Array)
        if all(isinstance(self.builder.dims.resolve(size), int) for size in type_.dims):
            return self.filled("empty", eqn, type_)
        for operand in eqn.operands:
            if (
                isinstance(operand, Var)
                and self.is_there(operand)
                and self.level.view(operand).root is operand
            ):
                dims = operand.type.dims if isinstance(operand.type, Array) else ()
                if len(dims) == len(type_.dims) and all(map(self.builder.dims.same, dims, type_.dims)):
                    return op.empty_like(self.value(operand), dtype=type_.dtype)
        return self.filled("empty", eqn, type_)

    def filled(self, name: str, eqn: Eqn, type_: Array) -> Value:
        """A new array for the result of an equation."""
        sizes = [self.level.extent(eqn, axis, self.builder) for axis in range(len(type_.dims))]
        return new_array(self.builder, name, sizes, type_)

    # Inside

    def body(self, piece: Piece, index: Var) -> list[Any]:
        places: dict[int, Any] = {0: index}
        for array, eqn in self.group.private.items():
            if eqn.primitive.name in NEW:
                self.rows[array] = self.new_row(eqn)
        for job, shift in piece.jobs:
            self.builder.origin, self.builder.sweep = job.eqn.origin, job.eqn.sweep
            if shift not in places:
                places[shift] = op.add(self.value(index), shift).atom
            self.step(job, places[shift])
        return [c.now for c in self.each()]

    def new_row(self, eqn: Eqn) -> Value:
        """A row of an array that is made of nothing."""
        type_ = eqn.target.type
        assert isinstance(type_, Array)
        self.builder.origin, self.builder.sweep = eqn.origin, eqn.sweep
        zero = _number(type_, 0)
        if len(type_.dims) == 1:
            return self.value(Lit(zero))
        sizes = [self.level.dim(eqn.target, axis, self.builder) for axis in range(1, len(type_.dims))]
        row = new_array(self.builder, "empty", sizes, Array(type_.dtype, type_.dims[1:]))
        row = self.named(row, eqn.target, True)
        if eqn.primitive.name.startswith("zeros"):
            row = self.put("store", row, self.value(Lit(zero)), (slice(None),) * len(sizes), [])
        return row

    def step(self, job: Job, index: Var) -> None:
        eqn, target = job.eqn, job.eqn.target
        if job.kind is Kind.STORE:
            self.store(job, self.read(eqn.operands[1], job.modes[1], index), index)
            return
        both = zip(eqn.operands, job.modes, strict=False)
        row = job.row(self.builder, [self.read(operand, mode, index) for operand, mode in both])
        if row.type.dtype != target.type.dtype:
            row = op.astype(row, dtype=target.type.dtype)
        if job.kind is Kind.FOLD:
            carried = self.carried[target]
            carried.now = self.joined(eqn, carried.now, row)
            return
        if not any(row.atom is each.atom for each in self.rows.values()):  # a copy is the row itself
            row = self.named(row, target, True)
        self.rows[target] = row
        if target in self.carried:
            carried = self.carried[target]
            carried.now = self.put("store", carried.now, row, (Slot(2),), [index])
            if row.is_array:
                # What needs more than one element of the row finds it there.
                self.rows[target] = whole(target).at(index).value(carried.now)

    def read(self, operand: Atom, mode: Mode, index: Var) -> Value:
        if not isinstance(operand, Var) or not isinstance(operand.type, Array):
            return self.value(operand)
        view = self.level.view(operand)
        if mode is Mode.ROW and view.root is operand and operand in self.rows:
            return self.rows[operand]
        if mode is Mode.WHOLE and view.root is operand:
            return self.value(operand)
        if mode is not Mode.WHOLE:
            view = view.at(self.row_of(operand, mode, index))
        if view.root in self.rows:
            return _of_row(view, self.rows[view.root])
        held = self.carried.get(view.root)
        return view.value(held.now if held is not None else self.value(view.root))

    def row_of(self, operand: Var, mode: Mode, index: Var) -> Atom:
        """Which row of an operand is read."""
        if mode is not Mode.EITHER:
            return index if mode is Mode.ROW else Lit(0)
        length = self.level.length(operand, 0, self.builder)
        return self.builder.atom(op.row_or_only(self.value(index), self.builder.value(length)))

    def joined(self, eqn: Eqn, sofar: Value, row: Value) -> Value:
        """A fold, one row further."""
        how, _ = FOLDS[eqn.primitive.name]
        if not isinstance(eqn.target.type, Array):
            return self.named(self.builder.apply(PRIMITIVES[how], (sofar, row), {}), eqn.target, True)
        everywhere = (slice(None),) * len(eqn.target.type.dims)
        if how == "add":
            return self.put("index_add", sofar, row, everywhere, [])
        joined = self.builder.apply(PRIMITIVES[how], (sofar, row), {})
        return self.put("store", sofar, joined, everywhere, [])

    def store(self, job: Job, row: Value, index: Var) -> None:
        array, _, *dynamic = job.eqn.operands
        old = full_index(job.eqn.params["index"], array.type, job.eqn.operands)
        first = first_axis(old or (), job.eqn.operands)
        assert old is not None
        assert first is not None
        if is_cut(old[first]):
            self.store_in_view(job, row, index)
            return
        operands: list[Any] = []
        new: list[Any] = []
        condition: Value | None = None
        for axis, entry in enumerate(old):
            if axis == first and is_mask(entry, job.eqn.operands):
                # Of a mask along one axis a row is a flag.
                told = self.read(job.eqn.operands[entry.position], Mode.ROW, index)
                condition = None if told.is_array else told
                operands.append(index)
                new.append(Slot(len(operands) + 1))
                if told.is_array:
                    operands.append(told)
                    new.append(Slot(len(operands) + 1))
            elif axis == first and isinstance(entry, slice) and self.is_private(array):
                continue
            elif axis == first and isinstance(entry, slice):
                operands.append(self.place(axis, entry, index, array))
                new.append(Slot(len(operands) + 1))
            elif isinstance(entry, Slot) and isinstance(job.eqn.operands[entry.position].type, Array):
                mode = job.modes[entry.position]
                operands.append(self.read(job.eqn.operands[entry.position], mode, index))
                new.append(Slot(len(operands) + 1))
            else:
                new.append(_renumbered(entry, dynamic, operands))
        name = job.eqn.primitive.name
        fits = FITS in job.eqn.params

        def put(held: Value) -> Value:
            return self.put(name, held, row, tuple(new), operands, fits)

        if self.is_private(array):
            self.rows[job.eqn.target] = self.put_in_row(self.rows[array], put, name, row)  # type: ignore[index]
            return
        carried = self.carried[job.eqn.target]
        carried.now = put(carried.now) if condition is None else self.put_where(condition, carried.now, put)

    def store_in_view(self, job: Job, row: Value, index: Var) -> None:
        """A store to an element of a slice."""
        eqn, carried = job.eqn, self.carried[job.eqn.target]
        operands = (carried.now, row, *eqn.operands[2:], index)
        view = _view_params(eqn)
        prefix = (("getitem", {**view, "index": shifted(view["index"], 1)}),)
        params = {"prefix": prefix, "index": (Slot(len(operands) - 1),), INSIDE: True}
        carried.now = self.renewed(self.builder.apply(eqn.primitive, operands, params), carried.now)

    def put_in_row(self, held: Value, put: Callable[[Value], Value], name: str, row: Value) -> Value:
        """A store to a row that is all that there is of an array."""
        if held.is_array:
            return put(held)
        return row if name == "store" else held + row

    def put_where(self, condition: Value, array: Value, put: Callable[[Value], Value]) -> Value:
        """A store that is done where a condition holds."""
        then = self.builder.region(lambda: [put(array)])
        orelse = self.builder.region(lambda: [array])
        (made,) = self.builder.branch(condition, then, orelse, [array.type])
        objects, source = self.level.context.objects, array.atom
        assert isinstance(made.atom, Var)
        assert isinstance(source, Var)
        objects[made.atom] = objects.get(source, frozenset({source}))
        return made

    def place(self, axis: int, cut: slice, index: Var, array: Atom) -> Value:
        """The index of the row that a store writes."""
        k = self.value(index)
        if cut.step is not None and cut.step < 0:
            return op.dim(self.value(array), axis=axis) - 1 - k
        if cut.step not in (None, 1):
            k = k * cut.step
        return k + cut.start if cut.start else k

    def put(
        self,
        name: str,
        array: Value,
        v: Value,
        index: tuple[Any, ...],
        operands: Sequence[Any],
        fits: bool = False,
    ) -> Value:
        while index and index[-1] == slice(None) and len(index) > 1:
            index = index[:-1]
        params = {"index": index, FITS: True} if fits and v.is_array else {"index": index}
        return self.renewed(self.builder.apply(PRIMITIVES[name], (array, v, *operands), params), array)

    def renewed(self, made: Value, array: Value) -> Value:
        """What a store makes of an array: the same object."""
        source = array.atom
        assert isinstance(source, Var)
        named = self.named(made, source, source.temporary)
        objects = self.level.context.objects
        assert isinstance(named.atom, Var)
        objects[named.atom] = objects.get(source, frozenset({source}))
        return named

    def named(self, made: Value, like: Var, temporary: bool) -> Value:
        """What the last equation has made, under the name of another value."""
        last = self.builder.body[-1] if self.builder.body else None
        if not isinstance(last, Eqn) or last.target is not made.atom or not last.target.temporary:
            return made
        target = Var(like.name, last.target.type, temporary)
        self.builder.body[-1] = replace(last, target=target)
        return self.builder.value(target)


def _view_params(eqn: Eqn) -> dict[str, Any]:
    """The params of the reading of what a store writes to."""
    known = {"lengths": eqn.params["lengths"]} if eqn.params.get("lengths") else {}
    return {"index": shifted(eqn.params["index"], -1), **known}


def _number(type_: Type, value: Any) -> Any:
    """A number of that dtype, one of Python's where that is the same."""
    number = type_.dtype.type(value)
    return number.item() if type_.dtype.name in _PYTHON else number


def _renumbered(entry: Any, dynamic: Sequence[Atom], operands: list[Any]) -> Any:
    """An index entry for the operands that it is given now."""

    def each(part: Any) -> Any:
        if not isinstance(part, Slot):
            return part
        operands.append(dynamic[part.position - 2])
        return Slot(len(operands) + 1)

    if isinstance(entry, slice):
        return slice(each(entry.start), each(entry.stop), each(entry.step))
    return each(entry)


def _of_row(view: View, row: Value) -> Value:
    """What a view of an array has at the row that the loop has made."""
    # A row of length 1 may be a number: that broadcasts in the same way.
    return View(view.root, view.entries[1:], view.dims).value(row) if row.is_array else row


def length_of(view: View, axis: int, dim: Callable[[Var, int], Any]) -> Any:
    """The length of a view along an axis, an int where it is known; `dim` gives that of its root."""
    size = view.dims[axis]
    if isinstance(size, int):
        return size
    k, along = next((k, e) for k, e in enumerate(view.entries) if isinstance(e, Along) and e.out == axis)
    return length_cut(dim(view.root, k), along.cut)


def length_cut(n: Any, cut: slice) -> Any:
    """The length of a slice of n elements; it may be negative for none."""
    start, stop, step = cut.start or 0, cut.stop, 1 if cut.step is None else cut.step
    if step < 0:
        return n
    if step > 1:
        return op.floordiv(n + (step - 1 - start), step) if isinstance(n, Value) else -((start - n) // step)
    if stop is None:
        return n - start if start else n
    if stop < 0:
        return n - (start - stop)
    return (op.min2(n, stop) if isinstance(n, Value) else min(n, stop)) - start
