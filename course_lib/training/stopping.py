"""Stop in a notebook, or Ctrl-C: heard at once, obeyed between two training steps."""

import signal
import threading


class TrainingStopped(Exception):
    """The training was stopped before it had a result; the message says what to run again."""


class Stop:
    """While this is open, a stop is only noted; `obey` then raises KeyboardInterrupt.

    So no weight, history or file is left half written, and a second stop does no more than the
    first. Where the process ignores Ctrl-C, or trains in a side thread, nothing changes.
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
