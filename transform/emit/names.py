"""Who holds which name when. The formats of the names are in transform/names.py."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING

from ..ir import Var
from ..names import NUMBERED, identifier
from ..types import rank

if TYPE_CHECKING:
    from .schedule import Schedule

__all__ = ["Names"]


Kind = tuple[str, bool, int, str]


class Names:
    """Gives each Var a name, in program order.

    A name whose holder is dead serves again for a later Var of the same hint and type, that of a
    temporary only where the new value adds to the old (`z_bar = z_bar + t`); otherwise hints are
    numbered: `x`, `x_2`, `x_3`. `last` says where each Var is read for the last time, `hints` are the
    user's own names, which neither numbering nor the stems of temporaries may take, and `reserved` are
    names that no Var gets at all. `becomes` maps a buffer to the value with a name that it is filled
    with: the name is the buffer's from the start.
    """

    def __init__(
        self,
        reserved: Iterable[str],
        hints: Collection[str],
        last: Mapping[Var, int],
        reuse: bool = True,
        becomes: Mapping[Var, Var] | None = None,
    ) -> None:
        self.of: dict[Var, str] = {}
        self.holders: dict[str, list[Var]] = {}
        self._taken = set(reserved)
        self._hints, self._last, self._reuse = hints, last, reuse
        self._becomes = becomes or {}
        self._count: dict[str, int] = {}
        self._order: dict[str, int] = {}
        self._until: dict[str, int] = {}
        self._dying: dict[Kind, list[tuple[int, int, str]]] = {}
        self._free: dict[Kind, list[tuple[int, str]]] = {}

    def fresh(self, hint: str, temporary: bool = False) -> str:
        """A name that nobody had before."""
        if hint not in self._taken and not (temporary and hint in self._hints):
            self._taken.add(hint)
            return hint
        count = self._count.get(hint, 1) + 1
        while (name := NUMBERED.format(hint, count)) in self._taken or name in self._hints:
            count += 1
        self._count[hint] = count
        self._taken.add(name)
        return name

    def assign(self, var: Var, position: int, read: Iterable[Var] = ()) -> str:
        """The name of a Var that is defined at `position` by a line which reads the Vars `read`."""
        called = self._becomes.get(var, var)
        hint = identifier(called.name)
        free = self._released(_kind(hint, called), position)
        name = None
        if free and (hint in self._taken or (called.temporary and hint in self._hints)):
            # `a_bar = a_bar + t`: the name of what dies in this very line is the natural one.
            # The stem of a temporary says little: two of them under one name would be read as one value.
            dying = {self.of.get(each) for each in read}
            other = None if called.temporary else free[0]
            if called.temporary and "_" not in hint:
                free = []
            chosen = min((entry for entry in free if entry[1] in dying), default=other)
            name = chosen and chosen[1]
        return self.hold(var, name if name is not None else self.fresh(hint, called.temporary))

    def hold(self, var: Var, name: str) -> str:
        """Let `var` have `name`, whoever else has it."""
        self.of[var] = name
        self.holders.setdefault(name, []).append(var)
        self._taken.add(name)
        if self._reuse:
            until = self._until[name] = max(self._until.get(name, 0), self._last.get(var, 0))
            order = self._order.setdefault(name, len(self._order))
            heapq.heappush(self._dying.setdefault(_kind(identifier(var.name), var), []), (until, order, name))
        return name

    def is_free(
        self, name: str, since: int, until: int, plan: Schedule, var: Var, heir: Var | None = None
    ) -> bool:
        """Whether `var` may have `name` between two lines: there nobody else gets it, or is read by it.

        The `heir` is what has the name after it.
        """
        for holder in self.holders.get(name, ()):
            if _type(holder) != _type(var):
                return False  # compilers want a variable to be one thing
            if holder is heir:
                continue
            born = plan.born.get(holder, 0)
            if plan.objects.find(holder) is plan.objects.find(var) or born >= until:
                continue
            if since < born or any(since < read for read in plan.reads_of(holder)):
                return False
        return True

    def _released(self, kind: Kind, position: int) -> list[tuple[int, str]]:
        """The names of this kind, in the order of their first use, that nobody needs after `position`."""
        dying = self._dying.get(kind, [])
        free = {entry for entry in self._free.get(kind, ()) if self._until[entry[1]] <= position}
        while dying and dying[0][0] <= position:
            _, order, name = heapq.heappop(dying)
            if self._until[name] <= position:
                free.add((order, name))
        self._free[kind] = sorted(free)
        return self._free[kind]


def _kind(hint: str, var: Var) -> Kind:
    return hint, var.temporary, *_type(var)


def _type(var: Var) -> tuple[int, str]:
    return rank(var.type), var.type.dtype.str
