"""Tests on the short way that arrays have the lengths that the code is for.

w.ndim == 1 and _len(w) != 1 and y.ndim == 1 and _len(y) != 1 and X.shape == (_len(y), _len(w))
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..ir import Function, Var
from ..types import Array, Size
from .lengths import captured_lengths

__all__ = ["Ones", "shape_tests"]

Ones = tuple[bool | None, ...]
"""Of each axis of an array, whether its length is 1; None where the code is for both."""


def shape_tests(
    function: Function,
    names: Mapping[int, str],
    ones: Mapping[int, Ones],
    captured: Iterable[tuple[Var, Any]],
) -> list[str]:
    """Python conditions under which arrays have the dims that `function` says, and the seeds fit to them.

    `names` are what the params are called by position; `ones` are of the arrays that are no seeds. All
    lengths are tested: a kernel of loops reads them from one array, and its loops run over all.
    """
    known, _ = captured_lengths(captured)
    owners = {symbol: str(n) for symbol, n in known.items()}
    alike: dict[Any, str] = {}
    tests: list[str] = []
    for position in sorted(ones, key=lambda k: len(ones[k])):  # the length of a vector is read fastest
        dims = _dims(function.params[position])
        alike[dims] = f"{names[position]}.shape"
        tests += _tests_of(names[position], dims, ones[position], owners)
    for position, name in names.items():
        if position not in ones and (dims := _dims(function.params[position])):
            tests += _seed_tests(name, dims, owners, alike)
    return tests


def _dims(param: Var) -> tuple[Size, ...]:
    return param.type.dims if isinstance(param.type, Array) else ()


def _tests_of(name: str, dims: tuple[Size, ...], ones: Ones, owners: dict[Any, str]) -> list[str]:
    """That an array has these dims, and the length 1 where `ones` says so; new symbols get owners."""
    wanted = [
        str(dim) if isinstance(dim, int) else owners.get(dim.symbol) if dim.offset == 0 else None
        for dim in dims
    ]
    if len(dims) > 1 and all(wanted):
        return [f"{name}.shape == ({', '.join(map(str, wanted))})"]
    tests = [f"{name}.ndim == {len(dims)}"]
    for axis, (dim, is_one) in enumerate(zip(dims, ones, strict=True)):
        here = f"_len({name})" if axis == 0 else f"{name}.shape[{axis}]"
        if not isinstance(dim, int) and dim.offset == 0 and dim.symbol not in owners:
            owners[dim.symbol] = here
        elif (length := _length_text(dim, owners)) is not None:
            tests.append(f"{here} == {length}")
            if isinstance(dim, int) or dim.offset == 0:
                continue  # so it is 1 where what it is compared with is
        if is_one is not None:
            tests.append(f"{here} {'==' if is_one else '!='} 1")
    return tests


def _seed_tests(
    name: str, dims: tuple[Size, ...], owners: Mapping[Any, str], alike: Mapping[Any, str]
) -> list[str]:
    if dims in alike:
        return [f"{name}.shape == {alike[dims]}"]
    wanted = [_length_text(dim, owners) for dim in dims]
    each = [f"{name}.shape[{axis}] == {n}" for axis, n in enumerate(wanted) if n is not None]
    return [f"{name}.ndim == {len(dims)}", *each]


def _length_text(size: Size, owners: Mapping[Any, str]) -> str | None:
    """A length as Python text, if the symbols it is made of are known."""
    if isinstance(size, int):
        return str(size)
    base = owners.get(size.symbol)
    if base is None or not size.offset:
        return base
    return f"_max({base} + {size.offset}, 0)"
