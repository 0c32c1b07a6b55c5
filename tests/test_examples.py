"""The lecture's examples, with values worked out by hand or by NumPy, not by the code under test."""

from math import cos, exp, log

import numpy as np
import pytest

from examples import (
    chain,
    garch,
    gauss_seidel,
    jacobian,
    logistic,
    loss,
    mse,
    network,
    neuron,
    newton,
    ode,
    rnn,
)
from tests.test_cli import run
from transform import adjoint, grad, tangent, vjp


def sigmoid(z):
    return 1 / (1 + exp(-z))


def test_chain():
    assert tangent(chain.chain)(3.0) == pytest.approx((log(9.0), 2 / 3))
    assert adjoint(chain.chain)(3.0) == pytest.approx(2 / 3)


def test_logistic_forward_and_reverse():
    w, x = 0.5, 2.0
    c = sigmoid(w * x**2)
    w_bar, x_bar = -(1 - c) * x**2, -(1 - c) * w * 2 * x
    push = tangent(logistic.logistic, argnums=("w", "x"))
    assert push(w, x, 1.0, 0.0) == pytest.approx((-log(c), w_bar))
    assert push(w, x, 0.0, 1.0) == pytest.approx((-log(c), x_bar))
    assert adjoint(logistic.logistic, argnums=("w", "x"))(w, x) == pytest.approx((w_bar, x_bar))


def test_logistic_as_ssa_list():
    status, output, _ = run("ssa", "examples/logistic.py:logistic")
    assert status == 0
    names = [line.split(" = ")[0] for line in output.splitlines() if " = " in line]
    assert [name for name in names if name in "abcgL"] == ["a", "b", "c", "g", "L"]


def test_neuron_three_tangent_passes_are_one_adjoint_pass():
    point = (0.5, -1.0, 2.0, 1.0, 2.0, 3.0)
    factor = -(1 - sigmoid(0.5 * 1.0 - 1.0 * 2.0 + 2.0 * 3.0))
    expected = (factor * 1.0, factor * 2.0, factor * 3.0)
    assert neuron.gradient_forward(point) == pytest.approx(expected)
    assert neuron.gradient_reverse(point) == pytest.approx(expected)


def adjoints(output):
    """The last column of a node table, by name."""
    table = output.split("\n\n")[0].splitlines()[2:]
    return {line.split()[0]: line.split()[-1] for line in table}


def test_product_adjoint_of_every_line():
    status, output, _ = run("trace", "examples/loss.py:product", "x=2")
    assert status == 0
    assert adjoints(output) == {"x": "-160", "a": "-40", "b": "-4", "c": "-1", "L": "1"}
    assert output.splitlines()[-1] == "dL/dx = -160"
    assert grad(loss.product)(2.0) == -160.0


def test_loss_adjoint_of_every_line():
    # a = 4, b = 20, c = log 4: g_bar = -1, b_bar = -c, c_bar = -b, a_bar = -b/a - 5c, x_bar = 4 a_bar.
    status, output, _ = run("trace", "examples/loss.py:loss", "x=2")
    assert status == 0
    found = {name: float(value) for name, value in adjoints(output).items()}
    c = log(4)
    expected = {"x": -20 - 20 * c, "a": -5 - 5 * c, "b": -c, "c": -20, "g": -1, "L": 1}
    assert found == pytest.approx(expected, rel=1e-5)
    assert grad(loss.loss)(2.0) == pytest.approx(-20 - 20 * c, rel=1e-15)


def test_a_constant_has_no_adjoint():
    assert grad(loss.scaled)(3.0) == 24.0
    assert "s_bar" not in adjoint(loss.scaled).source


def test_pair_rows_and_columns():
    x1, x2 = 0.5, 1.5
    e = exp(x1 - x2)
    expected = np.array([[x2 + cos(x1), x1], [e, -e]])
    np.testing.assert_allclose(jacobian.rows(jacobian.pair, (x1, x2), 2), expected, rtol=1e-15)
    np.testing.assert_allclose(np.transpose(jacobian.columns(jacobian.pair, (x1, x2))), expected, rtol=1e-15)


