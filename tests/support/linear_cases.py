"""Check rules of linear functions: against dense Jacobians made of NumPy's results for unit vectors.

A program is a function of a namespace `f` and its arguments. It runs twice: on arrays, through NumPy, and
on Values, through the registered adapters.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from transform import verify
from transform.ir import Function, Var
from transform.passes.adjoint import adjoint
from transform.passes.tangent import tangent
from transform.rules import ATTRIBUTES, FUNCTIONS, METHODS, Builder, Value
from transform.rules.index import getitem
from transform.types import FLOAT, INT, Array, Dim, Scalar

from .evaluate import evaluate


class Plain:
    """What a program means to NumPy."""

    def __getattr__(self, name):
        return getattr(np, name)

    def method(self, x, name, *arguments, **named):
        return getattr(x, name)(*arguments, **named)

    def attribute(self, x, name):
        return getattr(x, name)

    def item(self, x, index):
        return x[index]

    def len(self, x):
        return len(x)


class Lowered:
    """What a program means to the adapters."""

    def __init__(self, builder):
        self.builder = builder

    def __getattr__(self, name):
        return lambda *arguments, **named: FUNCTIONS[getattr(np, name)](self.builder, *arguments, **named)

    def method(self, x, name, *arguments, **named):
        return METHODS[name](self.builder, x, *arguments, **named)

    def attribute(self, x, name):
        return ATTRIBUTES[name](self.builder, x)

    def item(self, x, index):
        return getitem(self.builder, x, index)

    def len(self, x):
        return FUNCTIONS[len](self.builder, x)


@dataclass(frozen=True)
class Case:
    """A program at some arguments; `shapes` are more shapes of the first argument, for the same lowering."""

    name: str
    program: Callable[..., Any]
    arguments: tuple[Any, ...]
    shapes: tuple[tuple[int, ...], ...] = ()

    def __str__(self):
        return self.name

    def numpy(self, *arguments):
        return self.program(Plain(), *arguments)


def type_of(value, name):
    if isinstance(value, float):
        return FLOAT
    if isinstance(value, int):
        return INT
    if isinstance(value, np.generic):
        return Scalar(value.dtype)
    dims = (n if n == 1 else Dim(f"{name}_{k}", not_one=True) for k, n in enumerate(value.shape))
    return Array(value.dtype, tuple(dims))


def lower(case: Case) -> Function:
    builder = Builder()
    params = tuple(Var(f"x{k}", type_of(x, f"x{k}")) for k, x in enumerate(case.arguments))
    result = case.program(Lowered(builder), *(Value(builder, param) for param in params))
    results = tuple(result) if isinstance(result, (tuple, list)) else (result,)
    return verify.check(Function("f", params, builder.finish(), tuple(map(builder.atom, results))))


def primitives_of(*functions: Function) -> set[str]:
    return {statement.primitive.name for function in functions for statement in function.body}


def active_positions(case: Case) -> tuple[int, ...]:
    return tuple(k for k, x in enumerate(case.arguments) if np.asarray(x).dtype.kind in "fc")


def as_outputs(value):
    return tuple(value) if isinstance(value, (tuple, list)) else (value,)


def jacobian(case: Case, k: int) -> list[np.ndarray]:
    """d results / d argument k, each of shape (result size, argument size); the program is affine."""
    arguments = list(case.arguments)
    shape, kind = np.shape(arguments[k]), np.asarray(arguments[k]).dtype
    still = [np.zeros_like(x) if j in active_positions(case) else x for j, x in enumerate(arguments)]
    base = [as_inexact(y) for y in as_outputs(case.numpy(*still))]
    columns = []
    for position in range(int(np.prod(shape))):
        unit = np.zeros(shape, kind)
        unit.reshape(-1)[position] = 1
        moved = as_outputs(case.numpy(*still[:k], unit[()] if shape == () else unit, *still[k + 1 :]))
        columns.append([np.ravel(as_inexact(m) - b) for m, b in zip(moved, base, strict=True)])
    sizes = [np.size(b) for b in base]
    return [
        np.stack([column[j] for column in columns], axis=1) if columns else np.zeros((sizes[j], 0))
        for j in range(len(base))
    ]


def as_inexact(y):
    """Integers move, and have adjoints, as floats."""
    return np.asarray(y) if np.asarray(y).dtype.kind in "fc" else np.asarray(y, dtype=float)


def random_like(rng, x):
    made = np.asarray(rng.standard_normal(np.shape(x)))
    if np.iscomplexobj(x):
        made = made + 1j * rng.standard_normal(np.shape(x))
    made = made.astype(np.asarray(x).dtype)[()]
    return float(made) if isinstance(x, float) and not isinstance(x, np.generic) else made


def check(case: Case) -> set[str]:
    """Value, tangent, adjoint, tangent of adjoint, adjoint of adjoint; the names of the primitives used."""
    rng = np.random.default_rng(5)
    function, wrt = lower(case), active_positions(case)
    wanted = as_outputs(case.numpy(*case.arguments))
    got = trace(function, case.arguments)
    for one, other in zip(got, wanted, strict=True):
        same(one, other)
    if not wrt:
        return primitives_of(function)
    jacobians = {k: jacobian(case, k) for k in wrt}
    dots = [random_like(rng, case.arguments[k]) for k in wrt]
    bars = [random_like(rng, as_inexact(y)) for y in wanted]
    forward = verify.check(tangent(function, wrt))
    for j, y_dot in enumerate(trace(forward, (*case.arguments, *dots))[len(wanted) :]):
        expected = sum(J[j] @ np.ravel(dot) for J, dot in zip(jacobians.values(), dots, strict=True))
        same(y_dot, np.reshape(expected, np.shape(wanted[j])).astype(as_inexact(wanted[j]).dtype))
    reverse = verify.check(adjoint(function, wrt))
    bars = [as_declared(p, bar) for p, bar in zip(reverse.params[len(case.arguments) :], bars, strict=True)]
    back = transposed(case, jacobians, bars)
    numbers = [type(case.arguments[k]) is float for k in wrt]
    for x_bar, expected, number in zip(trace(reverse, (*case.arguments, *bars)), back, numbers, strict=True):
        # A Python float has no precision of its own: its adjoint may be any.
        same(x_bar, expected, dtype=not number)
    check_second(case, reverse, jacobians, rng, dots, bars)
    return primitives_of(function, forward, reverse)


def check_second(case, reverse, jacobians, rng, dots, bars) -> None:
    """The adjoint is linear in its seeds: its tangent is itself, its adjoint the Jacobian."""
    count, n = len(bars), len(case.arguments)
    seeds = tuple(range(n, n + count))
    new = [random_like(rng, bar) for bar in bars]
    second = verify.check(tangent(reverse, (*active_positions(case), *seeds)))
    found = trace(second, (*case.arguments, *bars, *dots, *new))[len(jacobians) :]
    for x_bar_dot, expected in zip(found, transposed(case, jacobians, new), strict=True):
        same(x_bar_dot, expected, dtype=expected.ndim > 0)
    twice = verify.check(adjoint(reverse, seeds))
    typed = [
        np.asarray(dot, result.type.dtype)[()] for dot, result in zip(dots, reverse.results, strict=True)
    ]
    for j, y_dot in enumerate(trace(twice, (*case.arguments, *bars, *typed))):
        expected = sum(J[j] @ np.ravel(dot) for J, dot in zip(jacobians.values(), dots, strict=True))
        wanted = np.reshape(expected, np.shape(bars[j])).astype(np.asarray(bars[j]).dtype)
        same(y_dot, wanted, dtype=type(bars[j]) is not float)


def transposed(case, jacobians, bars) -> list[np.ndarray]:
    """The adjoints that the dense Jacobians give: plain transposes, real parts for real arguments."""
    result = []
    for k, parts in jacobians.items():
        x = np.asarray(case.arguments[k])
        bar = sum(J.T @ np.ravel(y_bar) for J, y_bar in zip(parts, bars, strict=True))
        bar = bar if np.iscomplexobj(x) else np.real(bar)
        result.append(np.reshape(bar, x.shape).astype(x.dtype))
    return result


def same(got, want, dtype=True) -> None:
    """Equal in value and shape, and in dtype unless that does not matter."""
    want = np.asarray(want)
    assert np.shape(got) == want.shape
    assert np.asarray(got).dtype == want.dtype or not dtype
    single = {np.dtype(np.float32), np.dtype(np.complex64)} & {want.dtype, np.asarray(got).dtype}
    tolerance = 1e-5 if single else 1e-12
    np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance)


def trace(function: Function, arguments) -> tuple[Any, ...]:
    """Run a function and check that every value has the shape and dtype that its type says."""
    arguments = [as_declared(param, x) for param, x in zip(function.params, arguments, strict=True)]
    targets = [statement.target for statement in function.body]
    values = evaluate(replace(function, results=(*function.results, *targets)), *arguments)
    lengths: dict[Any, int] = {}
    for var, value in [
        *zip(function.params, arguments, strict=True),
        *zip(targets, values[len(function.results) :], strict=True),
    ]:
        check_type(var, value, lengths)
    return values[: len(function.results)]


def as_declared(param: Var, value: Any) -> Any:
    """A Python number where one is declared: real seeds of numbers are Python's."""
    weak = isinstance(param.type, Scalar) and param.type.weak and param.type.dtype.kind == "f"
    return float(value) if weak else value


