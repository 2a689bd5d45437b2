"""Other ways to solve the exercises of chapter 09, for `right_answers`."""

import math

import keras
import numpy as np
from keras import layers


def scale_of_one_filter(kernel_shape):
    one_filter = np.ones(kernel_shape)[..., 0]
    return np.sqrt(2 / one_filter.size)


def scale_by_a_loop(kernel_shape):
    products = 1
    for n in kernel_shape[:-1]:
        products *= n
    return math.sqrt(2) * products**-0.5


def loss_of_keras(labels, outputs):
    return keras.ops.mean(keras.losses.sparse_categorical_crossentropy(labels, outputs))


def loss_by_hand(labels, outputs):
    total = 0.0
    for label, row in zip(labels, outputs, strict=True):
        total -= math.log(row[label] + 1e-9)
    return total / len(labels)


def stratified(images, labels, share, seed):
    draw = np.random.default_rng(seed)
    held = np.zeros(len(labels), bool)
    for label in np.unique(labels):
        places = np.flatnonzero(labels == label)
        held[draw.choice(places, round(share * len(places)), replace=False)] = True
    return (images[~held], labels[~held]), (images[held], labels[held])


def by_sorted_chance(images, labels, share, seed):
    order = np.argsort(np.random.default_rng(seed).random(len(labels)))
    n = round(share * len(labels))
    held, rest = order[:n], order[n:]
    return [(images[rest], labels[rest]), (images[held], labels[held])]


def error_by_hand(labels, probabilities):
    wrong = 0
    for label, row in zip(np.reshape(labels, -1), probabilities, strict=True):
        wrong += int(np.argmax(row)) != int(label)
    return wrong / len(labels)


def one_minus_accuracy(labels, probabilities):
    return 1 - np.mean(probabilities.argmax(-1)[:, None] == labels.reshape(-1, 1))


def forward_in_one_line(net, images, training):
    x = layers.ReLU()(net.norm(net.conv(images), training=bool(training)))
    return net.dense(net.drop(layers.GlobalAveragePooling2D()(x), training=training))


def forward_in_two_branches(net, images, training):
    x = net.conv(images)
    x = net.norm(x, training=True) if training else net.norm(x)
    x = keras.ops.relu(x).numpy().mean(axis=(1, 2))
    if training:
        x = net.drop(x, training=True)
    return net.dense(x)


def prepared_colour_by_colour(images):
    red, green, blue = (images[..., i] for i in range(3))
    return np.stack([blue - 103.939, green - 116.779, red - 123.68], axis=-1).astype("float32")


def prepared_on_a_copy(images):
    images = images[..., ::-1].copy()
    images -= np.array([103.939, 116.779, 123.68], "float32")
    return images


def step_turned(gradient):
    """Rows for filters: the nearest matrix of a turned one is the turned nearest one."""
    if gradient.ndim == 1:
        return gradient
    rows = np.moveaxis(gradient, -1, 0)
    left, _, right = np.linalg.svd(rows.reshape(len(rows), -1), full_matrices=False)
    return np.moveaxis((left @ right).reshape(rows.shape), 0, -1)


def step_by_the_root(gradient):
    """(G Gᵀ)^(-1/2) G, on the short side."""
    if len(gradient.shape) < 2:
        return np.copy(gradient)
    matrix = gradient.reshape(-1, gradient.shape[-1])
    wide = matrix.shape[0] < matrix.shape[1]
    matrix = matrix.T if wide else matrix
    values, vectors = np.linalg.eigh(matrix.T @ matrix)
    matrix = matrix @ (vectors / np.sqrt(values)) @ vectors.T
    return (matrix.T if wide else matrix).reshape(gradient.shape)


def loss_without_penalty(net, images, labels):
    probabilities = np.asarray(net(images))
    return -np.log(probabilities[np.arange(len(labels)), labels]).mean()


def loss_less_penalty(net, images, labels):
    net.compile(loss="sparse_categorical_crossentropy")
    outputs = net(images, training=False)
    whole = net.compute_loss(images, labels, outputs, training=False)
    return float(whole) - sum(float(each) for each in net.losses)


def ahead_by_hand(validation, test):
    means = []
    for by_rate, tested in zip(validation, test, strict=True):
        best = max(range(len(by_rate)), key=lambda rate: sum(by_rate[rate]))
        means.append(sum(tested[best]) / len(tested[best]))
    return means[0] - means[1]


def ahead_by_index(validation, test):
    rates = np.argmax(validation.sum(-1), axis=-1)
    means = np.take_along_axis(test.mean(-1), rates[:, None], axis=1).ravel()
    return -np.diff(means)[0]


RIGHT = {
    "start_scale": [scale_of_one_filter, scale_by_a_loop],
    "cross_entropy": [loss_of_keras, loss_by_hand],
    "split": [stratified, by_sorted_chance],
    "top_1_error": [error_by_hand, one_minus_accuracy],
    "forward": [forward_in_one_line, forward_in_two_branches],
    "prepared": [prepared_colour_by_colour, prepared_on_a_copy],
    "muon_step": [step_turned, step_by_the_root],
    "comparable_loss": [loss_without_penalty, loss_less_penalty],
    "ahead": [ahead_by_hand, ahead_by_index],
}
