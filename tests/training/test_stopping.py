"""Stops are real signals, as Jupyter's Stop and Ctrl-C send them."""

import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from training_nets import COLUMNS, CONFIG, small_net

from course_lib.training import TrainingStopped, compare, fit, train
from course_lib.training.progress import Progress
from course_lib.training.stopping import Stop


@pytest.mark.parametrize("signals", [1, 3])
def test_fit_keeps_what_was_learned_and_marks_the_history(pairs, stop_in_step, capsys, signals):
    stop_in_step(7, signals)  # in the second of three epochs of five steps
    model, history = train(small_net, *pairs, CONFIG)
    assert history.index.tolist() == [1] and history.columns.tolist() == COLUMNS
    assert history.attrs["stopped"] == "stopped after 1 of 3 epochs"
    assert "Training stopped after 1 of 3 epochs: the model keeps" in capsys.readouterr().out
    assert model.optimizer.iterations.numpy() == 8  # the step at hand was finished
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_stop_while_testing_does_not_count_the_epoch(pairs, monkeypatch):
    def kill(self, batch, logs=None):
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(Progress, "on_test_batch_begin", kill)
    with pytest.raises(TrainingStopped):
        train(small_net, *pairs, CONFIG)


def test_a_stop_in_the_first_epoch_is_one_sentence_and_keeps_the_weights(pairs, stop_in_step):
    stop_in_step(2)
    model = small_net()
    before = model.get_weights()
    with pytest.raises(TrainingStopped, match=r"before the end of its first epoch: run it again"):
        fit(model, *pairs, CONFIG)
    assert not np.allclose(before[0], model.get_weights()[0])


@pytest.mark.parametrize(("step", "epochs"), [(2, 0), (22, 1)])
def test_a_comparison_stops_at_the_first_stop(pairs, stop_in_step, capsys, step, epochs):
    name = "first" if step < 15 else "second"
    steps = stop_in_step(step, signals=2)
    runs = compare(dict.fromkeys(("first", "second", "third"), small_net), *pairs, CONFIG)
    when = f"during '{name}' after {epochs} of 3 epochs"
    sentence = f"The comparison was stopped {when}: run its cell again."
    assert capsys.readouterr().out.splitlines() == [sentence]
    assert repr(runs) == sentence
    assert next(steps) == step + 1  # no further step, no further net
    for use in (lambda: runs.table, lambda: runs.models["first"], lambda: runs.histories["first"]):
        with pytest.raises(TrainingStopped) as error:
            use()
        assert str(error.value) == sentence


def test_a_stop_between_two_nets_stops_too(pairs, monkeypatch):
    def measure(*_):
        os.kill(os.getpid(), signal.SIGINT)
        return 1.0

    monkeypatch.setattr("course_lib.training.comparison.accuracy", measure)
    runs = compare({"first": small_net, "second": small_net}, *pairs, CONFIG)
    with pytest.raises(TrainingStopped, match="during 'first' after 3 of 3 epochs"):
        _ = runs.table


SCRIPT = """
import sys, numpy as np
from training_nets import CONFIG, small_net
from course_lib.training import TrainingStopped, compare, progress
from dataclasses import replace
original = progress.Progress.on_train_batch_end
def batch_end(self, batch, logs=None):
    original(self, batch, logs)
    if self.step == 10:
        print("running", flush=True)
progress.Progress.on_train_batch_end = batch_end
pair = np.ones((64, 6, 6, 1), "float32"), np.zeros(64, "uint8")
runs = compare({"a": small_net, "b": small_net}, pair, pair, replace(CONFIG, epochs=10**6))
try:
    runs.table
except TrainingStopped as stopped:
    print("then:", stopped, flush=True)
"""


def test_another_process_stops_a_comparison_and_stops_it_again():
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-c", SCRIPT]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            assert process.stdout.readline() == "running\n"
            while process.poll() is None:  # again and again, while the first is handled
                process.send_signal(signal.SIGINT)
                time.sleep(0.002)
                if process.stdout.readline().startswith("The comparison was stopped during 'a'"):
                    break
            rest = process.stdout.read()
            assert rest.startswith("then: The comparison was stopped during 'a' after"), rest
            assert process.wait(60) == 0
        finally:
            process.kill()  # else a failed test would wait for a million epochs


def test_in_a_side_thread_and_where_ctrl_c_is_ignored_nothing_is_touched():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with Stop() as stop:
            os.kill(os.getpid(), signal.SIGINT)
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN and not stop.asked
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)

    found = []

    def work():
        with Stop():
            found.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [signal.default_int_handler]
