"""What must load no TensorFlow loads none; `make lint` checks the order of the rooms."""

import subprocess
import sys

import pytest

import course_lib

LIGHT = ["course_lib", "course_lib.data", "course_lib.machine", "course_lib.measure.metrics"]


@pytest.mark.parametrize("name", LIGHT)
def test_import_loads_no_tensorflow(name):
    code = f"import sys, {name}; print(sorted({{'tensorflow', 'keras'}} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd="/")
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == "[]"


def test_version_is_plain():
    assert course_lib.__version__.count(".") == 2
