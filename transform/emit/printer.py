"""From `ast` to text, through astor, and the proof that the text says what the tree says."""

from __future__ import annotations

import ast
import functools
import warnings
from typing import Any

from ..errors import IRError

__all__ = ["Printer", "check_same", "same"]


class Printer:
    """Prints one statement or expression after the other with one of astor's generators."""

    def __init__(self) -> None:
        self._generator = _generator_class()("    ")

    def __call__(self, node: ast.AST) -> str:
        """The text of a node, on one line unless the node is a block."""
        generator = self._generator
        generator.new_lines, generator.colinfo = 0, (0, 0)
        if isinstance(node, ast.expr):
            node._pp = 0  # type: ignore[attr-defined]  # nothing around it: no parentheses
        generator.visit(node)
        text = "".join(generator.result)
        generator.result.clear()
        # A default or an item of a list: there a tuple without parentheses is something else.
        return f"({text})" if isinstance(node, ast.Tuple) and node.elts else text.strip("\n")


@functools.cache
def _generator_class() -> Any:
    with warnings.catch_warnings():
        # astor looks up ast.Num and its kin, which Python 3.12 and 3.13 announce to remove.
        warnings.filterwarnings("ignore", r"ast\.\w+ is deprecated", DeprecationWarning)
        from astor.code_gen import SourceGenerator, set_precedence
        from astor.op_util import Precedence

    class Generator(SourceGenerator):  # type: ignore[misc]
        """astor's generator, with the parentheses that a person would write."""

        def visit_Attribute(self, node: ast.Attribute) -> None:
            set_precedence(Precedence.highest, node.value)
            self.write(node.value, ".", node.attr)

        def visit_Subscript(self, node: ast.Subscript) -> None:
            set_precedence(Precedence.highest, node.value)
            super().visit_Subscript(node)

        def visit_Call(self, node: ast.Call) -> None:
            set_precedence(Precedence.highest, node.func)
            super().visit_Call(node)

        def visit_Constant(self, node: ast.Constant) -> None:
            value = node.value
            if isinstance(value, str):
                self.write(_quoted(value))
            elif type(value) in (float, complex):
                # An imaginary unit is 1j, not 1.0j.
                self.write(repr(value))
            elif type(value) is int:
                # `5.real` is no Python.
                bare = getattr(node, "_pp", 0) < Precedence.highest
                self.write(repr(value) if bare else f"({value!r})")
            else:
                super().visit_Constant(node)

        def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
            text = ast.unparse(node)
            self.write(f'f"{text[2:-1]}"' if text[1] == "'" and '"' not in text else text)

        def visit_Dict(self, node: ast.Dict) -> None:
            set_precedence(Precedence.Comma, *node.keys)
            super().visit_Dict(node)

    return Generator


def _quoted(text: str) -> str:
    single = repr(text)
    return f'"{single[1:-1]}"' if single[0] == "'" and '"' not in single else single


_IGNORED = frozenset({"ctx", "kind", "type_comment", "type_params"})


def same(a: Any, b: Any) -> bool:
    """Whether two trees are the same program."""
    if isinstance(a, ast.AST):
        return type(a) is type(b) and all(
            same(getattr(a, name, None), getattr(b, name, None)) for name in a._fields if name not in _IGNORED
        )
    if isinstance(a, list):
        return isinstance(b, list) and len(a) == len(b) and all(map(same, a, b))
    # 2 is not 2.0, and 0.0 is not -0.0.
    return type(a) is type(b) and (a == b if isinstance(a, str) else repr(a) == repr(b))


def check_same(text: str, tree: ast.stmt) -> None:
    """Raise IRError unless `text` parses to `tree`."""
    try:
        (parsed,) = ast.parse(text).body
    except (SyntaxError, ValueError) as error:
        raise IRError(f"emitted code does not parse: {error}\n{text}") from error
    if not same(parsed, tree):
        raise IRError(f"emitted code is not what was meant:\n{text}")
