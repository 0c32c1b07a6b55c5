"""What Numba says about generated code, said about the function that the code was made of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from ..errors import Origin, UnsupportedError
from .kernel import Kernel

__all__ = ["REMEDY", "refusal"]

REMEDY = 'Use backend="python", which takes it.'
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_FUNCTION = re.compile(r"Function\(<(?:built-in function|function|ufunc|class) '?([\w.]+)'?[^)]*>?\)")
_NUMPY = re.compile(r"unsupported NumPy function '([\w.]+)'")
_GLOBAL = re.compile(r"Untyped global name '([\w.]+)'")
_ATTRIBUTE = re.compile(r"Unknown attribute '(\w+)' of type ([^\n]+)")
_UNIFY = re.compile(r"Cannot unify (.+?) and (.+?) for '(\w+?)(?:\.\d+)?'")


def refusal(error: Exception, origins: Sequence[Origin | None], kernel: Kernel) -> UnsupportedError:
    """The refusal that a complaint of Numba's about the code becomes: the construct and its line."""
    message = _COLOUR.sub("", str(error))
    return UnsupportedError(
        f"Numba cannot compile this: {_construct(message)}",
        REMEDY,
        _origin(_lines(error, message, kernel), origins),
    )


def _construct(message: str) -> str:
    """What it is that Numba does not take."""
    if found := _NUMPY.search(message):
        return f"{found[1].replace('numpy.', 'np.', 1)}, or these arguments of it"
    if found := _GLOBAL.search(message):
        return f"{found[1]} is a Python function or object"
    if found := _ATTRIBUTE.search(message):
        return f"the attribute {found[1]} of {found[2]}"
    if found := _UNIFY.search(message):
        return f"{found[3]} is {found[1]} here and {found[2]} there"
    if found := _FUNCTION.search(message):
        return f"{found[1]} of these arguments"
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    said = [line for line in lines if not line.startswith(("Failed in", "During:", "File ", "-"))]
    return (said or lines or ["it gives no reason"])[0].rstrip(".:")


def _origin(lines: Iterable[int], origins: Sequence[Origin | None]) -> Origin | None:
    """Where the first of the generated lines comes from, as far as that is known, or else the function."""
    for line in lines:
        if 0 < line <= len(origins) and (origin := origins[line - 1]) is not None:
            return origin.outermost
    return next((origin.outermost for origin in origins if origin is not None), None)


def _lines(error: Exception, message: str, kernel: Kernel) -> Iterator[int]:
    """The lines of the kernel's code that Numba speaks of, the last one first."""
    location = getattr(error, "loc", None)
    if location is not None and location.filename == kernel.file:
        yield location.line - kernel.offset
    # Numba may write the path as a relative one.
    name = re.escape(kernel.file.rpartition("/")[2])
    for number in reversed(re.findall(name + r'"?,? (?:line |\()(\d+)', message)):
        yield int(number) - kernel.offset
