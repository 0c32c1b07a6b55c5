"""The few helpers that generated code may need. Each is self-contained: a dumped module carries a copy."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = [
    "add_rows",
    "cofactors",
    "delay",
    "exclusive_products",
    "int_abs",
    "int_add",
    "int_floordiv",
    "int_lshift",
    "int_mod",
    "int_mul",
    "int_neg",
    "int_pow",
    "int_rshift",
    "int_sub",
    "last_of_each",
    "matrix_cofactors",
    "polygamma",
    "recurrence",
    "sinc_derivative",
    "surviving",
    "unbroadcast",
    "whole",
]


def unbroadcast(bar: Any, like: Any) -> Any:
    """Sum an adjoint over the axes along which `like` was broadcast: the result has the shape of `like`."""
    if bar.shape == like.shape:
        return bar.copy()  # as a new array: what is added to it later is not added to `bar`
    lead = np.ndim(bar) - np.ndim(like)
    surplus = tuple(k for k, n in enumerate(np.shape(like)) if n == 1 != bar.shape[lead + k])
    return bar.sum(axis=(*range(lead), *(lead + k for k in surplus)), keepdims=True).reshape(np.shape(like))


def add_rows(A: Any, index: Any, rows: Any) -> None:
    """The same as np.add.at(A, index, rows): of many rows column by column, which is faster."""
    if index.size < max(200, A.shape[1]) or rows.shape != (index.size, A.shape[1]):
        np.add.at(A, index, rows)
    else:
        for column, values in zip(A.T, rows.T, strict=True):
            np.add.at(column, index, values)


def exclusive_products(x: Any, axis: int, reverse: bool = False) -> Any:
    """The product of the elements before (in reverse: after) each one along an axis; 1 for none."""
    products = np.ones_like(x)
    given, made = np.moveaxis(x, axis, 0), np.moveaxis(products, axis, 0)
    if reverse:
        given, made = given[::-1], made[::-1]
    np.cumprod(given[:-1], axis=0, out=made[1:])
    return products


def delay(x: Any, axis: int, reverse: bool = False) -> Any:
    """Each element replaced by the one before (in reverse: after) it along an axis, the first (last) by 0."""
    delayed = np.zeros_like(x)
    given, made = np.moveaxis(x, axis, 0), np.moveaxis(delayed, axis, 0)
    if reverse:
        made[:-1] = given[1:]
    else:
        made[1:] = given[:-1]
    return delayed


def recurrence(a: Any, b: Any, axis: int, reverse: bool = False) -> Any:
    """z[i] = a[i] * z[i-1] + b[i] along an axis (in reverse: z[i] = a[i+1] * z[i+1] + b[i])."""
    a, b = np.broadcast_arrays(a, b)
    z = np.array(b, dtype=np.result_type(a, b))
    factor, made = np.moveaxis(a, axis, 0), np.moveaxis(z, axis, 0)
    if reverse:
        for i in range(len(made) - 1, 0, -1):
            made[i - 1] += factor[i] * made[i]
    else:
        for i in range(1, len(made)):
            made[i] += factor[i] * made[i - 1]
    return z


def cofactors(A: Any) -> Any:
    """The derivative of det(A) with respect to A: det(A) * inv(A).T, and right where A is singular too."""
    U, s, Vh = np.linalg.svd(A)
    n = s.shape[-1]
    products = np.where(np.eye(n, dtype=bool), 1, s[..., None, :]).prod(axis=-1)
    sign = np.linalg.det(U) * np.linalg.det(Vh)
    return (U.conj() * (sign[..., None] * products)[..., None, :]) @ Vh.conj()


def matrix_cofactors(A: Any) -> Any:
    """Like `cofactors`, for one matrix; for compiled code."""
    U, s, Vh = np.linalg.svd(A)
    products = np.ones(len(s))
    for k in range(len(s)):
        for j in range(len(s)):
            if j != k:
                products[k] *= s[j]
    sign = np.linalg.det(U) * np.linalg.det(Vh)
    return (np.conj(U) * (sign * products)) @ np.conj(Vh)


def polygamma(n: int, x: float) -> float:
    """The derivative of order n + 1 of log(abs(gamma(x))), for one number."""
    import math

    if x <= 0 and (math.isinf(x) or x == math.floor(x)):
        return math.nan  # a pole
    if x < 0:
        # Reflection. A derivative of cot is a polynomial in cot: p(c) becomes -pi * (1 + c**2) * p'(c).
        cot, p = 1 / math.tan(math.pi * (x - round(x))), [0.0, math.pi]
        for _ in range(n):
            slope = [-math.pi * k * p[k] for k in range(1, len(p))]
            p = [a + b for a, b in zip([*slope, 0.0, 0.0], [0.0, 0.0, *slope], strict=True)]
        return (-1.0) ** n * polygamma(n, 1 - x) - sum(a * cot**k for k, a in enumerate(p))
    # Recurrence up to where the asymptotic series is accurate.
    sign, value = (-1) ** (n + 1), 0.0
    while x < 20 + n:
        value += math.factorial(n) / x ** (n + 1)
        x += 1
    r = 1 / x
    value += r / 2 - math.log(x) if n == 0 else math.factorial(n - 1) * r**n * (1 + n * r / 2)
    bernoulli = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510)
    for k, b in enumerate(bernoulli, start=1):
        value += b * math.factorial(2 * k + n - 1) / math.factorial(2 * k) * r ** (2 * k + n)
    return float(sign * value)


def sinc_derivative(n: int, x: Any) -> Any:
    """The derivative of order n of np.sinc(x)."""
    u = np.pi * x
    near = np.abs(u) < n + 1
    # Near 0 the series, elsewhere the recurrence u * f[k] = sin(u + k * pi / 2) - k * f[k-1].
    t, v = np.where(near, u, 0), np.where(near, 1, u)
    series, term = 0 * t, 1 + 0 * t
    for m in range(30 + 3 * n):
        if (m - n) % 2 == 0:
            series = series + (-1) ** ((m + n) // 2) / (m + n + 1) * term
        term = term * t / (m + 1)
    f = np.sin(v) / v
    for k in range(1, n + 1):
        f = ((np.sin(v), np.cos(v), -np.sin(v), -np.cos(v))[k % 4] - k * f) / v
    return np.pi**n * np.where(near, series, f)


def surviving(shape: Any, index: Any) -> Any:
    """Which of the values written by `A[index] = v` stay: of those for the same element, the last."""
    order = np.zeros(shape, dtype=int)
    count = np.arange(order[index].size).reshape(order[index].shape)
    order[index] = count
    return order[index] == count


def last_of_each(n: int, places: Any) -> Any:
    """Like `surviving`, for an array of n elements and an array of their positions; for compiled code."""
    last = np.zeros(n, np.int64)
    for k in range(len(places)):
        last[places[k]] = k
    stays = np.zeros(len(places), np.bool_)
    for k in range(len(places)):
        stays[k] = last[places[k]] == k
    return stays


def whole(x: float) -> float:
    """A float that an int can hold."""
    if x != x:
        raise ValueError("cannot convert float NaN to integer")
    if x > 9007199254740992.0 or x < -9007199254740992.0:
        raise OverflowError("an int beyond 64 bits")
    return x


def int_add(a: int, b: int) -> int:
    """The sum of two ints in 64 bits, if they hold it."""
    if (b > 0 and a > 9223372036854775807 - b) or (b < 0 and a < -9223372036854775807 - 1 - b):
        raise OverflowError("an int beyond 64 bits")
    return a + b


def int_sub(a: int, b: int) -> int:
    """The difference of two ints in 64 bits, if they hold it."""
    if (b < 0 and a > 9223372036854775807 + b) or (b > 0 and a < -9223372036854775807 - 1 + b):
        raise OverflowError("an int beyond 64 bits")
    return a - b


def int_neg(a: int) -> int:
    """The negative of an int in 64 bits, if they hold it."""
    if a == -9223372036854775807 - 1:
        raise OverflowError("an int beyond 64 bits")
    return -a


def int_abs(a: int) -> int:
    """The absolute value of an int in 64 bits, if they hold it."""
    return a if a >= 0 else int_neg(a)


def int_mul(a: int, b: int) -> int:
    """The product of two ints in 64 bits, if they hold it."""
    # Asked before: compilers assume that products of ints do not wrap around.
    if a != 0 and b != 0 and b != 1 and int_abs(a) > 9223372036854775807 // int_abs(b):
        raise OverflowError("an int beyond 64 bits")
    return a * b


def int_floordiv(a: int, b: int) -> int:
    """The quotient of two ints in 64 bits, rounded down, if they hold it."""
    if b == 0:
        raise ZeroDivisionError("integer division or modulo by zero")
    return int_neg(a) if b == -1 else a // b


def int_mod(a: int, b: int) -> int:
    """The remainder of two ints."""
    if b == 0:
        raise ZeroDivisionError("integer modulo by zero")
    return 0 if b == -1 else a % b


def int_pow(a: int, n: int) -> int:
    """The power of an int in 64 bits, if they hold it: a negative one is no int."""
    if n < 0:
        raise OverflowError("an int beyond 64 bits")
    power = 1
    for _ in range(min(n, 64) if a != 1 and a != -1 else n % 2):
        power = int_mul(power, a)
    return power


def int_lshift(a: int, n: int) -> int:
    """The int a * 2**n in 64 bits, if they hold it."""
    if n < 0:
        raise ValueError("negative shift count")
    for _ in range(min(n, 64)):
        a = int_mul(a, 2)
    return a


def int_rshift(a: int, n: int) -> int:
    """The int a // 2**n."""
    if n < 0:
        raise ValueError("negative shift count")
    return a >> min(n, 63)
