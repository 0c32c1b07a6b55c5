"""The command line: python -m benchmarks [--only stencil] [--quick]"""

# ruff: noqa: E402 - threads are counted when libraries are imported
from .threads import one_thread

one_thread()

import argparse
import os
import tempfile
from pathlib import Path

from rich.console import Console

from . import emission, report
from .runner import Outcome, run, warm_up
from .workloads import FAMILIES

SECONDS, QUICK = 0.5, 0.05
"""For the rounds of one contestant at one size."""


def main() -> None:
    """Run what was asked for, with a disk cache that is empty at first."""
    with tempfile.TemporaryDirectory() as cache:
        os.environ["TRANSFORM_CACHE"] = cache
        compare(parsed())


def compare(options: argparse.Namespace) -> None:
    """Print a table for each workload as it is done, then the summary."""
    console = Console(width=None if Console().is_terminal else 150)
    outcomes: list[Outcome] = []
    warm_up()
    for family, workloads in FAMILIES.items():
        for workload in workloads:
            if options.only not in f"{family} {workload.name}".lower():
                continue
            seconds = QUICK if options.quick else SECONDS
            for outcome in run(family, workload, seconds, again=not options.quick):
                report.show(console, [report.one_table(outcome)])
                outcomes.append(outcome)
    if outcomes:
        report.show(console, report.summary(outcomes))
        report.write(options.json, outcomes)
        console.print(f"written to {options.json}")
    if options.only in "emission" and not options.quick:
        emission.report(console)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser("benchmarks", description="What derivatives cost.")
    parser.add_argument("--only", default="", type=str.lower, help="those with this in the name")
    parser.add_argument("--quick", action="store_true", help="fewer rounds: figures are rough")
    parser.add_argument("--json", type=Path, default=Path("build/benchmarks.json"), help="where to write it")
    return parser.parse_args()


if __name__ == "__main__":
    main()
