"""The Python flavour: run the generated source, so that tracebacks and debuggers show it."""

from __future__ import annotations

import hashlib
import linecache
from collections.abc import Callable, Mapping
from typing import Any

from ..emit import Emitted
from .code import Compiled
from .formula import formula

__all__ = ["digest", "load", "ready", "run"]


def ready(emitted: Emitted) -> Compiled:
    """What was printed, as Python code."""
    return Compiled(emitted, load(emitted), ready, short=formula(emitted))


def load(emitted: Emitted) -> Callable[..., Any]:
    """The function that the emitted source defines."""
    function: Callable[..., Any] = run(emitted.definition, emitted.name, emitted.namespace)[emitted.name]
    return function


def run(text: str, name: str, namespace: Mapping[str, Any]) -> dict[str, Any]:
    """What a text defines, the namespace included.

    Its file name is made of the `name` and the text, so it is the same in every process; the text is
    known to linecache under that name.
    """
    filename = f"<transform {name} {digest(text)}>"
    scope = {"__name__": f"transform.generated.{name}", **namespace}
    exec(compile(text, filename, "exec"), scope)
    linecache.cache[filename] = (len(text), None, text.splitlines(True), filename)
    return scope


def digest(text: str) -> str:
    """A few characters that tell a text from others."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]
