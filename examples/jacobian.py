"""A Jacobian by seeds: tangent passes give its columns, adjoint passes its rows."""

from math import cos, exp, log, sin

from transform import adjoint, tangent


def pair(x1, x2):
    y1 = x1 * x2 + sin(x1)
    y2 = exp(x1 - x2)
    return y1, y2


def wide(x1, x2, x3):
    y1 = x1 * x2 + x1 * x3
    y2 = log(x1 + x2)
    return y1, y2


def unit(n, k):
    """The k-th unit vector of n numbers."""
    return tuple(float(i == k) for i in range(n))


def columns(function, point):
    """The columns of the Jacobian: one tangent pass for each input, y_dot = J x_dot."""
    n = len(point)
    push = tangent(function, argnums=tuple(range(n)))
    return [push(*point, *unit(n, k))[1] for k in range(n)]


def rows(function, point, results):
    """The rows of the Jacobian: one adjoint pass for each result, x_bar = y_bar J."""
    pull = adjoint(function, argnums=tuple(range(len(point))))
    return [pull(*point, *unit(results, k)) for k in range(results)]


def show(title, vectors):
    """Print one pass a line."""
    print(f"{title}: {len(vectors)} passes")
    for vector in vectors:
        print("   ", *(f"{number:10.6f}" for number in vector))


if __name__ == "__main__":
    print(adjoint(pair, argnums=(0, 1)).source)
    x1, x2 = 0.5, 1.5
    print(f"expected: {x2 + cos(x1):.6f} {x1:.6f} / {exp(x1 - x2):.6f} {-exp(x1 - x2):.6f}")
    for function, point in ((pair, (x1, x2)), (wide, (1.0, 2.0, 3.0))):
        show(f"{function.__name__}, columns by tangents", columns(function, point))
        show(f"{function.__name__}, rows by adjoints", rows(function, point, 2))
