"""Two objectives of the AD benchmark of Srajer, Kukelova and Fitzgibbon (2018), from their formulas.

The log-likelihood of a Gaussian mixture with a Wishart prior; the weighted reprojection residuals of a bundle
adjustment. The third one, the LSTM, is among the recurrent networks.
"""

import math

import numpy as np

from ..workload import Goal, Workload, in_autograd, rebound
from . import published_loops as loops


def mixture(alphas, means, factors, X, gamma, m, constant):
    """Component k has the log weight alphas[k], up to a constant for all, the mean means[k], and the inverse
    covariance Q.T @ Q: factors[k] holds the logarithms of Q's diagonal, then what is below it, by columns.
    gamma, m: the parameters of the prior; constant: the logarithms that do not depend on these.
    """
    (n, d), count = X.shape, len(alphas)
    terms = np.empty((n, count))
    prior = 0.0
    for k in range(count):
        q = np.exp(factors[k, :d])
        Q = np.diag(q)
        start = d
        for j in range(d - 1):
            Q[j + 1 :, j] = factors[k, start : start + d - 1 - j]
            start += d - 1 - j
        Z = (X - means[k]) @ Q.T
        total = np.sum(factors[k, :d])
        terms[:, k] = alphas[k] + total - 0.5 * np.sum(Z * Z, axis=1)
        prior += 0.5 * gamma**2 * (q @ q + np.sum(factors[k, d:] ** 2)) - m * total
    top = np.max(terms, axis=1)
    likelihood = np.sum(top + np.log(np.sum(np.exp(terms - top[:, None]), axis=1)))
    return constant + likelihood - n * np.log(np.sum(np.exp(alphas))) + prior


def mixture_by_hand(alphas, means, factors, X, gamma, m, constant):
    (n, d), count = X.shape, len(alphas)
    columns, rows = np.triu_indices(d, 1)
    terms, tape = np.empty((n, count)), []
    for k in range(count):
        q = np.exp(factors[k, :d])
        Q = np.diag(q)
        Q[rows, columns] = factors[k, d:]
        D = X - means[k]
        Z = D @ Q.T
        terms[:, k] = alphas[k] + factors[k, :d].sum() - 0.5 * np.sum(Z * Z, axis=1)
        tape.append((q, Q, D, Z))
    # The adjoints of the terms are the shares of the components.
    share = np.exp(terms - terms.max(axis=1)[:, None])
    share /= share.sum(axis=1)[:, None]
    alphas_bar = share.sum(axis=0)
    means_bar, factors_bar = np.empty(means.shape), np.empty(factors.shape)
    for k in reversed(range(count)):
        q, Q, D, Z = tape.pop()
        Z_bar = -share[:, k, None] * Z
        Q_bar = Z_bar.T @ D
        means_bar[k] = -Z_bar.sum(axis=0) @ Q
        factors_bar[k, :d] = (Q_bar.diagonal() + gamma**2 * q) * q + (alphas_bar[k] - m)
        factors_bar[k, d:] = Q_bar[rows, columns] + gamma**2 * factors[k, d:]
    e = np.exp(alphas)
    return alphas_bar - n / e.sum() * e, means_bar, factors_bar


def mixture_with(np, logsumexp):
    """For libraries that write into no array: what is below the diagonal gets there by a product."""

    def program(alphas, means, factors, X, gamma, m, constant):
        (n, d), count = X.shape, len(alphas)
        logs, below = factors[:, :d], factors[:, d:]
        place = np.asarray(placement(d))
        Q = (below @ place).reshape(count, d, d) + np.exp(logs)[:, :, None] * np.eye(d, dtype=X.dtype)
        Z = np.einsum("kab,nkb->nka", Q, X[:, None] - means)
        total = np.sum(logs, 1)
        terms = alphas + total - 0.5 * np.sum(Z * Z, 2)
        prior = 0.5 * gamma**2 * (np.sum(np.exp(logs) ** 2) + np.sum(below**2)) - m * np.sum(total)
        return constant + np.sum(logsumexp(terms, 1)) - n * logsumexp(alphas, 0) + prior

    return program


