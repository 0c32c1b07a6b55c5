"""The text of small functions, character by character; each is also run."""

from __future__ import annotations

import textwrap
from collections import OrderedDict

import numpy as np
import pytest

from transform.compile.python import load
from transform.emit import emit
from transform.errors import IRError, UnsupportedError
from transform.ir import About, Input, Lit, Slot, Sweep
from transform.tree import Node, Static
from transform.types import BOOL, FLOAT

from .build import (
    ADD,
    COPY,
    DIV,
    FLIP,
    GAIN,
    GREATER,
    MUL,
    NEG,
    PARAMETER,
    POW,
    SIN,
    SIZE,
    STORE,
    STORE_ADD_AT,
    SUB,
    SUM,
    VECTOR,
    Program,
    primitive,
    run,
    x_of,
)  # fmt: skip


def same(text, expected):
    assert text == textwrap.dedent(expected).lstrip("\n")


def test_adjoint_with_banner_headings_and_comments():
    x, L_bar = x_of(), x_of("L_bar")
    p = Program(x, L_bar, name="loss_adjoint")
    p.sweep(Sweep.FORWARD, 1, "a = x ** 2")
    a = p.named("a", POW, x, 2)
    p.sweep(Sweep.REVERSE, 3, "return b / x")
    b_bar = p.named("b_bar", DIV, L_bar, x)
    x_bar = p.named("x_bar", DIV, p(NEG, p(MUL, L_bar, a)), p(POW, x, 2))
    p.sweep(Sweep.REVERSE, 1, "a = x ** 2")
    x_bar = p.named("x_bar", ADD, x_bar, p(MUL, b_bar, p(MUL, 2, x)))
    inputs = (Input("x", PARAMETER, Slot(0)), Input("L_bar", PARAMETER, Slot(1), "1.0"))
    about = About("Adjoint", "loss", "f.py:1", (L_bar,), ("y",))
    function = p.function(x_bar, inputs=inputs, output=Slot(0), about=about)
    same(
        run(function, 2.0, 3.0),
        '''
        def loss_adjoint(x, L_bar=1.0):
            """Adjoint of loss (f.py:1): x_bar, given L_bar. Inactive: y."""
            # forward sweep
            a = x ** 2
            # reverse sweep
            b_bar = L_bar / x                   # b / x
            x_bar = -L_bar * a / x ** 2
            x_bar = x_bar + b_bar * (2 * x)     # a = x ** 2
            return x_bar
        ''',
    )


def test_a_line_lists_every_statement_it_differentiates():
    x, L_bar = x_of("b", VECTOR), x_of("L_bar")
    p = Program(x, L_bar)
    p.sweep(Sweep.REVERSE, 4, "return np.mean(c)")
    c_bar = p(DIV, L_bar, p(SIZE, x))
    p.sweep(Sweep.REVERSE, 3, "c = b ** 2")
    b_bar = p.named("b_bar", MUL, c_bar, p(MUL, 2, x))
    p.sweep(Sweep.REVERSE, 2, "b = y - a")
    same(
        run(p.function(p.named("a_bar", NEG, b_bar)), np.arange(3.0), 2.0),
        """
        def f(b, L_bar):
            # reverse sweep
            b_bar = L_bar / b.size * (2 * b)    # np.mean(c), c = b ** 2
            a_bar = -b_bar                      # b = y - a
            return a_bar
        """,
    )


def test_names_are_reused_when_dead_and_numbered_when_not():
    x = x_of()
    p = Program(x)
    first = p.named("x", MUL, x, 2)
    second = p.named("x", MUL, first, 3)
    third = p.named("x", ADD, second, x)
    same(
        run(p.function(p.named("y", MUL, third, 2)), 1.5),
        """
        def f(x):
            x_2 = x * 2
            x_2 = x_2 * 3
            x = x_2 + x
            y = x * 2
            return y
        """,
    )


def test_names_never_collide():
    x = x_of("math")
    p = Program(x, x_of("p"))
    a = p.named("f", SIN, x)
    b = p.named("np", MUL, a, a)
    c = p.named("lambda", MUL, b, b)
    d = p(MUL, p(MUL, c, c), 2)
    same(
        run(p.function(d, d, a), 0.5, 1.0),
        """
        def f(math, p):
            f_2 = math_2.sin(math)
            np_2 = f_2 * f_2
            lambda_ = np_2 * np_2
            p_2 = lambda_ * lambda_ * 2
            return p_2, p_2, f_2
        """,
    )


