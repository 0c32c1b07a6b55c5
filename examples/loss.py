"""One variable and a chain of named values: the adjoint and the number.

transform ssa examples/loss.py:loss
transform trace examples/loss.py:product x=2
"""

from math import log

from transform import adjoint, grad


def product(x):
    a = x**2
    b = 5 * a
    c = b * a
    L = -c
    return L


def loss(x):
    a = x**2
    b = 5 * a
    c = log(a)
    g = b * c
    L = -g
    return L


def scaled(x):
    s = 4
    a = x**2
    L = s * a
    return L


if __name__ == "__main__":
    for function in (product, loss, scaled):
        print(adjoint(function).source)
        print(f"{function.__name__}: dL/dx = {grad(function)(2.0):g} at x = 2\n")
