"""How fast emitted derivatives are and how long it takes to emit them: make bench ONLY=emission

Contestants run in turns in one process and are checked against each other first; figures are medians,
ratios are medians of the ratios within one round. What transforming takes is the time of the processor.
"""

from __future__ import annotations

import importlib.util
import inspect
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from rich.console import Console

from transform import adjoint, grad

from . import exemplars as e
from . import programs
from .measure import agree, code_lines, compared, emitted, interleave, ratio, si, table
from .workloads import regression as r

Row = tuple[str, str, str]


def exemplar(name: str, example: e.Exemplar) -> Row:
    """The emitted adjoint beside the exemplar: its time and its lines over those written by hand."""
    derivative = adjoint(example.primal, argnums=example.argnums)
    agree(derivative(*example.arguments, *example.seeds), example.by_hand(*example.arguments, *example.seeds))
    function, by_hand = emitted(derivative), example.by_hand
    arguments = (*example.arguments, *example.seeds)
    times = compared(lambda: function(*arguments), lambda: by_hand(*arguments))
    ours = code_lines(derivative.source)
    theirs = sum(code_lines(inspect.getsource(each)) for each in (by_hand, *example.helpers))
    return name, times, f"{ours / theirs:.2f} ({ours} / {theirs})"


def against_hand(
    name: str, goal: float, derivative: Any, by_hand: Callable[..., Any], args: tuple[Any, ...]
) -> Row:
    """The emitted adjoint over the adjoint written by hand."""
    agree(derivative(*args), by_hand(*args))
    function = emitted(derivative)
    figure = compared(lambda: function(*args), lambda: by_hand(*args))
    return f"{name}: emitted adjoint / by hand", f"{goal:.2f}", figure


def against_primal(
    name: str, goal: float, primal: Callable[..., Any], by_hand: Callable[..., Any], args: tuple[Any, ...]
) -> Row:
    """The emitted adjoint over the primal."""
    derivative = grad(primal)
    agree(derivative(*args), by_hand(*args))
    function = emitted(derivative)
    arrays = any(isinstance(each, np.ndarray) for each in args)
    fresh = (lambda: primal(*copies(args))) if arrays else (lambda: primal(*args))
    figure = compared(lambda: function(*args), fresh)
    return f"{name}: emitted adjoint / primal", f"{goal:.2f}", figure


def copies(args: tuple[Any, ...]) -> tuple[Any, ...]:
    """Arguments to write into."""
    return tuple(each.copy() if isinstance(each, np.ndarray) else each for each in args)


def curve(
    lengths: tuple[int, ...], primal: Callable[..., Any], args: Callable[[int], tuple[Any, ...]]
) -> Row:
    """The adjoint over the primal as a loop grows."""
    derivative, ratios = grad(primal), []
    derivative.specialize(*args(lengths[0]))
    function = emitted(derivative)
    for n in lengths:
        given = args(n)
        times = interleave([lambda x=given: function(*x), lambda x=given: primal(*copies(x))])
        ratios.append(f"{ratio(times):.2f}")
    return f"the same for n = {', '.join(f'{n:,}' for n in lengths)}", "constant", ", ".join(ratios)


MEMORY = """
import transform
from benchmarks.exemplars import walk
from benchmarks.measure import highest
transform.grad(walk)(0.3, {n})
print(highest())
"""


def memory(n: int, goal: int) -> Row:
    """What a process needs at most, Python and NumPy included, for the adjoint of a long loop."""
    command = [sys.executable, "-c", MEMORY.format(n=n)]
    run = subprocess.run(command, cwd=Path(__file__).parents[1], capture_output=True, text=True, check=True)
    return f"adjoint of {n:,} steps, whole process", f"{goal} MB", f"{int(run.stdout) / 2**20:.0f} MB"


def depth(folder: Path, levels: int, goal: float) -> Row:
    """Helpers that call each other over as many that are called one after the other."""
    module = load(folder, "helpers", programs.helpers(levels))
    nested, flat = grad(module.nested), grad(module.flat)
    agree(nested(0.3), flat(0.3))
    inner, outer = emitted(nested), emitted(flat)
    figure = compared(lambda: inner(0.3), lambda: outer(0.3))
    return f"{levels} helpers, adjoint: nested / in a row", f"{goal:.2f}", figure


def wrapper(name: str, goal: float, derivative: Any, args: tuple[Any, ...]) -> Row:
    """What the public object costs over the function that it calls."""
    derivative(*args)
    function = emitted(derivative)
    wrapped, bare = interleave([lambda: derivative(*args), lambda: function(*args)])
    extra = statistics.median(a - b for a, b in zip(wrapped, bare, strict=True))
    return f"wrapper, {name}", f"{goal:.2f} us", f"{extra * 1e6:.2f} us"


