"""Everything that README.md shows is run: its Python, its commands, its output.

    python -m tests.test_readme     writes the outputs anew

A ```python block is a file, named by its first line; a ```text block after it is what it prints. A
```console block has commands after `$` and what they print. Names of make targets in ```sh blocks exist.
The tables of what is supported and what is refused are made of the programs in tests/table.
"""

import contextlib
import io
import linecache
import re
import shlex
import subprocess
import sys
import types
from pathlib import Path

import pytest

from tests.table.rows import compilers, tables
from tests.test_cli import run as transform

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
BLOCK = re.compile(r"^```(python|text|console|sh)\n(.*?)^```\n", re.M | re.S)
COMPILED = re.compile(r"(?<=<!-- Numba's table -->\n).*?(?=<!-- end of Numba's table -->)", re.S)
TABLES = re.compile(r"(?<=<!-- tables -->\n).*?(?=<!-- end of tables -->)", re.S)


def refreshed(text):
    """The README with every output as it is now."""
    printed = ""

    def fresh(block):
        nonlocal printed
        kind, content = block.groups()
        if kind == "python":
            printed = execute(content)
        elif kind == "text":
            content, printed = printed, ""
        elif kind == "console":
            content = "".join(map(command, re.findall(r"^\$ (.*)$", content, re.M)))
        return f"```{kind}\n{content}```\n"

    text = TABLES.sub(lambda _: tables(), BLOCK.sub(fresh, text))
    return COMPILED.sub(lambda _: compilers(), text)


def execute(code):
    """Run a block as a module of its own and return what it prints."""
    name = code.partition("\n")[0].removeprefix("# ")
    linecache.cache[name] = (len(code), None, code.splitlines(True), name)
    module = types.ModuleType(name.removesuffix(".py"))
    sys.modules[module.__name__] = module
    try:
        with contextlib.redirect_stdout(io.StringIO()) as output:
            exec(compile(code, name, "exec"), vars(module))
    finally:
        del sys.modules[module.__name__]
    # The source ends a line itself.
    return output.getvalue().rstrip("\n") + "\n"


def command(line):
    """A command and what it prints, as they stand in a console block."""
    program, *words = shlex.split(line)
    assert program == "transform"
    status, output, errors = transform(*words)
    assert (status, errors) == (0, "")
    return f"$ {line}\n{output}"


def test_the_readme_shows_what_happens():
    # In a process of its own: other tests give rules to functions for which it shows that there is none.
    code = "from tests.test_readme import *; sys.stdout.write(refreshed(README.read_text()))"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert run.stdout == README.read_text()


def test_the_readme_names_make_targets_that_exist():
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.M)
    shown = re.findall(r"^make (\w+)", README.read_text(), re.M)
    assert shown
    assert set(shown) <= set(targets)


@pytest.mark.parametrize("link", re.findall(r"`([\w/]+/(?:\w+\.\w+)?)`|`(\w+\.md)`", README.read_text()))
def test_the_readme_names_files_that_exist(link):
    assert (ROOT / "".join(link)).exists()


if __name__ == "__main__":
    README.write_text(refreshed(README.read_text()))