def placement(d):
    """The matrix that takes the numbers below the diagonal to their places in a flat d by d matrix."""
    columns, rows = np.triu_indices(d, 1)
    place = np.zeros((len(rows), d * d))
    place[np.arange(len(rows)), rows * d + columns] = 1
    return place


def mixture_in_jax():
    import jax.numpy as jnp
    from jax.scipy.special import logsumexp

    return mixture_with(jnp, logsumexp)


def mixture_in_autograd():
    import autograd.numpy as anp
    from autograd.scipy.special import logsumexp

    return mixture_with(anp, logsumexp)


def mixture_in_torch():
    import torch

    return mixture_with(torch, torch.logsumexp)


def cross(a, b):
    """The cross products of rows."""
    return np.stack(
        (
            a[:, 1] * b[:, 2] - a[:, 2] * b[:, 1],
            a[:, 2] * b[:, 0] - a[:, 0] * b[:, 2],
            a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0],
        ),
        axis=1,
    )


def residuals(cameras, points, weights, camera, point, seen):
    """How far observation i of point[i] by camera[i] is from where it was seen, times its weight.

    A camera: rotation vector, centre, focal length, principal point, two radial distortions.
    """
    c = cameras[camera]
    r = c[:, :3]
    angle = np.sqrt(np.sum(r * r, axis=1))[:, None]
    axis = r / angle
    cos, sin = np.cos(angle), np.sin(angle)
    x = points[point] - c[:, 3:6]
    along = np.sum(axis * x, axis=1)[:, None]
    turned = x * cos + cross(axis, x) * sin + axis * (along * (1 - cos))
    p = turned[:, :2] / turned[:, 2:]
    square = np.sum(p * p, axis=1)[:, None]
    distorted = p * (1 + c[:, 9:10] * square + c[:, 10:11] * square**2)
    return weights[:, None] * (c[:, 6:7] * distorted + c[:, 7:9] - seen)


def residuals_by_hand(cameras, points, weights, camera, point, seen, e_bar):
    c = cameras[camera]
    r = c[:, :3]
    angle = np.sqrt(np.sum(r * r, axis=1))[:, None]
    axis = r / angle
    cos, sin = np.cos(angle), np.sin(angle)
    x = points[point] - c[:, 3:6]
    along = np.sum(axis * x, axis=1)[:, None]
    normal = cross(axis, x)
    turned = x * cos + normal * sin + axis * (along * (1 - cos))
    z = turned[:, 2:]
    p = turned[:, :2] / z
    square = np.sum(p * p, axis=1)[:, None]
    factor = 1 + c[:, 9:10] * square + c[:, 10:11] * square**2
    distorted = p * factor

    weights_bar = np.sum(e_bar * (c[:, 6:7] * distorted + c[:, 7:9] - seen), axis=1)
    c_bar = np.empty(c.shape)
    u_bar = weights[:, None] * e_bar
    c_bar[:, 7:9] = u_bar
    c_bar[:, 6] = np.sum(u_bar * distorted, axis=1)
    distorted_bar = u_bar * c[:, 6:7]
    factor_bar = np.sum(distorted_bar * p, axis=1)[:, None]
    c_bar[:, 9:10] = factor_bar * square
    c_bar[:, 10:11] = factor_bar * square**2
    square_bar = factor_bar * (c[:, 9:10] + 2 * c[:, 10:11] * square)
    p_bar = distorted_bar * factor + 2 * square_bar * p
    turned_bar = np.empty(turned.shape)
    turned_bar[:, :2] = p_bar / z
    turned_bar[:, 2] = -np.sum(turned_bar[:, :2] * p, axis=1)
    lift = np.sum(turned_bar * axis, axis=1)[:, None]
    along_bar = (1 - cos) * lift
    cos_bar = np.sum(turned_bar * x, axis=1)[:, None] - along * lift
    sin_bar = np.sum(turned_bar * normal, axis=1)[:, None]
    normal_bar = sin * turned_bar
    axis_bar = cross(x, normal_bar) + turned_bar * (along * (1 - cos)) + x * along_bar
    x_bar = cos * turned_bar + cross(normal_bar, axis) + axis * along_bar
    angle_bar = cos * sin_bar - sin * cos_bar - np.sum(axis_bar * axis, axis=1)[:, None] / angle
    c_bar[:, :3] = axis_bar / angle + angle_bar * axis
    c_bar[:, 3:6] = -x_bar
    return added_up(c_bar, camera, len(cameras)), added_up(x_bar, point, len(points)), weights_bar


