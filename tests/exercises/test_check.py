"""Each check accepts its solution, knows the stub, and refuses wrong answers with a reason."""

import importlib
import inspect
import runpy

import nbformat
import numpy as np
import pytest

from course_lib.exercises.check import Check, Misconception
from tools.notebooks import NOTEBOOKS

CHAPTERS = {
    "00_start_here": "start",
    "01_imagenet": "imagenet",
    "02_alexnet": "alexnet",
    "03_looking_inside": "looking_inside",
    "04_vgg": "vgg",
    "05_inception": "inception",
    "06_resnet": "resnet",
}


def _checks():
    for chapter, module in CHAPTERS.items():
        found = vars(importlib.import_module(f"course_lib.exercises.{module}"))
        for name, check in found.items():
            if isinstance(check, Check):
                yield pytest.param(chapter, name, check, id=f"{module}.{name}")


CHECKS = list(_checks())


def _solution(chapter, name):
    return runpy.run_path(str(NOTEBOOKS / "solutions" / f"{chapter}.py"))[name]


def test_every_chapter_with_exercises_is_tested():
    chapters = {path.stem for path in NOTEBOOKS.glob("*.ipynb")}
    assert chapters == set(CHAPTERS)


@pytest.mark.parametrize(("chapter", "name", "check"), CHECKS)
def test_solution_is_right(chapter, name, check):
    assert check.grade(_solution(chapter, name)).status == "right"


@pytest.mark.parametrize(("chapter", "name", "check"), CHECKS)
def test_stub_is_not_attempted(chapter, name, check):
    """The notebook's own stub, run as it stands, is not attempted; so are its usual variants."""
    notebook = nbformat.read(NOTEBOOKS / f"{chapter}.ipynb", as_version=4)
    cells = [c.source for c in notebook.cells if f"check.{name}(" in c.source]
    assert len(cells) == 1, f"{chapter} calls check.{name} in {len(cells)} cells"
    code, call = cells[0].rsplit("check.", 1)
    scope = {}
    exec(code, scope)
    stub = scope[call.split("(")[1].rstrip(")\n")]
    assert check.grade(stub).status == "not attempted"
    if check.cases:
        arguments = ", ".join(inspect.signature(_solution(chapter, name)).parameters)
        for body in ("...", "pass", "return ...", "x = ...; return x + 1"):
            scope = {}
            exec(f"def stub({arguments}):\n    {body}", scope)
            assert check.grade(scope["stub"]).status == "not attempted", body


@pytest.mark.parametrize(("chapter", "name", "check"), CHECKS)
def test_wrong_answers_each_get_their_own_hint(chapter, name, check):
    assert len(check.misconceptions) >= 3
    messages = set()
    for misconception in check.misconceptions:
        result = check.grade(misconception.answer)
        assert result.status == "wrong", misconception.hint
        assert misconception.hint[1:20] in result.message, (misconception.hint, result.message)
        messages.add(result.message)
    assert len(messages) == len(check.misconceptions)


@pytest.mark.parametrize(("chapter", "name", "check"), CHECKS)
def test_strange_answers_are_wrong_and_never_raise(chapter, name, check, capsys):
    for answer in (None, "text", 7.25, lambda *a: print(end=""), lambda: 1, lambda *a: "text"):
        if callable(answer) != bool(check.cases):
            continue
        assert check.grade(answer).status == "wrong"
        check(answer)
        assert capsys.readouterr().out.startswith("✗")


square = Check(
    "square",
    lambda x: x * x,
    "squared",
    names=("x",),
    cases=[(np.array([1.0, 3.0]),), (np.array([2.0]),)],
    misconceptions=[Misconception(lambda x: 2 * x, "that is twice the number")],
    hint="multiply x with itself",
)


def test_message_shows_input_expected_received_and_hint():
    message = square.grade(lambda x: 2 * x).message
    assert "x = [1., 3.]" in message
    assert "[1., 9.]" in message and "[2., 6.]" in message
    assert "That is twice the number." in message


def test_unknown_mistake_gets_the_general_hint():
    assert square.grade(lambda x: x + 100).message.endswith("Multiply x with itself.")


def test_an_error_in_the_answer_is_shown_and_not_raised():
    result = square.grade(lambda x: x @ np.ones((5, 5)))
    assert result.status == "wrong" and "ValueError" in result.message


def test_forgotten_return_is_named():
    def forgot(x):
        y = x * x  # noqa: F841

    assert "return" in square.grade(forgot).message


def test_answer_that_changes_its_input_does_not_spoil_the_next_case():
    def in_place(x):
        x *= x
        return x

    assert square.grade(in_place).status == "right"
    assert square.grade(lambda x: x * x).status == "right"


def test_nan_and_wrong_shapes_are_wrong():
    assert square.grade(lambda x: x * np.nan).status == "wrong"
    assert square.grade(lambda x: (x * x)[:, None]).status == "wrong"
    assert square.grade(lambda x: [str(n) for n in x * x]).status == "wrong"
    assert square.grade(lambda x: float((x * x)[0])).status == "wrong"


@pytest.mark.parametrize(
    "answer", ["BDF", ["b", "d", "f"], ("F", "D", "B"), np.array(["B", "D", "F"])]
)
def test_letters_are_accepted_in_any_form(answer):
    check = importlib.import_module("course_lib.exercises.alexnet").blog_differences
    assert check.grade(answer).status == "right"
    assert check.grade([["B"], ["D"]]).status == "wrong"


def test_a_hint_is_chosen_by_all_cases():
    """For batch_size 10 and 105 images the floor and the batch size are both 10."""
    check = importlib.import_module("course_lib.exercises.start").steps_per_epoch
    assert "size of one step" in check.grade(lambda images, batch_size: batch_size).message
    assert "left over" in check.grade(lambda images, batch_size: images // batch_size).message
