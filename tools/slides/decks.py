"""Slides of every notebook: reveal.js decks in one folder, with an index."""

import re
import shutil
from copy import deepcopy
from importlib.resources import as_file, files
from pathlib import Path

import jinja2
import nbformat
from nbconvert.exporters import SlidesExporter
from nbconvert.filters import markdown2html
from nbformat.v4 import new_markdown_cell

from tools.links import LINK
from tools.notebooks import NOTEBOOKS, ROOT, picture_in

HERE = Path(__file__).parent
DECKS = ROOT / "build" / "slides"
REVEAL = (
    "LICENSE",
    "dist/reset.css",
    "dist/reveal.css",
    "dist/reveal.js",
    "dist/theme/fonts/source-sans-pro",
    "plugin/notes",
)
TITLE = re.compile(r"^# (.+)$", re.M)
QUESTION = re.compile(r"^\*\*The question\.\*\* (.+)$", re.M)
MINUTES = re.compile(r"^(About \d+ minutes? .+?\.)(?: |$)", re.M)
CHAPTER_LINK = re.compile(r"\]\((\d\d_\w+)\.ipynb")


def title_of(notebook):
    """The title, the question and the minutes of a chapter, from its first cell.

    >>> first = "# 09 · A net\\n\\n**The question.** Why?\\n\\nAbout 5 minutes to read."
    >>> title_of(nbformat.v4.new_notebook(cells=[new_markdown_cell(first)]))
    {'title': '09 · A net', 'question': 'Why?', 'minutes': 'About 5 minutes to read.'}
    """
    first = notebook.cells[0].source
    found = {"title": TITLE, "question": QUESTION, "minutes": MINUTES}
    found = {name: pattern.search(first) for name, pattern in found.items()}
    for name, match in found.items():
        if match is None:
            raise ValueError(f"the first cell must hold the chapter's {name}, got {first[:80]!r}")
    return {name: match[1] for name, match in found.items()}


def slide_cell(text, slide_type):
    return new_markdown_cell(text, metadata={"slideshow": {"slide_type": slide_type}})


def title_slide(notebook):
    """The first cell as a title; the speaker gets the rest of it."""
    title = title_of(notebook)
    rest = LINK.sub("", notebook.cells[0].source)
    for pattern in (TITLE, QUESTION):
        rest = pattern.sub("", rest)
    yield slide_cell("# {title}\n\n{question}\n\n{minutes}".format(**title), "slide")
    notes = notebook.cells[0].metadata.get("notes", "")
    yield slide_cell(f"{notes}\n\n{rest.strip()}", "notes")


def cells_on_slides(cell):
    """A cell as one or more: its short text, itself, what the speaker says.

    `slide` in a cell's metadata is what the slide shows: in place of a Markdown cell's text, which
    goes to the notes, or above a code cell. `notes` is for the speaker alone.
    """
    kind = cell.metadata.slideshow.slide_type
    short, notes = cell.metadata.get("slide"), cell.metadata.get("notes")
    said = [notes] if notes else []
    if short is not None and kind not in ("skip", "notes"):
        if cell.cell_type == "markdown":
            heading = cell.source.partition("\n")[0]
            if heading.startswith("#") and not short.startswith("#"):
                short = f"{heading}\n\n{short}"
            said.append(cell.source)
            cell.source = short
        else:
            yield slide_cell(short, kind)
            cell.metadata.slideshow.slide_type = "-"
    if "exercise" in cell.metadata.get("tags", []) and cell.cell_type == "code":
        cell.outputs = []  # they say that nobody has tried it yet
    for output in cell.get("outputs", []):
        leave_out_our_numbers(output)
    yield cell
    if said:
        yield slide_cell("\n\n".join(said), "notes")


def leave_out_our_numbers(output):
    """Take the column `here` from a table of claims: it is for reading, and a slide has no room."""
    table = output.get("data", {}).get("text/markdown", "")
    if table.startswith("| claim |"):
        rows = [row.split(" | ") for row in table.splitlines()]
        output.data["text/markdown"] = "\n".join(" | ".join([*r[:2], *r[3:]]) for r in rows)


def draws(cell):
    """Whether a code cell's slide leaves the code out: it shows a picture, or says `hide_code`."""
    if cell.metadata.get("hide_code"):
        return True
    return any(picture_in(output) for output in cell.get("outputs", []))


def for_slides(notebook):
    """A copy of a notebook with the cells that its deck needs, for nbconvert."""
    notebook = deepcopy(notebook)
    notebook.metadata.title = title_of(notebook)["title"]
    cells = list(title_slide(notebook))
    for cell in notebook.cells[1:]:
        cells += cells_on_slides(cell)
    for cell in cells:
        if cell.cell_type == "markdown":
            cell.source = CHAPTER_LINK.sub(r"](\1.html", cell.source)
        cell.metadata.draws = draws(cell)
    notebook.cells = cells
    return notebook


def copy_reveal(folder):
    """Copy what the decks need of the reveal.js that the package sphinx-revealjs carries."""
    with as_file(files("sphinx_revealjs") / "_static" / "revealjs") as reveal:
        for name in REVEAL:
            target = folder / "reveal" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            copy = shutil.copytree if (reveal / name).is_dir() else shutil.copyfile
            copy(reveal / name, target)


def exporter():
    """nbconvert's exporter to slides, with the template that lies here."""
    return SlidesExporter(
        template_name=HERE.name,
        extra_template_basedirs=[str(HERE.parent)],
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        exclude_anchor_links=True,
    )


def build(folder, prefix=""):
    """Write the decks of the notebooks whose name begins with `prefix`, an index, and what they
    need. `folder` is emptied first. Returns the decks' paths.
    """
    shutil.rmtree(folder, ignore_errors=True)
    copy_reveal(folder)
    for name in ("slides.css", "slides.js"):
        shutil.copyfile(HERE / name, folder / name)
    to_slides = exporter()
    chapters = []
    for path in sorted(NOTEBOOKS.glob(f"{prefix}*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        deck, _ = to_slides.from_notebook_node(for_slides(notebook))
        file = f"{path.stem}.html"
        (folder / file).write_text(deck, encoding="utf-8")
        chapters.append(title_of(notebook) | {"file": file})
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(HERE), autoescape=True)
    environment.filters["markdown"] = markdown2html
    index = environment.get_template("chapters.html.j2").render(chapters=chapters)
    (folder / "index.html").write_text(index, encoding="utf-8")
    return [folder / chapter["file"] for chapter in chapters]
