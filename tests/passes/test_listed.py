"""Arrays whose elements a loop takes one by one, as lists: where they are, and that nobody can tell."""

import math
import warnings

import numpy as np
import pytest

from transform import adjoint, grad, hvp, tangent, value_and_grad, vjp
from transform.compile import flavour

X = np.array([0.7, -1.3, 2.1, 0.4, 1.9])
W = np.array([1.5, 0.2, -0.8, 3.0, 0.6])
L = np.tril(np.arange(1.0, 26.0).reshape(5, 5)) + np.eye(5)


def product(x):
    p = 1.0
    for i in range(len(x)):
        p = p * x[i]
    return p


def product_bar(x):
    return np.array([np.prod(np.delete(x, i)) for i in range(len(x))])


def wave(x):
    s = 0.0
    for i in range(1, len(x) - 1):
        s += math.sin(x[i - 1] * x[i]) if x[i] > 0.5 else x[i + 1] * x[i]
    return s


def wave_bar(x):
    x_bar = np.zeros(len(x))
    for i in range(1, len(x) - 1):
        if x[i] > 0.5:
            x_bar[i - 1] += np.cos(x[i - 1] * x[i]) * x[i]
            x_bar[i] += np.cos(x[i - 1] * x[i]) * x[i - 1]
        else:
            x_bar[i + 1] += x[i]
            x_bar[i] += x[i + 1]
    return x_bar


def chained(x):
    y = np.zeros(len(x))
    y[0] = x[0]
    for i in range(1, len(x)):
        y[i] = y[i - 1] * x[i] + x[i]
    return np.sum(y * W)


def chained_bar(x):
    y = [x[0]]
    for i in range(1, len(x)):
        y.append(y[-1] * x[i] + x[i])
    y_bar, x_bar = W.copy(), np.zeros(len(x))
    for i in reversed(range(1, len(x))):
        x_bar[i] = y_bar[i] * (y[i - 1] + 1)
        y_bar[i - 1] += y_bar[i] * x[i]
    x_bar[0] = y_bar[0]
    return x_bar


def solved(b):
    x = np.zeros(len(b))
    for i in range(len(b)):
        s = b[i]
        for j in range(i):
            s = s - L[i, j] * x[j]
        x[i] = s / L[i, i]
    return np.sum(x * W)


def solved_bar(b):
    return np.linalg.solve(L.T, W)


def beside(x):
    s = 0.0
    for i in range(len(x)):
        s += x[i] * x[i - 1] * np.exp(x[i])
    return s * (x @ x)


def beside_bar(x):
    before, after, e = np.roll(x, 1), np.roll(x, -1), np.exp(x)
    s = np.sum(x * before * e)
    return (before * e * (1 + x) + after * np.roll(e, -1)) * (x @ x) + 2 * s * x


LISTED = [(product, product_bar), (wave, wave_bar), (chained, chained_bar), (solved, solved_bar)]
LISTED += [(beside, beside_bar)]


@pytest.mark.parametrize("function, wanted", LISTED)
def test_the_elements_are_read_from_a_list(function, wanted):
    derivative = grad(function)
    for x in (X, X[::-1], np.repeat(X, 2)[::2]):
        np.testing.assert_allclose(derivative(x), wanted(x), rtol=1e-13)
    assert "np.array(" in derivative.source
    assert ("x_list[i]" in derivative.source) == (function is not solved)
    assert "np.zeros(" not in derivative.source


@pytest.mark.parametrize("function", [product, wave, chained, beside])
def test_the_bits_are_those_of_arrays(function, monkeypatch):
    got = grad(function)(X)
    monkeypatch.setattr(flavour, "for_python", lambda function: function)
    derivative = grad(function)
    want = derivative(X)
    assert "tolist" not in derivative.source
    assert type(got) is type(want)
    assert got.dtype == want.dtype
    np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("n", [0, 1, 2])
def test_short_arrays(n):
    made = grad(product)(X[:n])
    assert made.dtype == np.float64
    np.testing.assert_array_equal(made, product_bar(X[:n]))


def test_each_list_is_made_once():
    derivative = grad(product)
    derivative(X)
    text = derivative.source
    assert [text.count(each) for each in ("tolist", "[0.0] *", "np.array(")] == [1, 1, 1]
    assert ": x_bar, given p_bar" in text


def test_an_overflow_is_inf():
    np.testing.assert_array_equal(grad(product)(np.array([1e200, 1e200, 2.0])), [2e200, 2e200, math.inf])


def test_an_index_out_of_bounds():
    def f(x, n):
        s = 0.0
        for i in range(len(x)):
            s += x[i + n] * x[-i]
        return s

    derivative = grad(f)
    np.testing.assert_allclose(derivative(X, 0), 2 * np.r_[X[0], X[:0:-1]])
    with pytest.raises(IndexError):
        derivative(X, 1)


def test_the_length_of_what_is_overwritten():
    def f(x, y):
        for i in range(len(y)):
            y[i] = y[i] * x[-1]
        z = np.empty(y.size)
        for i in range(len(y)):
            z[i] = y[i] * x[i]
        return np.sum(z)

    want = X[-1] * W
    want[-1] += X @ W
    np.testing.assert_allclose(grad(f)(X, W.copy()), want)


