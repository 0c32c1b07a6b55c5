"""Rosenbrock's function as a loop and as slices: its gradient, and its Hessian times a vector."""

import numpy as np

from ..workload import Goal, Workload, compiled, everywhere


def of_loop(x):
    total = 0.0
    for i in range(len(x) - 1):
        total += 100 * (x[i + 1] - x[i] ** 2) ** 2 + (1 - x[i]) ** 2
    return total


def of_slices(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def loop_gradient(x):
    x_bar = np.zeros(len(x))
    for i in range(len(x) - 1):
        d_bar = 200 * (x[i + 1] - x[i] ** 2)
        x_bar[i + 1] += d_bar
        x_bar[i] -= d_bar * 2 * x[i] + 2 * (1 - x[i])
    return x_bar


def slices_gradient(x):
    a = x[:-1]
    d_bar = 200 * (x[1:] - a**2)
    x_bar = np.empty(x.shape)
    x_bar[:-1] = -2 * (d_bar * a + (1 - a))
    x_bar[-1] = 0
    x_bar[1:] += d_bar
    return x_bar


@compiled
def gradient_loops(x):
    """Each element is written once: what the term before gave it is carried along."""
    n = x.shape[0]
    x_bar = np.empty(n)
    before = 0.0
    for i in range(n - 1):
        d_bar = 200 * (x[i + 1] - x[i] * x[i])
        x_bar[i] = before - 2 * (d_bar * x[i] + 1 - x[i])
        before = d_bar
    x_bar[n - 1] = before
    return x_bar


def loop_hvp(x, v):
    product = np.zeros(len(x))
    for i in range(len(x) - 1):
        d = x[i + 1] - x[i] ** 2
        d_dot = v[i + 1] - 2 * x[i] * v[i]
        product[i + 1] += 200 * d_dot
        product[i] -= 400 * (d_dot * x[i] + d * v[i]) - 2 * v[i]
    return product


def slices_hvp(x, v):
    a, a_dot = x[:-1], v[:-1]
    d_dot = v[1:] - 2 * a * a_dot
    product = np.empty(x.shape)
    product[:-1] = 2 * a_dot - 400 * (d_dot * a + (x[1:] - a**2) * a_dot)
    product[-1] = 0
    product[1:] += 200 * d_dot
    return product


@compiled
def hvp_loops(x, v):
    n = x.shape[0]
    product = np.empty(n)
    before = 0.0
    for i in range(n - 1):
        d = x[i + 1] - x[i] * x[i]
        d_dot = v[i + 1] - 2 * x[i] * v[i]
        product[i] = before + 2 * v[i] - 400 * (d_dot * x[i] + d * v[i])
        before = 200 * d_dot
    product[n - 1] = before
    return product


def in_casadi():
    import casadi as ca

    return by_length(lambda x, f: ca.Function("gradient", [x], [ca.gradient(f, x)]))


def hvp_in_casadi():
    import casadi as ca

    def product(x, f):
        v = ca.SX.sym("v", x.shape[0])
        return ca.Function("hvp", [x, v], [ca.jtimes(ca.gradient(f, x), x, v)])

    return by_length(product)


def by_length(make):
    """The derivative that `make` makes of symbols and the function of them, once for each length."""
    import casadi as ca

    made = {}

    def derivative(x, *vectors):
        n = len(x)
        if n not in made:
            symbols = ca.SX.sym("x", n)
            a, b = symbols[:-1], symbols[1:]
            made[n] = make(symbols, ca.sum1(100 * (b - a**2) ** 2 + (1 - a) ** 2))
        return made[n](x, *vectors)

    return derivative


def point(n, vectors=0):
    rng = np.random.default_rng(0)
    return tuple(rng.uniform(-1, 2, n) for _ in range(1 + vectors))


GRADIENT, PRODUCT = (Goal(2, "Numba primal"),), (Goal(2.5, "Numba primal"),)

WORKLOADS = [
    Workload(
        "Rosenbrock as a loop, gradient",
        of_loop,
        compiled(of_loop),
        loop_gradient,
        gradient_loops,
        {"n=1000": lambda: point(1000)},
        lambda: point(5),
        **everywhere(of_slices),
        casadi=in_casadi,
        goals=GRADIENT,
    ),
    Workload(
        "Rosenbrock as slices, gradient",
        of_slices,
        compiled(of_loop),
        slices_gradient,
        gradient_loops,
        {"n=1000": lambda: point(1000)},
        lambda: point(5),
        **everywhere(of_slices),
        casadi=in_casadi,
        steps=False,
        goals=GRADIENT,
    ),
    Workload(
        "Rosenbrock as a loop, Hessian times vector",
        of_loop,
        compiled(of_loop),
        loop_hvp,
        hvp_loops,
        {"n=1000": lambda: point(1000, 1)},
        lambda: point(5, 1),
        kind="hvp",
        **everywhere(of_slices),
        casadi=hvp_in_casadi,
        goals=PRODUCT,
    ),
    Workload(
        "Rosenbrock as slices, Hessian times vector",
        of_slices,
        compiled(of_loop),
        slices_hvp,
        hvp_loops,
        {"n=1000": lambda: point(1000, 1)},
        lambda: point(5, 1),
        kind="hvp",
        **everywhere(of_slices),
        casadi=hvp_in_casadi,
        steps=False,
        goals=PRODUCT,
    ),
]
