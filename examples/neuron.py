"""L = -log(sigmoid(w1*x1 + w2*x2 + w3*x3)): three tangent passes give what one adjoint pass gives."""

from math import exp, log

from transform import adjoint, tangent

WEIGHTS = ("w1", "w2", "w3")


def sigmoid(z):
    return 1 / (1 + exp(-z))


def neuron(w1, w2, w3, x1, x2, x3):
    z = w1 * x1 + w2 * x2 + w3 * x3
    p = sigmoid(z)
    L = -log(p)
    return L


def gradient_forward(point):
    """One tangent pass for each weight, seeded with the unit vectors."""
    push = tangent(neuron, argnums=WEIGHTS)
    seeds = [(1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)]
    return tuple(push(*point, *seed)[1] for seed in seeds)


def gradient_reverse(point):
    """One adjoint pass."""
    return adjoint(neuron, argnums=WEIGHTS)(*point)


if __name__ == "__main__":
    print(adjoint(neuron, argnums=WEIGHTS).source)
    point = (0.5, -1.0, 2.0, 1.0, 2.0, 3.0)
    print("three tangent passes:", *(f"{slope:.6f}" for slope in gradient_forward(point)))
    print("one adjoint pass:    ", *(f"{slope:.6f}" for slope in gradient_reverse(point)))
