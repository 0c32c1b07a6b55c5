"""The phrases that random programs are made of: see expressions.py for what the letters in braces mean."""

from __future__ import annotations


def phrases(text: str) -> list[str]:
    """The phrases in a text, which stand apart by blank lines."""
    return text.strip().split("\n\n")


HEAD = "import math\nfrom dataclasses import dataclass\n\nimport numpy as np\n"

CONSTANTS = ["0.1", "0.2", "0.3", "0.5", "0.7", "0.9", "1.5", "2.0"]

NUMBERS = [
    "{e} + {e}",
    "{e} - {e}",
    "{e} * {e}",
    "0.5 * ({e} + {e})",
    "0.3 * {e}",
    "-{e}",
    "{e} ** 2",
    "0.1 * {e} ** 3",
    "1.0 - {e}",
    "math.sin({e})",
    "math.cos({e}) * {e}",
    "math.exp(-{e} ** 2)",
    "math.sqrt(1.0 + {e} ** 2)",
    "np.tanh({e})",
    "np.sin({e})",
    "np.log(1.5 + {e} ** 2)",
    "{e} / (1.5 + {e} ** 2)",
    "{e} / (1 + abs({e}))",
    "abs({e})",
    "max({e}, {e})",
    "min({e}, {k})",
    "{e} if {c} else {e}",
    "{e} if {c} else 0.0",
    "0.1 * {i} * {e}",
    "{e} / ({i} + 1)",
    "{e} * len({v})",
    "np.sum({v})",
    "np.sum({v} * {w})",
    "{v} @ {w}",
    "{v}.mean()",
    "{v}.max()",
    "{v}[1:].sum()",
    "{v}[0] * {v}[-1]",
    "np.dot({v}, {v})",
    "{m}.sum() * 0.2",
    "np.sum({m} * {w})",
    "{m}[0] @ {m}[-1]",
    "np.trace({q})",
    "{q}[{i}, {i}]",
    "np.prod(1.0 + 0.1 * {v})",
    "float(np.sum({v}))",
    "sum({l})",
    "len({l}) * {e}",
    "{l}[-1]",
    "{t}[0].sum()",
    "np.sum({t}[-1])",
    "sum(u * u for u in {v})",
    "sum(u * {e} for u in {v} if u > {k})",
    "sum({v}[p] * {w}[p] for p in range(len({v})))",
    "sum([0.3 * u for u in {l}])",
    "max([u * {e} for u in {v}])",
    "sum(p * {e} for p in range({i}))",
    "sum(row[0] * row[-1] for row in {m})",
    "sum(p * q for p, q in zip({v}, {v}))",
    "sum(0.1 * p * q for p, q in enumerate({v}))",
    "np.array([{e} * u for u in {v}]).sum()",
    "np.array([u for u in {v} if u < {k}]).sum()",
    "np.sum({l})",
    "(lambda u: u * {e})({e})",
]
VECTORS = [
    "{m} @ {v}",
    "{v} @ {m}",
    "{m}[{i}]",
    "{m}[0] * {e}",
    "{m}[:, {i}]",
    "{m}.T[0]",
    "{m}.sum(axis=0)",
    "{m}.mean(axis=1)",
    "np.array([{e}, {e}, {e}])",
    "np.array([u * {e} for u in {v}])",
    "np.array([{e} * p for p in range(len({v}))])",
    "np.array([{v}[p] * {v}[p - 1] for p in range({v}.size)])",
    "np.array([row.sum() for row in {m}])",
    "np.array([u if u > {k} else {k} * u for u in {v}])",
    "np.array({l})",
    "{t}[0] * {e}",
    "{t}[-1]",
    "np.cumsum({a}) * 0.3",
    "{a}[::-1]",
    "np.roll({a}, 1)",
    "{a} - {a}.mean()",
    "np.arange(len({v})) * {e} * 0.1",
    "np.zeros(len({v}))",
    "np.full(len({v}), {e})",
    "np.ones({v}.shape) * {e}",
    "np.concatenate([{v}[1:], {v}[:1]])",
    "np.concatenate(([{e}], {v}[:-1]))",
    "np.diag({q})",
    "{v}[[2, 0, 1]]",
]
MATRICES = [
    "np.outer({v}, {v}) * 0.5",
    "{m}.T",
    "{m} * {v}",
    "{m} + {m}.sum(axis=0)",
    "{m} @ {m} * 0.3",
    "{m} @ {m}.T * 0.3",
    "{a} * {v}[:, None]",
    "{a}[::-1]",
    "{a}[:, ::-1] * {e}",
    "np.zeros({m}.shape) + {e}",
    "np.ones_like({m}) * {e}",
    "np.eye(len({v})) * {e}",
    "np.diag({v})",
    "np.array([{v} * p for p in range(3)]) * 0.1",
    "np.stack([row * {e} for row in {m}])",
    "np.array([[{e}, 1.0, {e}], [0.0, {e}, 0.5]])",
    "np.stack({t})",
    "np.array({t})",
    "np.vstack([{v}, {v}])",
]
ARRAYS = [
    "{a} + {a}",
    "{a} - 0.3 * {a}",
    "{a} * {a}",
    "{a} * {e}",
    "{a} - {e}",
    "0.5 * {a}",
    "np.sin({a})",
    "np.tanh({a})",
    "np.exp(-{a} ** 2)",
    "{a} ** 2",
    "{a} / (1.0 + {a} ** 2)",
    "np.where({a} > {k}, {a}, {e})",
    "np.where({a} > {k}, 0.5 * {a}, {a} ** 2)",
    "np.maximum({a}, {k})",
    "np.abs({a})",
    "np.clip({a}, -0.9, 0.9)",
    "{a}.copy()",
    "np.zeros_like({a})",
    "np.sqrt(1.0 + {a} ** 2)",
]
INTS = [
    "{i} - 1",
    "{i} + 1",
    "0",
    "1",
    "2",
    "-1",
    "-2",
    "len({v}) - 1",
    "{i} % 2",
    "len({v}) // 2",
    "2 * {i}",
]

