"""What the outcomes say: a table for each workload, ratios and their geometric means, JSON."""

from __future__ import annotations

import json
import platform
import statistics
from collections.abc import Iterable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from .contestants import DERIVATIVES, PRIMALS
from .measure import si
from .runner import Outcome

HAND, OURS, COMPILED = "by hand, NumPy", "transform python", "transform numba"
LIBRARIES = ("numpy", "numba", "jax", "autograd", "torch", "casadi")
PYTHON_MEAN, PYTHON_EACH = 1.1, 1.5
JAX_LOOPS, JAX_EACH = 1 / 3, 1.1
MEMORY = 1.2
FIRST, AGAIN = 1.5, 0.03
# Below this, pages and pools of the interpreter are all that is seen.
SEEN = 1 << 20


def one_table(outcome: Outcome) -> Table:
    """Times, and how often the derivative by hand fits into them."""
    table = Table(title=outcome.title, title_justify="left", title_style="bold", width=110)
    table.add_column("contestant")
    for name in ("time", f"/ {HAND}", "first call", "peak memory"):
        table.add_column(name, justify="right")
    for name in (*PRIMALS, *DERIVATIVES):
        entry = outcome.entries[name]
        if entry.why_not:
            table.add_row(name, f"[dim]{entry.why_not}[/dim]")
            continue
        over = outcome.ratio(name, HAND)
        memory = f"{entry.memory / 2**20:.1f} MiB" if entry.memory and entry.memory > SEEN else ""
        table.add_row(name, _time(entry.median), _figure(over), _time(entry.first), memory)
    return table


def summary(outcomes: Sequence[Outcome]) -> list[Table]:
    """The goals, and how far they are."""
    return [_python(outcomes), *([_numba(outcomes)] if _ratios(outcomes, COMPILED, HAND) else [])]


def _python(outcomes: Sequence[Outcome]) -> Table:
    title = f"transform python / {HAND}: goal {PYTHON_MEAN} in the geometric mean, none above {PYTHON_EACH}"
    table = Table(title=title, title_justify="left", title_style="bold")
    for name in ("workload", f"/ {HAND}", "/ NumPy primal", "/ JAX", "/ autograd", "memory"):
        table.add_column(name, justify="left" if name == "workload" else "right")
    for outcome in outcomes:
        others = ("NumPy primal", "JAX", "autograd")
        row = [_figure(outcome.ratio(OURS, other)) for other in others]
        table.add_row(
            outcome.title, _judged(outcome.ratio(OURS, HAND), PYTHON_EACH), *row, _memory(outcome, OURS)
        )
    table.add_section()
    means = [geometric(_ratios(outcomes, OURS, other)) for other in (HAND, "NumPy primal", "JAX", "autograd")]
    table.add_row("geometric mean", _judged(means[0], PYTHON_MEAN), *map(_figure, means[1:]))
    return table


def _numba(outcomes: Sequence[Outcome]) -> Table:
    table = Table(title="transform numba: goals, and others", title_justify="left", title_style="bold")
    heads = ("figure", "goal", f"/ {HAND}", "/ Numba", "/ JAX", "memory", "first call", "next process")
    table.add_column("workload")
    for name in heads:
        table.add_column(name, justify="left" if name == "goal" else "right", no_wrap=name != f"/ {HAND}")
    for outcome in outcomes:
        goals = [goal for goal in outcome.workload.goals if goal.size in (None, outcome.size)]
        text = ", ".join(f"{goal.at_most} {goal.against}" for goal in goals)
        met = ", ".join(_judged(outcome.ratio(COMPILED, goal.against), goal.at_most) for goal in goals)
        row = [_figure(outcome.ratio(COMPILED, other)) for other in (HAND, "by hand, Numba")]
        row += [_judged(outcome.ratio(COMPILED, "JAX"), JAX_EACH), _memory(outcome, COMPILED)]
        entry = outcome.entries[COMPILED]
        times = (_in_time(entry.first, FIRST), _in_time(entry.again, AGAIN))
        table.add_row(outcome.title, met if entry.times else _short(entry.why_not), text, *row, *times)
    table.add_section()
    means = [geometric(_ratios(outcomes, COMPILED, other)) for other in (HAND, "by hand, Numba", "JAX")]
    table.add_row("geometric mean", "", "", *map(_figure, means))
    loops = geometric(_ratios([each for each in outcomes if each.workload.steps], COMPILED, "JAX"))
    table.add_row("with loops, against JAX", _judged(loops, JAX_LOOPS), f"{JAX_LOOPS:.2f} JAX")
    return table


def geometric(ratios: Iterable[float]) -> float | None:
    """The geometric mean, or None of nothing."""
    ratios = list(ratios)
    return statistics.geometric_mean(ratios) if ratios else None


def record(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Everything measured, as JSON has it."""
    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "libraries": {name: _version(name) for name in LIBRARIES},
        "outcomes": [
            {
                "family": outcome.family,
                "workload": outcome.workload.name,
                "size": outcome.size,
                "loops": outcome.workload.steps,
                "contestants": {
                    name: {
                        "median": entry.median,
                        "first call": entry.first,
                        "first call in the next process": entry.again,
                        "memory": entry.memory,
                        "rounds": len(entry.times),
                        f"over {HAND}": outcome.ratio(name, HAND),
                    }
                    if entry.times
                    else {"why not": entry.why_not}
                    for name, entry in outcome.entries.items()
                },
            }
            for outcome in outcomes
        ],
    }


def write(path: Path, outcomes: Sequence[Outcome]) -> None:
    """The record as a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record(outcomes), indent=1) + "\n")


def show(console: Console, tables: Iterable[Table]) -> None:
    """Tables with a line between them."""
    for table in tables:
        console.print(table)
        console.print()


def _ratios(outcomes: Sequence[Outcome], ours: str, theirs: str) -> list[float]:
    found = (outcome.ratio(ours, theirs) for outcome in outcomes)
    return [each for each in found if each is not None]


def _memory(outcome: Outcome, name: str) -> str:
    ours, hand = (outcome.entries[each].memory for each in (name, HAND))
    return _judged(ours / hand, MEMORY) if ours is not None and hand is not None and hand > SEEN else ""


def _time(seconds: float | None) -> str:
    return "" if seconds is None else si(seconds)


def _in_time(seconds: float | None, goal: float) -> str:
    text = _time(seconds)
    return f"[bold red]{text}[/bold red]" if seconds is not None and seconds > goal else text


def _figure(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:.2f}"


def _judged(ratio: float | None, goal: float) -> str:
    """Bold where the goal is missed: two decimals are what it is measured in."""
    text = _figure(ratio)
    return f"[bold red]{text}[/bold red]" if text and float(text) > goal else text


def _short(why_not: str) -> str:
    """The table of the workload has the whole of it."""
    return why_not.split(":")[0] if ":" in why_not else "absent"


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
