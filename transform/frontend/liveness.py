"""Which names are read later: a loop carries no others. Decided by the syntax alone, once for each function.

for i in range(n):
    t = x[i]             t is assigned before it is read: each iteration has its own
    s = s + t            s is carried
"""

from __future__ import annotations

import ast
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

__all__ = ["Liveness", "assigned_names", "liveness_of", "updated_names"]

Names = frozenset[str]
_NONE: Names = frozenset()
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@dataclass(frozen=True, slots=True)
class _Flow:
    """Of a statement or a block: names that it reads before it assigns them, and those it surely assigns.

    `ends` where control never reaches what follows; `jumps` where it may go elsewhere: to the end of a loop.
    """

    reads: Names = _NONE
    assigns: Names = _NONE
    ends: bool = False
    jumps: bool = False


class Liveness:
    """For each statement of a function the names that are read after it, on any path."""

    def __init__(self, body: Sequence[ast.stmt]) -> None:
        self._flows: dict[ast.AST, _Flow] = {}
        self.after: dict[ast.AST, Names] = {}
        self.always = frozenset(_names_in_scopes(body))
        self._block(body, self.always)

    def at_head(self, loop: ast.AST) -> Names:
        """The names that are read in an iteration of a loop before it assigns them, or after the loop."""
        assert isinstance(loop, (ast.For, ast.While))
        return self.after[loop] | self.early(loop) | _flow_of_block(self._flows, loop.orelse).reads

    def early(self, loop: ast.AST) -> Names:
        """The names that an iteration of a loop reads before it assigns them."""
        assert isinstance(loop, (ast.For, ast.While))
        reads = _flow_of_block(self._flows, loop.body).reads
        if isinstance(loop, ast.While):
            return _reads(loop.test) | (reads - _sure(loop.test))
        return (reads - _stored(loop.target)) | _loaded(loop.target)

    def _block(self, body: Sequence[ast.stmt], after: Names) -> None:
        for node in reversed(body):
            self.after[node] = after
            self._inside(node, after)
            flow = _flow(self._flows, node)
            after = flow.reads | (_NONE if flow.ends else after if flow.jumps else after - flow.assigns)
            if flow.ends or flow.jumps:
                after |= self._target

    _target: Names = _NONE

    def _inside(self, node: ast.stmt, after: Names) -> None:
        match node:
            case ast.For() | ast.While():
                outer = self._target
                head = self.at_head(node)
                self._block(node.orelse, after)
                self._target = head
                self._block(node.body, head)
                self._target = outer
            case ast.Try():
                whole = after | _flow(self._flows, node).reads | self._target
                self._block(node.body, whole)
                self._block(node.orelse, whole)
                self._block(node.finalbody, whole)
                for handler in node.handlers:
                    self._block(handler.body, whole)
            case _:
                for block in _blocks(node):
                    self._block(block, after)


def _blocks(node: ast.stmt) -> Iterator[Sequence[ast.stmt]]:
    match node:
        case ast.If(body=body, orelse=orelse):
            yield body
            yield orelse
        case ast.With(body=body):
            yield body
        case ast.Match(cases=cases):
            for case in cases:
                yield case.body


def _flow(known: dict[ast.AST, _Flow], node: ast.stmt) -> _Flow:
    if node not in known:
        known[node] = _made_flow(known, node)
    return known[node]


def _made_flow(known: dict[ast.AST, _Flow], node: ast.stmt) -> _Flow:
    match node:
        case ast.Return() | ast.Raise():
            return _Flow(_reads(node), ends=True)
        case ast.Break() | ast.Continue():
            return _Flow(ends=True, jumps=True)
        case ast.If(test=test, body=body, orelse=orelse):
            a, b = (_flow_of_block(known, block) for block in (body, orelse))
            sure = _sure(test)
            return _Flow(
                _reads(test) | ((a.reads | b.reads) - sure),
                sure | (b.assigns if a.ends else a.assigns if b.ends else a.assigns & b.assigns),
                a.ends and b.ends,
                a.jumps or b.jumps,
            )
        case ast.For(iter=source, target=target, body=body, orelse=orelse):
            inner, other = _flow_of_block(known, body), _flow_of_block(known, orelse)
            reads = _reads(source) | (inner.reads - _stored(target)) | _loaded(target) | other.reads
            return _Flow(reads, _sure(source))
        case ast.While(test=test, body=body, orelse=orelse):
            inner, other = _flow_of_block(known, body), _flow_of_block(known, orelse)
            sure = _sure(test)
            return _Flow(_reads(test) | ((inner.reads | other.reads) - sure), sure)
        case ast.With(items=items, body=body):
            inner = _flow_of_block(known, body)
            reads, sure = _NONE, _NONE
            for item in items:
                reads |= _reads(item) - sure
                sure |= _stored(item)
            return _Flow(reads | (inner.reads - sure), sure | inner.assigns, inner.ends, inner.jumps)
        case ast.Try() | ast.Match():
            # Control may leave a block of these anywhere: nothing is sure to be assigned.
            return _Flow(_loaded(node), jumps=_may_jump(node))
        case ast.AugAssign(target=ast.Name(id=name)):
            return _Flow(_reads(node) | {name}, frozenset({name}))
    return _Flow(_reads(node), _sure(node))


