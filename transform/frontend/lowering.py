"""The state of one lowering: equations so far, reads so far, running calls, arrays changed in place."""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, TypeVar

from ..errors import LengthNeeded, Origin, TransformError, UnsupportedError
from ..ir import Eqn, Lit, Region, Statement, Var
from ..rules.build import Value
from ..rules.registry import PRIMITIVES
from ..types import Scalar
from .memory import Memory
from .outside import Outside, Place
from .program import Program
from .recorder import Recorder, plain, spell
from .scope import Either, Frame, Raised, RunList

__all__ = [
    "Again",
    "Lowering",
    "PinNeeded",
    "RecursionFound",
    "StaticNeeded",
    "evaluate",
    "expression",
]

T = TypeVar("T")

_DEEPEST_CALL = 40


class Again(Exception):
    """The lowering must begin again, with more known."""


class StaticNeeded(Exception):
    """Arguments, at `positions` in Function.params, must be known: lower again with them Static."""

    def __init__(self, positions: Sequence[int], why: str = "", origin: Origin | None = None) -> None:
        super().__init__(tuple(positions))
        self.positions, self.why, self.origin = tuple(positions), why, origin


class PinNeeded(Again):
    """Numbers read from outside must be known while lowering."""

    def __init__(self, places: Collection[Place]) -> None:
        super().__init__()
        self.places = frozenset(places)


class RecursionFound(Again):
    """A call is nested in a like one, and only run time ends this: see `outlined`."""

    def __init__(self, key: Any) -> None:
        super().__init__()
        self.key = key


