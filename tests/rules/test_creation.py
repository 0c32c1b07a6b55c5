"""Making arrays: values, types and, where numbers at run time go in, derivatives."""

import numpy as np
import pytest

from transform.errors import UnsupportedError
from transform.ir import Var
from transform.passes.adjoint import adjoint
from transform.passes.tangent import tangent
from transform.rules import FUNCTIONS, PRIMITIVES, Builder, Value, creation
from transform.rules.creation import as_array
from transform.types import Array, Dim

from ..support.linear_cases import Case, Lowered, check, check_other_shapes, check_single, lower, same, trace

RNG = np.random.default_rng(3)
V = RNG.standard_normal(5)
M = RNG.standard_normal((4, 3))
X32 = np.float32(M)
Z = V + 1j
NUMBERS = np.array([2, 0, 1])


def case(name, program, *arguments, shapes=()):
    return Case(name, program, arguments, shapes)


def plus(program):
    """A constant made of x's shape, in a program that depends on x."""
    return lambda f, x, *more: (program(f, x, *more), x)


CONSTANTS = [
    case("zeros", plus(lambda f, x: f.zeros(3)), V),
    case("zeros-tuple", plus(lambda f, x: f.zeros((2, 3))), V),
    case("zeros-dtype", plus(lambda f, x: f.zeros((2, 3), dtype=complex)), V),
    case("zeros-int", plus(lambda f, x: f.zeros(2, int)), V),
    case("zeros-bool", plus(lambda f, x: f.zeros(2, dtype=bool)), V),
    case("zeros-shape", plus(lambda f, x: f.zeros(f.shape(x))), M, shapes=((2, 5),)),
    case("zeros-shape-single", plus(lambda f, x: f.zeros(f.shape(x))), X32),
    case("zeros-turned", plus(lambda f, x: f.zeros(f.shape(x)[::-1])), M, shapes=((2, 5),)),
    case("zeros-part", plus(lambda f, x: f.zeros(f.shape(x)[1])), M, shapes=((2, 5),)),
    case("zeros-wider", plus(lambda f, x: f.zeros((f.len(x), 2))), M),
    case("zeros-dynamic", plus(lambda f, x, n: f.zeros((n, 2))), V, 3),
    case("zeros-0d", plus(lambda f, x: f.zeros(())), V),
    case("ones", plus(lambda f, x: f.ones((2, 3))), V),
    case("ones-shape", plus(lambda f, x: f.ones(f.shape(x), dtype=np.float32)), M),
    case("zeros_like", plus(lambda f, x: f.zeros_like(x)), M),
    case("zeros_like-single", plus(lambda f, x: f.zeros_like(x)), X32),
    case("zeros_like-dtype", plus(lambda f, x: f.zeros_like(x, dtype=complex)), M),
    case("zeros_like-shape", plus(lambda f, x: f.zeros_like(x, shape=(2,))), M),
    case("ones_like", plus(lambda f, x: f.ones_like(x)), Z),
    case("ones_like-int", plus(lambda f, x: f.ones_like(x, dtype=int)), M),
    case("full", plus(lambda f, x: f.full((2, 3), 2.5)), V),
    case("full-int", plus(lambda f, x: f.full(3, 2)), V),
    case("eye", plus(lambda f, x: f.eye(3)), V),
    case("eye-shape", plus(lambda f, x: f.eye(f.len(x), k=1)), V, shapes=((2,), (7,))),
    case("eye-two", plus(lambda f, x: f.eye(2, 3, -1, dtype=complex)), V),
    case("identity", plus(lambda f, x: f.identity(f.len(x))), V),
    case("arange", plus(lambda f, x: f.arange(4)), V),
    case("arange-len", plus(lambda f, x: f.arange(f.len(x))), V, shapes=((2,), (9,))),
    case("arange-two", plus(lambda f, x: f.arange(1, 6)), V),
    case("arange-three", plus(lambda f, x: f.arange(5, 0, -2)), V),
    case("arange-dtype", plus(lambda f, x: f.arange(4, dtype=float)), V),
    case("arange-float", plus(lambda f, x: f.arange(0.0, 1.0, 0.3)), V),
    case("arange-step", plus(lambda f, x: f.arange(6, step=2)), V),
    case("arange-dynamic", plus(lambda f, x, n: f.arange(1, n)), V, 4),
    case("arange-single", plus(lambda f, x: f.arange(3, dtype=np.float32)), V),
    case("array-constant", plus(lambda f, x: f.array([[1.0, 2.0], [3.0, 4.0]])), V),
    case("array-int", plus(lambda f, x: f.array([1, 2])), V),
    case("array-empty", plus(lambda f, x: f.array([])), V),
    case("array-range", plus(lambda f, x: f.array(range(3))), V),
    case("array-mixed", plus(lambda f, x: f.array([1, 2.5, 1j])), V),
    case("array-special", plus(lambda f, x: f.array([True, False])), V),
]
LINEAR = [
    case("full-active", lambda f, x: f.full((2, 3), x), 1.5),
    case("full-shape", lambda f, x, y: f.full(f.shape(y), x), 1.5, M),
    case("full-shape-single", lambda f, x, y: f.full(f.shape(y), x), 1.5, X32),
    case("full-strong", lambda f, x: f.full(3, x), np.float64(1.5)),
    case("full-array", lambda f, x: f.full((2, 5), x), V),
    case("full-dtype", lambda f, x: f.full((2, 3), x, dtype=complex), 1.5),
    case("full_like", lambda f, x, y: f.full_like(y, x), 1.5, M),
    case("full_like-single", lambda f, x, y: f.full_like(y, x), 1.5, X32),
    case("full_like-shape", lambda f, x, y: f.full_like(y, x, shape=(2,)), 1.5, M),
    case("linspace", lambda f, a, b: f.linspace(a, b, 5), 0.5, 2.5),
    case("linspace-open", lambda f, a, b: f.linspace(a, b, 4, endpoint=False), 0.5, 2.5),
    case("linspace-one", lambda f, a, b: f.linspace(a, b, 1), 0.5, 2.5),
    case("linspace-default", lambda f, a: f.linspace(a, 1.0), 0.5),
    case("linspace-dynamic", lambda f, a, b, n: f.linspace(a, b, n), 0.5, 2.5, 6),
    case("linspace-len", lambda f, a, b, x: f.linspace(a, b, num=f.len(x)), 0.5, 2.5, V),
    case(
        "linspace-step", lambda f, a, b: f.linspace(a, b, 5, retstep=True), np.float64(0.5), np.float64(2.5)
    ),
    case("linspace-complex", lambda f, a, b: f.linspace(a, b, 5), np.complex128(0.5j), 2.5),
    case("linspace-arrays", lambda f, a, b: f.linspace(a, b, 4), M[0], M[1]),
    case("linspace-to-array", lambda f, a, b: f.linspace(a, b, 4), 0.5, M),
    case("linspace-from-array", lambda f, a: f.linspace(a, 1.0, 4), V),
    case("array", lambda f, a, b: f.array([a, b, 1.0]), 0.5, 2.5),
    case("array-nested", lambda f, a, b: f.array([[a, b], [b, 0.0], [1.0, a]]), 0.5, 2.5),
    case("array-deep", lambda f, a: f.array([[[a, 1.0]], [[2.0, a]]]), 0.5),
    case("array-tuple", lambda f, a, b: f.array((a, b)), 0.5, np.float64(2.5)),
    case("array-single", lambda f, a, b: f.array([a, b]), np.float32(0.5), np.float32(2.5)),
    case("array-both", lambda f, a, b: f.array([a, b]), np.float32(0.5), 2.5),
    case("array-complex", lambda f, a, b: f.array([a, b]), 0.5, np.complex128(2.5j)),
    case("array-dtype", lambda f, a: f.array([a, 1.0], dtype=complex), 0.5),
    case("array-of-arrays", lambda f, x, y: f.array([x, y]), V, V + 1),
    case("array-of-lists", lambda f, x, a: f.array([x, [a, a, 1.0, 2.0, 3.0]]), V, 0.5),
    case("array-of-int", lambda f, a: f.array([a, 2]), 0.5),
    case("array-copy", lambda f, x: f.array(x), M),
    case("array-ndmin", lambda f, x: f.array(x, ndmin=3), M),
    case("array-widen", lambda f, x: f.array(x, dtype=float), X32),
    case("asarray", lambda f, x: f.asarray(x), M),
    case("asarray-list", lambda f, a: f.asarray([a, a]), 0.5),
    case("asarray-dtype", lambda f, x: f.asarray(x, dtype=complex), V),
    case("asanyarray", lambda f, x: f.asanyarray(x), V),
    case("ascontiguousarray", lambda f, x: f.ascontiguousarray(x), V),
    case("asarray_chkfinite", lambda f, x: f.asarray_chkfinite(x), V),
    case("meshgrid", lambda f, x, y: f.meshgrid(x, y), V, M[0]),
    case("meshgrid-ij", lambda f, x, y, z: f.meshgrid(x, y, z, indexing="ij"), V, M[0], V[:2]),
    case("meshgrid-sparse", lambda f, x, y: f.meshgrid(x, y, sparse=True), V, M[0]),
    case("meshgrid-numbers", lambda f, x, y: f.meshgrid(x, y), 1.5, V),
]
CASES = [*CONSTANTS, *LINEAR]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_values_types_and_derivatives(case):
    check(case)


