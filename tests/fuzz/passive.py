"""Code around the numbers, as real functions have it: checks, options, attempts; the phrases for it."""

from __future__ import annotations

from .phrases import phrases

PASSIVE = [
    "assert {v}.ndim == 1, 'a vector'",
    "{N} = {e} if isinstance({v}, np.ndarray) else 0.0",
    "{N} = {{'low': 0.5, 'high': 1.5}}['low' if {i} > 1 else 'high'] * {e}",
    "{N} = float(str(0.25)) * {e}",
    "{N} = getattr(math, 'sin')({e})",
    "{N} = {e} * (1 if {v}.dtype == float else 2)",
    "{N} = next(iter([{e}, {e}]))",
    "{N} = {e} * {v}.shape[0] ** 0.5",
    "{N} = {e} * ('abc'.index('b') + {i})",
    *phrases("""
try:
    {N} = float('0.5') * {e}
except ValueError:
    {N} = {e}

try:
    {N} = float('half')
except ValueError:
    {N} = {e}

try:
    key = 'missing'
    {N} = {{'there': 0.5}}[key]
except KeyError:
    {N} = 0.3 * {e}
finally:
    key = None

with np.errstate(divide='ignore', invalid='ignore'):
    {N} = {e} / (1.5 + {e} ** 2)

if not isinstance({v}, np.ndarray):
    raise TypeError('an array is needed')
{N} = {v}[0] * {e}

if {v}.ndim != 1 or len({v}) < 2:
    raise ValueError(f'a vector is needed, not {{{v}.ndim}} dimensions')
{N} = {v}[0] - {v}[1]

{N} = {e}
if {N} > 50.0:
    raise ValueError('too large')

match {v}.ndim:
    case 1:
        {N} = {e}
    case 2 | 3:
        {N} = 0.0
    case _:
        raise ValueError('shape')

match {i}:
    case 0:
        {N} = {e}
    case 1 | 2:
        {N} = 0.5 * {e}
    case _:
        {N} = 0.2

key = 'sum' if len({v}) > 2 else 'mean'
if key == 'sum':
    {N} = {v}.sum()
else:
    {N} = {v}.mean()

value = None
if value is None:
    value = {e}
{N} = 0.5 * value

row = [('a', 0.5), ('b', 1.5)]
{N} = 0.0
for key, value in row:
    {N} += value * {e} if key == 'a' else {e}

value = None
for u in {v}:
    if value is None or u > value:
        value = u
{N} = value * {e}
"""),
]  # fmt: skip
"""Each leaves a new number, N, or nothing."""