class Lowering:
    """What the interpreter of each construct works on."""

    def __init__(self, pinned: Collection[Place] = (), program: Program | None = None) -> None:
        self.program = program or Program()
        self.builder = Recorder()
        self.outside = Outside(self.builder, pinned)
        self.frames: list[Frame] = []
        self.params: list[Var] = []
        self.arguments: dict[str, Any] = {}
        # Objects that came into being while lowering, by identity; they may be written to.
        self.created: dict[int, Any] = {}
        # For each run-time branch that is being lowered, what came into being in it.
        self.fresh: list[set[int]] = []
        self.keep: list[Any] = []
        # After a write every reference to an array means its new value.
        self.memory = Memory(self.builder)
        self.overwritten, self.stale = self.memory.newest, self.memory.stale
        # What is in lists whose length only run time knows, by the identity of the list.
        self.growing: dict[int, RunList] = self.outside.growing
        # The lists that the loops at hand run over; they must keep their lengths.
        self.run_over: list[set[int]] = []
        # Lists and dicts that are items of such a list, and must stay what they are.
        self.frozen: dict[int, Any] = {}
        # Refusals of what would be known in a loop that is written out.
        self.refused: list[UnsupportedError] = []
        # Conditions of the run-time branches that are being lowered, and whether they hold.
        self.assumed: dict[Any, bool] = {}
        # The blocks around the loops that are being lowered, with the atoms that are there.
        self.around: list[tuple[list[Statement], Any]] = []
        # Copies that NumPy makes, and that are not needed unless one of the two arrays is written to.
        self.spare: list[Value] = []
        # What exceptions were made of, where they are raised only at run time.
        self.constructed: dict[int, tuple[Sequence[Any], dict[str, Any]]] = {}
        # Of loops that are known: whether they are kept (None: they cannot be), and what they carry.
        self.kept: dict[Any, bool | None] = {}
        self.guesses: dict[Any, dict[str, Any]] = {}
        self.loop_values: set[Any] = set()
        # Which iteration of each loop that is written out is being lowered; how many first ones are.
        self.trail: list[int] = []
        self.peeling = 0
        # Whether warnings are ignored; None outside of `with warnings.catch_warnings()`.
        self.muted: bool | None = None

    # Values.

    def live(self, value: Any) -> Any:
        """What a reference means now: the newest content of an array; a number where it is a literal."""
        if not isinstance(value, Value):
            if type(value) is Either:
                raise UnsupportedError(
                    "which of two objects this is, is known only at run time",
                    "It may be called, indexed or asked for an attribute; else decide what to do by an if.",
                )
            if self.growing and isinstance(value, (list, RunList)):
                return self.growing.get(id(value.token if isinstance(value, RunList) else value), value)
            return value
        atom = value.atom
        if isinstance(atom, Lit):
            return spell(atom.value, atom.text) if atom.text else atom.value
        return self.memory.live(value)

    @contextlib.contextmanager
    def assuming(self, condition: Value | None, holds: bool) -> Iterator[None]:
        """Take a condition, and what it is the negation of, for known inside a branch."""
        before = self.assumed
        while condition is not None:
            self.assumed = {**self.assumed, condition.first_atom: holds}
            eqn = self.builder.made.get(condition.first_atom)
            negated = isinstance(eqn, Eqn) and eqn.primitive.name == "not_"
            condition = Value(self.builder, eqn.operands[0]) if negated and isinstance(eqn, Eqn) else None
            holds = not holds
        try:
            yield
        finally:
            self.assumed = before

    def new_object(self, thing: T) -> T:
        """Note that an object came into being while lowering."""
        self.created[id(thing)] = thing
        for inner in self.fresh:
            inner.add(id(thing))
        return thing

    def static(self, value: Any, what: str) -> Any:
        """A number that must be known while lowering, such as an axis or a length.

        Raises StaticNeeded where it depends on int arguments only, UnsupportedError where it cannot be known.
        """
        value = self.live(value)
        if not isinstance(value, Value):
            return plain(value)
        if isinstance(value.type, Scalar) and isinstance(value.type.size, int):
            return value.type.size
        self.demand(value, what)
        raise self.unknown(
            f"{what} is known only at run time",
            "It may depend on numbers and int arguments, not on the content or the shape of arrays.",
        )

    def unknown(self, reason: str, remedy: str) -> UnsupportedError:
        """The refusal of what must be known while lowering, as it is in a loop that is written out."""
        self.refused.append(error := LengthNeeded(reason, remedy))
        return error

    def demand(self, value: Value, what: str) -> None:
        """Ask for another lowering in which `value` is known, where that is possible."""
        positions, places = [], []
        for source in self.builder.sources(value.atom):
            if isinstance(source, Lit):
                continue
            place = self.outside.place_of(source)
            if place is not None:
                places.append(place)
            elif (
                source in self.params and isinstance(source.type, Scalar) and source.type.dtype.kind in "iub"
            ):
                positions.append(self.params.index(source))
            else:
                return
        if places:
            raise PinNeeded(places)
        if positions:
            raise StaticNeeded(sorted(positions), what, self.builder.origin)

    def name(self, value: Any, name: str, temporary: bool = False) -> Any:
        """Call a value that has no name as the variable that it is assigned to."""
        if isinstance(value, Value) and isinstance(value.atom, Var) and value.atom.temporary:
            return self.builder.name(value, name, temporary)
        return value

    # Running the user's code.

    def call(self, function: Any, args: Sequence[Any] = (), kwargs: dict[str, Any] | None = None) -> Any:
        """Call a function of the user's, of a library's, or one defined while lowering."""
        from .calls import call

        return call(self, function, list(args), kwargs or {})

    def enter(self, frame: Frame) -> None:
        """Begin a call."""
        if len(self.frames) >= _DEEPEST_CALL:
            raise UnsupportedError(
                f"calls are nested more than {_DEEPEST_CALL} deep",
                "Write the recursion as a loop, or as a function of numbers and arrays alone.",
                None if frame.caller is None else frame.caller.outermost,
            )
        self.frames.append(frame)

    def leave(self) -> None:
        self.frames.pop()

    def native(self, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Run Python's own code on what is known while lowering; what it raises, the user's code raises."""
        try:
            return function(*args, **kwargs)
        except (TransformError, Raised, StaticNeeded, Again, RecursionError):
            raise
        except Exception as error:
            raise Raised(error) from error

    def region(self, build: Callable[[], Sequence[Any]]) -> Region:
        return self.builder.region(build)

    def may_change(self, thing: Any, what: str) -> None:
        """Refuse a change that cannot be taken back: of what exists outside the run-time branch at hand."""
        if self.fresh and id(thing) not in self.fresh[-1]:
            raise UnsupportedError(f"{what} under a condition that is decided at run time")

    def copy(self, value: Value, certain: bool) -> Value:
        """A copy that NumPy makes of an array; where that is not `certain` it may be the array itself."""
        made = self.spared("copy", value)
        if not certain:
            self.memory.uncertain(made, value)
        return made

    def spared(self, primitive: str, value: Value) -> Value:
        """The same array by another equation, which is only needed where one of the two is written to."""
        made = self.builder.apply(PRIMITIVES[primitive], (value,), {})
        self.spare.append(made)
        return made


Handler = Callable[[Frame, Any], Any]

_EXPRESSIONS: dict[type, Handler] = {}


def expression(*kinds: type) -> Callable[[Handler], Handler]:
    """Register how an expression of these kinds is evaluated."""

    def register(handler: Handler) -> Handler:
        for kind in kinds:
            _EXPRESSIONS[kind] = handler
        return handler

    return register


def evaluate(frame: Frame, node: ast.AST) -> Any:
    """The value of an expression: a Python object, or a Value where it is known only at run time."""
    handler = _EXPRESSIONS.get(type(node))
    try:
        if handler is None:
            raise UnsupportedError(f"{type(node).__name__} expressions are not understood")
        return handler(frame, node)
    except (TransformError, Raised) as error:
        if error.origin is None:
            error.origin = frame.origin(node)
        raise