_VECTOR_PLACES = [
    "{j}", "{j}", "{i}", "{i}", "-1", "0", "1:", ":-1", "1:-1", "::2", "::-1", "::-2", "-2:", ":", "...",
    ":{j}", "{j}:", "{i}:{i} + 2", "[0, 2]", "[0, 1, 0]", "[-1, 0]", "np.array([1, 1])", "-{i}",
]  # fmt: skip
_MATRIX_PLACES = [
    "{j}", "{i}", "0", "-1", "{i}, {j}", "0, {i}", "{i}, 0", "-1, -1", "{i}, {i}", "{j}, {j}", ":, {j}",
    ":, 0", "1:", ":-1", "::2", "::-1", "1:, 1:", ":, 1:", "{i}, 1:", "{i}, ::2", "1:, {j}", ":, ::-1",
    "0, ::-1", ":", "...", "..., {j}", "[0, 1, 0]", "[1, 0], [0, -1]", ":, [0, 0]", "{i}, [0, 1]",
    "[0, 0]", ":{j}", "1:, :-1",
]  # fmt: skip
_VECTOR_ELEMENTS = ["{j}", "{i}", "{i}", "0", "1", "-1", "-2", "{i} - 1", "{i} + 1", "-{i}", "len({v}) - 1"]
_MATRIX_ELEMENTS = [
    "{i}, {j}",
    "0, {i}",
    "{i}, 0",
    "{i}, -1",
    "-1, -1",
    "0, 0",
    "1, 0",
    "{j}, {j}",
    "{i}, {i}",
]
PLACES = [_VECTOR_PLACES, _MATRIX_PLACES, [], _VECTOR_ELEMENTS, _MATRIX_ELEMENTS]
"""Indices for a vector and a matrix; then those of an element."""