def test_names_that_only_literals_and_results_need_are_kept_free():
    x = x_of()
    p = Program(x)
    a = p.named("float", MUL, x, x)
    b = p.named("OrderedDict", ADD, a, Lit(float("inf")))
    output = Node(tuple, (0, 1, 2), (Slot(0), Slot(1), Static(OrderedDict)))
    emitted = emit(p.function(a, b, output=output))
    same(
        emitted.text,
        """
        from collections import OrderedDict as OrderedDict_2


        def f(x):
            float_2 = x * x
            OrderedDict = float_2 + float("inf")
            return float_2, OrderedDict, OrderedDict_2
        """,
    )
    assert load(emitted)(2.0) == (4.0, np.inf, OrderedDict)


@pytest.mark.parametrize(
    ("build", "expected"),
    [
        (lambda p, x: p(POW, Lit(-2.0), 2), "(-2.0) ** 2"),
        (lambda p, x: p(POW, x, Lit(-2.0)), "x ** -2.0"),
        (lambda p, x: p(NEG, p(POW, x, 2)), "-x ** 2"),
        (lambda p, x: p(POW, p(NEG, x), 2), "(-x) ** 2"),
        (lambda p, x: p(POW, p(POW, x, 2), 3), "(x ** 2) ** 3"),
        (lambda p, x: p(SUB, x, p(SUB, 1, x)), "x - (1 - x)"),
        (lambda p, x: p(SUB, p(SUB, x, 1), x), "x - 1 - x"),
        (lambda p, x: p(MUL, p(MUL, 2, x), x), "2 * x * x"),
        (lambda p, x: p(NEG, p(DIV, x, p(ADD, x, 1))), "-x / (x + 1)"),
        (lambda p, x: p(NEG, p(ADD, x, 1)), "-(x + 1)"),
        (lambda p, x: p(SUB, x, Lit(-3)), "x - -3"),
        (lambda p, x: p(MUL, x, Lit(np.pi, "np.pi")), "x * np.pi"),
        (lambda p, x: p(MUL, x, Lit(1 / 3, "1 / 3")), "x * (1 / 3)"),
        (lambda p, x: p(MUL, x, Lit(float("inf"))), 'x * float("inf")'),
        (lambda p, x: p(MUL, x, Lit(np.float32(0.1))), "x * np.float32(0.10000000149011612)"),
        (lambda p, x: p(MUL, x, Lit(1e-300)), "x * 1e-300"),
        (lambda p, x: p(MUL, x, Lit(2j)), "x * 2j"),
        (lambda p, x: p(MUL, x, Lit(1.5 - 2j)), "x * (1.5 - 2j)"),
        (lambda p, x: p(MUL, x, Lit(complex(0.0, -2))), "x * (0.0 - 2j)"),
        (lambda p, x: p(MUL, x, Lit(-2j)), "x * -2j"),
        (lambda p, x: p(primitive("real", "{0}.real"), p(ADD, x, 1)), "(x + 1).real"),
        (lambda p, x: p(primitive("at", "np.ravel({0})[0, ]"), x), None),
    ],
)
def test_expressions(build, expected):
    x = x_of()
    p = Program(x)
    value = build(p, x)
    if expected is None:
        return
    text = emit(p.function(value)).definition
    assert text == f"def f(x):\n    return {expected}\n"


def test_a_scalar_factor_takes_the_sign():
    v, s = x_of("v", VECTOR), x_of("s")
    p = Program(v, s)
    same(
        run(p.function(p(NEG, p(MUL, v, s)), p(NEG, p(MUL, s, v))), np.arange(3.0), 2.0),
        """
        def f(v, s):
            return v * -s, -s * v
        """,
    )


def test_long_expressions_are_broken_into_lines():
    names = ["alpha", "beta", "gamma", "delta"]
    variables = [x_of(name) for name in names]
    p = Program(*variables)
    total = p(MUL, variables[0], variables[1])
    for k in range(12):
        total = p(ADD, total, p(MUL, variables[k % 4], variables[(k + 1) % 4]))
    text = run(p.function(total), 1.0, 2.0, 3.0, 4.0)
    assert text.count("\n") == 4
    assert max(map(len, text.splitlines())) <= 92


def test_a_read_is_not_moved_behind_a_store():
    v = x_of("v", VECTOR)
    p = Program(v)
    w = p.named("w", COPY, v)
    before = p(SUM, w)
    flipped = p(FLIP, w)
    w2 = p.named("w", STORE, w, p(FLIP, w))
    same(
        run(p.function(p.named("s", MUL, before, 2), w2, p.named("r", MUL, flipped, 1)), np.arange(4.0)),
        """
        def f(v):
            w = v.copy()
            s_2 = w.sum()
            t = w[::-1].copy()
            w[1:] = w[::-1][1:]
            s = s_2 * 2
            r = t * 1
            return s, w, r
        """,
    )


