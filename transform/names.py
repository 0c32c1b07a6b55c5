"""Every format of a generated name."""

from __future__ import annotations

__all__ = ["ADJOINT", "FUNCTIONS", "NUMBERED", "TANGENT", "TAPE", "VALUE_AND"]

TANGENT = "{}_dot"
ADJOINT = "{}_bar"
TAPE = "{}_tape"
NUMBERED = "{}_{}"

FUNCTIONS = {"tangent": "{}_tangent", "adjoint": "{}_adjoint"}
VALUE_AND = "value_and_{}"
