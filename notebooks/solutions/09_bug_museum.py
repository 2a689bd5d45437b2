"""Solutions of chapter 09, with their reasons."""

import math

import keras
import numpy as np
from keras import layers


def start_scale(kernel_shape):
    """An output adds up as many products as a filter has weights: all axes but the last.

    Without the 3×3 places, the signal would grow by √9 in each layer.
    """
    return math.sqrt(2 / math.prod(kernel_shape[:-1]))


def cross_entropy(labels, outputs):
    """`outputs` are probabilities already. A second softmax squeezes them together.

    The best that 10 of them can then reach is e / (e + 9): a loss of 1.46 for a perfect answer.
    """
    of_true_class = outputs[np.arange(len(labels)), labels]
    return -np.log(of_true_class).mean()


def head(x, units, classes):
    """Without something that bends between them, dense layers multiply into one matrix.

    The last layer has its softmax; a ReLU before that would make all unlikely classes alike.
    """
    x = layers.Flatten()(x)
    for n in units:
        x = layers.Dense(n, activation="relu")(x)
    return layers.Dense(classes, activation="softmax")(x)


def split(images, labels, share, seed):
    """One order for both, so that each image keeps its label; drawn before the cut.

    It comes from the seed: what is held out today is held out tomorrow.
    """
    order = np.random.default_rng(seed).permutation(len(labels))
    images, labels = images[order], labels[order]
    cut = len(labels) - round(share * len(labels))
    return (images[:cut], labels[:cut]), (images[cut:], labels[cut:])


def top_1_error(labels, probabilities):
    """`ravel` makes (n,) of (n, 1), so each answer meets its own label.

    `!=` counts mistakes: a perfect net gets 0, dice 1 - 1/n.
    """
    return (probabilities.argmax(axis=1) != labels.ravel()).mean()


def forward(net, images, training):
    """Neither layer has a mode of its own: both follow what the net is called with.

    A fixed `False` would be as wrong: nothing would drop out, and no average would move.
    """
    x = net.norm(net.conv(images), training=training)
    x = keras.ops.mean(keras.ops.relu(x), axis=(1, 2))
    x = net.drop(x, training=training)
    return net.dense(x)


def prepared(images):
    """`a - b` makes a new array, and `a -= b` changes the caller's: `[..., ::-1]` copies nothing.

    Blue comes first now, so its mean has to come first, too.
    """
    means = np.array([123.68, 116.779, 103.939], "float32")  # red, green, blue
    return images[..., ::-1] - means[::-1]


def module(x, widths):
    """The third branch is named after its 5×5; 3×3 has 9 of its 25 places.

    16 missing places, 16 channels in, 32 filters: 8,192 in module 3a.
    """

    def conv(x, filters, kernel):
        return layers.Conv2D(filters, kernel, padding="same", activation="relu")(x)

    one, reduce3, three, reduce5, five, project = widths
    pooled = layers.MaxPooling2D(3, strides=1, padding="same")(x)
    branches = [
        conv(x, one, 1),
        conv(conv(x, reduce3, 1), three, 3),
        conv(conv(x, reduce5, 1), five, 5),
        conv(pooled, project, 1),
    ]
    return layers.Concatenate()(branches)


def muon_step(gradient):
    """The last axis counts the filters, so this `reshape` makes a column of each.

    Biases have one axis and no directions to even out.
    """
    if gradient.ndim < 2:
        return gradient
    matrix = gradient.reshape(-1, gradient.shape[-1])
    left, _, right = np.linalg.svd(matrix, full_matrices=False)
    return (left @ right).reshape(gradient.shape)


def block(x, filters):
    """What a ReLU lets through is never negative, so before the sum it forbids any step down.

    The last layer is normalised and added; the third ReLU comes after the sum.
    """

    def conv(x, filters, kernel):
        x = layers.Conv2D(filters, kernel, padding="same", use_bias=False)(x)
        return layers.BatchNormalization()(x)

    y = layers.ReLU()(conv(x, filters, 1))
    y = layers.ReLU()(conv(y, filters, 3))
    y = conv(y, x.shape[-1], 1)
    return layers.ReLU()(layers.Add()([x, y]))


def comparable_loss(net, images, labels):
    """The penalty is part of how a net learns, not of how it answers.

    So are dropout and the mean of the batch, hence `training=False`.
    """
    outputs = net(images, training=False)
    losses = keras.losses.sparse_categorical_crossentropy(labels, outputs)
    return float(keras.ops.mean(losses))


def ahead(validation, test):
    """Each net at its own best rate.

    Validation chooses; the test images have not seen the choice.
    """
    rates = validation.mean(axis=2).argmax(axis=1)
    first, second = (test[net, rate].mean() for net, rate in enumerate(rates))
    return first - second
