"""Loops: kept where only run time knows how often they run, written out where they decide what is done.

A loop over what is known, such as a list of layers, is run while lowering. One that computes the same way in
each iteration is lowered once, with what it carries as params (see `carrying`). `break`, `continue` and
`return` become flags: then the loop is a `while` with the flag in its condition.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from ..errors import Origin, UnsupportedError
from ..ir import Atom, For, If, Lit, Region, Statement, Var, While, substitute
from ..rules.build import Value, op
from ..rules.registry import PRIMITIVES
from ..types import BOOL, INT, Type
from .branches import closed, run_time_if
from .calls import iterate
from .carrying import Carried, grown_names, written_bases
from .expressions import condition
from .forms import form_of, lists_of, numbers_in, numbers_of, with_numbers
from .iteration import Rolling, counted, rolling_of
from .liveness import assigned_names, liveness_of, updated_names
from .lowering import Lowering, evaluate
from .recorder import Recorder, plain
from .scope import BREAK, CONTINUE, NOTHING, Frame, Leave, NotYet, Parted, Raised, Unbound
from .state import Outcome, State, fork, run_apart
from .statements import assign, run_block, statement

__all__ = ["apart", "run_for", "run_rolling"]

_LONGEST = 256
_BRIEF = 4
_MOST_ATTEMPTS = 12

Block = Callable[[], Leave | None]
T = TypeVar("T")


class _TooLong(Exception):
    """A loop that is better kept as a loop."""


@statement(ast.For)
def _for(frame: Frame, node: ast.For) -> Leave | None:
    source = evaluate(frame, node.iter)
    frame.low.builder.origin = frame.origin(node.iter)
    return run_for(frame, node, source)


def run_for(frame: Frame, node: ast.For, source: Any) -> Leave | None:
    """A loop over the items of `source`."""
    rolling = rolling_of(frame.low, source)
    if rolling is None:
        return _written_out(frame, node, iterate(frame.low, source, "a loop"), None)
    if rolling.known is None:
        return _rolled_or_known(frame, node, rolling)

    def items() -> Iterator[Any]:
        assert rolling is not None
        assert rolling.known is not None
        return (rolling.at(k) for k in rolling.known)

    return _either(frame, node, items, lambda: _RollingFor(frame, node, rolling).lowered())


def run_rolling(frame: Frame, node: ast.For, rolling: Rolling) -> Leave | None:
    """A loop that is kept."""
    return apart(frame, lambda: _RollingFor(frame, node, rolling).lowered())


def _rolled_or_known(frame: Frame, node: ast.For, rolling: Rolling) -> Leave | None:
    """A loop with run-time bounds; where it cannot be kept, its bounds must be known."""
    try:
        return apart(frame, lambda: _RollingFor(frame, node, rolling).lowered())
    except UnsupportedError as error:
        if not any(error is each for each in frame.low.refused):
            raise
        for limit in (rolling.start, rolling.stop, rolling.step):
            if isinstance(limit, Value):
                frame.low.demand(limit, "a limit of range()")
        raise


@statement(ast.While)
def _while(frame: Frame, node: ast.While) -> Leave | None:
    decided = _first_test(frame, node)
    if isinstance(decided, Value):
        return apart(frame, lambda: _RollingWhile(frame, node).lowered())

    def items() -> Iterator[Any]:
        while True:
            test = condition(frame, node.test, "the condition of a loop")
            if isinstance(test, Value):
                raise _TooLong
            if not test:
                return
            yield None

    return _either(frame, node, items, lambda: _RollingWhile(frame, node).lowered())


def _first_test(frame: Frame, node: ast.While) -> Any:
    """The condition before the first iteration, where it is known; nothing is left of its evaluation."""
    found = run_apart(frame.low, lambda: condition(frame, node.test, "the condition of a loop", False))
    return found.result if not found.raised else None


def apart(frame: Frame, attempt: Callable[[], T]) -> T:
    """Try something; where it fails, nothing of it is left."""
    low = frame.low
    before, count = State.of(low), len(low.builder.body)
    try:
        return attempt()
    except (UnsupportedError, Raised, _TooLong):
        before.restore()
        del low.builder.body[count:]
        raise


def _either(
    frame: Frame,
    node: ast.For | ast.While,
    items: Callable[[], Iterator[Any]],
    roll: Callable[[], Leave | None],
) -> Leave | None:
    """A loop that is known: written out where that is brief or decides something, else kept."""
    low, key = frame.low, (node, *(each.statement for each in frame.low.frames))
    if low.kept.get(key, False) is None:
        return _written_out(frame, node, items(), None)
    nested = any(isinstance(each, (ast.For, ast.While)) for part in node.body for each in ast.walk(part))
    if not low.kept.get(key):
        try:
            return apart(frame, lambda: _written_out(frame, node, items(), 0 if nested else _BRIEF))
        except _TooLong:
            low.kept[key] = True
    try:
        return apart(frame, roll)
    except (UnsupportedError, Raised) as error:
        low.kept[key] = None
        try:
            return apart(frame, lambda: _written_out(frame, node, items(), None))
        except _TooLong:
            raise error from None


def _written_out(
    frame: Frame, node: ast.For | ast.While, items: Iterator[Any], brief: int | None, count: int = 0
) -> Leave | None:
    """Run a loop over what is known; `brief` is after how many iterations there may be no equations yet."""
    low = frame.low
    start = len(low.builder.body)
    for item in items:
        count += 1
        if brief is not None and count > brief + 1 and len(low.builder.body) > start:
            raise _TooLong
        if count > _LONGEST:
            raise UnsupportedError(
                f"a loop of more than {_LONGEST} iterations would be written out in full",
                "Write it as array operations.",
            )
        if isinstance(node, ast.For):
            assign(frame, node.target, item)
        left = merged(low, run_block(frame, node.body, None), {"continue": "fall"})
        if isinstance(left, Parted):
            # Each iteration would be written down in a branch of the one before.
            if brief is not None or isinstance(node, ast.While):
                raise _TooLong
            return _go_on(frame, node, items, left, count)
        if left is BREAK:
            return None
        if left is not None:
            return left
    return run_block(frame, node.orelse, None)


def _go_on(
    frame: Frame, node: ast.For | ast.While, items: Iterator[Any], left: Parted, count: int
) -> Leave | None:
    """The iterations that follow one that may have left the loop."""
    low, origin = frame.low, frame.origin(node)
    gone = merged(low, without(low, left, "fall"), {"break": "fall"})
    if "fall" not in kinds_of(left):
        return gone
    remaining = list(items) if isinstance(node, ast.For) else items
    a, b = fork(low, lambda: _written_out(frame, node, iter(remaining), None, count), lambda: gone)
    return closed(frame, flag_of(low, left, "fall"), a, b, origin)


# How control leaves.


def kinds_of(left: Leave | None) -> tuple[str, ...]:
    """The ways in which a block may be left."""
    if isinstance(left, Parted):
        return (*(kind for kind, _ in left.flags), left.last)
    return ("fall",) if left is None else (left.kind,)


def flag_of(low: Lowering, left: Leave | None, kind: str) -> Any:
    """Whether a block is left in a certain way: a run-time bool, or known."""
    if not isinstance(left, Parted):
        return kinds_of(left) == (kind,)
    flags = dict(left.flags)
    if kind != left.last:
        return flags.get(kind, False)
    taken: Any = None
    for flag in flags.values():
        taken = flag if taken is None else op.or_(taken, flag)
    return op.not_(taken)


def merged(low: Lowering, left: Leave | None, names: dict[str, str]) -> Leave | None:
    """The same with some ways taken for others."""
    if not isinstance(left, Parted):
        kind = kinds_of(left)[0]
        new = names.get(kind, kind)
        return None if new == "fall" else left if new == kind else Leave(new, left.value if left else None)
    last = names.get(left.last, left.last)
    flags: dict[str, Any] = {}
    for kind, flag in left.flags:
        new = names.get(kind, kind)
        if new != last:
            flags[new] = op.or_(flags[new], flag) if new in flags else flag
    if not flags:
        return None if last == "fall" else Leave(last, left.value)
    return Parted("parted", left.value, tuple(flags.items()), last)


def without(low: Lowering, left: Parted, kind: str) -> Leave | None:
    """How a block is left, given that it is not left in a certain way."""
    kinds = [each for each in kinds_of(left) if each != kind]
    if len(kinds) == 1:
        return None if kinds[0] == "fall" else Leave(kinds[0], left.value)
    flags = tuple((each, flag_of(low, left, each)) for each in kinds[:-1])
    return Parted("parted", left.value, flags, kinds[-1])


# Loops that are kept.


@dataclass(eq=False)
class _Extra:
    """Something a loop carries besides the user's places: an index, a flag, the value that is returned."""

    param: Var
    init: Atom
    result: Any


