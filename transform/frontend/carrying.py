"""What a loop carries: places whose content changes from one iteration to the next.

A place is a name of a running call, an item, an attribute, or the content of an array that is written to or
of a list that grows. Names are told by the syntax; the rest is found by lowering the body: what differs at
its end is learned, and the body is lowered again, until nothing is new. A number is carried as a param of
the loop's region; a structure keeps its form, with a param for each number in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..errors import UnsupportedError
from ..ir import Atom, Var
from ..rules.build import Value
from ..rules.registry import PRIMITIVES
from ..tree import Node, Static
from ..types import Array, Size, Type
from .forms import (
    Growing,
    converted,
    form_of,
    join_forms,
    lists_of,
    numbers_in,
    numbers_of,
    with_numbers,
)
from .growing import EMPTY, RunList, element_of, freeze, in_form, listed
from .lowering import Lowering
from .recorder import plain
from .scope import NOTHING, Frame, Unbound
from .sharing import Key, Sharing
from .state import Outcome, State, lexical

__all__ = ["Carried", "Place"]


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


class Carried:
    """The places that a loop changes, as far as they are known.

    `live` are the names of the frame that are read at the head of an iteration or after the loop (None: any
    may be), `early` those that an iteration reads before it assigns them.
    """

    def __init__(
        self, low: Lowering, frame: Frame, live: frozenset[str] | None, early: frozenset[str] | None
    ) -> None:
        self.low, self.frame, self.live, self.early = low, frame, live, early
        self.places: dict[tuple[int, Any], Place] = {}
        self.dead: set[str] = set()
        self.sharing = Sharing(low.memory)
        self.left: dict[Key, Value] = {}
        self.held: dict[Any, str] = {}

    # What is expected before the body is lowered.

    def expect(self, names: frozenset[str], updated: frozenset[str], guesses: dict[str, Any]) -> None:
        """Names that the body assigns, or only `updated` by `x += y`.

        `guesses` are the forms that they had when the body was lowered before.
        """
        held = self.frame.names
        for name in sorted(map(self.frame.mangled, names)):
            if name in self.frame.nonlocals or name in self.frame.declared_global:
                continue
            if name in updated and isinstance(held.get(name), Value) and held[name].is_array:
                continue  # x += y changes the array that x is bound to
            if self.live is not None and name not in self.live:
                self.dead.add(name)
            elif name in held and not isinstance(held[name], Unbound):
                place = self.add(held, name, name, held[name])
                if isinstance(place.form, Static) or isinstance(held[name], (list, dict, RunList)):
                    del self.places[id(held), name]  # it may change, or stay what it is
                elif name in guesses:
                    place.form = self.joined(place.form, guesses[name], name)
            elif name in guesses:
                self.add(held, name, name, NOTHING).form = guesses[name]

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

    # At the head of the body.

    def set_heads(self) -> None:
        """Let each place hold what it has at the beginning of any iteration."""
        names = self.frame.names
        for name in self.dead:
            if name in names:
                names[name] = Unbound("the loop assigns it anew in each iteration")
        arrays: dict[Key, Value] = {}
        for place in self.places.values():
            place.params = []
            if isinstance(place.form, Unbound):
                place.thing[place.key] = place.form
            elif place.thing is self.low.growing:
                self._set_list(place)
            elif place.form is NOTHING or (place.late and place.init is NOTHING):
                place.thing.pop(place.key, None)
            else:
                arrays |= self._set_head(place)
        self.sharing.begin(arrays)
        memory = self.low.memory
        for key, why in self.held.items():
            if key in arrays:
                memory.held[memory.object(arrays[key].first_atom)] = why
            elif isinstance(key, Var):
                memory.held[key] = why

    def _set_list(self, place: Place) -> None:
        """Put params in a list that grows."""
        low, token = self.low, place.init[0]

        def param(type_: Type) -> Value:
            var = Var(place.called, type_)
            place.params.append(var)
            low.loop_values.add(var)
            return Value(low.builder, var)

        token.clear()
        tree = EMPTY if place.form is EMPTY else with_numbers(low, lists_of(place.form), param)
        low.growing[place.key] = RunList(token, tree)

    def _set_head(self, place: Place) -> dict[Key, Value]:
        """Put params in a place; those that are arrays which a name may be bound to."""
        low = self.low
        values: list[Value] = []

        def param(type_: Type) -> Value:
            var = Var(place.called, type_)
            place.params.append(var)
            low.loop_values.add(var)
            values.append(Value(low.builder, var))
            return values[-1]

        made = with_numbers(low, place.form, param)
        if place.thing is low.overwritten:
            low.memory.replace(place.init, made)
            return {}
        place.thing[place.key] = made
        keys = [(id(place.thing), place.key, k) for k in range(len(values))]
        starts = [] if _grows(place.form) else numbers_in(place.form, place.init)
        for key, init in zip(keys, starts, strict=False):
            self.sharing.starts(key, NOTHING if init is NOTHING else low.live(init))
        return {key: value for key, value in zip(keys, values, strict=True) if value.is_array}

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
            elif thing is self.low.growing or thing is self.low.stale:
                continue
            elif thing is self.low.memory.held:
                news |= self._learn_held(old, new)
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

    before: Any = frozenset()
    """The atoms that were there before the loop."""

    def _learn_held(self, old: dict[Atom, str], new: dict[Atom, str]) -> bool:
        """Arrays that have become items of a list: the next iteration must not write to them."""
        known = self.before | {param for place in self.places.values() for param in place.params}
        more = {key: why for key, why in new.items() if key not in old and key in known}
        self.held.update(more)
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
            if not scope and (a is NOTHING or b is NOTHING) and thing is not self.low.overlay:
                raise UnsupportedError(
                    "a dict or an object gets a new entry in a loop over run-time bounds",
                    "Give it the entry before the loop.",
                )
            called = key if isinstance(key, str) else key[1] if isinstance(key, tuple) else "item"
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
            if key in old and key not in self.places and old[key].tree is not items.tree:
                if (id(self.low.growing), key) not in self.places:
                    self.add_list(items.token, self.name_of(items.token), old[key])
                    news = True
            elif key not in old and id(items.token) in head.content:
                if (id(self.low.growing), key) not in self.places:
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
        if place.thing is self.low.growing or not _has_list(place.form):
            return False
        count = len(self.low.frozen)
        for thing, state in ((place.init, self.start), (new, outcome.state)):
            if isinstance(thing, (list, dict, tuple)) and state is not None and state.references(thing) > 1:
                freeze(self.low, thing)
                freeze(self.low, place.thing[place.key] if place.thing is self.frame.names else thing)
        return len(self.low.frozen) > count

    start: State | None = None
    """What there was before the loop."""

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

    def learn_sharing(self, outcome: Outcome) -> bool:
        """Note which arrays names may be bound to in the next iteration; whether that was not known."""
        ends: dict[Key, Any] = {}
        for place in self.places.values():
            if place.thing is self.low.overwritten or place.thing is self.low.growing:
                continue
            if not place.params:
                continue  # it was not carried, so what it holds says nothing of the next iteration
            if not isinstance(place.form, Unbound) and place.form is not NOTHING and not _grows(place.form):
                for k, end in enumerate(self.ends(place, outcome)):
                    ends[id(place.thing), place.key, k] = end
        news = self.sharing.ends(ends, self.before)
        memory, held = self.low.memory, outcome.state.copy_of(self.low.memory.held)
        for key, end in ends.items():
            if key not in self.held and isinstance(end, Value) and end.is_array:
                obj = memory.object(memory.origin(end).first_atom)
                if obj in held:
                    self.held[key], news = held[obj], True
        return news

    def guesses(self) -> dict[str, Any]:
        """The forms of names, for when the loop is lowered again as part of another."""
        names = {place.key: place.form for place in self.places.values() if place.thing is self.frame.names}
        return {
            name: form
            for name, form in names.items()
            if form is not NOTHING and not isinstance(form, Unbound) and not _grows(form)
        }

    @property
    def changes(self) -> bool:
        """Whether something is different in each iteration, so that it cannot be carried."""
        return any(isinstance(place.form, Unbound) for place in self.places.values())

    # The loop itself.

    def carried(self) -> list[Place]:
        """The places with something to carry."""
        return [p for p in self.places.values() if not isinstance(p.form, Unbound) and p.form is not NOTHING]

    def inits(self, place: Place) -> list[Atom]:
        """The numbers of a place before the loop; undefined ones where it holds nothing."""
        low = self.low
        if place.thing is low.growing:
            init = place.init[1]
            if isinstance(init, RunList) and init.tree is not EMPTY:
                if [each.dtype for each in numbers_of(element_of(low, init))] != [
                    each.dtype for each in numbers_of(place.form)
                ]:
                    raise UnsupportedError(
                        f"the items of {place.called} get another type in the loop",
                        "All items of a list that grows have one type: begin with 0.0 rather than 0.",
                    )
                return [low.builder.atom(x) for x in numbers_in(lists_of(place.form), init.tree)]
            items = [] if isinstance(init, RunList) else init
            return [
                low.builder.atom(x)
                for x in numbers_in(lists_of(place.form), listed(low, items, place.form, place.called))
            ]
        types = list(place.types)
        init = low.memory.latest(place.init) if place.thing is low.overwritten else place.init
        values = list(numbers_in(place.form, in_form(low, place.form, init, place.called)))
        return [self.as_type(value, type_) for value, type_ in zip(values, types, strict=True)]

    def as_type(self, value: Any, type_: Type) -> Atom:
        if value is NOTHING or isinstance(value, Unbound):
            return self.low.builder.apply(PRIMITIVES["undefined"], (), {"type": type_}).atom
        value = self.low.live(value)
        python = {"f": float, "c": complex, "b": bool}.get(type_.dtype.kind)
        if not isinstance(value, Value) and python is not None and not isinstance(value, np.generic):
            # Written as the user has it: 0.0, even where what is added to it is NumPy's.
            return self.low.builder.atom(value if type(plain(value)) is python else python(plain(value)))
        if isinstance(value, Value) and value.type.dtype == type_.dtype:
            return value.atom
        return self.low.builder.atom(converted(self.low, value, type_))

    def ends(self, place: Place, outcome: Outcome) -> Sequence[Any]:
        """The numbers of a place at the end of the body, to which equations may be added."""
        new = self.content(place, outcome)
        if place.thing is self.low.growing:
            if new.tree is EMPTY:
                return list(numbers_in(lists_of(place.form), listed(self.low, [], place.form, place.called)))
            return list(numbers_in(lists_of(place.form), new.tree))
        if new is NOTHING:
            return [NOTHING for _ in place.types]
        new = in_form(self.low, place.form, outcome.live(new), place.called)
        return [outcome.live(number) for number in numbers_in(place.form, new)]

    def finish(self, place: Place, targets: Sequence[Value]) -> None:
        """Let a place hold what the loop has left there."""
        low, values = self.low, iter(targets)
        if place.thing is low.growing:
            tree = with_numbers(low, lists_of(place.form), lambda type_: next(values))
            low.growing[place.key] = RunList(place.init[0], tree)
            place.init[0].clear()
            return
        if place.thing is low.overwritten:
            low.memory.written.add(low.memory.object(place.key))
            low.memory.replace(low.memory.latest(place.init), targets[0])
            return
        place.thing[place.key] = with_numbers(low, place.form, lambda type_: next(values))
        self.left |= {
            (id(place.thing), place.key, k): each for k, each in enumerate(targets) if each.is_array
        }

    def leave(self) -> None:
        """Note what the arrays are that the loop leaves in its places."""
        self.sharing.hold(self.left)


def _grows(form: Any) -> bool:
    """Whether a list whose length only run time knows is in values of a form."""
    if isinstance(form, Node):
        return any(map(_grows, form.children))
    return isinstance(form, Growing)


def _has_list(form: Any) -> bool:
    """Whether something that can be changed is in values of a form."""
    if isinstance(form, Node):
        return form.kind in (list, dict) or any(map(_has_list, form.children))
    return isinstance(form, Growing)


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
