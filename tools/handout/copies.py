"""A chapter's copies: for a student, for whoever presents it, and solved."""

import re
import textwrap
from copy import deepcopy
from typing import NamedTuple

from nbformat.v4 import new_markdown_cell

from tools.solutions import FOLD

CALL = re.compile(r"^check\.(?P<check>\w+)\((?P<answer>\w+)", re.M)
KEPT = {"slideshow", "tags"}  # other metadata holds what the speaker says, answers among it


class Exercise(NamedTuple):
    """An exercise's cell: what is to be done, the call of its check, and the names in that call.

    >>> from nbformat.v4 import new_code_cell
    >>> marked = {"tags": ["exercise"]}
    >>> exercise(new_code_cell("units = ...\\n\\ncheck.layer(units)", metadata=marked))
    Exercise(stub='units = ...', call='check.layer(units)', check='layer', answer='units')
    """

    stub: str
    call: str
    check: str
    answer: str


def exercise(cell):
    """The Exercise in a cell, or None if it is no exercise or calls no check."""
    found = list(CALL.finditer(cell.source)) if "exercise" in tags(cell) else None
    if not found:
        return None
    start = found[-1].start()
    return Exercise(cell.source[:start].strip(), cell.source[start:], *found[-1].groups())


def tags(cell):
    return cell.metadata.get("tags", [])


def student(notebook):
    """The chapter with its hints, but without outputs, solutions and what the speaker says."""
    notebook = deepcopy(notebook)
    for cell in notebook.cells:
        cell.metadata = {name: cell.metadata[name] for name in KEPT & set(cell.metadata)}
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        else:
            cell.source = FOLD.sub("", cell.source).strip()
    notebook.cells = [cell for cell in notebook.cells if cell.source]
    return notebook


def presenter(notebook):
    """The student's copy, with empty cells where the speaker types; a fold below says what."""
    copy, cells = student(notebook), []
    spoken = {cell.id: cell for cell in notebook.cells if "live" in tags(cell)}
    for cell in copy.cells:
        cells.append(cell)
        if original := spoken.get(cell.id):
            cell.source = _comment(original.metadata["live"])
            cells.append(_fold(original))
    copy.cells = cells
    return copy


def solved(notebook, code_by_name):
    """The student's copy, with the solution in place of each exercise's stub.

    Args:
        notebook: the chapter.
        code_by_name: its solutions, from `tools.solutions.solutions`. An exercise without one, such
            as a guess before a measurement, keeps its stub.
    """
    notebook = student(notebook)
    for cell in notebook.cells:
        found = exercise(cell)
        if found and found.answer in code_by_name:
            cell.source = f"{code_by_name[found.answer]}\n\n\n{found.call}"
    return notebook


def _comment(text):
    return textwrap.fill(text, 80, initial_indent="# ", subsequent_indent="# ")


def _fold(cell):
    """The code to type, and what to say of it, under the cell; closed until it is clicked."""
    parts = [f"```python\n{cell.source}\n```", cell.metadata.get("notes", "")]
    text = "\n\n".join(filter(None, parts))
    return new_markdown_cell(
        f"<details><summary>To type</summary>\n\n{text}\n</details>",
        id=f"{cell.id}-live"[-64:],  # the longest that a notebook may have
        metadata={"slideshow": {"slide_type": "notes"}},
    )
