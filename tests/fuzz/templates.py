"""What random programs are made of.

A letter in braces stands for an operand: x any real number or array, y one that broadcasts with the operand
before it, w one of the same shape and dtype, s a number, a an array, v, m, t arrays of rank 1, 2, 3, q a
square matrix, z something complex, k an argument that is an int. {N} is the statement's name.
"""

from __future__ import annotations

PRELUDE = '''\
import functools
import math
from math import exp, sin
from typing import NamedTuple

import numpy as np

GAIN = 0.7


class Pair(NamedTuple):
    left: float
    right: float


class Scale:
    def __init__(self, k):
        self.k = k

    def apply(self, u, shift=0.1):
        return self.k * u + shift

    @staticmethod
    def half(u):
        return 0.5 * u


SCALE = Scale(0.8)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def bump(u, k=0.5, *, scale=1.5):
    """A helper with defaults."""
    return np.sin(k * u) * scale


def weighted(*parts, power=2, **options):
    total = 0.0
    for part in parts:
        total = total + part
    return total * options.get("gain", 0.5) ** power


def both(u, v):
    return u + v, u - v


def twice(function, u):
    return function(function(u))
'''

_ELEMENTWISE = [
    "np.sin({x})",
    "np.cos({x} * 1.3)",
    "np.tanh({x})",
    "np.exp(-({x} ** 2))",
    "np.expm1({x} * 0.3)",
    "np.log(1.5 + {x} ** 2)",
    "np.log1p({x} * {x})",
    "np.sqrt(0.5 + {x} ** 2)",
    "np.arctan({x})",
    "np.sinh(0.4 * {x})",
    "np.square({x}) + {y}",
    "np.reciprocal(1.7 + {x} ** 2)",
    "np.sinc({x})",
    "np.cbrt(1.2 + {x} ** 2)",
    "1 / (1 + np.exp(-{x}))",
    "sigmoid({x}) * {y}",
    "np.log(sigmoid({x}))",
    "{x} / (2 + np.cos({y}))",
    "{x} + {y}",
    "{x} - 2 * {y}",
    "{x} * {y}",
    "{x} * {y} - {y} * {x}",
    "-{x}",
    "+{x} - (-{y})",
    "{x} - {x}",
    "{x} ** 3 * 0.1",
    "{x} ** 0 + {y}",
    "{x} ** 1 * {y} ** 1",
    "(2 + {x} ** 2) ** -1",
    "2 ** {x}",
    "(1.1 + {x} ** 2) ** {y}",
    "(0.5 + {x} ** 2) ** 1.5 * 0.2",
    "(0.5 + {x} ** 2) ** 0.5",
    "{x} % 0.7 * {y}",
    "{x} // 0.4 * {y}",
    "np.where({x} > 0.1, {y}, 0.3 * {x})",
    "np.where(({x} > -0.5) & ({x} < 0.5), {x} ** 2, {y})",
    "np.maximum({x}, {y})",
    "np.minimum({x}, 0.3)",
    "np.maximum({x}, 0)",
    "np.abs({x}) * 0.7",
    "abs({x}) ** 2",
    "np.sign({x}) * {y}",
    "np.floor({x}) + {y}",
    "np.hypot({x}, 1.1 + {y} ** 2)",
    "np.arctan2({x}, 1.2 + {y} ** 2)",
    "np.logaddexp({x}, {y})",
    "np.clip({x}, -0.9, 0.8)",
    "np.multiply({x}, {y})",
    "np.subtract(1, {x})",
    "np.true_divide({x}, 2)",
    "np.power(1.3 + {x} ** 2, 0.7)",
    "np.heaviside({x}, 0.5) * {y}",
    "(1 - {x}) * (1 - {y})",
    "{x} * 1",
    "{x} + 0",
    "0 * {x} + {y}",
    "1 * {x} / 1",
    "({x} > 0.2) * {y}",
    "0.5 * (GAIN * {x})",
    "np.pi * {x} / np.e",
]
_NUMBERS = [
    "math.sin({s})",
    "exp(-{s} * {s})",
    "math.sqrt(1 + {s} ** 2)",
    "math.atan2({s}, 1 + {s} ** 2)",
    "math.hypot({s}, 1.5)",
    "math.log1p({s} * {s})",
    "math.log(2 + {s} ** 2) * sin({s})",
    "math.tanh({s}) ** 2",
    "math.fabs({s}) * {s}",
    "math.pow(1.2 + {s} ** 2, 1.5) * 0.2",
    "math.exp({s}) / (1 + math.exp({s}))",
    "math.fsum([{s}, {s}, {s}])",
    "math.floor({s}) * {s}",
    "float({s}) * 0.5",
    "({s} if {s} > 0.2 else 0.4 * {s})",
    "({s} if {s} > 0 and {s} < 0.9 else {s} ** 2)",
    "({s} if -0.5 < {s} <= 0.5 else -{s})",
    "({s} if not {s} > 0.3 or {s} > 0 else 2 * {s})",
    "sum([{s}, {s}, 0.5 * {s}])",
    "sum({s} * k for k in range(3))",
    "max({s}, {s})",
    "min({s}, {s}, 0.4)",
    "abs({s}) + {s}",
    "round({s}, 1) * {s}",
    "{s} ** 2 / (1 + {s} ** 2)",
    "{s} * {s} * {s}",
    "divmod({s}, 0.5)[1]",
    "pow({s}, 2)",
    "bool({s}) * {s}",
    "({s}, {s})[1]",
    "[{s}, {s}][-1]",
    "functools.reduce(lambda p, q: p * q, [{s}, {s}, {s}])",
]
_REDUCTIONS = [
    "{v} @ {w}",
    "np.dot({v}, {w})",
    "np.vdot({v}, {w})",
    "np.inner({v}, {w})",
    "np.sum({x} * {y})",
    "{a}.mean()",
    "{a}.sum() * 0.1",
    "{v}[1] * {v}[-1]",
    "{m}[0, -1] - {m}[-1, 0]",
    "{t}[0, 0, 0] * {s}",
    "np.max({a})",
    "np.min({a}) * {s}",
    "{v}.std()",
    "np.var({a})",
    "np.std({v}, ddof=1)",
    "np.linalg.norm({v})",
    "np.linalg.norm({m})",
    "np.trace({m})",
    "np.prod(1 + 0.1 * {a})",
    "len({v}) * {s}",
    "{a}.size * {s} / 10",
    "{a}.ndim * {s}",
    "{m}.shape[0] * {s}",
    "np.linalg.det(0.2 * {q} + 2 * np.eye(3))",
    "{a}[{a} > 0].sum()",
    "np.sum({a})",
    "{v}.dot({w})",
    "{a}.max() - {a}.min()",
    "{v}[{v}.argmax()] * {s}",
    "np.mean({v})",
    "{v}.prod()",
    "{v}[0]",
    "{v}[-2]",
    "np.array({s}) * {s}",
    "np.sum([{s}, {s}, 1.0])",
    "np.max([{s}, {s}])",
]
_SHAPES = [
    "{m} @ {v}",
    "{m} @ {m}",
    "{m}.T @ {m}",
    "{m} @ {m}.T * 0.2",
    "{q} @ {q} * 0.2",
    "{v} @ {m}",
    "{t} @ {m} * 0.3",
    "{t} @ {v}",
    "{m} @ {t}",
    "np.matmul({t}, {q}) * 0.3",
    "np.dot({m}, {v})",
    "np.outer({v}, {v})",
    "np.outer({m}, {v})",
    "{m}.sum(axis=0)",
    "{m}.sum(axis=1)",
    "{m}.sum(axis=-1, keepdims=True)",
    "{t}.sum(axis=(0, 2))",
    "{t}.mean(axis=1)",
    "np.mean({t}, axis=(0, 1))",
    "np.mean({m}, axis=1, keepdims=True)",
    "{m}.max(axis=0)",
    "np.min({m}, axis=1)",
    "np.prod({m}, axis=0)",
    "np.var({m}, axis=0)",
    "{m}.std(axis=1, ddof=0)",
    "np.linalg.norm({m}, axis=1)",
    "np.cumsum({v}) * 0.5",
    "np.cumsum({m}, axis=1)",
    "{m}[0]",
    "{m}[-1] * {s}",
    "{m}[1, :]",
    "{m}[:, 0]",
    "{m}[:, 1:2]",
    "{m}[..., -1]",
    "{m}[:, ::-1]",
    "{m}[::-1]",
    "{m}[::2, 1:]",
    "{m}[:, -2:]",
    "{m}[None]",
    "{m}[:, None, :]",
    "{t}[0]",
    "{t}[..., 0]",
    "{t}[:, 0]",
    "{t}[:, :, ::2]",
    "{t}[1, ..., None]",
    "{v}[::-1]",
    "{v}[1:]",
    "{v}[:-1]",
    "{v}[1:] - {v}[:-1]",
    "{v}[2::-1]",
    "{v}[::2]",
    "{v}[-1:]",
    "{v}[:, None]",
    "{v}[None, :]",
    "{v}[:, None] * {v}",
    "{v}[np.array([0, 1, 0])]",
    "{v}[[1, 1]]",
    "{v}[[-1, 0, -1]] * {s}",
    "{m}[[0, -1, 0], [0, 0, -1]]",
    "{m}[:, [0, 0, -1]]",
    "{m}[[1, 0]]",
    "{m}[[0, 0]][:, 0]",
    "{m}[np.array([0, 0])] + {m}[np.array([1, 0])]",
    "{v}[np.array([[0, 1], [1, 0]])]",
    "{v}[{v} > -5]",
    "{a} * ({a} > 0)",
    "{m}[np.arange(2), np.array([1, 0])]",
    "np.array([{s}, {s} * 2, {s}])",
    "np.array([[{s}, 1.0], [0, {s}]])",
    "np.array([{v}, {v}])",
    "np.asarray({a}) * {s}",
    "np.stack([{s}, {s}, {s}])",
    "np.stack([{v}, {v}], axis=1)",
    "np.stack(({m}, {m}))",
    "np.concatenate([{v}, {v}])[:3]",
    "np.concatenate(({m}, {m}), axis=1)",
    "np.vstack([{v}, {v} * {s}])",
    "np.hstack([{v}, {s}])",
    "np.broadcast_to({v}, (2, 3)) * {s}",
    "np.reshape({m}, (3, 2))",
    "{m}.reshape(-1)",
    "{m}.reshape(3, -1)",
    "{m}.ravel()",
    "{m}.flatten() * {s}",
    "{m}.T",
    "{t}.T",
    "{t}.transpose(1, 0, 2)",
    "np.transpose({t}, (2, 0, 1))",
    "np.swapaxes({t}, 0, 1)",
    "np.expand_dims({v}, 0)",
    "np.squeeze({m}[:1], axis=0)",
    "{m}.squeeze()",
    "np.diag({v})",
    "np.diag({q})",
    "np.tril({q})",
    "np.flip({v})",
    "np.roll({v}, 1)",
    "{q} + np.eye(3)",
    "np.linalg.inv(0.1 * {q} + 2 * np.eye(3))",
    "np.linalg.solve(0.1 * {q} + 2 * np.eye(3), {v})",
    "{v} / np.linalg.norm(1.5 + {w} ** 2)",
    "{a}.copy()",
    "{a}.astype(float) * {s}",
    "np.zeros(3) + {s}",
    "np.full(3, {s})",
    "np.full((2, 3), 0.5) * {s}",
    "np.ones_like({a}) * {s}",
    "np.full_like({a}, {s})",
    "np.zeros_like({a}) - {s}",
    "np.arange(3) * {s}",
    "np.arange(len({v})) * {v}",
    "np.linspace(0, 1, {v}.size) * {v}",
    "np.empty({a}.shape).shape[0] * {a}",
    "{a}[...]",
    "np.outer({v}, {v}).T",
    "np.tensordot({m}, {v}, axes=1)",
    "np.atleast_2d({v})",
    "np.real({a})",
]
_CALLS = [
    "bump({x})",
    "bump({x}, 1.2)",
    "bump({x}, {s}, scale=0.4)",
    "bump(scale={s}, u={x})",
    "weighted({x}, {y})",
    "weighted({x}, {y}, {y}, power=1, gain={s})",
    "weighted(*[{x}, {y}], **dict(gain=0.3))",
    "twice(np.sin, {x})",
    "twice(lambda u: 0.5 * u + {s}, {x})",
    "SCALE.apply({x})",
    "Scale.half({x})",
    "Pair({s}, {s}).right",
    "functools.partial(bump, k=0.3)({x})",
    "(lambda u, k=2.0: u * k)({x})",
    "(lambda *u: u[0] - u[-1])({x}, {y})",
    "sum(u * k for k, u in enumerate([{x}, {y}, {y}]))",
    "sum([u * w for u, w in zip(({x}, {y}), ({y}, {x}))])",
    "np.array([{s} * k for k in range(3)])",
    "np.array([[{s} * (i + j) for j in range(3)] for i in range(2)])",
    "np.stack([{m}[k] * 2 for k in range(2)])",
    "sum({v}[k] ** 2 for k in range(2))",
    "sum(u for u in [{s}, -{s}, {s}] if True)",
    "sum({{'p': {x}, 'q': {y}}}.values())",
    "{{'p': {x}, 'q': {y}}}['q']",
    "[u * 2 for u in ({x}, {y})][0]",
    "{{key: 2 * u for key, u in dict(p={x}).items()}}['p']",
]
_COMPLEX = [
    "{x} + 1j * {y}",
    "np.exp(1j * {x})",
    "1j * {x}",
    "np.abs({x} + 2j)",
    "(({x} + 1j) ** 2).imag",
    "np.real(np.exp(1j * {x}) * (2 - 1j))",
]
_ON_COMPLEX = [
    "np.abs({z})",
    "{z}.real",
    "{z}.imag * 2",
    "np.real({z})",
    "np.imag({z})",
    "np.conj({z}) * {z}",
    "({z} * np.conj({z})).real",
    "{z} * {s}",
    "{z} ** 2",
    "np.sin({z} * 0.3)",
    "1 / (20 + {z})",
    "np.sqrt(40 + {z})",
    "np.log(40 + {z})",
    "np.angle(40 + {z})",
    "{z} - 2j",
    "-{z}",
    "np.exp(0.2 * {z})",
    "np.sum({z})",
    "{z}.conj() + {x}",
]
_INTEGERS = [
    "{x} ** {k} * 0.3",
    "{x} * {k}",
    "sum({s} * j for j in range({k}))",
    "{v}[{k} - 1]",
    "{v}[:{k}] * {s}",
    "{v}[{k} - 3 :]",
    "np.full({k}, {s})",
    "np.zeros(({k}, 2)) + {s}",
    "np.array([{s}] * {k})",
    "{x} / {k}",
    "({x} if {k} > 1 else -{y})",
    "[{s}, {s}, {s}][{k} - 1]",
    "np.sum({m}, axis={k} % 2)",
]
EXPRESSIONS = [
    _ELEMENTWISE, _ELEMENTWISE, _ELEMENTWISE, _NUMBERS, _REDUCTIONS, _SHAPES, _SHAPES, _CALLS,
    _COMPLEX, _ON_COMPLEX, _INTEGERS,
]  # fmt: skip
"""Groups of expressions: a group is drawn, then a member."""

