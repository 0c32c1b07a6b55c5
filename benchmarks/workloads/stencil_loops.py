"""The stencils for Numba: two grids that change places, and adjoints that write each element once.

An adjoint is held as v, zero on the border, and the border, zero inside: no step reads the adjoint of the
border, so what is gathered inside needs no test for it. Their sum is the adjoint. Steps are functions of
their own: beside other reads of the same array LLVM does not vectorise their loops.
"""

import numpy as np

from ..workload import compiled


@compiled
def weighted(u, w):
    """The sum of w * u."""
    total, flat, weights = 0.0, u.ravel(), w.ravel()
    for i in range(flat.shape[0]):
        total += weights[i] * flat[i]
    return total


@compiled
def squares(u):
    total, flat = 0.0, u.ravel()
    for i in range(flat.shape[0]):
        total += flat[i] * flat[i]
    return total


@compiled
def put(target, values):
    """Copy: an assignment of whole arrays takes seconds to compile."""
    target, values = target.ravel(), values.ravel()
    for i in range(target.shape[0]):
        target[i] = values[i]


@compiled
def double(u):
    result = np.empty_like(u)
    flat, values = result.ravel(), u.ravel()
    for i in range(flat.shape[0]):
        flat[i] = 2 * values[i]
    return result


@compiled
def add(target, values):
    target, values = target.ravel(), values.ravel()
    for i in range(target.shape[0]):
        target[i] += values[i]


@compiled
def heat_1d_step(old, new, c):
    """A symmetric step: it is its own adjoint, inside."""
    for k in range(old.shape[0] - 2):
        new[k + 1] = old[k + 1] + c * (old[k + 2] - 2 * old[k + 1] + old[k])


@compiled
def heat_1d(u, w, steps, c):
    old, new = u.copy(), u.copy()
    for _ in range(steps):
        heat_1d_step(old, new, c)
        old, new = new, old
    return weighted(old, w)


@compiled
def heat_1d_adjoint(u, w, steps, c):
    n = u.shape[0]
    v, new, left, right = w.copy(), np.zeros(n), w[0], w[n - 1]
    v[0] = v[n - 1] = 0.0
    for _ in range(steps):
        left += c * v[1]
        right += c * v[n - 2]
        heat_1d_step(v, new, c)
        v, new = new, v
    v[0], v[n - 1] = left, right
    return v


@compiled
def burgers_1d_step(old, new, dt):
    for k in range(old.shape[0] - 2):
        new[k + 1] = old[k + 1] - dt * old[k + 1] * (old[k + 2] - old[k])


@compiled
def burgers_1d(u, steps, dt):
    old, new = u.copy(), u.copy()
    for _ in range(steps):
        burgers_1d_step(old, new, dt)
        old, new = new, old
    return squares(old)


@compiled
def burgers_1d_gather(v, new, u, dt):
    for k in range(v.shape[0] - 2):
        here = v[k + 1] * (1 - dt * (u[k + 2] - u[k]))
        new[k + 1] = here + dt * (u[k + 2] * v[k + 2] - u[k] * v[k])


@compiled
def burgers_1d_adjoint(u, steps, dt):
    n = u.shape[0]
    tape = np.empty((steps + 1, n))
    put(tape[0], u)
    for t in range(steps):
        old, new = tape[t], tape[t + 1]
        new[0], new[n - 1] = old[0], old[n - 1]
        burgers_1d_step(old, new, dt)
    v, new = double(tape[steps]), np.zeros(n)
    left, right = v[0], v[n - 1]
    v[0] = v[n - 1] = 0.0
    for t in range(steps - 1, -1, -1):
        old = tape[t]
        left += dt * old[1] * v[1]
        right -= dt * old[n - 2] * v[n - 2]
        burgers_1d_gather(v, new, old, dt)
        v, new = new, v
    v[0], v[n - 1] = left, right
    return v


@compiled
def heat_2d_step(old, new, c):
    """A symmetric step: it is its own adjoint, inside."""
    n, m = old.shape
    for i in range(1, n - 1):
        for k in range(m - 2):
            new[i, k + 1] = old[i, k + 1] + c * (
                old[i + 1, k + 1] + old[i - 1, k + 1] + old[i, k + 2] + old[i, k] - 4 * old[i, k + 1]
            )


