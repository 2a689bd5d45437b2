"""Train one net: from the first check to the history of its last epoch."""

import math
import os
from collections.abc import Callable

import keras
import pandas as pd
import tensorflow as tf

from course_lib.data.dataset import Pair
from course_lib.training.batches import evaluation_batches, training_batches
from course_lib.training.checks import check
from course_lib.training.config import TrainingConfig
from course_lib.training.optimizers import optimizer
from course_lib.training.precision import set_precision
from course_lib.training.progress import Progress
from course_lib.training.saving import SavedRun, empty_history
from course_lib.training.stopping import Stop, TrainingStopped


def fit(
    model: keras.Model,
    train: Pair,
    test: Pair | None,
    config: TrainingConfig,
    folder: str | os.PathLike | None = None,
) -> pd.DataFrame:
    """Train `model` and return its history.

    A progress bar shows epoch, loss, accuracy and time left in one line. Stopping the cell (or
    Ctrl-C) ends the training after the current step: the model keeps what it has learned, and the
    history keeps its finished epochs.

    Args:
        model: ends in a softmax over the classes; it is compiled here. The first output is the
            answer; the others are auxiliary heads, each with a softmax.
        train, test: images, float32 (n, height, width, channels), and labels, integers (n,).
            The test images are measured after each epoch and never trained on. Without them (None),
            training is faster.
        config: how to train.
        folder: where each finished epoch is saved; the same call continues after the last one.

    Returns:
        A row for each finished epoch (index `epoch`, from 1) with loss, accuracy, val_loss,
        val_accuracy (accuracies from 0 to 1; NaN without `test`), learning_rate (at the epoch's
        end) and seconds. The losses include those of auxiliary heads; the accuracies are those of
        the first output. After a stop, `history.attrs["stopped"]` says so, as in "stopped after 2
        of 10 epochs".

    Raises:
        TrainingDivergedError: the loss is not finite.
        TrainingStopped: the training was stopped before the end of the first epoch.
        ValueError: model, images, labels, precision or `folder` do not fit together.
        MemoryError: the training needs more memory than is free.

    >>> import numpy as np
    >>> model = keras.Sequential(
    ...     [keras.Input((4, 4, 1)), keras.layers.Flatten(), keras.layers.Dense(2, "softmax")])
    >>> pair = np.ones((8, 4, 4, 1), "float32"), np.zeros(8, "uint8")
    >>> fit(model, pair, pair, TrainingConfig(epochs=2)).index.tolist()
    [1, 2]
    """
    with Stop() as stop:
        history = run(model, train, test, config, stop, folder)
        if "stopped" in history.attrs:
            if history.empty:
                raise TrainingStopped(
                    "the training was stopped before the end of its first epoch: run it again"
                )
            go_on = "; the same call continues from there" if folder else ""
            print(
                f"Training {history.attrs['stopped']}: the model keeps what it has learned, and "
                f"the history keeps its finished epochs{go_on}."
            )
    return history


def train(
    build: Callable[[], keras.Model],
    train: Pair,
    test: Pair | None,
    config: TrainingConfig,
    folder: str | os.PathLike | None = None,
) -> tuple[keras.Model, pd.DataFrame]:
    """Set the precision and seed of `config`, build the model and `fit` it.

    `build` is a function without arguments that returns a new model. Returns the trained model and
    its history.
    """
    model = built(build, config)
    return model, fit(model, train, test, config, folder)


def built(build, config):
    """A new model with the seed and precision of `config`; the global precision does not change."""
    policy = keras.config.dtype_policy()
    set_precision(config.precision)
    try:
        keras.utils.set_random_seed(config.seed)
        return build()
    finally:
        keras.config.set_dtype_policy(policy)


def run(model, train, test, config, stop, folder=None, name="", after_epoch=None):
    """The history, as from `fit`. After a stop, `attrs` says so, and it may be empty.

    `stop` is an open `Stop`; `name` is put before the progress bar. `after_epoch(history)` takes
    the bar's place: it is called after each epoch, and once for epochs that were done before.
    """
    check(model, train, test, config)
    keras.utils.set_random_seed(config.seed)
    _compile(model, config)
    saved = SavedRun(folder, model, train, test, config) if folder is not None else None
    history = saved.restore() if saved else empty_history()
    done = len(history)
    if done and after_epoch:
        after_epoch(history)
    if done == config.epochs:
        return history
    classes, outputs = model.outputs[0].shape[-1], len(model.outputs)
    steps = math.ceil(len(train[0]) / config.batch_size)

    def with_targets(images, labels):
        return images, (tf.one_hot(tf.cast(labels, tf.int32), classes),) * outputs

    progress = Progress(config, steps, history, stop, saved, name, after_epoch)
    try:
        model.fit(
            training_batches(*train, config, first_epoch=done).map(with_targets),
            validation_data=test and evaluation_batches(*test).map(with_targets),
            initial_epoch=done,
            epochs=config.epochs,
            steps_per_epoch=steps,
            callbacks=[progress],
            shuffle=False,  # the pipeline shuffles
            verbose=0,
        )
    except KeyboardInterrupt:
        history.attrs["stopped"] = f"stopped after {len(history)} of {config.epochs} epochs"
    finally:
        progress.bar.close()
    return history


def _compile(model, config):
    heads = len(model.outputs) - 1
    loss = keras.losses.CategoricalCrossentropy(label_smoothing=config.label_smoothing)
    model.compile(
        optimizer=optimizer(config, model.trainable_variables),
        loss=[loss] * (1 + heads),
        loss_weights=[1.0] + [config.auxiliary_weight] * heads if heads else None,
        # From the word "accuracy", Keras would make this object only in the first step, and then
        # trace the whole step a second time.
        metrics=[keras.metrics.CategoricalAccuracy(name="accuracy")] + [None] * heads,
        jit_compile=False,
    )
    if heads:
        # The same goes for the objects that average each output's loss.
        blank = [tf.zeros((1, model.outputs[0].shape[-1]))] * (1 + heads)
        model.compute_loss(None, blank, blank)
