"""Slices between fixed bounds have the length that they say; shorter arrays are for Python."""

import numpy as np
import pytest

from tests.support.flavours import assert_gradients_agree, moving
from tests.support.sweeps import looped
from transform import adjoint, grad, tangent, verify
from transform.passes.loops import assumed

pytest.importorskip("numba")


def first_three(p, x):
    return np.sum(p[:3] * x)


def parts(p):
    scale, shift = p[:2], p[2:4]
    return np.sum((scale * shift + 1.0) ** 2) + np.prod(p[4:7])


def columns(X):
    centre = X[:, 1:4]
    return np.sum(X[:, :1] * centre + X[:, 4:6].sum(axis=1)[:, None])


def last_three(x):
    return np.sum(x[-3:] ** 3) + np.sum(x[-2:-1])


def every_other(x):
    return np.sum(x[0:6:2] * x[1:7:2])


def tail(x):
    return np.sum(x[2:] ** 2) * x[0]


def cut_twice(x):
    return np.sum(x[:5][1:3] ** 2)


def stored(x, y):
    z = np.zeros(y.shape)
    z[:2] = x[:2]
    z[2:4] = x[1:3] * y[:2]
    return np.sum(z * y)


def in_a_loop(p, n):
    total = 0.0
    for k in range(n):
        total = total + np.sum(p[:2] * p[1:3]) * k
    return total


def in_a_branch(x, y, flag):
    if flag > 0:
        return np.sum(x[:3] * y)
    return np.sum(x * x) + np.sum(y * y)


def gathered(X, Y, at, to):
    d = X[at] - Y[to][:, :3]
    return np.sum(np.sqrt(1.0 + np.sum(d * d, axis=1)) * Y[to, 3])


def averaged(x):
    return np.linalg.norm(x[:4]) + np.mean(x[1:5]) + np.max(x[2:4])


V = np.linspace(0.4, 1.9, 8)
M = np.outer(V[:7], V + 0.3)
AT = np.array([2, 0, 1, 2, 2])

CASES = [
    (first_three, (V, V[:3])),
    (first_three, (V[:2], V[:2])),
    (first_three, (V[:0], V[:0])),
    (first_three, (V[:1], V)),
    (parts, (V,)),
    (parts, (V[:5],)),
    (columns, (M,)),
    (columns, (M[:, :6],)),
    (columns, (M[:, :5],)),
    (columns, (M[:0],)),
    (columns, (M[:1],)),
    (columns, (M[::2, ::-1],)),
    (last_three, (V,)),
    (last_three, (V[:2],)),
    (last_three, (V[:0],)),
    (every_other, (V,)),
    (tail, (V,)),
    (tail, (V[:1],)),
    (tail, (V[:2],)),
    (cut_twice, (V,)),
    (cut_twice, (V[:2],)),
    (stored, (V, V[:6])),
    (stored, (V, V[:4])),
    (in_a_loop, (V, 3)),
    (in_a_loop, (V[:3], 3)),
    (in_a_branch, (V, V[:3], 1.0)),
    (in_a_branch, (V, V[:5], -1.0)),
    (in_a_branch, (V[:2], V[:5], -1.0)),
    (gathered, (M[:, :3], M[:, :5], AT, AT[::-1])),
    (gathered, (M[:, :3], M[:, :4], AT, AT[::-1])),
    (averaged, (V,)),
]


def _names(cases):
    return [f"{program.__name__}-{'-'.join(str(np.shape(x)) for x in args)}" for program, args in cases]


@pytest.mark.parametrize("program, arguments", CASES, ids=_names(CASES))
def test_both_flavours_agree_for_long_and_short_arrays(program, arguments):
    assert_gradients_agree(program, arguments)


@pytest.mark.parametrize("program, arguments", CASES, ids=_names(CASES))
@pytest.mark.parametrize("make", [tangent, adjoint])
def test_what_is_assumed_is_well_formed(program, arguments, make):
    wrt = moving(arguments)
    function = make(program, wrt).specialize(*arguments).function
    verify.check(assumed(function))


def test_one_compiled_function_serves_long_and_short_arrays():
    compiled = grad(first_three, (0, 1), backend="numba")
    for n in (5, 3, 2, 4, 2, 7):
        x = V[: min(n, 3)]
        p_bar, x_bar = compiled(V[:n], x)
        np.testing.assert_allclose(p_bar, [*x, *[0.0] * (n - len(x))])
        np.testing.assert_allclose(x_bar, V[: min(n, 3)])


def test_what_does_not_fit_raises_as_in_python():
    with pytest.raises(Exception) as plain:
        grad(first_three, (0, 1))(V, V)
    with pytest.raises(type(plain.value)):
        grad(first_three, (0, 1), backend="numba")(V, V)


def _assumed_text(program, *arguments):
    derivative = adjoint(program, (0, 1))
    function = assumed(derivative.specialize(*arguments).function)
    return looped(_Made(function), *arguments)[1]


class _Made:
    def __init__(self, function):
        self.function = function

    def specialize(self, *arguments):
        return self


def test_slices_of_a_matrix_make_loops_without_arrays_of_all_rows():
    def distances(X, Y, at):
        c = Y[at]
        d = X[:, :3] - c[:, 2:5]
        return np.sum(np.sum(d * d, axis=1) * c[:, 5])

    text = _assumed_text(distances, M, M, AT)
    assert text.count('raise IndexError("axis 1 of') == 2
    assert "X.shape[1] < 3" in text
    assert "Y.shape[1] < 5" in text
    assert text.count("for i in") == 1
    assert "unbroadcast" not in text


def test_a_program_that_prints_assumes_nothing():
    def printed(p):
        print("here")
        return np.sum(p[:3] ** 2)

    function = adjoint(printed).specialize(V).function
    assert assumed(function) is function
