"""Solutions of chapter 04, with their reasons."""

import math


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
    """A filter has one square of weights for each channel that it sees, and one bias."""
    total = 0
    for kernel in kernels:
        total += kernel * kernel * channels * filters + filters
        channels = filters  # the next layer sees this one's maps
    return total


def vgg_parameters(convolutions):
    """The stages one after the other, and then the three dense layers."""
    total, channels = 0, 3  # a picture in colour
    for filters, layers in zip((64, 128, 256, 512, 512), convolutions, strict=True):
        for _ in range(layers):
            total += 3 * 3 * channels * filters + filters
            channels = filters
    inputs = 7 * 7 * 512  # 224 pixels, halved five times
    for units in (4096, 4096, 1000):
        total += inputs * units + units
        inputs = units
    return total


def loss_of_guessing(classes):
    """The true class gets the probability 1 / classes, and -log(1 / n) = log(n)."""
    return math.log(classes)


def signal_after(layers, inputs, variance):
    """A sum of `inputs` terms has inputs · variance times the mean square; ReLU leaves half of it.

    That is a layer's factor for the variance; the standard deviation is its square root.
    """
    return (inputs * variance / 2) ** (layers / 2)
