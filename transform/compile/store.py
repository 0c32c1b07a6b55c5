"""The disk cache: each kernel is a module in a folder of its own, beside which Numba keeps its machine code.

    ~/.cache/transform/3f0c.../loss_adjoint_kernel.py
                              /__pycache__/loss_adjoint_kernel-5.py311.nbi, .1.nbc
                              /digests.json
                      derived/5b1e...           what else an earlier process found out, see `index`

The name of the folder is made of the module's text and of everything else that the machine code depends on,
so an entry is never stale. Nothing in it is trusted that others may have written, or that is not as it was
left; nor is anything lost where it cannot be written: then the code lives in memory only.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import platform
import re
import shutil
import stat
import sys
import tempfile
from pathlib import Path

import numpy as np

__all__ = [
    "FILES",
    "clear",
    "discard",
    "entries",
    "folder",
    "is_whole",
    "key",
    "load",
    "save",
    "seal",
    "written",
]

VARIABLE = "TRANSFORM_CACHE"
DIGESTS = "digests.json"
DERIVED = "derived"
FILES = (".nbi", ".nbc")
_ENTRY = re.compile(r"[0-9a-f]{32}")


def folder() -> Path | None:
    """Where entries are: TRANSFORM_CACHE or the user's cache folder; None where that is "off"."""
    chosen = os.environ.get(VARIABLE, "")
    if chosen.lower() == "off":
        return None
    if chosen:
        return Path(chosen).expanduser().absolute()
    try:
        import platformdirs
    except ImportError:
        return None
    return Path(platformdirs.user_cache_dir("transform", appauthor=False))


def entries(root: Path) -> list[Path]:
    """The folders of the entries under a cache folder."""
    try:
        return sorted(each for each in root.iterdir() if _ENTRY.fullmatch(each.name))
    except OSError:
        return []


def clear(root: Path) -> int:
    """Remove every entry and what was derived, and nothing else; how many entries there were."""
    found = entries(root)
    for entry in (*found, root / DERIVED):
        shutil.rmtree(entry, ignore_errors=True)
    return len(found)


def written(text: str, name: str) -> Path | None:
    """The file of a module with this text, made now if it is not there; None where that cannot be."""
    root = folder()
    if root is None:
        return None
    path = root / key(text) / f"{name}.py"
    try:
        if not _is_made(path.parent):
            return None
        if not (path.is_file() and path.read_bytes() == text.encode()):
            _replace(path, text.encode())
        # Whether the folder can be written to is known when it is tried.
        tempfile.TemporaryFile(dir=path.parent).close()
    except OSError:
        return None
    return path


def save(key: str, data: bytes) -> None:
    """Keep what was derived; where it cannot be kept, it is derived again."""
    root = folder()
    with contextlib.suppress(OSError):
        if root is not None and _is_made(root / DERIVED):
            _replace(root / DERIVED / key, hashlib.sha256(data).digest() + data)


def load(key: str) -> bytes | None:
    """What was kept under this key, if all of it is there and nobody else can have written it."""
    root = folder()
    if root is None:
        return None
    try:
        if not _is_ours(root / DERIVED):
            return None
        content = (root / DERIVED / key).read_bytes()
    except OSError:
        return None
    digest, data = content[:_DIGEST], content[_DIGEST:]
    return data if hashlib.sha256(data).digest() == digest else None


_DIGEST = hashlib.sha256().digest_size


def key(text: str) -> str:
    """A name made of a text and of everything else that machine code depends on."""
    return hashlib.sha256("\n".join([*_versions(), text]).encode()).hexdigest()[:32]


@functools.cache
def _versions() -> tuple[str, ...]:
    """What machine code depends on besides the text that it was made of."""
    import llvmlite.binding
    import numba

    version = sys.modules[__package__.partition(".")[0]].__version__
    processor = llvmlite.binding.get_host_cpu_name()
    return version, sys.version, np.__version__, numba.__version__, platform.machine(), processor


def _is_made(path: Path) -> bool:
    """Whether there is such a folder now, and it is ours."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.mkdir(mode=0o700, exist_ok=True)
    return _is_ours(path)


def _is_ours(path: Path) -> bool:
    """Whether a folder is one, not a link to one, and nobody else can write to it."""
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode):
        return False
    return not hasattr(os, "getuid") or (found.st_uid == os.getuid() and not found.st_mode & 0o022)


def _replace(path: Path, data: bytes) -> None:
    """Write a file at once, so that nobody sees the half of it."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        # Numba takes a file with another time for another file: two processes must write the same.
        os.utime(temporary, (0, 0))
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def seal(entry: Path) -> None:
    """Note what the files with machine code are like, now that they are complete."""
    _replace(entry / DIGESTS, json.dumps(_digests(entry), indent=1).encode())


def is_whole(entry: Path) -> bool:
    """Whether the files with machine code are those that were sealed, every one as it was."""
    try:
        found = _digests(entry)
        sealed = json.loads((entry / DIGESTS).read_text(encoding="utf-8")) if found else {}
    except (OSError, ValueError):
        return False
    return bool(found == sealed)


def _digests(entry: Path) -> dict[str, str]:
    files = sorted(_machine_code(entry))
    return {
        file.relative_to(entry).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest() for file in files
    }


def discard(entry: Path) -> None:
    """Remove the machine code of an entry."""
    for file in (*_machine_code(entry), entry / DIGESTS):
        with contextlib.suppress(OSError):
            file.unlink()


def _machine_code(entry: Path) -> list[Path]:
    """The files of an entry that Numba has written."""
    walked = ((folder, names) for folder, _, names in os.walk(entry))
    return [Path(folder, name) for folder, names in walked for name in names if name.endswith(FILES)]
