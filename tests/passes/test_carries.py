"""Numbers that iterations hand on under the Numba flavour: where they do, and that nothing else changes."""

import numpy as np
import pytest

from tests.support.random_loops import Programs, assert_computes, downwards
from tests.support.sweeps import reverse_sweep
from transform import grad, verify
from transform.ir import For, walk
from transform.passes.loops.carries import carrying

V = np.linspace(0.3, 1.2, 6)
M = np.outer(V, V + 0.4)


def rosenbrock(x):
    s = 0.0
    for i in range(len(x) - 1):
        s += 100 * (x[i + 1] - x[i] ** 2) ** 2 + (1 - x[i]) ** 2
    return s


def gauss_seidel(A):
    n, m = A.shape
    for _ in range(3):
        for i in range(1, n - 1):
            for j in range(1, m - 1):
                A[i, j] = (A[i - 1, j] + A[i, j - 1] + A[i, j + 1] + A[i + 1, j]) / 4
    return A[1, 1] ** 2


def two_away(x):
    s = 0.0
    for i in range(len(x) - 2):
        s += x[i] ** 2 * x[i + 2]
    return s


def sometimes(x):
    s = 0.0
    for i in range(len(x) - 1):
        if x[i] > 0.5:
            s += x[i] ** 2 * x[i + 1]
    return s


def test_what_is_added_to_the_next_element_is_handed_on():
    lines = reverse_sweep(grad(rosenbrock), V)
    assert [line for line in lines if line.startswith("x_bar[")] == [
        "x_bar[i] += x_bar_next + (-s_bar * (2 * (1 - e)) - d_bar * (2 * e))",
        "x_bar[d] += x_bar_next",
    ]


def test_what_the_next_iteration_reads_and_overwrites_is_handed_on():
    lines = reverse_sweep(grad(gauss_seidel), M)
    assert "q_bar = A_bar[i, j] + A_bar_next" in lines
    assert "A_bar[i, 0] += A_bar_next" in lines
    assert not any("A_bar[i, j - 1]" in line for line in lines)


@pytest.mark.parametrize("function", [two_away, sometimes])
def test_nothing_is_handed_on_to_others_than_the_next_iteration_surely_takes(function):
    assert not any("_next" in line for line in reverse_sweep(grad(function), V))


@pytest.mark.parametrize("function, argument", [(rosenbrock, V), (gauss_seidel, M), (rosenbrock, V[:1])])
def test_the_compiled_derivative_is_that_of_the_python_flavour(function, argument):
    pytest.importorskip("numba")
    got = grad(function, backend="numba")(argument.copy())
    np.testing.assert_allclose(got, grad(function)(argument.copy()), rtol=1e-13)


class Neighbours(Programs):
    """Often something is done with an element, and something is added to one beside it."""

    def change(self, indices, indent):
        if self.rng.random() < 0.5:
            super().change(indices, indent)
            return
        row = self.rng.choice(["x[{}]", "A[0, {}]", f"A[{self.place(indices)}, {{}}]"])
        here, beside = row.format(indices[-1]), row.format(f"{indices[-1]} {self.rng.choice('+-')} 1")
        first = [f"{here} += 0.3 * {self.value(indices)}", f"t = {here}", f"{here} -= 0.5"]
        self.lines.append(f"{indent}{self.rng.choice(first)}")
        if self.rng.random() < 0.6:
            self.lines.append(f"{indent}{here} = 0.25")
        if self.rng.random() < 0.3:
            super().change(indices, indent)
        self.lines.append(f"{indent}{beside} += 0.3 * {self.value(indices)}")


@pytest.mark.parametrize("loop", ["", "reversed"])
def test_random_loops_give_the_same_with_numbers_handed_on(loop, tmp_path):
    rng = np.random.default_rng(0)
    found = 0
    for seed in range(150):
        program = Neighbours(seed)
        arguments = (rng.uniform(-1, 1, (6, 6)), rng.uniform(-1, 1, 6), rng.uniform(-1, 1, 6), 5)
        function = program.lowered(tmp_path, arguments, *([downwards] if loop else []))
        changed = carrying(function)
        verify.check(changed)
        found += _numbers(changed) - _numbers(function)
        assert_computes(changed, arguments, program.run(loop, arguments), program.text)
    assert found > 10


def _numbers(function):
    return sum(len(each.init) for each in walk(function.body) if isinstance(each, For))
