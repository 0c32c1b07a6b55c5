"""Stencils in one, two and three dimensions: every step writes the inside of the grid in place.

Linear ones diffuse and end in a weighted sum: nothing of the way there is read on the way back. In the others
the steps and the objective are nonlinear.
"""

import numpy as np

from ..exemplars import burgers, burgers_by_hand
from ..workload import Goal, Workload
from . import stencil_loops as loops


def heat_1d(u, w, steps, c):
    for _ in range(steps):
        u[1:-1] += c * (u[2:] - 2 * u[1:-1] + u[:-2])
    return np.sum(w * u)


def heat_1d_by_hand(u, w, steps, c):
    u_bar = w.copy()
    for _ in range(steps):
        v_bar = c * u_bar[1:-1]
        u_bar[1:-1] -= 2 * v_bar
        u_bar[2:] += v_bar
        u_bar[:-2] += v_bar
    return u_bar


def heat_1d_change(u, c):
    return c * (u[2:] - 2 * u[1:-1] + u[:-2])


def burgers_1d_change(u, dt):
    return -dt * u[1:-1] * (u[2:] - u[:-2])


def heat_2d(u, w, steps, c):
    for _ in range(steps):
        u[1:-1, 1:-1] += c * (u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2] - 4 * u[1:-1, 1:-1])
    return np.sum(w * u)


def heat_2d_by_hand(u, w, steps, c):
    u_bar = w.copy()
    for _ in range(steps):
        v_bar = c * u_bar[1:-1, 1:-1]
        u_bar[1:-1, 1:-1] -= 4 * v_bar
        u_bar[2:, 1:-1] += v_bar
        u_bar[:-2, 1:-1] += v_bar
        u_bar[1:-1, 2:] += v_bar
        u_bar[1:-1, :-2] += v_bar
    return u_bar


def heat_2d_change(u, c):
    return c * (u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2] - 4 * u[1:-1, 1:-1])


def burgers_2d(u, steps, dt, nu):
    for _ in range(steps):
        slope = u[2:, 1:-1] - u[:-2, 1:-1] + u[1:-1, 2:] - u[1:-1, :-2]
        bend = u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2] - 4 * u[1:-1, 1:-1]
        u[1:-1, 1:-1] += dt * (nu * bend - u[1:-1, 1:-1] * slope)
    return np.sum(u * u)


def burgers_2d_by_hand(u, steps, dt, nu):
    """The overwritten inside is recorded."""
    u = u.copy()
    u_tape = []
    for _ in range(steps):
        u_tape.append(u[1:-1, 1:-1].copy())
        slope = u[2:, 1:-1] - u[:-2, 1:-1] + u[1:-1, 2:] - u[1:-1, :-2]
        bend = u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2] - 4 * u[1:-1, 1:-1]
        u[1:-1, 1:-1] += dt * (nu * bend - u[1:-1, 1:-1] * slope)
    u_bar = 2 * u
    for _ in range(steps):
        m = u[1:-1, 1:-1] = u_tape.pop()
        slope = u[2:, 1:-1] - u[:-2, 1:-1] + u[1:-1, 2:] - u[1:-1, :-2]
        v_bar = dt * u_bar[1:-1, 1:-1]
        bend_bar = nu * v_bar
        slope_bar = m * v_bar
        up, down = bend_bar - slope_bar, bend_bar + slope_bar
        u_bar[1:-1, 1:-1] -= v_bar * slope + 4 * bend_bar
        u_bar[2:, 1:-1] += up
        u_bar[:-2, 1:-1] += down
        u_bar[1:-1, 2:] += up
        u_bar[1:-1, :-2] += down
    return u_bar


def burgers_2d_change(u, dt, nu):
    slope = u[2:, 1:-1] - u[:-2, 1:-1] + u[1:-1, 2:] - u[1:-1, :-2]
    bend = u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2] - 4 * u[1:-1, 1:-1]
    return dt * (nu * bend - u[1:-1, 1:-1] * slope)


def heat_3d(u, w, steps, c):
    for _ in range(steps):
        u[1:-1, 1:-1, 1:-1] += c * (
            u[2:, 1:-1, 1:-1]
            + u[:-2, 1:-1, 1:-1]
            + u[1:-1, 2:, 1:-1]
            + u[1:-1, :-2, 1:-1]
            + u[1:-1, 1:-1, 2:]
            + u[1:-1, 1:-1, :-2]
            - 6 * u[1:-1, 1:-1, 1:-1]
        )
    return np.sum(w * u)


def heat_3d_by_hand(u, w, steps, c):
    u_bar = w.copy()
    for _ in range(steps):
        v_bar = c * u_bar[1:-1, 1:-1, 1:-1]
        u_bar[1:-1, 1:-1, 1:-1] -= 6 * v_bar
        u_bar[2:, 1:-1, 1:-1] += v_bar
        u_bar[:-2, 1:-1, 1:-1] += v_bar
        u_bar[1:-1, 2:, 1:-1] += v_bar
        u_bar[1:-1, :-2, 1:-1] += v_bar
        u_bar[1:-1, 1:-1, 2:] += v_bar
        u_bar[1:-1, 1:-1, :-2] += v_bar
    return u_bar


def around(u):
    """The sum of the six neighbours, inside."""
    return (
        u[2:, 1:-1, 1:-1]
        + u[:-2, 1:-1, 1:-1]
        + u[1:-1, 2:, 1:-1]
        + u[1:-1, :-2, 1:-1]
        + u[1:-1, 1:-1, 2:]
        + u[1:-1, 1:-1, :-2]
    )


def heat_3d_change(u, c):
    return c * (around(u) - 6 * u[1:-1, 1:-1, 1:-1])


