"""Images to learn from, and a stop at a known step."""

import itertools
import os
import signal

import numpy as np
import pytest

from course_lib.training.progress import Progress


@pytest.fixture(scope="module")
def pairs():
    """Bright left half or bright right half, with noise: 72 to train on, 40 to test."""
    random = np.random.default_rng(0)
    labels = random.integers(0, 2, size=112).astype("uint8")
    images = random.normal(0, 0.3, size=(112, 6, 6, 1))
    images[labels == 0, :, :3] += 1
    images[labels == 1, :, 3:] += 1
    images = images.astype("float32")
    return (images[:72], labels[:72]), (images[72:], labels[72:])


@pytest.fixture
def stop_in_step(monkeypatch):
    """A function: send signals before that step, counted from 0 over all trainings."""
    original = Progress.on_train_batch_begin

    def arm(step, signals=1):
        steps = itertools.count()

        def begin(self, batch, logs=None):
            if next(steps) == step:
                for _ in range(signals):
                    os.kill(os.getpid(), signal.SIGINT)
            original(self, batch, logs)

        monkeypatch.setattr(Progress, "on_train_batch_begin", begin)
        return steps

    return arm
