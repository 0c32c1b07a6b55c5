"""Passive Python around active values: checks, options, conversions, printing and timing stay."""

from __future__ import annotations

import contextlib
import inspect
import io
import logging
import math
import operator
import time
import warnings
from enum import Enum
from numbers import Number, Real

import numpy as np
import pytest

from transform import adjoint, grad, tangent, value_and_grad

from .check import check, program, programs, run

V = np.array([0.52, 1.37, 0.91, 1.18])
M = np.array([[0.7, 1.4, 0.9], [1.3, 0.6, 0.8]])
LOG = logging.getLogger(__name__)


@program(V)
@program(0.7)
@program([0.7, 1.3])
def isinstance_of_the_argument(x):
    if isinstance(x, (list, tuple)):
        x = np.array(x)
    if isinstance(x, np.ndarray):
        return np.sum(x**2)
    if isinstance(x, Real) and isinstance(x, Number) and not isinstance(x, bool):
        return x**3
    raise TypeError(f"{type(x).__name__} is not understood")


@program(0.7)
@program(V[:1])
def try_float(x):
    try:
        value = float(x if np.ndim(x) == 0 else x[0])
    except (TypeError, ValueError):
        return np.sum(x)
    return value**2


@program(0.7, "1.5")
@program(0.7, "auto")
@program(0.7, None)
def try_float_of_an_option(x, option):
    try:
        k = float(option)
    except ValueError:
        k = 2.0
    except TypeError:
        k = 3.0
    else:
        k = k + 1
    finally:
        scale = 0.5
    return x**k * scale


@program(0.7, {"a": 1.5})
@program(0.7, {"b": 1.5})
def a_missing_key(x, table):
    try:
        k = table["a"]
    except KeyError:
        k = 2.0 * table["b"]
    return x * k**2


@program(V)
def errstate_around_a_division(v):
    with np.errstate(divide="ignore", invalid="ignore"):
        w = np.where(v > 1, 1 / (v - 0.2), v**2)
    with np.errstate(all="ignore"):
        w = np.log(w) * v
    return np.sum(w)


@program(V, 3)
def errstate_in_a_loop(v, n):
    for _ in range(n):
        with np.errstate(over="ignore"):
            v = np.exp(-v) + 0.3 * v
            v[0] *= v[1]
    return np.sum(v**2)


@program(0.7, 1.3)
def suppress_and_nullcontext(x, y):
    with contextlib.nullcontext():
        z = x * y
    with contextlib.suppress(ZeroDivisionError):
        z = z * x
    return z**2


@program(0.7)
def catch_warnings(x):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        y = x**3
    return y * x


@contextlib.contextmanager
def scaled_by(factor):
    held = [factor]
    try:
        yield held
    finally:
        held.clear()


class Mode(Enum):
    FAST = "fast"
    EXACT = "exact"


@program(0.7, Mode.FAST)
@program(0.7, Mode.EXACT)
def an_enum_as_option(x, mode):
    if mode is Mode.FAST:
        return x * x
    return x**3 if mode == Mode.EXACT else x


@program(V, " Mean ")
@program(V, "SUM")
def an_option_string_that_is_tidied(v, how):
    how = how.strip().lower()
    if how not in {"mean", "sum"}:
        raise ValueError(f"how is {how!r}, expected one of {sorted({'mean', 'sum'})}")
    reduce = {"mean": np.mean, "sum": np.sum}[how]
    return reduce(v**2) * v[0]


@program(V, "2,0,3")
def indices_parsed_from_text(v, text):
    s = 0.0
    for part in text.split(","):
        s = s * 0.5 + v[int(part)] ** 2
    return s


@program(M)
def shape_checks(m):
    if m.ndim != 2 or m.shape[1] != 3:
        raise ValueError(f"expected (n, 3), got {m.shape}")
    n, d = m.shape
    assert n * d == m.size, "the size is wrong"
    if not np.issubdtype(m.dtype, np.floating):
        m = m.astype(float)
    return np.sum(m**2) / n


@program(V, V[::-1].copy())
@program(0.7, V)
@program(V, 0.7)
def arguments_made_arrays(x, y):
    x, y = np.asarray(x, dtype=float), np.atleast_1d(y)
    x, y = np.broadcast_arrays(x, y)
    return np.sum(x * y**2)


@program(0.7)
def attributes_that_may_be_missing(x):
    scale = getattr(math, "tau", 6.28)
    missing = getattr(math, "no_such_name", 2.0)
    if hasattr(x, "shape"):
        return x
    return x**2 * scale * missing


@program(0.7, 3)
def tables_of_units_looked_up(x, n):
    units = {"m": 1.0, "km": 1000.0, "cm": 0.01}
    s = 0.0
    for k, unit in enumerate(("m", "cm") * 2):
        s = s + x ** (k + 1) * units[unit] * (units.get("mile") or n)
    return s


