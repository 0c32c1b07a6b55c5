"""What a workload is: a program, its derivative as each contestant has it, data in a few sizes."""

from __future__ import annotations

import functools
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

Function = Callable[..., Any]
Arguments = tuple[Any, ...]
Kind = Literal["grad", "vjp", "hvp", "jacobian"]


@dataclass(frozen=True)
class Goal:
    """The Numba flavour takes at most so many times what a contestant takes; at one size, or at each."""

    at_most: float
    against: str
    size: str | None = None


@dataclass(frozen=True)
class Workload:
    """A program and its derivative.

    primal          plain NumPy or plain loops, as its users write it; `transform` gets this one
    loops           the same for Numba
    by_hand         the derivative, written by hand with NumPy
    by_hand_loops   the derivative as a good emitter would write it for Numba
    sizes           label -> function that makes the arguments
    tiny            arguments for tests: small, and tame enough for differences
    kind            what is asked for; of a "vjp" the last argument is the seed, of an "hvp" the vector
    jax, autograd, torch
                    a function without parameters that imports the library and returns the primal as an expert
                    would write it there, or why there is none
    casadi          the same, but it returns the derivative
    steps           whether it has a loop that its users write as a loop, over time, elements or sweeps
    """

    name: str
    primal: Function
    loops: Function
    by_hand: Function
    by_hand_loops: Function
    sizes: Mapping[str, Callable[[], Arguments]]
    tiny: Callable[[], Arguments]
    argnums: int | tuple[int, ...] = 0
    kind: Kind = "grad"
    jax: Function | str = "not written"
    autograd: Function | str = "not written"
    torch: Function | str = "not written"
    casadi: Function | str = "for scalar programs"
    steps: bool = True
    goals: tuple[Goal, ...] = field(default=())

    def point(self, arguments: Arguments) -> Arguments:
        """The arguments of the primal."""
        return arguments[:-1] if self.kind in ("vjp", "hvp") else arguments


def compiled(function: Function) -> Function:
    """The function for Numba, compiled at its first call; as it is where there is no Numba."""
    try:
        import numba
    except ImportError:
        return function
    result: Function = numba.njit(error_model="numpy")(function)
    return result


def rebound(function: Function, **others: Any) -> Function:
    """The same code with others under its global names, another module as `np` say, its helpers included.

    So a program that writes into no array is the program that an expert writes for JAX or autograd.
    """
    scope = {**function.__globals__, **others}
    for name in function.__code__.co_names:
        helper = scope.get(name)
        ours = isinstance(helper, types.FunctionType) and helper.__module__ == function.__module__
        if ours and name not in others:
            scope[name] = rebound(helper, **others)
    return types.FunctionType(
        function.__code__, scope, function.__name__, function.__defaults__, function.__closure__
    )


def in_jax(function: Function) -> Function:
    """A factory: that program with jax.numpy."""

    @functools.wraps(function)
    def factory() -> Function:
        import jax.numpy as jnp

        return rebound(function, np=jnp, math=jnp)

    return factory


def in_autograd(function: Function) -> Function:
    """A factory: that program with autograd.numpy."""

    @functools.wraps(function)
    def factory() -> Function:
        import autograd.numpy as anp

        return rebound(function, np=anp, math=anp)

    return factory


def in_torch(function: Function) -> Function:
    """A factory: that program with torch, whose functions have NumPy's names."""

    @functools.wraps(function)
    def factory() -> Function:
        import torch

        return rebound(function, np=torch, math=torch)

    return factory


def everywhere(function: Function) -> dict[str, Function]:
    """The factories of a program that every library runs as it stands."""
    return {"jax": in_jax(function), "autograd": in_autograd(function), "torch": in_torch(function)}


def leaves(result: Any) -> list[np.ndarray]:
    """The arrays and numbers of a result, in order."""
    if isinstance(result, (tuple, list)):
        return [leaf for each in result for leaf in leaves(each)]
    return [np.asarray(result, dtype=float)]


def copied(arguments: Arguments) -> Arguments:
    """Arguments to write into."""
    return tuple(each.copy() if isinstance(each, np.ndarray) else each for each in arguments)
