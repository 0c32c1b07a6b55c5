"""Arrays of which a loop only ever touches the row it is at become that row (array contraction).

t = np.zeros(x.shape)                        for i in range(x.shape[0]):
for i in range(x.shape[0]):                      t = np.zeros(x.shape[1])
    t[i, 1:] += x[i, :-1]          --->          t[1:] += x[i, :-1]
    s[i] = np.sum(t[i] * y[i])                   s[i] = np.sum(t * y[i])
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...ir import Eqn, Var
from .groups import NEW, OWN_ROW, Group, roots_of, row_written
from .jobs import Kind

if TYPE_CHECKING:
    from .peel import Level

__all__ = ["contracted"]


def contracted(level: Level, groups: Sequence[Group]) -> list[Group]:
    """The groups, without those that make an array of which another one needs only its own row."""
    left = list(groups)
    for group in groups:
        if group.gathered:
            continue
        stores = [job for job in group.jobs if job.kind is Kind.STORE]
        for root in dict.fromkeys(level.same[job.eqn.target] for job in stores):
            maker = next((each for each in left if root in each.defines), None)
            if maker is None or not _is_made_alone(maker, root, group):
                continue
            if not _is_private(level, group, root, [each for each in left if each not in (maker, group)]):
                continue
            if maker is not group:
                left.remove(maker)
            first = next(each for each in maker.statements if root in each.targets)
            assert isinstance(first, Eqn)
            group.private[root] = level.made[root] = first
    return left


def _is_made_alone(maker: Group, root: Var, group: Group) -> bool:
    """Whether an array is made row by row in the group, or is new and empty."""
    if maker is group:
        return any(job.eqn.target is root and job.kind is Kind.MAP for job in group.jobs)
    (first, *more) = maker.statements
    return not more and isinstance(first, Eqn) and first.primitive.name in NEW


def _is_private(level: Level, group: Group, root: Var, others: Sequence[Group]) -> bool:
    """Whether nobody but the group's jobs touches an array, and each of them its own row only."""
    versions = {root, *(version for version, first in level.same.items() if first is root)}
    if not versions.isdisjoint(level.results) or any(not versions.isdisjoint(each.reads) for each in others):
        return False
    for job in group.jobs:
        stored = job.eqn.operands[0] if job.kind is Kind.STORE else None
        if stored in versions and row_written(job) != OWN_ROW:
            return False
        for read, place in roots_of(job, level):
            if read in versions and read is not stored and place != OWN_ROW:
                return False
    return True