@program(0.7, 2)
def an_index_operator(x, n):
    n = operator.index(n)
    k = max(int(n), 1) if n is not None else 0
    return x**k * round(2.6) + x * divmod(7, n)[1]


@program(V, 7)
def integers_that_steer(v, seed):
    state, s = seed, 0.0
    for _ in range(6):
        state = (1103 * state + 12345) % 65536
        s = s * 0.7 + v[state % len(v)] ** 2
    return s


@program(V)
def sets_sorted_and_strings_joined(v):
    kept = {3, 1, 3} - {2}
    label = "-".join(str(k) for k in sorted(kept))
    s = 0.0
    for k in sorted(kept):
        s = s + v[k] ** 2
    return s * len(label)


@program(V, np.array([2, 0, 1, 1]))
def passive_arrays_are_computed_with(v, k):
    order = np.argsort(k, kind="stable")
    unique, counts = np.unique(k, return_counts=True)
    weights = np.bincount(k, minlength=4) / counts.max()
    return np.sum(v[order] * weights) * v[unique].sum() ** 2


@program(0.7, 5)
def del_and_pass(x, n):
    y = x**2
    z = y * x
    del y
    for k in range(n):
        t = z * k
        z = z + 0.1 * t
        del t
    pass
    return z


@program(0.7)
def imports_inside(x):
    import math as m
    from functools import reduce

    return m.sin(x) * reduce(lambda a, b: a * b, [x, 2.0, x])


@program(0.9, 3)
def raise_in_a_loop_that_is_not_reached(x, n):
    for k in range(n):
        if x < -k - 1:
            raise ValueError(f"x became {x} in step {k}")
        x = x * x - 0.1
    return x


@program(0.7)
def numbers_of_python_and_numpy(x):
    if not np.isscalar(x) or isinstance(x, complex):
        raise TypeError
    y = np.float64(x) * 2
    return float(y.item() ** 2) + bool(x) * x + y.astype(float) * complex(x, 1).imag


def printing(x, n):
    for k in range(n):
        x = x * x + 0.1
        print("step", k, f"{x:.3f}")
    LOG.warning("done %d", n)
    return x


def silent(x, n):
    for _ in range(n):
        x = x * x + 0.1
    return x


@pytest.mark.parametrize("derivative", [grad, value_and_grad, adjoint, tangent])
def test_what_is_printed_and_logged_appears_once(derivative, capsys, caplog):
    with contextlib.redirect_stdout(io.StringIO()) as expected:
        printing(0.7, 3)
    caplog.clear()
    got = derivative(printing)(0.7, 3)
    assert capsys.readouterr().out == expected.getvalue()
    assert [record.getMessage() for record in caplog.records] == ["done 3"]
    assert np.allclose(got, derivative(silent)(0.7, 3), rtol=1e-14)


def test_functions_that_print_are_differentiated_twice(capsys):
    check(printing, 0.7, 3)
    capsys.readouterr()


def test_an_assertion_in_a_loop_keeps_its_meaning():
    def asserting(x, n):
        for k in range(n):
            assert x < 2, f"step {k}"
            x = x * x + 0.5
        return x

    check(asserting, 0.7, 3)
    with pytest.raises(AssertionError, match="step 2"):
        grad(asserting)(1.1, 5)


def test_a_raise_in_a_loop_keeps_its_meaning():
    def raising(x, n):
        for k in range(n):
            if x > 3:
                raise OverflowError(f"too large in step {k}")
            x = x * x + 0.5
        return x

    check(raising, 0.7, 3)
    with pytest.raises(OverflowError, match="too large in step 2"):
        grad(raising)(1.1, 5)


def test_timing_calls_are_kept():
    def timed(x, n):
        start = time.perf_counter()
        for _ in range(n):
            x = x * x + 0.1
        elapsed = time.perf_counter() - start
        print(f"{elapsed >= 0}")
        return x

    stream = io.StringIO()
    with contextlib.redirect_stdout(stream):
        got = grad(timed)(0.7, 3)
    assert stream.getvalue() == "True\n"
    assert got == grad(silent)(0.7, 3)


def test_a_generator_used_as_a_context_manager():
    def scaled(x):
        with scaled_by(2.0) as held:
            y = x**2 * held[0]
        return y * x

    check(scaled, 0.7)


def test_the_signature_is_inspected_inside():
    def by_signature(x):
        return x * len(inspect.signature(silent).parameters)

    check(by_signature, 0.7)


@pytest.mark.parametrize(**programs(globals()))
def test_program(name, k):
    run(globals(), name, k)
