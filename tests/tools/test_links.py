"""Links to the repository, or none; and the set-up cell: quiet, or one sentence."""

import importlib.util
import re
import shutil
import subprocess
import tomllib
from types import SimpleNamespace

import nbformat
import pytest
from IPython.core.inputtransformer2 import TransformerManager

from tools import links
from tools.links import setup_cell
from tools.notebooks import ROOT

FILES = ["pyproject.toml", "CITATION.cff", "README.md"]


@pytest.fixture
def run_cell(monkeypatch):
    """Run the set-up cell where course_lib is found (or not) each time that it is looked for."""

    def run(*found, repo="owner/name"):
        answers, fetched = iter(found), []
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: next(answers) or None)
        ipython = SimpleNamespace(run_line_magic=lambda *magic: fetched.append(magic))
        code = TransformerManager().transform_cell(setup_cell(repo))
        exec(code, {"get_ipython": lambda: ipython})
        return fetched

    return run


@pytest.mark.parametrize("repo", ["owner/name", None])
def test_does_nothing_where_course_lib_is_there(run_cell, capfd, repo):
    assert run_cell(True, repo=repo) == []
    assert capfd.readouterr() == ("", "")


def test_fetches_it_where_it_is_missing(run_cell):
    [(magic, line)] = run_cell(False, True)
    assert magic == "pip"
    assert line.startswith("install -q") and line.endswith(" git+https://github.com/owner/name")
    assert not set(line) & set("\"'{}$"), "IPython changes these"


def test_says_what_is_missing_where_it_cannot_be_fetched(run_cell):
    with pytest.raises(
        RuntimeError, match=r"course_lib is missing.* internet connection\?.*make lab"
    ):
        run_cell(False, False)


def test_fetches_nothing_while_no_repository_is_known(run_cell):
    assert "github.com" not in setup_cell(None) and "%" not in setup_cell(None)
    with pytest.raises(RuntimeError, match=r"does not know.*make lab.*make links REPO=owner/name"):
        run_cell(False, repo=None)


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """A copy of files that hold the repository, in which none is known. Of nine notebooks, two."""
    (tmp_path / "notebooks").mkdir()
    names = [f"notebooks/{path.name}" for path in (ROOT / "notebooks").glob("0[06]*.ipynb")]
    for name in FILES + names:
        shutil.copy(ROOT / name, tmp_path / name)
    monkeypatch.setattr(links, "ROOT", tmp_path)
    links.main("none")
    return tmp_path


def texts(folder):
    return {path: path.read_text("utf-8") for path in folder.rglob("*") if path.is_file()}


def test_no_address_while_no_repository_is_known(copy):
    assert links.repository() is None
    for path, text in texts(copy).items():
        assert not re.search(r"git\+https|colab\.research|Repository =", text), path


def test_there_and_back_leaves_no_difference(copy):
    before = texts(copy)
    links.main("owner/name")
    there = texts(copy)
    assert links.repository() == "owner/name"
    assert not [path for path in before if there[path] == before[path]], "no address in it"
    links.main("another-owner/a.name")
    assert not re.search(r"[/ ]owner/name", "".join(texts(copy).values()))
    links.main("owner/name")
    assert texts(copy) == there
    links.main("none")
    assert texts(copy) == before


def test_only_the_link_and_the_setup_cell_change(copy):
    def rest(path):
        notebook = nbformat.read(path, as_version=4)
        setup = [c for c in notebook.cells if "setup" in c.metadata.get("tags", [])]
        for cell in setup:
            cell.source = ""
        title = notebook.cells[0]
        title.source = title.source.replace(
            f"\n[Open in Colab]({links.colab('a/b', path.name)})", ""
        )
        return notebook

    before = {path: rest(path) for path in copy.glob("notebooks/*.ipynb")}
    links.main("a/b")
    assert {path: rest(path) for path in before} == before
    for path in before:
        assert nbformat.read(path, as_version=4).cells[0].source.count("[Open in Colab](") == 1


def test_readme_leads_to_each_chapter(copy):
    links.main("Owner/name")
    readme = (copy / "README.md").read_text("utf-8")
    assert "\ngit clone https://github.com/Owner/name course && cd course" in readme
    for path in copy.glob("notebooks/*.ipynb"):
        (row,) = [line for line in readme.splitlines() if f"(notebooks/{path.name})" in line]
        assert row.count("|") == readme.split("| chapter |")[1].split("\n")[0].count("|") + 2
        assert f"/github/Owner/name/blob/main/notebooks/{path.name})" in row
        assert f"(https://owner.github.io/name/{path.stem}.html)" in row


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("https://github.com/owner/a.name", "owner/a.name"),
        ("https://github.com/owner/name.git", "owner/name"),
        ("https://someone@github.com/owner/name/", "owner/name"),
        ("git@github.com:owner/name.git", "owner/name"),
        ("ssh://git@github.com/owner/name", "owner/name"),
        ("https://github.com.example.org/owner/name", None),
        ("https://example.org/github.com/owner/name", None),
        ("/srv/git/owner/name", None),
    ],
)
def test_finds_the_repository_that_git_calls_origin(copy, address, name):
    subprocess.run(["git", "init", "-q", copy], check=True)
    assert links.origin() is None
    subprocess.run(["git", "-C", copy, "remote", "add", "origin", address], check=True)
    assert links.origin() == name
    links.main("")
    assert links.repository() == name


def test_keeps_the_repository_that_is_known(copy):
    links.main("owner/name.git")
    links.main("")
    assert links.repository() == "owner/name"


@pytest.mark.parametrize(
    "name", ["owner", "owner/na me", "-o/n", "https://github.com/o/n", "a/b/c"]
)
def test_refuses_what_is_no_repository(copy, name):
    before = texts(copy)
    with pytest.raises(SystemExit, match="must look like owner/name"):
        links.main(name)
    assert texts(copy) == before


def test_pyproject_stays_valid(copy):
    links.main("owner/name")
    project = tomllib.loads((copy / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["urls"] == {"Repository": "https://github.com/owner/name"}
