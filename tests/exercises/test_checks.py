"""Each check accepts right answers of all kinds, knows the stub, and names what is wrong."""

import ast
import importlib
import inspect
import re
import runpy

import nbformat
import numpy as np
import pytest
from right_answers import RIGHT

from course_lib.exercises import limits
from course_lib.exercises.check import Check
from course_lib.exercises.letters import LetterCheck
from course_lib.exercises.nets import NetCheck
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
    "09_bug_museum": "museum",
}
SOLUTIONS = {c: runpy.run_path(str(NOTEBOOKS / "solutions" / f"{c}.py")) for c in CHAPTERS}


def solution(chapter, name):
    """The answer under the exercise's name, or under the one that keeps it off the library's."""
    return SOLUTIONS[chapter].get(name) or SOLUTIONS[chapter][f"{name}_exercise"]


def imports(notebook):
    """The names that a page imports; its exercises use them."""
    page = ast.Module([], [])
    for cell in notebook.cells:
        if cell.cell_type == "code" and not cell.metadata.get("tags"):
            body = ast.parse(cell.source).body
            page.body += [node for node in body if isinstance(node, ast.Import | ast.ImportFrom)]
    scope = {}
    exec(compile(page, "imports", "exec"), scope)
    return scope


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
    result = check.grade(solution(chapter, name))
    assert result.status == "right" and "!" not in result.message, result.message


@every_check
def test_other_right_answers_are_right(chapter, name, check):
    if isinstance(check, NetCheck):
        return  # test_built_02.py to test_built_08.py have them
    assert len(RIGHT[name]) >= 2
    for answer in RIGHT[name]:
        assert check.grade(answer) == check.grade(solution(chapter, name)), answer


@every_check
def test_a_solution_says_why(chapter, name, check):
    answer = solution(chapter, name)
    if callable(answer):
        lines = [line for line in inspect.getdoc(answer).splitlines() if line]
    else:
        above = (NOTEBOOKS / "solutions" / f"{chapter}.py").read_text().split(f"\n{name} = ")[0]
        lines = re.search(r"(?:^#.*\n?)*\Z", above, re.M)[0].splitlines()
    assert len(lines) >= 2


@every_check
def test_notebook_stub_is_not_attempted_and_prints_what_is_saved(chapter, name, check, capsys):
    notebook = nbformat.read(NOTEBOOKS / f"{chapter}.ipynb", as_version=4)
    (cell,) = [c for c in notebook.cells if f"check.{name}(" in c.source]
    code, call = cell.source.rsplit("check.", 1)
    scope = imports(notebook)
    exec(code, scope)
    check(scope[call.split("(")[1].rstrip(")\n")])
    assert capsys.readouterr().out == cell.outputs[0].text
    assert "○" in cell.outputs[0].text


@every_check
def test_other_stubs_are_not_attempted(chapter, name, check, tmp_path):
    if not check.cases:
        return
    arguments = ", ".join(inspect.signature(solution(chapter, name)).parameters)
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
    assert len(check.mistakes) >= 5
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
        if (
            isinstance(function, ast.FunctionDef)
            and function.name.removesuffix("_exercise") == name
        ):
            returns = [n for n in ast.walk(function) if isinstance(n, ast.Return)]
            for value in (r.value for r in returns):
                returned += value.elts if isinstance(value, ast.Tuple) else [value]
    hints = [check.hint] + [hint for _, hint in check.mistakes]
    for node in returned:
        text = ast.unparse(node).replace(" ", "")
        if isinstance(node, ast.BinOp | ast.Call | ast.Subscript):
            assert not [hint for hint in hints if text in hint.replace(" ", "")]


@every_check
def test_strange_answers_are_wrong_and_never_raise(chapter, name, check, capsys, monkeypatch):
    monkeypatch.setattr(limits, "SLOW_S", 60)  # on a busy machine a line more would be printed
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
        assert check.grade(solution(chapter, name)).status == "right"
