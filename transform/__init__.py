"""transform: derivatives of plain Python/NumPy functions, as source code a person can read.

>>> from transform import grad
>>> grad(lambda x: x ** 3)(2.0)
12.0
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .api import adjoint, grad, hvp, jvp, tangent, value_and_grad, vjp
    from .errors import ArgumentError, MissingRule, SourceError, TransformError, UnsupportedError
    from .jacobians import hessian, jacobian
    from .user_rules import constant, rule, stop_gradient

__version__ = "0.1.0"

__all__ = [
    "ArgumentError",
    "MissingRule",
    "SourceError",
    "TransformError",
    "UnsupportedError",
    "adjoint",
    "constant",
    "grad",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "rule",
    "stop_gradient",
    "tangent",
    "value_and_grad",
    "vjp",
]

_HOMES = ("errors", "api", "jacobians", "user_rules")


def __getattr__(name: str) -> Any:
    # A library that imports this one for a rare gradient should not pay for the compiler at start-up.
    if name in __all__:
        for home in _HOMES:
            module = importlib.import_module(f".{home}", __name__)
            if name in module.__all__:
                globals()[name] = value = getattr(module, name)
                return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
