"""Counts in generated code: what is recorded, in the text and at run time; lines that there are, and run."""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass

import numpy as np

__all__ = ["Pushes", "code_lines", "executed_lines", "functions_in", "pushes_in_text", "run_counting"]


@dataclass
class Pushes:
    """How many values were recorded, and how many numbers they hold."""

    count: int = 0
    numbers: int = 0

    def record(self, tape, value):
        self.count += 1
        self.numbers += sum(_size(part) for part in value) if isinstance(value, tuple) else _size(value)
        tape.append(value)


def _size(value):
    return sum(map(_size, value)) if isinstance(value, (tuple, list)) else np.size(value)


class _Counting(ast.NodeTransformer):
    """`tape.append(x)` -> `_record(tape, x)`."""

    def visit_Call(self, node):
        self.generic_visit(node)
        if not _is_push(node):
            return node
        called = ast.Name("_record", ast.Load())
        return ast.copy_location(ast.Call(called, [node.func.value, *node.args], []), node)


def _is_push(node):
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "append"


def pushes_in_text(source):
    return sum(map(_is_push, ast.walk(ast.parse(source))))


def functions_in(source):
    return [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]


def run_counting(source, *arguments):
    """The result of the last function in a generated module, and what it recorded on the way."""
    pushes = Pushes()
    tree = ast.fix_missing_locations(_Counting().visit(ast.parse(source)))
    namespace = {"_record": pushes.record}
    exec(compile(tree, "<counting>", "exec"), namespace)
    return namespace[functions_in(source)[-1].name](*arguments), pushes


def code_lines(source):
    """The lines of the functions in a module, without docstrings, comments and blank lines."""
    return sum(_length(function) for function in functions_in(source))


def _length(function):
    if ast.get_docstring(function) is not None:
        function.body = function.body[1:] or [ast.Pass()]
    return len(ast.unparse(function).splitlines())


def executed_lines(function, *arguments):
    """How many lines a call runs, in whatever Python code it reaches."""
    count = 0

    def trace(frame, event, argument):
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        function(*arguments)
    finally:
        sys.settrace(before)
    return count
