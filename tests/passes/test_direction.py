"""Loops of reverse sweeps that run upwards under the Numba flavour: which, and that nothing else changes."""

import random
from dataclasses import replace

import numpy as np
import pytest

from transform import grad, tangent
from transform.emit import emit
from transform.ir import For, Sweep, map_regions, walk
from transform.passes.loops import loops
from transform.passes.loops.direction import upwards
from transform.passes.own import own

V = np.linspace(0.3, 1.2, 6)
M = np.outer(V, V + 0.4) + np.eye(6)


def headers(derivative, *arguments):
    """The loops of the reverse sweep."""
    text = emit(loops(derivative.specialize(*arguments).function)).definition
    lines = (line.partition("#")[0].strip() for line in text.partition("# reverse sweep")[2].splitlines())
    return [line.removeprefix("for ").removesuffix(":") for line in lines if line.startswith("for ")]


def only_adds(x):
    s = 0.0
    for i in range(len(x) - 1):
        s += x[i] ** 2 * x[i + 1]
    return s


def own_elements(x):
    n = len(x)
    for i in range(n):
        x[i] = 3.0 * x[i]
    return np.sum(x)


def what_is_written_before(x):
    for i in range(1, len(x)):
        x[i] = x[i] * x[i - 1]
    return np.sum(x)


def state(x):
    s = 1.0
    for i in range(len(x)):
        s = np.sin(s) * x[i]
    return s


def triangle(L, x):
    n = len(x)
    for i in range(n):
        s = x[i]
        for j in range(i):
            s -= L[i, j] * x[j]
        x[i] = s / L[i, i]
    return np.sum(x)


def elimination(A):
    n = len(A)
    for k in range(n):
        for i in range(k + 1, n):
            m = A[i, k] / A[k, k]
            A[i, k] = m
            for j in range(k + 1, n):
                A[i, j] -= m * A[k, j]
    return np.sum(A)


def wrapped(x, k):
    # The elements -1 and 5 are one element.
    for i in range(k, 6):
        x[i] = 3.0 * x[i]
    return np.sum(x)


@pytest.mark.parametrize(
    ("function", "arguments", "expected"),
    [
        (only_adds, (V,), ["i in range(n - 1)"]),
        (own_elements, (V,), ["i in range(n)"]),
        (what_is_written_before, (V,), ["i in reversed(range(1, n))"]),
        (state, (V,), ["i in reversed(range(n))"]),
        (triangle, (M, V), ["i in reversed(range(n))", "j in range(i)"]),
        (elimination, (M,), ["k in reversed(range(n))", "i in range(k + 1, n)", "j in range(k + 1, n)"]),
        (wrapped, (V, -1), ["i in reversed(range(k, 6))"]),
    ],
)
def test_what_may_run_in_any_order_runs_upwards(function, arguments, expected):
    found = [each.replace("x.shape[0]", "len(x)") for each in headers(grad(function), *arguments)]
    assert found[-len(expected) :] == expected


@pytest.mark.parametrize("function", [only_adds, own_elements, what_is_written_before, elimination])
def test_the_compiled_derivative_is_that_of_the_python_flavour(function):
    pytest.importorskip("numba")
    argument = M if function is elimination else V
    got = grad(function, backend="numba")(argument.copy())
    np.testing.assert_allclose(got, grad(function)(argument.copy()), rtol=1e-13)


class Programs:
    """Random nests of loops, `{loop}` in place of how their ranges run."""

    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.lines = ["def program(A, x, y, n):", "    s = t = 0.0"]
        self.nest((), 1, "    ")
        self.lines.append("    return A, x, s, t")

    @property
    def text(self):
        return "\n".join(self.lines)

    def nest(self, indices, depth, indent):
        index = "ijk"[depth - 1]
        bounds = (
            ["1, n", "n", "2, n - 1"]
            + [f"{each}" for each in indices]
            + [f"{each} + 1, n" for each in indices]
        )
        self.lines.append(f"{indent}for {index} in {{loop}}(range({self.rng.choice(bounds)})):")
        indices, indent = (*indices, index), indent + "    "
        for _ in range(self.rng.randint(1, 3)):
            draw = self.rng.random()
            if draw < 0.3 and depth < 3:
                self.nest(indices, depth + 1, indent)
            elif draw < 0.4:
                self.lines.append(f"{indent}if {self.value(indices)} < 0.2:")
                self.change(indices, indent + "    ")
            else:
                self.change(indices, indent)

    def change(self, indices, indent):
        target = self.rng.choice(["s", "t", "x", "x", "A", "A", "A"])
        target += {"x": f"[{self.place(indices)}]", "A": f"[{self.places(indices)}]"}.get(target, "")
        sign = self.rng.choice(["+=", "-=", "+=", "="])
        value = f"0.3 * {self.value(indices)}"
        if target in "st" and self.rng.random() < 0.1:
            sign, value = "=", f"{value} - {target}"
        self.lines.append(f"{indent}{target} {sign} {value}")

    def value(self, indices):
        of_x, of_y, of_a = (f"{name}[{self.place(indices)}]" for name in ("x", "y", "A"))
        return self.rng.choice(["0.5", "s", of_x, of_y, of_y, of_a.replace("]", f", {self.place(indices)}]")])

    def places(self, indices):
        return f"{self.place(indices)}, {self.place(indices)}"

    def place(self, indices):
        index = self.rng.choice([*indices, indices[-1]])
        return self.rng.choice([index, index, index, f"{index} + 1", f"{index} - 1", "0", "n - 1"])


def run(text, *arguments):
    scope = {"np": np}
    exec(text, scope)
    return scope["program"](*arguments)


def downwards(statement):
    """The same with all loops from the last iteration to the first, as in a reverse sweep."""
    inner = map_regions(statement, lambda body: map(downwards, body))
    return replace(inner, reverse=True, sweep=Sweep.REVERSE) if isinstance(inner, For) else inner


def as_lowered(text, arguments, tmp_path, name):
    path = tmp_path / f"{name}.py"
    path.write_text(text)
    scope = {}
    exec(compile(text, str(path), "exec"), scope)
    primal = tangent(scope["program"], (0, 1)).specialize(*arguments).primal
    return own(replace(primal, body=tuple(map(downwards, primal.body))))


def test_random_loops_give_the_same_upwards(tmp_path):
    rng = np.random.default_rng(0)
    turned = kept = 0
    for seed in range(150):
        program = Programs(seed)
        arguments = (rng.uniform(-1, 1, (6, 6)), rng.uniform(-1, 1, 6), rng.uniform(-1, 1, 6), 5)
        function = as_lowered(program.text.replace("{loop}", ""), arguments, tmp_path, f"program_{seed}")
        changed = upwards(function)
        directions = [each.reverse for each in walk(changed.body) if isinstance(each, For)]
        turned, kept = turned + directions.count(False), kept + directions.count(True)
        text = program.text.replace("{loop}", "reversed")
        expected = run(text, *(np.copy(each) if np.ndim(each) else each for each in arguments))
        emitted = emit(changed)
        scope = dict(emitted.namespace)
        exec(emitted.definition, scope)
        got = scope[emitted.name](*arguments)
        for a, b in zip(got, expected, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-11, err_msg=f"{text}\n{emitted.definition}")
    assert min(turned, kept) > 50
