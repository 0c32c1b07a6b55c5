"""The workloads, a file for each family."""

from ..workload import Workload
from . import factorisations, published, recurrent, regression, rosenbrock, scalars, stencils, sweeps

FAMILIES: dict[str, list[Workload]] = {
    "scalars": scalars.WORKLOADS,
    "regression": regression.WORKLOADS,
    "stencils": stencils.WORKLOADS,
    "sweeps": sweeps.WORKLOADS,
    "factorisations": factorisations.WORKLOADS,
    "rosenbrock": rosenbrock.WORKLOADS,
    "recurrent": recurrent.WORKLOADS,
    "published": published.WORKLOADS,
}
