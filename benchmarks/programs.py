"""Programs written by programs: how long transforming takes as they grow, what a call between them costs."""

import numpy as np


def weighted(a, b, c):
    return np.sum(a * b * c)


def helpers(levels):
    """The source of two functions that do the same: `nested` goes down the levels, `flat` along them."""
    lines = ["from math import sin"]
    for k in range(levels):
        deeper = f"h{k - 1}(y)" if k else "y"
        for name, result in ((f"h{k}", deeper), (f"g{k}", "y")):
            lines += ["", "", f"def {name}(x):", *BEND, f"    return {result}"]
    lines += ["", "", "def nested(x):", f"    return h{levels - 1}(x)"]
    lines += ["", "", "def flat(x):", *(f"    x = g{k}(x)" for k in range(levels)), "    return x", ""]
    return "\n".join(lines)


BEND = """\
    if x > 0.5:
        y = 3.7 * x * (1 - x)
    else:
        y = sin(x) + 0.3""".splitlines()


def nested_function(name, levels):
    """The source of a function of x and n, with a loop of n steps in an if in a loop, and so on."""
    body = []
    for k in range(levels):
        indent = "    " * (k + 1)
        opening = f"if x > -{k}.5:" if k % 2 else f"for i{k} in range(n):"
        body += [f"{indent}x = 0.9 * x + 0.1 * sin(x)", f"{indent}{opening}"]
    body += ["    " * (levels + 1) + "x = x * (1.2 - x)"]
    return "\n".join(["from math import sin", "", "", f"def {name}(x, n):", *body, "    return x", ""])


def looping_function(name, lines):
    """The source of a function of x and an array A: loops, branches and stores, ten lines each."""
    block = """\
    for i in range(len(A)):
        if x > 0.5:
            x = 3.7 * x * (1 - x)
        else:
            x = sin(x) + 0.3
        s = 0.9 * s + x * A[i]
    a = exp(-s * s)
    A[{0}] = a * x
    b = a / (1.5 + s**2)
    s = s - 0.25 * b"""
    body = [block.format(k % 4) for k in range(lines // 10)]
    head = ["from math import exp, sin", "", "", f"def {name}(x, A):", "    s = 0.0"]
    return "\n".join([*head, *body, "    return s + x", ""])


def long_function(name, statements):
    """The source of a straight-line scalar function: cheap to run, every statement active."""
    forms = (
        "sin({0}) * {1}",
        "{0} * {1} + 0.5",
        "exp(-{0} * {0})",
        "{0} / (1.5 + {1} ** 2)",
        "{0} - 0.25 * {1}",
    )
    body = [
        f"    v{k} = " + forms[k % len(forms)].format(f"v{k - 1}", f"v{max(k - 3, 0)}")
        for k in range(1, statements)
    ]
    head = ["from math import exp, sin", "", "", f"def {name}(v0):"]
    return "\n".join([*head, *body, f"    return v{statements - 1}", ""])
