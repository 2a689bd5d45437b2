"""What the site says of chapters, records and times, before Sphinx makes pages of it."""

import json
import re

import jinja2
import nbformat
import pytest

from course_lib.evidence import records
from course_lib.exercises.challenge import Challenge
from course_lib.exercises.letters import LetterCheck
from course_lib.exercises.prediction import Prediction
from course_lib.figures import display
from tools import notebooks
from tools.notebooks import NOTEBOOKS, ROOT
from tools.site import chapters, evidence, exercises, explorers

v4 = nbformat.v4
TEXT = """\
# 09 · LeNet: can it read?
[Open in Colab](https://example.org)

About 5 minutes to read, 1 minute to run."""
EXERCISE = "### Exercise 9.1 · Count\n\nCount."


@pytest.fixture
def written(tmp_path):
    """A small chapter as the site has it, and its folder."""
    drawn = v4.new_output("display_data", display.picture(b"a picture", "Bars: *a* has 1 [point]."))
    cells = [
        v4.new_markdown_cell(TEXT),
        v4.new_code_cell("import course_lib", metadata={"tags": ["setup"]}),
        v4.new_markdown_cell(EXERCISE),
        v4.new_code_cell("show(fig)", outputs=[drawn], id="bars"),
        v4.new_code_cell("widgets.cost_explorer()", outputs=[drawn]),
    ]
    nbformat.write(v4.new_notebook(cells=cells), tmp_path / "09_lenet.ipynb")
    (tmp_path / "pictures").mkdir()
    live = {"cost_explorer": "<div>live</div>"}
    chapters.write(tmp_path / "09_lenet.ipynb", tmp_path / "page.ipynb", live)
    return nbformat.read(tmp_path / "page.ipynb", as_version=4).cells, tmp_path


def test_a_chapter_is_made_ready(written):
    (title, setup, exercise, picture, explorer), folder = written
    assert "Colab" not in title.source
    assert "hide-input" in setup.metadata.tags
    assert exercise.source.startswith("(exercise-9-1)=\n### Exercise 9.1")
    address = "pictures/09_lenet-bars-0.png"
    shown = {"text/markdown": rf"![Bars: \*a\* has 1 \[point\].]({address})"}
    assert picture.outputs[0].data == shown
    assert (folder / address).read_bytes() == b"a picture"
    assert explorer.outputs[0].data == {"text/markdown": "<div>live</div>"}


def test_a_chapter_is_described(written):
    found = chapters.describe(written[1] / "09_lenet.ipynb")
    assert (found["number"], found["name"], found["question"]) == ("09", "LeNet", "can it read?")
    assert (found["read"], found["run"], found["exercises"]) == ("5", "1", {"9.1": "Count"})


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_every_chapter_has_a_question_and_exercises(path):
    found = chapters.describe(path)
    assert found["question"].endswith("?")
    assert len(found["exercises"]) >= 3


def test_a_chapter_without_minutes_is_an_error(tmp_path):
    cells = [v4.new_markdown_cell("# 09 · LeNet: can it read?")]
    nbformat.write(v4.new_notebook(cells=cells), tmp_path / "09.ipynb")
    with pytest.raises(ValueError, match=r"09\.ipynb must begin with its title"):
        chapters.describe(tmp_path / "09.ipynb")


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_every_exercise_is_listed_with_its_mistakes(path):
    tasks = exercises.listed(path)
    titles = {task["number"]: task["title"] for task in tasks}
    assert titles == chapters.describe(path)["exercises"]
    for task in tasks:
        assert task["kind"] and task["minutes"] and task["teaches"]
        assert len(task["mistakes"]) >= 3 or task["kind"] in ("predict", "challenge")


def test_what_other_kinds_of_checks_say_is_listed_too():
    check = LetterCheck("odd", "yes", {"A": "which?"}, {"B": "it is even"}, verdict="is not odd")
    assert exercises.mistakes(check) == ["B is not odd: it is even"]
    assumptions = [lambda guess, measured: guess < measured, "you assumed that depth is free"]
    guess = Prediction("6.6 depth", "error, %", example=50, assumptions=assumptions)
    assert exercises.mistakes(guess) == ["You assumed that depth is free"]
    assert exercises.mistakes(Challenge("0.1 short", len, target=4, unit="letters")) == []
    assert exercises._html("`a < b` & c") == "<code>a &lt; b</code> &amp; c"


