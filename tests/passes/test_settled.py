"""What is not read back and not stored under the Numba flavour, and that nothing else changes."""

from dataclasses import replace

import numpy as np
import pytest

from tests.support.random_loops import Programs, assert_computes, downwards
from tests.support.sweeps import eliminated, reverse_sweep
from transform import adjoint, verify
from transform.ir import Eqn, Sweep, map_regions, walk
from transform.passes.loops.settled import settled

M = np.outer(np.linspace(0.3, 1.2, 5), np.linspace(0.5, 1.1, 5)) + 3 * np.eye(5)


def scaled(A, k):
    """Whether A[i, k] is A[i, 1] is not known."""
    for i in range(len(A)):
        A[i, k] = A[i, k] * A[i, 1]
    return A


def test_an_adjoint_is_stored_once():
    lines = reverse_sweep(adjoint(eliminated), M, M)
    assert [line for line in lines if line.startswith("A_bar[i, k]")] == ["A_bar[i, k] = e_bar / e_2"]
    assert not any(line.endswith("= A_bar[i, k]") and not line.startswith("e_bar") for line in lines)


def test_what_may_be_read_is_stored():
    lines = reverse_sweep(adjoint(scaled), M, 1, M)
    k = lines.index("A_bar[i, k] = p_bar * A[i, 1]")
    assert lines[k + 1].startswith("A_bar[i, 1] += ")


class Elements(Programs):
    """A few elements, over and over."""

    def change(self, indices, indent):
        for _ in range(self.rng.randint(1, 4)):
            super().change(indices, indent)

    def place(self, indices):
        return self.rng.choice([indices[-1], indices[-1], f"{indices[-1]} + 1", indices[0], "0"])


@pytest.mark.parametrize("loop", ["", "reversed"])
def test_random_loops_give_the_same_settled(loop, tmp_path):
    rng = np.random.default_rng(0)
    fewer = 0
    for seed in range(100):
        program = Elements(seed)
        arguments = (rng.uniform(-1, 1, (6, 6)), rng.uniform(-1, 1, 6), rng.uniform(-1, 1, 6), 5)
        function = program.lowered(tmp_path, arguments, *([downwards] if loop else []))
        function = replace(function, body=tuple(map(in_reverse, function.body)))
        changed = settled(function)
        verify.check(changed)
        fewer += _accesses(function) - _accesses(changed)
        assert_computes(changed, arguments, program.run(loop, arguments), program.text)
    assert fewer > 30


def in_reverse(statement):
    """The same as if it stood in a reverse sweep: what the program says is left as it is."""
    return replace(map_regions(statement, lambda body: map(in_reverse, body)), sweep=Sweep.REVERSE)


def _accesses(function):
    names = [each.primitive.name for each in walk(function.body) if isinstance(each, Eqn)]
    return sum(name in ("getitem", "store", "index_add") for name in names)
