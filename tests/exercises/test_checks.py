"""Each check accepts its solution, knows the stub, and refuses wrong answers with a reason."""

import ast
import importlib
import inspect
import runpy

import nbformat
import numpy as np
import pytest

from course_lib.exercises.check import Check
from course_lib.exercises.letters import LetterCheck
from tools.notebooks import NOTEBOOKS

CHAPTERS = {
    "00_start_here": "start",
    "01_imagenet": "imagenet",
    "02_alexnet": "alexnet",
    "03_looking_inside": "looking_inside",
    "04_vgg": "vgg",
    "05_inception": "inception",
    "06_resnet": "resnet",
    "07_pretrained": "pretrained",
    "08_practice": "practice",
}
SOLUTIONS = {c: runpy.run_path(str(NOTEBOOKS / "solutions" / f"{c}.py")) for c in CHAPTERS}


def _checks():
    for chapter, module in CHAPTERS.items():
        found = vars(importlib.import_module(f"course_lib.exercises.{module}"))
        for name, check in found.items():
            if isinstance(check, Check):
                yield pytest.param(chapter, name, check, id=f"{module}.{name}")


CHECKS = list(_checks())
every_check = pytest.mark.parametrize(("chapter", "name", "check"), CHECKS)


def test_every_chapter_with_exercises_is_tested():
    assert {path.stem for path in NOTEBOOKS.glob("*.ipynb")} == set(CHAPTERS)


@every_check
def test_solution_is_right(chapter, name, check):
    result = check.grade(SOLUTIONS[chapter][name])
    assert result.status == "right" and "!" not in result.message, result.message


@every_check
def test_notebook_stub_is_not_attempted_and_prints_what_is_saved(chapter, name, check, capsys):
    notebook = nbformat.read(NOTEBOOKS / f"{chapter}.ipynb", as_version=4)
    (cell,) = [c for c in notebook.cells if f"check.{name}(" in c.source]
    code, call = cell.source.rsplit("check.", 1)
    scope = {}
    exec(code, scope)
    check(scope[call.split("(")[1].rstrip(")\n")])
    assert capsys.readouterr().out == cell.outputs[0].text
    assert "○" in cell.outputs[0].text


@every_check
def test_other_stubs_are_not_attempted(chapter, name, check, tmp_path):
    if not check.cases:
        return
    arguments = ", ".join(inspect.signature(SOLUTIONS[chapter][name]).parameters)
    bodies = (
        "...",
        "pass",
        '"""Text."""',
        "return ...",
        "return ..., ...",
        "x = ...; return x + 1",
    )
    for i, body in enumerate(bodies):
        file = tmp_path / f"stub{i}.py"
        file.write_text(f"def stub({arguments}):\n    {body}\n")
        scope = {}
        exec(compile(file.read_text(), file, "exec"), scope)
        assert check.grade(scope["stub"]).status == "not attempted", body


@every_check
def test_wrong_answers_each_get_their_own_hint(chapter, name, check):
    if isinstance(check, LetterCheck):
        return
    assert len(check.mistakes) >= 3
    assert len({hint for _, hint in check.mistakes}) == len(check.mistakes)
    for answer, hint in check.mistakes:
        result = check.grade(answer)
        assert result.status == "wrong", hint
        assert hint[1:] in result.message, (hint, result.message)
        assert len(result.message) < 1400


@every_check
def test_no_hint_gives_the_solution(chapter, name, check):
    tree = ast.parse((NOTEBOOKS / "solutions" / f"{chapter}.py").read_text())
    returned = []
    for function in tree.body:
        if isinstance(function, ast.FunctionDef) and function.name == name:
            returns = [n for n in ast.walk(function) if isinstance(n, ast.Return)]
            for value in (r.value for r in returns):
                returned += value.elts if isinstance(value, ast.Tuple) else [value]
    hints = [check.hint] + [hint for _, hint in check.mistakes]
    for node in returned:
        text = ast.unparse(node).replace(" ", "")
        if isinstance(node, ast.BinOp | ast.Call | ast.Subscript):
            assert not [hint for hint in hints if text in hint.replace(" ", "")]


@every_check
def test_strange_answers_are_wrong_and_never_raise(chapter, name, check, capsys):
    for answer in (None, "text", 7.25, lambda *a: print(end=""), lambda: 1, lambda *a: "text"):
        if callable(answer) != bool(check.cases):
            continue
        assert check.grade(answer).status == "wrong"
        check(answer)
        assert capsys.readouterr().out.startswith("✗")


@every_check
def test_a_check_leaves_its_cases_alone(chapter, name, check):
    def spoil(*arguments):
        for argument in arguments:
            if isinstance(argument, list):
                argument.clear()
            if isinstance(argument, np.ndarray):
                argument[...] = 0
        return 0

    if check.cases:
        message = check.grade(spoil).message
        assert check.grade(spoil).message == message
        assert check.grade(SOLUTIONS[chapter][name]).status == "right"
