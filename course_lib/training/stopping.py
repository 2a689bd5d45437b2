"""A stop in a notebook, or Ctrl-C: noted at once, obeyed between two training steps."""

import signal
import threading


class TrainingStopped(Exception):
    """The training was stopped before it had a result; the message says what to run again."""


class Stop:
    """While this is open, a stop is only noted; `obey` then raises KeyboardInterrupt.

    So no weights, history or file are left half written, and a second stop does no more than the
    first. In a process that ignores Ctrl-C, or outside the main thread, it does nothing.
    """

    def __init__(self):
        self.asked = False

    def _note(self, number, frame):
        self.asked = True

    def obey(self):
        if self.asked:
            raise KeyboardInterrupt

    def __enter__(self):
        self.before = signal.getsignal(signal.SIGINT)
        in_main_thread = threading.current_thread() is threading.main_thread()
        self.listens = in_main_thread and callable(self.before)
        if self.listens:
            signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(self, *error):
        if self.listens:
            signal.signal(signal.SIGINT, self.before)
