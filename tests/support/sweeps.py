"""Loops over elements, and what becomes of them in a reverse sweep."""

import numpy as np

from tests.programs import check
from transform import tangent, verify
from transform.emit import emit
from transform.passes.loops import loops

from .flavours import moving

__all__ = ["assert_loops_agree", "eliminated", "looped", "reverse_sweep", "triangle"]


def looped(derivative, *arguments):
    """The derivative for such arguments with its array equations as loops, and its text."""
    function = loops(derivative.specialize(*arguments).function)
    verify.check(function)
    emitted = emit(function)
    scope = dict(emitted.namespace)
    exec(emitted.definition, scope)
    return scope[emitted.name], emitted.definition


def assert_loops_agree(make, program, arguments):
    """Check that a tangent or an adjoint as loops gives what it gives as it is."""
    wrt = moving(arguments)
    seeds = [np.cos(arguments[k] + 1.0) for k in wrt] if make is tangent else [1.0]
    derivative = make(program, wrt)
    function, _ = looped(derivative, *arguments)
    want, got = derivative(*arguments, *seeds), function(*arguments, *seeds)
    for a, b in zip(check.leaves(got), check.leaves(want), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)


def reverse_sweep(derivative, *arguments):
    """The lines of the reverse sweep that loops make, without comments."""
    text = emit(loops(derivative.specialize(*arguments).function)).definition
    return [line.partition("#")[0].strip() for line in text.partition("# reverse sweep")[2].splitlines()]


def triangle(L, x):
    n = len(x)
    for i in range(n):
        s = x[i]
        for j in range(i):
            s -= L[i, j] * x[j]
        x[i] = s / L[i, i]
    return np.sum(x)


def eliminated(A):
    n = len(A)
    for k in range(n):
        for i in range(k + 1, n):
            A[i, k] /= A[k, k]
            for j in range(k + 1, n):
                A[i, j] -= A[i, k] * A[k, j]
    return A
