"""Every format of a generated name."""

from __future__ import annotations

__all__ = ["ADJOINT", "FUNCTIONS", "NUMBERED", "TANGENT", "TAPE", "UNNAMED", "UNREAD"]

TANGENT = "{}_dot"
ADJOINT = "{}_bar"
TAPE = "{}_tape"
UNNAMED = "t"
"""The name of a value of which nothing better is known."""
UNREAD = "_"
"""The name of a value that nothing reads."""
NUMBERED = "{}_{}"

FUNCTIONS = {"tangent": "{}_tangent", "adjoint": "{}_adjoint"}