class _Rolling:
    """One loop that is kept: its body is lowered until what it carries is known."""

    def __init__(self, frame: Frame, node: ast.For | ast.While) -> None:
        self.frame, self.node, self.low = frame, node, frame.low
        self.origin: Origin = frame.origin(node)
        self.key = (node, *(each.statement for each in frame.low.frames))
        alive = liveness_of(frame.source.node)
        known = alive is not None and node in alive.after
        live = alive.at_head(node) | alive.always if alive is not None and known else None
        early = alive.early(node) | alive.always if alive is not None and known else None
        live = getattr(node, "carries", live)
        self.carried = Carried(self.low, frame, live, early)
        self.carried.before = frozenset(self.low.builder.made) | {*self.low.params} | self.outside()
        names = assigned_names([*node.body, *self.header()])
        updated = updated_names([*node.body, *self.header()])
        self.carried.expect(names, updated, self.low.guesses.get(self.key, {}))
        for base in written_bases(node.body):
            self.expect_array(base)
        for name in (*grown_names(node.body), *getattr(node, "carries", ())):
            self.expect_list(name)

    def header(self) -> Sequence[ast.AST]:
        return []

    def outside(self) -> frozenset[Any]:
        found = {var for var, _ in self.low.outside.captures}
        return frozenset(found | set(self.low.memory.newest) | set(self.low.loop_values))

    def expect_array(self, base: ast.expr) -> None:
        names = self.frame.names
        if isinstance(base, ast.Name) and isinstance(value := names.get(self.frame.mangled(base.id)), Value):
            value = self.low.memory.latest(value)
            if value.is_array and self.low.memory.object(value.first_atom) not in self.low.stale:
                root = self.low.memory.root(value)
                if root.first_atom in self.carried.before:
                    bound = (id(names), self.frame.mangled(base.id)) in self.carried.places
                    if not bound:
                        self.carried.add_array(value)

    def expect_list(self, name: str) -> None:
        token = self.frame.names.get(self.frame.mangled(name))
        if type(token) is list and not self.low.outside.is_foreign(token):
            self.carried.add_list(token, name.lstrip("."), self.low.growing.get(id(token), list(token)))

    def block(self) -> Leave | None:
        raise NotImplementedError

    def at_head(self) -> None:
        """What else is to be evaluated at the head of an iteration."""

    def settle(self) -> Outcome:
        """Lower the body until no more is learned about what it carries."""
        low = self.low
        before = self.carried.start = State.of(low)
        low.around.append((low.builder.body, self.carried.before))
        try:
            return self.settled(before)
        finally:
            low.around.pop()

    def settled(self, before: State) -> Outcome:
        low = self.low
        for _ in range(_MOST_ATTEMPTS):
            self.carried.set_heads()
            head = State.of(low)
            try:
                self.at_head()
                outcome = run_apart(low, self.block)
            finally:
                before.restore()
            if isinstance(outcome.result, Raised):
                raise outcome.result
            if isinstance(outcome.result, NotYet):
                raise UnsupportedError("a loop reads what it has not defined yet")
            news = self.carried.learn(head, outcome)
            news |= self.carried.learn_sharing(outcome)
            self.remember()
            if not news:
                return outcome
        raise UnsupportedError(
            "what this loop carries from one iteration to the next does not settle",
            "Keep the type and the shape of each variable.",
            self.origin,
        )

    def remember(self) -> None:
        """Keep what was learned for when the loop is lowered again, as part of another."""
        names = self.frame.names
        found = {p.key: p.form for p in self.carried.places.values() if p.thing is names}
        self.low.guesses[self.key] = {
            name: form
            for name, form in found.items()
            if form is not NOTHING and not isinstance(form, Unbound)
        }

    # Writing it down.

    def extras(self, outcome: Outcome) -> list[_Extra]:
        """The flags and the result that the loop carries, where control may leave it."""
        left, low = self.left, self.low
        kinds = [kind for kind in kinds_of(left) if kind != "fall"]
        if not kinds:
            return []
        found = [_Extra(Var("going", BOOL), Lit(True), flag_of(low, left, "fall"))]
        if len(kinds) > 1:
            found.append(_Extra(Var("broke", BOOL), Lit(False), flag_of(low, left, "break")))
        if "return" in kinds:
            assert left is not None
            value = outcome.live(left.value)
            self.returned = form_of(low, value)
            types: list[Type] = []
            with_numbers(low, self.returned, lambda type_: types.append(type_))
            for number, type_ in zip(numbers_in(self.returned, value), types, strict=True):
                missing = low.builder.apply(PRIMITIVES["undefined"], (), {"type": type_})
                found.append(_Extra(Var("result", type_), missing.atom, outcome.live(number)))
        return found

    def write(self, outcome: Outcome, index: Sequence[_Extra] = ()) -> Leave | None:
        """Append the loop, and let each place hold what it leaves there."""
        low, builder = self.low, self.low.builder
        builder.origin = self.origin
        outer, builder.body = builder.body, outcome.body
        try:
            self.left = merged(low, outcome.result, {"continue": "fall"})
            step = (
                [(each, each.result()) for each in index]
                if "fall" not in kinds_of(self.left) or len(kinds_of(self.left)) > 1
                else []
            )
        finally:
            builder.body = outer
        inits_body: list[Statement] = []
        builder.body, kept = inits_body, builder.body
        try:
            extras = self.extras_in(outcome)
        finally:
            builder.body = kept
        builder.body.extend(inits_body)
        flagged = bool(extras)
        places = self.carried.carried()
        params: list[Var] = []
        init: list[Atom] = []
        results: list[Any] = []
        types: list[Type] = []
        spans = []
        for place in places:
            wanted = list(place.types) if place.thing is not low.growing else self.list_types(place)
            if [p.type for p in place.params] != wanted:
                place.params = [Var(place.called, type_) for type_ in wanted]
            spans.append((place, len(params), len(wanted)))
            params += place.params
            init += self.carried.inits(place)
            types += wanted
            builder.body, kept = outcome.body, builder.body
            try:
                results += self.carried.ends(place, outcome)
            finally:
                builder.body = kept
        builder.body, kept = outcome.body, builder.body
        try:
            atoms = [
                self.carried.as_type(result, type_) for result, type_ in zip(results, types, strict=True)
            ]
            if flagged:
                more = [*(pair for pair in step), *((e, e.result) for e in extras)]
                atoms = [*(self.carried.as_type(r, e.param.type) for e, r in more), *atoms]
        finally:
            builder.body = kept
        heads = [*(e for e, _ in step), *extras] if flagged else []
        carried = [*(e.param for e in heads), *params]
        targets = [Var(p.name, p.type) for p in carried]
        init = [*(e.init for e in heads), *init]
        low.loop_values.update(targets)
        low.loop_values.update(carried)
        for each in extras:
            if each.param.name == "going":
                outcome.body[:] = _still(builder, outcome.body, builder.atom(each.result), each.param)
        region = Region(tuple(carried), tuple(outcome.body), tuple(atoms))
        builder.body.append(self.statement(targets, init, region, flagged, len(heads) - len(extras)))
        values = [Value(builder, target) for target in targets]
        first = len(heads)
        self.finish(outcome, spans, values[first:], results)
        return self.leave(values[:first][len(step) :] if flagged else [])

    def extras_in(self, outcome: Outcome) -> list[_Extra]:
        """The extras; their flags are computed in the body."""
        builder = self.low.builder
        inits, builder.body = builder.body, outcome.body
        try:
            found = self.extras(outcome)
        finally:
            builder.body = inits
        # Undefined first values belong before the loop.
        missing = {extra.init for extra in found}
        moved = [s for s in outcome.body if not missing.isdisjoint(s.targets)]
        outcome.body[:] = [s for s in outcome.body if missing.isdisjoint(s.targets)]
        inits.extend(moved)
        return found

    def list_types(self, place: Any) -> list[Type]:
        return list(numbers_of(lists_of(place.form)))

    def statement(
        self, targets: Sequence[Var], init: Sequence[Atom], region: Region, flagged: bool, indices: int
    ) -> Statement:
        raise NotImplementedError

    def finish(self, outcome: Outcome, spans: Any, values: Sequence[Value], results: Sequence[Any]) -> None:
        low = self.low
        for place, start, count in spans:
            self.carried.finish(place, values[start : start + count], results[start : start + count])
        for place in self.carried.places.values():
            if isinstance(place.form, Unbound):
                place.thing[place.key] = place.form
        for name in self.carried.dead:
            self.frame.names[name] = Unbound("the loop assigns it anew in each iteration")
        for key, why in outcome.state.copy_of(low.stale).items():
            low.stale.setdefault(key, why)
        self.carried.leave()

    def leave(self, flags: Sequence[Value]) -> Leave | None:
        """How control goes on behind the loop."""
        node, frame = self.node, self.frame
        kinds = [kind for kind in kinds_of(self.left) if kind != "fall"]
        if not kinds:
            return run_block(frame, node.orelse, None)
        going, *rest = flags
        broke = rest.pop(0) if len(kinds) > 1 else None
        gone: Leave | None = None
        if "return" in kinds:
            numbers = iter(rest)
            value = with_numbers(self.low, self.returned, lambda type_: next(numbers))
            if not node.orelse:
                falls = going if broke is None else op.or_(going, broke)
                return Parted("parted", value, (("fall", falls),), "return")
            gone = Leave("return", value)
            if broke is not None:
                gone = Parted("parted", value, (("fall", broke),), "return")
        if not node.orelse and gone is None:
            return None
        a, b = fork(self.low, lambda: run_block(frame, node.orelse, None), lambda: gone)
        return closed(frame, going, a, b, self.origin)


