"""Kepler's equation E - e sin(E) = M by Newton's method, and a second Newton to check it.

The loop runs until it is done, as often as the data want; its derivative runs back as often.

transform adjoint examples/newton.py:anomaly
"""

from math import cos, sin

from transform import adjoint, grad


def anomaly(M, e):
    """The eccentric anomaly E of a planet at mean anomaly M, on an orbit of eccentricity e."""
    E = M
    while abs(E - e * sin(E) - M) > 1e-13:
        E = E - (E - e * sin(E) - M) / (1 - e * cos(E))
    return E


def distance(M, e):
    """The planet's distance from the sun; the half axis of its orbit is 1."""
    return 1 - e * cos(anomaly(M, e))


def slopes(M, e):
    """The partial derivatives of E by the implicit function theorem, whatever method found E."""
    E = anomaly(M, e)
    return 1 / (1 - e * cos(E)), sin(E) / (1 - e * cos(E))


def gravity(M, e):
    """The acceleration of the distance by the law of gravitation; M is time, where the year is 2 pi."""
    r = distance(M, e)
    return (1 - e**2) / r**3 - 1 / r**2


if __name__ == "__main__":
    e = 0.6
    both = adjoint(anomaly, argnums=("M", "e"))
    acceleration = grad(grad(distance))
    print(both.source)
    print("  M         E     dE/dM   formula     dE/de   formula       r''   gravity")
    for M in (0.1, 0.5, 1.0, 2.0, 3.0):
        (M_bar, e_bar), (M_slope, e_slope) = both(M, e), slopes(M, e)
        row = (anomaly(M, e), M_bar, M_slope, e_bar, e_slope, acceleration(M, e), gravity(M, e))
        print(f"{M:3.1f}" + "".join(f"{number:10.5f}" for number in row))
