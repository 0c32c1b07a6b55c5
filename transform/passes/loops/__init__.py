"""Array equations as loops over scalars, for the flavour that is compiled."""

from .assume import assumed
from .lengths import compared
from .pipeline import loops

__all__ = ["assumed", "compared", "loops"]
