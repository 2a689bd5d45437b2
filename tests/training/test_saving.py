"""Saving and going on: the same end as without a pause, and no epochs of another run."""

import dataclasses
import errno
import json
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
from training_nets import COLUMNS, CONFIG, net_with_head, small_net, weights_equal

from course_lib.training import train
from course_lib.training.progress import Progress
from course_lib.training.saving import SavedRun

MEASURED = [name for name in COLUMNS if name != "seconds"]


@pytest.mark.parametrize(
    ("optimizer", "build"), [("sgd", small_net), ("adam", small_net), ("sgd", net_with_head)]
)
def test_a_stopped_training_goes_on_as_if_nothing_had_happened(
    pairs, tmp_path, monkeypatch, stop_in_step, capsys, optimizer, build
):
    """Weights, momentum, dropout, order and augmentation all go on: the end is the same."""
    changes = {"learning_rate": 0.01, "augmentation": "crop+flip", "schedule": "cosine"}
    config = dataclasses.replace(CONFIG, optimizer=optimizer, seed=np.int64(4), **changes)
    whole, whole_history = train(build, *pairs, config)

    stop_in_step(7)  # in the second of three epochs of five steps
    _, part = train(build, *pairs, config, folder=tmp_path)
    assert part.index.tolist() == [1]
    assert "the same call continues from there" in capsys.readouterr().out
    monkeypatch.undo()

    resumed, history = train(build, *pairs, config, folder=tmp_path)
    assert history.attrs == {}
    assert weights_equal(whole, resumed)
    pd.testing.assert_frame_equal(history[MEASURED], whole_history[MEASURED], check_exact=True)

    finished, same = train(build, *pairs, config, folder=tmp_path)  # nothing is left to do
    assert weights_equal(finished, resumed)
    pd.testing.assert_frame_equal(same, history, check_exact=True)


def test_stopped_in_the_first_epoch_after_the_pause_it_keeps_the_earlier_ones(
    pairs, tmp_path, monkeypatch, stop_in_step
):
    for step in (7, 2):
        stop_in_step(step)
        _, history = train(small_net, *pairs, CONFIG, folder=tmp_path)
        monkeypatch.undo()
        assert history.index.tolist() == [1]
        assert history.attrs["stopped"] == "stopped after 1 of 3 epochs"


@pytest.fixture
def failing_write(monkeypatch):
    """A function: in the second epoch, the writing of last.npz ends half-way with that error."""
    write, save = Path.write_bytes, SavedRun.save

    def arm(error):
        def half(path, data):
            write(path, bytes(data)[:200])
            raise error

        def fails(self, history):
            if len(history) == 2:
                monkeypatch.setattr(Path, "write_bytes", half)
            save(self, history)

        monkeypatch.setattr(SavedRun, "save", fails)

    return arm