def test_wide_takes_three_forward_or_two_reverse_passes():
    x1, x2, x3 = 1.0, 2.0, 3.0
    expected = np.array([[x2 + x3, x1, x1], [1 / (x1 + x2), 1 / (x1 + x2), 0]])
    columns, rows = (
        jacobian.columns(jacobian.wide, (x1, x2, x3)),
        jacobian.rows(jacobian.wide, (x1, x2, x3), 2),
    )
    assert (len(columns), len(rows)) == (3, 2)
    np.testing.assert_allclose(np.transpose(columns), expected, rtol=1e-15)
    np.testing.assert_allclose(rows, expected, rtol=1e-15)


def test_mean_squared_error():
    rng = np.random.default_rng(1)
    X, y, w = rng.random((7, 3)), rng.random(7), rng.random(3)
    a_bar = -2 * (y - X @ w) / 7
    w_bar, X_bar = adjoint(mse.mse, argnums=("w", "X"))(w, X, y)
    np.testing.assert_allclose(w_bar, X.T @ a_bar, rtol=1e-14)
    np.testing.assert_allclose(X_bar, [[a_bar[i] * w[k] for k in range(3)] for i in range(7)], rtol=1e-14)


def test_vector_jacobian_products():
    x, seed = np.array([1.0, 2.0, 4.0]), np.array([1.0, 10.0, 100.0])
    X, w = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), np.array([0.5, -0.5])
    cases = [
        (mse.add, (x, 3.0), (seed, 111.0)),
        (mse.logarithm, (x,), ([1.0, 5.0, 25.0],)),
        (mse.square, (x,), ([2.0, 40.0, 800.0],)),
        (mse.product, (X, w), ([[0.5, -0.5], [5.0, -5.0], [50.0, -50.0]], [531.0, 642.0])),
    ]
    for function, primals, expected in cases:
        _, pullback = vjp(function, *primals)
        for got, wanted in zip(pullback(seed), expected, strict=True):
            np.testing.assert_allclose(got, wanted, rtol=1e-15)


def test_network_learns():
    lines = []
    losses = network.train(lines.append)
    assert losses[0] == pytest.approx(log(2))
    assert losses[-1] <= network.GOAL
    assert len(lines) > 5


def test_network_takes_the_steps_of_a_hand_written_gradient():
    X, t = network.ring()
    rng = np.random.default_rng(2)
    W, b, v, c = rng.standard_normal((2, 3)), rng.standard_normal(3), rng.standard_normal(3), 0.3
    h, k = 1 / (1 + np.exp(-(X @ W + b))), 2 * t - 1
    p = 1 / (1 + np.exp(-k * (h @ v + c)))
    s_bar = -(1 - p) * k / len(t)
    z_bar = np.outer(s_bar, v) * h * (1 - h)
    expected = X.T @ z_bar, z_bar.sum(axis=0), h.T @ s_bar, s_bar.sum()
    loss_value, gradient = network.descend(W, b, v, c, X, t)
    assert loss_value == pytest.approx(-np.mean(np.log(p)))
    for got, wanted in zip(gradient, expected, strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-10)


@pytest.mark.parametrize("M", [0.1, 1.0, 3.0])
def test_newton_has_the_derivatives_of_what_it_finds(M):
    slopes = adjoint(newton.anomaly, argnums=("M", "e"))(M, 0.6)
    assert slopes == pytest.approx(newton.slopes(M, 0.6), rel=1e-9)
    assert grad(grad(newton.distance))(M, 0.6) == pytest.approx(newton.gravity(M, 0.6), rel=1e-6)


@pytest.mark.parametrize("steps", [0, 1, 3, 100])
def test_the_energy_of_the_string_has_the_derivatives_that_it_had_at_rest(steps):
    slopes = adjoint(ode.energy_after, argnums=("amplitude", "beta"))(5.0, 0.25, steps)
    assert slopes == pytest.approx(ode.slopes_at_rest(5.0, 0.25), rel=1e-4)
    assert slopes == pytest.approx(ode.slopes_by_differences(5.0, 0.25, steps), rel=1e-7)