@pytest.mark.parametrize("case", [case for case in CASES if case.shapes], ids=str)
def test_one_lowering_serves_other_shapes(case):
    check_other_shapes(case)


@pytest.mark.parametrize("case", LINEAR[::2], ids=str)
def test_single_precision_is_kept(case):
    check_single(case)


ARANGES = [
    (
        lambda f, a, b, h: f.arange(a, b, h),
        (0.5, 2.6, 0.25),
        lambda n: (np.ones(n), np.zeros(n), np.arange(n)),
    ),
    (lambda f, a, b: f.arange(a, b), (0.5, 4.7), lambda n: (np.ones(n), np.zeros(n))),
    (lambda f, b: f.arange(b), (3.5,), lambda n: (np.zeros(n),)),
    (
        lambda f, a, b, h: f.arange(a, b, h),
        (2.0, 0.1, -0.5),
        lambda n: (np.ones(n), np.zeros(n), np.arange(n)),
    ),
]


@pytest.mark.parametrize("program, arguments, columns", ARANGES)
def test_arange_moves_with_its_start_and_step(program, arguments, columns):
    made = case("arange", program, *arguments)
    function, wrt = lower(made), tuple(range(len(arguments)))
    y = made.numpy(*arguments)
    jacobian = np.stack(columns(len(y)), axis=1)
    dots, y_bar = RNG.standard_normal(len(wrt)).tolist(), RNG.standard_normal(len(y))
    got, y_dot = trace(tangent(function, wrt), (*arguments, *dots))
    same(got, y)
    same(y_dot, jacobian @ dots)
    reverse = adjoint(function, wrt)
    bars = trace(reverse, (*arguments, y_bar))
    np.testing.assert_allclose(bars, jacobian.T @ y_bar, rtol=1e-12, atol=1e-12)
    second = adjoint(reverse, (len(wrt),))
    same(trace(second, (*arguments, y_bar, *dots))[0], jacobian @ dots)


