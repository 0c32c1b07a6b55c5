"""The frontend: a partial evaluator of Python's syntax that lowers a callable to an SSA function."""

from .entry import Lowered, lower, parameters, place
from .lowering import StaticNeeded
from .reads import MISSING, Read
from .results import Names

__all__ = ["MISSING", "Lowered", "Names", "Read", "StaticNeeded", "lower", "parameters", "place"]
