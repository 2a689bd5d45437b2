"""Challenges: a target that can be measured, and one's own best result."""

from course_lib.exercises.attempt import attempt, stopped_at, unsolved
from course_lib.exercises.check import STATUS, Result, sentence
from course_lib.exercises.limits import printing_limited
from course_lib.exercises.progress import best, solved


class Refused(Exception):
    """Raised by a challenge's `measure`: which rule the answer breaks, in a sentence."""


class Challenge:
    """A challenge: called with an answer, it measures and prints the score, the target, the best.

    Args:
        name: the exercise's name in the notebook, such as "2.9 smallest".
        measure: returns the score of an answer, a number, or raises Refused.
        target: the score that solves the challenge.
        unit: what the score counts, in the plural.
        lower_is_better: whether fewer are better.
        limit_s: seconds that `measure` may take, if not `limits.LIMIT_S`.

    >>> def measure(word):
    ...     if "e" in word:
    ...         raise Refused("the letter e is not allowed")
    ...     return len(word)
    >>> short = Challenge("0.1 short", measure, target=4, unit="letters")
    >>> short("banana")
    ✗ 0.1 short: not yet. 6 letters; the target is at most 4. Your best so far: 6.
    >>> short("he")
    ✗ 0.1 short: not yet. The letter e is not allowed.
    >>> short("owl")
    ✓ 0.1 short: right. 3 letters; the target is at most 4. Your best so far: 3.
    """

    def __init__(self, name, measure, target, unit, lower_is_better=True, limit_s=None):
        self.name, self.measure, self.target, self.unit = name, measure, target, unit
        self.lower_is_better, self.limit_s = lower_is_better, limit_s
        self.best = None

    def __call__(self, answer):
        """Print what `grade` finds, and the best score so far, of earlier days, too."""
        status, message = self.grade(answer)
        self.best = best(self.name, self.best, self.lower_is_better)
        record = ""
        if self.best is not None and "target" in message:
            record = f" Your best so far: {self.best:,.10g}."
        print(f"{STATUS[status].format(self.name)} {message}{record}")
        if status == "right":
            solved(self.name)

    def grade(self, answer):
        """The Result for an answer; its message has the score. Raises only KeyboardInterrupt."""
        if answer is ...:
            text = "Put your answer in place of the three dots, then run this cell again."
            return Result("not attempted", text)
        with printing_limited():
            score, error, _ = attempt(self.measure, (answer,), limit_s=self.limit_s)
        if error is not None and callable(answer) and unsolved(answer, error):
            text = "Replace the line with NotImplementedError, then run this cell again."
            return Result("not attempted", text)
        if isinstance(error, Refused):
            return Result("wrong", sentence(str(error)))
        if error is not None:
            where = stopped_at(answer if callable(answer) else self.measure, error)
            return Result("wrong", sentence(where))
        better = min if self.lower_is_better else max
        self.best = score if self.best is None else better(score, self.best)
        wanted = f"the target is at {'most' if self.lower_is_better else 'least'} {self.target:,}"
        reached = better(score, self.target) == score
        message = f"{score:,.10g} {self.unit}; {wanted}."
        return Result("right" if reached else "wrong", message)
