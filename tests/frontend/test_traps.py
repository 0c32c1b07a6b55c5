"""Programs on which a careless partial evaluator gives a wrong number."""

import dataclasses
import itertools

import numpy as np
import pytest

from transform.errors import TransformError, UnsupportedError

from .lowering import assert_lowers, lowered

V = np.array([0.3, -1.2, 2.0])


def twice_in_place_in_branch(v):
    a = v * 2
    b = a
    if v.sum() > 0:
        a += 1
        a *= 3
    return b + a


def alias_made_in_branch(v):
    u = v
    if v.sum() > 0:
        w = v * 2
        u = w
        w += 1
    return u * 2


def view_before_branch(v):
    a = v * 1
    b = a[1:]
    if v.sum() > 0:
        a += 1
    return b.sum()


def view_in_branch(v):
    a = v * 1
    if v.sum() > 0:
        b = a[1:]
        a += 1
    else:
        b = v[1:]
    return b.sum()


def in_place_in_both_branches(v):
    a = v * 1
    held = [a]
    if v.sum() > 0:
        a += 1
    else:
        a -= 5
    return held[0] * a


def in_place_in_helper_in_branch(v):
    a = v * 1

    def bump():
        nonlocal a
        a += 10

    if v.sum() > 0:
        bump()
    return a


def literal_in_both_branches(v):
    if v.sum() > 0:
        s = 4.0
    else:
        s = 4.0
    return v * s


def bools_add_up(v):
    x = v[0]
    return (x > 0) + (x < 1) + (x > -5) * 2.0


def float_bools(v):
    x = float(v[0])
    return (x > 0) + (x < 1), -(x > 0), (x > 0) * (x < 5), abs(x > 0)


def walrus_and(v):
    x = v[0]
    y = 0.0
    if x > 0 and (y := x * 2) > 0.1:
        return y
    return x - y


def float_and(v):
    x = float(v[0])
    return (x and 3.0) + (x or 2.0) + (0.0 or x) + (1.0 if x and x > 0 and not (x and v[1]) else 2.0)


@dataclasses.dataclass
class Box:
    value: object
    label: str = dataclasses.field(default="", compare=False)


def equal_records(v):
    x = float(v[0])
    same = Box(x, "a") == Box(x, "b")
    other = Box(2.0) == Box(x)
    return (1.0 if same else 2.0) + (10.0 if other else 20.0)


def loop_variable_captured_late(v):
    functions = [lambda z: z * k for k in range(3)]
    return sum(f(v[0]) for f in functions)


def default_captured_early(v):
    functions = [lambda z, k=k: z * k for k in range(3)]
    return sum(f(v[0]) for f in functions)


def shadowed_later(v):
    abs = np.negative
    return abs(v)


def copies_are_copies(v):
    a = np.array(v)
    b = a.copy()
    c = +a
    d = np.asarray(a)
    a += 1
    return a + 10 * b + 100 * c + 1000 * d


def list_alias(v):
    a = [v[0]]
    b = a
    b.append(v[1])
    a += [v[2]]
    c = a + [1.0]
    c[0] = 0.0
    return sum(a) + len(b) + sum(c)


def object_in_branch(v):
    box = Box(v[0])
    other = box
    if v[1] > 0:
        box.value = v[2]
    return other.value * 2


def counter_in_branch(v):
    k = 0
    if v[0] > 0:
        k += 1
    return v * k


def raising_helper(v):
    def checked(x):
        if x > 100:
            raise ValueError
        return x * 2

    return checked(v[0]) + checked(v[1])


def nested_branches(v):
    a, b = v[0], v[1]
    if a > 0:
        if b > 0:
            c = a + b
        else:
            c = a - b
        d = c * 2
    elif b > 1:
        d = b
    else:
        return a * b
    return d + a


def guard_of_an_int(x, n):
    if n < 0:
        raise ValueError
    assert n < 100
    return x**n


GOOD = [
    view_before_branch, view_in_branch, twice_in_place_in_branch, alias_made_in_branch,
    in_place_in_both_branches, in_place_in_helper_in_branch,
    literal_in_both_branches, bools_add_up, float_bools, walrus_and, float_and, equal_records,
    loop_variable_captured_late, default_captured_early, shadowed_later, copies_are_copies, list_alias,
    object_in_branch, counter_in_branch, raising_helper, nested_branches,
]  # fmt: skip


@pytest.mark.parametrize("function", GOOD, ids=lambda f: f.__name__)
@pytest.mark.parametrize("v", [V, -V, V * 0, V[::-1] + 0.0])
def test_right(function, v):
    assert_lowers(function, v)


def test_checks_do_not_demand_values():
    assert len(lowered(guard_of_an_int, 2.0, 3).function.params) == 2
    assert_lowers(guard_of_an_int, 2.0, 3)


def iterator_in_branch(v):
    items = iter([1.0, 2.0, 3.0])
    if v[0] > 0:
        next(items)
    return v * next(items)


def generator_in_branch(v):
    items = (k * 1.0 for k in range(5))
    a = 0.0
    if v[0] > 0:
        a = sum(itertools.islice(items, 2))
    return v * a + next(items)


def grouped(v):
    return [k for k, _ in itertools.groupby([v[0], v[0], v[1]])]


def sorted_by_key(v):
    return min([v[0], v[1]], key=lambda x: x)


def caught_by_mistake(v):
    try:
        [v[0], v[1]].sort()
    except TypeError:
        return v * 2
    return v


def dict_by_value(v):
    return {v[0]: 1}[v[0]]


@pytest.mark.parametrize(
    "function",
    [iterator_in_branch, generator_in_branch, grouped, sorted_by_key, caught_by_mistake, dict_by_value],
    ids=lambda f: f.__name__,
)  # fmt: skip
def test_refused(function):
    with pytest.raises(TransformError) as caught:
        lowered(function, V)
    assert "defect" not in str(caught.value)


REGISTRY = {"box": Box(2.0)}


def writes_to_registry(x):
    box = REGISTRY.get("box")
    box.value = x
    return box.value * 2


def counts_calls(x):
    REGISTRY["box"].value += 1
    return x * 2


def binds_an_attribute(x):
    for REGISTRY["box"].value in (x, x * 2):
        x = x * 2
    return x


def sets_by_name(x):
    setattr(REGISTRY["box"], "label", "seen")
    return x


def sets_in_a_branch(x):
    if x > 0:
        REGISTRY["box"].value = x
    return x


@pytest.mark.parametrize(
    "function",
    [writes_to_registry, counts_calls, binds_an_attribute, sets_by_name, sets_in_a_branch],
    ids=lambda f: f.__name__,
)
def test_objects_from_outside_are_never_written(function):
    with pytest.raises(UnsupportedError, match="outside"):
        lowered(function, 3.0)
    assert vars(REGISTRY["box"]) == {"value": 2.0, "label": ""}
