"""Gauss-Seidel sweeps over a grid, in place: each point becomes the mean of its neighbours, old and new.

How much of what remains is due to which point of the first guess? One adjoint answers for all of them.

transform adjoint --arg 'A=float64[N,N]' examples/gauss_seidel.py:residual_after
"""

import numpy as np

from transform import value_and_grad


def sweep(A):
    """One sweep for Laplace's equation; the border is given."""
    for i in range(1, A.shape[0] - 1):
        for j in range(1, A.shape[1] - 1):
            A[i, j] = (A[i - 1, j] + A[i, j - 1] + A[i, j + 1] + A[i + 1, j]) / 4


def residual_after(A, sweeps=3):
    """The sum of squares that Laplace's equation is off by after some sweeps."""
    for _ in range(sweeps):
        sweep(A)
    r = A[1:-1, :-2] + A[1:-1, 2:] + A[:-2, 1:-1] + A[2:, 1:-1] - 4 * A[1:-1, 1:-1]
    return np.sum(r**2)


def picture(A, shades=" .:-=+*#%@"):
    """An array in ink, darkest where it is largest in size."""
    share = np.abs(A) / np.abs(A).max()
    return "\n".join(" ".join(shades[round(9 * s)] for s in row) for row in share)


if __name__ == "__main__":
    blame = value_and_grad(residual_after)
    guess = np.zeros((11, 11))
    guess[0] = 1.0
    for sweeps in (0, 1, 10):
        value, slopes = blame(guess, sweeps)
        # The residual is a quadratic form in A, so by Euler's theorem A * slopes sums up to twice its value.
        print(f"after {sweeps} sweeps: residual {value:.6f} = {np.sum(guess * slopes) / 2:.6f}; due to")
        print(picture(slopes))
    print(blame.source)
