"""Random programs in the IR: nested loops, branches, stores, views, lists, written as if stores made copies.

Any value may be overwritten at any time, the caller's arrays and those of enclosing bodies too, and anything
may be read afterwards: it is `own` that has to make such a program true.
"""

from __future__ import annotations

import random

import numpy as np

from transform.ir import For, Function, If, Lit, Primitive, Region, Var, While
from transform.rules import PRIMITIVES
from transform.rules.build import Builder
from transform.types import BOOL, FLOAT, INT, Array, List, Scalar

VECTOR = Array(np.dtype(np.float64), (3,))
STACK = List(VECTOR)
NUMBERS = List(FLOAT)
ELEMENT = Scalar(np.dtype(np.float64))


def like(k=0):
    return lambda dims, types, params: types[k]


MIX = Primitive("mix", like(), "0.5 * ({0} + {1})", stem="m")
SUM = Primitive("sum_of", lambda dims, types, params: ELEMENT, "{0}.sum()", stem="s")
LESS = Primitive("less", lambda dims, types, params: BOOL, "{0} < {1}", stem="c")
NEXT = Primitive("next_of", like(), "{0} + 1", stem="k")
HALF = Primitive("half", lambda dims, types, params: FLOAT, "float({0}) / 2", stem="h")
FLIP = Primitive("flip_of", like(), "{0}[::-1]", view=True, stem="v")
TAIL = Primitive("store_tail", like(), "{0}[1:] = {1}[1:]", consumes=True)
HEAD = Primitive("store_head", like(), "{0}[0] = {1}", consumes=True)
GAIN = Primitive("gain_tail", like(), "{0}[:2] += {1}[1:]", consumes=True)


class Scope:
    """What may be read, by type; the last is what was defined last."""

    def __init__(self, known=()):
        self.known = list(known)

    def of(self, type_):
        return [var for var in self.known if var.type == type_]


