"""The frame of every exercise check: not attempted, wrong with its reason, or right."""

import ast
import inspect
import random
import sys
import textwrap
from functools import partial
from typing import NamedTuple

from course_lib.exercises.attempt import Outcome, attempt, stopped_at, unsolved
from course_lib.exercises.limits import OverLimit, printing_limited, silent
from course_lib.exercises.progress import solved
from course_lib.exercises.values import cut, misfit, rounded, same, show

STATUS = {
    "not attempted": "○ {}: not attempted yet.",
    "wrong": "✗ {}: not yet.",
    "right": "✓ {}: right.",
}


class Result(NamedTuple):
    """What a check found: `status` is one of STATUS."""

    status: str
    message: str


class Trial(NamedTuple):
    """One case, the right answer, and what the learner's function made of it."""

    case: tuple
    expected: object
    outcome: Outcome
    right: bool


class Check:
    """A check: called with an answer, it prints one of three messages.

    The answer is a function, tried on all `cases`, or (without cases) a value. If a function
    differs from the reference, the message has the first input that shows it, the expected and the
    received result, and the hint for the mistake that gives the same results on all cases.

    Args:
        name: the exercise's name in the notebook, such as "1.1 top_k_error".
        reference: the right answer: a value, or a function with the same argument names as the
            learner's.
        success: a sentence that says what works now.
        mistakes: wrong answers and their hints, alternating; the most specific first.
        cases: for a function: a tuple of arguments for each trial.
        hint: for a wrong answer that fits no mistake. It asks; it does not give the solution.
        around: for a function that is given a net: turns a function into the one that is tried,
            which gets a case, makes the net, and returns what is compared.
        stub: for a function to be repaired: as the notebook gives it.
        limit_s: seconds that one call of a function may take, if not `limits.LIMIT_S`.

    >>> check = Check("double", lambda x: 2 * x, "doubled", cases=[(2,), (3,)],
    ...               mistakes=[lambda x: x * x, "that is the square"])
    >>> check(lambda x: x * x)
    ✗ double: not yet. For x = 3 the answer should be 6, yours is 9. That is the square.
    >>> check(lambda x: x + x)
    ✓ double: right. Doubled.
    """

    def __init__(
        self,
        name,
        reference,
        success,
        mistakes=(),
        cases=(),
        hint="Open the first hint below",
        around=lambda function: function,
        stub=None,
        limit_s=None,
    ):
        self.around, self.stub, self.limit_s = around, stub, limit_s
        self.name, self.reference, self.success = name, reference, success
        self.cases, self.hint = cases, hint
        self.mistakes = list(zip(mistakes[::2], mistakes[1::2], strict=True))
        self.names = tuple(inspect.signature(reference).parameters) if cases else ()

    def __call__(self, answer):
        """Print what `grade` finds, and keep that the exercise is solved."""
        status, message = self.grade(answer, say=partial(print, file=sys.stdout))
        print(f"{STATUS[status].format(self.name)} {message}")
        if status == "right":
            solved(self.name)

    def grade(self, answer, say=lambda line: None):
        """The Result for `answer`, for tests and for instructors who collect answers.

        `say` is called with a line if the answer is slow. What the answer prints is shown, up to
        `limits.PRINTED` characters. Raises only KeyboardInterrupt, so the notebook continues.
        """
        try:
            with printing_limited():
                return self._judge(answer, say)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            return Result("wrong", f"Your answer stops the check with {type(error).__name__}.")

    def _judge(self, answer, say):
        if answer is ...:
            gap = "Put your answer in place of the three dots"
            return _not_attempted("Write the function above" if self.cases else gap)
        if not self.cases:
            return self._judge_value(answer)
        if not callable(answer):
            return Result("wrong", f"Pass the function itself, not {show(answer)}.")
        return self._judge_function(answer, say)

    def _judge_value(self, answer):
        if same(answer, self.reference):
            return Result("right", sentence(self.success))
        known = [hint for value, hint in self.mistakes if same(answer, value)]
        hint = known[0] if known else misfit(answer, self.reference) or self.hint
        return Result("wrong", f"You have {show(answer)}. {sentence(hint)}")

    def _try(self, function, case, **options):
        return attempt(self.around(function), case, limit_s=self.limit_s, **options)

    def _try_ours(self, function, case):
        """Try a right answer or a mistake: what it prints is nobody's business."""
        with silent():
            return self._try(function, case)

    def _judge_function(self, answer, say):
        notice = [f"… {self.name}: your function is slow; still trying it."]
        trials = []
        for case in self.cases:
            expected = self._try_ours(self.reference, case).value
            outcome = self._try(answer, case, slow=lambda: notice and say(notice.pop()))
            right = outcome.error is None and self._same(outcome.value, expected)
            trials.append(Trial(case, expected, outcome, right))
            if isinstance(outcome.error, OverLimit):
                break
        wrong = next((trial for trial in trials if not trial.right), None)
        result = Result("right", sentence(self.success))
        if wrong:
            result = self._explain(answer, wrong, trials)
        changed = sorted({i for trial in trials for i in trial.outcome.changed})
        if changed and result.status != "not attempted":
            names = " and ".join(self.names[i] for i in changed)
            warning = (
                f"! Your function changes its input {names}. The caller still needs it: make a new "
                "value, or work on a copy."
            )
            result = Result(result.status, f"{result.message}\n{warning}")
        return result

    def _explain(self, answer, wrong, trials):
        given, received = self._given(wrong.case), wrong.outcome.value
        if wrong.outcome.error is not None:
            return _explain_error(answer, given, wrong.outcome.error)
        if received is ... or (isinstance(received, tuple) and any(v is ... for v in received)):
            return _not_attempted("Replace the three dots")
        if _is_empty(answer):
            return _not_attempted("Write the body of the function above")
        if self.stub and self._fits(self.stub, trials):
            so_far = "what you changed so far, if anything, makes no difference"
            return _not_attempted(f"Repair the function above ({so_far})")
        if all(t.outcome.error is None and t.outcome.value is None for t in trials):
            text = "Your function returns None: write its body, and end it with `return`."
            return Result("wrong", text)
        return Result(
            "wrong",
            f"For {given} {self._difference(received, wrong.expected)} "
            f"{sentence(self._hint(wrong, trials))}",
        )

    def _given(self, case):
        pairs = zip(self.names, case, strict=False)  # a reference may have options
        return cut(", ".join(f"{name} = {show(value)}" for name, value in pairs), 600)

    def _same(self, received, expected):
        return same(received, expected)

    def _difference(self, received, expected):
        return f"the answer should be {show(expected, 250)}, yours is {show(received, 250)}."

    def _hint(self, wrong, trials):
        for answer, hint in self.mistakes:
            if self._fits(answer, trials):
                return hint
        if wrong.outcome.value is None:
            return "There your function ends without a `return`, so Python returns None"
        values = [(trial.outcome.value, trial.expected) for trial in trials]
        if rounded(*zip(*values, strict=True)):
            return "That is rounded: return the number with all its digits"
        return misfit(wrong.outcome.value, wrong.expected) or self.hint

    def _fits(self, answer, trials):
        return all(
            self._alike(trial.outcome, self._try_ours(answer, trial.case)) for trial in trials
        )

    def _alike(self, a, b):
        if a.error is not None or b.error is not None:
            return type(a.error) is type(b.error)
        return self._same(a.value, b.value)


