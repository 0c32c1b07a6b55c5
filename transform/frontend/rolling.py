"""A loop that is kept: its body is lowered until what it carries is known, then it is written down.

`break` and `return` become a flag: then the loop is a `while` with the flag in its condition.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from ..errors import Origin, UnsupportedError
from ..ir import Atom, For, If, Lit, Region, Statement, Var, While, substitute
from ..rules.build import Value, op
from ..rules.registry import PRIMITIVES
from ..types import BOOL, INT
from .branches import closed, run_time_if
from .carrying import Carried
from .expressions import condition
from .forms import form_of, lists_of, numbers_in, numbers_of, with_numbers
from .growing import in_form
from .iteration import Rolling, add, counted
from .learning import Place
from .leaving import flag_of, merged, ways
from .liveness import assigned_names, liveness_of, updated_names
from .operators import truth
from .prescan import grown_names, written_bases
from .recorder import Recorder, plain
from .scope import BREAK, CONTINUE, Frame, Leave, NotYet, Parted, Raised, Unbound
from .state import Outcome, State, fork, run_apart
from .statements import assign, run_block

__all__ = ["RollingFor", "RollingLoop", "RollingWhile"]

_MOST_ATTEMPTS = 12


@dataclass(eq=False)
class _Extra:
    """Something a loop carries besides the user's places: an index, a flag, the value that is returned."""

    param: Var
    init: Atom
    result: Any


