"""Functions that cannot be lowered, each for one reason. The messages are in errors/."""

import datetime
import random
import tempfile

import numpy as np

from transform.frontend import lower  # noqa: F401

COUNTER = 0
HISTORY = []


def generator(x):
    yield x


async def coroutine(x):
    return x


def global_write(x):
    global COUNTER
    COUNTER = COUNTER + 1
    return x * COUNTER


def unknown_function(v):
    y = np.fft.fft(v)
    return y.real.sum()


def random_numbers(x):
    return x + np.random.normal()


def random_module(x):
    return x + random.random()


def clock(x):
    return x * datetime.datetime.now().timestamp()


def array_condition(v):
    if v > 0:
        return v
    return -v


def array_ternary(v):
    return 1.0 if v.sum(axis=0) < v else 2.0


def raises(x):
    if isinstance(x, float):
        raise TypeError("x must be an array")
    return x


def fails_assertion(x):
    assert isinstance(x, str), "text wanted"
    return x


def unknown_name(x):
    return x * undefined_name  # noqa: F821


def before_assignment(x):
    y = z * x  # noqa: F821
    z = 2
    return y * z


def unknown_attribute(v):
    return v.median()


def unsupported_attribute(v):
    return v.ctypes


def wrong_arguments(x):
    return helper(x, 1, 2)


def helper(x, y):
    return deeper(x) * y


def deeper(x):
    return np.fft.fft(x).real


def inside_helpers(v):
    a = helper(v, 2)
    return a.sum()


def wrong_keyword(v):
    return np.sum(v, axes=0)


def none_arithmetic(x):
    y = None
    return x + y


def string_arithmetic(x):
    return x * "3"


def number_called(x):
    return x(2)


def number_indexed(x):
    return x[0]


def either_array(v):
    a, b = v * 2, v * 3
    c = a if v[0] > 0 else b
    c += 1
    return a.sum()


def read_only(v):
    wide = np.broadcast_to(v, (3, 3))
    wide[0] = 1.0
    return wide


def strided_reshape(v):
    flat = np.outer(v, v).T.ravel()
    flat[0] = 1.0
    return flat.sum()


def strided_reshape_of_argument(v):
    flat = v[::2].ravel()
    v[0] = 1.0
    return flat.sum()


def complex_store(v):
    v[0] = 1j
    return v


def misfit_store(v):
    a = np.zeros(3)
    a[:2] = np.ones(3)
    return a


def integer_in_place(v):
    a = np.array([1, 2, 3])
    a += v
    return a


def outer_array_in_place(v):
    w = OUTER
    w += v
    return w


OUTER = np.ones(3)


def outer_list_changed(x):
    HISTORY.append(x)
    return x


def different_structures(x):
    if x > 0:
        return x, x
    return x


def bound_in_one_branch(x):
    if x > 0:
        y = x
    return y


def mixed_types(x):
    y = x if x > 0 else "no"
    return y


def caught_at_run_time(x):
    try:
        y = 1 / x
    except ZeroDivisionError:
        y = 0.0
    return y


def deep_recursion(x):
    print(x)
    return deep_recursion(x - 1) if x > 0 else x


def context(x):
    with tempfile.TemporaryFile():
        x = x * 2
    return x


def returns_function(x):
    return lambda y: x * y


def unpacking(x):
    a, b = x, 2, 3
    return a + b


def sorted_values(x):
    return sorted([x, 2.0])


def unhashable(x):
    return {x: 1}


def file_read(x):
    return x * len(open("data").read())


def opaque_text(x):
    return x * float(f"{x}")


def multiline(
    v,
    y=np.fft.fft,
):
    return (
        v  # a comment
        + y(v)
    )


def shape_changed_in_loop(v, n):
    for _ in range(n):
        v = v[1:] * 2
    return v.sum()


def tuple_grown_in_loop(x, n):
    parts = (x,)
    for k in range(n):
        parts = (*parts, x * k)
    return sum(parts)


def entry_made_in_loop(x, n):
    found = {}
    for k in range(n):
        if x > k:
            found["last"] = x * k
    return found["last"]


def items_of_two_types(x, v, n):
    xs = []
    for k in range(n):
        xs.append(x * k)
        xs.append(v)
    return xs[0]


def list_inserted(x, n):
    xs = [x]
    for k in range(n):
        xs.insert(0, x * k)
    return xs[0]


def array_of_list_changed(v, n):
    rows = []
    for k in range(n):
        rows.append(v)
        v[0] = k
    return rows[0].sum()


def endless_loop(x):
    while True:
        x = x * 2


def never_two_lists_of_one_name(x, n):
    a = [x, 0.0]
    b = a
    for k in range(n):
        b[1] = a[0] * k
        a = [a[0] * 2, a[1]]
    return a[0] + b[1]


class Settings:
    rate = 1.0


SETTINGS = Settings()


def outer_object_changed(x):
    SETTINGS.rate = x
    return SETTINGS.rate**2
