"""Train one net on several devices: GPUs or CPUs of one machine, or machines of a network.

Each device holds a replica of the net and finds the gradients of its share of each batch. Their sum
is the gradient of the whole batch, so every replica takes the step that one device would take.
"""

import json
import math
import os
import zlib
from collections.abc import Callable

import keras
import pandas as pd
import tensorflow as tf

from course_lib.data.dataset import Pair
from course_lib.training.batches import evaluation_batches, training_batches
from course_lib.training.checks import check
from course_lib.training.config import TrainingConfig
from course_lib.training.fingerprints import data_fingerprint, net_fingerprint
from course_lib.training.loop import built
from course_lib.training.optimizers import optimizer
from course_lib.training.progress import Progress
from course_lib.training.saving import SavedRun, as_saved, empty_history
from course_lib.training.stopping import Stop


def train_on(
    strategy: tf.distribute.Strategy,
    build: Callable[[], keras.Model],
    train: Pair,
    test: Pair | None,
    config: TrainingConfig,
    folder: str | os.PathLike | None = None,
) -> tuple[keras.Model, pd.DataFrame]:
    """`training.train` on the devices of `strategy`, which share the rows of each batch.

    Weights and history equal those of `training.train` up to rounding, unless the net has batch
    normalisation (each replica uses the mean and variance of its own share) or dropout. Every
    worker makes the same call and gets the same result. If one ends early, the others soon fail
    with TensorFlow's error. Start them all again: with `folder`, which all must be able to read,
    they go on after the last finished epoch.

    Raises, beyond the errors of `training.train`, ValueError if the last batch has fewer images
    than there are replicas, or if the workers' calls differ.

    >>> import numpy as np
    >>> layers = [keras.Input((4, 4, 1)), keras.layers.Flatten(), keras.layers.Dense(2, "softmax")]
    >>> pair = np.ones((8, 4, 4, 1), "float32"), np.zeros(8, "uint8")
    >>> strategy, config = tf.distribute.get_strategy(), TrainingConfig(epochs=2)
    >>> model, history = train_on(strategy, lambda: keras.Sequential(layers), pair, pair, config)
    >>> history.index.tolist()
    [1, 2]
    """
    replicas, chief = strategy.num_replicas_in_sync, strategy.extended.should_checkpoint
    with strategy.scope():
        model = built(build, config)
        check(model, train, test, config)
        if (last := (len(train[0]) - 1) % config.batch_size + 1) < replicas:
            raise ValueError(
                f"each of the {replicas} replicas needs an image of every batch, got {last} in the "
                f"last batch of {len(train[0])} images, {config.batch_size} in each"
            )
        keras.utils.set_random_seed(config.seed)
        model.compile(optimizer(config, model.trainable_variables))
        history, saved = empty_history(), None
        if folder is not None:
            saved = SavedRun(folder, model, train, test, config, writes=chief)
            history = saved.restore()
        call = as_saved(config), data_fingerprint(train, test), net_fingerprint(model), len(history)
        _check_same(strategy, zlib.crc32(json.dumps(call).encode()))
        steps = math.ceil(len(train[0]) / config.batch_size)
        # A stop is not noted but ends this worker at once, since the others may be a step ahead.
        progress = Progress(config, steps, history, Stop(), saved if chief else None, "", None)
        progress.set_model(model)
        try:
            _run(strategy, model, train, test, config, progress)
        finally:
            progress.bar.close()
    return model, history


def _check_same(strategy, number):
    """Workers whose calls differ would wait for each other, or train on without an error."""
    numbers = strategy.experimental_distribute_values_from_function(
        lambda context: tf.constant(number, tf.int64)
    )
    if strategy.reduce("SUM", numbers, axis=None) != number * strategy.num_replicas_in_sync:
        raise ValueError(
            "every worker must make the same call, with the same net, images, labels, settings and "
            "finished epochs in `folder`; at least one makes another"
        )


def _run(strategy, model, train, test, config, progress):
    loss = keras.losses.CategoricalCrossentropy(
        reduction="sum", label_smoothing=config.label_smoothing
    )
    weights = [1.0] + [config.auxiliary_weight] * (len(model.outputs) - 1)

    def judge(images, labels, rows, training=False):
        """The sum of the images' losses, and how many answers are right."""
        answers = tf.nest.flatten(model(images, training=training))
        targets = tf.one_hot(tf.cast(labels, tf.int32), answers[0].shape[-1])
        total = sum(w * loss(targets, answer) for w, answer in zip(weights, answers, strict=True))
        total += sum(model.losses) * tf.cast(tf.shape(images)[0], tf.float32)  # regularisers'
        right = tf.argmax(answers[0], axis=1) == tf.argmax(targets, axis=1)
        return tf.stack([total, tf.reduce_sum(tf.cast(right, tf.float32))])

    def learn(images, labels, rows):
        with tf.GradientTape() as tape:
            sums = judge(images, labels, rows, training=True)
            share = sums[0] / rows  # of the whole batch, so that the replicas' shares add up
        variables = model.trainable_variables
        gradients = tape.gradient(share, [variable.value for variable in variables])
        # `apply` adds up the gradients of all replicas itself; added up here as well, they would
        # count once more for each replica.
        model.optimizer.apply(gradients, variables)
        return sums

    moving = [v for v in model.non_trainable_variables if keras.backend.is_float_dtype(v.dtype)]

    @tf.function
    def average():
        """Batch normalisation's moving averages, which in each replica follow its own share."""
        values = strategy.run(lambda: [tf.convert_to_tensor(variable) for variable in moving])
        for variable, value in zip(moving, values, strict=True):
            variable.assign(strategy.reduce("MEAN", value, axis=None))

    batches = training_batches(*train, config, first_epoch=len(progress.history))
    tests = test and evaluation_batches(*test)
    train_step = _on_all(strategy, learn, batches)
    test_step = test and _on_all(strategy, judge, tests)
    batches = iter(batches)
    progress.on_train_begin()
    names = "loss", progress.accuracy
    for epoch in range(len(progress.history), config.epochs):
        progress.on_epoch_begin(epoch)
        sums, seen = 0.0, 0
        for batch in range(progress.steps):
            progress.on_train_batch_begin(batch)
            images, labels = next(batches)
            sums, seen = sums + train_step(images, labels).numpy(), seen + len(labels)
            logs = dict(zip(names, sums / seen, strict=True))
            progress.on_train_batch_end(batch, logs)
        average()
        if test:
            tested = sum(test_step(*batch).numpy() for batch in tests) / len(test[0])
            logs |= {f"val_{name}": value for name, value in zip(names, tested, strict=True)}
        progress.on_epoch_end(epoch, logs)


def _on_all(strategy, function, batches):
    """`function` on each replica with its share of a batch's rows; the results are added up.

    Each worker makes the whole batch: only so are its images augmented as on one device. (Keras's
    own `fit` fails with several workers: github.com/keras-team/keras/issues/20585.)
    """
    replicas = strategy.num_replicas_in_sync

    def on_share(images, labels):
        here = tf.distribute.get_replica_context().replica_id_in_sync_group
        rows = tf.cast(tf.shape(images)[0], tf.float32)
        return function(images[here::replicas], labels[here::replicas], rows)

    @tf.function(input_signature=batches.element_spec)
    def step(images, labels):
        return strategy.reduce("SUM", strategy.run(on_share, args=(images, labels)), axis=None)

    return step