def compiled_wrapper(name: str, goal: float, primal: Callable[..., Any], args: tuple[Any, ...]) -> Row:
    """What the public object of the Numba flavour costs over the dispatcher that it calls in the end."""
    derivative = grad(primal, backend="numba")
    derivative(*args)
    kernel = derivative.compiled
    wrapped, bare = interleave([lambda: derivative(*args), lambda: kernel(*args, 1.0)])
    extra = statistics.median(a - b for a, b in zip(wrapped, bare, strict=True))
    return f"wrapper over the dispatcher, {name}", f"{goal:.2f} us", f"{extra * 1e6:.2f} us"


def transformation(
    folder: Path, what: str, text: Callable[[str], str], args: tuple[Any, ...], goal: float, rounds: int
) -> Row:
    """From the source of a function that nobody has seen yet to its compiled adjoint."""
    times = []
    for k in range(rounds + 1):
        name = f"f_{what.replace(' ', '_')}_{k}"
        function = getattr(load(folder, name, text(name)), name)
        start = time.process_time()
        adjoint(function)(*args)
        times.append(time.process_time() - start)
    # The first one pays for imports.
    measured = statistics.median(times[1:] if rounds > 1 else times)
    return f"transform {what}, parse to first result", si(goal), si(measured)


def load(folder: Path, name: str, text: str) -> ModuleType:
    """A module of that text."""
    (folder / f"{name}.py").write_text(text)
    spec = importlib.util.spec_from_file_location(name, folder / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def report(console: Console) -> None:
    """Measure everything and print the tables."""
    head = ("exemplar: emitted / by hand", "time, goal 1.15", "lines, goal 1.20")
    rows = [exemplar(name, example) for name, example in e.exemplars().items()]
    console.print(table(head, rows), end="\n\n", soft_wrap=True, highlight=False, markup=False)
    rows = [*speed(), *transforming()]
    console.print(
        table(("measured", "goal: at most", "figure"), rows), soft_wrap=True, highlight=False, markup=False
    )


def speed() -> list[Row]:
    """What derivatives cost once they are there."""
    small, large, network = r.mse_data(1000, 10), r.mse_data(100_000, 100), r.network_data(1000, 2, 3)
    vectors = tuple(np.random.default_rng(0).random((3, 3)))
    stencil = (np.random.default_rng(0).random(1000), 100, 0.01)
    with tempfile.TemporaryDirectory() as folder:
        return [
            against_hand("MSE, N=1000, d=10", 1.15, grad(r.mse), r.mse_by_hand, small),
            against_hand("MSE, N=100000, d=100", 1.05, grad(r.mse), r.mse_by_hand, large),
            against_hand("network, N=1000", 1.25, grad(r.nll, (0, 1, 2)), r.nll_by_hand, network),
            against_primal("scalar loss", 1.6, e.loss, e.loss_by_hand, (1.7,)),
            against_primal("loop with a branch, 1000 steps", 4, e.walk, e.walk_by_hand, (0.3, 1000)),
            curve((1000, 3000, 10_000, 30_000, 100_000), e.walk, lambda n: (0.3, n)),
            memory(1_000_000, 400),
            against_primal("stencil on slices, N=1000", 5, e.burgers, e.burgers_by_hand, stencil),
            curve((1000, 10_000, 100_000), e.burgers, lambda n: (np.linspace(0, 1, n), 10, 0.01)),
            depth(Path(folder), 8, 1.1),
            wrapper("one float", 0.25, grad(e.loss), (1.7,)),
            wrapper("three arrays", 0.5, grad(programs.weighted, (0, 1, 2)), vectors),
            *compiled_wrappers(vectors),
        ]


def compiled_wrappers(vectors: tuple[Any, ...]) -> list[Row]:
    """None where there is no Numba."""
    if importlib.util.find_spec("numba") is None:
        return []
    floats = compiled_wrapper("one float", 0.5, e.loss, (1.7,))
    return [floats, compiled_wrapper("three arrays", 0.5, programs.weighted, vectors)]


def transforming() -> list[Row]:
    """How long it takes to make them."""
    straight = ((10, 10e-3, 20), (100, 100e-3, 5), (500, 1.25, 1), (1000, 2.5, 1), (2000, 5.0, 1))
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for n, goal, rounds in straight:
            text = partial(programs.long_function, statements=n)
            rows.append(transformation(folder, f"{n} statements", text, (0.7,), goal, rounds))
        nested = partial(programs.nested_function, levels=12)
        rows.append(transformation(folder, "12 nested loops and ifs", nested, (0.7, 2), 0.5, 5))
        for n in (100, 200, 400, 800):
            text = partial(programs.looping_function, lines=n)
            what = f"{n} lines with loops and branches"
            rows.append(transformation(folder, what, text, (0.7, np.ones(4)), n / 400, 3))
    return rows
