"""Reading elements: every kind of index, its shape and its adjoint, against NumPy and dense Jacobians."""

import numpy as np
import pytest

from transform import verify
from transform.errors import UnsupportedError
from transform.ir import Function, Var
from transform.passes.adjoint import adjoint
from transform.rules import PRIMITIVES, Builder, Value, index
from transform.rules.index import getitem
from transform.types import Array, Dim

from ..support.linear_cases import Case, check, check_other_shapes, check_single, lower, trace

RNG = np.random.default_rng(1)
V = RNG.standard_normal(6)
M = RNG.standard_normal((4, 3))
T = RNG.standard_normal((2, 3, 4))
F = RNG.standard_normal((2, 3, 4, 2))
ONE = RNG.standard_normal((1, 4))
Z = RNG.standard_normal((3, 2)) + 1j * RNG.standard_normal((3, 2))
AT = np.array([2, 0, 2, -1])
J = np.array([1, 1, 0, 2])
K = np.array([[0, 1], [1, 1]])
MASK = V > 0
ROWS = np.array([True, False, True, True])
PART = T[:, :, 0] > 0


def at(x, *entries, given=(), shapes=()):
    """x[entries]; the entry "0" stands for the first of the values `given` at run time, and so on."""

    def program(f, x, *more):
        def filled(entry):
            if isinstance(entry, str):
                return more[int(entry)]
            if isinstance(entry, slice):
                return slice(*(filled(part) for part in (entry.start, entry.stop, entry.step)))
            return entry

        made = tuple(filled(entry) for entry in entries)
        return f.item(x, made[0] if len(made) == 1 else made)

    name = ",".join(map(str, entries)).replace(" ", "").replace("None", "")
    shape = "x".join(map(str, np.shape(x)))
    return Case(f"{shape}[{name}]{[np.shape(value) for value in given] or ''}", program, (x, *given), shapes)


