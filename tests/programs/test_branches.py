"""Branches: conditions of every kind, early returns, match; what is not taken contributes nothing."""

from __future__ import annotations

import math

import numpy as np
import pytest

from .check import program, programs, run

V = np.array([0.52, 1.37, 0.91, 1.18])
M = np.array([[0.7, 1.4, 0.9], [1.3, 0.6, 0.8]])


@program(1.3, 0.7)
@program(-1.3, 0.7)
def if_without_else(x, y):
    z = x * y
    if x > 0:
        z = z * x
    return z + y


@program(-1.2)
@program(0.4)
@program(1.4)
@program(2.4)
def if_elif_else(x):
    if x < 0:
        y = x**2
    elif x < 1:
        y = x**3
    elif x < 2:
        y = math.exp(x)
    else:
        y = math.sin(x) * x
    return y * x


@program(1.3, 0.7)
@program(1.3, -0.7)
@program(-1.3, 0.7)
@program(-1.3, -0.7)
def nested_ifs(x, y):
    if x > 0:
        if y > 0:
            z = x * y
        else:
            z = x / y
        z = z * z
    else:
        z = x**2
        if y > 0:
            z = z * y
    return z


@program(1.3, 0.7)
@program(0.7, 1.3)
def a_variable_of_one_branch_read_only_there(x, y):
    if x > y:
        difference = x - y
        z = difference**2 * x
    else:
        z = x * y
    return z


@program(1.3)
@program(-1.3)
def one_name_of_two_meanings_in_two_branches(x):
    if x > 0:
        a, b = x**2, x
    else:
        b, a = x**3, 2 * x
    return a * b + a


@program(1.3, 0.7)
@program(-1.3, 0.7)
def a_variable_overwritten_in_one_branch_and_read_before(x, y):
    a = y * 2
    b = a * x
    if x > 0:
        a = a * b
    return a + b


@program(1.3, 3)
@program(-1.3, 3)
@program(1.3, 0)
def early_return_in_the_first_line(x, n):
    if n == 0:
        return 0.5 * x
    if x < 0:
        return x**n
    y = math.sqrt(x)
    return y * n


@program(-2.0)
@program(0.5)
@program(1.5)
@program(3.0)
def a_chain_of_early_returns(x):
    if x < -1:
        return x * x
    y = x**3
    if x < 1:
        return y * 2
    y = y * x
    if x < 2:
        return y * y
    return math.log(y)


@program(1.3, 0.7)
@program(0.7, 1.3)
def returns_in_both_branches(x, y):
    if x > y:
        return x**2 * y
    else:
        return x * y**3


@program(1.3, 0.7)
@program(1.3, -0.7)
@program(-1.3, 0.7)
def return_inside_nested_branches(x, y):
    z = x * y
    if x > 0:
        if y > 0:
            return z * x
        z = z + y**2
    z = z * z
    return z * y


@program(V, 2)
@program(V, 5)
@program(V[:1], 1)
def branch_on_a_shape(v, n):
    if len(v) > 3:
        w = v**2
    else:
        w = v**3
    if v.shape[0] == n:
        return np.sum(w)
    return np.sum(w * v[0])


@program(V)
@program(M)
@program(1.3)
def branch_on_the_rank(x):
    if np.ndim(x) == 0:
        return x**2
    if x.ndim == 1:
        return np.sum(x**3)
    return np.sum(x.sum(axis=0) ** 2)


@program(V)
@program(V, V[::-1].copy())
@program(V, None, 0.7)
def branch_on_none(v, weights=None, offset=None):
    if weights is None:
        weights = np.ones_like(v)
    total = np.sum(weights * v**2)
    if offset is not None:
        total = total * offset
    return total


@program(V, "sum")
@program(V, "mean")
@program(V, "max", second=False)
def branch_on_a_string(v, how):
    if how == "sum":
        return np.sum(v**2)
    elif how in ("mean", "average"):
        return np.mean(v**3)
    return np.max(v) * v[0]


@program(2.0, 0.5)
@program(-2.0, 0.5)
def ternary_of_which_one_side_would_raise(x, y):
    root = math.sqrt(x) if x > 0 else y
    inverse = 0.0 if x < 0 else math.log(x)
    return root * y + inverse


@program(1.3, 2)
@program(1.3, 0)
def ternary_that_guards_a_division(x, n):
    return (x / n if n else x) * x + (1 / n if n != 0 else 2.0) * x


@program(0.5)
@program(-0.5)
def ternaries_as_arguments(x):
    return math.hypot(x if x > 0 else 2 * x, (3.0 if x > 0 else x**2) * x)


@program(-0.5, V)
@program(0.5, V)
def an_untaken_branch_of_nans(x, v):
    if x > 0:
        y = np.sum(np.log(v * x))
    else:
        y = np.sum(np.sqrt(v - x))
    return y * x


@program(np.array([0.5, -1.2, 2.0]))
def elements_that_take_different_branches(v):
    total = 0.0
    for a in v:
        if a > 0:
            total = total + math.log(a) * a
        else:
            total = total + a**2
    return total


@program(-2.0, 0.7)
@program(2.0, 0.7)
@program(0.1, 0.7)
def short_circuit_that_guards_a_logarithm(x, y):
    if x > 0 and math.log(x) > -1:
        return x * y
    if x < 0 or math.sqrt(x) > 5:
        return x * y**2
    return x**2 * y


@program(1.3, 0.7)
@program(0.2, 0.7)
@program(-0.4, 0.7)
def chained_comparison_and_not(x, y):
    if not 0 < x < y:
        z = x * y
    else:
        z = x**2 + y
    return z * z


