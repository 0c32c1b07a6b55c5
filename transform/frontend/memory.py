"""Arrays as objects: what a reference to one means now, after the writes so far.

An array that the function makes or is given is an object, known by the first atom that it had. A write gives
it a newer value. A view is an equation on a value of its array; once the array has a newer one, the view is
written down again. So every name, item and attribute keeps what it was bound to, and sees each write.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ..errors import LengthNeeded, UnsupportedError
from ..ir import Atom, Eqn, Statement, Var
from ..rules.build import Value
from ..types import Array, is_complex, rank
from .recorder import Recorder

__all__ = ["Memory", "is_reshape", "view_equation"]

_VIEWS = frozenset({"transpose", "expand_dims", "flip", "squeeze"})
_READ_ONLY = frozenset({"broadcast_to", "broadcast_like", "diagonal"})
_PARTS = frozenset({"real", "imag"})
_RESHAPES = frozenset({"reshape", "reshape_like", "ravel"})
_ROW_MAJOR = frozenset(
    ("zeros", "ones", "empty", "full", "eye", "arange", "linspace", "array", "matmul", "outer", "store")
)
_AS_OPERANDS = frozenset(
    {"copy", "astype", "cast", "zeros_like", "ones_like", "empty_like", "index_add", "where"}
)


_MAY_BE = "this may be the array that was changed in place"


def view_equation(builder: Recorder, atom: Atom) -> Eqn | None:
    """The equation of a value that shares memory with its operand; None for an array of its own."""
    eqn = builder.made.get(builder.first(atom))
    if not isinstance(eqn, Eqn) or not eqn.operands or not isinstance(eqn.target.type, Array):
        return None
    base, name = eqn.operands[0], eqn.primitive.name
    if not isinstance(base.type, Array):
        return None
    if name == "getitem":
        return None if _gathers(eqn) else eqn
    if name in _PARTS:
        return eqn if is_complex(base.type) else None
    return eqn if name in _VIEWS | _READ_ONLY | _RESHAPES else None


def _gathers(eqn: Eqn) -> bool:
    """Whether an index has a list, an array or a mask, so that it makes a copy."""
    return any(isinstance(entry, list) for entry in eqn.params["index"]) or any(
        isinstance(operand.type, Array) for operand in eqn.operands[1:]
    )


def is_reshape(eqn: Eqn) -> bool:
    """Whether a view has its elements in another shape, so that it may have to be a copy."""
    return eqn.primitive.name in _RESHAPES


def is_read_only(eqn: Eqn) -> bool:
    """Whether NumPy refuses to write through a view of this kind."""
    return eqn.primitive.name in _READ_ONLY


class Memory:
    """The arrays of one lowering.

    newest    the value that took the place of a value, by the first atom of the latter
    stale     what can no longer be read or written, and the statement that is the reason
    held      arrays that are items of a list whose length only run time knows
    """

    def __init__(self, builder: Recorder) -> None:
        self.builder = builder
        self.newest: dict[Atom, Value] = {}
        self.stale: dict[Atom, str] = {}
        self.held: dict[Atom, str] = {}
        # Facts about values, true in whatever branch they are asked for.
        self.written: set[Atom] = set()
        self.row_major: set[Atom] = set()
        # Params that are taken to be stored row by row: a call says whether they are.
        self.params: set[Var] = set()
        self.assumed: set[Var] = set()
        self._objects: dict[Atom, Atom] = {}
        self._either: dict[Atom, frozenset[Atom]] = {}
        self._apart: dict[Atom, frozenset[Atom]] = {}
        self._renewed: dict[tuple[Atom, Atom], tuple[list[Statement], int, Statement, Value]] = {}

    @contextlib.contextmanager
    def at(self, newest: dict[Atom, Value], stale: dict[Atom, str]) -> Iterator[None]:
        """What references mean inside is what they mean where these are the newest values."""
        before = self.newest, self.stale
        self.newest, self.stale = newest, stale
        try:
            yield
        finally:
            self.newest, self.stale = before

    # What references mean.

    def live(self, value: Value) -> Value:
        """The newest value of the array, or the view of it, that a value stands for."""
        if not isinstance(value.type, Array) or not (self.newest or self.stale):
            return value
        value = self.latest(value)
        first = value.first_atom
        if (reason := self.stale.get(self.object(first))) is not None:
            raise _stale(reason)
        eqn = view_equation(self.builder, first)
        if eqn is None:
            return value
        base = self.live(Value(self.builder, eqn.operands[0]))
        if base.first_atom is self.builder.first(eqn.operands[0]):
            return value
        if is_reshape(eqn) and not self.is_view(eqn):
            raise UnsupportedError(
                "whether this is a view of an array that was changed since, or a copy of it, is not known",
                "Take a copy before the change, or reshape after it.",
            )
        return self._renew(value, eqn, base)

    def latest(self, value: Value) -> Value:
        """The value that took the place of a value, view or not."""
        first = value.first_atom
        while first in self.newest:
            value = self.newest[first]
            first = value.first_atom
        return value

    def _renew(self, view: Value, eqn: Eqn, base: Value) -> Value:
        """A view of the newest value of its array, written down once in each block."""
        body = self.builder.body
        key = (view.first_atom, base.first_atom)
        known = self._renewed.get(key)
        if known is not None and known[0] is body and body[known[1] : known[1] + 1] == [known[2]]:
            return known[3]
        others = [self.live(Value(self.builder, operand)) for operand in eqn.operands[1:]]
        again = self.builder.apply(eqn.primitive, (base, *others), eqn.params)
        if isinstance(view.atom, Var):
            again = self.builder.name(again, view.atom.name, view.atom.temporary)
        self._renewed[key] = (body, len(body) - 1, body[-1], again)
        return again

    # Which arrays there are.

    def object(self, atom: Atom) -> Atom:
        """The array that a value, which is no view, is a value of."""
        first = self.builder.first(atom)
        return self._objects.get(first, first)

    def root(self, value: Value) -> Value:
        """The newest value of the array that a value is, or is a view of."""
        value = self.latest(value)
        eqn = view_equation(self.builder, value.first_atom)
        return value if eqn is None else self.root(Value(self.builder, eqn.operands[0]))

    def origin(self, value: Value) -> Value:
        """The value of an array that a view was taken of."""
        eqn = view_equation(self.builder, value.first_atom)
        return value if eqn is None else self.origin(Value(self.builder, eqn.operands[0]))

    def may_be(self, obj: Atom) -> frozenset[Atom]:
        """The arrays of which an object may be one."""
        return self._either.get(obj, frozenset((obj,)))

    # What happens to them.

    def advance(self, old: Value, new: Value) -> None:
        """A write: `new` takes the place of `old`, the newest value of an array."""
        obj = self.object(old.first_atom)
        if self.held and not self.held.keys().isdisjoint({obj, *self.may_be(obj)}):
            raise LengthNeeded(
                "an array is changed in place that is also in a list whose length is known only at run time",
                "Append a copy of it: xs.append(x.copy()).",
            )
        self.replace(old, new)
        self.written |= {obj, *self.may_be(obj)}
        for other in self._related(obj):
            self.stale.setdefault(other, self._statement())

    def _statement(self) -> str:
        return "a write" if self.builder.origin is None else self.builder.origin.statement

    def replace(self, old: Value, new: Value) -> None:
        """Let `new` take the place of `old`, after writes in a branch or a loop that have been noted."""
        if new.first_atom is not old.first_atom:
            self.same(new, old)
            self.newest[old.first_atom] = new

    def same(self, new: Value, old: Value) -> None:
        """Note that `new` is another value of the array that `old` is a value of."""
        if isinstance(old.atom, Var):
            new = self.builder.name(new, old.atom.name, old.atom.temporary)
        obj = self.object(old.first_atom)
        if new.first_atom is not obj:
            self._objects[new.first_atom] = obj
            self._either.pop(new.first_atom, None)

    def joined(self, target: Value, *sources: Any) -> None:
        """Note that what a branch or a loop yields may be, or be a view of, the array of any of its sources.

        Where it turns out to be the newest value of the one array that they all are, `replace` says so.
        """
        arrays = [each for each in sources if isinstance(each, Value) and isinstance(each.type, Array)]
        objects = [self.may_be(self.object(self.root(each).first_atom)) for each in arrays]
        if objects:
            self._either[target.first_atom] = frozenset().union(*objects)

    def may_be_any(self, value: Value, arrays: Iterable[Atom]) -> None:
        """Note that a value may be any of some arrays."""
        self._either[value.first_atom] = frozenset(arrays)

    def apart(self, targets: Sequence[Value]) -> None:
        """Note that values are different arrays, whatever arrays outside they may be."""
        objects = frozenset(self.object(target.first_atom) for target in targets)
        for each in objects:
            self._apart[each] = self._apart.get(each, frozenset()) | objects

    def uncertain(self, copy: Value, source: Value) -> None:
        """Note that `copy` may be the very array that it is a copy of."""
        obj = self.object(self.root(source).first_atom)
        self._either[copy.first_atom] = self.may_be(obj) | {copy.first_atom}

    def may_be_one_of(self, result: Value, sources: Sequence[Value]) -> None:
        """Note that what a function gives may be, or be a view of, any of the arrays that it was given."""
        if sources:
            objects = (self.arrays_of(source) for source in sources)
            self._either[result.first_atom] = frozenset((result.first_atom,)).union(*objects)

    def arrays_of(self, value: Value) -> frozenset[Atom]:
        """The arrays of which a value may be one, or a view of one."""
        return self.may_be(self.object(self.root(value).first_atom))

    def detach(self, view: Value) -> None:
        """Let a view be the array, and forget the value that it is a view of: no name has it."""
        eqn = view_equation(self.builder, view.first_atom)
        assert eqn is not None
        self.stale[self.object(eqn.operands[0])] = self._statement()
        self._objects[view.first_atom] = view.first_atom

    def _related(self, obj: Atom) -> set[Atom]:
        mine = self.may_be(obj)
        found = {other for other, theirs in self._either.items() if theirs & mine} | mine
        return found - {obj} - self._apart.get(obj, frozenset())

    def hold(self, value: Value) -> None:
        """Note that an array is an item of a list, which would see what is written to it."""
        obj = self.object(self.origin(value).first_atom)
        for each in {obj, *self.may_be(obj)}:
            self.held[each] = "an item of a list"

    # How arrays lie in memory.

    def is_view(self, eqn: Eqn) -> bool:
        """Whether a reshape is sure to be a view, as it is where elements are stored one after the other."""
        base = eqn.operands[0]
        if rank(base.type) == 1 and eqn.primitive.name != "ravel":
            return True
        assumed: set[Var] = set()
        if not self.is_row_major(base, assumed):
            return False
        self.assumed |= assumed
        return True

    def is_row_major(self, atom: Atom, assumed: set[Var] | None = None) -> bool:
        """Whether the elements of an array are sure to be stored row by row without gaps.

        An array that the caller passes may be, see Function.row_major; where `assumed` is given, it collects
        those, else they are not.
        """
        builder, first = self.builder, self.object(atom)
        if isinstance(first, Var) and first in self.params and assumed is not None:
            assumed.add(first)
            return True
        view = view_equation(builder, first)
        if view is not None:
            leading = view.primitive.name == "getitem" and all(
                not isinstance(entry, slice) and entry is not None and entry is not Ellipsis
                for entry in view.params["index"]
            )
            return (leading or is_reshape(view)) and self.is_row_major(view.operands[0], assumed)
        eqn = builder.made.get(first)
        if not isinstance(eqn, Eqn):
            return False
        if rank(first.type) == 1 or eqn.primitive.name in _ROW_MAJOR or first in self.row_major:
            return True
        if not eqn.primitive.elementwise and eqn.primitive.name not in _AS_OPERANDS:
            return False
        whole = [each for each in eqn.operands if rank(each.type) == rank(first.type)]
        return all(self.is_row_major(each, assumed) for each in whole)


def _stale(reason: str) -> UnsupportedError:
    return UnsupportedError(
        reason if reason.startswith(_MAY_BE) else f"{_MAY_BE} ({reason}), or another one",
        "Take a copy before the change, or use one name for each array.",
    )
