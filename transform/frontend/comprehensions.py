"""Comprehensions and generator expressions: loops that collect their items, or add them up.

[x * x for x in xs if x > 0]      ys = []
                                  for k in range(len(xs)):
                          --->        if xs[k] > 0:
                                          ys.append(xs[k] * xs[k])
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import Any

from ..errors import LengthNeeded, UnsupportedError
from ..rules.build import Value, numeric
from ..tree import children_of, is_structure
from .branches import run_time_if
from .expressions import condition
from .growing import call_method, unstacked
from .iterate import iterate
from .iteration import OneByOne, rolling_of, rolling_range
from .loops import apart, run_for, run_rolling
from .lowering import Lowering, evaluate, expression
from .operators import contains_value
from .scope import Frame, Leave, RunList
from .statements import assign, statement

__all__ = ["Generated", "append_to", "collected", "folded", "for_each", "repeated"]

_LONGEST = 256

Action = Callable[[Frame], None]


class Do(ast.stmt):
    """A statement that stands for what the interpreter does itself."""

    _fields = ()
    action: Callable[[Frame], Leave | None]


@statement(Do)
def _do(frame: Frame, node: Do) -> Leave | None:
    return node.action(frame)


def _loop(where: Any, target: ast.expr, key: str, hidden: str) -> ast.For:
    """A loop that the interpreter makes up, the same each time for the same place in the source."""
    made: dict[str, ast.For] = where.__dict__.setdefault("_loops", {})
    if key not in made:
        body = ast.copy_location(Do(), where)
        loop = ast.For(target=target, iter=target, body=[body], orelse=[])
        made[key] = ast.copy_location(loop, where)
    loop = made[key]
    loop.carries = frozenset({hidden})  # type: ignore[attr-defined]
    return loop


def for_each(low: Lowering, source: Any, action: Callable[[Any], None], what: str) -> None:
    """Do something with each item of an iterable."""
    rolling = rolling_of(low, source)
    if isinstance(source, Generated):
        source.each(lambda inner: action(evaluate(inner, source.node.elt)))
        return
    if rolling is None or rolling.known is not None:
        for item in iterate(low, source, what):
            action(item)
        return
    frame = low.frames[-1]
    inner = frame.comprehension(frozenset())
    where = frame.statement
    loop = _loop(where, ast.copy_location(ast.Name(".item", ast.Store()), where), what, "")

    def each(inner: Frame) -> None:
        action(inner.names[".item"])

    loop.body[0].action = each  # type: ignore[attr-defined]
    with Within(low, inner):
        run_rolling(inner, loop, rolling)


class Within:
    """The scope of a comprehension while it runs: what changes in it is seen by branches and loops."""

    def __init__(self, low: Lowering, inner: Frame) -> None:
        self.low, self.inner = low, inner

    def __enter__(self) -> Frame:
        self.low.frames.append(self.inner)
        return self.inner

    def __exit__(self, *error: object) -> None:
        self.low.frames.remove(self.inner)


# Running a comprehension.


def _target_names(node: Any) -> frozenset[str]:
    return frozenset(
        inner.id
        for generator in node.generators
        for inner in ast.walk(generator.target)
        if isinstance(inner, ast.Name)
    )


class _Run:
    """One run of a comprehension: `action` is done in its scope for each element."""

    def __init__(
        self, frame: Frame, node: Any, inner: Frame, action: Action, hidden: str, sums: bool
    ) -> None:
        self.frame, self.node, self.inner, self.action = frame, node, inner, action
        self.hidden, self.sums = hidden, sums

    def nest(self, k: int) -> None:
        """The generators from the k-th on."""
        if k == len(self.node.generators):
            self.action(self.inner)
            return
        generator, low = self.node.generators[k], self.frame.low
        if generator.is_async:
            raise UnsupportedError("asynchronous comprehensions are not understood")
        source = evaluate(self.frame if k == 0 else self.inner, generator.iter)
        low.builder.origin = self.inner.origin(generator.iter)
        rolling = rolling_of(low, source)
        loop = _loop(self.node, generator.target, f"{k}", self.hidden)
        loop.body[0].action = lambda inner: self.tests(k, 0)  # type: ignore[attr-defined]
        if rolling is None or (
            not self.sums and rolling.known is not None and len(rolling.known) <= _LONGEST
        ):
            for count, item in enumerate(iterate(low, source, "a comprehension")):
                assign(self.inner, generator.target, item)
                low.trail.append(count)
                self.tests(k, 0)
                low.trail.pop()
        elif self.sums:
            run_for(self.inner, loop, source)
        else:
            run_rolling(self.inner, loop, rolling)

    def tests(self, k: int, j: int) -> Leave | None:
        """The conditions of the k-th generator from the j-th on, and what they guard."""
        tests = self.node.generators[k].ifs
        if j == len(tests):
            self.nest(k + 1)
            return None
        decided = condition(self.inner, tests[j], "the condition of a comprehension")
        if not isinstance(decided, Value):
            return self.tests(k, j + 1) if decided else None
        self.inner.low.builder.origin = self.inner.origin(tests[j])
        run_time_if(self.inner, decided, lambda: self.tests(k, j + 1), lambda: None, lambda: None, True)
        return None


def _run(
    frame: Frame, node: Any, action: Action, hidden: str = "", init: Any = None, sums: bool = False
) -> Any:
    """Run a comprehension; what it leaves under the name `hidden` of its scope."""
    low = frame.low
    inner = frame.comprehension(_target_names(node))
    if hidden:
        inner.names[hidden] = init
    with Within(low, inner):
        _Run(frame, node, inner, action, hidden, sums).nest(0)
        return inner.names.get(hidden)


def append_to(low: Lowering, token: list[Any], item: Any) -> None:
    """`token.append(item)`."""
    if id(token) in low.growing:
        call_method(low, token, "append", [item])
    else:
        token.append(item)


def name_for(frame: Frame, node: ast.AST, default: str) -> str:
    """How the result of an expression is called: as the variable that it is assigned to."""
    given = frame.statement
    if isinstance(given, ast.Assign) and given.value is node and isinstance(given.targets[0], ast.Name):
        return given.targets[0].id
    return default


@expression(ast.ListComp)
def _list_comprehension(frame: Frame, node: ast.ListComp) -> Any:
    low = frame.low
    token: list[Any] = low.new_object([])

    def collect(inner: Frame) -> None:
        append_to(low, token, evaluate(inner, node.elt))

    _run(frame, node, collect, f".{name_for(frame, node, 'xs')}", token)
    return token


@expression(ast.SetComp)
def _set_comprehension(frame: Frame, node: ast.SetComp) -> Any:
    items = _known_list(frame, node, lambda inner: evaluate(inner, node.elt))
    if any(map(contains_value, items)):
        raise UnsupportedError("a set of run-time values", "Use a list or a tuple.")
    return set(items)


@expression(ast.DictComp)
def _dict_comprehension(frame: Frame, node: ast.DictComp) -> Any:
    from .expressions import key_of

    def pair(inner: Frame) -> tuple[Any, Any]:
        return key_of(inner, evaluate(inner, node.key)), evaluate(inner, node.value)

    return frame.low.new_object(dict(_known_list(frame, node, pair)))


def _known_list(frame: Frame, node: Any, item: Callable[[Frame], Any]) -> list[Any]:
    items: list[Any] = frame.low.new_object([])
    _run(frame, node, lambda inner: append_to(frame.low, items, item(inner)), ".items", items)
    if id(items) in frame.low.growing:
        raise LengthNeeded(
            "the number of items of this comprehension is known only at run time", "Use a list."
        )
    return items


# Generator expressions: elements are evaluated when they are asked for, as in Python.


class Generated(OneByOne):
    """What a generator expression gives: its elements one by one, or all of them in a loop."""

    def __init__(self, frame: Frame, node: ast.GeneratorExp) -> None:
        self.frame, self.node = frame, node
        self._elements: Iterator[Any] | None = None

    def __next__(self) -> Any:
        if self._elements is None:
            self._elements = self._one_by_one()
        return next(self._elements)

    def _one_by_one(self) -> Iterator[Any]:
        inner = self.frame.comprehension(_target_names(self.node))

        def nest(k: int) -> Iterator[Any]:
            if k == len(self.node.generators):
                yield evaluate(inner, self.node.elt)
                return
            generator = self.node.generators[k]
            source = evaluate(self.frame if k == 0 else inner, generator.iter)
            for item in iterate(self.frame.low, source, "a comprehension"):
                assign(inner, generator.target, item)
                if all(self._decided(inner, test) for test in generator.ifs):
                    yield from nest(k + 1)

        return nest(0)

    def _decided(self, inner: Frame, test: ast.expr) -> bool:
        decided = condition(inner, test, "the condition of a comprehension")
        if isinstance(decided, Value):
            raise LengthNeeded(
                "the length of this comprehension is known only at run time",
                "Make it a list, or multiply by the condition.",
                inner.origin(test),
            )
        return bool(decided)

    def each(self, action: Action, hidden: str = "", init: Any = None, sums: bool = False) -> Any:
        """Do something in the scope of each element."""
        if self._elements is not None:
            raise UnsupportedError("a generator expression of which some elements have been taken")
        return _run(self.frame, self.node, action, hidden, init, sums)

    def as_list(self) -> list[Any]:
        """All elements."""
        return collected(self.frame.low, self)


@expression(ast.GeneratorExp)
def _generator_expression(frame: Frame, node: ast.GeneratorExp) -> Any:
    return frame.low.new_object(Generated(frame, node))


def collected(low: Lowering, source: Any) -> list[Any]:
    """A new list of all items of an iterable."""
    token: list[Any] = low.new_object([])
    live = low.live(source) if isinstance(source, Value) else source
    dims = getattr(live.type, "dims", ()) if isinstance(live, Value) else ()
    if dims and not isinstance(low.builder.dims.resolve(dims[0]), int):
        return unstacked(low, live)
    if isinstance(source, Generated):
        elt = source.node.elt
        source.each(lambda inner: append_to(low, token, evaluate(inner, elt)), ".xs", token)
    else:
        frame = low.frames[-1]
        inner = frame.comprehension(frozenset())
        inner.names[".xs"] = token
        with Within(low, inner):
            for_each(low, source, lambda item: append_to(low, token, item), "list")
    return token


def _holds_numbers(item: Any) -> bool:
    if is_structure(item):
        return any(map(_holds_numbers, children_of(item)[1]))
    return isinstance(item, (Value, RunList)) or numeric(item)


def repeated(low: Lowering, items: list[Any], count: Value) -> list[Any]:
    """`items * count`."""
    token: list[Any] = low.new_object([])
    inner = low.frames[-1].comprehension(frozenset())
    inner.names[".xs"] = token
    known = [low.live(item) for item in low.outside.inside(items)]
    if not any(map(_holds_numbers, known)):
        # A list of None or of texts leaves nothing behind at run time that tells its length.
        return low.new_object(known * int(low.static(count, "the length of a list without numbers")))

    def extend(item: Any) -> None:
        for each in known:
            append_to(low, token, each)

    with Within(low, inner):
        for_each(low, rolling_range(low, count), extend, "repeat")
    return token


def folded(low: Lowering, source: Generated, step: Callable[[Any, Any], Any], init: Any, called: str) -> Any:
    """step(...step(step(init, x0), x1)..., xn) over the elements of a generator expression."""
    hidden, elt = f".{called}", source.node.elt

    def action(inner: Frame) -> None:
        value = step(inner.names[hidden], evaluate(inner, elt))
        inner.names[hidden] = low.name(value, called)

    return apart(source.frame, lambda: source.each(action, hidden, init, sums=True))
