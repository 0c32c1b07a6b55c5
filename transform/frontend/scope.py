"""Names and what they are bound to, functions made while lowering, and how control leaves a block."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from types import CellType, FunctionType
from typing import TYPE_CHECKING, Any

from ..errors import Origin, UnsupportedError
from .source import Definition, Source, names_bound

if TYPE_CHECKING:
    from .lowering import Lowering

__all__ = [
    "BREAK",
    "CONTINUE",
    "NOTHING",
    "Closure",
    "Either",
    "Frame",
    "Leave",
    "NotYet",
    "Opaque",
    "Parted",
    "Piece",
    "Raised",
    "RunList",
    "Unbound",
]


class Raised(Exception):
    """A Python exception that the user's code raises while it is evaluated; `try` may catch it."""

    def __init__(self, error: BaseException, origin: Origin | None = None) -> None:
        super().__init__(error)
        self.error, self.origin = error, origin


class NotYet(Exception):
    """What is read is defined later in a loop that is lowered for the first time: a guess is needed first."""


@dataclass(frozen=True, slots=True)
class Leave:
    """How control leaves a block other than at its end; `value` is what `return` gives."""

    kind: str
    value: Any = None


BREAK, CONTINUE = Leave("break"), Leave("continue")


@dataclass(frozen=True, slots=True)
class Parted(Leave):
    """Control that leaves a block in one of several ways, which one is decided at run time.

    `flags` has a run-time bool for each way but the last: exactly one way is taken. "fall" is the way
    of what does not leave, but goes on behind the block.
    """

    flags: tuple[tuple[str, Any], ...] = ()
    last: str = ""

    @property
    def falls(self) -> Any:
        """The flag that tells whether control goes on behind the block; None where it never does."""
        return dict(self.flags).get("fall")


class _Nothing:
    def __repr__(self) -> str:
        return "<nothing>"


NOTHING: Any = _Nothing()
"""Stands for the value of what has none on the path at hand, and is not read on it."""


