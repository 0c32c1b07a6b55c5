"""Lengths computed from lengths: sums, products and slices of symbolic dims.

A length that is not a dim plus a constant gets a symbol that tells how it was computed, so that
`x[::2]` and `x_dot[::2]`, or `x[mask]` and `y[mask]`, are known to agree.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ..ir import Eqn, Lit, Var
from ..types import Dim, Dims, Scalar, Size, Unknown, shift, unknown_dim
from .build import Value

__all__ = [
    "Derived",
    "beyond",
    "derived",
    "least",
    "product",
    "quotient",
    "reach",
    "slice_length",
    "total_length",
    "value_length",
]


@dataclass(frozen=True)
class Derived(Unknown):
    """The symbol of a computed length: equal where the computation and what it starts from are equal."""

    how: str
    parts: tuple[Any, ...]

    def __str__(self) -> str:
        return f"{self.how}({', '.join(getattr(part, 'name', str(part)) for part in self.parts)})"


def derived(how: str, *parts: Any, not_one: bool = False) -> Dim:
    """A length computed as `how` says from sizes, numbers and atoms."""
    return Dim(Derived(how, tuple(_plain(part) for part in parts)), 0, not_one)


def _plain(part: Any) -> Any:
    # What is known about a dim besides its symbol must not make two symbols differ.
    if isinstance(part, Dim):
        return Dim(part.symbol, part.offset)
    if isinstance(part, Value):
        part = part.atom
    return part.value if isinstance(part, Lit) else part


def value_length(value: Value) -> Size:
    """The length that a run-time int stands for: n + 1 is the same wherever it is computed."""
    type_, builder = value.type, value.builder
    if isinstance(type_, Scalar) and type_.size is not None:
        return type_.size
    match builder.definition(value.atom):
        case Eqn(primitive=how, operands=(Var() as n, Lit(value=int(by)))) if how.name in ("add", "sub"):
            return shift(value_length(Value(builder, n)), by if how.name == "add" else -by)
        case Eqn(primitive=how, operands=(Lit(value=int(by)), Var() as n)) if how.name == "add":
            return shift(value_length(Value(builder, n)), by)
    return derived("value", builder.first(value.atom))


def total_length(dims: Dims, sizes: Iterable[Size]) -> Size:
    """The sum of lengths."""
    resolved = [dims.resolve(size) for size in sizes]
    known = sum(size for size in resolved if isinstance(size, int))
    symbolic = [size for size in resolved if isinstance(size, Dim)]
    if not symbolic:
        return known
    if len(symbolic) == 1:
        (size,) = symbolic
        if known == 0:
            return size
        offset = size.offset + known
        # A length N - 2 is 0 where N < 2, so adding 2 need not give N. Where N is not 1, a wrong
        # N can only meet the true length in an operation that NumPy refuses.
        if size.offset >= 0 or (offset == 0 and isinstance(size.symbol, str)):
            return Dim(size.symbol, offset, not_one=offset > 1)
    return derived("sum", *symbolic, known, not_one=known > 1)


def product(dims: Dims, sizes: Iterable[Size]) -> Size:
    """The product of lengths."""
    resolved = [dims.resolve(size) for size in sizes]
    known = 1
    for size in resolved:
        known *= size if isinstance(size, int) else 1
    symbolic = [size for size in resolved if isinstance(size, Dim)]
    if not symbolic or known == 0:
        return known
    if len(symbolic) == 1 and known == 1:
        return symbolic[0]
    return derived("product", *symbolic, known, not_one=known > 1 or any(size.not_one for size in symbolic))


def quotient(dims: Dims, whole: Iterable[Size], parts: Iterable[Size]) -> Size:
    """The length that `-1` stands for where `whole` is reshaped into it and `parts`.

    Equal dims cancel: where one of them is 0, NumPy refuses the -1.
    """
    left, over = [dims.resolve(size) for size in whole], []
    for part in map(dims.resolve, parts):
        match = next((k for k, size in enumerate(left) if dims.same(size, part)), None)
        if match is None:
            over.append(part)
        else:
            del left[match]
    above, below = product(dims, left), product(dims, over)
    if isinstance(above, int) and isinstance(below, int):
        return above // below if below else unknown_dim()
    return above if below == 1 else derived("quotient", above, below)


Bound = int | Scalar | None


def slice_length(dims: Dims, size: Size, start: Bound, stop: Bound, step: Bound) -> Size | None:
    """The length of `x[start:stop:step]` along a dim; None where run-time bounds leave it open.

    A bound is None, an int, or the type of a run-time int.
    """
    size = dims.resolve(size)
    if isinstance(start, Scalar) and _reaches(dims, start, size) and step in (None, 1):
        return 0
    if isinstance(stop, Scalar) and _reaches(dims, stop, size) and step in (None, 1):
        stop = None
    start, stop = _relative(dims, size, start), _relative(dims, size, stop)
    if isinstance(start, Scalar) or isinstance(stop, Scalar) or isinstance(step, Scalar):
        return None
    if isinstance(size, int):
        return len(range(*slice(start, stop, step).indices(size)))
    if step == -1 and start is None and stop is None:
        return size
    n = reach(slice(start, stop, step))
    if n is not None and n <= least(size):
        return len(range(*slice(start, stop, step).indices(n)))
    if step in (None, 1) and (start is None or start >= 0) and (stop is None or stop < 0):
        return shift(size, (stop or 0) - (start or 0))
    return derived("slice", size, start, stop, step)


@dataclass(frozen=True)
class Beyond(Derived):
    """The symbol of the rest of a length that is known to be at least as long as something."""


def beyond(symbol: str | Unknown, n: int) -> Dim:
    """A length that is known to be at least n."""
    return Dim(Beyond("beyond", (symbol, n)), n, not_one=n > 1)


def least(size: Size) -> int:
    """What a length surely is at least."""
    if isinstance(size, int):
        return size
    return max(size.offset, 0) if isinstance(size.symbol, Beyond) else 0


def reach(cut: slice) -> int | None:
    """How long an array must be for a slice between fixed bounds to have its full length; None for others."""
    start, stop, step = cut.start, cut.stop, 1 if cut.step is None else cut.step
    if not isinstance(step, int) or step < 1 or not all(isinstance(e, int | None) for e in (start, stop)):
        return None
    if stop is None or stop < 0:
        return -start if start is not None and start < 0 else None
    return max(stop, 0) if start is None or start >= 0 else None


def _reaches(dims: Dims, bound: Scalar, size: Size) -> bool:
    """Whether a run-time bound is known to be the whole length or more."""
    given = bound.size if bound.size is None else dims.resolve(bound.size)
    if isinstance(given, Dim) and isinstance(size, Dim):
        return given.symbol == size.symbol and given.offset >= size.offset
    return given is not None and given == size


def _relative(dims: Dims, size: Size, bound: Bound) -> Bound:
    """A run-time bound as a constant, where it is known to be one, or to be the dim less a constant."""
    if not isinstance(bound, Scalar) or bound.size is None:
        return bound
    given = dims.resolve(bound.size)
    if isinstance(given, int):
        return given
    if isinstance(size, Dim) and given.symbol == size.symbol and given.offset < size.offset:
        return given.offset - size.offset
    return bound
