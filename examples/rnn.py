"""A recurrent network learns to spell: it reads a word letter by letter and says which letter comes next.

What it remembers is one vector; the loss sums over a list of inputs, the adjoint goes back through time.
"""

import numpy as np

from transform import value_and_grad

WORD, UNITS = "differentiation", 8
LETTERS = sorted(set(WORD))
RATE, GOAL = 0.3, 0.05


def loss(U, V, W, inputs, targets):
    """How surprised the network is by the next letters, on average."""
    h = np.zeros(len(V))
    total = 0.0
    for x, target in zip(inputs, targets, strict=True):
        h = np.tanh(U @ x + V @ h)
        scores = W @ h
        total += np.log(np.sum(np.exp(scores))) - scores @ target
    return total / len(inputs)


learn = value_and_grad(loss, argnums=("U", "V", "W"))


def letters(word):
    """A list of unit vectors."""
    return [np.array([float(letter == each) for each in LETTERS]) for letter in word]


def untrained(seed=0):
    """Small random weights."""
    rng, n = np.random.default_rng(seed), len(LETTERS)
    return [rng.normal(0, 0.5, shape) for shape in ((UNITS, n), (UNITS, UNITS), (n, UNITS))]


def train(report=print):
    """Gradient descent until the loss is below GOAL; the weights and the losses on the way."""
    weights, losses = untrained(), []
    while not losses or losses[-1] > GOAL:
        value, gradient = learn(*weights, letters(WORD[:-1]), letters(WORD[1:]))
        weights = [w - RATE * w_bar for w, w_bar in zip(weights, gradient, strict=True)]
        losses.append(value)
        if len(losses) % 50 == 1 or value <= GOAL:
            report(f"step {len(losses) - 1:4d}: loss {value:.6f}, spells {spell(*weights)}")
    return weights, losses


def spell(U, V, W):
    """What the network says when it is given the first letter, and then its own."""
    word, h = WORD[0], np.zeros(UNITS)
    while len(word) < len(WORD):
        h = np.tanh(U @ letters(word[-1])[0] + V @ h)
        word += LETTERS[np.argmax(W @ h)]
    return word


def slope_by_differences(weights, directions, h=1e-5):
    """The derivative of the loss along a direction in the space of all weights."""

    def at(t):
        moved = [w + t * v for w, v in zip(weights, directions, strict=True)]
        return loss(*moved, letters(WORD[:-1]), letters(WORD[1:]))

    return (at(h) - at(-h)) / (2 * h)


if __name__ == "__main__":
    weights, directions = untrained(), untrained(seed=1)
    value, gradient = learn(*weights, letters(WORD[:-1]), letters(WORD[1:]))
    slope = sum(np.sum(w_bar * v) for w_bar, v in zip(gradient, directions, strict=True))
    print(f"slope by the adjoint {slope:.9f}, by differences {slope_by_differences(weights, directions):.9f}")
    train()
    print(learn.source)
