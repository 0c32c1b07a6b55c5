"""How much work it is to read a program, in calls: it grows as the program does."""

import importlib

import pytest

from tests.support.calls import count_calls

from .lowering import lowered


def _nested(depth):
    lines, indent = ["def f(x, n):", "    s = 0.0"], "    "
    for k in range(depth):
        head = f"for i{k} in range(n):" if k % 2 == 0 else f"if s < {k} + x:"
        lines.append(indent + head)
        indent += "    "
    lines += [f"{indent}s = s + x * i0", f"{indent}t = s * 0.5", f"{indent}x = x + t * 0.01", "    return s"]
    return lines


def _flat(count):
    lines = ["def f(x, n):", "    s = 0.0", "    y = x"]
    k = 0
    while len(lines) < count:
        lines += [
            f"    a{k} = x * s + y", f"    if a{k} > {k}.5:", f"        b{k} = a{k} * x", "    else:",
            f"        b{k} = y", "    for i in range(n):", f"        s = s + b{k} * i", "        if s > 3.0:",
            f"            s = s - a{k}",
        ]  # fmt: skip
        k += 1
    return [*lines, "    return s"]


def _work(lines, tmp_path, monkeypatch):
    name = f"program_of_{len(lines)}_lines"
    (tmp_path / f"{name}.py").write_text("\n".join(lines) + "\n")
    monkeypatch.syspath_prepend(tmp_path)
    f = importlib.import_module(name).f
    return count_calls(lowered, f, 0.3, 2)


@pytest.mark.parametrize(
    ("program", "small", "large"), [(_nested, 6, 12), (_flat, 100, 400)], ids=["deep", "long"]
)
def test_the_work_grows_as_the_program(program, small, large, tmp_path, monkeypatch):
    before, after = (_work(program(size), tmp_path, monkeypatch) for size in (small, large))
    assert after / before < 1.3 * large / small
