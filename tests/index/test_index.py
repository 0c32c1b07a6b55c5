"""The index: what a process derived, the next one finds; never where something means another thing there.

Another process is a module that is imported anew: other functions, other objects, the same folder.
"""

import importlib
import linecache
import math
import os
import sys

import numpy as np
import pytest

import transform
from transform import adjoint, grad, hvp, jacobian, tangent, value_and_grad
from transform import cache as specialisations
from transform import derivative as deriving
from transform.compile import store
from transform.index import index

X = 0.75


@pytest.fixture
def world(tmp_path, monkeypatch):
    """Modules that can be written and imported anew, and how often a function has been lowered."""
    monkeypatch.setenv(store.VARIABLE, str(tmp_path / "cache"))
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    return World(tmp_path, monkeypatch)


@pytest.fixture
def given(monkeypatch):
    """What the modules of a process read from the environment."""
    return lambda value: monkeypatch.setenv("GIVEN", str(value))


class World:
    def __init__(self, folder, monkeypatch):
        self.folder, self.names, self.lowered = folder, {"program"}, 0
        lower_any = deriving.lower_any

        def counted(*args):
            self.lowered += 1
            return lower_any(*args)

        monkeypatch.setattr(deriving, "lower_any", counted)

    def process(self, text, **others):
        """The module with this text in a new process, and other modules beside it."""
        self.lowered = 0
        for name, content in {"program": text, **others}.items():
            (self.folder / f"{name}.py").write_text(content)
            self.names.add(name)
        for name in self.names:
            sys.modules.pop(name, None)
        importlib.invalidate_caches()
        return importlib.import_module("program")

    def slope(self, text, x=X, **others):
        """The derivative of the module's f in a new process."""
        return grad(self.process(text, **others).f, backend="numba")(x)

    def kept(self):
        folder = self.folder / "cache" / store.DERIVED
        return sorted(folder.iterdir()) if folder.is_dir() else []


PLAIN = """
import math

def f(x):
    return math.sin(2.0 * x)
"""
PLAIN_SLOPE = 2 * math.cos(2 * X)


def test_the_next_process_derives_nothing(world):
    assert world.slope(PLAIN) == pytest.approx(PLAIN_SLOPE, rel=1e-14)
    assert world.lowered == 1
    assert world.slope(PLAIN) == pytest.approx(PLAIN_SLOPE, rel=1e-14)
    assert world.lowered == 0
    assert len(world.kept()) == 1


