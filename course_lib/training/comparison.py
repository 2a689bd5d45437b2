"""Several nets under one recipe."""

import dataclasses
from collections.abc import Callable, Mapping

import keras
import numpy as np
import pandas as pd

from course_lib.measure.metrics import accuracy
from course_lib.training.checks import check_images
from course_lib.training.config import TrainingConfig
from course_lib.training.loop import built, run
from course_lib.training.stopping import Stop, TrainingStopped


@dataclasses.dataclass(frozen=True)
class Comparison:
    """What `compare` found.

    Attributes:
        table: a row for each net (index `net`) with train, test (accuracies from 0 to 1 after the
            last epoch, with dropout and augmentation off), parameters (a count) and seconds (the
            median of an epoch, without the first, in which TensorFlow prepares the step).
        models, histories: by the net's name, as from `train`.
    """

    table: pd.DataFrame
    models: dict[str, keras.Model]
    histories: dict[str, pd.DataFrame]


class StoppedComparison:
    """In place of a `Comparison` that was stopped: whatever is asked of it says so."""

    def __init__(self, message):
        self.message = message

    def __getattr__(self, name):
        raise TrainingStopped(self.message)

    def __repr__(self):
        return self.message


def compare(
    nets: Mapping[str, Callable | tuple[Callable, dict]],
    train: tuple[np.ndarray, np.ndarray],
    test: tuple[np.ndarray, np.ndarray],
    config: TrainingConfig,
    curves: bool = False,
) -> Comparison:
    """Train several nets under one recipe, each from the same seed.

    Stopping the cell (or Ctrl-C) stops the whole comparison, so that no net enters it with fewer
    epochs than the others.

    Args:
        nets: names to functions without arguments that return a new model, or to pairs of such a
            function and the settings in which its recipe differs, such as
            {"weight_decay": (build, {"weight_decay": 5e-4})}.
        train, test: images and labels, as in `fit`.
        config: how to train.
        curves: measure the test images after every epoch too, for the histories.

    Returns:
        A `Comparison`. After a stop, each use of it raises `TrainingStopped`.

    Raises:
        TypeError, ValueError: `nets` is not such a mapping.
        Errors of `fit`, with a note that names the net.

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
            try:
                model = models[name] = built(build, recipe)
                check_images("test", test, model)
                history = run(model, train, test if curves else None, recipe, stop, name=name)
                histories[name] = history
                rows[name] = {
                    "train": accuracy(model, *train),
                    "test": accuracy(model, *test),
                    "parameters": model.count_params(),
                    "seconds": history["seconds"].iloc[min(1, len(history) - 1) :].median(),
                }
            except Exception as error:
                error.add_note(f"This was in the net {name!r}.")
                raise
            if stop.asked:
                stopped = (
                    f"The comparison was stopped in {name!r} after {len(history)} of "
                    f"{recipe.epochs} epochs: run its cell again."
                )
                print(stopped)
                return StoppedComparison(stopped)
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("net")
    return Comparison(table, models, histories)


def _recipes(nets, config):
    """Each net's builder and config, all checked before the first is trained."""
    if not isinstance(nets, Mapping) or not nets:
        raise TypeError(f"nets must map names to functions that build a model, got {nets!r}")
    recipes = {}
    for name, entry in nets.items():
        build, changes = entry if isinstance(entry, tuple) else (entry, {})
        if not callable(build) or isinstance(build, keras.layers.Layer):
            raise TypeError(
                f"nets must map names to functions that build a model, got {build!r} for "
                f"{name!r}; pass the function itself, without calling it"
            )
        try:
            recipes[name] = build, dataclasses.replace(config, **changes)
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"nets[{name!r}] must change settings of the config: {error}"
            ) from None
    return recipes
