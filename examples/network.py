"""A network with three sigmoid hidden units learns to tell the inside of a ring from its outside.

The negative log-likelihood falls by gradient descent; the gradient is the emitted adjoint.
"""

import numpy as np

from transform import value_and_grad

RATE, GOAL = 3.0, 0.1


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def nll(W, b, v, c, X, t):
    """Mean negative log-likelihood of the labels t in {0, 1}."""
    h = sigmoid(X @ W + b)
    s = (2 * t - 1) * (h @ v + c)
    return -np.mean(np.log(sigmoid(s)))


descend = value_and_grad(nll, argnums=("W", "b", "v", "c"))


def ring(n=200):
    """Points on a spiral grid, labelled by whether they lie inside the circle of radius 1."""
    k = np.arange(n)
    radius, angle = 2 * np.sqrt((k + 0.5) / n), k * np.pi * (3 - np.sqrt(5))
    X = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return X, (radius < 1).astype(float)


def train(report=print):
    """Gradient descent from a fixed start until the loss is below GOAL; the losses on the way."""
    X, t = ring()
    third = 2 * np.pi / 3 * np.arange(3)
    parameters = [np.stack([np.cos(third), np.sin(third)]), np.zeros(3), np.zeros(3), 0.0]
    losses = []
    while not losses or losses[-1] > GOAL:
        loss, gradient = descend(*parameters, X, t)
        parameters = [p - RATE * p_bar for p, p_bar in zip(parameters, gradient, strict=True)]
        losses.append(loss)
        if len(losses) % 100 == 1 or loss <= GOAL:
            report(f"step {len(losses) - 1:4d}: loss {loss:.6f}")
    return losses


if __name__ == "__main__":
    train()
    print(f"the loss is below {GOAL}")
    print(descend.source)
