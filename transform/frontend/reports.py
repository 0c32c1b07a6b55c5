"""What is kept in the forward sweep and not differentiated: print, logging, warnings, clocks."""

from __future__ import annotations

import logging
import sys
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..errors import UnsupportedError
from ..rules.build import Value
from ..rules.effects import effect
from ..types import BOOL, FLOAT, INT, Type
from .calls import special
from .lowering import Lowering
from .texts import Writing

__all__: list[str] = []


def _keep(low: Lowering, code: str, writing: Writing, refers: Mapping[str, Any] | None = None) -> None:
    effect(low.builder, code, writing.operands, {**writing.refers, **(refers or {})})


# print


@special(print)
def _print(
    low: Lowering, *args: Any, sep: Any = None, end: Any = None, file: Any = None, flush: Any = False
) -> None:
    writing = Writing(low)
    parts = [writing.shown(each) for each in args]
    parts += [
        f"{key}={writing.code(given)}" for key, given in (("sep", sep), ("end", end)) if given is not None
    ]
    refers: dict[str, Any] = {}
    if file is not None:
        stream = {id(sys.stdout): "stdout", id(sys.stderr): "stderr"}.get(id(file))
        if stream is None:
            raise UnsupportedError("print to a file is not kept", "Print to sys.stdout or sys.stderr.")
        parts.append(f"file=sys.{stream}")
        refers["sys"] = sys
    if flush:
        parts.append("flush=True")
    _keep(low, f"print({', '.join(parts)})", writing, refers)


# logging


_LEVELS = ("debug", "info", "warning", "error", "critical")


def _logged(name: str) -> None:
    @special(getattr(logging.Logger, name))
    def of_logger(low: Lowering, logger: logging.Logger, *args: Any, **kwargs: Any) -> None:
        _log(low, f"{_called(logger)}.{name}", args, kwargs)

    @special(getattr(logging, name))
    def of_module(low: Lowering, *args: Any, **kwargs: Any) -> None:
        _log(low, f"logging.{name}", args, kwargs)


for _name in (*_LEVELS, "log"):
    _logged(_name)


def _log(low: Lowering, called: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
    writing = Writing(low)
    given = [writing.shown(each) for each in args]
    given += [f"{key}={writing.code(each)}" for key, each in kwargs.items()]
    _keep(low, f"{called}({', '.join(given)})", writing, {"logging": logging})


def _called(logger: logging.Logger) -> str:
    if logger is logging.getLogger():
        return "logging.getLogger()"
    if logging.getLogger(logger.name) is not logger:
        raise UnsupportedError("a logger that logging.getLogger does not know", "Get it by its name.")
    return f'logging.getLogger("{logger.name}")'


@special(logging.getLogger)
def _get_logger(low: Lowering, name: Any = None) -> logging.Logger:
    return low.native(logging.getLogger, name)


@special(logging.Logger.isEnabledFor)
def _is_enabled(low: Lowering, logger: logging.Logger, level: Any) -> Value:
    level = low.static(level, "a logging level")
    return effect(low.builder, f"{_called(logger)}.isEnabledFor({level})", (), {"logging": logging}, BOOL)


# warnings


@special(warnings.warn)
def _warn(low: Lowering, message: Any, category: Any = None, *args: Any, **kwargs: Any) -> None:
    if low.muted:
        return
    writing = Writing(low)
    refers: dict[str, Any] = {"warnings": warnings}
    if isinstance(message, Warning):
        category = type(message)
        message = message.args[0] if message.args else ""
    given = [writing.shown(message)]
    if category is not None:
        given.append(category.__name__)
        refers[category.__name__] = category
    given += [f"{key}={writing.code(each)}" for key, each in kwargs.items() if key == "stacklevel"]
    _keep(low, f"warnings.warn({', '.join(given)})", writing, refers)


@special(warnings.simplefilter, warnings.filterwarnings)
def _filter(low: Lowering, action: Any, *args: Any, **kwargs: Any) -> None:
    if action == "error":
        raise UnsupportedError("warnings that are turned into errors", "Test the condition itself.")
    if action == "ignore" and low.muted is not None:
        low.muted = True


# clocks


def _clock(function: Callable[[], Any], type_: Type) -> None:
    @special(function)
    def handler(low: Lowering) -> Value:
        return effect(low.builder, f"time.{function.__name__}()", (), {"time": time}, type_)


for _read in (time.time, time.perf_counter, time.monotonic, time.process_time, time.thread_time):
    _clock(_read, FLOAT)
for _read_ns in (
    time.time_ns,
    time.perf_counter_ns,
    time.monotonic_ns,
    time.process_time_ns,
    time.thread_time_ns,
):
    _clock(_read_ns, INT)
