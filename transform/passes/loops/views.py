"""Views seen through: which element of an array stands at an index of `x.T[1:-1, None]`.

A view runs along axes of its root, `start + step * k` for the k-th element, and is fixed on the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ...ir import Atom, Eqn, Lit, Slot, Var
from ...rules.build import Value, op
from ...rules.registry import PRIMITIVES
from ...types import Array, Size, rank

__all__ = ["Along", "Fixed", "View", "is_plain", "seen_through", "whole"]


@dataclass(frozen=True)
class Along:
    """An axis of the root that axis `out` of the view runs along; all of it where `backwards`."""

    out: int
    start: int = 0
    step: int = 1
    backwards: bool = False
    stop: int | None = None

    @property
    def cut(self) -> slice:
        """The slice, as it is written."""
        if self.backwards:
            return slice(None, None, -1)
        return slice(self.start or None, self.stop, self.step if self.step != 1 else None)

    @property
    def is_full(self) -> bool:
        return self.cut == slice(None)


@dataclass(frozen=True)
class Fixed:
    """An axis of the root at which the view has one index: `start + step * index`."""

    index: Atom
    start: int = 0
    step: int = 1
    backwards: bool = False


@dataclass(frozen=True)
class View:
    """Axes of a root array, in the order of the view; an axis of the view may run along none (length 1)."""

    root: Var
    entries: tuple[Along | Fixed, ...]
    dims: tuple[Size, ...]

    def at(self, index: Atom) -> View:
        """The view without its first axis, at an index that is not negative."""

        def entry(each: Along | Fixed) -> Along | Fixed:
            if isinstance(each, Fixed):
                return each
            if each.out:
                return replace(each, out=each.out - 1)
            return Fixed(index, each.start, each.step, each.backwards)

        return View(self.root, tuple(map(entry, self.entries)), self.dims[1:])

    def first(self) -> tuple[int, int, int, bool] | None:
        """Where the first axis runs: the root's axis, start, step and direction; None for a new axis."""
        found = [(k, each) for k, each in enumerate(self.entries) if isinstance(each, Along) and not each.out]
        if len(found) != 1:
            return None
        k, each = found[0]
        return k, each.start, each.step, each.backwards

    def value(self, root: Value) -> Value:
        """The view of what the root is now, as equations."""
        operands: list[Value] = []
        index: list[Any] = []
        outs: list[int] = []
        for axis, each in enumerate(self.entries):
            if isinstance(each, Along):
                outs.append(each.out)
                index.append(each.cut)
            else:
                number = _position(root, axis, each)
                if isinstance(number, int):
                    index.append(number)
                else:
                    operands.append(number)
                    index.append(Slot(len(operands)))
        while index and index[-1] == slice(None):
            index.pop()
        made = root
        if index:
            made = root.builder.apply(PRIMITIVES["getitem"], (root, *operands), {"index": tuple(index)})
        order = sorted(range(len(outs)), key=lambda k: outs[k])
        if order != list(range(len(outs))):
            made = op.transpose(made, axes=tuple(order))
        new = tuple(k for k in range(len(self.dims)) if k not in outs)
        return op.expand_dims(made, axis=new) if new and len(outs) else made


def _position(root: Value, axis: int, fixed: Fixed) -> Any:
    """The index into the root, an int where it is known."""
    index: Any = fixed.index
    if isinstance(index, Lit) and not fixed.backwards:
        return fixed.start + fixed.step * index.value if index.value >= 0 else index.value
    k = root.builder.value(index)
    if fixed.backwards:
        return op.sub(op.sub(op.dim(root, axis=axis), 1), k)
    if fixed.step != 1:
        k = op.mul(k, fixed.step)
    return op.add(k, fixed.start) if fixed.start else k


def whole(root: Var) -> View:
    """An array as a view of itself."""
    dims = root.type.dims if isinstance(root.type, Array) else ()
    return View(root, tuple(Along(k) for k in range(len(dims))), dims)


