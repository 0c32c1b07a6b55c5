"""What numba.vectorize makes of a function of numbers, as a loop over the elements of its arguments.

This is a program that is lowered with the function that it calls, like one of the user's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["each_element"]


def each_element(function: Callable[..., Any], *arguments: Any) -> Any:
    """The function of the elements, in arrays that are broadcast against each other."""
    arrays = np.broadcast_arrays(*[each for each in arguments if np.ndim(each)])
    rows = iter([array.reshape(-1) for array in arrays])
    parts = [next(rows) if np.ndim(each) else each for each in arguments]
    made = np.empty(arrays[0].size, np.result_type(*arguments))
    for k in range(made.size):
        made[k] = function(*[part[k] if np.ndim(part) else part for part in parts])
    return made.reshape(arrays[0].shape)
