"""What a loop runs over whose number of items only run time knows: its indices, and the item at each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..errors import LengthNeeded, UnsupportedError
from ..rules.build import Value
from ..rules.index import getitem
from ..types import Array, Scalar
from .growing import get_item, length, looked_up
from .lowering import Lowering
from .operators import BINARY, binary
from .recorder import plain
from .scope import Raised, RunList

__all__ = [
    "OneByOne",
    "Rolling",
    "counted",
    "items_of_array",
    "rolling_of",
    "rolling_range",
    "shifted",
    "zipped",
]


@dataclass(frozen=True, eq=False)
class Rolling:
    """Items by an index that runs over range(start, stop, step), from its end where `reverse`.

    `item` gives the item at an index; None where the index itself is the item. `what` tells its origin,
    `token` which list the items are in, where they are in one.
    """

    start: Any
    stop: Any
    step: Any
    item: Callable[[Any], Any] | None = None
    reverse: bool = False
    what: str = "a loop"
    token: Any = None

    def at(self, index: Any) -> Any:
        """The item at an index."""
        return index if self.item is None else self.item(index)

    def items(self, low: Lowering) -> Iterator[Any]:
        """The items, where their number is known; raises StaticNeeded where it could be."""
        if self.known is None:
            for limit in (self.start, self.stop, self.step):
                low.static(
                    limit, "a limit of range()" if self.what == "a range" else f"the length of {self.what}"
                )
        assert self.known is not None
        return (self.at(k) for k in self.known)

    @property
    def known(self) -> range | None:
        """The indices, where they are known while lowering."""
        limits = [plain(each) for each in (self.start, self.stop, self.step)]
        if any(isinstance(each, Value) or each is None for each in limits):
            return None
        return range(*limits)[::-1] if self.reverse else range(*limits)


class OneByOne(Iterator[Any]):
    """An iterator of the interpreter's own: a generator expression that has not been run."""


def rolling_range(low: Lowering, *limits: Any) -> Rolling:
    """`range(*limits)`."""
    for limit in limits:
        if isinstance(limit, Value) and not isinstance(limit.type, Scalar):
            raise Raised(TypeError("only integer scalar arrays can be converted to a scalar index"))
        if isinstance(limit, Value) and limit.type.dtype.kind not in "iub":
            # It may be a number that is an int on some paths, as max(n, x) is.
            raise UnsupportedError(
                f"a limit of range() has type {limit.type}", "Make it an int: range(int(x))."
            )
    if len(limits) == 1:
        return Rolling(0, limits[0], 1, what="a range")
    start, stop, *step = limits
    return Rolling(start, stop, step[0] if step else 1, what="a range")


def items_of_array(low: Lowering, array: Value) -> Rolling:
    """The rows or elements of an array."""
    if not isinstance(array.type, Array):
        raise Raised(TypeError(f"'{array.type}' object is not iterable"))
    size = low.builder.dims.resolve(array.type.dims[0])
    if not isinstance(size, int):
        from .objects import get_attribute

        size = get_attribute(low, array, "shape")[0]
    return Rolling(0, size, 1, lambda k: getitem(low.builder, low.live(array), k), what="an array")


def items_of_list(low: Lowering, xs: RunList) -> Rolling:
    """The items of a list whose length only run time knows."""
    token = xs.token

    def item(k: Any) -> Any:
        _noted(low, token)
        return get_item(low, low.growing[id(token)], k)

    return Rolling(0, length(low, xs), 1, item, what="a list", token=token)


def _noted(low: Lowering, items: Any) -> None:
    if low.run_over:
        low.run_over[-1].add(id(items))


def counted(low: Lowering, items: Rolling) -> Rolling:
    """The same items by an index that counts from 0."""
    if not items.reverse and plain(items.step) == 1 and plain(items.start) == 0:
        return items
    if plain(items.step) == 1 and plain(items.start) == 0:
        last = add(low, items.stop, -1)
        return replace(items, item=lambda k: items.at(add(low, last, k, -1)), reverse=False)
    count = length_of(low, items)
    first, step = items.start, items.step
    if items.reverse:
        first = add(low, first, multiply(low, add(low, count, -1), step))
        step = multiply(low, step, -1)
    return Rolling(0, count, 1, lambda k: items.at(add(low, first, multiply(low, k, step))), what=items.what)


