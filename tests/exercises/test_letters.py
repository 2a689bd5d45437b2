"""A choice of letters is accepted in any form, and each wrong choice has its message."""

import numpy as np
import pytest

from course_lib.exercises import alexnet, looking_inside


@pytest.mark.parametrize(
    "answer", ["BDF", ["b", "d", "f"], ("F", "D", "B"), np.array(["B", "D", "F"]), {"BDF"}]
)
def test_any_form_is_accepted(answer):
    assert alexnet.blog_differences.grade(answer).status == "right"


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
