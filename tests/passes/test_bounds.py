"""Indices under the Numba flavour: what cannot be proved is checked, once where that is possible."""

import numpy as np
import pytest

from transform import grad
from transform.emit import emit
from transform.passes.loops import loops

V = np.array([0.5, -0.3, 0.8])
M = np.arange(12.0).reshape(3, 4)


def text(function, *arguments):
    return emit(loops(grad(function).specialize(*arguments).function)).definition


def of_its_own_length(x):
    s = 0.0
    for i in range(1, len(x)):
        s += x[i] * x[i - 1]
    return s


def of_a_length_that_is_given(x, n):
    s = 0.0
    for i in range(n):
        s += x[i] ** 2
    return s


def gathered(x, places):
    s = 0.0
    for k in range(len(places)):
        s += x[places[k]] ** 2
    return s


def chosen(x, n):
    s = 0.0
    for i in range(n):
        if i < len(x):
            s += x[i] ** 2
    return s


def all_at_once(x, places):
    return np.sum(x[places] ** 2)


def one(x, k):
    return x[k] ** 2


def across(A):
    s = 0.0
    for i in range(len(A)):
        for j in range(len(A)):
            s += A[i, j] ** 2
    return s


def test_what_a_loop_runs_over_needs_no_check():
    assert "IndexError" not in text(of_its_own_length, V)


def test_a_check_stands_before_the_loop():
    made = text(of_a_length_that_is_given, V, 2)
    check = next(k for k, line in enumerate(made.splitlines()) if "IndexError" in line)
    loop = next(k for k, line in enumerate(made.splitlines()) if "for i in" in line)
    assert check < loop
    assert made.count("IndexError") == 1


@pytest.mark.parametrize(
    ("function", "good", "bad"),
    [
        (of_a_length_that_is_given, (V, 3), [(V, 4), (V, 50)]),
        (gathered, (V, np.array([0, -1, -3])), [(V, np.array([0, 3])), (V, np.array([-4]))]),
        (all_at_once, (V, np.array([0, -1, -3])), [(V, np.array([0, 3])), (V, np.array([-4]))]),
        (one, (V, -3), [(V, 3), (V, -4)]),
        (across, (M,), [(M.T.copy(),)]),
        (chosen, (V, 9), []),
    ],
)
def test_what_is_out_of_bounds_is_an_error_as_in_python(function, good, bad):
    pytest.importorskip("numba")
    compiled, plain = grad(function, backend="numba"), grad(function)
    np.testing.assert_allclose(compiled(*good), plain(*good), rtol=1e-14)
    for arguments in bad:
        for derivative in (plain, compiled):
            with pytest.raises(IndexError):
                derivative(*arguments)
    if function is of_a_length_that_is_given:
        np.testing.assert_array_equal(compiled(V, -2), np.zeros(3))
