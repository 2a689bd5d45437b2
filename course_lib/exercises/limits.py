"""What a learner's function may use: seconds, printed text, and memory for the weights of nets."""

import io
import math
import signal
import sys
import threading
import time
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress

from course_lib.machine import free_memory

SLOW_S = 3  # after this time, the learner is told that the function is still running
LIMIT_S = 10  # after this time, it is stopped
AGAIN_S = 1  # and so often again, if it goes on
PRINTED = 2_000  # characters that a check shows of what the function prints
WEIGHTS_BYTES = 10**9


class OverLimit(BaseException):
    """Stops a function. Not an Exception, so the function does not catch it by chance."""


class TooLong(OverLimit):
    """The function takes too long."""

    def __init__(self, limit_s):
        super().__init__(
            f"your function was still running after {limit_s:g} s. Is there an endless loop, or a "
            "slow one?"
        )


class TooLarge(OverLimit):
    """The function builds nets whose weights would not fit into memory."""


class _Watchdog(threading.Thread):
    """Interrupts the main thread, again and again, when the time is over.

    It sends SIGINT, which every system has, and which ends a `time.sleep` as well. While it
    watches, `interrupted` receives that signal, also where the user has sent it.
    """

    def __init__(self, limit_s, slow):
        super().__init__(daemon=True)
        self.limit_s, self.slow = limit_s, slow
        self.ended = threading.Event()
        self.running = self.rang = self.ringing = self.missed = False
        self.before = None  # the handler whose place it takes

    def run(self):
        early = min(SLOW_S, self.limit_s)
        if self.ended.wait(early):
            return
        if early < self.limit_s:
            self.slow()
        wait = self.limit_s - early
        while not self.ended.wait(wait):
            self.rang = self.ringing = True
            if hasattr(signal, "pthread_kill"):
                signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
            else:  # Windows, where it ends a sleep of the main thread, too
                signal.raise_signal(signal.SIGINT)
            wait = AGAIN_S

    def interrupted(self, number, frame):
        ringing, self.ringing = self.ringing, False
        if self.running and ringing:
            raise TooLong(self.limit_s)
        if self.running:
            self.hand_on(number, frame)
        elif not ringing:
            self.missed = True  # a stop by the user, for later

    def hand_on(self, number=signal.SIGINT, frame=None):
        """What happens without a watchdog when the user stops the program."""
        if callable(self.before):
            self.before(number, frame)
        elif self.before is not signal.SIG_IGN:
            raise KeyboardInterrupt


def within(limit_s, call, slow=lambda: None):
    """What `call()` returns. TooLong is raised in it after `limit_s` seconds.

    Only the main thread can be interrupted; in others there is no limit. `slow` is called, in
    another thread, when the call still runs after `SLOW_S` seconds.

    >>> within(1, lambda: 6 * 7)
    42
    """
    in_main_thread = threading.current_thread() is threading.main_thread()
    if not in_main_thread or signal.getsignal(signal.SIGINT) is None:
        return call()
    watchdog = _Watchdog(limit_s, slow)
    watchdog.before = signal.signal(signal.SIGINT, watchdog.interrupted)
    try:
        watchdog.start()
        watchdog.running = True
        value = call()
        if watchdog.rang:  # and a handler of the function's own has taken it for a stop
            raise TooLong(limit_s)
        return value
    except KeyboardInterrupt:
        if watchdog.ringing:
            raise TooLong(limit_s) from None
        raise
    finally:
        watchdog.running = False
        watchdog.ended.set()
        if watchdog.ident:  # None if the system has no thread left
            watchdog.join()
        arrival = time.monotonic() + 0.1
        while watchdog.ringing and time.monotonic() < arrival:  # or it would reach the old handler
            time.sleep(0.001)
        signal.signal(signal.SIGINT, watchdog.before)
        if watchdog.missed:
            watchdog.hand_on()


class _Shown:
    """A stream that passes on text while some is `left`, a list of one number."""

    def __init__(self, stream, left):
        self.stream, self.left = stream, left
        self.last, self.line = "\n", 0

    def write(self, text):
        rest = self.left[0]
        if rest < 0 or not text:
            return len(text)
        if text[0] == "\r" and self.line:  # a progress bar writes its line anew: that costs one
            rest, self.line = rest + self.line - 1, 0
        shown = text[:rest]
        if len(text) > rest:
            shown += "\n… the rest of what your function prints is left out.\n"
        self.left[0] = -1 if len(text) > rest else rest - len(text)
        self.last = shown[-1]
        self.line = len(shown.rpartition("\n")[2]) + (0 if "\n" in shown else self.line)
        self.stream.write(shown)
        return len(text)

    def writelines(self, lines):
        for line in lines:
            self.write(line)

    def __getattr__(self, name):
        return getattr(self.stream, name)


@contextmanager
def printing_limited():
    """Of what is printed in the body, show the first `PRINTED` characters, on lines of their own.

    >>> with printing_limited():
    ...     print("a guess:", 3, end="")
    a guess: 3
    """
    left = [PRINTED]
    out, err = _Shown(sys.stdout, left), _Shown(sys.stderr, left)
    try:
        with redirect_stdout(out), redirect_stderr(err):
            yield
    finally:
        for stream in (out, err):
            if stream.last != "\n":
                stream.stream.write("\n")


@contextmanager
def silent():
    """Show nothing of what is printed in the body."""
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        yield


@contextmanager
def weights_limited():
    """Raise TooLarge in the body before Keras takes more memory for weights than there is room for.

    That is `WEIGHTS_BYTES`, or half of what is free, for all layers made in the body together. A
    net's outline, which is built in another thread, takes none.
    """
    layers = getattr(sys.modules.get("keras"), "layers", None)
    layer_class = getattr(layers, "Layer", None)  # None while Keras is not loaded, or only half
    if layer_class is None:
        yield
        return
    add_weight, thread = layer_class.add_weight, threading.get_ident()
    asked, room = 0, None

    def counted(layer, *args, **kwargs):
        nonlocal asked, room
        if room is None:
            room = min(WEIGHTS_BYTES, free_memory() // 2)
        shape = kwargs.get("shape", args[0] if args else ())
        numbers = 0
        with suppress(TypeError):  # no shape: Keras says so
            numbers = math.prod(shape) if hasattr(shape, "__iter__") else int(shape or 1)
        if threading.get_ident() == thread:
            asked += numbers
            if 4 * asked > room:
                raise TooLarge(
                    f"your layers ask for {asked:,} numbers, the last {numbers:,} of them for the "
                    f"layer {layer.name!r}; here is room for {room // 4:,} ({room / 1e6:,.0f} MB)"
                )
        return add_weight(layer, *args, **kwargs)

    layer_class.add_weight = counted
    try:
        yield
    finally:
        layer_class.add_weight = add_weight
