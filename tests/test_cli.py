"""The command line as a user has it: what is printed where, and the exit status."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROGRAM = [sys.executable, "-c", "from transform.cli import main; main()"]


def run(*words, cwd=ROOT, **environment):
    """Exit status, standard output and standard error of `transform WORDS`."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    done = subprocess.run([*PROGRAM, *words], cwd=cwd, env=env, capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("mode", ["tangent", "adjoint"])
def test_output_is_a_program_that_runs_by_itself(mode, tmp_path):
    status, code, errors = run(mode, "examples/loss.py:loss")
    assert (status, errors) == (0, "")
    scope = {}
    exec(code, scope)
    assert "transform" not in code.split('"""')[0]
    result = scope[f"loss_{mode}"](2.0)
    from math import log

    slope = -20 - 20 * log(4)
    assert result == pytest.approx((-20 * log(4), slope) if mode == "tangent" else slope, rel=1e-14)


def test_ssa():
    status, text, errors = run("ssa", "examples/loss.py:loss")
    assert (status, errors) == (0, "")
    for line in ("b = 5 * a", "c = log(a)", "L = -g"):
        assert line in text


def test_module_target_is_the_file_target():
    assert run("adjoint", "examples.loss:loss")[1] == run("adjoint", "examples/loss.py:loss")[1]


def test_output_file_holds_what_would_be_printed(tmp_path):
    status, printed, _ = run("adjoint", "examples/loss.py:loss", "-o", str(tmp_path / "out.py"))
    assert (status, printed) == (0, "")
    assert (tmp_path / "out.py").read_text() == run("adjoint", "examples/loss.py:loss")[1]


def test_wrt_and_types(tmp_path):
    words = (
        "examples/mse.py:mse",
        "--arg",
        "X=float64[N,d]",
        "--arg",
        "w=float64[d]",
        "--arg",
        "y=float64[N]",
    )
    status, code, errors = run("adjoint", *words, "--wrt", "w,X")
    assert (status, errors) == (0, "")
    import numpy as np

    scope = {}
    exec(code, scope)
    rng = np.random.default_rng(3)
    X, y, w = rng.random((5, 2)), rng.random(5), rng.random(2)
    w_bar, X_bar = scope["mse_adjoint"](w, X, y)
    a_bar = -2 * (y - X @ w) / 5
    np.testing.assert_allclose(w_bar, X.T @ a_bar, rtol=1e-14)
    np.testing.assert_allclose(X_bar, np.outer(a_bar, w), rtol=1e-14)


def test_fixed_values(tmp_path):
    (tmp_path / "power.py").write_text("def power(x, n, mode):\n    return x**n if mode == 'on' else x\n")
    status, code, errors = run(
        "adjoint", "power.py:power", "--arg", "n=3", "--arg", "mode='on'", cwd=tmp_path
    )
    assert (status, errors) == (0, "")
    scope = {}
    exec(code, scope)
    assert "x_bar" in code


def test_what_a_module_prints_stays_out_of_the_code(tmp_path):
    (tmp_path / "noisy.py").write_text("print('hello')\ndef f(x):\n    return x * x\n")
    status, code, errors = run("adjoint", "noisy.py:f", cwd=tmp_path)
    assert (status, errors) == (0, "hello\n")
    assert "hello" not in code


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("adjoint", "examples/loss.py"), "names no function"),
        (("adjoint", "examples/nothing.py:loss"), "no file examples/nothing.py"),
        (("adjoint", "no_such_module:loss"), "no module no_such_module"),
        (("adjoint", "examples/loss.py:lost"), "no function lost; it has"),
        (("adjoint", "examples/loss.py:__name__"), "is no function"),
        (("adjoint", "examples/loss.py:loss", "--wrt", "z"), "no parameter is called z"),
        (("adjoint", "examples/loss.py:loss", "--arg", "x"), "not of the form"),
        (("adjoint", "examples/loss.py:loss", "--arg", "x=flaot"), "'flaot' is no type"),
        (("adjoint", "examples/loss.py:loss", "--arg", "x=float64["), "is no type"),
        (("adjoint", "examples/loss.py:loss", "--arg", "x=float64[2.5]"), "2.5 is no length"),
        (("adjoint", "examples/loss.py:loss", "--arg", "z=float"), "no parameter is called z"),
        (("adjoint", "examples/loss.py:loss", "-o", "no/such/folder/out.py"), "cannot be written"),
        (("trace", "examples/loss.py:loss"), "no value for x"),
        (("trace", "examples/loss.py:loss", "x=two"), "is no value"),
        (("derive", "examples/loss.py:loss"), "derive"),
        (("adjoint",), "TARGET"),
    ],
)
def test_wrong_usage_is_status_2(words, complaint):
    status, output, errors = run(*words)
    assert (status, output) == (2, "")
    assert complaint in errors
    assert "Traceback" not in errors


