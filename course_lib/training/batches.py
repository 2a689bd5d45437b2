"""The batches of a training: the same seed gives the same batches."""

import tensorflow as tf

from course_lib.data.augmentation import augment, turns


def training_batches(images, labels, config, first_epoch):
    """The batches of one epoch after another.

    Order and augmentation depend only on seed and epoch, so a resumed training sees what an
    uninterrupted one would have seen.
    """
    images, labels = tf.constant(images), tf.constant(labels)
    n, full = len(images), images.shape[1] if len(images.shape) == 4 else None
    sides = tf.constant([config.side_at(epoch) or full or 0 for epoch in range(config.epochs)])

    def epoch_of_batches(epoch):
        turned = turns(n, config.seed, epoch)  # which images are mirrored now
        order = tf.random.experimental.stateless_shuffle(tf.range(n), seed=(config.seed, epoch))
        batches = tf.data.Dataset.from_tensor_slices(order).batch(config.batch_size)
        return batches.map(lambda chosen: batch(chosen, epoch, turned), num_parallel_calls=2)

    def shrunk(x, side):
        def resized():
            return tf.image.resize(x, (side, side), antialias=True)

        return tf.cond(side == full, lambda: x, resized)

    def batch(chosen, epoch, turned):
        # The first image's number makes each batch's seed different.
        seed = tf.stack([config.seed + 1, epoch * n + chosen[0]])
        x = tf.gather(images, chosen)
        x = shrunk(x, sides[epoch]) if config.sizes else x
        x = augment(x, config.augmentation, seed, tf.gather(turned, chosen))
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