def test_the_string_on_the_command_line():
    status, code, errors = run("adjoint", "examples/ode.py:energy_after")
    assert (status, errors) == (0, "")
    scope = {}
    exec(code, scope)
    amplitude_bar, beta_bar = scope["energy_after_adjoint"](5.0, 0.25, 1000, 32)
    assert (amplitude_bar, beta_bar) == pytest.approx(ode.slopes_at_rest(5.0, 0.25), rel=1e-4)


def test_the_recurrent_network_learns_to_spell():
    lines = []
    weights, losses = rnn.train(lines.append)
    assert rnn.spell(*weights) == rnn.WORD
    assert losses[-1] <= rnn.GOAL
    assert len(lines) >= 3


def test_the_recurrent_network_takes_the_steps_of_a_hand_written_gradient():
    weights, inputs, targets = rnn.untrained(2), rnn.letters("tea"), rnn.letters("ear")
    (U, V, W), states = weights, [np.zeros(rnn.UNITS)]
    for x in inputs:
        states.append(np.tanh(U @ x + V @ states[-1]))
    expected, h_bar = [np.zeros_like(w) for w in weights], 0
    for x, target, before, h in reversed(list(zip(inputs, targets, states, states[1:], strict=False))):
        scores_bar = (np.exp(W @ h) / np.sum(np.exp(W @ h)) - target) / 3
        z_bar = (W.T @ scores_bar + h_bar) * (1 - h**2)
        h_bar = V.T @ z_bar
        pairs = ((z_bar, x), (z_bar, before), (scores_bar, h))
        expected = [w_bar + np.outer(*pair) for w_bar, pair in zip(expected, pairs, strict=True)]
    for got, wanted in zip(rnn.learn(*weights, inputs, targets)[1], expected, strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("sweeps", [0, 1, 4])
def test_the_residual_after_sweeps_is_a_quadratic_form(sweeps):
    """Its matrix, from the residuals of unit grids and of their sums; the gradient is twice that times A."""
    rng = np.random.default_rng(4)
    A = rng.standard_normal((4, 5))
    units = np.eye(20).reshape(20, 4, 5)
    alone = [gauss_seidel.residual_after(unit.copy(), sweeps) for unit in units]
    together = [[gauss_seidel.residual_after(a + b, sweeps) for a in units] for b in units]
    matrix = (np.array(together) - np.add.outer(alone, alone)) / 2
    given = A.copy()
    A_bar = grad(gauss_seidel.residual_after)(A, sweeps)
    np.testing.assert_array_equal(A, given)
    np.testing.assert_allclose(A_bar.ravel(), 2 * matrix @ A.ravel(), rtol=1e-10, atol=1e-12)


def test_gauss_seidel_on_the_command_line():
    target = "examples/gauss_seidel.py:residual_after"
    status, code, errors = run("adjoint", target, "--arg", "A=float64[N,N]")
    assert (status, errors) == (0, "")
    scope = {}
    exec(code, scope)
    A = np.random.default_rng(6).random((6, 6))
    A_bar = scope["residual_after_adjoint"](A, 2)
    assert np.sum(A * A_bar) == pytest.approx(2 * gauss_seidel.residual_after(A.copy(), 2))


def test_garch_has_the_score_of_the_textbooks():
    r = garch.simulate(0.2, 0.7, n=60, seed=3)
    for alpha, beta in ((0.1, 0.5), (0.2, 0.7), (0.0, 0.9)):
        value, gradient = garch.descend(alpha, beta, r)
        assert value == pytest.approx(garch.nll(alpha, beta, r), rel=1e-14)
        assert gradient == pytest.approx(garch.score(alpha, beta, r), rel=1e-10)


def test_garch_finds_the_market():
    lines = []
    alpha, beta, steps = garch.fit(garch.simulate(0.2, 0.7), lines.append)
    assert (alpha, beta) == pytest.approx((0.2, 0.7), abs=0.03)
    assert steps < 100
    assert len(lines) >= 3
