"""Random straight-line programs: text that looks like a person's NumPy, with values that stay tame."""

from __future__ import annotations

import hashlib
import linecache
from dataclasses import dataclass, field

import numpy as np
from hypothesis import strategies as st

N, M = 3, 2
SHAPES = {"s": (), "v": (N,), "c": (M, 1), "m": (M, N), "q": (N, N), "t": (2, M, N)}
"""scalar, vector, column, matrix, square matrix, batch"""

# Templates by the kind of their result; {s}, {v} ... draw an operand of that kind, {e} any of the result's.
SAME = [
    "np.sin({e})",
    "np.cos({e} * 1.3)",
    "np.tanh({e})",
    "np.exp(-({e} ** 2))",
    "np.log(1.5 + {e} ** 2)",
    "np.sqrt(0.5 + {e} ** 2)",
    "np.arctan({e})",
    "1 / (1 + np.exp(-{e}))",
    "{e} / (2 + np.cos({e}))",
    "{e} + {e}",
    "{e} - 2 * {e}",
    "{e} * {e}",
    "-{e}",
    "{e} * {s}",
    "{s} - {e}",
    "{s} / (3 + {e} ** 2)",
    "np.where({e} > 0.1, {e}, 0.3 * {e})",
    "np.maximum({e}, 0.2 * {e} + 0.05)",
    "np.abs({e}) * 0.7",
    "{e} ** 3 * 0.1",
    "(0.5 + {e} ** 2) ** 1.5 * 0.2",
    "np.hypot({e}, 1.1 + {e} ** 2)",
    "np.arctan2({e}, 1.2 + {e} ** 2)",
    "np.logaddexp({e}, {s})",
    "np.square({e}) + {e}",
    "np.clip({e}, -0.9, 0.8)",
]
MAKE = {
    "s": [
        "{v} @ {v}",
        "np.sum({m} * {v})",
        "{m}.mean()",
        "{v}[1] * {v}[-1]",
        "{m}[0, 2] - {m}[1, 0]",
        "np.dot({v}, {v})",
        "{t}.sum() * 0.1",
        "np.max({v})",
        "{v}.std()",
        "np.var({m})",
        "np.linalg.norm({v})",
        "np.trace({q})",
        "np.prod(1 + 0.1 * {v})",
        "float({s}) * 0.5",
        "len({v}) * {s}",
        "{m}.size * {s} / 10",
        "np.linalg.det(0.2 * {q} + 2 * np.eye(3))",
        "({s} if {s} > 0.2 else 0.4 * {s})",
        "sum([{s}, {s}, 0.5 * {s}])",
        "max({s}, {s})",
    ],
    "v": [
        "{q} @ {v}",
        "{m}.sum(axis=0)",
        "{m}[0]",
        "{m}[1, :] * {s}",
        "{v}[::-1]",
        "{c}[0] * {v}",
        "np.array([{s}, {s} * 2, {s}])",
        "np.concatenate([{v}[1:], {v}[:1]])",
        "{v}[np.array([0, 2, 0])]",
        "{q}.T @ {v}",
        "{m}.max(axis=0)",
        "np.stack([{s}, {s}, {s}])",
        "np.cumsum({v}) * 0.5",
        "np.linalg.solve(0.1 * {q} + 2 * np.eye(3), {v})",
        "np.mean({t}, axis=(0, 1))",
        "{m}.T[:, 0]",
        "{v} / np.linalg.norm(1.5 + {v} ** 2)",
    ],
    "c": ["{m}[:, 1:2]", "np.mean({m}, axis=1, keepdims=True)", "{m} @ {v}[:, None]", "{m}.sum(axis=1)[:, None]"],
    "m": [
        "{m} * {v}",
        "{m} + {c}",
        "{c} * {v}",
        "np.outer({c}[:, 0], {v})",
        "{m} @ {q}",
        "{t}[0]",
        "{t}.sum(axis=0)",
        "{v} - {m}",
        "{q}[:2] * {s}",
        "{q}[1:, :]",
        "np.broadcast_to({v}, (2, 3)) * {c}",
        "{m}[::-1, :]",
        "np.vstack([{v}, {v} * {s}])",
        "np.reshape({m}.T, (2, 3))",
    ],
    "q": ["np.outer({v}, {v})", "{m}.T @ {m}", "{q} @ {q} * 0.2", "{q}.T", "{v}[:, None] * {v}", "{q} + np.eye(3)"],
    "t": ["{t} * {m}", "np.stack([{m}, {m}])", "{t} + {v}", "{t} @ {q} * 0.3", "{c} * {t}", "{m}[None] * {t}"],
}
FINISH = {
    "s": "{}",
    "v": "np.sum({} * np.array([0.3, -0.7, 1.1]))",
    "c": "{}.mean()",
    "m": "np.sum({} ** 2)",
    "q": "np.mean(np.sin({}))",
    "t": "({} * 0.1).sum()",
}


@dataclass
class Program:
    """A function's text and the arguments to call it with."""

    text: str
    arguments: dict[str, object]
    kinds: dict[str, str] = field(default_factory=dict)

    def load(self):
        """The function, with its source where `inspect` finds it."""
        name = f"<program {hashlib.sha256(self.text.encode()).hexdigest()[:16]}>"
        linecache.cache[name] = (len(self.text), None, self.text.splitlines(True), name)
        scope = {"np": np}
        exec(compile(self.text, name, "exec"), scope)
        return scope["program"]

    def __repr__(self):
        return f"{self.text}\n{self.arguments}"


@st.composite
def programs(draw, longest=9):
    """Programs of 1 to `longest` statements over arguments of every kind."""
    kinds = {f"{kind}0": kind for kind in SHAPES}
    lines = []
    for k in range(draw(st.integers(1, longest))):
        kind = draw(st.sampled_from(sorted(SHAPES)))
        template = draw(st.sampled_from(SAME + MAKE[kind]))
        reuse = [name for name, other in kinds.items() if other == kind]
        # Names are reassigned as people do.
        name = draw(st.sampled_from([f"a{k}", f"a{k}", *reuse]))
        lines.append(f"    {name} = {_filled(draw, template, kind, kinds)}")
        kinds[name] = kind
    last = draw(st.sampled_from(list(kinds.items())[-6:]))
    result = FINISH[last[1]].format(last[0])
    text = "def program(" + ", ".join(f"{kind}0" for kind in SHAPES) + "):\n"
    text += "\n".join(lines) + f"\n    return {result}\n"
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    arguments = {f"{kind}0": _value(rng, shape) for kind, shape in SHAPES.items()}
    return Program(text, arguments, kinds)


def _filled(draw, template, kind, kinds):
    out = template
    for letter in ("e", *SHAPES):
        wanted = kind if letter == "e" else letter
        choices = [name for name, other in kinds.items() if other == wanted]
        while "{" + letter + "}" in out:
            out = out.replace("{" + letter + "}", draw(st.sampled_from(choices)), 1)
    return out


def _value(rng, shape):
    value = rng.uniform(-1.2, 1.2, shape)
    return value if shape else float(value)
