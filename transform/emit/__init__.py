"""Layer 4: from a Function to Python source, through `ast` and astor."""

from .emitter import Emitted, emit

__all__ = ["Emitted", "emit"]
