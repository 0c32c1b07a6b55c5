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
from ..types import Array, Scalar

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


def seed_tests(function: Function, seeds: Sequence[Input], scope: dict[str, Any]) -> SeedTests | None:
    """Tests and conversions of all but the shapes; None where a seed is a structure or a list."""
    tests: list[str] = []
    lines: list[str] = []
    for k, each in enumerate(seeds):
        type_ = function.params[each.tree.position].type if isinstance(each.tree, Slot) else None
        name = each.name
        if isinstance(type_, Array):
            scope[f"_seed_dtype{k}"] = np.dtype(type_.dtype.type)  # the one of all arrays in native order
            tests += [f"type({name}) is _ndarray", f"{name}.dtype is _seed_dtype{k}"]
        elif isinstance(type_, Scalar) and type_.dtype.kind in "fc":
            kind = type_.dtype.kind
            wanted = type_.dtype.type if not type_.weak else float if kind == "f" else complex
            taken = _REAL if kind == "f" else _COMPLEX
            scope |= {f"_seed{k}": wanted, f"_seeds{k}": taken | {wanted}, "_one": ONE}
            tests.append(f"(type({name}) is _seed{k} or type({name}) in _seeds{k})")
            # Where a number is given by default, the code has its own way with it.
            lines += [
                f"if type({name}) is not _seed{k} and {name} is not _one:",
                f"    {name} = _seed{k}({name})",
            ]
        else:
            return None
    return SeedTests(tuple(tests), tuple(lines))