def seen_through(eqn: Eqn, base: View) -> View | None:
    """The view that an equation makes of a view; None where that is known only at run time."""
    name, params = eqn.primitive.name, eqn.params
    dims = eqn.target.type.dims if isinstance(eqn.target.type, Array) else ()
    match name:
        case "getitem":
            return _indexed(base, params["index"], eqn.operands, dims)
        case "transpose":
            axes = params["axes"] or tuple(reversed(range(len(dims))))
            return _moved(base, {axis: k for k, axis in enumerate(axes)}, dims)
        case "expand_dims":
            new = params["axis"] if isinstance(params["axis"], tuple) else (params["axis"],)
            kept = [k for k in range(len(dims)) if k not in {axis % len(dims) for axis in new}]
            return _moved(base, dict(enumerate(kept)), dims)
        case "squeeze":
            return _squeezed(base, params, dims)
        case "flip":
            return _flipped(base, params["axis"])
        case "diagonal" if rank(eqn.operands[0].type) == 2 and params["k"] == 0:
            return _moved(base, {0: 0, 1: 0}, dims)
    return None


def _moved(base: View, to: Mapping[int, int], dims: tuple[Size, ...]) -> View:
    entries = tuple(replace(e, out=to[e.out]) if isinstance(e, Along) else e for e in base.entries)
    return View(base.root, entries, dims)


def _squeezed(base: View, params: Mapping[str, Any], dims: tuple[Size, ...]) -> View | None:
    axis = params.get("axis")
    if axis is None:
        gone = {k for k, size in enumerate(base.dims) if size == 1}
    else:
        gone = {k % len(base.dims) for k in (axis if isinstance(axis, tuple) else (axis,))}
    kept = [k for k in range(len(base.dims)) if k not in gone]
    entries: list[Along | Fixed] = []
    for each in base.entries:
        if isinstance(each, Along) and each.out in gone:
            entries.append(Fixed(Lit(0), each.start, each.step, each.backwards))
        else:
            entries.append(replace(each, out=kept.index(each.out)) if isinstance(each, Along) else each)
    return View(base.root, tuple(entries), dims)


def _flipped(base: View, axis: Any) -> View | None:
    axes = range(len(base.dims)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    which = {k % len(base.dims) for k in axes}
    entries: list[Along | Fixed] = []
    for each in base.entries:
        if isinstance(each, Along) and each.out in which:
            if not each.is_full:
                return None
            each = replace(each, backwards=True)
        entries.append(each)
    return View(base.root, tuple(entries), base.dims)


def _indexed(
    base: View, index: tuple[Any, ...], operands: Sequence[Atom], dims: tuple[Size, ...]
) -> View | None:
    if index.count(Ellipsis) if not any(isinstance(e, list) for e in index) else True:
        if any(isinstance(e, list) for e in index):
            return None
        k = index.index(Ellipsis)
        used = sum(e is not None and e is not Ellipsis for e in index)
        index = (*index[:k], *[slice(None)] * (len(base.dims) - used), *index[k + 1 :])
    by_axis: dict[int, Any] = {}
    axis = out = 0
    for entry in index:
        if entry is None:
            out += 1
            continue
        if isinstance(entry, slice):
            by_axis[axis] = (out, entry)
            out += 1
        elif isinstance(entry, Slot):
            atom = operands[entry.position]
            if rank(atom.type) or atom.type.dtype.kind == "b":
                return None
            by_axis[axis] = atom
        else:
            by_axis[axis] = Lit(entry)
        axis += 1
    for rest in range(axis, len(base.dims)):
        by_axis[rest] = (out, slice(None))
        out += 1
    entries = [each if isinstance(each, Fixed) else _entry(each, by_axis[each.out]) for each in base.entries]
    if any(entry is None for entry in entries):
        return None
    return View(base.root, tuple(entries), dims)  # type: ignore[arg-type]


def _entry(along: Along, how: Any) -> Along | Fixed | None:
    """An axis of a view, indexed."""
    if isinstance(how, tuple):
        out, cut = how
        return _cut(along, out, cut)
    nonnegative = isinstance(how, Lit) and how.value >= 0
    if not along.is_full and not nonnegative:
        return None
    return Fixed(how, along.start, along.step, along.backwards)


def _cut(along: Along, out: int, cut: slice) -> Along | None:
    if cut == slice(None):
        return replace(along, out=out)
    if not along.is_full or not is_plain(cut):
        return None
    if cut == slice(None, None, -1):
        return Along(out, 0, 1, True)
    return Along(out, cut.start or 0, cut.step or 1, False, cut.stop)


def is_plain(cut: slice) -> bool:
    """Whether the k-th element of a slice stands at start + step * k, with both known."""
    if cut == slice(None, None, -1):
        return True
    start, stop, step = cut.start or 0, cut.stop, 1 if cut.step is None else cut.step
    plain = all(isinstance(each, int) for each in (start, stop or 0, step))
    return plain and start >= 0 and step >= 1 and (step == 1 or stop is None)
