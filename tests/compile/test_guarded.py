"""What the user's compiled code calls: the derivative for the types of its last call, and for those only."""

import numpy as np
import pytest

from transform import adjoint, grad, value_and_grad

numba = pytest.importorskip("numba")

WEIGHTS = np.array([1.0, 2.0, 3.0])


def weighted(x, y):
    return np.sum(WEIGHTS * np.sin(x) * y)


def power(x, n):
    p = 1.0
    for _ in range(n):
        p *= x
    return p


def shifting(x, y):
    x[1:] = x[1:] * y[:-1]
    return np.sum(x * x)


def calling(compiled):
    return numba.njit(lambda *arguments: compiled(*arguments))


def test_seeds_and_captured_values_may_be_left_out():
    x, y = np.array([0.1, 0.2, 0.3]), np.array([2.0, 1.0, 3.0])
    derivative = grad(weighted, backend="numba")
    derivative(x, y)
    call = calling(derivative.compiled)
    want = WEIGHTS * np.cos(x) * y
    np.testing.assert_allclose(call(x, y), want, rtol=1e-14)
    np.testing.assert_allclose(call(x, y, 2.0), 2 * want, rtol=1e-14)
    np.testing.assert_allclose(call(x, y, 1.0, 3 * WEIGHTS), 3 * want, rtol=1e-14)
    np.testing.assert_allclose(call(np.repeat(x, 2)[::2], y), want, rtol=1e-14)


def test_captured_values_are_those_of_now(monkeypatch):
    x = np.ones(3)
    derivative = grad(weighted, backend="numba")
    derivative(x, x)
    monkeypatch.setitem(globals(), "WEIGHTS", np.array([5.0, 6.0, 7.0]))
    derivative(x, x)
    np.testing.assert_allclose(calling(derivative.compiled)(x, x), WEIGHTS * np.cos(1.0), rtol=1e-14)


def test_a_value_comes_with_its_gradient():
    derivative = value_and_grad(power, backend="numba")
    derivative(1.5, 3)
    assert calling(derivative.compiled)(2.0, 3) == (8.0, 12.0)
    assert calling(derivative.compiled)(2, 3) == (8.0, 12.0)  # an int where a float is wanted


@pytest.mark.parametrize("n, m", [(1, 3), (3, 1), (2, 3), (3, 2), (2, 2), (4, 4)])
def test_arrays_of_other_lengths_are_refused(n, m):
    derivative = grad(weighted, backend="numba")
    derivative(np.ones(3), np.ones(3))
    with pytest.raises(ValueError, match="other lengths"):
        calling(derivative.compiled)(np.ones(n), np.ones(m))


@pytest.mark.parametrize(
    "arguments",
    [
        (np.ones(3, np.float32), np.ones(3)),
        (np.ones((3, 3)), np.ones(3)),
        (1.0, np.ones(3)),
        (np.ones(3), "y"),
    ],
)
def test_arguments_of_other_types_are_refused(arguments):
    derivative = grad(weighted, backend="numba")
    derivative(np.ones(3), np.ones(3))
    with pytest.raises(numba.core.errors.TypingError, match="compiled for"):
        calling(derivative.compiled)(*arguments)


def test_a_float_is_no_int():
    derivative = grad(power, backend="numba")
    derivative(1.5, 3)
    with pytest.raises(numba.core.errors.TypingError, match="compiled for"):
        calling(derivative.compiled)(2.0, 2.5)


def test_what_is_written_to_is_no_part_of_another_argument():
    derivative = grad(shifting, backend="numba")
    memory = np.arange(1.0, 9.0)
    x, y = memory[:4], memory[4:]
    want = grad(shifting)(x, y)
    derivative(x, y)
    call = calling(derivative.compiled)
    np.testing.assert_allclose(call(x, y), want, rtol=1e-14)
    np.testing.assert_array_equal(memory, np.arange(1.0, 9.0))
    with pytest.raises(ValueError, match="other lengths"):
        call(x, memory[2:6])
    with pytest.raises(ValueError, match="other lengths"):
        call(memory[3::-1], memory[3:7])


def test_seeds_of_arrays_are_required_and_must_fit():
    derivative = adjoint(lambda x: np.sin(x) * 2.0, backend="numba")
    x = np.array([0.1, 0.2])
    derivative(x, np.ones(2))
    call = calling(derivative.compiled)
    np.testing.assert_allclose(call(x, np.array([1.0, 3.0])), 2 * np.cos(x) * [1.0, 3.0], rtol=1e-14)
    with pytest.raises(ValueError, match="other lengths"):
        call(x, np.ones(3))


def test_it_is_made_once_for_the_same_types():
    derivative = grad(weighted, backend="numba")
    derivative(np.ones(3), np.ones(3))
    first = derivative.compiled
    assert derivative.compiled is first
    derivative(np.ones(1), np.ones(3))
    assert derivative.compiled is not first


def test_lengths_that_the_source_tells_are_tested_with_seeds_as_without():
    derivative = adjoint(lambda x: x * x * np.array([1.0, 2.0, 3.0]), backend="numba")
    derivative(np.ones(3), np.ones(3))
    call = calling(derivative.compiled)
    np.testing.assert_allclose(call(np.ones(3), np.ones(3)), [2.0, 4.0, 6.0], rtol=1e-14)
    with pytest.raises(ValueError, match="other lengths"):
        call(np.ones(4), np.ones(4))
