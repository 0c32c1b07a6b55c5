"""Ints in 64 bits, loops that count down, and bounds: the passes for compiled code, run as Python."""

import itertools
import math

import pytest

from transform import grad, runtime
from transform.compile.python import load
from transform.emit import emit
from transform.ir import Eqn, walk
from transform.passes.flat import kernel_of
from transform.passes.forwards import forwards
from transform.passes.integers import checked
from transform.passes.ranges import FULL, LARGEST_ARGUMENT, is_int, ranges

EDGES = [0, 1, -1, 2, -2, 3, 7, -7, 63, 64, 2**31, -(2**31), 2**32, 2**62, -(2**62), FULL[1], FULL[0]]
OPERATIONS = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "floordiv": lambda a, b: a // b,
    "mod": lambda a, b: a % b,
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_helpers_give_pythons_ints_or_say_that_64_bits_do_not_hold_them(name):
    helper = getattr(runtime, f"int_{name}")
    for a, b in itertools.product(EDGES, EDGES):
        try:
            want = OPERATIONS[name](a, b)
        except ZeroDivisionError:
            with pytest.raises(ZeroDivisionError):
                helper(a, b)
            continue
        if name == "mul" and FULL[0] in (a, b, want):
            continue  # it may do without this int, which saves a case
        if FULL[0] <= want <= FULL[1]:
            assert helper(a, b) == want, (a, b)
        else:
            with pytest.raises(OverflowError):
                helper(a, b)


def test_helpers_for_powers_and_shifts():
    for a, n in itertools.product([0, 1, -1, 2, -3, 10], [0, 1, 2, 5, 18, 62, 63, 64, 65, 1000]):
        for helper, want in ((runtime.int_pow, a**n), (runtime.int_lshift, a << n)):
            if abs(want) <= FULL[1]:
                assert helper(a, n) == want, (a, n)
            else:
                with pytest.raises(OverflowError):
                    helper(a, n)
        assert runtime.int_rshift(a, n) == a >> n
    with pytest.raises(OverflowError):
        runtime.int_pow(2, -1)
    with pytest.raises(ValueError, match="shift"):
        runtime.int_lshift(2, -1)


def test_floats_that_become_ints():
    assert runtime.whole(-3.5) == -3.5
    for x, error in ((math.nan, ValueError), (math.inf, OverflowError), (1e300, OverflowError)):
        with pytest.raises(error):
            runtime.whole(x)


def function_of(f, *arguments):
    return kernel_of(grad(f).specialize(*arguments).function)


@pytest.mark.parametrize("step", [1, 2, 3, -1, -2])
def test_loops_that_count_down_meet_the_same_indices(step):
    def f(x, start, stop):
        for k in range(start, stop, 1):
            x = math.sin(x * k)
        return x

    def down(x, start, stop):
        for k in range(start, stop, -1):
            x = math.sin(x * k)
        return x

    def by_two(x, start, stop):
        for k in range(start, stop, 2):
            x = math.sin(x * k)
        return x

    def by_three(x, start, stop):
        for k in range(start, stop, 3):
            x = math.sin(x * k)
        return x

    def down_by_two(x, start, stop):
        for k in range(start, stop, -2):
            x = math.sin(x * k)
        return x

    program = {1: f, 2: by_two, 3: by_three, -1: down, -2: down_by_two}[step]
    kernel = function_of(program, 0.3, 1, 2)
    before, after = load(emit(kernel)), load(emit(forwards(kernel)))
    assert "reversed" in emit(kernel).text
    assert "reversed" not in emit(forwards(kernel)).text
    for start, stop in itertools.product(range(-3, 6), repeat=2):
        assert before(0.3, start, stop, 1.0) == after(0.3, start, stop, 1.0)


def bounds_of(f, *arguments):
    """The bounds of every int in the adjoint of a function, by the names of the ints."""
    kernel = function_of(f, *arguments)
    of = ranges(kernel, True)
    found = {}
    for statement in walk(kernel.body):
        for target in statement.targets:
            if is_int(target) and not target.temporary:
                found.setdefault(target.name, []).append(of(target))
    return found


def test_bounds_of_what_loops_carry():
    def f(x, n):
        s, p, q = 0, 1, 1
        for i in range(n):
            s = s + i
            p = (p * 31 + i) % 1000
            q = q * 3
        return x * s * p * q

    found = bounds_of(f, 0.5, 3)
    largest = LARGEST_ARGUMENT
    assert found["p"][-1] == (0, 999)
    assert found["q"][-1] == FULL
    low, high = found["s"][-1]
    assert FULL[0] < low <= 0
    assert largest * largest - 2 * largest <= high < FULL[1]


def test_only_what_may_overflow_is_checked():
    def f(x, n):
        s, q = 0, 1
        for i in range(n):
            s = s + i
            q = q * 3
        return x * s * q

    kernel = checked(function_of(f, 0.5, 3))
    names = [each.primitive.name for each in walk(kernel.body) if isinstance(each, Eqn)]
    assert names.count("int_mul") >= 1
    assert "int_add" not in names
    with pytest.raises(OverflowError):
        load(emit(kernel))(0.5, 50, 1.0)
    assert load(emit(kernel))(0.5, 30, 1.0) == pytest.approx(sum(range(30)) * 3**30, rel=1e-15)
