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


def find(number):
    """The check of an exercise, such as "1.1"."""
    (check,) = [p.values[2] for p in CHECKS if p.values[2].name.startswith(number + " ")]
    return check


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


def _emptied(kernels):
    h = w = 1
    n = 0
    while kernels:
        a, b = kernels.pop()
        h, w, n = h + a, w + b, n + a * b
    return h, w, n


def _grey_vgg(convolutions):
    return SOLUTIONS["04_vgg"]["vgg_parameters"](convolutions) - 2 * 9 * 64


def _plus(amount, chapter, name):
    solution = SOLUTIONS[chapter][name]
    return lambda *case: (
        tuple(np.add(solution(*case), amount))
        if name == "branch_costs"
        else (solution(*case) + amount)
    )


def _softmax(s):
    return np.exp(s) / np.exp(s).sum(axis=-1, keepdims=True)


# Answers that must not pass; a part of what the message says.
REFUSED = [
    ("0.1", lambda p, q: np.isin(p, q).mean(), "its own image"),
    ("0.1", lambda p, q: len(set(p) & set(q)) / len(p), "A set forgets"),
    ("0.1", lambda p, q: round(float(np.mean(p == q)), 2), "rounded"),
    ("0.1", lambda p, q: float(np.mean(np.sort(p) == np.sort(q))), "Open the first hint"),
    ("0.1", lambda p, q: np.mean(p == q) if len(p) > 1 else 1.0, "Open the first hint"),
    ("0.1", lambda p, q: bool(np.mean(p == q)), "True or False"),
    ("0.3", lambda n, b: int(n / b + 0.99), "less than 0.01"),
    ("0.3", lambda n, b: int(n / b + 0.999), "Open the first hint"),
    ("0.3", lambda n, b: round(n / b + 0.5), "Open the first hint"),
    ("1.1", lambda y, s, k: round(float(SOLUTIONS["01_imagenet"]["top_k_error"](y, s, k)), 2),
     "rounded"),
    ("1.2", lambda n, k: round(1 - k / n, 3), "rounded"),
    ("1.2", lambda n, k: round(1 - k / n, 6), "rounded"),
    ("1.3", lambda b, a: abs(b - a) / b, "not reduced"),
    ("1.3", lambda b, a: max(b - a, 0) / b, "cut it off"),
    ("1.3", lambda b, a: round((b - a) / b, 4), "rounded"),
    ("1.3", lambda b, a: 1 - min(a, b) / max(a, b), "Open the first hint"),
    ("1.4", lambda s: (s**2).mean(axis=0).argmax(axis=1), "Squares"),
    ("1.4", lambda s: _softmax(s).mean(axis=0).argmax(axis=1), ""),
    ("1.4", lambda s: np.sqrt(s).mean(axis=0).argmax(axis=1), ""),
    ("1.4", lambda s: s.mean(axis=0).argmin(axis=1), "Open the first hint"),
    ("2.1", lambda n, k, s, p: (n + 2 * p - k + s - 1) // s, "Open the first hint"),
    ("2.2", lambda k, c, f, g: k * k * (c // 2 if g > 1 else c) * f + f, "more than two groups"),
    ("2.4", lambda w1, b1, w2, b2: (w2 @ w1, b2), "which part holds x"),
    ("3.1", lambda p, s: s / min(abs(s / p - n) for n in (0, 1)), "How much of a stripe"),
    ("3.2", lambda x, k, b: x @ k.squeeze() + b, ""),
    ("3.2", lambda x, k, b: np.squeeze(x @ k[0, 0] + b), "shape"),
    ("4.1", lambda k, s: 1 + sum((a - 1) * b for a, b in zip(k, s, strict=True)), "on all the s"),
    ("4.1", lambda k, s: 1 + sum(2 * (a // 2) for a in k), ""),
    ("4.2", lambda k, c, f: SOLUTIONS["04_vgg"]["stack_parameters"](k[::-1], c, f), "first kernel"),
    ("4.3", _plus(-1000, "04_vgg", "vgg_parameters"), "Which layer differs"),
    ("4.3", _plus(1, "04_vgg", "vgg_parameters"), "Which layer differs"),
    ("4.3", _grey_vgg, "three channels come in"),
    ("4.4", lambda n: round(np.log(n), 4), "rounded"),
    ("5.2", _plus(1, "05_inception", "module_parameters"), "Six convolutions"),
    ("5.3", _plus(1, "05_inception", "branch_costs"), "How many weights"),
    ("5.4", lambda p, c, w: min(round(find("5.4").reference(p, c, w)), 7), "How many parameters"),
    ("5.5", _emptied, "changes its input kernels"),
    ("6.1", lambda blocks, skip: True if not skip else 2**blocks, "True or False"),
    ("6.1", lambda blocks, skip: 2**blocks + (blocks > 50) if skip else 1, "What does one block"),
    ("6.2", lambda size, channels: np.eye(size * channels), "shape"),
]  # fmt: skip


@pytest.mark.parametrize(("number", "answer", "said"), REFUSED)
def test_plausible_wrong_answers_are_refused(number, answer, said):
    for _ in range(8):  # the seventh run is as strict as the first
        result = find(number).grade(answer)
        assert result.status == "wrong" and said in result.message, result.message


# Row by row: mistakes that were given a wrong cause, or none.
NAMED = [
    ("1.1", lambda y, s, k: 1 - (np.argsort(-s, axis=1)[:, :k] == y[:, None]).mean(), "of wrong"),
    ("1.1", lambda y, s, k: find("1.1").reference(y, s, min(5, s.shape[1])), "five best classes"),
    ("1.4", lambda s: np.median(s, axis=0).argmax(axis=1), "median"),
    ("1.4", lambda s: s.mean(axis=0).max(axis=1), "which class"),
    ("2.1", lambda n, k, s, p: (n - k) // s + 1, "padding makes"),
    ("2.1", lambda n, k, s, p: n + 2 * p - k + 1, "skips places"),
    ("2.2", lambda k, c, f, g: k * k * (c // g) * f + 1, "not one for all"),
    ("4.1", lambda k, s: 1 + sum(2 * (a // 2) for a in k), "stride"),
    ("4.5", lambda n, i, v: (i * v / 2) ** ((n - 1) / 2), "the first one too"),
    ("5.1", lambda c, a, b, d, n: c + n * (a + b), "5×5 branch is missing"),
    ("6.1", lambda blocks, skip: 2**blocks - 1 if skip else 1, "take nothing away"),
]  # fmt: skip


@pytest.mark.parametrize(("number", "answer", "said"), NAMED)
def test_mistakes_are_named(number, answer, said):
    result = find(number).grade(answer)
    assert result.status == "wrong" and said in result.message, result.message


def test_numbers_in_a_wrong_form_are_named():
    check = find("0.2")
    assert "text" in check.grade("30730").message
    assert "comma" in check.grade((30, 730)).message
    assert check.grade(30730.0).status == check.grade(np.int32(30730)).status == "right"
    assert check.grade(30731).status == check.grade(30730.4).status == "wrong"


@pytest.mark.parametrize(
    ("number", "answer"),
    [
        ("0.1", lambda a, b: sum(x == y for x, y in zip(a, b, strict=True)) / len(a)),
        ("0.1", lambda a, b: np.mean(a == b, dtype=np.float32)),
        ("0.3", lambda n, b: -(-n // b)),
        ("0.3", lambda n, b: np.ceil(n / b)),
        ("1.1", lambda y, s, k: 1 - np.mean([c in np.argsort(-s[i])[:k] for i, c in enumerate(y)])),
        ("1.3", lambda b, a: 1 - a / b),
        ("1.4", lambda s: s.sum(axis=0).argmax(axis=-1)),
        ("1.4", lambda s: [int(np.argmax(scores)) for scores in np.mean(s, axis=0)]),
        ("2.4", lambda w1, b1, w2, b2: [w1.dot(w2), b1.dot(w2) + b2]),
        ("3.1", lambda p, s: s / min(s / p % 1, 1 - s / p % 1)),
        ("3.2", lambda x, k, b: np.einsum("nhwc,cf->nhwf", x, k[0, 0]) + b),
        ("4.4", lambda n: -np.log(1 / n)),
        ("5.4", lambda p, c, w: ((p - find("5.2").reference(c, w)) / (w[3] * w[4]) + 25) ** 0.5),
        ("6.1", lambda blocks, skip: 2.0**blocks if skip else 1.0),
    ],
)  # fmt: skip
def test_equivalent_answers_are_right(number, answer):
    assert find(number).grade(answer) == find(number).grade(find(number).reference)


@pytest.mark.parametrize("number", ["2.4", "3.5", "6.2", "6.3", "6.4"])
def test_a_first_try_is_not_told_the_recipe(number):
    for answer in (lambda *case: 0, lambda *case: np.zeros((2, 2))):
        message = find(number).grade(answer).message
        for recipe in ("w1 @ w2", "b1 @ w2", "weights[:, label]", "np.eye", "// 2", "sum(blocks)"):
            assert recipe not in message.replace("(x @ w1 + b1) @ w2", "")


def test_changed_inputs_are_noticed_and_the_answer_still_counts():
    def accuracy(labels, predictions):
        labels -= predictions
        return np.mean(labels == 0)

    def top_k(labels, scores, k):
        scores *= -1
        return 1 - (np.argsort(scores, axis=1)[:, :k] == labels[:, None]).any(axis=1).mean()

    def ensemble(scores):
        scores /= len(scores)
        return scores.sum(axis=0).argmax(axis=1)

    def collapse(w1, b1, w2, b2):
        b2 += b1 @ w2
        return w1 @ w2, b2

    def class_map(maps, weights, label):
        maps *= weights[:, label]
        return maps.sum(axis=-1)

    for number, answer, name in (
        ("0.1", accuracy, "labels"),
        ("1.1", top_k, "scores"),
        ("1.4", ensemble, "scores"),
        ("2.4", collapse, "b2"),
        ("3.5", class_map, "maps"),
    ):
        result = find(number).grade(answer)
        assert result.status == "right", result.message
        assert f"\n! Your function changes its input {name}." in result.message


def test_an_unsolved_exercise_that_another_needs_is_named():
    scope = {}
    exec(
        "def module_parameters(channels, widths):\n    raise NotImplementedError\n"
        "def kernel_found(parameters, channels, widths):\n"
        "    return module_parameters(channels, widths)\n",
        scope,
    )
    result = find("5.4").grade(scope["kernel_found"])
    assert result.status == "wrong" and "calls module_parameters" in result.message


def test_an_index_that_is_no_whole_number_is_no_stub():
    def kernel(size, channels):
        result = np.zeros((size, size, channels, channels))
        result[size / 2, size / 2] = np.eye(channels)
        return result

    result = find("6.2").grade(kernel)
    assert result.status == "wrong" and "IndexError" in result.message
    assert "`result[size / 2, size / 2] = np.eye(channels)`" in result.message


class TestLetters:
    @pytest.mark.parametrize(
        "answer", ["BDF", ["b", "d", "f"], ("F", "D", "B"), np.array(["B", "D", "F"]), {"BDF"}]
    )
    def test_any_form_is_accepted(self, answer):
        assert find("2.3").grade(answer).status == "right"

    @pytest.mark.parametrize(
        ("number", "answer", "said"),
        [
            ("2.3", {"A", "C", "E"}, "None of your letters is right. A is no difference: both"),
            ("2.3", {"A", "B", "E"}, "One of your letters is right. A is"),
            ("2.3", "BDG", "Two of your letters are right. G is no difference"),
            ("2.3", "BDFG", "Three of your letters are right. G is no difference"),
            ("2.3", "BD", "Two of your letters are right. For the third: which rows"),
            ("2.3", "B", "One of your letters is right. For another: how large"),
            ("2.3", "", "Choose three letters"),
            ("2.3", "BDX", "no statement 'X'"),
            ("2.3", [["B"], ["D"]], "Give three letters in quotes"),
            ("2.3", 7, "Give three letters in quotes"),
            ("3.3", "ACE", "E is there: it has three pooling layers"),
            ("3.3", "BEF", "None of your letters is right. B is there"),
        ],
    )  # fmt: skip
    def test_each_choice_has_its_message(self, number, answer, said):
        result = find(number).grade(answer)
        assert result.status == "wrong" and said in result.message, result.message
