"""Who takes part: for each contestant, how a workload and its arguments become a call to be timed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import transform

from .workload import Arguments, Function, Workload, copied, leaves

Call = Callable[[], Any]


class Absent(Exception):
    """A contestant that takes no part, and why."""


def numpy_primal(workload: Workload, arguments: Arguments) -> Call:
    return _fresh(workload.primal, workload.point(arguments))


def numba_primal(workload: Workload, arguments: Arguments) -> Call:
    return _fresh(_by_numba(workload.loops), workload.point(arguments))


def by_hand(workload: Workload, arguments: Arguments) -> Call:
    function = workload.by_hand
    return lambda: function(*arguments)


def by_hand_numba(workload: Workload, arguments: Arguments) -> Call:
    function = _by_numba(workload.by_hand_loops)
    return lambda: function(*arguments)


def transform_python(workload: Workload, arguments: Arguments) -> Call:
    derivative = _transformed(workload)
    return lambda: derivative(*arguments)


def transform_numba(workload: Workload, arguments: Arguments) -> Call:
    try:
        import numba  # noqa: F401
    except ImportError as error:
        raise Absent("Numba is not installed") from error
    try:
        derivative = _transformed(workload, backend="numba")
    except TypeError as error:
        raise Absent("there is no backend='numba' yet") from error
    return lambda: derivative(*arguments)


def jax(workload: Workload, arguments: Arguments) -> Call:
    primal = _program(workload.jax)
    import jax

    jax.config.update("jax_enable_x64", True)
    static = tuple(k for k, each in enumerate(arguments) if isinstance(each, int))
    given = [each if isinstance(each, int) else jax.device_put(each) for each in arguments]
    function = jax.jit(_jax_derivative(jax, workload, primal), static_argnums=static)
    return lambda: jax.block_until_ready(function(*given))


def _jax_derivative(jax: Any, workload: Workload, primal: Function) -> Function:
    active = workload.argnums

    def vjp(*arguments: Any) -> Any:
        *point, seed = arguments

        def of_active(*moving: Any) -> Any:
            return primal(*_replaced(point, active, moving))

        return jax.vjp(of_active, *_chosen(point, active))[1](seed)

    def hvp(*arguments: Any) -> Any:
        *point, vector = arguments

        def gradient(x: Any) -> Any:
            return jax.grad(primal, active)(*_replaced(point, active, [x]))

        return jax.jvp(gradient, tuple(_chosen(point, active)), (vector,))[1]

    match workload.kind:
        case "grad":
            result: Function = jax.grad(primal, active)
        case "jacobian":
            result = jax.jacfwd(primal, active)
        case "vjp":
            result = vjp
        case "hvp":
            result = hvp
    return result


def autograd(workload: Workload, arguments: Arguments) -> Call:
    primal = _program(workload.autograd)
    import autograd as ag

    active = workload.argnums
    match workload.kind:
        case "grad":
            function = ag.grad(primal, active)
            return lambda: function(*arguments)
        case "vjp":
            *point, seed = arguments
            return lambda: ag.make_vjp(primal, active)(*point)[0](seed)
        case "hvp":
            *point, vector = arguments
            return lambda: ag.make_hvp(primal, active)(*point)[0](vector)
        case "jacobian":
            rows = [ag.grad(lambda *a, k=k: primal(*a)[k], active) for k in range(len(primal(*arguments)))]
            return lambda: tuple(row(*arguments) for row in rows)


def torch(workload: Workload, arguments: Arguments) -> Call:
    primal = _program(workload.torch)
    import torch

    torch.set_num_threads(1)
    given = [
        each if isinstance(each, int) else torch.as_tensor(np.asarray(each, dtype=_kept(each)))
        for each in arguments
    ]
    point, active = list(workload.point(tuple(given))), workload.argnums

    def derivative() -> Any:
        moving = [each.detach().requires_grad_() for each in _chosen(point, active)]
        result = primal(*_replaced(point, active, moving))
        if workload.kind == "jacobian":
            return [torch.autograd.grad(each, moving, retain_graph=True) for each in result]
        if workload.kind == "vjp":
            return torch.autograd.grad(result, moving, given[-1])
        if workload.kind == "hvp":
            gradient = torch.autograd.grad(result, moving, create_graph=True)
            return torch.autograd.grad(gradient, moving, given[-1])
        return torch.autograd.grad(result, moving)

    return derivative


def casadi(workload: Workload, arguments: Arguments) -> Call:
    derivative = _program(workload.casadi)
    return lambda: derivative(*arguments)


PRIMALS: dict[str, Callable[[Workload, Arguments], Call]] = {
    "NumPy primal": numpy_primal,
    "Numba primal": numba_primal,
}

DERIVATIVES: dict[str, Callable[[Workload, Arguments], Call]] = {
    "by hand, NumPy": by_hand,
    "by hand, Numba": by_hand_numba,
    "transform python": transform_python,
    "transform numba": transform_numba,
    "JAX": jax,
    "autograd": autograd,
    "PyTorch": torch,
    "CasADi": casadi,
}


def disagreement(got: Any, wanted: Any) -> float:
    """How far a derivative is off, relative to the largest number in each array of the other."""
    ours, theirs = np.concatenate([each.ravel() for each in leaves(got)]), leaves(wanted)
    if ours.size != sum(each.size for each in theirs):
        return float("inf")
    parts = np.split(ours, np.cumsum([each.size for each in theirs])[:-1])
    pairs = zip(parts, theirs, strict=True)
    return max(float(np.max(np.abs(a - b.ravel())) / (np.max(np.abs(b)) or 1.0)) for a, b in pairs)


def _transformed(workload: Workload, **options: Any) -> Function:
    make = {
        "grad": transform.grad,
        "vjp": transform.adjoint,
        "hvp": transform.hvp,
        "jacobian": transform.jacobian,
    }[workload.kind]
    derivative: Function = make(workload.primal, workload.argnums, **options)
    return derivative


def _program(factory: Function | str) -> Function:
    if isinstance(factory, str):
        raise Absent(factory)
    try:
        program: Function = factory()
    except ImportError as error:
        raise Absent(f"{error.name} is not installed") from error
    return program


def _by_numba(function: Function) -> Function:
    if not hasattr(function, "py_func"):
        raise Absent("Numba is not installed")
    return function


def _fresh(function: Function, arguments: Arguments) -> Call:
    """A call of a primal, with copies of its arguments where it writes to them."""
    given = copied(arguments)
    function(*given)
    same = all(np.array_equal(a, b) for a, b in zip(given, arguments, strict=True))
    return (lambda: function(*arguments)) if same else (lambda: function(*copied(arguments)))


def _kept(value: Any) -> Any:
    integers = isinstance(value, np.ndarray) and value.dtype.kind == "i"
    return np.int64 if integers else np.float64


def _chosen(point: Any, active: int | tuple[int, ...]) -> list[Any]:
    return [point[k] for k in ((active,) if isinstance(active, int) else active)]


def _replaced(point: Any, active: int | tuple[int, ...], moving: Any) -> list[Any]:
    result = list(point)
    for k, value in zip((active,) if isinstance(active, int) else active, moving, strict=True):
        result[k] = value
    return result