class Drawer:
    """Draws statements; every body ends with a choice of results among all that it sees."""

    def __init__(self, seed, size=14, depth=3):
        self.rng = random.Random(seed)
        self.size, self.depth = size, depth
        self.builder = Builder()
        self.count = 0
        self.draws = [
            (self.mix, 2), (self.view, 3), (self.store, 6), (self.number, 1), (self.append, 4),
            (self.item, 2), (self.pop, 2), (self.set_item, 1), (self.branch, 3), (self.loop, 3),
            (self.repeat, 1),
        ]  # fmt: skip

    def pick(self, scope, type_):
        known = scope.of(type_)
        # What is new is more likely: so values are threaded through what follows.
        return known[-1 - min(int(self.rng.expovariate(0.5)), len(known) - 1)]

    def apply(self, scope, primitive, *operands, name=None, **params):
        value = self.builder.apply(primitive, operands, params)
        if name or self.rng.random() < 0.6:
            value = self.builder.name(value, name or self.named(value.type))
        scope.known.append(value.atom)
        return value.atom

    def named(self, type_):
        kinds = {VECTOR: "uvw", STACK: ["xs", "tape"], NUMBERS: ["ns"], INT: "k"}
        return self.rng.choice(kinds.get(type_, "abc"))

    def body(self, scope, size, depth):
        for _ in range(size):
            kinds, weights = zip(*self.draws, strict=True)
            self.rng.choices(kinds, weights)[0](scope, depth)

    def mix(self, scope, depth):
        self.apply(scope, MIX, self.pick(scope, VECTOR), self.pick(scope, VECTOR))

    def view(self, scope, depth):
        self.apply(scope, FLIP, self.pick(scope, VECTOR))

    def number(self, scope, depth):
        self.apply(scope, HALF, self.apply(scope, SUM, self.pick(scope, VECTOR)))

    def store(self, scope, depth):
        base = self.pick(scope, VECTOR)
        primitive = self.rng.choice([TAIL, HEAD, GAIN])
        value = self.pick(scope, FLOAT if primitive is HEAD else VECTOR)
        name = base.name if self.rng.random() < 0.7 else None
        self.apply(scope, primitive, base, value, name=name)

    def append(self, scope, depth):
        kind, item = self.rng.choice([(STACK, VECTOR), (STACK, VECTOR), (NUMBERS, FLOAT)])
        base = self.pick(scope, kind)
        self.apply(scope, PRIMITIVES["append"], base, self.pick(scope, item), name=base.name)

    def guarded(self, scope, xs, then, orelse):
        """An If that has a list with items in its first branch."""
        some = self.apply(scope, LESS, 0, self.apply(scope, PRIMITIVES["list_len"], xs))
        first = self.builder.region(lambda: then(Scope(scope.known)))
        second = Region((), (), orelse)
        targets = tuple(Var(self.named(r.type), r.type, self.rng.random() < 0.3) for r in orelse)
        self.builder.body.append(If(targets, some, first, second))
        scope.known += targets

    def item(self, scope, depth):
        xs = self.pick(scope, STACK)
        get = lambda inner: [self.apply(inner, PRIMITIVES["list_get"], xs, Lit(0))]  # noqa: E731
        self.guarded(scope, xs, get, (self.pick(scope, VECTOR),))

    def pop(self, scope, depth):
        xs = self.pick(scope, self.rng.choice([STACK, STACK, NUMBERS]))

        def then(inner):
            e = self.apply(inner, PRIMITIVES["last"], xs)
            rest = self.apply(inner, PRIMITIVES["drop"], xs, name=xs.name)
            if isinstance(e.type, Array) and self.rng.random() < 0.4:
                e = self.apply(inner, HEAD, e, self.pick(scope, FLOAT))
            return [e, rest]

        self.guarded(scope, xs, then, (self.pick(scope, xs.type.element), xs))

    def set_item(self, scope, depth):
        xs, v = self.pick(scope, STACK), self.pick(scope, VECTOR)
        put = lambda inner: [self.apply(inner, PRIMITIVES["list_set"], xs, v, Lit(0))]  # noqa: E731
        self.guarded(scope, xs, put, (xs,))

    def types(self):
        return [
            self.rng.choice([VECTOR, VECTOR, VECTOR, STACK, FLOAT]) for _ in range(self.rng.randint(1, 3))
        ]

    def condition(self, scope):
        return self.apply(scope, LESS, self.pick(scope, FLOAT), 0.3)

    def branch(self, scope, depth):
        if not depth:
            return
        types, condition = self.types(), self.condition(scope)

        def region():
            inner = Scope(scope.known)
            self.body(inner, self.rng.randint(0, 4), depth - 1)
            return [self.pick(inner, type_) for type_ in types]

        then, orelse = self.builder.region(region), self.builder.region(region)
        targets = tuple(Var(self.named(t), t, self.rng.random() < 0.3) for t in types)
        self.builder.body.append(If(targets, condition, then, orelse))
        scope.known += targets

    def carried(self, scope):
        init = [self.pick(scope, type_) for type_ in self.types()]
        params = [Var(a.name if self.rng.random() < 0.7 else self.named(a.type), a.type) for a in init]
        return init, params, [Var(p.name, p.type) for p in params]

    def iteration(self, scope, params, depth, more=()):
        def build():
            inner = Scope([*scope.known, *params])
            self.body(inner, self.rng.randint(1, 5), depth - 1)
            results = [self.pick(inner, param.type) for param in params]
            if self.rng.random() < 0.3:
                # Swapped buffers.
                arrays = [k for k, param in enumerate(params) if param.type == VECTOR]
                moved = [results[k] for k in arrays[1:] + arrays[:1]]
                for k, result in zip(arrays, moved, strict=True):
                    results[k] = result
            return [*results, *(self.apply(inner, NEXT, k, name="k") for k in more)]

        return build

    def loop(self, scope, depth):
        if not depth:
            return
        init, params, targets = self.carried(scope)
        index = Var("i", INT)
        body = self.builder.region(self.iteration(scope, params, depth), (index, *params))
        stop = Lit(self.rng.randint(0, 3))
        loop = For(tuple(targets), Lit(0), stop, Lit(1), tuple(init), body, reverse=self.rng.random() < 0.3)
        self.builder.body.append(loop)
        scope.known += targets

    def repeat(self, scope, depth):
        if not depth:
            return
        init, params, targets = self.carried(scope)
        k, k_test, k_out = (Var("k", INT) for _ in range(3))
        tested = [Var(param.name, param.type) for param in params]
        stop = self.rng.randint(0, 3)

        def test():
            inner = Scope([*scope.known, *tested])
            if self.rng.random() < 0.3:
                self.store(inner, 0)
            return [self.apply(inner, LESS, k_test, stop)]

        condition = self.builder.region(test, (*tested, k_test))
        body = self.builder.region(self.iteration(scope, params, depth, more=(k,)), (*params, k))
        self.builder.body.append(While((*targets, k_out), (*init, Lit(0)), condition, body))
        scope.known += targets


def random_function(seed, size=14, depth=3) -> Function:
    """A function of two arrays and a number; its results are arrays, numbers and a list."""
    drawer = Drawer(seed, size, depth)
    params = (Var("u", VECTOR), Var("v", VECTOR), Var("a", FLOAT))
    scope = Scope(params)
    drawer.apply(scope, PRIMITIVES["new_list"], element=VECTOR, name="xs")
    drawer.apply(scope, PRIMITIVES["new_list"], element=FLOAT, name="ns")
    drawer.body(scope, drawer.rng.randint(size // 3, size), depth)
    types = [VECTOR, VECTOR, VECTOR, STACK, FLOAT]
    results = [drawer.pick(scope, type_) for type_ in types]
    current = drawer.builder.current
    return Function("f", params, drawer.builder.finish(), tuple(map(current, results)))
