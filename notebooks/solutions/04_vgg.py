"""Solutions of chapter 04, with their reasons."""

import math

from keras import layers

from course_lib.models.vgg import FILTERS


def receptive_field(kernels, strides):
    """A kernel sees `kernel` neighbours, so kernel - 1 more than the one cell before.

    Each of them lies as many pixels from the next as all strides so far multiply to.
    """
    field, jump = 1, 1  # pixels that a cell sees, pixels between two neighbours
    for kernel, stride in zip(kernels, strides, strict=True):
        field += (kernel - 1) * jump
        jump *= stride
    return field


def stack_parameters(kernels, channels, filters):
    """A filter has one square of weights for each channel that it sees, and one bias.

    Only the first layer sees the image. Each further one sees as many maps as the layer before has
    filters, so `channels` has to change on the way.
    """
    total = 0
    for kernel in kernels:
        total += kernel * kernel * channels * filters + filters
        channels = filters  # the next layer sees this one's maps
    return total


def vgg_parameters(convolutions):
    """Each layer sees what the one before leaves: the picture's 3 channels, then its filters.

    Pooling has no weights, but it decides how large the last map is, and with it the first dense
    layer: 102,764,544 weights, three quarters of all in D.
    """
    total, channels = 0, 3  # a picture in colour
    for filters, count in zip(FILTERS, convolutions, strict=True):
        for _ in range(count):
            total += 3 * 3 * channels * filters + filters
            channels = filters
    inputs = 7 * 7 * 512  # 224 pixels, halved five times
    for units in (4096, 4096, 1000):
        total += inputs * units + units
        inputs = units
    return total


def vgg_stages(x, convolutions, filters):
    """`again` was one layer, called twice in a stage of three, so with one set of weights.

    Each convolution is now made where it is used. Stages of one or two never showed the mistake.
    """
    for count, width in zip(convolutions, filters, strict=True):
        for _ in range(count):
            x = layers.Conv2D(width, 3, padding="same", activation="relu")(x)
        x = layers.MaxPooling2D(2)(x)
    return x


def any_size(maps, side, units, classes):
    """A unit of fc1 weighs all numbers of a window: it is a filter of side × side.

    On its map of units every place is an answer, and a dense layer there is a 1×1 convolution.
    """
    x = layers.Conv2D(units, side, activation="relu")(maps)  # without padding
    x = layers.Conv2D(units, 1, activation="relu")(x)
    x = layers.Conv2D(classes, 1)(x)
    return layers.Softmax()(layers.GlobalAveragePooling2D()(x))


def wide_view(x):
    """Each way through the layers is a number with the digits 3, 3 and 5: 45 offsets, none twice.

    A layer costs as much as its digit has values, and their product is what is seen: three are the
    cheapest. One channel at a time, rows apart from columns, and one 1×1 that mixes the channels.
    """
    for kernel, apart in ((3, 1), (3, 3), (5, 9)):
        for size, step in (((1, kernel), (1, apart)), ((kernel, 1), (apart, 1))):
            x = layers.DepthwiseConv2D(size, dilation_rate=step, padding="same", use_bias=False)(x)
    return layers.Conv2D(8, 1, use_bias=False)(x)


def loss_of_guessing(classes):
    """The true class gets the probability 1 / classes, and -log(1 / n) = log(n).

    That is so for every image, whatever its class, so it is the mean, too. A net whose loss stays
    there has learned nothing yet.
    """
    return math.log(classes)


def signal_after(layers, inputs, variance):
    """A sum of `inputs` terms has inputs · variance times the mean square; ReLU leaves half of it.

    That is a layer's factor for the variance; the standard deviation is its square root.
    """
    return (inputs * variance / 2) ** (layers / 2)
