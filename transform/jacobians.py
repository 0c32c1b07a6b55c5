"""Matrices of derivatives: written out, or by one tangent pass a column or one adjoint pass a row."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from inspect import Parameter
from typing import Any

import numpy as np

from .cache import Specialisation, numbers_of
from .compile.arguments import is_plain, tree_of
from .compile.code import Compiled
from .compile.flavour import PYTHON, Flavour
from .derivative import ArgNums, Derivative, Plan, default_trees, has_seeds, located, signature_of
from .errors import ArgumentError, UnsupportedError
from .frontend import Names, Read
from .frontend.calls import SPECIAL
from .index import Outline
from .ir import Atom, Function
from .passes.interface import wrt_leaves
from .tree import Node, Static, Tree, children_of, numbered, rebuild
from .types import List, Scalar

__all__ = ["Jacobian", "hessian", "jacobian"]

Values = dict[str, Any]
Blocks = list[list[Any]]

# The text of a Jacobian of more numbers, or of a longer function, is for no reader.
_MOST_COLUMNS = 16
_MOST_STATEMENTS = 1000


def jacobian(
    fn: Callable[..., Any] | None = None,
    argnums: ArgNums = 0,
    mode: str = "auto",
    *,
    results: Any = None,
    backend: str = "python",
    fastmath: bool = False,
    parallel: bool = False,
) -> Any:
    """The Jacobian of fn, of shape result.shape + argument.shape.

    `mode` is "forward" (one tangent pass for each number in the arguments), "reverse" (one adjoint pass
    for each number in the result) or "auto", the cheaper. A structured result or argument gives the same
    structure of Jacobians, the result's outside, as in JAX; a tuple of argnums gives a tuple. `results`
    names what an in-place function writes to, as for `tangent`; the backends are those of `grad`.
    """
    if mode not in ("forward", "reverse", "auto"):
        raise ArgumentError(f"mode is {mode!r}", 'Use "forward", "reverse" or "auto".')
    if fn is None:
        return functools.partial(
            jacobian,
            argnums=argnums,
            mode=mode,
            results=results,
            backend=backend,
            fastmath=fastmath,
            parallel=parallel,
        )
    results = tuple(results) if isinstance(results, list) else results
    return Jacobian(fn, argnums, mode, results, Flavour(backend, fastmath, parallel))


def hessian(
    fn: Callable[..., Any] | None = None,
    argnums: ArgNums = 0,
    *,
    backend: str = "python",
    fastmath: bool = False,
    parallel: bool = False,
) -> Any:
    """The matrix of second derivatives of a real scalar function: forward over reverse."""
    if fn is None:
        return functools.partial(
            hessian, argnums=argnums, backend=backend, fastmath=fastmath, parallel=parallel
        )
    flavour = Flavour(backend, fastmath, parallel)
    gradient = Derivative(fn, Plan("grad", argnums, flavour=flavour))
    return Jacobian(gradient, argnums, "forward", flavour=flavour)


def _restored(primal: Derivative, argnums: ArgNums, mode: str) -> Jacobian:
    """A Jacobian from its pickle: the derivative in it brings the text of the function."""
    return Jacobian(primal.fn, argnums, mode, primal.plan.results, primal.plan.flavour)


class Jacobian(Derivative):
    """A Jacobian: of few numbers it is a generated function, else assembled from the passes of one.

    source, ssa, specialize   those of that function: the Jacobian itself, or the tangent or adjoint
    """

    def __init__(
        self,
        fn: Callable[..., Any],
        argnums: ArgNums = 0,
        mode: str = "auto",
        results: Names = None,
        flavour: Flavour = PYTHON,
    ) -> None:
        if isinstance(fn, Jacobian):
            raise ArgumentError(
                "the Jacobian of a Jacobian is not supported",
                "Take hessian, or jacobian(grad(f)); of a result that is no number, of each component.",
            )
        super().__init__(fn, Plan("jacobian", argnums, results=results, flavour=flavour))
        self.mode = mode
        every = argnums if isinstance(argnums, tuple) else (argnums,)
        self.primal = Derivative(fn, Plan("primal", results=results, flavour=flavour))
        self.push = Derivative(fn, Plan("tangent", every, results=results, flavour=flavour))
        self.pull = Derivative(fn, Plan("adjoint", every, results=results, flavour=flavour))
        self._latest: Derivative | None = None
        self._assembling: tuple[Specialisation, Specialisation] | None = None

    def __repr__(self) -> str:
        return f"<transform jacobian of {getattr(self.fn, '__qualname__', self.fn)}, mode={self.mode!r}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (self.primal, self.plan.argnums, self.mode)

    def __transform_lower__(self, builder: Any, args: Any, kwargs: Any) -> Any:
        return _refuse_inside(builder)

    def as_callee(self, trees: Mapping[str, Tree]) -> tuple[Function, Sequence[Read]]:
        raise _refused_inside()

    @property
    def passes(self) -> Derivative:
        """The derivative function that is called for each column or row."""
        return self.pull if self.mode == "reverse" else self.push

    def current(self) -> Specialisation:
        """That of the function that ran last, or one for the declared types."""
        latest = self._latest
        if latest is None:
            trees = default_trees(self.fn)
            moving = self.positions(list(trees))
            real = {
                name: self.real(tree, name) if k in moving else tree
                for k, (name, tree) in enumerate(trees.items())
            }
            primal = self.primal.build(real).primal
            written_out = self.is_written_out(primal, Outline.of(primal))
            latest = self if written_out else self.passes
        return super().current() if latest is self else latest.current()

    def specialize(self, *args: Any, **kwargs: Any) -> Specialisation:
        """The code for arguments like these, without running it."""
        values, _ = self.bind(args, kwargs)
        primal = self.primal.specialize(*args, **kwargs)
        if self.is_written_out(primal.primal, primal.outline):
            return self._specialiser.for_values(values)
        made: Specialisation = self.passes.specialize(*args, **kwargs)
        return made

    def specialize_types(self, trees: Mapping[str, Tree]) -> Specialisation:
        """The code of the passes for arguments of these types."""
        made: Specialisation = self.passes.specialize_types(trees)
        return made

    def is_written_out(self, primal: Function, outline: Outline) -> bool:
        """Whether the Jacobian of this function is one of few numbers, so that it is a function itself."""
        wrt = wrt_leaves(primal, self.positions([each.name for each in primal.inputs]))
        numbers = [*(primal.params[k] for k in wrt), *primal.results]
        if self.mode == "reverse" or not wrt or not all(map(_is_float, numbers)):
            return False
        if self.mode == "auto" and outline.loops and len(wrt) > len(primal.results):
            return False  # a loop has to run for each column: the adjoint is cheaper
        return len(wrt) <= _MOST_COLUMNS and len(wrt) * outline.statements <= _MOST_STATEMENTS

    @located
    def run(self, values: Values, seeds: Mapping[str, Any]) -> Any:
        """The Jacobian at these arguments, which have names."""
        primal = self.primal._specialiser.for_values(values)
        if self.is_written_out(primal.primal, primal.outline):
            self._latest = self
            return super().run(values, seeds)
        self._latest = self.passes
        # The seeds of a list of a length that only run time knows are one list, not one for each number.
        lists = any(isinstance(each.type, List) for each in primal.function.results)
        result = self.assemble(values, lists)
        if self._assembling is None or self._assembling[0] is not primal:
            # The passes test their arguments themselves; here it is enough that the types are those of now.
            kernel = functools.partial(self.assemble_for, tuple(values), lists)
            compiled = Compiled(primal.emitted, kernel, primal.compiled.bound)
            self._assembling = primal, replace(primal, compiled=compiled)
        self.enter(self._assembling[1], values)
        return result

    def assemble_for(self, names: Sequence[str], lists: bool, *args: Any, **kwargs: Any) -> Any:
        """Like `assemble`, for arguments as a function takes them."""
        return self.assemble({**dict(zip(names, args, strict=False)), **kwargs}, lists)

    @located
    def assemble(self, values: Values, lists: bool = False) -> Any:
        """The Jacobian by one pass for each column or row; `lists` where a result is a List."""
        names = list(values)
        moving = [values[names[k]] for k in self.positions(names)]
        result = self.calling(self.primal, values)(())
        inputs = [leaf for value in moving for leaf in numbers_of(value)]
        outputs = numbers_of(result)
        # The derivative along the real axis says nothing about a real function of a complex number.
        partly = any(np.iscomplexobj(i) for i in inputs) and not all(np.iscomplexobj(o) for o in outputs)
        if partly and self.mode == "forward":
            raise ArgumentError(
                "a real result of a complex argument has no Jacobian in forward mode", 'Use mode="reverse".'
            )
        cheaper = _count(inputs) <= _count(outputs) and not partly
        forward = self.mode == "forward" or (self.mode == "auto" and (cheaper or lists))
        blocks = _blocks(outputs, inputs)
        if forward:
            self.columns(values, moving, blocks, inputs, outputs)
        else:
            self.rows(values, blocks, outputs)
        return self.assembled(result, moving, blocks)

    @functools.cached_property
    def parameters(self) -> Sequence[Parameter]:
        """Those of the function, whose seeds depend on the types of a call if it has any."""
        return () if has_seeds(self.fn) else tuple(signature_of(self.fn).parameters.values())

    def calling(self, derivative: Derivative, values: Values) -> Callable[[Sequence[Any]], Any]:
        """A derivative at a point as a function of its seeds; it is called the short way if there is one."""
        kinds = [each.kind for each in self.parameters]
        if not kinds or Parameter.VAR_POSITIONAL in kinds or Parameter.VAR_KEYWORD in kinds:
            return lambda seeds: derivative.run(values, {str(n): seed for n, seed in enumerate(seeds)})
        by_name = {each.name for each in self.parameters if each.kind is Parameter.KEYWORD_ONLY}
        args = [value for name, value in values.items() if name not in by_name]
        kwargs = {name: values[name] for name in by_name}
        if all(each.default is each.empty or each.name in by_name for each in self.parameters):
            return lambda seeds: derivative(*args, *seeds, **kwargs)
        inputs = derivative._specialiser.for_values(values).function.inputs
        names = [each.name for each in inputs if each.name not in values] if derivative.plan.seeded else []
        return lambda seeds: derivative(*args, **kwargs, **dict(zip(names, seeds, strict=True)))

    def columns(
        self,
        values: Values,
        moving: Sequence[Any],
        blocks: Blocks,
        inputs: Sequence[Any],
        outputs: Sequence[Any],
    ) -> None:
        """Fill block (o, i), of shape output.shape + input.shape, by one tangent pass for each input."""
        push = self.calling(self.push, values)
        matrices = [
            [block.reshape(np.size(output), np.size(leaf)) for block, leaf in zip(row, inputs, strict=True)]
            for row, output in zip(blocks, outputs, strict=True)
        ]
        for i, k, unit in _units(inputs):
            parts = iter(unit)
            _, dots = push([rebuilt_like(value, parts) for value in moving])
            for row, dot in zip(matrices, numbers_of(dots), strict=True):
                row[i][:, k] = dot.ravel() if isinstance(dot, np.ndarray) else dot

    def rows(self, values: Values, blocks: Blocks, outputs: Sequence[Any]) -> None:
        """Fill block (o, i) by one adjoint pass for each output number."""
        pull = self.calling(self.pull, values)
        for o, k, unit in _units(outputs):
            bars = numbers_of(pull(unit))
            turned = []
            if np.iscomplexobj(outputs[o]) and not all(map(np.iscomplexobj, bars)):
                # A real argument gets the real part of seed * derivative: -1j gives the imaginary one.
                turned = numbers_of(pull([-1j * seed if n == o else seed for n, seed in enumerate(unit)]))
            for n, (block, bar) in enumerate(zip(blocks[o], bars, strict=True)):
                whole = bar + 1j * turned[n] if turned and not np.iscomplexobj(bar) else bar
                block.reshape(np.size(outputs[o]), np.size(bar))[k] = np.ravel(whole)

    def assembled(self, result: Any, moving: Sequence[Any], blocks: Blocks) -> Any:
        """The blocks in the structure of the result, each in the structure of the arguments."""
        rows = []
        for row in blocks:
            cells = iter([block if block.ndim else block.item() for block in row])
            arguments = tuple(rebuilt_like(value, cells) for value in moving)
            rows.append(arguments if isinstance(self.plan.argnums, tuple) else arguments[0])
        return rebuilt_like(result, iter(rows))


def _refuse_inside(low: Any, *args: Any, **kwargs: Any) -> Any:
    raise _refused_inside()


def _refused_inside() -> UnsupportedError:
    return UnsupportedError(
        "a Jacobian or Hessian inside a function that is differentiated is not supported: "
        "how many passes it takes is known only at run time",
        "Use grad, jvp, vjp or hvp there.",
    )


SPECIAL[jacobian] = SPECIAL[hessian] = _refuse_inside


def rebuilt_like(value: Any, numbers: Iterator[Any]) -> Any:
    """A structured value with its numbers and arrays replaced, in order."""
    if is_plain(value):
        return next(numbers)
    tree = tree_of(value, "")
    if isinstance(tree, Node):
        parts = [rebuilt_like(child, numbers) for child in children_of(value)[1]]
        return rebuild(numbered(tree), parts.__getitem__)
    return value if isinstance(tree, Static) else next(numbers)


def _is_float(atom: Atom) -> bool:
    return isinstance(atom.type, Scalar) and atom.type.dtype == np.float64


def _count(leaves: Sequence[Any]) -> int:
    return sum(math.prod(np.shape(leaf)) for leaf in leaves)


def _blocks(outputs: Sequence[Any], inputs: Sequence[Any]) -> Blocks:
    """Zero blocks in the precision of the numbers they are derivatives of."""
    return [[np.zeros(np.shape(o) + np.shape(i), _dtype(o, i)) for i in inputs] for o in outputs]


def _dtype(output: Any, argument: Any) -> np.dtype[Any]:
    common = np.result_type(output, argument)
    return common if common.kind in "fc" else np.dtype(np.float64)


def _units(leaves: Sequence[Any]) -> Iterator[tuple[int, int, list[Any]]]:
    """Every unit vector of the numbers in `leaves`: which leaf, which place in it, and the seeds.

    The arrays among the seeds are the same ones each time.
    """
    # Row by row however the leaf is stored: what ravel gives must be a view.
    seeds: list[Any] = [np.zeros(np.shape(x), x.dtype) if np.ndim(x) else 0.0 for x in leaves]
    for i, leaf in enumerate(leaves):
        if not np.ndim(leaf):
            yield i, 0, [1.0 if j == i else seed for j, seed in enumerate(seeds)]
            continue
        numbers = seeds[i].ravel()
        for k in range(numbers.size):
            numbers[k] = 1
            yield i, k, seeds
            numbers[k] = 0