def check_type(var: Var, value: Any, lengths: dict[Any, int]) -> None:
    """The inferred type holds at run time: `lengths` collects the length that each symbol stands for."""
    dims = var.type.dims if isinstance(var.type, Array) else ()
    assert np.ndim(value) == len(dims), f"{var} has shape {np.shape(value)}"
    if isinstance(var.type, Array) or not var.type.weak:
        assert np.asarray(value).dtype == var.type.dtype, f"{var} is {np.asarray(value).dtype}"
        assert isinstance(value, np.ndarray) == isinstance(var.type, Array), f"{var} is a {type(value)}"
    sizes = list(zip(dims, np.shape(value), strict=True))
    if isinstance(var.type, Scalar) and var.type.size is not None:
        sizes.append((var.type.size, value))
    for size, n in sizes:
        if isinstance(size, int):
            assert size == n, f"{var} has shape {np.shape(value)}"
            continue
        assert not (size.not_one and n == 1), f"{var} has shape {np.shape(value)}"
        if size.offset == 0:
            assert lengths.setdefault(size.symbol, n) == n, f"{var} has shape {np.shape(value)}"
        elif size.symbol in lengths:
            assert max(lengths[size.symbol] + size.offset, 0) == n, f"{var} has shape {np.shape(value)}"


