"""Derivatives as callable objects: types are found at the call, the code for them is made once."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any, TypeVar, cast

from .cache import Built, Specialisation, Specialiser
from .compile.arguments import annotations_of, as_real, default_tree, realised, tree_of
from .compile.entry import arranged, fast_entry
from .compile.flavour import PYTHON, Flavour
from .compile.lengths import lengths
from .compile.seeds import checked_seeds
from .compile.sharing import check_apart
from .emit.ssa import ssa
from .errors import ArgumentError, UnsupportedError
from .frontend import Names, Read, give_text, lower, parameters, place, text_of
from .index import Subject
from .ir import Function, Input
from .passes.columns import jacobian_function
from .passes.interface import adjoint_function, bind, inline, only_results, tangent_function
from .passes.own import own
from .rules.build import Builder, Value
from .tree import Node, Static, Tree, children_of, is_structure, map_leaves, rebuild
from .types import Scalar, is_complex

__all__ = ["Derivative", "Plan", "default_trees", "lower_any"]

ArgNums = int | str | tuple[int | str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """Which derivative: `kind` is primal, grad, value_and_grad, adjoint, tangent, hvp or jacobian.

    `results` names what counts as the results of a function that writes to its arguments; `flavour` is
    how the code is compiled.
    """

    kind: str
    argnums: ArgNums = 0
    has_aux: bool = False
    results: Names = None
    flavour: Flavour = PYTHON

    @property
    def seeded(self) -> bool:
        """Whether the seeds are arguments of the derivative."""
        return self.kind in ("adjoint", "tangent", "hvp")


Method = TypeVar("Method", bound=Callable[..., Any])


def located(method: Method) -> Method:
    """A method of what has a function `fn`, whose complaints about arguments point at that function."""

    @functools.wraps(method)
    def pointing(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return method(self, *args, **kwargs)
        except ArgumentError as error:
            error.at(place(primal_of(self.fn)))
            raise

    return cast(Method, pointing)


def primal_of(target: Any) -> Any:
    """The function that a derivative, or a derivative of a derivative, is a derivative of."""
    return primal_of(target.fn) if isinstance(target, Derivative) else target


def subject_of(target: Any) -> Subject:
    """The function, and the plans of the derivatives that are taken of it."""
    if not isinstance(target, Derivative):
        return Subject(target, ())
    inner = subject_of(target.fn)
    return replace(inner, plans=(*inner.plans, target.plan))


def has_seeds(target: Any) -> bool:
    """Whether the signature of a function has seeds, so that it depends on the types of a call."""
    return isinstance(target, Derivative) and (target.plan.seeded or has_seeds(target.fn))


class Derivative:
    """A derivative of `fn`; call it like `fn` (seeds, where it takes any, follow the arguments).

    source      the generated code for the latest argument types, or for the declared ones
    ssa         the SSA list of fn for the same types
    specialize  make the code for example arguments without running it
    """

    def __init__(self, fn: Callable[..., Any], plan: Plan) -> None:
        if not callable(fn):
            raise ArgumentError(f"{fn!r} is not a function", "Pass a Python function.")
        self.__name__ = getattr(fn, "__name__", type(fn).__name__)
        functools.update_wrapper(self, fn, updated=())
        self.fn, self.plan = fn, plan
        self._specialiser = Specialiser(self.build, plan.flavour, subject_of(self), self.leave)
        self._entered: Specialisation | None = None
        self._guarded: tuple[Specialisation, Any] | None = None
        # Python looks __call__ up on the type: each derivative gets a type, and with it a call of its own.
        self.__class__ = type(type(self).__name__, (type(self),), {})

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.call(args, kwargs)

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        return self if instance is None else functools.partial(self, instance)

    def __repr__(self) -> str:
        name = getattr(self.fn, "__qualname__", repr(self.fn))
        wrt = f", argnums={self.plan.argnums!r}" if self.plan.argnums != 0 else ""
        return f"<transform {self.plan.kind} of {name}{wrt}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (self.fn, self.plan, text_of(self.fn))

    @property
    def source(self) -> str:
        """The generated Python module, for the latest call's types or else the declared ones.

        Raises TransformError where the function cannot be transformed for the declared types.
        """
        return self.current().emitted.text

    @property
    def compiled(self) -> Any:
        """What the user's own compiled code can call, for the latest types.

        It takes the leaves of the arguments, then the seeds, 1.0 where the result is one number, then the
        captured values, those of now where they are left out. Raises ArgumentError unless the backend is
        "numba".
        """
        made = self.current()
        if made.compiled.dispatcher is None:
            raise ArgumentError("the backend is Python, which compiles nothing", 'Ask for backend="numba".')
        if self._guarded is None or self._guarded[0] is not made:
            from .compile.guarded import guarded

            self._guarded = made, guarded(made)
        return self._guarded[1]

    @property
    def ssa(self) -> str:
        """The SSA list of the function that is differentiated, one equation a line."""
        return ssa(self.current().built().primal)

    def current(self) -> Specialisation:
        """The latest specialisation, or one for the declared types."""
        latest = self._specialiser.latest
        if latest is not None and latest.holds():
            return latest
        return self._specialiser.for_trees(default_trees(self.fn))

    def specialize(self, *args: Any, **kwargs: Any) -> Specialisation:
        """The code for arguments like these, without running it."""
        return self._specialiser.for_values(self.bind(args, kwargs)[0])

    @located
    def specialize_types(self, trees: Mapping[str, Tree]) -> Specialisation:
        """The code for arguments of these types."""
        return self._specialiser.for_trees(trees)

    def call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Find or make the code for these arguments and run it."""
        return self.run(*self.bind(args, kwargs))

    @located
    def run(self, values: dict[str, Any], seeds: Mapping[str, Any]) -> Any:
        """Like `call`, for what `bind` gives."""
        made = self._specialiser.for_values(values)
        check_apart(made.primal, values, made.captured)
        if self.plan.seeded:
            by_argument = self.plan.kind != "adjoint"
            if not seeds and self.needs_seed:
                self.require_seed(made.function, values)
            seeds = checked_seeds(made.function, values, seeds, by_argument, made.captured)
        else:
            lengths(made.function, values, made.captured)
        call_args, call_kwargs = arranged(made.function.inputs, {**values, **seeds})
        result = made.compiled.kernel(*call_args, **call_kwargs)
        self.enter(made, values)
        return result

    def enter(self, made: Specialisation, values: Mapping[str, Any]) -> None:
        """Let calls with arguments like these take the short way from now on."""
        if self._entered is not made:
            entry = None if has_seeds(self.fn) else fast_entry(self, made, values)
            call = Derivative.__call__ if entry is None else staticmethod(entry)
            type(self).__call__ = call  # type: ignore[method-assign]
            self._entered = made

    @functools.cached_property
    def needs_seed(self) -> bool:
        """Whether what was meant as a seed may go to an argument with a default."""
        if self.plan.kind == "adjoint" or isinstance(self.fn, Derivative):
            return False
        declared = signature_of(self.fn).parameters.values()
        return any(each.default is not each.empty and each.kind is not each.KEYWORD_ONLY for each in declared)

    def require_seed(self, function: Function, values: Mapping[str, Any]) -> None:
        """Refuse a call without any seed, where `needs_seed`."""
        seeds = [each.name for each in function.inputs if each.name not in values]
        raise ArgumentError(
            f"{function.name} needs the seed {seeds[0]}",
            f"{self.__name__} has arguments with defaults: give the seed by its name, {seeds[0]}=...",
        )

    def leave(self) -> None:
        """Let every call take the long way."""
        type(self).__call__ = Derivative.__call__  # type: ignore[method-assign]
        self._entered = None

    def call_by_name(self, values: dict[str, Any]) -> Any:
        """Like `call`, for the entry: every argument is there, under its name."""
        args, kwargs = arranged([_as_input(p) for p in signature_of(self.fn).parameters.values()], values)
        return self.call(tuple(args), kwargs)

    def default_of(self, name: str) -> Any:
        """The default value of a parameter, or inspect.Parameter.empty."""
        return signature_of(self.fn).parameters[name].default

    @located
    def bind(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """The arguments by name, ints that are differentiated as floats; the seeds by name or position."""
        signature = signature_of(self.fn, args, kwargs)
        seeds: dict[str, Any] = {}
        if self.plan.seeded:
            args, kwargs, seeds = _split(signature, args, kwargs)
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        values = dict(bound.arguments)
        names = list(values)
        for k in self.positions(names):
            values[names[k]] = realised(values[names[k]])
        return values, seeds

    def positions(self, names: Sequence[str]) -> tuple[int, ...]:
        """The positions of the arguments to differentiate with respect to.

        Raises ArgumentError for a name or position that is not there.
        """
        if self.plan.kind == "primal":
            return ()
        argnums = self.plan.argnums
        return tuple(
            _position(each, names, self) for each in (argnums if isinstance(argnums, tuple) else (argnums,))
        )

    def build(self, trees: Mapping[str, Tree]) -> Built:
        """The derivative for arguments of these types, and what was read on the way."""
        names = list(trees)
        wrt = self.positions(names)
        real = {
            name: self.real(tree, name) if k in wrt else tree for k, (name, tree) in enumerate(trees.items())
        }
        noted: list[Read] = []
        token = _NOTED.set(noted)
        try:
            primal, reads = lower_any(self.fn, real, self.plan.results)
            return Built(self.derived(primal, wrt), primal, (*reads, *noted))
        finally:
            _NOTED.reset(token)

    def real(self, tree: Tree, name: str) -> Tree:
        """The tree of an argument that is differentiated."""
        try:
            return as_real(tree, name)
        except ArgumentError as error:
            error.at(place(primal_of(self.fn), name))
            raise

    def derived(self, primal: Function, wrt: tuple[int, ...]) -> Function:
        """The pass for the plan, applied."""
        plan, bare = self.plan, not isinstance(self.plan.argnums, tuple)
        match plan.kind:
            case "primal":
                return own(primal)
            case "tangent":
                return tangent_function(primal, wrt)
            case "adjoint":
                return adjoint_function(primal, wrt, bare)
            case "jacobian":
                return jacobian_function(primal, wrt, bare)
            case "hvp":
                pushed = tangent_function(
                    bound_to_one(_gradient(primal, plan, wrt, bare), [each.name for each in primal.inputs]),
                    wrt,
                )
                return only_results(pushed, pushed.output.children[1])
        return _gradient(primal, plan, wrt, bare)

    def as_callee(self, trees: Mapping[str, Tree]) -> tuple[Function, Sequence[Read]]:
        """The derivative as a function that others differentiate or call: without the seed of a gradient."""
        primal_names = names_of(self.fn, trees)
        built = self.build({name: tree for name, tree in trees.items() if name in primal_names})
        function = built.function
        return (function if self.plan.seeded else bound_to_one(function, primal_names)), built.reads

    def __transform_lower__(self, builder: Builder, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """Called inside a function that is being lowered: the derivative's equations become part of it."""
        values, seeds = self.bind(tuple(args), kwargs)
        trees = {name: _tree_of_values(value) for name, value in values.items()}
        function, reads = self.as_callee(trees)
        if function.row_major:
            raise UnsupportedError(
                f"{function.name} changes an argument through a reshape of it, inside another function",
                "Write to the array itself.",
            )
        if seeds:
            names = [each.name for each in function.inputs if each.name not in values]
            values |= {names[int(k)] if k.isdigit() else k: seed for k, seed in seeds.items()}
        atoms = [value for each in function.inputs for value in _numbers(values.get(each.name, 1.0))]
        results = inline(builder, function, [builder.value(atom) for atom in atoms])
        return rebuild(function.output, lambda leaf: results[leaf.position]), reads


_NOTED: ContextVar[list[Read] | None] = ContextVar("noted", default=None)


def _restored(fn: Any, plan: Plan, text: tuple[str, ...]) -> Derivative:
    """A derivative from its pickle, which brings the text of a function that is pickled by value."""
    give_text(fn, text)
    return Derivative(fn, plan)


def note(reads: Iterable[Read]) -> None:
    """Add what a rule of the user's has read to what the derivative that is being built has read."""
    noted = _NOTED.get()
    if noted is not None:
        noted.extend(reads)


def lower_any(
    target: Callable[..., Any], trees: Mapping[str, Tree], results: Names = None
) -> tuple[Function, Sequence[Read]]:
    """The SSA function of a Python function or of a derivative."""
    if isinstance(target, Derivative):
        if results is not None:
            raise ArgumentError(
                f"results={results!r} of a derivative, which writes to no argument", "Leave results= out."
            )
        return target.as_callee(trees)
    result = lower(target, trees, results)
    return result.function, result.reads


def names_of(target: Any, trees: Mapping[str, Tree]) -> list[str]:
    """Which of the names in `trees` are parameters of the target; the rest are seeds."""
    if isinstance(target, Derivative):
        inner = names_of(target.fn, trees)
        return list(trees) if target.plan.seeded else inner
    return [name for name in trees if name in parameters(target).parameters]


def bound_to_one(gradient: Function, names: Sequence[str]) -> Function:
    """A gradient of a function with parameters `names`, its seed fixed at 1."""
    return bind(gradient, {each.name: 1.0 for each in gradient.inputs if each.name not in names})


def _gradient(primal: Function, plan: Plan, wrt: tuple[int, ...], bare: bool) -> Function:
    value = primal.output
    if plan.has_aux:
        if not (isinstance(value, Node) and value.kind is tuple and len(value.children) == 2):
            raise ArgumentError(
                f"{primal.name} does not return a pair (value, aux), as has_aux=True says",
                "Return a tuple of the value and whatever goes along with it.",
                primal.origin,
            )
        value = value.children[0]
    _require_real_scalar(primal, value)
    if plan.kind == "value_and_grad":
        return adjoint_function(primal, wrt, bare, keep=primal.output, seeded=value)
    if not plan.has_aux:
        return adjoint_function(primal, wrt, bare)
    function = adjoint_function(primal, wrt, bare, keep=primal.output.children[1], seeded=value)
    return replace(function, output=replace(function.output, children=function.output.children[::-1]))


def _require_real_scalar(primal: Function, value: Tree) -> None:
    if primal.filled:
        raise ArgumentError(
            f"{primal.name} returns nothing but what it writes into {', '.join(primal.filled)}; "
            "a gradient is that of one real number",
            "Use transform.adjoint or transform.vjp, with seeds for these.",
            primal.origin,
        )
    if isinstance(value, (Node, Static)):
        what = f"a {value.kind.__name__}" if isinstance(value, Node) else repr(value.value)
    else:
        type_ = primal.results[value.position].type
        if isinstance(type_, Scalar) and not is_complex(type_) and type_.dtype.kind != "b":
            return
        what = f"{type_}"
    raise ArgumentError(
        f"{primal.name} returns {what}; a gradient is that of one real number",
        "Use transform.jacobian, or give transform.adjoint a seed for the result.",
        primal.origin,
    )


def _position(argnum: int | str, names: Sequence[str], derivative: Derivative) -> int:
    if isinstance(argnum, str) and argnum in names:
        return names.index(argnum)
    if isinstance(argnum, int) and not isinstance(argnum, bool) and -len(names) <= argnum < len(names):
        return argnum % len(names)
    raise ArgumentError(
        f"{derivative.__name__} has no argument {argnum!r}",
        f"Its arguments are {', '.join(names) or 'none'}; argnums takes their names or positions from 0.",
    )


def signature_of(
    target: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
) -> inspect.Signature:
    """The signature of a function, or of a derivative: with its seeds, whose names depend on the types."""
    if not isinstance(target, Derivative):
        declared: inspect.Signature = parameters(target)
        return declared
    if not target.plan.seeded:
        return signature_of(target.fn, args, kwargs)
    values = target.bind(args, kwargs or {})[0]
    inputs = target._specialiser.for_values(values).function.inputs
    return inspect.Signature([_parameter(each) for each in inputs])


def _as_input(parameter: inspect.Parameter) -> Input:
    return Input(parameter.name, parameter.kind, None)


def _parameter(each: Input) -> inspect.Parameter:
    default = 1.0 if each.default == "1.0" else inspect.Parameter.empty
    return inspect.Parameter(each.name, each.kind, default=default)


def _split(
    signature: inspect.Signature, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any], dict[str, Any]]:
    """The arguments of the primal, and the seeds that follow: by name, or by position as a digit."""
    kinds = [parameter.kind for parameter in signature.parameters.values()]
    starred = inspect.Parameter.VAR_POSITIONAL in kinds
    count = len(args) if starred else sum(kind < inspect.Parameter.VAR_POSITIONAL for kind in kinds)
    mine = {key: value for key, value in kwargs.items() if key in signature.parameters}
    named = {key: value for key, value in kwargs.items() if key not in signature.parameters}
    return args[:count], mine, {**{str(k): seed for k, seed in enumerate(args[count:])}, **named}


def default_trees(target: Any) -> dict[str, Tree]:
    """The trees of a function's parameters by its annotations and defaults; floats where nothing is said."""
    if isinstance(target, Derivative):
        trees = default_trees(target.fn)
        if target.plan.seeded:
            function = target.build(trees).function
            seeds = [each for each in function.inputs if each.name not in trees]
            trees |= {
                each.name: map_leaves(lambda leaf: _leaf_type(function, leaf), each.tree) for each in seeds
            }
        return trees
    hints = annotations_of(target)
    declared = parameters(target).parameters
    return {name: default_tree(name, parameter, hints.get(name)) for name, parameter in declared.items()}


def _leaf_type(function: Function, leaf: Any) -> Any:
    return leaf if isinstance(leaf, Static) else function.params[leaf.position].type


def _tree_of_values(value: Any) -> Tree:
    """Like tree_of, for arguments that hold Values of a function being lowered."""
    if isinstance(value, Value):
        return value.type
    if is_structure(value):
        keys, children = children_of(value)
        return Node(type(value), keys, tuple(map(_tree_of_values, children)))
    return tree_of(value, "")


def _numbers(value: Any) -> list[Any]:
    if is_structure(value):
        return [number for child in children_of(value)[1] for number in _numbers(child)]
    return [] if isinstance(_tree_of_values(value), Static) else [value]
