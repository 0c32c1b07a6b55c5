"""A string of masses and springs that are not quite linear (Fermi, Pasta, Ulam, Tsingou), stepped in place.

The masses move, the energy stays. So its derivatives after a thousand steps are known before the first
one, and the adjoint, on its way back through all of them, must find them again.

transform adjoint examples/ode.py:energy_after
"""

import numpy as np

from transform import adjoint

DT = 0.05


def pluck(amplitude, n):
    """Half a sine wave between fixed ends, n springs."""
    return amplitude * np.sin(np.pi * np.arange(n + 1) / n)


def energy_after(amplitude=5.0, beta=0.25, steps=1000, n=32):
    """The energy of a plucked string after some leapfrog steps; a spring pulls with d + beta * d**3."""
    q, p = pluck(amplitude, n), np.zeros(n + 1)
    for _ in range(steps):
        q += DT / 2 * p
        d = q[1:] - q[:-1]
        force = d + beta * d**3
        p[1:-1] += DT * (force[1:] - force[:-1])
        q += DT / 2 * p
    d = q[1:] - q[:-1]
    return np.sum(p**2) / 2 + np.sum(d**2 / 2 + beta * d**4 / 4)


def slopes_at_rest(amplitude, beta, n=32):
    """The derivatives of the energy with respect to amplitude and beta before the first step, by hand."""
    d = np.diff(pluck(1.0, n))
    return amplitude * np.sum(d**2) + beta * amplitude**3 * np.sum(d**4), amplitude**4 * np.sum(d**4) / 4


def slopes_by_differences(amplitude, beta, steps, h=1e-4):
    """The same derivatives later, from strings nearby: two runs for each parameter."""
    stronger, weaker = energy_after(amplitude + h, beta, steps), energy_after(amplitude - h, beta, steps)
    stiffer, softer = energy_after(amplitude, beta + h, steps), energy_after(amplitude, beta - h, steps)
    return (stronger - weaker) / (2 * h), (stiffer - softer) / (2 * h)


if __name__ == "__main__":
    slopes = adjoint(energy_after, argnums=("amplitude", "beta"))
    print(slopes.source)
    amplitude, beta = 5.0, 0.25
    print("steps  dE/damplitude   dE/dbeta   by differences")
    print("    0     {:.8f} {:.8f}   (by hand)".format(*slopes_at_rest(amplitude, beta)))
    for steps in (1, 10, 100, 1000):
        numbers = *slopes(amplitude, beta, steps), *slopes_by_differences(amplitude, beta, steps)
        print(f"{steps:5d}     {{:.8f}} {{:.8f}}   {{:.8f}} {{:.8f}}".format(*numbers))
