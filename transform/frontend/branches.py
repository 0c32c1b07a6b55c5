"""Run-time decisions: both branches are lowered into regions, and what they leave behind is joined."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import Origin, UnsupportedError
from ..ir import Atom, Eqn, Region, Statement, has_effect, walk
from ..rules.build import Value, numeric
from ..rules.registry import PRIMITIVES
from ..types import Array, Dims, Scalar, Type, promote, type_of_number, unknown_dim
from .lowering import Lowering
from .operators import truth
from .raising import raise_where
from .recorder import is_weak, plain, spell, text_of
from .scope import Closure, Frame, Raised, Unbound

__all__ = ["Join", "State", "choose", "fork", "survivor"]

# What may stand after `and` in one expression: it neither fails nor costs much.
_HARMLESS = frozenset(
    ("add", "sub", "mul", "neg", "pos", "lt", "le", "gt", "ge", "eq", "ne", "and_", "or_", "not_", "literal")
    + ("dim", "size", "abs")
)


def choose(
    frame: Frame,
    node: Any,
    condition: Any,
    then: Callable[[], Any] | None,
    orelse: Callable[[], Any] | None,
) -> Any:
    """`then() if condition else orelse()`; None stands for the condition's own value, as `and` has it."""
    low = frame.low
    condition = low.live(condition)
    decided = truth(low, condition)
    if not isinstance(decided, Value):
        taken = then if decided else orelse
        return condition if taken is None else taken()
    origin = frame.origin(node)

    def value_of(branch: Callable[[], Any] | None) -> Callable[[], Any]:
        return (lambda: condition) if branch is None else branch

    low.builder.origin = origin
    a, b = fork(low, value_of(then), value_of(orelse))
    if a.raised or b.raised:
        return survivor(low, decided, a, b)
    low.builder.origin = origin
    if decided is condition and (then is None) != (orelse is None) and a.state.same(b.state):
        logical = _logical(low, decided, "and_" if orelse is None else "or_", a if orelse is None else b)
        if logical is not None:
            return logical
    joined = Join(low, a, b)
    result = joined.value(a.result, b.result, "the value")
    joined.require(result, "Give both outcomes the same structure.", origin)
    joined.states()
    joined.finish(decided)
    return joined.resolve(result)


def _logical(low: Lowering, condition: Value, name: str, other: Outcome) -> Any:
    """`a and b`, `a or b` of bools as one expression, where evaluating b always does no harm."""
    result = other.result
    if isinstance(result, Value):
        if isinstance(result.type, Array) or result.type.dtype.kind != "b":
            return None
    elif not isinstance(result, bool):
        return None
    if not all(_harmless(statement) for statement in other.body):
        return None
    low.builder.body.extend(other.body)
    return low.builder.apply(PRIMITIVES[name], (condition, result), {})


def _harmless(statement: Statement) -> bool:
    if not isinstance(statement, Eqn) or statement.primitive.name not in _HARMLESS:
        return False
    return isinstance(statement.target.type, Scalar) and statement.target.temporary


# Running both branches.


@dataclass
class Outcome:
    """What a branch gives (a Raised where it raises), what it leaves behind, and its equations."""

    low: Lowering
    result: Any
    state: State
    body: list[Statement]

    @property
    def raised(self) -> bool:
        return isinstance(self.result, Raised)

    def live(self, value: Any) -> Any:
        """What a reference means at the end of the branch; Unbound where nothing can be said."""
        overwritten, stale = self.state.copy_of(self.low.overwritten), self.state.copy_of(self.low.stale)
        while isinstance(value, Value) and value.first_atom in overwritten:
            value = overwritten[value.first_atom]
        if isinstance(value, Value) and value.first_atom in stale:
            return Unbound(f"it shares memory with an array changed in place ({stale[value.first_atom]})")
        return self.low.live(value)


def fork(low: Lowering, then: Callable[[], Any], orelse: Callable[[], Any]) -> tuple[Outcome, Outcome]:
    """Run both branches from the same state."""
    return _outcome(low, then), _outcome(low, orelse)


