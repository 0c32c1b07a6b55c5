"""The command line. Standard output is the code and nothing else, so it can be piped.

Exit status: 0 done, 1 cannot be transformed, 2 wrong usage; messages go to standard error.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from . import api
from .compile import store
from .errors import TransformError
from .show import target as words
from .show.trace import trace as trace_table

__all__ = ["app", "main"]

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Write the derivative of a plain Python/NumPy function as source code.",
)

cache = typer.Typer(help="Look at the disk cache of compiled code, or empty it.", no_args_is_help=True)
app.add_typer(cache, name="cache")

Target = Annotated[str, typer.Argument(metavar="TARGET", help="FILE.py:FUNCTION or MODULE:FUNCTION.")]
Wrt = Annotated[
    str, typer.Option("--wrt", metavar="NAMES", help="Parameters to differentiate, such as x,w; else all.")
]
Arg = Annotated[
    list[str] | None,
    typer.Option("--arg", metavar="NAME=TYPE", help="float, float64[N,d], or a value to fix; repeatable."),
]
Output = Annotated[
    Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write the code here.", dir_okay=False)
]

Backend = Annotated[
    str, typer.Option("--backend", metavar="NAME", help="python, or numba for compiled code.")
]


def main() -> None:
    """Run the command line: the script `transform`."""
    try:
        app()
    except words.UsageError as error:
        _fail(str(error), 2)
    except TransformError as error:
        _fail(str(error), 1)


def _fail(message: str, status: int) -> None:
    print(message, file=sys.stderr)
    sys.exit(status)


def _version(wanted: bool) -> None:
    if wanted:
        print(importlib.metadata.version("transform-ad"))
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True)] = False,
) -> None:
    pass


@app.command()
def ssa(target: Target, arg: Arg = None, output: Output = None) -> None:
    """Print the SSA list of a function: one operation a line."""
    _derivative("ssa", target, "", arg, output)


@app.command()
def tangent(
    target: Target, wrt: Wrt = "", arg: Arg = None, output: Output = None, backend: Backend = "python"
) -> None:
    """Print the tangent function: derivatives propagated forward."""
    _derivative("tangent", target, wrt, arg, output, backend)


@app.command()
def adjoint(
    target: Target, wrt: Wrt = "", arg: Arg = None, output: Output = None, backend: Backend = "python"
) -> None:
    """Print the adjoint function: derivatives propagated in reverse."""
    _derivative("adjoint", target, wrt, arg, output, backend)


@app.command()
def trace(
    target: Target,
    values: Annotated[list[str] | None, typer.Argument(metavar="NAME=VALUE...", help="The point.")] = None,
    wrt: Wrt = "",
) -> None:
    """Print each line of the SSA list at a point: value, partials, adjoint."""
    with contextlib.redirect_stdout(sys.stderr):
        function = words.find(target)
        text = trace_table(
            function, words.parse_values(values or [], function), words.parse_wrt(wrt, function)
        )
    print(text)


@cache.command("info")
def cache_info() -> None:
    """Print where the machine code of the Numba flavour is, and how much of it."""
    root = store.folder()
    if root is None:
        print("off")
        return
    found = store.entries(root)
    size = sum(file.stat().st_size for entry in found for file in entry.rglob("*") if file.is_file())
    print(f"{root}\n{len(found)} kernel{'s' * (len(found) != 1)}, {size / 1e6:.1f} MB")


@cache.command("clear")
def cache_clear() -> None:
    """Remove the machine code of the Numba flavour."""
    root = store.folder()
    count = store.clear(root) if root is not None else 0
    print(f"{count} kernel{'s' * (count != 1)} removed")


def _derivative(
    mode: str, target: str, wrt: str, arg: list[str] | None, output: Path | None, backend: str = "python"
) -> None:
    # What the user's module prints while it is imported must not end up in the code.
    with contextlib.redirect_stdout(sys.stderr):
        function = words.find(target)
        names, types = words.parse_wrt(wrt, function), words.parse_types(arg or [], function)
        text = api.derivative_source(function, mode, names, types, backend)
    _write(text.rstrip("\n") + "\n", output)


def _write(text: str, output: Path | None) -> None:
    if output is not None:
        try:
            output.write_text(text, encoding="utf-8")
        except OSError as error:
            raise words.UsageError(f"{output} cannot be written: {error.strerror}") from None
    elif sys.stdout.isatty() and not os.environ.get("NO_COLOR"):
        _write_coloured(text)
    else:
        sys.stdout.write(text)


def _write_coloured(text: str) -> None:
    # Rich takes a quarter of the start-up time.
    from rich.console import Console
    from rich.syntax import Syntax

    code = Syntax("", "python", theme="ansi_dark", background_color="default").highlight(text)
    Console().print(code, soft_wrap=True, end="")
