"""Whatever a learner's function does, the check comes back and says what happened."""

import contextlib
import io
import os
import random
import signal
import subprocess
import sys
import threading
import time

import keras
import numpy as np
import pytest
import tensorflow as tf

from course_lib.exercises import limits
from course_lib.exercises.attempt import attempt
from course_lib.exercises.check import Check
from course_lib.models import outline

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


@pytest.mark.parametrize("body", ["sys.exit()", "return f(n)", "raise KeyError", "return 1 / 0"])
def test_nothing_ends_in_a_traceback(body, capsys):
    scope = {"sys": sys}
    exec(f"def f(n):\n    {body}\n", scope)
    count(scope["f"])
    printed = capsys.readouterr()
    assert printed.out.startswith("✗ count: not yet. For n = 1 your line 2 stops with ")
    assert printed.out.count("\n") == 1 and printed.err == ""


def test_an_error_that_counts_as_false_is_an_error():
    class Hidden(Exception):
        def __bool__(self):
            return False

    assert "stops with Hidden" in count.grade(lambda n: _raise(Hidden())).message


def spins(n):
    while True:
        with contextlib.suppress(Exception):
            n += 1


def sleeps(n):
    time.sleep(60)


def retries(n):
    """It swallows the first stop, and is stopped again."""
    try:
        spins(n)
    except BaseException:
        spins(n)


def notes_the_stop(n):
    """As the library's own training does: it ends early, as if the user had pressed stop."""
    stopped = []
    before = signal.signal(signal.SIGINT, lambda *_: stopped.append(1))
    try:
        while not stopped:
            time.sleep(0.01)
    finally:
        signal.signal(signal.SIGINT, before)
    return n + 1


