"""transform: derivatives of plain Python/NumPy functions, as source code a person can read.

>>> from transform import grad
>>> grad(lambda x: x ** 3)(2.0)
12.0
"""

from .api import adjoint, grad, hvp, jvp, tangent, value_and_grad, vjp
from .errors import (
    ArgumentError,
    MissingRule,
    SourceError,
    TransformError,
    UnsupportedError,
)
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
