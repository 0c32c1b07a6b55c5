"""Arguments whose lengths do not fit: the primal raises, and so must a derivative that needs less of it."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from transform import ArgumentError, grad, tangent

WEIGHTS = np.array([1.0, 2.0])


class TestShapesThatDoNotFit:
    """The primal raises; its derivative does not need the statement that does, and must not go on either."""

    def test_two_arguments(self):
        df = grad(lambda x, y: np.sum(x + y), (0, 1))
        for n, m in ((3, 4), (3, 3), (3, 4), (4, 4), (5, 6)):
            if n == m:
                assert_allclose(df(np.ones(n), np.ones(m))[0], np.ones(n))
            else:
                with pytest.raises(ArgumentError, match=f"length {m} along axis 0, where {n} is needed"):
                    df(np.ones(n), np.ones(m))

    def test_an_argument_and_a_global(self):
        df = grad(lambda x: np.sum(WEIGHTS + x))
        assert_allclose(df(np.ones(2)), [1, 1])
        for derivative, seeds in ((df, ()), (tangent(lambda x: np.sum(WEIGHTS + x)), (np.ones(3),))):
            with pytest.raises(ArgumentError, match="to go with WEIGHTS"):
                derivative(np.ones(3), *seeds)

    def test_unpacking(self):
        def product(x):
            a, b = x
            return a * b

        df = grad(product)
        assert_allclose(df(np.array([2.0, 3.0])), [3, 2])
        with pytest.raises(ArgumentError, match="length 3 along axis 0, where 2 is needed"):
            df(np.ones(3))
