"""Indices under the Numba flavour: what cannot be proved is checked, once where that is possible."""

import random

import numpy as np
import pytest

from tests.support.sweeps import triangle
from transform import grad, tangent
from transform.emit import emit
from transform.passes.loops import loops
from transform.passes.loops.bounds import bounded
from transform.passes.own import own

V = np.array([0.5, -0.3, 0.8])
M = np.arange(12.0).reshape(3, 4)


def text(function, *arguments):
    return emit(loops(grad(function).specialize(*arguments).function)).definition


def of_its_own_length(x):
    s = 0.0
    for i in range(1, len(x)):
        s += x[i] * x[i - 1]
    return s


def of_a_length_that_is_given(x, n):
    s = 0.0
    for i in range(n):
        s += x[i] ** 2
    return s


def gathered(x, places):
    s = 0.0
    for k in range(len(places)):
        s += x[places[k]] ** 2
    return s


def chosen(x, n):
    s = 0.0
    for i in range(n):
        if i < len(x):
            s += x[i] ** 2
    return s


def all_at_once(x, places):
    return np.sum(x[places] ** 2)


def one(x, k):
    return x[k] ** 2


def across(A):
    s = 0.0
    for i in range(len(A)):
        for j in range(len(A)):
            s += A[i, j] ** 2
    return s


def test_what_a_loop_runs_over_needs_no_check():
    assert "IndexError" not in text(of_its_own_length, V)


def test_a_check_stands_before_the_loop():
    made = text(of_a_length_that_is_given, V, 2)
    check = next(k for k, line in enumerate(made.splitlines()) if "IndexError" in line)
    loop = next(k for k, line in enumerate(made.splitlines()) if "for i in" in line)
    assert check < loop
    assert made.count("IndexError") == 1


def below_the_diagonal(A, n):
    s = 0.0
    for k in range(n):
        for i in range(k + 1, n):
            s += A[i, k] ** 2
    return s


def in_both_branches(A, n):
    s = 0.0
    for k in range(n):
        if A[0, 0] > 0.0:
            s += A[0, k] ** 2
        for i in range(k + 1, n):
            s += A[i, k] ** 2
    return s


def with_and_without_a_loop_around(x, n, m):
    s = 0.0
    for i in range(n):
        s += x[i] ** 3
    for _ in range(m):
        for i in range(n):
            s += x[i] ** 2
    return s


