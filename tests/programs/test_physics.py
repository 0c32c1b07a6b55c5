"""Filters, rotations, geodesy, mechanics, thermodynamics and finance in typical styles."""

from __future__ import annotations

import math

import numpy as np
import pytest

from .check import program, programs, run

RNG = np.random.default_rng(5)


@program(
    RNG.normal(size=4),
    np.eye(4) * 1.3,
    RNG.normal(size=(4, 4)),
    RNG.normal(size=(2, 4)),
    np.eye(4) * 0.1,
    np.eye(2) * 0.3,
    RNG.normal(size=2),
)
def kalman(x, P, F, H, Q, R, z):
    x = F @ x
    P = F @ P @ F.T + Q
    S = H @ P @ H.T + R
    K = P @ H.T @ np.linalg.inv(S)
    x = x + K @ (z - H @ x)
    P = (np.eye(4) - K @ H) @ P
    return x, P


@program(np.array([0.9, 0.1, 0.2, 0.3]), np.array([1.0, 2.0, 3.0]))
def rotate(q, v):
    w, x, y, z = q / np.linalg.norm(q)
    first = [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)]
    second = [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)]
    third = [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)]
    return np.array([first, second, third]) @ v


@program((0.8, 0.2), (0.9, 0.4), rtol=1e-6)
def haversine(here, there, radius=6371.0):
    (lat1, lon1), (lat2, lon2) = here, there
    a = math.sin((lat2 - lat1) / 2) ** 2
    a += math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * radius * math.atan2(math.sqrt(a), math.sqrt(1 - a))


@program(293.0, rtol=1e-6)
def vapour_pressure(T):
    return 10 ** (8.07131 - 1730.63 / (233.426 + (T - 273.15)))


@program(100.0, 95.0, 0.5, 0.03, 0.2, rtol=1e-6)
def black_scholes(S, K, T, r, sigma):
    d1 = (math.log(S / K) + (r + sigma**2 / 2) * T) / (sigma * math.sqrt(T))
    d2 = d1 - sigma * math.sqrt(T)

    def normal(z):
        return 0.5 * (1 + math.erf(z / math.sqrt(2)))

    return S * normal(d1) - K * math.exp(-r * T) * normal(d2)


@program(np.array([0.3, 0.5]), np.array([0.1, -0.2]))
def double_pendulum(q, w, masses=(1.0, 2.0), lengths=(1.0, 0.5), g=9.81):
    (t1, t2), (w1, w2), (m1, m2), (l1, l2) = q, w, masses, lengths
    coupling = 2 * l1 * l2 * w1 * w2 * np.cos(t1 - t2)
    kinetic = 0.5 * m1 * (l1 * w1) ** 2 + 0.5 * m2 * ((l1 * w1) ** 2 + (l2 * w2) ** 2 + coupling)
    return kinetic + (m1 + m2) * g * l1 * np.cos(t1) + m2 * g * l2 * np.cos(t2)


@program(RNG.normal(size=(4, 3)), 1.3)
def springs(x, k):
    d = x[1:] - x[:-1]
    stretch = np.sqrt(np.sum(d**2, axis=-1)) - 1.0
    return 0.5 * k * np.sum(stretch**2)


@program(np.array([1.0, 0.2]), np.array([0.1, 1.1]))
def kepler_energy(position, velocity, GM=1.0):
    return 0.5 * velocity @ velocity - GM / np.linalg.norm(position)


@pytest.mark.parametrize(**programs(globals()))
def test_program(name, k):
    run(globals(), name, k)
