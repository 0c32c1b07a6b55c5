"""Calls of other functions of the program: how they are written. The passes know how they are derived."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any, cast

from ..ir import Callee, Eqn, Primitive
from ..names import FUNCTIONS
from ..types import Dims, Type

__all__ = ["CALL", "adjoint_of", "callee_of", "calling", "tangent_of"]

CALL = "call"


@functools.cache
def calling(callee: Callee) -> Primitive:
    """The operation `callee(...)`; `params["type"]` is the type of its first result."""

    def infer(dims: Dims, types: Sequence[Type], params: Mapping[str, Any]) -> Type:
        first: Type = params["type"]
        return first

    def code(types: Sequence[Type], params: Mapping[str, Any]) -> str:
        return f"{callee.name}({', '.join(f'{{{k}}}' for k in range(len(types)))})"

    return Primitive(CALL, infer, code, refers={callee.name: callee})


def callee_of(eqn: Eqn) -> Callee:
    """The function that an equation calls."""
    (callee,) = eqn.primitive.refers.values()
    return cast(Callee, callee)


def tangent_of(callee: Callee, wrt: Sequence[int]) -> Callee:
    """The function that gives the results of `callee`, and their tangents where they are no ints."""
    return Callee(FUNCTIONS["tangent"].format(callee.name), callee, "tangent", tuple(wrt))


def adjoint_of(callee: Callee, wrt: Sequence[int], results: Sequence[int]) -> Callee:
    """The function that gives the adjoints of the params `wrt` for adjoints of the `results`."""
    return Callee(FUNCTIONS["adjoint"].format(callee.name), callee, "adjoint", tuple(wrt), tuple(results))
