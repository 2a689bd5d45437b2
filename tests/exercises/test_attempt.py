"""Whatever a learner's function does, the check comes back and says what happened."""

import contextlib
import signal
import sys
import threading

import pytest

from course_lib.exercises import attempt
from course_lib.exercises.check import Check

count = Check("count", lambda n: n + 1, "counted", cases=[(1,), (2,)])


def test_an_error_is_shown_with_its_line():
    def divides(n):
        zero = 0
        return n / zero

    scope = {}
    exec(compile("def asserts(n):\n    assert n < 0\n", "cell", "exec"), scope)

    def raises(n):
        raise NotImplementedError

    message = count.grade(divides).message
    line = divides.__code__.co_firstlineno + 2
    assert message == (
        f"For n = 1 your line {line}, `return n / zero`, stops with ZeroDivisionError: "
        "division by zero."
    )
    asserted = count.grade(scope["asserts"]).message
    assert asserted == "For n = 1 the assert in your line 2 does not hold."
    assert "takes 0 positional arguments" in count.grade(lambda: 1).message
    assert "stops with TypeError" in count.grade(lambda n: sys.intern(n)).message
    assert count.grade(raises).status == "not attempted"


def test_an_error_of_a_helper_that_is_no_exercise_is_shown():
    def helper():
        raise NotImplementedError("no such kernel")

    message = count.grade(lambda n: helper()).message
    assert "stops with NotImplementedError: no such kernel" in message


class OddError(Exception):
    def __str__(self):
        raise ValueError("no text")


def _raise(error):
    raise error


@pytest.mark.parametrize(
    "error", [SystemExit(2), GeneratorExit(), OddError(), ValueError("x\n" * 10**5), MemoryError()]
)
def test_errors_of_any_kind_are_shown_short(error, capsys):
    count(lambda n: _raise(error))
    printed = capsys.readouterr().out
    assert printed.startswith("✗") and type(error).__name__ in printed and len(printed) < 1500


def test_stop_stops():
    with pytest.raises(KeyboardInterrupt):
        count(lambda n: _raise(KeyboardInterrupt()))


def test_an_endless_loop_is_stopped_and_the_alarm_is_put_back(monkeypatch, capsys):
    monkeypatch.setattr(attempt, "SLOW_S", 0.02)
    monkeypatch.setattr(attempt, "LIMIT_S", 0.06)

    def endless(n):
        while True:
            with contextlib.suppress(Exception):
                n += 1

    handler = signal.getsignal(signal.SIGALRM)
    count(endless)
    first, second = capsys.readouterr().out.splitlines()
    assert first == "… count: your function is slow; still trying it."
    assert second.startswith("✗ count: not yet. For n = 1 your function was still running after")
    assert signal.getsignal(signal.SIGALRM) is handler
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_slow_answers_may_be_right_and_grade_prints_nothing(monkeypatch, capsys):
    monkeypatch.setattr(attempt, "SLOW_S", 0.001)

    def slow(n):
        return n + len(range(sum(range(300_000)) and 1))

    assert count.grade(slow).status == "right"
    assert capsys.readouterr().out == ""


def test_a_check_works_in_another_thread():
    results = []
    thread = threading.Thread(target=lambda: results.append(count.grade(lambda n: n + 1)))
    thread.start()
    thread.join()
    assert results[0].status == "right"
