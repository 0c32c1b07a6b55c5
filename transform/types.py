"""Types of run-time values: scalars, and arrays whose dims are symbolic and known to be 1 or not.

Promotion is NumPy 2's (NEP 50): a Python number is *weak*, it takes the precision of what it meets.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from .errors import UnsupportedError

__all__ = [
    "BOOL",
    "COMPLEX",
    "FLOAT",
    "INT",
    "Array",
    "Dim",
    "Dims",
    "List",
    "Scalar",
    "Size",
    "Type",
    "dtype_of",
    "is_complex",
    "is_inexact",
    "promote",
    "rank",
    "shift",
    "type_of_number",
    "ufunc_dtype",
    "unknown_dim",
]


class Unknown:
    """The symbol of a length of which nothing is known: equal to itself only."""

    def __str__(self) -> str:
        return "?"


@dataclass(frozen=True, slots=True)
class Dim:
    """A symbolic length: `symbol + offset`. `not_one` where it is known to differ from 1.

    Dims of arguments are symbols of their own, marked as 1 (then they are the int 1) or not 1.
    Dims cut by a slice are offsets of the dim they are cut from, so `u[2:]` and `u[:-2]` agree.
    """

    symbol: str | Unknown
    offset: int = 0
    not_one: bool = False

    def __str__(self) -> str:
        return f"{self.symbol}{self.offset:+d}" if self.offset else str(self.symbol)


Size = int | Dim


def unknown_dim() -> Dim:
    """A length of which nothing is known, not even whether it is 1."""
    return Dim(Unknown())


def shift(size: Size, by: int) -> Size:
    """The length of a slice that leaves out `-by` elements (lengths never go below 0)."""
    if isinstance(size, int):
        return max(size + by, 0)
    return size if by == 0 else Dim(size.symbol, size.offset + by)


@dataclass(frozen=True, slots=True)
class Scalar:
    """A number. `weak` for Python's own; `size` where an int is known to be the length of a dim."""

    dtype: np.dtype
    weak: bool = False
    size: Size | None = None

    def __str__(self) -> str:
        return _PYTHON_NAMES.get(self.dtype.kind, self.dtype.name) if self.weak else self.dtype.name


@dataclass(frozen=True, slots=True)
class Array:
    """An ndarray of known rank."""

    dtype: np.dtype
    dims: tuple[Size, ...]

    def __str__(self) -> str:
        return f"{self.dtype.name}[{', '.join(map(str, self.dims))}]"


@dataclass(frozen=True, slots=True)
class List:
    """A list of values of one type, of a length that only run time knows: the user's lists, and tapes."""

    element: Scalar | Array | List

    weak = False

    @property
    def dtype(self) -> np.dtype:
        """That of the items: a list of floats can carry a derivative."""
        return self.element.dtype

    def __str__(self) -> str:
        return f"list[{self.element}]"


Type = Scalar | Array | List

_PYTHON_NAMES = {"f": "float", "i": "int", "b": "bool", "c": "complex"}

FLOAT = Scalar(np.dtype(np.float64), weak=True)
INT = Scalar(np.dtype(np.int64), weak=True)
BOOL = Scalar(np.dtype(np.bool_), weak=True)
COMPLEX = Scalar(np.dtype(np.complex128), weak=True)


def type_of_number(value: object) -> Scalar:
    """The type of a Python or NumPy number; TypeError for anything else."""
    if isinstance(value, np.generic):
        return Scalar(value.dtype)
    for python, scalar in ((bool, BOOL), (int, INT), (float, FLOAT), (complex, COMPLEX)):
        if isinstance(value, python):
            return scalar
    raise TypeError(f"not a number: {value!r}")


def rank(type_: Type) -> int:
    """The number of dims; a scalar has none."""
    return len(type_.dims) if isinstance(type_, Array) else 0


def is_complex(type_: Type) -> bool:
    """Whether values of this type may have an imaginary part."""
    return type_.dtype.kind == "c"


def is_inexact(type_: Type) -> bool:
    """Whether values of this type can carry a derivative."""
    return type_.dtype.kind in "fc"


_WEAK = {"f": float, "i": int, "b": bool, "c": complex, "u": int}


def dtype_of(type_: Type) -> np.dtype | type:
    """What stands for the type in NumPy's promotion: the dtype, or the Python type of a weak scalar."""
    if isinstance(type_, Scalar) and type_.weak:
        return _WEAK[type_.dtype.kind]
    return type_.dtype


def promote(types: Iterable[Type]) -> tuple[np.dtype, bool]:
    """The common dtype and whether it is weak: np.result_type, with Python's rules among Python numbers."""
    return _promote(tuple(dtype_of(type_) for type_ in types))


