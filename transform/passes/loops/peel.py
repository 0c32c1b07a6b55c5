"""Array equations as loops, the first axis first.

    t = x * x                        for i in range(x.shape[0]):
    s = t.sum()            --->          t = x[i] * x[i]
                                         s = s + t

Equations that run over the same length share a loop where none needs more of another than its own row.
What only they read is a row then, not an array. The body of a loop is an array program of one rank less,
done in the same way, until all is scalar (loop fusion and array contraction: Allen and Kennedy, Optimizing
Compilers for Modern Architectures, 2001, chapter 6).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ...errors import IRError
from ...ir import (
    Atom,
    Eqn,
    For,
    Function,
    If,
    Region,
    Slot,
    Statement,
    Var,
    While,
    atoms_of,
    reads,
    regions_of,
)
from ...rules.build import Builder, op
from ...rules.creation import new_array
from ...types import Array, Dims
from ..memory import Memory, has_memory, overwritten_params
from .contract import contracted
from .extents import Extents
from .groups import Group, grouped
from .jobs import Job, Kind, job_of
from .nest import length_of, nest
from .views import Along, View, seen_through, whole

__all__ = ["peeled"]

INDICES = "ijkl"


def peeled(function: Function) -> Function:
    """The function with loops for what array equations do element by element."""
    roots = Memory(function, overwritten_params(function)).roots
    context = Context(Dims(), dict(roots), Extents(function))
    body = Level(context, function.results).block(function.body)
    return replace(function, body=context.extents.once(body))


@dataclass
class Context:
    """What all levels know: which lengths agree, which objects a value may be, the lengths of arguments."""

    dims: Dims
    objects: dict[Var, frozenset[Any]]
    extents: Extents

    def objects_of(self, var: Var) -> frozenset[Any]:
        return self.objects.get(var, frozenset({var})) if has_memory(var) else frozenset()


@dataclass
class Level:
    """One block of statements, `depth` loops deep; `results` are what is read after it."""

    context: Context
    results: Sequence[Atom]
    depth: int = 0
    views: dict[Var, View] = field(default_factory=dict)
    jobs: dict[Var, Job] = field(default_factory=dict)
    same: dict[Var, Var] = field(default_factory=dict)
    """The first version of an array that stores overwrite, by each later one."""
    made: dict[Var, Eqn] = field(default_factory=dict)
    """What would make the arrays that are there row by row only."""

    def block(self, body: Sequence[Statement]) -> tuple[Statement, ...]:
        body = self.classified(body)
        needed = self.needed(body)
        todo = [
            s for s in body if not (isinstance(s, Eqn) and s.target in self.views and s.target not in needed)
        ]
        builder = Builder(self.context.dims)
        groups = contracted(self, grouped(self, todo))
        for group in groups:
            if group.jobs:
                nest(self, builder, group, self.outside(group, groups))
            else:
                builder.body += map(self.nested, group.statements)
        return tuple(builder.body)

    def classified(self, body: Sequence[Statement]) -> list[Statement]:
        """Find the views that can be seen through and what can be done row by row.

        What reads an element of a view, or the shape of what is a job, reads it elsewhere.
        """
        plain: list[Statement] = []
        for statement in body:
            if not isinstance(statement, Eqn):
                plain.append(statement)
                continue
            view = self.view_by(statement)
            if view is not None and not view.dims:
                plain += self.element(statement, view)
                continue
            *before, statement = self.sized(statement)
            plain += [*before, statement]
            if view is not None:
                self.views[statement.target] = view
            elif (job := job_of(statement, self.context.dims)) and not self.overlaps(job):
                self.jobs[statement.target] = job
            if statement.primitive.consumes:
                first = statement.operands[0]
                assert isinstance(first, Var)
                self.same[statement.target] = self.same.get(first, first)
        return plain

    def element(self, eqn: Eqn, view: View) -> list[Statement]:
        """An element of a view, read where it is."""
        if view.root is eqn.operands[0]:
            return [eqn]
        builder = Builder(self.context.dims)
        builder.origin, builder.sweep = eqn.origin, eqn.sweep
        view.value(builder.value(view.root))
        last = builder.body[-1]
        assert isinstance(last, Eqn)
        return [*builder.body[:-1], replace(last, target=eqn.target)]

    def sized(self, statement: Eqn) -> list[Eqn]:
        """A statement that reads the shape of what a loop makes reads it from what the loop runs over."""
        if statement.primitive.name == "dim":
            return [self.root_sized(statement)]
        if statement.primitive.name == "zeros_like" and self.is_made_by_row(statement.operands[0]):
            return self.zeros(statement)
        shapes = statement.primitive.shape_only
        operands = tuple(
            self.like(each) if k in shapes else each for k, each in enumerate(statement.operands)
        )
        return [statement if operands == statement.operands else replace(statement, operands=operands)]

    def is_made_by_row(self, atom: Atom) -> bool:
        """Whether nothing of the shape of what a loop makes is there before it."""
        like = self.like(atom)
        return isinstance(like, Var) and self.view(like).root in self.jobs

    def zeros(self, eqn: Eqn) -> list[Eqn]:
        """`np.zeros((a.shape[0], b.shape[1]))` for np.zeros_like."""
        builder = Builder(self.context.dims)
        builder.origin, builder.sweep = eqn.origin, eqn.sweep
        like = builder.value(eqn.operands[0])
        assert isinstance(eqn.target.type, Array)
        dims = map(self.context.dims.resolve, eqn.target.type.dims)
        sizes = [size if isinstance(size, int) else op.dim(like, axis=k) for k, size in enumerate(dims)]
        new_array(builder, "zeros", sizes, eqn.target.type)
        *lengths, last = (each for each in builder.body if isinstance(each, Eqn))
        return [*map(self.root_sized, lengths), replace(last, target=eqn.target)]

    def root_sized(self, eqn: Eqn) -> Eqn:
        """The length of what a loop makes, or of a view, as that of what it is made of."""
        (array,), axis = eqn.operands, eqn.params["axis"]
        found: tuple[Atom, int] | None = (array, axis)
        while found is not None:
            array, axis = found
            found = self.longer(array, axis)
        return replace(eqn, operands=(array,), params={**eqn.params, "axis": axis})

    def longer(self, array: Atom, axis: int) -> tuple[Atom, int] | None:
        """What has an axis of the same length and was there before an array."""
        if not isinstance(array, Var) or not isinstance(array.type, Array):
            return None
        if array in self.views:
            view = self.view(array)
            alike = (
                k for k, e in enumerate(view.entries) if isinstance(e, Along) and e.is_full and e.out == axis
            )
            return next(((view.root, k) for k in alike), None)
        job, dims = self.jobs.get(array), self.context.dims
        if job is None or job.kind is not Kind.MAP:
            return None
        for operand in job.eqn.operands:
            for k, size in enumerate(operand.type.dims if isinstance(operand.type, Array) else ()):
                if dims.same(size, array.type.dims[axis]):
                    return operand, k
        return None

    def like(self, atom: Atom) -> Atom:
        """Something of the same shape that is there, if that is easily found."""
        job = self.jobs.get(atom) if isinstance(atom, Var) else None
        if job is None or job.kind is not Kind.MAP or not isinstance(atom.type, Array):
            return atom
        for operand in job.eqn.operands:
            if _alike(operand, atom, self.context.dims):
                return self.like(operand)
        return atom

    def view_by(self, eqn: Eqn) -> View | None:
        if not eqn.primitive.view:
            return None
        (base, *_) = eqn.operands
        return seen_through(eqn, self.view(base)) if isinstance(base, Var) and has_memory(base) else None

    def view(self, var: Var) -> View:
        """An array as a view of what holds its elements."""
        return self.views.get(var) or whole(var)

    def overlaps(self, job: Job) -> bool:
        """Whether a store reads other rows of the array that it writes to: NumPy takes a copy first."""
        if job.kind is not Kind.STORE:
            return False
        array, v = job.eqn.operands[:2]
        return (
            isinstance(v, Var)
            and has_memory(v)
            and v not in self.jobs
            and isinstance(array, Var)
            and not self.context.objects_of(self.view(v).root).isdisjoint(self.context.objects_of(array))
        )

    def is_idle_view(self, statement: Statement, needed: set[Atom]) -> bool:
        """Whether a statement makes a view that nobody needs as an array."""
        return (
            isinstance(statement, Eqn) and statement.target in self.views and statement.target not in needed
        )

    def needed(self, body: Sequence[Statement]) -> set[Atom]:
        """The views that must be there as arrays: a job sees through them, nothing else does."""
        needed: set[Atom] = set(self.results)
        for statement in reversed(body):
            if isinstance(statement, Eqn) and statement.target in self.jobs:
                if statement.primitive.consumes:
                    needed.add(statement.operands[0])
                continue
            if (
                isinstance(statement, Eqn)
                and statement.target in self.views
                and statement.target not in needed
            ):
                continue
            needed.update(atoms_of(statement))
            for region in regions_of(statement):
                needed.update(reads(region.body))
                needed.update(region.results)
        return needed

    @property
    def index(self) -> str:
        """The name of the index of a loop at this level."""
        return INDICES[min(self.depth, len(INDICES) - 1)]

    def inside(self, region: Region) -> Region:
        """The body of a loop made at this level, done."""
        return replace(region, body=Level(self.context, region.results, self.depth + 1).block(region.body))

    def extent(self, eqn: Eqn, axis: int, builder: Builder) -> Any:
        """The length of an equation's result along an axis, an int where it is known."""
        size = self.context.dims.resolve(eqn.target.type.dims[axis])  # type: ignore[union-attr]
        if isinstance(size, int):
            return size
        if (known := self.context.extents.exact(eqn.target.type.dims[axis], builder)) is not None:  # type: ignore[union-attr]
            return known
        if eqn.primitive.name == "broadcast_to":
            entry = eqn.params["shape"][axis]
            return builder.value(eqn.operands[entry.position]) if isinstance(entry, Slot) else entry
        for operand in eqn.operands:
            dims = operand.type.dims if isinstance(operand.type, Array) else ()
            for k, own in enumerate(dims):
                if isinstance(operand, Var) and self.context.dims.same(own, size):
                    return self.length(operand, k, builder)
        raise IRError(
            f"{eqn!r} has a length that none of its operands has: "
            f"{eqn.target.type}, {[str(each.type) for each in eqn.operands]}"
        )

    def length(self, var: Var, axis: int, builder: Builder) -> Any:
        """The length of an array along an axis, an int where it is known."""
        return length_of(self.view(var), axis, lambda root, k: self.dim(root, k, builder))

    def dim(self, root: Var, axis: int, builder: Builder) -> Any:
        """The length of what holds its own elements, also where that is only there row by row."""
        root = self.same.get(root, root)
        if root in self.jobs:
            return self.extent(self.jobs[root].eqn, axis, builder)
        own = root.type.dims[axis]  # type: ignore[union-attr]
        size = self.context.dims.resolve(own)
        if isinstance(size, int):
            return size
        if (known := self.context.extents.exact(own, builder)) is not None:
            return known
        if root not in self.made:
            return op.dim(builder.value(root), axis=axis)
        eqn = self.made[root]
        if "shape" not in eqn.params:
            return self.length(eqn.operands[0], axis, builder)  # type: ignore[arg-type]
        entry = eqn.params["shape"][axis]
        return builder.value(eqn.operands[entry.position]) if isinstance(entry, Slot) else entry

    def outside(self, group: Group, groups: Sequence[Group]) -> set[Atom]:
        """What is read outside of a group."""
        found: set[Atom] = set(self.results)
        for other in groups:
            if other is not group:
                found |= other.reads
        return found

    def nested(self, statement: Statement) -> Statement:
        """The statement with its regions done."""

        def region(old: Region) -> Region:
            return replace(old, body=Level(self.context, old.results, self.depth).block(old.body))

        match statement:
            case If(then=then, orelse=orelse):
                return replace(statement, then=region(then), orelse=region(orelse))
            case For(body=body):
                return replace(statement, body=region(body))
            case While(condition=condition, body=body):
                return replace(statement, condition=region(condition), body=region(body))
        return statement


def _alike(a: Atom, b: Atom, dims: Dims) -> bool:
    """Whether two arrays have the same shape and dtype."""
    if not isinstance(a.type, Array) or not isinstance(b.type, Array) or a.type.dtype != b.type.dtype:
        return False
    return len(a.type.dims) == len(b.type.dims) and all(map(dims.same, a.type.dims, b.type.dims))
