"""The mixture and the bundle adjustment for Numba: one point after the other, products by BLAS."""

import math

import numpy as np

from ..workload import compiled


@compiled
def factor(row, d):
    """Q of a component."""
    Q = np.zeros((d, d))
    place = d
    for j in range(d):
        Q[j, j] = math.exp(row[j])
        for i in range(j + 1, d):
            Q[i, j] = row[place]
            place += 1
    return Q


@compiled
def shifted(X, mean):
    n, d = X.shape
    D = np.empty((n, d))
    for i in range(n):
        for j in range(d):
            D[i, j] = X[i, j] - mean[j]
    return D


@compiled
def mixture_terms(alphas, means, factors, X):
    """By component: its Q, its Z, its column of terms as a row."""
    n, d = X.shape
    count = alphas.shape[0]
    Qs, Zs, terms = np.empty((count, d, d)), np.empty((count, n, d)), np.empty((count, n))
    for k in range(count):
        Q = factor(factors[k], d)
        Z = np.dot(shifted(X, means[k]), Q.T)
        total = alphas[k]
        for j in range(d):
            total += factors[k, j]
        for i in range(n):
            square = 0.0
            for j in range(d):
                square += Z[i, j] * Z[i, j]
                Zs[k, i, j] = Z[i, j]
            terms[k, i] = total - 0.5 * square
        for i in range(d):
            for j in range(d):
                Qs[k, i, j] = Q[i, j]
    return Qs, Zs, terms


@compiled
def mixture(alphas, means, factors, X, gamma, m, constant):
    n, d = X.shape
    count = alphas.shape[0]
    _, _, terms = mixture_terms(alphas, means, factors, X)
    result = constant
    for i in range(n):
        top = terms[0, i]
        for k in range(count):
            top = max(top, terms[k, i])
        total = 0.0
        for k in range(count):
            total += math.exp(terms[k, i] - top)
        result += top + math.log(total)
    normal = 0.0
    for k in range(count):
        normal += math.exp(alphas[k])
        for j in range(d):
            result += 0.5 * gamma**2 * math.exp(2 * factors[k, j]) - m * factors[k, j]
        for j in range(d, factors.shape[1]):
            result += 0.5 * gamma**2 * factors[k, j] ** 2
    return result - n * math.log(normal)


@compiled
def to_shares(terms):
    """In place: exp of each term over their sum by point."""
    count, n = terms.shape
    for i in range(n):
        top = terms[0, i]
        for k in range(count):
            top = max(top, terms[k, i])
        total = 0.0
        for k in range(count):
            terms[k, i] = math.exp(terms[k, i] - top)
            total += terms[k, i]
        for k in range(count):
            terms[k, i] /= total


@compiled
def mixture_adjoint(alphas, means, factors, X, gamma, m, constant):
    n, d = X.shape
    count = alphas.shape[0]
    Qs, Zs, terms = mixture_terms(alphas, means, factors, X)
    to_shares(terms)
    alphas_bar, means_bar, factors_bar = np.zeros(count), np.zeros((count, d)), np.empty(factors.shape)
    normal = 0.0
    for k in range(count):
        normal += math.exp(alphas[k])
    for k in range(count):
        Z_bar, z_bar = Zs[k], np.zeros(d)
        for i in range(n):
            share = terms[k, i]
            alphas_bar[k] += share
            for j in range(d):
                Z_bar[i, j] *= -share
                z_bar[j] += Z_bar[i, j]
        Q_bar = np.dot(Z_bar.T, shifted(X, means[k]))
        place = d
        for j in range(d):
            q = Qs[k, j, j]
            factors_bar[k, j] = (Q_bar[j, j] + gamma**2 * q) * q + alphas_bar[k] - m
            for i in range(j, d):
                means_bar[k, j] -= z_bar[i] * Qs[k, i, j]
            for i in range(j + 1, d):
                factors_bar[k, place] = Q_bar[i, j] + gamma**2 * factors[k, place]
                place += 1
        alphas_bar[k] -= n * math.exp(alphas[k]) / normal
    return alphas_bar, means_bar, factors_bar


@compiled
def residuals(cameras, points, weights, camera, point, seen):
    n = camera.shape[0]
    e = np.empty((n, 2))
    for i in range(n):
        c, at = cameras[camera[i]], points[point[i]]
        angle = math.sqrt(c[0] * c[0] + c[1] * c[1] + c[2] * c[2])
        a0, a1, a2 = c[0] / angle, c[1] / angle, c[2] / angle
        cos, sin = math.cos(angle), math.sin(angle)
        x0, x1, x2 = at[0] - c[3], at[1] - c[4], at[2] - c[5]
        along = (a0 * x0 + a1 * x1 + a2 * x2) * (1 - cos)
        t0 = x0 * cos + (a1 * x2 - a2 * x1) * sin + a0 * along
        t1 = x1 * cos + (a2 * x0 - a0 * x2) * sin + a1 * along
        t2 = x2 * cos + (a0 * x1 - a1 * x0) * sin + a2 * along
        p, q = t0 / t2, t1 / t2
        square = p * p + q * q
        factor = 1 + c[9] * square + c[10] * square * square
        e[i, 0] = weights[i] * (c[6] * p * factor + c[7] - seen[i, 0])
        e[i, 1] = weights[i] * (c[6] * q * factor + c[8] - seen[i, 1])
    return e


