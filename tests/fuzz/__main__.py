"""`python -m tests.fuzz N SEED [KIND]`: check N random programs; print counts and what fails, made small.

KIND is "lines" for straight-line programs, "loops" for those with loops, branches and stores, or "any".
"""

from __future__ import annotations

import sys

from .runner import Summary, run


def main(count: int, seed: int, kind: str = "any") -> int:
    for each in run(count, seed, kind):
        if isinstance(each, Summary):
            counts = each.counts
            listed = ", ".join(f"{n} {what}" for what, n in counts.most_common())
            print(f"{count} programs from seed {seed}: {listed}")
            return int(counts["wrong"] + counts["crashed"] > 0)
        print(each)
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:]))
