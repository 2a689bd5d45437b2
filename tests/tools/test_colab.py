"""A chapter runs as in Colab: in an empty folder, and its first error is told."""

import sys

import nbformat
import pytest

from tools.colab import __main__ as colab


def notebook(*sources):
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    return nbformat.writes(nbformat.v4.new_notebook(cells=cells))


@pytest.fixture
def kernel(tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_PATH", "")
    monkeypatch.setenv("TQDM_DISABLE", "1")
    colab.kernel(sys.executable, tmp_path / "course", tmp_path)


def test_runs_in_an_empty_folder(kernel):
    seconds, peak, result = colab.run_chapter(
        notebook(
            "import os", "assert os.listdir() == []", "assert 'TQDM_DISABLE' not in os.environ"
        )
    )
    assert result == "ok" and seconds > 0 and peak > 10


def test_tells_the_first_error(kernel):
    _, _, result = colab.run_chapter(notebook("1", "raise ValueError('no such\\nnet')", "1 / 0"))
    assert result == "ValueError: no such"


def test_git_finds_the_course_on_this_computer(kernel):
    """And never at the address itself, which a stranger may own."""
    source = f"""
import subprocess
command = ["git", "ls-remote", "https://github.com/{colab.REPO}"]
error = subprocess.run(command, capture_output=True, text=True).stderr
assert "/course" in error and "github.com" not in error, error
command[-1] = "https://localhost/somebody/else"
error = subprocess.run(command, capture_output=True, text=True).stderr
assert "transport 'https' not allowed" in error, error
"""
    assert colab.run_chapter(notebook(source))[2] == "ok"
