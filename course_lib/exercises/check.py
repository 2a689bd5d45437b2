"""The frame of every exercise check: not attempted, wrong with its reason, or right."""

import dis
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np


class Result(NamedTuple):
    """What a check found: `status` is "not attempted", "wrong" or "right"."""

    status: str
    message: str


class Misconception(NamedTuple):
    """A plausible wrong answer (a value, or a function like the learner's) and what to say."""

    answer: Any
    hint: str


class Check:
    """A check that the learner calls with an answer: it prints one of three lines.

    The answer is a function, tried on `cases`, or (without cases) a value. It is compared with
    `reference`; where it differs, the message shows the input, what was expected, what was
    received, and the hint of the misconception that gives the very same results.

    Args:
        name: as the exercise is called in the notebook, such as "1.1 top_k_error".
        reference: the right answer: a function, or a value.
        success: a sentence that says what works now.
        misconceptions: what wrong answers look like, most telling first.
        cases: for a function: the arguments of each trial, a tuple each.
        names: for a function: what the arguments are called.
        hint: for a wrong answer that fits no misconception.

    >>> check = Check("double", lambda x: 2 * x, "doubled", cases=[(3,)], names=("x",),
    ...               misconceptions=[Misconception(lambda x: x * x, "that is the square")])
    >>> check(lambda x: x * x)
    ✗ double: not yet. For x = 3 the answer should be 6, yours is 9. That is the square.
    >>> check(lambda x: x + x)
    ✓ double: right. Doubled.
    """

    def __init__(
        self,
        name: str,
        reference: Any,
        success: str,
        misconceptions: Sequence[Misconception] = (),
        cases: Sequence[tuple] = (),
        names: Sequence[str] = (),
        hint: str = "Open the first hint below",
    ):
        self.name, self.reference, self.success, self.hint = name, reference, success, hint
        self.misconceptions, self.cases, self.names = misconceptions, cases, names

    def __call__(self, answer: Any) -> None:
        """Print what `grade` finds. Never raises, so that the notebook runs on."""
        result = self.grade(answer)
        line = {
            "not attempted": f"○ {self.name}: not attempted yet. {result.message}",
            "wrong": f"✗ {self.name}: not yet. {result.message}",
            "right": f"✓ {self.name}: right. {result.message}",
        }
        print(line[result.status])

    def grade(self, answer: Any) -> Result:
        """The result for `answer`, for tests and for instructors who collect answers."""
        if self.cases:
            if not callable(answer):
                if answer is ...:
                    return self._not_attempted("Write the function above")
                return Result("wrong", f"Pass the function itself, not {_show(answer)}.")
            return self._grade_function(answer)
        if answer is ...:
            return self._not_attempted("Put your answer in place of the three dots")
        if _same(answer, self.reference):
            return Result("right", _sentence(self.success))
        known = [m.hint for m in self.misconceptions if _same(answer, m.answer)]
        return Result("wrong", f"You have {_show(answer)}. {_sentence((known or [self.hint])[0])}")

    def _grade_function(self, answer: Callable) -> Result:
        if _is_empty(answer):
            return self._not_attempted("Write the body of the function above")
        for case in self.cases:
            expected = self.reference(*_copied(case))
            try:
                received = answer(*_copied(case))
            except NotImplementedError:
                return self._not_attempted("Replace the line with NotImplementedError")
            except Exception as error:
                if "ellipsis" in str(error):
                    return self._not_attempted("Replace the three dots")
                return Result(
                    "wrong",
                    f"For {self._given(case)} your function stops with "
                    f"{type(error).__name__}: {_sentence(str(error))}",
                )
            if received is ...:
                return self._not_attempted("Replace the three dots")
            if not _same(received, expected):
                return Result(
                    "wrong",
                    f"For {self._given(case)} the answer should be {_show(expected)}, "
                    f"yours is {_show(received)}. {_sentence(self._hint(answer, case, received))}",
                )
        return Result("right", _sentence(self.success))

    def _hint(self, answer: Callable, case: tuple, received: Any) -> str:
        if received is None:
            return "Your function ended without reaching a `return`, so Python returned None"
        fit = [m for m in self.misconceptions if _same(received, _outcome(m.answer, case))]
        # Two may agree on this case by chance; then the one that agrees on all of them.
        for misconception in fit:
            outcomes = (
                (_outcome(answer, c), _outcome(misconception.answer, c)) for c in self.cases
            )
            if all(_same(a, b) for a, b in outcomes):
                return misconception.hint
        return fit[0].hint if fit else self.hint

    def _given(self, case: tuple) -> str:
        return ", ".join(f"{n} = {_show(v)}" for n, v in zip(self.names, case, strict=True))

    def _not_attempted(self, what_to_do: str) -> Result:
        return Result("not attempted", f"{what_to_do}, then run this cell again.")


def _outcome(function: Callable, case: tuple) -> Any:
    """What the function returns, or the name of the error that it stops with."""
    try:
        return function(*_copied(case))
    except Exception as error:
        return type(error).__name__


def _same(a: Any, b: Any) -> bool:
    """Equal, with numbers compared to five digits and arrays by shape and values."""
    if isinstance(b, (set, frozenset)):
        if isinstance(a, str):
            a = [letter for letter in a if letter.isalnum()]
        try:  # letters in any form: "BDF", "b, d, f", ["b", "d", "f"], {"B", "D", "F"}
            return {str(part).upper() for part in a} == {str(part).upper() for part in b}
        except TypeError:
            return False
    if isinstance(a, str) or isinstance(b, str):
        return isinstance(a, str) and isinstance(b, str) and a == b
    if isinstance(b, tuple) and any(isinstance(part, np.ndarray) for part in b):
        return (
            isinstance(a, (tuple, list))
            and len(a) == len(b)
            and all(_same(x, y) for x, y in zip(a, b, strict=True))
        )
    try:
        if np.asarray(a).dtype.kind in "US":  # numbers as text
            return False
        a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    except (TypeError, ValueError):
        return False
    return a.shape == b.shape and bool(np.allclose(a, b, rtol=1e-5, atol=1e-8))


def _show(value: Any) -> str:
    if isinstance(value, np.ndarray):
        text = np.array2string(value, precision=3, separator=", ", threshold=30, edgeitems=1)
        text = " ".join(text.split())
        return text if value.size <= 30 else f"{text} of shape {value.shape}"
    if isinstance(value, (set, frozenset)):
        return "{" + ", ".join(sorted(map(repr, value))) + "}"
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool):
        return f"{int(value):,}"
    if isinstance(value, (float, np.floating)):
        return f"{float(value):.4g}"
    if isinstance(value, list):
        return "[" + ", ".join(_show(part) for part in value) + "]"
    if isinstance(value, tuple):
        return "(" + ", ".join(_show(part) for part in value) + ("," * (len(value) == 1)) + ")"
    return repr(value)


def _sentence(text: str) -> str:
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


def _copied(case: tuple) -> tuple:
    """Copies of the arrays, so that a function that changes its input does no harm."""
    return tuple(part.copy() if isinstance(part, np.ndarray) else part for part in case)


def _is_empty(function: Callable) -> bool:
    """True for a body of only a docstring, `...` or `pass`."""
    if not hasattr(function, "__code__"):
        return False
    body = [i for i in dis.get_instructions(function) if i.opname not in ("RESUME", "NOP")]
    return len(body) <= 2 and all(i.argval is None for i in body)
