"""Solutions of chapter 02, with their reasons."""

import keras
from keras import layers


def output_size(size, kernel, stride, padding):
    """Count the starts: the first, and one for each whole step that the window can still take.

    With the padding on both sides, size + 2·padding - kernel pixels are left for those steps.
    `//` drops a last step that would not fit whole.
    """
    return (size + 2 * padding - kernel) // stride + 1


def conv_parameters(kernel, channels, filters, groups):
    """A filter holds a square of weights for each channel that it sees, and one bias.

    With groups it sees only its own group's channels, so the weights shrink by that factor. There
    are as many filters as before, and so as many biases.
    """
    weights = kernel * kernel * (channels // groups) * filters
    biases = filters
    return weights + biases


def sliding_tail(x, side, units, classes):
    """A unit of the first dense layer weighs every number of a side×side square: so does a filter.

    The second layer sees only the first one's units, and so on: a square of 1×1. On a larger map
    the same weights slide. VGG was tested like this (its paper, section 3.2).
    """
    x = layers.Conv2D(units, side, activation="relu")(x)
    x = layers.Conv2D(units, 1, activation="relu")(x)
    x = layers.Conv2D(classes, 1)(x)
    return layers.Softmax()(x)


# B: the blog's hidden layers hand on their sums as they are.
# D: without the second pooling layer, conv3 works on 27×27 maps instead of 13×13.
# F: the rows for response normalisation and dropout are missing.
# Not A: both begin with 11×11 and stride 4.
# Not C: on the way from picture to output both have five.
# Not E: two times 2,048 units are the paper's 4,096.
# Not G: in the paper, too, conv3 is the one that sees all 256 maps.
blog_differences = {"B", "D", "F"}


def rebuild(x, table, units, classes):
    """Without `strides`, Keras takes steps as wide as the window: 3. AlexNet's windows overlap.

    And ReLU makes every score below zero exactly 0, so those classes tie. MaxPooling2D(2) repairs
    the count, but not the net: AlexNet's sizes are odd, and both windows give the same maps.
    """
    for filters, kernel, stride, padding, pooled in table:
        x = layers.Conv2D(filters, kernel, stride, padding, activation="relu")(x)
        if pooled:
            x = layers.MaxPooling2D(3, strides=2)(x)
    x = layers.Flatten()(x)
    x = layers.Dense(units, activation="relu")(x)
    x = layers.Dense(units, activation="relu")(x)
    return layers.Dense(classes, activation="softmax")(x)


def collapse(w1, b1, w2, b2):
    """Multiply out: (x @ w1 + b1) @ w2 + b2 = x @ (w1 @ w2) + (b1 @ w2 + b2).

    What stands behind x is the one weight, the rest the one bias: the second layer has worked on
    the first one's bias, too. A ReLU between the two would forbid all this.
    """
    return w1 @ w2, b1 @ w2 + b2


def smallest(shape, classes):
    """No dense layer but the last, behind an average: it needs no more weights for larger maps.

    Each convolution but the first is cut into as many groups as maps, and a 1×1 convolution mixes
    them again: nine weights a map in place of nine for each pair of maps.
    """
    x = image = keras.Input(shape)
    x = layers.Conv2D(8, 3, padding="same", use_bias=False)(x)
    for filters in (16, 20, 24):
        x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
        x = layers.MaxPooling2D(2)(x)
        x = layers.SeparableConv2D(filters, 3, padding="same", use_bias=False)(x)
    x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(image, layers.Dense(classes, activation="softmax")(x))
