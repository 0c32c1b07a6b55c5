"""Functions that stay calls in the derivative: long ones, and recursion that only run time ends."""

from __future__ import annotations

import ast
import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

from transform import TransformError, grad, tangent

from .check import program, programs, run

V = np.array([0.52, 0.37, 0.91])
LONG = np.array([0.5, 0.2, 0.9, 1.0, 0.3, -0.4, 0.8, 0.1])
GAIN = 0.7
WEIGHTS = np.array([0.3, 0.5, 0.2])


def simulate(x, n, dt=0.1):
    s = x
    for _ in range(n):
        s = s + dt * math.sin(s) * GAIN
    return s


@program(0.7)
def called_with_numbers_and_defaults(x):
    return simulate(x, 5) * simulate(2 * x, 3, dt=0.2) + simulate(x, 4)


@program(0.3)
def called_in_a_loop_and_a_branch(x):
    s = 0.0
    for i in range(4):
        s = s + simulate(x * s + i, 3)
        if s > 2:
            s = simulate(s, 2)
    return s


def moments(v, a):
    s, p = 0.0, 1.0
    for k in range(len(v)):
        s = s + v[k] * a
        p = p * (1 + v[k] * WEIGHTS[k])
    return s, p


@program(V, 0.8)
def called_for_two_results(v, a):
    s, p = moments(v, a)
    q, r = moments(v * s, p)
    return s * p + q * r


@program(V, 0.8)
def one_of_two_results(v, a):
    return moments(v, a)[1] * a + moments(v * v, a)[0]


def waves(v, n):
    out = np.zeros_like(v)
    for i in range(n):
        out = out + v * math.sin(i + 1.0)
    return out


@program(V)
def results_are_written_to(v):
    y = waves(v, 3)
    y[0] = y[0] * 2
    for k in range(3):
        y = waves(y * 0.5 + v, 2)
        y[k] *= y[0]
    return np.sum(y**2)


def first_above(v, limit):
    for a in v:
        if a > limit:
            return v * a
    return v


@program(V, 0.6)
@program(V, 9.0)
def a_result_may_be_the_argument(v, limit):
    return np.sum(first_above(v, limit) ** 3)


@program(V, 0.6)
@program(V, 9.0)
def a_write_to_what_may_be_the_argument(v, limit):
    y = first_above(v, limit)
    y[0] = y[0] * y[1]
    y[1:] *= y[:-1]
    return np.sum(y**3)


def halving(x):
    if x < 1:
        return x * x
    return halving(x / 2) * x + 0.5


@program(0.7)
@program(5.3)
def recursion_until(x):
    return halving(x) * x


def even(x):
    return x * x if abs(x) < 0.3 else odd(0.7 * x) + x


def odd(x):
    return math.sin(x) if abs(x) < 0.2 else even(0.6 * x) * x


@program(2.7)
@program(0.1)
def mutual_recursion_until(x):
    return even(x) * odd(x)