def test_empty_is_a_constant_of_the_right_type():
    program = plus(lambda f, x: f.empty(f.shape(x)))
    function = lower(case("empty", program, M))
    made, _ = trace(function, (M,))
    assert made.shape == M.shape
    assert PRIMITIVES["empty"].constant
    trace(lower(case("empty_like", plus(lambda f, x: f.empty_like(x, dtype=np.float32)), M)), (M,))
    trace(lower(case("empty", plus(lambda f, x: f.empty((2, 3))), M)), (M,))


def test_logspace_is_a_power():
    got = lower(case("logspace", lambda f, a, b: f.logspace(a, b, 4), np.float64(0.5), np.float64(1.5)))
    np.testing.assert_allclose(trace(got, (0.5, 1.5))[0], np.logspace(0.5, 1.5, 4), rtol=1e-12)


def test_asarray_is_the_array_itself_and_array_a_copy():
    builder = Builder()
    x = Value(builder, Var("x", Array(np.dtype(float), (3,))))
    assert FUNCTIONS[np.asarray](builder, x) is x
    assert FUNCTIONS[np.asarray](builder, x, dtype=float) is x
    assert FUNCTIONS[np.array](builder, x) is not x
    assert as_array(builder, x) is x


def test_every_differentiable_primitive_has_a_case():
    made = {
        name
        for name, primitive in PRIMITIVES.items()
        if primitive.infer.__module__ == creation.__name__ and not primitive.constant
    }
    assert made == {"array", "arange", "full", "linspace"}
    assert made - {"arange"} <= set().union(*map(check, LINEAR))


