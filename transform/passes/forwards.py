"""Loops that run backwards, for compilers that know ranges only.

for i in reversed(range(2, n)): ...    --->    for i in range(n - 1, 1, -1): ...
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ..ir import For, Function, Lit, Statement, map_regions, reads
from ..rules.build import Builder, Value, op

__all__ = ["forwards"]


def forwards(function: Function) -> Function:
    """The function, and those it calls, without `reversed`."""
    changed = replace(function, body=tuple(_body(function.body)))
    return replace(changed, callees={callee: forwards(each) for callee, each in function.callees.items()})


def _body(body: tuple[Statement, ...]) -> Iterator[Statement]:
    for statement in body:
        inner = map_regions(statement, _body)
        if isinstance(inner, For) and inner.reverse:
            index = inner.body.params[0]
            counts = index in {*reads(inner.body.body), *inner.body.results}
            yield from _turned(inner) if counts else [replace(inner, reverse=False)]
        else:
            yield inner


def _turned(loop: For) -> Iterator[Statement]:
    """The same indices from the last to the first, counted with a step of the other sign."""
    builder = Builder()
    builder.origin, builder.sweep = loop.origin, loop.sweep
    start, stop, step = map(builder.value, (loop.start, loop.stop, loop.step))
    if isinstance(loop.step, Lit) and abs(loop.step.value) == 1:
        last = _minus(stop, step)
    else:
        count = -op.floordiv(start - stop, step)
        last = start + (count - 1) * step
    end, back = _minus(start, step), _minus(builder.value(0), step)
    yield from builder.body
    yield replace(loop, start=last.atom, stop=end.atom, step=back.atom, reverse=False)


def _minus(x: Value, y: Value) -> Value:
    if isinstance(x.atom, Lit) and isinstance(y.atom, Lit):
        return x.builder.value(x.atom.value - y.atom.value)
    if isinstance(y.atom, Lit) and y.atom.value < 0:
        return op.add(x, -y.atom.value)
    return op.sub(x, y)
