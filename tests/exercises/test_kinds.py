"""Predictions and challenges of every chapter: their cells, and what is saved below them."""

import importlib

import nbformat
import pytest
from test_checks import CHAPTERS

from course_lib.exercises.challenge import Challenge
from course_lib.exercises.check import Check
from course_lib.exercises.prediction import Prediction
from tools.notebooks import NOTEBOOKS


def _exercises(kinds):
    for chapter, module in CHAPTERS.items():
        found = vars(importlib.import_module(f"course_lib.exercises.{module}"))
        for name, exercise in found.items():
            if isinstance(exercise, kinds):
                yield pytest.param(chapter, name, exercise, id=f"{module}.{name}")


def _cells(chapter, call):
    notebook = nbformat.read(NOTEBOOKS / f"{chapter}.ipynb", as_version=4)
    return [(i, cell) for i, cell in enumerate(notebook.cells) if call in cell.source]


every = pytest.mark.parametrize(
    ("chapter", "name", "exercise"), list(_exercises(Prediction | Challenge))
)
every_prediction = pytest.mark.parametrize(
    ("chapter", "name", "exercise"), list(_exercises(Prediction))
)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_exercises_are_numbered_in_the_order_of_the_page(chapter):
    notebook = nbformat.read(NOTEBOOKS / f"{chapter}.ipynb", as_version=4)
    module = vars(importlib.import_module(f"course_lib.exercises.{CHAPTERS[chapter]}"))
    exercises = {n: e for n, e in module.items() if isinstance(e, Check | Prediction | Challenge)}
    called = [
        exercise.name
        for cell in notebook.cells
        if "exercise" in cell.metadata.get("tags", [])
        for name, exercise in exercises.items()
        if f"check.{name}(" in cell.source
    ]
    assert called == [
        f"{int(chapter[:2])}.{i} {name.split()[-1]}" for i, name in enumerate(called, start=1)
    ]
    assert sorted(called) == sorted(exercise.name for exercise in exercises.values())


@every
def test_the_cell_without_an_answer_prints_what_is_saved(chapter, name, exercise, capsys):
    ((_, cell),) = _cells(chapter, f"check.{name}(")
    code, call = cell.source.rsplit("check.", 1)
    scope = {}
    exec(code, scope)
    exercise(scope[call.split("(")[1].rstrip(")\n")])
    assert capsys.readouterr().out == cell.outputs[0].text
    assert "○" in cell.outputs[0].text


@every_prediction
def test_beside_the_measurement_an_untouched_page_says_that_there_is_no_guess(
    chapter, name, exercise, capsys
):
    ((asked, _),) = _cells(chapter, f"check.{name}(")
    ((told, cell),) = _cells(chapter, f"check.{name}.beside(")
    assert asked < told
    exercise.beside(None)
    assert [capsys.readouterr().out] == [output.text for output in cell.outputs]


@every_prediction
def test_an_example_is_a_guess_and_assumptions_are_sentences(chapter, name, exercise):
    assert exercise.grade(exercise.example).status == "right"
    assert 2 <= len(exercise.assumptions) <= 5
    for _, text in exercise.assumptions:
        assert text[0].isupper() and text[-1] not in ".!?"