def conditions(made):
    """What the checks say, with the depth at which they stand."""
    lines = made.splitlines()
    checks = [k for k, line in enumerate(lines) if "raise IndexError" in line]
    return [(lines[k].index("raise") // 4 - 1, lines[k - 1].partition("#")[0].strip()) for k in checks]


def test_one_check_before_all_loops_serves_both_sweeps():
    checks = conditions(text(triangle, np.eye(4), np.ones(4)))
    assert checks == [(1, "if L.shape[0] < n:"), (1, "if L.shape[1] < n:")]


def test_a_check_is_as_exact_before_two_loops_as_it_is_in_them():
    checks = conditions(text(below_the_diagonal, M, 3))
    assert checks == [(1, "if 1 < n and A.shape[0] < n:"), (1, "if A.shape[1] < n - 1:")]


def test_a_check_that_may_not_have_been_made_is_made_again():
    checks = conditions(text(with_and_without_a_loop_around, V, 3, 2))
    assert checks == [(1, "if 0 < m and x.shape[0] < n:"), (1, "if x.shape[0] < n:")]


def test_what_an_inner_loop_has_checked_is_not_known_around_it():
    checks = conditions(text(in_both_branches, M, 3))
    assert [each for each in checks if each[0] > 1] == [(3, "if A.shape[1] <= k:")]


def through_a_transpose(x, i, j):
    A = np.zeros((3, 5))
    A.T[i, j] = x[0]
    return np.sum(A * A)


def through_a_slice(x, i, j):
    A = np.zeros((3, 5))
    B = A[1:]
    B[i, j] += x[0]
    return np.sum(A * A)


def through_two_views(x, i, j):
    A = np.zeros((3, 5))
    A[i, 1:][j] = x[0]
    return np.sum(A * A)


def to_the_end_of_a_row(x, i, j):
    A = np.zeros((3, 5))
    A[i, j:] += x
    return np.sum(A * A)


def through_many(x, places):
    y = np.zeros(7)
    z = y[2:]
    z[places] = x[0]
    return np.sum(y * y)


FAR = 10**8
"""So far beyond an array that what would be written there is not the process's own memory."""


@pytest.mark.parametrize(
    ("function", "good", "bad"),
    [
        (through_a_transpose, (V, 4, -3), [(V, 5, 0), (V, 0, -4), (V, FAR, 0)]),
        (through_a_slice, (V, -2, 4), [(V, 2, 0), (V, -3, 0), (V, 0, FAR)]),
        (through_two_views, (V, -3, 3), [(V, 3, 0), (V, 0, 4), (V, -FAR, 0)]),
        (to_the_end_of_a_row, (V, -3, 2), [(V, 3, 2), (V, -4, 2), (V, FAR, 2)]),
        (of_a_length_that_is_given, (V, 3), [(V, 4), (V, 50)]),
        (gathered, (V, np.array([0, -1, -3])), [(V, np.array([0, 3])), (V, np.array([-4]))]),
        (all_at_once, (V, np.array([0, -1, -3])), [(V, np.array([0, 3])), (V, np.array([-4]))]),
        (one, (V, -3), [(V, 3), (V, -4)]),
        (across, (M,), [(M.T.copy(),)]),
        (chosen, (V, 9), []),
    ],
)
def test_what_is_out_of_bounds_is_an_error_as_in_python(function, good, bad):
    pytest.importorskip("numba")
    compiled, plain = grad(function, backend="numba"), grad(function)
    np.testing.assert_allclose(compiled(*good), plain(*good), rtol=1e-14)
    for arguments in bad:
        for derivative in (plain, compiled):
            with pytest.raises(IndexError):
                derivative(*arguments)
    if function is of_a_length_that_is_given:
        np.testing.assert_array_equal(compiled(V, -2), np.zeros(3))


def test_many_places_in_a_view_are_checked():
    pytest.importorskip("numba")
    compiled = tangent(through_many, backend="numba")
    assert compiled(V, np.array([4, -5]), np.ones(3)) == (0.5, 2.0)
    for places in ([0, 5], [-FAR]):
        with pytest.raises(IndexError):
            compiled(V, np.array(places), np.ones(3))


class Watched(np.ndarray):
    """An array that compiled code would read beside of: there must have been a check."""

    def __getitem__(self, index):
        self.watch(index)
        return super().__getitem__(index)

    def __setitem__(self, index, value):
        self.watch(index)
        super().__setitem__(index, value)

    def watch(self, index):
        index = index if isinstance(index, tuple) else (index,)
        if any(not -n <= k < n for k, n in zip(index, self.shape, strict=True)):
            raise AssertionError(f"{index} was not checked")


class Nests:
    """Random nests of loops that read and write elements, many of them out of bounds."""

    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.lines = ["def program(A, x, n, m):", "    s = 0.0"]
        self.nest((), "    ")
        self.nest((), "    ")
        self.lines.append("    return A, x, s")

    @property
    def text(self):
        return "\n".join(self.lines)

    def nest(self, indices, indent):
        index = "ijk"[len(indices)]
        of = self.rng.choice([*indices, "n", "m"])
        first = self.rng.choice([*indices, "0", "1"])
        bounds = [of, f"1, {of}", f"{first} + 1, {of}", f"{of} - 1, -1, -1", f"{of} - 1, {first}, -1"]
        self.lines.append(f"{indent}for {index} in range({self.rng.choice(bounds)}):")
        indices, indent = (*indices, index), indent + "    "
        for _ in range(self.rng.randint(1, 3)):
            draw = self.rng.random()
            if draw < 0.5 and len(indices) < 3:
                self.nest(indices, indent)
            elif draw < 0.6:
                self.lines.append(f"{indent}if x[{self.place(indices)}] < 0.5:")
                self.access(indices, indent + "    ")
            else:
                self.access(indices, indent)

    def access(self, indices, indent):
        place = f"A[{self.place(indices)}, {self.place(indices)}]"
        self.lines.append(
            indent + self.rng.choice([f"s += {place}", f"x[{self.place(indices)}] = {place}", f"{place} = s"])
        )

    def place(self, indices):
        index = self.rng.choice([*indices, *indices, "n"])
        return self.rng.choice([index, index, f"{index} + 1", f"{index} - 1", "0", "-1", "m - 1"])


def raised(function, arguments):
    try:
        function(*arguments)
    except IndexError:
        return True
    return False


def test_checks_of_random_loops_are_complete_and_exact(tmp_path):
    rng = random.Random(0)
    errors = fine = hoisted = 0
    for seed in range(30):
        text = Nests(seed).text
        path = tmp_path / f"program_{seed}.py"
        path.write_text(text)
        scope = {}
        exec(compile(text, str(path), "exec"), scope)
        program = scope["program"]
        for _ in range(3):
            rows, columns, length = (rng.choice([2, 3, 4, 6]) for _ in range(3))
            arguments = (
                np.ones((rows, columns)).view(Watched), np.ones(length).view(Watched),
                rng.randint(0, 6), rng.randint(0, 6),
            )  # fmt: skip
            plain = [np.array(each) if np.ndim(each) else each for each in arguments]
            expected = raised(program, plain)
            errors, fine = errors + expected, fine + (not expected)
            primal = tangent(program, (0, 1)).specialize(*plain).primal
            emitted = emit(bounded(own(primal)))
            made = dict(emitted.namespace)
            exec(emitted.definition, made)
            assert raised(made[emitted.name], arguments) == expected, f"{text}\n{emitted.definition}"
            lines = emitted.definition.splitlines()
            hoisted += sum("IndexError" in line and line.startswith(" " * 8 + "raise") for line in lines)
    assert min(errors, fine, hoisted) > 20
