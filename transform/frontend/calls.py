"""Calls: by rule, by inlining the Python source, or at once where everything is known."""

from __future__ import annotations

import ast
import functools
import inspect
import operator
from collections.abc import Callable, Sequence
from types import FunctionType, MappingProxyType, MethodType
from typing import Any

import numpy as np

from ..errors import SourceError, TransformError, UnsupportedError
from ..rules.build import Value
from ..rules.registry import FUNCTIONS, METHODS
from ..types import is_inexact
from . import native
from .arguments import adapt, prepared
from .either import on_either
from .elements import each_element
from .generators import generator, is_generator
from .growing import ListMethod, as_list, call_method, is_growing, unstacked
from .iterate import iterate
from .lowering import Lowering, evaluate, expression
from .managers import CONTEXT_MANAGER, GeneratorCall, ManagerFunction
from .naming import missing_rule, python_method, qualified
from .objects import Super, TextMethod, ValueMethod, class_of, construct, get_attribute
from .operators import contains_value
from .outlined import outlined
from .reads import keys_of
from .scope import Closure, Either, Frame, Leave, Raised
from .source import source_of
from .subscripts import subscript
from .texts import method

__all__ = [
    "SPECIAL",
    "arguments_of",
    "call",
    "call_function",
    "signature_of",
    "special",
]

SPECIAL: dict[Any, Callable[..., Any]] = {}
"""Builtin and library functions that act on the interpreter's own values: handler(low, *args, **kwargs)."""


