"""Where lengths do not fit NumPy raises, and so does every derivative, at first calls and at later ones."""

import numpy as np
import pytest

from transform import grad

pytest.importorskip("numba")


def by_slice(x, y, k):
    return np.sum(np.sin(x[:k]) * y)


def by_mask(x, y, k):
    return np.sum(x[x > 0.3] * y[:k])


def by_places(x, y, k):
    return np.sum(x[np.nonzero(x > 0.3)[0]] * y)


def of_a_new_array(x, y, k):
    z = np.arange(k) * 1.0
    z[:] = x
    return np.sum(z * z * y)


def of_products(x, y, k):
    return np.dot(x[:k], y) + x[1:k] @ y[:2]


def of_what_a_loop_fills(x, y, k):
    n = len(y)
    z = np.zeros(n)
    for i in range(n):
        z[i] = x[i] * y[i]
    return np.sum(z * x)


def in_place(x, y, k):
    z = x.copy()
    for _ in range(3):
        z[1:k] = z[1:k] * y[: k - 1]
    z[:k] += y
    return np.sum(z * z)


def added_in_place(x, y, k):
    z = np.zeros(k)
    z[:] = x[:k]
    z += y
    return np.sum(z * z)


def of_columns(x, y, k):
    z = np.zeros((k, 2))
    z[:, 0] = x
    z[:, 1] = y
    return np.sum(z * z)


def of_a_branch(x, y, k):
    if k > 2:
        z = x[:k]
    else:
        z = y * y
    return np.sum(z * y)


def carried(x, y, k):
    z = x
    for i in range(min(k, 3)):
        z = z * y[i : i + 4]
    return np.sum(z * z)


def recursive(a, b, depth):
    if depth <= 0:
        return np.sum(a * b)
    return recursive(a * 1.1, b, depth - 1) + 0.5 * np.sum(a)


def of_a_callee(x, y, k):
    return recursive(x[:k], y, 2)


def does_not_meet_it(x, y, k):
    return np.sum(y * y) * x[0]


PROGRAMS = (
    by_slice,
    by_mask,
    by_places,
    of_a_new_array,
    of_products,
    of_what_a_loop_fills,
    in_place,
    added_in_place,
    of_columns,
    of_a_branch,
    carried,
    of_a_callee,
    does_not_meet_it,
)
LENGTHS = (
    (4, 4, 4),
    (4, 4, 4),
    (4, 3, 3),
    (3, 4, 3),
    (4, 4, 2),
    (2, 4, 2),
    (4, 4, 6),
    (3, 3, 0),
    (4, 4, 1),
    (8, 4, 4),
)


def raises(call):
    try:
        call()
    except Exception:
        return True
    return False


@pytest.mark.parametrize("backend", ["python", "numba"])
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda each: each.__name__)
def test_a_derivative_raises_where_the_function_does(program, backend):
    derivative = grad(program, backend=backend)
    point = np.linspace(0.5, 1.5, 8)
    some = False
    for n, m, k in LENGTHS:
        arguments = point[:n].copy(), point[:m].copy(), k
        if raises(lambda: program(*arguments)):  # noqa: B023 - called at once
            some = True
            assert raises(lambda: derivative(*arguments)), (n, m, k)  # noqa: B023
        else:
            assert derivative(*arguments).shape == (n,), (n, m, k)
    assert some or program is does_not_meet_it


def test_what_fits_by_construction_is_not_compared():
    def program(x, k):
        z = x[:k]
        return np.sum(z * np.sin(z)) + np.sum(x[1:] * x[:-1])

    derivative = grad(program, backend="numba")
    derivative(np.ones(4), 3)
    assert "do not fit" not in derivative.source


@pytest.mark.parametrize("program", [by_slice, of_a_new_array])
def test_what_may_not_fit_is_compared_once(program):
    derivative = grad(program, backend="numba")
    derivative(np.ones(4), np.ones(4), 4)
    assert derivative.source.count("do not fit") == 1
