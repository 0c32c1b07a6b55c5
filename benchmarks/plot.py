"""The picture of the README, from the JSON of a run: python -m benchmarks.plot [JSON] [PICTURE]

A workload is a row, a contestant a mark at its time over that of the derivative written by hand with NumPy.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("svg")

import matplotlib.pyplot as plt

HAND = "by hand, NumPy"
MARKS = {
    "transform python": ("o", "#1f5fa8", 7),
    "transform numba": ("D", "#c2410c", 7),
    "by hand, Numba": ("|", "#111111", 12),
    "JAX": ("s", "#4d7c0f", 5),
    "autograd": ("^", "#7e22ce", 5),
    "PyTorch": ("v", "#be123c", 5),
    "CasADi": ("P", "#0e7490", 5),
}


def draw(record: dict[str, Any], target: Path) -> None:
    """The picture as a file; its format is that of the name."""
    rows = [each for each in record["outcomes"] if "median" in each["contestants"][HAND]]
    # The same record gives the same bytes.
    plt.rcParams.update({"svg.hashsalt": "benchmarks", "svg.fonttype": "none", "font.size": 9})
    figure, axes = plt.subplots(figsize=(8.5, 0.8 + 0.27 * len(rows)), layout="constrained")
    axes.axvline(1, color="#999999", linewidth=1, zorder=0)
    for name, (mark, colour, size) in MARKS.items():
        points = [
            (each["contestants"][name][f"over {HAND}"], k)
            for k, each in enumerate(rows)
            if "median" in each["contestants"][name]
        ]
        if points:
            x, y = zip(*points, strict=True)
            axes.plot(x, y, mark, color=colour, markersize=size, label=name, linestyle="none", alpha=0.85)
    axes.set_xscale("log")
    axes.set_yticks(range(len(rows)), [title(each) for each in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.grid(axis="y", color="#eeeeee")
    axes.set_axisbelow(True)
    axes.set_xlabel("time over that of the derivative written by hand with NumPy (left is faster)")
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    figure.legend(
        loc="outside upper center", ncols=len(MARKS), frameon=False, handletextpad=0.1, columnspacing=1
    )
    target.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(target, metadata={"Date": None} if target.suffix == ".svg" else None)
    plt.close(figure)


def title(outcome: dict[str, Any]) -> str:
    return ", ".join(filter(None, [outcome["workload"], outcome["size"]]))


def main(source: str = "build/benchmarks.json", target: str = "docs/benchmarks.svg") -> None:
    draw(json.loads(Path(source).read_text()), Path(target))


if __name__ == "__main__":
    main(*sys.argv[1:])