class _RollingFor(_Rolling):
    def __init__(self, frame: Frame, node: ast.For, rolling: Rolling) -> None:
        self.rolling = rolling
        if _jumps(node.body) and not (isinstance(plain(rolling.step), int) and not rolling.reverse):
            self.rolling = counted(frame.low, rolling)
        super().__init__(frame, node)
        name = node.target.id if isinstance(node.target, ast.Name) and rolling.item is None else "k"
        self.index = Var(name, INT)

    def header(self) -> Sequence[ast.AST]:
        assert isinstance(self.node, ast.For)
        return [self.node.target]

    def block(self) -> Leave | None:
        assert isinstance(self.node, ast.For)
        self.low.builder.origin = self.frame.origin(self.node.target)
        assign(self.frame, self.node.target, self.rolling.at(Value(self.low.builder, self.index)))
        return run_block(self.frame, self.node.body, CONTINUE)

    def lowered(self) -> Leave | None:
        outcome = self.settle()
        atom = self.low.builder.atom
        start, step = (atom(plain_or_value(x)) for x in (self.rolling.start, self.rolling.step))
        value = Value(self.low.builder, self.index)
        return self.write(outcome, [_Extra(self.index, start, lambda: op.add(value, step))])

    def statement(
        self, targets: Sequence[Var], init: Sequence[Atom], region: Region, flagged: bool, indices: int
    ) -> Statement:
        builder, rolling = self.low.builder, self.rolling
        start, stop, step = (
            builder.atom(plain_or_value(x)) for x in (rolling.start, rolling.stop, rolling.step)
        )
        if not flagged:
            params = (self.index, *region.params)
            body = Region(params, region.body, region.results)
            return For(
                tuple(targets), start, stop, step, tuple(init), body, self.origin, reverse=rolling.reverse
            )
        if not indices:
            raise UnsupportedError(
                "a loop whose body always leaves it", "Write it without the loop.", self.origin
            )
        tested = [Var(p.name, p.type) for p in region.params]
        i, going = Value(builder, tested[0]), Value(builder, tested[1])
        rising = isinstance(step, Lit) and step.value > 0
        test = builder.region(lambda: [op.and_(going, i < stop if rising else i > stop)], tuple(tested))
        return While(tuple(targets), tuple(init), test, region, self.origin)