@compiled
def heat_2d(u, w, steps, c):
    old, new = u.copy(), u.copy()
    for _ in range(steps):
        heat_2d_step(old, new, c)
        old, new = new, old
    return weighted(old, w)


@compiled
def split_2d(u_bar):
    """Inside and border of an adjoint."""
    n, m = u_bar.shape
    v, border = np.zeros((n, m)), u_bar.copy()
    for i in range(1, n - 1):
        for j in range(1, m - 1):
            v[i, j] = u_bar[i, j]
            border[i, j] = 0.0
    return v, border


@compiled
def heat_2d_to_border(border, v, c):
    n, m = v.shape
    for j in range(1, m - 1):
        border[0, j] += c * v[1, j]
        border[n - 1, j] += c * v[n - 2, j]
    for i in range(1, n - 1):
        border[i, 0] += c * v[i, 1]
        border[i, m - 1] += c * v[i, m - 2]


@compiled
def heat_2d_adjoint(u, w, steps, c):
    v, border = split_2d(w)
    new = np.zeros(u.shape)
    for _ in range(steps):
        heat_2d_to_border(border, v, c)
        heat_2d_step(v, new, c)
        v, new = new, v
    add(v, border)
    return v


@compiled
def burgers_2d_step(old, new, dt, nu):
    n, m = old.shape
    for i in range(1, n - 1):
        for k in range(m - 2):
            north, south, east, west = old[i + 1, k + 1], old[i - 1, k + 1], old[i, k + 2], old[i, k]
            here = old[i, k + 1]
            bend = north + south + east + west - 4 * here
            new[i, k + 1] = here + dt * (nu * bend - here * (north - south + east - west))


@compiled
def burgers_2d(u, steps, dt, nu):
    old, new = u.copy(), u.copy()
    for _ in range(steps):
        burgers_2d_step(old, new, dt, nu)
        old, new = new, old
    return squares(old)


@compiled
def copy_border_2d(old, new):
    n, m = old.shape
    for j in range(m):
        new[0, j], new[n - 1, j] = old[0, j], old[n - 1, j]
    for i in range(1, n - 1):
        new[i, 0], new[i, m - 1] = old[i, 0], old[i, m - 1]


@compiled
def burgers_2d_to_border(border, v, u, dt, nu):
    n, m = v.shape
    for j in range(1, m - 1):
        border[0, j] += dt * (nu + u[1, j]) * v[1, j]
        border[n - 1, j] += dt * (nu - u[n - 2, j]) * v[n - 2, j]
    for i in range(1, n - 1):
        border[i, 0] += dt * (nu + u[i, 1]) * v[i, 1]
        border[i, m - 1] += dt * (nu - u[i, m - 2]) * v[i, m - 2]


@compiled
def burgers_2d_gather(v, new, u, dt, nu):
    n, m = v.shape
    for i in range(1, n - 1):
        for k in range(m - 2):
            north, south, east, west = u[i + 1, k + 1], u[i - 1, k + 1], u[i, k + 2], u[i, k]
            from_south, from_north = (nu - south) * v[i - 1, k + 1], (nu + north) * v[i + 1, k + 1]
            from_west, from_east = (nu - west) * v[i, k], (nu + east) * v[i, k + 2]
            here = v[i, k + 1] * (1 - dt * (4 * nu + north - south + east - west))
            new[i, k + 1] = here + dt * (from_south + from_north + from_west + from_east)


@compiled
def burgers_2d_adjoint(u, steps, dt, nu):
    n, m = u.shape
    tape = np.empty((steps + 1, n, m))
    put(tape[0], u)
    for t in range(steps):
        copy_border_2d(tape[t], tape[t + 1])
        burgers_2d_step(tape[t], tape[t + 1], dt, nu)
    v, border = split_2d(double(tape[steps]))
    new = np.zeros((n, m))
    for t in range(steps - 1, -1, -1):
        burgers_2d_to_border(border, v, tape[t], dt, nu)
        burgers_2d_gather(v, new, tape[t], dt, nu)
        v, new = new, v
    add(v, border)
    return v


@compiled
def neighbours(a, i, j, k):
    """The sum of the six neighbours of a[i, j, k + 1]."""
    return (
        a[i + 1, j, k + 1]
        + a[i - 1, j, k + 1]
        + a[i, j + 1, k + 1]
        + a[i, j - 1, k + 1]
        + a[i, j, k + 2]
        + a[i, j, k]
    )


