"""Several devices train as one does: two CPUs of one process, or two processes."""

import contextlib
import dataclasses
import json
import multiprocessing
import os
import signal
import socket

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from training_nets import COLUMNS, CONFIG, net_with_head, small_net

from course_lib.training import devices, several, train
from course_lib.training.progress import Progress

MEASURED = [name for name in COLUMNS if name != "seconds"]
DEADLINE = 120  # seconds; a process that takes so long will not answer


def changed(**changes):
    return dataclasses.replace(CONFIG, **{"augmentation": "crop+flip"} | changes)


SHARED = changed(schedule="cosine", weight_decay=0.01)


def net():
    return small_net(dropout=0)


def two_outputs():
    return net_with_head(dropout=0)


def with_norm():
    """Batch normalisation and dropout: here several devices differ from one."""
    first, *others = small_net(dropout=0.3).layers
    norm = keras.layers.BatchNormalization()
    return keras.Sequential([keras.Input((6, 6, 1)), first, norm, *others])


def with_penalty():
    """It takes images of every size, too."""
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((6, 6, 1)),
            layers.Conv2D(4, 3, activation="relu", kernel_regularizer=keras.regularizers.L2(0.1)),
            layers.GlobalAveragePooling2D(),
            layers.Dense(2, activation="softmax", dtype="float32"),
        ]
    )


# In each, something could be done by no replica, by all, or with a share in place of the batch.
ADAM = {"optimizer": "adam", "learning_rate": 0.01, "decay": "decoupled"}
CASES = [
    (net, SHARED),
    (two_outputs, changed(label_smoothing=0.1, weight_decay=0.1, **ADAM)),
    (with_penalty, changed(optimizer="muon", weight_decay=0.01, batch_size=13, sizes=((4, 1),))),
]


def on_one_device(pairs, build, config):
    model, history = train(build, *pairs, config)
    return model.get_weights(), history


def on_several(strategy, pairs, build, config, folder=None):
    """Weights and history, which can be sent to another process; or the error's message."""
    try:
        model, history = several.train_on(strategy, build, *pairs, config, folder)
    except ValueError as error:
        return str(error)
    return model.get_weights(), history


def assert_same(found, expected, atol=1e-6):
    """The same weights and history up to rounding; exactly if `atol` is 0."""
    for a, b in zip(found[0], expected[0], strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=atol)
    histories = found[1][MEASURED], expected[1][MEASURED]
    pd.testing.assert_frame_equal(*histories, rtol=0, atol=atol)


def in_processes(calls, until_killed=False):
    """What the functions return, each called with its arguments in its own process.

    `until_killed`: the last one is to kill itself. Then the others are killed, and nothing returns.
    """
    context = multiprocessing.get_context("forkserver")
    # The processes are copies of one that has imported TensorFlow, so only that one takes the time.
    context.set_forkserver_preload(["course_lib.training.several"])
    pipes = [context.Pipe(duplex=False) for _ in calls]
    processes = [
        context.Process(target=send_result, args=(pipe, *call))
        for (_, pipe), call in zip(pipes, calls, strict=True)
    ]
    for process, (_, pipe) in zip(processes, pipes, strict=True):
        process.start()
        pipe.close()
    try:
        if until_killed:
            processes[-1].join(DEADLINE)
            assert processes[-1].exitcode == -signal.SIGKILL
            return None
        for pipe, _ in pipes:
            assert pipe.poll(DEADLINE), "a process does not answer"
        return [pipe.recv() for pipe, _ in pipes]
    finally:
        for process, (pipe, _) in zip(processes, pipes, strict=True):
            process.kill()
            process.join()
            process.close()
            pipe.close()


def send_result(pipe, function, *arguments):
    pipe.send(function(*arguments))


