"""The badge and the set-up cell of every notebook, from the address in pyproject.toml.

    python -m tools.links [owner/name]

With a name, the address in pyproject.toml, README.md and CONTRIBUTING.md changes first.
"""

import os
import re
import sys
import tomllib

import nbformat

from tools.notebooks import NOTEBOOKS, ROOT

SETUP_CELL = """\
# Colab has no course_lib yet: fetch it. Where it is installed, this cell does nothing.
import importlib.util

if importlib.util.find_spec("course_lib") is None:
    %pip install -qqq git+https://github.com/{repo}
    importlib.invalidate_caches()
    if importlib.util.find_spec("course_lib") is None:
        raise RuntimeError(
            "course_lib is missing, and it could not be fetched: is there an internet connection? "
            "On your own computer: start the course with `make lab`, as its README says."
        )"""
COLAB = "https://colab.research.google.com"
BADGE = (
    f"[![Open In Colab]({COLAB}/assets/colab-badge.svg)]"
    f"({COLAB}/github/{{repo}}/blob/main/notebooks/{{file}})"
)
ANY_BADGE = re.compile(rf"\[!\[Open In Colab\][^\]]*\]\({COLAB}/github/[^)]*\)")


def repository():
    """owner/name, from pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return project["urls"]["Repository"].removeprefix("https://github.com/")


def setup_cell(repo):
    return SETUP_CELL.format(repo=repo)


def badge(repo, file):
    return BADGE.format(repo=repo, file=file)


def write(path, text):
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8", newline="\n")
    os.replace(part, path)


def save_notebook(notebook, path):
    write(path, nbformat.writes(notebook).rstrip("\n") + "\n")


def rename(old, new):
    """Replace the old owner/name in every GitHub address."""
    for path in (ROOT / name for name in ("pyproject.toml", "README.md", "CONTRIBUTING.md")):
        if path.exists():
            text = path.read_text(encoding="utf-8")
            write(
                path, re.sub(rf"(github(?:\.com)?/){re.escape(old)}(?![\w-])", rf"\g<1>{new}", text)
            )


def relink(path, repo):
    """Rewrite one notebook's badge and set-up cell."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = ANY_BADGE.sub(badge(repo, path.name), cell.source)
        elif "setup" in cell.metadata.get("tags", []):
            cell.source = setup_cell(repo)
    save_notebook(notebook, path)


if __name__ == "__main__":
    if len(sys.argv) > 1 and sys.argv[1]:
        if not re.fullmatch(r"[\w-]+/[\w.-]+", sys.argv[1]):
            sys.exit(f"REPO must look like owner/name, got {sys.argv[1]!r}")
        rename(repository(), sys.argv[1])
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        relink(path, repository())
