"""The Python flavour: run the generated source, so that tracebacks and debuggers show it."""

from __future__ import annotations

import hashlib
import linecache
from collections.abc import Callable
from typing import Any

from ..emit import Emitted

__all__ = ["load"]


def load(emitted: Emitted, filename_hint: str = "") -> Callable[..., Any]:
    """The function that the emitted source defines.

    Its file name is made of its name and its text, so it is the same in every process; the text is
    known to linecache under that name.
    """
    text = emitted.definition
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    filename = f"<transform {filename_hint or emitted.name} {digest}>"
    namespace = {"__name__": f"transform.generated.{emitted.name}", **emitted.namespace}
    exec(compile(text, filename, "exec"), namespace)
    linecache.cache[filename] = (len(text), None, text.splitlines(True), filename)
    function: Callable[..., Any] = namespace[emitted.name]
    return function
