"""The one exception family, and the place in a source file that each message points at."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "ArgumentError",
    "IRError",
    "LengthNeeded",
    "MissingRule",
    "Origin",
    "SourceError",
    "TransformError",
    "UnsupportedError",
]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an equation comes from: it becomes the comment on a generated line and the caret of a message.

    `line` and `column` count from 1; `code` is the source line, `statement` the whole statement on one line.
    `caller` is the origin of the call by which this code was inlined, or None.
    """

    file: str
    line: int
    column: int
    width: int
    code: str
    statement: str
    caller: Origin | None = None

    @property
    def outermost(self) -> Origin:
        """The statement of the differentiated function itself, however deep the helper that was inlined."""
        return self if self.caller is None else self.caller.outermost

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class TransformError(Exception):
    """What cannot be transformed: where, what and why, and what to write instead.

    `reason` says what is not possible and why, `remedy` what to do about it, `origin` where it happened.
    """

    def __init__(self, reason: str, remedy: str = "", origin: Origin | None = None) -> None:
        self.reason, self.remedy, self.origin = reason, remedy, origin
        super().__init__(reason, remedy, origin)

    def __str__(self) -> str:
        if self.origin is None:
            return "\n".join(part for part in (self.reason, self.remedy) if part)
        lines = [f"{self.origin}: {self.reason}", *_pointer(self.origin)]
        caller = self.origin.caller
        while caller is not None:
            lines.append(f"called at {caller}: {caller.code.strip()}")
            caller = caller.caller
        return "\n".join([*lines, self.remedy] if self.remedy else lines)

    def at(self, origin: Origin | None) -> TransformError:
        """The same error with a place, unless it has one already."""
        if self.origin is None and origin is not None:
            self.origin = origin
            self.args = (self.reason, self.remedy, origin)
        return self


class SourceError(TransformError):
    """The source of a function cannot be found or read."""


class UnsupportedError(TransformError):
    """A construct that is not understood, or an active value where none is possible."""


class LengthNeeded(UnsupportedError):
    """What can be done only where the lengths of the arrays are known while lowering."""

    @classmethod
    def caused(cls, error: BaseException | None) -> bool:
        """Whether an error, or what it was raised from, asks for lengths."""
        while error is not None and not isinstance(error, cls):
            error = error.__cause__
        return error is not None


class MissingRule(TransformError):
    """A function on the way from the inputs to the result has no derivative rule."""


class ArgumentError(TransformError):
    """A call of the public interface with arguments that make no sense: argnums, seeds, types."""


class IRError(TransformError):
    """An internal invariant is broken: the checker found a malformed function. Always a defect of ours."""


def _pointer(origin: Origin) -> list[str]:
    shown = origin.code.rstrip()
    if not shown:
        return []
    indent = len(shown) - len(shown.lstrip())
    start = max(origin.column - 1 - indent, 0)
    width = max(1, min(origin.width, len(shown) - indent - start))
    return ["    " + shown.lstrip(), "    " + " " * start + "^" * width]
