"""What cannot be done says where, why, and what to do instead; golden text, line numbers left out.

The messages for constructs inside functions are in tests/frontend/errors; here are those of the interface.
"""

from __future__ import annotations

import re
from textwrap import dedent

import numpy as np
import pytest

from transform import TransformError, adjoint, grad, hvp, jacobian, jvp, tangent, value_and_grad, vjp


def loss(x, w):
    return np.sum(x * w)


def several(x):
    return 3 * x, 2 * x


def vector(x):
    return 2 * x


def text(x):
    return f"{x}"


def generator(x):
    yield x


async def coroutine(x):
    return x


COUNT = 0


def counting(x):
    global COUNT
    COUNT += 1
    return x


def unknown(x):
    return np.sum(np.fft.fft(x).real)


def undefined(x):
    return undefined_function(x)  # noqa: F821


def made_by_exec():
    scope = {}
    exec("def made(x):\n    return x * x\n", scope)
    return scope["made"]


V = np.array([1.0, 2.0])

MESSAGES = {
    "unknown_name": (
        lambda: grad(loss, argnums="z")(V, V),
        """\
        test_bad_input.py:N:1: loss has no argument 'z'
            def loss(x, w):
            ^^^^^^^^^^^^^^^
        Its arguments are x, w; argnums takes their names or positions from 0.""",
    ),
    "unknown_position": (
        lambda: grad(loss, argnums=(0, 2))(V, V),
        """\
        test_bad_input.py:N:1: loss has no argument 2
            def loss(x, w):
            ^^^^^^^^^^^^^^^
        Its arguments are x, w; argnums takes their names or positions from 0.""",
    ),
    "no_argnums": (
        lambda: grad(loss, argnums=()),
        """\
        argnums is ()
        Name each argument once, and at least one.""",
    ),
    "integers": (
        lambda: grad(loss, argnums="w")(V, np.array([1, 2])),
        """\
        test_bad_input.py:N:13: argument w holds int64[w0]: an integer has no neighbours to \
differentiate towards
            def loss(x, w):
                        ^
        Pass it as float64, for example w.astype(float), or leave it out of argnums.""",
    ),
    "string": (
        lambda: grad(loss)("a", V),
        """\
        test_bad_input.py:N:10: argument x is 'a', not a number or an array of numbers
            def loss(x, w):
                     ^
        Leave it out of argnums.""",
    ),
    "several_results": (
        lambda: grad(several)(1.0),
        """\
        test_bad_input.py:N:1: several returns a tuple; a gradient is that of one real number
            def several(x):
            ^^^^^^^^^^^^^^^
        Use transform.jacobian, or give transform.adjoint a seed for the result.""",
    ),
    "vector_result": (
        lambda: value_and_grad(vector)(V),
        """\
        test_bad_input.py:N:1: vector returns float64[x0]; a gradient is that of one real number
            def vector(x):
            ^^^^^^^^^^^^^^
        Use transform.jacobian, or give transform.adjoint a seed for the result.""",
    ),
    "no_aux": (
        lambda: grad(vector, has_aux=True)(1.0),
        """\
        test_bad_input.py:N:1: vector does not return a pair (value, aux), as has_aux=True says
            def vector(x):
            ^^^^^^^^^^^^^^
        Return a tuple of the value and whatever goes along with it.""",
    ),
    "seed_shape": (
        lambda: adjoint(vector)(V, np.ones(3)),
        """\
        test_bad_input.py:N:1: the seed y_bar has shape (3,), it belongs to a value of shape (2,)
            def vector(x):
            ^^^^^^^^^^^^^^
        A seed has the shape of the value it belongs to.""",
    ),
    "seed_missing": (
        lambda: adjoint(several)(1.0, 1.0),
        """\
        test_bad_input.py:N:1: several_adjoint needs the seed y2_bar
            def several(x):
            ^^^^^^^^^^^^^^^
        Pass a seed for every result: 0.0 for one that does not count.""",
    ),
    "seed_of_a_tangent": (
        lambda: tangent(loss, ("x", "w"))(V, V, V, 1.0),
        """\
        test_bad_input.py:N:1: the seed w_dot has shape (), it belongs to a value of shape (2,)
            def loss(x, w):
            ^^^^^^^^^^^^^^^
        A seed has the shape of the value it belongs to.""",
    ),
    "complex_seed": (
        lambda: adjoint(several)(1.0, 1j, 1.0),
        """\
        test_bad_input.py:N:1: the seed y1_bar is 1j, where float is needed
            def several(x):
            ^^^^^^^^^^^^^^^
        Pass real numbers.""",
    ),
    "hvp_seed": (
        lambda: hvp(loss)(V, V, np.ones(3)),
        """\
        test_bad_input.py:N:1: the seed x_dot has shape (3,), it belongs to a value of shape (2,)
            def loss(x, w):
            ^^^^^^^^^^^^^^^
        A seed has the shape of the value it belongs to.""",
    ),
    "pullback_structure": (
        lambda: vjp(several, 1.0)[1](1.0),
        """\
        test_bad_input.py:N:1: the seed is a float, the result a tuple of 2
            def several(x):
            ^^^^^^^^^^^^^^^
        A seed has the structure of the result.""",
    ),
    "tangent_structure": (
        lambda: jvp(lambda p: p["a"] * p["b"], ({"a": 1.0, "b": 2.0},), ({"a": 1.0},)),
        """\
        test_bad_input.py:N:21: the seed p_dot is a dict of 'a', its argument a dict of 'a', 'b'
            lambda: jvp(lambda p: p["a"] * p["b"], ({"a": 1.0, "b": 2.0},), ({"a": 1.0},)),
                        ^^^^^^^^^^^^^^^^^^^^^^^^^
        A seed has the structure of the argument it belongs to.""",
    ),
    "tangents_not_a_tuple": (
        lambda: jvp(vector, 1.0, 1.0),
        """\
        jvp takes its primals and its tangents as tuples
        For one argument: jvp(f, (x,), (x_dot,)).""",
    ),
    "too_many_tangents": (
        lambda: jvp(vector, (1.0,), (1.0, 2.0)),
        """\
        jvp got 1 primal and 2 tangents
        Give one tangent for each primal; zeros for one that does not move.""",
    ),
    "mode": (
        lambda: jacobian(vector, mode="backward"),
        """\
        mode is 'backward'
        Use "forward", "reverse" or "auto".""",
    ),
    "not_a_function": (
        lambda: grad(5),
        """\
        5 is not a function
        Pass a Python function.""",
    ),
    "generator": (
        lambda: grad(generator)(1.0),
        """\
        test_bad_input.py:N:1: generator is a generator: it has no single result to differentiate
            def generator(x):
            ^^^^^^^^^^^^^^^^^
        Write a function that returns its result.""",
    ),
    "async": (
        lambda: grad(coroutine)(1.0),
        """\
        test_bad_input.py:N:1: coroutine is an async function: it has no single result to differentiate
            async def coroutine(x):
            ^^^^^^^^^^^^^^^^^^^^^^^
        Write a function that returns its result.""",
    ),
    "global_write": (
        lambda: grad(counting)(1.0),
        """\
        test_bad_input.py:N:5: assignment to the global COUNT: a function that changes globals has \
no derivative
            COUNT += 1
            ^^^^^^^^^^
        Return the new value instead.""",
    ),
    "unknown_function": (
        lambda: grad(unknown)(V),
        """\
        test_bad_input.py:N:19: np.fft.fft has no derivative rule
            return np.sum(np.fft.fft(x).real)
                          ^^^^^^^^^^^^^
        Give it one with transform.rule(np.fft.fft, ...), or declare it constant with \
transform.constant(np.fft.fft).""",
    ),
    "undefined_function": (
        lambda: grad(undefined)(1.0),
        """\
        test_bad_input.py:N:12: for arguments of these types the function raises NameError: name \
'undefined_function' is not defined
            return undefined_function(x)  # noqa: F821
                   ^^^^^^^^^^^^^^^^^^
        Make it run by itself with such arguments first.""",
    ),
    "no_source": (
        lambda: grad(made_by_exec())(1.0),
        """\
        the source of made is not available: it was typed at a prompt or made by exec (<string>:N)
        Define it in a file or a notebook cell, so that its text can be read.""",
    ),
}


