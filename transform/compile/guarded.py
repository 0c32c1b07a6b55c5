"""What the user's compiled code calls: a kernel behind tests, with its seeds and captured values as defaults.

    @numba.njit
    def loss_adjoint(x, y, L_bar=1.0, w=_w):
        x = taken(x, _x)
        y = taken(y, _y)
        if not (x.ndim == 1 and _len(x) != 1 and y.ndim == 1 and _len(y) == _len(x)):
            raise ValueError("loss_adjoint is compiled here for arguments of other lengths")
        return _kernel(x, y, L_bar, w)

Code called from Python is chosen by the types of the arguments and tested for their lengths. Compiled code
that calls a kernel has no such choice, so what does not fit is refused: types while it is compiled, lengths
when it runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numba
import numpy as np
from numba import types
from numba.core.errors import TypingError
from numba.extending import overload

from ..ir import Function, Slot
from ..passes.ranges import LARGEST_ARGUMENT, is_int
from ..tree import leaves
from ..types import Array, Scalar, Size, Type
from .shape_tests import Ones, shape_tests
from .sharing import sharing_tests

__all__ = ["guarded"]


def guarded(made: Any) -> Any:
    """A dispatcher for the leaves of the arguments of a Specialisation, then the seeds and captured values.

    The captured values are those of now, as Numba takes what its functions read from outside.
    """
    function, compiled = made.function, made.compiled
    kernel = compiled.dispatcher
    names = kernel.py_func.__code__.co_varnames[: kernel.py_func.__code__.co_argcount]
    own = dict(enumerate(names[: len(function.params)]))
    outside = dict(zip(names[len(own) :], made.emitted.constants.values(), strict=True))
    scope = {"_kernel": kernel, "_taken": _taken}
    seeds = _defaults(function)
    lines = []
    for position, name in own.items():
        if position not in seeds:
            scope[f"_like_{name}"] = _sample(function.params[position].type)
            lines.append(f"{name} = _taken({name}, _like_{name})")
    for name, value in outside.items():
        scope |= {f"_value_{name}": value, f"_like_{name}": _like(value)}
        lines.append(f"{name} = _taken({name}, _like_{name})")
    tests = _tests(made, own, scope)
    tests += [f"{name}.shape == {np.shape(each)}" for name, each in outside.items() if np.ndim(each)]
    if tests:
        reason = f"{function.name} is compiled here for arguments of other lengths"
        lines += [f"if not ({' and '.join(tests)}):", f"    raise ValueError({reason!r})"]
    declared = [f"{name}={seeds[k]}" if k in seeds else name for k, name in own.items()]
    declared += [f"{name}=_value_{name}" for name in outside]
    lines.append(f"return _kernel({', '.join(names)})")
    text = f"def {function.name}({', '.join(declared)}):\n" + "".join(f"    {line}\n" for line in lines)
    exec(compile(text, f"<transform guard of {function.name}>", "exec"), scope)
    return numba.njit(error_model="numpy")(scope[function.name])


def _defaults(function: Function) -> dict[int, str]:
    """The seeds that a call may leave out, by position; only the last inputs have such a default."""
    return {
        each.tree.position: each.default
        for each in function.inputs
        if each.default and isinstance(each.tree, Slot)
    }


def _sample(type_: Type) -> Any:
    """A value of this type, for `_taken`."""
    if isinstance(type_, Array):
        return np.empty((0,) * len(type_.dims), type_.dtype)
    assert isinstance(type_, Scalar)
    return type_.dtype.type(0)


def _like(value: Any) -> Any:
    return np.empty((0,) * value.ndim, value.dtype) if isinstance(value, np.ndarray) else value


def _tests(made: Any, names: Mapping[int, str], scope: dict[str, Any]) -> list[str]:
    """Conditions on ints, on lengths and on the memory of what is written to; `scope` gets what they call."""
    function, primal = made.function, made.primal
    seeds = {leaf.position for each in function.inputs[len(primal.inputs) :] for leaf in leaves(each.tree)}
    own = {k: name for k, name in names.items() if k not in seeds}
    ints = [name for k, name in names.items() if is_int(function.params[k])]
    ones = {k: _ones(primal.given[k].dims) for k in own if isinstance(function.params[k].type, Array)}
    tests = [f"{-LARGEST_ARGUMENT} <= {name} <= {LARGEST_ARGUMENT}" for name in ints]
    tests += shape_tests(function, names, ones, made.captured)
    tests += sharing_tests(primal, own, (), scope)
    scope |= {"_len": len, "_max": max, "_may_share": _may_share}
    return tests


def _ones(dims: Sequence[Size]) -> Ones:
    """What the code takes for granted of the lengths of an array."""
    return tuple(size == 1 if isinstance(size, int) else False if size.not_one else None for size in dims)


def _taken(value: Any, like: Any) -> Any:
    """The value, if it is of the type of `like`; ints become floats where those are wanted."""
    raise NotImplementedError("this is for compiled code")


@overload(_taken, strict=False)  # type: ignore[untyped-decorator]
def _typed_taken(value: Any, like: Any) -> Any:
    given, wanted = (
        each if not isinstance(each, types.Omitted) else numba.typeof(each.value) for each in (value, like)
    )
    given, wanted = types.unliteral(given), types.unliteral(wanted)
    if isinstance(wanted, types.Array):
        if isinstance(given, types.Array) and (given.dtype, given.ndim) == (wanted.dtype, wanted.ndim):
            return lambda value, like: value
    elif given == wanted or (isinstance(given, types.Integer) and isinstance(wanted, types.Integer)):
        return lambda value, like: value
    elif isinstance(wanted, types.Float) and isinstance(given, types.Integer):
        return lambda value, like: float(value)
    raise TypingError(
        f"a derivative that is compiled for {wanted} gets {given}: call it with that in Python first"
    )


@numba.njit  # type: ignore[untyped-decorator]
def _may_share(a: Any, b: Any) -> Any:
    """np.may_share_memory"""
    (first, last), (start, end) = _extent(a), _extent(b)
    return a.size > 0 and b.size > 0 and start < last and first < end


@numba.njit  # type: ignore[untyped-decorator]
def _extent(array: Any) -> Any:
    low = high = array.ctypes.data
    for axis in range(array.ndim):
        reach = (array.shape[axis] - 1) * array.strides[axis]
        low += min(reach, 0)
        high += max(reach, 0)
    return low, high + array.itemsize