CONDITIONS = [
    "{s} > {k}",
    "{s} < {k}",
    "{s} < {s}",
    "{s} >= 0",
    "-0.5 < {s} < 0.5",
    "abs({s}) > {k}",
    "{v}[{i}] > {k}",
    "{v}[{i}] < {s}",
    "{v}[0] > {v}[-1]",
    "{v}[{i}] * {v}[{j}] < 0",
    "{m}[{i}, 0] > {s}",
    "np.sum({v}) > {k}",
    "{v}.max() > {k}",
    "{s} ** 2 + {s} ** 2 > {k}",
    "{i} % 2 == 0",
    "{i} > 0",
    "{i} < {i}",
    "{i} == 1",
    "{i} != {j}",
    "{i} == len({v}) - 1",
    "len({v}) > 2",
    "{m}.shape[0] == {m}.shape[1]",
    "{s} > {k} and {s} < 0.9",
    "{s} > 0 or {i} > 1",
    "not {s} > {k}",
    "np.any({v} > {k})",
    "np.all({v} < {k})",
    "len({l}) > 1",
    "{l}[-1] > {k}",
    "{i} and {s} > {k}",
]

ASSIGNMENTS = [
    "{N} = {e}",
    "{N} = {e}",
    "{N} = {e}",
    "{N} += {e}",
    "{N} += {e}",
    "{N} += {v}[{i}] * {e}",
    "{N} -= 0.5 * {e}",
    "{N} *= 0.8 + 0.1 * {e}",
    "{N} /= 1.5 + {e} ** 2",
    "{N} = 0.5 * {N} + 0.3 * math.sin({N} + {e})",
    "{N} = 0.9 * {N} + 0.2 * {e}",
    "{N} = {N} + 0.1 * ({e} - {N})",
    "{N} = max({N}, {e})",
    "{N} = {N} * (1.0 - 0.2 * {N})",
    "{N} = math.sin({N}) + {e}",
    "{N}, {O} = {O}, {N}",
    "{N}, {O} = 0.5 * {O}, {N} - 0.1 * {O}",
    "{N} = {e} if {c} else {N}",
    *phrases("""
if {c}:
    {N} = {e}
else:
    {N} = {e}

if {c}:
    {N} += {e}

if {c}:
    {N} = {e}
elif {c}:
    {N} *= 0.5
else:
    {N} -= {e}
"""),
]  # fmt: skip
"""Of numbers: N is one that is there, O another."""

FIRST_NUMBERS = [
    "{N} = {e}",
    "{N} = {e}",
    "{N} = 0.0",
    "{N} = 0",
    "{N} = 1.0",
    "{N} = ({O} := {e}) * {O}",
    "{N} = {O} = {e}",
    "{N}, {O} = {e}, {e}",
    "{N}, {O} = {v}[:2]",
    "{N} = {e} if {c} else {e}",
    "({N}, {O}), {P} = ({e}, {e}), {e}",
    *phrases("""
{N} = {e}
{N} = {N} * {e}

if {c}:
    {N} = {e}
else:
    {N} = {e}

{N}, *{O} = {v}[0], {e}, {e}
{N} += {O}[-1]

{N} = -math.inf
for u in {v}:
    {N} = max({N}, u)

{N} = 1.0
for u in {v}:
    {N} *= 1.0 + 0.2 * u

{N} = 0.0
for u, w in zip({v}, {v}):
    {N} += u * w

{N} = 0.0
for u in {v}:
    if u < {k}:
        continue
    {N} += u * {e}

{N} = {e}
for u in {v}:
    if u > {k}:
        {N} = u
        break

{N} = {e}
for u in {v}:
    if u > {k}:
        break
else:
    {N} *= 0.5

{N}, {O} = 1.0, {e}
for _ in range(4):
    {N} = {N} - ({N} ** 3 + {N} - {O}) / (3 * {N} ** 2 + 1)

{N} = {e}
while abs({N}) > 0.4:
    {N} = 0.6 * {N}

{N}, {O} = 1.0, 1.5 + {e} ** 2
while abs({N} * {N} - {O}) > 1e-5:
    {N} = 0.5 * ({N} + {O} / {N})

{N} = {O} = {e}
for p in range(1, 5):
    {O} *= -0.5 * {N} / p
    {N} += {O}
"""),
]  # fmt: skip
"""Of new numbers, N, O and P."""

FIRST_INTS = [
    "{N} = len({v})",
    "{N} = {v}.size - 1",
    "{N} = {m}.shape[0]",
    "{N} = 0",
    "{N} = 2",
    "{N} = {i} + 1",
]
