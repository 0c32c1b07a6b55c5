"""The disk cache: the next process finds machine code again, and nothing that is wrong with it hurts."""

import json
import math
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from transform import grad
from transform.compile import store

ROOT = Path(__file__).parent.parent.parent
PROGRAM = """
import json, sys
sys.path.insert(0, {folder!r})
from helped import f
from transform import grad
df = grad(f, backend="numba")
value = df(0.5)
stats = df.specialize(0.5).compiled.dispatcher.stats
print(json.dumps([value, sum(stats.cache_hits.values()), sum(stats.cache_misses.values())]))
"""
SOURCE = """
import math
def helper(x):
    return {factor} * x
def f(x):
    return math.sin(helper(x))
"""


@pytest.fixture
def home(tmp_path, monkeypatch):
    """The folder of the cache; beside it a module `helped`."""
    monkeypatch.setenv(store.VARIABLE, str(tmp_path / "cache"))
    (tmp_path / "helped.py").write_text(SOURCE.format(factor=2.0))
    return tmp_path


@pytest.fixture(scope="module")
def once(tmp_path_factory):
    """A folder with a copy of the cache that a first process has left."""
    home = tmp_path_factory.mktemp("once")
    (home / "helped.py").write_text(SOURCE.format(factor=2.0))
    assert run(home) == [slope(2.0), 0, 1]
    shutil.copytree(home / "cache", home / "copy")
    return home


@pytest.fixture
def used(once, monkeypatch):
    """The folder of a cache as a first process has left it."""
    monkeypatch.setenv(store.VARIABLE, str(once / "cache"))
    shutil.rmtree(once / "cache")
    shutil.copytree(once / "copy", once / "cache")
    return once


def start(home, cache=None):
    code = PROGRAM.format(folder=str(home))
    cache = cache or str(home / "cache")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), store.VARIABLE: cache}
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", code],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process):
    out, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    return json.loads(out)


def run(home, cache=None):
    """The gradient in a process of its own, how often machine code was found and how often made."""
    return finish(start(home, cache))


def slope(factor):
    return factor * math.cos(factor * 0.5)


def files(home, pattern):
    return sorted((home / "cache").rglob(pattern))


def test_the_second_process_compiles_nothing(used):
    assert run(used) == [slope(2.0), 1, 0]
    (entry,) = store.entries(used / "cache")
    assert (used / "cache").stat().st_mode & 0o777 == 0o700
    assert entry.stat().st_mode & 0o777 == 0o700


def test_a_changed_helper_is_another_entry(used):
    (used / "helped.py").write_text(SOURCE.format(factor=3.0))
    try:
        assert run(used) == [slope(3.0), 0, 1]
        assert len(store.entries(used / "cache")) == 2
    finally:
        (used / "helped.py").write_text(SOURCE.format(factor=2.0))


def test_lines_above_change_nothing(used):
    (used / "helped.py").write_text("# a comment\n" + SOURCE.format(factor=2.0))
    try:
        assert run(used) == [slope(2.0), 1, 0]
    finally:
        (used / "helped.py").write_text(SOURCE.format(factor=2.0))


@pytest.mark.parametrize("pattern", ["*.nbi", "*.nbc"])
@pytest.mark.parametrize("damage", ["truncated", "changed", "missing"])
def test_damaged_machine_code_is_made_again(used, pattern, damage):
    (file,) = files(used, pattern)
    data = file.read_bytes()
    if damage == "truncated":
        file.write_bytes(data[: len(data) // 2])
    elif damage == "changed":
        middle = len(data) // 2
        file.write_bytes(data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :])
    else:
        file.unlink()
    assert run(used) == [slope(2.0), 0, 1]
    (entry,) = store.entries(used / "cache")
    assert store.is_whole(entry)
    assert len(files(used, pattern)) == 1


@pytest.mark.parametrize("text", ["", "not json", '{"a": 1}'])
def test_a_damaged_list_of_files_is_written_again(used, text):
    (digests,) = files(used, store.DIGESTS)
    digests.write_text(text)
    assert run(used) == [slope(2.0), 0, 1]
    (entry,) = store.entries(used / "cache")
    assert store.is_whole(entry)


def test_a_damaged_module_is_written_again(used):
    (module,) = files(used, "*.py")
    text = module.read_bytes()
    module.write_bytes(text[:50] + b"\xff")
    assert run(used)[0] == slope(2.0)
    assert module.read_bytes() == text


def test_a_folder_that_others_can_write_to_is_not_trusted(used):
    (entry,) = store.entries(used / "cache")
    entry.chmod(0o777)
    assert run(used) == [slope(2.0), 0, 1]


def test_an_entry_of_someone_else_is_not_trusted(home, monkeypatch):
    assert store.written("x = 1\n", "x") is not None
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    assert store.written("x = 1\n", "x") is None


def test_an_entry_that_is_a_link_is_not_trusted(home):
    path = store.written("x = 1\n", "x")
    elsewhere = home / "elsewhere"
    path.parent.rename(elsewhere)
    path.parent.symlink_to(elsewhere)
    assert store.written("x = 1\n", "x") is None


def test_two_processes_at_once(home):
    both = [start(home), start(home)]
    for process in both:
        assert finish(process)[0] == slope(2.0)
    (entry,) = store.entries(home / "cache")
    assert run(home)[0] == slope(2.0)
    assert store.is_whole(entry)


def double(x):
    return 2.0 * x * x


def test_a_folder_that_is_a_file(home, monkeypatch):
    (home / "cache").write_text("")
    assert grad(double, backend="numba")(3.0) == 12.0


def test_a_read_only_folder(home, monkeypatch):
    def denied(*args, **kwargs):
        raise PermissionError(13, "read-only")

    monkeypatch.setattr(store.tempfile, "mkstemp", denied)
    df = grad(double, backend="numba")
    assert df(3.0) == 12.0
    assert not files(home, "*.py")


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() == 0, reason="root may write everywhere")
def test_a_folder_without_the_right_to_write(home):
    (home / "cache").mkdir(mode=0o500)
    assert run(home) == [slope(2.0), 0, 1]
    assert not files(home, "*")


def test_a_disk_that_fills_up_while_machine_code_is_written(home, monkeypatch):
    from numba.core.caching import IndexDataCacheFile

    def full(self, name, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(IndexDataCacheFile, "_save_data", full)
    df = grad(double, backend="numba")
    assert df(3.0) == 12.0
    assert df(4.0) == 16.0
    assert not files(home, "*.nbc")
    monkeypatch.undo()


def test_off(home, monkeypatch):
    monkeypatch.setenv(store.VARIABLE, "off")
    assert run(home, "off") == [slope(2.0), 0, 1]
    assert store.folder() is None
    assert not files(home, "*")


def test_code_that_names_the_users_objects_stays_in_memory(home):
    import numba

    @numba.njit
    def passive(n):
        return n + 1

    def f(x, n):
        return x * passive(n)

    df = grad(f, backend="numba")
    assert df(3.0, 1) == 2.0


def test_clear_leaves_what_is_not_ours(used):
    other = used / "cache" / "notes.txt"
    other.write_text("mine")
    assert store.clear(used / "cache") == 1
    assert store.entries(used / "cache") == []
    assert other.exists()
    assert run(used) == [slope(2.0), 0, 1]


def test_recursive_functions_stay_in_memory(home):
    (home / "helped.py").write_text(
        "def f(x, n=60):\n    return x if n == 0 else x * f(x * 0.75, n - 1)\n",
    )
    assert run(home) == run(home)
    assert not files(home, "*.nbc")