def _flow_of_block(known: dict[ast.AST, _Flow], body: Sequence[ast.stmt]) -> _Flow:
    reads: Names = _NONE
    reached: Names = _NONE  # assigned where control arrives
    sure: Names = _NONE  # assigned on every way out
    jumps = False
    for node in body:
        flow = _flow(known, node)
        reads |= flow.reads - reached
        reached |= flow.assigns
        if not jumps:
            sure |= flow.assigns
        jumps = jumps or flow.jumps
        if flow.ends:
            return _Flow(reads, reached, True, jumps)
    return _Flow(reads, reached, False, jumps)


def _may_jump(node: ast.AST) -> bool:
    return any(isinstance(inner, (ast.Break, ast.Continue)) for inner in ast.walk(node))


# Names in expressions.


def _own(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a statement or an expression without those of functions defined in it."""
    pending = [node]
    while pending:
        inner = pending.pop()
        yield inner
        if not isinstance(inner, _SCOPES):
            pending.extend(ast.iter_child_nodes(inner))
        elif isinstance(inner, ast.Lambda):
            pending.append(inner.args)
        else:
            pending.extend(inner.decorator_list)
            if not isinstance(inner, ast.ClassDef):
                pending.append(inner.args)


def _loaded(node: ast.AST) -> Names:
    return frozenset(
        inner.id
        for inner in _own(node)
        if isinstance(inner, ast.Name) and isinstance(inner.ctx, (ast.Load, ast.Del))
    )


def _reads(node: ast.AST) -> Names:
    """The names that an expression reads, but for those it has bound itself before, by `:=`."""
    return _loaded(node)


def _stored(node: ast.AST) -> Names:
    found = set()
    for inner in _own(node):
        match inner:
            case ast.Name(id=name, ctx=ast.Store()):
                found.add(name)
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                found.add(name)
            case ast.alias(name=name, asname=asname):
                found.add(asname or name.split(".")[0])
            case (
                ast.ExceptHandler(name=str(name))
                | ast.MatchAs(name=str(name))
                | ast.MatchStar(name=str(name))
            ):
                found.add(name)
    return frozenset(found)


def _sure(node: ast.AST) -> Names:
    """The names that a statement without blocks surely assigns; `:=` may stand where it is not reached."""
    match node:
        case ast.Assign(targets=targets):
            return frozenset[str]().union(*map(_stored, targets))
        case ast.AnnAssign(target=target, value=value):
            return _NONE if value is None else _stored(target)
        case ast.FunctionDef() | ast.Import() | ast.ImportFrom():
            return _stored(node)
        case ast.Compare(left=ast.NamedExpr(target=target)) | ast.NamedExpr(target=target):
            return frozenset({target.id})
    return _NONE


def _names_in_scopes(body: Sequence[ast.AST]) -> Iterator[str]:
    """The names in functions and comprehensions inside a body: when these run is not told by the syntax."""
    for node in body:
        for inner in ast.walk(node):
            if isinstance(inner, _SCOPES):
                yield from (each.id for each in ast.walk(inner) if isinstance(each, ast.Name))


def assigned_names(body: Sequence[ast.AST]) -> Names:
    """The names that statements may assign."""
    return frozenset[str]().union(*map(_stored, body))


def updated_names(body: Sequence[ast.AST]) -> Names:
    """The names that statements assign by `x += y` and in no other way."""
    inner = [each for node in body for each in _own(node)]
    updated = {
        id(each.target): each.target.id
        for each in inner
        if isinstance(each, ast.AugAssign) and isinstance(each.target, ast.Name)
    }
    others = (
        each.id
        for each in inner
        if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store) and id(each) not in updated
    )
    return frozenset(updated.values()) - frozenset(others)


_KNOWN: weakref.WeakKeyDictionary[ast.AST, Liveness] = weakref.WeakKeyDictionary()


def liveness_of(function: ast.AST) -> Liveness | None:
    """The liveness of names in a function; None for a lambda."""
    if not isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return None
    if function not in _KNOWN:
        _KNOWN[function] = Liveness(function.body)
    return _KNOWN[function]
