"""The Numba flavour: a kernel of numbers and arrays that njit compiles, behind an entry in Python."""

from __future__ import annotations

import functools
import operator
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numba
import numpy as np
from numba.core.errors import NumbaError, NumbaWarning
from numba.core.registry import cpu_target
from numba.np import numpy_support

from ..emit import Emitted, emit
from ..errors import UnsupportedError
from ..ir import Atom, Function, Lit
from ..passes.flat import kernel_of
from ..passes.promotion import is_single
from ..passes.ranges import LARGEST_ARGUMENT
from ..types import Array, List, Scalar, Type
from . import store
from .code import Compiled, Short
from .formula import body_of
from .kernel import Kernel, Written, loaded
from .python import load, run
from .refusal import REMEDY, refusal

__all__ = ["ready"]

# Numba loads what it knows of NumPy when it first compiles something, which takes half a second: that is
# for whoever asks for this flavour, not for the first call, which is to be fast where code is on disk.
cpu_target.typing_context.refresh()
cpu_target.target_context.refresh()
store.folder()

BEYOND = "an int beyond 64 bits"
"""What the helpers for ints say."""

_RETRIED = (NumbaError, NotImplementedError, OverflowError)


def ready(written: Written, whole: Callable[[], Function]) -> Compiled:
    """What was written made ready to be called: it is compiled at its first call."""
    made = loaded(written.code, written.module)
    return _bound(written.emitted, complete=_Complete(made, written, whole))


def _bound(emitted: Emitted, complete: _Complete) -> Compiled:
    assert emitted.callees is not None
    text = emitted.definition.removeprefix(emitted.callees.definition).lstrip("\n")
    name = emitted.callees.name
    entry = run(text, emitted.name, {**emitted.namespace, name: complete})[emitted.name]
    retried = (Exception,) if complete.silent else _RETRIED
    short = Short(body_of(text), lambda: {**emitted.namespace, name: complete.fastest()}, retried)
    return Compiled(emitted, entry, functools.partial(_bound, complete=complete), complete.dispatcher, short)


class _Complete:
    """The kernel, compiled for arguments of any types and layouts; what Numba complains about is refused.

    An exception is raised again by the same function in Python, whose message says more; not by one that
    prints, which would do that twice.
    """

    def __init__(self, made: Kernel, written: Written, whole: Callable[[], Function]) -> None:
        self.made, self.dispatcher, self.whole = made, made.dispatcher, whole
        self.kernel, self.code, self.silent = written.kernel, written.code, not written.prints
        self.checked: set[tuple[Any, ...]] = set()

    @functools.cached_property
    def python(self) -> Callable[..., Any]:
        """The kernel in Python."""
        return load(emit(kernel_of(self.whole())))

    def fastest(self) -> Any:
        """What to call once the types of all leaves are known to be those of the kernel's params.

        For numbers this is their machine code: there is no layout left by which to choose, as for arrays.
        """
        types = [param.type for param in self.kernel.params]
        if not all(isinstance(each, Scalar) for each in types):
            return self.dispatcher
        signature = tuple(numba.from_dtype(each.dtype) for each in types)
        found = self.dispatcher.overloads.get(signature)
        return self.dispatcher if found is None else found.entry_point

    def __call__(self, *leaves: Any) -> Any:
        if any(type(leaf) is int and not -LARGEST_ARGUMENT <= leaf <= LARGEST_ARGUMENT for leaf in leaves):
            raise UnsupportedError("an int argument beyond 2**31, too large for Numba's code", REMEDY)
        try:
            return self.called(leaves)
        except (UnsupportedError, NotImplementedError):
            # Numba does not reshape what is not stored row by row.
            rows = tuple(np.ascontiguousarray(leaf) if np.ndim(leaf) > 1 else leaf for leaf in leaves)
            if all(map(operator.is_, rows, leaves)):
                raise
        return self.called(rows)

    def called(self, leaves: tuple[Any, ...]) -> Any:
        """The kernel called, compiled before where arguments are of new types."""
        try:
            signature = tuple(map(self.dispatcher.typeof_pyval, leaves))
            if signature not in self.checked:
                self.compile(signature)
        except UnsupportedError:
            raise
        except Exception as error:  # whatever goes wrong in a compiler, the user's program is not the cause
            raise refusal(error, self.code.origins, self.made) from error
        try:
            return self.dispatcher(*leaves)
        except OverflowError as error:
            if str(error) == BEYOND:
                raise UnsupportedError(f"{BEYOND}, which Numba's code cannot hold", REMEDY) from error
            if not self.silent:
                raise
        except NotImplementedError:
            raise
        except Exception:
            if not self.silent:
                raise
        return self.python(*leaves)

    def compile(self, signature: tuple[Any, ...]) -> None:
        """Compile the kernel for arguments of these types, and check what it returns."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NumbaWarning)
            self.dispatcher.compile(signature)
        check_results(self.kernel, self.dispatcher.overloads[signature].signature.return_type)
        self.checked.add(signature)


def check_results(kernel: Function, returned: Any) -> None:
    """Raise UnsupportedError where compiled code returns other types than the function does."""
    given: Sequence[Any] = [returned] if len(kernel.results) == 1 else list(returned)
    for result, type_ in zip(kernel.results, given, strict=True):
        if not isinstance(result, Lit) and not _agree(result.type, type_):
            raise UnsupportedError(
                f"Numba computes {_named(result)} as {type_}, where Python computes {result.type}",
                REMEDY,
                kernel.origin,
            )


def _named(atom: Atom) -> str:
    return getattr(atom, "name", "a result")


def _agree(expected: Type, given: Any) -> bool:
    if isinstance(expected, List):
        return isinstance(given, numba.types.List) and _agree(expected.element, given.dtype)
    if isinstance(expected, Array):
        if not isinstance(given, numba.types.Array) or given.ndim != len(expected.dims):
            return False
        given = given.dtype
    plain: Any = numba.types.unliteral(given)
    try:
        dtype = numpy_support.as_dtype(plain)
    except NotImplementedError:
        return False
    # The entry casts what was computed in double precision.
    return bool(dtype == expected.dtype or (is_single(expected) and dtype.kind == expected.dtype.kind))
