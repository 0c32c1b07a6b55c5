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
    assert "elif i == k:" in lines[lines.index("v_bar = np.zeros(v.shape)") :]
