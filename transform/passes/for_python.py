"""What is done for the Python flavour alone, in one place."""

from __future__ import annotations

from dataclasses import replace

from ..ir import Function
from .assigned import with_elements_assigned
from .listed import listed
from .rows import with_rows_added

__all__ = ["for_python"]


def for_python(function: Function) -> Function:
    """The function as Python and NumPy run it fastest, its callees likewise."""
    made = with_elements_assigned(with_rows_added(listed(function)))
    if not function.callees:
        return made
    return replace(made, callees={callee: for_python(each) for callee, each in function.callees.items()})