def special(*functions: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register how calls of `functions` are evaluated."""

    def register(handler: Callable[..., Any]) -> Callable[..., Any]:
        for each in functions:
            SPECIAL[each] = handler
        return handler

    return register


def call(low: Lowering, function: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    """The result of a call."""
    if type(function) is Either:
        return on_either(low, function, lambda each: call(low, each, list(args), dict(kwargs)))
    function = low.live(function)
    owner = getattr(function, "__self__", None)
    if type(owner) is list and id(owner) in low.growing:
        return call_method(low, owner, function.__name__, args)
    if type(owner) is list and function.__name__ == "extend" and any(is_growing(low, each) for each in args):
        as_list(low, owner, list(owner))
        return call_method(low, owner, "extend", args)
    if type(owner) is MappingProxyType:
        function = getattr(low.outside.behind(owner), function.__name__)
    match function:
        case Value() | None:
            what = "a number or array" if function is not None else "'NoneType' object"
            raise Raised(TypeError(f"{what} is not callable"))
        case ValueMethod(changes=True):
            from .writers import ARRAY_METHODS

            handler = ARRAY_METHODS[function.__name__]
            return _call_special(low, handler, function, [function.value, *args], kwargs)
        case ValueMethod() if function.__name__ == "tolist" and _is_long(low, function.value):
            return unstacked(low, function.value, True)
        case ValueMethod():
            adapter = METHODS[function.__name__]
            return adapt(low, adapter, f".{function.__name__}", [function.value, *args], kwargs)
        case Closure():
            return _call_closure(low, function, args, kwargs)
        case functools.partial():
            bound = [low.outside.take(each, "partial") for each in _partial_args(low, function)]
            keywords = low.outside.inside(_partial_keywords(low, function))
            return call(low, function.func, [*bound, *args], {**keywords, **kwargs})
        case MethodType() if not native.is_impure(function):
            return call(low, function.__func__, [function.__self__, *args], kwargs)
        case operator.itemgetter():
            found = [subscript(low, args[0], key) for key in function.__reduce__()[1]]
            return found[0] if len(found) == 1 else tuple(found)
        case operator.attrgetter():
            found = [get_attributes(low, args[0], path) for path in function.__reduce__()[1]]
            return found[0] if len(found) == 1 else tuple(found)
        case ListMethod():
            return call_method(low, function.token, function.name, args)
        case staticmethod() | classmethod():
            return call(low, function.__func__, args, kwargs)
        case TextMethod():
            return method(low, function.text, function.__name__, args, kwargs)
        case ManagerFunction():
            return GeneratorCall(function.function, args, kwargs)
    return _call_object(low, function, args, kwargs)


def _is_long(low: Lowering, array: Value) -> bool:
    """Whether only run time knows the length of an array."""
    dims: Sequence[Any] = getattr(array.type, "dims", ())
    return bool(dims) and not isinstance(low.builder.dims.resolve(dims[0]), int)


def _partial_args(low: Lowering, function: Any) -> Sequence[Any]:
    args: Sequence[Any] = function.args
    return args if id(function) in low.created else list(low.outside.take(args, "partial"))


def _partial_keywords(low: Lowering, function: Any) -> dict[str, Any]:
    keywords: dict[str, Any] = function.keywords
    if id(function) not in low.created:
        low.outside.take(keywords, "partial")
    return keywords


def _call_object(low: Lowering, function: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    handler = _lookup(SPECIAL, function)
    if handler is not None:
        return _call_special(low, handler, function, args, kwargs)
    lowered = getattr(type(function), "__transform_lower__", None)
    if lowered is not None:
        args, kwargs = prepared(low, args), prepared(low, kwargs)
        result, reads = lowered(function, low.builder, args, kwargs)
        low.outside.add(reads)
        return result
    if getattr(function, "__code__", None) is CONTEXT_MANAGER:
        return GeneratorCall(function.__wrapped__, args, kwargs)
    if isinstance(function, FunctionType) and hasattr(function, "dispatch") and hasattr(function, "registry"):
        return call(low, _dispatched(low, function, args), args, kwargs)
    if inspect.ismodule(function):
        raise Raised(TypeError("'module' object is not callable"))
    adapter = _lookup(FUNCTIONS, function)
    if adapter is not None:
        return native.call_math(low, adapter, function, qualified(function), args, kwargs)
    if type(function).__name__ == "DUFunc" and type(function).__module__.startswith("numba"):
        return _numba_vectorized(low, function._dispatcher.py_func, args, kwargs)
    if isinstance(function, np.vectorize):
        return _vectorized(low, function, args, kwargs)
    if isinstance(function, functools._lru_cache_wrapper) or hasattr(function, "py_func"):
        return call(low, getattr(function, "py_func", None) or function.__wrapped__, args, kwargs)
    if native.is_impure(function):
        raise UnsupportedError(
            f"{qualified(function)} gives something else at each call, or acts on the world outside",
            "Call it before, and pass its result as an argument.",
        )
    if native.is_pure(function) and not (isinstance(function, FunctionType) and _has_values(args, kwargs)):
        result = native.call_native(low, function, qualified(function), args, kwargs)
        # An object made here is a new one each time: what it holds is no read from outside.
        return low.new_object(result) if isinstance(function, type) else result
    if isinstance(function, type):
        return construct(low, function, args, kwargs)
    # NumPy's functions hide their Python source behind a dispatcher.
    source = getattr(function, "_implementation", function)
    if isinstance(source, FunctionType):
        return (
            _call_numpy(low, function, source, args, kwargs)
            if _of_numpy(function)
            else (call_function(low, source, args, kwargs))
        )
    own = python_method(function, "__call__")
    if own is not None:
        return call(low, own, [function, *args], kwargs)
    raise missing_rule(function)


def _vectorized(low: Lowering, function: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    """What np.vectorize makes of a Python function: on numbers the function itself, its result NumPy's."""
    pyfunc = low.outside.attribute(function, "pyfunc", function.pyfunc)
    given = [low.live(each) for each in (*args, *kwargs.values())]
    if (
        any(isinstance(each, Value) and each.is_array for each in given)
        or function.signature
        or function.excluded
    ):
        raise UnsupportedError(
            "np.vectorize runs a Python function on the elements one by one",
            "Write it for arrays, with np.where.",
        )
    result = call(low, pyfunc, args, kwargs)
    as_array = FUNCTIONS[np.asarray]
    if isinstance(result, tuple):
        return tuple(adapt(low, as_array, "asarray", [each], {}) for each in result)
    return adapt(low, as_array, "asarray", [result], {})


def _numba_vectorized(low: Lowering, function: FunctionType, args: list[Any], kwargs: dict[str, Any]) -> Any:
    """What numba.vectorize makes of a Python function: a loop where there are arrays."""
    given = [low.live(each) for each in args]
    arrays = [each for each in given if isinstance(each, Value) and each.is_array]
    if not arrays:
        return _vectorized(low, np.vectorize(function), args, kwargs)
    if kwargs or not any(is_inexact(each.type) for each in arrays):
        raise UnsupportedError(
            f"{function.__name__} of numba.vectorize takes arrays of floats, without options",
            "Convert the arrays to floats.",
        )
    return call(low, each_element, [function, *args], {})


def _dispatched(low: Lowering, function: Any, args: Sequence[Any]) -> Any:
    """The implementation that functools.singledispatch chooses."""
    low.outside.read("keys", function.registry, None, keys_of(function.registry), "registry")
    if not args:
        raise Raised(TypeError(f"{function.__name__} requires at least 1 positional argument"))
    return function.dispatch(class_of(low.live(args[0])))


def _has_values(args: Sequence[Any], kwargs: dict[str, Any]) -> bool:
    return any(contains_value(each) for each in (*args, *kwargs.values()))


def _call_special(
    low: Lowering, handler: Callable[..., Any], function: Any, args: list[Any], kwargs: dict[str, Any]
) -> Any:
    try:
        inspect.signature(handler).bind(low, *args, **kwargs)
    except TypeError as error:
        raise Raised(TypeError(f"{qualified(function)}(): {error}")) from None
    return handler(low, *map(low.live, args), **kwargs)


def _lookup(table: dict[Any, Any], function: Any) -> Any:
    try:
        return table.get(function)
    except TypeError:  # not hashable, so not registered
        return None


# Functions written in Python.


def _of_numpy(function: Any) -> bool:
    return (getattr(function, "__module__", None) or "").split(".")[0] == "numpy"


def _call_numpy(
    low: Lowering, function: Any, source: FunctionType, args: list[Any], kwargs: dict[str, Any]
) -> Any:
    """One of NumPy's own Python functions: by its source where that is understood."""
    try:
        return call_function(low, source, args, kwargs)
    except (TransformError, Raised) as error:
        raise missing_rule(function) from error


def call_function(low: Lowering, function: FunctionType, args: list[Any], kwargs: dict[str, Any]) -> Any:
    """A call of a function written in Python: its equations, or one that calls it."""
    try:
        source = source_of(function)
    except SourceError as error:
        if error.origin is None:
            error.remedy = (
                f"Define it in a file, or give it a rule with transform.rule({function.__name__}, ...)."
            )
        raise
    low.outside.code(function)
    low.keep.append(function)
    frame = Frame.of_function(low, function, source, low.builder.origin if low.frames else None)
    signature = signature_of(function)
    bound = bind(signature, args, kwargs, function.__name__)
    for name, parameter in signature.parameters.items():
        if name not in bound and parameter.default is not inspect.Parameter.empty:
            bound[name] = _default(low, function, name, parameter.default)
    called = outlined(low, function, source, signature, bound)
    if called is not None:
        return called[0]
    frame.call = function, dict(bound)
    return _run(low, frame, bound)


def signature_of(function: FunctionType) -> inspect.Signature:
    """The parameters of the code itself: `__signature__` and `__wrapped__` may say something else."""
    code, kinds, empty = function.__code__, inspect.Parameter, inspect.Parameter.empty
    names, count = code.co_varnames, code.co_argcount
    given = function.__defaults__ or ()
    defaults = dict(zip(names[count - len(given) : count], given, strict=True))
    defaults |= function.__kwdefaults__ or {}
    parameters = []
    for k, name in enumerate(names[:count]):
        kind = kinds.POSITIONAL_ONLY if k < code.co_posonlyargcount else kinds.POSITIONAL_OR_KEYWORD
        parameters.append(inspect.Parameter(name, kind, default=defaults.get(name, empty)))
    rest = count + code.co_kwonlyargcount
    if code.co_flags & inspect.CO_VARARGS:
        parameters.append(inspect.Parameter(names[rest], kinds.VAR_POSITIONAL))
    parameters += [
        inspect.Parameter(name, kinds.KEYWORD_ONLY, default=defaults.get(name, empty))
        for name in names[count:rest]
    ]
    if code.co_flags & inspect.CO_VARKEYWORDS:
        starred = rest + bool(code.co_flags & inspect.CO_VARARGS)
        parameters.append(inspect.Parameter(names[starred], kinds.VAR_KEYWORD))
    return inspect.Signature(parameters)


def _default(low: Lowering, function: FunctionType, name: str, default: Any) -> Any:
    """A default: the numbers are literals, arrays are captured, changes of the defaults are seen."""
    if isinstance(default, (float, complex)):
        low.outside.attribute(function, "__defaults__", function.__defaults__)
        low.outside.attribute(function, "__kwdefaults__", function.__kwdefaults__)
        return default
    if function.__kwdefaults__ and name in function.__kwdefaults__:
        return low.outside.read("item", function.__kwdefaults__, name, default, name)
    given = function.__defaults__ or ()
    low.outside.read("attribute", function, "__defaults__", given, name)
    position = next(k for k, each in enumerate(given) if each is default)
    return low.outside.read("item", given, position, default, name)


def _call_closure(low: Lowering, closure: Closure, args: list[Any], kwargs: dict[str, Any]) -> Any:
    frame = Frame.of_closure(closure, low.builder.origin)
    bound = bind(closure.signature, args, kwargs, closure.__name__)
    for name, parameter in closure.signature.parameters.items():
        if name not in bound and parameter.default is not inspect.Parameter.empty:
            bound[name] = parameter.default
    return _run(low, frame, bound)


def bind(
    signature: inspect.Signature, args: Sequence[Any], kwargs: dict[str, Any], name: str
) -> dict[str, Any]:
    """The arguments by parameter; `*args` and `**kwargs` are there even when empty."""
    try:
        bound = signature.bind(*args, **kwargs)
    except TypeError as error:
        raise Raised(TypeError(f"{name}(): {error}")) from None
    arguments = dict(bound.arguments)
    for each in signature.parameters.values():
        if each.kind is inspect.Parameter.VAR_POSITIONAL:
            arguments.setdefault(each.name, ())
        elif each.kind is inspect.Parameter.VAR_KEYWORD:
            arguments.setdefault(each.name, {})
    return arguments


def _run(low: Lowering, frame: Frame, bound: dict[str, Any]) -> Any:
    from .statements import run_block

    # Where an argument without a name needs a line of its own, the parameter says best what it is.
    frame.names.update({name: low.name(value, name, temporary=True) for name, value in bound.items()})
    frame.first = next(iter(bound.values()), None)
    if isinstance(frame.first, tuple) and frame.source.node.args.vararg and not frame.source.node.args.args:
        frame.first = next(iter(frame.first), None)
    node = frame.source.node
    if is_generator(node):
        return low.new_object(generator(low, frame))
    low.enter(frame)
    try:
        if isinstance(node, ast.Lambda):
            return evaluate(frame, node.body)
        left = run_block(frame, node.body, Leave("return"))
        return None if left is None else left.value
    finally:
        low.leave()


# The expression.


@expression(ast.Call)
def _call_expression(frame: Frame, node: ast.Call) -> Any:
    low = frame.low
    function = evaluate(frame, node.func)
    args, kwargs = arguments_of(frame, node)
    if function is super:
        return _super(frame, args)
    if function in (locals, globals, vars, eval, exec, __import__) and callable(function):
        raise UnsupportedError(f"{function.__name__}() is not understood", "Use the names themselves.")
    low.builder.origin = frame.origin(node)
    return call(low, function, args, kwargs)


def arguments_of(frame: Frame, node: ast.Call) -> tuple[list[Any], dict[str, Any]]:
    """The arguments of a call, with `*` and `**` expanded."""
    low = frame.low
    args: list[Any] = []
    for each in node.args:
        if isinstance(each, ast.Starred):
            args.extend(iterate(low, evaluate(frame, each.value), "*"))
        else:
            args.append(evaluate(frame, each))
    kwargs: dict[str, Any] = {}
    for keyword in node.keywords:
        value = evaluate(frame, keyword.value)
        more = {keyword.arg: value} if keyword.arg is not None else _mapping(low, value)
        for key, item in more.items():
            if key in kwargs:
                raise Raised(TypeError(f"got multiple values for keyword argument {key!r}"))
            kwargs[key] = item
    return args, kwargs


def _mapping(low: Lowering, value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        inside: dict[str, Any] = low.outside.inside(value)
        return inside
    if hasattr(value, "keys"):
        made: dict[str, Any] = low.native(dict, value)
        return made
    raise Raised(TypeError("argument after ** must be a mapping"))


def _super(frame: Frame, args: list[Any]) -> Super:
    if args:
        return Super(args[0], args[1])
    inner: Frame | None = frame
    while inner is not None:
        if "__class__" in inner.cells and inner.first is not None:
            return Super(inner.cells["__class__"].cell_contents, inner.first)
        inner = inner.parent
    raise Raised(RuntimeError("super(): no arguments"))


def get_attributes(low: Lowering, thing: Any, path: str) -> Any:
    """`thing.a.b`, for the path "a.b"."""
    for name in path.split("."):
        thing = get_attribute(low, thing, name)
    return thing
