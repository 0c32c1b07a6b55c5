"""Where a float of Python's does what one of NumPy's would do: but for divisions by zero and for powers.

The operators +, -, * and comparisons give the same bits, and so do the functions of math and NumPy; but
Python raises ZeroDivisionError or OverflowError where NumPy gives inf or nan. Where one of two operands is
NumPy's, NumPy computes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Set

import numpy as np

from ..ir import Atom, Eqn, For, Function, If, Lit, Statement, Var, While, walk
from ..types import Array, List, Scalar

__all__ = ["Numbers", "code_of", "floats"]

_SAME = frozenset(
    ("{0} + {1}", "{0} - {1}", "{0} * {1}", "-{0}", "{0} < {1}", "{0} <= {1}", "{0} > {1}", "{0} >= {1}")
    + ("{0} == {1}", "{0} != {1}", "not {0}", "{0} and {1}", "{0} or {1}")
)
_OF_A_LIBRARY = re.compile(r"(np|math)\.\w+\([^()]*\)")
_LISTS = frozenset({"append", "last", "drop"})
_SINGLE = frozenset(map(np.dtype, ("float16", "float32", "complex64", "complex128")))
_DOUBLE = np.dtype(np.float64)


def code_of(eqn: Eqn) -> str:
    """The code of an equation, with {0}, {1}, ... for its operands."""
    code = eqn.primitive.code
    return code if isinstance(code, str) else code([each.type for each in eqn.operands], eqn.params)


class Numbers:
    """The numbers of a function: which of them may be Python's."""

    def __init__(self, function: Function) -> None:
        self.results = frozenset(function.results)
        statements = list(walk(function.body))
        outside = (*function.params, *(var for var, _ in function.captures))
        variables = (*outside, *(target for each in statements for target in each.targets))
        # A number of Python's takes the precision of what it meets.
        self.in_double = all(each.type.dtype not in _SINGLE for each in variables)
        self.numpys = {s.target for s in statements if isinstance(s, Eqn) and _is_of_numpy(s)}
        self.readers: dict[Atom, list[Eqn]] = {}
        self.targets: dict[Atom, list[Var]] = {}
        for statement in statements:
            if isinstance(statement, Eqn):
                for operand in statement.operands:
                    self.readers.setdefault(operand, []).append(statement)
            else:
                for atom, target in _handed_on(statement):
                    self.targets.setdefault(atom, []).append(target)

    def may_be_of_python(self, found: Iterable[Var]) -> bool:
        """Whether nobody can tell the numbers `found` from NumPy's if they are Python's."""
        reached: set[Atom] = set(found)
        numpys, pending = self.numpys - reached, list(reached)
        while pending and self.in_double:
            atom = pending.pop()
            readers = self.readers.get(atom, ())
            if not all(_same(each, reached, numpys) for each in readers):
                return False
            further = {each.target for each in readers if not _is_of_its_own(each, numpys)}
            further.update(self.targets.get(atom, ()))
            pending += further - reached
            reached |= further
        return self.in_double and reached.isdisjoint(self.results)


def _is_of_numpy(eqn: Eqn) -> bool:
    """Whether the result is NumPy's: an element of an array, or what a function of NumPy's gives."""
    if not _is_float(eqn.target) or isinstance(eqn.target.type, List):
        return False
    if eqn.primitive.name == "getitem":
        return True
    text = code_of(eqn)
    return text.startswith("np.") and _is_of_a_library(eqn, text)


def _same(eqn: Eqn, reached: Set[Atom], numpys: Set[Atom]) -> bool:
    if eqn.primitive.name in _LISTS or _is_element_store(eqn, reached):
        return True
    if any(isinstance(each.type, List) for each in eqn.operands) or eqn.primitive.refers or eqn.others:
        return False
    text = code_of(eqn)
    if text == "{0} / {1}":
        by = eqn.operands[1]
        literal = isinstance(by, Lit) and by.value != 0
        return literal or any(isinstance(each.type, Array) or each in numpys for each in eqn.operands)
    return text in _SAME or _is_of_a_library(eqn, text)