@program(1.3, 1)
@program(1.3, 2)
@program(1.3, 3)
@program(1.3, 7)
@program(1.3, -7)
def match_on_integers(x, n):
    match n:
        case 1:
            return x
        case 2 | 3:
            y = x**n
        case k if k > 5:
            y = math.sin(x) * k
        case _:
            y = 1 / x
    return y * x**2


@program(1.3, "square")
@program(1.3, "sine")
@program(1.3, "other")
@program(1.3, None)
def match_on_strings_and_none(x, kind):
    match kind:
        case "square":
            f = x**2
        case "sine" | "sin":
            f = math.sin(x)
        case None:
            f = x
        case _:
            f = math.exp(-x)
    return f * x


@program(V, 1)
@program(V, 3)
@program(V, 4)
def branch_on_the_loop_index(v, k):
    total = 0.0
    for i in range(len(v)):
        if i % 2 == 0:
            total = total + v[i] ** 2
        elif i == k:
            total = total * v[i]
        else:
            total = total - v[i]
    return total


@program(V)
@program(-V)
@program(np.array([-0.5, 1.0, 2.0]))
def branch_on_any_and_all(v):
    if np.any(v < 0):
        if (v < 0).all():
            return np.sum(v**2)
        return np.sum(v**3)
    return np.sum(np.log(v))


@program(1.3, 0.7)
@program(0.7, 1.3)
def names_swapped_in_a_branch(x, y):
    if x < y:
        x, y = y, x
    return x**2 / y


@program(1.3)
@program(-1.3)
def int_in_one_branch_and_float_in_the_other(x):
    s = 0
    k = 1
    if x > 0:
        s = x**2
        k = 2.5
    return s * x + k * x


@program(1.3, 0.7)
@program(-1.3, 0.7)
def a_tuple_and_a_dict_from_a_branch(x, y):
    if x > 0:
        pair, table = (x, x * y), {"a": x**2, "b": 1.0}
    else:
        pair, table = (y, x), {"a": y, "b": x * 3}
    a, b = pair
    return a * b + table["a"] * table["b"]


@program(1.3, V)
@program(-1.3, V)
def one_of_two_arrays(x, v):
    if x > 0:
        w = v**2
    else:
        w = np.sin(v)
    return np.sum(w * x)


@program(1.3, V)
@program(-1.3, V)
def arrays_of_two_shapes_reduced_in_the_branches(x, v):
    if x > 0:
        total = np.sum(v[1:] * v[:-1])
    else:
        total = np.sum(np.outer(v, v) ** 2)
    return total * x


@program(1.3, 0.7)
@program(0.7, 1.3)
@program(-1.3, 1.3)
def a_walrus_in_the_condition(x, y):
    if (d := x - y) > 0:
        z = d * x
    elif (e := d * y) < -2:
        z = e * d
    else:
        z = d + y
    return z * d


@program(1.3)
@program(-1.3)
def a_branch_that_does_nothing(x):
    if x > 0:
        pass
    else:
        x = -x * x
    return x**3


@program(V)
@program(V[::-1].copy())
def the_index_is_chosen_by_a_branch(v):
    k = 0 if v[0] > v[1] else 1
    if v[k] > 1:
        j = k + 1
    else:
        j = 3
    return v[k] ** 2 * v[j]


@program(1.3, True)
@program(1.3, False)
def a_function_chosen_by_a_flag(x, flag):
    f = math.sin if flag else math.cos
    if flag:
        g = np.exp
    else:
        g = np.tanh
    return f(x) * g(x)


@program(V, 1.0)
@program(V, -1.0)
def a_store_in_one_branch_only(v, x):
    w = v * 2
    if x > 0:
        w[1] = x * w[0]
    return np.sum(w**2) * x


@program(V, 0.7)
@program(V, -0.7)
def stores_of_different_places_in_the_branches(v, x):
    w = v**2
    if x > 0:
        w[0] = w[1] * x
        w[1] = x
    else:
        w[2:] = w[:2] * x
    w[3] += w[0] * w[1]
    return np.sum(w * v)


@program(V, 0.7)
@program(V, -0.7)
def a_branch_that_rebinds_or_writes(v, x):
    w = v.copy()
    if x > 0:
        w = w * x
    else:
        w *= x**2
    w[0] *= w[1]
    return np.sum(w**2)


@program(0.3, 4)
@program(0.9, 4)
def a_branch_in_a_loop_in_a_branch(x, n):
    s = x
    if n > 2:
        for k in range(n):
            if s > 0.5:
                s = 3.7 * s * (1 - s)
            else:
                s = math.sin(s) + 0.3
    return s * s


@program(1.3, 0.7)
@program(-1.3, 0.7)
@program(1.3, -0.7)
def conditions_stored_in_variables(x, y):
    positive = x > 0
    both = positive and y > 0
    z = x * y
    if positive:
        z = z + x**2
    if both or not positive:
        z = z * y
    return z


@program(1.3)
@program(0.0, second=False)
def branch_on_the_truth_of_a_float(x):
    y = 2.0 * x
    if x:
        y = y + x**2
    return y * 3


@program(0.5, 1.5)
@program(1.5, 0.5)
def branch_on_isnan_and_isinf(x, y):
    if math.isnan(x) or math.isinf(y) or np.isnan(x * y):
        return 0.0
    if np.isfinite(x / y) and x > y:
        return x / y
    return x * y


@program(1.5, V)
@program(-1.5, V)
def a_result_of_one_branch_is_the_argument(x, v):
    if x > 0:
        return v
    return v * x


@pytest.mark.parametrize(**programs(globals()))
def test_program(name, k):
    run(globals(), name, k)
