"""Array equations as loops over scalars, for the flavour that is compiled."""

from .pipeline import loops

__all__ = ["loops"]