def test_stores_may_be_calls():
    v = x_of("v", VECTOR)
    p = Program(v)
    w = p.named("w", STORE_ADD_AT, p.named("w", COPY, v), 2.0)
    same(
        run(p.function(p.named("w", GAIN, w, 1.0)), np.arange(4.0)),
        """
        def f(v):
            w = v.copy()
            np.add.at(w, [0, 0], 2.0)
            w[1:] += 1.0
            return w
        """,
    )


def test_the_callers_arrays_are_never_overwritten():
    v = x_of("v", VECTOR)
    p = Program(v)
    with pytest.raises(IRError, match="caller"):
        emit(p.function(p(GAIN, p(FLIP, v), 1.0)))


def test_branches():
    x = x_of()
    p = Program(x)
    condition = p(GREATER, x, 0.5)
    r = p.named_if("r", condition, lambda: [p(MUL, p(SUB, 1, x), x)], lambda: [p(DIV, x, 2)])

    def two():
        q = p.named("q", MUL, x, r)
        return [p(ADD, p(MUL, q, q), q), q]

    a, b = p.when(p(GREATER, r, 0), two, lambda: [r, p(MUL, 2, r)], [FLOAT, FLOAT])
    both = p.when(p(GREATER, a, 0), lambda: [p(GREATER, b, 1)], lambda: [False], [BOOL])
    last = p.when(both[0], lambda: [a], lambda: [b])
    function = p.function(last[0])
    text = run(function, 0.7)
    run(function, -0.3)
    same(
        text,
        """
        def f(x):
            r = (1 - x) * x if x > 0.5 else x / 2
            if r > 0:
                y_2 = x * r
                y = y_2 * y_2 + y_2
            else:
                y = r
                y_2 = 2 * r
            return y if y > 0 and y_2 > 1 else y_2
        """,
    )


def test_structures():
    W, b, out = x_of("W"), x_of("b"), x_of("s")
    p = Program(W, b, out)
    s = p.named("s", ADD, p(MUL, W, W), b)
    tree = Node(dict, ("W", "layers", "act"), (Slot(0), Node(tuple, (0,), (Slot(1),)), Static("tanh")))
    inputs = (Input("params", PARAMETER, tree), Input("s", PARAMETER, Slot(2)))
    output = Node(tuple, (0, 1), (Slot(0), Node(dict, ("s", "none"), (Slot(0), Static(None)))))
    emitted = emit(p.function(s, inputs=inputs, output=output))
    same(
        emitted.definition,
        """
        def f(params, s):
            W = params["W"]
            s = W * W + params["layers"][0]
            return s, {"s": s, "none": None}
        """,
    )
    result = load(emitted)({"W": 3.0, "layers": (1.0,), "act": "tanh"}, 0.0)
    assert result == (10.0, {"s": 10.0, "none": None})


def test_captures_and_helpers_stand_alone():
    from transform import runtime

    v, G, W = x_of("v", VECTOR), x_of("G"), x_of("W", VECTOR)
    helper = primitive("unbroadcast", "unbroadcast({0}, {1})", refers={"unbroadcast": runtime.unbroadcast})
    p = Program(v)
    value = p.named("y", MUL, p(helper, p(MUL, v, W), v), G)
    weights = np.array([1.0, 0.1, np.inf], dtype=np.float32)
    function = p.function(value, captures=((G, 9.81), (W, weights), (x_of("unused"), 1.0)))
    emitted = emit(function)
    text = emitted.text
    assert text.startswith(
        "import numpy as np\n\nG = 9.81\n"
        'W = np.array([1.0, 0.10000000149011612, float("inf")], dtype=np.float32)\n\n\n'
        "def unbroadcast(bar, like):\n"
    )
    scope = {}
    exec(text, scope)
    v_ = np.ones(3)
    np.testing.assert_array_equal(scope["f"](v_), load(emitted)(v_))
    big = p.function(value, captures=((G, 9.81), (W, np.zeros(1001))))
    assert load(emit(big))(np.zeros(1001)).size == 1001
    with pytest.raises(UnsupportedError, match="W is a captured array of 1001 elements"):
        emit(big).text


def test_the_generated_line_is_in_the_traceback():
    import traceback

    x = x_of()
    p = Program(x)
    function = load(emit(p.function(p.named("y", DIV, 1.0, x))))
    with pytest.raises(ZeroDivisionError) as caught:
        function(0.0)
    assert "y = 1.0 / x" in "".join(traceback.format_exception(caught.value))
    assert function.__code__.co_filename.startswith("<transform f ")
