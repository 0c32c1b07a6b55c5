"""Statements that make arrays and write into them, also through other names: the phrases for them."""

from __future__ import annotations

from .phrases import phrases

WHOLE = [
    "{A} += {x}",
    "{A} *= {x}",
    "{A} -= 0.3 * {x}",
    "{A} *= 0.7",
    "{A} += {e}",
    "{A} /= 1.5 + {x} ** 2",
    "{A}[:] = {x}",
    "{A}[...] = {x}",
    "{A}[:] = {e}",
    "{A}[::-1] = {x}",
    "{A}.fill({e})",
    "np.multiply({A}, 0.5, out={A})",
    "np.add({A}, {x}, out={A})",
    "np.sin({x}, out={A})",
    "np.tanh({A}, {A})",
    "np.copyto({A}, {x})",
    "np.copyto({A}, {x}, where={x} > {k})",
    "np.maximum({A}, {e}, out={A})",
    "np.exp(-({x} ** 2), out={A})",
    "np.add({A}[::-1], {x}, out={A})",
    "np.add({x}[1:], {e}, out={A}[1:])",
    "np.putmask({A}, {A} > {k}, {e})",
    "{A}[({A} > -0.5) & ({A} < {k})] += {e}",
    "{A}[np.abs({x}) > {k}] *= {e}",
    "{A}[~({A} > {k})] = {A}[~({A} > {k})] * {e}",
    "{A}[1:][::-1][:1] += {e}",
    "{A}[::-1][1:] *= {x}[1:]",
    "{A}[{A} > {k}] = {e}",
    "{A}[{A} > {k}] *= 0.5",
    "{A}[{A} < {k}] += {e}",
    "{A}[{x} > {k}] = 0.0",
    "{A}.T[0] = {e}",
    "{A}.T[{j}] *= 0.5",
    "{A}.T[:, 0] += {e}",
    "{A}[::-1][0] = {e}",
    "{A}[1:][0] += {e}",
    "{A} = {A} + {x}",
    "{A} = 0.5 * {A}",
    "{A} = {A}[::-1].copy()",
]
"""A is an array that is there, x an array of its shape."""
VECTOR_CHANGES = [
    "{V}[1:-1] = 0.5 * {V}[1:-1] + 0.25 * ({V}[2:] + {V}[:-2])",
    "{V}[1:-1] -= 0.1 * {V}[1:-1] * ({V}[2:] - {V}[:-2])",
    "{V}[1:] = {V}[:-1]",
    "{V}[:-1] += 0.5 * {V}[1:]",
    "{V}[0], {V}[-1] = {V}[-1], {V}[0]",
    "{V}[{i}] = 0.5 * ({V}[{i} - 1] + {e})",
    "{V}[{i}] += {V}[{i} - 1] * {e}",
    "{V}[[0, 1, 0]] += {e}",
    "{V}[np.array([0, 1, 1])] *= 0.5",
    "np.add.at({V}, [0, 1, 0], {e})",
    "np.add.at({V}, np.array([1, 1, 2]), {v}[:3])",
    "np.subtract.at({V}, [0, 0, 1], {e})",
    "{V}[{V}.argmax()] *= {e}",
    "{V}[[1, 1, 0]] = {v}[:3]",
    "np.cumsum({V} * 0.5, out={V})",
    "np.dot({m}, {V}.copy(), out={V})",
    "{V}[1:][1:][0] = {e}",
    "{V}[{i} :][0] += {e}",
    "{V}.sort()",
    "{V}[::2] = {V}[::2] ** 2",
    "{V} = np.concatenate([{V}[1:], {V}[:1]])",
    *phrases("""
for p in range(1, len({V})):
    {V}[p] += 0.5 * {V}[p - 1]

for p in range(len({V}) - 2, -1, -1):
    {V}[p] = {V}[p] - 0.3 * {V}[p + 1]

for p, u in enumerate({V}):
    {V}[p] = {e} * u

for p in range(len({V})):
    if {V}[p] < {k}:
        {V}[p] = {e}

for p in range({i}):
    {V}[p % len({V})] += {e}

for p in range(2):
    {V}[1:-1] = {V}[1:-1] + 0.1 * ({V}[2:] - {V}[:-2])
"""),
]  # fmt: skip
MATRIX_CHANGES = [
    "{M}[{i}] = {M}[{i} - 1] * {e}",
    "{M}[{i}, {j}] += {e}",
    "{M}[0] += {M}[-1]",
    "{M}[:, 0] *= {M}[:, -1]",
    "{M}[{i}][{j}] = {e}",
    "{M}[{i}][1:] *= {e}",
    "{M}[1:, 1:] = {M}[:-1, :-1]",
    "{M}[[0, 1, 0], 0] += {e}",
    "{M}[[0, 0]] += {e}",
    "np.add.at({M}, ([0, 1, 0], [0, -1, 0]), {e})",
    "np.add.at({M}, [0, 0], {M}[0])",
    "{M}[[0, 1], [1, 0]] += {e}",
    "{M}[1:][0][::2] *= {e}",
    "{M}.T[1:][0] += {e}",
    "{M}.T[::-1][0][0] = {e}",
    "{M}[:, 1:].T[0] -= {e}",
    "{M}[{M}[:, 0] > {k}] *= 0.5",
    "np.sum({M} * {e}, axis=0, out={M}[0])",
    "np.multiply({M}[0], {e}, out={M}[-1])",
    "{M}[:] = {M} @ {q}",
    "{M}.sort(axis=0)",
    *phrases("""
for row in {M}:
    row[0] = {e}

for row in {M}:
    row *= {e}

for row in {M}:
    row += row[0]

for col in {M}.T:
    col[1:] -= 0.3 * col[:-1]

for p, row in enumerate({M}):
    row[:] = 0.5 * row + 0.1 * p

for p in range({M}.shape[0]):
    for q in range(p + 1):
        {M}[p, q] *= {e}

for p in range({M}.shape[0]):
    {M}[p] -= {M}[p].mean()
"""),
]  # fmt: skip
ALIASES = [
    "{N} = {A}[::2]",
    "{A}, {N} = {A} * 0.5, {A}",
    "{N} = {A} if {c} else {A} * 0.5",
    *phrases("""
{N} = {A}
{N}[0] = {e}

{N} = {A}
{N} += {e}

{N} = {A}[1:]
{N}[0] += {e}

{N} = {A}[1:]
{N} *= 0.5

{N} = {A}[::-1]
{N}[0] = {e}

{N} = {A}[:]
{N}[-1] *= {e}

{N} = {A}[1:][:1]
{N}[0] = {e}

{N} = {A}[1:][::-1]
{N}[0] *= {e}

{N} = {A}[::-1]
{O} = {N}[1:]
{O}[0] = {e}
{A}[0] += {e}

{N} = {M}.T[1:]
{M}[0] *= {e}
{N}[0, 0] += {e}

{N}, {O} = {A}, {A}.copy()
for p in range({i}):
    {O}[0] = {e} * {N}[0]
    {N}, {O} = {O}, {N}

{N} = [{A}, {A} * 0.5]
for p in range({i}):
    {N}[0][0] += {e}
    {N} = [{N}[1], {N}[0]]

{N} = {A}
for p in range({i}):
    {N} = {A}
{N}[0] = {e}

{N} = {A} * 0.5
for p in range({i}):
    if {c}:
        {N} = {A}
    {N}[0] += 0.1

for p in range(2):
    {N} = {A}[p:]
    {N}[0] *= {e}

for {N} in [{A}, {A} * 0.3]:
    {N} *= {e}

{N} = {{'u': {A}, 'w': {A} * 2.0}}
for key in ('u', 'w'):
    {N}[key][0] += {e}

{N} = {A}.T
{N}[0] = {e}

{N} = {A}.T
{N}[:, 0] *= 0.5

{N} = {M}[{i}]
{N}[0] = {e}

{N} = {M}[{i}]
{N} += {e}

{N} = {M}[0]
{M}[0, 0] = {e}

{N} = {M}[:, 0]
{M}[1] *= 0.5

{N} = {M}[1:, :-1]
{N}[0, 0] = {e}

{N} = {V}[1:]
{V}[:] = 0.5 * {V}

{N} = {A}.copy()
{A}[0] = {e}

{N} = {V}[0]
{V}[0] = {e}

{N}, {O} = {V}[:2], {V}[2:]
{N}[0] = {e}

{N} = {O} = {A} * 0.5
{O}[0] = {e}

{N} = ({A}, {A})
{N}[0][0] = {e}

{N} = [{A}, {A}]
{N}[-1][0] += {e}

{N} = {{'u': {A}, 'k': {e}}}
{N}['u'][0] = {N}['k']

{N} = {{'u': {A}}}
{N}['u'] *= 0.5

{N} = np.asarray({A})
{N}[0] = {e}

{N} = {A}.reshape({A}.shape)
{N}[0] = {e}

{N} = {M}.ravel()
{N}[1] = {e}

{N} = {V}.reshape(1, -1)
{N}[0, 0] += {e}

{N} = {V}[:, None]
{N}[0] = {e}

{N} = {A}
{A} = {A} + 0.1
{N}[0] = {e}

for {N} in ({A}, {A}):
    {N}[0] = 0.5 * {N}[0]

{N} = {A}.copy() if {c} else {A} * 0.5
{N}[0] = {e}
"""),
]  # fmt: skip
"""Each makes a name for an array that is there, or part of it, and often writes through it."""
FIRST_ARRAYS = [
    "{N} = np.zeros(3)",
    "{N} = np.zeros(len({v}))",
    "{N} = np.zeros_like({v})",
    "{N} = np.zeros({m}.shape)",
    "{N} = np.ones((2, 3))",
    "{N} = {v}.copy()",
    "{N} = {m}.copy()",
    "{N} = np.array({v})",
    "{N} = {m} * {e}",
    "{N} = np.array([{e} * p for p in range(3)])",
    "{N} = np.array([[{e} * p + q for p in range(3)] for q in range(2)]) * 0.2",
    "{N}, {O} = np.zeros((2, 3))",
    "{N} = np.array([0.0, {e}, {e}])",
    "{N} = np.full(3, {e})",
    "{N} = np.stack([{v}, {v} * {e}])",
    *phrases("""
{N} = np.zeros((len({v}), 2))
{N}[:, 0] = {v}
{N}[:, 1] = {e}

{N} = {v} * {e}
{N}[0] = {e}

{N} = np.empty(3)
{N}[0] = {e}
{N}[1:] = {v}[:2]

{N} = np.empty_like({v})
{N}[:] = {v} * {e}

{N} = np.empty(len({v}))
for p in range(len({v})):
    {N}[p] = {v}[p] * {e}

{N} = np.empty({v}.size)
{N}[0] = {e}
for p in range(1, {N}.size):
    {N}[p] = 0.3 + 0.4 * {N}[p - 1] + 0.1 * {v}[p - 1] ** 2

{N} = np.empty_like({v})
for p, u in enumerate({v}):
    {N}[p] = u * u if u > {k} else {e}

{N} = np.zeros(len({v}))
for p in range(len({v})):
    for q in range(p + 1):
        {N}[p] += 0.3 * {v}[q]

{N} = np.empty(({m}.shape[0], 2))
for p in range({m}.shape[0]):
    {N}[p, 0] = {m}[p, 0]
    {N}[p, 1] = {m}[p].sum()

{N} = np.empty_like({m})
for p, row in enumerate({m}):
    {N}[p] = np.tanh(row) * {e}

{N} = np.zeros({m}.shape[1])
for row in {m}:
    {N} += row

{N} = np.empty((len({v}), len({v})))
for p in range(len({v})):
    for q in range(len({v})):
        {N}[p, q] = math.exp(-({v}[p] - {v}[q]) ** 2)

{N} = np.empty_like({v})
np.multiply({v}, {e}, out={N})

{N}, {O} = {v}.copy(), np.empty_like({v})
for _ in range({i}):
    {O}[:] = 0.5 * {N} + 0.1
    {N}, {O} = {O}, {N}

{N} = {v}
for _ in range({i}):
    {N} = np.sin({N}) * {e}

{N} = {v}[np.argsort({v})]
{N}[0] *= {e}
"""),
]  # fmt: skip
