"""Each row of the README's tables of what is supported and what is refused is a program, and is run."""

import contextlib
import io

import pytest

from tests.programs.check import programs, run
from tests.table import refused, refused_by_numba, rows, supported

EVERY = [each for module in (supported, refused, refused_by_numba) for each in rows.functions(module)]


@pytest.mark.parametrize(**programs(vars(supported)))
def test_supported(name, k):
    with contextlib.redirect_stdout(io.StringIO()):
        run(vars(supported), name, k)


@pytest.mark.parametrize("function", rows.functions(refused), ids=lambda function: function.__name__)
def test_refused(function):
    error = rows.error(function)
    assert error.origin is not None
    assert error.origin.file == "refused.py"
    assert error.remedy


@pytest.mark.parametrize("function", rows.functions(refused_by_numba), ids=lambda each: each.__name__)
def test_refused_by_numba_only(function):
    pytest.importorskip("numba")
    assert "Numba" in rows.error(function, "numba").reason
    with contextlib.redirect_stdout(io.StringIO()):
        run({"row": function}, "row", 0)


@pytest.mark.parametrize("function", EVERY, ids=lambda function: function.__name__)
def test_what_the_row_says_is_in_the_program(function):
    for piece in rows.pieces(function):
        assert piece in rows.code(function)