STATEMENTS = [
    "{N}, {N}_b = {x}, {x}",
    "{N}, {N}_b = {x}, {x}\n{N}, {N}_b = {N}_b, {N}",
    "({N}, {N}_b), {N}_c = ({s}, {s}), {x}",
    "{N}, *{N}_rest = {s}, {s}, {s}\n{N} = {N} + {N}_rest[0] * {N}_rest[-1]",
    "*{N}_rest, {N} = [{x}, {x}]",
    "{N} = {N}_b = {x} * 0.9",
    "{N} = ({N}_b := {x} * 0.9) * {N}_b",
    "{N}: float = {x} * 1.1",
    "{N} = {s}\n{N} += {s}\n{N} *= 0.5",
    "{N} = {s}\n{N} -= {s} ** 2\n{N} /= 2\n{N} **= 2",
    "{N} = {a} * 1.0\n{N} += {s}",
    "{N} = {a} + 0.5\n{N} *= {w}\n{N} -= 0.2",
    "{N} = np.sin({a})\n{N} /= 2 + {w} ** 2",
    "{N} = {a}.copy()\n{N} *= {w}\n{N}_b = {N} * {w}\n{N} += {N}_b",
    "def {N}_f(u, k=2.0):\n    w = np.sin(u)\n    return w * k\n{N} = {N}_f({x})",
    "def {N}_f(u):\n    return u * {s}\n{N} = {N}_f({x}) + {N}_f({y})",
    "def {N}_f(u, *, k={s}):\n    return u + k\n{N} = {N}_f({x}, k=0.3) * {N}_f({x})",
    "{N}_f = lambda u: u * {s}\n{N} = {N}_f({N}_f({x}))",
    "{N}, {N}_b = both({x}, {y})",
    "{N}_d = {{'p': {x}, 'q': {x}}}\n{N} = {N}_d['p'] + 0.1\n{N}_b = {N}_d['q']",
    "{N}_d = dict(p={s}, q=({x}, {s}))\n{N} = {N}_d['q'][0] * {N}_d['p']",
    "{N}_p = ({x}, {s})\n{N} = {N}_p[0] * {N}_p[1]",
    "{N}_p = [{x}, {x}]\n{N}_p.append({s})\n{N} = {N}_p[-1] * {N}_p[0]",
    "{N}_rows, {N}_columns = {m}.shape\n{N} = {s} / {N}_rows * {N}_columns",
    "{N}_n = {v}.shape[0]\n{N} = {v}[: {N}_n - 1] * {s}",
    "{N}_mask = {a} > 0\n{N} = np.where({N}_mask, {s}, 0.1)",
    "{N}_mask = {v} > -0.3\n{N} = np.sum({v}[:2]) + {v}[[0]].sum()",
    "{N}_k = np.array([0, 1, 1])\n{N} = {v}[{N}_k] * {s}",
    "{N}_pair = Pair({s}, {s} * 2)\n{N} = {N}_pair.left * {N}_pair[1]",
    "{N}_pair = Pair(right={s}, left={s})\n{N}, {N}_b = {N}_pair",
    "assert {a}.ndim > 0, 'an array'\n{N} = {a} * 0.5",
    "{N}_label = f'{{GAIN:.2f}}'\n{N} = {x} * GAIN",
    "{N} = {x}\n{N} = {N} * {N}\n{N} = {N} - {y}",
    "{N} = {v}[0]\n{N}_b, {N}_c = {v}[:2]\n{N} = {N} * {N}_b + {N}_c",
    "{N}_p, {N}_q = {a}, {w}\n{N} = {N}_p if {s} > 0.1 else -{N}_q",
    "{N}_e = np.exp(-np.abs({x}))\n{N} = {N}_e / (1 + {N}_e)",
    "{N}_m = {m} - {m}.mean(axis=0)\n{N} = {N}_m.T @ {N}_m",
    "{N}_e = np.exp({v} - np.max({v}))\n{N} = {N}_e / np.sum({N}_e)",
    "{N}_z = {x} + 0.5j\n{N} = ({N}_z * np.conj({N}_z)).real",
    "for {N}_u in ({s}, {s}):\n    {N} = 0.5 * {N}_u",
    "{N} = {s}\nfor {N}_k in range(3):\n    {N} = {N} * {s} + {N}_k",
]

WRAPS = [
    "np.sin({})",
    "(-{})",
    "(2 * {})",
    "({} - 0.3)",
    "({} ** 2)",
    "(0.5 * {})",
    "(1.0 - {})",
    "(GAIN * {})",
]

FINISHES = {
    "number": ["{0}", "2 * {0}", "{0} ** 2", "np.sin({0})", "-{0}"],
    "array": [
        "{0}.sum()",
        "np.sum({0} ** 2)",
        "{0}.mean()",
        "np.mean(np.sin({0}))",
        "({0} * 0.1).sum()",
        "np.sum({0} * {0})",
        "np.sum({0} * np.arange({0}.size).reshape({0}.shape))",
        "np.linalg.norm({0} + 1.7)",
        "-np.sum({0}) / {0}.size",
    ],
    "complex number": ["np.abs({0} + 0.4)", "{0}.real", "({0} ** 2).imag", "np.real(np.conj({0}) * {0})"],
    "complex array": [
        "np.sum(np.abs({0} + 0.4))",
        "{0}.real.sum()",
        "np.sum({0} ** 2).imag",
        "np.sum(np.abs({0}) ** 2)",
    ],
    "other": ["0.0"],
}
"""How a value becomes a real number that can be returned."""
