"""The house rules that a machine can check: layers, sizes, what an import loads; the examples run."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "transform"
SOURCES = sorted(PACKAGE.rglob("*.py"))
LINES = 500
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}

LAYERS = {
    "errors": 0, "runtime": 0,
    "names": 1, "types": 1, "tree": 1, "ir": 1, "verify": 1,
    "rules": 2, "frontend": 2,
    "passes": 3,
    "emit": 4,
    "cache": 5, "compile": 5, "index": 5,
    "api": 6, "derivative": 6, "jacobians": 6, "user_rules": 6,
    "cli": 7, "show": 7, "__main__": 7, "__init__": 7,
}  # fmt: skip

# Neighbours of one layer that must not know each other, although the numbers would allow it.
STRANGERS = {("rules", "frontend")}


def unit(module):
    """The file or folder right below the package that a module belongs to: `rules` for rules/build.py."""
    return module.split(".")[0] if module else "__init__"


def imports(path):
    """The modules of the package that a file imports, as dotted names below `transform`."""
    folder = path.relative_to(PACKAGE).parts[:-1]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            absolute = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = ["transform", *folder][: len(folder) + 2 - node.level] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            # `from .. import api` names a module, `from ..api import grad` does not.
            absolute = (
                [f"{module}.{alias.name}" for alias in node.names] if module == "transform" else [module]
            )
        else:
            continue
        for name in absolute:
            if name.split(".")[0] == "transform":
                yield name.partition(".")[2]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_file_imports_only_from_layers_below(path):
    own = unit(".".join(path.relative_to(PACKAGE).with_suffix("").parts))
    assert own in LAYERS, f"{own} belongs to no layer"
    for module in imports(path):
        other = unit(module)
        assert (own, other) not in STRANGERS, f"{path} imports {module}"
        assert LAYERS[other] <= LAYERS[own], f"{path} imports {module} from a layer above"


def test_the_layer_test_sees_imports():
    seen = set().union(*(imports(path) for path in SOURCES))
    assert {"errors", "ir", "types", "rules.build"} <= seen


@pytest.mark.parametrize(
    "path",
    [
        path
        for folder in ("transform", "tests", "examples", "benchmarks")
        for path in (ROOT / folder).rglob("*.py")
    ],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_no_file_is_longer_than_can_be_read(path):
    assert len(path.read_text().splitlines()) <= LINES


def loaded_by(statement):
    """The modules loaded in a fresh interpreter after a statement."""
    code = f"import sys, json; {statement}; print(json.dumps(list(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(json.loads(run.stdout))


@pytest.mark.parametrize("module", ["sympy", "scipy", "numba", "astor", "typer", "rich", "jaxtyping"])
def test_import_leaves_out(module, modules_after_import):
    assert "transform.api" in modules_after_import
    assert module not in modules_after_import


@pytest.fixture(scope="module")
def modules_after_import():
    # The public names are loaded at their first use.
    return loaded_by("import transform; transform.grad; transform.hessian; transform.rule")


def test_using_grad_does_not_load_sympy():
    code = "import transform, math; from examples.chain import chain; transform.grad(chain)(2.0)"
    assert not {"sympy", "scipy", "numba", "typer", "rich"} & loaded_by(code)


def test_import_time_is_reported(record_property):
    """Only reported: a time is no property of the code alone. The goal is 0.25 s, public names included."""
    command = [sys.executable, "-X", "importtime", "-c", "from transform import grad"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    rows = [line.split("|") for line in run.stderr.splitlines() if "|" in line]
    # What is not indented was imported by nothing else in the list.
    total = [int(row[1]) for row in rows if row[2].startswith(" transform")]
    assert total
    record_property("import transform, seconds", sum(total) / 1e6)


def test_the_package_is_typed():
    assert (PACKAGE / "py.typed").exists()


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.py")), ids=lambda path: path.name)
def test_every_example_runs_and_prints(path):
    run = subprocess.run([sys.executable, path], env=ENVIRONMENT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert run.stderr == ""
    assert len(run.stdout.splitlines()) >= 3
