"""Guesses: what is noted, what is drawn beside them, and what is said of them."""

import pandas as pd
import pytest

from course_lib.exercises.prediction import Prediction


def number(**changes):
    return Prediction(
        **{
            "name": "0.1 number",
            "asked": "error, %",
            "example": 50,
            "bounds": (0, 100),
            "assumptions": [
                lambda guess, measured: abs(guess - measured) < 5,
                "A good guess",
                lambda guess, measured: guess < measured,
                "You assumed that it is easy",
            ],
        }
        | changes
    )


ORDER = {"example": ["ReLU", "sigmoid", "tanh"], "assumptions": ()}
CURVE = {"example": [90, 80, 70], "assumptions": ()}


@pytest.mark.parametrize(
    ("changes", "guess", "words"),
    [
        ({}, "twenty", "A guess is a number from 0 to 100, not 'twenty'."),
        ({}, 120, "A guess is a number from 0 to 100"),
        ({}, float("nan"), "A guess is a number"),
        ({}, True, "A guess is a number"),
        ({}, None, "A guess is a number"),
        (CURVE, [90, 80], "A guess is a list of 3 numbers from 0 to 100, not [90, 80]."),
        (CURVE, [90, 80, "70"], "A guess is a list of 3 numbers"),
        (CURVE, 90, "A guess is a list of 3 numbers"),
        (CURVE | {"bounds": (-float("inf"), 1)}, [1, 1, 2], "A guess is a list of 3 numbers, not"),
        (ORDER, ["ReLU", "tanh"], "the names 'ReLU', 'sigmoid', 'tanh', each once"),
        (ORDER, ["ReLU", "tanh"], "and yours lacks 'sigmoid'."),
        (ORDER, ["ReLU", "tanh", "Tanh"], "the largest first, and 'Tanh' is none of them."),
        (ORDER, ["ReLU", "tanh", "tanh", "sigmoid"], "the largest first, not ['ReLU'"),
        (ORDER, ["ReLU", "tanh", 1], "each once"),
        (ORDER, "ReLU", "each once"),
    ],
)
def test_what_is_no_guess_is_told_what_one_is(changes, guess, words, capsys):
    prediction = number(**changes)
    prediction(guess)
    assert capsys.readouterr().out.startswith("✗ 0.1 number: not noted. A guess is ")
    assert words in prediction.grade(guess).message
    assert prediction.guess is None


def test_without_a_guess_the_measurement_is_not_told(capsys):
    prediction = number()
    prediction(...)
    prediction.beside(37.5)
    out = capsys.readouterr().out
    assert out.count("○") == 2 and "37" not in out


def test_a_guess_does_not_change_once_the_measurement_is_known(capsys):
    prediction = number()
    prediction(20)
    prediction(30)
    prediction.beside(36)
    prediction(30)
    assert "first guess stays" not in capsys.readouterr().out
    prediction(36)
    assert "known by now, so the first guess stays" in capsys.readouterr().out
    assert prediction.guess == 30
    prediction.beside(36)
    out = capsys.readouterr().out
    assert "you guessed 30, and 36 was measured. You assumed that it is easy." in out


def test_the_first_assumption_that_holds_is_said(capsys):
    prediction = number()
    prediction(34)
    prediction.beside(36)
    assert capsys.readouterr().out.endswith("A good guess.\n")


def test_an_order_is_told_by_its_pairs(capsys):
    prediction = number(**ORDER)
    prediction(("tanh", "ReLU", "sigmoid"))
    prediction.beside({"ReLU": 70.0, "sigmoid": 10.0, "tanh": 50.0})
    out = capsys.readouterr().out
    assert "Bars in your order: tanh 50, ReLU 70, sigmoid 10." in out
    assert "2 of 3 pairs are in the right order." in out


def test_a_curve_is_told_by_its_distance(capsys):
    prediction = number(**CURVE)
    prediction([80, 70, 60])
    prediction.beside(pd.Series([90, 75, 60], index=[1, 2, 3]))
    assert "is 5 away from what was measured, on average." in capsys.readouterr().out
