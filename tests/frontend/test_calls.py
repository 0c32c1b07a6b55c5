"""Calls of the user's own functions, objects, and code of other people."""

import collections
import dataclasses
import functools
import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest

from .lowering import assert_lowers, lowered, results

V = np.array([0.3, -1.2, 2.0])
M = np.arange(1.0, 7.0).reshape(2, 3)


def poly(x, a=2, *rest, b=3.0, **more):
    return a * x + sum(rest) + b * x**2 + sum(more.values())


def positional(x):
    return poly(x) + poly(x, 1.5) + poly(x, 1, 2, x)


def keywords(x):
    options = {"b": x, "c": 4}
    return poly(a=x, x=2) + poly(x, **options) + poly(*[x, 2, 3], b=1, z=x)


def positional_only(x, /, y, *, z):
    return x * y - z


def all_kinds(x):
    return positional_only(x, y=2, z=x) + positional_only(x, 3, z=1)


def twice(f: Callable, x):
    return f(f(x))


def functions_as_values(x):
    table = {"sin": math.sin, "own": poly, "lambda": lambda y: y * y}
    return twice(math.cos, x) + twice(lambda y: y + x, x) + sum(f(x) for f in table.values())


def make_adder(k):
    def add(y):
        return y + k

    return add


def closures(x):
    return make_adder(x)(2.0) * make_adder(3)(x)


def partials(x):
    half = functools.partial(poly, a=0.5)
    more = functools.partial(half, x, b=1)
    return half(x) + more() + functools.partial(twice, math.sin)(x)


def factorial(n):
    return 1 if n <= 1 else n * factorial(n - 1)


