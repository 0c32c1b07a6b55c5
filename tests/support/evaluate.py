"""Run a Function equation by equation, without the emitter: a second, slow way to the same numbers."""

from __future__ import annotations

import copy
import math
from dataclasses import replace

import numpy as np

from transform.ir import Eqn, For, Function, If, Lit, While
from transform.rules.callees import callee_of


def evaluate(function: Function, *arguments, in_place=False):
    """The results of `function` for numeric leaves, as a tuple.

    What a primitive consumes is copied first, as if it made a new array or list; unless `in_place`: then it
    is overwritten, as generated code does it.
    """
    env = dict(function.captures)
    env.update(zip(function.params, arguments, strict=True))
    machine = _Machine(env, in_place, function.callees)
    machine.body(function.body)
    return tuple(map(machine.read, function.results))


class _Machine:
    def __init__(self, env, in_place, callees):
        self.env, self.in_place, self.callees = env, in_place, callees

    def read(self, atom):
        return atom.value if isinstance(atom, Lit) else self.env[atom]

    def body(self, body):
        for statement in body:
            match statement:
                case Eqn(primitive=primitive) if primitive.name == "call":
                    called = replace(self.callees[callee_of(statement)], callees=self.callees)
                    arguments = [copy.deepcopy(self.read(atom)) for atom in statement.operands]
                    self.bind(statement.targets, evaluate(called, *arguments))
                case Eqn():
                    operands = [self.read(atom) for atom in statement.operands]
                    self.env[statement.target] = self.equation(statement, operands)
                case If(targets, condition, then, orelse):
                    region = then if self.read(condition) else orelse
                    self.bind(targets, self.region(region, ()))
                case For(start=start, stop=stop, step=step):
                    indices = range(*map(self.read, (start, stop, step)))
                    state = [self.read(atom) for atom in statement.init]
                    for index in reversed(indices) if statement.reverse else indices:
                        state = self.region(statement.body, (index, *state))
                    self.bind(statement.targets, state)
                case While():
                    state = [self.read(atom) for atom in statement.init]
                    while self.region(statement.condition, state)[0]:
                        state = self.region(statement.body, state)
                    self.bind(statement.targets, state)

    def bind(self, variables, values):
        self.env.update(zip(variables, values, strict=True))

    def region(self, region, values):
        self.bind(region.params, values)
        self.body(region.body)
        return [self.read(result) for result in region.results]

    def equation(self, eqn, operands):
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
        if not self.in_place:
            scope["_0"] = copy.deepcopy(names["_0"])
        exec(text, scope)
        return scope["_0"]
