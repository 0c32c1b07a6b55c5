"""Functions that are called in the generated code, too, rather than inlined.

    def f(x, n):                                   def f_adjoint(x, n, L_bar=1.0):
        return series(x, n) * series(x * x, n)         ... series_adjoint(x, n, t_bar) ...

They are lowered by themselves, for arguments of the types at hand. That is done where a function is long,
and where only run time ends a recursion: then what a call gives is found by iteration, beginning with the
branches that do not call the function again. A function that writes to what is not its own is inlined.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import replace
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

from ..errors import TransformError, UnsupportedError
from ..ir import Callee, Eqn, For, Function, Var, While, walk
from ..rules.build import Value
from ..rules.callees import calling
from ..tree import Node, Static, Tree, children_of, is_structure, map_leaves, rebuild
from ..types import FLOAT, Array, Dim, Dims, List, Scalar, Size, Type, shift, type_of_number, unknown_dim
from .lowering import Lowering, PinNeeded, RecursionFound, StaticNeeded
from .outside import Place
from .program import Called, Program, Promise
from .recorder import plain
from .scope import Raised
from .source import Source, source_of

__all__ = ["outlined"]

_LONG = 12
"""The number of statements, and of equations, from which on a function is called."""

_DEEPEST_INLINED = 30
"""How deep calls of a function inside itself are inlined, where it is known how many there are."""

_MOST_GUESSES = 8
_SINGLE = frozenset({"float16", "float32", "complex64"})
_CONSTANT = (type(None), str, bytes, bool, FunctionType, BuiltinFunctionType, type, ModuleType)


class _NotCallable(Exception):
    """The arguments are not of a kind that generated code passes on."""


def outlined(
    low: Lowering, function: FunctionType, source: Source, signature: inspect.Signature, bound: dict[str, Any]
) -> tuple[Any] | None:
    """The result of a call that stays a call; None where the function is to be inlined."""
    program = low.program
    if not low.frames or not isinstance(source.node, ast.FunctionDef):
        return None
    again = any(frame.call is not None and frame.call[0] is function for frame in low.frames)
    known = any(key[0] is function for key in (*program.recursive, *program.running, *program.known))  # type: ignore[index]
    long = program.depth == 0 and _is_long(source.node)
    if not (again or known or long) or any(
        each.kind in (each.VAR_POSITIONAL, each.VAR_KEYWORD) for each in signature.parameters.values()
    ):
        return None
    try:
        exact = _Arguments(low, function, bound, numbers=False)
        loose = _Arguments(low, function, bound, numbers=True)
    except _NotCallable:
        return None
    for given in (loose, exact):
        if given.key in program.running or given.key in program.recursive or program.known.get(given.key):
            return _called(low, given)
    if again and any(_is_like(low, frame.call, exact) for frame in low.frames):
        raise RecursionFound(exact.key)
    if again and len(low.frames) > _DEEPEST_INLINED:
        raise RecursionFound(loose.key)
    if long and loose.key not in program.known:
        return _called(low, loose)
    return None


def _is_long(node: ast.FunctionDef) -> bool:
    statements = [each for each in ast.walk(node) if isinstance(each, ast.stmt)]
    return len(statements) > _LONG or any(isinstance(each, (ast.For, ast.While)) for each in statements)


def _is_like(low: Lowering, call: Any, given: _Arguments) -> bool:
    """Whether a call that is being lowered has arguments of the same types and the same known numbers."""
    if call is None or call[0] is not given.function:
        return False
    try:
        function, bound = call
        return _Arguments(low, function, bound, numbers=False).key == given.key
    except _NotCallable:
        return False


class _Arguments:
    """The arguments of a call as trees of types, with dims of their own: equal ones are equal.

    With `numbers`, numbers that are known are passed as well; else they are part of the function.
    """

    def __init__(
        self, low: Lowering, function: FunctionType, bound: Mapping[str, Any], numbers: bool
    ) -> None:
        self.low, self.function, self.numbers = low, function, numbers
        self.values: list[Any] = []
        self.numpy = False
        self.dims: dict[Size, Dim] = {}
        self.trees = {name: self._tree(value) for name, value in bound.items()}
        if not any(_type_of(value).dtype.name in _SINGLE for value in self.values):
            # Among doubles it makes no difference whether a number is Python's or NumPy's.
            self.trees = {name: map_leaves(self._weak, tree) for name, tree in self.trees.items()}
        try:
            self.key: Hashable = (function, tuple((name, _hashed(tree)) for name, tree in self.trees.items()))
            hash(self.key)
        except TypeError as error:
            raise _NotCallable from error

    def _tree(self, value: Any) -> Tree:
        if not isinstance(value, Value):
            value = plain(value)
            if self.numbers and type(value) in (int, float):
                return self._leaf(value, type_of_number(value))
            if type(value) in (int, float):
                return Static(value)
            if isinstance(value, tuple) and is_structure(value):
                keys, children = children_of(value)
                return Node(type(value), keys, tuple(map(self._tree, children)))
            if not isinstance(value, _CONSTANT):
                raise _NotCallable
            return Static(value)
        value = self.low.live(value)
        return self._leaf(value, value.type) if isinstance(value, Value) else self._tree(value)

    def _leaf(self, value: Any, type_: Type) -> Type:
        if isinstance(type_, List):
            raise _NotCallable
        self.values.append(value)
        if isinstance(type_, Array):
            return Array(type_.dtype, tuple(map(self._dim, type_.dims)))
        return Scalar(type_.dtype, type_.weak)

    def _weak(self, leaf: Any) -> Any:
        if not isinstance(leaf, Scalar) or leaf.weak or leaf.dtype != FLOAT.dtype:
            return leaf
        self.numpy = True
        return FLOAT

    def _dim(self, size: Size) -> Size:
        size = self.low.builder.dims.resolve(size)
        if isinstance(size, int):
            return size
        if size not in self.dims:
            # A recursion may well end at arrays of length 1.
            not_one = size.not_one and self.numbers
            self.dims[size] = Dim(f"{self.function.__name__}.{len(self.dims)}", not_one=not_one)
        return self.dims[size]

    def outer(self, size: Size) -> Size:
        """A dim of the function, as the caller knows it."""
        if isinstance(size, int):
            return size
        for outer, own in self.dims.items():
            if own.symbol == size.symbol:
                return shift(outer, size.offset)
        return unknown_dim()


def _type_of(value: Any) -> Type:
    return value.type if isinstance(value, Value) else type_of_number(value)


def _hashed(tree: Tree) -> Hashable:
    """The tree in a form in which 1, 1.0 and True differ."""
    if isinstance(tree, Node):
        return tree.kind, tree.keys, tuple(map(_hashed, tree.children))
    return (type(tree.value), repr(tree.value), tree.value) if isinstance(tree, Static) else tree


# The call.


def _called(low: Lowering, given: _Arguments) -> tuple[Any] | None:
    """The equation of a call, and the values that it gives; None where the function cannot be called."""
    program = low.program
    if given.key in program.running:
        callee, promise = program.running[given.key]
        program.asked.add(given.key)
        if promise is None:
            # Nothing is known yet: what the other branches give comes first.
            raise Raised(RecursionError("maximum recursion depth exceeded"))
        return (_call(low, given, callee, promise),)
    if given.key not in program.known:
        program.known[given.key] = _function(low, given)
    called = program.known[given.key]
    if called is None:
        return None
    low.builder.callees.update({**called.function.callees, called.callee: called.function})
    low.outside.add(called.reads)
    return (_call(low, given, called.callee, called.promise),)


def _call(low: Lowering, given: _Arguments, callee: Callee, promise: Promise) -> Any:
    types = [_outside(type_, given) for type_ in promise.types]
    builder = low.builder
    for one, other in promise.equal:
        builder.dims.equate(given.outer(one), given.outer(other))
    first, *others = (Var("t", type_, temporary=True) for type_ in types)
    operands = tuple(builder.atom(value) for value in given.values)
    params = {"type": first.type}
    eqn = Eqn(first, calling(callee), operands, params, builder.origin, builder.sweep, tuple(others))
    builder.body.append(eqn)
    results = [Value(builder, target) for target in eqn.targets]
    for value, arguments in zip(results, promise.arguments, strict=True):
        builder.made[value.atom] = eqn
        low.memory.may_be_one_of(value, [given.values[k] for k in sorted(arguments)])
    return rebuild(promise.output, lambda leaf: results[leaf.position])


def _outside(type_: Type, given: _Arguments) -> Type:
    if isinstance(type_, Array):
        return Array(type_.dtype, tuple(map(given.outer, type_.dims)))
    return Scalar(FLOAT.dtype) if given.numpy and type_ == FLOAT else type_


# The function.


def _function(low: Lowering, given: _Arguments) -> Called | None:
    """The function lowered by itself; None where it is better inlined."""
    program = low.program
    recursive = given.key in program.recursive
    callee = Callee(given.function.__name__, given.key)
    program.depth += 1
    try:
        made = _settled(program, given, callee)
    except (TransformError, Raised, StaticNeeded) as error:
        if not recursive:
            return None
        if not isinstance(error, StaticNeeded):
            raise
        raise UnsupportedError(
            f"{given.function.__name__} calls itself until run time ends it: {error.why} is not known before",
            "Let only conditions and bounds of loops depend on its arguments.",
            error.origin,
        ) from None
    finally:
        program.depth -= 1
    if made is None and recursive:
        name = given.function.__name__
        raise UnsupportedError(
            f"{name} calls itself until run time ends it, and does more than compute a result",
            "Let it return new numbers and arrays, write to nothing that it is given, and print nothing.",
        )
    return made if made is None or recursive or _is_worth_it(made.function) else None


def _is_worth_it(function: Function) -> bool:
    body = list(walk(function.body))
    return len(body) >= _LONG or any(isinstance(each, (For, While)) for each in body)


def _settled(program: Program, given: _Arguments, callee: Callee) -> Called | None:
    """Lower with what a call gives taken from the time before, until that is what it gives."""
    promise: Promise | None = None
    before = dict(program.known)
    try:
        for _ in range(_MOST_GUESSES):
            program.running[given.key] = callee, promise
            made = _lowered(program, given, callee)
            if made is None or made.promise == promise or given.key not in program.asked:
                return made
            promise = made.promise
            program.known.clear()
            program.known.update(before)
    finally:
        del program.running[given.key]
    raise UnsupportedError(
        f"{given.function.__name__} gives values of other types, or more of them, the deeper it is called",
        "Let each branch return values of the same types.",
    )


def _lowered(program: Program, given: _Arguments, callee: Callee) -> Called | None:
    from .calls import call_function, signature_of
    from .entry import given as arguments_given
    from .resolve import resolved
    from .results import finished

    pinned: frozenset[Place] = frozenset()
    while True:
        low = Lowering(pinned, program)
        try:
            source = source_of(given.function)
            origin = source.origin(source.node, source.node, None)
            inputs, args, kwargs = arguments_given(low, signature_of(given.function), given.trees, {})
            result = call_function(low, given.function, args, kwargs)
            function = finished(low, given.function, origin, inputs, result, "return")
            break
        except PinNeeded as needed:
            pinned |= needed.places
    if not function.results or not _is_callable(low, function):
        return None
    promise = _promise(low, function, given)
    if promise is None:
        return None
    function, reads = resolved(function, low.outside.reads.values(), low.builder.dims)
    # Others pass its leaves: what is no number is part of the function.
    return Called(callee, replace(function, inputs=(), output=None), promise, reads)


def _is_callable(low: Lowering, function: Function) -> bool:
    """Whether a function does nothing but compute what it returns."""
    effects = (s for s in walk(function.body) if isinstance(s, Eqn) and s.primitive.effect)
    return (
        not low.memory.written.intersection(function.params)
        and not function.row_major
        and all("raises" in eqn.params for eqn in effects)
        and not any(isinstance(result.type, List) for result in function.results)
    )


def _promise(low: Lowering, function: Function, given: _Arguments) -> Promise | None:
    types: list[Type] = []
    arguments: list[frozenset[int]] = []
    seen: set[Any] = set()
    captured = {var for var, _ in function.captures}
    for result in function.results:
        types.append(_inside(result.type, given, low.builder.dims))
        arrays: frozenset[Any] = frozenset()
        if isinstance(result.type, Array):
            arrays = low.memory.arrays_of(Value(low.builder, result))
        if arrays & seen or arrays & captured:
            return None
        seen |= arrays
        params = function.params
        arguments.append(frozenset(k for k, param in enumerate(params) if param in arrays))
    return Promise(function.output, tuple(types), tuple(arguments), tuple(_equal(given, low.builder.dims)))


def _equal(given: _Arguments, dims: Dims) -> Iterator[tuple[Size, Size]]:
    """The lengths of arguments of which it was learned that they agree."""
    own = {each.symbol for each in given.dims.values()}
    for each in given.dims.values():
        other = dims.resolve(each)
        if isinstance(other, int) or (other.symbol != each.symbol and other.symbol in own):
            yield each, other


def _inside(type_: Type, given: _Arguments, dims: Dims) -> Type:
    """A type in the dims of the params; any other length is not known outside."""
    if not isinstance(type_, Array):
        return Scalar(type_.dtype, type_.weak) if isinstance(type_, Scalar) else type_
    own = {each.symbol for each in given.dims.values()}

    def known(size: Size) -> Size:
        size = dims.resolve(size)
        return size if isinstance(size, int) or size.symbol in own else Dim("?")

    return Array(type_.dtype, tuple(map(known, type_.dims)))