def _outcome(low: Lowering, branch: Callable[[], Any]) -> Outcome:
    before = State.of(low)
    outer, low.builder.body = low.builder.body, []
    low.fresh.append(set())
    try:
        try:
            result = branch()
        except Raised as raised:
            result = raised
        return Outcome(low, result, State.of(low), low.builder.body)
    finally:
        low.builder.body = outer
        low.fresh.pop()
        before.restore()


def survivor(low: Lowering, condition: Value, a: Outcome, b: Outcome) -> Any:
    """Go on with the branch that does not raise, after `if condition: raise ...`."""
    if a.raised and b.raised:
        raise a.result
    outcome, raising = (b, a) if a.raised else (a, b)
    raise_where(low, condition, a.raised, raising.body, raising.result.error)
    low.builder.body.extend(outcome.body)
    outcome.state.restore()
    return outcome.result


@dataclass
class State:
    """The content of everything that statements can change: names, lists, dicts, objects."""

    content: dict[int, tuple[Any, Any]]

    @classmethod
    def of(cls, low: Lowering, without: Frame | None = None) -> State:
        """A snapshot of what the running calls can reach (not the one that is about to return)."""
        content: dict[int, tuple[Any, Any]] = {}
        seen: set[int] = set()
        pending: list[Any] = [low.overwritten, low.stale, low.overlay]
        pending += [inner.names for frame in low.frames for inner in _lexical(frame) if frame is not without]
        while pending:
            thing = pending.pop()
            if id(thing) in seen or low.outside.is_foreign(thing):
                continue
            seen.add(id(thing))
            if isinstance(thing, (dict, list, set)):
                content[id(thing)] = (thing, thing.copy())
                pending.extend(_children(thing))
            else:
                pending.extend(_parts(low, thing))
        return cls(content)

    def copy_of(self, thing: Any) -> Any:
        """The content that a container had."""
        return self.content[id(thing)][1]

    def same(self, other: State) -> bool:
        """Whether everything that is in both has the same content."""
        return all(
            _same_content(copy, other.content[key][1])
            for key, (_, copy) in self.content.items()
            if key in other.content
        )

    def restore(self) -> None:
        """Give everything the content it had."""
        for thing, copy in self.content.values():
            if isinstance(thing, list):
                thing[:] = copy
            else:
                thing.clear()
                thing.update(copy)


def _lexical(frame: Frame | None) -> Iterator[Frame]:
    while frame is not None:
        yield frame
        frame = frame.parent


def _children(thing: Any) -> Iterator[Any]:
    for child in thing.values() if isinstance(thing, dict) else thing:
        if not isinstance(child, (Value, str, int, float, complex, type(None))):
            yield child


def _parts(low: Lowering, thing: Any) -> Sequence[Any]:
    """What hangs on an object that is not a container of the interpreter's own."""
    if isinstance(thing, tuple):
        return list(_children(thing))
    if isinstance(thing, Closure):
        return [frame.names for frame in _lexical(thing.frame)]
    if id(thing) in low.created and hasattr(thing, "__dict__"):
        return [thing.__dict__]
    return ()