class _RollingWhile(_Rolling):
    def __init__(self, frame: Frame, node: ast.While) -> None:
        super().__init__(frame, node)
        self.test: Outcome | None = None

    def header(self) -> Sequence[ast.AST]:
        assert isinstance(self.node, ast.While)
        return [self.node.test]

    def at_head(self) -> None:
        """Evaluate the condition; None where it changes something, so that it belongs to the body."""
        assert isinstance(self.node, ast.While)
        test = self.node.test
        head = State.of(self.low)
        found = run_apart(self.low, lambda: condition(self.frame, test, "the condition of a loop", False))
        plain_test = isinstance(found.result, Value) and found.state.same(head)
        self.test = found if plain_test else None

    def block(self) -> Leave | None:
        assert isinstance(self.node, ast.While)
        body = self.node.body
        if self.test is not None:
            return run_block(self.frame, body, CONTINUE)
        decided = condition(self.frame, self.node.test, "the condition of a loop", False)
        if not isinstance(decided, Value):
            return run_block(self.frame, body, CONTINUE) if decided else BREAK
        if self.node.orelse:
            raise UnsupportedError("a loop with an else whose condition assigns something")
        left, _ = run_time_if(
            self.frame,
            decided,
            lambda: run_block(self.frame, body, CONTINUE),
            lambda: BREAK,
            lambda: None,
            True,
        )
        return left

    def lowered(self) -> Leave | None:
        outcome = self.settle()
        if self.test is None and kinds_of(merged(self.low, outcome.result, {"continue": "fall"})) == (
            "fall",
        ):
            raise UnsupportedError("a loop that never ends", "Give it a condition that becomes false.")
        return self.write(outcome)

    def statement(
        self, targets: Sequence[Var], init: Sequence[Atom], region: Region, flagged: bool, indices: int
    ) -> Statement:
        builder = self.low.builder
        tested = [Var(p.name, p.type) for p in region.params]
        names: dict[Any, Any] = dict(zip(region.params, tested, strict=True))
        if self.test is None:
            test = Region(tuple(tested), (), (tested[0],))
            return While(tuple(targets), tuple(init), test, region, self.origin)

        def new(atom: Any) -> Any:
            atom = builder.current(atom)
            return names.get(atom, atom)

        body = tuple(substitute(each, new) for each in self.test.body)
        result = new(builder.atom(self.test.result))
        if not flagged:
            return While(
                tuple(targets), tuple(init), Region(tuple(tested), body, (result,)), region, self.origin
            )

        def both() -> list[Any]:
            then, orelse = Region((), body, (result,)), Region((), (), (Lit(False),))
            return builder.branch(tested[0], then, orelse, [BOOL])

        return While(tuple(targets), tuple(init), builder.region(both, tuple(tested)), region, self.origin)


