"""Both flavours side by side: the Numba flavour gives what the Python flavour gives, or refuses."""

from __future__ import annotations

import copy
import dataclasses
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pytest

from transform import TransformError, adjoint, hvp, tangent, value_and_grad

MAKERS = {"adjoint": adjoint, "tangent": tangent, "value_and_grad": value_and_grad, "hvp": hvp}
SINGLE = ("float32", "float16", "complex64")


class Refused(Exception):
    """The Numba flavour has refused; the message says what."""


def compare(kind: str, function: Callable[..., Any], arguments: Sequence[Any], **options: Any) -> None:
    """Check one derivative; `options` are argnums and the like. Raises Refused, or AssertionError."""
    make = MAKERS[kind]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        want = make(function, **options)(*copy.deepcopy(list(arguments)))
        compiled = make(function, backend="numba", **options)
        given = copy.deepcopy(list(arguments))
        for _ in range(2):  # the second call takes the short way
            try:
                got = compiled(*given)
            except TransformError as error:
                raise Refused(str(error).splitlines()[0]) from error
            same(got, want, 1e-4 if is_single(given) else 1e-10)
            same(given, list(arguments), 0)


def moving(arguments: Sequence[Any]) -> tuple[int, ...]:
    """The positions of the floats and arrays of floats."""
    return tuple(k for k, each in enumerate(arguments) if np.asarray(each).dtype.kind == "f")


def assert_gradients_agree(function: Callable[..., Any], arguments: Sequence[Any]) -> None:
    """Check a value against the function itself, and the gradients by either flavour against each other."""
    wrt = moving(arguments)
    want_value, want = value_and_grad(function, wrt)(*arguments)
    assert want_value == pytest.approx(function(*arguments), rel=1e-13)
    got_value, got = value_and_grad(function, wrt, backend="numba")(*arguments)
    assert got_value == pytest.approx(want_value, rel=1e-12)
    for a, b in zip(got, want, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)


def same(got: Any, want: Any, rtol: float = 1e-10) -> None:
    """Check that two structured values agree, in structure, types and numbers.

    What is small beside the largest of the numbers may be less accurate.
    """
    tolerance = rtol and (max(rtol, 1e-4) if is_single(want) else rtol)
    scale = max(map(size, leaves(want)), default=0.0)
    for g, w in paired(got, want):
        assert np.shape(g) == np.shape(w), (g, w)
        assert np.asarray(g).dtype == np.asarray(w).dtype, (g, w)
        np.testing.assert_allclose(g, w, rtol=tolerance, atol=tolerance * scale)


def paired(got: Any, want: Any) -> Iterator[tuple[Any, Any]]:
    """The numbers and arrays of two values that have one structure."""
    if dataclasses.is_dataclass(want):
        assert type(got) is type(want), (got, want)
        for field in dataclasses.fields(want):
            yield from paired(getattr(got, field.name), getattr(want, field.name))
    elif isinstance(want, dict):
        assert type(got) is type(want), (got, want)
        assert list(got) == list(want), (got, want)
        for key in want:
            yield from paired(got[key], want[key])
    elif isinstance(want, (tuple, list)):
        assert type(got) is type(want), (got, want)
        assert len(got) == len(want), (got, want)
        for g, w in zip(got, want, strict=True):
            yield from paired(g, w)
    elif isinstance(want, (bool, int, float, complex, np.number, np.bool_, np.ndarray)):
        yield got, want
    else:
        assert got is want or got == want, (got, want)


def size(value: Any) -> float:
    """The largest finite number in an array."""
    return float(np.max(np.abs(value), initial=0, where=np.isfinite(value)))


def is_single(value: Any) -> bool:
    """Whether a value holds numbers of single precision."""
    return any(np.asarray(x).dtype.name in SINGLE for x in leaves(value))


def leaves(value: Any) -> list[Any]:
    """The numbers and arrays of a value."""
    return [leaf for leaf, _ in paired(value, value)]
