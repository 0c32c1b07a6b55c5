"""The README's tables of what is supported and what is refused, made of functions.

The docstring of a function is its row. What stands there between backticks stands in the function too.
"""

from __future__ import annotations

import contextlib
import inspect
import io
import re
from types import ModuleType

import pytest

from transform import TransformError, adjoint

from . import refused, refused_by_numba, supported


def functions(module: ModuleType):
    """The rows in a module, in order."""
    return [each for each in vars(module).values() if hasattr(each, "cases")]


def said(function):
    """What the table says."""
    return " ".join(function.__doc__.split())


def pieces(function):
    """The pieces of code in it."""
    return re.findall(r"`(.*?)`", said(function))


def code(function):
    """The source of a function without its docstring."""
    head, _, body = inspect.getsource(function).split('"""', 2)
    return head + body


def error(function, backend="python"):
    """How a row is refused."""
    ((arguments, _),) = function.cases
    with pytest.raises(TransformError) as caught, contextlib.redirect_stdout(io.StringIO()):
        adjoint(function, backend=backend)(*arguments)
    return caught.value


def compilers():
    """The table of what the Numba flavour refuses; what Numba itself says differs from version to version."""
    refusals = [
        (said(function), error(function, "numba").reason.partition(":")[0])
        for function in functions(refused_by_numba)
    ]
    lines = ["| refused by the Numba flavour only | the message |", "|---|---|"]
    return "\n".join([*lines, *(f"| {what} | {reason} |" for what, reason in refusals), ""])


def tables():
    """Both tables, as the README has them."""
    understood = [said(function).split(": ", 1) for function in functions(supported)]
    refusals = [(said(function), error(function).reason) for function in functions(refused)]
    lines = ["| supported | for example |", "|---|---|"]
    lines += [f"| {what} | {example} |" for what, example in understood]
    lines += ["", "| refused | the message |", "|---|---|"]
    lines += [f"| {what} | {reason} |" for what, reason in refusals]
    return "\n".join([*lines, ""])
