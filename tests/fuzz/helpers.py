"""Functions and classes that random programs call: recursion, in-place kernels, closures, objects."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Helper:
    """The text of a definition, and how it is called: pairs of what a call gives, and a phrase.

    What a call gives is "number", "array" (of the shape that is wanted) or "statement".
    """

    text: str
    calls: tuple[tuple[str, str], ...]


HELPERS: list[Helper] = []


def helper(*others: Callable[..., Any], **calls: list[str]) -> Callable[[Any], Any]:
    """Make what is decorated a helper, together with others that it needs."""

    def noted(defined: Any) -> Any:
        texts = [inspect.getsource(each) for each in (*others, defined)]
        text = "\n\n".join(
            text[text.index("@dataclass") if "@dataclass" in text else _start(text) :] for text in texts
        )
        pairs = [(gives.rstrip("s"), phrase) for gives, phrases in calls.items() for phrase in phrases]
        HELPERS.append(Helper(text.rstrip(), tuple(pairs)))
        return defined

    return noted


def _start(text: str) -> int:
    """Where a definition begins, after what decorates it."""
    return min(k for word in ("\ndef ", "\nclass ") if (k := f"\n{text}".find(word)) >= 0)


@helper(numbers=["sigmoid({e})"], arrays=["sigmoid({a})"])
def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


@helper(numbers=["power({e}, 3)", "power({e}, {i})"])
def power(x, n):
    if n == 0:
        return 1.0
    return x * power(x, n - 1)


@helper(numbers=["fast_power({e}, 5)", "fast_power({e}, {i})"])
def fast_power(x, n):
    if n == 0:
        return 1.0
    half = fast_power(x, n // 2)
    return half * half * x if n % 2 else half * half


def even(x, n):
    return x if n == 0 else odd(0.5 * x, n - 1)


@helper(even, numbers=["even({e}, 3)", "odd({e}, {i})"])
def odd(x, n):
    return math.sin(x) if n == 0 else even(x + 0.1, n - 1)


@helper(numbers=["horner({v}, 0.5 * {e})", "horner([{e}, 0.3, {e}], {e})", "horner({l}, 0.3)"])
def horner(coefficients, x):
    total = 0.0
    for c in coefficients:
        total = total * x + c
    return total


@helper(statements=["smooth({V})", "smooth({M}[{i}])", "smooth({M}[:, 0])"])
def smooth(u):
    for i in range(1, len(u) - 1):
        u[i] = 0.5 * u[i] + 0.25 * (u[i - 1] + u[i + 1])


@helper(
    statements=["{N} = relax({V})", "{N} = relax({V}, k={e})", "{V} = relax({V}, 0.1)"],
    arrays=["relax({a}.copy(), 0.2)"],
)
def relax(u, k=0.5):
    u[1:-1] += k * (u[2:] - 2 * u[1:-1] + u[:-2])
    return u


@helper(numbers=["scaled_rows({m}.copy(), {v})", "scaled_rows({M}, {v})"])
def scaled_rows(A, v):
    for i in range(A.shape[0]):
        A[i] *= v[i]
    return A.sum()


@helper(
    statements=[
        "axpy({e}, {v}, {V})",
        "axpy({e}, {m}, {M})",
        "axpy(0.5, {v}, {M}[0])",
        "axpy({e}, {V}, {V})",
    ]
)
def axpy(a, x, y):
    y += a * x


@helper(numbers=["first_above({v}, {k})", "first_above({l}, {e})"])
def first_above(values, limit):
    for u in values:
        if u > limit:
            return u
    return 0.0


@helper(numbers=["clipped({e})", "clipped({e}, high={k})"])
def clipped(x, low=-0.5, high=0.8):
    if x < low:
        return low + 0.1 * (x - low)
    elif x > high:  # noqa: RET505
        return high
    return x


@helper(numbers=["newton(lambda u: u * u - {e}, {e})", "newton(math.sin, {e}, {i})"])
def newton(f, x, steps=3):
    for _ in range(steps):
        x = x - 0.3 * f(x)
    return x


@helper(arrays=["prefix({v})"])
def prefix(v):
    out = np.empty_like(v)
    total = 0.0
    for i in range(len(v)):
        total += v[i]
        out[i] = 0.4 * total
    return out


@helper(statements=["{N}, {O} = split({v})"], numbers=["split({v}, 0.2)[1]"])
def split(v, limit=0.0):
    low, high = [], []
    for u in v:
        (high if u > limit else low).append(u)
    return sum(low, 0.0), sum(high, 0.0)


@helper(numbers=["collect({e}, 3).sum()", "collect({e}, {i})[-1]"], arrays=["collect({e}, 2)"])
def collect(x, n):
    history = [x]
    for k in range(n):
        history.append(0.5 * math.sin(history[-1]) + 0.1 * k)
    return np.array(history)


@helper(numbers=["accumulate({v})", "accumulate([{e}, {e}])"])
def accumulate(v):
    total = 0.0

    def add(u):
        nonlocal total
        total += u * u

    for u in v:
        add(u)
    return total


@helper(numbers=["blend({e}, {e})"], arrays=["blend({a}, {a}, mode='product')", "blend({a}, {e}, 'mean')"])
def blend(u, v, mode="mean"):
    if mode == "mean":
        return 0.5 * (u + v)
    if mode == "product":
        return u * v
    raise ValueError(mode)


@helper(
    numbers=["euler(lambda t, y: {e} - y, {e}, 3)"],
    arrays=["euler(lambda t, y: -t * y, {a}, {i})"],
)
def euler(rate, y, n, h=0.1):
    for k in range(n):
        y = y + h * rate(k * h, y)
    return y


@helper(arrays=["lower_solve({q}, {v})"])
def lower_solve(L, b):
    x = np.zeros(len(b))
    for i in range(len(b)):
        x[i] = b[i]
        for j in range(i):
            x[i] -= 0.3 * L[i, j] * x[j]
    return x


@helper(arrays=["orthogonal({a}.copy())"], statements=["orthogonal({M})"])
def orthogonal(A):
    for j in range(A.shape[1]):
        for i in range(j):
            A[:, j] -= 0.2 * (A[:, i] @ A[:, j]) * A[:, i]
        A[:, j] /= np.sqrt(1.0 + A[:, j] @ A[:, j])
    return A


@helper(arrays=["heat({a}, 3)", "heat({a}.copy(), {i})"])
def heat(u, n):
    new = np.empty_like(u)
    for _ in range(n):
        new[0], new[-1] = u[0], u[-1]
        new[1:-1] = u[1:-1] + 0.2 * (u[2:] - 2 * u[1:-1] + u[:-2])
        u, new = new, u
    return u


@helper(
    numbers=["count_down({e})[0]", "sum(count_down({e}))"],
    statements=["{N}, _ = count_down({e})"],
)
def count_down(x):
    steps = 0
    while x > 0.3:
        x = 0.7 * x - 0.05
        steps += 1
    return x, steps


@helper(numbers=["pairs({v})"])
def pairs(v):
    total = 0.0
    for i in range(len(v)):
        for j in range(i + 1, len(v)):
            r = v[i] - v[j]
            if abs(r) > 1.5:
                continue
            total += 0.2 * r * r
    return total


@helper(numbers=["tree_sum(({e}, [{e}, ({e},)]))", "tree_sum([{e}, {e}])"])
def tree_sum(tree):
    if isinstance(tree, (tuple, list)):
        return sum(tree_sum(child) for child in tree)
    return tree * 0.5


@helper(numbers=["make_adder({e})({e})"], arrays=["make_adder({e})({a})"])
def make_adder(k):
    def add(x):
        return x + k

    return add


@helper(numbers=["apply('sin', {e})", "apply('square', {e})", "apply('half', {e})"])
def apply(name, x):
    operations = {"sin": math.sin, "half": lambda x: 0.5 * x, "square": lambda x: x * x}
    return operations[name](x)


@helper(
    statements=[
        "{B} = Body({e}, {e})",
        "{B} = Body({e}, {e})",
        "{b}.step()",
        "{b}.step({e})",
        "{b}.x = {e}",
        "{b}.v *= 0.5",
        "{b}.x += {e}",
        "{b} = {b}.moved({e})",
        "setattr({b}, 'v', {e})",
    ],
    numbers=["{b}.energy", "Body({e}, 0.5).energy", "{b}.x * {b}.v"],
)
class Body:
    def __init__(self, x, v):
        self.x, self.v = x, v

    def step(self, h=0.1):
        self.v -= h * self.x
        self.x += h * self.v

    @property
    def energy(self):
        return 0.5 * (self.x * self.x + self.v * self.v)

    def moved(self, by):
        return Body(self.x + by, self.v)


@helper(
    statements=[
        "{B} = State({v}.copy())",
        "{B} = State({v}, {e})",
        "{g}.advance(0.1)",
        "{g}.advance({e})",
        "{g}.u[{j}] = {e}",
        "{g}.u = 0.5 * {g}.u",
        "{g}.u *= {e}",
        "{g}.u[1:] += {g}.time",
    ],
    numbers=["{g}.u.sum()", "{g}.time"],
)
@dataclass
class State:
    u: np.ndarray
    time: float = 0.0

    def advance(self, h):
        self.u[1:] -= h * (self.u[1:] - self.u[:-1])
        self.time += h
        return self