S = slice
ALL = slice(None)
LENGTHS = ((6,), (5,), (4,), (9,))
BASIC = [
    at(V, 0),
    at(V, 2),
    at(V, -1),
    at(V, "0", given=[3]),
    at(V, "0", given=[-2]),
    at(M, 1),
    at(M, -1, 2),
    at(M, ALL, 1, shapes=((2, 3), (5, 2))),
    at(M, "0", "1", given=[2, -1]),
    at(M, "0", ALL, given=[1]),
    at(V, S(1, None), shapes=((2,), (6,))),
    at(V, S(2, None), shapes=((2,), (3,), (6,))),
    at(V, S(None, -2), shapes=((2,), (3,), (6,))),
    at(V, S(1, -1), shapes=((2,), (3,), (6,))),
    at(V, S(None, 3), shapes=((2,), (6,))),
    at(V, S(-2, None), shapes=((2,), (6,))),
    at(V, S(-1, None)),
    at(V, S(1, 4), shapes=((2,), (6,))),
    at(V, S(4, 2)),
    at(V, S(0, 0)),
    at(V, S(None, None, 2), shapes=LENGTHS),
    at(V, S(1, None, 2), shapes=LENGTHS),
    at(V, S(None, None, -1), shapes=LENGTHS),
    at(V, S(4, None, -2), shapes=LENGTHS),
    at(V, S(None, None, -2), shapes=LENGTHS),
    at(V, S("0", None), given=[2]),
    at(V, S(None, "0"), given=[4]),
    at(V, S(None, "0"), given=[-1]),
    at(V, S("0", "1"), given=[1, 4]),
    at(V, S("0", "1", "2"), given=[5, 0, -2]),
    at(V, S(3, 3)),
    at(M, S(1, None), S(None, -1), shapes=((2, 2), (5, 4))),
    at(M, S(1, None), 0),
    at(M, ...),
    at(M, ALL, ALL),
    at(M, ..., 1),
    at(T, 1, ..., 2),
    at(M, 1, ..., 2),
    at(V, ..., -1),
    at(T, ..., S(None, None, 2)),
    at(V, None),
    at(V, ALL, None),
    at(V, None, S(1, None), None),
    at(M, ALL, None, S(None, None, -1)),
    at(M, None, ..., None),
    at(M, S(None, None, -1), S(None, None, -1)),
    at(T, 0, None, S(1, None), S(None, None, 2)),
    at(ONE, 0),
    at(ONE, ALL, S(None, None, -1)),
    at(ONE, S(1, None)),
    at(Z, 1),
    at(Z, S(1, None), 0),
    at(np.float64(1.5), None),
    at(np.float64(1.5), ...),
]
ADVANCED = [
    at(V, "0", given=[AT], shapes=((3,), (6,))),
    at(V, "0", given=[K]),
    at(M, "0", given=[AT], shapes=((4, 2), (3, 5))),
    at(M, ALL, "0", given=[J], shapes=((4, 3), (5, 3))),
    at(M, "0", "1", given=[AT, J]),
    at(M, "0", 1, given=[AT]),
    at(M, "0", "1", given=[AT, 2]),
    at(M, "0", S(1, None), given=[AT]),
    at(M, S(1, None), "0", given=[J]),
    at(T, 0, ALL, "0", given=[AT]),
    at(T, ALL, 0, "0", given=[AT]),
    at(T, 0, "0", given=[J]),
    at(T, "0", ALL, "1", given=[K, K + 1]),
    at(T, ALL, "0", "1", given=[K, K + 1]),
    at(T, "0", ..., given=[K]),
    at(T, ..., "0", given=[AT]),
    at(T, "0", None, "1", given=[K, K]),
    at(F, ALL, "0", "1", given=[K, np.array([3])]),
    at(F, ALL, "0", ALL, "1", given=[K, K[0]]),
    at(F, "0", ..., "1", given=[K, K]),
    at(K * 1.5, "0", ..., "1", given=[K, K]),
    at(V, [0, 2, 2]),
    at(V, [0, 3]),
    at(V, [0, -1]),
    at(V, []),
    at(M, [0, 2], [1, 1]),
    at(M, ALL, [2, 0]),
    at(V, [True, False, True, True, False, False]),
    at(V, "0", given=[MASK]),
    at(V, "0", given=[np.zeros(6, bool)]),
    at(M, "0", given=[ROWS]),
    at(M, ALL, "0", given=[np.array([True, False, True])]),
    at(M, "0", given=[M > 0]),
    at(M, "0", S(1, None), given=[ROWS]),
    at(M, "0", 1, given=[ROWS]),
    at(T, "0", given=[PART]),
    at(T, "0", S(None, 2), given=[PART]),
    at(T, "0", "1", given=[PART, np.array([1])]),
    at(T, ..., "0", given=[T[0] > 0]),
    at(T, "0", ALL, "1", given=[np.array([True, True]), K[0]]),
    at(ONE, "0", given=[np.array([0, 0])]),
    at(ONE, ALL, "0", given=[AT]),
    at(Z, "0", given=[np.array([1, 1, 2])]),
    at(Z, "0", given=[Z.real > 0]),
]
FUNCTIONS = [
    Case("take", lambda f, x, i: f.take(x, i), (V, AT)),
    Case("take-flat", lambda f, x, i: f.take(x, i), (M, AT)),
    Case("take-axis", lambda f, x, i: f.take(x, i, axis=1), (M, J)),
    Case("take-method", lambda f, x, i: f.method(x, "take", i, axis=-1), (T, K)),
    Case("take-int", lambda f, x: f.take(x, 1, axis=0), (M,)),
    Case("take-list", lambda f, x: f.take(x, [1, 1], axis=0), (M,)),
    Case("take_along", lambda f, x, i: f.take_along_axis(x, i, axis=0), (V, AT)),
    Case(
        "take_along-0", lambda f, x, i: f.take_along_axis(x, i, axis=0), (M, np.array([[0, 1, 3], [0, 1, 3]]))
    ),
    Case("take_along-1", lambda f, x, i: f.take_along_axis(x, i, axis=-1), (M, np.argsort(M, axis=1))),
    Case("take_along-one", lambda f, x, i: f.take_along_axis(x, i, 1), (M, np.array([[0], [1], [1], [2]]))),
    Case("take_along-flat", lambda f, x, i: f.take_along_axis(x, i, None), (M, AT)),
    Case("take_along-3", lambda f, x, i: f.take_along_axis(x, i, 1), (T, np.argsort(T, axis=1))),
    Case("same-mask-twice", lambda f, x, m: f.concatenate((f.item(x, m), f.item(x, m))), (V, MASK)),
    Case("known-length", lambda f, x: f.item(x, slice(None, f.len(x))), (V,), ((3,),)),
    Case("list-of-values", lambda f, x, i: f.item(x, [i, 0, i]), (V, 2)),
    Case("nested-list", lambda f, x: f.item(x, [[0, 1], [1, 1]]), (V,)),
]
CASES = [*BASIC, *ADVANCED, *FUNCTIONS]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_values_types_and_derivatives(case):
    check(case)


@pytest.mark.parametrize("case", [case for case in CASES if case.shapes], ids=str)
def test_one_lowering_serves_other_shapes(case):
    check_other_shapes(case)


@pytest.mark.parametrize("case", CASES[::3], ids=str)
def test_single_precision_is_kept(case):
    check_single(case)