def text(eqn):
    code = eqn.primitive.code
    return code if isinstance(code, str) else code([operand.type for operand in eqn.operands], eqn.params)


@pytest.mark.parametrize(
    "program, arguments, code",
    [
        (lambda f, x: f.zeros(f.shape(x)), (M,), "np.zeros({0}.shape)"),
        (lambda f, x: f.zeros_like(x), (M,), "np.zeros({0}.shape)"),
        (lambda f, x: f.zeros_like(x), (X32,), "np.zeros({0}.shape, dtype=np.float32)"),
        (lambda f, x: f.zeros((f.len(x), 2)), (M,), "np.zeros(({0}, 2))"),
        (lambda f, x: f.ones(f.len(x)), (M,), "np.ones({0})"),
        (lambda f, x: f.full((2, 3), x), (1.5,), "np.full((2, 3), {0})"),
        (lambda f, x, y: f.full(f.shape(y), x), (1.5, M), "np.full({1}.shape, {0})"),
        (lambda f, x: f.arange(f.len(x)), (M,), "np.arange({0})"),
        (lambda f, x: f.linspace(x, 1.0, 5), (1.5,), "np.linspace({0}, {1}, 5)"),
        (lambda f, x: f.array([[x, 1.0], [2.0, x]]), (1.5,), "np.array([[{0}, {1}], [{2}, {3}]])"),
        (lambda f, x: f.eye(f.len(x)), (V,), "np.eye({0})"),
    ],
)
def test_texts(program, arguments, code):
    assert text(lower(case("", program, *arguments)).body[-1]) == code


@pytest.mark.parametrize(
    "refused",
    [
        lambda f, x: f.zeros(x),
        lambda f, x: f.zeros((2, 2.5)),
        lambda f, x: f.zeros(2, dtype="U3"),
        lambda f, x: f.zeros((2, 2), order="F"),
        lambda f, x: f.array([1.0, [2.0, 3.0]]),
        lambda f, x: f.array([1.0, x]),
        lambda f, x: f.array(["a"]),
        lambda f, x: f.array(None),
        lambda f, x: f.arange(x),
        lambda f, x: f.arange(0.5, 3.0, dtype=int),
        lambda f, x: f.linspace(0.0, 1.0, 2.5),
        lambda f, x: f.linspace(0.0, 1.0, 5, dtype=int),
        lambda f, x: f.full(3, 1j, dtype=float),
        lambda f, x: f.meshgrid(x, x, indexing="ab"),
    ],
)
def test_what_is_not_understood_is_refused(refused):
    builder = Builder()
    x = Value(builder, Var("x", Array(np.dtype(float), (Dim("N", not_one=True), 2))))
    with pytest.raises(UnsupportedError):
        refused(Lowered(builder), x)
