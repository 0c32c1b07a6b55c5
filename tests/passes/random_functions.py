"""Random functions in the IR: nested loops, branches and stores over a few numbers and vectors.

They are written equation by equation, without frontend, so that the passes are tested by themselves.
"""

from __future__ import annotations

import random

import numpy as np

from transform.ir import For, Function, Lit, Slot, Var, While
from transform.rules import PRIMITIVES, Value, op
from transform.rules.build import Builder
from transform.rules.index import getitem
from transform.rules.lists import new_list
from transform.types import FLOAT, INT, Array, Dim

LENGTH = 5
VECTOR = Array(np.dtype(float), (Dim("N", not_one=True),))


class Writer:
    """Writes statements over an environment of numbers, vectors and ints by name."""

    def __init__(self, rng: random.Random, depth: int = 3, lists: bool = True) -> None:
        self.rng, self.builder, self.depth, self.lists = rng, Builder(), depth, lists

    def apply(self, name, *operands, **params):
        return self.builder.apply(PRIMITIVES[name], operands, params)

    def named(self, name, value):
        if isinstance(value.atom, Lit) or not value.atom.temporary:
            value = self.apply("literal", value) if isinstance(value.atom, Lit) else value + 0.0
        return self.builder.name(value, name)

    # Expressions.

    def number(self, env):
        pick = self.rng.choice
        names = [
            n for n, v in env.items() if v.type == FLOAT or (not v.is_array and v.type.dtype.kind == "f")
        ]
        x = env[pick(names)]
        kind = self.rng.randrange(9)
        if kind == 0:
            return self.apply("sin", x, lib="np")
        if kind == 1:
            return x * env[pick(names)] * 0.5
        if kind == 2:
            return self.element(env) + x * 0.3
        if kind == 3:
            return self.apply("tanh", x, lib="np") + self.element(env)
        if kind == 4:
            return op.sum(self.vector(env), axis=None, keepdims=False) * 0.1
        if kind == 5:
            return x - 0.5
        if kind == 6:
            return self.element(env) * self.element(env) * 0.5
        if kind == 7:
            return self.builder.value(0.4)
        return self.apply("exp", -(x * x), lib="np")

    def element(self, env):
        return getitem(self.builder, self.array(env), self.index(env))

    def array(self, env):
        return env[self.rng.choice([n for n, v in env.items() if v.is_array])]

    def index(self, env):
        ints = [v for v in env.values() if not v.is_array and v.type.dtype.kind == "i"]
        if ints and self.rng.random() < 0.8:
            i = self.rng.choice(ints)
            return self.rng.choice([i, i - 1, i + 1, 2, -1])
        return self.rng.choice([0, 1, 2, -1, -2])

    def vector(self, env):
        a, b = self.array(env), self.array(env)
        kind = self.rng.randrange(6)
        if kind == 0:
            return self.apply("tanh", a, lib="np")
        if kind == 1:
            return a * b * 0.5
        if kind == 2:
            return a * self.number(env) * 0.3 + b * 0.2
        if kind == 3:
            return op.flip(a, axis=(0,)) * 0.7
        if kind == 4:
            return self.apply("sin", a, lib="np") - 0.3
        return a - b * b * 0.2

    # Statements: each changes the environment.

    def block(self, env, depth, count):
        for _ in range(count):
            kind = self.rng.choice(
                ["number"] * 3 + ["vector"] + ["store"] * 3 + ["loop"] * 2 + ["if"] * 2 + ["while"]
            )
            if kind in ("loop", "if", "while") and depth == 0:
                kind = "store"
            getattr(self, f"write_{kind}")(env, depth)

    def write_number(self, env, depth):
        name = self.rng.choice("xyz")
        env[name] = self.named(name, self.number(env))

    def write_vector(self, env, depth):
        name = self.rng.choice("AB")
        env[name] = self.named(name, self.vector(env))

    def write_store(self, env, depth):
        name = self.rng.choice("AB")
        array = env[name]
        kind = self.rng.randrange(5)
        if kind == 0:
            v = getitem(self.builder, self.vector(env), slice(1, None))
            made = self.apply("store", array, v * 0.9, index=(slice(1, None),))
        elif kind == 1:
            middle = getitem(self.builder, array, slice(1, -1))
            ends = getitem(self.builder, array, slice(2, None)) - getitem(
                self.builder, array, slice(None, -2)
            )
            made = self.apply("store", array, middle - middle * ends * 0.2, index=(slice(1, -1),))
        elif kind == 2:
            made = self.stored("index_add", array, self.number(env) * 0.5, self.index(env))
        else:
            made = self.stored("store", array, self.number(env), self.index(env))
        env[name] = self.builder.name(made, name)

    def stored(self, name, array, value, index):
        if isinstance(index, Value):
            return self.apply(name, array, value, index, index=(Slot(2),))
        return self.apply(name, array, value, index=(index,))

    def write_if(self, env, depth):
        condition = self.number(env) > self.rng.choice([-0.3, 0.1, 0.4])
        names = ["x", "y", "z", "A", "B"]
        if self.rng.random() < 0.5:
            names = self.rng.sample(names, 2)
        results = []

        def branch(count):
            def build():
                inner = dict(env)
                self.block(inner, depth - 1, count)
                results.append(inner)
                return [inner[n] for n in names]

            return build

        then = self.builder.region(branch(self.rng.randrange(1, 3)))
        orelse = self.builder.region(branch(self.rng.randrange(0, 3)))
        made = self.builder.branch(condition, then, orelse, [env[n].type for n in names])
        # What a branch has overwritten is not there any more.
        for n in [n for n in ("A", "B") if n not in names]:
            env[n] = self.named(n, op.zeros_like(env[n]) + 0.3)
        for n, value in zip(names, made, strict=True):
            env[n] = self.builder.name(value, n)

    def carried(self, env):
        names = ["A", "B", *self.rng.sample("xyz", self.rng.randrange(1, 4))]
        return names, [Var(n, env[n].type) for n in names]

    def write_loop(self, env, depth):
        names, params = self.carried(env)
        index = Var(f"i{depth}", INT)
        init = tuple(self.builder.atom(env[n]) for n in names)

        def build():
            inner = {**env, **{n: self.builder.value(p) for n, p in zip(names, params, strict=True)}}
            inner[index.name] = self.builder.value(index)
            self.block(inner, depth - 1, self.rng.randrange(1, 4))
            if self.rng.random() < 0.2:
                inner["A"], inner["B"] = inner["B"], inner["A"]
            return [inner[n] for n in names]

        body = self.builder.region(build, (index, *params))
        targets = tuple(Var(n, p.type) for n, p in zip(names, params, strict=True))
        start, stop = self.rng.choice([(1, 4), (0, 3), (1, 3), (0, 0), (3, 0)])
        step = -1 if start > stop else 1
        loop = For(targets, Lit(start), Lit(stop), Lit(step), init, body)
        self.builder.body.append(loop)
        env.update({n: self.builder.value(t) for n, t in zip(names, targets, strict=True)})

    def write_while(self, env, depth):
        names, params = self.carried(env)
        counter = Var("k", INT)
        tested = [Var(p.name, p.type) for p in (counter, *params)]
        limit = self.rng.choice([0, 2, 3])
        init = (Lit(0), *(self.builder.atom(env[n]) for n in names))
        test = self.builder.region(lambda: [self.builder.value(tested[0]) < limit], tuple(tested))

        def build():
            inner = {**env, **{n: self.builder.value(p) for n, p in zip(names, params, strict=True)}}
            inner["k"] = self.builder.value(counter)
            self.block(inner, depth - 1, self.rng.randrange(1, 3))
            return [self.builder.value(counter) + 1, *(inner[n] for n in names)]

        body = self.builder.region(build, (counter, *params))
        targets = tuple(Var(p.name, p.type) for p in (counter, *params))
        self.builder.body.append(While(targets, init, test, body))
        env.update({n: self.builder.value(t) for n, t in zip(names, targets[1:], strict=True)})


def random_function(seed: int, count: int = 6, depth: int = 3) -> Function:
    """A function of numbers x, y and vectors A, B with one real result."""
    writer = Writer(random.Random(seed), depth)
    params = (Var("x", FLOAT), Var("y", FLOAT), Var("A", VECTOR), Var("B", VECTOR))
    env = {p.name: writer.builder.value(p) for p in params}
    env["z"] = writer.named("z", env["x"] * 0.5)
    writer.block(env, depth, count)
    total = op.sum(env["A"] * env["B"], axis=None, keepdims=False) + env["x"] * env["y"] + env["z"]
    result = writer.named("L", total + op.sum(env["A"], axis=None, keepdims=False))
    return Function("f", params, writer.builder.finish(), (result.atom,))


def point(seed: int):
    """Arguments for such a function."""
    rng = np.random.default_rng(seed)
    return float(rng.normal()), float(rng.normal()), rng.normal(size=LENGTH), rng.normal(size=LENGTH)


__all__ = ["LENGTH", "new_list", "point", "random_function"]
