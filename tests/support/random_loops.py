"""Random nests of loops over elements of arrays, as text that Python runs, and lowered."""

import random
from dataclasses import replace

import numpy as np

from transform import tangent
from transform.emit import emit
from transform.ir import For, Sweep, map_regions
from transform.passes.own import own

__all__ = ["Programs", "assert_computes", "downwards"]


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

    def run(self, loop, arguments):
        """What Python computes; the arguments are left as they are."""
        scope = {}
        exec(self.text.replace("{loop}", loop), scope)
        return scope["program"](*(np.copy(each) if np.ndim(each) else each for each in arguments))

    def lowered(self, folder, arguments, change=lambda statement: statement):
        """The program with ranges as they are, each statement changed."""
        path = folder / f"program_{len(list(folder.iterdir()))}.py"
        path.write_text(self.text.replace("{loop}", ""))
        scope = {}
        exec(compile(path.read_text(), str(path), "exec"), scope)
        primal = tangent(scope["program"], (0, 1)).specialize(*arguments).primal
        return own(replace(primal, body=tuple(map(change, primal.body))))


def downwards(statement):
    """The same with all loops from the last iteration to the first, as in a reverse sweep."""
    inner = map_regions(statement, lambda body: map(downwards, body))
    return replace(inner, reverse=True, sweep=Sweep.REVERSE) if isinstance(inner, For) else inner


def assert_computes(function, arguments, expected, text):
    emitted = emit(function)
    scope = dict(emitted.namespace)
    exec(emitted.definition, scope)
    got = scope[emitted.name](*arguments)
    for a, b in zip(got, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-11, err_msg=f"{text}\n{emitted.definition}")