@pytest.mark.parametrize(
    ("source", "target", "complaint"),
    [
        ("def f(x):\n    return unknown(x)\n", "f", "unknown"),
        ("from bisect import bisect\n", "bisect", "no derivative rule"),
        ("raise RuntimeError('no')\n", "f", "cannot be imported: RuntimeError: no"),
        ("def f(x:\n", "f", "cannot be imported: SyntaxError"),
    ],
)
def test_what_cannot_be_transformed_is_status_1(source, target, complaint, tmp_path):
    (tmp_path / "bad.py").write_text(source)
    status, output, errors = run("adjoint", f"bad.py:{target}", cwd=tmp_path)
    assert (status, output) == (1, "")
    assert complaint in errors
    assert "Traceback" not in errors


def test_trace_of_arrays():
    words = ("trace", "examples/mse.py:mse", "w=[1.0, 2.0]", "X=[[1.0, 0.0], [0.0, 1.0]]", "y=[2.0, 4.0]")
    status, output, errors = run(*words, "--wrt", "w")
    assert (status, errors) == (0, "")
    assert output.splitlines()[-1].endswith("/dw = [-1., -2.]")


def test_trace_wants_a_number(tmp_path):
    status, output, errors = run("trace", "examples/jacobian.py:pair", "x1=1", "x2=2")
    assert (status, output) == (1, "")
    assert "does not return one real number" in errors


def terminal(*words, **environment):
    """What `transform WORDS` writes to a terminal."""
    pty = pytest.importorskip("pty")
    master, slave = pty.openpty()
    env = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color", **environment}
    with subprocess.Popen(
        [*PROGRAM, *words], cwd=ROOT, env=env, stdout=slave, stderr=subprocess.PIPE
    ) as process:
        os.close(slave)
        text = b""
        # The end of a terminal is an error on Linux and an empty read elsewhere.
        try:
            while piece := os.read(master, 65536):
                text += piece
        except OSError:
            pass
        os.close(master)
        assert process.wait() == 0
        process.stderr.close()
    return text.decode().replace("\r\n", "\n")


def test_colour_only_on_a_terminal():
    plain = run("adjoint", "examples/loss.py:loss")[1]
    assert "\x1b[" not in plain
    coloured = terminal("adjoint", "examples/loss.py:loss", NO_COLOR="")
    assert "\x1b[" in coloured
    assert terminal("adjoint", "examples/loss.py:loss", NO_COLOR="1") == plain


def test_the_numba_flavour_is_a_module_that_runs_by_itself(tmp_path):
    status, code, errors = run("adjoint", "--backend", "numba", "examples/loss.py:loss")
    assert (status, errors) == (0, "")
    assert "@numba.njit(" in code
    (tmp_path / "dumped.py").write_text(code + "\nprint(loss_adjoint(2.0))\n")
    done = subprocess.run([sys.executable, "dumped.py"], cwd=tmp_path, capture_output=True, text=True)
    from math import log

    assert float(done.stdout) == pytest.approx(-20 - 20 * log(4), rel=1e-14)


def test_an_unknown_backend_is_refused():
    status, code, errors = run("tangent", "--backend", "fortran", "examples/loss.py:loss")
    assert (status, code) == (1, "")
    assert '"python" or "numba"' in errors


def test_the_cache_is_shown_and_emptied(tmp_path):
    entry = tmp_path / ("0" * 32)
    entry.mkdir()
    (entry / "kernel.py").write_text("x = 1\n")
    (tmp_path / "other").mkdir()
    where = {"TRANSFORM_CACHE": str(tmp_path)}
    assert run("cache", "info", **where) == (0, f"{tmp_path}\n1 kernel, 0.0 MB\n", "")
    assert run("cache", "clear", **where) == (0, "1 kernel removed\n", "")
    assert sorted(tmp_path.iterdir()) == [tmp_path / "other"]
    assert run("cache", "info", TRANSFORM_CACHE="off") == (0, "off\n", "")
