"""Golden text of derivatives, from the primal's source to the module that stands alone; each is also run.

`python -m tests.emit.test_lecture` writes the golden files anew; read the difference before you commit it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import transform

from ..support.differences import slope
from . import lecture

GOLDEN = Path(__file__).with_name("golden")


def _arrays(*shapes):
    rng = np.random.default_rng(0)
    return tuple(rng.random(shape) for shape in shapes)


W, b, v, X, t, w = _arrays((3, 4), 4, 4, (7, 3), 7, 3)
CASES = {
    "loss_adjoint": (transform.adjoint(lecture.loss), (1.7,), 1),
    "loss_tangent": (transform.tangent(lecture.loss), (1.7,), 1),
    "loss_adjoint_tangent": (transform.tangent(transform.adjoint(lecture.loss), 0), (1.7,), 1),
    "pair_adjoint": (transform.adjoint(lecture.pair, (0, 1)), (0.4, -0.7), 2),
    "pair_tangent": (transform.tangent(lecture.pair, (0, 1)), (0.4, -0.7), 2),
    "mse_adjoint": (transform.adjoint(lecture.mse), (w, X, t), 1),
    "mse_tangent": (transform.tangent(lecture.mse), (w, X, t), 1),
    "nll_adjoint": (transform.adjoint(lecture.nll, (0, 1, 2)), (W, b, v, X, t), 3),
    "chosen_adjoint": (transform.adjoint(lecture.chosen), (0.3,), 1),
    "picked_adjoint": (transform.adjoint(lecture.picked), (w,), 1),
    "net_adjoint": (transform.adjoint(lecture.net), ({"layers": [(W, b)], "scale": 2.0}, X), 0),
}


def _source(name):
    derivative, arguments, _ = CASES[name]
    return derivative.specialize(*arguments).emitted.text


@pytest.mark.parametrize("name", CASES)
def test_text(name):
    assert _source(name) == (GOLDEN / f"{name}.txt").read_text()


@pytest.mark.parametrize("name", [name for name in CASES if name.endswith("_adjoint") and CASES[name][2]])
def test_adjoints_stand_alone_and_are_right(name):
    _, arguments, count = CASES[name]
    scope = {}
    exec(_source(name), scope)
    seeds = (0.8, -1.3) if name.startswith("pair") else (1.0,)
    bars = scope[name](*arguments, *seeds)
    primal = getattr(lecture, name.removesuffix("_adjoint"))

    def weighted(*args):
        return np.dot(np.atleast_1d(primal(*args)), seeds)

    for k, bar in enumerate(bars if count > 1 else (bars,)):
        direction = np.cos(np.arange(np.size(bar))).reshape(np.shape(bar))
        directions = [direction if j == k else None for j in range(len(arguments))]
        assert np.sum(bar * direction) == pytest.approx(slope(weighted, arguments, directions), rel=1e-8)


@pytest.mark.parametrize("name", ["loss_tangent", "pair_tangent", "mse_tangent"])
def test_tangents_stand_alone_and_are_right(name):
    _, arguments, count = CASES[name]
    scope = {}
    exec(_source(name), scope)
    dots = [np.ones_like(argument) if np.ndim(argument) else 1.0 for argument in arguments[:count]]
    primal = getattr(lecture, name.removesuffix("_tangent"))
    value, dot = scope[name](*arguments, *dots)
    directions = [*dots, *[None] * (len(arguments) - count)]
    np.testing.assert_allclose(value, primal(*arguments), rtol=1e-14)
    np.testing.assert_allclose(dot, slope(primal, arguments, directions), rtol=1e-8)


if __name__ == "__main__":
    for each in CASES:
        (GOLDEN / f"{each}.txt").write_text(_source(each))
