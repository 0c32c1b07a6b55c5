"""Structures and objects as arguments, results and locals; methods and callables of every kind."""

from __future__ import annotations

import functools
import math
from collections import namedtuple
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pytest

from transform import grad, value_and_grad

from .check import check, program, programs, run

V = np.array([0.52, 1.37, 0.91])


class Point(NamedTuple):
    a: float
    b: float
    c: np.ndarray


Pair = namedtuple("Pair", "u v")


@dataclass
class Layer:
    w: np.ndarray
    b: float
    name: str = "layer"

    def apply(self, x):
        return x @ self.w + self.b

    @property
    def twice(self):
        return 2 * self.b

    @classmethod
    def make(cls, w, b):
        return cls(w, b)

    @staticmethod
    def square(x):
        return x * x


@dataclass(frozen=True)
class Frozen:
    k: float
    m: tuple = (1.0, 2.0)


@program(Point(1.0, 2.0, V))
def named_tuple(p):
    a, _, c = p
    q = p._replace(a=p.b * 2)
    return np.sum(p.c * p.a) + p.b**2 * p[0] + q.a * a + c.sum()


@program(Pair(1.0, 2.0))
def named_tuple_as_result(q):
    return Pair(q.u * q.v, q.u**2)


@program(Layer(V, 0.5), V)
def record(layer, x):
    return layer.apply(x) * layer.twice + Layer.square(layer.b)


@program(Layer(V, 0.5), V)
def record_as_local(layer, x):
    q = Layer.make(layer.w * 2, layer.b * 3)
    q.b = q.b * q.twice
    q.w = q.w + 1
    return q.apply(x) + len(q.name)


@program(Layer(V, 0.5), V)
def record_as_result(layer, x):
    return Layer(layer.w * x.sum(), layer.b * 2)


@program(Frozen(2.0, (3.0, 4.0)))
def frozen_record(p):
    return p.k * p.m[0] ** 2 * p.m[1]


@program({"w": V, "b": 2.0, "l": [1.0, (2.0, V)]})
def nested_dict(p):
    return np.sum(p["w"] * p["l"][1][1]) * p["b"] * p["l"][0] + sum(np.sum(p[k]) for k in ("w", "b"))


@program({"w": V, "b": 2.0})
def dict_as_result(p):
    return {k: v * 2 for k, v in p.items()}, sum(np.sum(v**2) for v in p.values()), (), [p["b"]]


@program([V, (1.0, 2.0)])
def list_as_argument(p):
    return [p[0] * p[1][0], {"x": p[1][1] ** 2}]


@pytest.mark.parametrize(**programs(globals()))
def test_program(name, k):
    run(globals(), name, k)


class Model:
    scale = 2.0

    def __init__(self, k):
        self.k, self.W, self.__hidden, self.function = k, np.arange(6.0).reshape(2, 3), 3.0, math.sin

    def loss(self, x):
        return (
            np.sum(self.W @ x) * self.k * self.scale
            + self._helper(x[0]) * self.__hidden
            + self.function(x[1])
        )

    def _helper(self, v):
        return v * v * self.half

    @property
    def half(self):
        return self.k / 2

    @staticmethod
    def cube(x):
        return x**3

    @classmethod
    def scaled(cls, x):
        return cls.scale * x**2

    def __call__(self, x):
        return self.loss(x) * 2

    @grad(argnums=1)
    def decorated(self, x):
        return self.k * x**2

    @value_and_grad(argnums="x")
    def with_value(self, x):
        return self.k * x**2

    @staticmethod
    @grad
    def static(x):
        return x**3


class Child(Model):
    def loss(self, x):
        return super().loss(x) * 2

    @property
    def half(self):
        return super().half + 1


def test_methods_and_callables():
    model = Model(1.5)
    for function in (model.loss, model, Child(1.5).loss, functools.partial(model.loss)):
        check(function, V)
    for function in (Model.cube, model.cube, Model.scaled, Child(1.0).scaled):
        check(function, 1.2)
    check(functools.partial(lambda a, b, c, *, d=1.0: a * b**2 * c * d, 2.0, d=5.0), 1.2, 1.3)


def test_decorated_methods():
    model = Model(1.5)
    assert model.decorated(2.0) == 6.0
    assert model.with_value(2.0) == (6.0, 6.0)
    assert Model.static(2.0) == model.static(2.0) == 12.0
