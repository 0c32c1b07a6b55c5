"""Check a rule at a point: value, tangent, adjoint and second order, against NumPy's own function."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from transform import verify
from transform.ir import Function, Var
from transform.passes.adjoint import adjoint
from transform.passes.tangent import tangent
from transform.rules import FUNCTIONS, METHODS, PRIMITIVES, Builder, Value
from transform.types import FLOAT, Array, Dim, Scalar

from .differences import mixed, slope
from .evaluate import evaluate
from .linear_cases import as_declared


@dataclass(frozen=True)
class Case:
    """A call of a NumPy function (or of a method, by name) at a point.

    `bars` are the adjoints expected where the function has a kink, and differences say nothing.
    `second` is False where there is no second derivative either. Of several results `result` says which.
    With `blind` the types do not tell which lengths are 1.
    """

    call: Any
    arguments: tuple[Any, ...]
    params: dict[str, Any] = field(default_factory=dict)
    bars: tuple[Any, ...] | None = None
    second: bool = True
    tolerance: float = 1e-7
    result: Any = None
    blind: bool = False

    def __str__(self):
        name = self.call if isinstance(self.call, str) else self.call.__name__
        shapes = "-".join("x".join(map(str, np.shape(x))) or "scalar" for x in self.arguments)
        params = "-".join(f"{key}={value}" for key, value in self.params.items())
        return f"{name}-{shapes}-{params}".rstrip("-").replace(" ", "")

    def numpy(self, *arguments):
        if isinstance(self.call, str):
            made = getattr(arguments[0], self.call)(*arguments[1:], **self.params)
        else:
            made = self.call(*arguments, **self.params)
        return made if self.result is None else made[self.result]


def type_of(value, name, blind=False):
    """The type of an argument: each dim a symbol of its own, known to be 1 or not unless `blind`."""
    if isinstance(value, float):
        return FLOAT
    if isinstance(value, np.generic):
        return Scalar(value.dtype)
    return Array(
        value.dtype,
        tuple(n if n == 1 else Dim(f"{name}{k}", not_one=True) for k, n in enumerate(value.shape)),
    )


def lower(case: Case) -> Function:
    """The call as a Function with one param an argument."""
    builder = Builder()
    params = tuple(Var(f"x{k}", type_of(x, f"x{k}", case.blind)) for k, x in enumerate(case.arguments))
    adapter = METHODS.get(case.call) or FUNCTIONS.get(case.call) or case.call.adapter
    result = adapter(builder, *(Value(builder, param) for param in params), **case.params)
    if case.result is not None:
        result = result[case.result]
    return verify.check(Function("f", params, builder.finish(), (builder.atom(result),)))


def primitives_of(function: Function) -> set[str]:
    return {statement.primitive.name for statement in function.body}


def primitives_in(*modules) -> set[str]:
    """The primitives whose rules are written in these modules."""
    files = {module.__name__ for module in modules}

    def formulas(function):
        """What the family that made a rule was given, or the rule itself where it is written out."""
        for cell in function.__closure__ or ():
            inside = cell.cell_contents
            yield from inside if isinstance(inside, tuple) else (inside,)
        yield function

    def written_here(function):
        qualified = getattr(function, "__qualname__", "<locals>")
        return "<locals>" not in qualified and function.__module__ in files

    return {
        name
        for name, primitive in PRIMITIVES.items()
        for rule in (primitive.tangent, primitive.adjoint)
        if rule is not None and any(map(written_here, formulas(rule)))
    }


def direction(rng, x):
    """A random direction of the shape and dtype of x."""
    made = np.asarray(rng.standard_normal(np.shape(x)))
    if np.iscomplexobj(x):
        made = made + 1j * rng.standard_normal(np.shape(x))
    return made.astype(np.asarray(x).dtype)[()]


def check_value(case: Case) -> None:
    """The primal is NumPy's, dtype and shape included."""
    (got,) = evaluate(lower(case), *case.arguments)
    want = case.numpy(*case.arguments)
    assert np.shape(got) == np.shape(want)
    assert np.asarray(got).dtype == np.asarray(want).dtype
    np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-12)


def pair(bar, dot):
    """The pairing of adjoint and tangent: no conjugation."""
    return np.sum(np.asarray(bar) * np.asarray(dot)).real


