"""Where this copy of the course lives on GitHub: links to Colab, and every notebook's set-up cell.

    python -m tools.links [owner/name | none]

Without an argument, the repository is the one that git calls origin, if that is on GitHub; else the
one in pyproject.toml stays. While none is known, nothing links to Colab, and the set-up cell
fetches nothing: an address that nobody owns could be taken by a stranger, whose code would then run
on students' computers.
"""

import os
import re
import subprocess
import sys
import tomllib

import nbformat

from tools.notebooks import ROOT

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
SETUP_CELL_ALONE = """\
# This copy of the course has no address yet, so it cannot be fetched: is course_lib installed?
import importlib.util

if importlib.util.find_spec("course_lib") is None:
    raise RuntimeError(
        "course_lib is missing, and this copy of the course does not know its GitHub repository. "
        "On your own computer: start the course with `make lab`, as its README says. For Colab: "
        "write the repository into this copy with `make links REPO=owner/name`."
    )"""
NAME = r"(?P<name>[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9_.-]+?)"
GITHUB = re.compile(rf"(?:https://(?:[^@/]+@)?|ssh://git@|git@)github\.com[/:]{NAME}(?:\.git)?/?")
# A text, not a badge: a picture of ours would not show in Colab, and Colab's own is on its host.
LINK = re.compile(r"\n\[Open in Colab\]\([^)]*\)")
ROW = re.compile(r"^(\| \[\d\d [^|]*\(notebooks/(\w+)\.ipynb\)[^|]*\|[^|]*\|[^|]*\|)(.*)$", re.M)
HEAD = re.compile(r"^(\| chapter \|[^|]*\|[^|]*\|).*\n\|.*$", re.M)


def repository():
    """owner/name, from pyproject.toml, or None while it is not known."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    address = project.get("urls", {}).get("Repository")
    return address and address.removeprefix("https://github.com/")


def origin():
    """owner/name of the repository that git calls origin, or None if it is not on GitHub."""
    command = ["git", "-C", str(ROOT), "remote", "get-url", "origin"]
    try:
        address = subprocess.run(command, capture_output=True, text=True).stdout.strip()
    except OSError:  # no git, as in a downloaded folder
        return None
    found = GITHUB.fullmatch(address)
    return found and found["name"]


def setup_cell(repo):
    return SETUP_CELL.format(repo=repo) if repo else SETUP_CELL_ALONE


def colab(repo, file):
    """The address that opens a notebook of the repository in Colab."""
    return f"https://colab.research.google.com/github/{repo}/blob/main/notebooks/{file}"


def site(repo):
    """Where GitHub Pages shows the site of the repository."""
    owner, name = repo.split("/")
    return f"https://{owner.lower()}.github.io/{name}"


def write(path, text):
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8", newline="\n")
    os.replace(part, path)


def save_notebook(notebook, path):
    write(path, nbformat.writes(notebook).rstrip("\n") + "\n")


def link_project(text, repo):
    """pyproject.toml, with the repository's address in it, or with none."""
    text = re.sub(r"^Repository = .*\n", "", text, flags=re.M)
    line = f'Repository = "https://github.com/{repo}"\n' if repo else ""
    return re.sub(r"^\[project\.urls\]\n(#.*\n)*", rf"\g<0>{line}", text, flags=re.M)


def link_citation(text, repo):
    """CITATION.cff, likewise."""
    text = re.sub(r"^repository-code: .*\n", "", text, flags=re.M)
    line = f'repository-code: "https://github.com/{repo}"\n' if repo else ""
    return re.sub(r"^title: .*\n", rf"\g<0>{line}", text, flags=re.M)


def link_readme(text, repo):
    """README.md: what to clone, and a table of chapters with links to Colab, slides and pages."""
    address = f"https://github.com/{repo}" if repo else "ADDRESS"
    text = re.sub(r"^git clone \S+", f"git clone {address}", text, flags=re.M)
    heads = r" in Colab | slides | page |" if repo else ""
    rules = "---|---|---|" if repo else ""
    text = HEAD.sub(rf"\g<1>{heads}\n|---|---|---|{rules}", text)

    def row(found):
        if not repo:
            return found[1]
        stem = found[2]
        addresses = {
            "open": colab(repo, f"{stem}.ipynb"),
            "slides": f"{site(repo)}/slides/{stem}.html",
            "page": f"{site(repo)}/{stem}.html",
        }
        return f"{found[1]} " + " ".join(f"[{n}]({a}) |" for n, a in addresses.items())

    return ROW.sub(row, text)


def link_notebook(text, repo, file):
    """A notebook's text: the link under its title, and its set-up cell. Nothing else changes."""
    notebook = nbformat.reads(text, as_version=4)
    link = f"\n[Open in Colab]({colab(repo, file)})" if repo else ""
    first = notebook.cells[0]
    first.source = re.sub(r"\A.*", lambda title: title[0] + link, LINK.sub("", first.source))
    for cell in notebook.cells:
        if "setup" in cell.metadata.get("tags", []):
            cell.source = setup_cell(repo)
    return nbformat.writes(notebook).rstrip("\n") + "\n"


def relink(repo):
    """Write the repository, or that there is none, into every file of the course."""
    files = {"pyproject.toml": link_project, "CITATION.cff": link_citation}
    for name, link in {**files, "README.md": link_readme}.items():
        path = ROOT / name
        write(path, link(path.read_text(encoding="utf-8"), repo))
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        write(path, link_notebook(path.read_text(encoding="utf-8"), repo, path.name))


def main(argument):
    if argument == "none":
        repo = None
    elif argument:
        if not re.fullmatch(NAME, argument):
            sys.exit(f"REPO must look like owner/name, or be none; got {argument!r}")
        repo = argument.removesuffix(".git")
    else:
        repo = origin() or repository()
    relink(repo)
    print(
        f"Links and set-up cells lead to github.com/{repo}."
        if repo
        else "No links to Colab, and set-up cells that fetch nothing: no repository is known. "
        "`make links REPO=owner/name` names one."
    )


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "")
