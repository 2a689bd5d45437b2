"""Each wrong choice of letters has its message, and each letter has its reason."""

import pytest
from test_checks import CHECKS

from course_lib.exercises import alexnet, looking_inside
from course_lib.exercises.letters import LetterCheck
from tools.notebooks import NOTEBOOKS

LETTERS = [case for case in CHECKS if isinstance(case.values[2], LetterCheck)]
every_letter_check = pytest.mark.parametrize(("chapter", "name", "check"), LETTERS)


@pytest.mark.parametrize(
    ("check", "answer", "said"),
    [
        (alexnet.blog_differences, {"A", "C", "E"},
         "None of your letters is right. A is no difference: both"),
        (alexnet.blog_differences, {"A", "B", "E"}, "One of your letters is right. A is"),
        (alexnet.blog_differences, "BDG", "Two of your letters are right. G is no difference"),
        (alexnet.blog_differences, "BDFG", "Three of your letters are right. G is no difference"),
        (alexnet.blog_differences, "BD",
         "Two of your letters are right. For the third: which rows"),
        (alexnet.blog_differences, "B", "One of your letters is right. For another: how large"),
        (alexnet.blog_differences, "", "Choose three letters"),
        (alexnet.blog_differences, "BDX", "no statement 'X'"),
        (alexnet.blog_differences, [["B"], ["D"]], "Give three letters in quotes"),
        (alexnet.blog_differences, 7, "Give three letters in quotes"),
        (looking_inside.missing_parts, "ACE", "E is there: it has three pooling layers"),
        (looking_inside.missing_parts, "BEF", "None of your letters is right. B is there"),
    ],
)  # fmt: skip
def test_each_choice_has_its_message(check, answer, said):
    result = check.grade(answer)
    assert result.status == "wrong" and said in result.message, result.message


@every_letter_check
def test_each_letter_has_its_own_message(chapter, name, check):
    letters = sorted(check.right | check.wrong)
    assert "".join(letters) == "ABCDEFGHIJ"[: len(letters)]
    reasons = [*check.right.values(), *check.wrong.values()]
    assert len(reasons) >= 5 and len(set(reasons)) == len(reasons)
    for letter, reason in check.wrong.items():
        for others in (set(), check.reference):
            message = check.grade({letter} | others).message
            assert f"{letter} {check.verdict}: {reason}." in message
    for letter, question in check.right.items():
        message = check.grade(check.reference - {letter}).message
        assert message.endswith(question) and letter not in message.split()


@every_letter_check
def test_the_solution_gives_the_reason_of_each_letter(chapter, name, check):
    solution = (NOTEBOOKS / "solutions" / f"{chapter}.py").read_text(encoding="utf-8")
    lines = [line for line in solution.splitlines() if line.startswith("# ")]
    for letter in check.right | check.wrong:
        start = f"# {letter}: " if letter in check.right else f"# Not {letter}: "
        assert any(line.startswith(start) for line in lines), start
