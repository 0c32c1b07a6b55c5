"""Shapes, and moving elements about: every function against NumPy and dense Jacobians of unit vectors."""

import numpy as np
import pytest

from transform import runtime, verify
from transform.errors import UnsupportedError
from transform.ir import Eqn, Function, Var
from transform.passes.adjoint import adjoint
from transform.rules import ATTRIBUTES, FUNCTIONS, METHODS, PRIMITIVES, Builder, Value, joining, op, shape
from transform.types import Array, Dim, Scalar

from ..support.linear_cases import Case, Lowered, check, check_other_shapes, check_single, lower, same, trace

RNG = np.random.default_rng(2)
V = RNG.standard_normal(6)
W = RNG.standard_normal(6)
M = RNG.standard_normal((4, 3))
SQUARE = RNG.standard_normal((3, 3))
T = RNG.standard_normal((2, 3, 4))
ROW = RNG.standard_normal((1, 4))
COLUMN = RNG.standard_normal((3, 1, 1))
ONE = RNG.standard_normal(1)
Z = RNG.standard_normal((3, 2)) + 1j * RNG.standard_normal((3, 2))
EMPTY = np.zeros((0, 3))
LENGTHS = ((2,), (3,), (8,))
MATRICES = ((2, 3), (5, 2), (3, 3))


def case(name, program, *arguments, shapes=()):
    return Case(name, program, arguments, shapes)


