"""Statements that build and change lists and dicts, and define functions: the phrases for them."""

from __future__ import annotations

from .phrases import phrases

FIRST_LISTS = [
    "{N} = [{e} * u for u in {v}]",
    "{N} = [u for u in {v} if u > {k}] + [{e}]",
    "{N} = [{e}, {e}, {e}]",
    "{N} = [row.sum() for row in {m}]",
    "{N} = {v}.tolist()",
    "{N} = [p * q for p, q in zip({v}, {v})]",
    "{N} = sorted({v})",
    *phrases("""
{N} = []
for u in {v}:
    {N}.append(u * {e})

{N} = [{e}]
for p in range({i}):
    {N}.append(0.5 * {N}[-1] + {e})

{N} = []
for u in {v}:
    if u > {k}:
        {N}.append(u * u)
{N}.append({e})

{N} = [0.0] * len({v})
for p in range(len({v})):
    {N}[p] = {v}[p] * {e}

{N} = [0.0] * 3
{N}[{j}] = {e}

{N} = list({v})
{N}[0] = {e}

{N} = [{e}]
while len({N}) < 4:
    {N}.append(0.6 * {N}[-1])

{N} = [{e}, {e}]
{N} += [u * 0.5 for u in {v}]

{N} = []
for p in range({i}):
    {N} = {N} + [{e} * p]
{N}.append({e})
"""),
]  # fmt: skip
LIST_CHANGES = [
    "{L}.append({e})",
    "{L}.append(0.5 * {L}[-1])",
    "{L}[-1] += {e}",
    "{L}[0] = {e}",
    "{L}[{j}] *= {e}",
    "{L}.extend([{e}, {e}])",
    "{L} += [{e}]",
    "{L} = [0.5 * u for u in {L}]",
    "{L} = [u for u in {L} if u > -5.0]",
    "{L}.reverse()",
    "{L}.insert(0, {e})",
    "{N} = [u * {e} for u in {L} if u > {k}]",
    "{N} = [u if u > {k} else {e} for p, u in enumerate({L}) if p != 1]",
    "{N} = sum(u * q for u, q in zip({L}, reversed({L})) if u > {k})",
    "{N} = [u * q for u in {L} for q in {v} if u < q]",
    "{N} = max({L}) - min({L})",
    "{L}[:] = [u * {e} for u in {L}]",
    "{L}[1:] = [{e}, {e}]",
    "{L}[0], {L}[-1] = {L}[-1], {L}[0]",
    *phrases("""
{N} = {L}.pop()
{L}.append({N} * {e})

{N} = {L}
{N}.append({e})

for p in range(len({L})):
    {L}[p] = {L}[p] * {e}

for p in range(1, len({L})):
    {L}[p] += 0.5 * {L}[p - 1]

{N} = 0.0
for u in {L}:
    {N} += u * {e}

{N} = 0.0
for u in reversed({L}):
    {N} = 0.5 * {N} + u

{N} = 0.0
while {L}:
    {N} += 0.3 * {L}.pop()
{L}.append({N})

{N} = np.array({L})
{N}[0] = {e}

{N} = {L}[:]
{L}[0] = {e}
{N}[-1] += {L}[0]

{N} = {L} if {c} else [{e}]
{N}.append({e})

{N} = [{L}, [{e}]]
{N}[1].append({L}[0])
{N}[0][0] = {e}

{N} = 0.0
for u in list({L}):
    if u > {k}:
        {L}.append(0.5 * u)
        {N} += u

for p in range({i}):
    if {c}:
        {L}.append({e})
    else:
        {L}[-1] = {e}

{N} = [{A} * {e} for p in range(2)]
{N}[0][0] = {e}

{N} = [{A}.copy()]
for p in range({i}):
    {N}.append(0.5 * {N}[-1])

{N} = []
for row in {M}:
    {N}.append(row * {e})
"""),
]  # fmt: skip
DICTS = [
    "{N} = {{'a': {e}, 'b': {e}}}",
    "{N} = dict(a={e}, w={v}.copy())",
    "{D}['a'] = {e}",
    "{D}['a'] += {e}",
    "{D}['new'] = {D}['a'] * {e}",
    "{D} = {{**{D}, 'a': {e}}}",
    "{D}.update(a={e})",
    "{D}['w'][{j}] = {e}",
    "{D}['w'] *= 0.5",
    "{N} = {{key: 0.5 * value for key, value in {D}.items()}}",
    "{N} = {D}.get('a', 0.0) * {e}",
    *phrases("""
{N} = 0.0
for value in {D}.values():
    {N} += 0.3 * np.sum(value)

{N} = 0.0
for key, value in {D}.items():
    if key != 'b':
        {N} = {N} + np.sum(value) * {e}

for key in {D}:
    {D}[key] = {D}[key] * 0.5

{N} = {D}
{N}['a'] = {e}

for key, value in list({D}.items()):
    {D}[key] = value * {e}

{N} = 0.0
for key in sorted({D}):
    {N} = 0.5 * {N} + np.sum({D}[key])

{N} = sum(np.sum(value) for key, value in {D}.items() if key != 'b')

{N} = len({D}) * {D}.setdefault('b', {e})

{N} = {D}['a'] if 'a' in {D} else {e}

if 'extra' not in {D}:
    {D}['extra'] = {e}
{N} = {D}['extra']

{N} = {D}.copy()
{N}['a'] = {e}
{D}['a'] += {N}['a']

for p in range({i}):
    {D}['a'] = 0.5 * {D}['a'] + {e}

{D} |= {{'a': {e}}}

{N} = {D}.pop('a')
{D}['a'] = {N} * 0.5
"""),
]  # fmt: skip
CLOSURES = [
    "{N} = np.array(list(map(lambda u: u * {e}, {v}))).sum()",
    *phrases("""
def {F}(u):
    return u * {e} + {e}
{N} = {F}({e}) * {F}(0.3)

{N} = 0.0
def {F}(u):
    nonlocal {N}
    {N} += u * {e}
for u in {v}:
    {F}(u)

def {F}(u, k={e}):
    if u > k:
        return k + 0.1 * (u - k)
    return u
{N} = {F}({e}) + {F}({e}, 0.2)

def {F}(u):
    for _ in range({i}):
        u = 0.5 * u + {e}
    return u
{N} = {F}({e})

{F} = lambda u: u * {e}
{N} = {F}({e})
{N} += {F}({N})

{F} = []
for p in range(3):
    {F}.append(lambda u, p=p: u * p * {e})
{N} = sum(f(0.5) for f in {F})

def {F}(u):
    u[0] = {e}
    u[1:] *= 0.5
{F}({A})

def {F}(i):
    {A}[i] = {e}
for p in range(2):
    {F}(p)

def {F}(u, n):
    return {e} if n == 0 else u * {F}(0.5 * u, n - 1)
{N} = {F}({e}, 2)

{F} = []
for p in range(3):
    {F}.append(lambda u: u * p + {e})
{N} = {F}[0]({e}) + {F}[1](0.5)

{F} = []
for p in {v}:
    {F}.append(lambda u, p=p: u * p)
{N} = {F}[0]({e}) * {F}[-1](0.5)

{N}, {O} = {e}, 0.0
def {F}(u):
    nonlocal {N}, {O}
    {N}, {O} = 0.5 * {N} + u, {O} + {N}
    return {O}
for p in range({i}):
    {O} = {F}({e})

def {F}(values, limit={e}):
    for p, u in enumerate(values):
        if u > limit:
            return u, p
        if u < -1.0:
            break
    else:
        return limit, -1
    return 0.5 * limit, 0
{N} = {F}({v})[0] + {F}({v}, 0.2)[0]

def {F}(u, w):
    def inside(x):
        while abs(x) > 0.4:
            x = 0.5 * x + 0.01 * w
            if x > 1.0:
                return w
        return x
    return inside(u) * inside(w)
{N} = {F}({e}, {e})

{N} = {e}
def {F}():
    return {N} * 2.0
{N} = {F}() + {e}
{N} += {F}()

def {F}(u, out):
    for p in range(len(out)):
        if p > 1:
            return out
        out[p] = u * {e}
    return out
{N} = {F}({e}, {V}).sum()

{F} = {{'up': lambda u: u + {e}, 'down': lambda u: u - 0.5}}
{N} = {F}['up']({e}) * {F}['down']({e})
"""),
]  # fmt: skip
"""Each defines a function, uses it once or twice, and leaves a number or a changed array."""
