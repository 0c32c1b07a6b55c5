"""What a function does besides computing: raising an exception for arguments that it does not take."""

from __future__ import annotations

import builtins

import numpy as np

from ..ir import Primitive
from ..types import BOOL
from .build import Builder, Value

__all__ = ["raise_if"]


def raise_if(builder: Builder, condition: Value, error: BaseException) -> None:
    """Append `if condition: raise error`; the error's class and its constant arguments are kept."""
    kind = type(error)
    builtin = getattr(builtins, kind.__name__, None) is kind
    name = "np.linalg.LinAlgError" if kind is np.linalg.LinAlgError else kind.__name__
    plain = all(isinstance(arg, (str, int, float)) for arg in error.args)
    arguments = ", ".join(map(repr, error.args)) if plain else ""
    if "{" in arguments or "}" in arguments:
        arguments = ""
    primitive = Primitive(
        "raise_if",
        lambda dims, types, params: BOOL,
        f"if {{0}}: raise {name}({arguments})",
        constant=True,
        effect=True,
        refers={} if builtin or name.startswith("np.") else {name: kind},
    )
    builder.apply(primitive, [condition], {})