RESHAPING = [
    case("reshape", lambda f, x: f.reshape(x, (2, 3)), V),
    case("reshape-open", lambda f, x: f.reshape(x, (2, -1)), V, shapes=((4,), (8,))),
    case("reshape-flat", lambda f, x: f.reshape(x, -1), M, shapes=MATRICES),
    case("reshape-int", lambda f, x: f.reshape(x, 12), M),
    case("reshape-method", lambda f, x: f.method(x, "reshape", 3, -1), M, shapes=((2, 3), (6, 2))),
    case("reshape-tuple", lambda f, x: f.method(x, "reshape", (-1, 1)), V, shapes=LENGTHS),
    case("reshape-dynamic", lambda f, x, n: f.method(x, "reshape", n, -1), V, 3),
    case("reshape-dims", lambda f, x: f.reshape(x, (f.shape(x)[1], f.shape(x)[0])), M, shapes=MATRICES),
    case("reshape-like", lambda f, x, y: f.reshape(x, f.attribute(y, "shape")), V, T[0, :, :2]),
    case("reshape-keep", lambda f, x: f.reshape(x, (f.shape(x)[0], -1)), T, shapes=((2, 2, 2), (5, 4, 3))),
    case("reshape-scalar", lambda f, x: f.reshape(x, (1, 1)), 1.5),
    case("reshape-0d", lambda f, x: f.reshape(x, ()), ONE),
    case("reshape-empty", lambda f, x: f.reshape(x, (3, 0)), EMPTY),
    case("reshape-complex", lambda f, x: f.reshape(x, (2, 3)), Z),
    case("reshape-copy", lambda f, x: f.reshape(x, (2, 3), copy=True), V),
    case("ravel", lambda f, x: f.ravel(x), T, shapes=((3, 2, 2),)),
    case("ravel-vector", lambda f, x: f.ravel(x), V),
    case("ravel-method", lambda f, x: f.method(x, "ravel"), M),
    case("ravel-scalar", lambda f, x: f.ravel(x), 1.5),
    case("flatten", lambda f, x: f.method(x, "flatten"), M, shapes=MATRICES),
    case("flatten-vector", lambda f, x: f.method(x, "flatten"), V),
    case("T", lambda f, x: f.attribute(x, "T"), M, shapes=MATRICES),
    case("T-3", lambda f, x: f.attribute(x, "T"), T),
    case("T-1", lambda f, x: f.attribute(x, "T"), V),
    case("mT", lambda f, x: f.attribute(x, "mT"), T),
    case("transpose", lambda f, x: f.transpose(x), M),
    case("transpose-axes", lambda f, x: f.transpose(x, (1, 2, 0)), T, shapes=((2, 2, 5),)),
    case("transpose-negative", lambda f, x: f.transpose(x, (-1, 0, 1)), T),
    case("transpose-same", lambda f, x: f.transpose(x, (0, 1)), M),
    case("transpose-method", lambda f, x: f.method(x, "transpose", 2, 0, 1), T),
    case("transpose-tuple", lambda f, x: f.method(x, "transpose", (0, 2, 1)), T),
    case("transpose-none", lambda f, x: f.method(x, "transpose"), T),
    case("permute_dims", lambda f, x: f.permute_dims(x, (0, 2, 1)), T),
    case("matrix_transpose", lambda f, x: f.matrix_transpose(x), T),
    case("swapaxes", lambda f, x: f.swapaxes(x, 0, -1), T),
    case("swapaxes-method", lambda f, x: f.method(x, "swapaxes", 0, 1), T),
    case("moveaxis", lambda f, x: f.moveaxis(x, 0, -1), T),
    case("moveaxis-two", lambda f, x: f.moveaxis(x, (0, 1), (2, 0)), T),
    case("rollaxis", lambda f, x: f.rollaxis(x, 2), T),
    case("rollaxis-end", lambda f, x: f.rollaxis(x, 0, 3), T),
    case("squeeze", lambda f, x: f.squeeze(x), COLUMN),
    case("squeeze-axis", lambda f, x: f.squeeze(x, axis=-1), COLUMN),
    case("squeeze-axes", lambda f, x: f.method(x, "squeeze", axis=(1, 2)), COLUMN),
    case("squeeze-none", lambda f, x: f.squeeze(x), M),
    case("expand", lambda f, x: f.expand_dims(x, 0), V),
    case("expand-last", lambda f, x: f.expand_dims(x, -1), M),
    case("expand-middle", lambda f, x: f.expand_dims(x, 1), T),
    case("expand-two", lambda f, x: f.expand_dims(x, (0, -1)), V),
    case("expand-scalar", lambda f, x: f.expand_dims(x, (0, 1)), 1.5),
    case("atleast_1d", lambda f, x: f.atleast_1d(x), 1.5),
    case("atleast_2d", lambda f, x: f.atleast_2d(x), V),
    case("atleast_3d-1", lambda f, x: f.atleast_3d(x), V),
    case("atleast_3d-2", lambda f, x: f.atleast_3d(x), M),
    case("atleast_2d-several", lambda f, x, y: f.atleast_2d(x, y), V, M),
    case("broadcast_to", lambda f, x: f.broadcast_to(x, (3, 4)), ROW),
    case("broadcast_to-more", lambda f, x: f.broadcast_to(x, (2, 4, 3)), M),
    case("broadcast_to-one", lambda f, x: f.broadcast_to(x, (5,)), ONE),
    case("broadcast_to-scalar", lambda f, x: f.broadcast_to(x, (2, 3)), 1.5),
    case("broadcast_to-dynamic", lambda f, x, n: f.broadcast_to(x, (n, f.len(x))), V, 3),
    case("broadcast_to-like", lambda f, x, y: f.broadcast_to(x, f.shape(y)), M[0], M),
    case("broadcast_arrays", lambda f, x, y: f.broadcast_arrays(x, y), M, M[0]),
    case("broadcast_arrays-outer", lambda f, x, y: f.broadcast_arrays(x, y), ROW, M[:, :1]),
    case("broadcast_arrays-scalar", lambda f, x, y: f.broadcast_arrays(x, y), V, 2.5),
    case("astype-complex", lambda f, x: f.method(x, "astype", complex), M),
    case("astype-same", lambda f, x: f.method(x, "astype", float), M),
    case("astype-nocopy", lambda f, x: f.method(x, "astype", float, copy=False), M),
    case("copy", lambda f, x: f.copy(x), M),
    case("copy-method", lambda f, x: f.method(x, "copy"), V),
]
JOINING = [
    case("concatenate", lambda f, x, y: f.concatenate((x, y)), V, W[:2], shapes=LENGTHS),
    case("concatenate-list", lambda f, x, y, z: f.concatenate([x, y, z]), V, ONE, W, shapes=LENGTHS),
    case("concatenate-axis", lambda f, x, y: f.concatenate((x, y), axis=1), M, M[:, :1]),
    case("concatenate-negative", lambda f, x, y: f.concatenate((x, y), axis=-1), T, T[:, :, 1:]),
    case("concatenate-flat", lambda f, x, y: f.concatenate((x, y), axis=None), M, V),
    case("concatenate-single", lambda f, x: f.concatenate((x,)), V),
    case("concatenate-again", lambda f, x: f.concatenate((x, x, x)), V),
    case("concatenate-constant", lambda f, x: f.concatenate(([0.0, 1.0], x, [2.0])), V, shapes=LENGTHS),
    case(
        "concatenate-inner",
        lambda f, x: f.concatenate(([0.0], f.item(x, slice(1, -1)), [0.0])),
        V,
        shapes=LENGTHS,
    ),
    case("concatenate-mixed", lambda f, x, z: f.concatenate((x, z)), M[:, :2], Z),
    case("concatenate-empty", lambda f, x, y: f.concatenate((x, y)), EMPTY, M),
    case("concatenate-dtype", lambda f, x: f.concatenate((x, x), dtype=np.complex128), V),
    case("append", lambda f, x, y: f.append(x, y), V, 2.5),
    case("append-axis", lambda f, x, y: f.append(x, y, axis=0), M, M[:1]),
    case("stack", lambda f, x, y: f.stack((x, y)), V, W),
    case("stack-axis", lambda f, x, y: f.stack([x, y, x], axis=1), M, M + 1),
    case("stack-last", lambda f, x, y: f.stack((x, y), axis=-1), M, M + 1),
    case("stack-scalars", lambda f, x, y: f.stack((x, y)), 1.5, 2.5),
    case("vstack", lambda f, x, y: f.vstack((x, y)), V, W),
    case("vstack-mixed", lambda f, x, y: f.vstack((x, y)), M, M[0]),
    case("hstack", lambda f, x, y: f.hstack((x, y)), V, ONE),
    case("hstack-scalars", lambda f, x, y: f.hstack((x, y)), 1.5, V),
    case("hstack-matrices", lambda f, x, y: f.hstack((x, y)), M, M[:, 1:]),
    case("column_stack", lambda f, x, y: f.column_stack((x, y)), V, W),
    case("column_stack-mixed", lambda f, x, y: f.column_stack((x, y)), M, V[:4]),
    case("dstack", lambda f, x, y: f.dstack((x, y)), V, W),
    case("dstack-matrices", lambda f, x, y: f.dstack((x, y)), M, M + 1),
    case("split", lambda f, x: f.split(x, [2, 3]), V),
    case("split-axis", lambda f, x: f.split(x, [1], axis=1), M),
    case("split-parts", lambda f, x: f.array_split(x, 1, axis=0), ROW),
    case("vsplit", lambda f, x: f.vsplit(x, [1]), M),
    case("hsplit", lambda f, x: f.hsplit(x, [1]), M),
    case("unstack", lambda f, x: f.unstack(x), ROW),
]
MOVING = [
    case("flip", lambda f, x: f.flip(x), V, shapes=LENGTHS),
    case("flip-all", lambda f, x: f.flip(x), M),
    case("flip-axis", lambda f, x: f.flip(x, axis=-1), M),
    case("flip-axes", lambda f, x: f.flip(x, axis=(2, 0)), T),
    case("flipud", lambda f, x: f.flipud(x), M),
    case("fliplr", lambda f, x: f.fliplr(x), M),
    case("roll", lambda f, x: f.roll(x, 2), V, shapes=LENGTHS),
    case("roll-flat", lambda f, x: f.roll(x, -1), M),
    case("roll-axis", lambda f, x: f.roll(x, 1, axis=-1), M),
    case("roll-axes", lambda f, x: f.roll(x, (1, 2), axis=(0, 1)), M),
    case("roll-dynamic", lambda f, x, n: f.roll(x, n, axis=0), M, 3),
    case("tile", lambda f, x: f.tile(x, 3), V, shapes=LENGTHS),
    case("tile-rows", lambda f, x: f.tile(x, (2, 1)), V),
    case("tile-matrix", lambda f, x: f.tile(x, (2, 3)), M),
    case("tile-last", lambda f, x: f.tile(x, 2), M),
    case("tile-one", lambda f, x: f.tile(x, (2, 2)), ROW),
    case("tile-scalar", lambda f, x: f.tile(x, 3), 1.5),
    case("repeat", lambda f, x: f.repeat(x, 3), V, shapes=LENGTHS),
    case("repeat-flat", lambda f, x: f.repeat(x, 2), M),
    case("repeat-axis", lambda f, x: f.repeat(x, 2, axis=0), M, shapes=MATRICES),
    case("repeat-last", lambda f, x: f.method(x, "repeat", 2, axis=-1), T),
    case("repeat-dynamic", lambda f, x, n: f.repeat(x, n, axis=1), M, 3),
    case("repeat-one", lambda f, x: f.repeat(x, 4, axis=0), ROW),
    case("pad", lambda f, x: f.pad(x, 1), V, shapes=LENGTHS),
    case("pad-sides", lambda f, x: f.pad(x, (0, 2)), V),
    case("pad-axes", lambda f, x: f.pad(x, ((1, 0), (0, 2))), M, shapes=MATRICES),
    case("pad-value", lambda f, x: f.pad(x, 1, constant_values=2.5), M),
    case("diag", lambda f, x: f.diag(x), V, shapes=LENGTHS),
    case("diag-above", lambda f, x: f.diag(x, 1), V),
    case("diag-below", lambda f, x: f.diag(x, k=-2), V),
    case("diag-of-square", lambda f, x: f.diag(x), SQUARE),
    case("diag-of-matrix", lambda f, x: f.diag(x), M, shapes=MATRICES),
    case("diag-of-matrix-above", lambda f, x: f.diag(x, 1), M, shapes=MATRICES),
    case("diag-of-matrix-below", lambda f, x: f.diag(x, -1), M, shapes=MATRICES),
    case("diag-there-and-back", lambda f, x: f.diag(f.diag(x, 1), 1), V),
    case("diag-product", lambda f, x: f.diag(f.diag(f.diag(x), 2)), V, shapes=((3,), (4,), (8,))),
    case("diagflat", lambda f, x: f.diagflat(x), M),
    case("diagonal", lambda f, x: f.diagonal(x), T),
    case("diagonal-method", lambda f, x: f.method(x, "diagonal", 1), M),
    case("diagonal-axes", lambda f, x: f.diagonal(x, 0, 1, 2), T),
    case("diagonal-outer", lambda f, x: f.diagonal(x, 1, 0, 2), T),
    case("diagonal-turned", lambda f, x: f.diagonal(x, 1, 2, 0), T),
    case("diagonal-below", lambda f, x: f.diagonal(x, -1, -1, -2), T),
    case("tril", lambda f, x: f.tril(x), M),
    case("tril-k", lambda f, x: f.tril(x, -1), T),
    case("triu", lambda f, x: f.triu(x), SQUARE),
    case("triu-k", lambda f, x: f.triu(x, k=1), M),
]
ITEM = [
    case("item", lambda f, x: f.method(x, "item"), ROW[:, :1]),
    case("item-at", lambda f, x: f.method(x, "item", 1, 2), M),
]
CASES = [*RESHAPING, *JOINING, *MOVING]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_values_types_and_derivatives(case):
    check(case)


