"""The batches of a training: the same seed gives the same batches."""

import tensorflow as tf

from course_lib.data.augmentation import augment


def training_batches(images, labels, config, first_epoch):
    """The batches of one epoch after another.

    Order and augmentation depend only on seed and epoch, so a resumed training sees what an
    uninterrupted one would have seen.
    """
    images, labels = tf.constant(images), tf.constant(labels)
    n = len(images)

    def epoch_of_batches(epoch):
        order = tf.random.experimental.stateless_shuffle(tf.range(n), seed=(config.seed, epoch))
        batches = tf.data.Dataset.from_tensor_slices(order).batch(config.batch_size)
        return batches.map(lambda chosen: batch(chosen, epoch), num_parallel_calls=2)

    def batch(chosen, epoch):
        # The first image's number makes each batch's seed different.
        seed = tf.stack([config.seed + 1, epoch * n + chosen[0]])
        x = augment(tf.gather(images, chosen), config.augmentation, seed)
        return x, tf.gather(labels, chosen)

    epochs = tf.data.Dataset.range(first_epoch, config.epochs, output_type=tf.int32)
    return _without_autotune(epochs.flat_map(epoch_of_batches).prefetch(2))


def evaluation_batches(images, labels):
    return _without_autotune(tf.data.Dataset.from_tensor_slices((images, labels)).batch(500))


def _without_autotune(dataset):
    """TensorFlow's tuning thread gains nothing here, and `fit` would wait seconds for its end."""
    options = tf.data.Options()
    options.autotune.enabled = False
    return dataset.with_options(options)
