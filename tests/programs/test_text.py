"""How derivatives read: no copies, names, flags and comments that say nothing."""

from __future__ import annotations

import numpy as np

from transform import adjoint

V = np.array([0.52, 1.37, 0.91, 1.18])
BOX = np.linspace(0.3, 1.7, 60).reshape(3, 4, 5)


def text(function, *arguments, wrt=0):
    """The lines of the adjoint, without docstring and comments."""
    derivative = adjoint(function, wrt)
    derivative.specialize(*arguments)
    body = derivative.source.split('"""')[-1]
    lines = (line.partition("  # ")[0].strip() for line in body.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def test_what_was_copied_is_not_copied_again():
    def f(v, x):
        v[0] = v[1] * x
        v[1] = v[0] * v[2]
        v[2] += v[0]
        return np.sum(v**2)

    assert [line for line in text(f, V, 2.0) if "copy" in line] == ["v_2 = v.copy()"]


def test_a_view_that_is_copied_sets_its_array_free():
    def f(u, n):
        for _ in range(n):
            c = u[1:-1, 1:-1, 1:-1]
            lap = u[2:, 1:-1, 1:-1] + u[1:-1, 2:, 1:-1] - 3 * u[1:-1, 1:-1, :-2]
            u[1:-1, 1:-1, 1:-1] = c + c * lap
        return np.sum(u**2)

    lines = text(f, BOX, 3)
    assert [line for line in lines if "copy" in line] == ["u = u.copy()", "u_tape.append(c.copy())"]


def test_a_branch_that_stores_into_what_the_loop_carries_names_it_once():
    def f(v, k):
        total = 0.0
        for i in range(len(v)):
            if i % 2 == 0:
                total = total + v[i] ** 2
            elif i == k:
                total = total * v[i]
        return total

    lines = text(f, V, 3)
    assert "v_bar_2 = v_bar" not in lines
    assert "elif i == k:" in lines[lines.index("v_bar = [0.0] * len(v)") :]


def test_a_flag_is_the_negation_of_what_ends_the_loop():
    def f(v, limit):
        for i in range(len(v)):
            if v[i] > limit:
                return v[i] ** 2
        return v[0]

    assert "going = not v[i] > limit" in text(f, V, 1.0)


def test_a_branch_that_hands_on_the_same_is_no_branch():
    def f(x, n):
        y = x
        for k in range(n):
            y = y * 1.5 + x
            if y > 6:
                break
            y = y + 0.1 * k
        return y**2

    lines = text(f, 0.7, 8)
    assert not [line for line in lines if "tape" in line]
    assert sum(line.startswith("if") for line in lines) == 1


def test_what_was_cleared_is_written_not_added_to():
    def f(m, x):
        m[1] *= x
        return m[:2]

    lines = text(f, BOX[0], 2.0, wrt=(0, 1))
    assert "m_bar[1] = p_bar * x" in lines
    assert not [line for line in lines if line.endswith("= 0.0")]


def test_nothing_is_added_where_nothing_comes_from():
    def f(v):
        s = 0.0
        for i in range(len(v)):
            s = s + v[i] ** 2 * i + v[i]
        return s

    assert not [line for line in text(f, V[:1]) if "0.0" in line]


def test_the_whole_of_an_array_is_the_array():
    def f(u, n):
        new = np.empty_like(u)
        for _ in range(n):
            new[0] = u[-1]
            new[1:] = u[1:] * u[:-1]
            u[:] = new
        return np.sum(u)

    assert [line for line in text(f, V, 3) if "u_bar[:]" in line] == ["u_bar[:] = 0.0"]


def test_an_index_beside_another_is_written_as_the_user_writes_it():
    def f(v, x):
        for i in range(1, len(v)):
            v[i] = x * v[i - 1] + v[i - 1] ** 2
        return np.sum(v)

    lines = text(f, V, 2.0, wrt=(0, 1))
    assert "e = v_2[i - 1]" in lines
    assert not [line for line in lines if line.endswith("= i - 1")]
