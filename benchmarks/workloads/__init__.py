"""The workloads, a file for each family."""

from ..workload import Workload
from . import regression, scalars

FAMILIES: dict[str, list[Workload]] = {
    "scalars": scalars.WORKLOADS,
    "regression": regression.WORKLOADS,
}
