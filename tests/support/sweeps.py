"""Loops over elements, and what becomes of them in a reverse sweep."""

import numpy as np

from transform.emit import emit
from transform.passes.loops import loops

__all__ = ["reverse_sweep", "triangle"]


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