def on_workers(calls, folder=None, kill_in_step=None):
    """What `as_worker` returns on workers that make these calls, one list of calls for each."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in calls]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        addresses = [f"127.0.0.1:{each.getsockname()[1]}" for each in sockets]
    tasks = [{"type": "worker", "index": index} for index in range(len(calls))]
    texts = [json.dumps({"cluster": {"worker": addresses}, "task": task}) for task in tasks]
    steps = [None] * (len(calls) - 1) + [kill_in_step]
    processes = [(as_worker, *each, folder) for each in zip(texts, calls, steps, strict=True)]
    return in_processes(processes, until_killed=kill_in_step is not None)


def as_worker(tf_config, calls, kill_in_step, folder):
    """The result of each call, and the epochs that the calls began, from 0."""
    os.environ["TF_CONFIG"] = tf_config
    strategy, begin = devices.strategy_from_tf_config(), Progress.on_train_batch_begin
    epochs = []

    def begin_or_die(self, batch, logs=None):
        if self.step == kill_in_step:
            os.kill(os.getpid(), signal.SIGKILL)
        epochs.extend([len(self.history)] if batch == 0 else [])
        begin(self, batch, logs)

    Progress.on_train_batch_begin = begin_or_die
    return [on_several(strategy, *call, folder) for call in calls], epochs


@pytest.fixture(scope="module")
def two_workers(pairs):
    """What two workers return: first they make different calls, then they train two nets."""
    call, other = (pairs, net, SHARED), (pairs, net, changed())
    calls = [call, (pairs, with_norm, SHARED)]
    return on_workers([[call, *calls], [other, *calls]])


def test_two_workers_end_with_the_same_as_one_device(pairs, two_workers):
    (first, epochs), (second, _) = two_workers
    assert epochs == [0, 1, 2] * 2
    assert_same(first[1], second[1], atol=0)
    assert_same(first[2], second[2], atol=0)
    assert_same(first[1], on_one_device(pairs, net, SHARED))


def test_two_workers_end_with_the_same_as_one_worker(pairs, two_workers):
    [([one], _)] = on_workers([[(pairs, net, SHARED)]])
    assert_same(two_workers[0][0][1], one)


def test_workers_that_make_different_calls_are_told(two_workers):
    for results, _ in two_workers:
        assert results[0].startswith(
            "every worker must make the same call, with the same net, images"
        )


def test_a_killed_worker_comes_back(pairs, two_workers, tmp_path):
    """It is killed in the second of three epochs; then both are started again."""
    calls = [[(pairs, with_norm, SHARED)]] * 2
    on_workers(calls, tmp_path, kill_in_step=7)
    for (result,), epochs in on_workers(calls, tmp_path):
        assert epochs == [1, 2]
        assert_same(result, two_workers[0][0][2], atol=0)
    assert [path.name for path in tmp_path.iterdir()] == ["last.npz"]


def on_two_cpus(pairs, folder):
    devices.virtual_cpus(2)
    devices.virtual_cpus(2)  # a cell that runs twice
    strategy = devices.strategy_from_tf_config()
    results = [on_several(strategy, pairs, *case, folder / case[0].__name__) for case in CASES]
    again = on_several(strategy, pairs, *CASES[0], folder / CASES[0][0].__name__)
    too_few = on_several(strategy, pairs, net, changed(batch_size=71))
    return type(strategy).__name__, strategy.num_replicas_in_sync, results, again, too_few


@pytest.fixture(scope="module")
def two_cpus(pairs, tmp_path_factory):
    return in_processes([(on_two_cpus, pairs, tmp_path_factory.mktemp("run"))])[0]


@pytest.mark.parametrize("case", range(len(CASES)), ids=[build.__name__ for build, _ in CASES])
def test_two_cpus_end_with_the_same_as_one_device(pairs, two_cpus, case):
    name, replicas, results, *_ = two_cpus
    assert (name, replicas) == ("MirroredStrategy", 2)
    assert_same(results[case], on_one_device(pairs, *CASES[case]))


def test_the_same_call_on_two_cpus_returns_what_was_saved(two_cpus):
    _, _, results, again, _ = two_cpus
    assert_same(again, results[0], atol=0)
    pd.testing.assert_frame_equal(again[1], results[0][1], check_exact=True)  # seconds, too


def test_a_replica_without_an_image_is_told(two_cpus):
    rule = "each of the 2 replicas needs an image of every batch, got 1 in the last batch of 72"
    assert two_cpus[-1].startswith(rule)


def test_virtual_cpus_come_first():
    tf.constant(0)
    with pytest.raises(RuntimeError, match=r"virtual_cpus\(3\) must come before all"):
        devices.virtual_cpus(3)
    with pytest.raises(ValueError, match="count must be a whole number"):
        devices.virtual_cpus(0)


def test_a_single_device_needs_no_strategy():
    assert devices.strategy_from_tf_config() is tf.distribute.get_strategy()


TASK, TWO = {"type": "worker", "index": 1}, {"worker": ["localhost:1", "localhost:2"]}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "worker 0",
        "[]",
        json.dumps({"task": TASK}),
        json.dumps({"cluster": TWO}),
        json.dumps({"cluster": TWO["worker"], "task": TASK}),
        json.dumps({"cluster": {"worker": []}, "task": TASK | {"index": 0}}),
        json.dumps({"cluster": {"worker": ["localhost:1"] * 2}, "task": TASK}),
        json.dumps({"cluster": {"worker": ["localhost", "localhost:2"]}, "task": TASK}),
        json.dumps({"cluster": {"worker": [1, 2]}, "task": TASK}),
        json.dumps({"cluster": TWO | {"ps": ["localhost:3"]}, "task": TASK}),
        json.dumps({"cluster": TWO, "task": {"index": 1}}),
        json.dumps({"cluster": TWO, "task": {"type": "worker"}}),
        json.dumps({"cluster": TWO, "task": TASK | {"type": "chief"}}),
        *[json.dumps({"cluster": TWO, "task": TASK | {"index": i}}) for i in (2, -1, "1", True)],
    ],
)
def test_a_wrong_tf_config_is_one_sentence(monkeypatch, text):
    monkeypatch.setattr(tf.distribute, "MultiWorkerMirroredStrategy", pytest.fail)
    monkeypatch.setenv("TF_CONFIG", text)
    with pytest.raises(ValueError, match=r"^TF_CONFIG must be JSON like .+ index") as raised:
        devices.strategy_from_tf_config()
    assert str(raised.value).endswith(f"got {text!r}")