@pytest.mark.parametrize("case", ITEM, ids=str)
def test_item(case):
    check(case)


@pytest.mark.parametrize("case", [case for case in CASES if case.shapes], ids=str)
def test_one_lowering_serves_other_shapes(case):
    check_other_shapes(case)


@pytest.mark.parametrize("case", CASES[::3], ids=str)
def test_single_precision_is_kept(case):
    check_single(case)


SINGLE = np.float32(V)
WIDENING = [
    case("widen", lambda f, x: f.method(x, "astype", np.float64), SINGLE),
    case("narrow", lambda f, x: f.method(x, "astype", np.float32), SINGLE.astype(float)),
    case("complex", lambda f, x: f.method(x, "astype", np.complex64), SINGLE),
    case("join", lambda f, x, y: f.concatenate((x, y)), SINGLE, SINGLE.astype(float)),
    case("float64", lambda f, x: f.float64(x), 1.5),
    case("float32", lambda f, x: f.float32(x), np.float64(SINGLE[0])),
    case("complex128", lambda f, x: f.complex128(x), V),
    case("number", lambda f, x: f.method(x, "astype", np.float32), np.float64(SINGLE[0])),
]


@pytest.mark.parametrize("case", WIDENING, ids=str)
def test_an_adjoint_has_the_dtype_of_its_value(case):
    check(case)


