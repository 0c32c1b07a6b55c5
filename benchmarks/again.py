"""The first call of the Numba flavour in a new process, which finds the machine code on disk.

python -m benchmarks.again WORKLOAD SIZE prints the seconds. Numba has been imported and has compiled
something, transform has been imported and asked for the flavour: that a process pays once.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

COMMAND = [sys.executable, "-m", "benchmarks.again"]


def first_call_again(workload: str, size: str) -> float:
    """The seconds, measured by a process of its own, with the disk cache of this one."""
    run = subprocess.run(
        [*COMMAND, workload, size], cwd=Path(__file__).parents[1], capture_output=True, text=True, check=True
    )
    return float(run.stdout)


def main(name: str, size: str) -> None:
    from .threads import one_thread

    one_thread()
    import numba

    import transform

    from .contestants import transform_numba
    from .workloads import FAMILIES

    (workload,) = [each for workloads in FAMILIES.values() for each in workloads if each.name == name]
    arguments = workload.sizes[size]()
    numba.njit(lambda x: x + 1.0)(1.0)
    # Of transform everything is loaded at the first use of a name, the flavour when it is first asked for.
    transform.grad(main, backend="numba")
    start = time.perf_counter()
    transform_numba(workload, arguments)()
    print(time.perf_counter() - start)


if __name__ == "__main__":
    main(*sys.argv[1:])
