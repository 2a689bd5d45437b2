"""Build the site from the saved notebooks; nothing in them is run.

    python -m tools.site [--quick] [FOLDER]

FOLDER is build/site if none is given. The pages' sources are written beside it, in FOLDER_source.
"""

import argparse
import json
import shutil
import sys
import time
from pathlib import Path

import jinja2
from sphinx.cmd.build import main as sphinx

from tools.links import repository
from tools.notebooks import NOTEBOOKS, ROOT, TIMES
from tools.site import chapters, evidence, exercises, explorers

PAGES = ROOT / "site"
SLIDES = ROOT / "build" / "slides"


def write_sources(source, slides, quick):
    """Everything that Sphinx reads: chapters, records' figures, and the other pages."""
    shutil.rmtree(source, ignore_errors=True)
    for folder in ("records", "pictures"):
        (source / folder).mkdir(parents=True)
    live = explorers.explorers(quick)
    pages = []
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        pages.append(chapter := chapters.describe(path))
        chapters.write(path, source / path.name, live)
        drawn = source / "records" if not quick or chapter["number"] == "04" else None
        chapter["records"] = evidence.recorded(chapter["number"], drawn)
        chapter["tasks"] = exercises.listed(path)
        chapter["margins"] = evidence.margins(chapter["number"])
    facts = {"chapters": pages, "slides": slides, "times": {}, "repository": repository()}
    facts["plans"] = exercises.plans()
    facts["classroom"] = json.loads((PAGES / "classroom.json").read_text(encoding="utf-8"))
    if TIMES.exists():
        facts["times"] = json.loads(TIMES.read_text(encoding="utf-8"))
    for path in PAGES.glob("*.md"):
        _render(path, source / path.name, facts)
    for chapter in pages:
        if chapter["records"] or chapter["margins"]:
            target = source / "records" / f"{chapter['number']}.md"
            _render(PAGES / "records" / "chapter.md", target, chapter)


def _render(template, target, facts):
    page = jinja2.Template(template.read_text(encoding="utf-8"), keep_trailing_newline=True)
    target.write_text(page.render(facts), encoding="utf-8")


def build(target, quick=False):
    """Build the site in the folder `target`; returns Sphinx's exit status, 0 if all is well."""
    source = target.with_name(f"{target.name}_source")
    slides = "slides" if SLIDES.exists() else ""
    write_sources(source, slides, quick)
    shutil.rmtree(target, ignore_errors=True)
    # What Sphinx keeps for its next run is not for readers.
    options = ["-q", "-W", "--keep-going", "-d", str(source / "doctrees"), "-c", str(PAGES)]
    status = sphinx([*options, str(source), str(target)])
    if slides:
        shutil.copytree(SLIDES, target / "slides")
    return status


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", nargs="?", default=ROOT / "build" / "site", type=Path)
    parser.add_argument(
        "--quick", action="store_true", help="few states and figures: to look at a page's text"
    )
    arguments = parser.parse_args()
    folder, start = arguments.folder.resolve(), time.time()
    if folder.exists() and not (folder / ".buildinfo").exists():
        parser.error(f"{folder} holds something else than a site: choose a new folder")
    status = build(folder, arguments.quick)
    files = [path for path in folder.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files) / 1e6
    print(f"{folder}: {size:.0f} MB in {time.time() - start:.0f} s")
    sys.exit(status)
