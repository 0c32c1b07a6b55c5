"""Tests leave no machine code behind, unless TRANSFORM_CACHE is set: then the next run is faster."""

import os

os.environ.setdefault("TRANSFORM_CACHE", "off")