def test_a_cast_to_integers_is_constant():
    made = lower(case("cast", lambda f, x: f.method(x, "astype", int), V))
    same(trace(made, (V,))[0], V.astype(int))
    assert PRIMITIVES["cast"].constant
    (bar,) = trace(adjoint(made, (0,)), (V, np.ones(6)))
    same(bar, np.zeros(6))


# The primitives that other rules and passes rely on.


def support(name, build, *arguments):
    """A function of the primitives themselves."""
    return Case(name, lambda f, *values: build(f, *values), arguments)


def both(plain, lowered):
    return lambda f, *values: lowered(*values) if isinstance(f, Lowered) else plain(*values)


def summed(v, like):
    lead = v.ndim - like.ndim
    v = v.sum(axis=tuple(range(lead)))
    return v.sum(axis=tuple(k for k in range(like.ndim) if like.shape[k] == 1), keepdims=True)


def fill(v, like):
    return np.broadcast_to(v, like.shape) + 0.0


PASSIVE = np.arange(12).reshape(4, 3)
SUPPORT = [
    support("broadcast_like", both(fill, op.broadcast_like), M[0], PASSIVE),
    support("broadcast_like-number", both(fill, op.broadcast_like), 1.5, PASSIVE),
    support("broadcast_like-strong", both(fill, op.broadcast_like), np.float64(1.5), PASSIVE),
    support("unbroadcast", both(summed, op.unbroadcast), T, PASSIVE[:3, :1]),
    support("unbroadcast-rank", both(summed, op.unbroadcast), T[:, :, :3], PASSIVE[0]),
    support("reshape_like", both(lambda v, y: v.reshape(y.shape), op.reshape_like), T[0], PASSIVE),
]


