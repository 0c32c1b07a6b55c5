"""The derivatives of random functions with loops, branches and stores, equation by equation.

Both modes and second order, forward over reverse and reverse over reverse, against central differences of
the function itself, evaluated without the emitter.
"""

from __future__ import annotations

import numpy as np
import pytest

from tests.passes.random_functions import LENGTH, point, random_function
from tests.support.evaluate import evaluate
from transform.passes.adjoint import adjoint
from transform.passes.pipeline import Mode, derivative, tidy
from transform.passes.tangent import tangent
from transform.verify import check

WRT = (0, 1, 2, 3)


def values(function, *arguments):
    """The results, one after the other; the arguments stay as they are."""
    copies = [np.copy(x) if isinstance(x, np.ndarray) else x for x in arguments]
    return np.concatenate([np.ravel(result) for result in evaluate(check(function), *copies)])


def slopes(function, at, along, *more):
    """Derivatives along a direction by central differences; None where two steps disagree: a kink is near."""

    def slope(h):
        ends = [
            values(function, *(x + k * h * d for x, d in zip(at, along, strict=True)), *more)
            for k in (1, -1, 2, -2)
        ]
        return (8 * (ends[0] - ends[1]) - (ends[2] - ends[3])) / (12 * h)

    coarse, fine = slope(1e-3), slope(5e-4)
    steady = np.all(np.abs(coarse - fine) < 1e-7 * (1 + np.max(np.abs(fine))))
    return fine if steady else None


def direction(seed):
    rng = np.random.default_rng(seed)
    return rng.normal(), rng.normal(), rng.normal(size=LENGTH), rng.normal(size=LENGTH)


def close(got, want, tolerance=1e-6):
    np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance * (1 + np.max(np.abs(want))))


@pytest.mark.parametrize("seed", range(60))
def test_derivatives_of_random_functions(seed):
    function = random_function(seed, count=3 + seed % 3, depth=2 + seed % 2)
    at, along = point(seed), direction(seed)
    want = slopes(function, at, along)
    if want is None:
        pytest.skip("a kink is near")
    reverse = derivative(function, Mode.REVERSE, WRT)
    for each in (adjoint(function, WRT), reverse):
        close(np.dot(values(each, *at, 1.0), np.concatenate([np.ravel(d) for d in along])), want[0])
    forward = derivative(function, Mode.FORWARD, WRT)
    close(values(forward, *at, *along)[-1], want[0])
    curved = values(tidy(tangent(reverse, WRT)), *at, 1.0, *along)[-len(values(reverse, *at, 1.0)) :]
    want = slopes(reverse, at, along, 1.0)
    if want is not None:
        close(curved, want, 1e-5)
    again = values(tidy(adjoint(reverse, WRT)), *at, 1.0, *along)
    close(again, curved, 1e-8)
