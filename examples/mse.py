"""Mean squared error: the gradients for the weights and for the data are products, never a Jacobian."""

import numpy as np

from transform import adjoint, vjp


def mse(w, X, y):
    a = X @ w
    b = y - a
    c = b**2
    return np.mean(c)


def add(x, a):
    return x + a


def logarithm(x):
    return np.log(x)


def square(b):
    return b**2


def product(X, w):
    return X @ w


if __name__ == "__main__":
    X = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    y = np.array([1.0, 2.0, 3.0])
    w = np.array([0.5, -0.5])
    both = adjoint(mse, argnums=("w", "X"))
    w_bar, X_bar = both(w, X, y)
    print(both.source)
    print("w_bar =", w_bar)
    print("X_bar[i, k] = a_bar[i] * w[k] =\n", X_bar, sep="")

    x, seed = np.array([1.0, 2.0, 4.0]), np.array([1.0, 10.0, 100.0])
    for function, *primals in ((add, x, 3.0), (logarithm, x), (square, x), (product, X, w)):
        _, pullback = vjp(function, *primals)
        print(f"vector-Jacobian products of {function.__name__}:", *pullback(seed))
