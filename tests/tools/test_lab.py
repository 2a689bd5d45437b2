"""A student's copies: made once, trusted, and never written over."""

import shutil

import nbformat
import pytest
from nbformat.sign import NotebookNotary

from tools.lab.__main__ import COPIES, copy_notebooks
from tools.notebooks import NOTEBOOKS, ROOT

NAME = "00_start_here.ipynb"


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """A course with one chapter, and the folder of copies."""
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "jupyter"))
    source = tmp_path / "notebooks"
    shutil.copytree(NOTEBOOKS / "solutions", source / "solutions")
    shutil.copy(NOTEBOOKS / NAME, source)
    return source, tmp_path / "my_notebooks"


def change(path, text):
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[-1].source += text
    nbformat.write(notebook, path)


def last(path):
    return nbformat.read(path, as_version=4).cells[-1].source


def test_copies_hold_the_same_cells_and_are_trusted(folders):
    source, target = folders
    assert copy_notebooks(*folders) == []
    copy, original = (nbformat.read(f / NAME, as_version=4) for f in (target, source))
    assert copy.cells == original.cells
    assert NotebookNotary().check_signature(copy)
    assert not NotebookNotary().check_signature(original)
    assert {"version", "mimetype"} <= set(copy.metadata.language_info)
    assert (target / "solutions" / "00_start_here.py").exists()


def test_a_new_version_replaces_a_copy_that_nobody_has_saved(folders):
    source, target = folders
    copy_notebooks(*folders)
    change(source / NAME, " corrected")
    shutil.copy(source / NAME, source / "01_new.ipynb")
    assert copy_notebooks(*folders) == []
    assert last(target / NAME).endswith(" corrected")
    assert (target / "01_new.ipynb").exists()


def test_work_is_never_written_over(folders):
    source, target = folders
    copy_notebooks(*folders)
    change(target / NAME, " my answer")
    assert copy_notebooks(*folders) == []
    change(source / NAME, " corrected")
    (line,) = copy_notebooks(*folders)
    assert NAME in line and "rename" in line
    assert last(target / NAME).endswith(" my answer")
    (target / NAME).rename(target / "mine.ipynb")
    assert copy_notebooks(*folders) == []
    assert last(target / NAME).endswith(" corrected")
    assert last(target / "mine.ipynb").endswith(" my answer")


def test_git_ignores_the_copies():
    assert f"{COPIES.name}/" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
