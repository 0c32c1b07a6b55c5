"""L = -log(sigmoid(w * x**2)), operation by operation, in both modes.

transform ssa examples/logistic.py:logistic
"""

from math import exp, log

from transform import adjoint, tangent


def sigmoid(z):
    return 1 / (1 + exp(-z))


def logistic(w, x):
    a = x**2
    b = w * a
    c = sigmoid(b)
    g = log(c)
    L = -g
    return L


if __name__ == "__main__":
    both = ("w", "x")
    print(tangent(logistic, argnums=both).source)
    print(adjoint(logistic, argnums=both).source)

    w, x = 0.5, 2.0
    # Forward: a pass for each input. The seed picks the input.
    for name, seed in zip(both, [(1.0, 0.0), (0.0, 1.0)], strict=True):
        L, L_dot = tangent(logistic, argnums=both)(w, x, *seed)
        print(f"forward, seed {seed}: L = {L:.6f}, dL/d{name} = {L_dot:.6f}")
    # Reverse: one pass for all of them.
    w_bar, x_bar = adjoint(logistic, argnums=both)(w, x)
    print(f"reverse: dL/dw = {w_bar:.6f}, dL/dx = {x_bar:.6f}")
