"""The one way from a Function to Python source.

Function  =>  def loss_adjoint(x, L_bar=1.0):
                  ...
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from ..errors import Origin
from ..ir import (
    Atom,
    Callee,
    Eqn,
    For,
    Function,
    Lit,
    Slot,
    Statement,
    Sweep,
    Var,
    atoms_of,
    regions_of,
    walk,
)
from ..names import identifier
from ..tree import leaves
from .callees import calls_itself, named_apart
from .globals import STANDARD, Globals
from .layout import banner, definition
from .module import module_text, split
from .names import Names
from .printer import Printer, check_same
from .schedule import Schedule, schedule
from .signature import inputs_of, leaves_of, returned, signature
from .template import free_names, literal, names_in, plain
from .writer import Line, Writer, assignment

__all__ = ["Emitted", "emit", "write"]


_NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True)
class Emitted:
    """Python source of a function.

    `definition` is the def alone, after those of the functions that it calls. `refers` are the modules,
    helpers and functions it names, `constants` the captured values: together the namespace in which it runs.
    `names` says what each Var that has a line of its own is called, `origins` where each line of the
    definition comes from. `callees` is the same without the def of the function itself; the `decorator` is
    above each of them, and above the helpers.
    """

    name: str
    definition: str
    refers: Mapping[str, Any]
    constants: Mapping[str, Any]
    names: Mapping[Var, str]
    origins: tuple[Origin | None, ...] = ()
    callees: Emitted | None = None
    decorator: str = ""

    @cached_property
    def text(self) -> str:
        """A module that stands alone: imports, captured constants, copies of helpers, the def.

        Raises TransformError where something cannot be written out: a captured array of more than 1,000
        elements, a function that is in no module.
        """
        refers = dict(self.refers)
        if any(isinstance(value, (np.ndarray, np.generic)) for value in self.constants.values()):
            refers.setdefault("np", np)
        return module_text(self.definition, refers, self.constants, Printer(), self.decorator)

    @property
    def imports(self) -> tuple[str, ...]:
        """The import lines that the def needs."""
        return split(self.refers)[0]

    @property
    def helpers(self) -> tuple[str, ...]:
        """The sources of the helpers that the def calls."""
        return split(self.refers)[1]

    def bound(self, values: Iterable[tuple[Var, Any]]) -> Emitted:
        """The same with other captured values, by the Vars that stand for them."""
        known = {self.names[var]: value for var, value in values if var in self.names}
        return replace(self, constants={**self.constants, **known})

    @property
    def namespace(self) -> dict[str, Any]:
        """What the def must find in its globals."""
        return {**self.refers, **self.constants}


def emit(function: Function, decorator: str = "", refers: Mapping[str, Any] = _NOTHING) -> Emitted:
    """The source of `function` and of those that it calls, printed, parsed again and compared.

    The `decorator` of what it calls names what is in `refers`.
    """
    function = named_apart(function, refers)
    module = Emitted("", "", refers, {}, {})
    for each in function.callees.values():
        module = _emit(each, module, decorator)
    whole = _emit(function, module)
    module = replace(module, refers=_without_calls(module), decorator=decorator)
    return replace(whole, refers=_without_calls(whole), callees=module, decorator=decorator)


def _without_calls(module: Emitted) -> Mapping[str, Any]:
    return {name: value for name, value in module.refers.items() if not isinstance(value, Callee)}


def _emit(function: Function, module: Emitted, decorator: str = "") -> Emitted:
    """The module with one more def."""
    writer, lines, last = write(function, module=module)
    names, globals_ = writer.names, writer.globals
    arguments = signature(inputs_of(function), globals_)
    docstring = _banner(function, names)
    rows = definition(function.name, arguments, docstring, lines, last, Printer(), above=bool(decorator))
    text = "".join(f"{row.code}\n" for row in rows)
    body = [ast.Expr(ast.Constant(value=docstring))] if docstring else []
    nodes = [*body, *(line.node for line in [*lines, last])]
    check_same(text, ast.FunctionDef(name=function.name, args=arguments, body=nodes, decorator_list=[]))
    captured = {names.of[var]: value for var, value in function.captures if var in names.of}
    decorated = [f"{decorator}\n"] if decorator else []
    above = [f"{module.definition}\n\n"] if module.definition else []
    origins = [row.origin for row in rows for _ in row.code.splitlines()]
    return Emitted(
        function.name,
        "".join([*above, *decorated, text]),
        {**module.refers, **globals_.bound},
        {**module.constants, **captured},
        {**module.names, **names.of},
        (*module.origins, *(2 * [None] if above else ()), *(None for _ in decorated), *origins),
    )


def write(
    function: Function,
    inline: bool = True,
    module: Emitted | None = None,
) -> tuple[Writer, list[Line], Line]:
    """The lines of a function's body and its return; without inlining, each equation is a line.

    `module` has the functions that it calls.
    """
    module = module or Emitted("", "", {}, {}, {})
    plan = schedule(function, inline)
    taken = {each.name for each in inputs_of(function)} | {*module.constants}
    if not calls_itself(function):
        taken.add(function.name)
    late: frozenset[Var] = frozenset()
    while True:
        globals_ = Globals(taken, module.refers)
        names = _names(function, plan, globals_, inline, module.names)
        writer = Writer(plan, names, globals_, late)
        lines = [*_unpacked(function, writer), *writer.body(function.body)]
        if not writer.late():
            return writer, lines, _return(function, writer)
        late |= writer.late()


def _names(
    function: Function, plan: Schedule, globals_: Globals, reuse: bool, known: Mapping[Var, str]
) -> Names:
    """Names with everything settled that is not a line: globals, parameters, captured values.

    A captured value that is `known` in the module keeps its name.
    """
    inputs = inputs_of(function)
    variables = [target for statement in walk(function.body) for target in statement.targets]
    for statement in walk(function.body):
        variables += (param for region in regions_of(statement) for param in region.params)
    hints = {identifier(var.name) for var in (*function.params, *variables) if not var.temporary}
    outside = _outside(function, plan, globals_)
    reserved = {function.name, *outside, *globals_.taken, *(each.name for each in inputs)}
    names = Names(reserved, hints, plan.last(), reuse, _filled(plan))
    for var, _ in function.captures:
        if var in plan.reads:
            names.of[var] = known[var] if var in known else names.fresh(identifier(var.name))
    for each in inputs:
        if isinstance(each.tree, Slot):
            names.hold(function.params[each.tree.position], each.name)
    return names


def _filled(plan: Schedule) -> dict[Var, Var]:
    """The named value that each temporary buffer ends up as, after the stores into it."""
    becomes: dict[Var, Var] = {}
    for root, members in plan.objects.members.items():
        named = [var for var in members if not var.temporary]
        if root.temporary and named:
            becomes[root] = named[-1]
    return becomes


def _outside(function: Function, plan: Schedule, globals_: Globals) -> set[str]:
    """Bind what templates and literals refer to; the names that no Var may take."""
    bound: set[str] = set()
    atoms: list[Any] = list(function.results)
    for statement in walk(function.body):
        if statement in plan.dead:
            continue
        atoms.extend(_atoms(statement))
        if isinstance(statement, Eqn) and statement in plan.text:
            used, own = names_in(plan.text[statement])
            globals_.rename(used, statement.primitive.refers)
            bound |= own
        elif isinstance(statement, For):
            globals_.name("range", range)
            if statement.reverse:
                globals_.name("reversed", reversed)
    for atom in atoms:
        if isinstance(atom, Lit) and not plain(atom):
            globals_.rename(free_names(literal(atom)), {})
    return bound | globals_.names() | set(STANDARD)


def _atoms(statement: Statement) -> Iterator[Any]:
    yield from atoms_of(statement)
    for region in regions_of(statement):
        yield from region.results


def _unpacked(function: Function, writer: Writer) -> list[Line]:
    """`W = params["W"]` for each leaf of a structure that is read more than once."""
    lines = []
    forward = any(statement.sweep is Sweep.FORWARD for statement in function.body)
    sweep = Sweep.FORWARD if forward else Sweep.NONE
    for each in inputs_of(function):
        if isinstance(each.tree, Slot):
            continue
        for position, access in leaves_of(each):
            var = function.params[position]
            reads = writer.plan.reads.get(var, ())
            if len(reads) == 1:
                writer.access[var] = access
            elif reads:
                named = writer.names.assign(var, 0)
                lines.append(Line(assignment([named], [access]), sweep=sweep))
    return lines


def _return(function: Function, writer: Writer) -> Line:
    made_of = [*writer.plan.inside(function.results)]
    reverse = any(statement.sweep is Sweep.REVERSE for statement in made_of)
    # What only the result refers to comes last: it makes way for the names that lines have got.
    writer.globals.avoid(writer.names.of.values())
    value = returned(function, writer.expression, writer.globals)
    return Line(ast.Return(value=value), made_of, Sweep.REVERSE if reverse else Sweep.NONE)


def _banner(function: Function, names: Names) -> str:
    about = function.about
    made: dict[Atom, Eqn] = {each.target: each for each in function.body if isinstance(each, Eqn)}
    named = (_name_of(result, names, made) for result in function.results)
    results = [each for each in named if each is not None]
    seeds = {position: each.name for each in inputs_of(function) for position in leaves(each.tree)}
    given = dict.fromkeys(seeds[Slot(function.params.index(var))] for var in about.given)
    return banner(about, list(dict.fromkeys(results)), list(given))


def _name_of(result: Atom, names: Names, made: Mapping[Atom, Eqn]) -> str | None:
    """What a result is called: an array that the `return` makes of a list as the list is."""
    if not isinstance(result, Var) or result in names.of or result not in made:
        return names.of.get(result)  # type: ignore[arg-type]
    eqn = made[result]
    (held,) = eqn.operands if eqn.primitive.name == "stack_list" else (None,)
    return result.name if isinstance(held, Var) and names.of.get(held) == result.name else None
