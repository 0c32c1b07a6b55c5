"""The chain rule: da/dx = da/db * db/dx, one factor a line of the tangent function."""

from math import log

from transform import adjoint, tangent


def chain(x):
    b = x**2
    a = log(b)
    return a


if __name__ == "__main__":
    print(tangent(chain).source)
    x = 3.0
    b = x**2
    value, slope = tangent(chain)(x)
    print(f"a = {value:.6f}, da/db * db/dx = {1 / b:.6f} * {2 * x:g} = {slope:.6f}")
    print(f"in reverse: {adjoint(chain)(x):.6f}, which is 2 / x")
