"""The functions that are lowered by themselves, because they are called rather than inlined."""

from __future__ import annotations

from collections.abc import Collection, Hashable
from dataclasses import dataclass, field

from ..ir import Callee, Function
from ..tree import Tree
from ..types import Size, Type
from .reads import Read

__all__ = ["Called", "Program", "Promise"]


@dataclass(frozen=True, slots=True)
class Promise:
    """What a call gives: the tree of its result, the types of its leaves, the arguments that each may be.

    The dims of the types are those of the params; a dim that is none of them is not known outside. Lengths
    of arguments that are `equal` agree, or NumPy raises.
    """

    output: Tree
    types: tuple[Type, ...]
    arguments: tuple[frozenset[int], ...]
    equal: tuple[tuple[Size, Size], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Called:
    """A function that was lowered by itself, what a call of it gives, and what it reads from outside."""

    callee: Callee
    function: Function
    promise: Promise
    reads: tuple[Read, ...]


@dataclass(eq=False)
class Program:
    """What the lowerings of one function and of those that it calls have in common.

    `recursive` are the calls that are known to be nested in like ones until run time ends it. `running` are
    the functions that are being lowered, with what is known of their results so far; of those in `asked` it
    was used.
    """

    recursive: Collection[Hashable] = ()
    known: dict[Hashable, Called | None] = field(default_factory=dict)
    running: dict[Hashable, tuple[Callee, Promise | None]] = field(default_factory=dict)
    asked: set[Hashable] = field(default_factory=set)
    depth: int = 0
