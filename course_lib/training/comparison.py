"""Several nets under one recipe."""

import contextlib
import dataclasses
from collections.abc import Callable, Mapping

import keras
import pandas as pd

from course_lib.data.dataset import Pair
from course_lib.measure.metrics import accuracy
from course_lib.training.checks import check_images
from course_lib.training.config import TrainingConfig
from course_lib.training.loop import built, run
from course_lib.training.stopping import Stop, TrainingStopped


@dataclasses.dataclass(frozen=True)
class Comparison:
    """What `compare` found.

    Attributes:
        table: a row for each net (index `net`) with train and test (accuracies from 0 to 1 after
            the last epoch, without dropout and augmentation), parameters (their number) and seconds
            (the fastest epoch: in the first one TensorFlow prepares the step, and other programs
            may slow down any).
        models, histories: by the net's name, as from `train`.
    """

    table: pd.DataFrame
    models: dict[str, keras.Model]
    histories: dict[str, pd.DataFrame]


class StoppedComparison:
    """Replaces a `Comparison` that was stopped; any use of it raises `TrainingStopped`."""

    def __init__(self, message):
        self.message = message

    def __getattr__(self, name):
        raise TrainingStopped(self.message)

    def __repr__(self):
        return self.message


def compare(
    nets: Mapping[str, Callable | tuple[Callable, dict]],
    train: Pair,
    test: Pair,
    config: TrainingConfig,
    curves: bool = False,
) -> Comparison:
    """Train several nets under one recipe, each from the same seed.

    Stopping the cell (or Ctrl-C) stops the whole comparison, so no net has fewer epochs than the
    others. Any use of the result then raises `TrainingStopped`.

    Args:
        nets: maps names to functions without arguments that return a new model, or to pairs of
            such a function and a dictionary of the settings that differ from `config`.
        train, test, config: as in `fit`, whose errors come with a note that names the net.
        curves: whether the histories also measure the test images after every epoch.

    >>> import numpy as np
    >>> def build():
    ...     return keras.Sequential(
    ...         [keras.Input((4, 4, 1)), keras.layers.Flatten(), keras.layers.Dense(2, "softmax")])
    >>> pair = np.ones((8, 4, 4, 1), "float32"), np.zeros(8, "uint8")
    >>> nets = {"as it is": build, "with decay": (build, {"weight_decay": 0.1})}
    >>> compare(nets, pair, pair, TrainingConfig(epochs=1)).table["parameters"].tolist()
    [34, 34]
    """
    recipes = _recipes(nets, config)
    rows, models, histories = {}, {}, {}
    with Stop() as stop:
        for name, (build, recipe) in recipes.items():
            with _named(name):
                model = models[name] = built(build, recipe)
                check_images("test", test, model)
                history = run(model, train, test if curves else None, recipe, stop, name=name)
                histories[name] = history
                rows[name] = {
                    "train": accuracy(model, *train),
                    "test": accuracy(model, *test),
                    "parameters": model.count_params(),
                    "seconds": history["seconds"].min(),
                }
            if stop.asked:
                stopped = (
                    f"The comparison was stopped during {name!r} after {len(history)} of "
                    f"{recipe.epochs} epochs: run its cell again."
                )
                print(stopped)
                return StoppedComparison(stopped)
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("net")
    return Comparison(table, models, histories)


def _recipes(nets, config):
    """Each net's builder and config, all checked before the first net is trained."""
    if not isinstance(nets, Mapping) or not nets:
        raise TypeError(f"nets must map names to functions that build a model, got {nets!r}")
    recipes = {}
    for name, entry in nets.items():
        build, changes = entry if isinstance(entry, tuple) else (entry, {})
        if not callable(build) or isinstance(build, keras.layers.Layer):
            raise TypeError(
                f"nets[{name!r}] must be a function that builds a model, got {build!r}; pass the "
                "function itself, without calling it"
            )
        with _named(name):
            recipes[name] = build, dataclasses.replace(config, **changes)
    return recipes


@contextlib.contextmanager
def _named(name):
    try:
        yield
    except Exception as error:
        error.add_note(f"This was in the net {name!r}.")
        raise
