"""Expressions, subscripts, attributes, methods, comprehensions and builtin functions."""

import functools
import itertools
import math
import operator

import numpy as np
import pytest

from .lowering import assert_lowers, lowered

V = np.array([0.3, -1.2, 2.0])
M = np.arange(1.0, 7.0).reshape(2, 3)
IDX = np.array([0, 2, 2, 1])

ON_NUMBERS = {
    "operators": lambda x: -x + +x * 3 - x / 2 + x**2 + x // 0.7 + x % 0.7,
    "reversed operators": lambda x: 1 + (2 - (3 * (4 / (1 + 2 ** (5 % (x * x + 1)))))) // 0.3,
    "comparisons": lambda x: [x < 1, x <= 1, x > 1, x >= 1, x == 1, x != 1, not x > 1],
    "static arithmetic": lambda x: x * (7 // 2) + 2**3 - (5 & 3 | 8) + (1 << 3) + ~4,
    "list arithmetic": lambda x: sum([x, 2] * 2 + [x]) + len((x,) + (1, 2)),
    "complex": lambda x: (x * (1 + 2j)).real + abs(x * 1j),
    "list": lambda x: [x, 2 * x, [x]],
    "dict": lambda x: {"a": x, "b": 2 * x, "c": {"d": x}},
    "tuple": lambda x: (x, None, "s", True, 2 * x),
    "set": lambda x: x * len({1, 2}) * (1 if 2 in {1, 2} else 0),
    "comprehension": lambda x: [k * x for k in range(4) if k % 2 == 0],
    "nested comprehension": lambda x: [[i * x + j for j in range(i)] for i in range(4)],
    "double comprehension": lambda x: [i * j * x for i in range(3) for j in (1, 2) if i != j],
    "dict comprehension": lambda x: {str(k): x**k for k in range(3)},
    "set comprehension": lambda x: x * max({k * k for k in (-2, 1, 2)}),
    "generator": lambda x: sum(x * k for k in range(1, 4)),
    "generator in tuple": lambda x: tuple(x + k for k in (1, 2)),
    "unpacked display": lambda x: [*(x, 2 * x), *[3 * x], *range(2)],
    "zip": lambda x: [a * b for a, b in zip([x, 2 * x], (3, x), strict=True)],
    "enumerate": lambda x: sum(k * y for k, y in enumerate([x, x * x], start=1)),
    "map": lambda x: list(map(math.sin, [x, 2 * x])) + list(map(lambda a, b: a * b, [x], [3])),
    "filter": lambda x: list(filter(lambda p: p[0] > 1, [(1, x), (2, x * x)])),
    "reversed": lambda x: list(reversed([x, 2 * x, 3])),
    "sorted": lambda x: [v for _, v in sorted([(2, x), (1, x * x)], key=lambda p: p[0])],
    "sum start": lambda x: sum([x, x], 10) + sum([]) + sum([1, x > 0]),
    "min max": lambda x: max(x, 1.0, 2 * x) - min([x, 0.5]) + max(1, 2) + max([], default=3),
    "any all": lambda x: x * (2 if any([False, x is None, 3]) else 1) * (3 if all([]) else 1),
    "run-time any": lambda x: x if any(y > 1 for y in (x, 2 * x)) else -x,
    "run-time all": lambda x: x if all([x > -1, x < 1]) else -x,
    "abs round": lambda x: abs(x) + round(2.567, 1) + pow(x, 2) + pow(2, 3, 5) + sum(divmod(7, 2)),
    "casts": lambda x: float(x) + int(3.7) + float("2.5") + bool(x is not None) + float(7),
    "run-time casts": lambda x: x * int(x) + round(x),
    "math": lambda x: math.exp(x) + math.sqrt(2) + math.pi + math.hypot(3, 4) * x + math.floor(2.5),
    "math.prod": lambda x: math.prod([x, 2, x]) + math.prod(range(1, 4)) + math.fsum([x, 1.0]),
    "reduce": lambda x: (
        functools.reduce(lambda a, b: a * b, [x, 2, x], 3) + functools.reduce(operator.add, [x, x])
    ),
    "partial": lambda x: functools.partial(pow, x)(2) + functools.partial(math.pow, exp=2)(x) if False else x,
    "operator module": lambda x: (
        operator.mul(x, 2) + operator.sub(7, 2) + operator.neg(x) + operator.truediv(x, 3)
    ),
    "itemgetter": lambda x: operator.itemgetter(1)([0, x]) + operator.attrgetter("real")(x),
    "itertools": lambda x: sum(a * b for a, b in itertools.product([x, 2], repeat=2)),
    "chain": lambda x: list(itertools.chain([x], (1, 2 * x))) + list(itertools.accumulate([x, x, 1])),
    "count": lambda x: [k * x for k, _ in zip(itertools.count(), [1, 2])],
    "next": lambda x: next(iter([x, 2])) + next(iter([]), 5),
    "identity": lambda x: x if x is not None and x is not None else 0.0,
    "isinstance": lambda x: x if isinstance(x, float) and not isinstance(x, (np.ndarray, int)) else -x,
    "type": lambda x: x if type(x) is float and type(x).__name__ == "float" else -x,
    "callable": lambda x: x if callable(math.sin) and not callable(x) else -x,
    "hasattr": lambda x: x if not hasattr(x, "shape") and hasattr(x, "real") else -x,
    "getattr": lambda x: getattr(math, "sin")(x) + getattr(x, "ndim", 3) + getattr(x, "real"),
    "isscalar": lambda x: x if np.isscalar(x) and np.ndim(x) == 0 else -x,
    "strings": lambda x: x * len("a,b".split(",")) * (2 if "AB".lower().startswith("a") else 1),
    "format": lambda x: x * len("{:>5}".format("a")) * len("%d" % 12) + (0 if f"{x:.3f}" else 1),
    "string join": lambda x: x * len("-".join(str(k) for k in range(3))),
    "string key": lambda x: {"a": x}["a"] + {"b": 2}.get("b") + {"b": 2}.get("c", x),
    "dict methods": lambda x: sum({"a": x, "b": 1}.values()) + len({"a": x}.keys()),
    "slices of lists": lambda x: [x, 2, 3 * x][::-1] + [x, 1][1:] + list((x, 2)[:1]),
    "negative index": lambda x: [x, 2 * x][-1] + (x, 3)[-2],
    "in": lambda x: x * (2 if "a" in "abc" and 3 not in [1, 2] and "k" in {"k": x} else 1),
    "run-time in": lambda x: x if x in (1.7, 2.0) else -x,
    "lambda": lambda x: (lambda y, /, z=2, *args, k=3, **rest: y * z * k + sum(args) + rest["w"])(
        x, 4, 5, 6, w=x
    ),
    "ellipsis": lambda x: x if ... is Ellipsis and NotImplemented is not None else -x,
    "ternary": lambda x: x if len("ab") == 2 else x + "c",
    "np of numbers": lambda x: np.sin(x) + np.exp(2.0) + np.sqrt(4) * np.float64(x),
    "np.float64": lambda x: np.float64(x) * 2 + np.float64(3),
    "constants": lambda x: x * np.pi + math.e * 2 + 1e-3 + 0x10 + 1_000 + np.finfo(float).eps,
    "dtype questions": lambda x: x if np.issubdtype(np.dtype(float), np.floating) else -x,
}


@pytest.mark.parametrize("name", ON_NUMBERS)
@pytest.mark.parametrize("x", [1.7, -0.4])
def test_numbers(name, x):
    assert_lowers(ON_NUMBERS[name], x)


ON_ARRAYS = {
    "attributes": lambda v, m: m.T.sum() * m.ndim + m.size + v.shape[0] + m.dtype.itemsize,
    "unpacked shape": lambda v, m: [n * v + d for n, d in [m.shape]],
    "methods": lambda v, m: m.sum(axis=0).mean() + m.dot(v).max() + m.reshape(3, 2).copy().sum(),
    "astype": lambda v, m: m.astype(np.float32).astype(float) + v.astype("float64"),
    "method as value": lambda v, m: [f() for f in (v.sum, m.mean)],
    "index": lambda v, m: v[0] + m[1, 2] + m[-1][0] + m[0, -1],
    "slice": lambda v, m: v[1:] * v[:-1] + m[0, ::2].sum() + m[:, 1][::-1].sum() + v[:][0],
    "newaxis": lambda v, m: v[:, None] * v[None, :] + m[..., 0].sum() + v[np.newaxis].sum(),
    "fancy": lambda v, m: v[[0, 2, 2]] * v[np.array([1, 1, 0])] + m[:, [0, 1, 1]].sum(),
    "mask": lambda v, m: v[v > 0].sum() + m[m > 2].sum() + v[[True, False, True]].sum(),
    "run-time index": lambda v, m: v[len(v) - 1] + m[m.shape[0] - 1, 0],
    "negative step": lambda v, m: v[::-1] + m[::-1, ::-2].sum(),
    "comparison": lambda v, m: np.where(v > 0, v, -v) + np.where(m[0] == 1, 2.0, v),
    "logic": lambda v, m: np.where((v > 0) & ~(v > 1) | (v < -1), v, 0.0),
    "matmul": lambda v, m: m @ v + v @ m.T,
    "lists become arrays": lambda v, m: v * [1, 2, 3] + np.array([v[0], v[1], 3.0]) + (1, 2, 3) * v,
    "stack": lambda v, m: np.stack([v, m[0]]) + np.concatenate([m[:1], [v]]) + np.array([[1, 2, 3], v]),
    "np functions": lambda v, m: np.sum(m, axis=1, keepdims=True) + np.dot(m, v)[:, None] + np.mean(a=v),
    "isinstance": lambda v, m: v if isinstance(v, np.ndarray) and type(m) is np.ndarray else m,
    "no number": lambda v, m: v if not np.isscalar(v) and np.iterable(v) and hasattr(v, "shape") else m,
    "shape compared": lambda v, m: v if v.shape == v.shape and len(m.shape) == 2 and v.shape != (1,) else m,
    "tuple of arrays": lambda v, m: (v * 2, {"m": m.T}, [v.sum()]),
    "dtype": lambda v, m: v if v.dtype == np.float64 and v.dtype.kind == "f" and v.dtype is m.dtype else m,
    "result_type": lambda v, m: np.zeros(3, dtype=np.result_type(v, m)) + v,
    "zeros": lambda v, m: np.zeros(len(v)) + np.ones_like(v) + np.zeros(m.shape).sum() + np.full(3, 2.0),
    "map": lambda v, m: sum(map(np.sum, [v, m])) + sum(np.abs(p).sum() for p in (v, m)),
    "sum of arrays": lambda v, m: sum([v, m[0], 1]),
    "reduce": lambda v, m: functools.reduce(np.matmul, [m, m.T, m, v]),
    "any": lambda v, m: v if (v > 0).any() and not np.all(m > 3) else m[0],
    "abs": lambda v, m: abs(v) + abs(m[0]),
    "nested where": lambda v, m: np.maximum(v, 0) + np.minimum(1.0, m).sum() + np.clip(v, -1, 1),
    "float of element": lambda v, m: float(v[0]) * math.sin(v[1]) + m.max().item(),
    "kwargs": lambda v, m: dict(a=v, **{"b": m})["b"] + v,
    "len compared": lambda v, m: v if len(v) == v.shape[0] else m,
    "in tuple": lambda v, m: m if m.ndim in (2, 3) else v,
    "negation": lambda v, m: -v + +v - (-m)[0],
    "power": lambda v, m: m**2 + m**0.5 + 2**v + (-v) ** 3,
    "mod": lambda v, m: m % 2 + m // 2 + divmod(v, 1.5)[1],
}  # fmt: skip


@pytest.mark.parametrize("name", ON_ARRAYS)
def test_arrays(name):
    assert_lowers(ON_ARRAYS[name], V, M)


def index_by_argument(v, k):
    return v[k] * v[k + 1 :].sum()


def gather(v, idx):
    return v[idx] * idx


def static_length(x, n):
    return [x * k for k in range(n)]


def static_axis(m, axis):
    return m.sum(axis) + np.mean(m, axis=axis) + m.max(axis=axis)


def static_branch(x, n):
    if n > 2:
        return x * 2
    return x / n


def static_flag(x, flag):
    return x * 2 if flag else x


def static_key(x, k):
    return [x, 2 * x, 3 * x][k] + {1: x}[k]


def static_through_arithmetic(x, n):
    k = 2 * n + 1
    return sum(x**j for j in range(k // 2))


def static_repeats(x, n):
    return [x] * n + (n - 1) * [2 * x]


def test_arguments_that_index():
    assert_lowers(index_by_argument, V, 1)
    assert_lowers(gather, V, IDX)


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (static_length, (1.5, 3)),
        (static_axis, (M, 1)),
        (static_axis, (M, -2)),
        (static_branch, (1.5, 3)),
        (static_branch, (1.5, 1)),
        (static_flag, (1.5, True)),
        (static_flag, (1.5, 0)),
        (static_key, (1.5, 1)),
        (static_through_arithmetic, (1.5, 2)),
        (static_repeats, (1.5, 2)),
    ],
)
def test_arguments_that_must_be_known(function, arguments):
    assert_lowers(function, *arguments)


def test_spelling_of_literals():
    function = lowered(lambda x: x * (1 / 3) * (2 * np.pi) + 1e-3 - math.sqrt(2) / x + 2.50, 1.0).function
    texts = [repr(atom) for eqn in function.body for atom in eqn.operands if not hasattr(atom, "name")]
    assert texts == ["1 / 3", "2 * np.pi", "1e-3", "math.sqrt(2)", "2.50"]
