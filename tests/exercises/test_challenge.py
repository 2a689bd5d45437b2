"""Challenges: a score, a target, rules, and answers that stop."""

import pytest

from course_lib.exercises.challenge import Challenge, Refused


def ratio(answer):
    value = answer() if callable(answer) else answer
    if value < 0:
        raise Refused("the number must be positive")
    return 1 / value


@pytest.fixture
def challenge():
    return Challenge("0.9 ratio", ratio, target=0.5, unit="units")


def test_score_target_and_best(challenge, capsys):
    for answer in (1, 4, 3):
        challenge(answer)
    first, second, third = capsys.readouterr().out.splitlines()
    assert first == (
        "✗ 0.9 ratio: not yet. 1 units; the target is at most 0.5. Your best so far: 1."
    )
    assert second.startswith("✓ 0.9 ratio: right. 0.25 units") and "best so far: 0.25" in second
    assert "0.3333333333 units" in third and third.endswith("best so far: 0.25.")


def test_more_may_be_better(capsys):
    challenge = Challenge("0.9 ratio", ratio, target=0.5, unit="units", lower_is_better=False)
    challenge(1), challenge(4)
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("✓") and "at least 0.5" in first
    assert second.startswith("✗") and second.endswith("best so far: 1.")


def unwritten():
    raise NotImplementedError


@pytest.mark.parametrize(
    ("answer", "status", "words"),
    [
        (..., "not attempted", "Put your answer in place of the three dots"),
        (unwritten, "not attempted", "Replace the line with NotImplementedError"),
        (-1, "wrong", "The number must be positive."),
        (0, "wrong", "stops with ZeroDivisionError"),
        ("text", "wrong", "stops with TypeError"),
        (lambda: exit(), "wrong", "stops with SystemExit"),
    ],
)
def test_what_has_no_score_says_why_and_is_no_best(challenge, answer, status, words, capsys):
    assert challenge.grade(answer)[0] == status
    assert words in challenge.grade(answer).message
    challenge(answer)
    assert "best" not in capsys.readouterr().out
    assert challenge.best is None