def _same_content(a: Any, b: Any) -> bool:
    if isinstance(a, dict):
        return len(a) == len(b) and all(key in b and a[key] is b[key] for key in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(x is y for x, y in zip(a, b, strict=True))
    return bool(a == b)


@dataclass
class _Hole:
    """The place of a value that the conditional yields."""

    position: int


class Join:
    """Collects the pairs of values that the two branches leave, and what to do with the joined ones."""

    def __init__(self, low: Lowering, a: Outcome, b: Outcome) -> None:
        self.low, self.a, self.b = low, a, b
        self.pairs: list[tuple[Any, Any, Type, str]] = []
        self.known: dict[tuple[int, int], _Hole] = {}
        self.later: list[Callable[[], None]] = []
        self.values: list[Value] = []

    def states(self, among: State | None = None) -> None:
        """Let every place (`among` the given ones) hold what the branch that runs has put there."""
        for key, (thing, a_copy) in self.a.state.content.items():
            if key not in self.b.state.content or (among is not None and key not in among.content):
                continue
            b_copy = self.b.state.content[key][1]
            if thing is self.low.overwritten:
                self.arrays(a_copy, b_copy)
            elif isinstance(thing, dict):
                self.mapping(thing, a_copy, b_copy)
            elif isinstance(thing, list):
                self.sequence(thing, a_copy, b_copy)
            elif a_copy != b_copy:
                raise UnsupportedError("a set is changed under a run-time condition")

    def arrays(self, a: dict[Atom, Value], b: dict[Atom, Value]) -> None:
        """Arrays changed in place in either branch; those that a branch has made itself are gone."""
        made = {target for each in walk((*self.a.body, *self.b.body)) for target in each.targets}
        for key in {**a, **b}:
            if key not in made and a.get(key) is not b.get(key):
                array = Value(self.low.builder, key)
                self.place(self.low.overwritten, key, self.a.live(array), self.b.live(array), "an array")

    def mapping(self, thing: dict[Any, Any], a: dict[Any, Any], b: dict[Any, Any]) -> None:
        is_scope = any(thing is frame.names for frame in self.low.frames)
        for key in {**a, **b}:
            if key in a and key in b:
                self.place(thing, key, a[key], b[key], str(key))
            elif is_scope:
                thing[key] = Unbound("it is bound in one branch of a run-time condition only")
            elif thing is self.low.stale:
                thing[key] = a.get(key) or b.get(key)
            else:
                raise UnsupportedError("a dict or object gets a new entry under a run-time condition")

    def sequence(self, thing: list[Any], a: list[Any], b: list[Any]) -> None:
        if len(a) != len(b):
            raise UnsupportedError(
                "the length of a list depends on a run-time condition", "Use np.where on the elements."
            )
        for k, (x, y) in enumerate(zip(a, b, strict=True)):
            self.place(thing, k, x, y, "an item")

    def place(self, thing: Any, key: Any, a: Any, b: Any, called: str) -> None:
        if a is b and self.a.live(a) is self.b.live(b):
            thing[key] = a
            return
        joined = self.value(a, b, called)

        def store() -> None:
            value = self.resolve(joined)
            thing[key] = self.low.name(value, key) if isinstance(key, str) else value

        self.later.append(store)

    def value(self, a: Any, b: Any, called: str) -> Any:
        """What stands for `a` in one branch and `b` in the other; Unbound where nothing can."""
        a, b = self.a.live(a), self.b.live(b)
        if a is b or isinstance(a, Unbound):
            return a
        if isinstance(b, Unbound):
            return b
        if isinstance(a, Value) and isinstance(b, Value) and a.atom is b.atom:
            return a
        if _is_number(a) and _is_number(b):
            return self.number(a, b, called)
        if type(a) is type(b) and isinstance(a, (tuple, list)) and len(a) == len(b):
            items = [self.value(x, y, called) for x, y in zip(a, b, strict=True)]
            bad = next((item for item in items if isinstance(item, Unbound)), None)
            return bad or (tuple.__new__(type(a), items) if isinstance(a, tuple) else items)
        if type(a) is type(b) is dict and list(a) == list(b):
            made = {key: self.value(a[key], b[key], called) for key in a}
            return next((item for item in made.values() if isinstance(item, Unbound)), made)
        if type(a) is type(b) and isinstance(a, (str, bytes)) and a == b:
            return a
        return Unbound(f"{called} is something different in the two branches of a run-time condition")

    def require(self, result: Any, remedy: str, origin: Origin) -> None:
        """Refuse a result that has no single value."""
        if isinstance(result, Unbound):
            raise UnsupportedError(result.reason, remedy, origin)

    def number(self, a: Any, b: Any, called: str) -> Any:
        if not isinstance(a, Value) and not isinstance(b, Value):
            x, y = plain(a), plain(b)
            if type(x) is type(y) and (x == y or (x != x and y != y)) and repr(x) == repr(y):
                return spell(x, text_of(a)) if text_of(a) else x
        type_ = joined_type(self.low.builder.dims, _type(self.low, a), _type(self.low, b))
        if type_ is None:
            return Unbound(
                f"{called} has type {_type(self.low, a)} in one branch of a run-time condition "
                f"and {_type(self.low, b)} in the other"
            )
        key = (id(a), id(b))
        if key not in self.known:
            self.pairs.append((a, b, type_, called))
            self.known[key] = _Hole(len(self.pairs) - 1)
        return self.known[key]

    def finish(self, condition: Value) -> None:
        """Write the conditional, and put the joined values in their places."""
        builder = self.low.builder
        if self.pairs or any(map(has_effect, (*self.a.body, *self.b.body))):
            regions = [
                Region((), *self._region(body, [(pair[k], pair[2]) for pair in self.pairs]))
                for k, body in enumerate((self.a.body, self.b.body))
            ]
            types = [pair[2] for pair in self.pairs]
            self.values = builder.branch(condition, regions[0], regions[1], types)
        for store in self.later:
            store()

    def _region(self, body: list[Statement], results: Sequence[tuple[Any, Type]]) -> tuple[Any, Any]:
        builder = self.low.builder
        outer, builder.body = builder.body, body
        try:
            atoms = tuple(builder.atom(converted(self.low, value, type_)) for value, type_ in results)
            return tuple(builder.body), atoms
        finally:
            builder.body = outer

    def resolve(self, joined: Any) -> Any:
        """The joined value with the results of the conditional in place."""
        if isinstance(joined, _Hole):
            return self.values[joined.position]
        if isinstance(joined, tuple):
            return tuple.__new__(type(joined), [self.resolve(item) for item in joined])
        if isinstance(joined, list):
            return self.low.new_object([self.resolve(item) for item in joined])
        if isinstance(joined, dict):
            return self.low.new_object({key: self.resolve(item) for key, item in joined.items()})
        return joined


def _is_number(thing: Any) -> bool:
    return (
        isinstance(thing, Value)
        or (numeric(thing) and not isinstance(thing, np.generic))
        or (isinstance(thing, np.generic) and thing.dtype.kind in "biufc")
    )


def _type(low: Lowering, thing: Any) -> Type:
    return thing.type if isinstance(thing, Value) else type_of_number(plain(thing))


def joined_type(dims: Dims, a: Type, b: Type) -> Type | None:
    """A type that both have or can be converted to; None where there is none."""
    if isinstance(a, Array) and isinstance(b, Array):
        if a.dtype != b.dtype or len(a.dims) != len(b.dims):
            return None
        sizes = zip(a.dims, b.dims, strict=True)
        return Array(a.dtype, tuple(m if dims.same(m, n) else unknown_dim() for m, n in sizes))
    if isinstance(a, Array) or isinstance(b, Array):
        return None
    if "b" in (a.dtype.kind, b.dtype.kind) and a.dtype.kind != b.dtype.kind:
        return None
    if a.weak != b.weak:
        # NumPy's float64 stands for Python's float; other mixtures change the precision of what follows.
        dtype = a.dtype if b.weak else b.dtype
        return Scalar(dtype) if promote((a, b))[0] == dtype else None
    dtype, weak = promote((a, b))
    return Scalar(dtype, weak)


def converted(low: Lowering, value: Any, type_: Type) -> Any:
    """A number in the type that both branches agree on."""
    if isinstance(type_, Array):
        return value
    given = _type(low, value)
    if not isinstance(value, Value):
        python = {"f": float, "c": complex, "i": int, "b": bool, "u": int}[type_.dtype.kind]
        if type_.weak:
            return value if type(plain(value)) is python else python(value)
        return type_.dtype.type(plain(value))
    if given == type_ or (given.dtype == type_.dtype and is_weak(value) == type_.weak):
        return value
    if type_.weak:
        name = {"f": "to_float", "c": "to_complex", "i": "to_int", "b": "to_bool"}[type_.dtype.kind]
        return low.builder.apply(PRIMITIVES[name], (value,), {})
    return low.builder.apply(PRIMITIVES["astype"], (value,), {"dtype": type_.dtype})
