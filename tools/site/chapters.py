"""A chapter as a page of the site: what its index says of it, and its notebook made ready."""

import re

import nbformat

from tools.links import LINK
from tools.notebooks import picture_in
from tools.site.markdown import picture

TITLE = re.compile(r"^# (?P<number>\d\d) · (?P<name>[^:\n]+)(: (?P<question>.+))?$", re.M)
QUESTION = re.compile(r"^\*\*The question\.\*\* .*?([^.?]+\?)$", re.M)  # its last sentence
MINUTES = re.compile(r"About (?P<read>\d+) minutes to read, (?P<run>\d+( to \d+)?) minutes? to run")
EXERCISE = re.compile(r"^### Exercise (\d+\.\d+) · (.+)$", re.M)
SUFFIXES = {"image/svg+xml": "svg", "image/png": "png"}
EXPLORER = re.compile(r"^widgets\.(\w+)\(\)$", re.M)


def describe(path):
    """What the site says of a chapter: number, name, question, minutes, exercises by number."""
    notebook = nbformat.read(path, as_version=4)
    texts = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    title, minutes = TITLE.search(texts[0]), MINUTES.search("\n".join(texts[:3]))
    if not (title and minutes):
        raise ValueError(f"{path.name} must begin with its title, question and minutes")
    question = title["question"] or ""
    if not question.endswith("?"):
        question = QUESTION.search(texts[0])[1].strip()
    exercises = dict(pair for text in texts for pair in EXERCISE.findall(text))
    return {
        **title.groupdict(),
        **minutes.groupdict(),
        "question": question[0].lower() + question[1:],
        "file": path.name,
        "slides": f"{path.stem}.html",
        "exercises": exercises,
    }


def write(path, target, live):
    """Write a notebook as MyST-NB shows it best, and its pictures into a folder beside it.

    `live` maps the names of the notebooks' explorers to HTML.
    """
    notebook = nbformat.read(path, as_version=4)
    notebook.metadata.setdefault("language_info", {})["name"] = "python"
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = _text(cell.source)
            continue
        if "setup" in cell.metadata.get("tags", []):
            cell.metadata["tags"].append("hide-input")
        if explorer := EXPLORER.search(cell.source):
            cell.outputs = [_output(live[explorer[1]])]
        for i, output in enumerate(cell.outputs):
            if found := picture_in(output):
                kind, content, alt = found
                file = f"pictures/{path.stem}-{cell.id}-{i}.{SUFFIXES[kind]}"
                (target.parent / file).write_bytes(content)
                cell.outputs[i] = _output(picture(alt, file))
    nbformat.write(notebook, target)


def _output(markdown):
    return nbformat.v4.new_output("display_data", {"text/markdown": markdown})


def _text(source):
    """Markdown without its link to Colab (the theme has one), with anchors that do not change."""
    source = LINK.sub("", source)
    return EXERCISE.sub(lambda m: f"(exercise-{m[1].replace('.', '-')})=\n{m[0]}", source)