@compiled
def heat_3d_step(old, new, c):
    """A symmetric step: it is its own adjoint, inside."""
    n, m, p = old.shape
    for i in range(1, n - 1):
        for j in range(1, m - 1):
            for k in range(p - 2):
                here = old[i, j, k + 1]
                new[i, j, k + 1] = here + c * (neighbours(old, i, j, k) - 6 * here)


@compiled
def heat_3d(u, w, steps, c):
    old, new = u.copy(), u.copy()
    for _ in range(steps):
        heat_3d_step(old, new, c)
        old, new = new, old
    return weighted(old, w)


@compiled
def split_3d(u_bar):
    """Inside and border of an adjoint."""
    n, m, p = u_bar.shape
    v, border = np.zeros((n, m, p)), u_bar.copy()
    for i in range(1, n - 1):
        for j in range(1, m - 1):
            for k in range(1, p - 1):
                v[i, j, k] = u_bar[i, j, k]
                border[i, j, k] = 0.0
    return v, border


@compiled
def to_border_3d(border, v, c):
    """What the six sides get from their neighbours inside."""
    n, m, p = v.shape
    for j in range(1, m - 1):
        for k in range(1, p - 1):
            border[0, j, k] += c * v[1, j, k]
            border[n - 1, j, k] += c * v[n - 2, j, k]
    for i in range(1, n - 1):
        for k in range(1, p - 1):
            border[i, 0, k] += c * v[i, 1, k]
            border[i, m - 1, k] += c * v[i, m - 2, k]
        for j in range(1, m - 1):
            border[i, j, 0] += c * v[i, j, 1]
            border[i, j, p - 1] += c * v[i, j, p - 2]


@compiled
def heat_3d_adjoint(u, w, steps, c):
    v, border = split_3d(w)
    new = np.zeros(u.shape)
    for _ in range(steps):
        to_border_3d(border, v, c)
        heat_3d_step(v, new, c)
        v, new = new, v
    add(v, border)
    return v


@compiled
def fisher_3d_step(old, new, dt, nu):
    n, m, p = old.shape
    for i in range(1, n - 1):
        for j in range(1, m - 1):
            for k in range(p - 2):
                here = old[i, j, k + 1]
                bend = neighbours(old, i, j, k) - 6 * here
                new[i, j, k + 1] = here + dt * (nu * bend + here * (1 - here))


@compiled
def fisher_3d(u, steps, dt, nu):
    old, new = u.copy(), u.copy()
    for _ in range(steps):
        fisher_3d_step(old, new, dt, nu)
        old, new = new, old
    return squares(old)


@compiled
def copy_border_3d(old, new):
    n, m, p = old.shape
    for j in range(m):
        for k in range(p):
            new[0, j, k], new[n - 1, j, k] = old[0, j, k], old[n - 1, j, k]
    for i in range(1, n - 1):
        for k in range(p):
            new[i, 0, k], new[i, m - 1, k] = old[i, 0, k], old[i, m - 1, k]
        for j in range(1, m - 1):
            new[i, j, 0], new[i, j, p - 1] = old[i, j, 0], old[i, j, p - 1]


@compiled
def fisher_3d_gather(v, new, u, dt, c):
    n, m, p = v.shape
    for i in range(1, n - 1):
        for j in range(1, m - 1):
            for k in range(p - 2):
                here = v[i, j, k + 1] * (1 - 6 * c + dt * (1 - 2 * u[i, j, k + 1]))
                new[i, j, k + 1] = here + c * neighbours(v, i, j, k)


@compiled
def fisher_3d_adjoint(u, steps, dt, nu):
    n, m, p = u.shape
    tape = np.empty((steps + 1, n, m, p))
    put(tape[0], u)
    for t in range(steps):
        copy_border_3d(tape[t], tape[t + 1])
        fisher_3d_step(tape[t], tape[t + 1], dt, nu)
    v, border = split_3d(double(tape[steps]))
    new = np.zeros((n, m, p))
    for t in range(steps - 1, -1, -1):
        to_border_3d(border, v, dt * nu)
        fisher_3d_gather(v, new, tape[t], dt, dt * nu)
        v, new = new, v
    add(v, border)
    return v
