"""Between which bounds the ints of a function lie: Python's own, which machine ints must hold.

for i in range(n):                     i in [0, 2**31]
    s = s + i            --->          s in [0, 2**62]        n steps, each of at most 2**31
    p = (p * 31 + i) % 1000            p in [0, 999]
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ..ir import Atom, Eqn, For, Function, If, Lit, Region, Statement, Var, While
from ..types import Scalar

__all__ = ["FULL", "LARGEST_ARGUMENT", "LARGEST_WHOLE", "Range", "fits", "is_int", "ranges", "result_range"]

Range = tuple[int, int]

FULL: Range = (-(2**63), 2**63 - 1)
LARGEST_ARGUMENT = 2**31
"""How large an int argument may be, so that products of two need no check."""
LARGEST_WHOLE = 2**53
"""How large a float may be that becomes an int."""
_LENGTH: Range = (0, 2**31)  # no memory has room for a product of two longer ones
_STEPS = 2**40  # of a loop, in any time that somebody waits
_ROUNDS = 3


def is_int(atom: Atom) -> bool:
    """Whether a value is an int or a bool of Python's."""
    return isinstance(atom.type, Scalar) and atom.type.weak and atom.type.dtype.kind in "ib"


def fits(bounds: Range) -> bool:
    """Whether ints of 64 bits hold what is within the bounds."""
    return FULL[0] <= bounds[0] and bounds[1] <= FULL[1]


def ranges(function: Function, is_kernel: bool) -> Callable[[Atom], Range]:
    """The bounds of each int; the arguments of a kernel are known to be small."""
    found = _Ranges()
    if is_kernel:
        for param in function.params:
            if is_int(param):
                found.known[param] = (-LARGEST_ARGUMENT, LARGEST_ARGUMENT)
    found.body(function.body)
    return found.of


def _join(a: Range, b: Range) -> Range:
    return min(a[0], b[0]), max(a[1], b[1])


class _Ranges:
    def __init__(self) -> None:
        self.known: dict[Var, Range] = {}

    def of(self, atom: Atom) -> Range:
        if isinstance(atom, Lit):
            return (int(atom.value), int(atom.value)) if is_int(atom) else FULL
        if atom in self.known:
            return self.known[atom]
        if isinstance(atom.type, Scalar) and atom.type.size is not None:
            return _LENGTH
        return (0, 1) if atom.type.dtype.kind == "b" else FULL

    def body(self, body: Sequence[Statement]) -> None:
        for statement in body:
            match statement:
                case Eqn(target=target):
                    if is_int(target):
                        bounds = result_range(statement, self.of)
                        self.known[target] = bounds if fits(bounds) else FULL
                case If(targets=targets, then=then, orelse=orelse):
                    self.body(then.body)
                    self.body(orelse.body)
                    for target, a, b in zip(targets, then.results, orelse.results, strict=True):
                        self.known[target] = _join(self.of(a), self.of(b))
                case For(body=region):
                    self.known[region.params[0]] = index = self.index(statement)
                    steps = min(_STEPS, index[1] - index[0] + 1)
                    self.loop(statement, [region.params[1:]], region.body, region, steps)
                case While(condition=condition, body=region):
                    both = (*condition.body, *region.body)
                    self.loop(statement, [condition.params, region.params], both, region, _STEPS)

    def index(self, loop: For) -> Range:
        (first, _), (start, stop) = self.of(loop.start), (self.of(loop.start), self.of(loop.stop))
        up, down = (first, max(first, stop[1] - 1)), (min(start[1], stop[0] + 1), start[1])
        step = self.of(loop.step)
        return up if step[0] > 0 else down if step[1] < 0 else _join(up, down)

    def loop(
        self,
        loop: For | While,
        params: Sequence[Sequence[Var]],
        body: Sequence[Statement],
        region: Region,
        steps: int,
    ) -> None:
        """The bounds of what a loop carries: those that stay the same, or that grow by equal steps."""
        init = [self.of(atom) for atom in loop.init]

        def after(before: Sequence[Range]) -> list[Range]:
            for each in params:
                self.known.update(zip(each, before, strict=True))
            self.body(body)
            return [self.of(result) for result in region.results]

        carried = init
        grown = init
        for _ in range(_ROUNDS):
            carried = grown
            grown = [_join(a, b) for a, b in zip(carried, after(carried), strict=True)]
            if grown == carried:
                break
        else:
            carried = self.growing(init, carried, grown, after, steps)
        for target, bounds in zip(loop.targets, carried, strict=True):
            self.known[target] = bounds

    def growing(
        self,
        init: Sequence[Range],
        carried: Sequence[Range],
        grown: Sequence[Range],
        after: Callable[[Sequence[Range]], Sequence[Range]],
        steps: int,
    ) -> list[Range]:
        pace = [(g[0] - c[0], g[1] - c[1]) for c, g in zip(carried, grown, strict=True)]
        wide = [(i[0] + p[0] * steps, i[1] + p[1] * steps) for i, p in zip(init, pace, strict=True)]
        wide = [bounds if fits(bounds) else FULL for bounds in wide]
        while True:
            ends = after(wide)
            faster = [
                w != FULL and (e[0] - w[0] < p[0] or e[1] - w[1] > p[1])
                for w, e, p in zip(wide, ends, pace, strict=True)
            ]
            if not any(faster):
                return wide
            wide = [FULL if fast else w for fast, w in zip(faster, wide, strict=True)]


