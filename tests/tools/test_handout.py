"""What a class gets: copies without answers, cells to type, and exercises that are graded."""

import importlib
import re
from copy import deepcopy

import nbformat
import pytest

from tools.handout import copies, grading
from tools.handout.__main__ import replaced, write
from tools.notebooks import NOTEBOOKS
from tools.site.exercises import CHECKS
from tools.solutions import solutions

v4 = nbformat.v4
PATHS = sorted(NOTEBOOKS.glob("*.ipynb"))
every_chapter = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
HINT = re.compile(r"<summary>Hint.*?</details>", re.S)
FOLD = "<details><summary>Solution</summary>\n\n```python\ntwice = 2\n```\n</details>"


def read(path):
    return nbformat.read(path, as_version=4)


def code_of(path):
    return solutions(NOTEBOOKS / "solutions" / f"{path.stem}.py")


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def lines(text):
    """Lines of code that say something: longer than a `return x`."""
    return {line.strip() for line in text.splitlines() if len(line.strip()) > 12}


def answers(path):
    """The lines of a chapter's solutions that neither a stub, nor the lesson, nor a hint has."""
    given = [cell.source for cell in code_cells(read(path))]
    given += [hint for cell in read(path).cells for hint in HINT.findall(cell.source)]
    found = lines("\n".join(code_of(path).values()))
    return {line for line in found if not any(line in text for text in given)}


@pytest.fixture
def chapter():
    """A chapter of an exercise, and a cell to type; the speaker's notes tell the answer."""
    exercise = {"kind": "compute", "minutes": 5, "teaches": "Doubling"}
    output = v4.new_output("stream", text="○ twice: not attempted yet.")
    cells = [
        v4.new_markdown_cell("# Doubling", metadata={"notes": "Answer: twice = 2"}),
        v4.new_code_cell(
            "def double(x):\n    return 2 * x",
            id="double",
            metadata={"tags": ["live"], "live": "Double a number", "notes": "Say: it is easy."},
        ),
        v4.new_code_cell(
            "twice = ...\n\ncheck.twice(twice)",
            outputs=[output],
            execution_count=2,
            metadata={"tags": ["exercise"], "exercise": exercise},
        ),
        v4.new_markdown_cell(f"<details><summary>Hint 1</summary>\n\nAdd.\n</details>\n{FOLD}"),
        v4.new_markdown_cell(FOLD),
    ]
    return v4.new_notebook(cells=cells)


def test_a_student_gets_hints_but_no_answers(chapter):
    before = deepcopy(chapter)
    copy = copies.student(chapter)
    assert [cell.source for cell in copy.cells[1:]] == [
        "def double(x):\n    return 2 * x",
        "twice = ...\n\ncheck.twice(twice)",
        "<details><summary>Hint 1</summary>\n\nAdd.\n</details>",
    ]
    text = nbformat.writes(copy)
    assert "twice = 2" not in text and "not attempted" not in text and "teaches" not in text
    assert chapter == before


def test_a_presenter_types_into_an_empty_cell_and_finds_the_code_below(chapter):
    copy = copies.presenter(chapter)
    nbformat.validate(copy)
    _, empty, fold, exercise, _ = copy.cells
    assert empty.source == "# Double a number"
    assert fold.source.startswith("<details><summary>To type</summary>\n\n```python\ndef double")
    assert "Say: it is easy." in fold.source
    assert exercise.source.startswith("twice = ...")
    assert "twice = 2" not in nbformat.writes(copy)


def test_a_solved_copy_has_the_solution_in_place_of_the_stub(chapter):
    copy = copies.solved(chapter, {"twice": "# Why: 1 + 1.\ntwice = 2"})
    assert copy.cells[2].source == "# Why: 1 + 1.\ntwice = 2\n\n\ncheck.twice(twice)"
    assert copies.solved(chapter, {}) == copies.student(chapter)


@every_chapter
def test_no_answer_is_in_a_students_copy(path):
    copy = copies.student(read(path))
    nbformat.validate(copy)
    text = nbformat.writes(copy)
    assert "<summary>Solution" not in text and '"notes":' not in text
    assert not any(cell.outputs or cell.execution_count for cell in code_cells(copy))
    assert text.count("<summary>Hint 1") == path.read_text("utf-8").count("<summary>Hint 1") > 0
    everything = "\n".join(cell.source + str(cell.metadata) for cell in copy.cells)
    assert len(answers(path)) > 3
    assert not {line for line in answers(path) if line in everything}


@every_chapter
def test_cells_to_type_are_empty_in_the_presenters_copy(path):
    notebook = read(path)
    copy = copies.presenter(notebook)
    nbformat.validate(copy)
    live = [cell for cell in copy.cells if "live" in copies.tags(cell)]
    assert all(re.fullmatch(r"(# .+\n?)+", cell.source) for cell in live)
    folds = [cell.source for cell in copy.cells if "<summary>To type" in cell.source]
    codes = [cell.source for cell in notebook.cells if "live" in copies.tags(cell)]
    assert len(folds) == len(codes) == len(live)
    assert all(code in fold for code, fold in zip(codes, folds, strict=True))
    assert "<summary>Solution" not in nbformat.writes(copy)


