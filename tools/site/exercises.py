"""The exercises as the site lists them: from the notebooks' metadata, and from the checks."""

import html
import importlib
import re

import nbformat

from course_lib.exercises.letters import LetterCheck
from course_lib.exercises.prediction import Prediction
from tools.handout.copies import exercise
from tools.notebooks import ROOT
from tools.site.chapters import EXERCISE

CHECKS = re.compile(r"^from course_lib\.exercises import (\w+) as check$", re.M)
PLANS = re.compile(r"^## For instructors\n+((?:\|.*\n)+)", re.M)


def listed(path):
    """A chapter's exercises in order: number, title, kind, minutes, teaches, mistakes (in HTML).

    Args:
        path: the chapter's notebook.
    """
    notebook = nbformat.read(path, as_version=4)
    code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    checks = importlib.import_module(f"course_lib.exercises.{CHECKS.search(code)[1]}")
    found, heading = [], None
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            heading = EXERCISE.search(cell.source) or heading
        elif asked := exercise(cell):
            number, title = heading.groups()
            hints = mistakes(getattr(checks, asked.check))
            about = {"number": number, "title": title, "mistakes": [_html(hint) for hint in hints]}
            found.append({**about, **cell.metadata["exercise"]})
    return found


def mistakes(check):
    """What a check says to the wrong answers that it knows, and to the guesses.

    >>> from course_lib.exercises.check import Check
    >>> mistakes(Check("sum", 5, "added", mistakes=[6, "that is the product"]))
    ['That is the product']
    """
    if isinstance(check, LetterCheck):
        hints = [f"{letter} {check.verdict}: {why}" for letter, why in check.wrong.items()]
    elif isinstance(check, Prediction):
        hints = [hint for _, hint in check.assumptions]
    else:  # a challenge knows no mistakes, only scores
        hints = [hint for _, hint in getattr(check, "mistakes", [])]
    return [hint[:1].upper() + hint[1:] for hint in hints]


def plans():
    """The README's table for instructors: what to teach in 90 minutes, a day, or four weeks."""
    return PLANS.search((ROOT / "README.md").read_text(encoding="utf-8"))[1]


def _html(text):
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text, quote=False))
