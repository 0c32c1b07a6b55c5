"""How much work something is, in calls of functions: the same on every machine, under every load."""

from __future__ import annotations

import sys

__all__ = ["count_calls"]


def count_calls(work, *arguments):
    """How many Python functions `work(*arguments)` calls."""
    count = 0

    def note(frame, event, argument):
        nonlocal count
        count += event == "call"

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        work(*arguments)
    finally:
        sys.setprofile(before)
    return count
