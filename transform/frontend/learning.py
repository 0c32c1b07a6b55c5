"""What a loop changes: learned from what differs at the end of its body, until nothing is new.

A place is a name of a running call, an item, an attribute, or the content of an array that is written to or
of a list that grows. Names are told by the syntax; the rest is found by lowering the body.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ..errors import UnsupportedError
from ..ir import Atom, Var
from ..rules.build import Value
from ..tree import Node, Static
from ..types import Array, Size, Type
from .forms import form_of, has_list, join_forms, numbers_of
from .growing import element_of, freeze
from .lowering import Lowering
from .scope import NOTHING, Frame, Unbound
from .state import Outcome, State, lexical

__all__ = ["Learned", "Place"]


@dataclass(eq=False)
class Place:
    """`thing[key]`, which an iteration changes; `form` is that of its content, Unbound where it has none.

    For a growing list `form` is that of its items. A place is `late` where no iteration reads what the one
    before has put there: then it is only carried out of the loop.
    """

    thing: Any
    key: Any
    called: str
    init: Any
    form: Any
    late: bool = False
    params: list[Var] = field(default_factory=list)

    @property
    def types(self) -> Iterator[Type]:
        """The types of the numbers in it."""
        return numbers_of(self.form)


class Learned:
    """The places that a loop changes, as far as they are known.

    `live` are the names of the frame that are read at the head of an iteration or after the loop (None: any
    may be), `early` those that an iteration reads before it assigns them.
    """

    before: Any = frozenset()
    """The atoms that were there before the loop."""
    start: State | None = None
    """The content of everything before the loop."""

    def __init__(
        self, low: Lowering, frame: Frame, live: frozenset[str] | None, early: frozenset[str] | None
    ) -> None:
        self.low, self.frame, self.live, self.early = low, frame, live, early
        self.places: dict[tuple[int, Any], Place] = {}
        self.dead: set[str] = set()
        # What writes, or lists that arrays are put in, mean for the next iteration, see `memory`.
        self.held: dict[Any, str] = {}
        self.stale: dict[Any, str] = {}

    def add(self, thing: Any, key: Any, called: str, init: Any) -> Place:
        """Note a place."""
        if (id(thing), key) not in self.places:
            late = thing is self.frame.names and self.early is not None and key not in self.early
            place = Place(thing, key, called.lstrip("."), init, form_of(self.low, init), late)
            self.places[id(thing), key] = place
        return self.places[id(thing), key]

    def add_array(self, array: Value) -> Place:
        """Note an array that the body writes to."""
        root = self.low.memory.root(array)
        called = root.atom.name if isinstance(root.atom, Var) else "x"
        place = self.add(self.low.overwritten, root.first_atom, called, root)
        place.form = root.type
        return place

    def add_list(self, token: list[Any], called: str, init: Any) -> Place:
        """Note a list that the body makes longer or shorter."""
        place = self.add(self.low.growing, id(token), called, NOTHING)
        place.init, place.form = (token, init), element_of(self.low, init)
        return place

    # At its end.

    def learn(self, head: State, outcome: Outcome) -> bool:
        """Note what has changed; whether the body must be lowered again."""
        news = False
        for key, (thing, old) in head.content.items():
            if key not in outcome.state.content:
                continue
            new = outcome.state.content[key][1]
            if thing is self.low.overwritten:
                news |= self._learn_arrays(old, new)
            elif thing is self.low.growing:
                continue
            elif thing is self.low.memory.held:
                news |= self._learn_facts(self.held, old, new)
            elif thing is self.low.stale:
                news |= self._learn_facts(self.stale, old, new)
            elif isinstance(thing, list):
                news |= self._learn_list(thing, old, new)
            elif isinstance(thing, dict):
                news |= self._learn_entries(thing, old, new, outcome)
            elif old != new:
                raise UnsupportedError("a set is changed in a loop over run-time bounds")
        news |= self._learn_growing(head, outcome)
        return news | self._check_known(outcome)

    def _learn_arrays(self, old: dict[Atom, Value], new: dict[Atom, Value]) -> bool:
        news = False
        params = {param for place in self.places.values() for param in place.params}
        for key in new:
            if key in old or key in params or key not in self.before:
                continue
            place = self.places.get((id(self.low.overwritten), key))
            if place is None:
                self.add_array(Value(self.low.builder, key))
                news = True
        return news

    def _learn_facts(self, facts: dict[Any, str], old: dict[Atom, str], new: dict[Atom, str]) -> bool:
        """Arrays that an iteration makes unreadable, or puts in a list: so they are for the next one."""
        more = {key: why for key, why in new.items() if key not in old and key in self.before}
        facts.update(more)
        return bool(more)

    def _learn_list(self, thing: list[Any], old: list[Any], new: list[Any]) -> bool:
        if (id(self.low.growing), id(thing)) in self.places or id(thing) in self.low.growing:
            return False
        if len(old) != len(new):
            self.add_list(thing, self.name_of(thing), old)
            return True
        changed = [k for k in range(len(old)) if not _same(old[k], new[k])]
        news = [self._changed(thing, k, "item", old[k], new[k]) for k in changed]
        return any(news)

    def _learn_entries(self, thing: dict[Any, Any], old: Any, new: Any, outcome: Outcome) -> bool:
        names = thing is self.frame.names
        scope = any(thing is inner.names for frame in self.low.frames for inner in lexical(frame))
        news = False
        for key in {**old, **new}:
            a, b = old.get(key, NOTHING), new.get(key, NOTHING)
            if _same(a, b) or (names and key in self.dead):
                continue
            if names and self.live is not None and key not in self.live:
                self.dead.add(key)
                continue
            if not scope and (a is NOTHING or b is NOTHING):
                raise UnsupportedError(
                    "a dict or an object gets a new entry in a loop over run-time bounds",
                    "Give it the entry before the loop.",
                )
            called = key if isinstance(key, str) else "item"
            news |= self._changed(thing, key, str(called), a, b)
        return news

    def _changed(self, thing: Any, key: Any, called: str, old: Any, new: Any) -> bool:
        """Note that a place has changed."""
        if (id(thing), key) in self.places:
            return False
        if isinstance(old, Unbound):
            old = NOTHING
        place = self.add(thing, key, called, old)
        return not place.late

    def _learn_growing(self, head: State, outcome: Outcome) -> bool:
        old, new = head.copy_of(self.low.growing), outcome.state.copy_of(self.low.growing)
        news = False
        for key, items in new.items():
            if (id(self.low.growing), key) in self.places:
                continue
            if key in old and old[key].tree is not items.tree:
                self.add_list(items.token, self.name_of(items.token), old[key])
                news = True
            elif key not in old and id(items.token) in head.content:
                self.add_list(items.token, self.name_of(items.token), head.copy_of(items.token))
                news = True
        return news

    def _check_known(self, outcome: Outcome) -> bool:
        """Whether the forms of places must be wider than was thought."""
        news = False
        for place in self.places.values():
            if isinstance(place.form, Unbound):
                continue
            new = self.content(place, outcome)
            if isinstance(new, Unbound) and new.value is not None and place.init is NOTHING:
                # From now on a name that is bound on some paths only is handed on on the others.
                news |= place.late or place.form is NOTHING
                place.late, new = False, new.value
            if new is NOTHING:
                continue
            form = self._form_at_end(place, new, outcome)
            news |= self._freeze_shared(place, new, outcome)
            joined = self.joined(place.form, form, place.called)
            if (
                isinstance(joined, Static)
                and place.init is not NOTHING
                and not isinstance(place.form, Static)
            ):
                joined = Unbound(f"{place.called} is something different in each iteration")
            if joined != place.form:
                was = place.form
                place.form = joined
                # Where no iteration reads it, its type may be settled now.
                news |= not (place.late and (was is NOTHING or place.init is NOTHING))
        return news

    def _form_at_end(self, place: Place, new: Any, outcome: Outcome) -> Any:
        if isinstance(new, Unbound):
            return new
        if place.thing is self.low.growing:
            return element_of(self.low, new)
        return form_of(self.low, outcome.live(new))

    def _freeze_shared(self, place: Place, new: Any, outcome: Outcome) -> bool:
        """Lists that are carried under a name are new ones: those with other names must not change."""
        if place.thing is self.low.growing or not has_list(place.form):
            return False
        count = len(self.low.frozen)
        for thing, state in ((place.init, self.start), (new, outcome.state)):
            if isinstance(thing, (list, dict, tuple)) and state is not None and state.references(thing) > 1:
                freeze(self.low, thing)
                names = self.frame.names
                freeze(self.low, names.get(place.key, thing) if place.thing is names else thing)
        return len(self.low.frozen) > count

    def content(self, place: Place, outcome: Outcome) -> Any:
        """What a place holds at the end of the body."""
        if place.thing is self.low.overwritten:
            param = place.params[0] if place.params else place.key
            return outcome.live(Value(self.low.builder, param))
        held = outcome.state.copy_of(place.thing)
        if isinstance(held, dict):
            return held.get(place.key, NOTHING)
        return held[place.key] if place.key < len(held) else NOTHING

    def joined(self, a: Any, b: Any, called: str) -> Any:
        """A form for both; arrays that are carried keep their shape."""
        if isinstance(a, Array) and isinstance(b, Array):
            return self._same_shape(a, b, called)
        if isinstance(a, Node) and isinstance(b, Node) and (a.kind, a.keys) == (b.kind, b.keys):
            pairs = zip(a.children, b.children, strict=True)
            parts = tuple(self.joined(x, y, called) for x, y in pairs)
            return next((each for each in parts if isinstance(each, Unbound)), Node(a.kind, a.keys, parts))
        return join_forms(self.low, a, b, called)

    def _same_shape(self, a: Array, b: Array, called: str) -> Any:
        dims = self.low.builder.dims
        if a.dtype != b.dtype or len(a.dims) != len(b.dims):
            return Unbound(f"{called} has type {a} before an iteration and {b} after it")
        for m, n in zip(a.dims, b.dims, strict=True):
            m, n = dims.resolve(m), dims.resolve(n)
            if dims.same(m, n):
                continue
            # Lengths of arguments may be learned to agree; a computed length is another one.
            if not (_is_given(m) and _is_given(n)) or (isinstance(m, int) and isinstance(n, int)):
                return Unbound(f"{called} changes its shape from {a} to {b} in an iteration")
            dims.equate(m, n)
        return a

    def name_of(self, thing: Any) -> str:
        """What an object is called."""
        for frame in reversed(self.low.frames):
            for name, value in frame.names.items():
                if value is thing:
                    return name
        return "xs"


def _is_given(size: Size) -> bool:
    """Whether a length is known, or that of an argument, so that each call can look at it."""
    if isinstance(size, int):
        return size != 1
    return isinstance(size.symbol, str) and not size.offset


def _same(a: Any, b: Any) -> bool:
    if a is b:
        return True
    if isinstance(a, Value) and isinstance(b, Value):
        return a.atom is b.atom
    if isinstance(a, Value) or isinstance(b, Value):
        return False
    return type(a) is type(b) and isinstance(a, (str, bytes, int, float, complex)) and repr(a) == repr(b)