def fft(z):
    n = len(z)
    if n == 1:
        return z
    e, o = fft(z[::2]), fft(z[1::2])
    w = np.exp(-2j * np.pi * np.arange(n // 2) / n)
    return np.concatenate([e + w * o, e - w * o])


@program(LONG)
def fast_fourier_transform(v):
    z = fft(v + 0j)
    return np.sum(np.abs(z[1:]) ** 2 * np.arange(1, 8)) + z[0].real


def merge_sort(v):
    n = len(v)
    if n <= 1:
        return v.copy()
    a, b = merge_sort(v[: n // 2]), merge_sort(v[n // 2 :])
    out = np.empty(n)
    i = j = 0
    for k in range(n):
        if j >= len(b) or (i < len(a) and a[i] <= b[j]):
            out[k] = a[i]
            i += 1
        else:
            out[k] = b[j]
            j += 1
    return out


@program(np.array([0.5, 0.2, 0.9, -0.3, 0.77]))
def sorting_by_recursion(v):
    return np.sum(merge_sort(v * v) * np.arange(len(v)))


def repeated(x, n):
    if n == 0:
        return x
    return repeated(math.sin(x) + 0.1 * x, n - 1) * 1.01


@program(0.7, second=False)
def deep_recursion(x):
    return repeated(x, 60)


def bell(x):
    return math.exp(-x * x)


def simpson(f_a, f_m, f_b, a, b, tolerance):
    m = 0.5 * (a + b)
    f_l, f_r = bell(0.5 * (a + m)), bell(0.5 * (m + b))
    whole = (f_a + 4 * f_m + f_b) * (b - a)
    halves = (f_a + 4 * f_l + 2 * f_m + 4 * f_r + f_b) * (b - a) / 2
    if abs(halves - whole) < tolerance:
        return halves / 6
    left = simpson(f_a, f_l, f_m, a, m, tolerance / 2)
    return left + simpson(f_m, f_r, f_b, m, b, tolerance / 2)


@program(0.3, 2.9)
def quadrature_by_recursion(a, b):
    return simpson(bell(a), bell(0.5 * (a + b)), bell(b), a, b, 1e-2)


@pytest.mark.parametrize(**programs(globals()))
def test_program(name, k):
    run(globals(), name, k)


def functions_of(derivative):
    return [node.name for node in ast.parse(derivative.source).body if isinstance(node, ast.FunctionDef)]


def test_each_function_is_there_once_above_its_callers():
    derivative = grad(called_for_two_results, (0, 1))
    derivative(V, 0.8)
    assert functions_of(derivative) == ["moments", "moments_adjoint", "called_for_two_results_adjoint"]


def test_a_primal_that_no_adjoint_reads_is_not_called():
    derivative = grad(deep_recursion)
    derivative(0.7)
    assert functions_of(derivative) == ["repeated_adjoint", "deep_recursion_adjoint"]
    # The value of the recursion enters linearly: the adjoint calls itself and nothing else.
    assert derivative.source.count("repeated(") == 2  # in the comments


def test_the_tangent_gives_the_results_as_well():
    derivative = tangent(called_with_numbers_and_defaults)
    derivative(0.7, 1.0)
    assert functions_of(derivative) == ["simulate_tangent", "called_with_numbers_and_defaults_tangent"]


def test_short_functions_are_inlined():
    def half(x):
        return 0.5 * x

    def quarter(x):
        return half(half(x)) * x

    derivative = grad(quarter)
    assert derivative(3.0) == 1.5
    assert functions_of(derivative) == ["quarter_adjoint"]


def test_the_ssa_list_has_the_functions_that_are_called():
    derivative = grad(deep_recursion)
    derivative(0.7)
    first, *_, last = derivative.ssa.splitlines()
    assert first == "def repeated(x, n):"
    assert last == "return L"


def test_the_text_stands_alone():
    derivative = grad(called_for_two_results, (0, 1))
    expected = derivative(V, 0.8)
    scope: dict = {}
    exec(derivative.source, scope)
    for found, wanted in zip(scope["called_for_two_results_adjoint"](V, 0.8), expected, strict=True):
        assert_allclose(found, wanted, rtol=1e-15)


def test_what_they_read_from_outside_is_live(monkeypatch):
    derivative = grad(called_with_numbers_and_defaults)
    before = derivative(0.7)
    monkeypatch.setitem(globals(), "GAIN", 0.2)
    h = 1e-4
    f = called_with_numbers_and_defaults
    slopes = [(f(0.7 + e) - f(0.7 - e)) / (2 * e) for e in (h, 2 * h)]
    expected = (4 * slopes[0] - slopes[1]) / 3
    assert_allclose(derivative(0.7), expected, rtol=1e-9)
    assert abs(before - expected) > 0.1


def test_a_write_to_what_may_be_an_argument_is_refused():
    def changed(v, limit):
        y = first_above(v, limit)
        y[0] = 2.0
        return np.sum(v * v)

    with pytest.raises(TransformError, match="may be"):
        grad(changed)(V, 0.6)


def fills(v, n):
    for i in range(n):
        v[i] = v[i] ** 2
    return v


@program(V)
def a_function_that_writes_to_its_argument(v):
    w = v * 1.0
    fills(w, 2)
    return np.sum(w * v)


def chatty(x):
    print(x)
    return x if x < 1 else chatty(x / 2)


def test_recursion_that_prints_is_refused():
    with pytest.raises(TransformError, match="chatty calls itself"):
        grad(chatty)(3.0)


def growing(x):
    return (x,) if x < 1 else (x, *growing(x / 2))


def test_recursion_with_ever_more_results_is_refused():
    with pytest.raises(TransformError, match="two branches"):
        grad(lambda x: sum(growing(x)))(7.0)


def endless(x):
    return endless(x + 1) * x


def test_recursion_that_never_ends_is_refused():
    with pytest.raises(TransformError):
        grad(endless)(3.0)
