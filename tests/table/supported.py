"""What is supported, row by row: each function is a row of the README, see rows.py."""

import logging
import math
from dataclasses import dataclass
from functools import partial

import numpy as np

from tests.programs.check import program

log = logging.getLogger("table")
VECTOR = np.array([0.3, -0.8, 1.2, 0.6])
MATRIX = np.array([[0.5, -0.2, 0.7], [0.1, 0.9, -0.4], [0.8, 0.3, 0.6]])


@program(0.7, VECTOR)
def branches(x, A, kind="cubic"):
    """Branches: `if`, `elif`, `else`, `x if x > 0 else -x`, `match` on constants, early `return`"""
    if x > 1:
        y = x**2
    elif x > 0.5:
        y = math.sin(x)
    else:
        y = 1.0
    match kind:
        case "linear":
            return y
        case "cubic":
            y = y**3
    if A[1] < 0:
        return y * (x if x > 0 else -x) * A[0]
    return y


@program(0.7)
def ranges(x, n=5):
    """Counted loops: `for i in range(n)`, `range(i)`, `range(n, 0, -2)`; `break`, `continue`, `else`"""
    total = 0.0
    for i in range(n):
        for j in range(i):
            if j == 2:
                continue
            x = math.sin(x + j)
        total += x * i
    for i in range(n, 0, -2):
        if x > 3:
            break
        x = x * 1.1 + i / 10
    else:
        total *= x
    return total + i * x


@program(2.6)
def until(a):
    """Loops until: `while abs(x * x - a) > 1e-12`, `while True` with `break`: as often as the data want"""
    x = a
    while abs(x * x - a) > 1e-12:
        x = 0.5 * (x + a / x)
    while True:
        x = x * 0.9
        if x < 1:
            break
    return x


@program(VECTOR, MATRIX)
def over_things(v, A):
    """Loops over things: `for row in A`, `enumerate(v)`, `zip`, `reversed(v)`, `weights.items()`"""
    total = 0.0
    weights = {"first": v[0], "last": v[-1]}
    for row in A:
        total += np.prod(row)
    for i, x in enumerate(v):
        total += i * x**2
    for row, x in zip(A, v, strict=False):
        total += np.sum(np.sin(row * x))
    for x in reversed(v):
        total = total * x + 1
    for name, weight in weights.items():
        total += len(name) * weight**2
    return total


@program(VECTOR, 0.4)
def stores(A, v):
    """Stores: `A[i] = v * A[i - 1]`, `A[1:-1] += v`, `A[::-2] *= v`, `A[A > 1] = v`, `A[[0, 0, 2]] += v`"""
    for i in range(1, len(A)):
        A[i] = v * A[i - 1] + A[i] ** 2
    A[1:-1] += v
    A[::-2] *= v
    A[[0, 0, 2]] += v
    A[A > 1] = v
    return np.sum(A**3)


@program(VECTOR, 0.4)
def in_place(A, v):
    """In place: `np.multiply(A, v, out=B)`, `np.add.at(A, [0, 0], v)`, `B.fill(v)`, `A.sort()`, `A *= v`"""
    B = np.empty_like(A)
    np.multiply(A, v, out=B)
    np.add.at(A, [0, 0], v)
    A.sort()
    A *= v
    total = np.sum(A * B)
    B.fill(v)
    return total + np.prod(A + B)


@program(MATRIX, 0.4)
def views(A, v):
    """Views and second names: after `row = A[1]`, `B = A.T`, a write to one, `row[:2] = v`, is seen by all"""
    row = A[1]
    B = A.T
    row[:2] = v
    B[0] *= row
    A[2] = np.sin(A[2] * v)
    return np.sum(B * B * row)


@program(VECTOR, 0.4)
def lists(v, x):
    """Growing lists: `xs.append(x)`, `xs += [x]`, `xs.pop()`, `xs[i] *= x`, `np.array(xs)`, `sum(xs)`"""
    xs = [x]
    for y in v:
        if y > 0:
            xs.append(x)
            xs += [x]
        xs.append(y * xs[-1])
    for i in range(len(xs)):
        xs[i] *= x
    last = xs.pop()
    return np.prod(np.array(xs)) + sum(xs) * last


@program(VECTOR)
def comprehensions(v):
    """Comprehensions: `[x**2 for x in v if x > 0]`, `sum(math.exp(x) for x in v)`,
    `{k: v[k] for k in (0, 1)}`"""
    chosen = {k: v[k] for k in (0, 1)}
    return sum([x**2 for x in v if x > 0]) * sum(math.exp(x) for x in v) + chosen[0] * chosen[1]


@dataclass
class Neuron:
    v: float
    rate: float = 0.5

    def step(self, x):
        self.v = self.v + self.rate * (x - self.v**3)


@program(0.4, 0.9)
def containers(x, y):
    """Objects: tuples, dicts, dataclasses, instances; `d["x"] += y`, `cell.v *= y`, `cell.step(x)`,
    `a, b = b, a`"""
    d = {"x": x}
    d["x"] += y
    cell = Neuron(v=x)
    for _ in range(3):
        cell.step(x)
        cell.v *= y
    a, b = d["x"], cell.v
    a, b = b, a
    return a * b**2


def power(x, n):
    return 1.0 if n == 0 else x * power(x, n - 1)


@program(0.4, 0.9)
def calls(x, y):
    """Calls: your own functions and those of libraries, methods, recursion, closures, `lambda`, `nonlocal`,
    `partial(power, n=3)`"""
    cube = partial(power, n=3)
    total = 0.0

    def add(z):
        nonlocal total
        total += z * y

    for f in (cube, lambda z: z * y, math.sin):
        add(f(x))
    return total


@program(0.4)
def bystanders(x, scale="2"):
    """What has no derivative: `isinstance`, `try`, `float(scale)`, `with np.errstate(all="ignore")`, `raise`,
    `assert`; `print` and `log.debug` happen once"""
    if not isinstance(x, float):
        raise TypeError(x)
    try:
        scale = float(scale)
    except ValueError:
        scale = 1.0
    with np.errstate(all="ignore"):
        y = np.exp(x * scale)
    print("y is there", end="\r")
    log.debug("y is %s", "there")
    assert y > 0
    return y


@program(VECTOR, MATRIX)
def numpy(v, A):
    """NumPy and `math`: what broadcasts, indices of every kind, `@`, sums, norms, `np.where`,
    `np.linalg.solve`"""
    w = np.linalg.solve(A, v[:3]) @ A * v[None, 1:]
    return np.linalg.norm(np.where(w > 0, w, w**2)) + math.hypot(v[0], v[1])


@program(VECTOR, MATRIX)
def results_in_place(v, A):
    """Results in arguments: a function that returns nothing and fills its arrays, `A[i] *= v[i]`, has them as
    results"""
    for i in range(len(A)):
        A[i] *= v[i]