@every_chapter
def test_every_exercise_is_solved_in_the_solved_copy(path):
    copy, code = copies.solved(read(path), code_of(path)), code_of(path)
    asked = [cell for cell in copy.cells if "exercise" in copies.tags(cell)]
    for cell, before in zip(asked, exercises(path), strict=True):
        guess = before.metadata["exercise"]["kind"] == "predict"
        assert guess or code[copies.exercise(before).answer] in cell.source
        assert cell.source.endswith(copies.exercise(before).call)


def exercises(path):
    return [cell for cell in read(path).cells if "exercise" in copies.tags(cell)]


@pytest.mark.parametrize("stem", ["01_imagenet", "02_alexnet"])
def test_checks_find_every_answer_of_a_solved_copy_right(stem, capsys):
    path = NOTEBOOKS / f"{stem}.ipynb"
    module = CHECKS.search("\n".join(cell.source for cell in code_cells(read(path))))[1]
    scope = {"check": importlib.import_module(f"course_lib.exercises.{module}")}
    for cell in copies.solved(read(path), code_of(path)).cells:
        if "exercise" in copies.tags(cell):
            exec(cell.source, scope)
    printed = capsys.readouterr().out
    guesses = [c for c in exercises(path) if c.metadata["exercise"]["kind"] == "predict"]
    assert printed.count("✓") == len(exercises(path)) - len(guesses)
    assert printed.count("○") == len(guesses), "a guess has no solution"
    assert "✗" not in printed


def graded_by(tool, path):
    code = code_of(path)
    if tool == "nbgrader":
        return grading.for_nbgrader(read(path), code)
    return grading.for_otter(read(path), code, path.stem)


@every_chapter
@pytest.mark.parametrize("tool", ["nbgrader", "otter"])
def test_a_graded_notebook_is_the_students_once_solutions_are_out(tool, path):
    copy = graded_by(tool, path)
    nbformat.validate(copy)
    region = re.compile(r"# BEGIN SOLUTION NO PROMPT\n.*?# END SOLUTION\n", re.S)
    kept = [c for c in copy.cells if c.cell_type != "raw" and not c.id.startswith("grade-")]
    for cell, before in zip(kept, copies.student(read(path)).cells, strict=True):
        without = region.sub("", cell.source)
        assert re.sub(r"\n+", "\n", without) == re.sub(r"\n+", "\n", before.source)


@every_chapter
def test_nbgrader_finds_its_metadata(path):
    cells = [cell for cell in graded_by("nbgrader", path).cells if "nbgrader" in cell.metadata]
    ids = [cell.metadata.nbgrader.grade_id for cell in cells]
    assert len(set(ids)) == len(ids)
    for answer, test in zip(cells[::2], cells[1::2], strict=True):
        about = answer.metadata.nbgrader, test.metadata.nbgrader
        assert [each["solution"] for each in about] == [True, False]
        assert [each["grade"] for each in about] == [each["locked"] for each in about]
        assert about[1]["grade"] and about[1]["points"] == 1


def test_a_graded_cell_says_what_the_check_says(chapter):
    cell = grading.for_nbgrader(chapter, {"twice": "twice = 2"}).cells[-2]
    check = importlib.import_module("course_lib.exercises.check").Check
    scope = {"check": type("module", (), {"twice": check("1 twice", 2, "yes", hint="add")})}
    exec(cell.source, {**scope, "twice": 2})
    with pytest.raises(AssertionError, match=r"You have 3\. Add\."):
        exec(cell.source, {**scope, "twice": 3})
    with pytest.raises(AssertionError, match="place of the three dots") as caught:
        exec(cell.source, {**scope, "twice": ...})
    assert max(map(len, str(caught.value).splitlines())) <= 80


def test_no_chapter_uses_the_graded_cells_name():
    assert not [path.name for path in PATHS if "_graded" in path.read_text(encoding="utf-8")]


def test_each_kind_has_its_folder(tmp_path):
    write(tmp_path / "handout", "01", "nbgrader")
    write(tmp_path / "handout", "02")
    found = {str(path.relative_to(tmp_path / "handout")) for path in tmp_path.rglob("*.*")}
    stems = ("01_imagenet", "02_alexnet")
    kinds = ("student", "presenter", "solved")
    copied = {f"{kind}/{stem}.ipynb" for kind in kinds for stem in stems}
    course = {"nbgrader/nbgrader_config.py", "nbgrader/source/01_imagenet/01_imagenet.ipynb"}
    assert found == copied | course


def test_a_chapter_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="no chapter begins with '77'"):
        write(tmp_path / "handout", "77")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("keep", [False, True])
def test_a_folder_is_replaced_whole_or_not_at_all(tmp_path, keep):
    folder = tmp_path / "handout"
    folder.mkdir()
    (folder / "old").write_text("old")
    with pytest.raises(ZeroDivisionError), replaced(folder, keep) as new:
        (new / "half").write_text("half")
        raise ZeroDivisionError
    assert [path.name for path in tmp_path.rglob("*")] == ["handout", "old"]
    with replaced(folder, keep) as new:
        (new / "new").write_text("new")
    expected = {"handout", "new"} | ({"old"} if keep else set())
    assert {path.name for path in tmp_path.rglob("*")} == expected