def length_of(low: Lowering, items: Rolling) -> Any:
    """The number of items."""
    if items.known is not None:
        return len(items.known)
    start, stop, step = plain(items.start), plain(items.stop), plain(items.step)
    if start == 0 and step == 1:
        return stop if items.item is not None else maximum(low, stop, 0)
    span = add(low, stop, start, -1)
    if step != 1:
        one = -1 if isinstance(step, int) and step > 0 else 1
        if isinstance(step, Value):
            raise_unknown_step()
        span = _operate(low, "//", add(low, span, step + one), step)
    return maximum(low, span, 0)


def raise_unknown_step() -> None:
    """Refuse to count a range whose step is known only at run time."""
    raise LengthNeeded(
        "the number of items of a range whose step is known only at run time", "Use a constant step."
    )


def maximum(low: Lowering, x: Any, y: Any) -> Any:
    """max(x, y) of ints."""
    return low.call(max, [x, y])


def minimum(low: Lowering, x: Any, y: Any) -> Any:
    """min(x, y) of ints."""
    return x if x is y else low.call(min, [x, y])


def add(low: Lowering, x: Any, y: Any, sign: int = 1) -> Any:
    """`x + y` or `x - y`, without what adds nothing."""
    if not isinstance(y, Value):
        y = sign * plain(y)
        if y == 0:
            return x
        if not isinstance(x, Value):
            return plain(x) + y
        return _operate(low, "+", x, y) if y > 0 else _operate(low, "-", x, -y)
    if not isinstance(x, Value) and plain(x) == 0 and sign > 0:
        return y
    return _operate(low, "+" if sign > 0 else "-", x, y)


def multiply(low: Lowering, x: Any, y: Any) -> Any:
    """`x * y`, without factors of one."""
    for one, other in ((x, y), (y, x)):
        if not isinstance(one, Value) and plain(one) == 1:
            return other
    return _operate(low, "*", x, y)


_BY_SYMBOL = {how.symbol: kind for kind, how in BINARY.items()}


def _operate(low: Lowering, symbol: str, x: Any, y: Any) -> Any:
    return binary(low, _BY_SYMBOL[symbol](), x, y)


def rolling_of(low: Lowering, source: Any) -> Rolling | None:
    """The items of an iterable by an index, where all are alike; None for what is run while lowering."""
    source = low.live(source)
    if isinstance(source, Rolling):
        return source
    if isinstance(source, range):
        return Rolling(source.start, source.stop, source.step, what="a range")
    if isinstance(source, Value) and isinstance(source.type, Array):
        return items_of_array(low, source)
    if isinstance(source, RunList):
        return items_of_list(low, source)
    return None


def zipped(low: Lowering, sources: Sequence[Any]) -> Rolling | None:
    """Iterables side by side; None where all are known. A range without an end goes along with the others."""
    rolling = [rolling_of(low, source) for source in sources]
    if not any(each is not None and each.stop is not None and each.known is None for each in rolling):
        return None
    ends = [each for each in rolling if each is None or each.stop is not None]
    if all(each is None or each.known is not None for each in ends):
        return None
    rolling = [
        _alike(low, source) if each is None else each for each, source in zip(rolling, sources, strict=True)
    ]
    counts = [counted(low, each) if each.stop is not None else each for each in rolling if each is not None]
    stop: Any = None
    for each in counts:
        if each.stop is not None and not (stop is not None and _same_length(low, stop, each.stop)):
            stop = each.stop if stop is None else minimum(low, stop, each.stop)
    return Rolling(0, stop, 1, lambda k: tuple(each.at(k) for each in counts), what="zip")


def _alike(low: Lowering, source: Any) -> Rolling:
    """The items of a list or tuple of known length by an index."""
    items = low.outside.inside(low.live(source))
    if not isinstance(items, (list, tuple)):
        raise LengthNeeded(
            f"a {type(items).__name__} beside something whose length only run time knows",
            "Make it a list or an array, or loop over an index.",
        )

    def item(k: Any) -> Any:
        _noted(low, items)
        return looked_up(low, items, k)

    return Rolling(0, len(items), 1, item, what="a list")


def _same_length(low: Lowering, a: Any, b: Any) -> bool:
    sizes = [x.type.size if isinstance(x, Value) and isinstance(x.type, Scalar) else x for x in (a, b)]
    if any(size is None or isinstance(size, Value) for size in sizes):
        return a is b
    return low.builder.dims.same(*(plain(size) for size in sizes))


def shifted(low: Lowering, numbered: Rolling, start: Any) -> Rolling:
    """What enumerate() gives, counted from `start`."""
    if not isinstance(start, Value) and plain(start) == 0:
        return numbered
    item = numbered.item
    assert item is not None

    def moved(k: Any) -> Any:
        count, *rest = item(k)
        return (add(low, count, start), *rest)

    return replace(numbered, item=moved)
