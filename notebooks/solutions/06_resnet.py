"""Solutions of chapter 06, with their reasons."""

import numpy as np


def variance_growth(blocks, skip):
    """x and F(x) are independent and have the same variance, so their sum has twice as much.

    Each block doubles what it is given. Without the skip there is F(x) alone: a factor of 1.
    """
    return 2**blocks if skip else 1


def identity_kernel(size, channels):
    """Only the pixel in the centre counts, and each channel goes to itself alone."""
    kernel = np.zeros((size, size, channels, channels))
    kernel[size // 2, size // 2] = np.eye(channels)
    return kernel


def residual_forward(x, w1, w2):
    """One ReLU between the layers, so that they do not collapse into one; one after the sum."""
    y = np.maximum(x @ w1, 0) @ w2
    return np.maximum(x + y, 0)


def weight_layers(blocks, convolutions):
    """The stem, the convolutions of all blocks, the classifier. ResNet-18: 1 + 2·8 + 1."""
    return 1 + convolutions * sum(blocks) + 1


def block_weights(channels):
    """The bottleneck's 3×3 sees a quarter of the channels, so it has a sixteenth of the weights."""
    middle = channels // 4
    basic = 2 * 3 * 3 * channels * channels
    bottleneck = channels * middle + 3 * 3 * middle * middle + middle * channels
    return basic, bottleneck
