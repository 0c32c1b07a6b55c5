"""Run a Function equation by equation, without the emitter: a second, slow way to the same numbers."""

from __future__ import annotations

import math

import numpy as np

from transform.ir import Eqn, For, Function, If, Lit, While


def evaluate(function: Function, *arguments):
    """The results of `function` for numeric leaves, as a tuple."""
    env = dict(function.captures)
    env.update(zip(function.params, arguments, strict=True))
    _run(function.body, env)
    return tuple(_read(atom, env) for atom in function.results)


def _read(atom, env):
    return atom.value if isinstance(atom, Lit) else env[atom]


def _run(body, env):
    for statement in body:
        match statement:
            case Eqn():
                env[statement.target] = _equation(
                    statement, [_read(atom, env) for atom in statement.operands]
                )
            case If(targets, condition, then, orelse):
                region = then if _read(condition, env) else orelse
                _run(region.body, env)
                for target, result in zip(targets, region.results, strict=True):
                    env[target] = _read(result, env)
            case For() | While():
                raise NotImplementedError


def _equation(eqn, operands):
    code = eqn.primitive.code
    if callable(code):
        code = code([operand.type for operand in eqn.operands], eqn.params)
    names = {f"_{k}": operand for k, operand in enumerate(operands)}
    text = code.format(*names) if "{" in code else code
    scope = {"np": np, "math": math, **eqn.primitive.refers, **names}
    if eqn.primitive.effect:
        exec(text, scope)
        return False
    if not eqn.primitive.consumes:
        return eval(text, scope)
    scope["_0"] = names["_0"].copy()
    exec(text, scope)
    return scope["_0"]
