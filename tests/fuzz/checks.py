"""What must hold for the derivatives of a program, against references that are made otherwise."""

from __future__ import annotations

import copy
import functools
import os
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from transform import adjoint as adjoint_of
from transform import hvp, value_and_grad, verify
from transform import tangent as tangent_of
from transform.errors import IRError, TransformError
from transform.ir import Function
from transform.passes.adjoint import adjoint
from transform.passes.dce import eliminate_dead
from transform.passes.own import own
from transform.passes.pipeline import Mode, derivative, tidy, with_callees
from transform.passes.recognise import recognise
from transform.passes.simplify import simplify
from transform.passes.tangent import tangent

from ..support.differences import slope
from ..support.evaluate import evaluate
from ..support.flavours import Refused
from .flavours import check_flavours
from .limits import in_time
from .programs import Program
from .structures import SINGLE, direction, doubled, fill, leaves, moved, pairing, skeleton

STEP = 4e-3


def outcome(program: Program) -> tuple[str, BaseException | None]:
    """ "right", "rough" (differences could not tell everything), "wrong", "refused" or "crashed"; and why.

    With BACKEND=numba in the environment, the Numba flavour against the Python flavour.
    """
    examine = check_flavours if os.environ.get("BACKEND") == "numba" else check
    try:
        return ("rough" if examine(program) else "right"), None
    except Refused as error:
        return "refused", error.__cause__ or error
    except IRError as error:
        return "crashed", error
    except TransformError as error:
        return "refused", error
    except AssertionError as error:
        inside = "/transform/" in traceback.extract_tb(error.__traceback__)[-1].filename
        return "crashed" if inside else "wrong", error
    except Exception as error:
        return "crashed", error


def check(program: Program) -> int:
    """Check everything; return how many comparisons with differences a kink nearby left out."""
    with warnings.catch_warnings(), in_time():
        warnings.simplefilter("error")
        function = program.load()
        kind = _InPlace if function(**copy.deepcopy(program.arguments)) is None else _Checks
        checks = [kind(program, point, function) for point in (program.arguments, *program.elsewhere)]
        checks[0].run()
        for each in checks[1:]:
            each.briefly()
        return sum(each.rough for each in checks)