def fisher_3d(u, steps, dt, nu):
    """Diffusion and logistic growth."""
    for _ in range(steps):
        m = u[1:-1, 1:-1, 1:-1]
        u[1:-1, 1:-1, 1:-1] = m + dt * (nu * (around(u) - 6 * m) + m * (1 - m))
    return np.sum(u * u)


def fisher_3d_by_hand(u, steps, dt, nu):
    """Only what grew is read on the way back, and only where it grew."""
    u = u.copy()
    m_tape = []
    for _ in range(steps):
        m = u[1:-1, 1:-1, 1:-1].copy()
        m_tape.append(m)
        u[1:-1, 1:-1, 1:-1] = m + dt * (nu * (around(u) - 6 * m) + m * (1 - m))
    u_bar = 2 * u
    for _ in range(steps):
        m = m_tape.pop()
        v_bar = u_bar[1:-1, 1:-1, 1:-1]
        r_bar = (dt * nu) * v_bar
        u_bar[1:-1, 1:-1, 1:-1] = v_bar * (1 - 6 * dt * nu + dt * (1 - 2 * m))
        u_bar[2:, 1:-1, 1:-1] += r_bar
        u_bar[:-2, 1:-1, 1:-1] += r_bar
        u_bar[1:-1, 2:, 1:-1] += r_bar
        u_bar[1:-1, :-2, 1:-1] += r_bar
        u_bar[1:-1, 1:-1, 2:] += r_bar
        u_bar[1:-1, 1:-1, :-2] += r_bar
    return u_bar


def fisher_3d_change(u, dt, nu):
    m = u[1:-1, 1:-1, 1:-1]
    return dt * (nu * (around(u) - 6 * m) + m * (1 - m))


def inside(u):
    return (slice(1, -1),) * u.ndim


def others(change, linear):
    """The programs of other libraries, from what a step adds inside; these write into no array."""

    def of_steps(run, total):
        def linear_program(u, w, steps, *parameters):
            return total(w * run(u, steps, parameters))

        def program(u, steps, *parameters):
            u = run(u, steps, parameters)
            return total(u * u)

        return linear_program if linear else program

    def in_jax():
        import jax
        import jax.numpy as jnp

        def run(u, steps, parameters):
            def step(u, _):
                return u.at[inside(u)].add(change(u, *parameters)), None

            return jax.lax.scan(step, u, length=steps)[0]

        return of_steps(run, jnp.sum)

    def in_autograd():
        import autograd.numpy as anp

        def run(u, steps, parameters):
            for _ in range(steps):
                u = u + anp.pad(change(u, *parameters), 1, "constant")
            return u

        return of_steps(run, anp.sum)

    def in_torch():
        import torch
        from torch.nn.functional import pad

        def run(u, steps, parameters):
            for _ in range(steps):
                u = u + pad(change(u, *parameters), (1, 1) * u.ndim)
            return u

        return of_steps(run, torch.sum)

    return {"jax": in_jax, "autograd": in_autograd, "torch": in_torch}


def grid(shape, *parameters, weights=False):
    """A rough field, weights for it where they are wanted, steps and coefficients."""
    rng = np.random.default_rng(0)
    fields = [rng.random(shape) for _ in range(2 if weights else 1)]
    return (*fields, *parameters)


GOALS = (Goal(2.2, "Numba primal"),)

WORKLOADS = [
    Workload(
        "1-D stencil, linear",
        heat_1d,
        loops.heat_1d,
        heat_1d_by_hand,
        loops.heat_1d_adjoint,
        {"N=1000, T=100": lambda: grid(1000, 100, 0.2, weights=True)},
        lambda: grid(7, 4, 0.2, weights=True),
        **others(heat_1d_change, linear=True),
        goals=GOALS,
    ),
    Workload(
        "1-D stencil, nonlinear",
        burgers,
        loops.burgers_1d,
        burgers_by_hand,
        loops.burgers_1d_adjoint,
        {"N=1000, T=100": lambda: grid(1000, 100, 0.01)},
        lambda: grid(7, 4, 0.1),
        **others(burgers_1d_change, linear=False),
        goals=GOALS,
    ),
    Workload(
        "2-D stencil, linear",
        heat_2d,
        loops.heat_2d,
        heat_2d_by_hand,
        loops.heat_2d_adjoint,
        {"N=200, T=20": lambda: grid((200, 200), 20, 0.1, weights=True)},
        lambda: grid((5, 6), 4, 0.1, weights=True),
        **others(heat_2d_change, linear=True),
        goals=GOALS,
    ),
    Workload(
        "2-D stencil, nonlinear",
        burgers_2d,
        loops.burgers_2d,
        burgers_2d_by_hand,
        loops.burgers_2d_adjoint,
        {"N=200, T=20": lambda: grid((200, 200), 20, 0.01, 0.5)},
        lambda: grid((5, 6), 4, 0.1, 0.5),
        **others(burgers_2d_change, linear=False),
        goals=GOALS,
    ),
    Workload(
        "3-D stencil, linear",
        heat_3d,
        loops.heat_3d,
        heat_3d_by_hand,
        loops.heat_3d_adjoint,
        {"N=40, T=10": lambda: grid((40, 40, 40), 10, 0.1, weights=True)},
        lambda: grid((4, 5, 6), 4, 0.1, weights=True),
        **others(heat_3d_change, linear=True),
        goals=GOALS,
    ),
    Workload(
        "3-D stencil, nonlinear",
        fisher_3d,
        loops.fisher_3d,
        fisher_3d_by_hand,
        loops.fisher_3d_adjoint,
        {"N=40, T=10": lambda: grid((40, 40, 40), 10, 0.1, 0.5)},
        lambda: grid((4, 5, 6), 4, 0.1, 0.5),
        **others(fisher_3d_change, linear=False),
        goals=GOALS,
    ),
]
