"""Seeds on the short way: tests that those of a call are what the code takes, and conversions of numbers.

What is not covered here `seeds.checked_seeds` brings to the right type, or refuses, on the long way.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..ir import Function, Input, Slot
from ..tree import Static, Tree
from ..types import Array, Scalar
from .parts import Parts, dtype_test

__all__ = ["ABSENT", "ONE", "SeedTests", "later_seeds", "leading_seeds", "seed_tests"]

ABSENT = object()
"""The default of a seed that must be given."""

ONE = float("1.0")
"""The default 1.0 of a seed, told by its identity from a number that is given."""

_REAL = frozenset((float, int, np.float64, np.float32))
_COMPLEX = _REAL | {complex, np.complex128, np.complex64}


@dataclass(frozen=True, slots=True)
class SeedTests:
    """Conditions on the seeds, and lines that convert numbers to the types that the code is for."""

    tests: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()


def leading_seeds(*seeds: Any) -> list[Any]:
    """The seeds that a call has given, up to the first that it has not."""
    return list(itertools.takewhile(_is_given, seeds))


def later_seeds(**seeds: Any) -> dict[str, Any]:
    """The seeds that a call has given after one that it has not, by name."""
    after = itertools.dropwhile(lambda each: _is_given(each[1]), seeds.items())
    return {name: seed for name, seed in after if _is_given(seed)}


def _is_given(seed: Any) -> bool:
    return seed is not ABSENT and seed is not ONE


def seed_tests(function: Function, seeds: Sequence[Input], parts: Parts) -> SeedTests | None:
    """Tests and conversions of all but the shapes; None where a seed has parts that take the long way."""
    tests: list[str] = []
    lines: list[str] = []

    def leaf(name: str, tree: Tree, _: Any) -> list[str] | None:
        if isinstance(tree, Static):
            return []  # what stands there in a seed does not matter
        type_ = function.params[tree.position].type if isinstance(tree, Slot) else None
        if isinstance(type_, Array):
            # The dtype of all arrays in native order.
            dtype = parts.known(np.dtype(type_.dtype.type))
            return [f"_type({name}) is {parts.known(np.ndarray)}", dtype_test(name, dtype)]
        if not isinstance(type_, Scalar) or type_.dtype.kind not in "fc":
            return None
        kind = type_.dtype.kind
        wanted = type_.dtype.type if not type_.weak else float if kind == "f" else complex
        exact = parts.known(wanted)
        if name not in whole:
            return [f"_type({name}) is {exact}"]
        taken = parts.known((_REAL if kind == "f" else _COMPLEX) | {wanted})
        # Where a number is given by default, the code has its own way with it.
        lines.append(f"if _type({name}) is not {exact} and {name} is not {parts.known(ONE)}:")
        lines.append(f"    {name} = {exact}({name})")
        return [f"(_type({name}) is {exact} or _type({name}) in {taken})"]

    whole = {each.name for each in seeds}
    for each in seeds:
        own = parts.tests(each.name, each.tree, None, leaf)
        if own is None:
            return None
        tests += own
    return SeedTests(tuple(tests), tuple(lines))
