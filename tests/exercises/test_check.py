"""The frame of the checks: what is said of an answer, and that nothing gets past it."""

import sys

import numpy as np
import pytest

from course_lib.exercises.check import Check, integers

square = Check(
    "square",
    lambda x, times=1: x * x,
    "squared",
    cases=[(np.array([1.0, 3.0]),), (np.array([2.25]),), (np.array([]),)],
    mistakes=[lambda x: 2 * x, "that is twice the number"],
    hint="multiply x with itself",
)
count = Check("count", lambda n: n + 1, "counted", cases=[(1,), (2,)])
value = Check("value", 30730, "known", mistakes=[1, "that is one"])


def test_message_shows_input_expected_received_and_hint():
    message = square.grade(lambda x: 2 * x).message
    assert "x = [1., 3.]" in message
    assert "[1., 9.]" in message and "[2., 6.]" in message
    assert "That is twice the number." in message


def test_a_mistake_is_named_only_if_it_fits_all_cases():
    message = square.grade(lambda x: 2 * x if len(x) == 2 else x).message
    assert message.endswith("Multiply x with itself.")
    message = square.grade(lambda x: 2 * x if len(x) == 2 else 1 / 0).message
    assert message.endswith("Multiply x with itself.")


def test_forgotten_return_is_named():
    def forgot(x):
        y = x * x  # noqa: F841

    def sometimes(x):
        if len(x) == 1:
            return x * x

    result = square.grade(forgot)
    assert result.status == "wrong"
    assert result.message == "Your function returns None: write its body, and end it with `return`."
    assert "without a `return`" in square.grade(sometimes).message


def test_nan_and_wrong_shapes_and_text_are_wrong():
    assert square.grade(lambda x: x * np.nan).status == "wrong"
    assert "shape (2, 1)" in square.grade(lambda x: (x * x)[:, None]).message
    assert square.grade(lambda x: [str(n) for n in x * x]).status == "wrong"
    assert square.grade(lambda x: float((x * x).sum())).status == "wrong"
    assert square.grade(lambda x: [[1], [1, 2]]).status == "wrong"
    assert square.grade(lambda x: np.round(x * x, 1)).message.endswith("with all its digits.")


def test_text_is_compared_and_nan_in_a_case_is_no_change():
    named = Check("named", lambda v: [("a", 1.0)], "named", cases=[([float("nan")],)])
    assert named.grade(lambda v: [["a", 1.0]]) == ("right", "Named.")
    for other in ([("b", 1.0)], [(1.0, "a")], [("a", "1.0")]):
        assert named.grade(lambda v, other=other: other).status == "wrong"


def test_a_function_to_repair_is_not_attempted_until_it_answers_otherwise():
    repair = Check("repair", lambda n: n, "done", cases=[(2,), (3,)], stub=lambda n: -n)
    assert repair.grade(lambda n: 0 - n).status == "not attempted"
    assert repair.grade(lambda n: -n if n < 3 else n).status == "wrong"


def test_around_tries_a_function_on_what_it_makes():
    def filled(function):
        def tried(count):
            made = [0] * count
            function(made)
            return made

        return tried

    fill = Check("fill", lambda v: v.append(1), "full", [lambda v: v.append(2), "two"], [(2,)],
                 around=filled)  # fmt: skip
    assert fill.grade(lambda v: v.insert(2, 1)) == ("right", "Full.")
    assert fill.grade(lambda v: v.append(2)).message.endswith("yours is [0, 0, 2]. Two.")


def test_whole_numbers_are_exact_and_true_is_no_one():
    big = Check("big", 2**53, "done")
    assert big.grade(2**53).status == "right"
    assert big.grade(2**53 + 1).status == "wrong"
    one = Check("one", 1, "done")
    assert "True or False" in one.grade(True).message
    assert one.grade(1.0).status == "right"


class Unfriendly:
    def __repr__(self):
        raise ValueError("no text")

    __str__ = __eq__ = __array__ = __len__ = __repr__
    __hash__ = None


class Leaving:
    def __repr__(self):
        sys.exit(1)


class Undecided:
    """Every comparison gives something that is neither true nor false."""

    def __bool__(self):
        raise ValueError("true or false?")

    def __eq__(self, other):
        return self

    __hash__ = None


class Unpackable:
    """It leaves whatever asks for its length, its parts or its array."""

    def __len__(self):
        sys.exit(1)

    __iter__ = __array__ = __getattr__ = __len__


class Changing(list):
    def __len__(self):
        raise RecursionError


class OddArray(np.ndarray):
    def __array_finalize__(self, other):
        if other is not None:
            raise RuntimeError("not this one")


def _endless_list():
    endless = []
    endless.append(endless)
    return endless


STRANGE = [
    Unfriendly,
    Leaving,
    Undecided,
    Unpackable,
    lambda: Changing([1]),
    lambda: [Undecided(), Unfriendly()],
    lambda: (value for value in ()),
    _endless_list,
    lambda: 10**400,
    lambda: 10**5000,
    lambda: list(range(10**6)),
    lambda: np.zeros(10**6),
    lambda: "x" * 10**6,
    lambda: np.ndarray.__new__(OddArray, (3,)),
    lambda: {object(), object()},
    lambda: float("nan"),
    lambda: "\ud800",
    lambda: Unfriendly,
]


@pytest.mark.parametrize("make", STRANGE)
def test_strange_values_are_wrong_short_and_raise_nothing(make, capsys):
    strange = make()
    for check, answer in ((value, strange), (square, lambda x: strange), (count, strange)):
        check(answer)
        printed = capsys.readouterr().out
        assert printed.startswith("✗") and len(printed) < 1500 and printed.count("\n") == 1
        assert "Traceback" not in printed
        printed.encode()
        assert check.grade(answer).status == "wrong"


def test_an_argument_that_cannot_be_compared_any_more_is_changed():
    fill = Check("fill", lambda v: 1, "full", cases=[([1],)])
    for make in (Unfriendly, Undecided):
        message = fill.grade(lambda v, make=make: v.append(make()) or 1).message
        assert message.startswith("Full.\n! Your function changes its input v.")


def test_an_answer_that_returns_the_same_list_each_time_is_compared_at_once():
    result = []

    def reused(n):
        result[:] = [n + 1]
        return result

    counted = Check("count", lambda n: [n + 1], "counted", cases=[(1,), (2,)])
    assert counted.grade(reused).status == "right"


def test_cases_are_drawn_from_the_seed_and_reach_both_ends():
    assert integers(1, (1, 2), (5, 9)) == integers(1, (1, 2), (5, 9))
    assert {n for (n,) in integers(2, (1, 3), count=50)} == {1, 2, 3}


def test_a_value_that_is_known_gets_its_hint():
    assert value.grade(1).message == "You have 1. That is one."
    assert value.grade(...).status == "not attempted"
    assert count.grade(...).message == "Write the function above, then run this cell again."
    assert "Pass the function itself, not 3" in count.grade(3).message