# The same text in two processes with another GIVEN, and the slopes for 2 and for 3 by calculus: x^2 and x^3
# where nothing else is said. So it is not the text that tells them apart.
SQUARE, CUBE = 2 * X, 3 * X**2
CHANGED = {
    "its own code": "if GIVEN == 2:\n    def f(x): return x * x\nelse:\n    def f(x): return x * x * x",
    "a helper": "def g2(x): return x * x\ndef g3(x): return x * x * x\n"
    "g = g2 if GIVEN == 2 else g3\ndef f(x): return g(x)",
    "a helper of the same name": "if GIVEN == 2:\n    def g(x): return x * x\nelse:\n"
    "    def g(x): return x * x * x\ndef f(x): return g(x)",
    "a number that decides": "N = GIVEN\ndef f(x): return x ** N",
    "an option": "HOW = 'square' if GIVEN == 2 else 'cube'\n"
    "def f(x): return x * x if HOW == 'square' else x * x * x",
    "a flag": "HOW = GIVEN == 2\ndef f(x): return x * x if HOW else x * x * x",
    "a default": "def g(x, n=GIVEN): return x ** n\ndef f(x): return g(x)",
    "a default by name": "def g(x, *, n=GIVEN): return x ** n\ndef f(x): return g(x)",
    "a default of its own": "def f(x, n=GIVEN): return x ** n",
    "a cell": "def make(n):\n    def f(x): return x ** n\n    return f\nf = make(GIVEN)",
    "a cell of a helper": "def make(n):\n    def g(x): return x ** n\n    return g\n"
    "g = make(GIVEN)\ndef f(x): return g(x)",
    "a list": ("LIST = [1, 2, 3][:GIVEN]\ndef f(x): return sum([x ** n for n in LIST])",
               1 + SQUARE, 1 + SQUARE + CUBE),
    "a list in a tuple": "PAIR = ([GIVEN], 'x')\ndef f(x): return x ** PAIR[0][0]",
    "a dict": "TABLE = {'n': GIVEN}\ndef f(x): return x ** TABLE['n']",
    "the type of a number": ("N = 2.0 if GIVEN == 2 else 3\ndef f(x): return N * x", 2.0, 3.0),
    "a function of a library": ("import math\ng = math.sin if GIVEN == 2 else math.cos\n"
                                "def f(x): return g(x)", math.cos(X), -math.sin(X)),
    "a ufunc": ("import numpy as np\ng = np.sin if GIVEN == 2 else np.cos\n"
                "def f(x): return g(x)", math.cos(X), -math.sin(X)),
    "a module": (
        "import numpy, math\nm = math if GIVEN == 2 else numpy\ndef f(x): return m.sin(x)",
        math.cos(X), math.cos(X)
    ),
    "a name that hides what is built in": (
        "if GIVEN == 3:\n    def abs(x): return x * x\ndef f(x): return abs(x - 1.0)", -1.0, 2 * (X - 1)
    ),
    "one function instead of two": (
        "def make(c):\n    def g(x): return c * x\n    return g\n"
        "g = make(2.0)\nh = g if GIVEN == 2 else make(3.0)\ndef f(x): return g(x) * h(x)", 8 * X, 12 * X
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", CHANGED)
@pytest.mark.parametrize("order", [(2, 3), (3, 2)], ids=["there", "back"])
def test_what_is_read_from_outside_may_change(world, given, what, order):
    text, *slopes = CHANGED[what] if isinstance(CHANGED[what], tuple) else (CHANGED[what], SQUARE, CUBE)
    text = f"import os\nGIVEN = int(os.environ['GIVEN'])\n{text}\n"
    for k in order:
        given(k)
        assert world.slope(text) == pytest.approx(slopes[k - 2], rel=1e-14)
        assert world.lowered == 1
    # And what did not change is found.
    assert world.slope(text) == pytest.approx(slopes[order[1] - 2], rel=1e-14)
    assert world.lowered == 0


def test_lines_do_not_move_what_the_next_process_says(world):
    text = "def f(x):\n    return x * x\n"
    world.slope(text)
    assert "program.py:2" in grad(world.process("\n" + text).f, backend="numba").source


FROM_OUTSIDE = "import os\nC = float(os.environ['GIVEN'])\ndef f(x): return C * x * x"


def test_a_captured_number_is_that_of_this_process(world, given):
    for value, lowered in (("2.0", 1), ("3.5", 0), ("-1.0", 0)):
        given(value)
        assert world.slope(FROM_OUTSIDE) == 2 * float(value) * X
        assert world.lowered == lowered


def test_a_captured_array_is_that_of_this_process(world, given):
    text = """
import os
import numpy as np
W = np.arange(float(os.environ['GIVEN']))
def f(x):
    return np.sum(x * W)
"""
    for n, lowered in ((3, 1), (5, 0), (1, 1)):
        given(n)
        df = grad(world.process(text).f, backend="numba")
        np.testing.assert_allclose(df(np.ones(n)), np.arange(float(n)), rtol=1e-14)
        assert world.lowered == lowered


def test_a_helper_that_is_imported(world):
    text = "from helper import g\ndef f(x): return g(x)"
    square, cube = "def g(x): return x * x", "def g(x): return x * x * x"
    assert world.slope(text, helper=square) == 2 * X
    assert world.slope(text, helper=square) == 2 * X
    assert world.lowered == 0
    assert world.slope(text, helper=cube) == pytest.approx(3 * X**2, rel=1e-14)


def test_a_helper_in_an_imported_module(world):
    text = "import helper\ndef f(x): return helper.g(x) * helper.N"
    assert world.slope(text, helper="N = 2\ndef g(x): return x * x") == 4 * X
    assert world.slope(text, helper="N = 2\ndef g(x): return x * x") == 4 * X
    assert world.lowered == 0
    assert world.slope(text, helper="N = 3\ndef g(x): return x * x") == 6 * X


def test_a_helper_in_a_file_that_is_called_like_one_of_pythons_own(world):
    text = "from this import g\ndef f(x): return g(x)"
    world.names.add("this")
    for power in (2, 3):
        helper = f"def h(x): return x ** {power}\ndef g(x): return h(x)"
        df = grad(world.process(text, this=helper).f, backend="numba")
        assert df(X) == pytest.approx(power * X ** (power - 1), rel=1e-14)
        sys.modules["this"].h = math.sin
        assert df(X) == pytest.approx(math.cos(X), rel=1e-14)


def test_a_function_that_numba_compiled(world):
    text = "import numba\n@numba.njit\ndef g(x): return x ** {n}\ndef f(x): return g(x)"
    assert world.slope(text.format(n=2)) == 2 * X
    assert world.slope(text.format(n=2)) == 2 * X
    assert world.lowered == 0
    assert world.slope(text.format(n=3)) == pytest.approx(3 * X**2, rel=1e-14)


def test_an_object_of_the_users_is_not_kept(world):
    text = "class P:\n    n = {n}\np = P()\ndef f(x): return x ** p.n"
    assert world.slope(text.format(n=2)) == 2 * X
    assert not world.kept()


def test_a_rule_of_the_users_is_not_kept(world, monkeypatch):
    monkeypatch.setattr(specialisations, "_RULES_GIVEN", type(specialisations._RULES_GIVEN)())
    text = "def g(x): return x * x\ndef f(x): return g(x)"
    assert world.slope(text) == 2 * X
    program = world.process(text)
    transform.rule(program.g, partials=lambda x, y: 10.0)
    assert grad(program.f, backend="numba")(X) == 10.0
    assert world.slope(text) == 2 * X
    assert world.lowered == 1


def test_static_arguments_are_part_of_the_key(world):
    text = "def f(x, how): return x * x if how == 'square' else x"
    for how, slope in (("square", 2 * X), ("not", 1.0)):
        for lowered in (1, 0):
            df = grad(world.process(text).f, backend="numba")
            assert (df(X, how), world.lowered) == (slope, lowered)


def test_types_are_part_of_the_key(world):
    text = "import numpy as np\ndef f(x): return np.sum(x * x)"
    for x in (np.ones(3), np.ones(1), np.ones((2, 3)), np.ones(3, np.float32)):
        for lowered in (1, 0):
            bar = grad(world.process(text).f, backend="numba")(x)
            np.testing.assert_array_equal(bar, 2 * x)
            assert (bar.dtype, world.lowered) == (x.dtype, lowered)


TWO = "import math\ndef f(x, y):\n    a = x * y\n    return a * math.sin(x)"


def test_every_derivative_is_found(world):
    x, y = 0.6, 1.3
    sin, cos = math.sin(x), math.cos(x)
    fx, fy = y * sin + x * y * cos, x * sin
    fxx, fxy = 2 * y * cos - x * y * sin, sin + x * cos
    wanted = {
        "value": (lambda f: value_and_grad(f, (0, 1), backend="numba")(x, y), (x * y * sin, (fx, fy))),
        "tangent": (
            lambda f: tangent(f, (0, 1), backend="numba")(x, y, 1.0, 2.0), (x * y * sin, fx + 2 * fy)
        ),
        "adjoint": (lambda f: adjoint(f, (0, 1), backend="numba")(x, y, 3.0), (3 * fx, 3 * fy)),
        "hvp": (lambda f: hvp(f, 0, backend="numba")(x, y, 2.0), 2 * fxx),
        "grad of grad": (lambda f: grad(grad(f, backend="numba"), 1, backend="numba")(x, y), fxy),
        "jacobian": (lambda f: jacobian(f, (0, 1), backend="numba")(x, y), (fx, fy)),
    }  # fmt: skip
    for once in (True, False):
        for name, (derived, value) in wanted.items():
            found = derived(world.process(TWO).f)
            np.testing.assert_allclose(np.hstack(np.ravel(_flat(found))), _flat(value), rtol=1e-13)
            assert bool(world.lowered) == once, name


def _flat(value):
    return [n for each in value for n in _flat(each)] if isinstance(value, tuple) else [float(value)]


def test_what_is_found_says_the_same(world):
    made = grad(world.process(TWO).f, backend="numba")
    made(1.0, 2.0)
    texts = made.source, made.ssa
    found = grad(world.process(TWO).f, backend="numba")
    found(1.0, 2.0)
    assert world.lowered == 0
    assert (found.source, found.ssa) == texts


def test_the_short_way_is_that_of_what_is_found(world, monkeypatch):
    text = "import numpy as np\ndef f(x): return x * x"
    for _ in range(2):
        df = adjoint(world.process(text).f, backend="numba")
        df(np.ones(3), np.ones(3))
        with monkeypatch.context() as patched:
            patched.setattr(deriving.Derivative, "call", None)  # whoever takes the long way fails
            np.testing.assert_array_equal(df(np.full(3, 2.0), np.ones(3)), [4.0, 4.0, 4.0])


def test_exceptions_of_what_is_found(world):
    text = "def f(x, k):\n    if x[k] < 0.0:\n        raise ValueError('negative')\n    return x[k] * x[k]"
    x = np.array([1.0, -2.0])
    for _ in range(2):
        df = grad(world.process(text).f, backend="numba")
        np.testing.assert_array_equal(df(x, 0), [2.0, 0.0])
        with pytest.raises(ValueError, match="negative"):
            df(x, 1)
        with pytest.raises(IndexError):
            df(x, 7)


def test_other_lengths_are_refused_by_what_is_found(world):
    text = "import numpy as np\ndef f(x, y): return np.sum(x * y)"
    for _ in range(2):
        df = grad(world.process(text).f, backend="numba")
        np.testing.assert_array_equal(df(np.ones(3), np.full(3, 2.0)), [2.0, 2.0, 2.0])
        with pytest.raises((ValueError, transform.TransformError)):
            df(np.ones(3), np.ones(4))
    assert world.lowered == 0


def test_compiled_code_can_call_what_is_found(world):
    import numba

    for _ in range(2):
        df = grad(world.process(PLAIN).f, backend="numba")
        df(X)
        compiled = df.compiled
        calling = numba.njit(lambda x, compiled=compiled: compiled(x))
        assert calling(X) == pytest.approx(PLAIN_SLOPE, rel=1e-14)
    assert world.lowered == 0


@pytest.mark.parametrize("damage", ["truncated", "changed", "empty", "no pickle"])
def test_a_damaged_entry_is_made_again(world, damage):
    world.slope(PLAIN)
    (file,) = world.kept()
    data = file.read_bytes()
    if damage == "no pickle":
        store.save(file.name, b"nothing")
    else:
        file.write_bytes(
            {"truncated": data[:200], "changed": data[:-1] + bytes([data[-1] ^ 1]), "empty": b""}[damage]
        )
    for lowered in (1, 0):
        assert world.slope(PLAIN) == pytest.approx(PLAIN_SLOPE, rel=1e-14)
        assert world.lowered == lowered
    assert file.read_bytes() == data


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="no owners of files here")
def test_what_others_can_write_to_is_not_read(world):
    world.slope(PLAIN)
    (file,) = world.kept()
    file.parent.chmod(0o777)
    assert world.slope(PLAIN) == pytest.approx(PLAIN_SLOPE, rel=1e-14)
    assert world.lowered == 1


def test_another_version_finds_nothing(world, monkeypatch):
    world.slope(PLAIN)
    monkeypatch.setattr(index, "sources", lambda: "of another day")
    assert world.slope(PLAIN) == pytest.approx(PLAIN_SLOPE, rel=1e-14)
    assert world.lowered == 1


def test_a_function_that_is_edited_has_one_entry(world):
    for power in (2, 3, 4):
        slope = world.slope(f"def f(x):\n    return x ** {power}")
        assert slope == pytest.approx(power * X ** (power - 1), rel=1e-14)
        assert len(world.kept()) == 1


def test_lambdas_have_an_entry_each(world):
    text = "pair = [\n    lambda x: x * x,\n    lambda x: x * x * x,\n]"
    for lowered in (2, 0):
        pair = world.process(text).pair
        assert grad(pair[0], backend="numba")(X) == SQUARE
        assert grad(pair[1], backend="numba")(X) == pytest.approx(CUBE, rel=1e-14)
        assert world.lowered == lowered


def test_what_is_in_no_file_is_not_kept(world):
    text = "def f(x):\n    return x * x\n"
    scope = {}
    exec(compile(text, "<cell 1>", "exec"), scope)
    linecache.cache["<cell 1>"] = (len(text), None, text.splitlines(True), "<cell 1>")
    assert grad(scope["f"], backend="numba")(X) == SQUARE
    assert not world.kept()


def test_off_is_off(world, monkeypatch):
    monkeypatch.setenv(store.VARIABLE, "off")
    for _ in range(2):
        assert world.slope(PLAIN) == pytest.approx(PLAIN_SLOPE, rel=1e-14)
        assert world.lowered == 1


def test_the_python_flavour_keeps_nothing(world):
    assert grad(world.process(PLAIN).f)(X) == pytest.approx(PLAIN_SLOPE, rel=1e-14)
    assert not world.kept()


def test_a_full_disk_costs_time_only(world, monkeypatch):
    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store, "_replace", full)
    for _ in range(2):
        assert world.slope(PLAIN) == pytest.approx(PLAIN_SLOPE, rel=1e-14)
        assert world.lowered == 1


def test_clear_removes_what_was_derived(world):
    world.slope(PLAIN)
    assert world.kept()
    store.clear(store.folder())
    assert not world.kept()