class RollingLoop:
    """One loop. Its kinds say what a single iteration does, and how the loop is written."""

    def __init__(self, frame: Frame, node: ast.For | ast.While) -> None:
        self.frame, self.node, self.low = frame, node, frame.low
        self.origin: Origin = frame.origin(node)
        self.key = (node, *(each.statement for each in frame.low.frames), *frame.low.trail)
        self.left: Leave | None = None
        self.returned: Any = None
        self.carried = self._expected()

    def header(self) -> Sequence[ast.AST]:
        """What the loop assigns besides its body."""
        return []

    def block(self) -> Leave | None:
        """One iteration."""
        raise NotImplementedError

    def at_head(self) -> None:
        """What else is to be evaluated at the head of an iteration."""

    # What it carries.

    def _expected(self) -> Carried:
        low, frame, node = self.low, self.frame, self.node
        alive = liveness_of(frame.source.node)
        live = early = None
        if alive is not None and node in alive.after:
            live, early = alive.at_head(node) | alive.always, alive.early(node) | alive.always
        self.carried = carried = Carried(low, frame, getattr(node, "carries", live), early)
        known = {*low.builder.made, *low.params, *low.memory.newest, *low.loop_values}
        carried.before = frozenset(known | {var for var, _ in low.outside.captures})
        parts = [*node.body, *self.header()]
        carried.expect(assigned_names(parts), updated_names(parts), low.guesses.get(self.key, {}))
        for base in written_bases(node.body):
            self._expect_array(base)
        # A list that is bound anew before it grows is another one.
        grown = [name for name in grown_names(node.body) if early is None or name in early]
        for name in (*grown, *getattr(node, "carries", ())):
            self._expect_list(name)
        return carried

    def _expect_array(self, base: ast.expr) -> None:
        names, memory = self.frame.names, self.low.memory
        name = self.frame.mangled(base.id) if isinstance(base, ast.Name) else ""
        value = names.get(name)
        if not isinstance(value, Value) or (id(names), name) in self.carried.places:
            return
        value = memory.latest(value)
        if value.is_array and memory.object(value.first_atom) not in self.low.stale:
            if memory.root(value).first_atom in self.carried.before:
                self.carried.add_array(value)

    def _expect_list(self, name: str) -> None:
        token = self.frame.names.get(self.frame.mangled(name))
        if type(token) is list and not self.low.outside.is_foreign(token):
            self.carried.add_list(token, name.lstrip("."), self.low.growing.get(id(token), list(token)))

    def settle(self) -> Outcome:
        """Lower the body until no more is learned about what it carries."""
        low = self.low
        before = self.carried.start = State.of(low)
        low.around.append((low.builder.body, self.carried.before))
        try:
            for _ in range(_MOST_ATTEMPTS):
                outcome, news = self._attempt(before)
                if not news:
                    return outcome
        finally:
            low.around.pop()
        raise UnsupportedError(
            "what this loop carries from one iteration to the next does not settle",
            "Keep the type and the shape of each variable.",
            self.origin,
        )

    def _attempt(self, before: State) -> tuple[Outcome, bool]:
        low = self.low
        self.carried.set_heads()
        head = State.of(low)
        try:
            self.at_head()
            outcome = run_apart(low, self.block)
        finally:
            before.restore()
        if isinstance(outcome.result, Raised):
            return outcome, False
        if isinstance(outcome.result, NotYet):
            raise UnsupportedError("a loop reads what it has not defined yet", "Give it a value before.")
        news = self.carried.learn(head, outcome)
        news |= self.carried.learn_sharing(outcome)
        low.guesses[self.key] = self.carried.guesses()
        return outcome, news

    # Writing it down.

    def lowered(self) -> Leave | None:
        """The loop written down, with what follows from it for the places, and how control leaves it."""
        outcome = self.settle()
        with _in(self.low.builder, outcome.body):
            left = merged(None if isinstance(outcome.result, Raised) else outcome.result, "continue", "fall")
        if isinstance(outcome.result, Raised) or "fall" not in ways(left):
            return self.once()
        self.left = left
        return self.write(outcome)

    def first(self) -> Any:
        """Whether there is a first iteration: a run-time bool, or known. What it needs is bound then."""
        raise NotImplementedError

    def once(self, then: Callable[[], Leave | None] | None = None) -> Leave | None:
        """The first iteration by itself, and `then` the others, if there are any."""
        low, frame = self.low, self.frame
        low.builder.origin = self.origin
        nonempty = self.first()

        def iteration() -> Leave | None:
            left = merged(self.block(), "continue", "fall")
            if then is None:
                return merged(left, "break", "fall")
            if left is not None:
                raise UnsupportedError(
                    "a loop that may be left early, and carries something else after its first iteration",
                    "Write the first iteration before the loop.",
                    self.origin,
                )
            return then()

        def nothing() -> Leave | None:
            return run_block(frame, self.node.orelse)

        if not isinstance(nonempty, Value):
            return iteration() if nonempty else nothing()
        low.builder.origin = self.origin
        a, b = fork(low, iteration, nothing)
        return closed(frame, nonempty, a, b, self.origin)

    def write(self, outcome: Outcome) -> Leave | None:
        """Append the loop, and let each place hold what it leaves there."""
        low, builder = self.low, self.low.builder
        builder.origin = self.origin
        extras = self.extras(outcome)
        places = self.carried.carried()
        init = [extra.init for extra in extras]
        params = [extra.param for extra in extras]
        spans: list[tuple[Place, slice]] = []
        for place in places:
            types = list(numbers_of(lists_of(place.form) if place.thing is low.growing else place.form))
            if [param.type for param in place.params] != types:
                place.params = [Var(place.called, type_) for type_ in types]
            spans.append((place, slice(len(params), len(params) + len(types))))
            params += place.params
            init += self.carried.inits(place)
        self._start_apart(init, spans)
        with _in(builder, outcome.body):
            ends = [*(extra.result for extra in extras)]
            for place in places:
                ends += self.carried.ends(place, outcome)
            pairs = zip(ends, params, strict=True)
            atoms = tuple(self.carried.as_type(end, param.type) for end, param in pairs)
        targets = [Var(param.name, param.type) for param in params]
        low.loop_values.update((*targets, *params))
        going = next((extra for extra in extras if extra.param.name == "going"), None)
        if going is not None:
            outcome.body[:] = _still(builder, outcome.body, builder.atom(going.result), going.param)
        region = Region(tuple(params), tuple(outcome.body), atoms)
        builder.body.append(self.statement(targets, init, region, bool(extras)))
        values = [Value(builder, target) for target in targets]
        self._finish(outcome, [(place, values[span]) for place, span in spans])
        return self._leave(dict(zip(extras, values, strict=False)))

    def _start_apart(self, init: list[Atom], spans: Sequence[tuple[Place, slice]]) -> None:
        """What a name starts with is kept from the loop's writes to the array that it is."""
        written = {
            atom for place, span in spans if place.thing is self.low.overwritten for atom in init[span]
        }
        for place, span in spans:
            if place.thing is not self.low.overwritten:
                for k in range(span.start, span.stop):
                    if init[k] in written:
                        init[k] = self.low.builder.apply(PRIMITIVES["copy"], (init[k],), {}).atom

    def extras(self, outcome: Outcome) -> list[_Extra]:
        """The flags and the result that the loop carries where control may leave it."""
        kinds = [kind for kind in ways(self.left) if kind != "fall"]
        if not kinds:
            return []
        low, left = self.low, self.left
        assert left is not None
        with _in(low.builder, outcome.body):
            found = [_Extra(Var("going", BOOL), Lit(True), flag_of(left, "fall"))]
            if len(kinds) > 1:
                found.append(_Extra(Var("broke", BOOL), Lit(False), flag_of(left, "break")))
        if "return" not in kinds:
            return found
        self.returned = form_of(low, outcome.live(left.value))
        with _in(low.builder, outcome.body):
            value = in_form(low, self.returned, outcome.live(left.value), "result")
        numbers = numbers_in(self.returned, value)
        for number, type_ in zip(numbers, list(numbers_of(self.returned)), strict=True):
            missing = low.builder.apply(PRIMITIVES["undefined"], (), {"type": type_})
            found.append(_Extra(Var("result", type_), missing.atom, outcome.live(number)))
        return found

    def statement(
        self, targets: Sequence[Var], init: Sequence[Atom], region: Region, flagged: bool
    ) -> Statement:
        """The loop; the flags come first among what it carries, after the index."""
        raise NotImplementedError

    def _finish(self, outcome: Outcome, left: Sequence[tuple[Place, Sequence[Value]]]) -> None:
        for place, values in left:
            self.carried.finish(place, values)
        for place in self.carried.places.values():
            if isinstance(place.form, Unbound):
                self.carried.lose(place, place.form)
        for name in self.carried.dead:
            self.frame.names[name] = Unbound("the loop assigns it anew in each iteration")
        for facts in (self.low.stale, self.low.memory.held):
            for key, why in outcome.state.copy_of(facts).items():
                facts.setdefault(key, why)
        self.carried.leave()

    def _leave(self, extras: dict[_Extra, Value]) -> Leave | None:
        """How control goes on behind the loop."""
        frame, orelse = self.frame, self.node.orelse
        kinds = [kind for kind in ways(self.left) if kind != "fall"]
        if not kinds:
            return run_block(frame, orelse)
        named = {extra.param.name: value for extra, value in extras.items()}
        going, broke = named["going"], named.get("broke")
        gone: Leave | None = None
        if "return" in kinds:
            numbers = iter(value for extra, value in extras.items() if extra.param.name == "result")
            value = with_numbers(self.low, self.returned, lambda type_: next(numbers))
            if not orelse:
                falls = going if broke is None else op.or_(going, broke)
                return Parted("parted", value, (("fall", falls),), "return")
            gone = Leave("return", value)
            if broke is not None:
                gone = Parted("parted", value, (("fall", broke),), "return")
        elif not orelse:
            return None
        a, b = fork(self.low, lambda: run_block(frame, orelse), lambda: gone)
        return closed(frame, going, a, b, self.origin)


