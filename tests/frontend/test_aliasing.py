"""Names of one array, arrays that may be one of several, arrays that the caller passes twice."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from tests.frontend.lowering import assert_lowers, lowered
from transform import adjoint, grad, jacobian, jvp, tangent, vjp
from transform.derivative import Derivative, Plan
from transform.errors import ArgumentError, TransformError

V = np.array([1.5, -2.0, 3.0, 0.5])
W = np.array([0.3, 0.4, -0.5, 2.0])


# In loops.


def swapped(u, v, n):
    for _ in range(n):
        v[1:] = u[:-1] * 2
        u, v = v, u
    u[0] = 7.0
    return u, v


def rotated(u, v, n):
    w = np.zeros(4)
    for k in range(n):
        w[k] = u[0] + v[1]
        u, v, w = v, w, u
    return u + 2 * v + 3 * w


def alias_before(u, n):
    v = u
    for k in range(n):
        u[k] = v[0] + k
    return v


def view_before(u, n):
    part = u[1:]
    for k in range(n):
        u[k] += part[0]
        part[k] *= 2
    return part, u


def updated(u, v, n):
    w = u
    for _ in range(n):
        v[1:] += 0.3 * (u[:-1] - u[1:])
        u += 0.5 * v
    return w, v


def rebuilt(u, n):
    v = u
    for _ in range(n):
        u = u * 2
        u[0] += 1
    return u, v


def rows(u, n):
    m = np.zeros((4, 4))
    for k in range(n):
        row = m[k]
        row[:] = u
        row[k] += m[k - 1, 0]
    return m


LOOPS = [
    (swapped, V, W, 3), (swapped, V, W, 0), (rotated, V, W, 4), (alias_before, V, 3), (view_before, V, 2),
    (updated, V, W, 3), (rebuilt, V, 3), (rows, V, 4),
]  # fmt: skip


@pytest.mark.parametrize("case", LOOPS, ids=lambda case: case[0].__name__)
def test_loops(case):
    assert_lowers(*case)


def one_for_both(u, v, n):
    s = 0.0
    for _ in range(n):
        u[0] += 1
        s = s + v[0]
        u = v
    return s


def outer_array(u, w, n):
    s = 0.0
    for k in range(n):
        u[0] = k
        s = s + w[0]
        u = w
    return s


def same_from_the_start(u, n):
    a = u * 1
    b = a
    s = 0.0
    for _ in range(n):
        a[0] += 1
        s = s + b[0]
        a, b = b, a
    return s


def made_in_the_loop(u, v, n):
    s = 0.0
    for _ in range(n):
        u[0] += 1
        s = s + v[0]
        u = v = u * 2
    return s


def swapped_under_a_condition(u, v, n):
    s = 0.0
    for k in range(n):
        u[0] += 1
        s = s + v[0]
        if s > 3:
            u, v = v, u
    return s


def other_name_of_a_swapped_one(u, v, n):
    kept = u
    for _ in range(n):
        v[0] = 1.0
        u, v = v, u
    return kept[0]


def appended_and_written(u, n):
    states = []
    for k in range(n):
        states.append(u)
        u[0] += k
    return states[0][0]


REFUSED = [
    (one_for_both, V, W, 3), (outer_array, V, W, 3), (same_from_the_start, V, 3),
    (made_in_the_loop, V, W, 3), (swapped_under_a_condition, V, W, 4), (other_name_of_a_swapped_one, V, W, 3),
    (appended_and_written, V, 3),
]  # fmt: skip


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case[0].__name__)
def test_right_or_refused(case):
    try:
        lowered(*case)
    except TransformError:
        return
    assert_lowers(*case)


# Results written in place.


def smooth(u, dt):
    u[1:-1] += dt * (u[2:] - 2 * u[1:-1] + u[:-2])


def both(u, v):
    u[0] = v[1] * u[1]
    v *= 2
    return u.sum()


def in_a_dict(state):
    state["u"][0] = state["v"][0] ** 2


def test_results_written_in_place():
    before = V.copy()
    moved = V.copy()
    smooth(moved, 0.1)
    assert_array_equal(Derivative(smooth, Plan("primal"))(V, 0.1), moved)
    value, value_dot = tangent(smooth)(V, 0.1, W)
    assert_array_equal(value, moved)
    u_bar = adjoint(smooth)(V, 0.1, W)
    assert np.isclose(u_bar @ V, W @ jacobian(smooth)(V, 0.1) @ V)
    assert np.isclose(value_dot @ V, V @ jacobian(smooth)(V, 0.1) @ W)
    assert_array_equal(V, before)


def test_results_by_name():
    value, pull = vjp(both, V, W, results=("return", "v"))
    assert value[0] == both(V.copy(), W.copy())
    assert_array_equal(value[1], 2 * W)
    u_bar, v_bar = pull((1.0, np.ones(4)))
    assert_array_equal(u_bar, [0, 1 + W[1], 1, 1])
    assert_array_equal(v_bar, [2, 2 + V[1], 2, 2])
    assert jvp(both, (V, W), (V, W))[0] == both(V.copy(), W.copy())
    assert_array_equal(jvp(both, (V, W), (V, W), results="v")[1], 2 * W)


def test_a_structure_written_in_place():
    bars = adjoint(in_a_dict)({"u": V, "v": W}, np.ones(4), np.zeros(4))
    assert_array_equal(bars["u"], [0, 1, 1, 1])
    assert_array_equal(bars["v"], [2 * W[0], 0, 0, 0])


def test_no_gradient_of_what_is_written_in_place():
    with pytest.raises(ArgumentError, match="writes into u"):
        grad(smooth)(V, 0.1)


def test_no_such_result():
    with pytest.raises(ArgumentError, match="no result 'w'"):
        adjoint(smooth, results="w")(V, 0.1, W)


# Arrays that share memory.


def test_the_same_array_twice():
    derivative = grad(both, (0, 1))
    for _ in range(2):
        derivative(V, W)
        with pytest.raises(ArgumentError, match="writes to u, which shares memory with v"):
            derivative(V, V)
        with pytest.raises(ArgumentError, match="shares memory"):
            derivative(V, V[::-1])


def test_an_array_that_is_also_read_from_outside(monkeypatch):
    monkeypatch.setitem(globals(), "OUTSIDE", V + 1)
    with pytest.raises(ArgumentError, match="shares memory with OUTSIDE"):
        grad(reads_outside)(OUTSIDE)
    assert_array_equal(grad(reads_outside)(V), OUTSIDE * [0, 1, 1, 1])


OUTSIDE = V + 1


def reads_outside(u):
    u[0] = 3.0
    return np.sum(u * OUTSIDE)


def through_a_reshape(m):
    m.reshape(-1)[1:3] *= 2
    return np.sum(m**2)


def test_arguments_in_another_order():
    m = np.arange(6.0).reshape(2, 3)
    first = grad(through_a_reshape)(m)
    assert_array_equal(first, grad(through_a_reshape)(m))
    with pytest.raises(ArgumentError, match="not stored row by row"):
        grad(through_a_reshape)(m.T)
