"""course_lib loads no TensorFlow until it must, and its modules import one way."""

import ast
import subprocess
import sys

import pytest

import course_lib
from tools.notebooks import ROOT

PACKAGE = ROOT / "course_lib"

# A module may import those of its own row and of the rows above.
ORDER = [
    {"blocks", "layers", "precision", "machine", "config", "augmentation"},
    {"models"},
    {"analysis", "diagram", "probes", "training"},
    {"records", "plots", "drawings", "widgets"},
    {"checks"},
]
ALONE = {"data", "shapes10", "metrics", "ilsvrc", "claims"}  # these import none of the rows
LIGHT = ["course_lib", "course_lib.data", "course_lib.metrics", "course_lib.checks"]


def row(name):
    return next((i for i, names in enumerate(ORDER) if name in names), None)


def own_imports(source, package):
    """The modules of course_lib that a file of this package imports, at any depth of its code."""
    for node in ast.walk(ast.parse(source)):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*start, *([node.module] if node.module else [])])
            names = [f"{base}.{alias.name}" for alias in node.names]
        yield from (name.split(".")[1] for name in names if name.startswith("course_lib."))


FILES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def module_of(path):
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_imports_run_one_way(path):
    module, package = module_of(path), path.relative_to(ROOT).parts[:-1]
    assert module in ALONE or row(module) is not None, f"give {module} its place in ORDER"
    found = set(own_imports(path.read_text(encoding="utf-8"), package))
    for name in found & {module_of(other) for other in FILES} - {module}:
        if module in ALONE:
            assert name in ALONE, f"{module} must not import {name}"
        else:
            assert name in ALONE or row(name) <= row(module), f"{module} must not import {name}"


@pytest.mark.parametrize(
    "line",
    [
        "import course_lib.plots",
        "from course_lib import plots",
        "from . import plots",
        "from .plots import show",
        "def f():\n    from course_lib.plots import show",
    ],
)
def test_every_way_to_import_is_seen(line):
    assert list(own_imports(line, ("course_lib",))) == ["plots"]


@pytest.mark.parametrize("name", LIGHT)
def test_import_loads_no_tensorflow(name):
    code = f"import sys, {name}; print(sorted({{'tensorflow', 'keras'}} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd="/")
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == "[]"


def test_version_is_plain():
    assert course_lib.__version__.count(".") == 2
