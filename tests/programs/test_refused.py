"""What is refused says why and where, with a caret: never a wrong number, never a foreign exception."""

from __future__ import annotations

import copy
import re
from types import SimpleNamespace

import numpy as np
import pytest

from transform import MissingRule, TransformError, UnsupportedError, adjoint, grad

V = np.array([0.52, 1.37, 0.91, 1.18])
W = np.array([1.1, 0.4, 0.8, 0.7])
GLOBAL_ARRAY = np.array([1.0, 2.0, 3.0, 4.0])
HISTORY = []
CONFIG = SimpleNamespace(value=1.0)
OPTIONS = {"scale": 1.0}
COUNT = 0


def refused(*arguments, words, error=UnsupportedError):
    """Decorator: the derivative is refused with this error, whose reason matches the words."""

    def register(function):
        function.refusal = (arguments, words, error)
        return function

    return register


@refused(V, words="shape|dims|length")
def an_accumulator_that_grows(v):
    a = v
    for _ in v:
        a = np.concatenate([a, v])
    return np.sum(a**2)


@refused(1.3, V, words="shape|array|float|different")
def a_number_that_becomes_an_array(x, v):
    y = x
    for _ in v:
        y = y * v
    return np.sum(y)


@refused(V, words="shape|rank|dims|length|type")
def an_array_that_gains_an_axis(v):
    for _ in range(len(v)):
        v = v[None] * 2
    return np.sum(v)


