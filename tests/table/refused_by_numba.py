"""What only the Numba flavour refuses, row by row: each function is a row of the README, see rows.py."""

import time

import numpy as np

from tests.programs.check import program

VECTOR = np.array([0.3, -0.8, 1.2, 0.6])
MATRIX = np.outer(VECTOR, VECTOR) + np.eye(4)


@program(0.4)
def printed(x):
    """numbers as text at run time, `print(f"{x:.3f}")`"""
    print(f"{x:.3f}")
    return x * x


@program(0.4, 45)
def of_many_digits(x, n):
    """ints beyond 64 bits, `n**40`"""
    return x * x * (n**40 % 7)


@program(0.4)
def timed(x):
    """clocks, `time.time()`"""
    start = time.time()
    return x * x + 0.0 * start


@program(VECTOR)
def arrays_in_a_list(v):
    """lists of arrays that grow, `rows.append(u * v)`"""
    rows = []
    for u in v:
        rows.append(u * v)  # noqa: PERF401
    return np.sum(np.stack(rows))


@program(VECTOR)
def tiled(v):
    """`np.tile`, `np.pad`, `np.unique` and others that are neither loops here nor known to Numba"""
    return np.sum(np.tile(v, 2) ** 2) + np.sum(np.pad(v, 1) * 2) + np.sum(np.unique(v) ** 2)
