"""Solutions of chapter 04."""

import math


def receptive_field(kernels, strides):
    field, jump = 1, 1  # pixels that a cell sees, pixels between two neighbours
    for kernel, stride in zip(kernels, strides, strict=True):
        field += (kernel - 1) * jump
        jump *= stride
    return field


def stack_parameters(kernels, channels, filters):
    total = 0
    for kernel in kernels:
        total += kernel * kernel * channels * filters + filters
        channels = filters  # the next layer sees this one's maps
    return total


def vgg_parameters(convolutions):
    total, channels = 0, 3
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
    return math.log(classes)  # = -log(1 / classes)


def signal_after(layers, inputs, variance):
    return (inputs * variance / 2) ** (layers / 2)
