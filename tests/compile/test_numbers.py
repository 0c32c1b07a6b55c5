"""Numbers under the Numba flavour: ints that never overflow, and the precision that NumPy gives."""

import math

import numpy as np
import pytest

import transform
from transform import UnsupportedError, grad, tangent

from .agree import same


def test_large_ints_are_refused():
    def f(x, n):
        return x * (n % 7)

    df = grad(f, backend="numba")
    assert df(2.0, 8) == 1.0
    for n in (2**31 + 1, 2**70):
        with pytest.raises(UnsupportedError, match="too large"):
            df(2.0, n)
        assert df(2.0, 8) == 1.0


def factorial(x, n):
    p = 1
    for k in range(1, n + 1):
        p = p * k
    return x * p


def fibonacci(x, n):
    a, b = 0, 1
    for _ in range(n):
        a, b = b, a + b
    return x * a


def remainder(x, n):
    state = 12345
    for _ in range(n):
        state = (1103515245 * state + 12345) % 2147483648
    return x * state


def powers(x, n):
    return x * (3**n + (-2) ** n)


def shifted(x, n):
    return x * ((5 << n) + (-5 >> n))


def truncated(x, n):
    return x * int(x * 10.0**n)


def divided(x, n):
    return x * (7 // (n - 3) + 7 % (n - 3))


def inverted(x, n):
    return x * ~(x > n)


INTS = [
    (factorial, (5, 20), (21, 100)),
    (fibonacci, (10, 91), (93, 200)),
    (remainder, (3, 1000), ()),
    (powers, (0, 3, 39), (-1, 40, 70)),
    (shifted, (0, 3, 60), (63, 200)),
    (truncated, (0, 5), (18, 300)),
    (divided, (1, 5), ()),
    (inverted, (0, 5), ()),
]


@pytest.mark.parametrize("function, right, refused", INTS, ids=lambda each: getattr(each, "__name__", ""))
def test_ints_are_pythons_or_refused(function, right, refused):
    python, df = grad(function), grad(function, backend="numba")
    for n in right:
        assert df(1.25, n) == python(1.25, n)
    for n in refused:
        with pytest.raises(UnsupportedError, match="64 bits"):
            df(1.25, n)
    for n in right:
        assert df(1.25, n) == python(1.25, n)


def test_ints_are_not_divided_by_zero():
    df = grad(divided, backend="numba")
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            df(1.25, 3)
        assert df(1.25, 5) == grad(divided)(1.25, 5)


def test_ints_that_are_bounded_are_not_checked():
    def f(x, n):
        s, k = 0.0, 0
        for i in range(1, n):
            k = (k * 7 + i) % 11
            s = s + x[i * 2 % 5] * x[(i + k) % 8] * (i // 2)
        return s

    df = grad(f, backend="numba")
    x = np.linspace(0.1, 1, 8)
    same(df(x, 6), grad(f)(x, 6))
    assert not any(helper in df.source for helper in ("int_mul", "int_add", "int_sub", "int_floordiv"))


def test_single_precision_stays():
    def f(x, s):
        y = 2 * x**2 + 0.5
        return np.sum(np.where(y > 0.1, y * s, 1.0 / y)) * math.cos(s)

    x, s = np.array([0.1, 0.7, -0.3], np.float32), np.float32(0.3)
    got, want = grad(f, (0, 1), backend="numba")(x, s), grad(f, (0, 1))(x, s)
    for g, w in zip(got, want, strict=True):
        assert np.asarray(g).dtype == np.asarray(w).dtype == np.float32
        np.testing.assert_allclose(g, w, rtol=1e-5)


def test_lists_of_an_arrays_elements():
    def f(v):
        xs = [0.5] * len(v)
        xs[0] = v[1] ** 2
        for a in v:
            xs.append(a * xs[0])
        return np.array(xs).mean() * sum(xs)

    v = np.array([1.0, 2.0, 0.5])
    same(grad(f, backend="numba")(v), grad(f)(v))


def test_signs_of_floats():
    def f(x):
        return abs(x) * 2.0 + np.sign(x) * x

    for x in (1.5, -0.5, 0.0):
        assert grad(f, backend="numba")(x) == grad(f)(x)


def test_results_of_single_precision_are_cast():
    def f(x):
        return np.mean(x) * np.std(x) + x.sum() / x.size

    x = np.array([0.1, 0.7, -0.3], np.float32)
    value, bar = transform.value_and_grad(f, backend="numba")(x)
    want, want_bar = transform.value_and_grad(f)(x)
    assert np.asarray(value).dtype == bar.dtype == np.float32
    assert value == pytest.approx(want, rel=1e-6)
    np.testing.assert_allclose(bar, want_bar, rtol=1e-5, atol=1e-6)


def test_floats_of_single_precision_are_double():
    def f(x, s):
        return math.sin(float(s) * 1e3) * x + float(x > 1)

    s = np.float32(0.1)
    assert grad(f, backend="numba")(2.0, s) == pytest.approx(grad(f)(2.0, s), rel=1e-14)
    assert tangent(f, backend="numba")(2.0, s) == pytest.approx(tangent(f)(2.0, s), rel=1e-14)

    def g(x):
        return x * s

    same(grad(g, backend="numba")(1.5), grad(g)(1.5))


def test_comparisons_are_made_in_the_precision_of_the_array():
    def f(x):
        return x * (x >= 0.1)  # 0.1 is another number in single precision

    x = np.float32(0.1)
    assert grad(f, backend="numba")(x) == grad(f)(x) == 1
    assert tangent(f, backend="numba")(x)[0].dtype == np.float32


def test_small_integers_are_refused():
    def f(x, k):
        return np.sum(x * (k + 100))

    k = np.array([100, 27], np.int8)
    with pytest.raises(UnsupportedError, match="wraps around"):
        grad(f, backend="numba")(np.ones(2), k)