def render(name, facts):
    template = (ROOT / "site" / name).read_text(encoding="utf-8")
    return jinja2.Template(template).render(facts)


def test_the_instructors_page_has_plans_minutes_and_mistakes():
    task = {"number": "9.1", "title": "Count", "kind": "read", "minutes": 5, "teaches": "to count"}
    chapter = {"number": "09", "name": "LeNet", "file": "09.ipynb"}
    chapter["tasks"] = [{**task, "mistakes": ["One too many", "None"]}]
    page = render("instructors.md", {"chapters": [chapter], "plans": exercises.plans()})
    assert "| 90 minutes |" in page and "| four weeks |" in page
    assert "1 exercises, 5 minutes." in page
    assert "| [9.1 · Count](09.ipynb#exercise-9-1) | read | 5 | To count |" in page
    assert "Count: 2 mistakes</summary><ul>\n<li>One too many</li>" in page
    students = render("exercises.md", {"chapters": [chapter]})
    assert "read, 5 minutes" in students
    assert "To count" not in students and "One too many" not in students


def test_code_on_the_instructors_page_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "collected").mkdir()
    outputs = [v4.new_output("stream", text=f"{mark} 1.1 ...") for mark in "✓✓○"]
    cells = [v4.new_code_cell("check", outputs=[output]) for output in outputs]
    nbformat.write(v4.new_notebook(cells=cells), tmp_path / "collected" / "ada.ipynb")
    page = (ROOT / "site" / "instructors.md").read_text(encoding="utf-8")
    for code in re.findall(r"```python\n(.*?)```", page, re.S):
        exec(code, {})
    counted, status, message = capsys.readouterr().out.splitlines()
    assert counted == "ada.ipynb {'✓': 2, '✗': 0, '○': 1}"
    assert status == "wrong" and "difference in points" in message


def test_a_record_says_what_was_run():
    facts = evidence.facts(records.load("02_race"))
    assert "2,000 training and 1,000 test images; seeds 0, 1, 2, 3, 4; 10 epochs" in facts


def test_a_record_is_drawn_with_its_text(tmp_path):
    [depth, suspects, _] = evidence.recorded("04", tmp_path)
    assert len(list(tmp_path.glob("vgg_rates-*.png"))) == 3  # at most five nets in each
    assert depth["figures"].startswith("![Curves of the test error by epoch, medians: A from ")
    assert "| A | 170,682 |" in depth["table"]
    assert "shapes10" in suspects["facts"]


def test_states_of_the_receptive_field():
    sentence, rows = explorers._receptive_field(3, 2, 2)
    assert sentence == "2 layers of 3×3, stride 2: one cell sees 7 × 7 pixels, for 18 C² weights."
    assert [(name, text) for name, _, text in rows] == [
        ("layer 2", "1 cell"),
        ("layer 1", "3 cells"),
        ("input", "7 pixels"),
    ]
    assert rows[-1][1] == 100


def test_an_explorer_starts_with_its_state():
    def state(width):
        return f"width {width} < 3", [["all", 10 * width, str(width)]]

    html = explorers._html(state, "Bars", width=((1, 2), 2))
    before, _, after = html.partition("</script>")
    content = json.loads(before.partition('json">')[2])
    assert content["controls"] == [{"name": "width", "choices": [1, 2], "start": 1}]
    assert content["states"][0] == ["width 1 < 3", [["all", 10, "1"]]]
    assert "width 2 &lt; 3" in after
    assert "width:20%" in after


def test_times_are_added_to_those_of_other_chapters(tmp_path, monkeypatch):
    monkeypatch.setattr(notebooks, "TIMES", tmp_path / "build" / "times.json")
    monkeypatch.setattr(notebooks, "ROOT", tmp_path)
    row = {"seconds": 20.0, "peak": 900.0, "cells": 3, "run": 3, "compared": 2}
    notebooks.save_times({"00.ipynb": row})
    notebooks.save_times({"01.ipynb": row | {"seconds": 30.0}})
    times = json.loads(notebooks.TIMES.read_text(encoding="utf-8"))
    assert [times[name]["seconds"] for name in ("00.ipynb", "01.ipynb")] == [20.0, 30.0]
    assert times["00.ipynb"]["processor"]
