"""What is solved survives a restart, stays on this computer, and never disturbs a check."""

import importlib
import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from course_lib.exercises import progress as own_place
from course_lib.exercises import start
from course_lib.exercises.challenge import Challenge
from course_lib.exercises.check import Check
from course_lib.exercises.prediction import Prediction
from course_lib.exercises.progress import best, exercises, progress, solved
from tools.notebooks import KERNEL_ENV, NOTEBOOKS, ROOT

ACCURACY = start.accuracy.name


@pytest.fixture
def file(tmp_path, monkeypatch):
    """Where this test keeps what is solved."""
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "new" / "progress.json"))
    return tmp_path / "new" / "progress.json"


def printed(capsys):
    capsys.readouterr()
    progress()
    return capsys.readouterr().out.splitlines()


def right(check=start.accuracy):
    check(check.reference)


def test_tests_and_notebooks_leave_the_users_file_alone():
    assert KERNEL_ENV["COURSE_PROGRESS"] == os.environ["COURSE_PROGRESS"] == "off"


def test_a_solved_exercise_is_kept_and_survives_a_restart(file, capsys):
    start.accuracy(lambda labels, predictions: 0)
    assert not file.exists()
    right()
    right()
    right(start.steps_per_epoch)
    lines = printed(capsys)
    assert lines[0].startswith("Solved: 2 of ")
    assert lines[1] == "00 Start here         2 of 3  ●○●"
    code = "from course_lib.exercises import vgg as check; check.progress()"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines() == lines
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_grading_for_somebody_else_keeps_nothing(file):
    assert start.accuracy.grade(start.accuracy.reference).status == "right"
    assert not file.exists()


def test_all_can_be_forgotten(file, capsys):
    right()
    best("2.6 smallest_net", 5)
    assert "●" in "".join(printed(capsys))
    progress(reset=True)
    assert "●" not in capsys.readouterr().out
    assert "●" not in "".join(printed(capsys)) and best("2.6 smallest_net") is None


def test_the_best_score_is_kept(file, capsys):
    assert best("2.6 smallest_net") is None
    assert best("2.6 smallest_net", 70_000, lower_is_better=True) == 70_000
    assert best("2.6 smallest_net", 61_706, lower_is_better=True) == 61_706
    assert best("2.6 smallest_net", 80_000, lower_is_better=True) == 61_706
    assert best("2.6 smallest_net", float("nan"), lower_is_better=True) == 61_706
    assert best("6.7 deepest", 0.5) == 0.5
    assert best("6.7 deepest", 0.75) == best("6.7 deepest", 0.25) == best("6.7 deepest") == 0.75
    assert printed(capsys)[-3:-1] == [
        "Best score in 2.6 smallest_net: 61,706",
        "Best score in 6.7 deepest: 0.75",
    ]
    solved(ACCURACY)
    assert best("6.7 deepest") == 0.75


def test_a_challenge_knows_the_best_of_yesterday(file, capsys):
    def challenge():
        return Challenge("0.9 ratio", lambda x: x, 0.5, "units", lower_is_better=False)

    challenge()(0.25)
    assert not json.loads(file.read_text())["solved"]
    challenge()(0.75)
    challenge()(-1)
    assert capsys.readouterr().out.splitlines()[-1].endswith("Your best so far: 0.75.")
    assert json.loads(file.read_text()) == {"solved": ["0.9 ratio"], "best": {"0.9 ratio": 0.75}}


def test_a_guess_that_is_noted_counts(file):
    guess = Prediction("0.9 guess", "accuracy, %", example=50, bounds=(0, 100))
    guess(101)
    assert not file.exists()
    guess(60)
    assert json.loads(file.read_text())["solved"] == ["0.9 guess"]


def test_off_keeps_nothing_and_still_says_what_a_score_is(monkeypatch, capsys):
    monkeypatch.setenv("COURSE_PROGRESS", "off")
    monkeypatch.setattr(own_place, "user_data_path", lambda *_, **__: pytest.fail("asked"))
    right()
    assert best("6.7 deepest", 0.5) == 0.5 and best("6.7 deepest") is None
    assert "●" not in "".join(printed(capsys))


