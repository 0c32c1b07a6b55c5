"""Products, norms, inverses, systems and determinants, at every rank and at special points."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from transform.errors import UnsupportedError
from transform.rules import FUNCTIONS, einsum, linalg, products

from ..support.rule_cases import (
    Case,
    check_derivatives,
    check_single,
    check_third,
    check_value,
    lower,
    primitives_in,
    primitives_of,
)

RNG = np.random.default_rng(1)


def real(*shape):
    return RNG.standard_normal(shape)[()]


def apart(*shape):
    """Numbers whose sizes are far from 0 and from each other: far from the kinks of abs and max."""
    n = int(np.prod(shape))
    return (RNG.permutation(n) * 0.4 + 0.6).reshape(shape) * RNG.choice([-1.0, 1.0], shape)


def compound(*shape):
    return real(*shape) + 1j * real(*shape)


def regular(*shape):
    """A well-conditioned matrix, or a batch."""
    return 0.5 * real(*shape) + 2 * np.eye(shape[-1])


MATMUL = [
    Case(np.matmul, (real(*a), real(*b)))
    for a, b in [
        ((3,), (3,)),
        ((1,), (1,)),
        ((2, 3), (3,)),
        ((1, 3), (3,)),
        ((2, 1), (1,)),
        ((3,), (3, 2)),
        ((2, 3), (3, 4)),
        ((2, 3), (3, 1)),
        ((1, 3), (3, 4)),
        ((5, 2, 3), (3,)),
        ((4, 5, 2, 3), (3,)),
        ((3,), (5, 3, 2)),
        ((3,), (4, 5, 3, 2)),
        ((5, 2, 3), (3, 4)),
        ((2, 3), (5, 3, 4)),
        ((5, 2, 3), (5, 3, 4)),
        ((1, 2, 3), (5, 3, 4)),
        ((5, 1, 2, 3), (4, 3, 2)),
        ((5, 4, 2, 3), (3, 2)),
        ((3, 2), (5, 4, 2, 3)),
    ]
]
DOT = [
    Case(call, (real(*a), real(*b)))
    for call in (np.dot, "dot")
    for a, b in [
        ((3,), (3,)),
        ((2, 3), (3,)),
        ((3,), (3, 2)),
        ((2, 3), (3, 4)),
        ((5, 2, 3), (3,)),
        ((5, 2, 3), (3, 4)),
        ((3,), (5, 3, 4)),
        ((2, 3), (5, 3, 4)),
        ((4, 2, 3), (5, 3, 4)),
    ]
]
PRODUCTS = [
    *MATMUL,
    *DOT,
    Case(np.dot, (1.5, real(3))),
    Case(np.dot, (real(2, 3), 1.5)),
    *[
        Case(np.inner, (real(*a), real(*b)))
        for a, b in [((3,), (3,)), ((2, 3), (3,)), ((3,), (2, 3)), ((4, 3), (2, 3)), ((5, 4, 3), (1, 2, 3))]
    ],
    Case(np.inner, (1.5, real(3))),
    *[Case(np.outer, (real(*a), real(*b))) for a, b in [((3,), (2,)), ((1,), (4,)), ((2, 3), (2, 2))]],
    Case(np.outer, (1.5, real(3))),
    Case(np.linalg.outer, (real(3), real(2))),
    Case(np.vdot, (real(3), real(3))),
    Case(np.vdot, (real(2, 3), real(2, 3))),
    Case(np.vdot, (compound(3), compound(3))),
    Case(np.vdot, (compound(3), real(3))),
    Case(np.vecdot, (real(2, 3), real(2, 3))),
    Case(np.vecdot, (compound(2, 3), compound(3))),
    Case(np.vecdot, (real(2, 3), real(2, 3)), {"axis": 0}),
    Case(np.matmul, (compound(2, 3), compound(3, 2))),
    Case(np.matmul, (compound(2, 3), real(3))),
    Case(np.tensordot, (real(2, 3, 4), real(3, 4, 5))),
    Case(np.tensordot, (real(2, 3), real(3)), {"axes": 1}),
    Case(np.tensordot, (real(2), real(3, 2)), {"axes": 0}),
    Case(np.tensordot, (real(2, 3), real(2, 3)), {"axes": 2}),
    Case(np.tensordot, (real(2, 3, 4, 5), real(5, 2, 6)), {"axes": ((0, -1), (1, 0))}),
    Case(np.tensordot, (real(2, 3, 4), real(4, 3)), {"axes": ((2, 1), (0, 1))}),
    Case(np.trace, (real(3, 3),)),
    Case(np.trace, (real(2, 4),)),
    Case(np.trace, (real(1, 1),)),
    Case("trace", (real(3, 4),), {"offset": 1}),
    Case(np.trace, (real(3, 4),), {"offset": -2}),
    Case(np.trace, (real(3, 4),), {"axis1": 1, "axis2": 0, "offset": 1}),
    Case(np.trace, (real(2, 3, 4),)),
    Case(np.trace, (real(2, 3, 4),), {"axis1": -1, "axis2": 0, "offset": 1}),
    Case(np.linalg.trace, (real(5, 3, 3),)),
    Case(np.trace, (compound(3, 3),)),
]
NORM_AXES = [
    (apart(4), {}),
    (apart(1), {}),
    (apart(3, 4), {"axis": 0}),
    (apart(3, 4), {"axis": -1, "keepdims": True}),
    (apart(2, 3, 4), {"axis": 1}),
]
NORMS = [
    *[Case(np.linalg.norm, (x,), p) for x, p in NORM_AXES],
    *[
        Case(np.linalg.norm, (x,), {**p, "ord": ord})
        for x, p in NORM_AXES
        for ord in (2, 1, np.inf, -np.inf, 3, 2.5, 0.5)
    ],
    Case(np.linalg.norm, (apart(3, 4),)),
    Case(np.linalg.norm, (apart(2, 3, 4),)),
    Case(np.linalg.norm, (apart(3, 4),), {"keepdims": True}),
    *[Case(np.linalg.norm, (apart(3, 4),), {"ord": ord}) for ord in ("fro", 1, -1, np.inf, -np.inf)],
    *[
        Case(np.linalg.norm, (apart(2, 3, 4),), {"ord": ord, "axis": axis, "keepdims": keep})
        for ord, axis, keep in [
            (None, (0, 2), False),
            ("fro", (2, 0), True),
            (1, (2, 0), False),
            (np.inf, (0, 1), True),
        ]
    ],
    Case(np.linalg.vector_norm, (apart(3, 4),), {"axis": 1}),
    Case(np.linalg.matrix_norm, (apart(2, 3, 4),)),
    Case(np.linalg.norm, (compound(4),)),
    Case(np.linalg.norm, (compound(4) + 3,), {"ord": 1}),
    Case(np.linalg.norm, (compound(3, 4),), {"axis": 0}),
]
SOLVERS = [
    *[Case(np.linalg.inv, (regular(*shape),)) for shape in [(3, 3), (1, 1), (2, 3, 3)]],
    *[
        Case(np.linalg.solve, (regular(*A), real(*b)))
        for A, b in [
            ((3, 3), (3,)),
            ((1, 1), (1,)),
            ((3, 3), (3, 2)),
            ((3, 3), (3, 1)),
            ((2, 3, 3), (3,)),
            ((2, 3, 3), (2, 3, 4)),
            ((2, 3, 3), (3, 4)),
            ((3, 3), (2, 3, 4)),
            ((1, 3, 3), (2, 3, 1)),
        ]
    ],
    *[Case(np.linalg.det, (regular(*shape),)) for shape in [(3, 3), (1, 1), (2, 2), (2, 3, 3)]],
    *[Case(np.linalg.slogdet, (regular(*shape),), result=1) for shape in [(3, 3), (2, 3, 3)]],
    Case(np.linalg.inv, (compound(3, 3) + 3 * np.eye(3),)),
    Case(np.linalg.solve, (compound(3, 3) + 3 * np.eye(3), real(3))),
    Case(np.linalg.det, (compound(3, 3),)),
]
SYMMETRIC = [0.2 * (x + np.swapaxes(x, -1, -2)) + 3 * np.eye(3) for x in (real(3, 3), real(2, 3, 3))]
SOLVERS += [Case(np.linalg.cholesky, (A,)) for A in (*SYMMETRIC, np.array([[2.0]]))]


def contraction(subscripts, *shapes, **params):
    """np.einsum with its subscripts fixed."""
    return Case(Einsum(subscripts), tuple(real(*shape) for shape in shapes), params)


@dataclass(frozen=True)
class Einsum:
    subscripts: str

    @property
    def __name__(self):
        return f"einsum-{self.subscripts}"

    def __call__(self, *arguments, **params):
        return np.einsum(self.subscripts, *arguments, **params)

    def adapter(self, builder, *values, **params):
        return FUNCTIONS[np.einsum](builder, self.subscripts, *values, **params)


CONTRACTIONS = [
    contraction("ij,jk->ik", (2, 3), (3, 4)),
    contraction("ij, jk", (2, 3), (3, 4)),
    contraction("i,i", (3,), (3,)),
    contraction("i,j->ij", (3,), (2,)),
    contraction("ij,k->k", (3, 2), (4,)),
    contraction("bij,bjk->bik", (5, 2, 3), (5, 3, 4)),
    contraction("ij,jk,kl->li", (2, 3), (3, 4), (4, 2), optimize=True),
    contraction("i,ij,j->", (2,), (2, 3), (3,)),
    contraction("ij->ji", (2, 3)),
    contraction("ij->j", (2, 3)),
    contraction("ij->", (2, 3)),
    contraction("kij->jk", (2, 3, 4)),
    contraction(",ij->ij", (), (2, 3)),
]
SINGULAR = [
    # Rank n - 1 and n - 2: there is a gradient, where det(A) * inv(A).T has none to offer.
    Case(np.linalg.det, (np.array([[1.0, 2.0], [2.0, 4.0]]),), second=False),
    Case(np.linalg.det, (np.outer([1.0, 2.0, -1.0], [3.0, 1.0, 1.0]),), second=False),
    Case(np.linalg.det, (np.outer([1.0, 2.0, -1.0], [3.0, 1.0, 1.0]) + np.diag([1.0, 0, 0]),), second=False),
    Case(np.linalg.det, (np.zeros((1, 1)),), second=False),
    Case(np.linalg.det, (np.zeros((2, 2, 2)),), second=False),
]
KINKS = [
    Case(np.linalg.norm, (np.zeros(3),), bars=(np.zeros(3),)),
    Case(np.linalg.norm, (np.zeros((2, 3)),), bars=(np.zeros((2, 3)),)),
    Case(np.linalg.norm, (np.array([[0.0, 0.0], [3.0, 4.0]]),), {"axis": 1}, bars=([[0, 0], [0.6, 0.8]],)),
    Case(np.linalg.norm, (np.zeros(3),), {"ord": 3}, bars=(np.zeros(3),)),
    Case(np.linalg.norm, (np.zeros(3),), {"ord": 1}, bars=(np.zeros(3),)),
    Case(np.linalg.norm, (np.array([2.0, 0.0, -1.0]),), {"ord": 1}, bars=([1, 0, -1],)),
    Case(np.linalg.norm, (np.array([2.0, 1.0, -2.0]),), {"ord": np.inf}, bars=([0.5, 0, -0.5],)),
    Case(np.linalg.norm, (np.array([2.0, 1.0, -2.0]),), {"ord": 0}, bars=([0, 0, 0],)),
    Case(np.linalg.norm, (np.array([3.0, 0.0, -4.0]),), bars=([0.6, 0, -0.8],)),
]
ACTIVE = PRODUCTS + NORMS + SOLVERS + CONTRACTIONS


@pytest.mark.parametrize("case", [*ACTIVE, *SINGULAR, *KINKS], ids=str)
def test_value(case):
    check_value(case)


@pytest.mark.parametrize("case", [*ACTIVE, *SINGULAR, *KINKS], ids=str)
def test_derivatives(case):
    check_derivatives(case)


@pytest.mark.parametrize("case", ACTIVE, ids=str)
def test_lengths_that_may_be_one(case):
    check_derivatives(replace(case, blind=True))


@pytest.mark.parametrize("case", ACTIVE, ids=str)
def test_single_precision(case):
    check_single(case)


@pytest.mark.parametrize("case", [case for case in ACTIVE if case.call is not np.dot][::5], ids=str)
def test_third_order(case):
    check_third(case)


def test_integers_multiply():
    a, b = np.arange(6).reshape(2, 3), np.arange(3)
    check_value(Case(np.matmul, (a, b)))
    check_value(Case(np.dot, (a, 2 * np.eye(3))))


def test_sign_of_a_determinant():
    check_value(Case(np.linalg.slogdet, (np.array([[0.0, 1.0], [1.0, 0.0]]),), result=0))


def test_every_primitive_has_a_case():
    covered = set().union(*(primitives_of(lower(case)) for case in [*ACTIVE, *KINKS]))
    # These only arise in derivatives: of the determinant and of the trace.
    covered |= {"cofactors", "on_diagonal", "det_sign"}
    assert primitives_in(products, linalg, einsum) <= covered


@pytest.mark.parametrize(
    ("call", "arguments", "params"),
    [
        (np.matmul, (2.0, real(3)), {}),
        (np.matmul, (np.ones((1, 2)), np.ones((1, 3))), {"out": np.ones(3)}),
        (np.linalg.norm, (real(3, 3),), {"ord": "nuc"}),
        (np.linalg.norm, (real(3, 3),), {"ord": 2}),
        (np.linalg.norm, (real(3),), {"ord": "fro"}),
        (np.linalg.inv, (real(3),), {}),
        (np.linalg.inv, (np.ones((1, 1, 1, 1))[0, 0, 0],), {}),
        (np.trace, (real(3),), {}),
        (np.linalg.slogdet, (compound(3, 3),), {}),
        (np.linalg.norm, (compound(3),), {"ord": 3}),
        (np.linalg.cholesky, (compound(3, 3),), {}),
        (np.linalg.cholesky, (real(3, 3),), {"upper": True}),
        (Einsum("ii->i"), (real(3, 3),), {}),
        (Einsum("...i->i"), (real(3, 3),), {}),
        (Einsum("ij,ij->ij"), (real(1, 3), real(2, 3)), {}),
    ],
)
def test_what_is_refused(call, arguments, params):
    with pytest.raises(UnsupportedError):
        lower(Case(call, arguments, params))
