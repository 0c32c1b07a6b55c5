"""Every statement that straight-line code is made of."""

import math
import operator

import numpy as np
import pytest

from .lowering import assert_lowers, ssa

X = np.arange(1.0, 7.0).reshape(2, 3)
V = np.array([0.3, -1.2, 2.0])


def plain(x):
    a = x**2
    b = 5 * a
    return -b


def chained(x):
    a = b = x * 3
    return a * b


def augmented(x):
    a = x
    a += 1
    a *= x
    a -= 0.5
    a /= 3
    a **= 2
    a //= 0.01
    a %= 7
    return a


def annotated(x: float):
    a: float = x + 1
    b: anything  # noqa: F821
    return a


def unpacking(x):
    (a, b), c = (x, 2 * x), 3 * x
    [d, e] = [a, c]
    return a + 2 * b - c * d / e


def starred(x):
    first, *middle, last = x, 2 * x, 3 * x, 4 * x
    *init, tail = [x]
    return first + last * sum(middle) + tail + len(init)


def swap(x):
    a, b = x, x * x
    a, b = b, a
    return a - b


def rotate(x):
    a, b, c = x, x + 1, x + 2
    a, b, c = c, a, b
    return a * 100 + b * 10 + c


def walrus(x):
    return (y := x * x) + y


def walrus_in_comprehension(x):
    total = [last := x * k for k in range(3)]
    return sum(total) + last


def unpack_array(v):
    a, b, c = v
    return a * b + c


def unpack_string(x):
    a, b = "xy"
    return x if a < b else -x


def delete(x):
    a = x * 2
    b = {"a": a, "b": x}
    del a, b["a"]
    return b["b"]


def docstring_assert_print(x):
    """A docstring."""
    assert x.shape == x.shape, "never"
    print("x is", x, x.sum(), f"{x!r}")
    "another string"
    return x.sum()


def formatted(x):
    name = f"{3:>4}|{'a'!r}"
    f"{x}"
    return x * len(name)


def static_decisions(x, mode="a", flag=None):
    if mode == "a" and flag is None:
        x = x * 2
    elif mode == "b":
        x = x * 3
    else:
        raise ValueError(mode)
    if not isinstance(x, str) and x.ndim == 2:
        return x.T
    return x


def unrolled(x):
    total = 0.0
    for k, (a, b) in enumerate(zip([x, 2 * x], (x, x + 1))):
        if k == 5:
            break
        total += a * b * k
    else:
        total += 1
    return total


def loop_with_break_continue(x):
    s = x
    for k in range(10):
        if k == 2:
            continue
        if k > 4:
            break
        s = s + k * x
    else:
        s = s * 100
    return s


def static_while(x):
    k = 3
    while k:
        x = x * k
        k -= 1
    else:
        x = x + 1
    return x


def loop_over_dict(x):
    parts = {"a": x, "b": 2 * x}
    s = 0.0
    for key, value in parts.items():
        s += value * (2 if key == "a" else 3)
    for key in parts:
        s += parts[key]
    return s + sum(parts.values())


def with_errstate(x):
    with np.errstate(all="ignore"):
        y = x / 3
    return y


def try_static(x, y):
    try:
        y = float(y)
    except (TypeError, ValueError):
        y = 2.0
    else:
        y += 1
    finally:
        x = x * 2
    return x * y


def try_array(v):
    try:
        v = float(v)
    except TypeError:
        v = v.sum()
    return v


def local_import(x):
    import math as m
    from math import cos

    return m.sin(x) * cos(x)


def nested(x):
    k = 2.0

    def inner(y, *, power=3):
        return k * y**power

    k = 4.0
    return inner(x) + (lambda z, k=k: z * k)(x)


def nonlocal_counter(x):
    total = x

    def add(y):
        nonlocal total
        total = total + y

    add(2 * x)
    add(x * x)
    return total


def conditional(x):
    return x if x > 0 else -x * 2


def mixed_conditional(x):
    return (1.0 if x > 0 else x) + (3 if x < 1 else 5)