@pytest.mark.parametrize("case", SUPPORT, ids=str)
def test_support_primitives(case):
    check(case)


def test_every_differentiable_primitive_has_a_case():
    made = {
        name
        for name, primitive in PRIMITIVES.items()
        if primitive.infer.__module__ in (shape.__name__, joining.__name__) and not primitive.constant
    }
    used = set().union(*(check(case) for case in [*CASES, *SUPPORT, *ITEM, *WIDENING]))
    assert {"reshape", "item", "astype", "pad", "tril", "stack", "broadcast_like"} <= made
    assert made <= used


N, K = Dim("N", not_one=True), Dim("K", not_one=True)


def value(*dims, dtype=float):
    builder = Builder()
    return builder, Value(builder, Var("x", Array(np.dtype(dtype), dims)))


def test_a_number_has_a_shape_too():
    builder = Builder()
    x = Value(builder, Var("x", Scalar(np.dtype(float))))
    assert ATTRIBUTES["shape"](builder, x) == ()
    assert ATTRIBUTES["ndim"](builder, x) == 0
    assert ATTRIBUTES["size"](builder, x) == 1
    assert ATTRIBUTES["T"](builder, x) is x
    assert FUNCTIONS[np.isscalar](builder, x) is True


def test_known_lengths_are_plain_ints():
    builder, x = value(1, N, 3)
    first, second, third = ATTRIBUTES["shape"](builder, x)
    assert (first, third) == (1, 3)
    assert second.type.size == N
    assert builder.body[-1].params == {"axis": 1}
    assert ATTRIBUTES["size"](*value(1, 3)) == 3
    assert ATTRIBUTES["itemsize"](builder, x) == 8
    assert ATTRIBUTES["dtype"](builder, x) == np.float64
    assert ATTRIBUTES["size"](builder, x).type.size is not None
    assert FUNCTIONS[len](builder, [1, 2]) == 2


def test_the_size_of_a_vector_is_its_length():
    builder, x = value(N)
    assert ATTRIBUTES["size"](builder, x).type.size == N
    assert FUNCTIONS[np.size](builder, x, 0).type.size == N


def test_reshape_knows_what_is_left_open():
    builder, x = value(N, K, 6)
    n, *_ = ATTRIBUTES["shape"](builder, x)
    assert METHODS["reshape"](builder, x, -1, 6, n).type.dims[0] == K
    assert (
        METHODS["reshape"](builder, x, n, -1, 2).type.dims[0]
        == METHODS["reshape"](builder, x, n, -1, 2).type.dims[0]
    )
    assert METHODS["reshape"](*value(4, 3), 2, -1).type.dims == (2, 6)


def test_concatenating_what_was_cut_gives_the_length_back():
    builder, x = value(N)
    f = Lowered(builder)
    inner = f.item(x, slice(1, -1))
    assert builder.dims.same(f.concatenate(([0.0], inner, [0.0])).type.dims[0], N)
    assert builder.dims.same(f.concatenate((x, [0.0])).type.dims[0], f.pad(x, (0, 1)).type.dims[0])
    # N - 3 + 2 is not N - 1 where N < 3.
    shorter = f.concatenate((f.item(x, slice(3, None)), [0.0, 0.0]))
    assert not builder.dims.same(shorter.type.dims[0], f.item(x, slice(1, None)).type.dims[0])


def codes(case):
    return [text(eqn) for eqn in lower(case).body]


