"""Networks with a memory: a plain recurrent one, and the LSTM of the AD benchmark.

The LSTM is that of Srajer, Kukelova and Fitzgibbon, "A benchmark of selected algorithmic differentiation
tools on some problems in computer vision and machine learning" (2018), from its formulas: gates have diagonal
weights, and what is minimised is the surprise at the next letter.
"""

import numpy as np

from ..workload import Goal, Workload, everywhere
from . import recurrent_loops as loops


def rnn(W, U, b, X, Y):
    """The squared error of a network that is to say Y, one vector a step, as it reads X."""
    h = np.zeros(len(b))
    total = 0.0
    for t in range(len(X)):
        h = np.tanh(W @ h + U @ X[t] + b)
        total += np.sum((h - Y[t]) ** 2)
    return total


def rnn_by_hand(W, U, b, X, Y):
    h = np.zeros(len(b))
    h_tape = [h]
    for t in range(len(X)):
        h = np.tanh(W @ h + U @ X[t] + b)
        h_tape.append(h)
    W_bar, U_bar, b_bar = np.zeros(W.shape), np.zeros(U.shape), np.zeros(b.shape)
    h_bar = np.zeros(b.shape)
    for t in reversed(range(len(X))):
        h = h_tape.pop()
        z_bar = (h_bar + 2 * (h - Y[t])) * (1 - h * h)
        W_bar += np.outer(z_bar, h_tape[-1])
        U_bar += np.outer(z_bar, X[t])
        b_bar += z_bar
        h_bar = W.T @ z_bar
    return W_bar, U_bar, b_bar


def rnn_in_jax():
    import jax
    import jax.numpy as jnp

    def program(W, U, b, X, Y):
        def step(h, given):
            x, y = given
            h = jnp.tanh(W @ h + U @ x + b)
            return h, jnp.sum((h - y) ** 2)

        return jnp.sum(jax.lax.scan(step, jnp.zeros_like(b), (X, Y))[1])

    return program


def rnn_in_torch():
    import torch

    def program(W, U, b, X, Y):
        h = torch.zeros_like(b)
        total = 0.0
        for x, y in zip(X, Y, strict=True):
            h = torch.tanh(W @ h + U @ x + b)
            total = total + torch.sum((h - y) ** 2)
        return total

    return program


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def cell_step(weight, bias, hidden, cell, x):
    """Gates in the order forget, in, out, change."""
    forget = sigmoid(x * weight[0] + bias[0])
    entering = sigmoid(hidden * weight[1] + bias[1])
    leaving = sigmoid(x * weight[2] + bias[2])
    change = np.tanh(hidden * weight[3] + bias[3])
    cell = cell * forget + entering * change
    return leaving * np.tanh(cell), cell


def lstm(main, extra, state, letters):
    """How surprised the network is by each next letter, on average.

    main: layers by 2 (weights, biases) by 4 gates by letters; extra: weights of the input and of the output,
    bias; state: layers by 2 (hidden, cell) by letters.
    """
    layers, steps = len(main), len(letters) - 1
    hidden = [state[k, 0] for k in range(layers)]
    cell = [state[k, 1] for k in range(layers)]
    total = 0.0
    for t in range(steps):
        x = letters[t] * extra[0]
        for k in range(layers):
            hidden[k], cell[k] = cell_step(main[k, 0], main[k, 1], hidden[k], cell[k], x)
            x = hidden[k]
        scores = x * extra[1] + extra[2]
        total += letters[t + 1] @ scores - np.sum(letters[t + 1]) * np.log(np.sum(np.exp(scores)) + 2)
    return -total / (steps * letters.shape[1])


def lstm_by_hand(main, extra, state, letters):
    """What does not depend on the step before is done for all steps at once."""
    (layers, _, _, count), steps = main.shape, len(letters) - 1
    inputs, gates, cells, shown, outputs = lstm_forward(main, extra, state, letters)
    gold = letters[1:]
    e = np.exp(outputs * extra[1] + extra[2])
    scores_bar = (gold - (gold.sum(axis=1) / (e.sum(axis=1) + 2))[:, None] * e) / -(steps * count)
    x_bars = scores_bar * extra[1]
    # The adjoints of the four gates over that of the cell, that of what leaves over that of the hidden state.
    slopes = gates * (1 - gates)
    slopes[:, :, 3] = 1 - gates[:, :, 3] ** 2
    slopes[:, :, 0] *= cells
    slopes[:, :, 1] *= gates[:, :, 3]
    slopes[:, :, 2] *= shown
    slopes[:, :, 3] *= gates[:, :, 1]
    cell_slopes = gates[:, :, 2] * (1 - shown**2)
    z_bars = np.empty(gates.shape)
    hidden_bar, cell_bar = np.zeros((layers, count)), np.zeros((layers, count))
    for t in reversed(range(steps)):
        x_bar = x_bars[t]
        for k in reversed(range(layers)):
            h_bar = hidden_bar[k] + x_bar
            c_bar = cell_bar[k] + h_bar * cell_slopes[t, k]
            slope = slopes[t, k]
            z_bar = slope * c_bar
            z_bar[2] = slope[2] * h_bar
            z_bars[t, k] = z_bar
            cell_bar[k] = c_bar * gates[t, k, 0]
            weighted = z_bar * main[k, 0]
            x_bar = weighted[0] + weighted[2]
            hidden_bar[k] = weighted[1] + weighted[3]
        x_bars[t] = x_bar
    main_bar = np.stack([np.sum(z_bars * inputs, axis=0), np.sum(z_bars, axis=0)], axis=1)
    of_scores = [np.sum(scores_bar * outputs, axis=0), np.sum(scores_bar, axis=0)]
    return main_bar, np.stack([np.sum(x_bars * letters[:-1], axis=0), *of_scores])


