"""`a.flat`: the elements of an array row by row, to be read and written by one index."""

from __future__ import annotations

from typing import Any

from ..rules.build import Value, op
from ..rules.index import getitem
from ..rules.shape import dim
from ..types import rank
from .arguments import prepared
from .lowering import Lowering
from .writes import write

__all__ = ["Flat"]


class Flat:
    """What `a.flat` gives. Unlike a.ravel() it leads to the array itself however that is stored."""

    def __init__(self, low: Lowering, array: Value) -> None:
        self.low, self.array = low, array

    def elements(self) -> Value:
        """The elements in a row, as they are now."""
        array: Value = self.low.live(self.array)
        return array if rank(array.type) == 1 else op.flatten(array)

    def read(self, index: Any) -> Any:
        """`a.flat[index]`: a number, or a copy."""
        found = getitem(self.low.builder, self.elements(), prepared(self.low, index))
        return self.low.copy(found, certain=True) if found.is_array else found

    def write(self, index: Any, value: Any) -> None:
        """`a.flat[index] = value`."""
        low, array = self.low, self.low.live(self.array)
        if rank(array.type) == 1:
            write(low, self.array, index, value)
        elif isinstance(index, (int, Value)) and not getattr(index, "is_array", False):
            write(low, self.array, self._unravelled(array, index), value)
        else:
            elements = self.elements()
            write(low, elements, index, value)
            write(low, self.array, Ellipsis, op.reshape_like(low.live(elements), array))

    def _unravelled(self, array: Value, position: Any) -> tuple[Any, ...]:
        """The indices of an element; a negative one counts from the end in the first axis too."""
        indices: list[Any] = []
        for axis in reversed(range(1, rank(array.type))):
            length = dim(array, axis)
            if isinstance(length, Value) or isinstance(position, Value):
                position, index = op.floordiv(position, length), op.mod(position, length)
            else:
                position, index = divmod(position, length)
            indices.append(index)
        return (position, *reversed(indices))
