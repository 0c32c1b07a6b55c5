"""The frontend: a partial evaluator of Python's syntax that lowers a callable to an SSA function."""

from .entry import Lowered, lower, parameters, place
from .lowering import StaticNeeded
from .reads import MISSING, Read
from .results import Names
from .source import give_text, text_of

__all__ = [
    "MISSING",
    "Lowered",
    "Names",
    "Read",
    "StaticNeeded",
    "give_text",
    "lower",
    "parameters",
    "place",
    "text_of",
]