def check_derivatives(case: Case) -> None:
    """Tangent and adjoint against differences, then the tangent of the adjoint against second differences."""
    rng = np.random.default_rng(3)
    function, n = lower(case), len(case.arguments)
    wrt = tuple(range(n))
    forward, reverse = verify.check(tangent(function, wrt)), verify.check(adjoint(function, wrt))
    dots = [direction(rng, x) for x in case.arguments]
    y_bar = direction(rng, case.numpy(*case.arguments))
    _, y_dot = evaluate(forward, *case.arguments, *dots)
    bars = evaluate(reverse, *case.arguments, y_bar)
    for x, bar in zip(case.arguments, bars, strict=True):
        assert np.shape(bar) == np.shape(x)
        assert np.asarray(bar).dtype == np.asarray(x).dtype
        assert np.all(np.isfinite(bar))
    inner = sum(pair(bar, dot) for bar, dot in zip(bars, dots, strict=True))
    np.testing.assert_allclose(pair(y_bar, y_dot), inner, rtol=1e-9, atol=1e-12)
    if case.bars is not None:
        check_kink(case, reverse)
        return
    close = {"rtol": case.tolerance, "atol": case.tolerance}
    np.testing.assert_allclose(y_dot, slope(case.numpy, case.arguments, dots), **close)
    for k in wrt:
        alone = [dot if j == k else None for j, dot in enumerate(dots)]
        np.testing.assert_allclose(
            pair(bars[k], dots[k]), pair(y_bar, slope(case.numpy, case.arguments, alone)), **close
        )
    if case.second:
        check_second(case, reverse, y_bar, dots, rng)


def check_kink(case: Case, reverse: Function) -> None:
    """Where differences cannot tell: the adjoint for seeds of one is the one that the conventions say."""
    seed = np.ones_like(case.numpy(*case.arguments))[()]
    for bar, want in zip(evaluate(reverse, *case.arguments, seed), case.bars, strict=True):
        np.testing.assert_allclose(bar, want, rtol=1e-12, atol=1e-15)


def check_second(case: Case, reverse: Function, y_bar, dots, rng) -> None:
    """bar_dot paired with another direction is the mixed second derivative of y_bar . f."""
    n = len(case.arguments)
    second = verify.check(tangent(reverse, tuple(range(n))))
    found = evaluate(second, *case.arguments, y_bar, *dots)
    others = [direction(rng, x) for x in case.arguments]
    got = sum(pair(bar_dot, other) for bar_dot, other in zip(found[n:], others, strict=True))

    def weighted(*arguments):
        return pair(y_bar, case.numpy(*arguments))

    want = mixed(weighted, case.arguments, dots, others)
    np.testing.assert_allclose(got, want, rtol=10 * case.tolerance, atol=10 * case.tolerance)


def check_third(case: Case) -> None:
    """The tangent of the tangent of the adjoint, against differences of the tangent of the adjoint."""
    rng, n = np.random.default_rng(5), len(case.arguments)
    wrt = tuple(range(n))
    second = tangent(adjoint(lower(case), wrt), wrt)
    third = verify.check(tangent(second, wrt))
    seeds = [direction(rng, case.numpy(*case.arguments)), *(direction(rng, x) for x in case.arguments)]
    dots = [direction(rng, x) for x in case.arguments]
    found = evaluate(third, *case.arguments, *seeds, *dots)[2 * n :]
    for k in range(2 * n):

        def result(*arguments, k=k):
            return evaluate(second, *arguments, *seeds)[k]

        np.testing.assert_allclose(found[k], slope(result, case.arguments, dots), rtol=1e-6, atol=1e-6)


def check_single(case: Case) -> None:
    """In single precision everything stays in single precision, the intermediate values included."""
    single = tuple(np.complex64(x) if np.iscomplexobj(x) else np.float32(x) for x in case.arguments)
    made = replace(case, arguments=single)
    wrt = tuple(range(len(single)))
    rng = np.random.default_rng(4)
    for derive, like in ((tangent, single), (adjoint, (made.numpy(*single),))):
        seeds = [direction(rng, x) for x in like]
        function = derive(lower(made), wrt)
        seeds = [as_declared(p, s) for p, s in zip(function.params[len(single) :], seeds, strict=True)]
        for statement in function.body:
            type_ = statement.target.type
            weak = isinstance(type_, Scalar) and type_.weak
            assert weak or type_.dtype not in (np.float64, np.complex128), statement
        for result in evaluate(function, *single, *seeds):
            assert np.asarray(result).dtype in (np.float32, np.complex64)