def _still(builder: Recorder, body: Sequence[Statement], flag: Atom, param: Var) -> list[Statement]:
    """A body in which a flag that stays true is handed on, rather than set to true."""

    first = builder.first(flag)

    def region(old: Region, k: int) -> Region:
        result = old.results[k]
        inner = tuple(_still(builder, old.body, result, param))
        kept = param if isinstance(result, Lit) and result.value is True else result
        return Region(old.params, inner, (*old.results[:k], kept, *old.results[k + 1 :]))

    def changed(statement: Statement) -> Statement:
        if not isinstance(statement, If) or first not in statement.targets:
            return statement
        k = statement.targets.index(first)
        return replace(statement, then=region(statement.then, k), orelse=region(statement.orelse, k))

    return [changed(each) for each in body]


def plain_or_value(thing: Any) -> Any:
    return thing if isinstance(thing, Value) else plain(thing)


def _jumps(body: Sequence[ast.AST]) -> bool:
    """Whether a body may leave its loop."""
    for node in body:
        if isinstance(node, (ast.Return, ast.Break)):
            return True
        if isinstance(node, (ast.For, ast.While)):
            if any(isinstance(inner, ast.Return) for inner in ast.walk(node)) or _jumps(node.orelse):
                return True
        elif not isinstance(node, (ast.FunctionDef, ast.Lambda, ast.ClassDef)):
            if _jumps(list(ast.iter_child_nodes(node))):
                return True
    return False