def nothing_to_join(x):
    if x > 0:
        y = x * 2
        name = "a"
    else:
        y = x * 3
        name = "b"
    return y


def one_armed(x):
    y = x
    if x > 1:
        y = y * x
    return y + 1


def early_return(x):
    if x > 0:
        return x * 2
    y = x * 3
    if x < -1:
        return y
    if x < -0.5:
        y = y - 1
    return y + 1


def returns_structure(x):
    if x > 0:
        return {"a": x, "b": (1.0, x)}
    return {"a": x * 2, "b": (x, 3.0)}


def raising_branch(x):
    if x < -100:
        raise ValueError("out of range")
    return x * 2


def lists_in_branches(x):
    parts = [x, 2.0]
    if x > 0:
        parts[0] = x * 3
    else:
        parts[1] = x
    return parts[0] * parts[1]


def logic(x):
    inside = x > 0 and x < 2
    either = x < -1 or x > 1
    return (x if inside else 2 * x) + (3 * x if not either else x * x)


def chain(x):
    return x if 0 < x < 2 else -x


def short_circuit(x):
    return 1.0 if x != 0 and 1 / x > 2 else x


def array_in_branches(v):
    if v.sum() > 0:
        w = v * 2
    else:
        w = -v
    return w


def in_place_alias(v):
    a = v * 1
    b = a
    c = [a]
    a += 1
    return b * c[0] + a


def in_place_argument(v):
    v += 1
    v *= v
    return v


def helper_in_place(a, k):
    a -= k
    return


def in_place_helper(v):
    w = v * 2
    helper_in_place(w, 3)
    return w


def in_place_int32(v):
    a = v.astype(np.float32)
    a += v
    return a


def in_place_branch(v):
    a = v * 2
    b = a
    if v.sum() > 0:
        a += 1
    return b


def named_numbers(x):
    n = 2
    s = 4
    k = s
    return s * x**n + k * len([x] * n)


def spelled(x):
    return x * (1 / 3) + 2 * np.pi + math.sqrt(2) * x - 1e-3 + float("inf") * 0 * x if False else x * (1 / 3)


SCALARS = [
    plain, chained, augmented, annotated, unpacking, starred, swap, rotate, walrus,
    walrus_in_comprehension, unpack_string, delete, formatted, unrolled, loop_with_break_continue,
    static_while, loop_over_dict, with_errstate, local_import, nested, nonlocal_counter, conditional,
    mixed_conditional, nothing_to_join, one_armed, early_return, returns_structure, raising_branch,
    lists_in_branches, logic, chain, short_circuit, named_numbers, spelled,
]  # fmt: skip


@pytest.mark.parametrize("function", SCALARS, ids=operator.attrgetter("__name__"))
@pytest.mark.parametrize("x", [1.7, -0.7, 0.3, -2.5])
def test_scalars(function, x):
    assert_lowers(function, x)


ARRAYS = [
    unpack_array, docstring_assert_print, static_decisions, array_in_branches, in_place_alias,
    in_place_argument, in_place_helper, in_place_int32, in_place_branch, try_array,
]  # fmt: skip


@pytest.mark.parametrize("function", ARRAYS, ids=operator.attrgetter("__name__"))
@pytest.mark.parametrize("v", [V, -V])
def test_arrays(function, v):
    assert_lowers(function, v)


@pytest.mark.parametrize("arguments", [(X,), (X, "b"), (X, "b", None), (V, "a", None)])
def test_static_decisions(arguments):
    assert_lowers(static_decisions, *arguments)


@pytest.mark.parametrize("y", [1, 2.5, "3", None, (1, 2), "no"])
def test_try_static(y):
    assert_lowers(try_static, 1.5, y)


def test_names():
    assert ssa(plain, 1.0) == ["a", "b", "L"]
    assert ssa(chained, 1.0) == ["a", "L"]
    assert ssa(swap, 1.0) == ["b", "L"]
    assert ssa(named_numbers, 1.0) == ["s", "p", "p", "L"]
    assert ssa(walrus, 2.0) == ["y", "L"]
