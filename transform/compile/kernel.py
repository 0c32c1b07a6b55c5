"""The module that defines a kernel: in a file of the disk cache where that is possible, else in memory."""

from __future__ import annotations

import contextlib
import linecache
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from numba.core.caching import FunctionCache

from .. import runtime
from ..emit import Emitted
from ..emit.globals import STANDARD
from ..emit.module import module_text, split
from ..emit.printer import Printer
from ..ir import Function
from . import store
from .python import digest, run

__all__ = ["Kernel", "Written", "loaded", "module_of"]

_STANDARD = {"builtins", "cmath", "math", "numba", "numpy"}
"""The packages that a module in the disk cache may import: their versions are part of its name."""


@dataclass(frozen=True, slots=True, eq=False)
class Kernel:
    """A dispatcher of Numba's; its code begins after `offset` lines of the file that Numba speaks of."""

    dispatcher: Any
    file: str
    offset: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Written:
    """A function as an entry and a kernel, ready for any process.

    emitted  the entry, and as its `callees` the kernel with what that calls
    kernel   its params and results, without a body
    module   the kernel as a module for the disk cache; None where it lives in memory
    prints   whether it does, so that it must not run a second time to say what is wrong
    """

    emitted: Emitted
    kernel: Function
    module: str | None
    prints: bool

    @property
    def code(self) -> Emitted:
        """The kernel's own text."""
        assert self.emitted.callees is not None
        return self.emitted.callees


def module_of(code: Emitted) -> str | None:
    """The text of the module for the disk cache; None where it names what may later be another thing."""
    if not _is_standard(code):
        return None
    return module_text(code.definition, code.refers, {}, Printer(), code.decorator)


def loaded(code: Emitted, text: str | None) -> Kernel:
    """The last function of the code, not compiled yet; `text` is its module for the disk cache."""
    path = store.written(text, code.name) if text is not None else None
    if text is None or path is None:
        return _in_memory(code)
    module = _registered(f"transform.generated.{code.name}_{path.parent.name}", str(path))
    exec(compile(text, str(path), "exec"), vars(module))
    linecache.cache[str(path)] = (len(text), None, text.splitlines(True), str(path))
    dispatcher = _without_c(module, code.name)
    with contextlib.suppress(Exception):  # no place for the machine code: it stays in memory
        dispatcher._cache = _Cache(dispatcher.py_func)
    return Kernel(dispatcher, str(path), _lines_above(code, text))


def _without_c(module: ModuleType, name: str) -> Any:
    """The dispatcher of that name; for C, which does not call it, it makes no code: an eighth of the time."""
    dispatcher = getattr(module, name)
    dispatcher.targetoptions["no_cfunc_wrapper"] = True
    return dispatcher


def _lines_above(code: Emitted, text: str) -> int:
    return text.count("\n") - code.definition.count("\n")


def _is_standard(code: Emitted) -> bool:
    return all(
        home == runtime.__name__ or home.split(".")[0] in _STANDARD
        for home in map(_home, code.refers.values())
    )


def _home(value: Any) -> str:
    return getattr(value, "__module__", None) or getattr(value, "__name__", None) or ""


def _in_memory(code: Emitted) -> Kernel:
    own = {name: value for name, value in code.refers.items() if _home(value) == runtime.__name__}
    others = {name: value for name, value in code.refers.items() if name not in own}
    text = "\n\n".join([*split(own, code.decorator)[1], code.definition])
    known = "".join(f"{name} {id(value)}\n" for name, value in others.items())
    module = _registered(f"transform.generated.{code.name}_{digest(text + known)}")
    vars(module).update(run(text, code.name, {**STANDARD, **others, "__name__": module.__name__}))
    dispatcher = _without_c(module, code.name)
    return Kernel(dispatcher, dispatcher.py_func.__code__.co_filename, _lines_above(code, text))


def _registered(name: str, file: str | None = None) -> ModuleType:
    """A module under its name: Numba looks recursive functions and cached ones up in it."""
    module = ModuleType(name)
    if file is not None:
        module.__file__ = file
    sys.modules[name] = module
    return module


class _Cache(FunctionCache):  # type: ignore[misc]
    """Numba's cache in an entry of ours; what is wrong with the files costs time and nothing else.

    Where NUMBA_CACHE_DIR is set Numba keeps its code there, and looks after it by itself.
    """

    def __init__(self, function: Any) -> None:
        super().__init__(function)
        entry = Path(function.__code__.co_filename).parent
        self.entry = entry if entry in Path(self.cache_path).parents else None

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        try:
            if self.entry is None or store.is_whole(self.entry):
                return super().load_overload(sig, target_context)
        except Exception:  # machine code of another make: whatever it does not like, it is made again
            pass
        if self.entry is not None:
            store.discard(self.entry)
        return None

    def save_overload(self, sig: Any, data: Any) -> None:
        with contextlib.suppress(OSError):
            super().save_overload(sig, data)
            if self.entry is not None:
                store.seal(self.entry)