@contextmanager
def _in(builder: Recorder, body: list[Statement]) -> Iterator[None]:
    """Append equations to `body`."""
    outer, builder.body = builder.body, body
    try:
        yield
    finally:
        builder.body = outer


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


class RollingFor(RollingLoop):
    """A loop over the items of something, by an index."""

    def __init__(self, frame: Frame, node: ast.For, rolling: Rolling) -> None:
        if _jumps(node.body) and (rolling.reverse or not isinstance(plain(rolling.step), int)):
            rolling = counted(frame.low, rolling)
        self.rolling, self.target = rolling, node.target
        name = node.target.id if isinstance(node.target, ast.Name) and rolling.item is None else "k"
        self.index = Var(name.lstrip("."), INT)
        super().__init__(frame, node)
        self.item: Any = Value(self.low.builder, self.index)

    def header(self) -> Sequence[ast.AST]:
        return [self.target]

    def block(self) -> Leave | None:
        self.low.builder.origin = self.frame.origin(self.target)
        self.low.run_over.append(set())
        try:
            assign(self.frame, self.target, self.rolling.at(self.item))
            return run_block(self.frame, self.node.body, CONTINUE)
        finally:
            self.low.run_over.pop()

    def first(self) -> Any:
        low, rolling = self.low, counted(self.low, self.rolling) if self.rolling.reverse else self.rolling
        self.rolling, self.item = rolling, rolling.start
        if rolling.known is not None:
            return bool(rolling.known)
        rising = _rises(rolling.step)
        if rising is None:
            raise UnsupportedError(
                "the first iteration of a range with a run-time step", "Use a constant step."
            )
        ends = (rolling.start, rolling.stop) if rising else (rolling.stop, rolling.start)
        return truth(low, op.lt(*ends), ask=False)

    def rest(self) -> Rolling:
        """The items after the first."""
        return replace(self.rolling, start=add(self.low, self.rolling.start, self.rolling.step))

    def extras(self, outcome: Outcome) -> list[_Extra]:
        flags = super().extras(outcome)
        if not flags:
            return []
        builder = self.low.builder
        start, step = (builder.atom(_limit(each)) for each in (self.rolling.start, self.rolling.step))
        with _in(builder, outcome.body):
            following = op.add(Value(builder, self.index), step)
        return [_Extra(self.index, start, following), *flags]

    def statement(
        self, targets: Sequence[Var], init: Sequence[Atom], region: Region, flagged: bool
    ) -> Statement:
        builder, rolling = self.low.builder, self.rolling
        start, stop, step = (builder.atom(_limit(x)) for x in (rolling.start, rolling.stop, rolling.step))
        if not flagged:
            body = Region((self.index, *region.params), region.body, region.results)
            return For(
                tuple(targets), start, stop, step, tuple(init), body, self.origin, reverse=rolling.reverse
            )
        params = tuple(Var(param.name, param.type) for param in region.params)
        index, going = Value(builder, params[0]), Value(builder, params[1])
        in_range = op.lt if _rises(rolling.step) else op.gt
        test = builder.region(lambda: [op.and_(going, in_range(index, stop))], params)
        return While(tuple(targets), tuple(init), test, region, self.origin)