def added_up(rows, index, count):
    """The sum of the rows with each index: by column, as np.add.at takes four times as long over rows."""
    return np.stack([np.bincount(index, column, count) for column in rows.T], axis=1)


def residuals_in_jax():
    import jax.numpy as jnp

    return rebound(residuals, np=jnp, cross=jnp.cross)


def residuals_in_torch():
    import torch

    return rebound(residuals, np=torch, cross=torch.linalg.cross)


def mixture_data(d, count, n):
    rng = np.random.default_rng(0)
    alphas, means = rng.standard_normal(count), rng.random((count, d))
    factors, X = rng.normal(0, 0.5, (count, d * (d + 1) // 2)), rng.random((n, d))
    gamma, m = 1.0, 0
    freedom = d + m + 1
    logs = 0.25 * d * (d - 1) * math.log(math.pi)
    logs += sum(math.lgamma(0.5 * (freedom + 1 - j)) for j in range(1, d + 1))
    prior = count * (freedom * d * (math.log(gamma) - 0.5 * math.log(2)) - logs)
    return alphas, means, factors, X, gamma, m, -0.5 * n * d * math.log(2 * math.pi) - prior


def bundle_data(cameras, points, observations):
    """Points in a box before cameras that look their way."""
    rng = np.random.default_rng(0)
    turn, centre = rng.normal(0, 0.1, (cameras, 3)), rng.normal(0, 0.5, (cameras, 3))
    lens = np.column_stack([rng.uniform(0.9, 1.1, cameras), rng.normal(0, 0.01, (cameras, 4))])
    where = rng.uniform(-1, 1, (points, 3)) + [0, 0, 5]
    camera, point = rng.integers(0, cameras, observations), rng.integers(0, points, observations)
    seen, seed = rng.normal(0, 0.2, (observations, 2)), rng.standard_normal((observations, 2))
    weights = rng.uniform(0.5, 1, observations)
    return np.column_stack([turn, centre, lens]), where, weights, camera, point, seen, seed


WORKLOADS = [
    Workload(
        "Gaussian mixture",
        mixture,
        loops.mixture,
        mixture_by_hand,
        loops.mixture_adjoint,
        {"d=10, K=25, N=1000": lambda: mixture_data(10, 25, 1000)},
        lambda: mixture_data(3, 2, 5),
        argnums=(0, 1, 2),
        jax=mixture_in_jax,
        autograd=mixture_in_autograd,
        torch=mixture_in_torch,
        steps=False,
        goals=(Goal(1.1, "by hand, NumPy"),),
    ),
    Workload(
        "bundle adjustment",
        residuals,
        loops.residuals,
        residuals_by_hand,
        loops.residuals_adjoint,
        {"10000 observations": lambda: bundle_data(50, 2000, 10_000)},
        lambda: bundle_data(2, 4, 7),
        argnums=(0, 1, 2),
        kind="vjp",
        jax=residuals_in_jax,
        autograd=in_autograd(residuals),
        torch=residuals_in_torch,
        steps=False,
        goals=(Goal(1.5, "Numba primal"),),
    ),
]