@pytest.mark.parametrize(
    "text",
    [
        *["", "{", "[]", "null", "7", "{}", '{"solved": 3, "best": {}}', "\0", "[" * 10**5],
        *['{"solved": [[1]], "best": {}}', '{"solved": [1], "best": {}}', '{"solved": []}'],
        *['{"solved": [], "best": []}', '{"solved": [], "best": {"a": "high"}}'],
        '{"solved": ["0.1 accuracy"], "best": {"a": NaN}}',
    ],
)
def test_a_damaged_file_is_ignored_and_written_anew(text, file, capsys):
    file.parent.mkdir()
    file.write_text(text)
    assert "●" not in "".join(printed(capsys)) and best("a") is None
    right()
    assert printed(capsys)[1].endswith("●○○")
    assert json.loads(file.read_text()) == {"solved": [ACCURACY], "best": {}}


def test_text_in_another_encoding_is_ignored(file, capsys):
    file.parent.mkdir()
    file.write_bytes(b'{"solved": ["\xff"], "best": {}}')
    assert "●" not in "".join(printed(capsys))


@pytest.mark.parametrize("place", ["a folder", "below a file", "not writable", "\0"])
def test_where_nothing_can_be_kept_a_check_works_all_the_same(
    place, file, tmp_path, monkeypatch, capsys
):
    if place == "a folder":
        file.mkdir(parents=True)
    elif place == "below a file":
        file.parent.write_text("")
    elif place == "not writable":

        def refused(*_, **__):
            raise PermissionError

        monkeypatch.setattr(Path, "write_text", refused)
    else:
        monkeypatch.setattr(own_place, "_path", lambda: Path("\0"))
    right()
    assert capsys.readouterr().out.startswith("✓") and "○" in "".join(printed(capsys))
    assert [p for p in tmp_path.rglob("*") if p.is_file()] in ([], [file.parent])


def test_the_file_is_written_whole(file, monkeypatch):
    right()
    before = file.read_text()

    def interrupted(*_):
        raise OSError("no space left")

    monkeypatch.setattr(os, "replace", interrupted)
    right(start.steps_per_epoch)
    assert file.read_text() == before
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_by_default_it_lies_in_the_users_own_folder(monkeypatch):
    monkeypatch.delenv("COURSE_PROGRESS")
    path = own_place._path()
    assert path.name == "progress.json" and path.parent.name == "course_lib"
    assert path.is_relative_to(Path.home()) and not path.is_relative_to(ROOT)


def test_nothing_leaves_this_computer(file, monkeypatch, capsys):
    monkeypatch.setattr(socket, "socket", lambda *_, **__: pytest.fail("a connection"))
    right()
    assert "Nothing leaves this computer" in printed(capsys)[-1]


def test_the_table_has_every_exercise_of_every_chapter():
    chapters = exercises()
    files = {path.stem: path.read_text() for path in (ROOT / "course_lib/exercises").glob("*.py")}
    modules = {
        head[1]: importlib.import_module(f"course_lib.exercises.{name}")
        for name, text in files.items()
        if (head := re.match(r'"""Checks of chapter (\d\d)', text))
    }
    assert [title[:2] for title in chapters] == sorted(modules)
    assert sorted(modules) == sorted(path.stem[:2] for path in NOTEBOOKS.glob("*.ipynb"))
    for title, names in chapters.items():
        module = modules[title[:2]]
        kinds = Check | Prediction | Challenge
        found = [check.name for check in vars(module).values() if isinstance(check, kinds)]
        assert sorted(found) == sorted(names)
        assert [name.split(".")[0] for name in names] == [str(int(title[:2]))] * len(names)
        assert [int(re.findall(r"\d+", name)[1]) for name in names] == [*range(1, 1 + len(names))]
        assert module.progress is progress, "every chapter offers check.progress()"


def test_chapter_00_shows_it_as_it_is(capsys):
    """If an exercise has come or gone: `make refresh NB=00`."""
    notebook = nbformat.read(NOTEBOOKS / "00_start_here.ipynb", as_version=4)
    (cell,) = [cell for cell in notebook.cells if cell.source == "check.progress()"]
    progress()
    assert cell.outputs[0].text == capsys.readouterr().out
