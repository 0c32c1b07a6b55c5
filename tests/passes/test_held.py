"""Elements held in numbers under the Numba flavour: where they are, and that nothing else changes."""

import numpy as np
import pytest

from tests.support.random_loops import Programs, assert_computes, downwards
from tests.support.sweeps import eliminated, reverse_sweep
from transform import adjoint, verify
from transform.emit import emit
from transform.ir import Eqn, For, walk
from transform.passes.loops import loops
from transform.passes.loops.held import holding

V = np.linspace(0.3, 1.2, 6)
M = np.outer(V, V + 0.4) + 3 * np.eye(6)


def product(A, x):
    y = np.zeros(len(A))
    for i in range(len(A)):
        for j in range(len(x)):
            y[i] += A[i, j] * x[j]
    return y**2


def shifted(A, at):
    """Whether A[i, j] is A[i, at] is not known."""
    for i in range(len(A)):
        for j in range(len(A)):
            A[i, j] = A[i, at] * A[i, j]
    return A


def far_out(x, place, n):
    """Where the loop does not run there need be no such element."""
    s = np.zeros(2)
    for i in range(n):
        s[place] += x[i]
    return s**2


def test_what_an_inner_loop_adds_to_is_held_in_a_number():
    lines = reverse_sweep(adjoint(eliminated), M, M)
    assert "e_bar = e_bar - n_bar * A[k, j]" in lines
    assert not any(line.startswith("A_bar[i, k] -=") for line in lines)


def test_each_element_of_a_product_is_summed_up_in_a_number():
    text = emit(loops(adjoint(product, (0, 1)).specialize(M, V, V).function)).definition
    lines = [line.strip() for line in text.splitlines()]
    k = lines.index("e = y[i]")
    assert lines[k + 2 : k + 4] == ["e = e + A[i, j] * x[j]", "y[i] = e"]


def test_nothing_is_held_that_may_be_another_element():
    assert "e_bar" not in "".join(reverse_sweep(adjoint(shifted), M, 2, M))


def test_a_loop_that_does_not_run_touches_nothing():
    pytest.importorskip("numba")
    derivative = adjoint(far_out, backend="numba")
    np.testing.assert_array_equal(derivative(V, 10**9, 0, np.ones(2)), np.zeros(6))
    np.testing.assert_allclose(derivative(V, 1, 6, np.array([1.0, 3.0])), np.full(6, 6 * V.sum()))
    with pytest.raises(IndexError):
        derivative(V, 2, 6, np.ones(2))


@pytest.mark.parametrize("function, arguments", [(eliminated, (M, M.T)), (product, (M, V, V))])
def test_the_compiled_derivative_is_that_of_the_python_flavour(function, arguments):
    pytest.importorskip("numba")
    got = adjoint(function, backend="numba")(*map(np.copy, arguments))
    expected = adjoint(function)(*map(np.copy, arguments))
    for a, b in zip(np.atleast_1d(got), np.atleast_1d(expected), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


class Elements(Programs):
    """Often an inner loop changes or reads an element that does not move with it."""

    def nest(self, indices, depth, indent):
        super().nest(indices, depth, indent)
        if depth == 1:
            self.lines.append(f"{indent}    for j in {{loop}}(range(i + 1, n)):")
            for _ in range(self.rng.randint(1, 2)):
                self.change(("i", "j"), f"{indent}        ")

    def place(self, indices):
        if self.rng.random() < 0.3:
            return super().place(indices)
        return self.rng.choice([*indices, indices[0], "0", "n - 1"])


@pytest.mark.parametrize("loop", ["", "reversed"])
def test_random_loops_give_the_same_with_elements_held(loop, tmp_path):
    rng = np.random.default_rng(0)
    changed_, read = 0, 0
    for seed in range(200):
        program = Elements(seed)
        arguments = (rng.uniform(-1, 1, (6, 6)), rng.uniform(-1, 1, 6), rng.uniform(-1, 1, 6), 5)
        function = program.lowered(tmp_path, arguments, *([downwards] if loop else []))
        changed = holding(function)
        verify.check(changed)
        changed_ += _numbers(changed) - _numbers(function)
        read += _reads(changed) - _reads(function)
        assert_computes(changed, arguments, program.run(loop, arguments), program.text)
    assert changed_ > 10
    assert read > 10


def _numbers(function):
    return sum(len(each.init) for each in walk(function.body) if isinstance(each, For))


def _reads(function):
    names = [each.target.name for each in walk(function.body) if isinstance(each, Eqn)]
    return names.count("e")