@dataclass(frozen=True, slots=True)
class Unbound:
    """What a name is bound to where no value can be said, and why.

    `value` is what it is bound to on some of the paths, where it is not bound on the others.
    """

    reason: str
    value: Any = None


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text that is known at run time: the expression `code` over `operands`, formatted.

    `code` is a template with {0}, {1}, ... for the operands. A piece that `is_text` is a string already.
    """

    code: str
    operands: tuple[Any, ...]
    conversion: str = ""
    spec: str = ""
    is_text: bool = False
    refers: tuple[tuple[str, Any], ...] = ()


class Opaque:
    """A text that depends on run-time values: it may be printed or raised, nothing else.

    `parts` are known texts and Pieces, in order; None where the text cannot be written in generated code.
    """

    __slots__ = ("parts",)

    def __init__(self, parts: tuple[str | Piece, ...] | None = None) -> None:
        self.parts = parts

    def __str__(self) -> str:
        return "..."

    __repr__ = __str__

    def __format__(self, spec: str) -> str:
        return "..."


@dataclass(frozen=True, slots=True, eq=False)
class Either:
    """One of two objects, such as functions or lists: run time decides which."""

    condition: Any
    then: Any
    orelse: Any


@dataclass(frozen=True, slots=True, eq=False)
class RunList:
    """What is in a list: in place of each number of an item a Value of type List, all of the same length.

    `token` is the Python list that stands for it while lowering: its identity is that of the list.
    """

    token: list[Any]
    tree: Any


class Frame:
    """A running call: its names, and where the names come from that it does not bind itself."""

    def __init__(
        self,
        lowering: Lowering,
        source: Source,
        globals_: dict[str, Any],
        cells: Mapping[str, CellType],
        local: frozenset[str],
        caller: Origin | None = None,
        parent: Frame | None = None,
    ) -> None:
        self.low, self.source, self.globals, self.cells = lowering, source, globals_, cells
        self.local, self.caller, self.parent = local, caller, parent
        self.names: dict[str, Any] = {}
        self.statement: ast.AST = source.node
        self.nonlocals: set[str] = set()
        self.declared_global: set[str] = set()
        self.handled: BaseException | None = None
        self.first: Any = None  # the first argument, for super()
        self.call: Any = None  # the function that is called, with its arguments as they were

    @classmethod
    def of_function(
        cls, low: Lowering, function: FunctionType, source: Source, caller: Origin | None
    ) -> Frame:
        """The frame of a function that exists outside."""
        code = function.__code__
        cells = dict(zip(code.co_freevars, function.__closure__ or (), strict=True))
        local = frozenset((*code.co_varnames, *code.co_cellvars))
        return cls(low, source, function.__globals__, cells, local, caller)

    @classmethod
    def of_closure(cls, closure: Closure, caller: Origin | None) -> Frame:
        """The frame of a function that was defined while lowering."""
        outer = closure.frame
        local = names_bound(closure.source.node)
        return cls(outer.low, closure.source, outer.globals, outer.cells, local, caller, outer)

    def comprehension(self, targets: frozenset[str]) -> Frame:
        """The scope of a comprehension's variables."""
        inner = Frame(self.low, self.source, self.globals, self.cells, targets, self.caller, self)
        inner.statement, inner.first = self.statement, self.first
        return inner

    def origin(self, node: Any) -> Origin:
        return self.source.origin(node, self.statement, self.caller)

    def bind(self, name: str, value: Any) -> None:
        """Bind a name as an assignment in this frame does."""
        name = self.mangled(name)
        if name in self.declared_global:
            raise UnsupportedError(
                f"assignment to the global {name}: a function that changes globals has no derivative",
                "Return the new value instead.",
            )
        if name in self.nonlocals:
            self._binder(name).names[name] = value
        else:
            self.names[name] = value

    def walrus(self, name: str, value: Any) -> None:
        """Bind a name as `:=` does: in the function, also from inside a comprehension."""
        frame = self
        while frame.parent is not None and frame.parent.source is frame.source:
            frame = frame.parent
        frame.bind(name, value)

    def _binder(self, name: str) -> Frame:
        frame = self.parent
        while frame is not None:
            if name in frame.local and name not in frame.nonlocals:
                return frame
            frame = frame.parent
        raise UnsupportedError(
            f"assignment to {name}, a variable of a function that has returned",
            "Pass the value as an argument and return the new one.",
        )

    def unbind(self, name: str) -> None:
        if self.mangled(name) not in self.names:
            raise Raised(NameError(f"name {name!r} is not defined"))
        del self.names[self.mangled(name)]

    def load(self, name: str) -> Any:
        """The value of a name, by Python's rules of scope."""
        name = self.mangled(name)
        frame: Frame | None = self
        while frame is not None:
            if name in frame.names:
                value = frame.names[name]
                if isinstance(value, Unbound):
                    raise UnsupportedError(
                        f"{name} has no single value here: {value.reason}",
                        "Give it a number or an array of one type on every path before.",
                    )
                return value
            if name in frame.local and name not in frame.declared_global | frame.nonlocals:
                raise Raised(UnboundLocalError(f"{name} is read before it is assigned"))
            frame = frame.parent
        if name in self.cells:
            return self.low.outside.cell(name, self.cells[name])
        return self.low.outside.name(name, self.globals)

    def mangled(self, name: str) -> str:
        """Private names of a class carry its name."""
        if name.startswith("__") and self.source.owner and not name.endswith("__"):
            return f"_{self.source.owner.lstrip('_')}{name}"
        return name


class Closure:
    """A function or lambda defined while lowering. Calling it lowers its body in place."""

    def __init__(self, frame: Frame, node: Definition, signature: Any) -> None:
        self.frame, self.node, self.signature = frame, node, signature
        self.source = frame.source.within(node)
        self.__name__ = getattr(node, "name", "<lambda>")
        self.__qualname__ = self.__name__
        # What inspect.signature finds, rather than that of __call__.
        self.__signature__ = signature

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.frame.low.call(self, args, kwargs)
