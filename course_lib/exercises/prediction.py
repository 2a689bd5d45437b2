"""Guesses that are noted before a measurement, and stand beside it afterwards."""

from itertools import combinations
from numbers import Real

import numpy as np
import pandas as pd

from course_lib.exercises.check import Result
from course_lib.exercises.progress import solved
from course_lib.exercises.values import show
from course_lib.figures import display, plots

STATUS = {
    "not attempted": "○ {}: no guess yet.",
    "wrong": "✗ {}: not noted.",
    "right": "● {}: noted.",
}


class Prediction:
    """A guess of a number, of a curve, or of an order: called with the guess, it notes it.

    After the measurement `beside` draws both, and names what the guess assumed. A guess that is
    changed once the measurement is known does not count.

    Args:
        name: the exercise's name in the notebook, such as "6.6 deeper".
        asked: what is guessed, with its unit, such as "training error, %".
        example: a guess of the right form: a number, a list of numbers (one for each epoch), or a
            list of names, which are put in order, the largest first.
        bounds: between which numbers a guess lies.
        assumptions: tests of (guess, measured) and sentences, alternating. The first that is true
            is said; the most specific comes first.

    >>> depth = Prediction("6.6 depth", "test error, %", example=50, bounds=(0, 100), assumptions=[
    ...     lambda guess, measured: guess < measured, "You assumed that depth is free"])
    >>> depth(...)
    ○ 6.6 depth: no guess yet. Put your guess in place of the three dots, then run this cell again.
    >>> depth(20)
    ● 6.6 depth: noted. Run on: what is measured will stand beside it.
    >>> depth.beside(35.25)
    Bars: your guess 20, measured 35.2.
    ● 6.6 depth: you guessed 20, and 35.2 was measured. You assumed that depth is free.
    """

    def __init__(self, name, asked, example, bounds=(-np.inf, np.inf), assumptions=()):
        self.name, self.asked, self.example, self.bounds = name, asked, example, bounds
        self.assumptions = list(zip(assumptions[::2], assumptions[1::2], strict=True))
        self.guess, self.known = None, False

    def __call__(self, guess):
        """Note the guess, and print that, or what a guess should look like."""
        status, message = self.grade(guess)
        if status == "right" and self.known and guess != self.guess:
            message = "The measurement is known by now, so the first guess stays."
        elif status == "right":
            self.guess = guess
            solved(self.name)
        print(f"{STATUS[status].format(self.name)} {message}")

    def grade(self, guess):
        """The Result for a guess: "right" is one of the right form. Raises nothing."""
        if guess is ...:
            text = "Put your guess in place of the three dots, then run this cell again."
            return Result("not attempted", text)
        if self._fits(guess):
            return Result("right", "Run on: what is measured will stand beside it.")
        return Result("wrong", f"A guess is {self._form()}, {self._differs(guess)}.")

    def beside(self, measured):
        """Draw what was measured beside the guess, and print what the guess assumed.

        Args:
            measured: a number; a Series over epochs; or, for an order, a dict or Series from name
                to number.

        Without a guess, one line is printed, which does not tell what was measured.
        """
        if self.guess is None:
            print(f"○ {self.name}: no guess was noted above, so there is nothing to compare.")
            return
        self.known = True
        if not isinstance(self.example, list):
            both = {"your guess": self.guess, "measured": measured}
            text = ", ".join(f"{name} {value:.3g}" for name, value in both.items())
            display.show(plots.bars(both, xlabel=self.asked, fmt="{:.3g}"), f"Bars: {text}.")
            said = f"you guessed {self.guess:.3g}, and {measured:.3g} was measured"
        elif isinstance(self.example[0], str):
            measured = pd.Series(measured)[list(self.guess)]
            title = "In your order: do the bars get shorter?"
            text = ", ".join(f"{name} {value:.3g}" for name, value in measured.items())
            fig = plots.bars(measured, title, xlabel=self.asked, fmt="{:.3g}")
            display.show(fig, f"Bars in your order: {text}.")
            pairs = [a >= b for a, b in combinations(measured, 2)]
            said = f"{sum(pairs)} of {len(pairs)} pairs are in the right order"
        else:
            measured = pd.Series(measured)
            both = {"measured": measured, "your guess": pd.Series(self.guess, measured.index)}
            fig = plots.curves({"": both}, self.asked)
            display.show(fig, f"Two lines: the guess ends at {self.guess[-1]:.3g}.")
            off = np.abs(measured - self.guess).mean()
            said = f"your guess is {off:.3g} away from what was measured, on average"
        told = [text for test, text in self.assumptions if test(self.guess, measured)]
        print(f"● {self.name}: {said}. {told[0] + '.' if told else ''}".strip())

    def _fits(self, guess):
        if not isinstance(self.example, list):
            return self._number(guess)
        if not _is_list(guess):
            return False
        if isinstance(self.example[0], str):
            return all(isinstance(name, str) for name in guess) and sorted(guess) == sorted(
                self.example
            )
        return len(guess) == len(self.example) and all(map(self._number, guess))

    def _number(self, value):
        low, high = self.bounds
        return isinstance(value, Real) and not isinstance(value, bool) and low <= value <= high

    def _differs(self, guess):
        """What is wrong with a guess that does not fit; of names, those that are wrong alone."""
        if _is_list(guess) and isinstance(self.example, list) and isinstance(self.example[0], str):
            for name in guess:
                if not isinstance(name, str) or name not in self.example:
                    return f"and {show(name, 100)} is none of them"
            if missing := [name for name in self.example if name not in guess]:
                return f"and yours lacks {', '.join(map(repr, missing))}"
        return f"not {show(guess, 100)}"

    def _form(self):
        low, high = self.bounds
        between = f" from {low:g} to {high:g}" if np.isfinite([low, high]).all() else ""
        if not isinstance(self.example, list):
            return f"a number{between}"
        if isinstance(self.example[0], str):
            names = ", ".join(map(repr, self.example))
            return f"a list of the names {names}, each once, the largest first"
        return f"a list of {len(self.example)} numbers{between}"


def _is_list(guess):
    return isinstance(guess, list | tuple)
