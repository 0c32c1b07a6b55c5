"""Programs made at random: names, views, aliases and writes of one array."""

import numpy as np
import pytest

from tests.frontend.lowering import assert_lowers

Q = np.arange(9.0).reshape(3, 3)


def random_program(seed):
    """The source of a function of a matrix: views taken, written to and read, in any order."""
    rng = np.random.default_rng(seed)
    names, ranks = ["m"], {"m": 2}
    lines = []
    shapes = {"m": (3, 3)}

    def index(shape):
        entries = []
        for n in shape[: rng.integers(1, len(shape) + 1)]:
            kind = rng.integers(5)
            lo = int(rng.integers(0, n))
            entries.append([str(lo), f"{-lo - 1}", f"{lo}:", "::-1", ":"][kind])
        return ", ".join(entries)

    def shape_of(name, text):
        return eval(f"np.empty({shapes[name]})[{text}]").shape

    for k in range(int(rng.integers(4, 12))):
        name = str(rng.choice(names))
        what = rng.integers(8)
        shape = shapes[name]
        if not shape:
            continue
        text = index(shape)
        if what == 0:
            lines.append(f"a{k} = {name}[{text}]")
            shapes[f"a{k}"] = shape_of(name, text)
        elif what == 1:
            lines.append(f"a{k} = {name}.T")
            shapes[f"a{k}"] = shape[::-1]
        elif what == 2:
            lines.append(f"a{k} = {name}")
            shapes[f"a{k}"] = shape
        elif what == 3:
            lines.append(f"a{k} = {name}.copy()")
            shapes[f"a{k}"] = shape
        elif what == 4:
            lines.append(f"{name}[{text}] = {rng.integers(9)}.5")
        elif what == 5:
            lines.append(f"{name}[{text}] {rng.choice(['+=', '-=', '*='])} {name}[{text}]")
        elif what == 6:
            lines.append(f"{name} {rng.choice(['+=', '*='])} 2")
        else:
            other = str(rng.choice([each for each in names if shapes[each]]))
            lines.append(f"{name}[...] = np.sum({other})")
        if what < 4:
            names.append(f"a{k}")
    assert ranks
    kept = [name for name in names if shapes[name]]
    return "\n    ".join(["def program(m):", *lines, f"return {', '.join(kept)},"])


@pytest.mark.parametrize("seed", range(60))
def test_random(seed, tmp_path):
    text = random_program(seed)
    path = tmp_path / "program.py"
    path.write_text(text)
    namespace = {"np": np}
    exec(compile(text, str(path), "exec"), namespace)
    assert_lowers(namespace["program"], Q + 0.5)