def integers(seed, *ranges, count=5):
    """Cases of whole numbers, the same for the same seed; each range includes both ends.

    >>> integers(0, (1, 9), (1, 3), count=2)
    [(7, 2), (1, 2)]
    """
    draw = random.Random(seed).randint
    return [tuple(draw(*ends) for ends in ranges) for _ in range(count)]


def _explain_error(answer, given, error):
    name = unsolved(answer, error)
    if name == getattr(answer, "__name__", ""):
        return _not_attempted("Replace the line with NotImplementedError")
    if name:
        text = f"Your function calls {name}, which is not written yet: solve it first."
        return Result("wrong", text)
    # Python's message has 'ellipsis' where three dots are used as a value; so has NumPy's.
    if isinstance(error, TypeError) and "'ellipsis'" in str(error).lower():
        return _not_attempted("Replace the three dots")
    return Result("wrong", sentence(f"For {given} {stopped_at(answer, error)}"))


def _is_empty(function):
    """Whether the body is only a docstring, `...` or `pass`; False if its source is unknown."""
    try:
        (node,) = ast.parse(textwrap.dedent(inspect.getsource(function))).body
    except (OSError, TypeError, SyntaxError, ValueError):
        return False
    return isinstance(node, ast.FunctionDef) and all(
        isinstance(line, ast.Pass)
        or (isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant))
        for line in node.body
    )


def _not_attempted(what_to_do):
    return Result("not attempted", f"{what_to_do}, then run this cell again.")


def sentence(text):
    """The text with a capital at its start and a full stop at its end."""
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")
