"""Random stencils of one to three dimensions: any offsets, several fields, in place or not, small arrays."""

import contextlib
import linecache

import numpy as np
import pytest

from tests.support.sweeps import looped
from transform import adjoint


def stencil(seed):
    """The text of a random stencil, its rank and the names of its fields."""
    rng = np.random.default_rng(seed)
    depth, reach = int(rng.integers(1, 4)), int(rng.integers(1, 4))
    fields = ["u", "v"][: rng.integers(1, 3)]

    def cut(offset):
        parts = [f"{k or ''}:{k - reach or ''}" for k in offset]
        return f"[{', '.join(parts)}]"

    def neighbour():
        return f"{rng.choice(fields)}{cut(rng.integers(0, reach + 1, depth))}"

    inside = cut(rng.integers(0, reach + 1, depth))
    lines = []
    for field in rng.permutation(fields):
        terms = [neighbour() for _ in range(rng.integers(2, 6))]
        linear = " + ".join(f"{rng.choice(['c', '0.3', '-0.2'])} * {term}" for term in terms)
        change = rng.choice(
            [linear, f"({linear}) * {neighbour()}", f"{neighbour()} * {neighbour()} - {linear}"]
        )
        form = rng.choice(
            ["{0}{1} += {2}", "{0}{1} = {0}{1} + {2}", "{0}{1} = {2}", "w = {2}; {0}{1} += w * w"]
        )
        lines += form.format(field, inside, change).split("; ")
    body = "\n        ".join(lines)
    total = " + ".join(f"np.sum({field} * {field})" for field in fields)
    arguments = ", ".join(fields)
    text = f"def stencil({arguments}, n, c):\n    for _ in range(n):\n        {body}\n    return {total}\n"
    return text, depth, fields


def program(text):
    """The function that a text defines, its source at hand."""
    name = f"<stencil {abs(hash(text))}>"
    linecache.cache[name] = (len(text), None, text.splitlines(True), name)
    scope = {"np": np}
    exec(compile(text, name, "exec"), scope)
    return scope["stencil"]


@pytest.mark.parametrize("seed", range(60))
def test_loops_of_random_stencils_agree_with_slices(seed):
    text, depth, fields = stencil(seed)
    function = program(text)
    rng = np.random.default_rng(seed)
    derivative = adjoint(function, tuple(range(len(fields))))
    shapes = [rng.integers(5, 8, depth), rng.integers(0, 5, depth), np.full(depth, 4)]
    made = None
    for shape in shapes:
        given = [rng.uniform(0.2, 0.9, shape) for _ in fields]
        if 1 in shape:
            continue  # of other types: a length of 1 broadcasts
        made = made or looped(derivative, *given, 3, 0.1)
        want = derivative(*[each.copy() for each in given], 3, 0.1)
        with contextlib.suppress(ValueError):  # negative dimensions: the entry runs the Python flavour then
            got = made[0](*[each.copy() for each in given], 3, 0.1)
            np.testing.assert_allclose(got, want, rtol=1e-11, atol=1e-12, err_msg=text)
