"""Solutions of chapter 06, with their reasons."""

import numpy as np
from keras import layers

from course_lib.models.layers import FusedBatchNormalization


def variance_growth(blocks, skip):
    """x and F(x) are independent and have the same variance, so their sum has twice as much.

    Each block doubles what it is given. Without the skip there is F(x) alone: a factor of 1.
    """
    return 2**blocks if skip else 1


def shift_kernel(size, channels, down, right):
    """To move down, each place shows what stands above it: hence the minus.

    A kernel says where a place looks, and not where its value goes. The place itself lies in the
    middle of the window, and the unit matrix lets each channel through to itself alone.
    """
    kernel = np.zeros((size, size, channels, channels))
    middle = size // 2
    kernel[middle - down, middle - right] = np.eye(channels)
    return kernel


def residual_forward(x, w1, w2):
    """One ReLU between the layers, so that they do not collapse into one; one after the sum.

    F's output goes into the sum as it is: with a ReLU before it, a block could only add, never take
    away. And x takes part as it came, or the skip would hand on something else.
    """
    y = np.maximum(x @ w1, 0) @ w2
    return np.maximum(x + y, 0)


def mended(x, filters):
    """Each place has its own normalisation, since it remembers a mean and a variance for inference.

    Shared, it follows the maps of two places by turns and fits neither. In training nobody notices:
    there the statistics of the batch count. A convolution or a ReLU remembers nothing.
    """

    def layer(x):
        x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
        return FusedBatchNormalization(momentum=0.9, epsilon=1e-5)(x)

    y = layers.ReLU()(layer(x))
    return layers.ReLU()(layers.Add()([x, layer(y)]))


def weight_layers(blocks, convolutions):
    """The stem, the convolutions of all blocks, the classifier. ResNet-18: 1 + 2·8 + 1.

    Counted is the longest way from picture to answer, as for plain nets: pooling has no weights,
    and a shortcut's convolution lies beside the way.
    """
    return 1 + convolutions * sum(blocks) + 1


def block_weights(channels):
    """The bottleneck's 3×3 sees and makes a quarter of the channels: a sixteenth of the weights.

    The two 1×1 that lead there and back cost little, since their kernel has one place, not nine.
    """
    middle = channels // 4
    basic = 2 * 3 * 3 * channels * channels
    bottleneck = channels * middle + 3 * 3 * middle * middle + middle * channels
    return basic, bottleneck


def preactivation_block(x, filters, stride):
    """Where the shape stays, the way of x is free; the front belongs to F alone.

    Where it changes, x cannot pass as it is. So both ways begin after one normalisation and one
    ReLU, which they share.
    """

    def front(x):
        return layers.ReLU()(layers.BatchNormalization()(x))

    conv = dict(padding="same", use_bias=False)
    ahead = front(x)
    y = layers.Conv2D(filters, 3, stride, **conv)(ahead)
    y = layers.Conv2D(filters, 3, **conv)(front(y))
    if stride > 1 or x.shape[-1] != filters:
        x = layers.Conv2D(filters, 1, stride, **conv)(ahead)
    return layers.Add()([x, y])


def start_plain(net):
    """Each layer begins as the identity, so the net begins as a shallow one, and goes on from it.

    That alone is not enough. Normalisation takes the mean away, and ReLU would then cut off half of
    the signal in each layer: a shift of 1 lifts most of it above zero. And normalised layers do not
    feel the size of their kernels, but training does: four times as large a kernel gets a quarter
    of the gradient, so one step moves it a sixteenth as far, beside its size.
    """
    for layer in net.layers:
        if isinstance(layer, layers.Conv2D):
            kernel = np.zeros(layer.kernel.shape)
            channels, filters = kernel.shape[2:]
            for i in range(filters):
                kernel[1, 1, i % channels, i] = 4
            layer.kernel.assign(kernel)
        if isinstance(layer, layers.BatchNormalization):
            layer.beta.assign(np.ones(layer.beta.shape))