def lstm_forward(main, extra, state, letters):
    """By step and layer: inputs of the gates, gates, cell before, tanh of the cell after; by step: output."""
    (layers, _, _, count), steps = main.shape, len(letters) - 1
    inputs, gates = np.empty((steps, layers, 4, count)), np.empty((steps, layers, 4, count))
    cells, shown = np.empty((steps, layers, count)), np.empty((steps, layers, count))
    outputs, first = np.empty((steps, count)), letters * extra[0]
    hidden, cell = list(state[:, 0]), list(state[:, 1])
    for t in range(steps):
        x = first[t]
        for k in range(layers):
            given, gate = inputs[t, k], gates[t, k]
            given[::2] = x
            given[1::2] = hidden[k]
            z = given * main[k, 0] + main[k, 1]
            gate[:3] = sigmoid(z[:3])
            np.tanh(z[3], out=gate[3])
            cells[t, k] = cell[k]
            cell[k] = cell[k] * gate[0] + gate[1] * gate[3]
            np.tanh(cell[k], out=shown[t, k])
            x = hidden[k] = gate[2] * shown[t, k]
        outputs[t] = x
    return inputs, gates, cells, shown, outputs


def lstm_in_jax():
    import jax
    import jax.numpy as jnp

    def program(main, extra, state, letters):
        def layer(weight, bias, hidden, cell, x):
            forget = jax.nn.sigmoid(x * weight[0] + bias[0])
            entering = jax.nn.sigmoid(hidden * weight[1] + bias[1])
            leaving = jax.nn.sigmoid(x * weight[2] + bias[2])
            change = jnp.tanh(hidden * weight[3] + bias[3])
            cell = cell * forget + entering * change
            return leaving * jnp.tanh(cell), cell

        def step(state, given):
            letter, gold = given
            x = letter * extra[0]
            states = []
            for k in range(len(main)):
                x, cell = layer(main[k, 0], main[k, 1], state[k, 0], state[k, 1], x)
                states.append(jnp.stack([x, cell]))
            scores = x * extra[1] + extra[2]
            gain = gold @ scores - jnp.sum(gold) * jnp.log(jnp.sum(jnp.exp(scores)) + 2)
            return jnp.stack(states), gain

        _, gains = jax.lax.scan(step, state, (letters[:-1], letters[1:]))
        return -jnp.sum(gains) / (len(gains) * letters.shape[1])

    return program


def rnn_data(steps, units, inputs):
    rng = np.random.default_rng(0)
    W, U = rng.normal(0, units**-0.5, (units, units)), rng.normal(0, inputs**-0.5, (units, inputs))
    X, Y = rng.standard_normal((steps, inputs)), rng.uniform(-1, 1, (steps, units))
    return W, U, rng.standard_normal(units), X, Y


def lstm_data(layers, steps, count):
    """A text of random letters out of so many, as unit vectors."""
    rng = np.random.default_rng(0)
    main, extra = rng.normal(0, 0.5, (layers, 2, 4, count)), rng.normal(0, 0.5, (3, count))
    letters = np.eye(count)[rng.integers(0, count, steps)]
    return main, extra, rng.normal(0, 0.5, (layers, 2, count)), letters


def torch_or_autograd(program):
    return {name: factory for name, factory in everywhere(program).items() if name != "jax"}


WORKLOADS = [
    Workload(
        "recurrent network",
        rnn,
        loops.rnn,
        rnn_by_hand,
        loops.rnn_adjoint,
        {"100 steps, 32 units": lambda: rnn_data(100, 32, 16)},
        lambda: rnn_data(4, 3, 2),
        argnums=(0, 1, 2),
        jax=rnn_in_jax,
        autograd=everywhere(rnn)["autograd"],
        torch=rnn_in_torch,
    ),
    Workload(
        "LSTM",
        lstm,
        loops.lstm,
        lstm_by_hand,
        loops.lstm_adjoint,
        {"2 layers, 1024 letters": lambda: lstm_data(2, 1024, 14)},
        lambda: lstm_data(2, 4, 3),
        argnums=(0, 1),
        jax=lstm_in_jax,
        **torch_or_autograd(lstm),
        goals=(Goal(1.4, "Numba primal"),),
    ),
]
