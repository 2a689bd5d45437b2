"""Train a network: progress in one line, a history table, stop and resume."""

import dataclasses
import json
import math
import os
import time
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from tqdm import tqdm

from course_lib.data.augmentation import augment
from course_lib.training.config import TrainingConfig, learning_rate_at
from course_lib.training.precision import set_precision

COLUMNS = ("loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "seconds")


class TrainingDivergedError(ArithmeticError):
    """The loss became infinite or NaN; the message says when and the likely cause."""


def fit(
    model: keras.Model,
    train: tuple[np.ndarray, np.ndarray],
    test: tuple[np.ndarray, np.ndarray] | None,
    config: TrainingConfig,
    folder: str | os.PathLike | None = None,
) -> pd.DataFrame:
    """Train `model` and return its history.

    A progress bar shows epoch, loss, accuracy and time left in one line. Stopping the cell (or
    Ctrl-C) ends the training cleanly: the model keeps what it learned, the history what was
    finished. With a `folder`, each finished epoch is saved there, and the same call goes on from
    the last one; `best.weights.h5` holds the weights with the highest test accuracy so far.

    Args:
        model: ends in a softmax over the classes; it is compiled here. Of several outputs the
            first is the answer; each further one is the softmax of an auxiliary head, whose loss
            counts `config.auxiliary_weight` times (GoogLeNet: arXiv:1409.4842, section 5).
        train, test: images (n, height, width, channels), float32, and labels (n,), integers.
            The test images are measured after each epoch and never trained on; None measures
            nothing, which is faster where only the trained model counts.
        config: how to train.
        folder: where to save; None saves nothing. Needs `test`, to know the best epoch.

    Returns:
        A row for each finished epoch (index `epoch`, from 1) with loss, accuracy, val_loss,
        val_accuracy (fractions; NaN without `test`), learning_rate (at the epoch's end) and
        seconds. The losses include those of auxiliary heads; the accuracies are those of the first
        output.

    Raises:
        TrainingDivergedError: the loss is not finite.
        ValueError: images and labels do not fit each other or the model, its outputs differ in
            their classes, the precision is not the one that the model was built in, or `folder`
            holds a run with other settings.

    >>> model = keras.Sequential(
    ...     [keras.Input((4, 4, 1)), keras.layers.Flatten(), keras.layers.Dense(2, "softmax")])
    >>> images, labels = np.ones((8, 4, 4, 1), "float32"), np.zeros(8, "uint8")
    >>> fit(model, (images, labels), (images, labels), TrainingConfig(epochs=2)).index.tolist()
    [1, 2]
    """
    _check_outputs(model)
    _check_images("train", train, model)
    if test is not None:
        _check_images("test", test, model)
    elif folder is not None:
        raise ValueError(
            "test must be images and labels where a folder is given, got None; "
            "best.weights.h5 is the epoch with the highest test accuracy"
        )
    _check_precision(model, config)
    classes, heads = model.outputs[0].shape[-1], len(model.outputs) - 1
    keras.utils.set_random_seed(config.seed)
    model.compile(
        optimizer=_optimizer(config, model.trainable_variables),
        loss=[keras.losses.CategoricalCrossentropy(label_smoothing=config.label_smoothing)]
        * (1 + heads),
        loss_weights=[1.0] + [config.auxiliary_weight] * heads if heads else None,
        # An object, not the word "accuracy", which Keras would only make during the first step and
        # then trace the whole step a second time.
        metrics=[keras.metrics.CategoricalAccuracy(name="accuracy")] + [None] * heads,
        jit_compile=False,
    )
    if heads:
        # The mean loss of each output, too, Keras would only make during the first step.
        blank = [tf.zeros((1, classes))] * (1 + heads)
        model.compute_loss(None, blank, blank)
    steps = math.ceil(len(train[0]) / config.batch_size)
    history = pd.DataFrame(columns=COLUMNS, dtype=float).rename_axis("epoch")
    saved = _SavedRun(folder, config) if folder is not None else None
    if saved:
        history = saved.restore(model, steps)
    keeper = _Keeper(config, steps, history, saved)
    if len(history) == config.epochs:
        return history

    def for_each_output(x, y):
        return x, (y,) * (1 + heads)

    batches = _training_batches(*train, classes, config, first_epoch=len(history))
    try:
        model.fit(
            batches.map(for_each_output),
            validation_data=test and _test_batches(*test, classes).map(for_each_output),
            initial_epoch=len(history),
            epochs=config.epochs,
            steps_per_epoch=steps,
            callbacks=[keeper],
            shuffle=False,  # the pipeline shuffles
            verbose=0,
        )
    except KeyboardInterrupt:
        done = len(keeper.history)
        go_on = "; the same call goes on from there" if saved else ""
        print(
            f"Stopped by you after {done} of {config.epochs} epochs. The model keeps what it "
            f"learned, the history its {done} finished epochs{go_on}."
        )
    finally:
        keeper.close()
    return keeper.history


def train(
    build: Callable[[], keras.Model],
    train: tuple[np.ndarray, np.ndarray],
    test: tuple[np.ndarray, np.ndarray] | None,
    config: TrainingConfig,
    folder: str | os.PathLike | None = None,
) -> tuple[keras.Model, pd.DataFrame]:
    """Set precision and seed, build the model, `fit` it: the same start for every comparison.

    Args:
        build: a function without arguments that returns a new model.
        train, test, config, folder: as in `fit`.

    Returns:
        The trained model and its history, as from `fit`.

    >>> def build():
    ...     return keras.Sequential(
    ...         [keras.Input((4, 4, 1)), keras.layers.Flatten(), keras.layers.Dense(2, "softmax")])
    >>> images, labels = np.ones((8, 4, 4, 1), "float32"), np.zeros(8, "uint8")
    >>> model, history = train(build, (images, labels), (images, labels), TrainingConfig(epochs=1))
    >>> len(history)
    1
    """
    policy = keras.config.dtype_policy()
    set_precision(config.precision)
    try:
        keras.utils.set_random_seed(config.seed)
        model = build()
    finally:
        keras.config.set_dtype_policy(policy)
    return model, fit(model, train, test, config, folder)


def _check_outputs(model: keras.Model) -> None:
    classes = [output.shape[-1] for output in model.outputs]
    if len(set(classes)) > 1:
        raise ValueError(
            "every output of the model must have the same number of classes, since all learn from "
            f"the same labels; got {', '.join(map(str, classes))}"
        )


def _check_images(name: str, pair, model: keras.Model) -> None:
    images, labels = (np.asarray(part) for part in pair)
    expected = tuple(model.input_shape[1:])
    if images.shape[1:] != expected or len(images) == 0:
        raise ValueError(
            f"{name} images must have the shape (n, {', '.join(map(str, expected))}) that the "
            f"model takes, with n of at least 1; got {images.shape}"
        )
    if images.dtype != np.float32:
        raise ValueError(
            f"{name} images must be float32, got {images.dtype}; "
            "`course_lib.data.normalise` makes them so"
        )
    if not np.isfinite(images).all():
        raise ValueError(f"{name} images must be finite numbers, got NaN or infinity among them")
    if labels.shape != (len(images),) or not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(
            f"{name} labels must be one integer for each of the {len(images)} images, "
            f"got shape {labels.shape} and dtype {labels.dtype}"
        )
    classes = model.outputs[0].shape[-1]
    if labels.min() < 0 or labels.max() >= classes:
        raise ValueError(
            f"{name} labels must lie between 0 and {classes - 1}, since the model has {classes} "
            f"classes; got {labels.min()} to {labels.max()}"
        )


def _check_precision(model: keras.Model, config: TrainingConfig) -> None:
    before = keras.config.dtype_policy()
    set_precision(config.precision)
    wanted = keras.config.dtype_policy().compute_dtype
    keras.config.set_dtype_policy(before)
    kernels = [layer for layer in model.layers if getattr(layer, "kernel", None) is not None]
    # The last layer before each output (Keras lists these last) stays in float32 in every
    # precision: a softmax in bfloat16 is too coarse.
    for layer in kernels[: -len(model.outputs)]:
        if layer.compute_dtype != wanted:
            raise ValueError(
                f"precision {config.precision!r} means {wanted} here, but layer {layer.name!r} "
                f"was built in {layer.compute_dtype}; call `set_precision` before building the "
                "model, or use `train`, which does"
            )


class _WithL2:
    """Adds l2 * w to a kernel's gradient before the optimiser sees it."""

    l2 = 0.0

    def update_step(self, gradient, variable, learning_rate):
        if self.l2 and len(variable.shape) > 1:
            gradient = gradient + self.l2 * keras.ops.cast(variable, gradient.dtype)
        super().update_step(gradient, variable, learning_rate)


class SGDWithL2(_WithL2, keras.optimizers.SGD):
    pass


class AdamWithL2(_WithL2, keras.optimizers.Adam):
    pass


def _optimizer(config: TrainingConfig, variables: list) -> keras.optimizers.Optimizer:
    settings = {"learning_rate": config.learning_rate}
    if config.optimizer == "sgd":
        settings["momentum"] = float(config.momentum)
    classes = {"sgd": keras.optimizers.SGD, "adam": keras.optimizers.Adam}
    if config.decay == "l2":
        classes = {"sgd": SGDWithL2, "adam": AdamWithL2}
    elif config.weight_decay > 0:
        settings["weight_decay"] = config.weight_decay
    optimizer = classes[config.optimizer](**settings)
    if config.decay == "l2":
        optimizer.l2 = config.weight_decay
    else:
        optimizer.exclude_from_weight_decay([v for v in variables if len(v.shape) < 2])
    optimizer.build(variables)
    return optimizer


def _training_batches(images, labels, classes, config, first_epoch):
    """Batches of each epoch in turn. Order and augmentation depend on seed and epoch alone, so
    that a resumed training sees what an uninterrupted one would have seen."""
    images, labels = tf.constant(images), tf.constant(labels.astype("int32"))
    n = len(images)

    def epoch_of_batches(epoch):
        order = tf.random.experimental.stateless_shuffle(tf.range(n), seed=(config.seed, epoch))
        batches = tf.data.Dataset.from_tensor_slices(order).batch(config.batch_size)
        return batches.map(lambda chosen: batch(chosen, epoch), num_parallel_calls=2)

    def batch(chosen, epoch):
        # The first image's number makes the seed of a batch differ from its neighbours'.
        seed = tf.stack([config.seed + 1, epoch * n + chosen[0]])
        x = augment(tf.gather(images, chosen), config.augmentation, seed)
        return x, tf.one_hot(tf.gather(labels, chosen), classes)

    epochs = tf.data.Dataset.range(first_epoch, config.epochs, output_type=tf.int32)
    return _without_autotune(epochs.flat_map(epoch_of_batches).prefetch(2))


def _test_batches(images, labels, classes):
    one_hot = tf.one_hot(labels.astype("int32"), classes)
    return _without_autotune(tf.data.Dataset.from_tensor_slices((images, one_hot)).batch(500))


def _without_autotune(dataset):
    """The tuning thread gains nothing here, and at its end `fit` would wait seconds for it."""
    options = tf.data.Options()
    options.autotune.enabled = False
    return dataset.with_options(options)


class _Keeper(keras.callbacks.Callback):
    """Sets the learning rate, watches the loss, shows progress and keeps the history."""

    def __init__(self, config, steps, history, saved):
        super().__init__()
        self.config, self.steps, self.history, self.saved = config, steps, history, saved
        self.step = len(history) * steps
        self.bar = tqdm(total=config.epochs * steps, initial=self.step, unit="step", leave=True)

    def close(self):
        self.bar.close()

    def on_train_begin(self, logs=None):
        # Where a model has several outputs, Keras puts the output's name before the metric's.
        several = len(self.model.outputs) > 1
        self.accuracy = f"{self.model.output_names[0]}_accuracy" if several else "accuracy"

    def on_epoch_begin(self, epoch, logs=None):
        # Dropout's masks follow from seed and epoch too: Keras saves no state of them.
        masks = (v for v in self.model.variables if v.name == "seed_generator_state")
        for i, state in enumerate(masks):
            seed = np.random.SeedSequence([self.config.seed, epoch, i]).generate_state(1)[0]
            state.assign(keras.random.SeedGenerator(int(seed)).state)
        self.started = time.perf_counter()
        self.bar.set_description(f"epoch {epoch + 1}/{self.config.epochs}", refresh=False)

    def on_train_batch_begin(self, batch, logs=None):
        self.rate = learning_rate_at(self.config, (self.step + 1) / self.steps)
        self.model.optimizer.learning_rate = self.rate

    def on_train_batch_end(self, batch, logs=None):
        self.step += 1
        if not math.isfinite(logs["loss"]):
            raise TrainingDivergedError(self._why(batch))
        self.bar.set_postfix_str(f"loss {logs['loss']:.3f}, acc {logs[self.accuracy]:.1%}", False)
        self.bar.update()

    def _why(self, batch):
        cause = (
            "an initialisation that is too large"
            if self.step == 1  # the weights were still those of the start
            else f"a learning rate that is too high (it was {self.rate:.3g}); try a tenth of it, "
            "or a warm-up of an epoch"
        )
        epoch = (self.step - 1) // self.steps + 1
        return f"the loss is not finite in epoch {epoch}, step {batch + 1}; likely cause: {cause}"

    def on_epoch_end(self, epoch, logs=None):
        row = {
            "val_loss": math.nan,
            **logs,
            "accuracy": logs[self.accuracy],
            "val_accuracy": logs.get(f"val_{self.accuracy}", math.nan),
            "learning_rate": self.rate,
            "seconds": time.perf_counter() - self.started,
        }
        self.history.loc[epoch + 1] = [float(row[name]) for name in COLUMNS]
        tested = "" if math.isnan(row["val_accuracy"]) else f", test {row['val_accuracy']:.1%}"
        self.bar.set_postfix_str(f"loss {row['loss']:.3f}, acc {row['accuracy']:.1%}{tested}")
        if self.saved:
            self.saved.save(self.model, self.history)


class _SavedRun:
    """A folder with config.json, history.csv, last.weights.h5 and best.weights.h5."""

    def __init__(self, folder, config):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        wanted, defaults = (
            json.loads(json.dumps(dataclasses.asdict(c))) for c in (config, TrainingConfig())
        )
        path = self.folder / "config.json"
        if not path.exists():
            self._write("config.json", lambda p: p.write_text(json.dumps(wanted, indent=1)))
        # A run from before a setting existed was trained as with the setting's default.
        found = {**defaults, **json.loads(path.read_text())}
        if found != wanted:
            names = [k for k in found if found[k] != wanted.get(k)]
            differs = ", ".join(f"{k} {found[k]!r} there, {wanted.get(k)!r} here" for k in names)
            raise ValueError(
                f"folder {str(folder)!r} holds a run with other settings ({differs}); "
                "choose another folder, or delete this one to start again"
            )

    def restore(self, model, steps):
        history = pd.DataFrame(columns=COLUMNS, dtype=float).rename_axis("epoch")
        last = self.folder / "last.weights.h5"
        if last.exists():
            model.load_weights(last)  # holds the optimiser's state as well
            done = int(model.optimizer.iterations.numpy()) // steps
            history = pd.read_csv(self.folder / "history.csv", index_col="epoch").loc[:done]
        return history

    def save(self, model, history):
        # The weights go last: they say how many epochs of the history count.
        self._write("history.csv", history.to_csv)
        if history["val_accuracy"].idxmax() == history.index[-1]:
            self._write("best.weights.h5", model.save_weights)
        self._write("last.weights.h5", model.save_weights)

    def _write(self, name, write):
        partial = self.folder / f".partial.{name}"
        write(partial)
        os.replace(partial, self.folder / name)
