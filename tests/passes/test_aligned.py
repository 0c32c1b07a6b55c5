"""Nests of loops that run together under the Numba flavour: where they do, and that nothing else changes."""

import numpy as np
import pytest

from tests.support.random_loops import Programs, assert_computes
from tests.support.sweeps import reverse_sweep
from transform import grad, verify
from transform.emit import emit
from transform.ir import For
from transform.passes.loops import loops
from transform.passes.loops.aligned import aligned

M = np.outer(np.linspace(0.3, 1.2, 7), np.linspace(0.5, 1.1, 6))


def heated(u, steps):
    for _ in range(steps):
        u[1:-1, 1:-1] += 0.1 * (u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2])
    return np.sum(u * u)


def burgers(u, steps):
    for _ in range(steps):
        u[1:-1, 1:-1] -= 0.1 * u[1:-1, 1:-1] * (u[2:, 1:-1] - u[:-2, 1:-1])
    return np.sum(u * u)


def swept(A):
    """The second nest needs the last row of the first one at once."""
    n = len(A)
    B = np.zeros(A.shape)
    for i in range(n):
        for j in range(n):
            B[i, j] = A[i, j] ** 2
    for i in range(n):
        for j in range(n):
            A[i, j] = A[i, j] * B[n - 1 - i, j]
    return np.sum(A * A)


def test_what_passes_on_and_what_takes_share_a_loop_over_rows():
    lines = reverse_sweep(grad(heated), M, 3)
    steps = next(k for k, line in enumerate(lines) if "range(steps)" in line)
    assert [line for line in lines[steps:] if line.startswith(("for i ", "if "))] == [
        "for i in range(n):",
        "if i < d:",
    ]


def test_a_step_stays_two_rows_behind_the_record_that_it_reads():
    text = emit(loops(grad(burgers).specialize(M, 3).function)).definition
    assert "if i >= 2:" in text
    assert "u[i - 1, j + 1] -= " in text
    assert "u_tape[k, i - 2, j + 1]" in text


def test_a_nest_waits_for_rows_that_come_last():
    text = emit(loops(grad(swept).specialize(M[:6]).function)).definition
    assert "if i" not in text


@pytest.mark.parametrize("function", [heated, burgers])
@pytest.mark.parametrize("rows", [1, 2, 3, 7])
@pytest.mark.parametrize("steps", [0, 1, 3])
def test_the_loops_compute_the_derivative(function, rows, steps):
    arguments = (M[:rows].copy(), steps)
    emitted = emit(loops(grad(function).specialize(*arguments).function))
    scope = dict(emitted.namespace)
    exec(emitted.definition, scope)
    expected = grad(function)(*arguments)
    np.testing.assert_allclose(scope[emitted.name](*arguments), expected, rtol=1e-12)


@pytest.mark.parametrize("function", [heated, burgers])
def test_the_compiled_derivative_is_that_of_the_python_flavour(function):
    pytest.importorskip("numba")
    got = grad(function, backend="numba")(M.copy(), 3)
    np.testing.assert_allclose(got, grad(function)(M.copy(), 3), rtol=1e-12)


class Nests(Programs):
    """Two or three nests, each of which writes to rows beside those that it reads."""

    def nest(self, indices, depth, indent):
        for _ in range(self.rng.randint(2, 3)):
            rows, columns = (
                self.rng.choice(["n", "n", "n - 1", "n - 2", "3", "2, n", "n - 3, n"]),
                self.rng.choice(["n", "n - 1"]),
            )
            self.lines.append(f"{indent}for i in {{loop}}(range({rows})):")
            if self.rng.random() < 0.3:
                self.lines.append(f"{indent}    x[i] += 0.3 * {self.value('i')}")
            self.lines.append(f"{indent}    for j in {{loop}}(range({columns})):")
            for _ in range(self.rng.randint(1, 2)):
                target = self.rng.choice(["A", "A", "B"]) + f"[{self.row()}, {self.column()}]"
                sign = self.rng.choice(["=", "+=", "-="])
                self.lines.append(f"{indent}        {target} {sign} 0.3 * {self.value('ij')}")

    def value(self, indices):
        if indices == "i":
            return self.rng.choice(["y[i]", "A[i, 0]", "A[i + 1, 0]", "x[i + 1]"])
        return self.rng.choice(["x[i]", *(f"{name}[{self.row()}, {self.column()}]" for name in "AABB")])

    def row(self):
        if self.rng.random() < 0.05:
            return self.rng.choice(["j", "1", "n - i"])
        return self.rng.choice(["i", "i + 1", "i + 2"])

    def column(self):
        return self.rng.choice(["j", "j", "j", "j + 1", "0"])

    @property
    def text(self):
        return super().text.replace("    s = t = 0.0", "    s = t = 0.0\n    B = A * 0.5")


def test_random_nests_give_the_same_together(tmp_path):
    rng = np.random.default_rng(0)
    fewer = 0
    for seed in range(300):
        program = Nests(seed)
        arguments = (rng.uniform(-1, 1, (9, 9)), rng.uniform(-1, 1, 9), rng.uniform(-1, 1, 9), 6)
        function = program.lowered(tmp_path, arguments)
        together = aligned(function)
        verify.check(together)
        fewer += _nests(function) - _nests(together)
        assert_computes(together, arguments, program.run("", arguments), program.text)
    assert fewer > 30


def _nests(function):
    return sum(isinstance(each, For) for each in function.body)
