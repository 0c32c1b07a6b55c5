"""The cheapest set of values from which all that is needed can be computed.

A vertex cut between what cannot be computed and what is needed, by the largest flow (Ford and Fulkerson,
Flows in Networks, 1962); Enzyme chooses what to cache in this way (Moses et al., SC 2021).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import TypeVar

__all__ = ["cheapest_cut"]

Node = TypeVar("Node", bound=Hashable)
_SOURCE, _SINK = ("source",), ("sink",)


def cheapest_cut(
    parents: Mapping[Node, Iterable[Node]],
    roots: Iterable[Node],
    needed: Iterable[Node],
    cost: Callable[[Node], int],
) -> set[Node]:
    """Nodes, as cheap as possible together, that lie on every way from a root to what is needed.

    `parents[v]` are the nodes that v is computed from. Of equally cheap cuts that nearest to what is needed.
    """
    capacity: dict[Hashable, dict[Hashable, int]] = {}

    def connect(a: Hashable, b: Hashable, size: int) -> None:
        capacity.setdefault(a, {})[b] = size
        capacity.setdefault(b, {}).setdefault(a, 0)

    unlimited = 1 + sum(map(cost, parents))
    for node, sources in parents.items():
        connect((node, 0), (node, 1), cost(node))
        for source in sources:
            connect((source, 1), (node, 0), unlimited)
    for root in roots:
        connect(_SOURCE, (root, 0), unlimited)
    for node in needed:
        connect((node, 1), _SINK, unlimited)
    if _SOURCE not in capacity or _SINK not in capacity:
        return set()
    while path := _path(capacity):
        size = min(capacity[a][b] for a, b in path)
        for a, b in path:
            capacity[a][b] -= size
            capacity[b][a] += size
    behind = _reaching(capacity)
    return {node for node in parents if (node, 1) in behind and (node, 0) not in behind}


def _path(capacity: Mapping[Hashable, Mapping[Hashable, int]]) -> list[tuple[Hashable, Hashable]]:
    """A shortest way from the source to the sink with room on it."""
    came: dict[Hashable, Hashable] = {_SOURCE: _SOURCE}
    queue: deque[Hashable] = deque([_SOURCE])
    while queue:
        here = queue.popleft()
        if here == _SINK:
            steps: list[tuple[Hashable, Hashable]] = []
            while here != _SOURCE:
                steps.append((came[here], here))
                here = came[here]
            return steps[::-1]
        for there, room in capacity[here].items():
            if room > 0 and there not in came:
                came[there] = here
                queue.append(there)
    return []


def _reaching(capacity: Mapping[Hashable, Mapping[Hashable, int]]) -> set[Hashable]:
    """What has a way with room on it to the sink."""
    found: set[Hashable] = {_SINK}
    pending: list[Hashable] = [_SINK]
    while pending:
        here = pending.pop()
        for there in capacity[here]:
            if there not in found and capacity[there][here] > 0:
                found.add(there)
                pending.append(there)
    return found
