"""Array equations as loops: the same numbers, run as Python, and no more loops and arrays than needed."""

import copy
import inspect

import numpy as np
import pytest

from tests.programs import check, test_arrays, test_kernels, test_statistics, test_stores, test_views
from tests.support.sweeps import looped
from transform import adjoint, grad, tangent

MODULES = (test_arrays, test_kernels, test_statistics, test_stores, test_views)


def _is_plain(parameter):
    return parameter.kind is parameter.POSITIONAL_OR_KEYWORD and parameter.default is parameter.empty


PROGRAMS = [
    (thing, arguments)
    for module in MODULES
    for thing in vars(module).values()
    for arguments, _ in getattr(thing, "cases", ())[:1]
    if all(_is_plain(each) for each in inspect.signature(thing).parameters.values())
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("make", [tangent, adjoint])
@pytest.mark.parametrize("program, arguments", PROGRAMS, ids=[f.__name__ for f, _ in PROGRAMS])
def test_loops_compute_the_same(program, arguments, make):
    wrt = tuple(k for k, argument in enumerate(arguments) if check.leaves(argument))
    rng = np.random.default_rng(0)
    of = [arguments[k] for k in wrt]
    if make is adjoint:
        of = check.leaves(check.returning(program, arguments, None)(*copy.deepcopy(arguments)))
    seeds = [check.mapped(lambda x: x * 0 + rng.uniform(0.3, 1, np.shape(x)), each) for each in of]
    derivative = make(program, wrt)
    want = derivative(*copy.deepcopy(arguments), *seeds)
    got = looped(derivative, *arguments)[0](*copy.deepcopy(arguments), *seeds)
    for a, b in zip(check.leaves(got), check.leaves(want), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)


V = np.linspace(0.1, 1.0, 6)
M = np.outer(V, V + 0.3)


def product(x, y):
    t = x * y
    return np.sum((t + 1) * t)


def squares(X, w, y):
    return np.mean((X @ w - y) ** 2)


def diffused(u, n):
    for _ in range(n):
        u[1:-1] = u[1:-1] + 0.1 * (u[2:] - 2 * u[1:-1] + u[:-2])
    return np.sum(u)


def swirled(u, n):
    for _ in range(n):
        east, north = u[1:-1, 2:] - u[1:-1, :-2], u[2:, 1:-1] - u[:-2, 1:-1]
        u[1:-1, 1:-1] -= u[1:-1, 1:-1] * (east + north)
    return np.sum(u)


def rosenbrock(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def softmax(z):
    e = np.exp(z - np.max(z, axis=1, keepdims=True))
    return np.sum((e / np.sum(e, axis=1, keepdims=True)) ** 2)


@pytest.mark.parametrize(
    ("function", "arguments", "most_loops", "most_arrays"),
    [
        (product, (V, V), 1, 1),
        (squares, (M, V, V), 3, 2),
        (diffused, (V, 3), 4, 2),
        (swirled, (M, 3), 15, 5),
        (rosenbrock, (V,), 2, 3),
        (softmax, (M,), 9, 7),
    ],
)
def test_loops_and_arrays_are_few(function, arguments, most_loops, most_arrays):
    text = looped(grad(function), *arguments)[1]
    assert text.count("for ") - text.count("# for ") <= most_loops, text
    assert text.count("np.empty") + text.count("np.zeros") <= most_arrays, text


def test_what_is_read_once_has_no_name_and_no_array():
    assert "        x_bar[i] = L_bar * (t + 1 + t) * e" in looped(grad(product), V, V)[1]


def powers_of_stacks(T, A):
    return np.sum((T @ T) ** 2) + np.sum(np.matmul(T, A) ** 2)


def named_axes(A):
    pairs = np.einsum("ij,kj->ik", A, A) ** 2
    return np.sum(pairs) + np.einsum("ij,ij->", A, A) + np.sum(np.einsum("i,j->ij", A[0], A[1]))


def axes_by_number(A):
    return np.sum(np.tensordot(A, A, axes=([0], [1])) ** 2) + np.tensordot(A, A, axes=2)


def scans(x):
    return np.sum(np.cumsum(x) ** 2) + np.prod(x) + np.sum(np.cumprod(x[1:]) * x[1:])


def spread(A):
    return np.std(A) + np.var(A, axis=0).sum() + np.max(A, axis=1).sum() + np.trace(A @ A.T)


def masked(A, c):
    B = A.copy()
    B[A > 0.5] = c
    B[:, 1] *= 2
    return np.sum(B**2) + np.sum(A[A > 0.4])


def broadcast(x):
    return np.sum(np.broadcast_to(x, (3, 2)) ** 2)


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (powers_of_stacks, (np.stack([M[:3, :3], M[3:, 3:]]), M[:3, :2])),
        (named_axes, (M,)),
        (axes_by_number, (M,)),
        (scans, (V,)),
        (spread, (M,)),
        (masked, (M, 0.3)),
        (broadcast, (V[:2],)),
        (broadcast, (0.7,)),
    ],
)
def test_what_is_taken_apart_is_the_same(function, arguments):
    derivative = grad(function, 0)
    run, _ = looped(derivative, *arguments)
    np.testing.assert_allclose(run(*copy.deepcopy(arguments)), derivative(*arguments), rtol=1e-12)


def replaced_within(a, b, n):
    s, others = 0.0, [b, b * 2]
    for t in range(n):
        x = a * (t + 1.0)
        for k in range(2):
            s = s + np.sum(x * x * others[k])
            x = others[k]
        s = s + np.sum(x * a)
    return s


def kept_within(a, b, n):
    s, held = 0.0, []
    for t in range(n):
        x = a * (t + 1.0)
        for _ in range(2):
            held.append(x)  # noqa: PERF401
    for k in range(2 * n):
        s = s + np.sum(held[k] * b) * k
    return s


@pytest.mark.parametrize("function", [replaced_within, kept_within])
def test_what_an_inner_loop_replaces_or_keeps_is_no_buffer(function):
    arguments, dot = (V, V**2, 3), 1 - V
    run, _ = looped(tangent(function, (0,)), *arguments)
    h = 1e-6
    ends = [function(V + sign * h * dot, *arguments[1:]) for sign in (1, -1)]
    np.testing.assert_allclose(run(*arguments, dot)[1], (ends[0] - ends[1]) / (2 * h), rtol=1e-7)
    np.testing.assert_allclose(
        looped(grad(function), *arguments)[0](*arguments) @ dot, run(*arguments, dot)[1]
    )