def raises_the_stop(n):
    """With Python's own handler in place the stop looks like one by the user."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        spins(n)
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.fixture
def short(monkeypatch):
    """Limits that a test can wait for."""
    monkeypatch.setattr(limits, "SLOW_S", 0.05)
    monkeypatch.setattr(limits, "LIMIT_S", 0.2)
    monkeypatch.setattr(limits, "AGAIN_S", 0.2)


@pytest.mark.parametrize("endless", [spins, sleeps, retries, notes_the_stop, raises_the_stop])
def test_a_function_without_end_is_stopped(endless, short, capsys):
    handler, started = signal.getsignal(signal.SIGINT), time.monotonic()
    count(endless)
    first, second = capsys.readouterr().out.splitlines()
    assert first == "… count: your function is slow; still trying it."
    assert second == (
        "✗ count: not yet. For n = 1 your function was still running after 0.2 s. Is there an "
        "endless loop, or a slow one?"
    )
    assert signal.getsignal(signal.SIGINT) is handler
    assert time.monotonic() - started < 5


def test_a_loop_is_stopped_where_threads_get_no_signals(short, monkeypatch):
    """As on Windows."""
    monkeypatch.delattr(signal, "pthread_kill")
    assert "still running after 0.2 s" in count.grade(spins).message


def test_a_check_may_allow_more_time(short):
    patient = Check("count", lambda n: n + 1, "counted", cases=[(1,)], limit_s=2.5)
    assert patient.grade(lambda n: time.sleep(0.4) or n + 1).status == "right"
    assert "still running after 0.2 s" in count.grade(lambda n: time.sleep(0.4)).message


@pytest.mark.parametrize("old", [signal.default_int_handler, signal.SIG_IGN, signal.SIG_DFL])
def test_a_late_ring_does_no_harm(old, monkeypatch):
    """The time ends when the function does, again and again, a little sooner or later."""
    monkeypatch.setattr(limits, "SLOW_S", 0)
    before = signal.signal(signal.SIGINT, old)
    try:
        for i in range(40):
            ends = time.monotonic() + 0.003
            with contextlib.suppress(limits.TooLong):
                limits.within(0.0025 + i / 40_000, lambda ends=ends: _wait_until(ends))
            assert signal.getsignal(signal.SIGINT) == old
            sum(range(20_000))  # here an interrupt that is still on its way would arrive
    finally:
        signal.signal(signal.SIGINT, before)
    assert not [t for t in threading.enumerate() if type(t).__name__ == "_Watchdog"]


def _wait_until(ends):
    while time.monotonic() < ends:
        pass


def test_a_ring_that_takes_its_time_does_not_arrive_after_the_end(monkeypatch):
    """The system may deliver a signal only after the function has returned."""
    send, delay_s = signal.pthread_kill, 0.06
    monkeypatch.setattr(
        signal, "pthread_kill", lambda *to: threading.Timer(delay_s, send, to).start()
    )
    with pytest.raises(limits.TooLong):
        limits.within(0.01, lambda: time.sleep(0.04))
    time.sleep(0.2)  # here it would be taken for a stop by the user


def test_a_stop_by_the_user_stops_the_program():
    timer = threading.Timer(
        0.2, lambda: signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
    )
    timer.start()
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        count(sleeps)
    assert time.monotonic() - started < 5
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_stop_in_the_last_moment_comes_after_the_old_handler_is_back(monkeypatch):
    join, seen = limits._Watchdog.join, []

    def joins(watchdog):
        signal.raise_signal(signal.SIGINT)
        join(watchdog)

    monkeypatch.setattr(limits._Watchdog, "join", joins)
    before = signal.signal(signal.SIGINT, lambda *_: seen.append(signal.getsignal(signal.SIGINT)))
    try:
        assert limits.within(1, lambda: 7) == 7
        assert seen == [signal.getsignal(signal.SIGINT)]
    finally:
        signal.signal(signal.SIGINT, before)


def test_slow_answers_may_be_right_and_grade_prints_nothing(monkeypatch, capsys):
    monkeypatch.setattr(limits, "SLOW_S", 0.001)

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


def test_printing_is_shown_up_to_a_limit_for_the_whole_check(capsys):
    tried = []

    def prints(n):
        tried.append(n)
        print("a" * 900)
        print("b" * 900, file=sys.stderr, end="")
        return -1

    count(prints)
    printed = capsys.readouterr()
    assert tried == [1, 2]
    assert printed.out.count("a") - "a result b".count("a") <= 1100
    assert printed.out.splitlines()[0] == "a" * 900
    assert printed.out.splitlines()[1] == "a" * 199
    assert printed.out.splitlines()[2] == "… the rest of what your function prints is left out."
    assert printed.out.splitlines()[3].startswith("✗ count: not yet.")
    assert printed.err == "b" * 900 + "\n"


def test_of_a_progress_bar_only_what_stays_counts(capsys):
    def trains(n):
        for step in range(200):
            print(f"\r{step}/200 of an epoch", end="")
        return n + 1

    count(trains)
    printed = capsys.readouterr().out
    assert "199/200 of an epoch\n✓ count: right." in printed and "left out" not in printed


def test_a_line_written_anew_without_an_end_is_cut(capsys):
    def trains(n):
        for _ in range(2 * limits.PRINTED):
            print("\ragain", end="")
        return n

    count(trains)
    printed = capsys.readouterr().out
    assert "left out" in printed and printed.count("again") <= limits.PRINTED


def test_a_line_that_is_not_ended_stands_alone(capsys):
    count(lambda n: print(n, end="") or n + 1)
    assert capsys.readouterr().out == "12\n✓ count: right. Counted.\n"


def test_what_right_answers_and_mistakes_print_is_not_shown(capsys):
    loud = Check("loud", lambda n: print("right") or n, "done", cases=[(1,)],
                 mistakes=[lambda n: print("wrong") or -n, "minus"])  # fmt: skip
    assert loud.grade(lambda n: -n).message.endswith("Minus.")
    assert capsys.readouterr().out == ""


def test_printing_without_an_end_is_stopped(short, capsys):
    def prints(n):
        while True:
            print("again", n)

    count(prints)
    assert len(capsys.readouterr().out) < limits.PRINTED + 500


def _state():
    return {
        "random": random.getstate()[1],
        "numpy": np.random.get_state()[1].tolist(),
        "place": np.random.get_state()[2],
        "errors": np.geterr(),
        "print": np.get_printoptions(),
        "recursion": sys.getrecursionlimit(),
        "folder": os.getcwd(),
        "floatx": keras.config.floatx(),
        "policy": keras.config.dtype_policy().name,
        "channels": keras.config.image_data_format(),
    }


def spoils(n):
    keras.utils.set_random_seed(n)
    np.seterr(all="ignore")
    np.set_printoptions(precision=1)
    sys.setrecursionlimit(5_000)
    os.chdir("/")
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("mixed_bfloat16")
    keras.config.set_image_data_format("channels_first")
    return n + 1


def test_what_a_function_changes_for_the_whole_program_is_put_back(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = _state()
    assert attempt(spoils, (3,)).value == 4
    assert _state() == before
    assert "stops with ZeroDivisionError" in count.grade(lambda n: spoils(n) / 0).message
    assert _state() == before


def test_seeds_of_keras_and_tensorflow_are_put_back():
    def draws():
        return [
            keras.random.normal((2,)).numpy().tolist(),
            tf.random.normal((2,)).numpy().tolist(),
            random.random(),
        ]

    keras.utils.set_random_seed(1)
    first, wanted = draws(), draws()
    keras.utils.set_random_seed(1)
    assert draws() == first
    attempt(lambda n: (draws() and keras.utils.set_random_seed(n)) or draws(), (7,))
    assert draws() == wanted


def test_a_folder_that_is_gone_is_no_error(tmp_path, monkeypatch):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert count.grade(lambda n: n + 1).status == "right"


def test_a_check_loads_no_tensorflow():
    code = (
        "import sys; from course_lib.exercises import start as check;"
        "check.accuracy(lambda labels, predictions: 0); check.progress();"
        "print('loaded:', {'tensorflow', 'keras'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.endswith("loaded: set()\n"), run.stdout


def _net_of(*units):
    layers = [keras.layers.Dense(n, name=f"dense_{i}") for i, n in enumerate(units)]
    return keras.Sequential([keras.Input((1_000,)), *layers])


def test_a_net_that_would_not_fit_is_refused_before_it_is_built(monkeypatch):
    add_weight = keras.layers.Layer.add_weight
    message = count.grade(lambda n: _net_of(10, 10**10)).message
    assert message == (
        "For n = 1 your layers ask for 100,000,010,010 numbers, the last 100,000,000,000 of them "
        "for the layer 'dense_1'; here is room for 250,000,000 (1,000 MB)."
    )
    assert keras.layers.Layer.add_weight is add_weight
    monkeypatch.setattr(limits, "free_memory", lambda: 8 * 20_000)
    assert count.grade(lambda n: _net_of(10) and n + 1).status == "right"
    assert "room for 20,000 (" in count.grade(lambda n: _net_of(20)).message
    # Two nets that fit one by one; and the same layer counts anew in the next try.
    assert "ask for 20,010 numbers" in count.grade(lambda n: [_net_of(10), _net_of(10)]).message


def test_an_outline_takes_no_memory_and_is_not_refused():
    assert count.grade(lambda n: outline(lambda: _net_of(10**10)) and n + 1).status == "right"


def test_weights_of_any_shape_are_counted(monkeypatch):
    monkeypatch.setattr(limits, "WEIGHTS_BYTES", 400)

    def asks(*shape, **options):
        try:
            with limits.weights_limited():
                keras.layers.Layer(name="mine").add_weight(*shape, **options)
        except limits.TooLarge as refused:
            return str(refused).split(";")[0]

    assert asks() is None and asks(shape=()) is None and asks((10, 10)) is None
    assert asks((101,)) == asks(shape=(101,)).replace("shape", "")
    assert "your layers ask for 101 numbers" in asks(shape=[101, 1])


def test_streams_keep_their_other_abilities(monkeypatch):
    monkeypatch.setattr(sys, "stdout", out := io.StringIO())
    with limits.printing_limited():
        sys.stdout.writelines(["one\n", "two"])
        sys.stdout.flush()
        assert sys.stdout.getvalue() == "one\ntwo"
    assert out.getvalue() == "one\ntwo\n" and sys.stdout is out