class _Checks:
    """The checks at one point."""

    def __init__(self, program: Program, point: dict[str, Any], function: Callable[..., Any]) -> None:
        self.program, self.keywords, self.function = program, point, function
        self.arguments = list(point.values())
        self.moving = {k: x for k, x in point.items() if not isinstance(x, (int, str))}
        self.names, self.point = tuple(self.moving), tuple(self.moving.values())
        self.untouched = copy.deepcopy(self.arguments)
        rng = np.random.default_rng(7)
        self.dots = tuple(direction(rng, argument) for argument in self.point)
        self.single = any(np.asarray(leaf).dtype.name in SINGLE for leaf in leaves(self.point))
        self.tolerance = 2e-3 if self.single else 1e-6
        self.rough = 0

    def run(self) -> None:
        gradient = value_and_grad(self.function, argnums=self.names)
        value, bars = gradient(*self.arguments)
        self.value(value)
        self.structure(bars)
        self.slopes(bars)
        self.forward(bars)
        self.second()
        self.text(gradient.source, bars)
        self.passes(bars)
        self.unchanged(bars)

    def briefly(self) -> None:
        """The value, one slope and the tangent at another point, where other branches may be taken."""
        value, bars = value_and_grad(self.function, argnums=self.names)(*self.arguments)
        self.value(value)
        self.structure(bars)
        want = self.along(self.function, self.dots)
        if want is not None:
            self.close(pairing(bars, self.dots), want, "adjoint elsewhere")
        self.forward(bars)
        self.unchanged(bars)

    def value(self, value: Any) -> None:
        want = self.function(*copy.deepcopy(self.arguments))
        self.same_value(value, want, "value")

    def same_value(self, value: Any, want: Any, what: str) -> None:
        # A conditional between a float and an np.float32 has one type in the derivative, two in Python.
        same = "kind" if self.single else "name"
        assert getattr(np.asarray(value).dtype, same) == getattr(np.asarray(want).dtype, same), repr(value)
        rtol = 1e-5 if self.single else 1e-12
        np.testing.assert_allclose(value, want, rtol=rtol, atol=rtol, err_msg=what)

    def structure(self, bars: Any) -> None:
        """A gradient has the structure, shapes and dtypes of its argument."""
        assert skeleton(bars) == skeleton(self.point), skeleton(bars)
        assert all(np.all(np.isfinite(bar)) for bar in leaves(bars)), bars

    def slopes(self, bars: Any) -> None:
        """Leaf by leaf against central differences."""
        count = len(list(leaves(self.point)))
        for k in range(count):
            dots = [dot if j == k else 0 * dot for j, dot in enumerate(leaves(self.dots))]
            want = self.along(self.function, fill(self.dots, iter(dots)))
            if want is not None:
                self.close(pairing(bars, fill(self.dots, iter(dots))), want, f"adjoint of number {k}")

    def along(self, function: Callable[..., Any], dots: Sequence[Any]) -> Any:
        """The derivative along `dots` by differences; None where two steps disagree: a kink is near."""
        point, way = [doubled(x) for x in leaves(self.point)], [doubled(d) for d in leaves(dots)]

        def at(*numbers: Any) -> Any:
            moved = dict(zip(self.names, fill(self.point, iter(numbers)), strict=True))
            return doubled(function(**copy.deepcopy(self.keywords | moved)))

        try:
            coarse, fine = (slope(at, point, way, step) for step in (STEP, STEP / 2))
            bends = [
                at(*moved(point, way, h)) + at(*moved(point, way, -h)) - 2 * at(*point)
                for h in (STEP, STEP / 2)
            ]
        except (ArithmeticError, ValueError, RuntimeWarning):
            coarse = fine = np.nan
            bends = [np.nan, np.nan]
        scale = 1 + np.abs(fine)
        steady = np.all(np.abs(coarse - fine) < 1e-7 * scale)
        # A kink exactly at the point escapes symmetric differences; it bends in proportion to the step.
        if steady and np.all(np.abs(bends[0] - 4 * bends[1]) < 1e-5 * STEP * scale):
            return fine
        self.rough += 1
        return None

    def close(self, got: Any, want: Any, what: str) -> None:
        scale = 1 + np.max(np.abs(want))
        np.testing.assert_allclose(got, want, rtol=self.tolerance, atol=self.tolerance * scale, err_msg=what)

    def forward(self, bars: Any) -> None:
        """The tangent along the directions pairs like the adjoint."""
        _, value_dot = tangent_of(self.function, argnums=self.names)(*self.arguments, *self.dots)
        inner = pairing(bars, self.dots)
        size = 1 + sum(
            float(np.sum(np.abs(a * b))) for a, b in zip(leaves(bars), leaves(self.dots), strict=True)
        )
        rtol = 1e-4 if self.single else 1e-10
        np.testing.assert_allclose(
            value_dot, inner, rtol=rtol, atol=rtol * size, err_msg="dot-product identity"
        )

    def second(self) -> None:
        """The Hessian-vector product against differences of the gradient."""
        self.curved = hvp(self.function, argnums=self.names)(*self.arguments, *self.dots)
        assert skeleton(self.curved) == skeleton(self.point)
        gradient = value_and_grad(self.function, argnums=self.names)

        def stacked(**arguments: Any) -> np.ndarray:
            return np.concatenate([np.ravel(bar) for bar in leaves(gradient(**arguments)[1])])

        want = self.along(stacked, self.dots)
        if want is not None:
            self.close(np.concatenate([np.ravel(bar) for bar in leaves(self.curved)]), want, "hvp")

    def text(self, source: str, bars: Any, seeds: Sequence[Any] = ()) -> None:
        """The text alone computes the same, and a second building gives the same text."""
        scope: dict[str, Any] = {}
        exec(compile(source, "<standalone>", "exec"), scope)
        again = scope["program_adjoint"](*self.arguments, *seeds)
        again = again if seeds else again[1]
        for one, other in zip(leaves(bars), leaves(again), strict=True):
            np.testing.assert_array_equal(one, other, err_msg="standalone source")
        if seeds:
            return
        fresh = value_and_grad(self.program.load(), argnums=self.names)
        assert fresh.specialize(*self.arguments).emitted.text == source, "a second building prints otherwise"

    def passes(self, bars: Any) -> None:
        """Each pass gives a well-formed function that computes the same, equation by equation."""
        primal = value_and_grad(self.function, argnums=self.names).specialize(*self.arguments).primal
        known = {param.name for param in primal.params}
        # An int that decides a length is no parameter any more.
        given = [x for k, x in self.keywords.items() if k in self.moving or k in known]
        numbers, dots = list(leaves(given)), list(leaves(self.dots))
        wrt = tuple(k for k, number in enumerate(numbers) if not isinstance(number, int))
        raw, pushed = with_callees(adjoint(primal, wrt)), with_callees(tangent(primal, wrt))
        second = with_callees(tangent(raw, wrt))
        for function in (primal, recognise(primal), raw, pushed, second):
            for each in stages(function):
                verify.check(each)
        verify.check(derivative(primal, Mode.FORWARD, wrt))
        want = self.function(*copy.deepcopy(self.arguments))
        self.same_value(evaluate(primal, *numbers)[0], want, "primal by equations")
        one = 1.0
        for function in (raw, tidy(raw), derivative(primal, Mode.REVERSE, wrt)):
            self.agree(evaluate(function, *numbers, one), leaves(bars), "adjoint by equations")
        found = evaluate(function, *copy.deepcopy(numbers), one, in_place=True)
        self.agree(found, leaves(bars), "adjoint by equations in place")
        for function in (pushed, tidy(pushed)):
            found = evaluate(function, *numbers, *dots)[-1]
            self.close(found, pairing(bars, self.dots), "tangent by equations")
        for function in (second, tidy(second)):
            found = evaluate(function, *numbers, one, *dots)[len(wrt) :]
            self.agree(found, leaves(self.curved), "hvp by equations")

    def agree(self, got: Any, want: Any, what: str) -> None:
        for one, other in zip(got, want, strict=True):
            rtol = 1e-3 if self.single else 1e-8
            scale = 1 + np.max(np.abs(other), initial=0)
            np.testing.assert_allclose(one, other, rtol=rtol, atol=rtol * scale, err_msg=what)

    def unchanged(self, bars: Any) -> None:
        """The caller's arrays are as they were, and no gradient shares its memory with them or another."""
        for now, before in zip(leaves(self.arguments), leaves(self.untouched), strict=True):
            assert np.asarray(now).tobytes() == np.asarray(before).tobytes(), "an argument was modified"
        arrays = [x for x in [*leaves(bars), *leaves(self.arguments)] if isinstance(x, np.ndarray)]
        for k, array in enumerate(arrays):
            assert not any(np.shares_memory(array, other) for other in arrays[:k]), (
                "a gradient shares its memory"
            )
            assert array.flags.writeable, "a gradient is read-only"


