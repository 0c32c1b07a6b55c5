"""Random loops, branches and early exits: the equations compute what the function computes."""

import numpy as np
import pytest

from transform.errors import UnsupportedError

from .lowering import assert_lowers

V = np.array([1.0, 2.0, 3.0, 4.0])


class _Writer:
    """Writes a function of loops, branches and early exits at random."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.count = 0

    def pick(self, *options):
        return options[self.rng.integers(len(options))]

    def number(self):
        return self.pick("x", "s", "t", "0.5", "x * 0.3", "s - t", "abs(t)", "v[k % 4]", "max(s, x)")

    def test(self):
        return f"{self.number()} {self.pick('<', '>')} {self.number()}"

    def simple(self):
        a, b = self.number(), self.number()
        return self.pick(
            f"s = s * 0.5 + {a}", f"t = ({a}) * ({b}) / 2", f"x, s = s, 0.5 * {a}", "k += 1",
            f"xs.append(0.1 * {a})", "s = s + 0.1 * xs[-1]", f"p = (t, {a}); t = p[0] * 0.5 + p[1] * 0.1",
            f"s = s + sum(0.1 * a for a in v if a > {a})",
        )  # fmt: skip

    def block(self, depth, loops):
        lines = []
        for _ in range(self.rng.integers(1, 4)):
            kind = self.rng.random()
            if depth == 0 or kind < 0.45:
                lines.append(self.simple())
            elif kind < 0.65:
                lines += [f"if {self.test()}:", *self.indented(depth, loops)]
                if self.rng.random() < 0.5:
                    lines += ["else:", *self.indented(depth, loops)]
            elif kind < 0.8:
                self.count += 1
                i = f"i{self.count}"
                head = self.pick(
                    f"for {i} in range(n)", f"for {i} in range(k % 4)", f"for {i} in range(3, -1, -1)"
                )
                lines += [f"{head}:", *self.indented(depth, loops + 1)]
                if self.rng.random() < 0.3:
                    lines += ["else:", *self.indented(depth, loops)]
            else:
                self.count += 1
                c = f"c{self.count}"
                inner = self.indented(depth, loops + 1)
                lines += [f"{c} = 0", f"while {c} < 4 and {self.test()}:", f"    {c} += 1", *inner]
            if loops and self.rng.random() < 0.2:
                leave = self.pick("break", "continue", "return s")
                lines += [f"if {self.test()}:", f"    {leave}"]
        return lines

    def indented(self, depth, loops):
        return [f"    {line}" for line in self.block(depth - 1, loops)]

    def function(self):
        lines = ["s, t, k, xs = 0.1, x * 0.7, 1, [x]", *self.block(3, 0), "return s + t + k + sum(xs)"]
        return "\n".join(["def f(x, v, n):", *(f"    {line}" for line in lines)]) + "\n"


def _is_right_or_refused(seed, folder):
    """Whether the equations of a random program compute what it does; False if it is refused."""
    name = f"random_program_{seed}"
    (folder / f"{name}.py").write_text(_Writer(seed).function())
    f = __import__(name).f
    try:
        for x in (0.7, -0.4):
            assert_lowers(f, x, V / 4, 3)
    except UnsupportedError:
        return False
    return True


@pytest.mark.parametrize("first", range(0, 200, 20))
def test_random_control_flow_is_right_and_not_refused(first, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    refused = [seed for seed in range(first, first + 20) if not _is_right_or_refused(seed, tmp_path)]
    assert refused == []