def text(eqn: Eqn):
    code = eqn.primitive.code
    return code if isinstance(code, str) else code([operand.type for operand in eqn.operands], eqn.params)


@pytest.mark.parametrize(
    "case, code",
    [
        (case("", lambda f, x: f.reshape(x, (2, -1)), V), "{0}.reshape(2, -1)"),
        (case("", lambda f, x, y: f.reshape(x, f.shape(y)), V, M), "{0}.reshape({1}.shape)"),
        (case("", lambda f, x: f.attribute(x, "T"), M), "{0}.T"),
        (case("", lambda f, x: f.transpose(x, (1, 0, 2)), T), "{0}.transpose(1, 0, 2)"),
        (case("", lambda f, x: f.expand_dims(x, 1), V), "{0}[:, None]"),
        (case("", lambda f, x: f.squeeze(x, 0), ROW), "{0}.squeeze(axis=0)"),
        (case("", lambda f, x, y: f.broadcast_to(x, f.shape(y)), V, M), "np.broadcast_to({0}, {1}.shape)"),
        (case("", lambda f, x: f.concatenate((x, x), axis=1), M), "np.concatenate(({0}, {1}), axis=1)"),
        (case("", lambda f, x: f.stack((x,)), M), "np.stack(({0},))"),
        (case("", lambda f, x: f.pad(x, 1), V), "np.pad({0}, (1, 1))"),
        (case("", lambda f, x: f.diag(x, 1), V), "np.diag({0}, k=1)"),
        (case("", lambda f, x: f.tile(x, (2, 1)), M), "np.tile({0}, (2, 1))"),
        (case("", lambda f, x: f.len(x), M), "{0}.shape[0]"),
    ],
)
def test_texts(case, code):
    assert codes(case)[-1] == code


def test_the_shape_of_an_array_that_is_gone_is_read_length_by_length():
    builder, x = value(N)
    (n,) = ATTRIBUTES["shape"](builder, x)
    op.index_add(op.copy(x), x, index=(slice(None),))
    made = FUNCTIONS[np.zeros](builder, (n,))
    assert builder.body[-1].primitive.name == "zeros"
    assert made.type.dims == (N,)


@pytest.mark.parametrize(
    "refused",
    [
        lambda f, x: f.reshape(x, (2, 3), order="F"),
        lambda f, x: f.reshape(x, (-1, -1)),
        lambda f, x: f.reshape(x, (x, 2)),
        lambda f, x: f.reshape(x, (2.5, 2)),
        lambda f, x: f.transpose(x, (0, 0)),
        lambda f, x: f.expand_dims(x, 5),
        lambda f, x: f.attribute(x, "flat"),
        lambda f, x: f.method(x, "tolist"),
        lambda f, x: f.method(x, "astype", "U3"),
        lambda f, x: f.tile(x, f.len(x)),
        lambda f, x: f.repeat(x, [1, 2]),
        lambda f, x: f.pad(x, 1, mode="edge"),
        lambda f, x: f.split(x, 2),
        lambda f, x: f.concatenate((x, 1.0)),
        lambda f, x: f.concatenate((x, x), axis=2),
        lambda f, x: f.tril(x, f.len(x)),
    ],
)
def test_what_is_not_understood_is_refused(refused):
    builder, x = value(N, K)
    with pytest.raises(UnsupportedError):
        refused(Lowered(builder), x)


def test_a_complex_array_is_not_made_real_in_silence():
    builder, x = value(N, dtype=complex)
    with pytest.raises(UnsupportedError, match="imaginary"):
        METHODS["astype"](builder, x, float)


def test_squeeze_of_unknown_lengths_is_refused():
    builder, x = value(Dim("A"), 3)
    with pytest.raises(UnsupportedError, match="axis"):
        METHODS["squeeze"](builder, x)
    made = METHODS["squeeze"](builder, x, axis=0)
    assert made.type.dims == (3,)
    verify.check(Function("f", (x.atom,), builder.finish(), (made.atom,)))


def test_an_adjoint_that_fits_is_given_as_another_array():
    bar, like = np.arange(6.0).reshape(2, 3), np.ones((2, 3))
    fitting = runtime.unbroadcast(bar, like)
    np.testing.assert_array_equal(fitting, bar)
    assert not np.shares_memory(fitting, bar)
    np.testing.assert_array_equal(runtime.unbroadcast(bar, like[:, :1]), [[3.0], [12.0]])
