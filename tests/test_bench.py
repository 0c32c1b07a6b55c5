"""The adjoints that the benchmark has by hand are right, so that the comparison means something."""

import numpy as np
import pytest

from benchmarks import workloads as w
from tests.support.differences import slope


@pytest.mark.parametrize(
    ("primal", "by_hand", "arguments", "active"),
    [
        (w.loss, w.loss_by_hand, (1.7,), 1),
        (w.mse, w.mse_by_hand, w.mse_data(30, 4), 1),
        (w.network, w.network_by_hand, w.network_data(40), 3),
    ],
)
def test_adjoints_by_hand(primal, by_hand, arguments, active):
    rng = np.random.default_rng(5)
    bars = by_hand(*arguments)
    for k, bar in enumerate(bars if active > 1 else (bars,)):
        direction = rng.standard_normal(np.shape(arguments[k]))
        directions = [direction if j == k else None for j in range(len(arguments))]
        assert np.sum(bar * direction) == pytest.approx(slope(primal, arguments, directions), rel=1e-7)


def test_long_functions_have_the_length_asked_for():
    scope = {}
    text = w.long_function("f", 500)
    exec(text, scope)
    assert text.count(" = ") == 499
    assert np.isfinite(scope["f"](0.7))
