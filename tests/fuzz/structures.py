"""Numbers and arrays in tuples, lists and dicts: what derivatives are compared in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

SINGLE = ("float32", "complex64")


def leaves(value: Any) -> Iterator[Any]:
    """The numbers and arrays in tuples, lists and dicts, in order."""
    match value:
        case dict():
            for child in value.values():
                yield from leaves(child)
        case tuple() | list():
            for child in value:
                yield from leaves(child)
        case _:
            yield value


def fill(structure: Any, numbers: Iterator[Any]) -> Any:
    """The same structure with other numbers."""
    match structure:
        case dict():
            return {key: fill(child, numbers) for key, child in structure.items()}
        case tuple() | list():
            return type(structure)(fill(child, numbers) for child in structure)
        case _:
            return next(numbers)


def skeleton(value: Any) -> Any:
    """Structure, shapes and dtypes."""
    return fill(value, ((np.shape(leaf), np.asarray(leaf).dtype.name) for leaf in leaves(value)))


def direction(rng: np.random.Generator, value: Any) -> Any:
    """A random direction of the value's structure, shapes and dtypes."""
    return fill(value, iter([_number(rng, leaf) for leaf in leaves(value)]))


def _number(rng: np.random.Generator, leaf: Any) -> Any:
    made = rng.standard_normal(np.shape(leaf))
    if np.iscomplexobj(leaf):
        made = made + 1j * rng.standard_normal(np.shape(leaf))
    return np.asarray(made).astype(leaf.dtype)[()] if isinstance(leaf, (np.ndarray, np.generic)) else made


def doubled(value: Any) -> Any:
    """In double precision: differences in single precision tell little."""
    if isinstance(value, (np.ndarray, np.generic)) and value.dtype.name in SINGLE:
        return value.astype(np.result_type(value.dtype, np.float64))
    return value


def moved(point: Sequence[Any], way: Sequence[Any], t: float) -> list[Any]:
    return [x + t * d for x, d in zip(point, way, strict=True)]


def pairing(bars: Any, dots: Any) -> float:
    """The real part of the sum of products: no conjugation."""
    return sum(float(np.sum(bar * dot).real) for bar, dot in zip(leaves(bars), leaves(dots), strict=True))
