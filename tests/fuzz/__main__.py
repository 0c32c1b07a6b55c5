"""`python -m tests.fuzz N SEED`: check N random programs; print counts and what fails, made small."""

from __future__ import annotations

import collections
import random
import sys
from dataclasses import replace

from .checks import outcome
from .programs import Program, written

SHOWN = 10
OUTCOMES = ("right", "rough", "wrong", "crashed", "refused")


def smaller(program: Program, failure: str, kind: type) -> Program:
    """The program without the lines that its failure does not need."""
    shrinking = True
    while shrinking:
        shrinking = False
        for k in range(len(program.lines) - 1):
            candidate = replace(program, lines=program.lines[:k] + program.lines[k + 1 :])
            if _fails(candidate, failure, kind):
                program, shrinking = candidate, True
                break
    return program


def _fails(program: Program, failure: str, kind: type) -> bool:
    try:
        program.load()(*program.arguments.values())
    except Exception:
        return False
    found, error = outcome(program)
    return found == failure and type(error) is kind


def main(count: int, seed: int) -> int:
    counts: collections.Counter[str] = collections.Counter()
    failures: dict[str, tuple[Program, str, BaseException]] = {}
    for k in range(count):
        program = written(random.Random(f"{seed}-{k}").choice)
        found, error = outcome(program)
        counts[found] += 1
        if error is None:
            continue
        small = smaller(program, found, type(error))
        error = outcome(small)[1] or error
        known = f"{found} {type(error).__name__} {str(error).strip()[-60:]}"
        if known not in failures or len(small.lines) < len(failures[known][0].lines):
            failures[known] = small, found, error
    for small, found, error in sorted(failures.values(), key=lambda each: len(each[0].lines))[:SHOWN]:
        print(f"# {found}: {type(error).__name__}: {error}\n{small}")
    print(
        f"{count} programs from seed {seed}: " + ", ".join(f"{n} {what}" for what, n in counts.most_common())
    )
    return int(any(counts[what] for what in OUTCOMES[2:]))


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