def check_other_shapes(case: Case) -> None:
    """What was lowered for one shape holds for others: values, types and adjoints."""
    rng = np.random.default_rng(6)
    function, wrt = lower(case), active_positions(case)
    reverse = adjoint(function, wrt)
    for shape in case.shapes:
        arguments = (rng.standard_normal(shape).astype(case.arguments[0].dtype), *case.arguments[1:])
        other = replace(case, arguments=arguments)
        wanted = as_outputs(other.numpy(*arguments))
        for got, want in zip(trace(function, arguments), wanted, strict=True):
            same(got, want)
        bars = [random_like(rng, as_inexact(y)) for y in wanted]
        jacobians = {k: jacobian(other, k) for k in wrt}
        found = trace(reverse, (*arguments, *bars))
        for x_bar, expected in zip(found, transposed(other, jacobians, bars), strict=True):
            same(x_bar, expected)


def check_single(case: Case) -> None:
    """In single precision everything differentiated stays in single precision."""

    def single(x):
        if np.asarray(x).dtype.kind not in "fc":
            return x
        return (np.complex64 if np.iscomplexobj(x) else np.float32)(x)

    made = replace(case, arguments=tuple(map(single, case.arguments)))
    if all(
        np.asarray(y).dtype in (np.float32, np.complex64) for y in as_outputs(made.numpy(*made.arguments))
    ):
        check(made)
