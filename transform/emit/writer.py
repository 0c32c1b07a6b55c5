"""Out of SSA, second half: equations become lines, and Vars the names on them."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ..errors import IRError
from ..ir import Atom, Eqn, For, If, Lit, Region, Statement, Sweep, Var, While, atoms_of
from ..names import UNNAMED, UNREAD
from ..passes.memory import carried
from ..types import is_inexact, rank
from .globals import Globals
from .names import Names
from .schedule import Schedule
from .template import (
    call,
    fill,
    free_names,
    holes,
    literal,
    names_in,
    negative,
    plain,
    template,
    without_sign,
)

__all__ = ["Block", "Line", "Writer", "assignment", "name"]


@dataclass
class Line:
    """A statement of the generated code, with the equations it was made of; a compound one holds blocks.

    A `nest` is a loop for which the user has written none.
    """

    node: ast.stmt
    made_of: Sequence[Statement] = ()
    sweep: Sweep = Sweep.NONE
    blocks: list[Block] = field(default_factory=list)
    nest: bool = False


@dataclass
class Block:
    """A header (`if` with its test, `else` without one) and the lines below it."""

    word: str
    head: ast.AST | None
    lines: list[Line]


def name(text: str) -> ast.Name:
    """The node of a name."""
    return ast.Name(id=text, ctx=ast.Load())


def assignment(targets: Sequence[str], values: Sequence[ast.expr]) -> ast.Assign:
    """`a = x`, or `a, b = x, y`."""
    if len(targets) == 1:
        return ast.Assign(targets=[name(targets[0])], value=values[0])
    left = ast.Tuple(elts=[name(target) for target in targets], ctx=ast.Store())
    return ast.Assign(targets=[left], value=ast.Tuple(elts=list(values), ctx=ast.Load()))


class Writer:
    """Writes the lines of one function. `access` has the expressions of leaves that have no name.

    `bound` are variables that must be bound even while they have no value, see `late`.
    """

    def __init__(
        self, plan: Schedule, names: Names, globals_: Globals, bound: frozenset[Var] = frozenset()
    ) -> None:
        self.plan, self.names, self.globals, self.bound = plan, names, globals_, bound
        self.unbound: set[Var] = set()
        self.access: dict[Var, ast.expr] = {}
        self.last = plan.last()
        self.dropped = set(plan.pops.values())
        self.objects: dict[Var, str] = {}
        """The names of objects that loops carry; what makes one may be inlined, and so have no name."""

    # Expressions

    def expression(self, atom: Atom) -> ast.expr:
        """The node of an atom, with what is inlined in it."""
        if isinstance(atom, Lit):
            return self.literal(atom)
        if atom in self.access:
            return self.access[atom]
        if atom not in self.plan.inlined:
            return name(self.names.of[atom])
        return self.value(self.plan.definition[atom])

    def literal(self, lit: Lit) -> ast.expr:
        node = literal(lit)
        if plain(lit):
            return node
        rename = self.globals.rename(free_names(node), {})
        return fill(node, (), rename) if rename else node

    def value(self, statement: Statement) -> ast.expr:
        """The right-hand side of an equation or of an If that is an expression."""
        if isinstance(statement, If):
            return self.conditional(statement)
        if not isinstance(statement, Eqn):
            raise IRError(f"{statement!r} is no expression")
        if self.plan.text[statement] == "-{0}":
            return self.negated(statement.operands[0])
        text = self.plan.text[statement]
        node = template(text)
        if isinstance(node, tuple):
            raise IRError(f"the template {text!r} of {statement.primitive} is not an expression")
        filled: ast.expr = fill(node, self.parts(statement), self.renamed(statement))
        return filled

    def parts(self, eqn: Eqn) -> list[ast.expr]:
        """The operands as the template wants them; one that it does not print may have no name."""
        printed = holes(self.plan.text[eqn])
        return [
            self.expression(atom) if k in printed else ast.Constant(value=None)
            for k, atom in enumerate(eqn.operands)
        ]

    def renamed(self, eqn: Eqn) -> dict[str, str]:
        return self.globals.rename(names_in(self.plan.text[eqn])[0], eqn.primitive.refers)

    def negated(self, atom: Atom) -> ast.expr:
        """`-a * b` for -(a * b): the same number, without the parentheses; a scalar factor is preferred."""
        eqn = self.plan.definition.get(atom) if isinstance(atom, Var) and atom in self.plan.inlined else None
        if (
            isinstance(eqn, Eqn)
            and self.plan.text[eqn] in ("{0} * {1}", "{0} / {1}")
            and eqn.target.type.dtype.kind == "f"
        ):
            left, right = eqn.operands
            product = self.plan.text[eqn] == "{0} * {1}"
            op = ast.Mult() if product else ast.Div()
            # Masks have no sign, and that of a small unsigned integer wraps around.
            if product and _signed(right) and (rank(right.type) < rank(left.type) or not _signed(left)):
                return ast.BinOp(left=self.expression(left), op=op, right=self.negated(right))
            if _signed(left):
                return ast.BinOp(left=self.negated(left), op=op, right=self.expression(right))
        return negative(self.expression(atom))

    def conditional(self, statement: If) -> ast.expr:
        """`a if c else b`; `c and b`, `c or b` where one of the results is the condition itself."""
        test = self.expression(statement.condition)
        (then,), (orelse,) = statement.then.results, statement.orelse.results
        if _is(orelse, statement.condition, False):
            return ast.BoolOp(op=ast.And(), values=[test, self.expression(then)])
        if _is(then, statement.condition, True):
            return ast.BoolOp(op=ast.Or(), values=[test, self.expression(orelse)])
        return ast.IfExp(test=test, body=self.expression(then), orelse=self.expression(orelse))

    # Lines

    def body(self, body: Iterable[Statement]) -> list[Line]:
        """The lines of a body, in order."""
        lines: list[Line] = []
        for statement in body:
            if statement in self.plan.dead or not self.plan.inlined.isdisjoint(statement.targets[:1]):
                continue
            match statement:
                case Eqn() if statement in self.dropped:
                    self.keep_name(statement)
                case Eqn() if statement.target in self.plan.objects.undefined:
                    self.names.assign(statement.target, self.plan.position[statement])
                case Eqn():
                    lines.append(self.equation(statement))
                case If() if self.plan.is_expression(statement):
                    lines.append(self.assign(statement, self.value(statement)))
                case If():
                    lines.append(self.branch(statement))
                case For() | While():
                    lines.extend(self.loop(statement))
        return lines

    def keep_name(self, eqn: Eqn) -> None:
        """What overwrites its operand gives the same object under the same name."""
        assert isinstance(eqn.operands[0], Var)
        self.names.hold(eqn.target, self.names.of[eqn.operands[0]])

    def equation(self, eqn: Eqn) -> Line:
        if eqn.primitive.consumes:
            return self.store(eqn)
        if eqn.primitive.effect:
            return self.effect(eqn)
        if eqn.others:
            return self.unpack(eqn)
        return self.assign(eqn, self.value(eqn))

    def assign(self, statement: Eqn | If, value: ast.expr) -> Line:
        target = statement.targets[0]
        made_of = [*self.plan.inside(self.operands(statement)), statement]
        read = self.plan.leaves(self.operands(statement))
        named = self.names.of.get(target)
        if named is None and target.temporary and target.name == UNNAMED and (telling := _applied(value)):
            named = self.names.hold(target, self.names.fresh(telling, temporary=True))
        named = named or self.names.assign(target, self.plan.position[statement], read)
        return Line(assignment([named], [value]), made_of, statement.sweep)

    def unpack(self, eqn: Eqn) -> Line:
        """`x_bar, y_bar = g_adjoint(x, y, z_bar)`."""
        made_of, read = [*self.plan.inside(eqn.operands), eqn], [*self.plan.leaves(eqn.operands)]
        value, position = self.value(eqn), self.plan.position[eqn]
        named = [
            self.names.assign(target, position, read) if target in self.plan.reads else UNREAD
            for target in eqn.targets
        ]
        left = ast.Tuple(elts=[name(each) for each in named], ctx=ast.Store())
        return Line(ast.Assign(targets=[left], value=value), made_of, eqn.sweep)

    def operands(self, statement: Statement) -> tuple[Atom, ...]:
        if isinstance(statement, If) and self.plan.is_expression(statement):
            return (statement.condition, *statement.then.results, *statement.orelse.results)
        return atoms_of(statement)

    def store(self, eqn: Eqn) -> Line:
        """A statement that overwrites operand 0; the result is the same object under the same name."""
        parsed = template(self.plan.text[eqn])
        statement = ast.Expr(value=parsed) if isinstance(parsed, ast.expr) else parsed[0]
        operands = self.parts(eqn)
        node = fill(statement, operands, self.renamed(eqn))
        if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add):
            positive = without_sign(node.value)
            if positive is not None:
                node = ast.AugAssign(target=node.target, op=ast.Sub(), value=positive)
        self.keep_name(eqn)
        return Line(node, [*self.plan.inside(eqn.operands), eqn], eqn.sweep)

    def effect(self, eqn: Eqn) -> Line:
        """`if condition: raise ...`, `print(...)`, `start = time.time()`."""
        parsed = template(self.plan.text[eqn])
        if isinstance(parsed, ast.expr) and eqn.target in self.plan.reads:
            return self.assign(eqn, self.value(eqn))
        statement = ast.Expr(value=parsed) if isinstance(parsed, ast.expr) else parsed[0]
        node = fill(statement, self.parts(eqn), self.renamed(eqn))
        blocks = (
            [Block("if", node.test, [Line(each) for each in node.body])] if isinstance(node, ast.If) else []
        )
        return Line(node, [*self.plan.inside(eqn.operands), eqn], eqn.sweep, blocks)

    def branch(self, statement: If) -> Line:
        """An `if` statement that assigns the targets at the end of both branches."""
        made_of = [*self.plan.inside((statement.condition,))]
        test = self.test(statement.condition)
        self.name_targets(statement)
        then, orelse = (
            self.region(region, statement.targets, statement.sweep)
            for region in (statement.then, statement.orelse)
        )
        if orelse and not then:
            test, then, orelse = ast.UnaryOp(op=ast.Not(), operand=test), orelse, []
        then = then or [Line(ast.Pass())]
        node = ast.If(test=test, body=[line.node for line in then], orelse=[line.node for line in orelse])
        blocks = [Block("if", test, then)]
        if len(orelse) == 1 and orelse[0].blocks and isinstance(orelse[0].node, ast.If):
            (inner,) = orelse
            made_of += inner.made_of
            blocks += [Block("elif", inner.blocks[0].head, inner.blocks[0].lines), *inner.blocks[1:]]
        elif orelse:
            blocks.append(Block("else", None, orelse))
        return Line(node, made_of, statement.sweep, blocks)

    def name_targets(self, statement: If) -> None:
        """Names of what a branch yields: they may be those of values that live until then."""
        end = self.plan.position[statement.orelse]
        for target in statement.targets:
            if target in self.plan.unused or target in self.names.of:
                continue
            first = self.plan.objects.find(target)
            same = self.names.of.get(first, self.objects.get(first))
            if same is not None:
                self.names.hold(target, same)
            else:
                self.names.assign(target, end)

    def region(self, region: Region, targets: Sequence[Var], sweep: Sweep) -> list[Line]:
        """The lines of a region, and the assignments of its results to the targets."""
        unused = self.plan.unused
        pairs = [pair for pair in zip(targets, region.results, strict=True) if pair[0] not in unused]
        for target, result in pairs:
            self.coalesce(target, result, region)
        return [*self.body(region.body), *self.moves(pairs, sweep)]

    def moves(self, pairs: Iterable[tuple[Var, Atom]], sweep: Sweep) -> list[Line]:
        """The assignments of results to targets, each before its target's old value is lost.

        Where there is no such order, as when two values change places, it is one assignment of all.
        """
        undefined = self.plan.objects.undefined
        moves = [
            (self.names.of[target], self.expression(result), [*self.plan.inside((result,))])
            for target, result in pairs
            if result not in undefined and not self.named_alike(target, result)
        ]
        for target, result in pairs:
            if result in undefined and (target in self.bound or target in self.plan.recorded):
                moves.append((self.names.of[target], ast.Constant(value=undefined[result]), []))
            elif result in undefined:
                self.unbound.add(target)
        lines: list[Line] = []
        read = [free_names(value) for _, value, _ in moves]
        waiting = list(range(len(moves)))
        while waiting:
            needed = {k: set().union(*(read[other] for other in waiting if other != k)) for k in waiting}
            ready = [k for k in waiting if moves[k][0] not in needed[k]]
            together = ready[:1] or waiting
            targets, values, made_of = zip(*(moves[k] for k in together), strict=True)
            made = [statement for each in made_of for statement in each]
            lines.append(Line(assignment(targets, values), made, sweep))
            waiting = [k for k in waiting if k not in together]
        return lines

    def late(self) -> frozenset[Var]:
        """Variables without a value that are assigned to others, and so must be bound: known at the end."""
        return frozenset(var for var in self.unbound if self.is_moved_on(var))

    def is_moved_on(self, var: Var) -> bool:
        """Whether a variable is assigned to one of another name, though nobody reads it."""
        named, seen, pending = self.names.of[var], {var}, [var]
        while pending:
            for target in self.plan.onward.get(pending.pop(), ()):
                if self.names.of.get(target, named) != named:
                    return True
                if target not in seen:
                    seen.add(target)
                    pending.append(target)
        return False

    def named_alike(self, target: Var, result: Atom) -> bool:
        return isinstance(result, Var) and self.names.of.get(result) == self.names.of[target]

    def coalesce(self, target: Var, result: Atom, region: Region) -> None:
        """Let a result that is computed in the region have its target's name, if it is free there."""
        if isinstance(result, Lit) or result in self.plan.inlined:
            return
        first = self.plan.objects.find(result)
        definition = self.plan.definition.get(first)
        if definition is None or first in self.names.of or self.plan.home.get(definition) is not region:
            return
        wanted, start = self.names.of[target], self.plan.born[first]
        if first not in self.plan.inlined and self.names.is_free(
            wanted, start, self.plan.position[region], self.plan, first
        ):
            self.names.hold(first, wanted)

    def loop(self, statement: For | While) -> list[Line]:
        """A loop whose carried values are variables, assigned before the loop and at the end of its body."""
        params = carried(statement)
        before, taken = [], set[str]()
        for k, (param, init) in enumerate(zip(params, statement.init, strict=True)):
            if param in self.plan.unused:
                continue
            named = self.carried(statement, k, taken)
            taken.add(named)
            self.names.hold(param, named)
            self.names.hold(statement.targets[k], named)
            self.objects.setdefault(self.plan.objects.find(param), named)
            if isinstance(statement, While):
                self.names.hold(statement.condition.params[k], named)
            before.append((param, init))
        return [*self.moves(before, statement.sweep), self.loop_itself(statement, params)]

    def carried(self, loop: For | While, k: int, taken: set[str]) -> str:
        """The name of a carried value: that of its first value or of its last, if nothing else needs that."""
        param, init, target = carried(loop)[k], loop.init[k], loop.targets[k]
        start, end = self.plan.position[loop], self.last[param]
        first = self.plan.objects.find(param)
        if first in self.names.of or first in self.objects:
            return self.names.of.get(first) or self.objects[first]
        if target in self.names.of:
            named = self.names.of[target]
            # The loop has it from its start on, where somebody else may still need it.
            if named not in taken and self.names.is_free(named, start - 1, end, self.plan, param, target):
                return named
        if isinstance(init, Var) and init.name == param.name and init in self.names.of:
            named = self.names.of[init]
            if named not in taken and self.names.is_free(named, start, end, self.plan, param):
                return named
        # What dies with the loop's own limits is still read after the assignment before the loop.
        return self.names.assign(param, start - 1)

    def loop_itself(self, statement: For | While, params: Sequence[Var]) -> Line:
        made_of = [*self.plan.inside(atoms_of(statement))]
        if isinstance(statement, For):
            index = self.names.assign(statement.body.params[0], self.plan.position[statement])
            iterable = self.range(statement)
            lines = self.region(statement.body, params, statement.sweep) or [Line(ast.Pass())]
            body = [line.node for line in lines]
            node = ast.For(target=name(index), iter=iterable, body=body, orelse=[])
            head = ast.comprehension(target=name(index), iter=iterable, ifs=[], is_async=0)
            # What restores recorded values has no origin; loops that the user has written have one.
            origin = statement.origin
            written = origin is not None and origin.statement.startswith(("for ", "while "))
            return Line(node, made_of, statement.sweep, [Block("for", head, lines)], nest=not written)
        lines = self.body(statement.condition.body)
        test = self.test(statement.condition.results[0])
        if lines:
            stop = ast.UnaryOp(op=ast.Not(), operand=test)
            leave = ast.If(test=stop, body=[ast.Break()], orelse=[])
            lines.append(Line(leave, blocks=[Block("if", stop, [Line(ast.Break())])]))
            test = ast.Constant(value=True)
        lines += self.region(statement.body, params, statement.sweep)
        lines = lines or [Line(ast.Pass())]
        loop = ast.While(test=test, body=[line.node for line in lines], orelse=[])
        return Line(loop, made_of, statement.sweep, [Block("while", test, lines)])

    def test(self, condition: Atom) -> ast.expr:
        """A condition as `if` and `while` have it: `while x_tape:` for `len(x_tape) > 0`."""
        found = self.plan.definition.get(condition) if condition in self.plan.inlined else None
        if isinstance(found, Eqn) and self.plan.text[found] in ("{0} > {1}", "{0} != {1}"):
            length, limit = found.operands
            counted = self.plan.definition.get(length) if length in self.plan.inlined else None
            zero = isinstance(limit, Lit) and type(limit.value) is int and limit.value == 0
            if zero and isinstance(counted, Eqn) and counted.primitive.name == "list_len":
                return self.expression(counted.operands[0])
        return self.expression(condition)

    def range(self, statement: For) -> ast.expr:
        """`range(stop)`, with a start and a step where they say something."""
        limits: list[Atom] = [statement.start, statement.stop, statement.step]
        if isinstance(statement.step, Lit) and statement.step.value == 1:
            limits.pop()
            if isinstance(statement.start, Lit) and statement.start.value == 0:
                limits.pop(0)
        if statement.parallel:
            return call("numba.prange", *map(self.expression, limits))
        indices = call(self.globals.name("range", range), *map(self.expression, limits))
        return call(self.globals.name("reversed", reversed), indices) if statement.reverse else indices


def _is(atom: Atom, condition: Atom, value: bool) -> bool:
    boolean = condition.type.dtype.kind == "b"
    return atom is condition or (boolean and isinstance(atom, Lit) and atom.value is value)


def _applied(value: ast.expr) -> str:
    """`log_q` for `np.log(q)`: what a function of a variable is best called; "" for all else."""
    if not isinstance(value, ast.Call) or len(value.args) != 1 or not isinstance(value.args[0], ast.Name):
        return ""
    function = value.func
    if isinstance(function, ast.Attribute) and not isinstance(function.value, ast.Name):
        return ""
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    return f"{name}_{value.args[0].id}" if name else ""


def _signed(atom: Atom) -> bool:
    """Whether -x is surely the negative of x."""
    return is_inexact(atom.type) or (isinstance(atom, Lit) and type(atom.value) is int)
