"""What a loop carries: the places that it changes, see `learning`, from one iteration to the next.

A number is carried as a param of the loop's region; a structure keeps its form, with a param for each number
in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import UnsupportedError
from ..ir import Atom, Var
from ..rules.build import Value
from ..rules.registry import PRIMITIVES
from ..tree import Static
from ..types import Type
from .forms import (
    converted,
    grows,
    lists_of,
    numbers_in,
    numbers_of,
    with_numbers,
)
from .growing import EMPTY, RunList, element_of, in_form, listed
from .learning import Learned, Place
from .lowering import Lowering
from .scope import NOTHING, Frame, Unbound
from .sharing import Key, Sharing
from .state import Outcome

__all__ = ["Carried"]


class Carried(Learned):
    """The places that a loop carries: as params in its body, as what it yields behind it."""

    def __init__(
        self, low: Lowering, frame: Frame, live: frozenset[str] | None, early: frozenset[str] | None
    ) -> None:
        super().__init__(low, frame, live, early)
        self.sharing = Sharing(low.memory)
        self.left: dict[Key, Value] = {}

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
                self.lose(place, place.form)
            elif place.thing is self.low.growing:
                self._set_list(place)
            elif place.form is NOTHING or (place.late and place.init is NOTHING):
                place.thing.pop(place.key, None)
            else:
                arrays |= self._set_head(place)
        self.sharing.begin(arrays)
        memory = self.low.memory
        self.low.stale.update(self.stale)
        for key, why in self.held.items():
            if key in arrays:
                memory.held[memory.object(arrays[key].first_atom)] = why
            elif isinstance(key, Var):
                memory.held[key] = why

    def lose(self, place: Place, why: Unbound) -> None:
        """Let nobody read what a place holds: it has no single value."""
        if place.thing is self.low.overwritten:
            self.low.stale[self.low.memory.object(place.init.first_atom)] = why.reason
        else:
            place.thing[place.key] = why

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
        starts = [] if grows(place.form) else numbers_in(place.form, place.init)
        for key, init in zip(keys, starts, strict=False):
            self.sharing.starts(key, NOTHING if init is NOTHING else low.live(init))
        return {key: value for key, value in zip(keys, values, strict=True) if value.is_array}

    # Between iterations.

    def learn_sharing(self, outcome: Outcome) -> bool:
        """Note which arrays names may be bound to in the next iteration; whether that was not known."""
        ends: dict[Key, Any] = {}
        for place in self.places.values():
            held_by_name = place.thing is not self.low.overwritten and place.thing is not self.low.growing
            # Where it was not carried, what it holds tells nothing of the next iteration, only of the rest.
            handed_on = place.params or (place.late and place.form is not NOTHING)
            if held_by_name and handed_on and not isinstance(place.form, Unbound) and not grows(place.form):
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
            if form is not NOTHING and not isinstance(form, Unbound) and not grows(form)
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
