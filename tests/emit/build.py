"""Functions built by hand, with primitives of their own: the emitter is tested without frontend and rules."""

from __future__ import annotations

import inspect

import numpy as np

from transform.compile.python import load
from transform.emit import emit
from transform.errors import Origin
from transform.ir import About, Function, Input, Primitive, Slot, Sweep, Var
from transform.passes.own import own
from transform.rules.build import Builder
from transform.types import BOOL, FLOAT, Array, Dim, Scalar, promote
from transform.verify import check

from ..support.evaluate import evaluate

N = Dim("N", not_one=True)
VECTOR = Array(np.dtype(np.float64), (N,))
PARAMETER = inspect.Parameter.POSITIONAL_OR_KEYWORD


def like(k=0):
    return lambda dims, types, params: types[k]


def _promoted(dims, types, params):
    dtype, weak = promote(types)
    return VECTOR if any(isinstance(type_, Array) for type_ in types) else Scalar(dtype, weak)


def _element(dims, types, params):
    return Scalar(types[0].dtype)


def primitive(name, code, infer=_promoted, **fields):
    return Primitive(name, infer, code, **fields)


ADD = primitive("add", "{0} + {1}", stem="s")
SUB = primitive("sub", "{0} - {1}", stem="d")
MUL = primitive("mul", "{0} * {1}", stem="p")
DIV = primitive("div", "{0} / {1}", stem="q")
NEG = primitive("neg", "-{0}", stem="n")
POW = primitive("pow", "{0} ** {1}", stem="p")
SIN = primitive("sin", "math.sin({0})")
SUM = primitive("sum", "{0}.sum()", _element, stem="s")
SIZE = primitive("size", "{0}.size", lambda dims, types, params: Scalar(np.dtype(np.int64), weak=True))
GREATER = primitive("gt", "{0} > {1}", lambda dims, types, params: BOOL)
FLIP = primitive("flip", "{0}[::-1]", like(), view=True)
COPY = primitive("copy", "{0}.copy()", like())
STORE = primitive("store", "{0}[1:] = {1}[1:]", like(), consumes=True)
GAIN = primitive("gain", "{0}[1:] += {1}", like(), consumes=True)
STORE_ADD_AT = primitive("add_at", "np.add.at({0}, [0, 0], {1})", like(), consumes=True)


class Program:
    """Writes a function equation by equation: `p(MUL, 2, x)`, `p.named("a", MUL, 2, x)`."""

    def __init__(self, *params, name="f"):
        self.builder = Builder()
        self.params = tuple(params)
        self.name = name

    def __call__(self, primitive, *operands, **params):
        return self.builder.apply(primitive, operands, params).atom

    def named(self, name, primitive, *operands, **params):
        value = self.builder.apply(primitive, operands, params)
        return self.builder.name(value, name).atom

    def named_if(self, name, *args, **kwargs):
        (target,) = self.when(*args, **kwargs)
        return self.builder.name(self.builder.value(target), name).atom

    def when(self, condition, then, orelse, types=(FLOAT,)):
        b = self.builder
        return [v.atom for v in b.branch(condition, b.region(then), b.region(orelse), types)]

    def sweep(self, sweep, line=0, statement=""):
        self.builder.sweep = sweep
        self.builder.origin = Origin("f.py", line, 1, 1, statement, statement) if statement else None

    def function(self, *results, **fields):
        atoms = tuple(self.builder.atom(result) for result in results)
        return Function(self.name, self.params, self.builder.finish(), atoms, **fields)


def x_of(name="x", type_=FLOAT):
    return Var(name, type_)


def run(function, *arguments):
    """Check, emit, and compare what the text computes with the equations' meaning; return the text."""
    function = check(own(function))
    emitted = emit(function)
    assert emit(function).definition == emitted.definition
    want = evaluate(function, *map(np.copy, arguments) if arguments and np.ndim(arguments[0]) else arguments)
    got = load(emitted)(*arguments)
    got = got if isinstance(got, tuple) else (got,)
    assert len(got) == len(want)
    for a, b in zip(got, want, strict=True):
        np.testing.assert_array_equal(a, b)
    return emitted.definition


__all__ = [
    "PARAMETER",
    "About",
    "Input",
    "Program",
    "Slot",
    "Sweep",
    "run",
    "x_of",
]  # fmt: skip