def divided(x):
    s = 1.0
    for i in range(len(x)):
        s = s / x[i] + x[i]
    return s


def squared(x):
    s = 0.0
    for i in range(len(x)):
        s = s + x[i] ** 3 * x[i - 1]
    return s


def of_two(x, y=W):
    s = 0.0
    for i in range(len(x)):
        s += x[i] / y[i]
    return s * s


def under_a_branch(x, wanted=False):
    s = 0.0
    if wanted:
        for i in range(len(x)):
            s += x[i] * x[i]
    return s


def few(x):
    s = 0.0
    for i in range(2):
        s += x[i] * x[i + 1]
    return s


def sliced(x):
    s = 0.0
    for i in range(len(x) - 1):
        s += np.sum(x[i:] * x[i])
    return s


@pytest.mark.parametrize("function", [divided, squared, few, under_a_branch])
def test_what_python_computes_in_another_way_is_read_from_the_array(function):
    derivative = grad(function)
    derivative(X)
    assert "tolist" not in derivative.source


def test_of_two_elements_one_stays_that_of_numpy():
    derivative = grad(of_two, (0, 1))
    x_bar, y_bar = derivative(X, W)
    s = np.sum(X / W)
    np.testing.assert_allclose(x_bar, 2 * s / W)
    np.testing.assert_allclose(y_bar, -2 * s * X / W**2)
    assert derivative.source.count(".tolist()") == 1
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        x_bar, y_bar = derivative(X, W * [1, 0, 1, 1, 1])
    assert not np.isfinite(x_bar).any()
    assert not np.isfinite(y_bar).any()


def test_a_division_by_zero_is_a_warning_as_in_the_primal():
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        x = np.array([1.0, 0.0, 2.0])
        assert np.isnan(grad(divided)(x)).any() or np.isinf(grad(divided)(x)).any()


def test_what_is_written_to_in_slices_stays_an_array():
    derivative = grad(sliced)
    want = np.array([np.sum(X[i:]) * (i < 4) for i in range(5)]) + [
        np.sum(X[: min(i + 1, 4)]) for i in range(5)
    ]
    np.testing.assert_allclose(derivative(X), want)
    assert "[0.0] *" not in derivative.source


def test_numbers_that_are_returned_stay_those_of_numpy():
    value, x_bar = value_and_grad(product)(X)
    assert type(value) is type(product(X)) is np.float64
    np.testing.assert_allclose(x_bar, product_bar(X))


def test_single_precision_stays():
    x = X.astype(np.float32)
    derivative = grad(product)
    assert derivative(x).dtype == np.float32
    assert "tolist" not in derivative.source


def test_ints_that_are_written_are_floats_in_an_array():
    def f(x):
        y = np.zeros(len(x))
        for i in range(len(x)):
            y[i] = 0 if x[i] > 5 else 1
        return y * x

    value, pull = vjp(f, X)
    np.testing.assert_array_equal(value, X)
    np.testing.assert_array_equal(pull(W)[0], W)


def scaled(x):
    y = np.zeros(len(x))
    for i in range(len(x)):
        y[i] = 3.0 * x[i] * x[i]
    return y


@pytest.mark.parametrize(
    "seed", [np.arange(5.0), np.arange(5), [0.0, 1.0, 2.0, 3.0, 4.0], np.arange(10.0)[::2]]
)
def test_seeds_of_any_kind(seed):
    np.testing.assert_allclose(tangent(scaled)(X, seed)[1], 6 * X * np.asarray(seed))
    np.testing.assert_allclose(adjoint(scaled)(X, seed), 6 * X * np.asarray(seed))


def test_seeds_are_not_written_to():
    seed = W.copy()
    derivative = adjoint(scaled)
    np.testing.assert_allclose(derivative(X, seed), 6 * X * W)
    np.testing.assert_array_equal(seed, W)
    np.testing.assert_allclose(grad(lambda x: np.sum(scaled(x)))(X), 6 * X)


def parts(v, limit=0.0):
    low, high = ([], [])
    for _u in v:
        pass
    return sum(low, 0.0), sum(high, 0.0)


def of_a_call(w, a):
    c, d, e = w[1], 0.0, 0.0
    for key in ("a", "b"):
        d += 0.5 * sum(p * q for p, q in zip(w, w)) if key == "a" else c if a**2 + c**2 > 0.2 else a  # noqa: B905
    for key in ("a", "b"):
        e += 0.5 * math.exp(c) if key == "a" else parts(w, 0.2)[1]
    return math.sin(a) + e + d


def test_a_further_result_of_a_call_stays_an_array():
    w, w_dot = np.array([1.1, 0.8, 0.5]), np.array([1.0, -2.0, 0.5])
    dot, a_dot = hvp(of_a_call, (0, 1))(w, 0.3, w_dot, 2.0)
    np.testing.assert_allclose(dot, w_dot * (1 + np.array([0.0, 0.5 * math.exp(w[1]), 0.0])), rtol=1e-13)
    assert a_dot == pytest.approx(-2 * math.sin(0.3), rel=1e-13)