def test_every_differentiable_primitive_has_a_case():
    names = {name for name, made in PRIMITIVES.items() if defined_in(made, index) and not made.constant}
    assert names == {"getitem", "index_add", "take_along_axis"}
    assert names <= set().union(*map(check, [BASIC[0], *FUNCTIONS[6:8]]))


def defined_in(primitive, module):
    return primitive.infer.__module__ == module.__name__ or primitive.name in {"getitem", "index_add"}


N = Dim("N", not_one=True)


def read(index_, dims=(N,)):
    builder = Builder()
    x = Value(builder, Var("x", Array(np.dtype(float), dims)))
    return getitem(builder, x, index_)


def test_slices_of_a_dim_have_dims_that_compare():
    builder = Builder()
    assert builder.dims.same(read(S(2, None)).type.dims[0], read(S(None, -2)).type.dims[0])
    assert not builder.dims.same(read(S(1, None)).type.dims[0], read(S(None, -2)).type.dims[0])
    assert builder.dims.same(read(S(None, None, 2)).type.dims[0], read(S(None, None, 2)).type.dims[0])
    assert read(S(None, None, -1)).type.dims == (N,)


@pytest.mark.parametrize(
    "case, code",
    [
        (at(V, 0), "{0}[0]"),
        (at(V, "0", given=[1]), "{0}[{1}]"),
        (at(V, S(1, -1)), "{0}[1:-1]"),
        (at(V, S(None, "0", 2), given=[3]), "{0}[:{1}:2]"),
        (at(M, ..., 0), "{0}[..., 0]"),
        (at(M, ALL, [0, 2]), "{0}[:, [0, 2]]"),
        (at(V, ALL, None), "{0}[:, None]"),
        (at(M, None), "{0}[None]"),
        (at(T, ..., None), "{0}[..., None]"),
        (at(M, ALL, S(None, None, -1)), "{0}[:, ::-1]"),
    ],
    ids=str,
)
def test_an_index_is_written_as_in_the_source(case, code):
    (eqn,) = lower(case).body
    assert text(eqn) == code


def text(eqn):
    code = eqn.primitive.code
    return code if isinstance(code, str) else code([operand.type for operand in eqn.operands], eqn.params)


@pytest.mark.parametrize(
    "case, code",
    [
        (at(V, S(1, None)), "{0}[1:] += {1}"),
        (at(V, "0", given=[MASK]), "{0}[{2}] += {1}"),
        (at(V, "0", given=[AT]), "np.add.at({0}, {2}, {1})"),
        (at(M, S(1, None), "0", given=[J]), "np.add.at({0}, np.s_[1:, {2}], {1})"),
        (at(M, "0", "1", given=[AT, J]), "np.add.at({0}, ({2}, {3}), {1})"),
        (at(V, [0, 3]), "{0}[[0, 3]] += {1}"),
        (at(V, [0, -1]), "np.add.at({0}, [0, -1], {1})"),
    ],
    ids=str,
)
def test_only_indices_that_may_repeat_need_add_at(case, code):
    eqn = next(e for e in adjoint(lower(case), (0,)).body if e.primitive.name == "index_add")
    assert text(eqn) == code


def test_contributions_gather_in_one_array():
    def program(f, x):
        return f.item(x, slice(1, None)), f.item(x, slice(None, -1)), f.item(x, 0)

    case = Case("three reads", program, (V,))
    body = adjoint(lower(case), (0,)).body
    assert sum(eqn.primitive.name == "zeros_like" for eqn in body) == 1
    check(case)


@pytest.mark.parametrize("bad", [1.5, True, "a", (0, 0), S(0.5, None), (..., ...)])
def test_what_is_no_index_is_refused(bad):
    with pytest.raises(UnsupportedError):
        read(bad)


def test_a_float_value_is_no_index():
    builder = Builder()
    x, y = (Value(builder, Var(n, Array(np.dtype(float), (N,)))) for n in "xy")
    with pytest.raises(UnsupportedError):
        getitem(builder, x, y)
    with pytest.raises(UnsupportedError):
        getitem(builder, x, slice(None, builder.value(2.0)))


def test_equal_masks_give_equal_lengths():
    builder = Builder()
    x, y = (Var(n, Array(np.dtype(float), (N,))) for n in "xy")
    mask = Value(builder, Var("m", Array(np.dtype(bool), (N,))))
    left, right = getitem(builder, Value(builder, x), mask), getitem(builder, Value(builder, y), mask)
    assert builder.dims.same(left.type.dims[0], right.type.dims[0])
    function = Function("f", (x, y, mask.atom), builder.finish(), (left.atom, right.atom))
    trace(verify.check(function), (V, V + 1, MASK))
