"""From a Function to the text of its kernel for Numba, and of the entry in front of it."""

from __future__ import annotations

from dataclasses import replace

import numba

from ..emit import emit
from ..errors import UnsupportedError
from ..ir import Function
from ..passes.callees import is_recursive
from ..passes.flat import entry_of, kernel_of
from ..passes.forwards import forwards
from ..passes.integers import checked
from ..passes.loops import assumed, compared, loops
from ..passes.messages import only_raises, without_messages
from ..passes.promotion import promoted
from ..types import List
from .kernel import Written, module_of
from .refusal import REMEDY

__all__ = ["written"]

_FAST = ("afn", "arcp", "contract", "nsz", "reassoc")
"""What fastmath=True allows; `nnan` and `ninf` would make isnan and comparisons with inf false."""


def written(function: Function, fastmath: bool, parallel: bool) -> Written:
    """The text of the function for Numba. Raises UnsupportedError where it cannot be written."""
    plain = kernel_of(function)
    ready = compared(assumed(checked(promoted(without_messages(plain)))))
    kernel = forwards(loops(ready, parallel))
    for each in kernel.params:
        if isinstance(each.type, List):
            raise UnsupportedError(
                f"{each.name} is a list, which Numba's code does not take",
                REMEDY,
                function.origin,
            )
    emitted = emit(entry_of(function, kernel), _decorator(fastmath, parallel), {"numba": numba})
    face = replace(kernel, body=(), callees={})
    code = emitted.callees
    # What Numba finds on disk of a recursive function calls what is not there, and the process dies.
    module = module_of(code) if code is not None and not is_recursive(kernel) else None
    return Written(emitted, face, module, prints=not only_raises(plain))


def _decorator(fastmath: bool, parallel: bool) -> str:
    options = ['error_model="numpy"']
    if parallel:
        options.append("parallel=True")
    if fastmath:
        options.append(f"fastmath={{{', '.join(map(repr, _FAST))}}}".replace("'", '"'))
    return f"@numba.njit({', '.join(options)})"
