"""States that are read where they are recorded: where that is done, and that it changes no derivative."""

import numpy as np
import pytest

from transform import grad, verify
from transform.emit import emit
from transform.passes.loops import loops
from transform.passes.loops.states import read_where_recorded
from transform.passes.loops.tapes import indexed

V = np.linspace(0.3, 1.2, 7)
M = np.outer(V, V + 0.4)


def burgers(u, steps):
    for _ in range(steps):
        u[1:-1] = u[1:-1] - 0.1 * u[1:-1] * (u[2:] - u[:-2])
    return np.sum(u * u)


def added_to(u, steps):
    for _ in range(1, steps + 1):
        u[1:-1, 1:-1] += 0.1 * (u[2:, 1:-1] * u[1:-1, :-2] - u[1:-1, 1:-1] ** 2)
    return np.sum(u**3)


def all_of_it(u, steps):
    for k in range(steps):
        u[:] = np.sin(u) * (k + 1) + u[::-1] ** 2
    return np.sum(u * u)


def under_a_condition(u, steps):
    for k in range(steps):
        change = u[2:] * u[:-2]
        if k % 2:
            change = change * u[1:-1]
        u[1:-1] -= 0.1 * change
    return np.sum(u * u)


def twice(u, steps):
    """Another store says what the ends are."""
    for _ in range(steps):
        u[1:-1] = u[1:-1] - 0.1 * u[1:-1] * (u[2:] - u[:-2])
        u[0] = u[1] * u[2]
    return np.sum(u * u)


def coupled(u, steps):
    """The other state is changed by what this one has become."""
    v = u**2
    for _ in range(steps):
        u[1:-1] += 0.1 * u[1:-1] * v[2:]
        v[1:-1] -= 0.1 * u[2:] * v[1:-1] * v[:-2]
    return np.sum(u * v)


def a_corner(u, steps):
    """A tape of all of it would be as many times longer."""
    for _ in range(steps):
        u[1:2] = u[1:2] ** 2 * u[0:1]
    return np.sum(u * u)


def moving(u, steps):
    for k in range(steps):
        u[k + 1 : k + 3] = u[k + 1 : k + 3] * u[k : k + 2]
    return np.sum(u * u)


def in_two_loops(u, steps):
    s = 0.0
    for _ in range(steps):
        for _ in range(2):
            u[1:-1] = u[1:-1] * u[2:]
        s += np.sum(u * u)
    return s


APPLIES = [(burgers, V), (added_to, M), (all_of_it, V / 4), (under_a_condition, V)]
LEFT = [(twice, V), (a_corner, V), (moving, V), (in_two_loops, V)]


def prepared(function, argument):
    return indexed(grad(function).specialize(argument.copy(), 3).function)


def carried_back(function, argument):
    """What the loop of the reverse sweep carries."""
    made = read_where_recorded(prepared(function, argument))
    verify.check(made)
    (loop,) = [each for each in made.body if getattr(each, "reverse", False)]
    return [target.name for target in loop.targets]


@pytest.mark.parametrize("function, argument", APPLIES)
def test_nothing_is_restored_that_is_recorded_whole(function, argument):
    assert carried_back(function, argument) == ["u_bar"]


@pytest.mark.parametrize("function, argument", LEFT)
def test_what_is_not_surely_the_state_is_restored(function, argument):
    before = prepared(function, argument)
    assert read_where_recorded(before) is before


@pytest.mark.parametrize("function, argument", [*APPLIES, *LEFT, (coupled, V)])
@pytest.mark.parametrize("steps", [0, 1, 4])
def test_the_derivative_is_the_same(function, argument, steps):
    emitted = emit(read_where_recorded(prepared(function, argument)))
    scope = dict(emitted.namespace)
    exec(emitted.definition, scope)
    got = scope[emitted.name](argument.copy(), steps)
    expected = grad(function)(argument.copy(), steps)
    np.testing.assert_allclose(got, expected, rtol=1e-12, err_msg=emitted.definition)


def test_of_two_states_that_is_read_where_the_other_does_not_need_what_it_becomes():
    assert [name for name in carried_back(coupled, V) if not name.endswith("_bar")] == ["u"]


def test_a_step_reads_a_record_and_writes_the_state():
    made = loops(grad(burgers).specialize(V, 3).function)
    text = emit(made).definition
    assert text.count("np.empty(") == 2  # the tape, and u_bar
    assert text.count("    for i in range(") == 5
    assert "u[i + 1] = u_tape" not in text


@pytest.mark.parametrize("function, argument", [(burgers, V), (added_to, M)])
def test_the_compiled_derivative_is_that_of_the_python_flavour(function, argument):
    pytest.importorskip("numba")
    got = grad(function, backend="numba")(argument.copy(), 4)
    np.testing.assert_allclose(got, grad(function)(argument.copy(), 4), rtol=1e-12)


def test_the_compiled_derivative_restores_nothing():
    pytest.importorskip("numba")
    derivative = grad(burgers, backend="numba")
    derivative(V.copy(), 2)
    assert "= u_tape[k, i]\n" not in derivative.source
