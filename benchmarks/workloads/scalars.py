"""Programs of a few scalars: a loss, a pair of functions, a recurrence with a branch, a long product."""

import math
from math import cos, exp, log

import numpy as np

from ..exemplars import loss, loss_by_hand, pair, walk, walk_by_hand
from ..workload import Goal, Workload, compiled, everywhere


def loss_in_casadi():
    import casadi as ca

    x = ca.SX.sym("x")
    return ca.Function("loss_gradient", [x], [ca.gradient(-5 * x**2 * ca.log(x**2), x)])


@compiled
def loss_by_hand_loops(x):
    a = x * x
    b = 5 * a
    return (-5 * log(a) - b / a) * (2 * x)


def loss_anywhere(x):
    a = x**2
    return -(5 * a) * np.log(a)


def pair_by_hand(x1, x2):
    e = exp(x1 - x2)
    return (x2 + cos(x1), x1), (e, -e)


def pair_anywhere(x1, x2):
    return x1 * x2 + np.sin(x1), np.exp(x1 - x2)


def pair_in_casadi():
    import casadi as ca

    x1, x2 = ca.SX.sym("x1"), ca.SX.sym("x2")
    y = ca.vertcat(x1 * x2 + ca.sin(x1), ca.exp(x1 - x2))
    return ca.Function("pair_jacobian", [x1, x2], [ca.jacobian(y, ca.vertcat(x1, x2))])


@compiled
def walk_by_hand_loops(x, n):
    x_tape = np.empty(n)
    for k in range(n):
        x_tape[k] = x
        if x > 0.5:
            x = 3.7 * x * (1 - x)
        else:
            x = math.sin(x) + 0.3
    x_bar = 0.0
    for k in range(n):
        x_bar += 2 * x
        x = x_tape[n - 1 - k]
        if x > 0.5:
            x_bar *= 3.7 * (1 - 2 * x)
        else:
            x_bar *= math.cos(x)
    return x_bar


def walk_in_jax():
    import jax
    import jax.numpy as jnp

    def step(carry, _):
        x, s = carry
        x = jnp.where(x > 0.5, 3.7 * x * (1 - x), jnp.sin(x) + 0.3)
        return (x, s + x * x), None

    def program(x, n):
        return jax.lax.scan(step, (x, 0.0), length=n)[0][1]

    return program


def walk_in_autograd():
    import autograd.numpy as anp

    def program(x, n):
        s = 0.0
        for _ in range(n):
            x = 3.7 * x * (1 - x) if x > 0.5 else anp.sin(x) + 0.3
            s = s + x * x
        return s

    return program


def walk_in_torch():
    import torch

    def program(x, n):
        s = 0.0
        for _ in range(n):
            x = 3.7 * x * (1 - x) if x > 0.5 else torch.sin(x) + 0.3
            s = s + x * x
        return s

    return program


def walk_in_casadi():
    import casadi as ca

    x, s = ca.SX.sym("x"), ca.SX.sym("s")
    there = ca.if_else(x > 0.5, 3.7 * x * (1 - x), ca.sin(x) + 0.3)
    step = ca.Function("step", [ca.vertcat(x, s)], [ca.vertcat(there, s + there**2)])
    compiled_for = {}

    def derivative(x, n):
        if n not in compiled_for:
            start = ca.MX.sym("start")
            end = step.fold(n)(ca.vertcat(start, 0))[1]
            compiled_for[n] = ca.Function("walk_gradient", [start], [ca.gradient(end, start)])
        return compiled_for[n](x)

    return derivative


def product(x):
    p = 1.0
    for i in range(len(x)):
        p = p * x[i]
    return p


def product_by_hand(x):
    """Products of what comes before on the way there, of what comes after on the way back."""
    p_tape = []
    p = 1.0
    factors = x.tolist()
    for factor in factors:
        p_tape.append(p)
        p = p * factor
    x_bar = np.empty(len(x))
    p_bar = 1.0
    for i in reversed(range(len(x))):
        x_bar[i] = p_bar * p_tape[i]
        p_bar = p_bar * factors[i]
    return x_bar


@compiled
def product_by_hand_loops(x):
    n = x.shape[0]
    x_bar = np.empty(n)
    p = 1.0
    for i in range(n):
        x_bar[i] = p
        p *= x[i]
    p_bar = 1.0
    for k in range(n):
        i = n - 1 - k
        x_bar[i] *= p_bar
        p_bar *= x[i]
    return x_bar


def product_anywhere(x):
    return np.prod(x)


def product_in_casadi():
    import casadi as ca

    compiled_for = {}

    def derivative(x):
        n = len(x)
        if n not in compiled_for:
            symbols = ca.SX.sym("x", n)
            p = 1
            for i in range(n):
                p = p * symbols[i]
            compiled_for[n] = ca.Function("product_gradient", [symbols], [ca.gradient(p, symbols)])
        return compiled_for[n](x)

    return derivative


def factors(n):
    """Factors around one: their product neither vanishes nor overflows."""
    return (np.exp(np.random.default_rng(0).normal(0, 0.1, n)),)


WORKLOADS = [
    Workload(
        "scalar loss",
        loss,
        compiled(loss),
        loss_by_hand,
        loss_by_hand_loops,
        {"": lambda: (1.7,)},
        lambda: (1.7,),
        **everywhere(loss_anywhere),
        casadi=loss_in_casadi,
        steps=False,
        goals=(Goal(1.5, "by hand, Numba"),),
    ),
    Workload(
        "2-by-2 Jacobian",
        pair,
        compiled(pair),
        pair_by_hand,
        compiled(pair_by_hand),
        {"": lambda: (0.4, -0.7)},
        lambda: (0.4, -0.7),
        argnums=(0, 1),
        kind="jacobian",
        **everywhere(pair_anywhere),
        casadi=pair_in_casadi,
        steps=False,
    ),
    Workload(
        "recurrence with a branch",
        walk,
        compiled(walk),
        walk_by_hand,
        walk_by_hand_loops,
        {"n=1000": lambda: (0.3, 1000)},
        lambda: (0.3, 5),
        jax=walk_in_jax,
        autograd=walk_in_autograd,
        torch=walk_in_torch,
        casadi=walk_in_casadi,
        goals=(Goal(2.5, "Numba primal"),),
    ),
    Workload(
        "Speelpenning product",
        product,
        compiled(product),
        product_by_hand,
        product_by_hand_loops,
        {"n=1000": lambda: factors(1000), "n=10000": lambda: factors(10_000)},
        lambda: factors(6),
        **everywhere(product_anywhere),
        casadi=product_in_casadi,
        goals=(Goal(2.5, "Numba primal"),),
    ),
]