@refused(V, words="shape|dims|length")
def an_array_that_is_halved(v):
    while len(v) > 1:
        v = v[: len(v) // 2] * v[len(v) // 2 :]
    return v[0]


@refused(1.3, words="generator")
def a_generator_as_result(x):
    return (x * k for k in range(3))


@refused(1.3, words="generator")
def a_generator_function(x):
    yield x


@refused(1.3, words="async")
async def an_async_function(x):
    return x


@refused(1.3, words="global")
def a_global_written(x):
    global COUNT
    COUNT = x
    return x * COUNT


@refused(V, 2, words="global")
def a_global_written_in_a_loop(v, n):
    global COUNT
    for i in range(n):
        COUNT += v[i]
    return COUNT * 2


@refused(1.3, words="exec")
def exec_of_text(x):
    scope = {"x": x}
    exec("y = x * x", scope)
    return scope["y"]


@refused(1.3, words="eval|text|string|source")
def eval_of_text(x):
    return eval("x * x", {"x": x})


@refused(V, 0.7, words="try|except|caught")
def a_store_inside_try(v, x):
    try:
        v[0] = 1 / x
        v[1] = v[0] ** 2
    except ZeroDivisionError:
        v[0] = 0.0
    return np.sum(v**2)


@refused(V, 0.7, words="try|except|caught")
def a_loop_of_stores_inside_try(v, x):
    try:
        for i in range(len(v)):
            v[i] = x / v[i]
    except ZeroDivisionError:
        pass
    return np.sum(v**2)


@refused(1.3, words="object")
def an_object_array_by_dtype(x):
    a = np.array([x, x * x], dtype=object)
    return a[0] * a[1]


@refused(1.3, words="object")
def an_object_array_that_is_filled(x):
    a = np.empty(2, dtype=object)
    a[0] = x
    a[1] = x * x
    return a[0] * a[1]


@refused(V, W, 0.7, words="may be|same array|alias|either")
def a_write_through_one_of_two_names(v, w, x):
    a = v if x > 0 else w
    a[0] = x
    return np.sum(v * w)


@refused(V, W, 0.7, words="may be|same array|alias|either")
def a_write_after_an_ambiguous_name(v, w, x):
    if x > 0:
        a = v
    else:
        a = w
    v[0] = x
    return np.sum(a * w)


@refused(V, W, 3, words="may be|same array|alias|either")
def a_name_that_moves_to_another_array_in_a_loop(v, w, n):
    a = v
    for i in range(n):
        if v[i] > 1:
            a = w
        a[i] = 2.0 * v[0]
    return np.sum(v * w)


@refused([0.9, 2.6, -0.2], 0.4, words="while a loop runs over it")
def a_list_that_grows_while_it_is_looped_over(xs, s):
    for x in xs:
        s = s + x
        if x > 2 and len(xs) < 5:
            xs.append(0.5)
    return s


@refused(V, words="while a loop runs over it")
def a_long_list_that_grows_while_it_is_looped_over(v):
    xs, s = [], 0.0
    for u in v:
        xs.append(u)
    for x in xs:
        s = s + x
        if len(xs) < 5:
            xs.append(0.5)
    return s


@refused(V, words="several items at once")
def all_items_of_a_long_list_replaced(v):
    xs = [u for u in v]
    xs[:] = [u * u for u in xs if u > 0.6]
    return sum(xs)


@refused(1.3, words="bound|assigned|defined|value")
def a_variable_bound_in_one_branch(x):
    if x > 1:
        y = x * x
    return y


@refused(0.7, words="captured|outside|GLOBAL_ARRAY")
def a_write_to_a_captured_array(x):
    GLOBAL_ARRAY[0] = x
    return np.sum(GLOBAL_ARRAY**2)


@refused(V, 0.7, words="captured|outside|GLOBAL_ARRAY")
def a_write_to_a_captured_array_in_a_loop(v, x):
    for i in range(len(v)):
        GLOBAL_ARRAY[i] += x * v[i]
    return np.sum(GLOBAL_ARRAY**2)


@refused(V, 0.7, words="captured|outside|GLOBAL_ARRAY")
def an_out_argument_that_is_captured(v, x):
    np.multiply(v, x, out=GLOBAL_ARRAY)
    return np.sum(GLOBAL_ARRAY**2)


@refused(1.3, words="HISTORY|outside|list")
def a_list_outside_that_grows(x):
    HISTORY.append(x)
    return x * len(HISTORY)


@refused(1.3, words="value|outside|CONFIG|attribute")
def an_object_outside_that_is_changed(x):
    CONFIG.value = x
    return CONFIG.value**2


@refused(1.3, words="OPTIONS|outside")
def a_dict_outside_that_is_updated(x):
    OPTIONS.update(scale=2.0)
    return x * OPTIONS["scale"]


def _with_state():
    state = 0.0

    def a_closure_cell_written(x):
        nonlocal state
        state = state + x
        return state * x

    return refused(1.3, words="state|nonlocal|outside|closure")(a_closure_cell_written)


a_closure_cell_written = _with_state()


@refused(1.3, words="text|string|str")
def a_number_that_goes_through_text(x):
    return float(f"{x:.6f}") * 2


@refused(V, words="np.fft.fft", error=MissingRule)
def a_function_without_a_rule_in_a_loop(v):
    s = 0.0
    for _ in range(3):
        s = s + np.sum(np.abs(np.fft.fft(v)))
    return s


@refused(V, words="random")
def random_numbers_in_a_loop(v):
    s = 0.0
    for a in v:
        s = s + a * np.random.normal()
    return s


@refused(1.3, V, words="list|type|kind|element")
def a_list_of_numbers_and_arrays(x, v):
    xs = []
    for k in range(len(v)):
        xs.append(x * k)
        xs.append(v * k)
    return xs[0] + np.sum(xs[1])


@refused(V, words="type|kind|record|structured|dtype")
def a_record_array(v):
    a = np.zeros(4, dtype=[("x", float), ("y", float)])
    a["x"] = v
    return np.sum(a["x"] ** 2)


@refused(V + 1j * W, 0.7, words="real|imaginary")
def a_write_to_the_real_part(z, x):
    z.real[1] = x
    return np.sum(np.abs(z) ** 2)


REFUSED = {name: thing for name, thing in list(globals().items()) if hasattr(thing, "refusal")}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name):
    function = REFUSED[name]
    arguments, words, error = function.refusal
    before, outside = copy.deepcopy(arguments), GLOBAL_ARRAY.copy()
    with pytest.raises(TransformError) as caught:
        grad(function, _floats(arguments))(*arguments)
    message = str(caught.value)
    assert type(caught.value) is error, message
    assert re.search(words, caught.value.reason), message
    first, _, caret, *_ = message.splitlines()
    assert re.match(r"test_refused\.py:\d+:\d+: ", first)
    assert re.fullmatch(r" +\^+", caret)
    assert caught.value.remedy
    assert (COUNT, HISTORY, CONFIG.value, OPTIONS["scale"]) == (0, [], 1.0, 1.0)
    np.testing.assert_array_equal(GLOBAL_ARRAY, outside)
    for a, b in zip(arguments, before, strict=True):
        np.testing.assert_array_equal(a, b)


def _floats(arguments):
    return tuple(k for k, a in enumerate(arguments) if not isinstance(a, int))


@pytest.mark.parametrize("name", ["a_store_inside_try", "a_write_through_one_of_two_names"])
def test_refused_inside_a_helper_names_the_call(name):
    helper = REFUSED[name]

    def calling(*arguments):
        return helper(*arguments) * 2

    with pytest.raises(UnsupportedError, match=r"called at test_refused\.py:"):
        adjoint(calling, "arguments")(*helper.refusal[0])
