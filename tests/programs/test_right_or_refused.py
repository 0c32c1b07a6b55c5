"""Corners that may be refused, but must not be wrong: the right derivative, or a reason with a place."""

from __future__ import annotations

import numpy as np
import pytest

from transform import MissingRule, TransformError, UnsupportedError

from .check import check

V = np.array([0.52, 1.37, 0.91, 1.18])


class Scale:
    def __init__(self, factor):
        self.factor = factor

    def times(self, u):
        return self.factor * u


def either(*arguments, **options):
    """Decorator: the function is differentiated rightly or refused; nothing else will do."""

    def register(function):
        function.attempt = (arguments, options)
        return function

    return register


@either(V)
def none_until_the_first_element(v):
    best = None
    for a in v:
        if best is None or a > best:
            best = a
    return best**2


@either(V, 0.7)
def a_write_through_flat(v, x):
    v.flat[1] = x * v[0]
    return np.sum(v**2)


@either(V)
def a_view_of_the_bytes(v):
    bits = v.view(np.int64)
    bits[0] = 0
    return np.sum(v**2)


@either(V)
def a_buffer_that_shares_memory(v):
    w = np.frombuffer(v, dtype=float)
    v[0] = v[1] ** 2
    return np.sum(w**2)


@either(V)
def vectorize(v):
    return np.sum(np.vectorize(lambda a: a**2 if a > 1 else a)(v))


@either(0.9, 4)
def items_deleted_from_a_list(x, n):
    xs = [x ** (k + 1) for k in range(n)]
    del xs[1]
    xs.reverse()
    return xs[0] * xs[-1]


@either(0.9, 4)
def a_list_inserted_at_the_front(x, n):
    xs = [x]
    for k in range(n):
        xs.insert(0, xs[0] * x)
    return xs[0] + xs[-1]


@either(V)
def a_list_sorted_with_a_key(v):
    xs = [a * 2 for a in v]
    xs.sort(key=lambda a: -a)
    return xs[0] ** 2 + sorted(xs)[0]


@either(V)
def a_loop_over_nditer(v):
    s = 0.0
    for a in np.nditer(v):
        s = s + a * a
    return s


@either(V)
def a_generator_that_is_iterated(v):
    def squares(w):
        for a in w:
            yield a * a

    s = 0.0
    for a in squares(v):
        s = s * 0.5 + a
    return s


@either(V)
def a_class_made_inside(v):
    class Sum:
        total = 0.0

        def add(self, a):
            self.total += a * a

    s = Sum()
    for a in v:
        s.add(a)
    return s.total


@either(1.3, 0.7)
def a_division_that_is_caught(x, y):
    try:
        z = x / y
    except ZeroDivisionError:
        z = x
    return z * z


@either(V)
def a_mask_made_of_the_array_that_it_writes(v):
    mask = v > 1
    v[mask] = v[mask] ** 2
    v[mask] += v[~mask].sum()
    return np.sum(v**2)


@either(V, 2)
def a_number_of_trips_that_the_body_changes(v, n):
    s = 0.0
    for i in range(n):
        n = n + 1
        s = s + v[i] * n
    return s * n


@either([0.7, 1.3])
def a_list_changed_while_iterated(xs):
    s = 0.0
    for x in xs:
        s = s + x * x
        if len(xs) < 4:
            xs.append(x * 0.5)
    return s


@either(V, 0.7)
def lists_of_different_lengths_from_the_branches(v, x):
    xs = [x]
    if x > 0:
        xs.append(v[0])
    return sum(xs) * len(xs)


@either(V, 0.7)
def a_matrix_whose_size_is_data(v, x):
    n = int(x * 5)
    a = np.zeros((n, n))
    for i in range(n):
        a[i, i] = v[i] * x
    return np.sum(a @ a)


@either(V)
def an_array_resized(v):
    w = np.append(v, v[0] ** 2)
    w.resize(3)
    return np.sum(w**2)


@either(V)
def strided_tricks(v):
    w = np.lib.stride_tricks.sliding_window_view(v, 2)
    return np.sum(w[:, 0] * w[:, 1])


@either(V)
def an_array_named_in_a_loop_and_written_after_it(v):
    new = v.copy()
    for _ in range(len(v)):
        alias = new
    alias[1] += v[2] ** 2
    return np.sum(new**2)


@either(V)
def an_array_written_after_a_loop_has_named_it(v):
    new = v.copy()
    for _ in range(len(v)):
        alias = (new, v * 2)
    new[1] *= v[0]
    return np.sum(alias[0] ** 2)


@either(V)
def a_view_named_in_a_loop_and_written_after_it(v):
    new = v.copy()
    for k in range(len(v)):
        part = new[1:]
    part[1] *= v[0]
    return np.sum(new**2) * k


@either(V)
def two_names_for_what_an_iteration_made(v):
    for k in range(len(v)):
        made = v * k
        alias = made
    alias[1] *= v[0]
    return np.sum(made**2)


@either(V)
def functions_in_a_list_that_grows(v):
    functions = []
    for a in v:
        functions.append(lambda u, a=a: u * a)
    return functions[0](2.0) * functions[1](3.0)


@either(V)
def the_first_of_the_objects_in_a_list_that_grows(v):
    scales, total = [], 0.0
    for a in v:
        scales.append(Scale(a))
        total += scales[0].factor * a
    return total


@either(V)
def methods_in_a_comprehension_over_an_array(v):
    methods = [Scale(a).times for a in v if a > 0.6]
    return methods[0](v[0]) * methods[1](v[1])


@either(V, 3)
def one_array_twice_in_a_list_that_is_swapped(v, n):
    both = [v, v]
    for _ in range(n):
        both[0] += 0.5 * v[0]
        both = [both[1], both[0]]
    return np.mean(v**2)


@either(V, 1)
def an_array_written_in_one_of_two_branches_through_either_name(v, n):
    a = v * 2
    b = a if v[0] > n else v
    if v[1] > 1:
        b[0] = v[2] ** 2
    else:
        a[0] = v[2]
    return np.sum(v**2)


EITHER = {name: thing for name, thing in list(globals().items()) if hasattr(thing, "attempt")}


@pytest.mark.parametrize("name", EITHER)
def test_right_or_refused(name):
    function = EITHER[name]
    arguments, options = function.attempt
    refusal = None
    try:
        check(function, *arguments, **options)
    except TransformError as error:
        refusal = error
    if refusal is not None:
        assert isinstance(refusal, (UnsupportedError, MissingRule))
        assert refusal.origin is not None
