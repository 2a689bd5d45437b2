"""One call of a learner's function, which returns to the check whatever happens."""

import copy
import inspect
import signal
import threading
import time
import traceback
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

from course_lib.exercises.values import cut, same

SLOW_S = 3  # after this time, the learner is told that the function is still running
LIMIT_S = 20  # after this time, it is stopped; building VGG in Keras takes about 10 s


class TooLong(BaseException):
    """Stops a function that takes too long. Not an Exception, so the function does not catch it."""


class Outcome(NamedTuple):
    """What a call returned, the error that stopped it, and the arguments that it changed."""

    value: Any = None
    error: BaseException | None = None
    changed: tuple[int, ...] = ()


def attempt(function, arguments, slow=lambda: None):
    """Call the function with copies of the arguments.

    Args:
        function: the learner's.
        arguments: a tuple.
        slow: called once when the function is still running after `SLOW_S` seconds.

    >>> attempt(lambda numbers: numbers.pop(), ([1, 2],))
    Outcome(value=2, error=None, changed=(0,))
    """
    copies = copy.deepcopy(arguments)
    value = error = None
    try:
        with _time_limit(slow):
            value = function(*copies)
    except KeyboardInterrupt:
        raise
    except BaseException as stopped:  # sys.exit() in an answer must not end the notebook
        error = stopped
    pairs = zip(copies, arguments, strict=True)
    return Outcome(value, error, tuple(i for i, pair in enumerate(pairs) if not same(*pair)))


@contextmanager
def _time_limit(slow):
    """Raise TooLong in the body after `LIMIT_S` seconds, if the system has alarms."""
    main = threading.current_thread() is threading.main_thread()
    if not main or not hasattr(signal, "setitimer"):
        yield
        return
    started = time.monotonic()

    def ring(*_):
        if time.monotonic() - started >= LIMIT_S:
            raise TooLong
        with suppress(RuntimeError):  # the function may be in the middle of a print
            slow()

    handler = signal.signal(signal.SIGALRM, ring)
    try:
        before = signal.setitimer(signal.ITIMER_REAL, SLOW_S, LIMIT_S - SLOW_S)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, *before)
    finally:  # separate, in case the alarm rings inside the other `finally`
        signal.setitimer(signal.ITIMER_REAL, *before)
        signal.signal(signal.SIGALRM, handler)


def stopped_at(function, error):
    """Where and how the function stopped, as in "your line 2, `return 1 / 0`, stops with ..."."""
    if isinstance(error, TooLong):
        return f"your function was still running after {LIMIT_S} s. Is there an endless loop?"
    place = "your function"
    code = getattr(inspect.unwrap(function), "__code__", None)
    for frame in traceback.extract_tb(error.__traceback__):
        if code and frame.filename == code.co_filename:
            place = f"your line {frame.lineno}" + (f", `{frame.line}`," if frame.line else "")
    try:
        message = str(error)
    except Exception:
        message = ""
    kind = type(error).__name__
    if kind == "AssertionError" and not message:
        return f"the assert in {cut(place, 200).rstrip(',')} does not hold"
    return f"{cut(place, 200)} stops with {kind}" + (f": {cut(message, 200)}" if message else "")


def unsolved(function, error):
    """The name of the function that still raises NotImplementedError, or None.

    It may be a function from an earlier exercise that the learner's function calls.
    """
    if not isinstance(error, NotImplementedError):
        return None
    function = inspect.unwrap(function)
    *_, last = traceback.extract_tb(error.__traceback__)
    own = last.name == getattr(function, "__name__", None)
    return last.name if own or last.name in getattr(function, "__globals__", {}) else None
