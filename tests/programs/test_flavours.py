"""The corpus under the Numba flavour: each derivative is what the Python flavour gives, or is refused.

Compiling takes its time, so only some of the programs are checked by default, others with another SEED;
CORPUS=all checks every one (`make flavours`). What is refused is skipped, with the reason.
"""

import copy
import importlib
import inspect
import os
import random
from pathlib import Path

import numpy as np
import pytest

from tests.programs.check import is_float, leaves, mapped, returning
from tests.support.flavours import Refused, compare

SOME = 10


def corpus():
    """Every case of every program: module, name, number of the case."""
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        if path.stem == Path(__file__).stem:
            continue
        module = importlib.import_module(f"tests.programs.{path.stem}")
        for name, thing in vars(module).items():
            for k in range(len(getattr(thing, "cases", ()))):
                yield pytest.param(module, name, k, id=f"{path.stem}-{name}-{k}")


def chosen():
    cases = [*corpus()]
    if os.environ.get("CORPUS") == "all":
        return cases
    return random.Random(os.environ.get("SEED", "1")).sample(cases, SOME)


def direction(x):
    d = np.linspace(0.3, 0.9, np.size(x)).reshape(np.shape(x))
    if np.iscomplexobj(x):
        d = d * (1 + 0.5j)
    if isinstance(x, np.ndarray):
        return d.astype(x.dtype)
    return type(x)(d)


@pytest.mark.parametrize("module, name, k", chosen())
def test_the_corpus(module, name, k):
    function = getattr(module, name)
    arguments, options = function.cases[k]
    bound = inspect.signature(function).bind(*arguments)
    bound.apply_defaults()
    arguments = bound.args
    wrt = tuple(n for n, argument in enumerate(arguments) if leaves(argument))
    results = options.get("results")
    named = {"argnums": wrt} | ({} if results is None else {"results": results})
    primal = returning(function, arguments, results)
    value = primal(*copy.deepcopy(arguments))
    dots = [mapped(direction, arguments[n]) for n in wrt]
    bars = [direction(leaf) for leaf in leaves(value)]
    try:
        compare("tangent", function, [*arguments, *dots], **named)
        compare("adjoint", function, [*arguments, *bars], **named)
        if primal is function and is_float(value) and np.ndim(value) == 0 and not np.iscomplexobj(value):
            compare("value_and_grad", function, arguments, argnums=wrt)
            if options.get("second", True):
                compare("hvp", function, [*arguments, *dots], argnums=wrt)
    except Refused as refusal:
        pytest.skip(str(refusal))