@pytest.mark.parametrize(
    ("error", "raised", "message"),
    [
        (SystemExit(), SystemExit, None),  # in place of a kill
        (
            OSError(errno.ENOSPC, "No space left on device"),
            OSError,
            r"last\.npz cannot be written \(No space left on device\): make room, or choose",
        ),
    ],
    ids=["killed", "full disk"],
)
def test_a_write_that_fails_leaves_the_epoch_before_it_whole(
    pairs, tmp_path, monkeypatch, failing_write, error, raised, message
):
    whole, whole_history = train(small_net, *pairs, CONFIG)
    failing_write(error)
    with pytest.raises(raised, match=message):
        train(small_net, *pairs, CONFIG, folder=tmp_path)
    assert not (tmp_path / ".partial.npz").exists()  # on a full disk, it would be in the way
    monkeypatch.undo()

    epochs, begin = [], Progress.on_epoch_begin

    def on_epoch_begin(self, epoch, logs=None):
        epochs.append(epoch)
        begin(self, epoch)

    monkeypatch.setattr(Progress, "on_epoch_begin", on_epoch_begin)
    resumed, history = train(small_net, *pairs, CONFIG, folder=tmp_path)
    assert epochs == [1, 2]
    assert weights_equal(whole, resumed)
    pd.testing.assert_frame_equal(history[MEASURED], whole_history[MEASURED], check_exact=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["last.npz"]


def with_tanh():
    model = small_net()
    model.get_layer("conv").activation = keras.activations.tanh
    return model


def without_pixel(pair):
    return pair[0] * np.float32(0.5), pair[1]


@pytest.mark.parametrize(
    ("build", "change", "settings", "message"),
    [
        (small_net, lambda a, b: (a, b), {"epochs": 4}, r"settings \(epochs 3 there, 4 here\)"),
        (small_net, lambda a, b: (without_pixel(a), b), {}, "other images or labels"),
        (small_net, lambda a, b: (a, (b[0], 1 - b[1])), {}, "other images or labels"),
        (small_net, lambda a, b: ([np.tile(x.T, 2).T for x in a], b), {}, "other images or labels"),
        (small_net, lambda a, b: (a, None), {}, "other images or labels"),
        (with_tanh, lambda a, b: (a, b), {}, "another net"),
    ],
    ids=["epochs", "images", "labels", "more images", "no test", "activation"],
)
def test_a_folder_of_another_run_is_refused(pairs, tmp_path, build, change, settings, message):
    train(small_net, *pairs, CONFIG, folder=tmp_path)
    before = (tmp_path / "last.npz").read_bytes()
    with pytest.raises(ValueError, match=f"holds a run .*{message}.*choose another folder"):
        train(build, *change(*pairs), dataclasses.replace(CONFIG, **settings), folder=tmp_path)
    assert (tmp_path / "last.npz").read_bytes() == before


def truncated(path):
    path.write_bytes(path.read_bytes()[:-100])


def bit_flipped(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def pickled(path):
    np.save(path.with_suffix(".npy"), np.array([{}], dtype=object), allow_pickle=True)
    path.with_suffix(".npy").replace(path)


def changed(**arrays):
    def damage(path):
        with np.load(path) as file:
            kept = {name: array for name, array in file.items() if arrays.get(name, "") is not None}
        np.savez(
            path, **kept, **{n: a for n, a in arrays.items() if a is not None and n not in kept}
        )

    return damage


@pytest.mark.parametrize(
    "damage",
    [
        truncated,
        bit_flipped,
        pickled,
        lambda path: path.write_bytes(b""),
        lambda path: path.write_text("<html>"),
        lambda path: np.savez(path, x=1),
        changed(history=None),
        changed(array0=None),
        changed(array99=np.zeros(3)),
    ],
    ids=["cut", "bit", "pickle", "empty", "web page", "foreign", "no history", "no array", "more"],
)
def test_a_damaged_or_foreign_file_is_one_sentence(pairs, tmp_path, damage):
    train(small_net, *pairs, CONFIG, folder=tmp_path)
    damage(tmp_path / "last.npz")
    model = small_net()
    before = model.get_weights()
    with pytest.raises(ValueError, match=r"last\.npz is damaged or was not written by `fit`"):
        train(lambda: model, *pairs, CONFIG, folder=tmp_path)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


def test_a_folder_that_cannot_be_made_is_named_before_training(pairs, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setattr("course_lib.training.loop.Progress", pytest.fail)
    with pytest.raises(OSError, match=r"file cannot be written \(File exists\)"):
        train(small_net, *pairs, CONFIG, folder=tmp_path / "file")


def test_a_worker_that_only_reads_makes_nothing(pairs, tmp_path):
    folder = tmp_path / "run"
    saved = SavedRun(folder, small_net(), *pairs, CONFIG, writes=False)
    assert saved.restore().empty
    assert not folder.exists()


def test_a_run_from_before_a_setting_was_there_goes_on(pairs, tmp_path):
    """It had the setting's default then; with another value it is another training."""
    train(small_net, *pairs, dataclasses.replace(CONFIG, epochs=2), folder=tmp_path)
    path = tmp_path / "last.npz"
    with np.load(path) as file:
        arrays = dict(file)
    run = json.loads(str(arrays.pop("run")))
    del run["config"]["sizes"], run["config"]["vector_rate"]
    run["config"]["epochs"] = CONFIG.epochs
    np.savez(path, run=json.dumps(run), **arrays)
    with pytest.raises(ValueError, match=r"other settings \(vector_rate 1.0 there, 2.0 here\)"):
        train(small_net, *pairs, dataclasses.replace(CONFIG, vector_rate=2.0), folder=tmp_path)
    assert len(train(small_net, *pairs, CONFIG, folder=tmp_path)[1]) == CONFIG.epochs