def _is_element_store(eqn: Eqn, reached: Set[Atom]) -> bool:
    """Whether a number is written or added to an array or list of the same dtype."""
    onto = eqn.operands[0]
    return (
        eqn.primitive.name in ("store", "index_add")
        and isinstance(onto.type, Array)
        and onto.type.dtype == _DOUBLE
        and all(k == 1 for k, each in enumerate(eqn.operands) if each in reached)
    )


def _is_of_a_library(eqn: Eqn, text: str) -> bool:
    return eqn.primitive.spelled and _OF_A_LIBRARY.fullmatch(text) is not None


def _is_of_its_own(eqn: Eqn, numpys: Set[Atom]) -> bool:
    """Whether the result is of the same class whatever the operands that were reached are."""
    if isinstance(eqn.target.type, Array) or eqn.primitive.spelled:
        return True
    return eqn.primitive.name not in _LISTS and not numpys.isdisjoint(eqn.operands)


def _handed_on(statement: Statement) -> Iterator[tuple[Atom, Var]]:
    """What a statement with regions makes of what: a value, and the Var that it becomes."""
    match statement:
        case If(targets=targets, then=then, orelse=orelse):
            yield from zip(then.results, targets, strict=True)
            yield from zip(orelse.results, targets, strict=True)
        case For() | While():
            params = statement.body.params[isinstance(statement, For) :]
            for given in (statement.init, statement.body.results):
                yield from zip(given, params, strict=True)
                yield from zip(given, statement.targets, strict=True)
            if isinstance(statement, While):
                for given in (statement.init, statement.body.results):
                    yield from zip(given, statement.condition.params, strict=True)


def floats(function: Function) -> set[Atom]:
    """The values that are floats whatever happens: a variable of that type may hold an int that was written.

    Those of lists are the lists that hold nothing else.
    """
    statements = list(walk(function.body))
    found: set[Atom] = {each for each in function.params if _is_float(each)}
    found |= {target for s in statements for target in s.targets if _is_float(target)}
    for statement in statements:
        for atom, target in () if isinstance(statement, Eqn) else _handed_on(statement):
            found.update(each for each in (atom, target) if _is_float(each))
    size = -1
    while len(found) != size:
        size = len(found)
        for statement in statements:
            if not isinstance(statement, Eqn):
                found -= {target for atom, target in _handed_on(statement) if not _is_in(atom, found)}
            elif statement.target in found and not _gives_float(statement, found):
                found.discard(statement.target)
    return found


def _is_float(atom: Atom) -> bool:
    type_ = atom.type.element if isinstance(atom.type, List) else atom.type
    return isinstance(type_, Scalar) and type_.dtype == _DOUBLE and not _is_int(atom)


def _is_int(atom: Atom) -> bool:
    return isinstance(atom, Lit) and type(atom.value) is not float


def _is_in(atom: Atom, found: Set[Atom]) -> bool:
    return _is_float(atom) if isinstance(atom, Lit) else atom in found


def _gives_float(eqn: Eqn, found: Set[Atom]) -> bool:
    name, text = eqn.primitive.name, code_of(eqn)
    given = [_is_in(each, found) for each in eqn.operands]
    if name in ("literal", "append", "last", "drop", "list_set"):
        return all(given[:2])
    if name in ("repeat_list", "list_add", "list_get"):
        return given[0]
    if name == "unstack":
        return isinstance(eqn.operands[0].type, Array) and getattr(eqn.params["element"], "weak", False)
    if name == "getitem":
        return True  # of an array
    return (
        (text in ("{0} + {1}", "{0} - {1}", "{0} * {1}", "{0} ** {1}") and any(given))
        or (text == "-{0}" and all(given))
        or text == "{0} / {1}"
        or name == "new_list"
        or _is_of_a_library(eqn, text)
    )