def power(x, n):
    if n == 0:
        return 1.0
    half = power(x, n // 2)
    return half * half * (x if n % 2 else 1)


def recursion(x):
    return power(x, 5) + factorial(4) * x


def returns_several(x):
    return x, 2 * x, {"k": [x]}


def uses_several(x):
    a, b, rest = returns_several(x)
    return a * b + rest["k"][0]


def returns_nothing(x):
    y = x * 2


def calls_nothing(x):
    return x if returns_nothing(x) is None else 0.0


def log_calls(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        result = function(*args, **kwargs)
        return result * 2

    return wrapper


@log_calls
def decorated(x, y=3.0):
    return x * y


@functools.lru_cache
def cached(x):
    return math.sin(x)


def uses_decorated(x):
    return decorated(x) + decorated(x, y=x) + cached(x)


class Point(NamedTuple):
    x: float
    y: float = 2.0

    def dot(self, other):
        return self.x * other.x + self.y * other.y


Pair = collections.namedtuple("Pair", "left right", defaults=[1.0])


@dataclasses.dataclass
class Layer:
    W: np.ndarray
    b: np.ndarray
    name: str = "layer"
    scale: float = 2.0

    def __call__(self, x):
        return self.activate(x @ self.W + self.b) * self.scale

    def activate(self, z):
        return np.tanh(z)

    @property
    def norm(self):
        return (self.W**2).sum()

    @staticmethod
    def double(x):
        return 2 * x

    @classmethod
    def zeros(cls, b):
        return cls(np.zeros((3, 3)), b, name="zero")


@dataclasses.dataclass(frozen=True)
class Frozen:
    x: float
    y: float = 0.5
    total: float = dataclasses.field(init=False)
    parts: list = dataclasses.field(default_factory=list)

    def __post_init__(self):
        object.__setattr__(self, "total", self.x + self.y)


@dataclasses.dataclass(slots=True)
class Slotted:
    x: float
    y: float = 1.0

    def bump(self, by):
        self.x += by
        return self


class Vector:
    __slots__ = ("a", "b")

    def __init__(self, a, b):
        self.a, self.b = a, b

    def __add__(self, other):
        return Vector(self.a + other.a, self.b + other.b)

    def __mul__(self, k):
        return Vector(self.a * k, self.b * k)

    __rmul__ = __mul__

    def __neg__(self):
        return Vector(-self.a, -self.b)

    def __getitem__(self, k):
        return (self.a, self.b)[k]

    def __len__(self):
        return 2

    def __abs__(self):
        return math.hypot(self.a, self.b)

    def __eq__(self, other):
        return isinstance(other, Vector)


class Base:
    factor = 3

    def __init__(self, x):
        self.x = x
        self.__secret = 2

    def value(self):
        return self.x * self.factor * self.__secret

    @functools.cached_property
    def cached(self):
        return self.x**2


class Derived(Base):
    factor = 5

    def __init__(self, x, y):
        super().__init__(x)
        self.y = y

    def value(self):
        return super().value() + self.y + self.cached

    @property
    def half(self):
        return self.x / 2

    @half.setter
    def half(self, new):
        self.x = new * 2


class Model:
    """An object from outside."""

    rate = 0.5
    order = 2

    def __init__(self):
        self.W = M.copy()
        self.bias = 1.5
        self.layers = [V.copy(), 2.0]
        self.options = {"power": 2, "shift": V}

    def __call__(self, x):
        return self.loss(x)

    def loss(self, x):
        last = x * self.rate
        z = self.W @ x + self.bias
        for layer in self.layers:
            z = z + np.sum(layer)
        return (z ** self.options["power"]).sum() + (self.options["shift"] * last).sum() * self.order

    @staticmethod
    def square(x):
        return x * x

    @classmethod
    def scaled(cls, x):
        return x * cls.rate


def objects(x):
    p, q = Point(x), Point(y=x, x=3.0)
    pair = Pair(x)
    return p.dot(q) + pair.left * pair[1] + p[0] + len(q) + p._replace(x=2 * x).x + sum(q)


def dataclass_objects(x):
    f = Frozen(x, parts=[x])
    s = Slotted(x).bump(2 * x)
    return f.total * f.parts[0] + s.x * s.y + dataclasses.replace(s, y=x).y


def operators_of_classes(x):
    v = 2 * (Vector(x, 1) + Vector(2, x) * 3)
    w = -v
    a, b = v
    return v[0] * w[1] + len(v) + abs(v) + a * b + (1 if v == w else 0)


def inheritance(x):
    d = Derived(x, 2 * x)
    d.half = x
    d.extra = 3 * x
    return d.value() + d.half + d.extra + getattr(d, "nope", 1) + isinstance(d, Base)


SCALARS = [
    positional, keywords, all_kinds, functions_as_values, closures, partials, recursion, uses_several,
    calls_nothing, uses_decorated, objects, dataclass_objects, operators_of_classes, inheritance,
    decorated,
]  # fmt: skip


@pytest.mark.parametrize("function", SCALARS, ids=lambda f: f.__name__)
def test_scalars(function):
    assert_lowers(function, 1.3)


def with_structures(params, point, pair, layers, *rest, scale, **more):
    W, b = params["W"], params["b"]
    y = W @ point.x + b * point.y + sum(layer["w"] for layer in layers)
    return {
        "y": y * scale,
        "rest": [r * 2 for r in rest],
        "pair": (pair[1], pair[0]),
        "more": more["k"],
        "p": point,
    }


def test_structures():
    assert_lowers(
        with_structures,
        {"W": M, "b": 2.0},
        Point(V, 1.5),
        [1.0, V],
        ({"w": 1.0}, {"w": 2.0}),
        3.0,
        V,
        scale=2.0,
        k=V,
    )


def test_names_of_leaves():
    made = lowered(
        with_structures,
        {"W": M, "b": 2.0},
        Point(V, 1.5),
        [1.0, V],
        ({"w": 1.0}, {"w": 2.0}),
        3.0,
        V,
        scale=2.0,
        k=V,
    )
    names = [var.name for var in made.function.params]
    assert names == ["W", "b", "x", "y", "pair_0", "pair_1", "layers_0_w", "layers_1_w", "rest_0", "rest_1",
                     "scale", "k"]  # fmt: skip


def layer_loss(layer, x):
    return layer(x).sum() + layer.norm + layer.double(x).sum() + Layer.zeros(layer.b)(x).sum()


def test_dataclass_argument():
    layer = Layer(np.eye(3) + 0.1, V)
    assert_lowers(layer_loss, layer, V)
    assert_lowers(Layer.__call__, layer, V)


def test_methods():
    model = Model()
    for method in (model.loss, model, model.square, model.scaled, Model.square, Model.scaled):
        assert_lowers(method, V)


def test_partial_and_wrapped_targets():
    assert_lowers(functools.partial(poly, a=2.5), 1.5)
    assert_lowers(functools.partial(poly, 2.0, 3), 1.5)
    assert_lowers(functools.partial(lambda v, w: v @ w, V), V)
    assert_lowers(decorated, 1.5, 2.0)
    assert_lowers(cached, 1.5)
    assert_lowers(make_adder(2.0), 1.5)
    assert_lowers(np.sin, 1.5)
    assert_lowers(math.sin, 1.5)


def test_other_peoples_code():
    optimize = pytest.importorskip("scipy.optimize")
    assert_lowers(optimize.rosen, V)


def test_results_by_name():
    assert list(results(lambda x: {"b": x, "a": (x, None, "s", 3)}, 1.0)) == ["b", "a"]
