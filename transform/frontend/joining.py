"""Joining what two branches leave behind: each place holds what the branch that runs has put there."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import Origin, UnsupportedError
from ..ir import Atom, Eqn, Region, Statement, has_effect, walk
from ..rules.build import Value
from ..rules.registry import PRIMITIVES
from ..tree import Node, Static, children_of, rebuild
from ..types import Type
from .forms import converted, is_number, join_forms, joined_type, type_of
from .growing import EMPTY, RunList, element_of, freeze, listed
from .leaving import WAYS, flag_of, ways
from .lowering import Lowering
from .recorder import Spelled, plain, spell, text_of
from .scope import NOTHING, Frame, Leave, Parted, Unbound
from .state import Outcome, lexical

__all__ = ["Join"]


@dataclass
class _Hole:
    """The place of a value that the conditional yields."""

    position: int


@dataclass
class _Stiff:
    """A list or dict that stands for either of two, and must not change."""

    made: Any


class Join:
    """Collects the pairs of values that the two branches leave, and what to do with the joined ones."""

    def __init__(self, low: Lowering, a: Outcome, b: Outcome) -> None:
        self.low, self.a, self.b = low, a, b
        self.pairs: list[tuple[Any, Any, Type, str]] = []
        self.known: dict[tuple[int, int], _Hole] = {}
        self.later: list[Callable[[], None]] = []
        self.values: list[Value] = []

    def states(self, frame: Frame | None = None) -> None:
        """Let every place hold what the branch that runs has put there; `frame` is that of the branches."""
        names: dict[str, Any] = {} if frame is None else frame.names
        gone = [frame is not None and _returns(each.result) for each in (self.a, self.b)]
        for key, (thing, a_copy) in self.a.state.content.items():
            if key not in self.b.state.content or (thing is names and all(gone)):
                continue
            b_copy = self.b.state.content[key][1]
            if thing is self.low.overwritten:
                self.arrays(a_copy, b_copy)
            elif thing is self.low.growing:
                self.lists(a_copy, b_copy)
            elif thing is names and any(gone):
                self.survived(thing, b_copy if gone[0] else a_copy, gone[0])
            elif isinstance(thing, dict):
                self.mapping(thing, a_copy, b_copy)
            elif isinstance(thing, list):
                self.sequence(thing, a_copy, b_copy)
            elif a_copy != b_copy:
                raise UnsupportedError("a set is changed under a run-time condition")

    def survived(self, names: dict[Any, Any], copy: dict[Any, Any], by_b: bool) -> None:
        """The names of a call from which the other branch has returned: nothing reads them there."""
        for key, value in copy.items():
            if names.get(key, NOTHING) is not value:
                pair = (NOTHING, value) if by_b else (value, NOTHING)
                self.place(names, key, *pair, key)

    def arrays(self, a: dict[Atom, Value], b: dict[Atom, Value]) -> None:
        """Arrays changed in place in either branch; those that a branch has made itself are gone."""
        changed = [key for key in {**a, **b} if a.get(key) is not b.get(key)]
        if not changed:
            return
        made = {target for each in walk((*self.a.body, *self.b.body)) for target in each.targets}
        for key in changed:
            if key not in made:
                array = Value(self.low.builder, key)
                joined = self.value(array, array, "an array")
                self.later.append(functools.partial(self.replace, array, joined))

    def replace(self, array: Value, joined: Any) -> None:
        """Let what an array was changed to take its place; what differs too much can no longer be read."""
        new = self.resolve(joined)
        if isinstance(new, Value):
            self.low.memory.replace(array, new)
        else:
            self.low.stale[self.low.memory.object(array.first_atom)] = new.reason

    def lists(self, a: dict[int, Any], b: dict[int, Any]) -> None:
        """Lists whose length only run time knows, in either branch."""
        for key in {**a, **b}:
            if key in a and key in b and a[key] is not b[key]:
                element = join_forms(
                    self.low,
                    element_of(self.low, a[key]),
                    element_of(self.low, b[key]),
                    "an item of the list",
                )
                x, y = (_as_list(side, a[key].token, [], element) for side in (self.a, self.b))
                self.place(self.low.growing, key, x, y, "a list")

    def mapping(self, thing: dict[Any, Any], a: dict[Any, Any], b: dict[Any, Any]) -> None:
        for key in {**a, **b}:
            if thing is self.low.stale or thing is self.low.memory.held:
                thing[key] = a.get(key) or b.get(key)
            elif key in a and key in b:
                self.place(thing, key, a[key], b[key], str(key))
            elif any(thing is inner.names for frame in self.low.frames for inner in lexical(frame)):
                value = a[key] if key in a else b[key]
                value = value.value if isinstance(value, Unbound) else value
                thing[key] = Unbound("it is bound in one branch of a run-time condition only", value)
            else:
                raise UnsupportedError(
                    "a dict or object gets a new entry under a run-time condition",
                    "Give it the entry before, whatever the condition says.",
                )

    def sequence(self, thing: list[Any], a: list[Any], b: list[Any]) -> None:
        if len(a) != len(b) or id(thing) in self.low.growing:
            self.resized(thing, a, b)
            return
        thing[:] = a
        for k, (x, y) in enumerate(zip(a, b, strict=True)):
            self.place(thing, k, x, y, "an item")

    def resized(self, thing: list[Any], a: list[Any], b: list[Any]) -> None:
        """A list that has another length in each branch: from here on only run time knows it."""
        sides = [(self.a, a), (self.b, b)]
        if all(id(thing) in side.state.copy_of(self.low.growing) for side, _ in sides):
            return
        element: Any = EMPTY
        for side, items in sides:
            element = join_forms(self.low, element, _element_in(side, thing, items), "an item of the list")
        if isinstance(element, Unbound):
            raise UnsupportedError(
                f"the length of a list depends on a run-time condition, and {element.reason}",
                "Append items of one type.",
            )
        made = [_as_list(side, thing, items, element) for side, items in sides]
        thing.clear()
        self.place(self.low.growing, id(thing), made[0], made[1], "a list")

    def place(self, thing: Any, key: Any, a: Any, b: Any, called: str) -> None:
        if a is b and (isinstance(a, (Value, list)) or self.a.live(a) is self.b.live(b)):
            thing[key] = a
            return
        joined = self.value(a, b, called)

        def store() -> None:
            value = self.resolve(joined)
            thing[key] = self.low.name(value, key) if isinstance(key, str) else value

        self.later.append(store)

    # How control leaves the branches.

    def leave(self, remedy: str, origin: Origin | None) -> Any:
        """How control leaves the conditional: a Leave, yet to be resolved, or None."""
        a, b = self.a.result, self.b.result
        kinds = [kind for kind in WAYS if kind in (*ways(a), *ways(b))]
        value = None
        if "return" in kinds:
            x, y = (each.value if "return" in ways(each) else NOTHING for each in (a, b))
            value = self.value(x, y, "the result")
            self.require(value, remedy, origin)
        if len(kinds) == 1:
            return None if kinds == ["fall"] else Leave(kinds[0], value)
        flags = []
        for kind in kinds[:-1]:
            x, y = (self.flag(side, kind) for side in (self.a, self.b))
            flags.append((kind, self.value(x, y, "going")))
        return Parted("parted", value, tuple(flags), kinds[-1])

    def flag(self, side: Outcome, kind: str) -> Any:
        """Whether a branch is left in a certain way."""
        outer, self.low.builder.body = self.low.builder.body, side.body
        try:
            return flag_of(side.result, kind)
        finally:
            self.low.builder.body = outer

    def value(self, a: Any, b: Any, called: str) -> Any:
        """What stands for `a` in one branch and `b` in the other; Unbound where nothing can."""
        a, b = self.a.live(a), self.b.live(b)
        if a is NOTHING or b is NOTHING:
            return self.alone(a, b, called)
        if a is b or isinstance(a, Unbound):
            return a
        if isinstance(b, Unbound):
            return b
        if isinstance(a, Value) and isinstance(b, Value) and a.atom is b.atom:
            return a
        if is_number(a) and is_number(b):
            return self.number(a, b, called)
        if isinstance(a, (list, dict)) and type(a) is type(b) and self.stiff(a, b):
            made = self.structure(a, b, called)
            return made if isinstance(made, Unbound) else _Stiff(made)
        if type(a) is type(b) and isinstance(a, (tuple, list, dict)):
            return self.structure(a, b, called)
        if type(a) is type(b) and isinstance(a, (str, bytes)) and a == b:
            return a
        if isinstance(a, RunList) and isinstance(b, RunList):
            tree = self.value(a.tree, b.tree, called)
            if isinstance(tree, Unbound) or a.token is b.token:
                return tree if isinstance(tree, Unbound) else RunList(a.token, tree)
            # Either of two lists is neither of them.
            either = RunList(self.low.new_object([]), tree)
            return _Stiff(either) if self.stiff(a.token, b.token) else either
        return Unbound(f"{called} is something different in the two branches of a run-time condition")

    def alone(self, a: Any, b: Any, called: str) -> Any:
        """What only one of the branches has; the other path does not read it."""
        value = b if a is NOTHING else a
        if isinstance(value, Value) or type(value) in (tuple, list, dict):
            if isinstance(value, Value):
                missing = self.low.builder.apply(PRIMITIVES["undefined"], (), {"type": value.type})
                side = self.a if a is NOTHING else self.b
                side.body.append(self.low.builder.body.pop())
                return self.number(*((missing, value) if a is NOTHING else (value, missing)), called)
            keys, children = children_of(value)
            parts = [self.alone(*((a, x) if a is NOTHING else (x, b)), called) for x in children]
            return rebuild(Node(type(value), keys, tuple(map(Static, parts))), lambda leaf: leaf)
        # The line that says so belongs to the branch; the number is known outside of it, too.
        return spell(plain(value), text_of(value)) if isinstance(value, Spelled) else value

    def structure(self, a: Any, b: Any, called: str) -> Any:
        """A structure with what stands for the items of either of two."""
        if isinstance(a, dict) and list(a) == list(b):
            made = {key: self.value(a[key], b[key], called) for key in a}
            return next((item for item in made.values() if isinstance(item, Unbound)), made)
        if isinstance(a, dict) or len(a) != len(b):
            return Unbound(f"{called} is something different in the two branches of a run-time condition")
        items = [self.value(x, y, called) for x, y in zip(a, b, strict=True)]
        bad = next((item for item in items if isinstance(item, Unbound)), None)
        return bad or (tuple.__new__(type(a), items) if isinstance(a, tuple) else items)

    def stiff(self, *things: Any) -> bool:
        """Whether what stands for either of two lists must not change: other names may have them, too."""
        sides = zip(things, (self.a, self.b), strict=True)
        shared = any(side.state.references(thing) > 1 for thing, side in sides)
        if shared:
            for each in things:
                freeze(self.low, each)
        return shared

    def require(self, result: Any, remedy: str, origin: Origin | None) -> None:
        """Refuse a result that has no single value."""
        if isinstance(result, Unbound):
            raise UnsupportedError(result.reason, remedy, origin)

    def number(self, a: Any, b: Any, called: str) -> Any:
        if not isinstance(a, Value) and not isinstance(b, Value):
            x, y = plain(a), plain(b)
            if type(x) is type(y) and (x == y or (x != x and y != y)) and repr(x) == repr(y):
                return spell(x, text_of(a)) if text_of(a) else x
        type_ = joined_type(self.low.builder.dims, type_of(a), type_of(b))
        if type_ is None:
            return Unbound(
                f"{called} has type {type_of(a)} in one branch of a run-time condition "
                f"and {type_of(b)} in the other"
            )
        key = (id(_identity(a)), id(_identity(b)))
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
            for target, (a, b, *_) in zip(self.values, self.pairs, strict=True):
                defined = [each for each in (a, b) if not _is_undefined(self.low, each)]
                self.low.memory.joined(target, *defined)
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
        if isinstance(joined, _Stiff):
            made = self.resolve(joined.made)
            freeze(self.low, made)
            return made
        if isinstance(joined, RunList):
            made = RunList(joined.token, self.resolve(joined.tree))
            self.low.growing.setdefault(id(made.token), made)
            return made
        if isinstance(joined, Parted):
            flags = tuple((kind, self.low.name(self.resolve(flag), "going")) for kind, flag in joined.flags)
            return Parted(joined.kind, self.resolve(joined.value), flags, joined.last)
        if isinstance(joined, Leave):
            return Leave(joined.kind, self.resolve(joined.value))
        if isinstance(joined, tuple):
            return tuple.__new__(type(joined), [self.resolve(item) for item in joined])
        if isinstance(joined, list):
            return self.low.new_object([self.resolve(item) for item in joined])
        if isinstance(joined, dict):
            return self.low.new_object({key: self.resolve(item) for key, item in joined.items()})
        return joined


def _identity(thing: Any) -> Any:
    return thing.first_atom if isinstance(thing, Value) else thing


def _is_undefined(low: Lowering, value: Any) -> bool:
    eqn = low.builder.made.get(value.first_atom) if isinstance(value, Value) else None
    return isinstance(eqn, Eqn) and eqn.primitive.name == "undefined"


def _element_in(side: Outcome, token: list[Any], items: list[Any]) -> Any:
    """The form of the items of a list at the end of a branch."""
    known = side.state.copy_of(side.low.growing).get(id(token))
    return element_of(side.low, [side.live(item) for item in items] if known is None else known)


def _as_list(side: Outcome, token: list[Any], items: list[Any], element: Any) -> RunList:
    """The list at the end of a branch as a list of which only run time knows the length."""
    if isinstance(element, Unbound):
        raise UnsupportedError(element.reason, "All items of a list that grows have one type.")
    known: RunList | None = side.state.copy_of(side.low.growing).get(id(token))
    if known is not None and known.tree is not EMPTY:
        return known
    outer, side.low.builder.body = side.low.builder.body, side.body
    try:
        return RunList(token, listed(side.low, [side.live(item) for item in items], element))
    finally:
        side.low.builder.body = outer


def _returns(result: Any) -> bool:
    return ways(result) == ("return",)