@functools.cache
def _promote(given: tuple[np.dtype | type, ...]) -> tuple[np.dtype, bool]:
    if all(isinstance(g, type) for g in given):
        order = [bool, int, float, complex]
        return np.dtype(max(given, key=order.index)), True  # type: ignore[arg-type]
    examples = [g(0) if isinstance(g, type) else g for g in given]
    return np.result_type(*examples), False


@functools.cache
def ufunc_dtype(ufunc: np.ufunc, given: tuple[np.dtype | type, ...]) -> np.dtype:
    """The dtype of a ufunc's first result for operands of these dtypes (Python types are weak)."""
    # resolve_dtypes knows int, float and complex as weak types; bool is no different from its dtype.
    operands = tuple(np.dtype(bool) if g is bool else g for g in given)
    if all(isinstance(g, type) for g in operands):
        operands = tuple(np.dtype(g) for g in operands)
    try:
        return ufunc.resolve_dtypes(operands + (None,) * ufunc.nout)[ufunc.nin]
    except TypeError as error:
        names = ", ".join(getattr(g, "name", getattr(g, "__name__", "?")) for g in given)
        raise UnsupportedError(f"np.{ufunc.__name__} does not take operands of type {names}") from error


class Dims:
    """What is known about dims being equal; grows while equations are typed in program order.

    Two dims that meet in an operation and are both not 1 must be equal, or NumPy raises: so they are
    equated, and every later question is answered with that knowledge (union-find over symbols).
    """

    def __init__(self) -> None:
        self._leader: dict[str | Unknown, Size] = {}

    def copy(self) -> Dims:
        """The same knowledge, to be added to without being changed."""
        made = Dims()
        made._leader = dict(self._leader)
        return made

    def resolve(self, size: Size) -> Size:
        """The representative of a dim."""
        while isinstance(size, Dim) and size.symbol in self._leader:
            leader = self._leader[size.symbol]
            if size.offset == 0 and isinstance(leader, Dim) and size.not_one and not leader.not_one:
                leader = replace(leader, not_one=True)
            size = shift(leader, size.offset) if size.offset else leader
        return size

    def same(self, a: Size, b: Size) -> bool:
        """Whether the two lengths are provably equal."""
        a, b = self.resolve(a), self.resolve(b)
        if isinstance(a, Dim) and isinstance(b, Dim):
            return (a.symbol, a.offset) == (b.symbol, b.offset)
        return a == b

    def equate(self, a: Size, b: Size) -> Size:
        """Record that two lengths are equal, or the program raises; return the representative."""
        a, b = self.resolve(a), self.resolve(b)
        if self.same(a, b):
            return a if isinstance(a, int) or a.not_one else b
        if isinstance(a, int) and isinstance(b, int):
            raise UnsupportedError(f"dimensions {a} and {b} do not match")
        if isinstance(a, Dim) and a.offset == 0 and (isinstance(b, int) or not _better(a, b)):
            self._leader[a.symbol] = b
            return b
        if isinstance(b, Dim) and b.offset == 0:
            self._leader[b.symbol] = a
            return a
        if isinstance(a, Dim) and a.offset == 0:
            self._leader[a.symbol] = b
            return b
        return a if isinstance(a, int) else b

    def broadcast(self, a: Size, b: Size) -> Size:
        """The length of two lengths broadcast against each other."""
        a, b = self.resolve(a), self.resolve(b)
        if self.same(a, b):
            return a if isinstance(a, int) or a.not_one else b
        if a == 1:
            return b
        if b == 1:
            return a
        if not_one(a) and not_one(b):
            return self.equate(a, b)
        # One of them may be 1: the other, if it is surely not, is the length of the result.
        if not_one(a):
            return a
        return b if not_one(b) else unknown_dim()

    def broadcast_shapes(self, shapes: Iterable[tuple[Size, ...]]) -> tuple[Size, ...]:
        """np.broadcast_shapes, on symbolic dims."""
        result: tuple[Size, ...] = ()
        for shape in shapes:
            longer, shorter = (result, shape) if len(result) >= len(shape) else (shape, result)
            lead = len(longer) - len(shorter)
            result = longer[:lead] + tuple(
                self.broadcast(a, b) for a, b in zip(longer[lead:], shorter, strict=True)
            )
        return result

    def resolve_type(self, type_: Type) -> Type:
        """The type with every dim replaced by its representative."""
        if isinstance(type_, Array):
            return Array(type_.dtype, tuple(self.resolve(size) for size in type_.dims))
        if isinstance(type_, List):
            return List(self.resolve_type(type_.element))
        return type_ if type_.size is None else replace(type_, size=self.resolve(type_.size))


def not_one(size: Size) -> bool:
    """Whether a length is known to differ from 1."""
    return size != 1 if isinstance(size, int) else size.not_one


def _better(a: Dim, b: Dim) -> bool:
    """Whether `a` is the more telling representative of the two."""
    return (a.not_one, isinstance(a.symbol, str)) >= (b.not_one, isinstance(b.symbol, str))
