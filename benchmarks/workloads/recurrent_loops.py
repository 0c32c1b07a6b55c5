"""The recurrent networks for Numba: every step is a row of one tape."""

import math

import numpy as np

from ..workload import compiled


@compiled
def rnn_forward(W, U, b, X):
    """The states, the first of zeros."""
    steps, units, inputs = X.shape[0], U.shape[0], U.shape[1]
    H = np.zeros((steps + 1, units))
    for t in range(steps):
        for i in range(units):
            z = b[i]
            for j in range(units):
                z += W[i, j] * H[t, j]
            for j in range(inputs):
                z += U[i, j] * X[t, j]
            H[t + 1, i] = math.tanh(z)
    return H


@compiled
def rnn(W, U, b, X, Y):
    H = rnn_forward(W, U, b, X)
    total = 0.0
    for t in range(Y.shape[0]):
        for i in range(Y.shape[1]):
            total += (H[t + 1, i] - Y[t, i]) ** 2
    return total


@compiled
def rnn_adjoint(W, U, b, X, Y):
    steps, units, inputs = X.shape[0], U.shape[0], U.shape[1]
    H = rnn_forward(W, U, b, X)
    W_bar, U_bar, b_bar = np.zeros((units, units)), np.zeros((units, inputs)), np.zeros(units)
    h_bar, next_bar = np.zeros(units), np.zeros(units)
    for t in range(steps - 1, -1, -1):
        for i in range(units):
            h = H[t + 1, i]
            z_bar = (h_bar[i] + 2 * (h - Y[t, i])) * (1 - h * h)
            b_bar[i] += z_bar
            for j in range(units):
                W_bar[i, j] += z_bar * H[t, j]
                next_bar[j] += z_bar * W[i, j]
            for j in range(inputs):
                U_bar[i, j] += z_bar * X[t, j]
        for i in range(units):
            h_bar[i] = next_bar[i]
            next_bar[i] = 0.0
    return W_bar, U_bar, b_bar


@compiled
def sigmoid(z):
    return 1 / (1 + math.exp(-z))


@compiled
def lstm(main, extra, state, letters):
    layers, steps, count = main.shape[0], letters.shape[0] - 1, letters.shape[1]
    hidden, cell = state[:, 0].copy(), state[:, 1].copy()
    total = 0.0
    for t in range(steps):
        gain, golds, normal = 0.0, 0.0, 2.0
        for i in range(count):
            x = letters[t, i] * extra[0, i]
            for k in range(layers):
                h = hidden[k, i]
                forget = sigmoid(x * main[k, 0, 0, i] + main[k, 1, 0, i])
                entering = sigmoid(h * main[k, 0, 1, i] + main[k, 1, 1, i])
                leaving = sigmoid(x * main[k, 0, 2, i] + main[k, 1, 2, i])
                change = math.tanh(h * main[k, 0, 3, i] + main[k, 1, 3, i])
                cell[k, i] = cell[k, i] * forget + entering * change
                x = hidden[k, i] = leaving * math.tanh(cell[k, i])
            score = x * extra[1, i] + extra[2, i]
            gain += letters[t + 1, i] * score
            golds += letters[t + 1, i]
            normal += math.exp(score)
        total += gain - golds * math.log(normal)
    return -total / (steps * count)


@compiled
def lstm_forward(main, extra, state, letters):
    """By step, layer and letter: input, hidden, cell, forget, entering, leaving, change, tanh of the cell."""
    layers, steps, count = main.shape[0], letters.shape[0] - 1, letters.shape[1]
    hidden, cell = state[:, 0].copy(), state[:, 1].copy()
    tape, outputs = np.empty((steps, layers, count, 8)), np.empty((steps, count))
    for t in range(steps):
        for i in range(count):
            x = letters[t, i] * extra[0, i]
            for k in range(layers):
                h, c = hidden[k, i], cell[k, i]
                forget = sigmoid(x * main[k, 0, 0, i] + main[k, 1, 0, i])
                entering = sigmoid(h * main[k, 0, 1, i] + main[k, 1, 1, i])
                leaving = sigmoid(x * main[k, 0, 2, i] + main[k, 1, 2, i])
                change = math.tanh(h * main[k, 0, 3, i] + main[k, 1, 3, i])
                cell[k, i] = c * forget + entering * change
                shown = math.tanh(cell[k, i])
                row = tape[t, k, i]
                row[0], row[1], row[2], row[3] = x, h, c, forget
                row[4], row[5], row[6], row[7] = entering, leaving, change, shown
                x = hidden[k, i] = leaving * shown
            outputs[t, i] = x
    return tape, outputs


@compiled
def lstm_adjoint(main, extra, state, letters):
    layers, steps, count = main.shape[0], letters.shape[0] - 1, letters.shape[1]
    tape, outputs = lstm_forward(main, extra, state, letters)
    main_bar, extra_bar = np.zeros(main.shape), np.zeros(extra.shape)
    hidden_bar, cell_bar = np.zeros((layers, count)), np.zeros((layers, count))
    e = np.empty(count)
    scale = -1 / (steps * count)
    for t in range(steps - 1, -1, -1):
        golds, normal = 0.0, 2.0
        for i in range(count):
            e[i] = math.exp(outputs[t, i] * extra[1, i] + extra[2, i])
            golds += letters[t + 1, i]
            normal += e[i]
        for i in range(count):
            score_bar = scale * (letters[t + 1, i] - golds / normal * e[i])
            extra_bar[1, i] += score_bar * outputs[t, i]
            extra_bar[2, i] += score_bar
            x_bar = score_bar * extra[1, i]
            for k in range(layers - 1, -1, -1):
                row = tape[t, k, i]
                x, h, c, forget = row[0], row[1], row[2], row[3]
                entering, leaving, change, shown = row[4], row[5], row[6], row[7]
                h_bar = hidden_bar[k, i] + x_bar
                c_bar = cell_bar[k, i] + h_bar * leaving * (1 - shown * shown)
                forget_bar = c_bar * c * (forget * (1 - forget))
                entering_bar = c_bar * change * (entering * (1 - entering))
                leaving_bar = h_bar * shown * (leaving * (1 - leaving))
                change_bar = c_bar * entering * (1 - change * change)
                cell_bar[k, i] = c_bar * forget
                main_bar[k, 0, 0, i] += forget_bar * x
                main_bar[k, 0, 1, i] += entering_bar * h
                main_bar[k, 0, 2, i] += leaving_bar * x
                main_bar[k, 0, 3, i] += change_bar * h
                main_bar[k, 1, 0, i] += forget_bar
                main_bar[k, 1, 1, i] += entering_bar
                main_bar[k, 1, 2, i] += leaving_bar
                main_bar[k, 1, 3, i] += change_bar
                x_bar = forget_bar * main[k, 0, 0, i] + leaving_bar * main[k, 0, 2, i]
                hidden_bar[k, i] = entering_bar * main[k, 0, 1, i] + change_bar * main[k, 0, 3, i]
            extra_bar[0, i] += x_bar * letters[t, i]
    return main_bar, extra_bar
