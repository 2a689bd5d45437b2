"""The batches of a training, the same ones for the same seed."""

import tensorflow as tf

from course_lib.data.augmentation import augment


def training_batches(images, labels, classes, config, first_epoch):
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


def evaluation_batches(images, labels, classes):
    one_hot = tf.one_hot(labels.astype("int32"), classes)
    return _without_autotune(tf.data.Dataset.from_tensor_slices((images, one_hot)).batch(500))


def _without_autotune(dataset):
    """The tuning thread gains nothing here, and at its end `fit` would wait seconds for it."""
    options = tf.data.Options()
    options.autotune.enabled = False
    return dataset.with_options(options)
