"""A check for a choice of letters: which of these statements are true?"""

from course_lib.exercises.check import Check, Result
from course_lib.exercises.values import show

NUMBER = ("None", "One", "Two", "Three", "Four", "Five", "Six")


class LetterCheck(Check):
    """A check whose answer is a set of letters, given in any form.

    Args:
        name, success: as in Check.
        right: for each right letter, a question that leads to it without naming it.
        wrong: for each other letter, why it is wrong.
        verdict: what a wrong letter's message says first, such as "is there".

    >>> check = LetterCheck("odd", "odd ones out", {"A": "which is not a fruit?"},
    ...                     {"B": "it grows on trees"}, verdict="is a fruit")
    >>> check("B")
    ✗ odd: not yet. None of your letters is right. B is a fruit: it grows on trees.
    >>> check({"a"})
    ✓ odd: right. Odd ones out.
    """

    def __init__(self, name, success, right, wrong, verdict):
        super().__init__(name, frozenset(right), success)
        self.right, self.wrong, self.verdict = right, wrong, verdict

    def _judge_value(self, answer):
        letters = _letters(answer)
        if letters == self.reference:
            return Result("right", self.success[:1].upper() + self.success[1:] + ".")
        count = NUMBER[len(self.reference)].lower()
        if letters is None:
            return Result("wrong", f"Give {count} letters in quotes; you have {show(answer)}.")
        unknown = sorted(letters - self.reference - set(self.wrong))
        if unknown:
            return Result("wrong", f"There is no statement {show(unknown[0], 20)}.")
        if not letters:
            return Result("wrong", f"Choose {count} letters, such as {{'A', 'C', 'E'}}.")
        hits, extra = letters & self.reference, sorted(letters - self.reference)
        found = f"{NUMBER[len(hits)]} of your letters {'are' if len(hits) > 1 else 'is'} right."
        if extra:
            return Result("wrong", f"{found} {extra[0]} {self.verdict}: {self.wrong[extra[0]]}.")
        missing = min(self.reference - letters)
        return Result(
            "wrong",
            f"{found} For {'the third' if len(hits) == 2 else 'another'}: {self.right[missing]}",
        )


def _letters(answer):
    """The letters in any form ("BDF", "b, d, f", ["b", "d", "f"], {"BDF"}), or None."""
    try:
        parts = [answer] if isinstance(answer, str) else list(answer)
    except TypeError:
        return None
    if not all(isinstance(part, str) for part in parts):
        return None
    return {letter for letter in "".join(parts).upper() if letter.isalnum()}
