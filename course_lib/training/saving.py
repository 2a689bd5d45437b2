"""A training that is saved after each epoch and continues from there."""

import contextlib
import dataclasses
import io
import json
import os
from pathlib import Path

import numpy as np
import pandas as pd

from course_lib.training.config import TrainingConfig
from course_lib.training.fingerprints import data_fingerprint, net_fingerprint
from course_lib.training.progress import COLUMNS

START_AGAIN = "choose another folder, or delete this one to start again"


class SavedRun:
    """A folder whose last.npz holds the last epoch's weights, history, settings and fingerprints.

    They are in one file, so they cannot contradict each other. Nothing is pickled. The folder is
    only read if not `writes`.
    """

    def __init__(self, folder, model, train, test, config, writes=True):
        self.model, self.path = model, Path(folder, "last.npz")
        self.partial = Path(folder, ".partial.npz")
        self.run = {
            "config": as_saved(config),
            "data": data_fingerprint(train, test),
            "net": net_fingerprint(model),
        }
        if not writes:
            return
        with _explained(folder):  # now, not after the first epoch
            Path(folder).mkdir(parents=True, exist_ok=True)
            self.partial.write_bytes(b"")
            self.partial.unlink()

    def restore(self) -> pd.DataFrame:
        """Restore the model's weights and the optimiser's state; return the history."""
        if not self.path.exists():
            return empty_history()
        variables = self._variables()
        try:
            with self.path.open("rb") as stream, np.load(stream) as file:
                run, history = json.loads(str(file["run"])), _history(file["history"])
                arrays = [file[f"array{i}"] for i in range(len(file.files) - 2)]
        except Exception as error:  # reading a damaged or foreign file fails in many ways
            raise self._damaged() from error
        # A setting that came after the run was saved had its default then.
        run["config"] = DEFAULTS | run["config"]
        there, here = run["config"], self.run["config"]
        names = [name for name in there | here if there.get(name) != here.get(name)]
        differs = (f"{k} {there.get(k)!r} there, {here.get(k)!r} here" for k in names)
        for part, what in (
            ("config", f"with other settings ({', '.join(differs)})"),
            ("data", "on other images or labels"),
            ("net", "of another net"),
        ):
            if run[part] != self.run[part]:
                folder = str(self.path.parent)
                raise ValueError(f"folder {folder!r} holds a run {what}; {START_AGAIN}")
        if [tuple(v.shape) for v in variables] != [array.shape for array in arrays]:
            raise self._damaged()
        for variable, array in zip(variables, arrays, strict=True):
            variable.assign(array)
        return history

    def save(self, history):
        """Write the file beside the old one, then replace that one.

        If the disk is full or the process is killed, the old file stays whole.
        """
        arrays = {f"array{i}": variable.numpy() for i, variable in enumerate(self._variables())}
        data = io.BytesIO()
        np.savez(data, run=json.dumps(self.run), history=history.to_numpy(), **arrays)
        with _explained(self.path):
            try:
                self.partial.write_bytes(data.getbuffer())
                os.replace(self.partial, self.path)
            finally:
                self.partial.unlink(missing_ok=True)

    def _variables(self):
        return [*self.model.weights, *self.model.optimizer.variables]

    def _damaged(self):
        return ValueError(f"{self.path} is damaged or was not written by `fit`; {START_AGAIN}")


def as_saved(config):
    """The settings as JSON gives them back."""
    return json.loads(json.dumps(dataclasses.asdict(config)))


DEFAULTS = as_saved(TrainingConfig())


def empty_history():
    return _history(np.empty((0, len(COLUMNS))))


def _history(rows):
    epochs = pd.Index(range(1, len(rows) + 1), name="epoch")
    return pd.DataFrame(rows, columns=list(COLUMNS), index=epochs)


@contextlib.contextmanager
def _explained(path):
    try:
        yield
    except OSError as error:
        raise OSError(
            f"{path} cannot be written ({error.strerror}): make room, or choose another folder; "
            "what was saved before is whole, and the same call continues from there"
        ) from error
