"""How nervous is a market? In a GARCH model the variance of its returns follows a recursion.

The variances fill an array, each made from the one before. Gradient descent fits the model to returns.
"""

import itertools

import numpy as np

from transform import value_and_grad

RATE, GOAL = 0.3, 1e-4


def nll(alpha, beta, r):
    """Mean negative log-likelihood of the returns r, up to a constant; omega gives h the variance of r."""
    variance = np.mean(r**2)
    omega = (1 - alpha - beta) * variance
    h = np.empty(len(r))
    h[0] = variance
    for t in range(1, len(r)):
        h[t] = omega + alpha * r[t - 1] ** 2 + beta * h[t - 1]
    return np.mean(np.log(h) + r**2 / h) / 2


descend = value_and_grad(nll, argnums=("alpha", "beta"))


def score(alpha, beta, r):
    """The gradient as the textbooks have it: the derivatives of h obey a recursion forward in time."""
    variance = h = np.mean(r**2)
    h_dot = total = np.zeros(2)
    for before, now in itertools.pairwise(r):
        h_dot = np.array([before**2 - variance, h - variance]) + beta * h_dot
        h = variance + alpha * (before**2 - variance) + beta * (h - variance)
        total = total + (1 - now**2 / h) / h * h_dot
    return total / len(r) / 2


def simulate(alpha, beta, n=1000, seed=1):
    """Returns of a market that is known; their variance is 1 in the long run."""
    r, h = np.random.default_rng(seed).standard_normal(n), 1.0
    for t in range(n):
        r[t] *= np.sqrt(h)
        h = 1 - alpha - beta + alpha * r[t] ** 2 + beta * h
    return r


def fit(r, report=print):
    """Maximum likelihood by gradient descent: alpha, beta and the steps it took."""
    parameters, steps = np.array([0.1, 0.5]), 0
    while True:
        value, gradient = descend(*parameters, r)
        if steps % 20 == 0 or np.linalg.norm(gradient) < GOAL:
            report("step {:2d}: nll {:.6f}, alpha {:.4f}, beta {:.4f}".format(steps, value, *parameters))
        if np.linalg.norm(gradient) < GOAL:
            return *parameters, steps
        parameters, steps = parameters - RATE * np.array(gradient), steps + 1


if __name__ == "__main__":
    alpha, beta = 0.2, 0.7
    r = simulate(alpha, beta)
    _, gradient = descend(0.1, 0.5, r)
    print("gradient by the adjoint:            {:.9f} {:.9f}".format(*gradient))
    print("by the recursion of the textbooks:  {:.9f} {:.9f}".format(*score(0.1, 0.5, r)))
    fit(r)
    print(f"the market has        alpha {alpha:.4f}, beta {beta:.4f}")
    print(descend.source)
