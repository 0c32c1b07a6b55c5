"""What Numba says about generated code, said about the function that the code was made of."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..emit import Emitted
from ..errors import Origin, UnsupportedError

__all__ = ["REMEDY", "refusal"]

REMEDY = 'Use backend="python", which takes it.'
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_LINE = re.compile(r'<transform [^>]*>"?,? (?:line |\()(\d+)')
_FUNCTION = re.compile(r"Function\(<(?:built-in function|function|ufunc|class) '?([\w.]+)'?[^)]*>?\)")
_NUMPY = re.compile(r"unsupported NumPy function '([\w.]+)'")
_GLOBAL = re.compile(r"Untyped global name '([\w.]+)'")
_ATTRIBUTE = re.compile(r"Unknown attribute '(\w+)' of type ([\w(), .]+)")
_UNIFY = re.compile(r"Cannot unify (.+?) and (.+?) for '(\w+?)(?:\.\d+)?'")


def refusal(error: Exception, emitted: Emitted) -> UnsupportedError:
    """The refusal that a complaint of Numba's about the code becomes: the construct and its line."""
    message = _COLOUR.sub("", str(error))
    return UnsupportedError(
        f"Numba cannot compile this: {_construct(message)}", REMEDY, _origin(error, message, emitted)
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


def _origin(error: Exception, message: str, emitted: Emitted) -> Origin | None:
    """Where the last generated line that Numba speaks of comes from, or the next line that is known."""
    origins = emitted.callees.origins if emitted.callees is not None else ()
    for line in _lines(error, message):
        for origin in origins[line - 1 : line]:
            if origin is not None:
                return origin.outermost
    return next((origin for origin in origins if origin is not None), None)


def _lines(error: Exception, message: str) -> Iterator[int]:
    location = getattr(error, "loc", None)
    if location is not None and str(location.filename).startswith("<transform "):
        yield location.line
    for number in reversed(_LINE.findall(message)):
        yield int(number)
