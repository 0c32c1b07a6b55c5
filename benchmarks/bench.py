"""How fast emitted derivatives are and how long it takes to emit them: make bench

Contestants run in turns in one process and are checked against each other first; figures are medians,
ratios are medians of the ratios within one round. What transforming takes is the time of the processor.
"""

from __future__ import annotations

import gc
import importlib.util
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import workloads as w

from transform import adjoint, grad

SECONDS = 2.0
"""How long one comparison may take."""


def interleave(contestants: Sequence[Callable[[], Any]], seconds: float = SECONDS) -> list[list[float]]:
    """The times of one call of each contestant, a list of rounds each."""
    numbers = [_repeats(contestant) for contestant in contestants]
    times: list[list[float]] = [[] for _ in contestants]
    gc.disable()
    try:
        stop = time.perf_counter() + seconds
        while time.perf_counter() < stop or len(times[0]) < 11:
            for contestant, number, record in zip(contestants, numbers, times, strict=True):
                record.append(_time(contestant, number))
    finally:
        gc.enable()
    return times


def _time(contestant: Callable[[], Any], number: int) -> float:
    start = time.perf_counter()
    for _ in range(number):
        contestant()
    return (time.perf_counter() - start) / number


def _repeats(contestant: Callable[[], Any]) -> int:
    """How many calls take about two milliseconds."""
    contestant()
    return max(1, round(2e-3 / max(_time(contestant, 3), 1e-8)))


def ratio(times: Sequence[Sequence[float]]) -> float:
    """The first contestant's time over the second's."""
    return statistics.median(a / b for a, b in zip(*times, strict=True))


def emitted(derivative: Any) -> Callable[..., Any]:
    """The derivative function as it stands in its source, without the wrapper."""
    scope: dict[str, Any] = {}
    exec(derivative.source, scope)
    return [value for value in scope.values() if callable(value) and hasattr(value, "__code__")][-1]


def agree(got: Any, wanted: Any) -> None:
    """Refuse to time what is wrong."""
    pairs = zip(got, wanted, strict=True) if isinstance(wanted, tuple) else [(got, wanted)]
    for a, b in pairs:
        np.testing.assert_allclose(a, b, rtol=1e-8)


Row = tuple[str, str, str]


def against_hand(
    name: str, goal: float, derivative: Any, by_hand: Callable[..., Any], args: tuple[Any, ...]
) -> Row:
    """The emitted adjoint over the adjoint written by hand."""
    agree(derivative(*args), by_hand(*args))
    function = emitted(derivative)
    ours, theirs = times = interleave([lambda: function(*args), lambda: by_hand(*args)])
    figures = f"{ratio(times):.2f} ({_si(statistics.median(ours))} / {_si(statistics.median(theirs))})"
    return f"{name}: emitted adjoint / by hand", f"{goal:.2f}", figures


def against_primal(goal: float) -> Row:
    """The emitted adjoint of the scalar loss over the loss itself."""
    agree(grad(w.loss)(1.7), w.loss_by_hand(1.7))
    function = emitted(grad(w.loss))
    ours, theirs = times = interleave([lambda: function(1.7), lambda: w.loss(1.7)])
    figures = f"{ratio(times):.2f} ({_si(statistics.median(ours))} / {_si(statistics.median(theirs))})"
    return "scalar loss: emitted adjoint / primal", f"{goal:.2f}", figures


def wrapper(name: str, goal: float, derivative: Any, args: tuple[Any, ...]) -> Row:
    """What the public object costs over the function that it calls."""
    derivative(*args)
    function = emitted(derivative)
    wrapped, bare = interleave([lambda: derivative(*args), lambda: function(*args)])
    extra = statistics.median(a - b for a, b in zip(wrapped, bare, strict=True))
    return f"wrapper, {name}", f"{goal:.2f} us", f"{extra * 1e6:.2f} us"


def transformation(folder: Path, statements: int, goal: float, rounds: int) -> Row:
    """From the source of a function that nobody has seen yet to its compiled adjoint."""
    times = []
    for k in range(rounds + 1):
        name = f"f{statements}_{k}"
        (folder / f"{name}.py").write_text(w.long_function(name, statements))
        spec = importlib.util.spec_from_file_location(name, folder / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        start = time.process_time()
        adjoint(getattr(module, name))(0.7)
        times.append(time.process_time() - start)
    # The first one pays for imports.
    measured = statistics.median(times[1:] if rounds > 1 else times)
    return f"transform {statements} statements, parse to first result", _si(goal), _si(measured)


def _si(seconds: float) -> str:
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def table(rows: Sequence[Row]) -> str:
    """A Markdown table."""
    rows = [("measured", "goal: at most", "figure"), *rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["| " + " | ".join(map(str.ljust, row, widths)) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]])


def main() -> None:
    """Measure everything and print the table."""
    small, large, network = w.mse_data(1000, 10), w.mse_data(100_000, 100), w.network_data(1000)
    vectors = tuple(np.random.default_rng(0).random((3, 3)))
    rows = [
        against_hand("MSE, N=1000, d=10", 1.15, grad(w.mse), w.mse_by_hand, small),
        against_hand("MSE, N=100000, d=100", 1.05, grad(w.mse), w.mse_by_hand, large),
        against_hand("network, N=1000", 1.25, grad(w.network, argnums=(0, 1, 2)), w.network_by_hand, network),
        against_primal(1.6),
        wrapper("one float", 0.25, grad(w.loss), (1.7,)),
        wrapper("three arrays", 0.5, grad(w.weighted, argnums=(0, 1, 2)), vectors),
    ]
    with tempfile.TemporaryDirectory() as folder:
        for statements, goal, rounds in ((10, 10e-3, 20), (100, 100e-3, 5), (500, 1.25, 1), (1000, 2.5, 1)):
            rows.append(transformation(Path(folder), statements, goal, rounds))
        rows.append(transformation(Path(folder), 2000, 5.0, 1))
    print(table(rows))


if __name__ == "__main__":
    main()