class _InPlace(_Checks):
    """The checks of a function that returns nothing: what it leaves in its arguments is its result."""

    def run(self) -> None:
        self.briefly()
        results = {"results": self.written}
        pullback = adjoint_of(self.function, argnums=self.names, **results)
        seeds = self.seeds()
        self.text(pullback.specialize(*self.arguments).emitted.text, pullback(*self.arguments, *seeds), seeds)

    @functools.cached_property
    def written(self) -> tuple[str, ...]:
        """The arrays that the function writes to, at some point."""
        found = set()
        for point in (self.program.arguments, *self.program.elsewhere):
            after = copy.deepcopy(point)
            self.function(**after)
            arrays = {name for name, value in point.items() if isinstance(value, np.ndarray)}
            found |= {name for name in arrays if not np.array_equal(after[name], point[name])}
        return tuple(name for name in self.names if name in found)

    def seeds(self) -> list[Any]:
        rng = np.random.default_rng(3)
        return [direction(rng, self.keywords[name]) for name in self.written]

    def left(self, **keywords: Any) -> np.ndarray:
        """All that the function leaves in what it writes to."""
        after = copy.deepcopy(keywords)
        self.function(**after)
        return np.concatenate([np.ravel(after[name]) for name in self.written])

    def briefly(self) -> None:
        seeds, results = self.seeds(), {"results": self.written}
        pushed = tangent_of(self.function, argnums=self.names, **results)(*self.arguments, *self.dots)
        value, value_dot = ([each] if isinstance(each, np.ndarray) else list(each) for each in pushed)
        self.same_value(flat(value), self.left(**self.keywords), "value")
        want = self.along(self.left, self.dots)
        if want is not None:
            self.close(flat(value_dot), want, "tangent")
        bars = adjoint_of(self.function, argnums=self.names, **results)(*self.arguments, *seeds)
        self.structure(bars)
        inner = pairing(seeds, value_dot)
        scale = self.tolerance * (1 + float(np.max(np.abs(flat(value_dot)))))
        np.testing.assert_allclose(
            pairing(bars, self.dots), inner, rtol=scale, atol=scale, err_msg="dot-product identity"
        )
        self.unchanged(bars)


def flat(values: Sequence[Any]) -> np.ndarray:
    return np.concatenate([np.ravel(each) for each in values])


def stages(function: Function) -> Iterator[Function]:
    yield function
    yield eliminate_dead(function)
    yield own(simplify(function))
    yield tidy(function)
