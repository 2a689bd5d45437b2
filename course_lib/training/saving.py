"""A training that is saved after each epoch, and goes on from there."""

import contextlib
import dataclasses
import io
import json
import os
from pathlib import Path

import keras
import numpy as np
import pandas as pd

from course_lib.training.config import TrainingConfig
from course_lib.training.fingerprints import data_fingerprint, net_fingerprint
from course_lib.training.progress import COLUMNS

START_AGAIN = "choose another folder, or delete this one to start again"


class SavedRun:
    """A folder with last.npz and, where the test images are measured, best.npz.

    Each holds weights, history, settings and fingerprints of one epoch, so that they cannot
    contradict each other. Nothing is pickled.
    """

    def __init__(self, folder, model, train, test, config):
        self.folder, self.model = Path(folder), model
        self.run = {
            "config": dataclasses.asdict(config),
            "data": data_fingerprint(train, test),
            "net": net_fingerprint(model),
        }
        self.run = json.loads(json.dumps(self.run))
        self.partial = self.folder / ".partial.npz"
        with _explained(self.folder):  # now, and not after the first epoch
            self.folder.mkdir(parents=True, exist_ok=True)
            self.partial.write_bytes(b"")
            self.partial.unlink()

    def restore(self) -> pd.DataFrame:
        """Give the model its last weights and the optimiser's state; return their history."""
        if not (self.folder / "last.npz").exists():
            return empty_history()
        run, history, arrays = _read(self.folder / "last.npz")
        # A run from before a setting existed was trained as with the setting's default.
        defaults = json.loads(json.dumps(dataclasses.asdict(TrainingConfig())))
        there, here = {**defaults, **run["config"]}, self.run["config"]
        names = [name for name in there if there[name] != here.get(name)]
        differs = ", ".join(f"{k} {there[k]!r} there, {here.get(k)!r} here" for k in names)
        for wrong, what in (
            (names, f"with other settings ({differs})"),
            (run["data"] != self.run["data"], "on other images or labels"),
            (run["net"] != self.run["net"], "of another net"),
        ):
            if wrong:
                raise ValueError(f"folder {str(self.folder)!r} holds a run {what}; {START_AGAIN}")
        _assign(self._variables(), arrays, self.folder / "last.npz")
        return _history(history)

    def save(self, history):
        # The last epoch goes last: killed between the two, the training does this epoch again.
        tested = history["val_accuracy"]
        if tested.notna().all() and tested.idxmax() == tested.index[-1]:
            self._write("best.npz", history, self.model.weights)
        self._write("last.npz", history, self._variables())

    def _variables(self):
        return [*self.model.weights, *self.model.optimizer.variables]

    def _write(self, name, history, variables):
        """In memory, beside, and then in place: a full disk leaves the file that was there."""
        arrays = {f"array{i}": variable.numpy() for i, variable in enumerate(variables)}
        data = io.BytesIO()
        np.savez(data, run=json.dumps(self.run), history=history.to_numpy(), **arrays)
        with _explained(self.folder / name):
            try:
                self.partial.write_bytes(data.getbuffer())
                os.replace(self.partial, self.folder / name)
            finally:
                self.partial.unlink(missing_ok=True)


def load_best(model: keras.Model, folder: str | os.PathLike) -> pd.Series:
    """Give `model` the weights of the epoch with the highest test accuracy that `fit` saved.

    Args:
        model: the net that was trained, or one built alike.
        folder: as in `fit`.

    Returns:
        That epoch's row of the history.

    Raises:
        FileNotFoundError: nothing was saved there with test images.
        ValueError: the file is damaged, or of another net.

    >>> import tempfile
    >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, "softmax")])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     load_best(model, folder)
    Traceback (most recent call last):
    FileNotFoundError: ...best.npz does not exist: call `fit` with this folder and with test images
    """
    path = Path(folder) / "best.npz"
    if not path.exists():
        raise FileNotFoundError(
            f"{path} does not exist: call `fit` with this folder and with test images"
        )
    run, history, arrays = _read(path)
    if run["net"] != net_fingerprint(model):
        raise ValueError(f"{path} holds the weights of another net: build the one that was trained")
    _assign(model.weights, arrays, path)
    return _history(history).iloc[-1]


def empty_history():
    return _history(np.empty((0, len(COLUMNS))))


def _history(rows):
    epochs = pd.Index(range(1, len(rows) + 1), name="epoch")
    return pd.DataFrame(rows, columns=list(COLUMNS), index=epochs)


def _read(path):
    """What run the file belongs to, its history and its arrays."""
    try:
        with path.open("rb") as stream, np.load(stream) as file:
            run, history = json.loads(str(file["run"])), file["history"]
            arrays = [file[f"array{i}"] for i in range(len(file.files) - 2)]
        _history(history)
        return {name: run[name] for name in ("config", "data", "net")}, history, arrays
    except Exception as error:  # whatever a damaged or foreign file provokes
        raise _damaged(path) from error


def _assign(variables, arrays, path):
    if [tuple(v.shape) for v in variables] != [array.shape for array in arrays]:
        raise _damaged(path)
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)


def _damaged(path):
    return ValueError(f"{path} is damaged, or not written by `fit`; {START_AGAIN}")


@contextlib.contextmanager
def _explained(path):
    try:
        yield
    except OSError as error:
        raise OSError(
            f"{path} cannot be written ({error.strerror}): make room, or choose another folder; "
            "what was saved before is whole, and the same call goes on from there"
        ) from error
