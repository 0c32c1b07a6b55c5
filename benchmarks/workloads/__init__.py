"""The workloads, a file for each family."""

from ..workload import Workload
from . import regression, scalars, stencils

FAMILIES: dict[str, list[Workload]] = {
    "scalars": scalars.WORKLOADS,
    "regression": regression.WORKLOADS,
    "stencils": stencils.WORKLOADS,
}