def result_range(eqn: Eqn, of: Callable[[Atom], Range]) -> Range:
    """The bounds of an equation's result in mathematics, which machine ints may not hold."""
    rule = _RULES.get(eqn.primitive.name)
    if rule is not None and all(map(is_int, eqn.operands)):
        return rule(*map(of, eqn.operands))
    if eqn.primitive.name in _WHOLE:
        return -LARGEST_WHOLE, LARGEST_WHOLE
    if eqn.primitive.name in _LENGTHS:
        return _LENGTH
    return of(eqn.target)


_WHOLE = frozenset({"to_int", "floor", "ceil", "trunc", "round"})
_LENGTHS = frozenset({"dim", "size", "length"})


def _corners(a: Range, b: Range, operation: Callable[[int, int], int]) -> Range:
    values = [operation(x, y) for x in a for y in b]
    return min(values), max(values)


def _floordiv(a: Range, b: Range) -> Range:
    divisors = {*b, *(k for k in (-1, 1) if b[0] <= k <= b[1])} - {0}
    values = [x // y for x in a for y in divisors] or [0]
    return min(values), max(values)


def _mod(a: Range, b: Range) -> Range:
    low, high = min(b[0] + 1, 0), max(b[1] - 1, 0)
    return (0, min(high, a[1])) if a[0] >= 0 and b[0] > 0 else (low, high)


def _power(a: Range, n: Range) -> Range:
    size = max(abs(a[0]), abs(a[1]))
    if size > 1 and n[1] > 63:
        return FULL[0] - 1, FULL[1] + 1
    most = size ** max(n[1], 0) if size > 1 else 1
    return (0 if a[0] >= 0 or (n[0] == n[1] and n[0] % 2 == 0) else -most), most


def _lshift(a: Range, n: Range) -> Range:
    if n[1] > 63:
        return FULL[0] - 1, FULL[1] + 1
    return _corners(a, (2 ** max(n[0], 0), 2 ** max(n[1], 0)), lambda x, y: x * y)


def _rshift(a: Range, n: Range) -> Range:
    return min(a[0], 0), max(a[1], 0)


def _bits(a: Range, b: Range) -> Range:
    if a[0] < 0 or b[0] < 0:
        size = max(-a[0], -b[0], a[1] + 1, b[1] + 1).bit_length()
        return -(2**size), 2**size - 1
    return 0, 2 ** max(a[1], b[1]).bit_length() - 1


def _absolute(a: Range) -> Range:
    low = 0 if a[0] <= 0 <= a[1] else min(abs(a[0]), abs(a[1]))
    return low, max(abs(a[0]), abs(a[1]))


_RULES: Mapping[str, Callable[..., Range]] = {
    "add": lambda a, b: (a[0] + b[0], a[1] + b[1]),
    "sub": lambda a, b: (a[0] - b[1], a[1] - b[0]),
    "mul": lambda a, b: _corners(a, b, lambda x, y: x * y),
    "neg": lambda a: (-a[1], -a[0]),
    "pos": lambda a: a,
    "literal": lambda a: a,
    "to_int": lambda a: a,
    "floor": lambda a: a,
    "ceil": lambda a: a,
    "trunc": lambda a: a,
    "round": lambda a: a,
    "abs": _absolute,
    "floordiv": _floordiv,
    "mod": _mod,
    "pow": _power,
    "lshift": _lshift,
    "rshift": _rshift,
    "invert": lambda a: (-a[1] - 1, -a[0] - 1),
    "bitand": lambda a, b: (0, min(a[1], b[1])) if a[0] >= 0 and b[0] >= 0 else _bits(a, b),
    "bitor": _bits,
    "bitxor": _bits,
    "min2": lambda a, b: (min(a[0], b[0]), min(a[1], b[1])),
    "max2": lambda a, b: (max(a[0], b[0]), max(a[1], b[1])),
}