@compiled
def residuals_adjoint(cameras, points, weights, camera, point, seen, e_bar):
    """Each observation's forward and reverse sweep while its values are in registers."""
    n = camera.shape[0]
    cameras_bar, points_bar = np.zeros(cameras.shape), np.zeros(points.shape)
    weights_bar = np.empty(n)
    for i in range(n):
        c, at = cameras[camera[i]], points[point[i]]
        c_bar, at_bar = cameras_bar[camera[i]], points_bar[point[i]]
        angle = math.sqrt(c[0] * c[0] + c[1] * c[1] + c[2] * c[2])
        a0, a1, a2 = c[0] / angle, c[1] / angle, c[2] / angle
        cos, sin = math.cos(angle), math.sin(angle)
        x0, x1, x2 = at[0] - c[3], at[1] - c[4], at[2] - c[5]
        along = a0 * x0 + a1 * x1 + a2 * x2
        n0, n1, n2 = a1 * x2 - a2 * x1, a2 * x0 - a0 * x2, a0 * x1 - a1 * x0
        t0 = x0 * cos + n0 * sin + a0 * along * (1 - cos)
        t1 = x1 * cos + n1 * sin + a1 * along * (1 - cos)
        t2 = x2 * cos + n2 * sin + a2 * along * (1 - cos)
        p, q = t0 / t2, t1 / t2
        square = p * p + q * q
        factor = 1 + c[9] * square + c[10] * square * square
        # reverse sweep
        first, second = e_bar[i, 0], e_bar[i, 1]
        weights_bar[i] = first * (c[6] * p * factor + c[7] - seen[i, 0])
        weights_bar[i] += second * (c[6] * q * factor + c[8] - seen[i, 1])
        u_bar, v_bar = weights[i] * first, weights[i] * second
        c_bar[7] += u_bar
        c_bar[8] += v_bar
        stretch = u_bar * p + v_bar * q
        c_bar[6] += stretch * factor
        factor_bar = c[6] * stretch
        c_bar[9] += factor_bar * square
        c_bar[10] += factor_bar * square * square
        square_bar = factor_bar * (c[9] + 2 * c[10] * square)
        p_bar = c[6] * factor * u_bar + 2 * square_bar * p
        q_bar = c[6] * factor * v_bar + 2 * square_bar * q
        t0_bar, t1_bar = p_bar / t2, q_bar / t2
        t2_bar = -(t0_bar * p + t1_bar * q)
        lift = t0_bar * a0 + t1_bar * a1 + t2_bar * a2
        along_bar, k = (1 - cos) * lift, along * (1 - cos)
        cos_bar = t0_bar * x0 + t1_bar * x1 + t2_bar * x2 - along * lift
        sin_bar = t0_bar * n0 + t1_bar * n1 + t2_bar * n2
        n0_bar, n1_bar, n2_bar = sin * t0_bar, sin * t1_bar, sin * t2_bar
        a0_bar = x1 * n2_bar - x2 * n1_bar + t0_bar * k + x0 * along_bar
        a1_bar = x2 * n0_bar - x0 * n2_bar + t1_bar * k + x1 * along_bar
        a2_bar = x0 * n1_bar - x1 * n0_bar + t2_bar * k + x2 * along_bar
        x0_bar = cos * t0_bar + n1_bar * a2 - n2_bar * a1 + a0 * along_bar
        x1_bar = cos * t1_bar + n2_bar * a0 - n0_bar * a2 + a1 * along_bar
        x2_bar = cos * t2_bar + n0_bar * a1 - n1_bar * a0 + a2 * along_bar
        angle_bar = cos * sin_bar - sin * cos_bar - (a0_bar * a0 + a1_bar * a1 + a2_bar * a2) / angle
        c_bar[0] += a0_bar / angle + angle_bar * a0
        c_bar[1] += a1_bar / angle + angle_bar * a1
        c_bar[2] += a2_bar / angle + angle_bar * a2
        c_bar[3] -= x0_bar
        c_bar[4] -= x1_bar
        c_bar[5] -= x2_bar
        at_bar[0] += x0_bar
        at_bar[1] += x1_bar
        at_bar[2] += x2_bar
    return cameras_bar, points_bar, weights_bar
