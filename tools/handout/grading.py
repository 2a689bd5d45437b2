"""Exercises as nbgrader and Otter-Grader know them: a solution to take out, a cell that grades."""

from nbformat.v4 import new_code_cell, new_raw_cell

from tools.handout.copies import exercise, student

CONFIG = """\
# nbgrader's settings for this course; its other settings can stand here, too.
import os

os.environ["COURSE_PROGRESS"] = "off"  # what students solve is not your own progress
c = get_config()

c.CourseDirectory.course_id = "cnn-architectures"
c.ClearSolutions.code_stub = {"python": ""}  # each exercise keeps its own stub
c.Execute.timeout = 600  # seconds for a cell: some train nets
"""
# Without `export_cell` there is no cell that makes a PDF, which needs LaTeX or a browser.
ASSIGNMENT = """\
# ASSIGNMENT CONFIG
name: {name}
export_cell: false
"""
# The check's own explanation becomes the message that the student reads, in lines that fit a page.
TEST = """\
import textwrap

_graded = check.{check}.grade({answer})
assert _graded.status == "right", textwrap.fill(_graded.message, 80)"""


def for_nbgrader(notebook, code_by_name):
    """The chapter as a source notebook of nbgrader: a point for each exercise.

    Args:
        notebook: the chapter.
        code_by_name: its solutions, from `tools.solutions.solutions`. An exercise without one is
            not graded.
    """
    return _graded(notebook, code_by_name, _nbgrader_cells)


def for_otter(notebook, code_by_name, name):
    """The chapter as a source notebook of `otter assign`, for the assignment of this name."""
    copy = _graded(notebook, code_by_name, _otter_cells)
    copy.cells.insert(0, new_raw_cell(ASSIGNMENT.format(name=name), id="otter-assignment"))
    return copy


def _graded(notebook, code_by_name, graded_cells):
    copy, cells = student(notebook), []
    for cell in copy.cells:
        found = exercise(cell)
        if not found or found.answer not in code_by_name:
            cells.append(cell)
            continue
        # Both tools take out what lies between these lines, and the stub before them is left.
        solution = f"# BEGIN SOLUTION NO PROMPT\n{code_by_name[found.answer]}\n# END SOLUTION"
        cell.source = f"{found.stub}\n\n{solution}\n{found.call}"
        test = TEST.format(**found._asdict())
        cells += graded_cells(found.check, cell, new_code_cell(test, id=f"grade-{found.check}"))
    copy.cells = cells
    return copy


def _nbgrader_cells(name, answer, test):
    about = {"schema_version": 3, "task": False}
    answer.metadata["nbgrader"] = about | {
        **{"grade_id": name, "solution": True, "grade": False, "locked": False}
    }
    test.metadata["nbgrader"] = about | {
        **{"grade_id": f"{name}-test", "solution": False, "grade": True, "locked": True},
        "points": 1,
    }
    return [answer, test]


def _otter_cells(name, answer, test):
    def raw(*lines):
        text = "\n".join(lines)
        part = lines[0].removeprefix("# ").replace(" ", "-").lower()
        return new_raw_cell(text, id=f"{part}-{name}"[:64])

    return [
        raw("# BEGIN QUESTION", f"name: {name}", "points: 1"),
        raw("# BEGIN SOLUTION"),
        answer,
        raw("# END SOLUTION"),
        raw("# BEGIN TESTS"),
        test,
        raw("# END TESTS"),
        raw("# END QUESTION"),
    ]