@pytest.mark.parametrize("name", MESSAGES)
def test_message(name):
    attempt, expected = MESSAGES[name]
    with pytest.raises(TransformError) as caught:
        attempt()
    assert re.sub(r":\d+(?=[:)])", ":N", str(caught.value), count=1) == dedent(expected)
    assert COUNT == 0


def test_lambdas_on_one_line_are_told_apart():
    # fmt: off
    double, triple = (lambda x: x * 2), (lambda x: x * 3)
    several_lambdas = [lambda x: x * 1, lambda y: y * 5, lambda x: x**2 + (lambda z: z)(x)]
    # fmt: on
    assert grad(double)(1.0) == 2.0
    assert grad(triple)(1.0) == 3.0
    assert [grad(f)(3.0) for f in several_lambdas] == [1.0, 5.0, 7.0]


def test_a_lambda_over_several_lines():
    gradient = grad(
        lambda x, y=(lambda z: z**2):
        y(x)
        + x
    )  # fmt: skip
    assert gradient(3.0) == 7.0


def test_functions_that_python_itself_refuses_keep_their_exceptions():
    def divides(x):
        return x / (x - x)

    with pytest.raises(ZeroDivisionError):
        grad(divides)(1.0)
    with pytest.raises(TypeError):
        grad(vector)()
