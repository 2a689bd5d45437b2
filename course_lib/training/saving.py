"""A training that is saved after each epoch and goes on from there."""

import contextlib
import dataclasses
import io
import json
import os
from pathlib import Path

import keras
import numpy as np
import pandas as pd

from course_lib.training.fingerprints import data_fingerprint, net_fingerprint
from course_lib.training.progress import COLUMNS

START_AGAIN = "choose another folder, or delete this one to start again"


class SavedRun:
    """A folder with last.npz and, where the test images are measured, best.npz.

    Each file holds the weights, history, settings and fingerprints of one epoch, so that these
    cannot contradict each other. Nothing is pickled.
    """

    def __init__(self, folder, model, train, test, config):
        self.folder, self.model = Path(folder), model
        self.run = {
            "config": dataclasses.asdict(config),
            "data": data_fingerprint(train, test),
            "net": net_fingerprint(model),
        }
        self.partial = self.folder / ".partial.npz"
        with _explained(self.folder):  # now, not after the first epoch
            self.folder.mkdir(parents=True, exist_ok=True)
            self.partial.write_bytes(b"")
            self.partial.unlink()

    def restore(self) -> pd.DataFrame:
        """Give the model its last weights and the optimiser its state; return the history."""
        if not (self.folder / "last.npz").exists():
            return empty_history()
        run, history, arrays = _read(self.folder / "last.npz")
        there, here = run["config"], self.run["config"]
        names = [name for name in there | here if there.get(name) != here.get(name)]
        differs = (f"{k} {there.get(k)!r} there, {here.get(k)!r} here" for k in names)
        for part, what in (
            ("config", f"with other settings ({', '.join(differs)})"),
            ("data", "on other images or labels"),
            ("net", "of another net"),
        ):
            if run[part] != self.run[part]:
                raise ValueError(f"folder {str(self.folder)!r} holds a run {what}; {START_AGAIN}")
        _assign(self._variables(), arrays, self.folder / "last.npz")
        return history

    def save(self, history):
        # The last epoch is written last: if killed in between, the training repeats this epoch.
        tested = history["val_accuracy"]
        if tested.notna().all() and tested.idxmax() == tested.index[-1]:
            self._write("best.npz", history, self.model.weights)
        self._write("last.npz", history, self._variables())

    def _variables(self):
        return [*self.model.weights, *self.model.optimizer.variables]

    def _write(self, name, history, variables):
        """Build the file in memory, write it beside the old one, then replace that: a full disk
        or a kill leaves the old file whole."""
        arrays = {f"array{i}": variable.numpy() for i, variable in enumerate(variables)}
        data = io.BytesIO()
        run = json.dumps(self.run, default=int)  # for settings that are NumPy's integers
        np.savez(data, run=run, history=history.to_numpy(), **arrays)
        with _explained(self.folder / name):
            try:
                self.partial.write_bytes(data.getbuffer())
                os.replace(self.partial, self.folder / name)
            finally:
                self.partial.unlink(missing_ok=True)


def load_best(model: keras.Model, folder: str | os.PathLike) -> pd.Series:
    """Give `model` the weights of the epoch with the highest test accuracy that `fit` saved.

    `model` is the net that was trained, or one built alike; `folder` is that of `fit`. Returns
    the epoch's row of the history.
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
    return history.iloc[-1]


def empty_history():
    return _history(np.empty((0, len(COLUMNS))))


def _history(rows):
    epochs = pd.Index(range(1, len(rows) + 1), name="epoch")
    return pd.DataFrame(rows, columns=list(COLUMNS), index=epochs)


def _read(path):
    """The run that the file belongs to, its history and its arrays."""
    try:
        with path.open("rb") as stream, np.load(stream) as file:
            run, history = json.loads(str(file["run"])), _history(file["history"])
            return run, history, [file[f"array{i}"] for i in range(len(file.files) - 2)]
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
