"""What is refused, row by row: each function is a row of the README, see rows.py."""

import math
from bisect import bisect

import numpy as np

from tests.programs.check import program

COUNT = 0.0
VECTOR = np.array([0.3, -0.8, 1.2, 0.6])


@program(0.4)
def caught(x):
    """`try` around what carries a derivative"""
    try:
        y = 1 / math.sin(x)
    except ZeroDivisionError:
        y = 0.0
    return y


@program(0.4)
def sometimes(x):
    """a name that may be unbound where it is read"""
    if x > 0:
        y = x
    return y * x


@program(VECTOR, 0.4)
def one_of_two(A, x):
    """a write to one of two arrays, `B = A if x > 0 else C`: which one is not known"""
    C = np.zeros(4)
    B = A if x > 0 else C
    B[0] = x
    return np.sum(A * C)


@program(VECTOR, 0.4)
def growing(A, x):
    """what changes its shape or kind from step to step, `A = np.append(A, x)`"""
    for _ in range(len(A)):
        A = np.append(A, x)
    return np.sum(A)


@program(0.4)
def boxed(x):
    """arrays of objects"""
    return np.sum(np.array([x, 1.0], dtype=object))


@program(0.4)
def generated(x):
    """generators as results: `yield`"""
    for k in range(3):
        yield x**k


@program(0.4)
async def later(x):
    """`async`, `await`"""

    async def now():
        return x

    return await now()


@program(0.4)
def counting(x):
    """writing globals: `global COUNT`"""
    global COUNT
    COUNT = COUNT + x
    return COUNT


@program(0.4)
def hidden(x):
    """`exec` and `eval`"""
    scope = {"x": x}
    exec("y = x * x", scope)
    return eval("y", scope)


@program(0.4)
def compiled(x):
    """functions without source, such as `bisect`, unless they are given a rule"""
    return x * bisect([0.0, 1.0], x)


@program(VECTOR)
def without_rule(A):
    """NumPy functions without a rule, such as `np.fft.fft`, unless they are given one"""
    return np.sum(np.abs(np.fft.fft(A)))
