"""Every format of a generated name."""

from __future__ import annotations

import keyword
import re

__all__ = [
    "ADJOINT",
    "BLOCK",
    "FUNCTIONS",
    "KERNEL",
    "LIST",
    "NUMBERED",
    "PARTIAL",
    "TANGENT",
    "TAPE",
    "UNNAMED",
    "UNREAD",
    "identifier",
]

TANGENT = "{}_dot"
ADJOINT = "{}_bar"
PARTIAL = "d{}_d{}"
"""The derivative of one number with respect to another: a tangent in a column of a Jacobian."""
TAPE = "{}_tape"
LIST = "{}_list"
"""What an array holds, as a list."""
BLOCK = "{}_block"
"""Some rows of an array."""
UNNAMED = "t"
"""The name of a value of which nothing better is known."""
UNREAD = "_"
"""The name of a value that nothing reads."""
NUMBERED = "{}_{}"

FUNCTIONS = {"tangent": "{}_tangent", "adjoint": "{}_adjoint", "jacobian": "{}_jacobian"}
KERNEL = "{}_kernel"
"""The function of numbers and arrays that is compiled, called by the one of structures."""


def identifier(hint: str) -> str:
    """The hint if it can be a Python name, else the nearest thing that can."""
    if hint.isidentifier() and not keyword.iskeyword(hint):
        return hint
    cleaned = re.sub(r"\W+", "_", hint).strip("_")
    if not cleaned:
        return "t"
    if cleaned[0].isdigit():
        cleaned = "t" + cleaned
    return cleaned + "_" if keyword.iskeyword(cleaned) else cleaned
