"""Each pass by itself: what goes in, what comes out, and that the checker accepts both."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

from tests.support.evaluate import evaluate
from transform.emit.ssa import ssa
from transform.errors import IRError
from transform.frontend import lower
from transform.ir import Eqn, Function, Lit, Var
from transform.passes.activity import active, varied
from transform.passes.adjoint import adjoint
from transform.passes.dce import eliminate_dead
from transform.passes.own import own
from transform.passes.pipeline import tidy
from transform.passes.recognise import recognise
from transform.passes.simplify import simplify
from transform.passes.tangent import tangent
from transform.rules import PRIMITIVES
from transform.types import FLOAT, Array, Dim
from transform.verify import check


def vector(name):
    return Array(np.dtype(np.float64), (Dim(f"{name}0", not_one=True),))


def lowered(function, **types):
    return check(lower(function, types).function)


def primitives(function):
    return [eqn.primitive.name for eqn in function.body if isinstance(eqn, Eqn)]


def scalar_example(x, y):
    a = x**2
    b = math.floor(y)
    c = a * y
    d = math.sin(x)  # noqa: F841  reaches no result
    return c + b


def test_activity_is_varied_and_useful():
    function = lowered(scalar_example, x=FLOAT, y=FLOAT)
    names = {var.name for var in active(function, (0,))}
    assert {"x", "a", "c"} <= names
    assert not names & {"y", "b", "d"}
    assert "d" in {var.name for var in varied(function, (0,))}
    assert "b" not in {var.name for var in varied(function, (1,))}


@pytest.mark.parametrize("wrt", [(0,), (1,), (0, 1)])
def test_tangent_and_adjoint_agree_with_calculus(wrt):
    x, y = 1.3, 0.7
    function = lowered(scalar_example, x=FLOAT, y=FLOAT)
    gradient = (2 * x * y, x * x)
    pushed = check(tangent(function, wrt))
    value, dot = evaluate(pushed, x, y, *(1.0 for _ in wrt))
    assert_allclose(value, x * x * y + math.floor(y))
    assert_allclose(dot, sum(gradient[k] for k in wrt))
    pulled = check(adjoint(function, wrt))
    assert_allclose(evaluate(pulled, x, y, 1.0), [gradient[k] for k in wrt])


def test_tidying_changes_no_number_and_removes_the_dead():
    function = lowered(scalar_example, x=FLOAT, y=FLOAT)
    raw = adjoint(function, (0, 1))
    clean = check(tidy(raw))
    assert_allclose(evaluate(clean, 1.3, 0.7, 2.0), evaluate(raw, 1.3, 0.7, 2.0))
    assert len(clean.body) < len(raw.body)
    assert "sin" not in primitives(clean)
    assert "floor" not in primitives(clean)


def test_simplify_leaves_the_primal_as_written():
    def silly(x):
        a = 1 * x
        b = a + 0
        return -(-b)  # noqa: B002

    function = lowered(silly, x=FLOAT)
    assert primitives(simplify(function)) == primitives(function)


def test_simplify_drops_ones_signs_and_repetition():
    def product(x, y):
        return (x - y) * (x - y)

    clean = tidy(adjoint(lowered(product, x=FLOAT, y=FLOAT), (0, 1)))
    assert primitives(clean).count("sub") == 1
    ones = [a for eqn in clean.body for a in eqn.operands if isinstance(a, Lit) and a.value == 1]
    assert not ones
    assert_allclose(evaluate(clean, 3.0, 1.0, 1.0), (4.0, -4.0))


def test_a_broadcast_adjoint_is_never_stored():
    def loss(x):
        return np.mean((x * x) ** 2)

    clean = tidy(adjoint(lowered(loss, x=vector("x")), (0,)))
    assert "broadcast_like" not in primitives(clean)
    x = np.array([1.0, 2.0, 3.0])
    assert_allclose(evaluate(clean, x, 1.0)[0], 4 * x**3 / 3)


def test_a_shape_is_read_from_what_is_there():
    def loss(x):
        c = np.sin(x)
        return np.mean(c)

    clean = tidy(adjoint(lowered(loss, x=vector("x")), (0,)))
    assert "sin" not in primitives(clean)


def test_dead_results_of_a_branch_go():
    def chosen(x):
        if x > 0:
            a, b = x * x, math.sin(x)
        else:
            a, b = x, math.cos(x)
        del b
        return a

    clean = check(eliminate_dead(lowered(chosen, x=FLOAT)))
    assert "sin" not in ssa(clean)
    assert evaluate(clean, 3.0) == (9.0,)
    assert evaluate(clean, -3.0) == (-3.0,)


def test_recognise_finds_the_logistic_function():
    def sigmoid(z):
        e = np.exp(-z)
        return 1 / (1 + e)

    function = check(recognise(lowered(sigmoid, z=vector("z"))))
    assert primitives(function) == ["logistic"]
    bars = tidy(adjoint(function, (0,)))
    z = np.array([-800.0, -1.0, 0.0, 800.0])
    with np.errstate(over="ignore"):
        (z_bar,) = evaluate(bars, z, np.ones(4))
    s = 1 / (1 + math.exp(1))
    assert_allclose(z_bar, [0.0, s * (1 - s), 0.25, 0.0])


def test_recognise_leaves_parts_that_are_read_again():
    def sigmoid(z):
        e = np.exp(-z)
        return 1 / (1 + e) + e

    assert "logistic" not in primitives(recognise(lowered(sigmoid, z=FLOAT)))


def test_own_copies_a_buffer_that_is_read_later():
    x = Var("x", vector("x"))
    filled, kept = Var("a", x.type), Var("b", x.type)
    copy, add = PRIMITIVES["copy"], PRIMITIVES["index_add"]
    params = {"index": (0,), "lengths": (), "distinct": True}
    one = Var("v", FLOAT)
    body = (
        Eqn(filled, copy, (x,), {}),
        Eqn(kept, add, (filled, one), params),
    )
    function = Function("f", (x, one), body, (kept, filled))
    with pytest.raises(IRError, match="after it was consumed"):
        check(function)
    mended = check(own(function))
    assert primitives(mended).count("copy") == 2
    changed, unchanged = evaluate(mended, np.zeros(2), 1.0)
    assert_allclose(changed, [1, 0])
    assert_allclose(unchanged, [0, 0])


def test_own_never_writes_to_an_argument():
    def first(x):
        return x[0] * x[1]

    function = adjoint(lowered(first, x=vector("x")), (0,))
    twice = check(tidy(adjoint(check(tidy(function)), (0,))))
    x, seed = np.array([2.0, 3.0]), np.array([1.0, 0.0])
    evaluate(twice, x, 1.0, seed)
    assert_allclose(x, [2, 3])
    assert_allclose(seed, [1, 0])


def test_the_checker_names_what_is_wrong():
    x, y, z = Var("x", FLOAT), Var("y", FLOAT), Var("z", vector("z"))
    add = PRIMITIVES["add"]
    with pytest.raises(IRError, match="y is read before it is defined"):
        check(Function("f", (x,), (Eqn(z, add, (x, y), {}),), (z,)))
    with pytest.raises(IRError, match="its rule says float"):
        check(Function("f", (x,), (Eqn(z, add, (x, x), {}),), (z,)))
    with pytest.raises(IRError, match="defined twice"):
        check(Function("f", (x, x), (), (x,)))
