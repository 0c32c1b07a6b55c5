"""Loops print: carried values are variables."""

from __future__ import annotations

import textwrap

from transform.compile.python import load
from transform.emit import emit
from transform.emit.ssa import ssa
from transform.ir import For, Function, Lit, Var, While
from transform.types import FLOAT, INT

from .build import ADD, DIV, GREATER, MUL, SUB, Program, x_of


def same(text, expected):
    assert text == textwrap.dedent(expected).lstrip("\n")


def loop_function():
    """s = 0; for i in range(n): x, s = 3.7 * x * (1 - x), s + x * x"""
    x, n = x_of(), x_of("n", INT)
    i, x_in, s_in = Var("i", INT), x_of(), x_of("s")
    p = Program()

    def body():
        nxt = p.named("x", MUL, p(MUL, 3.7, x_in), p(SUB, 1, x_in))
        return [nxt, p(ADD, s_in, p(MUL, nxt, i))]

    region = p.builder.region(body, (i, x_in, s_in))
    targets = (x_of(), x_of("s"))
    loop = For(targets, Lit(0), n, Lit(1), (x, Lit(0.0)), region)
    p.builder.body.append(loop)
    return Function("walk", (x, n), p.builder.finish(), targets)


def test_for():
    function = loop_function()
    emitted = emit(function)
    same(
        emitted.definition,
        """
        def walk(x, n):
            s = 0.0
            for i in range(n):
                x = 3.7 * x * (1 - x)
                s = s + x * i
            return x, s
        """,
    )
    x, s = 0.3, 0.0
    for i in range(7):
        x = 3.7 * x * (1 - x)
        s = s + x * i
    assert load(emitted)(0.3, 7) == (x, s)
    assert load(emitted)(0.3, 0) == (0.3, 0.0)
    assert "for i in range(n):" in ssa(function)


def test_swapped_values_and_a_used_start():
    a, b, n = x_of("a"), x_of("b"), x_of("n", INT)
    i, a_in, b_in = Var("i", INT), x_of("a"), x_of("b")
    p = Program()
    region = p.builder.region(lambda: [b_in, p(ADD, a_in, b_in)], (i, a_in, b_in))
    targets = (x_of("a"), x_of("b"))
    loop = For(targets, n, Lit(0), Lit(-1), (a, b), region)
    emitted = emit(Function("f", (a, b, n), (loop,), (*targets, a)))
    assert load(emitted)(1, 1, 5) == (8, 13, 1)
    same(
        emitted.definition,
        """
        def f(a, b, n):
            a_2 = a
            for i in range(n, 0, -1):
                a_2, b = b, a_2 + b
            return a_2, b, a
        """,
    )


def test_while():
    a, x_in, x_test, x_out = x_of("a"), x_of(), x_of(), x_of()
    p = Program()
    test = p.builder.region(lambda: [p(GREATER, p(SUB, p(MUL, x_test, x_test), a), 1e-12)], (x_test,))
    body = p.builder.region(lambda: [p(MUL, 0.5, p(ADD, x_in, p(DIV, a, x_in)))], (x_in,))
    loop = While((x_out,), (a,), test, body)
    emitted = emit(Function("root", (a,), (loop,), (x_out,)))
    same(
        emitted.definition,
        """
        def root(a):
            x = a
            while x * x - a > 1e-12:
                x = 0.5 * (x + a / x)
            return x
        """,
    )
    assert abs(load(emitted)(2.6) ** 2 - 2.6) < 1e-11
    assert FLOAT is x_out.type