def _rises(step: Any) -> bool | None:
    """Whether a step is positive; None where only run time knows."""
    return None if isinstance(step, Value) else plain(step) > 0


def _limit(each: Any) -> Any:
    return each if isinstance(each, Value) else plain(each)


class RollingWhile(RollingLoop):
    """A loop with a condition.

    Where evaluating the condition changes something, it belongs to the body: while True: if not c: break.
    """

    def __init__(self, frame: Frame, node: ast.While) -> None:
        self.test = node.test
        self.tested: Outcome | None = None
        super().__init__(frame, node)

    def header(self) -> Sequence[ast.AST]:
        return [self.test]

    def at_head(self) -> None:
        found = run_apart(self.low, self.condition)
        changes = not isinstance(found.result, Value) or not found.state.same(State.of(self.low))
        self.tested = None if changes else found

    def condition(self) -> Any:
        """Whether there is another iteration."""
        return condition(self.frame, self.test, "the condition of a loop", False)

    def block(self) -> Leave | None:
        body = self.node.body
        if self.tested is not None:
            return run_block(self.frame, body, CONTINUE)
        decided = self.condition()
        if not isinstance(decided, Value):
            return run_block(self.frame, body, CONTINUE) if decided else BREAK
        if self.node.orelse:
            raise UnsupportedError(
                "a loop with an else whose condition changes something", "Use a flag instead of else."
            )
        left, _ = run_time_if(
            self.frame,
            decided,
            lambda: run_block(self.frame, body, CONTINUE),
            lambda: BREAK,
            lambda: None,
            True,
        )
        return left

    def first(self) -> Any:
        decided, self.tested = self.condition(), Outcome(self.low, None, State({}), [])
        return decided

    def lowered(self) -> Leave | None:
        left = super().lowered()
        if self.tested is None and ways(self.left) == ("fall",):
            raise UnsupportedError("a loop that never ends", "Give it a condition that becomes false.")
        return left

    def statement(
        self, targets: Sequence[Var], init: Sequence[Atom], region: Region, flagged: bool
    ) -> Statement:
        builder = self.low.builder
        params = tuple(Var(param.name, param.type) for param in region.params)
        names: dict[Any, Any] = dict(zip(region.params, params, strict=True))
        if self.tested is None:
            test = Region(params, (), (params[0],))
            return While(tuple(targets), tuple(init), test, region, self.origin)

        def new(atom: Any) -> Any:
            atom = builder.current(atom)
            return names.get(atom, atom)

        body = tuple(substitute(each, new) for each in self.tested.body)
        result = new(builder.atom(self.tested.result))
        if not flagged:
            test = Region(params, body, (result,))
            return While(tuple(targets), tuple(init), test, region, self.origin)

        def both() -> list[Any]:
            then, orelse = Region((), body, (result,)), Region((), (), (Lit(False),))
            return builder.branch(params[0], then, orelse, [BOOL])

        return While(tuple(targets), tuple(init), builder.region(both, params), region, self.origin)


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
