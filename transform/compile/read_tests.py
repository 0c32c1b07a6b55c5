"""Values read from outside on the short way: tests that they are what they were.

_holder0.__code__ is _read0 and np is _read1 and _holder2["scale"] is _read2
"""

from __future__ import annotations

import keyword
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ..frontend import MISSING, Read

__all__ = ["globals_of", "read_tests"]


def globals_of(reads: Sequence[Read], taken: Collection[str]) -> dict[str, Any]:
    """The globals from which most was read, which the tests had best have for their own.

    A name in one's own globals is read faster than a key of a dict. The names `taken` mean something else.
    """
    holders = [read.holder for read in reads if read.kind == "global" and _is_free(read.key, taken)]
    counted = Counter(map(id, holders))
    found = max(holders, key=lambda each: counted[id(each)], default=None)
    return found if type(found) is dict and "__builtins__" in found else {}


def read_tests(
    reads: Sequence[Read], own: Mapping[str, Any], taken: Collection[str], scope: dict[str, Any]
) -> list[str]:
    """Python conditions under which all reads give the same again, where the globals are `own`.

    They raise where something is gone. What they compare with is added to `scope`.
    """
    tests = []
    for k, read in enumerate(reads):
        direct = read.holder is own and _is_free(read.key, taken)
        tests.append(read.key + f" is _read{k}" if _is_global(read) and direct else _test(read, k, scope))
        scope[f"_read{k}"] = read.value
    return tests


def _is_global(read: Read) -> bool:
    """Whether it was read from globals and is in them, rather than built in."""
    return read.kind == "global" and read.key in read.holder


def _test(read: Read, k: int, scope: dict[str, Any]) -> str:
    scope[f"_holder{k}"] = read.holder
    match read.kind:
        case "global" if not _is_global(read):
            return f"{read.key!r} not in _holder{k}"
        case "cell":
            return f"_holder{k}.cell_contents is _read{k}"
        case "attribute" if read.value is not MISSING and _is_name(read.key):
            return f"_holder{k}.{read.key} is _read{k}"
        case "global" | "item" if read.value is not MISSING:
            scope[f"_key{k}"] = read.key
            return f"_holder{k}[_key{k}] is _read{k}"
    scope[f"_current{k}"] = read.current
    return f"_current{k}() {'==' if read.kind == 'keys' else 'is'} _read{k}"


def _is_free(key: Any, taken: Collection[str]) -> bool:
    return _is_name(key) and not key.startswith("_") and key not in taken


def _is_name(key: Any) -> bool:
    """Whether Python takes a key for a name, and for no other: some that are not ASCII it does."""
    return isinstance(key, str) and key.isascii() and key.isidentifier() and not keyword.iskeyword(key)
